//! Every architecture computes what its unit says, on every input.
use narrowgen_hdl::arch::{Kind, Unit};
use narrowgen_hdl::equal::{Verdict, equal};
use narrowgen_hdl::ir::*;
use narrowgen_hdl::verify::verify;

fn alone(m: Module) -> Design {
    Design { modules: vec![m], top: ModuleId(0), reset: Reset::None }
}

/// All architectures of the unit, against its plain form.
fn check(unit: &Unit) {
    for arch in unit.architectures() {
        let built = alone(unit.build(arch));
        verify(&built).unwrap_or_else(|e| panic!("{} {}: {e:?}", unit.name(), arch.name()));
        let verdict = equal(&alone(unit.plain()), &built, 1 << 26);
        assert!(matches!(verdict, Verdict::Equal(..)), "{} {}: {verdict:?}", unit.name(), arch.name());
    }
}

fn kinds(bits: impl Iterator<Item = u32> + Clone) -> Vec<Kind> {
    bits.flat_map(|bits| [false, true].map(|signed| Kind { bits, signed })).collect()
}

#[test]
fn products_to_8_by_8_in_every_mix_of_signs() {
    for a in kinds(1..=8) {
        for b in kinds(1..=8) {
            check(&Unit::Product { a, b });
        }
    }
}

#[test]
fn products_of_12_by_12() {
    for signed in [false, true] {
        let twelve = Kind { bits: 12, signed };
        check(&Unit::Product { a: twelve, b: twelve });
    }
}

#[test]
fn sums_with_a_product() {
    for a in kinds(1..=4) {
        for b in kinds(1..=4) {
            for width in [1, 2, 5, 7, 8, 9, 10, 12] {
                check(&Unit::Accumulate { a, b, width });
            }
        }
    }
}

#[test]
fn sums_of_products() {
    for a in kinds(1..=3) {
        for b in kinds(1..=3) {
            for (lanes, width) in [(2, 5), (2, 7), (3, 6), (3, 8)] {
                check(&Unit::Dot { a, b, lanes, width });
            }
        }
    }
}

#[test]
fn shifted_numbers() {
    let kind = |bits| Kind { bits, signed: false };
    for a in 1..=6 {
        for b in 1..=5 {
            for width in [a + 2, a + 7, a + 15, a + 31] {
                check(&Unit::Shift { a: kind(a), b: kind(b), width });
            }
        }
    }
    for (a, b, from, drop, width) in [(3, 2, 7, 0, 8), (3, 2, 7, 2, 9), (4, 3, 12, 1, 11), (2, 3, 10, 2, 10)] {
        check(&Unit::ShiftAdd { a: kind(a), b: kind(b), from, drop, width });
    }
}
