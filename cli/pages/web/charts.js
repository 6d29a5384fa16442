// Charts, drawn once and quietly. Each is a figure with a title, a sentence for those who do not see it, and its numbers
// as a table behind a fold.

function figure(title, note, drawing, table) {
  return h(
    "figure",
    { class: "figure" },
    h("figcaption", null, h("h3", null, title), note && h("p", { class: "muted" }, note)),
    drawing,
    table && h("details", { class: "numbers" }, h("summary", null, "Numbers"), table),
  );
}

// columns: headings; lines: cells, the first of a line its heading. Figures stand to the right.
function table(columns, lines, left = 1) {
  const side = (at) => (at < left ? null : { class: "right" });
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table: " + columns.join(", ") },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, columns.map((name, at) => h("th", { scope: "col", ...side(at) }, name)))),
      h(
        "tbody",
        null,
        lines.map((line) =>
          h("tr", null, line.map((cell, at) => (at ? h("td", side(at), cell) : h("th", { scope: "row" }, cell)))),
        ),
      ),
    ),
  );
}

// Horizontal bars. items: { name, n, of?, href?, note?, tone? }; the longest fills the width.
function bars(items, { most = Math.max(1, ...items.map((item) => item.n)), shown = count } = {}) {
  return h(
    "ul",
    { class: "bars" },
    items.map((item) => {
      const name = h(item.href ? "a" : "span", { class: "bar-name", href: item.href, title: plain(item.name) }, said(item.name || "unknown"));
      const bar = h("span", { class: "bar " + (item.tone ?? ""), "aria-hidden": "true" });
      bar.style.inlineSize = Math.max(item.n ? 0.4 : 0, (100 * item.n) / most) + "%";
      return h(
        "li",
        null,
        name,
        h("span", { class: "bar-track" }, bar),
        h("span", { class: "bar-n" }, shown(item.n), item.note && h("span", { class: "muted" }, " " + item.note)),
      );
    }),
  );
}

// Shares with intervals on a line from 0 to 100 %. items: { name, share, low, high, n }
function dots(items) {
  return h(
    "ul",
    { class: "bars dots" },
    items.map((item) => {
      const range = h("span", { class: "range", "aria-hidden": "true" });
      range.style.insetInlineStart = 100 * item.low + "%";
      range.style.inlineSize = 100 * (item.high - item.low) + "%";
      const dot = h("span", { class: "dot", "aria-hidden": "true" });
      dot.style.insetInlineStart = 100 * item.share + "%";
      return h(
        "li",
        null,
        h("span", { class: "bar-name", title: plain(item.name) }, said(worded(item.name))),
        h("span", { class: "bar-track" }, range, dot),
        h("span", { class: "bar-n" }, percent(item.share), h("span", { class: "muted" }, ` of ${count(item.n)}`)),
      );
    }),
  );
}

const BOX = { width: 460, height: 190, left: 38, right: 14, top: 12, bottom: 26 };

// Curves over rows. series: { name, values, tone, dashed? }; xs: rows.
function lines(xs, series, { unit = "", describe }) {
  const all = series.flatMap((one) => one.values);
  const [low, high, step] = ticks(Math.min(...all), Math.max(...all));
  const [from, to] = [xs[0], Math.max(xs[xs.length - 1], xs[0] + 1)];
  const x = (n) => BOX.left + ((BOX.width - BOX.left - BOX.right) * (n - from)) / (to - from);
  const y = (v) => BOX.height - BOX.bottom - ((BOX.height - BOX.top - BOX.bottom) * (v - low)) / (high - low);
  const grid = [];
  for (let v = low; v <= high + step / 1e6; v += step) {
    grid.push(s("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: y(v), y2: y(v), class: "grid" }));
    grid.push(s("text", { x: BOX.left - 7, y: y(v) + 3.5, class: "tick end" }, +v.toFixed(3)));
  }
  const [, , stride] = ticks(0, to);
  const marks = [];
  for (let n = Math.max(stride, 1); n <= to; n += Math.max(stride, 1)) {
    marks.push(s("text", { x: x(n), y: BOX.height - 7, class: "tick " + (x(n) > BOX.width - 30 ? "end" : "middle") }, short(n)));
  }
  const paths = series.map((one) =>
    s("polyline", {
      points: one.values.map((v, at) => `${x(xs[at]).toFixed(1)},${y(v).toFixed(1)}`).join(" "),
      class: `line ${one.tone}${one.dashed ? " dashed" : ""}`,
    }),
  );
  const last = series.filter((one) => !one.dashed).map((one) =>
    s("circle", { cx: x(xs[xs.length - 1]), cy: y(one.values[one.values.length - 1]), r: 3, class: "end-dot " + one.tone }),
  );
  return h(
    "div",
    { class: "curve" },
    s("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img", "aria-label": describe }, grid, marks, paths, last),
    h(
      "ul",
      { class: "legend", "aria-hidden": "true" },
      series.map((one) =>
        h("li", null, h("span", { class: `key ${one.tone}${one.dashed ? " dashed" : ""}` }), one.name, " ", h("b", null, bits(one.values[one.values.length - 1]) + unit)),
      ),
    ),
  );
}

// A round scale that holds both values.
function ticks(low, high) {
  const room = Math.max(high - low, Math.abs(high) * 0.1, 0.1);
  const rough = room / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  return [Math.floor(low / step) * step, Math.ceil((high + room / 100) / step) * step, step];
}
