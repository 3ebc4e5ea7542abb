// mul_u4x4_rows: product a * b in full width
// rows: each adds a factor or 0 to the running sum
`default_nettype none
module mul_u4x4_rows (
  input  wire [3:0] a,
  input  wire [3:0] b,
  output wire [7:0] y
);
  wire [3:0] row0 = a & {4{b[0]}};
  wire [3:0] row1 = a & {4{b[1]}};
  wire [3:0] row2 = a & {4{b[2]}};
  wire [3:0] row3 = a & {4{b[3]}};
  wire [4:0] sum1_up;
  wire unused_sum1_up;
  assign {sum1_up, unused_sum1_up} = {2'd0, {row0[3:1], 1'd0}} - {~{1'd0, row1}, 1'd1};
  wire [4:0] sum2_up;
  wire unused_sum2_up;
  assign {sum2_up, unused_sum2_up} = {1'd0, {sum1_up[4:1], 1'd0}} - {~{1'd0, row2}, 1'd1};
  wire [4:0] sum3_up;
  wire unused_sum3_up;
  assign {sum3_up, unused_sum3_up} = {1'd0, {sum2_up[4:1], 1'd0}} - {~{1'd0, row3}, 1'd1};

  assign y = {sum3_up, sum2_up[0], sum1_up[0], row0[0]};
endmodule
`default_nettype wire
