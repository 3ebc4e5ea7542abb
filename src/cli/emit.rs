//! `narrowgen emit BLOCK …`: Verilog to standard output, or a complete folder with `-o`.
use super::{BlockMatches, Command, Context, Failure, clock, whole, with_blocks};
use crate::flow::package::{LARGE, VECTORS};
use crate::flow::{folder, manifest, package};
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
    let c = clock::options(clock::target(c)).next_help_heading(None);
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
            .value_parser(whole::<u64>(1..=1_000_000))
            .allow_negative_numbers(true)
            .help(format!("Most vectors in the testbench [default: {VECTORS}; beyond {LARGE} nodes no testbench]")),
    )
}

fn run(matches: &ArgMatches, cx: &Context) -> Result<(), Failure> {
    let BlockMatches { block, args } = BlockMatches::new(matches, cx)?;
    let block = clock::clocked(block, args)?;
    let design = block.printed()?;
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
    let vectors = args.get_one("tb-vectors").copied();
    let made =
        package::package(block.as_ref(), &design, vectors, manifest::certificate_of(&rtl)).map_err(|e| Failure::usage(e, ""))?;
    folder::write(target, &made.files).map_err(|e| Failure::usage(e, "name another folder with -o"))?;
    if cx.json {
        cx.object(&made.manifest);
    } else {
        cx.line(format!("{}: {}", target.display(), made.files.iter().map(|f| f.0.as_str()).collect::<Vec<_>>().join(" ")));
        made.manifest.omitted.iter().for_each(|why| cx.line(why));
    }
    Ok(())
}
