"""When a value of a shared type makes sense across services: whose value it is, and what is done with it elsewhere.

An address of a customer is worth geocoding; an address of a memory page is not. Both sides must speak of what the table
says, in the last words of their collections and by their sectors; a type that is not in the table joins nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...sandbox.entities.words import singular, tokens
from .fields import Semantic

_PEOPLE = """customer contact user lead employee member order attendee subscriber person candidate guest student
    patient account client invoice booking reservation applicant profile participant recipient author owner team
    volunteer donor tenant agent seller people organizer guardian contractor registrant assignee vendor supplier company
    organization buyer passenger teacher worker"""
_TRADE = "commerce finance customers logistics travel property"
_PLACES = "commerce customers finance people travel logistics property entertainment education health society work"
_PERSONS = f"{_PLACES} marketing communication"


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


_LOCAL = """weather forecast hotel flight event restaurant place holiday listing property store quality airport tour
    venue concert station dealer measurement postcode postal rate shipping delivery quote tax pickup shipment parcel
    geocode geocoding address location timezone direction route elevation parking charger map"""
_PLACED = """customer order event venue hotel store office location address booking restaurant property company place
    airport contact lead employee site dealer supplier warehouse station shipment rental listing appointment project"""
_LOCAL_SECTORS = "travel science logistics property entertainment finance commerce"

PURPOSES: Mapping[Semantic, Purpose] = {
    "email": _purpose(
        f"{_PEOPLE} partnership dealer hotel profile store branch meeting invitation collaborator reviewer",
        f"{_PERSONS} security software",
        """message email mail invitation invite subscriber contact recipient member verification notification customer
        lead attendee guest envelope signer list validation newsletter ticket requester suppression draft
        collaborator user participant employee person vendor appointment supplier applicant client patient student
        candidate registration invoice order people organizer guardian address account validate verify permission""",
        """communication customers marketing work people commerce finance health education entertainment society
        security""",
    ),
    "phone": _purpose(
        f"{_PEOPLE} store dealer hotel appointment profile branch",
        _PERSONS,
        """message sms call verification lookup number text whatsapp contact otp voice validation customer lead
        employee person client patient appointment people account address verify validate store""",
        "communication customers marketing people commerce finance health education logistics",
    ),
    "url": _purpose(
        """site website page article product post job video image document file blog story listing photo recipe
        campaign podcast episode book paper event app publication course offer restaurant hotel review property""",
        "content commerce entertainment marketing work education travel science property people customers",
        """link shortlink screenshot crawl bookmark webpage scrape qr markdown pdf preview serp sentiment topic
        shortener metadata""",
        "marketing intelligence content work software data",
    ),
    "currency": _purpose(
        """payment order invoice product transaction account price balance quote plan subscription bill budget expense
        customer merchant offer""",
        f"{_TRADE} people work",
        "rate exchange conversion quote fx price transfer payout wallet invoice payment order charge",
        "finance commerce",
    ),
    "country": _purpose(
        _PLACED,
        _PLACES,
        f"{_LOCAL} vat law university zip covid case tld price number",
        f"{_LOCAL_SECTORS} communication",
    ),
    "city": _purpose(_PLACED, _PLACES, f"{_LOCAL} job", f"{_LOCAL_SECTORS} people"),
    "postal code": _purpose(_PLACED, _PLACES, f"{_LOCAL} zip", _LOCAL_SECTORS),
    "coordinates": _purpose(
        f"{_PLACED} vehicle device",
        f"{_PLACES} things",
        f"{_LOCAL} nearby sunrise bike pollution position",
        f"{_LOCAL_SECTORS} things",
    ),
    "address": _purpose(_PLACED, _PLACES, f"{_LOCAL} verification validation label courier rental", _LOCAL_SECTORS),
    "sku": _purpose(
        "product order variant item offer listing catalog article material",
        _TRADE,
        "inventory stock product order price item warehouse offer shipment fulfillment reservation listing material",
        _TRADE,
    ),
    "isbn": _purpose(
        "book product item edition",
        "commerce content education",
        "book edition item volume inventory review",
        "content education commerce",
    ),
    "tracking number": _purpose(
        "shipment order parcel delivery label fulfillment package return",
        _TRADE,
        "tracking parcel shipment track package notification delivery",
        "logistics commerce communication",
    ),
    "vat number": _purpose(
        "customer company supplier invoice account vendor client organization contact",
        f"{_TRADE} people work",
        "vat tax company validation verification check customer invoice vendor supplier client contact",
        _TRADE,
    ),
    "iban": _purpose(
        "account beneficiary customer employee supplier vendor contact",
        f"{_TRADE} people",
        "validation bank account beneficiary payment transfer iban payout",
        "finance people",
    ),
    "ip": _purpose(
        "session login event log instance visitor host device server click alert request node machine firewall",
        "security operations cloud marketing things software",
        "geolocation lookup reputation ip threat block rule blacklist scan abuse",
        "security cloud travel operations",
    ),
    "domain": _purpose(
        "company site zone organization website lead customer contact host",
        "customers marketing security cloud commerce work",
        "dns domain whois certificate scan zone record company email reputation subdomain ssl availability",
        "security cloud marketing customers",
    ),
    "symbol": _purpose(
        "position holding portfolio asset order trade company stock watchlist instrument security",
        "finance",
        "quote price stock chart news profile statement dividend earning indicator ticker candle history",
        "finance",
    ),
}


def owns(semantic: Semantic, entity: str, sector: str) -> bool:
    """True when an entity of these words, of a service of this sector, is one that has such a value."""
    purpose = PURPOSES.get(semantic)
    return purpose is not None and sector in purpose.from_sectors and _head(entity) in purpose.owners


def uses(semantic: Semantic, entity: str, sector: str) -> bool:
    """True when a tool about an entity of these words, in this sector, does something with such a value."""
    purpose = PURPOSES.get(semantic)
    return purpose is not None and sector in purpose.to_sectors and _head(entity) in purpose.uses


def _head(entity: str) -> str:
    words = tokens(entity)
    return singular(words[-1]) if words else ""
