// Where the data of the page comes from: out of the page itself, or from the server that sent it.
// Pieces have names: `overview`, `r<row>` (columns from that row on), `c<number>` (rows), `t<number>` (tools).

const KEPT = 12; // unpacked pieces that are remembered

class Source {
  constructor() {
    this.served = document.documentElement.dataset.mode === "served";
    this.kept = new Map(); // name → text
  }

  // The text of a piece. With `keep`, it is remembered for a while: what still grows must not be.
  async text(name, keep = true) {
    const known = this.kept.get(name);
    if (known !== undefined) {
      this.kept.delete(name);
      this.kept.set(name, known);
      return known;
    }
    const text = await unpacked(this.served ? await fetched(name) : await embedded(name, keep));
    if (keep) {
      this.kept.set(name, text);
      if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    }
    return text;
  }

  async json(name, keep = false) {
    return JSON.parse(await this.text(name, keep));
  }
}

async function fetched(name) {
  const answer = await fetch("data/" + name, { cache: "no-store" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.body;
}

// The data of an element; it may not have come in yet. What is read once need not stay.
async function embedded(name, again) {
  let element;
  while (!(element = document.getElementById(name)) || !element.nextSibling) {
    if (document.readyState !== "loading") break;
    await new Promise((go) => setTimeout(go, 30));
  }
  if (!element) throw new Error(`the page is not whole: ${name} is missing`);
  const bytes = bytesOf(element.textContent);
  if (!again) element.remove();
  return new Blob([bytes]).stream();
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at);
  return bytes;
}

const unpacked = (stream) => new Response(stream.pipeThrough(new DecompressionStream("deflate"))).text();
