// shift_u8x5_to39_drop2_acc42_apart: c and a << b without its low bits, negated if s is 1
// functions of at most six inputs, their sources in modules that synthesis must not mix with the rest
`default_nettype none
module shift_u8x5_to39_drop2_acc42_apart (
  input  wire [7:0]  a,
  input  wire [4:0]  b,
  input  wire        s,
  input  wire [41:0] c,
  output wire [41:0] y
);
  wire [14:0] u_fine_y;
  fine_8x3 u_fine (.a(a), .b(b[2:0]), .y(u_fine_y));
  wire [43:0] coarse = {29'd0, u_fine_y} << {b[4:3], 3'd0};
  wire [43:0] term = coarse ^ {44{s}};
  wire [41:0] y_diff;
  wire [2:0] unused_y_diff;
  assign {y_diff, unused_y_diff} = {c, 2'd0, s} - {~term, 1'd1};

  assign y = y_diff;
endmodule
`default_nettype wire
