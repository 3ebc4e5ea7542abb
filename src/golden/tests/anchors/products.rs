//! Products against numpy and ml_dtypes.
use crate::reader::*;
use narrowgen_golden::arith::multiply;
use narrowgen_golden::round::Rounder;

#[test]
fn all_files() {
    let mut formats = Formats::default();
    let mut score = Score::default();
    let mut rows = 0;
    for path in files("products") {
        let stem = path.trim_start_matches("products/").trim_end_matches(".csv.gz");
        let (a, b, same_format) = match stem.split_once("__x__") {
            Some((a, b)) => (a, b, false),
            None => {
                let name = stem.trim_end_matches("_all_pairs").trim_end_matches("_sample");
                (name, name, true)
            }
        };
        let (a, b) = (formats.get(a), formats.get(b));
        let mut results = vec![(3, formats.get("fp32")), (4, formats.get("bf16")), (5, formats.get("fp16"))];
        let mut columns = "a,b,exact_hexfloat,f32,bf16_rne,f16_rne".to_string();
        if same_format {
            results.push((6, a.clone()));
            columns += ",same_format_rne";
        }
        let results: Vec<(usize, Rounder)> =
            results.iter().map(|(at, f)| (*at, Rounder::new(f, ml_dtypes(f)).unwrap_or_else(|e| panic!("{e}")))).collect();
        let before = rows;
        rows += csv(&path, &columns, |row| {
            let product = multiply(&value(&a, hex(row[0])), &value(&b, hex(row[1])));
            let want = hexfloat(row[2]);
            score.check(product == want || product.is_nan() && want.is_nan(), || format!("{path} {row:?}: {product}"));
            for (at, rounder) in &results {
                let got = rounder.round_word(&product, 0).code;
                score.check(same(rounder.format(), true, got, hex(row[*at])), || format!("{path} {row:?}: {got:x}"));
            }
        });
        assert!(rows > before, "{path} has no rows");
    }
    assert_eq!(rows, 166_657);
    score.finish("products", 763_808, &[]);
}
