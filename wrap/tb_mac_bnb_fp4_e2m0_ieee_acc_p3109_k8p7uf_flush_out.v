// Self-checking testbench of mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out: 20 vectors from the golden model.
//   iverilog -g2005 -s tb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out -o tb -c rtl.f tb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out.v && vvp -N tb
//   verilator --binary --timing -Wno-fatal --top-module tb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out -f rtl.f tb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out.v && obj_dir/Vtb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out
// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.
`timescale 1ns/1ps
`default_nettype none
module tb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out;
  reg clk = 1'b0;
  reg rst = 1'b1;
  reg restart;
  reg  [3:0] a;
  reg  [2:0] b;
  reg  clear;
  reg  en;
  wire [7:0] acc;
  reg  [7:0] acc_expected;
  reg  [17:0] vectors [0:19];
  integer i, errors;

  mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out dut (.clk(clk), .rst(rst), .a(a), .b(b), .clear(clear), .en(en), .acc(acc));

  initial begin
    $readmemh("tb_mac_bnb_fp4_e2m0_ieee_acc_p3109_k8p7uf_flush_out.hex", vectors);
    errors = 0;
    for (i = 0; i < 20; i = i + 1) begin
      {restart, a, b, clear, en, acc_expected} = vectors[i];
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
      clk = 1'b1;
      #5 clk = 1'b0;
    end
    if (errors == 0) begin
      $display("PASS 20 vectors");
      $finish;
    end else begin
      $display("FAIL %0d of 20 vectors", errors);
      $stop;
    end
  end
endmodule
`default_nettype wire
