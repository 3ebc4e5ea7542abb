// mac: multiply-accumulate with clear and enable
//
// Parameters
//   a               e4m3fn
//   b               e4m3fn
//   acc             exact
//   terms           32
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
//   clear  in     1 bits  starts a new sum
//   en     in     1 bits  0 holds everything
//   acc    out   42 bits  two's complement, bit 0 weighs 2^-18
//   nan    out    1 bits  the result is not a number
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
  reg  [41:0] sum;
  reg  is_nan;
  wire a_sign = a[7];
  wire [2:0] a_frac = a[2:0];
  wire [3:0] a_stored = a[6:3];
  wire a_is_nan = &a[6:0];
  wire a_normal = |a_stored;
  wire [3:0] a_sig = {a_normal, a_frac};
  wire [4:0] a_exp = {1'd0, {a[6:4], (a[3] | (~a_normal))}};
  wire b_sign = b[7];
  wire [2:0] b_frac = b[2:0];
  wire [3:0] b_stored = b[6:3];
  wire b_is_nan = &b[6:0];
  wire b_normal = |b_stored;
  wire [3:0] b_sig = {b_normal, b_frac};
  wire [4:0] b_exp = {1'd0, {b[6:4], (b[3] | (~b_normal))}};
  wire prod_nan = a_is_nan | b_is_nan;
  wire [3:0] sel_1 = prod_nan ? 4'h0 : a_sig;
  wire [7:0] prod_sig = {4'd0, sel_1} * {4'd0, b_sig};
  wire prod_sign = a_sign ^ b_sign;
  wire [4:0] sum_1 = a_exp + b_exp;
  wire [8:0] diff_1 = 9'h000 - {1'd0, prod_sig};
  wire [8:0] short = prod_sign ? diff_1 : {1'd0, prod_sig};
  wire [38:0] shifted_1 = {{30{short[8]}}, short} << sum_1;
  wire [36:0] term = shifted_1[38:2];
  wire [41:0] base = clear ? 42'h00000000000 : sum;
  wire [42:0] sum_2 = {base[41], base} + {{6{term[36]}}, term};
  wire [41:0] next = sum_2[41:0];

  always @(posedge clk) begin
    if (rst) begin
      sum <= 42'h00000000000;
      is_nan <= 1'd0;
    end else begin
      if (en) sum <= next;
      if (en) is_nan <= (is_nan & (~clear)) | prod_nan;
    end
  end
  assign acc = sum;
  assign nan = is_nan;

  // bits that no result depends on
  wire unused_bits = &{1'b0, shifted_1[1:0], sum_2[42]};
endmodule
`default_nettype wire
