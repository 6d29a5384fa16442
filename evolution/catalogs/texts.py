"""Descriptions as plain text: markup taken off, white space closed up, cut at the end of a sentence."""

from __future__ import annotations

import html
import re

from ...sandbox.tools import JsonValue

OPERATION = 600
"""Characters of an operation's description that are kept."""
FIELD = 200
"""Characters of a field's description that are kept."""
SUMMARY = 400
"""Characters of a service's description that are kept."""

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\([^()\s]{1,500}\)")
_FIRST = 4
"""Times the limit that is looked at: markup may be longer than what it marks up."""


def plain(text: JsonValue, limit: int) -> str:
    """The text without HTML tags and Markdown links, in one line, of at most `limit` characters; empty for no text."""
    if not isinstance(text, str):
        return ""
    text = text[: limit * _FIRST]
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if "&" in text:
        text = html.unescape(text)
    text = " ".join(text.split())
    if "\\u" in text or not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate cannot be written out
    return text if len(text) <= limit else _cut(text, limit)


def _cut(text: str, limit: int) -> str:
    """At the last end of a sentence in the second half, else at the last word."""
    ends = max(text.rfind(mark, limit // 2, limit) for mark in (". ", "! ", "? ", "。"))
    if ends > 0:
        return text[: ends + 1]
    return text[: max(text.rfind(" ", 0, limit - 1), limit // 2)].rstrip(" ,;:") + "…"
