//! The demonstration's result as one self-contained HTML page: no script, no outside reference.
use super::Line;
use std::fmt::Write;

/// What the page says besides the table.
pub struct About {
    /// Tool versions, one phrase each.
    pub tools: Vec<String>,
    /// Place-and-route seeds behind each clock figure.
    pub seeds: u32,
    /// The command that was run.
    pub command: String,
}

/// The page.
pub fn html(lines: &[Line], about: &About) -> String {
    let mut rows = String::new();
    for l in lines {
        let exact = if l.mismatches == 0 { "<b class=yes>yes</b>" } else { "<b class=no>no</b>" };
        let _ = writeln!(
            rows,
            "<tr><td>{}<td>{exact}<td class=n>{}<td class=n>{:.1}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{:.1}",
            escape(&l.format),
            l.cycles,
            l.sqnr_db,
            l.accumulator_bits,
            l.lut,
            l.carry,
            l.ff,
            l.fmax_mhz
        );
    }
    let tools = about.tools.iter().map(|t| format!("<li>{}", escape(t))).collect::<String>();
    format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>narrowgen demo</title>\n\
<meta name=viewport content=\"width=device-width\">\n<style>{STYLE}</style>\n\
<h1>Real dot products through generated hardware</h1>\n\
<p>Activation rows times query-weight rows of all-MiniLM-L6-v2, quantised row by row, summed exactly by one generated \
multiply–accumulate unit per format. Every cycle of the emitted Verilog, simulated in Verilator, is compared with the \
golden model.</p>\n\
<table><tr><th>format<th>bit-exact<th>cycles<th>SQNR, dB<th>accumulator, bits<th>LUT4<th>CCU2C<th>FF<th>fmax, MHz\n{rows}</table>\n{}\
<p>SQNR: against the float32 data. LUT4, CCU2C, FF and fmax: ECP5-85 speed grade 6, no multiplier blocks, median of {} seeds, \
one combinational stage between registers.</p>\n<p>Made by <code>{}</code> with:</p><ul>{tools}</ul>\n</html>\n",
        plot(lines),
        about.seeds,
        escape(&about.command)
    )
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
table{border-collapse:collapse;width:100%}th,td{padding:.35rem .6rem;border-bottom:1px solid #d0d7de;text-align:left}\
.n{text-align:right;font-variant-numeric:tabular-nums}.yes{color:#1a7f37}.no{color:#cf222e}svg{width:100%;height:auto}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}.yes{color:#3fb950}.no{color:#f85149}}";

/// Accuracy against area, one labelled point per format.
fn plot(lines: &[Line]) -> String {
    let (w, h, left, bottom) = (720.0, 280.0, 60.0, 40.0);
    let most = |f: fn(&Line) -> f64| lines.iter().map(f).fold(1.0, f64::max) * 1.1;
    let (x_top, y_top) = (most(|l| l.lut as f64), most(|l| l.sqnr_db));
    let x_of = |lut: f64| left + (w - left - 20.0) * lut / x_top;
    let y_of = |db: f64| (h - bottom) - (h - bottom - 15.0) * db.max(0.0) / y_top;
    let mut svg = format!("<svg viewBox=\"0 0 {w} {h}\" role=img aria-label=\"SQNR against LUTs\" font-size=13>");
    let _ = write!(svg, "<path d=\"M{left} 10V{}H{}\" fill=none stroke=currentColor />", h - bottom, w - 10.0);
    for step in 1..=9 {
        let (lut, db) = (nice(x_top / 4.0) * f64::from(step), nice(y_top / 4.0) * f64::from(step));
        if lut <= x_top {
            let _ = write!(
                svg,
                "<text x={:.1} y={:.1} fill=currentColor text-anchor=middle>{lut}</text>",
                x_of(lut),
                h - bottom + 16.0
            );
        }
        if db <= y_top {
            let _ =
                write!(svg, "<text x={:.1} y={:.1} fill=currentColor text-anchor=end>{db} dB</text>", left - 6.0, y_of(db) + 4.0);
        }
    }
    let _ = write!(svg, "<text x={} y={} fill=currentColor text-anchor=end>LUT4</text>", w - 10.0, h - 4.0);
    for l in lines {
        let (x, y) = (x_of(l.lut as f64), y_of(l.sqnr_db));
        // Labels stay inside the picture: on the left of points in its right half.
        let (at, anchor) = if x > w / 2.0 { (x - 10.0, "end") } else { (x + 10.0, "start") };
        let _ = write!(
            svg,
            "<circle cx={x:.1} cy={y:.1} r=5 fill=#0969da /><text x={at:.1} y={:.1} fill=currentColor text-anchor={anchor}>{} ({} LUT, {:.1} dB)</text>",
            y + 4.0,
            escape(&l.format),
            l.lut,
            l.sqnr_db
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The nearest of 1, 2, 5 × 10^k at or below `x`.
fn nice(x: f64) -> f64 {
    let unit = 10f64.powf(x.log10().floor());
    let lead = x / unit;
    unit * if lead >= 5.0 {
        5.0
    } else if lead >= 2.0 {
        2.0
    } else {
        1.0
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
