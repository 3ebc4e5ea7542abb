//! Codes out of the packed words of public checkpoints: wiring only.
//!
//! `--layout words`: `x` is `--words` words of `--word` bits, word 0 lowest, each holding word / bits codes; `--order` says where in the
//! word code 0 is, `--spread` whether neighbours share a word:
//!
//! | checkpoint | parameters |
//! |---|---|
//! | GPTQ, 2, 4, 8 bits | `--bits 4 --word 32 --order low` |
//! | GPTQ, 3 bits (three words) | `--bits 3 --word 96 --order low` |
//! | AWQ | `--bits 4 --word 32 --order awq` |
//! | bitsandbytes, DGQ: first code in the high nibble | `--bits 4 --word 8 --order high` |
//! | OCP MX and NVFP4 of torchao, Transformer Engine: in the low nibble | `--bits 4 --word 8 --order low` |
//! | MXFP6, four codes in three bytes | `--bits 6 --word 24 --order low` |
//! | BitNet of Hugging Face: bits 2i+1..2i of byte p are code p + i · words | `--bits 2 --word 8 --order low --spread slabs` |
//! | BitNet I2_S; HQQ of 1, 2, 4 bits | `--bits 2 --word 8 --order high --spread slabs` |
//! | HQQ, 3 bits | `--bits 3 --word 32 --order high --spread slabs` |
//!
//! `--layout split`: codes in two arrays, `high` with the upper `--split` bits of each and `low` with the rest (FP6 4+2: 2|4 or 4|2).
//!
//! The others are one block of a GGUF file, byte 0 lowest in `x`: `code`, `scale` (d, or X of `mxfp4`), `offset` (m or dmin), and for the
//! two-level types `sub_scale` and `sub_offset`. Combinational.
use super::params::{ParamError, ParamSet};
use super::{Block, Port};
use crate::formats::*;
use crate::golden::model::Model;
use crate::hdl::dsl::Builder;
use crate::{choices, params};

params! {
    /// Codes out of packed words.
    pub struct Unpack {
        /// arrangement of the codes
        layout: Layout = "words",
        /// bits of a code
        bits: u32 [1..=16] = "4",
        /// bits of a word
        word: u32 [1..=128] = "32",
        /// words
        words: u32 [1..=1024] = "1",
        /// place of the first code of a word
        order: Order = "low",
        /// neighbours of a code
        spread: Spread = "adjacent",
        /// upper bits of a code that are kept apart
        split: u32 [1..=15] = "2",
    }
}

choices! {
    /// Arrangement of the codes.
    pub enum Layout {
        /// Words of codes.
        Words = "words",
        /// Two arrays, of upper and lower bits.
        Split = "split",
        /// GGUF, 32 codes of 4 bits.
        Q4_0 = "q4_0",
        /// GGUF, 32 codes of 4 bits with an offset.
        Q4_1 = "q4_1",
        /// GGUF, 32 codes of 5 bits.
        Q5_0 = "q5_0",
        /// GGUF, 32 codes of 5 bits with an offset.
        Q5_1 = "q5_1",
        /// GGUF, 32 codes of 8 bits.
        Q8_0 = "q8_0",
        /// GGUF, 256 codes of 4 bits, 8 scales and offsets.
        Q4K = "q4_k",
        /// GGUF, 256 codes of 5 bits, 8 scales and offsets.
        Q5K = "q5_k",
        /// GGUF, 256 codes of 6 bits, 16 scales.
        Q6K = "q6_k",
        /// GGUF, 32 codes of E2M1.
        Mxfp4 = "mxfp4",
        /// GGUF, 64 codes of E2M1, 4 scales.
        Nvfp4 = "nvfp4",
    }
}

choices! {
    /// Place of the first code of a word.
    pub enum Order {
        /// In the low bits.
        Low = "low",
        /// In the high bits of what the codes occupy.
        High = "high",
        /// AWQ's interleaving of eight nibbles.
        Awq = "awq",
    }
}

choices! {
    /// Neighbours of a code.
    pub enum Spread {
        /// In the same word.
        Adjacent = "adjacent",
        /// In the next word, at the same place.
        Slabs = "slabs",
    }
}

impl Unpack {
    /// Codes in all.
    fn codes(&self) -> u32 {
        match self.layout {
            Layout::Words => self.words * (self.word / self.bits),
            Layout::Split => self.words,
            Layout::Q4K | Layout::Q5K | Layout::Q6K => 256,
            Layout::Nvfp4 => 64,
            _ => 32,
        }
    }

    /// Bytes of a GGUF block.
    fn bytes(&self) -> u32 {
        match self.layout {
            Layout::Words | Layout::Split => 0,
            Layout::Q4_0 => 18,
            Layout::Q4_1 => 20,
            Layout::Q5_0 => 22,
            Layout::Q5_1 => 24,
            Layout::Q8_0 => 34,
            Layout::Q4K => 144,
            Layout::Q5K => 176,
            Layout::Q6K => 210,
            Layout::Mxfp4 => 17,
            Layout::Nvfp4 => 36,
        }
    }
}

/// A built-in format by name.
fn format(name: &str) -> Format {
    <Format as super::params::ParamValue>::parse(name).expect("internal error: a built-in format")
}

impl Block for Unpack {
    const NAME: &'static str = "unpack";
    const DOC: &'static str = "codes out of the packed words of public checkpoints";

    fn validate(&self) -> Result<(), ParamError> {
        let used: &[&str] = match self.layout {
            Layout::Words => &["bits", "word", "words", "order", "spread"],
            Layout::Split => &["bits", "words", "split"],
            _ => &[],
        };
        let defaults = Unpack::default().values();
        for ((name, value), (_, default)) in self.values().into_iter().zip(defaults).skip(1) {
            if value != default && !used.contains(&name) {
                let with = if name == "split" { "--layout split" } else { "--layout words, split" };
                return Err(ParamError::new(name, format!("only used with {with}")));
            }
        }
        match self.layout {
            Layout::Words if self.bits > self.word => {
                Err(ParamError::new("bits", format!("a word of {} bits holds no code; allowed: 1..={}", self.word, self.word)))
            }
            Layout::Words if self.order == Order::Awq && (self.bits, self.word) != (4, 32) => {
                Err(ParamError::new("order", "`awq` needs --bits 4 --word 32; allowed else: low, high"))
            }
            Layout::Split if self.split >= self.bits => {
                Err(ParamError::new("split", format!("a code has {} bits; allowed: 1..={}", self.bits, self.bits.max(2) - 1)))
            }
            _ => Ok(()),
        }
    }

    fn ports(&self) -> Vec<Port> {
        let uint = |bits: u32| Format::Int(IntFormat { bits, kind: IntKind::Unsigned, lsb_exp: 0 });
        let n = self.codes();
        // Words have no format of their own.
        let words = Port { format: None, ..Port::operand("x", &uint(1), 1) };
        let mut ports = match self.layout {
            Layout::Words => vec![Port { bits: self.words * self.word, lanes: self.words, ..words }],
            Layout::Split => vec![
                Port::operand("high", &uint(self.split), n),
                Port::operand("low", &uint(self.bits - self.split), n),
            ],
            _ => vec![Port::operand("x", &uint(8), self.bytes())],
        };
        let out = |name: &'static str, format: Format, lanes: u32| Port::results(name, &format, lanes);
        let code = match self.layout {
            Layout::Words | Layout::Split => uint(self.bits),
            Layout::Q4_0 | Layout::Q4_1 | Layout::Q4K => uint(4),
            Layout::Q5_0 | Layout::Q5_1 | Layout::Q5K => uint(5),
            Layout::Q6K => uint(6),
            Layout::Q8_0 => format("int8"),
            Layout::Mxfp4 | Layout::Nvfp4 => format("e2m1fn"),
        };
        ports.push(out("code", code, n));
        let half = |name| out(name, format("fp16"), 1);
        match self.layout {
            Layout::Words | Layout::Split => {}
            Layout::Q4_0 | Layout::Q5_0 | Layout::Q8_0 => ports.push(half("scale")),
            Layout::Q4_1 | Layout::Q5_1 => ports.extend([half("scale"), half("offset")]),
            Layout::Q4K | Layout::Q5K => {
                ports.extend([half("scale"), half("offset"), out("sub_scale", uint(6), 8), out("sub_offset", uint(6), 8)]);
            }
            Layout::Q6K => ports.extend([half("scale"), out("sub_scale", format("int8"), 16)]),
            Layout::Mxfp4 => ports.push(out("scale", format("e8m0fnu"), 1)),
            Layout::Nvfp4 => ports.push(out("sub_scale", uint(8), 4)),
        }
        ports
    }

    fn rtl(&self, m: Builder<'_>) {
        rtl::build(self, m);
    }

    fn golden(&self) -> Box<dyn Model> {
        golden::model(self)
    }
}

mod rtl {
    use super::{Layout, Order, Spread, Unpack};
    use crate::hdl::prelude::*;

    pub fn build<'b>(p: &Unpack, m: Builder<'b>) {
        match p.layout {
            Layout::Words => {
                let x = m.uint_in("x", p.words * p.word);
                let per = p.word / p.bits;
                let place = |lane: u32| {
                    let (word, slot) = match p.spread {
                        Spread::Adjacent => (lane / per, lane % per),
                        Spread::Slabs => (lane % p.words, lane / p.words),
                    };
                    let slot = match p.order {
                        Order::Low => slot,
                        Order::High => per - 1 - slot,
                        // Column 2j is nibble j, column 2j + 1 nibble j + 4.
                        Order::Awq => slot / 2 + 4 * (slot % 2),
                    };
                    word * p.word + slot * p.bits
                };
                m.output("code", join((0..p.codes()).map(|i| x.slice(place(i) + p.bits - 1, place(i)))));
            }
            Layout::Split => {
                let (h, l) = (p.split, p.bits - p.split);
                let (high, low) = (m.uint_in("high", h * p.words), m.uint_in("low", l * p.words));
                let code = |i: u32| high.slice(h * (i + 1) - 1, h * i).cat(low.slice(l * (i + 1) - 1, l * i));
                m.output("code", join((0..p.words).map(code)));
            }
            _ => gguf(p, m),
        }
    }

    /// Lane 0 lowest.
    fn join<'b>(lanes: impl Iterator<Item = UInt<'b>>) -> UInt<'b> {
        lanes.reduce(|low, x| x.cat(low)).expect("internal error: no lanes")
    }

    fn gguf<'b>(p: &Unpack, m: Builder<'b>) {
        let x = m.uint_in("x", 8 * p.bytes());
        // Bits of the block from a byte and a bit on.
        let at = |byte: u32, bit: u32, bits: u32| x.slice(8 * byte + bit + bits - 1, 8 * byte + bit);
        let half = |byte: u32| at(byte, 0, 16);
        // Nibble i of two halves: low nibbles of `span` bytes, then their high ones.
        let nibble = |from: u32, span: u32, i: u32| at(from + i % span, 4 * (i / span % 2), 4);
        let pair = |from: u32, i: u32| at(from + 32 * (i / 64) + i % 32, 4 * (i / 32 % 2), 4);
        let sixes = |j: u32, offset: bool| match (j < 4, offset) {
            (true, false) => at(4 + j, 0, 6),
            (true, true) => at(4 + j + 4, 0, 6),
            // Upper two bits of the byte four before; the offset's are four bytes further.
            (false, false) => at(4 + j - 4, 6, 2).cat(at(4 + j + 4, 0, 4)),
            (false, true) => at(4 + j, 6, 2).cat(at(4 + j + 4, 4, 4)),
        };
        let code = |i: u32| match p.layout {
            Layout::Q4_0 => nibble(2, 16, i),
            Layout::Q4_1 => nibble(4, 16, i),
            Layout::Q5_0 => at(2 + i / 8, i % 8, 1).cat(nibble(6, 16, i)),
            Layout::Q5_1 => at(4 + i / 8, i % 8, 1).cat(nibble(8, 16, i)),
            Layout::Q8_0 => at(2 + i, 0, 8),
            Layout::Q4K => pair(16, i),
            Layout::Q5K => at(16 + i % 32, i / 32, 1).cat(pair(48, i)),
            Layout::Q6K => {
                let (h, k, l) = (i / 128, i % 128 / 32, i % 32);
                at(128 + 32 * h + l, 2 * k, 2).cat(at(64 * h + 32 * (k % 2) + l, 4 * (k / 2), 4))
            }
            Layout::Mxfp4 => nibble(1, 16, i),
            _ => nibble(4 + 8 * (i / 16), 8, i % 16),
        };
        m.output("code", join((0..p.codes()).map(code)));
        match p.layout {
            Layout::Q4_0 | Layout::Q5_0 | Layout::Q8_0 => m.output("scale", half(0)),
            Layout::Q4_1 | Layout::Q5_1 => {
                m.output("scale", half(0));
                m.output("offset", half(2));
            }
            Layout::Q4K | Layout::Q5K => {
                m.output("scale", half(0));
                m.output("offset", half(2));
                m.output("sub_scale", join((0..8).map(|j| sixes(j, false))));
                m.output("sub_offset", join((0..8).map(|j| sixes(j, true))));
            }
            Layout::Q6K => {
                m.output("scale", half(208));
                m.output("sub_scale", at(192, 0, 128));
            }
            Layout::Mxfp4 => m.output("scale", at(0, 0, 8)),
            _ => m.output("sub_scale", at(0, 0, 32)),
        }
    }
}

mod golden {
    use super::{Layout, Order, Spread, Unpack};
    use crate::golden::model::{Model, pure};
    use crate::golden::packed;
    use num_bigint::BigUint;

    pub fn model(p: &Unpack) -> Box<dyn Model> {
        let p = p.clone();
        let mask = |bits: u32| (BigUint::from(1u32) << bits) - 1u32;
        pure(move |inputs, outputs| match p.layout {
            Layout::Words => {
                let per = p.word / p.bits;
                let mut codes = vec![BigUint::ZERO; p.codes() as usize];
                for w in 0..p.words {
                    let word = (&inputs[0] >> (w * p.word)) & mask(p.word);
                    // The codes of the word, lowest bits first, and the place of each in the word's own order.
                    for i in 0..per {
                        let code = (&word >> (i * p.bits)) & mask(p.bits);
                        let place = match p.order {
                            Order::Low => i,
                            Order::High => per - 1 - i,
                            Order::Awq => [0, 2, 4, 6, 1, 3, 5, 7][i as usize],
                        };
                        let lane = match p.spread {
                            Spread::Adjacent => w * per + place,
                            Spread::Slabs => place * p.words + w,
                        };
                        codes[lane as usize] = code;
                    }
                }
                outputs.push(join(&codes, p.bits));
            }
            Layout::Split => {
                let low = p.bits - p.split;
                let part = |x: &BigUint, bits: u32, i: u32| (x >> (bits * i)) & mask(bits);
                let code = |i: u32| part(&inputs[0], p.split, i) * (BigUint::from(1u32) << low) + part(&inputs[1], low, i);
                outputs.push(join(&(0..p.words).map(code).collect::<Vec<_>>(), p.bits));
            }
            _ => {
                let mut bytes = inputs[0].to_bytes_le();
                bytes.resize(p.bytes() as usize, 0);
                let fields = match p.layout {
                    Layout::Q4_0 => packed::q4_0(&bytes),
                    Layout::Q4_1 => packed::q4_1(&bytes),
                    Layout::Q5_0 => packed::q5_0(&bytes),
                    Layout::Q5_1 => packed::q5_1(&bytes),
                    Layout::Q8_0 => packed::q8_0(&bytes),
                    Layout::Q4K => packed::q4_k(&bytes),
                    Layout::Q5K => packed::q5_k(&bytes),
                    Layout::Q6K => packed::q6_k(&bytes),
                    Layout::Mxfp4 => packed::mxfp4(&bytes),
                    _ => packed::nvfp4(&bytes),
                };
                for (bits, lanes) in fields {
                    outputs.push(join(&lanes.into_iter().map(BigUint::from).collect::<Vec<_>>(), bits));
                }
            }
        })
    }

    /// Lane 0 lowest.
    fn join(lanes: &[BigUint], bits: u32) -> BigUint {
        lanes.iter().rev().fold(BigUint::ZERO, |all, lane| (all << bits) | lane)
    }
}
