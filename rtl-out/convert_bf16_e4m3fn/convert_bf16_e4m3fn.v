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
  wire field_net = x[7] | (~normal);
  wire [4:0] field_sum = x[14:10] + 5'h11;
  wire [7:0] field = {field_sum, x[9:8], field_net};
  wire above_diff_7_7;
  wire unused_above_diff;
  wire [5:0] above_diff_5_0;
  assign {above_diff_7_7, unused_above_diff, above_diff_5_0} = 8'h3c - {1'd0, x[14:8]};
  wire above = above_diff_7_7;
  wire [6:0] denormal = above ? 7'd0 : {above_diff_5_0, ~field_net};
  wire [4:0] away_sel = denormal[0] ? {1'd0, {normal, x[6:4]}} : {normal, x[6:3]};
  wire away_net = ((|x[2:0]) | (denormal[0] & x[3])) | (denormal[1] & (|away_sel[1:0]));
  wire [4:0] away_sel_2 = denormal[1] ? {2'd0, away_sel[4:2]} : away_sel;
  wire [4:0] away_sel_3 = denormal[2] ? {4'd0, away_sel_2[4]} : away_sel_2;
  wire away_net_2 = ((denormal[3] | denormal[4]) | denormal[5]) | denormal[6];
  wire away_net_3 = (away_net | (denormal[2] & (|away_sel_2[3:0]))) | (away_net_2 & (|away_sel_3));
  wire [4:0] normal_out_sel = away_net_2 ? 5'd0 : away_sel_3;
  wire normal_out = normal_out_sel[4];
  wire [7:0] floor_code_sel = normal_out ? field : 8'd0;
  wire [10:0] floor_code = {floor_code_sel, normal_out_sel[3:1]};
  wire away = normal_out_sel[0] & (away_net_3 | normal_out_sel[1]);
  wire [10:0] code = floor_code + {10'd0, away};
  wire over = 11'h07e < code;
  wire [6:0] y_sel = over ? 7'h7e : code[6:0];
  wire [6:0] y_sel_2 = is_inf ? 7'h7e : y_sel;
  wire [6:0] y_sel_3 = is_nan ? 7'h7f : y_sel_2;

  assign y = {sign, y_sel_3};
endmodule
`default_nettype wire
