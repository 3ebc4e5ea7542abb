// level3_4to3: kept apart from the logic around it by synthesis
`default_nettype none
(* keep_hierarchy *)
module level3_4to3 (
  input  wire [3:0] a,
  output wire [2:0] y
);

  assign y = {a[3] & (~((~a[2]) & ((~a[1]) & a[0]))), a[2] & (~(a[0] ^ (a[3] | a[1]))), a[1] | (a[0] ^ (a[3] &
      a[2]))};
endmodule
`default_nettype wire
