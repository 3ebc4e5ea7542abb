//! `narrowgen list`: the blocks and their parameters.
use super::{Command, Context, Failure};
use crate::blocks::{REGISTRY, params};
use clap::ArgMatches;
use serde_json::json;

/// The command.
pub const COMMAND: Command = Command { name: "list", about: "List the blocks and their parameters", args: |c| c, run };

fn run(_: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    if cx.json {
        let blocks: Vec<_> = REGISTRY
            .iter()
            .map(|b| {
                let parameters: Vec<_> = b
                    .fields()
                    .iter()
                    .map(|f| json!({ "name": f.name, "flag": params::flag(f.name), "doc": f.doc, "allowed": f.allowed, "default": f.default }))
                    .collect();
                json!({ "block": b.name(), "doc": b.doc(), "parameters": parameters })
            })
            .collect();
        cx.object(&blocks);
        return Ok(());
    }
    for b in REGISTRY {
        cx.line(format!("{:<10} {}", b.name(), b.doc()));
        for f in b.fields() {
            cx.line(format!("  {:<18} {} ({}) [{}]", params::flag(f.name), f.doc, f.allowed, f.default));
        }
    }
    Ok(())
}
