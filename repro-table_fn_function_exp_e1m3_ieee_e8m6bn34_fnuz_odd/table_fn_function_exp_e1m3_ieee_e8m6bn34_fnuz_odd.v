// table_fn: a function of a short code as a table of correctly rounded values
//
// Parameters
//   function        exp
//   from            e1m3-ieee
//   out             e8m6b-34-fnuz
//   round           odd
//   random_bits     8
//   overflow        saturate
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  full
//
// Ports
//   x  in     5 bits  e1m3-ieee
//   y  out   15 bits  e8m6b-34-fnuz
//
// combinational; narrowgen 0.1.0
`default_nettype none
module table_fn_function_exp_e1m3_ieee_e8m6bn34_fnuz_odd (
  input  wire [4:0]  x,
  output wire [14:0] y
);
  reg  [14:0] values;
  always @* begin
    case (x)
      5'd0: values = 15'h3fff;
      5'd1: values = 15'h0001;
      5'd2: values = 15'h0001;
      5'd3: values = 15'h0001;
      5'd4: values = 15'h0001;
      5'd5: values = 15'h0001;
      5'd6: values = 15'h0001;
      5'd7: values = 15'h0001;
      5'd8: values = 15'h3fff;
      5'd9: values = 15'h4000;
      5'd10: values = 15'h4000;
      5'd11: values = 15'h4000;
      5'd12: values = 15'h4000;
      5'd13: values = 15'h4000;
      5'd14: values = 15'h4000;
      5'd15: values = 15'h4000;
      5'd16: values = 15'h3fff;
      5'd17: values = 15'h0001;
      5'd18: values = 15'h0001;
      5'd19: values = 15'h0001;
      5'd20: values = 15'h0001;
      5'd21: values = 15'h0001;
      5'd22: values = 15'h0001;
      5'd23: values = 15'h0001;
      5'd24: values = 15'd0;
      5'd25: values = 15'h4000;
      5'd26: values = 15'h4000;
      5'd27: values = 15'h4000;
      5'd28: values = 15'h4000;
      5'd29: values = 15'h4000;
      5'd30: values = 15'h4000;
      default: values = 15'h4000;
    endcase
  end

  assign y = values;
endmodule
`default_nettype wire
