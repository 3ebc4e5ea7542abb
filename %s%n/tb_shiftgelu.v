// Self-checking testbench of shiftgelu: 20 rows from the golden model.
//   $ iverilog -g2005 -s tb_shiftgelu -o tb -c rtl.f tb_shiftgelu.v && vvp -N tb
//   $ verilator --binary --timing -CFLAGS -std=c++20 -Wno-fatal --top-module tb_shiftgelu -f rtl.f tb_shiftgelu.v && obj_dir/Vtb_shiftgelu
// Prints PASS or FAIL; stops with an error on FAIL. Run it in this folder.
`timescale 1ns/1ps
`default_nettype none
module tb_shiftgelu;
  reg clk = 1'b0;
  reg rst = 1'b1;
  reg restart;
  reg compare;
  reg  [7:0] x;
  reg  in_mask;
  reg  in_last;
  reg  in_valid;
  reg  out_ready;
  wire in_ready;
  reg  in_ready_expected;
  wire out_valid;
  reg  out_valid_expected;
  wire [14:0] y;
  reg  [14:0] y_expected;
  wire out_mask;
  reg  out_mask_expected;
  wire out_last;
  reg  out_last_expected;
  reg  [32:0] vectors [0:34543];
  integer i, errors;

  shiftgelu dut (.clk(clk), .rst(rst), .x(x), .in_mask(in_mask), .in_last(in_last), .in_valid(in_valid), .out_ready(out_ready), .in_ready(in_ready), .y(y), .out_mask(out_mask), .out_last(out_last), .out_valid(out_valid));

  initial begin
    $readmemh("tb_shiftgelu.hex", vectors);
    errors = 0;
    for (i = 0; i < 34544; i = i + 1) begin
      {restart, compare, x, in_mask, in_last, in_valid, out_ready, in_ready_expected, out_valid_expected, y_expected, out_mask_expected, out_last_expected} = vectors[i];
      if (restart) begin
        rst = 1'b1;
        #5 clk = 1'b1;
        #5 clk = 1'b0;
        rst = 1'b0;
      end
      #5;
      if (in_ready !== in_ready_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("cycle %0d: in_ready is %h, expected %h", i, in_ready, in_ready_expected);
      end
      if (out_valid !== out_valid_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("cycle %0d: out_valid is %h, expected %h", i, out_valid, out_valid_expected);
      end
      if (compare && y !== y_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("cycle %0d: y is %h, expected %h", i, y, y_expected);
      end
      if (compare && out_mask !== out_mask_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("cycle %0d: out_mask is %h, expected %h", i, out_mask, out_mask_expected);
      end
      if (compare && out_last !== out_last_expected) begin
        errors = errors + 1;
        if (errors <= 10) $display("cycle %0d: out_last is %h, expected %h", i, out_last, out_last_expected);
      end
      clk = 1'b1;
      #5 clk = 1'b0;
    end
    if (errors == 0) begin
      $display("PASS 20 rows");
      $finish;
    end else begin
      $display("FAIL %0d of 20 rows", errors);
      $stop;
    end
  end
endmodule
`default_nettype wire
