// Self-checking testbench of dot_int8_int8_lanes4_out_exact: 64 vectors from the golden model.
//   $ iverilog -g2005 -s tb_dot_int8_int8_lanes4_out_exact -o tb -c rtl.f tb_dot_int8_int8_lanes4_out_exact.v && vvp -N tb
//   $ verilator --binary --timing -CFLAGS -std=c++20 -Wno-fatal --top-module tb_dot_int8_int8_lanes4_out_exact -f rtl.f tb_dot_int8_int8_lanes4_out_exact.v && obj_dir/Vtb_dot_int8_int8_lanes4_out_exact
// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.
`timescale 1ns/1ps
`default_nettype none
module tb_dot_int8_int8_lanes4_out_exact;
  reg  [31:0] a;
  reg  [31:0] b;
  wire [17:0] y;
  reg  [17:0] y_expected;
  reg  [81:0] vectors [0:63];
  integer i, errors;

  dot_int8_int8_lanes4_out_exact dut (.a(a), .b(b), .y(y));

  initial begin
    $readmemh("tb_dot_int8_int8_lanes4_out_exact.hex", vectors);
    errors = 0;
    for (i = 0; i < 64; i = i + 1) begin
      {a, b, y_expected} = vectors[i];
      #5;
      if (y !== y_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("vector %0d: y is %h, expected %h", i, y, y_expected);
      end
    end
    if (errors == 0) begin
      $display("PASS 64 vectors");
      $finish;
    end else begin
      $display("FAIL %0d of 64 vectors", errors);
      $stop;
    end
  end
endmodule
`default_nettype wire
