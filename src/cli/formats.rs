//! `narrowgen formats [NAME] [--table]`: the number formats, one format's facts, or every code with its value.
use super::{Command, Context, Failure};
use crate::blocks::params::ParamValue;
use crate::golden::decode::decode;
use crate::golden::format::Format;
use crate::golden::value::Value;
use crate::golden::{legal, names};
use clap::{Arg, ArgAction, ArgMatches};
use num_bigint::BigUint;
use serde_json::json;

/// The command.
pub const COMMAND: Command = Command {
    name: "formats",
    about: "List the number formats, or show one: range, special codes, policies, every code",
    args: |c| {
        c.arg(Arg::new("name").value_name("NAME").help("A format, e.g. e4m3fn, int8, e3m2b5-none, p3109_k8p3se")).arg(
            Arg::new("table").long("table").action(ArgAction::SetTrue).help("Print every code with its value (at most 16 bits)"),
        )
    },
    run,
};

/// Widest format whose codes are listed or searched, in bits.
const LISTED_BITS: u32 = 16;

/// A format from its name, as a command needs it.
pub fn parse(name: &str) -> Result<Format, Failure> {
    <Format as ParamValue>::parse(name).map_err(|e| Failure::usage(e, "narrowgen formats lists the named ones"))
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    match matches.get_one::<String>("name") {
        Some(name) => show(&parse(name)?, matches.get_flag("table"), cx),
        None if matches.get_flag("table") => Err(Failure::usage("--table needs a format", "narrowgen formats NAME --table")),
        None => {
            list(cx);
            Ok(())
        }
    }
}

fn list(cx: &Context) {
    let entries = names::catalogue();
    if cx.json {
        let all: Vec<_> =
            entries.iter().map(|e| json!({ "name": names::name(&e.format), "bits": e.format.bits(), "doc": e.doc })).collect();
        cx.object(&all);
        return;
    }
    for e in &entries {
        cx.line(format!("{:<18} {:>2} bits  {}", names::name(&e.format), e.format.bits(), e.doc));
    }
    cx.line("");
    cx.line("Others are spelled by their fields: e{E}m{M}[b{bias}]-{none|ieee|fn|fnuz} with E 1..=8 and M 0..=23,");
    cx.line("int{1..32}[-sym|-sm], uint{1..32}, p3109_k{bits}p{precision}{s|u}{e|f}. Names of ml_dtypes work with or without float8_ and the like.");
}

/// Facts about a format.
pub fn show(format: &Format, table: bool, cx: &Context) -> Result<(), Failure> {
    let name = names::name(format);
    if table && format.bits() > LISTED_BITS {
        return Err(Failure::usage(
            format!("{name} has 2^{} codes; --table prints formats of at most {LISTED_BITS} bits", format.bits()),
            "leave --table out for its range and special codes",
        ));
    }
    let facts = facts(format);
    let codes: Vec<(String, String)> = if table {
        (0..1u32 << format.bits()).map(|c| (hex(c.into(), format), decode(format, &BigUint::from(c)).to_string())).collect()
    } else {
        Vec::new()
    };
    if cx.json {
        let mut object: serde_json::Map<String, serde_json::Value> =
            facts.iter().map(|(k, v)| ((*k).to_string(), v.clone().into())).collect();
        if table {
            object.insert("codes".into(), codes.iter().map(|(c, v)| json!({ "code": c, "value": v })).collect());
        }
        cx.object(&object);
        return Ok(());
    }
    facts.iter().for_each(|(k, v)| cx.line(format!("{k:<16} {v}")));
    codes.iter().for_each(|(c, v)| cx.line(format!("{c}  {v}")));
    Ok(())
}

fn hex(code: u64, format: &Format) -> String {
    format!("{code:0>width$x}", width = format.bits().div_ceil(4) as usize)
}

/// Name and text of every fact; codes are found by looking, not by formula, where that is quick.
fn facts(format: &Format) -> Vec<(&'static str, String)> {
    let words = |list: Vec<String>| if list.is_empty() { "none".to_string() } else { list.join(" ") };
    let mut facts = vec![("name", names::name(format)), ("bits", format.bits().to_string())];
    match format {
        Format::Minifloat(m) => {
            facts.push(("exponent bits", m.exp_bits.to_string()));
            facts.push(("fraction bits", m.frac_bits.to_string()));
            facts.push(("bias", m.bias.to_string()));
        }
        Format::Int(i) => facts.push(("lsb weight", format!("2^{}", i.lsb_exp))),
        _ => {}
    }
    if format.bits() <= LISTED_BITS {
        let all: Vec<(u64, Value)> = (0..1u64 << format.bits()).map(|c| (c, decode(format, &BigUint::from(c)))).collect();
        let pick = |f: fn(&Value) -> bool| {
            let found: Vec<String> = all.iter().filter(|(_, v)| f(v)).map(|(c, _)| hex(*c, format)).collect();
            let more = found.len().saturating_sub(6);
            let mut shown: Vec<String> = found.into_iter().take(6).collect();
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            words(shown)
        };
        let mut numbers: Vec<_> = all.iter().filter_map(|(_, v)| v.exact()).collect();
        numbers.sort();
        let smallest = numbers.iter().filter(|x| !x.is_zero() && !x.is_negative()).min();
        facts.push(("largest", numbers.last().map_or("none".into(), ToString::to_string)));
        facts.push(("lowest", numbers.first().map_or("none".into(), ToString::to_string)));
        facts.push(("smallest > 0", smallest.map_or("none".into(), ToString::to_string)));
        facts.push(("zero codes", pick(Value::is_zero)));
        facts.push(("infinity codes", pick(|v| matches!(v, Value::Infinite { .. }))));
        facts.push(("NaN codes", pick(Value::is_nan)));
    }
    let list = |all: Vec<String>| all.join(" ");
    let rounds: Vec<String> = legal::rounds(format).iter().map(ToString::to_string).collect();
    let overflows: Vec<String> = legal::overflows(format).iter().map(ToString::to_string).collect();
    let nans: Vec<String> = legal::nans(format).iter().map(ToString::to_string).collect();
    facts.push(("--round", list(rounds)));
    facts.push(("--overflow", list(overflows)));
    facts.push(("--nan", if format.has_nan() { "has NaN".into() } else { list(nans) }));
    facts
}
