//! A picture of a pipeline: stages as columns, operators as boxes by the time they are done, registers between.
use crate::hdl::ir::NodeId;
use crate::hdl::timing::pipeline::Pipelined;
use crate::hdl::timing::stages::stages;
use crate::hdl::timing::wiring::{is_wire, sources};
use std::collections::{BTreeMap, BTreeSet};
use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Style, Text, Title};

/// Most boxes in a column; of more, those that are done last.
const MOST: usize = 48;
const COLUMN: f64 = 250.0;
const BOX: f64 = 170.0;
const ROW: f64 = 20.0;
const TOP: f64 = 70.0;

/// The picture, as SVG.
pub fn pipeline(title: &str, p: &Pipelined) -> String {
    let (m, schedule) = (&p.plan.module, &p.plan.schedule);
    let arrival = &schedule.estimate.arrival_ps;
    let stages = stages(&p.plan);
    let slow: BTreeSet<NodeId> = stages.iter().flat_map(|s| s.path.iter().map(|n| n.node)).collect();
    let mut place: BTreeMap<NodeId, (f64, f64)> = BTreeMap::new();
    let mut boxes = Group::new();
    let mut tallest = 0;
    for s in &stages {
        let x = 20.0 + COLUMN * f64::from(s.number);
        let here = (0..m.nodes.len() as u32).map(NodeId).filter(|id| !is_wire(m, *id) && schedule.stage[id.index()] == s.number);
        let mut list: Vec<NodeId> = here.filter(|id| m.node(*id).op.info().is_some()).collect();
        list.sort_by(|a, b| slow.contains(b).cmp(&slow.contains(a)).then(arrival[b.index()].total_cmp(&arrival[a.index()])));
        let hidden = list.len().saturating_sub(MOST);
        list.truncate(MOST);
        list.sort_by(|a, b| arrival[a.index()].total_cmp(&arrival[b.index()]).then(a.cmp(b)));
        tallest = tallest.max(list.len() + usize::from(hidden > 0));
        let head = [
            format!("stage {}", s.number),
            format!("{:.0} ps, {} operators", s.period_ps, s.operators),
            if s.number < p.stages { format!("{} register bits behind it", s.register_bits) } else { String::new() },
        ];
        for (i, line) in head.iter().enumerate() {
            boxes = boxes.add(text(line, x, 24.0 + 15.0 * i as f64, if i == 0 { "head" } else { "" }));
        }
        for (i, id) in list.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            place.insert(*id, (x, y));
            let word = m.node(*id).op.info().map_or("", |o| o.name);
            let name = m.name_of(*id).map_or(word.to_string(), |n| format!("{n} ({word})"));
            let hint = format!("{name}, {} bits, ready after {:.0} ps", m.width(*id), arrival[id.index()]);
            let frame = Rectangle::new().set("x", x).set("y", y).set("width", BOX).set("height", ROW - 4.0).set("rx", 3);
            let frame = frame.set("class", if slow.contains(id) { "slow" } else { "op" }).add(Title::new(hint));
            let short: String = if name.chars().count() > 27 { name.chars().take(26).chain(['…']).collect() } else { name };
            boxes = boxes.add(frame).add(text(&short, x + 5.0, y + 11.5, ""));
        }
        if hidden > 0 {
            boxes = boxes.add(text(&format!("and {hidden} more"), x, TOP + ROW * MOST as f64 + 12.0, ""));
        }
    }
    let height = TOP + ROW * tallest as f64 + 20.0;
    let mut lines = Group::new();
    for s in 0..p.stages {
        let x = 20.0 + COLUMN * f64::from(s + 1) - (COLUMN - BOX) / 2.0;
        lines = lines.add(line(x, 12.0, x, height - 10.0).set("class", "register"));
    }
    for (to, (x, y)) in &place {
        let from: BTreeSet<NodeId> = m.args(*to).iter().flat_map(|a| sources(m, *a)).map(|p| p.root).collect();
        for (u, v) in from.iter().filter_map(|f| place.get(f)) {
            let half = (ROW - 4.0) / 2.0;
            lines = lines.add(line(u + BOX, v + half, *x, y + half).set("class", "wire"));
        }
    }
    let width = 20.0 + COLUMN * f64::from(p.stages + 1);
    let style = Style::new(
        "text { font: 11px sans-serif; fill: #222 } .head { font-weight: bold } .op { fill: #eef3fa; stroke: #8aa4c8 } \
         .slow { fill: #fde3cf; stroke: #d0722b } .wire { stroke: #b8c4d4; stroke-width: 0.7 } \
         .register { stroke: #444; stroke-width: 2; stroke-dasharray: 6 3 }",
    );
    let document = Document::new().set("viewBox", (0, 0, width as u32, height as u32)).set("width", width).set("height", height);
    document.add(Title::new(title)).add(style).add(lines).add(boxes).to_string() + "\n"
}

fn text(content: &str, x: f64, y: f64, class: &str) -> Text {
    let text = Text::new(content).set("x", x).set("y", y);
    if class.is_empty() { text } else { text.set("class", class) }
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64) -> Line {
    Line::new().set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2)
}
