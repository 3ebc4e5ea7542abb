//! Between rows and lanes: one word per vector on one side, one word per *bit* of 64 vectors on the other.
//!
//! Both directions are transpositions of square bit matrices by butterflies, done for `N` words side by
//! side so that the compiler vectorises them; narrow columns use small matrices (8, 16, 32 bits).
#![allow(clippy::needless_range_loop)] // the index of a word runs across all planes

/// Room for the bits of one word of a column: `planes[bit][word]`, lane `64·word + i` in bit `i`.
pub type Planes<const N: usize> = [[u64; N]; 64];

fn side(bits: u32) -> usize {
    (bits.next_power_of_two() as usize).clamp(8, 64)
}

/// Transposes every `side`×`side` bit matrix. It is its own inverse.
#[inline(always)]
fn butterflies<const N: usize>(planes: &mut Planes<N>, side: usize) {
    let mut j = side / 2;
    while j > 0 {
        // Bits whose position has a 0 at weight j: 2j ones and zeros alternate in runs of j.
        let mask = u64::MAX / ((1u64 << j) + 1);
        let mut k = 0;
        while k < side {
            let (a, b) = (planes[k], planes[k + j]);
            let t: [u64; N] = std::array::from_fn(|w| ((a[w] >> j) ^ b[w]) & mask);
            planes[k] = std::array::from_fn(|w| a[w] ^ (t[w] << j));
            planes[k + j] = std::array::from_fn(|w| b[w] ^ t[w]);
            k = (k + j + 1) & !j;
        }
        j /= 2;
    }
}

/// Writes the low `bits` planes as words: lane `l` goes to `data[start + l·step]`. Destroys the planes.
#[inline(always)]
pub fn to_rows<const N: usize>(p: &mut Planes<N>, bits: u32, lanes: usize, data: &mut [u64], start: usize, step: usize) {
    match side(bits) {
        8 => to_rows_by::<N, 8>(p, bits, lanes, data, start, step),
        16 => to_rows_by::<N, 16>(p, bits, lanes, data, start, step),
        32 => to_rows_by::<N, 32>(p, bits, lanes, data, start, step),
        _ => to_rows_by::<N, 64>(p, bits, lanes, data, start, step),
    }
}

#[inline(always)]
fn to_rows_by<const N: usize, const S: usize>(
    p: &mut Planes<N>,
    bits: u32,
    lanes: usize,
    data: &mut [u64],
    start: usize,
    step: usize,
) {
    if lanes == 1 {
        data[start] = (0..bits as usize).fold(0, |x, b| x | (p[b][0] & 1) << b);
        return;
    }
    p[bits as usize..S].fill([0; N]);
    butterflies(p, S);
    let keep = u64::MAX >> (64 - S);
    for w in 0..lanes.div_ceil(64) {
        let column: [u64; S] = std::array::from_fn(|r| p[r][w]);
        let at = start + 64 * w * step;
        let here = (lanes - 64 * w).min(64);
        if step == 1 && here == 64 {
            for (field, out) in data[at..at + 64].chunks_exact_mut(S).enumerate() {
                for (out, word) in out.iter_mut().zip(&column) {
                    *out = word >> (field * S) & keep;
                }
            }
        } else {
            let mut cells = data[at..].iter_mut().step_by(step).take(here);
            for field in 0..64 / S {
                for word in &column {
                    let Some(cell) = cells.next() else { break };
                    *cell = word >> (field * S) & keep;
                }
            }
        }
    }
}

/// Reads planes from words: lane `l` comes from `data[start + l·step]`; lanes from `lanes` on are 0.
#[inline(always)]
pub fn from_rows<const N: usize>(p: &mut Planes<N>, bits: u32, lanes: usize, data: &[u64], start: usize, step: usize) {
    match side(bits) {
        8 => from_rows_by::<N, 8>(p, bits, lanes, data, start, step),
        16 => from_rows_by::<N, 16>(p, bits, lanes, data, start, step),
        32 => from_rows_by::<N, 32>(p, bits, lanes, data, start, step),
        _ => from_rows_by::<N, 64>(p, bits, lanes, data, start, step),
    }
}

#[inline(always)]
fn from_rows_by<const N: usize, const S: usize>(
    p: &mut Planes<N>,
    bits: u32,
    lanes: usize,
    data: &[u64],
    start: usize,
    step: usize,
) {
    if lanes == 1 {
        for (b, plane) in p[..bits as usize].iter_mut().enumerate() {
            *plane = [0; N];
            plane[0] = data[start] >> b & 1;
        }
        return;
    }
    for w in 0..N {
        let mut column = [0u64; S];
        let at = start + 64 * w * step;
        let here = lanes.saturating_sub(64 * w).min(64);
        if here == 64 && step == 1 {
            for (field, words) in data[at..at + 64].chunks_exact(S).enumerate() {
                for (word, x) in column.iter_mut().zip(words) {
                    *word |= x << (field * S);
                }
            }
        } else if here > 0 {
            let mut cells = data[at..].iter().step_by(step).take(here);
            for field in 0..64 / S {
                for word in &mut column {
                    let Some(x) = cells.next() else { break };
                    *word |= x << (field * S);
                }
            }
        }
        column.iter().zip(p.iter_mut()).for_each(|(x, plane)| plane[w] = *x);
    }
    butterflies(p, S);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>(bits: u32, lanes: usize, step: usize) {
        // `bits` planes come back whatever the rest of the buffer holds.
        let mut seed = 1u64;
        let data: Vec<u64> = (0..64 * N * step)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed ^ seed >> 29) & (u64::MAX >> (64 - bits))
            })
            .collect();
        let mut p = [[!0; N]; 64];
        from_rows(&mut p, bits, lanes, &data, step - 1, step);
        for l in 0..64 * N {
            for (bit, plane) in p[..bits as usize].iter().enumerate() {
                let want = if l < lanes { data[step - 1 + l * step] >> bit & 1 } else { 0 };
                assert_eq!(plane[l / 64] >> (l % 64) & 1, want, "lane {l} bit {bit}");
            }
        }
        let mut back = vec![0; data.len()];
        to_rows(&mut p, bits, lanes, &mut back, step - 1, step);
        assert!((0..lanes).all(|l| back[step - 1 + l * step] == data[step - 1 + l * step]));
    }

    #[test]
    fn both_ways_at_every_width() {
        for bits in 1..=64 {
            check::<1>(bits, 64, 1);
            check::<1>(bits, 5, 3);
            check::<1>(bits, 1, 2);
            check::<8>(bits, 512, 1);
            check::<8>(bits, 300, 2);
        }
    }
}
