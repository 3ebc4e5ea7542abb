//! The page of results, opened, hovered, clicked and typed into.
use super::browser::{self, Browser};
use super::{good, narrowgen};
use narrowgen::flow::tool::{Tool, for_tests};
use serde_json::json;

#[test]
fn the_page_filters_sorts_and_shows_points() {
    let test = "the_page_filters_sorts_and_shows_points";
    let Some(chromium) = browser::for_tests(test) else { return };
    if !for_tests(test, &[Tool::Yosys]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    narrowgen(dir.path(), "sweep mac a=int2..int6,e2m{0..2}-none,e9m9-none b=@a terms=32,64 --synth generic -o r.db");
    good(dir.path(), "report r.db -o page.html --title </title><script>");
    let file = dir.path().join("page.html");
    let mut b = Browser::start(&chromium);
    b.open(&file, "document.readyState === 'complete' && document.querySelectorAll('#points tbody tr').length > 0");

    assert_eq!(b.value("document.querySelectorAll('#points tbody tr').length"), 18);
    assert_eq!(b.value("document.querySelectorAll('tr.failed').length"), 2);
    assert!(b.value("document.getElementById('summary').textContent").as_str().unwrap().starts_with("18 points;"));
    assert_eq!(b.value("document.querySelectorAll('#runs tbody tr').length"), 1);
    assert!(b.value("document.getElementById('runs').textContent").as_str().unwrap().contains("yosys"));
    // 16 points in each picture, or fewer if one has no noise to show; the front is a line through some of them.
    assert_eq!(b.value("document.querySelectorAll('#pareto circle').length"), 16);
    assert_eq!(b.value("document.querySelectorAll('#error circle').length"), 16);
    let front = b.value("document.querySelectorAll('#pareto circle.front').length").as_u64().unwrap();
    assert!((2..16).contains(&front), "{front}");
    // Its points, in order of cost, gain with every step: read from the data, not from the picture.
    let rising = b.value(
        "(() => { const f = document.querySelector('#pareto').state, [x, y] = [at(f.x.value), at(f.y.value)];
           const ids = [...document.querySelectorAll('#pareto circle.front')].map(c => c.dataset.id);
           const on = rows.filter(r => ids.includes(r[ID])).sort((a, b) => a[x] - b[x]);
           const all = rows.filter(r => r[x] !== null && r[y] !== null);
           const beaten = p => all.some(q => q[x] <= p[x] && q[y] >= p[y] && (q[x] < p[x] || q[y] > p[y]));
           return f.x.value === 'generic_gates' && f.y.value === 'normal_sqnr_db' && on.every(p => !beaten(p))
             && all.every(p => beaten(p) || ids.includes(p[ID]) || on.some(o => o[x] === p[x] && o[y] === p[y])); })()",
    );
    assert_eq!(rising, json!(true));

    // Hover: what the point is. Click: its row.
    let dot = "document.querySelector('#pareto circle.front')";
    b.hover(dot);
    let tip = b.value("document.querySelector('#pareto .tip').hidden ? '' : document.querySelector('#pareto .tip').textContent");
    let tip = tip.as_str().unwrap().to_string();
    assert!(tip.starts_with("mac_") && tip.contains("generic_gates ") && tip.contains("normal_sqnr_db "), "{tip}");
    b.click(dot);
    let chosen = b.value("document.querySelector('#points tr.chosen').textContent");
    assert!(chosen.as_str().unwrap().starts_with(tip.lines().next().unwrap()), "{chosen}");
    assert_eq!(b.value("document.querySelector('#points tr.chosen').dataset.id === document.querySelector('#pareto circle.chosen').dataset.id"), true);

    // A click on a heading sorts, the next one the other way round.
    let head = "document.querySelector('#points th[data-column=generic_gates]')";
    let column = "(() => { const i = [...document.querySelectorAll('#points th')].findIndex(t => t.dataset.column === 'generic_gates');
        return [...document.querySelectorAll('#points tbody tr')].map(r => r.cells[i].textContent).filter(t => t).map(Number); })()";
    b.click(head);
    let up: Vec<u64> = serde_json::from_value(b.value(column)).unwrap();
    b.click(head);
    let down: Vec<u64> = serde_json::from_value(b.value(column)).unwrap();
    assert!(up.len() == 16 && up.is_sorted() && up[0] < up[15] && down.iter().rev().is_sorted(), "{up:?} {down:?}");

    // Typing filters table and pictures.
    b.click("document.getElementById('filter')");
    b.type_text(&format!("int param_terms=32 generic_gates<={}", up[15]));
    assert_eq!(b.value("document.querySelectorAll('#points tbody tr').length"), 5);
    assert_eq!(b.value("document.querySelectorAll('#pareto circle').length"), 5);
    assert_eq!(b.value("document.getElementById('matching').textContent"), "5 of 18 points");
    b.click("document.getElementById('clear')");
    assert_eq!(b.value("document.querySelectorAll('#points tbody tr').length"), 18);
    b.click("document.getElementById('all')");
    assert!(b.value("document.querySelectorAll('#points th').length").as_u64().unwrap() > 30);

    // Other columns in the picture, and both colour schemes.
    b.value("(() => { const s = document.querySelector('#pareto').state.y; s.value = 'minilm_sqnr_db'; s.dispatchEvent(new Event('change')); })()");
    assert_eq!(
        b.value("document.querySelector('#pareto svg').getAttribute('aria-label')"),
        "minilm_sqnr_db against generic_gates"
    );
    let colours = ["light", "dark"].map(|scheme| {
        b.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }));
        b.value("getComputedStyle(document.body).backgroundColor")
    });
    assert_ne!(colours[0], colours[1]);
    assert_eq!(b.value("document.documentElement.scrollWidth <= window.innerWidth"), true);

    assert_eq!(b.errors, Vec::<String>::new());
    assert!(!b.requests.is_empty() && b.requests.iter().all(|r| r.starts_with("file://")), "{:?}", b.requests);
}
