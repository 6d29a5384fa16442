// The list: a hundred thousand lines of which only the visible ones exist.

const HEIGHT = 62; // of a line, in pixels; the style sheet has the same
const MARGIN = 6; // lines that exist above and below the visible ones

class List {
  // `chosen(row, entered)`: a line was chosen; `entered` when somebody wants to read it.
  constructor(rows, chosen) {
    this.rows = rows;
    this.chosen = chosen;
    this.shown = []; // numbers of rows
    this.at = -1; // place in `shown`
    this.space = h("div", { class: "list-space", role: "presentation" });
    this.box = h("div", { class: "list", role: "listbox", tabindex: 0, "aria-label": "Trajectories", id: "list" }, this.space);
    this.box.addEventListener("scroll", () => this.draw(), { passive: true });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => {
      const line = event.target.closest("[data-at]");
      if (line) this.choose(Number(line.dataset.at), true);
    });
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  show(numbers) {
    const row = this.shown[this.at];
    this.shown = numbers;
    this.at = row === undefined ? -1 : numbers.indexOf(row);
    this.space.style.blockSize = numbers.length * HEIGHT + "px";
    this.draw(true);
  }

  // Mark a row without saying that it was chosen.
  mark(row) {
    this.at = this.shown.indexOf(row);
    this.reveal();
    this.draw(true);
  }

  choose(at, entered) {
    if (!this.shown.length) return;
    this.at = Math.max(0, Math.min(this.shown.length - 1, at));
    this.reveal();
    this.draw(true);
    this.chosen(this.shown[this.at], entered);
  }

  reveal() {
    if (this.at < 0) return;
    const top = this.at * HEIGHT;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + HEIGHT > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + HEIGHT - this.box.clientHeight;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / HEIGHT) - 1);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.choose(Math.max(this.at, event.key === "ArrowUp" ? 0 : this.at) + moves[event.key], false);
    else if (event.key === "Enter" && this.at >= 0) this.choose(this.at, true);
    else return;
    event.preventDefault();
  }

  draw(anew = false) {
    const first = Math.max(0, Math.floor(this.box.scrollTop / HEIGHT) - MARGIN);
    const last = Math.min(this.shown.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / HEIGHT) + MARGIN);
    if (!anew && first === this.first && last === this.last) return;
    [this.first, this.last] = [first, last];
    const lines = [];
    for (let at = first; at < last; at++) lines.push(this.line(at));
    this.space.replaceChildren(...lines);
    if (this.at >= first && this.at < last) this.box.setAttribute("aria-activedescendant", "line-" + this.at);
    else this.box.removeAttribute("aria-activedescendant");
  }

  line(at) {
    const row = this.shown[at];
    const { rows } = this;
    const accepted = rows.accepted[row] === 1;
    const why = accepted ? "" : rows.namesOf("reason", row)[0] ?? "";
    const line = h(
      "div",
      {
        class: "line",
        role: "option",
        id: "line-" + at,
        "data-at": at,
        "aria-selected": String(at === this.at),
        "aria-posinset": at + 1,
        "aria-setsize": this.shown.length,
      },
      h("span", { class: "line-says", dir: "auto" }, said(rows.openings[row] || "(nothing was said)")),
      h(
        "span",
        { class: "line-about" },
        h("span", { class: accepted ? "good-text" : "bad-text" }, accepted ? "accepted" : "rejected"),
        ` · ${worded(rows.namesOf("mode", row)[0] ?? "")} · `,
        said(why || (rows.namesOf("domain", row)[0] ?? "")),
        h("span", { class: "line-counts" }, plural(rows.calls[row], "call")),
      ),
    );
    line.style.insetBlockStart = at * HEIGHT + "px";
    return line;
  }
}
