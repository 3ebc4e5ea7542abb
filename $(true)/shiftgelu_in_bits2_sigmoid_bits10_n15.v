// shiftgelu: integer-only GELU of I-ViT over rows, by shifts and adds
//
// Parameters
//   in_bits       2
//   sigmoid_bits  10
//   x0            -15
//   n             15
//   lanes         1
//   longest       256
//   divider       iterative
//
// Ports
//   x         in     2 bits  int2
//   in_mask   in     1 bit   1: the lane holds an element
//   in_last   in     1 bit   last token of the row
//   y         out   11 bits  int11
//   out_mask  out    1 bit   1: the lane holds an element
//   out_last  out    1 bit   last token of the row
//
// inputs are taken when in_valid and in_ready are 1, outputs when out_valid and out_ready are 1
// rows of at most 256 tokens; narrowgen 0.1.0
`default_nettype none
module shiftgelu_in_bits2_sigmoid_bits10_n15 (
  input  wire        clk,
  input  wire        rst,
  input  wire [1:0]  x,
  input  wire        in_mask,
  input  wire        in_last,
  input  wire        in_valid,
  input  wire        out_ready,
  output wire        in_ready,
  output wire [10:0] y,
  output wire        out_mask,
  output wire        out_last,
  output wire        out_valid
);
  reg  full;
  reg  waiting;
  reg  [1:0] phase;
  reg  [7:0] index;
  reg  [7:0] end_;
  reg  [7:0] address;
  reg  read_valid;
  reg  read_last;
  reg  [1:0] most;
  reg  [3:0] exp_zero_scaled;
  reg  [4:0] exp_zero_q;
  reg  [3:0] exp_zero_rest;
  reg  [30:0] exp_zero;
  reg  [2:0] exp0_scaled;
  reg  [3:0] exp0_q;
  reg  [3:0] exp0_rest;
  reg  [30:0] exp0;
  reg  scaled_valid;
  reg  scaled_last;
  reg  scaled_mask;
  reg  [1:0] scaled_x0;
  reg  apart_valid;
  reg  apart_last;
  reg  apart_mask;
  reg  [1:0] apart_x0;
  reg  exp_valid;
  reg  exp_last;
  reg  exp_mask;
  reg  [1:0] exp_x0;
  reg  [18:0] term0;
  reg  [30:0] sum0;
  reg  sum_valid;
  reg  sum_last;
  reg  sum_mask;
  reg  [1:0] sum_x0;
  reg  start;
  reg  [30:0] factor0_rest;
  reg  [26:0] factor0_quotient;
  reg  [4:0] factor0_left;
  reg  factor0_done;
  reg  [8:0] sigmoid0;
  reg  sigmoid_valid;
  reg  sigmoid_last;
  reg  sigmoid_mask;
  reg  [1:0] sigmoid_x0;
  reg  [10:0] y0;
  reg  y_valid;
  reg  y_last;
  reg  y_mask;
  reg  [10:0] y_kept;
  reg  out_mask_kept;
  reg  out_last_kept;
  reg  [2:0] row [0:255];
  reg  [2:0] row_rdata;
  wire advance = ~full;
  wire step_net = ~waiting;
  wire step = advance & step_net;
  wire loading = ~(|phase);
  wire taken = loading & in_valid;
  wire taken_last = taken & in_last;
  wire issued_eq = phase == 2'd2;
  wire issued = issued_eq & step;
  wire at_end = index == end_;
  wire issued_last = issued & at_end;
  wire step_2 = taken | issued;
  wire wrap = taken_last | issued_last;
  wire [7:0] index_next_sum = index + 8'h01;
  wire [7:0] row_raddr_sel = step ? index : address;
  wire [1:0] most_next_sel = in_mask ? x : 2'd2;
  wire [1:0] most_next_sel_2 = (|index) ? most : 2'd2;
  wire most_next_lt = $signed(most_next_sel) < $signed(most_next_sel_2);
  wire [1:0] exp_zero_scaled_next_diff;
  wire unused_exp_zero_scaled_next_diff;
  assign {exp_zero_scaled_next_diff, unused_exp_zero_scaled_next_diff} = 3'd0 - {most[1], most};
  wire [1:0] exp_zero_scaled_next_bits = exp_zero_scaled_next_diff;
  wire [2:0] exp_zero_scaled_next_diff_2 = {exp_zero_scaled_next_bits[1], exp_zero_scaled_next_bits} -
      {most[1], most};
  wire [3:0] exp_zero_scaled_next_bits_2 = {exp_zero_scaled_next_diff_2[2], exp_zero_scaled_next_diff_2};
  wire [4:0] exp_zero_q_next_diff = 5'h0f - {exp_zero_scaled[3], exp_zero_scaled};
  wire exp_zero_q_next_lt = exp_zero_q_next_diff < 5'h1e;
  wire [3:0] exp_zero_q_next_diff_2 = exp_zero_q_next_diff[4:1] - 4'hf;
  wire [3:0] exp_zero_q_next_sel = exp_zero_q_next_lt ? exp_zero_q_next_diff[4:1] : exp_zero_q_next_diff_2;
  wire exp_zero_q_next_lt_2 = {exp_zero_q_next_sel, exp_zero_q_next_diff[0]} < 5'h0f;
  wire [3:0] exp_zero_rest_next_diff = {exp_zero_q_next_sel[2:0], exp_zero_q_next_diff[0]} - 4'hf;
  wire [4:0] exp_zero_next_diff = 5'h1e - {1'd0, exp_zero_rest};
  wire [4:0] exp_zero_next_diff_2 = 5'h10 - exp_zero_q;
  wire exp_zero_next_lt = exp_zero_next_diff_2 < 5'h11;
  wire [4:0] exp_zero_next_sel = exp_zero_next_diff_2[4] ? 5'h10 : exp_zero_next_diff_2;
  wire [19:0] exp_zero_next_shift;
  wire unused_exp_zero_next_shift;
  assign {exp_zero_next_shift, unused_exp_zero_next_shift} = {16'd0, exp_zero_next_diff} << exp_zero_next_sel;
  wire [1:0] exp0_scaled_next_bits = row_rdata[1:0];
  wire [2:0] exp0_scaled_next_diff = {exp0_scaled_next_bits[1], exp0_scaled_next_bits} - {most[1], most};
  wire [1:0] exp0_scaled_next_bits_2 = exp0_scaled_next_diff[2:1];
  wire [2:0] exp0_scaled_next_sum = exp0_scaled_next_diff + {exp0_scaled_next_bits_2[1],
      exp0_scaled_next_bits_2};
  wire [2:0] exp0_rest_next_diff = 3'd0 - exp0_scaled;
  wire [4:0] exp0_next_diff = 5'h1e - {1'd0, exp0_rest};
  wire [18:0] exp0_next_shift = {exp0_next_diff, 14'd0} >> exp0_q;
  wire enters = step & exp_valid;
  wire [31:0] sum0_next_sum = {1'd0, exp0} + {1'd0, exp_zero};
  wire sum0_next_lt = sum0_next_sum < 32'h7fffffff;
  wire [4:0] factor0_left_next_diff = factor0_left - 5'h01;
  wire factor0_left_en_net = start | (|factor0_left);
  wire factor0_quotient_next_lt = {factor0_rest, factor0_quotient[26]} < {1'd0, sum0};
  wire [30:0] factor0_rest_next_diff = {factor0_rest[29:0], factor0_quotient[26]} - sum0;
  wire [30:0] factor0_rest_next_sel = factor0_quotient_next_lt ? {factor0_rest[29:0], factor0_quotient[26]} :
      factor0_rest_next_diff;
  wire [14:0] unused_sigmoid0_next_prod;
  wire [8:0] sigmoid0_next_prod;
  wire [21:0] unused_sigmoid0_next_prod_2;
  assign {unused_sigmoid0_next_prod, sigmoid0_next_prod, unused_sigmoid0_next_prod_2} = {27'd0, term0} *
      {19'd0, factor0_quotient};
  wire [9:0] y0_next_bits = {1'd0, sigmoid0};
  wire unused_y0_next_prod;
  wire [10:0] y0_next_prod;
  assign {unused_y0_next_prod, y0_next_prod} = $signed({{10{sigmoid_x0[1]}}, sigmoid_x0}) *
      $signed({{2{y0_next_bits[9]}}, y0_next_bits});
  wire left = (step & y_valid) & y_last;
  wire move_on_net = &phase;
  wire move_on = (wrap | (phase == 2'd1)) | (move_on_net & left);
  wire [1:0] phase_next_sum = phase + 2'd1;
  wire [10:0] checked_sel = full ? y_kept : y0;
  wire checked_sel_2 = full ? out_mask_kept : y_mask;
  wire checked_sel_3 = full ? out_last_kept : y_last;
  wire offers = full | (y_valid & step_net);
  wire stalled = offers & (~out_ready);

  always @(posedge clk) begin
    if (rst) begin
      full <= 1'd0;
      waiting <= 1'd0;
      phase <= 2'd0;
      index <= 8'd0;
      end_ <= 8'd0;
      address <= 8'd0;
      read_valid <= 1'd0;
      read_last <= 1'd0;
      most <= 2'd2;
      exp_zero_scaled <= 4'd0;
      exp_zero_q <= 5'd0;
      exp_zero_rest <= 4'd0;
      exp_zero <= 31'd0;
      exp0_scaled <= 3'd0;
      exp0_q <= 4'd0;
      exp0_rest <= 4'd0;
      exp0 <= 31'd0;
      scaled_valid <= 1'd0;
      scaled_last <= 1'd0;
      scaled_mask <= 1'd0;
      scaled_x0 <= 2'd0;
      apart_valid <= 1'd0;
      apart_last <= 1'd0;
      apart_mask <= 1'd0;
      apart_x0 <= 2'd0;
      exp_valid <= 1'd0;
      exp_last <= 1'd0;
      exp_mask <= 1'd0;
      exp_x0 <= 2'd0;
      term0 <= 19'd0;
      sum0 <= 31'd0;
      sum_valid <= 1'd0;
      sum_last <= 1'd0;
      sum_mask <= 1'd0;
      sum_x0 <= 2'd0;
      start <= 1'd0;
      factor0_rest <= 31'd0;
      factor0_quotient <= 27'd0;
      factor0_left <= 5'd0;
      factor0_done <= 1'd0;
      sigmoid0 <= 9'd0;
      sigmoid_valid <= 1'd0;
      sigmoid_last <= 1'd0;
      sigmoid_mask <= 1'd0;
      sigmoid_x0 <= 2'd0;
      y0 <= 11'd0;
      y_valid <= 1'd0;
      y_last <= 1'd0;
      y_mask <= 1'd0;
      y_kept <= 11'd0;
      out_mask_kept <= 1'd0;
      out_last_kept <= 1'd0;
    end else begin
      full <= stalled;
      waiting <= enters | (waiting & (~factor0_done));
      if (move_on) phase <= move_on_net ? 2'd0 : phase_next_sum;
      if (step_2) index <= wrap ? 8'd0 : index_next_sum;
      if (taken_last) end_ <= index;
      address <= row_raddr_sel;
      if (step) read_valid <= issued_eq;
      if (step) read_last <= at_end;
      if (taken) most <= most_next_lt ? most_next_sel_2 : most_next_sel;
      if (1'd1) exp_zero_scaled <= exp_zero_scaled_next_bits_2 - {4{exp_zero_scaled_next_diff[1]}};
      if (1'd1) exp_zero_q <= {3'd0, {~exp_zero_q_next_lt, ~exp_zero_q_next_lt_2}};
      if (1'd1) exp_zero_rest <= exp_zero_q_next_lt_2 ? {exp_zero_q_next_sel[2:0], exp_zero_q_next_diff[0]} :
          exp_zero_rest_next_diff;
      if (1'd1) exp_zero <= exp_zero_next_lt ? {11'd0, exp_zero_next_shift} : 31'h7fffffff;
      if (step) exp0_scaled <= exp0_scaled_next_sum - {3{exp0_scaled_next_diff[2]}};
      if (step) exp0_q <= 4'd0;
      if (step) exp0_rest <= {1'd0, exp0_rest_next_diff};
      if (step) exp0 <= {12'd0, exp0_next_shift};
      if (step) scaled_valid <= read_valid;
      if (step) scaled_last <= read_last;
      if (step) scaled_mask <= row_rdata[2];
      if (step) scaled_x0 <= exp0_scaled_next_bits;
      if (step) apart_valid <= scaled_valid;
      if (step) apart_last <= scaled_last;
      if (step) apart_mask <= scaled_mask;
      if (step) apart_x0 <= scaled_x0;
      if (step) exp_valid <= apart_valid;
      if (step) exp_last <= apart_last;
      if (step) exp_mask <= apart_mask;
      if (step) exp_x0 <= apart_x0;
      if (step) term0 <= exp0[18:0];
      if (step) sum0 <= sum0_next_lt ? sum0_next_sum[30:0] : 31'h7fffffff;
      if (step) sum_valid <= exp_valid;
      if (step) sum_last <= exp_last;
      if (step) sum_mask <= exp_mask;
      if (step) sum_x0 <= exp_x0;
      start <= enters;
      if (factor0_left_en_net) factor0_rest <= start ? 31'h0000000f : factor0_rest_next_sel;
      if (factor0_left_en_net) factor0_quotient <= start ? 27'h7ffffff : {factor0_quotient[25:0],
          ~factor0_quotient_next_lt};
      if (factor0_left_en_net) factor0_left <= start ? 5'h1b : factor0_left_next_diff;
      factor0_done <= (factor0_left == 5'h01) & (~start);
      if (step) sigmoid0 <= sigmoid0_next_prod;
      if (step) sigmoid_valid <= sum_valid;
      if (step) sigmoid_last <= sum_last;
      if (step) sigmoid_mask <= sum_mask;
      if (step) sigmoid_x0 <= sum_x0;
      if (step) y0 <= sigmoid_mask ? y0_next_prod : 11'd0;
      if (step) y_valid <= sigmoid_valid;
      if (step) y_last <= sigmoid_last;
      if (step) y_mask <= sigmoid_mask;
      if (advance) y_kept <= y0;
      if (advance) out_mask_kept <= y_mask;
      if (advance) out_last_kept <= y_last;
    end
  end

  integer row_i;
  initial for (row_i = 0; row_i < 256; row_i = row_i + 1) row[row_i] = 3'd0;
  always @(posedge clk) begin
    if (!rst && taken) row[index] <= {in_mask, x};
    row_rdata <= row[row_raddr_sel];
  end

  assign in_ready = loading;
  assign y = checked_sel;
  assign out_mask = checked_sel_2;
  assign out_last = checked_sel_3;
  assign out_valid = offers;

`ifdef NARROWGEN_ASSERT
  // a token that is not taken stays as it is, in the buffer
  reg asserted;
  reg [10:0] asserted_value;
  reg asserted_value_2;
  reg asserted_value_3;
  initial asserted = 1'b0;
  always @(posedge clk) begin
    asserted <= !rst && stalled;
    asserted_value <= checked_sel;
    asserted_value_2 <= checked_sel_2;
    asserted_value_3 <= checked_sel_3;
    if (!rst && asserted) begin
      assert (offers);
      assert (full);
      assert (asserted_value == checked_sel);
      assert (asserted_value_2 == checked_sel_2);
      assert (asserted_value_3 == checked_sel_3);
    end
  end
`endif
endmodule
`default_nettype wire
