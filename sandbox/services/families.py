"""Families of values that look real: the clock, ids, names, mail, phones, addresses, each drawn from a given `Random`.

Everything here is a function of its arguments. Nothing reads the wall clock: the worlds live around `LOGICAL_NOW`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from .vocabulary import AREA_CODES, CITIES, COMPANY_HEADS, COMPANY_TAILS, CULTURES, MAIL_DOMAINS, STREETS

LOGICAL_NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
"""The present of every fresh world: a Monday morning."""

WORLDS = 128
"""How many different worlds there are; a world seed counts modulo this, so that all of them stay cached."""

DIGITS = "0123456789"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals without those that are misread on the phone."""
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"

# Letters that Unicode does not decompose into a base letter and a mark.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "đ": "d"})
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(2000, 2100)


class IdFormat(msgspec.Struct, frozen=True):
    """The one shape of a table's ids: a prefix, then a number in some alphabet, padded to a width."""

    prefix: str
    width: int
    """Characters after the prefix, at least."""
    alphabet: str = DIGITS

    def text(self, number: int) -> str:
        """The id of a number, which is 0 or more."""
        base, rest = len(self.alphabet), ""
        while number:
            number, digit = divmod(number, base)
            rest = self.alphabet[digit] + rest
        return self.prefix + rest.rjust(self.width, self.alphabet[0])

    def number(self, text: str) -> int:
        """The number of an id of this format. Raises ValueError on any other text."""
        if not text.startswith(self.prefix):
            raise ValueError(f"{text!r} does not start with {self.prefix!r}")
        total = 0
        for character in text[len(self.prefix) :]:
            total = total * len(self.alphabet) + self.alphabet.index(character)
        return total

    def following(self, taken: Iterable[str]) -> str:
        """The id after the highest one taken, so that a table's state alone decides the next id."""
        return self.text(max(map(self.number, taken), default=0) + 1)

    def scattered(self, rng: Random, count: int) -> list[str]:
        """Distinct ids without an order, for tables whose ids tell nothing."""
        base = len(self.alphabet)
        return [
            self.text(number) for number in rng.sample(range(base ** (self.width - 1), base**self.width // 2), count)
        ]

    def ascending(self, rng: Random, count: int, first: int) -> list[str]:
        """Distinct ids in rising order with gaps, from about `first`, for tables that are numbered by age."""
        number = first + rng.randrange(40)
        out: list[str] = []
        for _ in range(count):
            number += rng.randint(1, 9)
            out.append(self.text(number))
        return out


def iso(moment: datetime) -> str:
    """`2026-03-18T14:30:00Z`. The moment must be in UTC."""
    return moment.isoformat()[:19] + "Z"


def ago(days: float, minutes: int = 0) -> datetime:
    """A whole minute before LOGICAL_NOW."""
    return LOGICAL_NOW - timedelta(minutes=round(days * 24 * 60) + minutes)


def parse_time(text: str) -> datetime:
    """A UTC moment from ISO 8601 with `Z` or an offset. Raises ValueError when it is not one, or far from our time."""
    if not _TIME.fullmatch(text):
        raise ValueError("must be a UTC time such as 2026-03-18T14:30:00Z")
    if int(text[:4]) not in _YEARS:
        raise ValueError(f"year {text[:4]} is out of range")
    return datetime.fromisoformat(text).astimezone(UTC)


def parse_date(text: str) -> datetime:
    """Midnight UTC of an ISO date. Raises ValueError when it is not one, or far from our time."""
    if not _DATE.fullmatch(text):
        raise ValueError("must be a date such as 2026-03-18")
    if int(text[:4]) not in _YEARS:
        raise ValueError(f"year {text[:4]} is out of range")
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def person(rng: Random, taken: set[str]) -> tuple[str, str]:
    """A given and a family name, mostly of one culture. The family name is new to `taken`, which it joins."""
    while True:
        given, family = rng.choice(CULTURES)
        if rng.random() < 0.25:
            family = rng.choice(CULTURES)[1]
        last = rng.choice(family)
        if last not in taken:
            taken.add(last)
            return rng.choice(given), last


def plain(text: str) -> str:
    """Lower-case ASCII letters of a name, for mail addresses: `José` gives `jose`."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_PLAIN))
    return re.sub(r"[^a-z0-9]", "", decomposed.encode("ascii", "ignore").decode())


def mail(rng: Random, given: str, family: str) -> str:
    """A private mail address at a reserved domain, in one of the usual styles."""
    first, last = plain(given), plain(family)
    local = rng.choice(
        (f"{first}.{last}", f"{first}{last}", f"{first[0]}.{last}", f"{last}.{first}", f"{first}_{last}")
    )
    digits = str(rng.randint(2, 99)) if rng.random() < 0.3 else ""
    return f"{local}{digits}@{rng.choice(MAIL_DOMAINS)}"


def phones(rng: Random, count: int) -> list[str]:
    """Distinct numbers from the range reserved for fiction, 555-0100 to 555-0199."""
    return [f"+1-{rng.choice(AREA_CODES)}-555-{line:04d}" for line in rng.sample(range(100, 200), count)]


def company(rng: Random) -> str:
    """A company's name."""
    return f"{rng.choice(COMPANY_HEADS)} {rng.choice(COMPANY_TAILS)}"


def address(rng: Random) -> tuple[str, str, str]:
    """Street with house number, city, postal code that fits the city."""
    city, code = rng.choice(CITIES)
    digits = "".join(rng.choice(DIGITS) if mark == "#" else mark for mark in code)
    return f"{rng.randint(1, 240)} {rng.choice(STREETS)}", city, digits


def retail(rng: Random, list_price: float) -> float:
    """This shop's price for a product in dollars, within a tenth of the list price and ending in 45 or 95 cents."""
    return round(round(list_price * rng.uniform(0.9, 1.1) * 2) / 2 - 0.05, 2)
