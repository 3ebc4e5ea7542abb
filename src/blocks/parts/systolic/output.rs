//! Output-stationary: operands pass through, each cell keeps its sum, and what comes out is shifted down.
use super::super::stream::{lanes, pack};
use super::{Array, delay};
use crate::hdl::dsl::ModuleRef;
use crate::hdl::prelude::*;

/// An element with the registers that pass its operands on.
fn cell<'b>(array: &Array, m: Builder<'b>) {
    let (step, valid, first) = (m.bit_in("step"), m.bit_in("valid"), m.bit_in("first"));
    let element = m.import(array.element);
    let enable = (step & valid).named("enable");
    let mut inputs: Vec<(&str, Signal<'b>)> = Vec::new();
    for pins in [&array.along, &array.down] {
        for (i, pin) in pins.iter().enumerate() {
            let value = m.uint_in(pin.name, pin.bits);
            let kept = m.state_uint(&format!("{}_q", pin.name), pin.bits, 0);
            kept.set_when(step, value);
            m.output(&format!("{}_next", pin.name), kept.get());
            // What is beside the two operands may ask for something: only once.
            let gated = i > 0 && array.enable.is_some();
            let value = if gated { enable.select(value, m.uint(0u32, pin.bits)) } else { value };
            inputs.push((pin.name, value.into()));
        }
    }
    inputs.extend(array.clear.map(|name| (name, first.into())));
    inputs.extend(array.enable.map(|name| (name, enable.into())));
    for (name, bit) in [("valid", valid), ("first", first)] {
        let kept = m.state_bit(&format!("{name}_q"), false);
        kept.set_when(step, bit);
        m.output(&format!("{name}_next"), kept.get());
    }
    let pe = m.instance(element, "pe", &inputs);
    for out in &array.outcomes {
        let value = pe.uint(out.name);
        if array.enable.is_some() {
            m.output(out.name, value);
        } else {
            let kept = m.state_uint(&format!("{}_q", out.name), out.bits, 0);
            kept.set_when(enable, value);
            m.output(out.name, kept.get());
        }
    }
    array.output_ready(m, &pe);
}

/// A row of cells, and the registers that hold their results while they wait for their turn.
fn row<'b>(array: &Array, cell: ModuleRef, m: Builder<'b>) {
    let (step, valid, first) = (m.bit_in("step"), m.bit_in("valid"), m.bit_in("first"));
    let (capture, shift) = (m.bit_in("capture"), m.bit_in("shift"));
    let mut along: Vec<(&str, Signal<'b>)> = vec![("valid", valid.into()), ("first", first.into())];
    along.extend(array.along.iter().map(|p| (p.name, m.uint_in(p.name, p.bits).into())));
    let down: Vec<(&str, Vec<UInt>)> =
        array.down.iter().map(|p| (p.name, lanes(m.uint_in(p.name, p.bits * array.cols), p.bits))).collect();
    let mut cells = Vec::new();
    for c in 0..array.cols as usize {
        let mut inputs = along.clone();
        inputs.push(("step", step.into()));
        inputs.extend(down.iter().map(|(name, lanes)| (*name, Signal::from(lanes[c]))));
        let cell = m.instance(cell, &format!("cell{c}"), &inputs);
        along = vec![("valid", cell.bit("valid_next").into()), ("first", cell.bit("first_next").into())];
        along.extend(array.along.iter().map(|p| (p.name, cell.uint(&format!("{}_next", p.name)).into())));
        cells.push(cell);
    }
    let all = |name: &str| pack(&cells.iter().map(|cell| cell.uint(name)).collect::<Vec<_>>());
    for pin in &array.down {
        let name = format!("{}_next", pin.name);
        m.output(&name, all(&name));
    }
    for out in &array.outcomes {
        let above = m.uint_in(&format!("{}_above", out.name), out.bits * array.cols);
        let kept = m.state_uint(&format!("{}_kept", out.name), above.width(), 0);
        kept.set_when(capture | shift, capture.select(all(out.name), above));
        m.output(out.name, kept.get());
    }
    if array.waits() {
        m.output("ready", all("ready").all_ones());
    }
}

/// The array: rows of tokens in, as many tokens out as it has rows, the last row first.
pub fn build<'b>(array: &Array, m: Builder<'b>) {
    let cell = m.module(&array.module("cell"), |n| cell(array, n));
    let row = m.module(&array.module(&format!("row{}", array.cols)), |n| row(array, cell, n));
    let along: Vec<Vec<UInt>> = array.along.iter().map(|p| lanes(m.uint_in(p.name, p.bits * array.rows), p.bits)).collect();
    let top: Vec<Vec<UInt>> = array.down.iter().map(|p| lanes(m.uint_in(p.name, p.bits * array.cols), p.bits)).collect();
    let (in_last, in_valid, out_ready) = (m.bit_in("in_last"), m.bit_in("in_valid"), m.bit_in("out_ready"));

    // Tokens come in, then the last one makes its way through, then the results are kept.
    let way = m.nat(u128::from(array.rows + array.cols - 2));
    let rows = m.nat(u128::from(array.rows));
    let flushing_q = m.state_bit("flushing", false);
    let first_q = m.state_bit("first", true);
    let left_q = m.state_uint("left", way.width(), 0);
    let waiting_q = m.state_uint("waiting", rows.width(), 0);
    let settled_q = array.waits().then(|| m.state_bit("settled", true));
    let settled = settled_q.map_or_else(|| m.high(), |q| q.get());
    wires! {
        let in_ready = !flushing_q.get() & settled;
        let taken = in_ready & in_valid;
        let on_its_way = left_q.get().any();
        let step = taken | (flushing_q.get() & on_its_way & settled);
        let out_valid = waiting_q.get().any();
        let capture = flushing_q.get() & !on_its_way & settled & !out_valid;
        let shift = out_valid & out_ready;
        let ends = taken & in_last;
    }
    flushing_q.set_when(ends | capture, ends);
    first_q.set_when(taken, in_last);
    left_q.set_when(step, ends.select(way, flushing_q.get().select((left_q.get() - m.nat(1)).bits().wrap(way.width()), way)));
    waiting_q.set_when(capture | shift, capture.select(rows, (waiting_q.get() - m.nat(1)).bits().wrap(rows.width())));

    let mut down: Vec<UInt<'b>> = Vec::new();
    for (pin, lanes) in array.down.iter().zip(&top) {
        let skewed = |(c, lane): (usize, &UInt<'b>)| delay(m, &format!("{}_skew{c}", pin.name), *lane, c as u32, step);
        down.push(pack(&lanes.iter().enumerate().map(skewed).collect::<Vec<_>>()));
    }
    let mut results: Vec<UInt<'b>> = array.outcomes.iter().map(|o| m.uint(0u32, o.bits * array.cols)).collect();
    let mut ready = m.high();
    for r in 0..array.rows {
        let mut inputs: Vec<(&str, Signal<'b>)> =
            vec![("step", step.into()), ("capture", capture.into()), ("shift", shift.into())];
        for (name, bit) in [("valid", taken), ("first", first_q.get())] {
            inputs.push((name, delay(m, &format!("{name}_skew{r}"), bit.uint(), r, step).into()));
        }
        for (pin, lanes) in array.along.iter().zip(&along) {
            inputs.push((pin.name, delay(m, &format!("{}_skew{r}", pin.name), lanes[r as usize], r, step).into()));
        }
        inputs.extend(array.down.iter().zip(&down).map(|(pin, value)| (pin.name, Signal::from(*value))));
        let above: Vec<(String, UInt<'b>)> =
            array.outcomes.iter().zip(&results).map(|(o, v)| (format!("{}_above", o.name), *v)).collect();
        inputs.extend(above.iter().map(|(name, value)| (name.as_str(), Signal::from(*value))));
        let row = m.instance(row, &format!("row{r}"), &inputs);
        down = array.down.iter().map(|pin| row.uint(&format!("{}_next", pin.name))).collect();
        results = array.outcomes.iter().map(|o| row.uint(o.name)).collect();
        if array.waits() {
            ready = ready & row.bit("ready");
        }
    }
    if let Some(settled) = settled_q {
        settled.set(ready & !step);
    }
    m.output("in_ready", in_ready);
    m.output("out_valid", out_valid);
    array.outcomes.iter().zip(&results).for_each(|(out, value)| m.output(out.name, *value));
    let out_last = waiting_q.get().eq(m.nat(1)).named("out_ends");
    m.output("out_last", out_last);
    let shown: Vec<Signal> = results.iter().map(|r| Signal::from(*r)).chain([Signal::from(out_last)]).collect();
    // Without a name: only the assertion looks at it.
    m.promise(out_valid & !out_ready, &[out_valid], &shown, "a token that is not taken stays as it is");
}
