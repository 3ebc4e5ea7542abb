"use strict";
const $ = id => document.getElementById(id);
const names = DATA.columns.map(c => c[0]);
const kinds = DATA.columns.map(c => c[1]);
const rows = DATA.rows;
const at = name => names.indexOf(name);
const ID = at("id");
const numeric = names.filter((n, i) => kinds[i] !== "text");
const worth = numeric.filter(n => !/_(seed|terms|results|not_numbers|vectors|mismatches)$|^exit$/.test(n) && varies(n));
const better = name => /sqnr|fmax/.test(name) ? 1 : -1;
let chosen = null, order = { column: -1, up: true };

function varies(name) {
  const values = new Set(rows.map(r => r[at(name)]));
  values.delete(null);
  return values.size > 1;
}

function element(tag, text, more) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  return Object.assign(e, more);
}

function drawing(tag, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}

// A word is a comparison if its left side is a column, else it must occur somewhere in the row.
function test(word) {
  const m = word.match(/^(\w+)(<=|>=|<|>|=)(.*)$/);
  const column = m ? at(m[1]) : -1;
  if (column < 0) {
    const low = word.toLowerCase();
    return r => r.some(v => v !== null && String(v).toLowerCase().includes(low));
  }
  const [sign, want] = [m[2], m[3]];
  return r => {
    const v = r[column];
    if (v === null || want === "") return want === "";
    switch (sign) {
      case "=": return String(v).toLowerCase() === want.toLowerCase();
      case "<": return v < Number(want);
      case ">": return v > Number(want);
      case "<=": return v <= Number(want);
      default: return v >= Number(want);
    }
  };
}

function visible() {
  const tests = $("filter").value.trim().split(/\s+/).filter(w => w).map(test);
  return rows.filter(r => tests.every(t => t(r)));
}

function shown() {
  const always = /^(module|status|check|check_method|check_vectors|error)$|_(lut|carry|ff|gates|transistors|fmax_mhz|sqnr_db|max_abs_error)$/;
  if ($("all").checked) return names.map((_, i) => i);
  const useful = (n, i) => (n.startsWith("param_") ? varies(n) : always.test(n)) && rows.some(r => r[i] !== null);
  return names.map((_, i) => i).filter(i => useful(names[i], i));
}

function choose(id) {
  chosen = id;
  draw();
  const row = document.querySelector("#points tr.chosen");
  if (row) row.scrollIntoView({ block: "nearest" });
}

function fill(list) {
  const columns = shown();
  const head = $("points").tHead;
  head.replaceChildren(element("tr"));
  for (const i of columns) {
    const mark = order.column === i ? (order.up ? " ▲" : " ▼") : "";
    const th = element("th", names[i] + mark, {
      onclick: () => { order = { column: i, up: order.column === i ? !order.up : true }; draw(); }
    });
    th.dataset.column = names[i];
    head.rows[0].append(th);
  }
  const sorted = [...list];
  if (order.column >= 0) {
    const key = r => r[order.column];
    sorted.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const d = typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return order.up ? d : -d;
    });
  }
  const body = $("points").tBodies[0];
  body.replaceChildren(...sorted.map(r => {
    const tr = element("tr", undefined, { onclick: () => choose(r[ID]) });
    tr.dataset.id = r[ID];
    if (r[ID] === chosen) tr.classList.add("chosen");
    if (r[at("status")] === "failed") tr.classList.add("failed");
    for (const i of columns) {
      const td = element("td", r[i] === null ? "" : r[i]);
      td.title = td.textContent;
      if (kinds[i] !== "text") td.className = "n";
      tr.append(td);
    }
    return tr;
  }));
}

// Points that no other beats in both directions.
function front(points, sx, sy) {
  const sorted = [...points].sort((a, b) => sx * (b.x - a.x) || sy * (b.y - a.y));
  const kept = [];
  for (const p of sorted) if (!kept.length || sy * (p.y - kept[kept.length - 1].y) > 0) kept.push(p);
  return kept;
}

function scale(values, log, from, to) {
  const f = log ? Math.log10 : x => x;
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 1, high + 1];
  const pad = (f(high) - f(low)) * 0.05;
  const [a, b] = [f(low) - pad, f(high) + pad];
  const place = x => from + (to - from) * (f(x) - a) / (b - a);
  const ticks = [];
  if (log) {
    const wide = b - a > 2.5;
    for (let e = Math.floor(a); e <= b; e++) for (const m of wide ? [1] : [1, 2, 5]) {
      const x = m * 10 ** e;
      if (f(x) >= a && f(x) <= b) ticks.push(x);
    }
  } else {
    const raw = (b - a) / 5, unit = 10 ** Math.floor(Math.log10(raw));
    const step = unit * (raw / unit >= 5 ? 5 : raw / unit >= 2 ? 2 : 1);
    for (let x = Math.ceil(a / step) * step; x <= b; x += step) ticks.push(Number(x.toPrecision(12)));
  }
  return { place, ticks };
}

function label(r, extra) {
  const given = names.map((n, i) => [n, r[i]]).filter(([n, v]) => n.startsWith("param_") && v !== null && varies(n));
  const lines = [r[at("module")]];
  for (const [n, v] of given) lines.push(n.slice(6) + " " + v);
  for (const n of extra) lines.push(n + " " + r[at(n)]);
  if (at("check") >= 0 && r[at("check")]) lines.push("check " + r[at("check")] + " (" + r[at("check_method")] + ", " + r[at("check_vectors")] + " vectors)");
  return lines.join("\n");
}

function plot(figure, list) {
  const state = figure.state;
  const [x, y] = [state.x.value, state.y.value];
  const [i, j] = [at(x), at(y)];
  const log = name => !/sqnr|fmax|bits|latency|interval/.test(name);
  const ok = v => typeof v === "number";
  const points = list.filter(r => ok(r[i]) && ok(r[j]) && (!log(x) || r[i] > 0) && (!log(y) || r[j] > 0))
    .map(r => ({ x: r[i], y: r[j], r }));
  const [w, h, left, bottom] = [560, 380, 62, 40];
  const svg = drawing("svg", { viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": `${y} against ${x}` });
  figure.tip.hidden = true;
  figure.canvas.replaceChildren(svg);
  if (!points.length) {
    svg.append(drawing("text", { x: w / 2, y: h / 2, "text-anchor": "middle" }, "no point has both numbers"));
    return;
  }
  const X = scale(points.map(p => p.x), log(x), left, w - 12), Y = scale(points.map(p => p.y), log(y), h - bottom, 10);
  svg.append(drawing("path", { class: "axis", d: `M${left} 10V${h - bottom}H${w - 10}` }));
  for (const t of X.ticks) svg.append(drawing("text", { x: X.place(t), y: h - bottom + 16, "text-anchor": "middle" }, t));
  for (const t of Y.ticks) svg.append(drawing("text", { x: left - 6, y: Y.place(t) + 4, "text-anchor": "end" }, t >= 1e4 || t < 1e-3 && t > 0 ? t.toExponential(0) : t));
  svg.append(drawing("text", { x: w - 10, y: h - 6, "text-anchor": "end" }, x), drawing("text", { x: left + 6, y: 20 }, y));
  const best = front(points, better(x), better(y));
  const d = best.map((p, k) => (k ? "L" : "M") + X.place(p.x).toFixed(1) + " " + Y.place(p.y).toFixed(1)).join("");
  svg.append(drawing("path", { class: "frontline", d }));
  const members = new Set(best);
  for (const p of [...points].sort((a, b) => members.has(a) - members.has(b))) {
    const c = drawing("circle", { cx: X.place(p.x).toFixed(1), cy: Y.place(p.y).toFixed(1), r: members.has(p) ? 5 : 4 });
    c.dataset.id = p.r[ID];
    if (members.has(p)) c.classList.add("front");
    if (p.r[ID] === chosen) c.classList.add("chosen");
    c.onclick = () => choose(p.r[ID]);
    c.onmouseenter = () => {
      figure.tip.textContent = label(p.r, [x, y]);
      figure.tip.hidden = false;
      const box = figure.getBoundingClientRect(), dot = c.getBoundingClientRect();
      const right = dot.left - box.left > box.width / 2;
      figure.tip.style.left = right ? "auto" : dot.right - box.left + 6 + "px";
      figure.tip.style.right = right ? box.right - dot.left + 6 + "px" : "auto";
      figure.tip.style.top = dot.bottom - box.top + 6 + "px";
    };
    c.onmouseleave = () => { figure.tip.hidden = true; };
    svg.append(c);
  }
}

function draw() {
  const list = visible();
  $("matching").textContent = `${list.length} of ${rows.length} points`;
  document.querySelectorAll("figure").forEach(f => plot(f, list));
  fill(list);
}

function pick(options, wanted) {
  const select = element("select", undefined, { onchange: draw });
  options.forEach(n => select.append(element("option", n, { value: n })));
  const found = wanted.map(re => options.find(n => re.test(n))).find(n => n);
  if (found) select.value = found;
  return select;
}

function start() {
  const failed = rows.filter(r => r[at("status")] === "failed").length;
  const passed = at("check") < 0 ? 0 : rows.filter(r => r[at("check")] === "pass").length;
  $("summary").textContent = `${rows.length} points; ${passed} checked bit for bit; ${failed} failed. narrowgen ${DATA.narrowgen}.`;
  for (const figure of document.querySelectorAll("figure")) {
    const gain = figure.dataset.yKind === "gain";
    figure.state = {
      x: pick(worth, [/_lut$/, /_gates$/, /./]),
      y: pick(worth, gain ? [/sqnr_db$/, /fmax_mhz$/, /_ff$/, /./] : [/max_abs_error$/, /_transistors$/, /_ff$/, /./]),
    };
    const [lx, ly] = [element("label", "across "), element("label", "up ")];
    lx.append(figure.state.x);
    ly.append(figure.state.y);
    figure.canvas = element("div");
    figure.tip = element("div", "", { className: "tip", hidden: true });
    figure.append(lx, ly, figure.canvas, figure.tip);
  }
  const columns = ["started", "command", "tools", "jobs", "seconds", "finished", "computed"];
  const head = element("tr");
  head.append(...["started (UTC)", "command", "tools", "at a time", "seconds", "points written", "steps computed, not cached"].map(n => element("th", n)));
  $("runs").tHead.append(head);
  for (const run of DATA.runs) {
    const tr = element("tr");
    const text = v => v === null ? "interrupted" : Array.isArray(v) ? v.join(", ") : v;
    tr.append(...columns.map(c => element("td", text(run[c]), { title: text(run[c]) })));
    $("runs").tBodies[0].append(tr);
  }
  $("filter").oninput = draw;
  $("all").onchange = draw;
  $("clear").onclick = () => { $("filter").value = ""; chosen = null; draw(); };
  draw();
}
start();
