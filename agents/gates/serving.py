"""Gates on what servers and chat templates leave behind in texts that people would read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...runtime.chat import AssistantMessage
from ..talk import Talk
from .problem import Problem, TalkGate

FAILURES = (
    "traceback (most recent call last)",
    "502 bad gateway",
    "503 service unavailable",
    "504 gateway time",
    "internal server error",
    "upstream connect error",
    "connection reset by peer",
    "connection refused",
    "rate limit exceeded",
    "rate limit reached",
    "429 too many requests",
    "cuda out of memory",
    "maximum context length",
    "context_length_exceeded",
    "context window exceeded",
    "read timed out",
    "certificate_verify_failed",
    "<!doctype html",
    "<center>nginx",
)
THOUGHTS = ("<think", "</think", "<reasoning>", "</reasoning>", "<scratchpad>", "<reflection>", "◁think▷", "◁/think▷")
TOKENS = (
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "</s>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<unk>",
)
CALL_MARKS = (
    "<tool_call",
    "</tool_call",
    "<tool_response",
    "<function=",
    "<function_call",
    "</function",
    "<invoke ",
    "[tool_calls]",
    '"arguments":',
    '"tool_calls":',
    '"function_call":',
    "action input:",
)
BOILERPLATE = (
    "as an ai language model",
    "as a large language model",
    "as an ai assistant, i",
    "as an ai, i",
    "my knowledge cutoff",
    "my training data",
)
_TOKEN = re.compile(r"<[|\uff5c][\w\u2581 .-]{1,40}[|\uff5c]>")
_UNFILLED = ("{{", "[", "<", "lorem ipsum", "undefined", "nan", "null")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,60}\}\}|\[(?:insert|your|placeholder|todo)\b[^\]]{0,60}\]|<(?:insert|your)[ _][^>]{1,40}>|"
    r"\blorem ipsum\b|\[object object\]|\b(?:is|are|:) (?:undefined|nan|null)\b(?!\s*\w)"
)
_NAMED_CALL = re.compile(r"\b(\w+)\(")


def infrastructure(talk: Talk) -> Iterator[Problem]:
    """No message carries a server's failure, unless a tool had answered with it before."""
    for literal in _present(talk, FAILURES):
        for position, text in talk.said:
            if literal in text and not any(literal in reply.lower() for at, reply in talk.replies if at < position):
                yield Problem("serving.infrastructure", literal, position)
                break
    for position, reply in talk.replies:
        if reply[:400].lstrip().lower().startswith(("<html", "<!doctype html", "upstream connect error")):
            yield Problem("serving.infrastructure", "a reply is a gateway's page", position)


def thoughts(talk: Talk) -> Iterator[Problem]:
    """No message shows marks of hidden reasoning."""
    yield from _hits(talk, THOUGHTS, "serving.reasoning_residue")


def template_tokens(talk: Talk) -> Iterator[Problem]:
    """No message shows tokens of a chat template."""
    yield from _hits(talk, TOKENS, "serving.template_token")
    if "<|" in talk.speech or "<\uff5c" in talk.speech:
        for position, text in talk.said:
            if found := _TOKEN.search(text):
                yield Problem("serving.template_token", found.group(), position)


def call_markup(talk: Talk) -> Iterator[Problem]:
    """No message spells out a tool call in its text."""
    yield from _hits(talk, CALL_MARKS, "serving.call_markup")
    if "(" not in talk.speech:
        return
    for position, text in talk.said:
        spelled = next((m[1] for m in _NAMED_CALL.finditer(text) if "_" in m[1] and m[1] in talk.schemas), None)
        if spelled and isinstance(talk.transcript[position], AssistantMessage):
            yield Problem("serving.call_markup", f"{spelled} is called in the text", position)


def boilerplate(talk: Talk) -> Iterator[Problem]:
    """Nobody speaks of being a language model."""
    yield from _hits(talk, BOILERPLATE, "serving.boilerplate")


def placeholders(talk: Talk) -> Iterator[Problem]:
    """Nothing was left unfilled in what was said."""
    if not any(mark in talk.speech for mark in _UNFILLED):
        return
    for position, text in talk.said:
        if found := _PLACEHOLDER.search(text):
            yield Problem("serving.placeholder", found.group(), position)


def _present(talk: Talk, literals: Sequence[str]) -> list[str]:
    return [literal for literal in literals if literal in talk.speech]


def _hits(talk: Talk, literals: Sequence[str], code: str) -> Iterator[Problem]:
    for literal in _present(talk, literals):
        yield Problem(code, literal, next(position for position, text in talk.said if literal in text))


SERVING: tuple[TalkGate, ...] = (infrastructure, thoughts, template_tokens, call_markup, boilerplate, placeholders)
