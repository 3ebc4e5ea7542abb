//! The parameter points, and what the check compares at each.
use narrowgen::blocks::{self, Configured};
use narrowgen::flow::check::differing;
use narrowgen::flow::engine;
use narrowgen::flow::stimulus::{Options, Plan};
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::pass;
use narrowgen::hdl::rows::Rows;
use narrowgen::hdl::sim::Sim;

/// Parameter points whose hardware is mutated: every block, every family of formats, every rounding
/// mode, every policy; small enough to check in a moment.
#[rustfmt::skip]
pub const POINTS: &[(&str, &[&str])] = &[
    ("convert", &[
        "from=fp16 to=e4m3fn",
        "from=bf16 to=e5m2 round=rna",
        "from=fp16 to=e5m2 round=rtz overflow=saturate",
        "from=fp16 to=e4m3fnuz round=up",
        "from=e5m6-ieee to=e3m2fn round=down nan=max",
        "from=fp16 to=e2m1fn round=odd nan=flip-zero",
        "from=e5m2 to=e3m2-ieee round=stochastic random_bits=4",
        "from=e5m4-ieee to=e4m3fn round=stochastic-rne random_bits=3",
        "from=e5m4-ieee to=e4m3fn round=stochastic-odd random_bits=3",
        "from=e5m4-ieee to=e4m3fn round=stochastic-mid random_bits=2",
        "from=bf16 to=fp16 subnormals_in=flush subnormals_out=flush",
        "from=fp16 to=int8 round=rna",
        "from=e4m3 to=int4 overflow=wrap",
        "from=bf16 to=uint4-q1 round=down",
        "from=bf16 to=e8m0fnu",
        "from=fp16 to=e8m0fnu ties=up",
        "from=fp16 to=nf4",
        "from=nf4 to=e4m3fn",
        "from=fp16 to=p3109_k8p3se",
        "from=p3109_k8p4sf to=p3109_k6p2ue round=up",
        "from=int16 to=e4m3fn",
        "from=int8 to=int6-sm",
        "from=e8m0fnu to=e5m2",
        "from=e5m2 to=e4m3 nan_sign=positive",
        "from=fp32 to=bf16",
        "from=fp32 to=e4m3fn overflow=nonfinite",
        "from=fp32 to=int8",
    ]),
    ("mul", &[
        "a=e4m3fn b=e4m3fn out=e4m3fn",
        "a=e4m3fn b=e5m2 out=e5m2 overflow=saturate",
        "a=e5m2 b=e5m2 out=fp16 round=rtz",
        "a=e4m3fnuz b=e4m3fnuz out=e4m3fnuz round=rna",
        "a=e2m1fn b=e3m2fn out=e3m2fn round=up",
        "a=e3m2fn b=e3m2fn out=e4m3fn round=odd subnormals_out=flush",
        "a=e4m3fn b=e4m3fn out=bf16 subnormals_in=flush",
        "a=int8 b=int8 out=exact",
        "a=int8 b=int8 out=int8 overflow=wrap",
        "a=int4 b=e2m1fn out=e3m2fn round=down",
        "a=e4m3 b=e4m3 out=exact",
        "a=p3109_k8p3se b=p3109_k8p3se out=p3109_k8p3se",
        "a=e8m0fnu b=e4m3fn out=bf16",
        "a=nf4 b=int8 out=e5m2",
        "a=e2m3fn b=e2m3fn out=e4m3fn round=stochastic random_bits=6",
        "a=e3m0-ieee b=uint4 out=e3m0-ieee ties=up",
        "a=bf16 b=bf16 out=fp32",
        "a=fp16 b=fp16 out=fp16 round=stochastic-mid random_bits=8",
        "a=fp32 b=e4m3fn out=bf16",
    ]),
    ("dot", &[
        "a=e2m1fn b=e2m1fn lanes=2 out=exact",
        "a=e2m1fn b=e2m1fn lanes=3 out=e4m3fn",
        "a=int4 b=int4 lanes=2 out=exact",
        "a=int4 b=e2m1fn lanes=2 out=int5 round=down",
        "a=e2m1-ieee b=e2m1-ieee lanes=2 out=exact",
        "a=e2m1fn b=e2m1fn lanes=2 sum=sequential sum_format=e3m2fn out=e3m2fn",
        "a=e2m1fn b=e2m1fn lanes=3 sum=sequential sum_format=e4m3fn out=e4m3fn round=rtz",
        "a=e2m1fn b=e2m1fn lanes=3 sum=tree sum_format=e4m3fn out=e2m3fn round=up",
        "a=e3m2fn b=e2m1fn lanes=2 sum=tree sum_format=e5m2 out=e5m2 overflow=saturate",
        "a=e2m1-fnuz b=p3109_k4p2se lanes=2 sum=sequential sum_format=e3m1-ieee out=e3m1-ieee round=down",
        "a=e4m3fn b=e4m3fn lanes=4 out=fp32",
        "a=int8 b=int8 lanes=4 out=int32",
        "a=e5m2 b=e4m3 lanes=2 sum=sequential sum_format=fp16 out=e4m3fn",
        "a=e4m3fn b=e4m3fn lanes=4 sum=tree sum_format=bf16 out=bf16",
        "a=e3m2fn b=e3m2fn lanes=2 sum=tree sum_format=e5m6-ieee out=e4m3 round=stochastic random_bits=3",
    ]),
    ("mac", &[
        "a=e2m1fn b=e2m1fn terms=4",
        "a=e2m1-ieee b=e2m1-ieee terms=2",
        "a=e4m3fn b=e4m3fn terms=32",
        "a=e5m2 b=e5m2 terms=3",
        "a=int4 b=int4 acc=int8",
        "a=int4 b=int4 acc=int8 overflow=wrap",
        "a=int8 b=int8 terms=16",
        "a=e2m1fn b=e2m1fn acc=int8 round=rna",
        "a=e2m1fn b=e2m1fn acc=e4m3fn",
        "a=e2m1fn b=e3m2fn acc=e3m2fn round=down",
        "a=e2m1-ieee b=int4 acc=e3m4 round=rna",
        "a=e2m1fn b=ternary acc=p3109_k6p3se round=odd",
        "a=e2m1fn b=e2m1fn acc=e3m3-ieee round=stochastic random_bits=2",
        "a=e5m2 b=e5m2 acc=fp16",
        "a=e5m3-ieee b=e5m3-ieee acc=fp16",
        "a=e2m1fn b=e3m2fn acc=e3m4 round=rtz subnormals_out=flush",
    ]),
];

/// Input bits up to which every input is compared.
const EXHAUSTIVE: u32 = 16;
/// Vectors of a sampled comparison: more than `check` takes unless told, since a single one may tell a mutant apart.
pub const VECTORS: u64 = 300_000;

/// The block with `name=value` words set.
pub fn configure(block: &str, params: &str) -> Result<Box<dyn Configured>, String> {
    let params: Vec<(String, String)> =
        params.split_whitespace().filter_map(|w| w.split_once('=')).map(|(n, v)| (n.to_string(), v.to_string())).collect();
    blocks::find(block).ok_or("no such block")?.configure(&params).map_err(|e| e.to_string())
}

/// The design as it is printed: optimised, without claims, which only simulation sees.
pub fn printed(block: &dyn Configured) -> Design {
    let design = block.design().unwrap_or_else(|e| panic!("{}: {e}", block.module_name()));
    pass::optimize(&pass::run(&design, &["claims"], |_, _| {}).unwrap())
}

/// Inputs and expected outputs of one check, computed once.
pub struct Comparison {
    /// Chunks of inputs with what the golden model says.
    pub chunks: Vec<(Rows, Rows)>,
    /// Cycles of a run.
    pub sequence: usize,
}

impl Comparison {
    /// Every input up to [`EXHAUSTIVE`] input bits, else sampled. The check itself is exhaustive further
    /// (24 bits); sampling here is faster, and judges the sampling where the truth can be enumerated.
    pub fn new(block: &dyn Configured, vectors: u64) -> Comparison {
        let bits: u32 = block.ports().iter().filter(|p| p.input).map(|p| p.bits).sum();
        let options = Options { vectors, seed: 1, exhaustive: false };
        let plan = match bits <= EXHAUSTIVE {
            true => Plan::new(block, block.latency() > 0, &options),
            false => Plan::sampled(block, block.latency() > 0, &options),
        };
        Self::of(block, plan.unwrap_or_else(|e| panic!("{}: {e}", block.module_name())))
    }

    /// Sampled vectors, however few inputs there are.
    pub fn quick(block: &dyn Configured, vectors: u64) -> Comparison {
        let plan = Plan::sampled(block, block.latency() > 0, &Options { vectors, seed: 1, exhaustive: false });
        Self::of(block, plan.unwrap_or_else(|e| panic!("{}: {e}", block.module_name())))
    }

    fn of(block: &dyn Configured, plan: Plan) -> Comparison {
        let chunk = |c| {
            let rows = plan.chunk(c);
            let expected = engine::golden(block, &rows, plan.sequence);
            (rows, expected)
        };
        Comparison { chunks: (0..plan.chunks()).map(chunk).collect(), sequence: plan.sequence }
    }

    /// Vectors in all.
    pub fn vectors(&self) -> usize {
        self.chunks.iter().map(|(rows, _)| rows.len()).sum()
    }

    /// The first vector at which the design differs from the golden model.
    pub fn kills(&self, design: &Design) -> Option<usize> {
        let sim = Sim::new(design).unwrap_or_else(|e| panic!("{e}"));
        let mut before = 0;
        for (rows, expected) in &self.chunks {
            let found = sim.run(rows, self.sequence).unwrap_or_else(|e| panic!("{e}"));
            if let Some(row) = differing(expected, &found).first() {
                return Some(before + row);
            }
            before += rows.len();
        }
        None
    }
}
