//! Which inputs are replaced by a code.
use super::network::price;
use super::truth::{INPUTS, Truth};
use std::collections::BTreeMap;

/// Inputs that stand on both sides, at most.
const BOTH: usize = 2;

/// A set of inputs seen through a code by a group of functions.
pub(super) struct Split {
    /// Inputs of the functions besides the code.
    pub outside: Vec<u32>,
    /// Bits of the code, lowest first.
    pub codes: Vec<Truth>,
    /// Numbers of the functions.
    pub group: Vec<usize>,
    /// For each address of outside inputs and code, one that leads to it, without the outside part.
    stands: BTreeMap<usize, usize>,
}

impl Split {
    /// The function of outside inputs and code. Codes that do not occur are like the first of their kind.
    pub(super) fn rest(&self, f: Truth) -> Truth {
        let n = self.outside.len();
        let mask = self.outside.iter().fold(0usize, |all, i| all | 1 << i);
        Truth::new((n + self.codes.len()) as u32, |i| {
            let outside = self.outside.iter().enumerate().map(|(k, p)| (i >> k & 1) << p).sum::<usize>();
            // An input on both sides decides with the code which column it is.
            let code = i >> n;
            let key = |code: usize| code << INPUTS | outside;
            let stand = self.stands.get(&key(code)).or_else(|| self.stands.get(&key(0)));
            f.get(stand.map_or(0, |s| s & !mask) | outside)
        })
    }
}

/// How inputs are divided: addresses made of each part alone.
struct Sides {
    /// Of inputs seen as they are only.
    free: Vec<usize>,
    /// Of those seen as they are, and in the code.
    both: Vec<usize>,
    /// Of those seen in the code only.
    bound: Vec<usize>,
    /// Inputs seen as they are.
    outside: Vec<u32>,
}

impl Sides {
    /// Inputs of the code only.
    fn bound(&self) -> usize {
        self.bound.len().trailing_zeros() as usize
    }
}

/// Addresses with the bits of a number at some places.
fn spread(places: &[u32]) -> Vec<usize> {
    (0..1usize << places.len()).map(|i| places.iter().enumerate().map(|(n, p)| (i >> n & 1) << p).sum()).collect()
}

/// All of them, as far as one table makes a bit of the code.
fn all_sides(inputs: u32, limit: u32) -> impl Iterator<Item = Sides> {
    (0..3u32.pow(inputs)).filter_map(move |number| {
        let side = |i: &u32| number / 3u32.pow(*i) % 3;
        let count = |s: u32| (0..inputs).filter(|i| side(i) == s).count();
        let (bound, both) = (count(0), count(2));
        if bound < 2 || both > BOTH || bound + both > limit as usize {
            return None;
        }
        let of = |s: u32| spread(&(0..inputs).filter(|i| side(i) == s).collect::<Vec<u32>>());
        let outside = (0..inputs).filter(|i| side(i) > 0).collect();
        Some(Sides { free: of(1), both: of(2), bound: of(0), outside })
    })
}

/// A number for each of `both` × `bound`, the same for equal entries beside the same of `both`, and how many there are at most;
/// nothing if a code would have as many bits as what it stands for.
fn number<T: PartialEq>(sides: &Sides, entry: impl Fn(usize, usize) -> T) -> Option<(Vec<usize>, usize)> {
    let (both, bound) = (sides.both.len(), sides.bound.len());
    let (mut numbers, mut most) = (Vec::with_capacity(both * bound), 0);
    let mut seen: Vec<T> = Vec::new();
    for o in 0..both {
        seen.clear();
        for b in 0..bound {
            let entry = entry(o, b);
            let known = seen.iter().position(|s| *s == entry);
            numbers.push(known.unwrap_or(seen.len()));
            if known.is_none() {
                seen.push(entry);
            }
            if seen.len() > bound / 2 {
                return None;
            }
        }
        most = most.max(seen.len());
    }
    Some((numbers, most))
}

/// Columns of the chart of a function.
fn columns(sides: &Sides, f: Truth) -> Option<(Vec<usize>, usize)> {
    number(sides, |o, b| {
        let address = sides.both[o] | sides.bound[b];
        let bits = sides.free.iter().enumerate().map(|(n, x)| u64::from(f.get(x | address)) << n);
        bits.fold(0, |all, bit| all | bit)
    })
}

/// Columns of two charts side by side.
fn joined(sides: &Sides, x: &[usize], y: &[usize]) -> Option<(Vec<usize>, usize)> {
    let bound = sides.bound.len();
    number(sides, |o, b| (x[o * bound + b], y[o * bound + b]))
}

/// Bits that tell so many columns apart.
fn bits(columns: usize) -> usize {
    columns.next_power_of_two().trailing_zeros() as usize
}

/// The division that saves most, if any does.
pub(super) fn best(functions: &[Truth], inputs: u32, limit: u32) -> Option<Split> {
    let support: Vec<usize> = functions.iter().map(|f| f.support().len()).collect();
    let whole: Vec<u32> = support.iter().map(|n| price(*n, limit)).collect();
    let mut found: Option<(i64, Sides, Vec<usize>, Vec<usize>)> = None;
    for sides in all_sides(inputs, limit) {
        let outside = sides.outside.len();
        // Those with few columns first.
        let own = |(i, f): (usize, &Truth)| columns(&sides, *f).map(|(numbers, most)| (most, i, numbers));
        let mut order: Vec<(usize, usize, Vec<usize>)> = functions.iter().enumerate().filter_map(own).collect();
        order.sort_unstable();
        let (mut numbers, mut group): (Option<Vec<usize>>, Vec<usize>) = (None, Vec::new());
        let mut gain = i64::MIN;
        for (own, i, own_numbers) in order {
            if outside + bits(own) >= support[i] {
                continue;
            }
            let next = match &numbers {
                Some(numbers) => joined(&sides, numbers, &own_numbers),
                None => Some((own_numbers, own)),
            };
            let Some((next, most)) = next else { continue };
            let members = group.iter().copied().chain([i]);
            let before: u32 = members.clone().map(|g| whole[g]).sum();
            let after = members.count() as u32 * price(outside + bits(most), limit) + bits(most) as u32;
            let new = i64::from(before) - i64::from(after);
            if bits(most) < sides.bound() && new > gain {
                (numbers, gain) = (Some(next), new);
                group.push(i);
            }
        }
        if let Some(numbers) = numbers
            && gain > found.as_ref().map_or(0, |f| f.0)
        {
            found = Some((gain, sides, group, numbers));
        }
    }
    let (_, sides, group, numbers) = found?;
    Some(encode(sides, group, &numbers))
}

/// The split whose code is the number of a column.
fn encode(sides: Sides, group: Vec<usize>, numbers: &[usize]) -> Split {
    let width = bits(numbers.iter().max().map_or(0, |most| most + 1));
    let Sides { free, both, bound, outside } = sides;
    let mut codes = vec![Truth::ZERO; width];
    let mut stands = BTreeMap::new();
    for (o, there) in both.iter().enumerate() {
        for (b, inside) in bound.iter().enumerate() {
            let number = numbers[o * bound.len() + b];
            for x in &free {
                (0..width).filter(|k| number >> k & 1 == 1).for_each(|k| codes[k].set(x | there | inside));
                stands.entry(number << INPUTS | x | there).or_insert(x | there | inside);
            }
        }
    }
    // Inputs above those that there are repeat what is below.
    let used = free.len() * both.len() * bound.len();
    let codes = codes.iter().map(|c| Truth::new(used.trailing_zeros(), |i| c.get(i))).collect();
    Split { outside, codes, group, stands }
}
