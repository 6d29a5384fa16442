"""Texts by the name of a field: a city where a city is wanted, mail at a reserved domain, a time near ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from uuid import UUID

from ..services.catalogue import CATEGORIES, GOODS
from ..services.families import LOGICAL_NOW, address, ago, company, iso, mail, person, phones, plain
from ..services.texts import COMMENTS, EVENT_NOTES, EVENT_TITLES
from ..services.vocabulary import CITIES, entries
from .words import tokens

_DOMAINS = ("docs.example.com", "www.example.org", "files.example.net", "news.example.com")
_NOTES = tuple(note for note in (*EVENT_NOTES, *COMMENTS) if note)
_PRODUCTS = tuple(name for goods in GOODS.values() for name, _ in goods)
_COUNTRIES = entries("Portugal|Canada|Japan|Kenya|Norway|Chile|Vietnam|Poland|New Zealand|Morocco|India|Ireland")
_LABELS = entries("backend|billing|design|finance|field work|launch|legal|onboarding|research|urgent|weekly|archive")
_SYMBOLS = entries("ALDR|BLPK|CPRL|DRFT|ESTG|FRNH|GRNY|HBVW|IRNB|JNPR|KSTR|LRKF")
_ZONES = entries("Europe/Lisbon|America/Toronto|Asia/Tokyo|Africa/Nairobi|Europe/Oslo|America/Santiago|UTC")
_FILES = entries("report.md|budget.csv|notes.txt|invoice.pdf|roadmap.md|contacts.csv|summary.docx|readings.json")
_FOLDERS = entries("projects|finance|shared|archive|team|research|drafts|minutes")


def text_for(name: str, form: str, rng: Random) -> str:
    """A text for a field of this name and JSON Schema format; `form` is empty when none is declared."""
    if form in _FORMATS:
        return _FORMATS[form](rng)
    words = tokens(name)
    # What stands before `name` says more: the name of a customer is a person's.
    ordered = (*reversed(words[:-1]), words[-1]) if words and words[-1] in ("name", "id") else (*reversed(words),)
    for word in ordered:
        maker = _BY_WORD.get(word) or _BY_WORD.get(word.removesuffix("s"))
        if maker:
            return maker(rng)
    return f"{rng.choice(_LABELS)} {rng.randint(2, 99)}"


def _moment(rng: Random) -> str:
    return iso(ago(rng.uniform(0, 60)))


def _coming(rng: Random) -> str:
    return iso(LOGICAL_NOW + timedelta(hours=rng.randint(1, 24 * 21)))


def _date(rng: Random) -> str:
    return _moment(rng)[:10]


def _clock(rng: Random) -> str:
    return f"{rng.randint(8, 18):02d}:{rng.choice((0, 15, 30, 45)):02d}"


def _person(rng: Random) -> str:
    return " ".join(person(rng, set()))


def _mail(rng: Random) -> str:
    return mail(rng, *person(rng, set()))


def _user(rng: Random) -> str:
    given, family = person(rng, set())
    return f"{plain(given)}.{plain(family)}"


def _url(rng: Random) -> str:
    return f"https://{rng.choice(_DOMAINS)}/{rng.choice(_FOLDERS)}/{rng.randint(100, 999)}"


def _path(rng: Random) -> str:
    return f"/{rng.choice(_FOLDERS)}/{_file(rng)}"


def _file(rng: Random) -> str:
    stem, _, kind = rng.choice(_FILES).rpartition(".")
    return f"{stem}-{rng.randint(1, 99):02d}.{kind}"


def _title(rng: Random) -> str:
    return rng.choice(EVENT_TITLES)


def _note(rng: Random) -> str:
    return rng.choice(_NOTES)


def _hex(length: int) -> Callable[[Random], str]:
    return lambda rng: f"{rng.getrandbits(4 * length):0{length}x}"


def _one_of(*choices: str) -> Callable[[Random], str]:
    return lambda rng: rng.choice(choices)


_FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date-time": _moment,
    "date": _date,
    "time": lambda rng: _clock(rng) + ":00Z",
    "duration": _one_of("PT30M", "PT1H", "P1D"),
    "email": _mail,
    "uri": _url,
    "url": _url,
    "uri-reference": _url,
    "hostname": _one_of(*_DOMAINS),
    "ipv4": lambda rng: f"192.0.2.{rng.randint(1, 254)}",
    "ipv6": lambda rng: f"2001:db8::{rng.randint(1, 0xFFFF):x}",
    "uuid": lambda rng: str(UUID(int=rng.getrandbits(128), version=4)),
}

_MAKERS: tuple[tuple[str, Callable[[Random], str]], ...] = (
    ("first given", lambda rng: person(rng, set())[0]),
    ("last family surname", lambda rng: person(rng, set())[1]),
    ("email mail recipient cc bcc", _mail),
    ("phone telephone mobile fax", lambda rng: phones(rng, 1)[0]),
    ("person author owner assignee customer contact attendee employee manager reporter member", _person),
    ("user username login handle account", _user),
    ("company organization organisation vendor supplier brand client employer", company),
    ("city place location town region destination origin", lambda rng: rng.choice(CITIES)[0]),
    ("country nation", _one_of(*_COUNTRIES)),
    ("address street", lambda rng: ", ".join(address(rng))),
    ("postcode zip", lambda rng: address(rng)[2]),
    ("product item sku_name goods", _one_of(*_PRODUCTS)),
    ("category", _one_of(*CATEGORIES)),
    ("tag label keyword topic group type kind field section", _one_of(*_LABELS)),
    ("url uri link website href webhook", _url),
    ("domain host hostname", _one_of(*_DOMAINS)),
    ("path filepath file_path directory folder dir", _path),
    ("file filename", _file),
    ("title name subject heading headline summary display", _title),
    ("description body text message content comment note detail reason prompt question answer caption abstract", _note),
    ("created updated modified published timestamp at datetime", _moment),
    ("start end due deadline expires until schedule scheduled", _coming),
    ("date day", _date),
    ("time hour", _clock),
    ("timezone zone tz", _one_of(*_ZONES)),
    ("status state", _one_of("active", "pending", "open")),
    ("priority severity level", _one_of("low", "medium", "high")),
    ("currency", _one_of("USD", "EUR", "JPY", "CAD")),
    ("language lang locale", _one_of("en", "pt", "ja", "fr")),
    ("symbol ticker stock", _one_of(*_SYMBOLS)),
    ("color colour", _one_of("teal", "amber", "slate", "coral")),
    ("version", lambda rng: f"{rng.randint(0, 4)}.{rng.randint(0, 12)}.{rng.randint(0, 9)}"),
    ("hash sha commit revision digest checksum", _hex(40)),
    ("branch", lambda rng: f"{rng.choice(('fix', 'feature', 'docs', 'release'))}-{rng.randint(100, 999)}"),
    ("token cursor", _hex(16)),
    ("ip", _FORMATS["ipv4"]),
    ("format", _one_of("json", "csv", "markdown")),
    ("query search keyword pattern filter", _one_of("budget", "delivery", "review", "planning")),
    ("id uid key", _hex(8)),
    ("uuid guid", _FORMATS["uuid"]),
    ("code", lambda rng: f"{rng.choice('ABCDEFGHJKLM')}{rng.randint(100, 999)}"),
)
_BY_WORD: Mapping[str, Callable[[Random], str]] = {word: maker for words, maker in _MAKERS for word in words.split()}
