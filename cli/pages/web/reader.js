// The reader: one trajectory, from what was asked for to what was decided about it.

const LINES = 18; // of a text that are shown at once
const LETTERS = 2400;
const COLOURED = 60000; // characters up to which JSON is coloured

function readerPage(row, { wanted, position, total, go, close }) {
  const asked = row.assignment;
  const verdict = row.verdict;
  return h(
    "article",
    { class: "trajectory", "aria-labelledby": "row-title" },
    h(
      "div",
      { class: "reader-bar" },
      h("button", { type: "button", class: "quiet back", onclick: close }, "‹ List"),
      h("span", { class: "muted grow" }, `${count(position + 1)} of ${count(total)}`),
      h("button", { type: "button", class: "quiet", onclick: () => go(-1), disabled: position <= 0, title: "k" }, "Previous"),
      h("button", { type: "button", class: "quiet", onclick: () => go(1), disabled: position >= total - 1, title: "j" }, "Next"),
      copyButton(row),
    ),
    h("h2", { id: "row-title", tabindex: -1 }, said(asked.domain), " ", h("code", { class: "id" }, said(row.id))),
    chips(row),
    verdict.reasons.length > 0 && h("ul", { class: "reasons" }, verdict.reasons.map((why) => h("li", null, said(why)))),
    row.blueprint && planOf(row.blueprint),
    h("ol", { class: "turns" }, row.messages.map((message) => turn(message, wanted))),
    verdictOf(row),
    h("div", { class: "folds" }, whyDrawn(row), toolsOf(row), record(row)),
  );
}

function chips(row) {
  const { assignment: asked, measurements: measured, verdict } = row;
  const mode = worded(measured.mode) + (asked.mode === measured.mode ? "" : `, asked for ${worded(asked.mode)}`);
  const chip = (text, tone) => text && h("li", { class: "chip " + (tone ?? "") }, said(text));
  return h(
    "ul",
    { class: "chips", "aria-label": "About this trajectory" },
    chip(verdict.accepted ? "accepted" : "rejected", verdict.accepted ? "good" : "bad"),
    row.simulated && chip("simulated model", "warn"),
    row.provenance.evaluation_only && chip("evaluation only", "warn"),
    chip(mode),
    measured.perturbation !== "none" && chip(worded(measured.perturbation)),
    row.face?.language && row.face.language !== "en" && chip(languageOf(row.face.language)),
    chip(plural(measured.user_turns, "user turn")),
    chip(plural(measured.tool_calls, "call")),
    row.kin.pair && chip(row.kin.counterfactual ? `pair: ${worded(row.kin.counterfactual)}` : "first of a pair"),
    row.kin.attempts > 1 && chip(`${row.kin.passes} of ${row.kin.attempts} plays passed`),
  );
}

function planOf(blueprint) {
  const { goals, steps, policy, withheld } = blueprint.plan;
  const line = (name, ...value) => h("div", null, h("dt", null, name), h("dd", null, value));
  return h(
    "details",
    { class: "plan" },
    h("summary", null, goals.length === 1 ? "The plan" : `The plan, ${goals.length} goals`),
    goals.map((goal, at) =>
      h(
        "dl",
        null,
        line(goal.kind === "act" ? "wants" : worded(goal.kind), said(goal.intent)),
        goal.facts.map((fact) => line("knows", said(`${fact.label} = ${fact.value}`), manner(fact))),
        steps.some((step) => step.goal === at) && line("steps", said(steps.filter((step) => step.goal === at).map((step) => step.tool).join(" → "))),
        blueprint.expected.filter((one) => one.goal === at).map((one) => line("must hear", said(`${one.label} = ${one.value}`))),
        goal.answer && line("must hear", said(goal.answer)),
      ),
    ),
    (policy || withheld.length > 0) && h("dl", null, policy && line("rule", said(policy)), withheld.length > 0 && line("withheld", said(withheld.join(", ")))),
  );
}

function manner(fact) {
  const notes = [fact.reveal === "asked" && "told when asked", fact.slip && `first says ${fact.slip}`, fact.at_first && `at first ${fact.at_first}`];
  const some = notes.filter(Boolean);
  return some.length > 0 && h("span", { class: "muted" }, said(` (${some.join(", ")})`));
}

function turn(message, wanted) {
  const calls = message.tool_calls ?? [];
  const context = message.role === "assistant" && message.train === 0;
  return h(
    "li",
    { class: "turn " + message.role },
    h(
      "div",
      { class: "role" },
      message.role === "tool" ? ["tool ", h("code", null, said(message.name, wanted))] : message.role,
      context && h("span", { class: "weight", title: "Weight 0: context, not a target of training" }, "context"),
    ),
    message.reasoning && h("details", { class: "reasoning" }, h("summary", null, "Reasoning"), cut(message.reasoning, wanted)),
    message.role === "tool" ? reply(message.content, wanted) : (message.content || !calls.length) && cut(message.content || "(nothing)", wanted, "prose"),
    calls.map((call) => callOf(call, wanted)),
  );
}

function callOf(call, wanted) {
  let pairs = null;
  try {
    const parsed = JSON.parse(call.function.arguments);
    if (parsed && typeof parsed === "object" && !Array.isArray(parsed)) pairs = Object.keys(parsed).map((name) => [name, JSON.stringify(parsed[name])]);
  } catch {
    pairs = null;
  }
  const shown =
    pairs === null
      ? [h("span", { class: "bad-text" }, "not a JSON object: "), cut(call.function.arguments, wanted)]
      : pairs.length > 0 && h("dl", { class: "arguments" }, pairs.map(([name, value]) => h("div", null, h("dt", null, said(name, wanted)), h("dd", null, cut(value, wanted)))));
  return h("div", { class: "call" }, h("div", { class: "call-name" }, said(call.function.name, wanted)), shown);
}

function reply(content, wanted) {
  const tidy = laidOut(content);
  return tidy === null ? cut(content || "(nothing)", wanted, "reply") : cut(tidy, wanted, "reply", coloured);
}

// A text of which the first lines are shown, and all of it when somebody wants it.
function cut(text, wanted, style = "", draw = said) {
  const drawn = (part) => (part.length > COLOURED ? said : draw)(part, wanted);
  let end = Math.min(text.length, LETTERS);
  for (let at = -1, line = 0; line < LINES && (at = text.indexOf("\n", at + 1)) >= 0 && at < end; ) if (++line === LINES) end = at;
  const body = h("div", { class: "text " + style, dir: "auto" });
  // Little over the bound is not worth a button; a hit further down is.
  if (text.length - end < 200 || (wanted && text.toLowerCase().indexOf(wanted, end) >= 0 && text.length < COLOURED)) {
    body.append(...drawn(text));
    return body;
  }
  const all = h("button", { type: "button", class: "more", onclick: () => body.replaceChildren(...drawn(text)) }, `Show all ${count(text.length)} characters`);
  body.append(...drawn(text.slice(0, end)), "…\n", all);
  return body;
}

function verdictOf(row) {
  const { scores, judge } = row.verdict;
  const names = { conformance: "conformance", efficiency: "efficiency", groundedness: "groundedness", complexity: "complexity" };
  const items = Object.entries(names)
    .filter(([key]) => typeof scores[key] === "number")
    .map(([key, name]) => ({ name, n: scores[key] }));
  return h(
    "section",
    { class: "verdict", "aria-label": "Scores" },
    bars(items, { most: 1, shown: bits }),
    judge.votes > 0 && h("p", { class: "muted" }, `${judge.accepting} of ${judge.votes} votes of the judging model for it. `, said(judge.against)),
  );
}

function whyDrawn(row) {
  const asked = row.assignment;
  return fold("Why it was drawn", h("p", null, said(asked.why)), pairsOf({ persona: asked.persona, style: asked.style, sector: asked.sector, cluster: asked.cluster, index: asked.index }));
}

function toolsOf(row) {
  const called = new Set(row.messages.flatMap((message) => (message.tool_calls ?? []).map((call) => call.function.name)));
  const presented = new Map((row.face?.names ?? []).map((shown) => [shown.name, shown]));
  const mark = (text) => text && h("span", { class: "weight" }, said(text));
  const items = row.tools.map(({ function: tool }) =>
    h(
      "details",
      { class: "tool" },
      h("summary", null, h("code", null, said(tool.name)), mark(called.has(tool.name) && "called"), mark(presented.get(tool.name)?.service && "distractor"), mark(presented.has(tool.name) && presented.get(tool.name).own !== tool.name && `${presented.get(tool.name).own} in its service`)),
      h("p", null, said(tool.description)),
      reply(JSON.stringify(tool.parameters), ""),
    ),
  );
  return fold(`${plural(row.tools.length, "tool")} in the list`, items);
}

function record(row) {
  const measured = { ...row.measurements, flags: row.measurements.flags.join(", "), finish_reasons: row.measurements.finish_reasons.join(", ") };
  const { names, ...face } = row.face ?? {};
  return fold("Measurements, presentation, provenance", pairsOf(measured), pairsOf(face), pairsOf(row.provenance));
}

function fold(title, ...children) {
  return h("details", { class: "fold" }, h("summary", null, title), children);
}

function pairsOf(record) {
  const shown = Object.entries(record).filter(([, value]) => value !== "" && value !== null);
  return h("dl", { class: "arguments" }, shown.map(([name, value]) => h("div", null, h("dt", null, worded(name)), h("dd", null, said(String(value))))));
}

function copyButton(row) {
  const copy = async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(JSON.stringify(row));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed here";
    }
    setTimeout(() => (button.textContent = "Copy JSON"), 1600);
  };
  return h("button", { type: "button", class: "quiet copy", onclick: copy }, "Copy JSON");
}
