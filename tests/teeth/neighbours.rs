//! Mutations of the golden model without rebuilding it: the hardware of one configuration against the
//! golden model of a neighbour that differs in one parameter. The check must report it, unless the
//! two are the same function, which is then proved.
use crate::points::{VECTORS, configure, printed};
use narrowgen::flow::check::check;
use narrowgen::flow::engine::Kind;
use narrowgen::flow::stimulus::{Method, Options};
use narrowgen::hdl::equal::{Verdict, equal};
use rayon::prelude::*;

/// Block, parameters of the hardware, and what the golden model is told instead, one at a time.
#[rustfmt::skip]
const NEIGHBOURS: &[(&str, &str, &[&str])] = &[
    ("convert", "from=fp16 to=e4m3fn", &[
        "round=rna", "round=rtz", "round=up", "round=down", "round=odd", "overflow=nonfinite", "subnormals_in=flush",
        "subnormals_out=flush", "nan_sign=positive", "to=e4m3b8-fn", "to=e4m3b6-fn", "to=e4m3", "to=e4m3fnuz", "to=e4m3-none",
        "to=e3m4", "to=e5m2", "to=p3109_k8p4se", "to=p3109_k8p4sf", "from=bf16", "from=e5m10b16-ieee", "from=e5m10-fn",
    ]),
    ("convert", "from=e5m4-ieee to=e4m3fn round=stochastic random_bits=3", &[
        "round=stochastic-rne", "round=stochastic-odd", "round=stochastic-mid",
    ]),
    ("convert", "from=bf16 to=e8m0fnu", &["ties=up", "round=rna", "round=up"]),
    ("convert", "from=fp16 to=e2m1fn", &["nan=max", "nan=flip-zero", "to=e2m1-ieee", "to=int4", "to=nf4", "to=e3m0-none"]),
    ("convert", "from=fp16 to=int8", &["overflow=wrap", "nan=max", "to=int8-sym", "to=int8-sm", "to=uint8", "to=mxint8", "round=rtz"]),
    ("convert", "from=fp32 to=bf16", &[
        "round=rna", "round=rtz", "round=up", "round=down", "round=odd", "overflow=saturate", "subnormals_in=flush",
        "subnormals_out=flush", "nan_sign=positive",
    ]),
    ("mul", "a=e4m3fn b=e4m3fn out=e4m3fn", &[
        "round=rna", "round=rtz", "round=up", "round=odd", "overflow=nonfinite", "subnormals_in=flush", "subnormals_out=flush",
        "a=e4m3b8-fn", "a=e4m3", "b=e4m3fnuz", "out=e4m3b8-fn", "out=e5m2", "out=e4m3-none",
    ]),
    ("mul", "a=bf16 b=bf16 out=fp32", &["round=rna", "round=rtz", "round=down", "overflow=saturate", "subnormals_in=flush", "subnormals_out=flush"]),
    ("mul", "a=int8 b=int8 out=int8", &["overflow=wrap", "a=int8-sym", "b=uint8", "out=int8-sm"]),
    ("dot", "a=e2m1fn b=e2m1fn lanes=2 sum=sequential sum_format=e3m2fn out=e3m2fn", &[
        "sum=tree", "round=rna", "round=rtz", "round=up", "round=odd", "subnormals_out=flush", "sum_format=e4m3fn", "a=int4",
    ]),
    ("dot", "a=e4m3fn b=e4m3fn lanes=4 out=fp16", &[
        "sum=sequential", "sum=tree", "sum=sequential sum_format=fp16", "sum=tree sum_format=bf16", "round=rtz", "overflow=saturate", "subnormals_in=flush",
        "b=e4m3",
    ]),
    ("mac", "a=e4m3fn b=e4m3fn acc=fp16", &["round=rna", "round=rtz", "round=up", "round=odd", "overflow=saturate", "a=e4m3b8-fn", "subnormals_in=flush", "acc=bf16"]),
    ("mac", "a=int8 b=int8 acc=int16", &["overflow=wrap", "acc=int16-sym", "a=mxint8", "b=uint8"]),
    ("mac", "a=e4m3fn b=e4m3fn terms=32", &["terms=31", "subnormals_in=flush", "b=e4m3b8-fn"]),
];

#[test]
fn golden_models_of_neighbours_are_told_apart() {
    let points: Vec<(&str, &str, &str)> =
        NEIGHBOURS.iter().flat_map(|(b, p, list)| list.iter().map(move |n| (*b, *p, *n))).collect();
    let fates: Vec<Result<String, String>> = points
        .par_iter()
        .map(|(block, params, change)| {
            let ours = configure(block, params)?;
            let theirs = configure(block, &format!("{params} {change}"))?;
            let widths =
                |b: &dyn narrowgen::blocks::Configured| b.ports().iter().map(|p| (p.name, p.input, p.bits)).collect::<Vec<_>>();
            if widths(&*ours) != widths(&*theirs) {
                return Err("the ports differ".into());
            }
            let design = printed(&*ours);
            let options = Options { vectors: VECTORS, seed: 1, exhaustive: false };
            let report = check(&*theirs, &design, &[Kind::Native], &options, &|_, _| {}).map_err(|e| e.to_string())?;
            let result = &report.results[0];
            if !report.passed() {
                return Ok(format!("{} of {} vectors differ", result.mismatches, result.vectors));
            }
            if result.method == Method::Exhaustive {
                return Ok(format!("EQUAL: on all {} inputs", result.vectors));
            }
            match equal(&design, &printed(&*theirs), 26) {
                Verdict::Equal(method, cases) => Ok(format!("EQUAL: {method:?}, {cases} cases")),
                verdict => Err(format!("not told apart by {} vectors, {verdict:?}", result.vectors)),
            }
        })
        .collect();
    let (mut told, mut equal) = (0, 0);
    let mut wrong = Vec::new();
    for ((block, params, change), fate) in points.iter().zip(&fates) {
        match fate {
            Ok(text) if text.starts_with("EQUAL") => {
                println!("{block} {params} | {change}: {text}");
                equal += 1;
            }
            Ok(_) => told += 1,
            Err(why) => wrong.push(format!("{block} {params} | {change}: {why}")),
        }
    }
    println!("{} neighbours: {told} told apart, {equal} proved equal", points.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(told >= 60, "{told}");
}
