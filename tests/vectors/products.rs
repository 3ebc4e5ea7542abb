//! Products against numpy and ml_dtypes, through `mul`: exact, rounded to other formats and to the operands' own.
use crate::judge::*;
use crate::reader::*;

#[test]
fn all_files() {
    let (mut formats, mut judge) = (Formats::default(), Judge::new("products"));
    for path in files("products") {
        let stem = path.trim_start_matches("products/").trim_end_matches(".csv.gz");
        let (a, b, same_format) = match stem.split_once("__x__") {
            Some((a, b)) => (a, b, false),
            None => {
                let name = stem.trim_end_matches("_all_pairs").trim_end_matches("_sample");
                (name, name, true)
            }
        };
        let mut results = vec![(3, "fp32"), (4, "bf16"), (5, "fp16")];
        let mut columns = "a,b,exact_hexfloat,f32,bf16_rne,f16_rne".to_string();
        if same_format {
            results.push((6, a));
            columns += ",same_format_rne";
        }
        let policies: Vec<_> = results.iter().map(|(_, to)| policy(&ml_dtypes(&formats.get(to)))).collect();
        let rows = csv(&path, &columns, |row| {
            let operands = codes([hex(row[0]), hex(row[1])]);
            let exact = [("a", a), ("b", b), ("out", "exact")];
            judge.job("mul", &exact).vector(&operands, Want::Exact(hexfloat(row[2])));
            for ((at, to), policy) in results.iter().zip(&policies) {
                let job = judge.job("mul", &with(&[("a", a), ("b", b), ("out", to)], policy));
                job.vector(&operands, Want::AnyNan(hex(row[*at])));
            }
        });
        judge.read(rows);
    }
    judge.finish(&Expected { rows: 166_657, compared: 763_808, verilator: (763_808, 763_808), left_out: &[] });
}
