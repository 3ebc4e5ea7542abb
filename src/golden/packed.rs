//! Blocks of GGUF files taken apart, byte by byte as `ggml-quants.c` of llama.cpp reads them.
//!
//! Each function gives the block's fields in a fixed order: codes, scale, offset, inner scales, inner offsets, where the
//! type has them; a field is the bits of an element and the elements in order.

/// Fields of a block.
pub type Fields = Vec<(u32, Vec<u64>)>;

/// A little-endian 16-bit word.
fn half(bytes: &[u8], at: usize) -> (u32, Vec<u64>) {
    (16, vec![u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))])
}

/// Nibbles of a half block each: the low ones of all bytes, then the high ones.
fn nibbles(qs: &[u8]) -> Vec<u64> {
    let low = qs.iter().map(|b| u64::from(b & 15));
    low.chain(qs.iter().map(|b| u64::from(b >> 4))).collect()
}

/// Nibbles with a fifth bit each from a 32-bit word.
fn fives(qs: &[u8], qh: &[u8]) -> Vec<u64> {
    let qh = u32::from_le_bytes([qh[0], qh[1], qh[2], qh[3]]);
    nibbles(qs).into_iter().enumerate().map(|(i, u)| u + 16 * u64::from(qh >> i & 1)).collect()
}

/// d, 32 nibbles.
pub fn q4_0(b: &[u8]) -> Fields {
    vec![(4, nibbles(&b[2..18])), half(b, 0)]
}

/// d, m, 32 nibbles.
pub fn q4_1(b: &[u8]) -> Fields {
    vec![(4, nibbles(&b[4..20])), half(b, 0), half(b, 2)]
}

/// d, fifth bits, 32 nibbles.
pub fn q5_0(b: &[u8]) -> Fields {
    vec![(5, fives(&b[6..22], &b[2..6])), half(b, 0)]
}

/// d, m, fifth bits, 32 nibbles.
pub fn q5_1(b: &[u8]) -> Fields {
    vec![(5, fives(&b[8..24], &b[4..8])), half(b, 0), half(b, 2)]
}

/// d, 32 bytes.
pub fn q8_0(b: &[u8]) -> Fields {
    vec![(8, b[2..34].iter().map(|q| u64::from(*q)).collect()), half(b, 0)]
}

/// The eight six-bit scales and minima in twelve bytes.
fn sixes(sc: &[u8]) -> [Vec<u64>; 2] {
    let sc: Vec<u64> = sc.iter().map(|b| u64::from(*b)).collect();
    let scale = |j: usize| if j < 4 { sc[j] & 63 } else { (sc[j + 4] & 15) | (sc[j - 4] >> 6) << 4 };
    let minimum = |j: usize| if j < 4 { sc[j + 4] & 63 } else { (sc[j + 4] >> 4) | (sc[j] >> 6) << 4 };
    [(0..8).map(scale).collect(), (0..8).map(minimum).collect()]
}

/// Nibbles of 64 elements in 32 bytes: 32 low ones, then 32 high ones.
fn pairs(qs: &[u8]) -> Vec<u64> {
    qs.chunks(32).flat_map(nibbles).collect()
}

/// d, dmin, scales, 256 nibbles.
pub fn q4_k(b: &[u8]) -> Fields {
    let [scales, minima] = sixes(&b[4..16]);
    vec![(4, pairs(&b[16..144])), half(b, 0), half(b, 2), (6, scales), (6, minima)]
}

/// d, dmin, scales, fifth bits, 256 nibbles.
pub fn q5_k(b: &[u8]) -> Fields {
    let [scales, minima] = sixes(&b[4..16]);
    let qh = &b[16..48];
    let codes = pairs(&b[48..176]).into_iter().enumerate().map(|(i, u)| u + 16 * u64::from(qh[i % 32] >> (i / 32) & 1));
    vec![(5, codes.collect()), half(b, 0), half(b, 2), (6, scales), (6, minima)]
}

/// 256 nibbles, upper two bits, scales, d.
pub fn q6_k(b: &[u8]) -> Fields {
    let (ql, qh) = (&b[..128], &b[128..192]);
    let code = |i: usize| {
        let (h, k, l) = (i / 128, (i % 128) / 32, i % 32);
        let byte = ql[64 * h + 32 * (k & 1) + l];
        let low = if k < 2 { byte & 15 } else { byte >> 4 };
        u64::from(low) | u64::from(qh[32 * h + l] >> (2 * k) & 3) << 4
    };
    let scales = b[192..208].iter().map(|s| u64::from(*s)).collect();
    vec![(6, (0..256).map(code).collect()), half(b, 208), (8, scales)]
}

/// X, 32 nibbles.
pub fn mxfp4(b: &[u8]) -> Fields {
    vec![(4, nibbles(&b[1..17])), (8, vec![u64::from(b[0])])]
}

/// Four scales, 4 × 16 nibbles.
pub fn nvfp4(b: &[u8]) -> Fields {
    let codes = b[4..36].chunks(8).flat_map(nibbles).collect();
    vec![(4, codes), (8, b[..4].iter().map(|d| u64::from(*d)).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_by_hand() {
        let mut block = vec![0u8; 22];
        (block[0], block[1], block[2], block[6], block[21]) = (0x34, 0x12, 0b0000_0010, 0xa5, 0xf0);
        let [(5, codes), (16, scale)] = &q5_0(&block)[..] else { panic!("fields") };
        assert_eq!((codes[0], codes[1], codes[16], codes[31], scale[0]), (5, 16, 10, 15, 0x1234));
        let [scales, minima] = sixes(&[0xc1, 0, 0, 0, 0x82, 0, 0, 0, 0x73, 0, 0, 0]);
        assert_eq!((scales[0], minima[0], scales[4], minima[4]), (1, 2, 0x33, 0x27));
    }
}
