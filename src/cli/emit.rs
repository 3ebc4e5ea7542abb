//! `narrowgen emit BLOCK …`: Verilog to standard output, or a complete folder with `-o`.
use super::{BlockMatches, Command, Context, Failure, with_blocks};
use crate::flow::{folder, manifest, testbench};
use crate::hdl::verilog;
use clap::{Arg, ArgMatches, value_parser};
use std::path::PathBuf;

/// The command.
pub const COMMAND: Command = Command {
    name: "emit",
    about: "Write the Verilog of a block, with manifest, file list and self-checking testbench",
    args: |c| with_blocks(c, options),
    run,
};

fn options(c: clap::Command) -> clap::Command {
    c.arg(
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help("Folder to write; without it the Verilog goes to standard output"),
    )
    .arg(
        Arg::new("tb-vectors")
            .long("tb-vectors")
            .value_name("N")
            .value_parser(value_parser!(u64).range(1..=1_000_000))
            .default_value("1000")
            .help("Most vectors in the testbench"),
    )
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let design = block.design()?;
    let rtl = verilog::print(&design);
    let Some(target) = args.get_one::<PathBuf>("output") else {
        if cx.json {
            let files: Vec<_> = rtl.iter().map(|f| (f.name.clone(), "verilog", f.text.clone().into_bytes())).collect();
            let manifest = manifest::manifest(block.as_ref(), &design, &files, manifest::certificate_of(&rtl));
            cx.object(&manifest);
        } else {
            rtl.iter().for_each(|f| cx.raw(&f.text));
        }
        return Ok(());
    };
    let vectors = args.get_one("tb-vectors").copied().unwrap_or(1000);
    let bench = testbench::make(block.as_ref(), &design, vectors).map_err(|e| Failure::usage(e, ""))?;
    let list: String = rtl.iter().map(|f| format!("{}\n", f.name)).collect();
    let mut files: Vec<(String, &'static str, Vec<u8>)> =
        rtl.iter().map(|f| (f.name.clone(), "verilog", f.text.clone().into_bytes())).collect();
    files.push(("rtl.f".into(), "filelist", list.into_bytes()));
    files.push((format!("{}.v", bench.module), "testbench", bench.verilog.into_bytes()));
    files.push((format!("{}.hex", bench.module), "vectors", bench.vectors.into_bytes()));
    let manifest = manifest::manifest(block.as_ref(), &design, &files, manifest::certificate_of(&rtl));
    let mut text = serde_json::to_string_pretty(&manifest).unwrap_or_default();
    text.push('\n');
    let mut all: Vec<(String, Vec<u8>)> = files.into_iter().map(|(name, _, contents)| (name, contents)).collect();
    all.push((folder::MARK.into(), text.into_bytes()));
    folder::write(target, &all).map_err(|e| Failure::usage(e, "name another folder with -o"))?;
    if cx.json {
        cx.object(&manifest);
    } else {
        cx.line(format!("{}: {}", target.display(), all.iter().map(|f| f.0.as_str()).collect::<Vec<_>>().join(" ")));
    }
    Ok(())
}
