"""Gates on secrets and on what could belong to a real person. Reserved domains, numbers and test cards pass.

Reserved are the domains of RFC 2606 and RFC 6761, the numbers 555-0100 to 555-0199 of the North American plan and the
ranges that Ofcom keeps for drama. Where a form has a checksum or a structure, it is checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ..talk import Talk
from .problem import Problem, TalkGate

KEYS = re.compile(
    r"\b(?:sk-(?:ant-|proj-|live-)?[A-Za-z0-9_-]{20,}|sk_(?:live|test)_[A-Za-z0-9]{16,}|AKIA[0-9A-Z]{16}|"
    r"ASIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|"
    r"xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|"
    r"pypi-[A-Za-z0-9_-]{50,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"
)
_KEY_STARTS = ("sk-", "sk_", "AKIA", "ASIA", "gh", "glpat-", "xox", "AIza", "hf_", "npm_", "pypi-", "SG.")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_PASSWORD = re.compile(
    r"\b(?:password|passwd|api[_ ]?key|secret)\"?\s*(?:is|:|=)\s*\"?(?=\S*\d)(?=\S*[A-Za-z])[^\s\",;]{8,}"
)
_CARD = re.compile(r"(?<![\w.-])[3-6](?:[ -]?\d){12,18}(?![\w-])")
_SSN = re.compile(r"(?<![\w-])(\d{3})-(\d{2})-(\d{4})(?![\w-])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@((?:[\w-]+\.)+[A-Za-z]{2,})")
_ABROAD = re.compile(r"(?<![\w+])\+(\d(?:[ ().-]{0,2}\d){6,14})(?![\w-])")
_AT_HOME = re.compile(r"(?<![\w.+-])(?:1[ .-])?(?:\((\d{3})\) ?|(\d{3})[ .-])(\d{3})[ .-](\d{4})(?![\w-])")

RESERVED_DOMAINS = ("example.com", "example.net", "example.org", "example.edu")
_RESERVED = tuple(f".{name}" for name in RESERVED_DOMAINS)
RESERVED_ENDINGS = (".example", ".test", ".invalid", ".localhost", ".local")
TEST_CARDS = frozenset(
    "4111111111111111 4242424242424242 4012888888881881 5555555555554444 5105105105105100 378282246310005 "
    "371449635398431 6011111111111117 6011000990139424 30569309025904 3530111333300000".split()
)
"""Card numbers that payment companies publish for tests."""
_DRAMA = ("7700900", "2079460", "1632960", "3069990", "9098790", "8081570")
"""Beginnings of national numbers in the United Kingdom that belong to nobody."""


def secrets(talk: Talk) -> Iterator[Problem]:
    """No keys, tokens, private keys or passwords."""
    yield from _search(talk, _secret)


def personal(talk: Talk) -> Iterator[Problem]:
    """No card or social security numbers, addresses or telephone numbers that could be somebody's."""
    yield from _search(talk, _personal)


def _search(talk: Talk, look: Callable[[str], str]) -> Iterator[Problem]:
    for position, spoken in enumerate(talk.transcript):
        if code := look(spoken.content):
            yield Problem(code, "", position)
    for made in talk.made:
        if code := look(made.call.function.arguments):
            yield Problem(code, f"in the arguments of {made.name}", made.position)


@lru_cache(maxsize=4_096)
def _secret(text: str) -> str:
    """The code of the first secret in a text; empty when there is none."""
    if "PRIVATE KEY" in text and _PRIVATE.search(text):
        return "secrets.private_key"
    if "eyJ" in text and _JWT.search(text):
        return "secrets.token"
    if any(start in text for start in _KEY_STARTS) and KEYS.search(text):
        return "secrets.api_key"
    lower = text.lower()
    if ("passw" in lower or "secret" in lower or "api" in lower) and _PASSWORD.search(lower):
        return "secrets.password"
    return ""


@lru_cache(maxsize=4_096)
def _personal(text: str) -> str:
    """The code of the first thing in a text that could be somebody's; empty when there is none."""
    if "@" in text and any(not reserved_domain(m[1]) for m in _EMAIL.finditer(text)):
        return "privacy.email"
    if not any(character.isdigit() for character in text):
        return ""
    if any(_is_card(m.group()) for m in _CARD.finditer(text)):
        return "privacy.card"
    if "-" in text and any(_is_ssn(*m.groups()) for m in _SSN.finditer(text)):
        return "privacy.social_security"
    abroad = any(_rings(re.sub(r"\D", "", m[1])) for m in _ABROAD.finditer(text)) if "+" in text else False
    if abroad or any(_rings("1" + "".join(filter(None, m.groups()))) for m in _AT_HOME.finditer(text)):
        return "privacy.phone"
    return ""


def reserved_domain(domain: str) -> bool:
    """True for a domain that can belong to nobody."""
    name = domain.lower()
    return name.endswith(RESERVED_ENDINGS) or any(
        name == kept or name.endswith(f".{kept}") for kept in RESERVED_DOMAINS
    )


def luhn(digits: str) -> bool:
    """The checksum of card numbers."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and digits not in TEST_CARDS and len(set(digits)) > 2 and luhn(digits)


def _is_ssn(area: str, group: str, serial: str) -> bool:
    issued = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return issued and f"{area}-{group}-{serial}" not in ("078-05-1120", "219-09-9999")


def _rings(digits: str) -> bool:
    """True for a number with its country code that may belong to somebody."""
    if digits.startswith("1"):
        area, exchange, line = digits[1:4], digits[4:7], digits[7:]
        plan = len(line) == 4 and area[0] > "1" and exchange[0] > "1"
        return plan and not (exchange == "555" and line.startswith("01"))
    return not (digits.startswith("44") and digits[2:].lstrip("0").startswith(_DRAMA))


PRIVACY: tuple[TalkGate, ...] = (secrets, personal)
