// mac: multiply-accumulate with clear and enable
//
// Parameters
//   a               bnb_fp4
//   b               e2m0-ieee
//   acc             p3109_k8p7uf
//   terms           32
//   round           rne
//   random_bits     8
//   overflow        saturate
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  flush
//
// Ports
//   a      in     4 bits  bnb_fp4
//   b      in     3 bits  e2m0-ieee
//   clear  in     1 bit   starts a new sum
//   en     in     1 bit   0 holds everything
//   acc    out    8 bits  p3109_k8p7uf
//
// latency 1 cycle; narrowgen 0.1.0
`default_nettype none
module mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out (
  input  wire       clk,
  input  wire       rst,
  input  wire [3:0] a,
  input  wire [2:0] b,
  input  wire       clear,
  input  wire       en,
  output wire [7:0] acc
);
  reg  [7:0] acc_q;
  reg  [32:0] bnb_fp4;
  always @* begin
    case (a)
      4'd0: bnb_fp4 = 33'd0;
      4'd1: bnb_fp4 = 33'h000aaaaab;
      4'd2: bnb_fp4 = 33'h055555580;
      4'd3: bnb_fp4 = 33'h080000000;
      4'd4: bnb_fp4 = 33'h02aaaaac0;
      4'd5: bnb_fp4 = 33'h040000000;
      4'd6: bnb_fp4 = 33'h015555560;
      4'd7: bnb_fp4 = 33'h020000000;
      4'd8: bnb_fp4 = 33'd0;
      4'd9: bnb_fp4 = 33'h1ff555555;
      4'd10: bnb_fp4 = 33'h1aaaaaa80;
      4'd11: bnb_fp4 = 33'h180000000;
      4'd12: bnb_fp4 = 33'h1d5555540;
      4'd13: bnb_fp4 = 33'h1c0000000;
      4'd14: bnb_fp4 = 33'h1eaaaaaa0;
      default: bnb_fp4 = 33'h1e0000000;
    endcase
  end
  wire [1:0] b_stored = b[1:0];
  wire b_sign = b[2];
  wire b_is_inf = &b_stored;
  wire b_normal = |b_stored;
  wire [2:0] b_exp = {1'd0, {b[1], b[0] | (~b_normal)}};
  wire [31:0] prod_nan_sum = (bnb_fp4[31:0] ^ {{31{bnb_fp4[32]}}, bnb_fp4[32]}) + {31'd0, bnb_fp4[32]};
  wire prod_nan = b_is_inf & (~(|prod_nan_sum));
  wire prod_inf = b_is_inf & (~prod_nan);
  wire [31:0] prod_sig = prod_nan_sum & {{31{b_normal}}, b_normal};
  wire prod_sign = bnb_fp4[32] ^ b_sign;
  wire [7:0] base = clear ? 8'd0 : acc_q;
  wire [5:0] base_frac = base[5:0];
  wire [1:0] base_stored = base[7:6];
  wire base_is_nan = &base;
  wire base_normal = |base_stored;
  wire [2:0] base_exp = {1'd0, {base[7], base[6] | (~base_normal)}};
  wire [2:0] ahead_sum = b_exp + 3'h1;
  wire [1:0] ahead = {base[7], base[6] | (~base_normal)} - ahead_sum[1:0];
  wire swap = ahead[1];
  wire [1:0] distance = (ahead ^ {swap, swap}) + {1'd0, swap};
  wire [31:0] signed_sum_sel = swap ? prod_sig : {base_normal, base_frac, 25'd0};
  wire [31:0] right0_sel = swap ? {base_normal, base_frac, 25'd0} : prod_sig;
  wire [32:0] right0 = distance[0] ? {1'd0, right0_sel} : {right0_sel, 1'd0};
  wire [32:0] right1 = distance[1] ? {2'd0, {right0[32:3], |right0[2:0]}} : right0;
  wire big_sign = swap & prod_sign;
  wire [2:0] sum_exp = swap ? ahead_sum : base_exp;
  wire [34:0] signed_sum_bits = {prod_sign, right1 ^ {{32{prod_sign}}, prod_sign}, prod_sign};
  wire [34:0] signed_sum_sum;
  wire unused_signed_sum_sum;
  assign {signed_sum_sum, unused_signed_sum_sum} = {2'd0, {signed_sum_sel, 1'd0, prod_sign}} +
      {signed_sum_bits[34], signed_sum_bits};
  wire [33:0] signed_sum = signed_sum_sum[33:0];
  wire [33:0] sum = (signed_sum ^ {{33{signed_sum_sum[34]}}, signed_sum_sum[34]}) + {33'd0,
      signed_sum_sum[34]};
  wire sum_nan = base_is_nan | prod_nan;
  wire sum_inf = prod_inf & (~sum_nan);
  wire sum_sign = prod_inf ? prod_sign : ((|sum) & (big_sign ^ signed_sum_sum[34]));
  wire lz5_net = |sum[33:2];
  wire lz5 = ~lz5_net;
  wire [33:0] norm5 = lz5_net ? sum : {sum[1:0], 32'd0};
  wire lz4_net = |norm5[33:18];
  wire lz4 = ~lz4_net;
  wire [33:0] norm4 = lz4_net ? norm5 : {norm5[17:0], 16'd0};
  wire norm3_net = |norm4[10:0];
  wire lz3_net = |norm4[33:26];
  wire lz3 = ~lz3_net;
  wire [23:0] norm3 = lz3_net ? {norm4[33:11], norm3_net} : {norm4[25:11], norm3_net, 8'd0};
  wire norm2_net = |norm3[8:0];
  wire lz2_net = |norm3[23:20];
  wire lz2 = ~lz2_net;
  wire [15:0] norm2 = lz2_net ? {norm3[23:9], norm2_net} : {norm3[19:9], norm2_net, 4'd0};
  wire norm1_net = |norm2[4:0];
  wire lz1_net = |norm2[15:14];
  wire lz1 = ~lz1_net;
  wire [11:0] norm1 = lz1_net ? {norm2[15:5], norm1_net} : {norm2[13:5], norm1_net, 2'd0};
  wire norm0_net = |norm1[2:0];
  wire lz0 = ~norm1[11];
  wire [9:0] norm0 = norm1[11] ? {norm1[11:3], norm0_net} : {norm1[10:3], norm0_net, 1'd0};
  wire right0_2_net = |norm0[1:0];
  wire [5:0] field_diff = {{3{sum_exp[2]}}, sum_exp} - {lz5, lz4, lz3, lz2, lz1, lz0};
  wire [2:0] field = field_diff[2:0] + 3'h1;
  wire [5:0] deficit = 6'd0 - field_diff;
  wire above = deficit[5];
  wire [4:0] denormal = above ? 5'd0 : deficit[4:0];
  wire [8:0] right0_2 = denormal[0] ? {1'd0, {norm0[9:3], |{norm0[2], right0_2_net}}} : {norm0[9:2],
      right0_2_net};
  wire [8:0] right1_2 = denormal[1] ? {2'd0, {right0_2[8:3], |right0_2[2:0]}} : right0_2;
  wire [8:0] right2 = denormal[2] ? {4'd0, {right1_2[8:5], |right1_2[4:0]}} : right1_2;
  wire [8:0] right3 = denormal[3] ? {8'd0, (|right2)} : right2;
  wire [8:0] right_far = denormal[4] ? {8'd0, (|right3)} : right3;
  wire normal_out = right_far[8];
  wire [2:0] floor_code_sel = normal_out ? field : 3'd0;
  wire [8:0] floor_code = {floor_code_sel, right_far[7:2]};
  wire away = right_far[1] & (right_far[0] | right_far[2]);
  wire [8:0] code = floor_code + {8'd0, away};
  wire over = 9'h0fe < code;
  wire [7:0] next_sel = (|code[7:6]) ? code[7:0] : 8'd0;
  wire [7:0] next_sel_2 = over ? 8'hfe : next_sel;
  wire [7:0] next_sel_3 = sum_inf ? 8'hfe : next_sel_2;
  wire [7:0] next_sel_4 = sum_sign ? 8'd0 : next_sel_3;
  wire [7:0] next = sum_nan ? 8'hff : next_sel_4;

  always @(posedge clk) begin
    if (rst) begin
      acc_q <= 8'd0;
    end else begin
      if (en) acc_q <= next;
    end
  end

  assign acc = acc_q;
endmodule
`default_nettype wire
