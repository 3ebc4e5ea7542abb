// mac: multiply-accumulate with clear and enable
//
// Parameters
//   a               e4m3fn
//   b               e4m3fn
//   acc             exact
//   terms           32
//   normalize       step
//   clear           load
//   round           rne
//   random_bits     8
//   overflow        auto
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  full
//
// Ports
//   a      in     8 bits  e4m3fn
//   b      in     8 bits  e4m3fn
//   clear  in     1 bit   starts a new sum
//   en     in     1 bit   0 holds everything
//   acc    out   42 bits  two's complement, bit 0 weighs 2^-18
//   nan    out    1 bit   the result is not a number
//
// latency 1 cycle; narrowgen 0.1.0
`default_nettype none
module mac_e4m3fn_e4m3fn_acc_exact (
  input  wire        clk,
  input  wire        rst,
  input  wire [7:0]  a,
  input  wire [7:0]  b,
  input  wire        clear,
  input  wire        en,
  output wire [41:0] acc,
  output wire        nan
);
  reg  [41:0] acc_q;
  reg  nan_q;
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
  wire [3:0] u_prod_sig_a_sel = prod_nan ? 4'd0 : a_sig;
  wire [7:0] u_prod_sig_y;
  mul_u4x4_rows u_prod_sig (.a(u_prod_sig_a_sel), .b(b_sig), .y(u_prod_sig_y));
  wire prod_sign = a_sign ^ b_sign;
  wire [4:0] u_next_b_sum = a_exp + b_exp;
  wire [41:0] base = clear ? 42'd0 : acc_q;
  wire [41:0] u_next_y;
  shift_u8x5_to39_drop2_acc42_apart u_next (.a(u_prod_sig_y), .b(u_next_b_sum), .s(prod_sign), .c(base),
      .y(u_next_y));

  always @(posedge clk) begin
    if (rst) begin
      acc_q <= 42'd0;
      nan_q <= 1'd0;
    end else begin
      if (en) acc_q <= u_next_y;
      if (en) nan_q <= (nan_q & (~clear)) | prod_nan;
    end
  end

  assign acc = acc_q;
  assign nan = nan_q;
endmodule
`default_nettype wire
