"use strict";
// Elements, numbers and text. Text from rows becomes text nodes and nothing else: no string is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

// h("p", { class: "note", onclick: f }, "text", child, …): an element. Empty children are left out.
function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

// Characters that could turn a line round, hide in it, or are no characters.
const UNSAFE =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// The nodes of a text: what must not be seen as it is stands written out, and what is searched for is marked.
function said(text, wanted = "") {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(UNSAFE)) {
    nodes.push(...marked(text.slice(from, match.index), wanted));
    nodes.push(h("span", { class: "code-point" }, written(match[0])));
    from = match.index + 1;
  }
  return [...nodes, ...marked(text.slice(from), wanted)];
}

// The same as one string, for attributes and titles.
const plain = (text) => text.replace(UNSAFE, written);

function written(character) {
  const code = character.charCodeAt(0);
  return code < 256 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16).padStart(4, "0");
}

function marked(text, wanted) {
  if (!wanted) return text ? [text] : [];
  const nodes = [];
  const lower = text.toLowerCase();
  let from = 0;
  // Where lower case is of another length, places would be wrong: then nothing is marked.
  for (let at; lower.length === text.length && (at = lower.indexOf(wanted, from)) >= 0; from = at + wanted.length) {
    nodes.push(text.slice(from, at), h("mark", null, text.slice(at, at + wanted.length)));
  }
  return [...nodes, text.slice(from)];
}

const count = (n) => Math.round(n).toLocaleString("en-GB");
const bits = (n) => n.toFixed(2);
const percent = (share) => (100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0) + " %";
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

function duration(ms) {
  if (ms < 1) return ms.toFixed(2) + " ms";
  if (ms < 1000) return ms.toFixed(ms < 10 ? 1 : 0) + " ms";
  return ms < 60000 ? (ms / 1000).toFixed(ms < 10000 ? 2 : 1) + " s" : (ms / 60000).toFixed(1) + " min";
}

function short(n) {
  if (n < 10000) return count(n);
  return n < 999500 ? (n / 1e3).toFixed(n < 1e5 ? 1 : 0) + " k" : (n / 1e6).toFixed(n < 1e8 ? 1 : 0) + " M";
}

// The name of a language by its code, in English.
const NAMES = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

function languageOf(code) {
  try {
    return NAMES.of(code);
  } catch {
    return code;
  }
}

// Words of ours with their underscores read aloud.
const worded = (name) => name.replaceAll("_", " ");

// How a name of some facet is shown: tools and reasons as they are called, the others in words.
function shownAs(facet, name) {
  if (facet === "language") return languageOf(name);
  return facet === "tool" || facet === "reason" ? name : worded(name);
}
