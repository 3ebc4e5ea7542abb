// fine_8x3: kept apart from the logic around it by synthesis
`default_nettype none
(* keep_hierarchy *)
module fine_8x3 (
  input  wire [7:0]  a,
  input  wire [2:0]  b,
  output wire [14:0] y
);

  assign y = {7'd0, a} << b;
endmodule
`default_nettype wire
