//! A picture of a sweep: tables against signal-to-noise ratio, one panel for each distribution of operands, with the points
//! that no other one beats joined.
use narrowgen::sweep::record::Record;
use std::fmt::Write;

/// Width and height of a panel, and its margins, in pixels.
const PANEL: (f64, f64) = (400.0, 340.0);
const MARGIN: (f64, f64) = (48.0, 40.0);

struct Dot<'r> {
    name: &'r str,
    lut: f64,
    db: f64,
}

/// The picture as SVG: `target`'s tables, points with sums of `terms` products.
pub fn picture(records: &[Record], target: &str, terms: u32) -> String {
    let of = |panel: usize| -> Vec<Dot<'_>> { records.iter().filter_map(|r| dot(r, panel, target, terms)).collect() };
    let panels = [("N(0,1)", of(0)), ("Student's t, 3 degrees of freedom", of(1)), ("MiniLM rows", of(2))];
    let all = || panels.iter().flat_map(|p| &p.1);
    let (most, top) = (all().map(|d| d.lut).fold(1.0, f64::max) * 1.15, all().map(|d| d.db).fold(1.0, f64::max) * 1.1);
    let (width, height) = (PANEL.0 * panels.len() as f64, PANEL.1 + 24.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"10\">\n\
<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
<text x=\"8\" y=\"15\" font-size=\"12\">Exact MACs, sums of {terms} products: {target} LUT against SQNR in dB. Circles: floating point; squares: integers.</text>\n"
    );
    for (i, (title, dots)) in panels.iter().enumerate() {
        panel(&mut svg, PANEL.0 * i as f64, title, dots, most, top);
    }
    svg + "</svg>\n"
}

/// The dot of a record; none if it is for other sums or was not measured.
fn dot<'r>(r: &'r Record, panel: usize, target: &str, terms: u32) -> Option<Dot<'r>> {
    let accuracy = r.accuracy.get(panel).filter(|a| a.terms == terms)?;
    let lut = r.costs.iter().find(|c| c.target == target)?.lut?;
    let name = r.params.iter().find(|p| p.0 == "a").map(|p| p.1.as_str())?;
    Some(Dot { name, lut: lut as f64, db: accuracy.sqnr_db? })
}

fn panel(svg: &mut String, left: f64, title: &str, dots: &[Dot<'_>], most: f64, top: f64) {
    let (w, h) = (PANEL.0 - MARGIN.0 - 12.0, PANEL.1 - 2.0 * MARGIN.1);
    let x = |lut: f64| left + MARGIN.0 + w * lut / most;
    let y = |db: f64| 24.0 + MARGIN.1 + h * (1.0 - db.max(0.0) / top);
    let (x0, x1, y0, y1) = (x(0.0), x(most), y(0.0), y(top));
    let _ = writeln!(svg, "<text x=\"{x0:.0}\" y=\"{:.0}\" font-size=\"11\">{title}</text>", y1 - 6.0);
    let _ = writeln!(svg, "<path d=\"M{x0:.0} {y1:.0}V{y0:.0}H{x1:.0}\" fill=\"none\" stroke=\"black\"/>");
    for db in (0..=top as u32).step_by(10) {
        let at = y(f64::from(db));
        let _ = writeln!(svg, "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{db} dB</text>", x0 - 4.0, at + 3.0);
        let _ = writeln!(svg, "<path d=\"M{x0:.0} {at:.0}H{x1:.0}\" stroke=\"#ddd\"/>");
    }
    // About six marks.
    let step = [10, 20, 50, 100, 200, 500, 1000, 2000].into_iter().find(|s| most / f64::from(*s) < 8.0).unwrap_or(5000);
    for lut in (0..=most as u32).step_by(step as usize) {
        let _ = writeln!(svg, "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{lut}</text>", x(f64::from(lut)), y0 + 14.0);
    }
    let mut best: Vec<&Dot<'_>> =
        dots.iter().filter(|d| !dots.iter().any(|o| o.lut <= d.lut && o.db >= d.db && (o.lut, o.db) != (d.lut, d.db))).collect();
    best.sort_by(|a, b| a.lut.total_cmp(&b.lut));
    let line: Vec<String> = best.iter().map(|d| format!("{:.1},{:.1}", x(d.lut), y(d.db))).collect();
    let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"#888\"/>", line.join(" "));
    for d in dots {
        let (cx, cy) = (x(d.lut), y(d.db));
        let tip = format!("<title>{}: {} LUT, {:.1} dB</title>", d.name, d.lut, d.db);
        let _ = if d.name.starts_with("int") {
            writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\" fill=\"#d2691e\">{tip}</rect>",
                cx - 3.5,
                cy - 3.5
            )
        } else {
            writeln!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3.5\" fill=\"#1e6fd2\">{tip}</circle>")
        };
    }
    // To the upper left there are no dots; names that would cover the last one stay with the tips.
    let mut last = f64::INFINITY;
    for d in best {
        let (name, at) = (d.name.trim_end_matches("-none"), y(d.db) - 3.0);
        if last - at < 9.0 {
            continue;
        }
        last = at;
        let close = x(d.lut) - x0 < 40.0;
        let (anchor, side) = if close { ("start", 5.0) } else { ("end", -5.0) };
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{at:.1}\" text-anchor=\"{anchor}\">{name}</text>", x(d.lut) + side);
    }
}
