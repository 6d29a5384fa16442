// The first page: what came of a run, where the rest went, how diverse it is, where the time went.

function overviewPage(view, rows) {
  const parts = [notices(view), tiles(view)];
  if (view.funnel) parts.push(section("What came of the episodes", null, h("div", { class: "pair" }, funnelFigure(view), causesFigure(view))));
  if (view.curve.length > 1) parts.push(diversity(view));
  parts.push(contents(view, rows));
  if (view.funnel) parts.push(acceptance(view));
  if (view.latency) parts.push(times(view.latency));
  parts.push(origin(view));
  return parts;
}

function notices(view) {
  return [
    view.simulated > 0 &&
      h(
        "p",
        { class: "note warn" },
        h("strong", null, "Simulated model. "),
        view.simulated === view.rows ? "Every row was" : `${count(view.simulated)} of ${count(view.rows)} rows were`,
        " made by a stand-in without weights, to try and test with. They are not training data.",
      ),
    view.left_out > 0 &&
      h(
        "details",
        { class: "note" },
        h("summary", null, plural(view.left_out, "line"), " left out: no trajectories of ours"),
        h("ul", null, view.left_out_examples.map((why) => h("li", null, said(why)))),
        view.left_out > view.left_out_examples.length && h("p", null, `and ${count(view.left_out - view.left_out_examples.length)} more`),
      ),
  ];
}

function tiles(view) {
  const last = view.curve[view.curve.length - 1];
  const drafted = view.funnel?.reached.drafted;
  const found = [
    ["accepted rows", count(view.accepted), drafted ? `of ${count(drafted)} drafted` : `of ${count(view.rows)} rows`],
    ["acceptance", percent(view.accepted / Math.max(1, drafted ?? view.rows)), view.live ? "so far" : ""],
    last && ["domain entropy", bits(last[1]), `of ${bits(last[3])} bits · ${plural(view.domains, "domain")}`],
    last && ["mode entropy", bits(last[4]), "of 3.58 bits"],
    last && ["shapes of tool use", count(view.shapes), `${bits(last[6])} bits`],
    ["tokens per accepted row", view.accepted ? short(view.tokens / view.accepted) : "–", "rejected ones included"],
  ];
  return h(
    "dl",
    { class: "tiles" },
    found.filter(Boolean).map(([name, value, note]) =>
      h("div", null, h("dt", null, name), h("dd", null, h("span", { class: "big" }, value), h("span", { class: "muted" }, note))),
    ),
  );
}

function funnelFigure(view) {
  const stages = Object.entries(view.funnel.reached);
  const total = Math.max(1, stages[0][1]);
  let before = total;
  const items = stages.map(([name, n]) => {
    const lost = before - n;
    before = n;
    return { name, n, note: lost ? `−${count(lost)}` : "", tone: name === "accepted" ? "good" : "" };
  });
  const aside = `${count(view.funnel.abandoned)} abandoned and ${count(view.funnel.surplus)} ${view.live ? "waiting for their turn" : "surplus"}, not counted`;
  return figure("How far episodes came", aside, bars(items, { most: total }));
}

function causesFigure(view) {
  const causes = new Map();
  for (const cause of view.funnel.causes) causes.set(cause.reason, (causes.get(cause.reason) ?? 0) + cause.n);
  const items = [...causes].map(([name, n]) => ({ name, n, tone: "bad", href: link({ reason: name }) }));
  if (!items.length) return figure("Why others did not", "Nothing was rejected.", h("p"));
  return figure("Why others did not", "An episode may have several reasons.", folded(items, 8));
}

// The first bars, the others behind a fold.
function folded(items, most) {
  const top = Math.max(1, ...items.map((item) => item.n));
  if (items.length <= most + 2) return bars(items, { most: top });
  return [
    bars(items.slice(0, most), { most: top }),
    h("details", { class: "numbers" }, h("summary", null, `${count(items.length - most)} more`), bars(items.slice(most, 500), { most: top })),
  ];
}

function diversity(view) {
  const xs = view.curve.map((point) => point[0]);
  const column = (at) => view.curve.map((point) => point[at]);
  const windowed = view.accepted > view.window;
  const one = (title, unit, note, all, last, most) => {
    const series = [{ name: "all rows", values: column(all), tone: "first" }];
    if (windowed) series.push({ name: `last ${view.window}`, values: column(last), tone: "second" });
    if (most) series.push(most);
    const end = series[0].values.at(-1);
    const describe = `${title} over ${count(xs.at(-1))} accepted rows: ${bits(series[0].values[0])} at first, ${bits(end)} now`;
    return figure(title, note, lines(xs, series, { describe, unit }));
  };
  const domains = { name: "equal shares of the domains seen", values: column(3), tone: "faint", dashed: true };
  const modes = { name: "twelve equal modes", values: xs.map(() => Math.log2(12)), tone: "faint", dashed: true };
  return section(
    "Diversity over rows",
    "Raw counts, as the steering sees them: entropies begin low while rows are few.",
    h(
      "div",
      { class: "grid-2" },
      one("Domain entropy (DE)", " bits", null, 1, 2, domains),
      one("Reasoning mode entropy (RME)", " bits", null, 4, 5, modes),
      one("Entropy of shapes of tool use", " bits", null, 6, 7),
      one("Cumulative action complexity (CAC), mean", "", null, 8, 9),
    ),
  );
}

function contents(view, rows) {
  const some = (row) => rows.accepted[row] || !view.accepted;
  const items = (facet) => rows.counts(facet, some).map(([name, n]) => ({ name: shownAs(facet, name), n, href: link({ [facet]: name, verdict: view.accepted && view.accepted < view.rows ? "accepted" : "" }) }));
  const groups = [
    ["Reasoning modes", "mode", 13],
    ["Domains", "domain", 12],
    ["Tools called", "tool", 12],
    ["Disturbances", "perturbation", 12],
    ["Languages", "language", 12],
  ];
  return section(
    view.accepted ? "What is in the accepted rows" : "What is in the rows",
    "Every name leads to its trajectories.",
    h(
      "div",
      { class: "columns" },
      groups
        .map(([title, facet, most]) => [title, items(facet), most])
        .filter(([title, found]) => found.length > (title === "Languages" ? 1 : 0))
        .map(([title, found, most]) => figure(found.length > most ? `${title} (${count(found.length)})` : title, null, folded(found, most))),
    ),
  );
}

function acceptance(view) {
  return section(
    "Acceptance by group",
    "Share of drafted episodes that were accepted, with 95 % intervals.",
    h(
      "div",
      { class: "columns" },
      Object.entries(view.shares)
        .filter(([, shares]) => shares.length > 1)
        .map(([title, shares]) =>
          figure(
            title,
            null,
            dots(shares.map((one) => ({ name: one.name, share: one.accepted / one.drafted, low: one.low, high: one.high, n: one.drafted }))),
          ),
        ),
    ),
  );
}

function times(latency) {
  const most = Math.max(...latency.stages.map((one) => one.wait + one.service), 1e-9);
  const rows = latency.stages.map((one) => {
    const wait = h("span", { class: "bar wait" });
    const work = h("span", { class: "bar" });
    wait.style.inlineSize = (100 * one.wait) / most + "%";
    work.style.inlineSize = (100 * one.service) / most + "%";
    return h(
      "li",
      null,
      h("span", { class: "bar-name" }, said(one.name)),
      h("span", { class: "bar-track stacked", "aria-hidden": "true" }, work, wait),
      h("span", { class: "bar-n" }, duration(one.service), h("span", { class: "muted" }, ` + ${duration(one.wait)} waiting`)),
    );
  });
  const numbers = table(
    ["stage", "episodes", "hops", "at work, mean", "waiting, mean", "p50", "p90", "p99"],
    latency.stages.map((one) => [
      said(one.name), count(one.episodes), (one.hops / one.episodes).toFixed(1), duration(one.service), duration(one.wait), duration(one.p50), duration(one.p90), duration(one.p99),
    ]),
  );
  const whole = `A whole episode takes ${duration(latency.p50)} (median), ${duration(latency.p90)} (p90), ${duration(latency.p99)} (p99). Waiting is for a place in the stage, many episodes being under way at once.`;
  return section("Where the time goes", null, figure("Mean per episode and stage", whole, h("ul", { class: "bars" }, rows), numbers));
}

function origin(view) {
  const models = Object.entries(view.models).map(([name, n]) => [said(name), count(n)]);
  const licences = Object.entries(view.licences).map(([name, n]) => [said(name), count(n)]);
  return section(
    "Where it comes from",
    null,
    h(
      "div",
      { class: "grid-2" },
      h("div", null, table(["assistant’s model", "rows"], models), table(["source and licence of the tools", "rows"], licences)),
      view.settings && h("details", { class: "numbers" }, h("summary", null, "Settings of the run"), h("pre", { tabindex: 0 }, said(view.settings))),
    ),
  );
}

function section(title, note, ...children) {
  return h("section", { class: "section" }, h("h2", null, title), note && h("p", { class: "muted" }, note), children);
}
