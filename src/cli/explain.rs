//! `narrowgen explain WHAT`: a block, a format, an error code, a policy, an exit code or the manifest.
use super::{Command, Context, Failure, formats, timing};
use crate::blocks::{self, params};
use crate::golden::names;
use crate::hdl::diag;
use clap::{Arg, ArgMatches};
use serde_json::json;

/// The command.
pub const COMMAND: Command = Command {
    name: "explain",
    about: "Explain a block, a format, an error code, `exit-codes`, `manifest`, or the timing of a block",
    args: |c| {
        let what = Arg::new("what").value_name("WHAT").required(true);
        c.arg(what.help("e.g. mac, e4m3fn, W002, exit-codes, manifest; or: timing BLOCK --fmax …"))
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
            .subcommand(timing::command())
    },
    run,
};

const EXIT_CODES: &[(u8, &str)] = &[
    (0, "good"),
    (1, "mismatch: outputs differ from the golden model, or a circuit broke its own claim"),
    (2, "usage: an argument, a file or a combination of parameters is not possible; the message names what is allowed"),
    (3, "tool: a tool is missing or failed; the message says what to run"),
    (4, "timing or fit: the design is too slow or too large for the part"),
];

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    if let Some((_, matches)) = matches.subcommand() {
        return timing::run(matches, cx);
    }
    let what = matches.get_one::<String>("what").map_or("", String::as_str);
    if let Some(b) = blocks::find(what) {
        return block(b, cx);
    }
    if let Some((code, text)) = diag::CODES.iter().find(|(c, _)| c.eq_ignore_ascii_case(what)) {
        if cx.json {
            cx.object(&json!({ "code": code, "text": text }));
        } else {
            cx.line(format!("{code}: {text}"));
        }
        return Ok(());
    }
    match what {
        "manifest" => {
            cx.object(&schemars::schema_for!(crate::flow::manifest::Manifest));
            Ok(())
        }
        "exit-codes" => {
            if cx.json {
                cx.object(&EXIT_CODES.iter().map(|(c, t)| json!({ "exit": c, "meaning": t })).collect::<Vec<_>>());
            } else {
                EXIT_CODES.iter().for_each(|(c, t)| cx.line(format!("{c}  {t}")));
            }
            Ok(())
        }
        _ => match names::parse(what) {
            Ok(format) => formats::show(&format, false, cx),
            Err(why) => Err(Failure::usage(
                format!("nothing is known about `{what}`"),
                format!(
                    "blocks: {}; error codes: {}; exit-codes; manifest; as a format: {why}",
                    blocks::REGISTRY.iter().map(|b| b.name()).collect::<Vec<_>>().join(", "),
                    diag::CODES.iter().map(|c| c.0).collect::<Vec<_>>().join(", ")
                ),
            )),
        },
    }
}

fn block(b: &dyn blocks::AnyBlock, cx: &Context) -> Result<(), Failure> {
    let configured = b.configure(&[])?;
    if cx.json {
        let ports = crate::flow::manifest::ports(configured.as_ref(), &configured.design()?);
        let parameters: Vec<_> = b
            .fields()
            .iter()
            .map(|f| json!({ "name": f.name, "flag": params::flag(f.name), "doc": f.doc, "allowed": f.allowed, "default": f.default }))
            .collect();
        cx.object(
            &json!({ "block": b.name(), "doc": b.doc(), "page": b.page(), "parameters": parameters, "default_ports": ports }),
        );
        return Ok(());
    }
    cx.line(format!("{}: {}\n\n{}", b.name(), b.doc(), b.page().trim_end()));
    cx.line("\nParameters");
    for f in b.fields() {
        cx.line(format!("  {:<18} {}\n{:21}{} [default: {}]", params::flag(f.name), f.doc, "", f.allowed, f.default));
    }
    cx.line("\nPorts with the default parameters");
    for p in configured.ports() {
        let format = p.format.as_ref().map(names::name).unwrap_or_default();
        let direction = if p.input { "in" } else { "out" };
        cx.line(format!("  {direction:<4}{:<12} {:>5} bits  {format}", p.name, p.bits));
    }
    cx.line(format!("\nLatency with the default parameters: {} cycles", configured.latency()));
    Ok(())
}
