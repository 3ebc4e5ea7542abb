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
  wire net_1 = &stored;
  wire net_2 = |frac;
  wire is_nan = net_1 & net_2;
  wire is_inf = net_1 & (~net_2);
  wire normal = |stored;
  wire [7:0] sig = {normal, frac};
  wire [8:0] exp = {1'd0, {x[14:8], (x[7] | (~normal))}};
  wire net_3 = |{normal, x[6:4]};
  wire lz2 = ~net_3;
  wire [7:0] norm2 = net_3 ? sig : {x[3:0], 4'h0};
  wire net_4 = |norm2[7:6];
  wire lz1 = ~net_4;
  wire [7:0] norm1 = net_4 ? norm2 : {norm2[5:0], 2'd0};
  wire net_5 = |norm1[1:0];
  wire lz0 = ~norm1[7];
  wire [6:0] norm0 = norm1[7] ? {norm1[7:2], net_5} : {norm1[6:2], net_5, 1'd0};
  wire net_6 = |norm0[1:0];
  wire [8:0] diff_1 = exp - {6'd0, {lz2, lz1, lz0}};
  wire [5:0] sum_1 = diff_1[8:3] + 6'h31;
  wire [7:0] field = {sum_1[4:0], diff_1[2:0]};
  wire [8:0] deficit = 9'h079 - diff_1;
  wire above = deficit[8];
  wire [6:0] denormal = above ? 7'h00 : deficit[6:0];
  wire [5:0] right0 = denormal[0] ? {1'd0, {norm0[6:3], (|{norm0[2], net_6})}} : {norm0[6:2], net_6};
  wire [5:0] right1 = denormal[1] ? {2'd0, {right0[5:3], (|right0[2:0])}} : right0;
  wire [5:0] right2 = denormal[2] ? {4'd0, {right1[5], (|right1[4:0])}} : right1;
  wire [5:0] right_far = (((denormal[3] | denormal[4]) | denormal[5]) | denormal[6]) ? {5'd0, (|right2)} :
      right2;
  wire normal_out = right_far[5];
  wire [7:0] sel_1 = normal_out ? field : 8'h00;
  wire [10:0] floor_code = {sel_1, right_far[4:2]};
  wire away = right_far[1] & (right_far[0] | right_far[2]);
  wire [10:0] code = floor_code + {10'd0, away};
  wire over = 11'h07e < code;
  wire [6:0] sel_2 = over ? 7'h7e : code[6:0];
  wire [6:0] sel_3 = is_inf ? 7'h7e : sel_2;
  wire [6:0] sel_4 = is_nan ? 7'h7f : sel_3;
  assign y = {sign, sel_4};

  // bits that no result depends on
  wire unused_bits = &{1'b0, deficit[7], sum_1[5]};
endmodule
`default_nettype wire
