// table_fn: a function of a short code as a table of correctly rounded values
//
// Parameters
//   function        silu
//   from            e4m3
//   out             e8m0fnu
//   round           rne
//   random_bits     8
//   overflow        saturate
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  full
//
// Ports
//   x  in     8 bits  e4m3
//   y  out    8 bits  e8m0fnu
//
// combinational; narrowgen 0.1.0
`default_nettype none
module table_fn_e4m3_e8m0fnu (
  input  wire [7:0] x,
  output wire [7:0] y
);
  wire [7:0] u_function_8to8_3393_y;
  function_8to8_3393_four u_function_8to8_3393 (.a(x), .y(u_function_8to8_3393_y));

  assign y = u_function_8to8_3393_y;
endmodule
`default_nettype wire
