// JSON laid out for reading, token by token, so that every number and every escape stays as it was written.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;
const INLINE = 100; // characters up to which an object or a list stays on one line

// The text laid out; null where it is not JSON, or nested too deeply to be worth it.
function laidOut(text) {
  try {
    const value = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const tokens = text.match(TOKEN);
    return layout(tokens, { at: 0 }, "");
  } catch {
    return null;
  }
}

function layout(tokens, place, indent) {
  const token = tokens[place.at++];
  if (token !== "{" && token !== "[") return token;
  const close = token === "{" ? "}" : "]";
  const deeper = indent + "  ";
  const items = [];
  while (tokens[place.at] !== close) {
    if (tokens[place.at] === ",") place.at++;
    let item = "";
    if (token === "{") {
      item = tokens[place.at] + ": ";
      place.at += 2;
    }
    items.push(item + layout(tokens, place, deeper));
  }
  place.at++;
  const flat = items.join(", ");
  if (flat.length + indent.length <= INLINE && !flat.includes("\n")) return token + flat + close;
  return `${token}\n${deeper}${items.join(",\n" + deeper)}\n${indent}${close}`;
}

const PART = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)/gs;

// Laid-out JSON as nodes: keys, texts and numbers in their colours.
function coloured(text, wanted) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(PART)) {
    nodes.push(...said(text.slice(from, match.index), wanted));
    const kind = match[2] !== undefined ? "key" : match[1] ? "text" : "number";
    nodes.push(h("span", { class: "json-" + kind }, said(match[1] ?? match[0], wanted)), match[2] ?? "");
    from = match.index + match[0].length;
  }
  return [...nodes, ...said(text.slice(from), wanted)];
}
