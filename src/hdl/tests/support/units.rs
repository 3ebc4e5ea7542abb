//! Units beside their plain forms.
use narrowgen_hdl::arch::{Arch, Kind, Unit, lower};
use narrowgen_hdl::equal::{Verdict, equal};
use narrowgen_hdl::ir::*;
use narrowgen_hdl::text::print;
use narrowgen_hdl::verify::verify;

pub fn alone(m: Module) -> Design {
    Design { modules: vec![m], top: ModuleId(0), reset: Reset::None }
}

/// All architectures of the unit, against its plain form.
pub fn check(unit: &Unit) {
    assert!(!unit.architectures().is_empty(), "{}", unit.name());
    for arch in unit.architectures() {
        let built = unit.build(arch);
        verify(&built).unwrap_or_else(|e| panic!("{} {}: {e:?}", unit.name(), arch.name()));
        let verdict = equal(&alone(unit.plain()), &built, 1 << 26);
        assert!(matches!(verdict, Verdict::Equal(..)), "{} {}: {verdict:?}", unit.name(), arch.name());
    }
}

/// A design whose units are built as `choose` says, against the design; the names of what was built.
pub fn check_lowered(plain: &Design, choose: &dyn Fn(&Unit) -> Option<Arch>) -> Vec<String> {
    let built = lower(plain, choose);
    verify(&built).unwrap_or_else(|e| panic!("{e:?}\n{}{}", print(plain), print(&built)));
    let verdict = equal(plain, &built, 1 << 26);
    assert!(matches!(verdict, Verdict::Equal(..)), "{verdict:?}\n{}{}", print(plain), print(&built));
    let own = plain.modules.len();
    built.modules[..built.modules.len() - own].iter().map(|m| m.name.clone()).collect()
}

pub fn kinds(bits: impl Iterator<Item = u32> + Clone) -> Vec<Kind> {
    bits.flat_map(|bits| [false, true].map(|signed| Kind { bits, signed })).collect()
}
