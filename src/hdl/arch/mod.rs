//! Arithmetic architectures: products and sums of products turned into structures that are small
//! on the target, before printing.
//!
//! Blocks say `a * b`, `acc + a * b`, a sum, a multiple, a square or a quotient. [`lower`] finds these, asks which architecture each shall have,
//! and puts an instance of a module in its place, e.g. `mul_s8x8_booth`. A [`Unit`] says in plain operators what
//! such a module computes; every architecture of it is another description of the same function, and tests compare the two.
mod apart;
mod build;
mod carried;
mod chain;
mod coded;
mod cone;
mod factor;
mod form;
mod function;
mod graph;
mod heap;
mod lower;
mod patterns;
#[cfg(feature = "ilp")]
mod planned;
mod quotient;
mod scaled;
mod sealed;
mod square;
mod sum;
mod table;
mod tiles;
mod unit;

pub use coded::Magnitudes;
pub use form::Own;
pub use function::Function;
pub use lower::lower;
pub use quotient::Quotient;
pub use scaled::Scaled;
pub use square::Square;
pub use sum::Sum;
pub use unit::{Kind, Unit};

/// How a unit is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// Radix-4 Booth rows: two bits of a factor a row.
    Booth,
    /// Radix-4 rows of digits from -1 to 2, with a carry from digit to digit.
    Carried,
    /// A row for each bit of a factor.
    Rows,
    /// Three products of half the length.
    Tiles,
    /// Pairs of numbers, and pairs of pairs.
    Tree,
    /// The bits of bit rows as columns, made lower by full adders.
    Heap,
    /// The same with Booth rows.
    BoothHeap,
    /// The bits of bit rows as columns, made lower by counters of six bits.
    Counters,
    /// The same by counters that an integer linear program chooses.
    #[cfg(feature = "ilp")]
    Planned,
    /// Sums and differences of multiples by constants.
    Graph,
    /// A long division in tables of six inputs.
    Digits,
    /// A long division in tables of four inputs.
    ShortDigits,
    /// Truth tables of parts.
    Table,
    /// A short shift, then one by multiples of eight places with the sign in front of an adder.
    Grain,
    /// The same, and synthesis must not mix the two shifts.
    Cut,
    /// A shift as it is, and behind it a choice between the number and its negative.
    Late,
    /// A code for each number that has few values, and rows of functions of the code.
    Code,
    /// Tables of six inputs and selectors in modules of their own, which synthesis must not look into.
    Apart,
    /// Sums of as few products as there can be.
    Cover,
    /// Multiplexers of a decision diagram.
    Decision,
    /// Functions of at most six inputs behind codes of the others, in modules that synthesis must not look into.
    Six,
    /// The same with four inputs.
    Four,
}

impl Arch {
    /// All of them.
    pub const ALL: [Arch; 21 + cfg!(feature = "ilp") as usize] = [
        Arch::Booth,
        Arch::Carried,
        Arch::Rows,
        Arch::Tiles,
        Arch::Tree,
        Arch::Heap,
        Arch::BoothHeap,
        Arch::Counters,
        #[cfg(feature = "ilp")]
        Arch::Planned,
        Arch::Graph,
        Arch::Digits,
        Arch::ShortDigits,
        Arch::Table,
        Arch::Grain,
        Arch::Cut,
        Arch::Late,
        Arch::Code,
        Arch::Apart,
        Arch::Cover,
        Arch::Decision,
        Arch::Six,
        Arch::Four,
    ];

    /// Those that count the bits of columns six at a time.
    const COUNTING: &[Arch] = &[
        Arch::Counters,
        #[cfg(feature = "ilp")]
        Arch::Planned,
    ];

    /// True if it takes the last shift in front of the adder behind it.
    fn absorbs(self) -> bool {
        matches!(self, Arch::Grain | Arch::Cut | Arch::Apart)
    }

    /// True if it takes rows as columns of bits.
    fn counts(self) -> bool {
        matches!(self, Arch::Heap | Arch::BoothHeap) || Arch::COUNTING.contains(&self)
    }

    /// Its word on the command line and in module names.
    pub fn name(self) -> &'static str {
        match self {
            Arch::Booth => "booth",
            Arch::Carried => "carried",
            Arch::Rows => "rows",
            Arch::Tiles => "tiles",
            Arch::Tree => "tree",
            Arch::Heap => "heap",
            Arch::BoothHeap => "booth_heap",
            Arch::Counters => "counters",
            #[cfg(feature = "ilp")]
            Arch::Planned => "planned",
            Arch::Graph => "graph",
            Arch::Digits => "digits",
            Arch::ShortDigits => "short_digits",
            Arch::Table => "table",
            Arch::Grain => "grain",
            Arch::Cut => "cut",
            Arch::Late => "late",
            Arch::Code => "code",
            Arch::Apart => "apart",
            Arch::Cover => "cover",
            Arch::Decision => "decision",
            Arch::Six => "six",
            Arch::Four => "four",
        }
    }

    /// The architecture of that name.
    pub fn parse(word: &str) -> Option<Arch> {
        Arch::ALL.into_iter().find(|a| a.name() == word)
    }

    /// One line for headers.
    pub fn doc(self) -> &'static str {
        match self {
            Arch::Booth => "Booth rows: each adds -2, -1, 0, 1 or 2 times a factor to the running sum",
            Arch::Carried => {
                "rows: each adds -1, 0, 1 or 2 times a factor to the running sum, its digit with a carry from the one below"
            }
            Arch::Rows => "rows: each adds a factor or 0 to the running sum",
            Arch::Tiles => "three products of half the length, as Booth rows",
            Arch::Tree => "a tree of adders",
            Arch::Heap => "bit rows as columns of bits, which full adders make two rows of",
            Arch::BoothHeap => "Booth rows as columns of bits, which full adders make two rows of",
            Arch::Counters => "bit rows as columns of bits, which counters of six bits make three rows of",
            #[cfg(feature = "ilp")]
            Arch::Planned => "bit rows as columns of bits, which counters make two rows of that an integer linear program chose",
            Arch::Graph => "sums and differences of shifted multiples, as few as were found",
            Arch::Digits => "a long division: tables of six inputs give bits of the quotient and the next rest",
            Arch::ShortDigits => "a long division: tables of four inputs give bits of the quotient and the next rest",
            Arch::Table => "tables of at most six inputs",
            Arch::Grain => "a short shift, then one by multiples of eight places with the sign in front of the adder",
            Arch::Cut => {
                "a short shift whose result is kept, then one by multiples of eight places with the sign in front of the adder"
            }
            Arch::Late => "a shift as it is, and behind it a choice between the number and its negative",
            Arch::Code => {
                "codes of the values that a number can have: each adds a function of its code and sign to the running sum"
            }
            Arch::Apart => "functions of at most six inputs, their sources in modules that synthesis must not mix with the rest",
            Arch::Cover => "sums of as few products of inputs as there can be",
            Arch::Decision => "multiplexers of a decision diagram that all outputs share, in the order that makes it smallest",
            Arch::Six => "functions of at most six inputs, some of them codes of others from modules that synthesis must not mix",
            Arch::Four => {
                "functions of at most four inputs, some of them codes of others from modules that synthesis must not mix"
            }
        }
    }
}
