// level4_4to2: kept apart from the logic around it by synthesis
`default_nettype none
(* keep_hierarchy *)
module level4_4to2 (
  input  wire [3:0] a,
  output wire [1:0] y
);
  wire y_sel = a[1] ? a[2] : a[0];
  wire y_net = (~a[1]) & a[0];
  wire y_sel_2 = a[2] ? (~(a[1] & (~a[0]))) : y_net;
  wire y_sel_3 = a[3] ? (~(a[2] ^ y_net)) : y_sel_2;

  assign y = {a[3] & y_sel, y_sel_3};
endmodule
`default_nettype wire
