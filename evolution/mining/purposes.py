"""When a value of a shared type makes sense across services: whose value it is, and what is done with it elsewhere.

An address of a customer is worth geocoding; an address of a memory page is not. Both sides must speak of what the table
says, in the last words of their collections and by their sectors; a type that is not in the table joins nothing. A type
may have several purposes: customers become subscribers, employees become users, and anyone is written to.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...sandbox.entities.words import singular, tokens
from .fields import Semantic

_STAFF = """user employee member team agent worker candidate applicant assignee contractor teacher organizer seller
    profile author owner collaborator reviewer"""
_CLIENTS = """customer contact client lead order attendee subscriber guest student account invoice booking
    reservation participant recipient donor tenant company organization buyer passenger registrant volunteer person
    people guardian partnership hotel store branch meeting appointment"""
_SUPPLIERS = "vendor supplier merchant contractor manufacturer dealer"
_TRADE = "commerce finance customers logistics travel property"
_PLACES = "commerce customers finance people travel logistics property entertainment education health society work"
_PERSONS = f"{_PLACES} marketing communication"
_REACHED = "communication customers marketing work people commerce finance health education entertainment society"


class Purpose(msgspec.Struct, frozen=True):
    """A type's two sides: nouns in the singular, and the sectors in which they mean what is meant here."""

    owners: frozenset[str]
    """What has such a value: last words of entities."""
    from_sectors: frozenset[str]
    uses: frozenset[str]
    """What a tool is about that does something with it: last words of entities."""
    to_sectors: frozenset[str]


def _purpose(owners: str, from_sectors: str, uses: str, to_sectors: str) -> Purpose:
    return Purpose(*(frozenset(words.split()) for words in (owners, from_sectors, uses, to_sectors)))


_PLACED = """event venue hotel store office location booking restaurant property place airport site warehouse station
    rental listing project appointment"""
_SHIPPED = "customer order contact supplier warehouse store shipment client buyer account address"
_LOCAL = """weather forecast hotel flight event restaurant place holiday listing property store quality airport tour
    venue concert station dealer measurement timezone direction route elevation parking charger map"""
_SENT = """postcode postal rate shipping delivery quote tax vat pickup shipment parcel geocode geocoding verification
    validation label courier"""
_LOCAL_SECTORS = "travel science property entertainment things"
_SENT_SECTORS = "travel logistics finance commerce"

_OTHERWISE = frozenset(
    "emergency dependent test sample deleted default system security microsoft hosted connection".split()
)
"""Words that take an entry out of the business that its last word speaks of."""

PURPOSES: Mapping[Semantic, tuple[Purpose, ...]] = {
    "email": (
        _purpose(
            f"{_CLIENTS} {_STAFF} {_SUPPLIERS} patient",
            f"{_PERSONS} security software",
            """message email mail notification verification validation validate verify envelope signer newsletter
            suppression draft recipient invitation invite""",
            _REACHED,
        ),
        _purpose(
            _CLIENTS,
            _PERSONS,
            """subscriber contact customer lead attendee guest list ticket requester person people client patient
            student registration invoice order account guardian appointment member""",
            _REACHED,
        ),
        _purpose(_SUPPLIERS, _PERSONS, f"contact company {_SUPPLIERS}", _REACHED),
        _purpose(
            _STAFF,
            f"{_PERSONS} security software",
            "user member collaborator participant employee permission organizer attendee candidate",
            f"{_REACHED} security",
        ),
    ),
    "phone": (
        _purpose(
            f"{_CLIENTS} {_STAFF} {_SUPPLIERS} patient",
            _PERSONS,
            "message sms call verification lookup text whatsapp otp voice validation verify validate",
            "communication customers marketing security",
        ),
        _purpose(
            _CLIENTS,
            _PERSONS,
            "contact customer lead person people client patient account appointment store",
            "communication customers marketing commerce finance health education logistics",
        ),
        _purpose(_STAFF, _PERSONS, "employee user member", "people work communication"),
    ),
    "url": (
        _purpose(
            """site website page article product post job video image document file blog story listing photo recipe
            campaign podcast episode book paper event app publication course offer restaurant hotel review property""",
            "content commerce entertainment marketing work education travel science property people customers",
            """link shortlink screenshot crawl bookmark webpage scrape qr markdown pdf preview serp sentiment topic
            shortener metadata""",
            "marketing intelligence content work software data",
        ),
    ),
    "currency": (
        _purpose(
            """payment order invoice product transaction account price balance quote plan subscription bill budget
            expense customer merchant offer""",
            f"{_TRADE} people work",
            "rate exchange conversion fx",
            "finance commerce",
        ),
    ),
    "country": (
        _purpose(_PLACED, _PLACES, f"{_LOCAL} law university covid", _LOCAL_SECTORS),
        _purpose(_SHIPPED, _TRADE, f"{_SENT} price", _SENT_SECTORS),
        _purpose("company office store", _PERSONS, "number", "communication"),
    ),
    "city": (
        _purpose(_PLACED, _PLACES, f"{_LOCAL} job", f"{_LOCAL_SECTORS} people"),
        _purpose(_SHIPPED, _TRADE, _SENT, _SENT_SECTORS),
    ),
    "postal code": (
        _purpose(_PLACED, _PLACES, _LOCAL, _LOCAL_SECTORS),
        _purpose(_SHIPPED, _TRADE, f"{_SENT} zip", _SENT_SECTORS),
    ),
    "coordinates": (
        _purpose(
            f"{_PLACED} vehicle device",
            f"{_PLACES} things",
            f"{_LOCAL} geocode geocoding location address nearby sunrise bike pollution position",
            _LOCAL_SECTORS,
        ),
    ),
    "address": (
        _purpose(_PLACED, _PLACES, f"{_LOCAL} geocode geocoding location", _LOCAL_SECTORS),
        _purpose(_SHIPPED, _TRADE, _SENT, _SENT_SECTORS),
    ),
    "sku": (
        _purpose(
            "product order variant item offer listing catalog article material",
            _TRADE,
            """inventory stock product price item warehouse offer shipment fulfillment reservation listing
            material""",
            _TRADE,
        ),
    ),
    "isbn": (
        _purpose(
            "book product item edition",
            "commerce content education",
            "book edition item volume inventory review",
            "content education commerce",
        ),
    ),
    "tracking number": (
        _purpose(
            "shipment order parcel delivery label fulfillment package return",
            _TRADE,
            "tracking parcel shipment track package notification delivery",
            "logistics commerce communication",
        ),
    ),
    "vat number": (
        _purpose(
            "customer company supplier invoice account vendor client organization contact",
            f"{_TRADE} people work",
            "vat tax company validation verification check customer invoice vendor supplier client contact",
            _TRADE,
        ),
    ),
    "iban": (
        _purpose(
            "account beneficiary customer employee supplier vendor contact",
            f"{_TRADE} people",
            "validation bank account beneficiary payment transfer iban payout",
            "finance people",
        ),
    ),
    "ip": (
        _purpose(
            "session login event log instance visitor host device server click alert request node machine firewall",
            "security operations cloud marketing things software",
            "geolocation lookup reputation ip threat block rule blacklist scan abuse",
            "security cloud travel operations",
        ),
    ),
    "domain": (
        _purpose(
            "company site zone organization website lead customer contact host",
            "customers marketing security cloud commerce work",
            "dns domain whois certificate scan zone record company email reputation subdomain ssl availability",
            "security cloud marketing customers",
        ),
    ),
    "symbol": (
        _purpose(
            "position holding portfolio asset order trade company stock watchlist instrument security",
            "finance",
            "quote price stock chart news profile statement dividend earning indicator ticker candle history",
            "finance",
        ),
    ),
}


def owns(semantic: Semantic, entity: str, sector: str) -> frozenset[int]:
    """The purposes for which an entity of these words, of a service of this sector, has such a value."""
    head = _head(entity)
    found = enumerate(PURPOSES.get(semantic, ()))
    return frozenset(n for n, one in found if sector in one.from_sectors and head in one.owners)


def uses(semantic: Semantic, entity: str, sector: str) -> frozenset[int]:
    """The purposes for which a tool about an entity of these words, in this sector, takes such a value."""
    head = _head(entity)
    found = enumerate(PURPOSES.get(semantic, ()))
    return frozenset(n for n, one in found if sector in one.to_sectors and head in one.uses)


def _head(entity: str) -> str:
    """The last word; empty where another one makes it something else: an emergency contact is no customer."""
    words = tokens(entity)
    return singular(words[-1]) if words and _OTHERWISE.isdisjoint(words) else ""
