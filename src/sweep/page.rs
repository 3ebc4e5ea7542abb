//! Results as one self-contained HTML page: a table to filter and sort, cost against error with the points that no
//! other beats, and where the numbers come from. It loads nothing from anywhere.
use super::export::Table;
use super::store::Run;
use serde_json::json;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const BODY: &str = include_str!("page.html");

/// The page.
pub fn html(title: &str, table: &Table, runs: &[Run]) -> String {
    let runs: Vec<_> = runs
        .iter()
        .map(|r| {
            json!({
                "command": r.command, "tools": r.tools, "started": r.started, "jobs": r.jobs,
                "seconds": r.seconds.map(|s| (s * 10.0).round() / 10.0), "finished": r.finished, "computed": r.computed,
            })
        })
        .collect();
    let data = json!({ "columns": table.columns, "rows": table.rows, "runs": runs, "narrowgen": env!("CARGO_PKG_VERSION") });
    // Within a script, `<` could end it.
    let data = data.to_string().replace('<', "\\u003c");
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n\
<title>{title}</title>\n<style>\n{STYLE}</style>\n<h1>{title}</h1>\n{BODY}<script>\nconst DATA = {data};\n{SCRIPT}</script>\n</html>\n"
    )
}
