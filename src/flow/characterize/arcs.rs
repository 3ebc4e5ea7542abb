//! Delays of cells, from the arcs of slowest paths in the tool's reports.
use crate::flow::report::{Step, median};
use crate::hdl::timing::delay::DelayModel;

/// The pin of an end of a step: what follows the last dot.
fn pin(end: &str) -> &str {
    end.rsplit('.').next().unwrap_or(end)
}

/// True for pins of carry chains.
fn is_carry(end: &str) -> bool {
    matches!(pin(end), "COUT" | "CIN" | "FCO" | "FCI")
}

/// Delays seen, in picoseconds.
#[derive(Default)]
struct Seen {
    clk_to_q: Vec<f64>,
    lut: Vec<f64>,
    setup: Vec<f64>,
    carry_in: Vec<f64>,
    carry_out: Vec<f64>,
    /// Total time along carries, wires between them included, and number of carries.
    along: (f64, usize),
}

/// Sets the cell delays that the paths show; others stay as they are. `paths`: of all designs.
///
/// Two conventions differ between families. Where a register's setup includes its look-up table (the
/// path ends at an input of the table), the table is taken off, for the estimator counts it. A carry
/// that passes a table to become a sum counts as one delay, wire and table included.
pub fn cells<'a>(paths: impl Iterator<Item = &'a [Step]>, model: &mut DelayModel) {
    let mut seen = Seen::default();
    let mut through_table = Vec::new();
    for path in paths {
        walk(path, &mut seen, &mut through_table);
    }
    let set = |field: &mut f64, values: &[f64]| {
        if let Some(ps) = median(values) {
            *field = ps.round();
        }
    };
    set(&mut model.clk_to_q_ps, &seen.clk_to_q);
    set(&mut model.lut_ps, &seen.lut);
    set(&mut model.carry_in_ps, &seen.carry_in);
    set(&mut model.carry_out_ps, &seen.carry_out);
    if seen.along.1 > 0 {
        model.carry_bit_ps = (seen.along.0 / seen.along.1 as f64 * 10.0).round() / 10.0;
    }
    match median(&through_table) {
        Some(ps) if through_table.len() > seen.setup.len() => model.setup_ps = (ps - model.lut_ps).max(0.0).round(),
        _ => set(&mut model.setup_ps, &seen.setup),
    }
}

/// Sorts the steps of one path.
fn walk(path: &[Step], seen: &mut Seen, through_table: &mut Vec<f64>) {
    // Wire from a carry to a table on the way to a sum.
    let mut leaving: Option<f64> = None;
    for s in path {
        let ps = s.delay_ns * 1000.0;
        match (s.kind.as_str(), is_carry(&s.from), is_carry(&s.to)) {
            // Memories have outputs of other names, and other delays.
            ("clk-to-q", ..) if matches!(pin(&s.from), "O" | "Q" | "Q0" | "Q1") => seen.clk_to_q.push(ps),
            ("routing", true, true) => seen.along.0 += ps,
            ("routing", true, false) => leaving = Some(ps),
            ("logic", true, true) => {
                seen.along.0 += ps;
                seen.along.1 += 1;
            }
            ("logic", false, true) => seen.carry_in.push(ps),
            ("logic", true, false) => seen.carry_out.push(ps),
            ("logic", false, false) => match leaving.take() {
                Some(wire) => seen.carry_out.push(wire + ps),
                // Wide multiplexers are fitted.
                None if matches!(pin(&s.to), "O" | "F") => seen.lut.push(ps),
                None => {}
            },
            ("setup", ..) => match pin(&s.from) {
                "I0" | "I1" | "I2" | "I3" if leaving.is_none() => through_table.push(ps),
                "DI" | "M" | "D" => seen.setup.push(ps),
                _ => {}
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_of_an_adder_and_of_logic() {
        let step = |kind: &str, ns: f64, from: &str, to: &str| Step {
            kind: kind.into(),
            delay_ns: ns,
            from: format!("cell.part.{from}"),
            to: format!("other.{to}"),
        };
        // As the iCE40 tool reports them.
        let adder = [
            step("clk-to-q", 0.54, "O", "O"),
            step("routing", 0.6, "O", "I1"),
            step("logic", 0.26, "I1", "COUT"),
            step("routing", 0.0, "COUT", "CIN"),
            step("logic", 0.126, "CIN", "COUT"),
            step("routing", 0.2, "COUT", "CIN"),
            step("logic", 0.126, "CIN", "COUT"),
            step("routing", 0.26, "COUT", "I3"),
            step("logic", 0.315, "I3", "O"),
            step("routing", 0.6, "O", "I0"),
            step("setup", 0.47, "I0", "I0"),
        ];
        let logic = [step("clk-to-q", 0.54, "O", "O"), step("logic", 0.4, "I1", "O"), step("setup", 0.42, "I1", "I1")];
        let mut m = DelayModel::default();
        cells([&adder[..], &logic[..]].into_iter(), &mut m);
        assert_eq!((m.clk_to_q_ps, m.lut_ps, m.setup_ps), (540.0, 400.0, 45.0));
        assert_eq!((m.carry_in_ps, m.carry_bit_ps, m.carry_out_ps), (260.0, 226.0, 575.0));
    }
}
