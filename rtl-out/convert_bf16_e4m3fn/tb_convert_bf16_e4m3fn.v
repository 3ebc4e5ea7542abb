// Self-checking testbench of convert_bf16_e4m3fn: 64 vectors from the golden model.
//   $ iverilog -g2005 -s tb_convert_bf16_e4m3fn -o tb -c rtl.f tb_convert_bf16_e4m3fn.v && vvp -N tb
//   $ verilator --binary --timing -CFLAGS -std=c++20 -Wno-fatal --top-module tb_convert_bf16_e4m3fn -f rtl.f tb_convert_bf16_e4m3fn.v && obj_dir/Vtb_convert_bf16_e4m3fn
// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.
`timescale 1ns/1ps
`default_nettype none
module tb_convert_bf16_e4m3fn;
  reg  [15:0] x;
  wire [7:0] y;
  reg  [7:0] y_expected;
  reg  [23:0] vectors [0:63];
  integer i, errors;

  convert_bf16_e4m3fn dut (.x(x), .y(y));

  initial begin
    $readmemh("tb_convert_bf16_e4m3fn.hex", vectors);
    errors = 0;
    for (i = 0; i < 64; i = i + 1) begin
      {x, y_expected} = vectors[i];
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
