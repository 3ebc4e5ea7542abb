// Self-checking testbench of mac_e4m3fn_e4m3fn_acc_exact: 64 vectors from the golden model.
//   $ iverilog -g2005 -s tb_mac_e4m3fn_e4m3fn_acc_exact -o tb -c rtl.f tb_mac_e4m3fn_e4m3fn_acc_exact.v && vvp -N tb
//   $ verilator --binary --timing -CFLAGS -std=c++20 -Wno-fatal --top-module tb_mac_e4m3fn_e4m3fn_acc_exact -f rtl.f tb_mac_e4m3fn_e4m3fn_acc_exact.v && obj_dir/Vtb_mac_e4m3fn_e4m3fn_acc_exact
// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.
`timescale 1ns/1ps
`default_nettype none
module tb_mac_e4m3fn_e4m3fn_acc_exact;
  reg clk = 1'b0;
  reg rst = 1'b1;
  reg restart;
  reg  [7:0] a;
  reg  [7:0] b;
  reg  clear;
  reg  en;
  wire [41:0] acc;
  reg  [41:0] acc_expected;
  wire nan;
  reg  nan_expected;
  reg  [61:0] vectors [0:63];
  integer i, errors;

  mac_e4m3fn_e4m3fn_acc_exact dut (.clk(clk), .rst(rst), .a(a), .b(b), .clear(clear), .en(en), .acc(acc), .nan(nan));

  initial begin
    $readmemh("tb_mac_e4m3fn_e4m3fn_acc_exact.hex", vectors);
    errors = 0;
    for (i = 0; i < 64; i = i + 1) begin
      {restart, a, b, clear, en, acc_expected, nan_expected} = vectors[i];
      if (restart) begin
        rst = 1'b1;
        #5 clk = 1'b1;
        #5 clk = 1'b0;
        rst = 1'b0;
      end
      #5;
      if (acc !== acc_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("vector %0d: acc is %h, expected %h", i, acc, acc_expected);
      end
      if (nan !== nan_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("vector %0d: nan is %h, expected %h", i, nan, nan_expected);
      end
      clk = 1'b1;
      #5 clk = 1'b0;
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
