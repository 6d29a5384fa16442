// All rows, as columns: which there are, what they can be filtered by, and the conversation of one of them.

class Rows {
  constructor(source) {
    this.source = source;
    this.length = 0;
    this.ids = [];
    this.accepted = [];
    this.turns = [];
    this.calls = [];
    this.openings = [];
    this.facets = {}; // facet → per row a list of numbers
    this.names = {}; // facet → names by number
    this.pieces = new Map(); // number → a promise of its tools
    this.asking = new Map(); // the same, of those on their way
  }

  // Take in what there is up to `total` rows.
  async load(total) {
    while (this.length < total) {
      const block = await this.source.json("r" + this.length);
      if (!block.id.length) return;
      this.add(block);
    }
  }

  add(block) {
    append(this.ids, block.id);
    append(this.accepted, block.accepted);
    append(this.turns, block.turns);
    append(this.calls, block.calls);
    append(this.openings, block.opening);
    for (const [facet, numbers] of Object.entries(block.facets)) {
      append((this.facets[facet] ??= []), numbers.map(shared));
      append((this.names[facet] ??= []), block.names[facet]);
    }
    this.length += block.id.length;
  }

  namesOf(facet, row) {
    return this.facets[facet][row].map((number) => this.names[facet][number]);
  }

  // [name, rows], the most frequent first. `wanted(row)` says which rows count.
  counts(facet, wanted = () => true) {
    const found = new Array(this.names[facet]?.length ?? 0).fill(0);
    for (let row = 0; row < this.length; row++) {
      if (wanted(row)) for (const number of this.facets[facet][row]) found[number]++;
    }
    return found
      .map((n, number) => [this.names[facet][number], n])
      .filter(([, n]) => n)
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  // The lines of the piece in which a row stands.
  async lines(piece) {
    const size = this.source.piece;
    const whole = !this.source.served || (piece + 1) * size <= this.length;
    return (await this.source.text("c" + piece, whole)).split("\n");
  }

  // The row as an object, with its tools back in their place.
  async row(number) {
    const size = this.source.piece;
    const line = (await this.lines(Math.floor(number / size)))[number % size];
    if (line === undefined) throw new Error(`row ${number + 1} is not there`);
    const row = JSON.parse(line);
    row.tools = await Promise.all(row.tools.map((tool) => this.tool(tool)));
    return row;
  }

  async tool(number) {
    const size = this.source.toolPiece;
    const piece = Math.floor(number / size);
    const known = await this.pieces.get(piece);
    if (known?.[number % size]) return known[number % size];
    // Asked for once, however many tools of it are wanted; again when it has grown since.
    if (!this.asking.has(piece)) this.asking.set(piece, this.source.json("t" + piece, true).finally(() => this.asking.delete(piece)));
    this.pieces.set(piece, this.asking.get(piece));
    return (await this.asking.get(piece))[number % size];
  }
}

function append(column, values) {
  for (const value of values) column.push(value);
}

// Equal short lists are one list: most rows have one mode, one domain, no reason.
const SHARED = new Map();

function shared(numbers) {
  if (numbers.length > 1) return numbers;
  const key = numbers.length ? numbers[0] : -1;
  if (!SHARED.has(key)) SHARED.set(key, numbers);
  return SHARED.get(key);
}
