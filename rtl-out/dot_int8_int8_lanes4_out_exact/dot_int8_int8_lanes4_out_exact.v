// dot: dot product of two packed vectors, exact or with rounded partial sums
//
// Parameters
//   a               int8
//   b               int8
//   lanes           4
//   sum             exact
//   sum_format      fp32
//   out             exact
//   round           rne
//   random_bits     8
//   overflow        auto
//   nan             zero
//   ties            even
//   subnormals_in   full
//   subnormals_out  full
//
// Ports
//   a  in    32 bits  4 lanes of 8 bits, int8, lane 0 lowest
//   b  in    32 bits  4 lanes of 8 bits, int8, lane 0 lowest
//   y  out   18 bits  two's complement, bit 0 weighs 2^0
//
// combinational; narrowgen 0.1.0
`default_nettype none
module dot_int8_int8_lanes4_out_exact (
  input  wire [31:0] a,
  input  wire [31:0] b,
  output wire [17:0] y
);
  wire [7:0] lane0_prod_bits = a[7:0];
  wire [7:0] lane0_prod_bits_2 = b[7:0];
  wire [15:0] lane0_prod = $signed({{8{lane0_prod_bits[7]}}, lane0_prod_bits}) *
      $signed({{8{lane0_prod_bits_2[7]}}, lane0_prod_bits_2});
  wire [7:0] lane1_prod_bits = a[15:8];
  wire [7:0] lane1_prod_bits_2 = b[15:8];
  wire [15:0] lane1_prod = $signed({{8{lane1_prod_bits[7]}}, lane1_prod_bits}) *
      $signed({{8{lane1_prod_bits_2[7]}}, lane1_prod_bits_2});
  wire [7:0] lane2_prod_bits = a[23:16];
  wire [7:0] lane2_prod_bits_2 = b[23:16];
  wire [15:0] lane2_prod = $signed({{8{lane2_prod_bits[7]}}, lane2_prod_bits}) *
      $signed({{8{lane2_prod_bits_2[7]}}, lane2_prod_bits_2});
  wire [7:0] lane3_prod_bits = a[31:24];
  wire [7:0] lane3_prod_bits_2 = b[31:24];
  wire [15:0] lane3_prod = $signed({{8{lane3_prod_bits[7]}}, lane3_prod_bits}) *
      $signed({{8{lane3_prod_bits_2[7]}}, lane3_prod_bits_2});
  wire [16:0] sum0_0 = {lane0_prod[15], lane0_prod} + {lane1_prod[15], lane1_prod};
  wire [16:0] sum0_1 = {lane2_prod[15], lane2_prod} + {lane3_prod[15], lane3_prod};
  wire [17:0] sum1_0 = {sum0_0[16], sum0_0} + {sum0_1[16], sum0_1};

  assign y = sum1_0;
endmodule
`default_nettype wire
