// level1_7to5: kept apart from the logic around it by synthesis
`default_nettype none
(* keep_hierarchy *)
module level1_7to5 (
  input  wire [6:0] a,
  output wire [4:0] y
);
  wire y_sel = a[5] ? (a[4] & a[3]) : ((~a[6]) & a[3]);
  wire y_sel_2 = a[5] ? (~((~a[0]) & (a[2] & (~a[1])))) : (a[0] & (~(a[2] ^ a[1])));

  assign y = {a[6] | a[5], a[6] | ((~a[5]) & a[4]), y_sel, a[5] | ((~a[2]) & a[1]), y_sel_2};
endmodule
`default_nettype wire
