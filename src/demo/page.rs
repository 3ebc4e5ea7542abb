//! The demonstration's result as one self-contained HTML page: no script, no outside reference.
use super::Line;
use std::fmt::Write;

/// What the page says besides the table.
pub struct About {
    /// Tool versions, one phrase each.
    pub tools: Vec<String>,
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
<p>SQNR: against the float32 data. LUT4, CCU2C, FF and fmax: ECP5-85 speed grade 6, no multiplier blocks, median of three seeds, \
one combinational stage between registers.</p>\n<p>Made by <code>{}</code> with:</p><ul>{tools}</ul>\n</html>\n",
        plot(lines),
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
    let most = |f: fn(&Line) -> f64| lines.iter().map(f).fold(1.0, f64::max) * 1.15;
    let (x_top, y_top) = (most(|l| l.lut as f64), most(|l| l.sqnr_db));
    let mut svg = format!("<svg viewBox=\"0 0 {w} {h}\" role=img aria-label=\"SQNR against LUTs\">");
    let _ = write!(
        svg,
        "<path d=\"M{left} 10V{}H{}\" fill=none stroke=currentColor /><text x={} y={} fill=currentColor text-anchor=end>LUT4</text>\
<text x=8 y=20 fill=currentColor>dB</text>",
        h - bottom,
        w - 10.0,
        w - 10.0,
        h - 8.0
    );
    for l in lines {
        let x = left + (w - left - 20.0) * l.lut as f64 / x_top;
        let y = (h - bottom) - (h - bottom - 15.0) * l.sqnr_db.max(0.0) / y_top;
        let _ = write!(
            svg,
            "<circle cx={x:.1} cy={y:.1} r=6 fill=#0969da /><text x={:.1} y={:.1} fill=currentColor>{} ({} LUT, {:.1} dB)</text>",
            x + 10.0,
            y + 5.0,
            escape(&l.format),
            l.lut,
            l.sqnr_db
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
