// Which rows are shown: choices over the columns at once, words in the conversations piece by piece.

const CHOICES = [
  ["verdict", "Verdict"],
  ["mode", "Mode"],
  ["domain", "Domain"],
  ["reason", "Reason"],
  ["tool", "Tool"],
  ["perturbation", "Disturbance"],
  ["language", "Language"],
];
const LISTED = 40; // names up to which a choice is a menu; beyond, a field that completes what is typed

// A place in this page: its trajectories with these choices made.
function link(choices) {
  const made = new URLSearchParams(Object.entries(choices).filter(([, value]) => value));
  return made.size ? "#rows?" + made : "#rows";
}

class Filters {
  // `changed(choices)`: somebody chose something.
  constructor(rows, changed) {
    this.rows = rows;
    this.changed = changed;
    this.choices = {};
    this.fields = {};
    this.search = h("input", { type: "search", id: "search", placeholder: "Words, or an id", autocomplete: "off", spellcheck: "false" });
    this.search.addEventListener("input", () => this.later());
    this.form = h("form", { class: "filters", role: "search", "aria-label": "Trajectories", onsubmit: (event) => event.preventDefault() });
  }

  // Build the fields anew: names may have been added.
  draw() {
    const fields = CHOICES.map(([facet, title]) => this.field(facet, title)).filter(Boolean);
    this.form.replaceChildren(
      h("div", { class: "field wide" }, h("label", { for: "search" }, "Search"), this.search),
      h("details", { class: "choices", open: matchMedia("(min-width: 60rem)").matches || this.open }, h("summary", null, "Filters"), h("div", { class: "fields" }, fields)),
      h("button", { type: "button", class: "quiet", onclick: () => this.changed({}) }, "Clear"),
    );
    const choices = this.form.querySelector("details");
    choices.addEventListener("toggle", () => (this.open = choices.open));
    this.show(this.choices);
  }

  field(facet, title) {
    const names = facet === "verdict" ? this.verdicts() : this.rows.counts(facet);
    if (names.length < 2 && !(facet === "reason" && names.length)) return null;
    const set = (event) => this.changed({ ...this.choices, [facet]: event.currentTarget.value });
    const id = "choice-" + facet;
    let input;
    if (names.length <= LISTED) {
      input = h("select", { id, onchange: set }, h("option", { value: "" }, "all"), names.map(([name, n]) => h("option", { value: name }, `${plain(shownAs(facet, name))} (${count(n)})`)));
    } else {
      const known = h("datalist", { id: id + "-names" }, names.slice(0, 2000).map(([name]) => h("option", { value: plain(name) })));
      input = [h("input", { id, type: "text", list: id + "-names", placeholder: "all", autocomplete: "off", onchange: set }), known];
    }
    this.fields[facet] = Array.isArray(input) ? input[0] : input; // a select has a length, too
    return h("div", { class: "field" }, h("label", { for: id }, title), input);
  }

  verdicts() {
    const accepted = this.rows.accepted.reduce((sum, one) => sum + one, 0);
    return [["accepted", accepted], ["rejected", this.rows.length - accepted]].filter(([, n]) => n);
  }

  // Show these choices in the fields.
  show(choices) {
    this.choices = choices;
    for (const [facet, field] of Object.entries(this.fields)) field.value = choices[facet] ?? "";
    if (document.activeElement !== this.search) this.search.value = choices.search ?? "";
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed({ ...this.choices, search: this.search.value }), 250);
  }

  // The numbers of the rows that fit the choices, words aside.
  chosen() {
    const tests = [];
    const verdict = this.choices.verdict;
    if (verdict) tests.push((row) => this.rows.accepted[row] === (verdict === "accepted" ? 1 : 0));
    for (const [facet] of CHOICES.slice(1)) {
      const wanted = this.choices[facet];
      if (!wanted) continue;
      const fitting = new Set();
      const names = this.rows.names[facet] ?? [];
      const exact = names.indexOf(wanted);
      if (exact >= 0) fitting.add(exact);
      else names.forEach((name, number) => name.toLowerCase().includes(wanted.toLowerCase()) && fitting.add(number));
      tests.push((row) => this.rows.facets[facet][row].some((number) => fitting.has(number)));
    }
    const found = [];
    for (let row = 0; row < this.rows.length; row++) if (tests.every((test) => test(row))) found.push(row);
    return found;
  }

  // Those of `rows` whose conversation holds the words, a piece at a time: `found(numbers, share done)` is called often and
  // says false when nobody waits any more. Ids and openings are looked at first.
  async words(rows, wanted, found) {
    const escaped = JSON.stringify(wanted).slice(1, -1);
    const size = this.rows.source.piece;
    for (let at = 0; at < rows.length; ) {
      const piece = Math.floor(rows[at] / size);
      const lines = await this.rows.lines(piece);
      const hits = [];
      for (; at < rows.length && Math.floor(rows[at] / size) === piece; at++) {
        const row = rows[at];
        const line = lines[row % size] ?? "";
        if (this.rows.ids[row].startsWith(wanted) || (line.toLowerCase().includes(escaped) && spoken(line).includes(wanted))) hits.push(row);
      }
      if (!found(hits, at / rows.length)) return;
    }
  }
}

// What is said, called and answered in a row, in lower case.
function spoken(line) {
  const parts = [];
  for (const message of JSON.parse(line).messages) {
    parts.push(message.content, message.reasoning ?? "", message.name ?? "");
    for (const call of message.tool_calls ?? []) parts.push(call.function.name, call.function.arguments);
  }
  return parts.join("\n").toLowerCase();
}
