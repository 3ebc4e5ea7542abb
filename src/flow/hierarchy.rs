//! A design module by module: each with its direct submodules replaced by stubs of the same ports.
//!
//! Every output of a stub depends on every input without a register. So what a linter has to say of one module, it says of the module alone; and a
//! combinational loop of the whole is one of some module with stubs.
use super::unit::Unit;
use crate::hdl::verilog::File;
use std::collections::BTreeMap;

/// A module and the stubs it needs.
pub struct Part {
    /// The module.
    pub top: String,
    /// Its source, and those of the stubs.
    pub files: Vec<File>,
}

/// The text of a module, taken apart.
struct Module<'u> {
    file: &'u File,
    name: &'u str,
    /// From `module` to the end of the ports.
    header: &'u str,
    inputs: Vec<&'u str>,
    /// Range, empty if it is one bit, and name.
    outputs: Vec<(&'u str, &'u str)>,
}

impl<'u> Module<'u> {
    /// Of a file with one module, as the compiler prints it.
    fn read(file: &'u File) -> Option<Module<'u>> {
        let text = file.text.as_str();
        let start = text.find("\nmodule ")? + 1;
        let end = start + text[start..].find(");\n")? + 3;
        let (header, rest) = (&text[start..end], &text[end..]);
        if rest.contains("\nmodule ") || text.contains("`include") {
            return None;
        }
        let name = header.split_whitespace().nth(1)?;
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for line in header.lines().skip(1).filter(|l| l.trim() != ");") {
            let words: Vec<&str> = line.trim().trim_end_matches(',').split_whitespace().collect();
            match words[..] {
                ["input", "wire", name] | ["input", "wire", _, name] => inputs.push(name),
                ["output", "wire", name] => outputs.push(("", name)),
                ["output", "wire", range, name] => outputs.push((range, name)),
                _ => return None,
            }
        }
        Some(Module { file, name, header, inputs, outputs })
    }

    fn stub(&self) -> File {
        let inputs = self.inputs.join(", ");
        let assign = |(range, name): &(&str, &str)| {
            let width =
                range.trim_start_matches('[').split(':').next().and_then(|high| high.parse::<u64>().ok()).map_or(1, |h| h + 1);
            let value = if inputs.is_empty() { "1'd0".to_string() } else { format!("^{{{inputs}}}") };
            format!("  assign {name} = {{{width}{{{value}}}}};\n")
        };
        let assigns: String = self.outputs.iter().map(assign).collect();
        let text = format!("`default_nettype none\n{}{assigns}endmodule\n`default_nettype wire\n", self.header);
        File { name: self.file.name.clone(), text }
    }

    /// How often each of the modules is instantiated.
    fn children(&self, by_name: &BTreeMap<&str, usize>) -> BTreeMap<usize, u64> {
        let mut children = BTreeMap::new();
        let first_words = self.file.text.lines().filter_map(|l| l.split_whitespace().next());
        for child in first_words.filter_map(|word| by_name.get(word)) {
            *children.entry(*child).or_default() += 1;
        }
        children
    }
}

/// The modules of a unit with at least `least` instances in all; `None` if it has fewer or is not printed by the compiler.
pub fn parts(unit: &Unit, least: u64) -> Option<Vec<Part>> {
    if unit.files.len() < 2 {
        return None;
    }
    let modules: Vec<Module> = unit.files.iter().map(Module::read).collect::<Option<_>>()?;
    let by_name: BTreeMap<&str, usize> = modules.iter().enumerate().map(|(i, m)| (m.name, i)).collect();
    let children: Vec<BTreeMap<usize, u64>> = modules.iter().map(|m| m.children(&by_name)).collect();
    let top = *by_name.get(unit.top.as_str())?;
    // No design is deeper than it has modules.
    if instances(&children, top, modules.len())? < least {
        return None;
    }
    let part = |(m, children): (&Module, &BTreeMap<usize, u64>)| {
        let stubs = children.keys().map(|c| modules[*c].stub());
        Part { top: m.name.to_string(), files: std::iter::once(m.file.clone()).chain(stubs).collect() }
    };
    Some(modules.iter().zip(&children).map(part).collect())
}

/// Instances under a module, itself included.
fn instances(children: &[BTreeMap<usize, u64>], of: usize, depth: usize) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    children[of]
        .iter()
        .try_fold(1u64, |sum, (child, times)| Some(sum.saturating_add(times.saturating_mul(instances(children, *child, depth)?))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::find;
    use crate::flow::lint::lint_with;
    use crate::flow::tool::{Tool, for_tests};

    fn array(rows: &str) -> Unit {
        let params = [("rows", rows), ("cols", rows), ("dataflow", "weight"), ("pe_params", "a=int8,b=int8,acc=int32")];
        let params = params.map(|(n, v)| (n.to_string(), v.to_string()));
        let block = find("systolic").and_then(|b| b.configure(&params).ok()).expect("legal");
        Unit::from_design(&block.printed().expect("a design"))
    }

    #[test]
    fn every_module_once() {
        let unit = array("40");
        let parts = parts(&unit, 1 + 40 * (1 + 40 * 2)).expect("enough instances");
        assert!(super::parts(&unit, 2 + 40 * (1 + 40 * 2)).is_none());
        let mut tops: Vec<&str> = parts.iter().map(|p| p.top.as_str()).collect();
        tops.sort_unstable();
        tops.dedup();
        assert_eq!((tops.len(), parts.len()), (4, 4));
        assert!(parts.iter().all(|p| p.files.len() <= 2 && p.files.iter().all(|f| f.text.contains("endmodule"))));
    }

    /// A large array, and with a fault in each of its modules.
    #[test]
    fn large_arrays() {
        if !for_tests("large_arrays", &[Tool::Verilator]) {
            return;
        }
        let said = |unit: &Unit| lint_with(Tool::Verilator, std::slice::from_ref(unit)).expect("the linter runs").messages;
        let unit = array("128");
        let start = std::time::Instant::now();
        assert_eq!(said(&unit), Vec::<String>::new());
        let took = start.elapsed().as_secs_f64();
        println!("128 x 128: {took:.1} s");
        assert!(took < 60.0, "{took} s");
        // Smaller, as what is not clean is asked for again as a whole.
        let unit = array("24");
        for (i, file) in unit.files.iter().enumerate() {
            let mut faulty = unit.clone();
            faulty.files[i].text = file.text.replacen("endmodule", "  wire [3:0] nothing = 5'd17;\nendmodule", 1);
            assert!(said(&faulty).iter().any(|m| m.contains("nothing")), "{}", file.name);
        }
    }
}
