"""What can go wrong with one request, as one exception that says what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

import msgspec

Remedy: TypeAlias = Literal["wait", "ease", "once", "settings", "request", "refused"]
"""wait      it may pass: try again later
ease      the same, and the endpoint has too much to do: send less
once      the answer is a serving fault: ask again, but not for ever
settings  key, model or address are wrong: nothing will help but the person
request   this conversation cannot be answered: it is judged, not repeated
refused   the endpoint does not understand the request"""

EASE = frozenset({429, 503, 529})
WAIT = frozenset({408, 409, 425, 500, 502, 504})
SETTINGS = {
    401: "the key is wrong or missing (it is read from the environment, OPENAI_API_KEY unless configured)",
    402: "the account has no credit",
    403: "the key may not use this",
    404: "the model or the address does not exist",
}
"""Statuses that no repetition changes, and what they mean."""
TOO_LONG = re.compile(r"context[ _]length|context[ _]window|maximum context|prompt is too long|too many tokens", re.I)
FILTERED = re.compile(r"content[ _](filter|policy|management)|moderation|flagged", re.I)
BROKE = re.compile(r"insufficient_quota|billing|credit balance", re.I)
FORMAT = re.compile(r"response_format|json_schema", re.I)
DETAIL = 200
"""Characters of a server's words that are passed on."""


class Trouble(Exception):
    """One request failed."""

    def __init__(
        self, reason: str, remedy: Remedy, detail: str = "", *, status: int = 0, after: float | None = None
    ) -> None:
        """`after`: seconds that the server asked to wait."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.remedy: Remedy = remedy
        self.detail = detail
        self.status = status
        self.after = after


class ErrorBody(msgspec.Struct, frozen=True):
    """What servers send with an error status; every part may be missing or something else."""

    error: object = None
    message: object = None
    detail: object = None


def from_status(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], float]) -> Trouble:
    """The trouble that an HTTP status stands for. `now` is the time of day in seconds, for dates in Retry-After."""
    said = words(body)
    if 300 <= status < 400:
        where = headers.get("Location", "elsewhere")
        return Trouble(
            "redirect", "settings", f"the address redirects to {where[:DETAIL]}; give that one", status=status
        )
    if status == 413 or (status in (400, 422) and TOO_LONG.search(said)):
        return Trouble("context_length", "request", said, status=status)
    if status in (400, 403, 422) and FILTERED.search(said):
        return Trouble("content_filter", "request", said, status=status)
    if status == 429 and BROKE.search(said):
        return Trouble("http_429", "settings", said, status=status)
    if status in SETTINGS:
        return Trouble(f"http_{status}", "settings", f"{SETTINGS[status]}; it says: {said}", status=status)
    after = retry_after(headers, now)
    if status in EASE:
        return Trouble(f"http_{status}", "ease", said, status=status, after=after)
    if status in WAIT or (status >= 500 and status != 501):
        return Trouble(f"http_{status}", "wait", said, status=status, after=after)
    return Trouble(f"http_{status}", "refused", said, status=status)


def names_format(trouble: Trouble) -> bool:
    """Whether a crash is a refusal in disguise: some servers answer a `response_format` they do not know with a 500."""
    return trouble.status == 500 and FORMAT.search(trouble.detail) is not None


def retry_after(headers: Mapping[str, str], now: Callable[[], float]) -> float | None:
    """Seconds to wait, from a number or an HTTP date; None when the server said nothing that can be read."""
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None  # NaN and inf are not waits


def words(body: bytes) -> str:
    """What a server says about an error, on one short line."""
    text = body[:100_000].decode("utf-8", "replace")
    if looks_like_html(body):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S)
        text = f"an HTML page{': ' + title[1] if title else ''}"
    else:
        with suppress(msgspec.MsgspecError, UnicodeError):
            text = _message(msgspec.json.decode(body, type=ErrorBody)) or text
    text = " ".join(text.split())
    return text if len(text) <= DETAIL else text[: DETAIL - 1] + "…"


def looks_like_html(body: bytes) -> bool:
    """Whether somebody sent a page instead of an answer."""
    return body[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml"))


def _message(body: ErrorBody) -> str:
    """The message with its code and parameter, which tell more than the words."""
    error = body.error
    if isinstance(error, dict):
        parts = [str(error[key]) for key in ("message", "code", "type", "param") if error.get(key)]
        return " | ".join(parts)
    first = next((value for value in (error, body.message, body.detail) if value), "")
    return first if isinstance(first, str) else msgspec.json.encode(first).decode()
