"""Whether a text says a value: numbers, dates, names and codes in the ways people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from ..sandbox.tools import JsonValue

WINDOW = 60
"""Characters after a label in which its value is looked for."""
_PLAIN: dict[int, str | None] = {
    **{ord(sign): "'" for sign in "\u2018\u2019"},
    **{ord(sign): '"' for sign in "\u201c\u201d"},
    **{ord(sign): "-" for sign in "\u2010\u2011\u2013\u2014"},
    **{ord(sign): " " for sign in "\u00a0\u202f"},
    **{ord(sign): None for sign in "*`"},
}
"""Typographic signs as they are typed; marks of emphasis fall away."""
_TRUE = "true yes is ja oui sí sì sim".split()
_FALSE = "false no not isn't none nein non não nee".split()
"""A yes and a no in the languages that users write in."""
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_STATES = re.compile(
    r"\s*(?:\([^)]*\)\s*)?(?:is|are|was|were|be|comes to|amounts to|stands at|reads|now)\b|\s*[:=]|\s*, (?:take|use)\b"
)
_PHONE = re.compile(r"\+?[\d ().-]{9,20}")
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?")
_DIGITS = re.compile(r"\D+")


@lru_cache(maxsize=2_048)
def folded(text: str) -> str:
    """A text as compared: lower case, plain quotes and dashes, no markup, one space."""
    if not text.isascii() or "*" in text or "`" in text:
        text = text.translate(_PLAIN)
    return " ".join(text.lower().split())


def unescaped(text: str) -> str:
    """Text in which JSON's escapes do not hide a value."""
    if "\\" not in text:
        return text
    return text.replace('\\"', '"').replace("\\n", " ").replace("\\t", " ").replace("\\\\", "\\")


def stands_in(text: str, form: str, end: int | None = None) -> bool:
    """True when a folded text, up to `end`, holds a form as a whole: not inside a longer word, number or code."""
    start = text.find(form, 0, end)
    while start >= 0:
        if _free(text, start, start + len(form)):
            return True
        start = text.find(form, start + 1, end)
    return False


def _free(text: str, start: int, end: int) -> bool:
    """Nothing that belongs to the same word, number or code touches the place."""
    if start and _goes_on(text[start - 1], text[start], text[start - 2] if start > 1 else " "):
        return False
    return end >= len(text) or not _goes_on(text[end], text[end - 1], text[end + 1] if end + 1 < len(text) else " ")


def _goes_on(neighbour: str, edge: str, beyond: str) -> bool:
    """True when a neighbouring character continues a form whose outer character is `edge`."""
    if not (edge.isalnum() or edge == "_"):
        return False
    if neighbour.isalnum() or neighbour == "_":
        return True
    if neighbour == "-":  # 26 is not said by INV-26-031
        return beyond.isalnum()
    return neighbour in ".,:/" and edge.isdigit() and beyond.isdigit()  # 12 not by 12.50, 30 not by 14:30


def says(text: str, value: JsonValue) -> bool:
    """True when a text holds a value in one of the ways people write it."""
    plain = folded(text)
    if isinstance(value, str) and (moment := _moment(value)):
        return _says_moment(plain, value, moment)
    if isinstance(value, str) and _PHONE.fullmatch(value.strip()):
        return _says_phone(plain, value)
    return any(stands_in(plain, form) for form in forms(value))


def forms(value: JsonValue) -> set[str]:
    """A value as folded texts: numbers with and without separators, booleans as yes and no, codes as words."""
    return set(_forms(value)) if isinstance(value, str | int | float) else {folded(str(value))}


@lru_cache(maxsize=4_096, typed=True)  # typed: True is no 1
def _forms(value: str | float) -> frozenset[str]:
    return frozenset(_written(value))


def _written(value: str | float) -> set[str]:
    if isinstance(value, bool):
        return set(_TRUE if value else _FALSE)
    if isinstance(value, int | float):
        return set(_number_forms(value))
    if _PLAIN_NUMBER.fullmatch(value):
        return {value, *_number_forms(float(value) if "." in value else int(value))}
    text = folded(value)
    loose = text.strip("\"'.,;:!?()[]{} ")
    return {form for form in (text, loose, text.replace("_", " "), text.replace("_", "-")) if form}


def spellings(value: JsonValue) -> list[str]:
    """Every way of writing a scalar that is known here, the parts of a date or a telephone number one by one."""
    text = str(value)
    if isinstance(value, str) and (moment := _moment(value)):
        return [text, *_day_forms(moment), *_clock_forms(moment)]
    if isinstance(value, str) and _PHONE.fullmatch(value.strip()):
        digits = _DIGITS.sub("", value)
        return [text, digits, digits[1:], *re.findall(r"\d+", value)]
    return [text, *sorted(forms(value))]


def _number_forms(value: float) -> Iterator[str]:
    whole = int(value) if value == int(value) else None
    for text in (f"{value:,}", f"{value:.2f}", f"{value:,.2f}", f"{value:.1f}", str(value)):
        if float(text.replace(",", "")) == value:
            yield text
            yield text.replace(",", " ")
            yield text.replace(",", "").replace(".", ",")
            yield text.replace(",", "\x00").replace(".", ",").replace("\x00", ".")
            yield text.replace(",", " ").replace(".", ",")
    if whole is not None:
        yield from (str(whole), f"{whole:,}", f"{whole:,}".replace(",", " "), f"{whole:,}".replace(",", "."))
        if 0 <= whole < len(_WORDS):
            yield _WORDS[whole]
        if whole == 0:
            yield from ("no", "none", "nothing")
        if whole == 1:
            yield from ("a single", "only one")
    if 0 < abs(value) < 1:
        yield f"{value * 100:g}%"
        yield f"{value * 100:g} %"
        yield f"{value * 100:g} percent"


def _moment(text: str) -> datetime | None:
    if not (8 <= len(text) <= 35 and text[:4].isdigit() and "-" in text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _says_moment(plain: str, value: str, moment: datetime) -> bool:
    """The day, and where the value has a time of day, that time within a few words of it."""
    if stands_in(plain, value.lower()):
        return True
    clocks = _clock_forms(moment) if len(value) > 10 else ()
    for day in _day_forms(moment):
        start = plain.find(day)
        while start >= 0:
            end = start + len(day)
            if clocks:
                near = plain[max(0, start - 24) : end + 24].replace(f"{day}t", f"{day} ")
                if any(stands_in(near, clock) or f" {clock}" in near for clock in clocks):
                    return True
            elif _free(plain, start, end) or plain[end : end + 1] == "t":
                return True
            start = plain.find(day, end)
    return False


def _day_forms(moment: datetime) -> tuple[str, ...]:
    day, month, short, year = moment.day, f"{moment:%B}".lower(), f"{moment:%b}".lower(), moment.year
    nth = f"{day}{'th' if 10 <= day % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
    days, months = (day, nth), (month, short)
    return (
        f"{moment:%Y-%m-%d}",
        *(f"{d}{of}{m}{sep}{year}" for d in days for of in (" ", " of ") for m in months for sep in (" ", ", ")),
        *(f"{m} {d}{sep}{year}" for d in days for m in (*months, f"{short}.") for sep in (", ", " ")),
        f"{moment:%d.%m.%Y}",
        f"{day}.{moment.month}.{year}",
        f"{moment:%m/%d/%Y}",
        f"{moment.month}/{day}/{year}",
        f"{moment:%d/%m/%Y}",
        f"{day}/{moment.month}/{year}",
        f"{moment:%Y/%m/%d}",
    )


def _clock_forms(moment: datetime) -> tuple[str, ...]:
    twelve, half = moment.hour % 12 or 12, "am" if moment.hour < 12 else "pm"
    twelve_hour = (f"{twelve}:{moment:%M} {half}", f"{twelve}:{moment:%M}{half}", f"{twelve}:{moment:%M} {half[0]}.m.")
    full = (f"{twelve} {half}", f"{twelve}{half}") if moment.minute == 0 else ()
    seconds = (f"{moment:%H:%M:%S}",) if moment.second else (f"{moment:%H:%M:%S}", f"{moment:%H:%M}")
    plain = (f"{moment:%H:%M}", f"{moment.hour}:{moment:%M}")
    return (*seconds, *plain, *twelve_hour, *full)


def _says_phone(plain: str, value: str) -> bool:
    """The digits, however they are grouped; a leading country code may be left out."""
    digits = _DIGITS.sub("", value)
    local = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return any(_DIGITS.sub("", found.group()) in (digits, local) for found in _PHONE.finditer(plain))


def stated(text: str, label: str) -> Iterator[str]:
    """What a text says a label to be: the words after `label is`, `label:` and the like, up to the sentence's end."""
    plain, wanted = folded(text), folded(label)
    start = plain.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if _free(plain, start, end) and (verb := _STATES.match(plain, end)):
            window = plain[verb.end() : verb.end() + WINDOW]
            yield re.split(r"[.;!?](?:\s|$)| and the ", window, maxsplit=1)[0]
        start = plain.find(wanted, end)
