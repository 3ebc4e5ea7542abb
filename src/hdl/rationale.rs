//! Why it is built this way. Each section is one decision, what it costs, and the roads not taken.
//!
//! # A builder on top, passes below
//!
//! Hardware is described by a Rust program that runs once and leaves a graph behind. Widths come
//! from the command line, so they are numbers at run time; kinds (unsigned, signed, one bit) are
//! Rust types, so mixing them does not compile. The graph is then rewritten by passes that know
//! nothing about Rust.
//!
//! *Not taken:* widths as const generics (`N + 1` does not exist on stable Rust, and a width chosen
//! on the command line cannot be a type); procedural macros or a language of its own (a second
//! parser, and error messages about generated code); a pure dataflow language with state added by a
//! scheduler (accumulators and arrays become awkward to say).
//!
//! # One forward sweep per pass
//!
//! Nodes stand in topological order, operands before users, and a pass copies them into a new module
//! through a constructor that shares and simplifies. There are no lists of users to keep up to date
//! and no dead entries to skip. What needs the other direction (which bits matter, what is used) is a
//! backward scan that fills a table first. The price is copying what does not change; a million
//! nodes still take a moment only.
//!
//! *Not taken:* rewriting in place with worklists (faster on small changes, much easier to get
//! wrong); equality graphs (a good tool for choosing among architectures, too heavy for cleaning up).
//!
//! # No implicit extension, one meaning
//!
//! Operands of an operator have equal widths; the DSL inserts extensions, as wiring. Products are the
//! exception: they take what they get, with signed and unsigned forms, because a synthesiser builds a
//! smaller multiplier from narrow operands than from extended ones. Shifting by the width or more
//! gives zeros or signs. There is no `x` and no division. So one evaluation function per operator is
//! the whole semantics, and the printed form is tested against it in two simulators.
//!
//! # Ranges, claims and assumptions
//!
//! Next to its width each signal carries the integers it can be. Sums and products are exactly as
//! wide as their ranges ask, so a sum of three small products needs no analysis afterwards.
//! Three verbs bring in knowledge that the ranges do not have:
//!
//! * `narrow`, `unsigned`, `at_most` **claim**. The claim is a one-bit node of the design; the
//!   simulator stops on the first vector that breaks it. Claims are dropped before printing, and with
//!   them the bits that only they looked at.
//! * `assume_…` **assumes**, unchecked: the bound holds wherever the result matters, and elsewhere any
//!   value will do (the exponent of an infinity, say, which a later `select` throws away). A check
//!   would fail on exactly those codes.
//! * `wrap`, `saturate`, `trunc_low` need no knowledge: they say what is lost.
//!
//! Ranges live in the DSL only. Passes may not use them, because an assumption does not hold on every
//! input, while each pass must keep the outputs for every input.
//!
//! # Facts and shared operators
//!
//! A bit that selects, masks or enables is known in what is used only there, and so is what follows from it: an equality rules out
//! other ones, a bound decides weaker ones. Synthesis finds this too, within logic; it does not look through a sum, a comparison
//! or a register, and there it pays.
//!
//! *Not taken:* one operator for two that are not needed together, as a matter of course. The pass `share` does it, and it is not
//! among those that always run: as a difference with its borrow, comparisons cost an integer GELU 7 tables more on iCE40 and took 8 off
//! on ECP5. A selected negation `c ? -x : x` as one sum takes 22 tables off a requantiser on 7-series (int16, half away), and adds 12
//! to fp16 to int8.
//!
//! # Unused bits
//!
//! Linters want every bit used. The `narrow` pass cuts values to the bits that matter, in the middle
//! too, through registers and memories. What remains are sums, products and shifts, whose low bits
//! are needed for their carries only: those are printed as `assign {sum, unused_sum} = a + b`.
//! Only ports, which are the interface, are gathered in one `unused_bits` wire.
//!
//! *Not taken:* lint pragmas (each tool has its own), and-ing unused bits everywhere (noise, and
//! logic that synthesis has to remove again).
//!
//! # Verilog style
//!
//! Verilog-2005, which every tool reads. One operator per wire: nesting lets the language's width and
//! sign rules change results, e.g. an arithmetic shift inside `?:` loses its sign if the other arm is
//! unsigned. Wiring, constants and single-use bit logic are printed in place, because they cannot be
//! changed so; so is what drives nothing but an output or a register. Wires are called what they are
//! called in the Rust source; an unnamed wire is named after what it feeds, so that adding one does
//! not rename the rest. Same design, same bytes: no dates, paths, hash order or threads show.
//!
//! # Architectures are measured, not modelled
//!
//! Blocks say `a * b`, `acc + a * b`, `x << n`. One pass ([`crate::arch`]) finds such units and gives each a module of its own in
//! one of a few architectures; which one, a table says that holds what synthesis really made of every unit in every
//! architecture on every target. No form wins everywhere: a 4 by 4 product is smallest as a table on 7-series, as rows on ECP5.
//! The nearest measured unit decides for widths in between; where operators left to synthesis are as small, they stay. A block that
//! was tuned as a whole overrules its units. With pipeline registers, products stay whole for the timing pass, which cuts
//! them into pairs of rows, unless the block was tuned for that clock: on ECP5 at 200 MHz a dot product of eight int4 pairs takes 216
//! registers so, and 751 with Booth rows, whose carries must wait for each other.
//!
//! Synthesis maps for delay first: it looks through a short code or a selected bit and builds a function of seven inputs twice over,
//! rather than one of six behind the code. Naming the net does not stop it; a module that keeps its hierarchy does
//! ([`crate::arch::Arch::Apart`], `sealed`): an E2M1 product takes 14 tables instead of 20, an exact E4M3 MAC 94 instead of 103
//! (Yosys 0.70, `synth_xilinx`). It is taken only where a block was tuned to it, since it costs levels.
//! Digits that carry into each other ([`crate::arch::Arch::Carried`]) are sealed for the same reason: the rows of an int8 product take
//! 91 tables on iCE40 with sealed digits and 109 without, where Booth's take 100.
//!
//! Every architecture is compared with its plain form on all inputs by `cargo xtask exhaustive`: products of 1 to 12 by 1 to 12 bits in
//! every mix of signs, squares up to 24 bits, other units in ranges in which all inputs together have at most 24 bits
//! (`fpga/results/exhaustive.csv` names them). For longer operands there is an argument and a sample. The argument: a product is a sum
//! of rows, one for each digit of a factor, whatever the length. (1) A row with its
//! carry, less what it owes, is digit · x · 4^i. Column k of it looks at x_k, x_(k-1) and the digit, and is the same function in every
//! column but the top two, which are the same functions of the top bits at every length; so what holds for all x of 8 bits and all
//! digits holds for longer ones: a column more adds digit · x_k · 2^k on both sides. (2) A chain, a tree or a column of bits
//! adds what it is given and drops nothing below the width: each sum is as wide as the largest value it can have, and a counter's
//! outputs weigh as much as its inputs. (3) All that is owed is one constant, added where the running sum is known to be 0, and by an
//! adder where it is not. The sample: `cargo xtask wide` compares units of 26 bits of input and more on 10^8 random inputs each
//! (`fpga/results/wide.csv`).
//!
//! Three products of half the length ([`crate::arch::Arch::Tiles`]) are never the smallest of what was measured, which ends at 32 by 32
//! bits: there they take 1.18 times the tables of the smallest on 7-series and 1.28 times on iCE40, below that more.
//!
//! Which counters make columns of bits lower may be asked of an integer linear program: the feature `ilp` of the crate adds the
//! architecture `planned`. Its count of tables is not what synthesis makes: an int8 product on 7-series, counted at 89, takes 102; with
//! full adders, counted at 135, it takes 108, with counters of six, counted at 130, 133, and as Booth rows 36. An int12 product takes
//! 264, 249, 308 and 78. Eight numbers of 16 bits take 152, with counters of six by rule 131: a plan may be worse as well. In
//! tables of six inputs a counter of six takes three tables for three bits, a table a bit, as a row in a carry chain does, whose table
//! forms the bit of the row as well. Of the lists and products measured it was the smallest only in the count of 32 bits: 29 tables
//! on 7-series (the next best, rows, 31), 60 on iCE40 (full adders 61), a cost of 91 on ECP5 (a tree 99); of 64 bits 75, where rows
//! take 63. So it is off by default, and `tune` tries it where it is built in.
//!
//! *Not taken:* a cost model of synthesis (it would have to predict how carry chains absorb logic, which decides); architectures
//! chosen by each block's author. On 7-series heaps of the units measured take two to three times the tables of rows; they win where
//! rows are short or single bits (`sum_8xs1` on iCE40, `mul_u3x3` on ECP5) and in gates.
//!
//! # Where registers go
//!
//! A block describes dataflow and state. Four steps turn it into a pipeline
//! ([`crate::timing::pipeline`]):
//!
//! 1. *Cut.* Registers can only stand between operators, so what is slower than a period becomes
//!    several operators. Sums become chunks that ripple from stage to stage, because a chain of sums wants its low
//!    bits early anyway; products become rows and a tree of adders. Loops through declared state are sliced the same way:
//!    an accumulator that wraps falls apart into one short loop per chunk. Pieces are chosen by the delays of single operators;
//!    if the estimate of the whole then misses the period, pieces are cut finer and the steps below are taken again.
//! 2. *Assign stages.* A stage number per operator under difference constraints, the register bits as
//!    cost. The constraint matrix is totally unimodular, so the integer optimum is that of the linear program. We descend
//!    by minimum cuts from the least solution, which for this class of functions ends in the optimum after a few steps; a
//!    general solver is needed only to check that.
//! 3. *Ask.* Which paths are too long is not a sum of operator delays: tables swallow several gates, carry chains overlap.
//!    So an estimator maps the bits of every stage to tables and chains, and each path that is too long becomes a constraint
//!    ("the last operator of this path is a stage after the first"), until none is left. Constraints are only ever added,
//!    so this ends.
//! 4. *Insert.* A register belongs to a range of bits and a boundary, whoever uses it. Wiring is done again where it is used,
//!    so padding is never stored.
//!
//! The period that is planned for is shorter than the one asked for, by the spread of placement that was measured for the part.
//!
//! *Not taken:* retiming by the synthesis tool (moves little, and hides where registers are); registers inside a block's
//! description (every block would have to know every part); pairwise delay constraints from a table of operator delays alone
//! (tried: 15 to 63 % off).
