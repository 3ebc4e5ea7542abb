// level2_5to5: kept apart from the logic around it by synthesis
`default_nettype none
(* keep_hierarchy *)
module level2_5to5 (
  input  wire [4:0] a,
  output wire [4:0] y
);
  wire y_net = ~a[3];
  wire y_net_2 = ~a[1];
  wire y_sel = a[0] ? (~(y_net & a[1])) : (a[4] & (a[3] ^ a[1]));
  wire y_sel_2 = a[2] ? (a[1] & (a[4] | a[3])) : (y_net_2 & ((~a[4]) & a[3]));
  wire y_sel_3 = a[2] ? (~(a[1] & (a[4] & y_net))) : (a[1] | (a[4] & a[3]));

  assign y = {a[4] & (~(y_net & (a[1] & (~a[0])))), y_sel, a[4] & (~(y_net & (a[2] & y_net_2))), y_sel_2,
      y_sel_3};
endmodule
`default_nettype wire
