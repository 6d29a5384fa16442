// The page as a whole: which part is shown, what the address says, and what is new while a run goes on.

const PAUSE = 2000; // milliseconds between two looks at a run
const source = new Source();

class Page {
  constructor(view) {
    this.view = view;
    this.rows = new Rows(source);
    this.list = new List(this.rows, (row, entered) => this.open(row, entered));
    this.filters = new Filters(this.rows, (choices) => this.go("rows", choices));
    this.state = h("p", { class: "list-state muted", role: "status" });
    this.reader = h("div", { class: "reader", id: "reader" });
    this.overview = h("div", { class: "overview" });
    this.browser = h("div", { class: "browser" }, h("div", { class: "side" }, this.filters.form, this.state, this.list.box), this.reader);
    this.task = 0; // number of the newest search: older ones stop
    this.opened = null;
  }

  async start() {
    await this.rows.load(this.view.rows);
    this.filters.draw();
    this.route();
    addEventListener("hashchange", () => this.route());
    addEventListener("keydown", (event) => this.key(event));
    if (source.served) this.follow();
  }

  // The address: #overview, or #rows?mode=…&search=…&row=ID
  go(page, parameters = {}) {
    location.hash = page === "rows" ? link(parameters) : page;
  }

  route() {
    const [page, query] = location.hash.slice(1).split("?");
    const { row, ...choices } = Object.fromEntries(new URLSearchParams(query ?? ""));
    tabs(page === "rows" ? "rows" : "overview");
    if (page !== "rows") {
      document.body.classList.remove("reading");
      this.overview.replaceChildren(...overviewPage(this.view, this.rows).flat(Infinity).filter(Boolean));
      show(this.overview);
      return;
    }
    show(this.browser);
    const asked = JSON.stringify(choices);
    if (asked !== this.asked) {
      this.asked = asked;
      this.filters.show(choices);
      this.find();
    }
    if (row) this.read(row);
    else this.closed();
  }

  async find() {
    const task = ++this.task;
    const chosen = this.filters.chosen();
    const wanted = (this.filters.choices.search ?? "").trim().toLowerCase();
    if (!wanted) {
      this.list.show(chosen);
      this.tell(chosen.length);
      return;
    }
    let hits = [];
    this.list.show(hits);
    let drawn = 0;
    await this.filters.words(chosen, wanted, (found, share) => {
      if (task !== this.task) return false;
      hits = found.length ? hits.concat(found) : hits;
      if (performance.now() - drawn > 120 || share === 1) {
        drawn = performance.now();
        this.list.show(hits);
        this.tell(hits.length, share);
      }
      return true;
    });
    if (task === this.task && !chosen.length) this.tell(0);
  }

  tell(n, share = 1) {
    const all = this.rows.length;
    const found = n === all ? plural(n, "trajectory") : `${count(n)} of ${plural(all, "trajectory")}`;
    this.state.textContent = found.replace("trajectorys", "trajectories") + (share < 1 ? `, searching … ${percent(share)}` : "");
  }

  open(row, entered) {
    const id = this.rows.ids[row];
    this.entered = entered;
    if (entered && this.opened === id) return this.enter(); // its address is there already: nothing would come of it
    const choices = { ...this.filters.choices, row: id };
    // Walking through the list leaves no trail of steps back; opening a row does.
    if (entered || !matchMedia("(min-width: 60rem)").matches) this.go("rows", choices);
    else {
      history.replaceState(null, "", link(choices));
      this.read(id);
    }
  }

  enter() {
    this.reader.querySelector("h2")?.focus({ preventScroll: true });
    this.entered = false;
  }

  async read(id) {
    const listed = this.list.shown.findIndex((row) => this.rows.ids[row] === id);
    const number = listed >= 0 ? this.list.shown[listed] : this.rows.ids.indexOf(id);
    const wanted = (this.filters.choices.search ?? "").trim().toLowerCase();
    this.opened = id;
    if (number < 0) {
      this.closed(`There is no trajectory with the id ${id}.`);
      return;
    }
    this.list.mark(number);
    let drawn;
    try {
      const row = await this.rows.row(number);
      if (this.opened !== id) return;
      const total = this.list.shown.length;
      drawn = readerPage(row, { wanted, position: Math.max(listed, 0), total, go: (by) => this.step(by), close: () => this.go("rows", this.filters.choices) });
    } catch (error) {
      drawn = h("p", { class: "note warn" }, said("This trajectory cannot be shown: " + error.message));
    }
    this.reader.replaceChildren(drawn);
    this.reader.scrollTop = 0;
    document.body.classList.add("reading");
    if (this.entered) this.enter();
  }

  step(by) {
    this.list.choose(this.list.at + by, false);
  }

  closed(why = "Choose a trajectory. Arrow keys walk through the list, / goes to the search.") {
    this.opened = null;
    document.body.classList.remove("reading");
    this.reader.replaceChildren(h("p", { class: "empty muted" }, said(why)));
  }

  key(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing) event.target.blur();
    else if (typing || !this.browser.isConnected) return;
    else if (event.key === "/") this.filters.search.focus();
    else if (event.key === "j") this.step(1);
    else if (event.key === "k") this.step(-1);
    else if (event.key === "Escape" && this.opened) {
      this.go("rows", this.filters.choices);
      this.list.box.focus();
    } else return;
    event.preventDefault();
  }

  // Look again and again; a server that takes long is asked less often.
  async follow() {
    for (;;) {
      const began = performance.now();
      try {
        const view = await source.json("overview");
        const grown = view.rows > this.rows.length || view.live !== this.view.live || view.funnel.surplus !== this.view.funnel.surplus;
        this.view = view;
        live(view.live ? `live, ${plural(view.rows, "row")}` : "");
        if (grown) await this.more();
      } catch {
        live("the server is gone");
      }
      await new Promise((go) => setTimeout(go, Math.max(PAUSE, 10 * (performance.now() - began))));
    }
  }

  async more() {
    await this.rows.load(this.view.rows);
    if (!this.browser.isConnected) return this.route();
    if (!this.filters.form.contains(document.activeElement)) this.filters.draw();
    if (!this.filters.choices.search) await this.find();
  }
}

function show(part) {
  const main = document.getElementById("main");
  if (main.firstElementChild !== part) main.replaceChildren(part);
}

function tabs(current) {
  const link = (page, text) => h("a", { href: "#" + page, "aria-current": page === current && "page" }, text);
  document.getElementById("tabs").replaceChildren(link("overview", "Overview"), link("rows", "Trajectories"));
}

function live(text) {
  const mark = document.getElementById("live");
  mark.hidden = !text;
  if (mark.textContent !== text) mark.textContent = text;
}

function theme() {
  const button = document.getElementById("theme");
  const steps = [["light dark", "Auto", "colours as the system has them"], ["light", "Light", "light colours"], ["dark", "Dark", "dark colours"]];
  let at = 0;
  button.addEventListener("click", () => {
    at = (at + 1) % steps.length;
    const [scheme, name, words] = steps[at];
    document.documentElement.style.colorScheme = scheme;
    button.textContent = name;
    button.setAttribute("aria-label", `${name}: ${words}`);
  });
}

async function begin() {
  theme();
  try {
    const view = await source.json("overview");
    [source.piece, source.toolPiece] = [view.piece, view.tool_piece];
    if (view.kind === "stats") show(h("div", { class: "overview panels" }, panelsPage(view)));
    else await new Page(view).start();
    document.documentElement.dataset.ready = "true";
    performance.mark("ready");
  } catch (error) {
    show(h("p", { class: "note warn" }, said("The page cannot be drawn: " + error.message)));
  }
}

begin();
