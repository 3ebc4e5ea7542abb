//! Words that cannot name anything.
use std::sync::LazyLock;

/// Verilog-2005 and SystemVerilog words, and C++ ones, for which Verilator (5.006, 5.048) warns SYMRSVDWORD.
/// Sorted, for binary search.
#[rustfmt::skip]
pub const RESERVED: &[&str] = &[
    "accept_on", "alias", "alignas", "alignof", "always", "always_comb", "always_ff", "always_latch", "and", "and_eq", "asm",
    "assert", "assign", "assume", "auto", "automatic", "before", "begin", "bind", "bins", "binsof", "bit", "bitand", "bitor",
    "bool", "break", "buf", "bufif0", "bufif1", "byte", "case", "casex", "casez", "catch", "cell", "chandle", "char",
    "char16_t", "char32_t", "checker", "class", "clocking", "co_await", "co_return", "co_yield", "compl", "concept",
    "config", "const", "const_cast", "consteval", "constexpr", "constinit", "constraint", "context", "continue", "cover",
    "covergroup", "coverpoint", "cross", "deassign", "decltype", "default", "defparam", "delete", "design", "disable",
    "dist", "do", "double", "dynamic_cast", "edge", "else", "end", "endcase", "endchecker", "endclass", "endclocking",
    "endconfig", "endfunction", "endgenerate", "endgroup", "endinterface", "endmodule", "endpackage", "endprimitive",
    "endprogram", "endproperty", "endsequence", "endspecify", "endtable", "endtask", "enum", "event", "eventually", "expect",
    "explicit", "export", "extends", "extern", "false", "final", "first_match", "float", "for", "force", "foreach",
    "forever", "fork", "forkjoin", "friend", "function", "generate", "genvar", "global", "goto", "highz0", "highz1", "if",
    "iff", "ifnone", "ignore_bins", "illegal_bins", "implements", "implies", "import", "incdir", "include", "initial",
    "inline", "inout", "input", "inside", "instance", "int", "integer", "interconnect", "interface", "intersect", "join",
    "join_any", "join_none", "large", "let", "liblist", "library", "local", "localparam", "logic", "long", "longint",
    "macromodule", "main", "matches", "medium", "modport", "module", "mutable", "namespace", "nand", "negedge", "nettype",
    "new", "nexttime", "nmos", "noexcept", "nor", "noshowcancelled", "not", "not_eq", "notif0", "notif1", "null", "nullptr",
    "operator", "or", "or_eq", "output", "package", "packed", "parameter", "pmos", "posedge", "primitive", "priority",
    "private", "program", "property", "protected", "public", "pull0", "pull1", "pulldown", "pullup", "pulsestyle_ondetect",
    "pulsestyle_onevent", "pure", "rand", "randc", "randcase", "randsequence", "rcmos", "real", "realtime", "ref", "reg",
    "register", "reinterpret_cast", "reject_on", "release", "repeat", "requires", "restrict", "return", "rnmos", "rpmos",
    "rtran", "rtranif0", "rtranif1", "s_always", "s_eventually", "s_nexttime", "s_until", "s_until_with", "scalared",
    "sequence", "short", "shortint", "shortreal", "showcancelled", "signed", "sizeof", "small", "soft", "solve", "specify",
    "specparam", "static", "static_cast", "string", "strong", "strong0", "strong1", "struct", "super", "supply0", "supply1",
    "switch", "sync_accept_on", "sync_reject_on", "table", "tagged", "task", "template", "this", "thread_local",
    "throughout", "throw", "time", "timeprecision", "timeunit", "tran", "tranif0", "tranif1", "tri", "tri0", "tri1",
    "triand", "trior", "trireg", "true", "try", "type", "typedef", "typeid", "typename", "union", "unique", "unique0",
    "unsigned", "until", "until_with", "untyped", "use", "using", "uwire", "var", "vectored", "virtual", "void", "volatile",
    "wait", "wait_order", "wand", "wchar_t", "weak", "weak0", "weak1", "while", "wildcard", "wire", "with", "within", "wor",
    "xnor", "xor", "xor_eq",
];

/// True if the word is reserved.
pub fn is_reserved(word: &str) -> bool {
    // Most words end with a length and a first letter that no reserved word has together.
    let first = |w: &str| w.bytes().next().map_or(0, |c| 1u32 << (c & 31));
    static FIRST: LazyLock<[u32; 32]> = LazyLock::new(|| {
        let mut table = [0; 32];
        RESERVED.iter().for_each(|w| table[w.len()] |= 1u32 << (w.as_bytes()[0] & 31));
        table
    });
    FIRST.get(word.len()).is_some_and(|letters| letters & first(word) != 0) && RESERVED.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_for_the_search() {
        assert!(RESERVED.windows(2).all(|w| w[0] < w[1]));
        assert!(is_reserved("reg") && is_reserved("double") && !is_reserved("prod"));
    }
}
