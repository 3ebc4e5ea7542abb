// convert: format conversion with one rounding
//
// Parameters
//   from            bf16
//   to              e4m3fn
//   nan_sign        keep
//   round           rne
//   random_bits     8
//   overflow        saturate
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  full
//
// Ports
//   x  in    16 bits  bf16
//   y  out    8 bits  e4m3fn
//
// combinational; narrowgen 0.1.0
`default_nettype none
module convert_bf16_e4m3fn (
  input  wire [15:0] x,
  output wire [7:0]  y
);
  wire sign = x[15];
  wire [6:0] frac = x[6:0];
  wire [7:0] stored = x[14:7];
  wire is_nan_net = &stored;
  wire is_nan_net_2 = |frac;
  wire is_nan = is_nan_net & is_nan_net_2;
  wire is_inf = is_nan_net & (~is_nan_net_2);
  wire normal = |stored;
  wire [7:0] sig = {normal, frac};
  wire [8:0] exp = {1'd0, {x[14:8], x[7] | (~normal)}};
  wire lz2_net = |{normal, x[6:4]};
  wire lz2 = ~lz2_net;
  wire [7:0] norm2 = lz2_net ? sig : {x[3:0], 4'd0};
  wire lz1_net = |norm2[7:6];
  wire lz1 = ~lz1_net;
  wire [7:0] norm1 = lz1_net ? norm2 : {norm2[5:0], 2'd0};
  wire norm0_net = |norm1[1:0];
  wire lz0 = ~norm1[7];
  wire [6:0] norm0 = norm1[7] ? {norm1[7:2], norm0_net} : {norm1[6:2], norm0_net, 1'd0};
  wire right0_net = |norm0[1:0];
  wire [8:0] field_diff = exp - {6'd0, {lz2, lz1, lz0}};
  wire [4:0] field_sum = field_diff[7:3] + 5'h11;
  wire [7:0] field = {field_sum, field_diff[2:0]};
  wire deficit_8_8;
  wire unused_deficit;
  wire [6:0] deficit_6_0;
  assign {deficit_8_8, unused_deficit, deficit_6_0} = 9'h079 - field_diff;
  wire above = deficit_8_8;
  wire [6:0] denormal = above ? 7'd0 : deficit_6_0;
  wire [5:0] right0 = denormal[0] ? {1'd0, {norm0[6:3], |{norm0[2], right0_net}}} : {norm0[6:2], right0_net};
  wire [5:0] right1 = denormal[1] ? {2'd0, {right0[5:3], |right0[2:0]}} : right0;
  wire [5:0] right2 = denormal[2] ? {4'd0, {right1[5], |right1[4:0]}} : right1;
  wire [5:0] right_far = (((denormal[3] | denormal[4]) | denormal[5]) | denormal[6]) ? {5'd0, (|right2)} :
      right2;
  wire normal_out = right_far[5];
  wire [7:0] floor_code_sel = normal_out ? field : 8'd0;
  wire [10:0] floor_code = {floor_code_sel, right_far[4:2]};
  wire away = right_far[1] & (right_far[0] | right_far[2]);
  wire [10:0] code = floor_code + {10'd0, away};
  wire over = 11'h07e < code;
  wire [6:0] y_sel = over ? 7'h7e : code[6:0];
  wire [6:0] y_sel_2 = is_inf ? 7'h7e : y_sel;
  wire [6:0] y_sel_3 = is_nan ? 7'h7f : y_sel_2;

  assign y = {sign, y_sel_3};
endmodule
`default_nettype wire
