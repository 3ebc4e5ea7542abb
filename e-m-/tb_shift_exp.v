// Self-checking testbench of shift_exp: 20 vectors from the golden model.
//   $ iverilog -g2005 -s tb_shift_exp -o tb -c rtl.f tb_shift_exp.v && vvp -N tb
//   $ verilator --binary --timing -CFLAGS -std=c++20 -Wno-fatal --top-module tb_shift_exp -f rtl.f tb_shift_exp.v && obj_dir/Vtb_shift_exp
// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.
`timescale 1ns/1ps
`default_nettype none
module tb_shift_exp;
  reg  [7:0] x;
  wire [19:0] y;
  reg  [19:0] y_expected;
  reg  [27:0] vectors [0:19];
  integer i, errors;

  shift_exp dut (.x(x), .y(y));

  initial begin
    $readmemh("tb_shift_exp.hex", vectors);
    errors = 0;
    for (i = 0; i < 20; i = i + 1) begin
      {x, y_expected} = vectors[i];
      #5;
      if (y !== y_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("vector %0d: y is %h, expected %h", i, y, y_expected);
      end
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
