//! Between rows and lanes: one word per vector on one side, one word per *bit* of 64 vectors on the other.
//!
//! Both directions are transpositions of square bit matrices by butterflies, done for `N` words side by
//! side so that the compiler vectorises them; narrow columns use small matrices (8, 16, 32 bits).

/// Room for the bits of one word of a column: `planes[bit][word]`, lane `64·word + i` in bit `i`.
pub type Planes<const N: usize> = [[u64; N]; 64];

fn side(bits: u32) -> usize {
    (bits.next_power_of_two() as usize).clamp(8, 64)
}

/// Transposes every `side`×`side` bit matrix. It is its own inverse.
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
    let side = side(bits);
    for plane in &mut p[bits as usize..side] {
        *plane = [0; N];
    }
    butterflies(p, side);
    let keep = u64::MAX >> (64 - side);
    if step == 1 && lanes == 64 * N {
        let out = &mut data[start..][..64 * N];
        for (w, out) in out.chunks_exact_mut(64).enumerate() {
            for (field, out) in out.chunks_exact_mut(side).enumerate() {
                for (r, out) in out.iter_mut().enumerate() {
                    *out = p[r][w] >> (field * side) & keep;
                }
            }
        }
        return;
    }
    for l in 0..lanes {
        data[start + l * step] = p[l % side][l / 64] >> (l % 64 / side * side) & keep;
    }
}

/// Reads planes from words: lane `l` comes from `data[start + l·step]`; lanes from `lanes` on are 0.
#[inline(always)]
pub fn from_rows<const N: usize>(p: &mut Planes<N>, bits: u32, lanes: usize, data: &[u64], start: usize, step: usize) {
    let side = side(bits);
    for plane in &mut p[..side] {
        *plane = [0; N];
    }
    for l in 0..lanes {
        p[l % side][l / 64] |= data[start + l * step] << (l % 64 / side * side);
    }
    butterflies(p, side);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize>(bits: u32, lanes: usize, step: usize) {
        let mut seed = 1u64;
        let data: Vec<u64> = (0..64 * N * step)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed ^ seed >> 29) & (u64::MAX >> (64 - bits))
            })
            .collect();
        let mut p = [[0; N]; 64];
        from_rows(&mut p, bits, lanes, &data, step - 1, step);
        for l in 0..64 * N {
            for bit in 0..bits as usize {
                let want = if l < lanes { data[step - 1 + l * step] >> bit & 1 } else { 0 };
                assert_eq!(p[bit][l / 64] >> (l % 64) & 1, want, "lane {l} bit {bit}");
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
            check::<8>(bits, 512, 1);
            check::<8>(bits, 300, 2);
        }
    }
}
