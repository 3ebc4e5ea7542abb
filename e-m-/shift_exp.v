// shift_exp: integer-only exponential of I-ViT, by shifts and adds
//
// Parameters
//   variant  pt
//   in_bits  8
//   x0       -20
//   n        15
//
// Ports
//   x  in     8 bits  int8
//   y  out   20 bits  uint20
//
// combinational; narrowgen 0.1.0
`default_nettype none
module shift_exp (
  input  wire [7:0]  x,
  output wire [19:0] y
);
  wire [6:0] scaled_bits = x[7:1];
  wire [8:0] scaled_sum = {x[7], x} + {{2{scaled_bits[6]}}, scaled_bits};
  wire [3:0] scaled_bits_2 = x[7:4];
  wire [8:0] scaled = scaled_sum - {{5{scaled_bits_2[3]}}, scaled_bits_2};
  wire [8:0] q_diff = 9'h0c8 - scaled;
  wire q_lt = q_diff < 9'h1f4;
  wire [8:0] q_sel = q_lt ? q_diff : 9'h1f4;
  wire q_lt_2 = q_sel < 9'h140;
  wire [2:0] q_sel_2 = q_lt_2 ? q_sel[8:6] : {2'd0, (~q_sel[6])};
  wire q_lt_3 = {q_sel_2, q_sel[5:0]} < 9'h0a0;
  wire [2:0] q_diff_2 = {q_sel_2[1:0], q_sel[5]} - 3'h5;
  wire [2:0] q_sel_3 = q_lt_3 ? {q_sel_2[1:0], q_sel[5]} : q_diff_2;
  wire q_lt_4 = {q_sel_3, q_sel[4:0]} < 8'h50;
  wire [2:0] q_diff_3 = {q_sel_3[1:0], q_sel[4]} - 3'h5;
  wire [2:0] q_sel_4 = q_lt_4 ? {q_sel_3[1:0], q_sel[4]} : q_diff_3;
  wire q_lt_5 = {q_sel_4, q_sel[3:0]} < 7'h28;
  wire [2:0] q_diff_4 = {q_sel_4[1:0], q_sel[3]} - 3'h5;
  wire [2:0] q_sel_5 = q_lt_5 ? {q_sel_4[1:0], q_sel[3]} : q_diff_4;
  wire q_lt_6 = {q_sel_5, q_sel[2:0]} < 6'h14;
  wire [2:0] rest_diff = {q_sel_5[1:0], q_sel[2]} - 3'h5;
  wire [2:0] rest_sel = q_lt_6 ? {q_sel_5[1:0], q_sel[2]} : rest_diff;
  wire [4:0] rest = {rest_sel, q_sel[1:0]};
  wire [4:0] q = {~q_lt_2, ~q_lt_3, ~q_lt_4, ~q_lt_5, ~q_lt_6};
  wire [5:0] y_diff = 6'h28 - {1'd0, rest};
  wire [4:0] y_diff_2 = 5'h19 - q;
  wire y_lt = y_diff_2 < 5'h15;
  wire y_lt_2 = y_diff_2 < 5'h14;
  wire [4:0] y_sel = y_lt_2 ? y_diff_2 : 5'h14;
  wire [24:0] y_shift;
  wire unused_y_shift;
  assign {y_shift, unused_y_shift} = {20'd0, y_diff} << y_sel;
  wire [19:0] y_sel_2 = (|y_shift[24:20]) ? 20'hfffff : y_shift[19:0];

  assign y = y_lt ? y_sel_2 : 20'hfffff;
endmodule
`default_nettype wire
