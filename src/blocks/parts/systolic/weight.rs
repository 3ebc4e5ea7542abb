//! Weight-stationary: each cell keeps a weight, what it multiplies passes through, and sums travel down.
use super::super::stream::{Skid, lanes, pack};
use super::{Array, Outcome, delay};
use crate::hdl::dsl::ModuleRef;
use crate::hdl::prelude::*;

/// Bits of a sum of results.
pub fn sum_bits(array: &Array, out: &Outcome) -> u32 {
    let growth = u32::BITS - (array.rows - 1).leading_zeros();
    match (out.flag, out.signed) {
        (true, _) => 1,
        (false, signed) => out.bits + u32::from(!signed) + growth,
    }
}

/// An element with its weight, and its share of the sums that come from above. A step later than the
/// operands the result is there, registered by the element or else here.
fn cell<'b>(array: &Array, m: Builder<'b>) {
    let (step, load, valid) = (m.bit_in("step"), m.bit_in("load"), m.bit_in("valid"));
    let element = m.import(array.element);
    let enable = (step & valid).named("enable");
    let mut inputs: Vec<(&str, Signal<'b>)> = Vec::new();
    for pin in &array.along {
        let value = m.uint_in(pin.name, pin.bits);
        let kept = m.state_uint(&format!("{}_q", pin.name), pin.bits, 0);
        kept.set_when(step, value);
        m.output(&format!("{}_next", pin.name), kept.get());
        inputs.push((pin.name, value.into()));
    }
    let loads = (step & load).named("loads");
    for pin in &array.down {
        let weight = m.state_uint(&format!("{}_weight", pin.name), pin.bits, 0);
        let old = m.state_uint(&format!("{}_q", pin.name), pin.bits, 0);
        weight.set_when(loads, m.uint_in(pin.name, pin.bits));
        old.set_when(loads, weight.get());
        m.output(&format!("{}_next", pin.name), old.get());
        inputs.push((pin.name, weight.get().into()));
    }
    inputs.extend(array.clear.map(|name| (name, m.high().into())));
    inputs.extend(array.enable.map(|name| (name, enable.into())));
    for (name, bit) in [("load", load), ("valid", valid)] {
        let kept = m.state_bit(&format!("{name}_q"), false);
        kept.set_when(step, bit);
        m.output(&format!("{name}_next"), kept.get());
    }
    let pe = m.instance(element, "pe", &inputs);
    for out in &array.outcomes {
        let value = pe.uint(out.name);
        let result = if array.enable.is_some() {
            value
        } else {
            let kept = m.state_uint(&format!("{}_result", out.name), out.bits, 0);
            kept.set_when(enable, value);
            kept.get()
        };
        let bits = sum_bits(array, out);
        let above = m.uint_in(&format!("{}_above", out.name), bits);
        let sum = m.state_uint(&format!("{}_sum", out.name), bits, 0);
        let next = match (out.flag, out.signed) {
            (true, _) => above | result,
            (false, true) => (above + result.as_sint().sext(bits).bits()).wrap(bits),
            (false, false) => (above + result.zext(bits)).wrap(bits),
        };
        sum.set_when(step, next);
        m.output(out.name, sum.get());
    }
    array.output_ready(m, &pe);
}

/// A row of cells.
fn row<'b>(array: &Array, cell: ModuleRef, m: Builder<'b>) {
    let (step, load, valid) = (m.bit_in("step"), m.bit_in("load"), m.bit_in("valid"));
    let mut along: Vec<(&str, Signal<'b>)> = vec![("load", load.into()), ("valid", valid.into())];
    along.extend(array.along.iter().map(|p| (p.name, m.uint_in(p.name, p.bits).into())));
    let wide = |name: &str, bits: u32| lanes(m.uint_in(name, bits * array.cols), bits);
    let mut down: Vec<(String, Vec<UInt>)> = array.down.iter().map(|p| (p.name.to_string(), wide(p.name, p.bits))).collect();
    down.extend(array.outcomes.iter().map(|o| {
        let name = format!("{}_above", o.name);
        let lanes = wide(&name, sum_bits(array, o));
        (name, lanes)
    }));
    let mut cells = Vec::new();
    for c in 0..array.cols as usize {
        let mut inputs = along.clone();
        inputs.push(("step", step.into()));
        inputs.extend(down.iter().map(|(name, lanes)| (name.as_str(), Signal::from(lanes[c]))));
        let cell = m.instance(cell, &format!("cell{c}"), &inputs);
        along = vec![("load", cell.bit("load_next").into()), ("valid", cell.bit("valid_next").into())];
        along.extend(array.along.iter().map(|p| (p.name, cell.uint(&format!("{}_next", p.name)).into())));
        cells.push(cell);
    }
    let all = |name: &str| pack(&cells.iter().map(|cell| cell.uint(name)).collect::<Vec<_>>());
    for pin in &array.down {
        let name = format!("{}_next", pin.name);
        m.output(&name, all(&name));
    }
    array.outcomes.iter().for_each(|o| m.output(o.name, all(o.name)));
    if array.waits() {
        m.output("ready", all("ready").all_ones());
    }
}

/// The array: a token with `load` moves the weights a row down, any other one gives a token of sums.
pub fn build<'b>(array: &Array, m: Builder<'b>) {
    let cell = m.module(&array.module("cell"), |n| cell(array, n));
    let row = m.module(&array.module(&format!("row{}", array.cols)), |n| row(array, cell, n));
    let along: Vec<Vec<UInt>> = array.along.iter().map(|p| lanes(m.uint_in(p.name, p.bits * array.rows), p.bits)).collect();
    let top: Vec<Vec<UInt>> = array.down.iter().map(|p| lanes(m.uint_in(p.name, p.bits * array.cols), p.bits)).collect();
    let (load, in_last, in_valid) = (m.bit_in("load"), m.bit_in("in_last"), m.bit_in("in_valid"));

    // A step takes a token or moves those that are on their way; `line` says which steps had one with operands.
    let stages = array.rows + array.cols - 1;
    let skid = Skid::new(m);
    let line_q = m.state_uint("line", stages, 0);
    let offered_q = m.state_bit("offered", false);
    let settled_q = array.waits().then(|| m.state_bit("settled", true));
    let settled = settled_q.map_or_else(|| m.high(), |q| q.get());
    wires! {
        let in_ready = skid.advance() & settled;
        let taken = in_ready & in_valid;
        let step = taken | (in_ready & line_q.get().any());
        let loads = taken & load;
        let valid = taken & !load;
    }
    let line = if stages == 1 { valid.uint() } else { line_q.get().slice(stages - 2, 0).cat(valid.uint()) };
    line_q.set_when(step, line);
    offered_q.set_when(skid.advance(), step & line_q.get().bit(stages - 1));

    let mut down: Vec<UInt<'b>> = Vec::new();
    for (pin, lanes) in array.down.iter().zip(&top) {
        let skewed = |(c, lane): (usize, &UInt<'b>)| delay(m, &format!("{}_skew{c}", pin.name), *lane, c as u32, step);
        down.push(pack(&lanes.iter().enumerate().map(skewed).collect::<Vec<_>>()));
    }
    let mut sums: Vec<UInt<'b>> = array.outcomes.iter().map(|o| m.uint(0u32, sum_bits(array, o) * array.cols)).collect();
    let mut ready = m.high();
    for r in 0..array.rows {
        let mut inputs: Vec<(&str, Signal<'b>)> = vec![("step", step.into())];
        for (name, bit) in [("load", loads), ("valid", valid)] {
            inputs.push((name, delay(m, &format!("{name}_skew{r}"), bit.uint(), r, step).into()));
        }
        for (pin, lanes) in array.along.iter().zip(&along) {
            inputs.push((pin.name, delay(m, &format!("{}_skew{r}", pin.name), lanes[r as usize], r, step).into()));
        }
        inputs.extend(array.down.iter().zip(&down).map(|(pin, value)| (pin.name, Signal::from(*value))));
        let above: Vec<(String, UInt<'b>)> =
            array.outcomes.iter().zip(&sums).map(|(o, v)| (format!("{}_above", o.name), *v)).collect();
        inputs.extend(above.iter().map(|(name, value)| (name.as_str(), Signal::from(*value))));
        let row = m.instance(row, &format!("row{r}"), &inputs);
        down = array.down.iter().map(|pin| row.uint(&format!("{}_next", pin.name))).collect();
        sums = array.outcomes.iter().map(|o| row.uint(o.name)).collect();
        if array.waits() {
            ready = ready & row.bit("ready");
        }
    }
    if let Some(settled) = settled_q {
        settled.set(ready & !step);
    }
    m.output("in_ready", in_ready);
    let mut token: Vec<(&str, UInt<'b>)> = Vec::new();
    for (out, sums) in array.outcomes.iter().zip(sums) {
        // Columns come one step after the other.
        let straight =
            |(c, sum): (usize, UInt<'b>)| delay(m, &format!("{}_unskew{c}", out.name), sum, array.cols - 1 - c as u32, step);
        let lanes = lanes(sums, sum_bits(array, out)).into_iter().enumerate().map(straight);
        token.push((out.name, pack(&lanes.collect::<Vec<_>>())));
    }
    settle_flags(m, &mut token);
    token.push(("out_last", delay(m, "last_line", in_last.uint(), array.rows + array.cols, step)));
    skid.close(offered_q.get(), &token);
}

/// Infinities of both signs are not a number, and beside that nothing else shows.
fn settle_flags<'b>(m: Builder<'b>, token: &mut [(&str, UInt<'b>)]) {
    let find = |token: &[(&str, UInt<'b>)], name: &str| token.iter().position(|t| t.0 == name);
    let (Some(nan), pos, neg) = (find(token, "nan"), find(token, "pos_inf"), find(token, "neg_inf")) else { return };
    let clash = match (pos, neg) {
        (Some(p), Some(n)) => token[p].1 & token[n].1,
        _ => m.uint(0u32, token[nan].1.width()),
    };
    token[nan].1 = (token[nan].1 | clash).named("nan_all");
    let shown = !token[nan].1;
    for at in [pos, neg].into_iter().flatten() {
        token[at].1 = token[at].1 & shown;
    }
}
