// Models of the Gowin multiplier blocks as Yosys infers them: no registers, no cascade.
// Ours, because the cell library of Yosys only declares them. Register modes have no parameters
// here, so a netlist that uses them does not elaborate.
module MULT9X9 (
  input  wire [8:0] A, SIA, B, SIB,
  input  wire ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
  output wire [17:0] DOUT
);
  wire [17:0] wide_a = {{9{ASIGN & A[8]}}, A};
  wire [17:0] wide_b = {{9{BSIGN & B[8]}}, B};
  assign DOUT = wide_a * wide_b;
endmodule

module MULT18X18 (
  input  wire [17:0] A, SIA, B, SIB,
  input  wire ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
  output wire [35:0] DOUT
);
  wire [35:0] wide_a = {{18{ASIGN & A[17]}}, A};
  wire [35:0] wide_b = {{18{BSIGN & B[17]}}, B};
  assign DOUT = wide_a * wide_b;
endmodule

module MULT36X36 (
  input  wire [35:0] A, B,
  input  wire ASIGN, BSIGN, CE, CLK, RESET,
  output wire [71:0] DOUT
);
  wire [71:0] wide_a = {{36{ASIGN & A[35]}}, A};
  wire [71:0] wide_b = {{36{BSIGN & B[35]}}, B};
  assign DOUT = wide_a * wide_b;
endmodule
