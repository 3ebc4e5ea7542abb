// mul: product of two numbers, rounded once or exact
//
// Parameters
//   a               e4m3fn
//   b               e4m3fn
//   out             e4m3fn
//   round           rne
//   random_bits     8
//   overflow        saturate
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  full
//
// Ports
//   a  in     8 bits  e4m3fn
//   b  in     8 bits  e4m3fn
//   y  out    8 bits  e4m3fn
//
// combinational; narrowgen 0.1.0
`default_nettype none
module mul_e4m3fn_e4m3fn_out_e4m3fn (
  input  wire [7:0] a,
  input  wire [7:0] b,
  output wire [7:0] y
);
  wire a_sign = a[7];
  wire [2:0] a_frac = a[2:0];
  wire [3:0] a_stored = a[6:3];
  wire a_is_nan = &a[6:0];
  wire a_normal = |a_stored;
  wire [3:0] a_sig = {a_normal, a_frac};
  wire [4:0] a_exp = {1'd0, {a[6:4], a[3] | (~a_normal)}};
  wire b_sign = b[7];
  wire [2:0] b_frac = b[2:0];
  wire [3:0] b_stored = b[6:3];
  wire b_is_nan = &b[6:0];
  wire b_normal = |b_stored;
  wire [3:0] b_sig = {b_normal, b_frac};
  wire [4:0] b_exp = {1'd0, {b[6:4], b[3] | (~b_normal)}};
  wire prod_nan = a_is_nan | b_is_nan;
  wire [7:0] u_prod_sig_y;
  mul_u4x4_rows u_prod_sig (.a(a_sig), .b(b_sig), .y(u_prod_sig_y));
  wire prod_sign = a_sign ^ b_sign;
  wire [4:0] prod_exp_sum = a_exp + b_exp;
  wire [5:0] prod_exp = {1'd0, prod_exp_sum};
  wire lz2_net = |u_prod_sig_y[7:4];
  wire lz2 = ~lz2_net;
  wire [7:0] norm2 = lz2_net ? u_prod_sig_y : {u_prod_sig_y[3:0], 4'd0};
  wire lz1_net = |norm2[7:6];
  wire lz1 = ~lz1_net;
  wire [7:0] norm1 = lz1_net ? norm2 : {norm2[5:0], 2'd0};
  wire norm0_net = |norm1[1:0];
  wire lz0 = ~norm1[7];
  wire [6:0] norm0 = norm1[7] ? {norm1[7:2], norm0_net} : {norm1[6:2], norm0_net, 1'd0};
  wire [5:0] field_diff = prod_exp - {3'd0, {lz2, lz1, lz0}};
  wire [3:0] field_sum = field_diff[4:1] + 4'hd;
  wire [4:0] field = {field_sum, field_diff[0]};
  wire above_diff_2_2;
  wire unused_above_diff;
  wire above_diff_0_0;
  assign {above_diff_2_2, unused_above_diff, above_diff_0_0} = 3'd0 - field_diff[5:3];
  wire above = above_diff_2_2;
  wire [3:0] denormal = above ? 4'd0 : {above_diff_0_0, ~field_diff[2:0]};
  wire [4:0] away_sel = denormal[0] ? {1'd0, norm0[6:3]} : norm0[6:2];
  wire away_net = ((|norm0[1:0]) | (denormal[0] & norm0[2])) | (denormal[1] & (|away_sel[1:0]));
  wire [4:0] away_sel_2 = denormal[1] ? {2'd0, away_sel[4:2]} : away_sel;
  wire [4:0] away_sel_3 = denormal[2] ? {4'd0, away_sel_2[4]} : away_sel_2;
  wire away_net_2 = (away_net | (denormal[2] & (|away_sel_2[3:0]))) | (denormal[3] & (|away_sel_3));
  wire [4:0] normal_out_sel = denormal[3] ? 5'd0 : away_sel_3;
  wire normal_out = normal_out_sel[4];
  wire [4:0] floor_code_sel = normal_out ? field : 5'd0;
  wire [7:0] floor_code = {floor_code_sel, normal_out_sel[3:1]};
  wire away = normal_out_sel[0] & (away_net_2 | normal_out_sel[1]);
  wire [7:0] code = floor_code + {7'd0, away};
  wire over = 8'h7e < code;
  wire [6:0] y_sel = over ? 7'h7e : code[6:0];

  assign y = prod_nan ? 8'h7f : {prod_sign, y_sel};
endmodule
`default_nettype wire
