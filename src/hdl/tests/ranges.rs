//! Random DSL expressions beside the same mathematics on big integers: every signal has the value it
//! should have, inside the range the DSL tracks, raw and optimised. An unsound range cuts bits silently.
use narrowgen_hdl::pass::optimize;
use narrowgen_hdl::prelude::*;
use narrowgen_hdl::random::Stream;
use narrowgen_hdl::rows::Rows;
use narrowgen_hdl::sim::reference;
use num_traits::{One, Signed, Zero};
use proptest::prelude::*;

/// Vectors per design.
const VECTORS: usize = 12;

#[derive(Clone, Copy)]
enum Any<'b> {
    U(UInt<'b>),
    S(SInt<'b>),
    B(Bit<'b>),
}

/// A signal and its value in every vector.
type Item<'b> = (Any<'b>, Vec<BigInt>);

fn modulo(v: &BigInt, width: u32) -> BigInt {
    let m = BigInt::one() << width;
    ((v % &m) + &m) % m
}

fn signed(v: &BigInt, width: u32) -> BigInt {
    let low = modulo(v, width);
    if low.bit(u64::from(width - 1)) { low - (BigInt::one() << width) } else { low }
}

fn map(a: &[BigInt], f: impl Fn(&BigInt) -> BigInt) -> Vec<BigInt> {
    a.iter().map(f).collect()
}

fn map2(a: &[BigInt], b: &[BigInt], f: impl Fn(&BigInt, &BigInt) -> BigInt) -> Vec<BigInt> {
    a.iter().zip(b).map(|(x, y)| f(x, y)).collect()
}

fn flag(b: bool) -> BigInt {
    BigInt::from(u8::from(b))
}

struct Grow<'b> {
    m: Builder<'b>,
    u: Vec<(UInt<'b>, Vec<BigInt>)>,
    s: Vec<(SInt<'b>, Vec<BigInt>)>,
    b: Vec<(Bit<'b>, Vec<BigInt>)>,
    all: Vec<Item<'b>>,
}

impl<'b> Grow<'b> {
    fn keep(&mut self, any: Any<'b>, v: Vec<BigInt>) {
        match any {
            Any::U(x) if x.width() <= 150 => self.u.push((x, v.clone())),
            Any::S(x) if x.width() <= 150 => self.s.push((x, v.clone())),
            Any::B(x) => self.b.push((x, v.clone())),
            _ => return,
        }
        self.all.push((any, v));
    }

    fn step(&mut self, g: [u32; 4]) {
        let m = self.m;
        let at = |n: usize, c: u32| n - 1 - c as usize % n.min(8);
        let (x, vx) = self.u[at(self.u.len(), g[1])].clone();
        let (y, vy) = self.u[at(self.u.len(), g[2])].clone();
        let (p, vp) = self.s[at(self.s.len(), g[1])].clone();
        let (q, vq) = self.s[at(self.s.len(), g[2])].clone();
        let (c, vc) = self.b[at(self.b.len(), g[3])].clone();
        let (d, vd) = self.b[at(self.b.len(), g[2])].clone();
        let (w, pw) = (x.width(), p.width());
        let n = g[3];
        let pick = |a: &[BigInt], b: &[BigInt]| {
            (0..VECTORS).map(|i| if vc[i].is_zero() { b[i].clone() } else { a[i].clone() }).collect()
        };
        let small = y.wrap(y.width().min(1 + n % 7));
        let vsmall = map(&vy, |v| modulo(v, small.width()));
        let distance = |v: &BigInt| u32::try_from(v.clone()).unwrap_or(u32::MAX).min(1000);
        use Any::*;
        match g[0] % 46 {
            0 => self.keep(U(x + y), map2(&vx, &vy, |a, b| a + b)),
            1 => self.keep(S(x - y), map2(&vx, &vy, |a, b| a - b)),
            2 => self.keep(U(x * y), map2(&vx, &vy, |a, b| a * b)),
            3 => self.keep(S(p + q), map2(&vp, &vq, |a, b| a + b)),
            4 => self.keep(S(p - q), map2(&vp, &vq, |a, b| a - b)),
            5 => self.keep(S(p * q), map2(&vp, &vq, |a, b| a * b)),
            6 => self.keep(U(c.select(x, y)), pick(&vx, &vy)),
            7 => self.keep(S(c.select(p, q)), pick(&vp, &vq)),
            8 => self.keep(B(c.select(c, d)), pick(&vc, &vd)),
            9 => self.keep(U(x.min(y)), map2(&vx, &vy, |a, b| a.min(b).clone())),
            10 => self.keep(U(x & y), map2(&vx, &vy, |a, b| a & b)),
            11 => self.keep(U(x | y), map2(&vx, &vy, |a, b| a | b)),
            12 => self.keep(U(x ^ y), map2(&vx, &vy, |a, b| a ^ b)),
            13 => self.keep(U(!x), map(&vx, |a| (BigInt::one() << w) - 1 - a)),
            14 => {
                let (lo, hi) = (n % w, n % w + g[2] % (w - n % w));
                self.keep(U(x.slice(hi, lo)), map(&vx, |a| modulo(&(a >> lo), hi - lo + 1)));
            }
            15 => self.keep(B(x.bit(n % w)), map(&vx, |a| flag(a.bit(u64::from(n % w))))),
            16 => self.keep(U(x.zext(w + n % 9)), vx),
            17 => self.keep(S(p.sext(pw + n % 9)), vp),
            18 => self.keep(U(x.wrap(1 + n % 40)), map(&vx, |a| modulo(a, 1 + n % 40))),
            19 => self.keep(S(p.wrap(1 + n % 40)), map(&vp, |a| signed(a, 1 + n % 40))),
            20 => self.keep(U(x.saturate(1 + n % 40)), map(&vx, |a| a.min(&((BigInt::one() << (1 + n % 40)) - 1)).clone())),
            21 => {
                let half = BigInt::one() << (n % 40);
                self.keep(S(p.saturate(1 + n % 40)), map(&vp, |a| a.clamp(&-&half, &(&half - 1)).clone()));
            }
            22 => self.keep(U(x.shl_const(n % 9)), map(&vx, |a| a << (n % 9))),
            23 => self.keep(S(p.shl_const(n % 9)), map(&vp, |a| a << (n % 9))),
            24 => self.keep(U(x.trunc_low(n % w)), map(&vx, |a| a >> (n % w))),
            25 => self.keep(S(p.asr(n % 70)), map(&vp, |a| a >> (n % 70))),
            26 => self.keep(U(x.cat(y)), map2(&vx, &vy, |a, b| (a << y.width()) + b)),
            27 => self.keep(U(x.shr(small)), map2(&vx, &vsmall, |a, b| a >> distance(b))),
            28 => self.keep(U(x.shl(small)), map2(&vx, &vsmall, |a, b| modulo(&(a << distance(b)), w))),
            29 => self.keep(S(p.shr(small)), map2(&vp, &vsmall, |a, b| a >> distance(b))),
            30 => self.keep(B(x.any()), map(&vx, |a| flag(!a.is_zero()))),
            31 => self.keep(B(x.all_ones()), map(&vx, |a| flag(*a == (BigInt::one() << w) - 1))),
            32 => self.keep(B(x.parity()), map(&vx, |a| flag(a.magnitude().count_ones() % 2 == 1))),
            33 => self.keep(B(x.lt(y)), map2(&vx, &vy, |a, b| flag(a < b))),
            34 => self.keep(B(p.ge(q)), map2(&vp, &vq, |a, b| flag(a >= b))),
            35 => self.keep(B(p.eq(q)), map2(&vp, &vq, |a, b| flag(a == b))),
            36 => self.keep(U(p.abs()), map(&vp, |a| a.abs())),
            37 => self.keep(S(-p), map(&vp, |a| -a)),
            38 => self.keep(S(x.signed()), vx),
            39 => self.keep(S(x.as_sint()), map(&vx, |a| signed(a, w))),
            40 => self.keep(U(p.bits()), map(&vp, |a| modulo(a, pw))),
            41 => self.keep(B(p.is_negative()), map(&vp, |a| flag(a.is_negative()))),
            42 => {
                let values: Vec<BigUint> =
                    (0..1 + n % (1 << small.width())).map(|i| BigUint::from((i * 37 + g[1]) % 251)).collect();
                let read = |a: &BigInt| values.get(distance(a) as usize).map_or(BigInt::zero(), |v| BigInt::from(v.clone()));
                let v = map(&vsmall, read);
                self.keep(U(m.table("t", small, 8, &values)), v);
            }
            // Claims that hold on these vectors; the ranges then rely on them.
            43 => {
                let most = vx.iter().max().cloned().unwrap_or_default();
                let bits = (most.bits() as u32).max(1);
                if let Ok(hi) = u128::try_from(most) {
                    self.keep(U(x.at_most(hi)), vx.clone());
                }
                self.keep(U(x.narrow(bits)), vx);
            }
            44 => {
                let need =
                    vp.iter().map(|v| (if v.is_negative() { -v - 1u32 } else { v.clone() }).bits() as u32 + 1).max().unwrap_or(1);
                self.keep(S(p.narrow(need)), vp);
            }
            _ if vp.iter().all(|v| !v.is_negative()) => {
                let need = vp.iter().map(|v| v.bits() as u32).max().unwrap_or(1).max(1);
                self.keep(U(p.unsigned(need + n % 3)), vp);
            }
            _ => self.keep(U(c.uint()), vc),
        }
    }
}

fn check(genes: &[[u32; 4]], seed: u64) -> Result<(), TestCaseError> {
    let mut stream = Stream(seed);
    let widths: Vec<u32> = (0..6)
        .map(|i| if i >= 4 { 1 } else { 1 + stream.next() as u32 % if seed.is_multiple_of(5) { 70 } else { 12 } })
        .collect();
    let mut rows = Rows::new(&widths);
    for _ in 0..VECTORS {
        let row: Vec<BigUint> = widths.iter().map(|w| stream.value(*w)).collect();
        rows.push(&row);
    }
    let column = |c: usize| (0..VECTORS).map(|r| BigInt::from(rows.get(r, c))).collect::<Vec<_>>();
    let mut expected: Vec<Vec<BigInt>> = Vec::new();
    // Kind (signed or not) and bounds of every output.
    let mut kinds: Vec<(bool, Option<(i128, i128)>)> = Vec::new();
    let design = design("ranges", Reset::None, |m| {
        let mut g = Grow { m, u: vec![], s: vec![], b: vec![], all: vec![] };
        for (c, w) in widths.iter().copied().enumerate() {
            let name = format!("i{c}");
            match c {
                0 | 1 => g.keep(Any::U(m.uint_in(&name, w)), column(c)),
                2 | 3 => g.keep(Any::S(m.sint_in(&name, w)), map(&column(c), |v| signed(v, w))),
                _ => g.keep(Any::B(m.bit_in(&name)), column(c)),
            }
        }
        g.keep(Any::U(m.nat(5)), vec![BigInt::from(5); VECTORS]);
        g.keep(Any::S(m.int(-3)), vec![BigInt::from(-3); VECTORS]);
        genes.iter().for_each(|gene| g.step(*gene));
        for (i, (any, v)) in g.all.into_iter().enumerate() {
            let name = format!("y{i}");
            let (is_signed, bounds) = match any {
                Any::U(x) => (false, (m.output(&name, x), x.range().bounds()).1),
                Any::S(x) => (true, (m.output(&name, x), x.range().bounds()).1),
                Any::B(x) => (false, (m.output(&name, x), x.range().bounds()).1),
            };
            kinds.push((is_signed, bounds));
            expected.push(v);
        }
    })
    .map_err(|e| TestCaseError::fail(e.to_string()))?;
    for d in [design.clone(), optimize(&design)] {
        let out = reference::run(&d, &rows, 0).map_err(|e| TestCaseError::fail(e.text))?;
        for (c, ((is_signed, bounds), want)) in kinds.iter().zip(&expected).enumerate() {
            for (r, want) in want.iter().enumerate() {
                let code = BigInt::from(out.get(r, c));
                let got = if *is_signed { signed(&code, out.widths()[c]) } else { code };
                prop_assert_eq!(&got, want, "output y{} in row {}", c, r);
                if let Some((lo, hi)) = bounds {
                    prop_assert!(
                        got >= BigInt::from(*lo) && got <= BigInt::from(*hi),
                        "y{} = {} outside {}..={}",
                        c,
                        got,
                        lo,
                        hi
                    );
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn values_are_exact_and_inside_their_ranges(genes in prop::collection::vec(any::<[u32; 4]>(), 1..40), seed: u64) {
        check(&genes, seed)?;
    }
}
