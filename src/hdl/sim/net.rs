//! The gate network: every operator broken into one-bit gates, shared and simplified as they are made.
//!
//! A [`Lit`] is a gate's value or its complement, so inverters cost nothing: they are absorbed into
//! the gate that reads them. A gate is stored once ("hash consing"): asking twice gives the same literal.

/// A gate's value, or its complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lit(u32);

/// Constant 0.
pub const FALSE: Lit = Lit(0);
/// Constant 1.
pub const TRUE: Lit = Lit(1);

impl Lit {
    /// The value of a gate.
    pub fn of(gate: usize) -> Lit {
        Lit((gate as u32) << 1)
    }

    /// A constant.
    pub fn constant(value: bool) -> Lit {
        Lit(u32::from(value))
    }

    /// The gate behind it.
    pub fn gate(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// True if it stands for the complement of its gate.
    pub fn negated(self) -> bool {
        self.0 & 1 == 1
    }

    fn positive(self) -> Lit {
        Lit(self.0 & !1)
    }

    /// Complemented if `flip`.
    pub fn flip(self, flip: bool) -> Lit {
        Lit(self.0 ^ u32::from(flip))
    }
}

impl std::ops::Not for Lit {
    type Output = Lit;
    fn not(self) -> Lit {
        Lit(self.0 ^ 1)
    }
}

/// What a gate computes of its literals `a`, `b`, `c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A value from outside: constant 0, an input, register or memory bit, an output of a lookup.
    Leaf,
    /// A lookup in a constant table; its outputs are the leaves right behind it. `a` is its number, raw.
    Lookup,
    /// `a & b`.
    And,
    /// `a ^ b`, operands never complemented.
    Xor,
    /// `a ? b : c`; `a` and `b` never complemented.
    Mux,
    /// At least two of three; only `c` may be complemented.
    Maj,
    /// `a ^ b ^ c`, operands never complemented.
    Xor3,
}

/// One gate; unused operands are [`FALSE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// What it computes.
    pub kind: Kind,
    /// Operands.
    pub args: [Lit; 3],
}

impl Gate {
    /// Which of [`Net::lookups`] a [`Kind::Lookup`] is.
    pub fn lookup(&self) -> usize {
        self.args[0].0 as usize
    }
}

/// A table too large for multiplexers, read lane by lane.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Address, least significant bit first.
    pub addr: Vec<Lit>,
    /// Width of an entry in bits.
    pub width: u32,
    /// Which of [`Net::tables`].
    pub table: usize,
}

/// Gates in topological order; gate 0 is the constant 0.
#[derive(Debug)]
pub struct Net {
    /// All gates.
    pub gates: Vec<Gate>,
    /// Lookups.
    pub lookups: Vec<Lookup>,
    /// Contents of looked-up tables: entries from address 0, `ceil(width / 64)` words each.
    pub tables: Vec<Vec<u64>>,
    /// Recent gates by hash: hash above, gate number below, [`WAYS`] per bucket; 0 is empty. It forgets
    /// when full, so that it stays in the cache: repeats are nearly always close to each other.
    recent: Vec<u64>,
}

/// Places a hash can be at.
const WAYS: usize = 4;
/// Entries remembered.
const RECENT: usize = 1 << 16;

impl Default for Net {
    fn default() -> Self {
        let zero = Gate { kind: Kind::Leaf, args: [FALSE; 3] };
        Net { gates: vec![zero], lookups: Vec::new(), tables: Vec::new(), recent: vec![0; RECENT] }
    }
}

fn hash(g: &Gate) -> u64 {
    let [a, b, c] = g.args.map(|l| u64::from(l.0));
    let x = (a | b << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (c | (g.kind as u64) << 40).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let x = (x ^ x >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^ x >> 29
}

impl Net {
    /// A value from outside.
    pub fn leaf(&mut self) -> Lit {
        self.gates.push(Gate { kind: Kind::Leaf, args: [FALSE; 3] });
        Lit::of(self.gates.len() - 1)
    }

    /// A table read lane by lane; gives the bits of the entry.
    pub fn lookup(&mut self, lookup: Lookup) -> Vec<Lit> {
        let number = Lit(self.lookups.len() as u32);
        self.gates.push(Gate { kind: Kind::Lookup, args: [number, FALSE, FALSE] });
        let width = lookup.width;
        self.lookups.push(lookup);
        (0..width).map(|_| self.leaf()).collect()
    }

    fn gate(&mut self, kind: Kind, args: [Lit; 3]) -> Lit {
        let gate = Gate { kind, args };
        let hash = hash(&gate);
        let tag = hash & !0xffff_ffff;
        let number = self.gates.len();
        let bucket = &mut self.recent[hash as usize % (RECENT / WAYS) * WAYS..][..WAYS];
        for entry in &*bucket {
            let known = *entry as u32 as usize;
            if entry ^ tag == known as u64 && self.gates[known] == gate {
                return Lit::of(known);
            }
        }
        bucket[number % WAYS] = tag | number as u64;
        self.gates.push(gate);
        Lit::of(number)
    }

    /// Forgets the sharing table; no gate can be shared afterwards.
    pub fn seal(&mut self) {
        self.recent = Vec::new();
        self.gates.shrink_to_fit();
    }

    /// `a & b`.
    pub fn and(&mut self, a: Lit, b: Lit) -> Lit {
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        match (a, b) {
            (FALSE, _) => FALSE,
            (TRUE, b) => b,
            _ if a == b => a,
            _ if a == !b => FALSE,
            _ => self.gate(Kind::And, [a, b, FALSE]),
        }
    }

    /// `a | b`.
    pub fn or(&mut self, a: Lit, b: Lit) -> Lit {
        !self.and(!a, !b)
    }

    /// `a ^ b`.
    pub fn xor(&mut self, a: Lit, b: Lit) -> Lit {
        let flip = a.negated() ^ b.negated();
        let (a, b) = (a.positive(), b.positive());
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        let x = match (a, b) {
            (FALSE, b) => b,
            _ if a == b => FALSE,
            _ => self.gate(Kind::Xor, [a, b, FALSE]),
        };
        x.flip(flip)
    }

    /// `s ? a : b`.
    pub fn mux(&mut self, s: Lit, a: Lit, b: Lit) -> Lit {
        if s.negated() {
            return self.mux(!s, b, a);
        }
        if s == FALSE || a == b {
            return b;
        }
        if a == !b {
            return self.xor(s, b);
        }
        // An arm that equals the selector is a constant in its own branch.
        if a.gate() == s.gate() || a.gate() == 0 {
            let value = (a == TRUE) | (a == s);
            return if value { self.or(s, b) } else { self.and(!s, b) };
        }
        if b.gate() == s.gate() || b.gate() == 0 {
            let value = (b == TRUE) | (b == !s);
            return if value { self.or(!s, a) } else { self.and(s, a) };
        }
        let flip = a.negated();
        self.gate(Kind::Mux, [s, a.flip(flip), b.flip(flip)]).flip(flip)
    }

    /// `a ^ b ^ c`.
    pub fn xor3(&mut self, a: Lit, b: Lit, c: Lit) -> Lit {
        let flip = a.negated() ^ b.negated() ^ c.negated();
        let mut v = [a.positive(), b.positive(), c.positive()];
        v.sort_unstable();
        let x = match v {
            [FALSE, b, c] => self.xor(b, c),
            [a, b, c] if a == b => c,
            [a, b, c] if b == c => a,
            v => self.gate(Kind::Xor3, v),
        };
        x.flip(flip)
    }

    /// At least two of three.
    pub fn maj(&mut self, a: Lit, b: Lit, c: Lit) -> Lit {
        let mut v = [a, b, c];
        v.sort_unstable();
        let [a, b, c] = v;
        if a == b || a == !b {
            return if a == b { a } else { c };
        }
        if b == c || b == !c {
            return if b == c { b } else { a };
        }
        match a {
            FALSE => return self.and(b, c),
            TRUE => return self.or(b, c),
            _ => {}
        }
        // Majority is its own dual: with two or three complements, complement everything.
        let flip = v.iter().filter(|l| l.negated()).count() >= 2;
        v = v.map(|l| l.flip(flip));
        v.sort_unstable_by_key(|l| (l.negated(), *l));
        self.gate(Kind::Maj, v).flip(flip)
    }

    /// And of any number of bits.
    pub fn all(&mut self, bits: impl IntoIterator<Item = Lit>) -> Lit {
        bits.into_iter().fold(TRUE, |x, b| self.and(x, b))
    }

    /// Or of any number of bits.
    pub fn any(&mut self, bits: impl IntoIterator<Item = Lit>) -> Lit {
        bits.into_iter().fold(FALSE, |x, b| self.or(x, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(net: &Net, lit: Lit, leaves: &[bool]) -> bool {
        let g = net.gates[lit.gate()];
        let v = |i: usize| value(net, g.args[i], leaves);
        let x = match g.kind {
            Kind::Leaf => lit.gate() != 0 && leaves[lit.gate() - 1],
            Kind::And => v(0) & v(1),
            Kind::Xor => v(0) ^ v(1),
            Kind::Mux => {
                if v(0) {
                    v(1)
                } else {
                    v(2)
                }
            }
            Kind::Maj => u8::from(v(0)) + u8::from(v(1)) + u8::from(v(2)) >= 2,
            Kind::Xor3 => v(0) ^ v(1) ^ v(2),
            Kind::Lookup => unreachable!(),
        };
        x ^ lit.negated()
    }

    /// Every gate on every choice of operands (constants, variables, complements, repeats) means what it says.
    #[test]
    fn simplification_keeps_the_meaning() {
        let mut net = Net::default();
        let vars = [net.leaf(), net.leaf(), net.leaf()];
        let mut choices = vec![FALSE, TRUE];
        choices.extend(vars.iter().flat_map(|v| [*v, !*v]));
        let mut checked = 0;
        for &a in &choices {
            for &b in &choices {
                for &c in &choices {
                    let made =
                        [net.and(a, b), net.or(a, b), net.xor(a, b), net.mux(a, b, c), net.maj(a, b, c), net.xor3(a, b, c)];
                    for n in 0..8 {
                        let leaves = [n & 1 == 1, n & 2 == 2, n & 4 == 4];
                        let [x, y, z] = [a, b, c].map(|l| value(&net, l, &leaves));
                        let want = [x & y, x | y, x ^ y, if x { y } else { z }, (x & y) | (x & z) | (y & z), x ^ y ^ z];
                        assert_eq!(made.map(|l| value(&net, l, &leaves)), want, "{a:?} {b:?} {c:?} at {leaves:?}");
                        checked += 1;
                    }
                }
            }
        }
        assert_eq!(checked, 4096);
        for g in &net.gates {
            let neg = g.args.map(Lit::negated);
            let allowed = match g.kind {
                Kind::And => true,
                Kind::Mux | Kind::Maj => !neg[0] && !neg[1],
                _ => neg == [false; 3],
            };
            assert!(allowed, "{g:?} is not in normal form");
        }
    }
}
