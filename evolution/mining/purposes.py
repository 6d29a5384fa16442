"""When a value of a shared type makes sense across services: whose value it is, and what is done with it elsewhere.

An address of a customer is worth geocoding; an address of a memory page is not. Both sides must speak of what the table
says, in the names of their collections; a type that is not in the table joins nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...sandbox.entities.words import singular, tokens
from .fields import Semantic

_PEOPLE = """customer contact user lead employee member order attendee subscriber person people candidate guest student
    patient account client invoice booking reservation applicant profile participant recipient author owner team
    volunteer donor tenant agent seller vendor supplier company organization buyer passenger teacher worker"""


class Purpose(msgspec.Struct, frozen=True):
    """A type's two sides, as nouns in the singular."""

    owners: frozenset[str]
    """What has such a value."""
    uses: frozenset[str]
    """What a tool is about that does something with it."""


def _purpose(owners: str, uses: str) -> Purpose:
    return Purpose(frozenset(owners.split()), frozenset(uses.split()))


PURPOSES: Mapping[Semantic, Purpose] = {
    "email": _purpose(
        f"{_PEOPLE} partnership dealer hotel businessuser",
        """message email mail invitation invite subscriber contact recipient member verification notification customer
        lead attendee guest envelope signer campaign list validation newsletter ticket requester suppression draft
        collaborator user participant employee person vendor mailbox alias appointment account supplier applicant
        client patient student candidate registration""",
    ),
    "phone": _purpose(
        f"{_PEOPLE} store dealer hotel appointment",
        """message sms call verification lookup number text whatsapp contact otp voice validation customer lead user
        store registration employee person client patient appointment""",
    ),
    "url": _purpose(
        """site website page article repository repo product post job video image document file blog story listing
        project campaign organization company podcast episode book paper event app link bookmark property recipe
        publication course offer dealer restaurant hotel review question answer report photo""",
        """link shortlink screenshot scan crawl bookmark monitor check audit extract preview archive qr webpage content
        page snapshot analysis report scrape shortener pdf feed metadata tag click summary html markdown correction
        sentiment topic lemmatize attachment material publication article serp""",
    ),
    "currency": _purpose(
        """payment order invoice product transaction account price balance quote plan subscription bill budget expense
        customer merchant offer listing""",
        "rate exchange conversion quote fx price ticker transfer payout account wallet invoice payment order charge",
    ),
    "country": _purpose(
        """customer order address office company event hotel user shipment store supplier employee account lead contact
        dealer place subscription site phone""",
        """holiday tax vat rate shipping law statistic weather university postcode zip number covid case timezone
        address location place store site tld price measurement listing""",
    ),
    "city": _purpose(
        """customer order event venue hotel store office location address booking restaurant property company place
        airport contact lead employee site dealer""",
        """weather forecast hotel flight event restaurant place holiday listing property store quality airport city job
        tour venue concert station dealer measurement""",
    ),
    "postal code": _purpose(
        "customer order address store location contact site property supplier dealer company",
        """rate shipping postcode postal zip address weather forecast store delivery quote tax pickup location dealer
        shipment parcel property""",
    ),
    "coordinates": _purpose(
        """store venue hotel place station restaurant property event vehicle device airport address location listing
        site rental project appointment""",
        """weather forecast place geocode geocoding elevation quality timezone route station nearby direction sunrise
        parking charger restaurant bike pollution map location property listing position""",
    ),
    "address": _purpose(
        "customer order contact store location property office venue warehouse company supplier dealer listing rental",
        """geocode geocoding verification validation shipment parcel rate quote delivery address label pickup courier
        property listing rental""",
    ),
    "sku": _purpose(
        "product order variant item offer listing catalog article material",
        "inventory stock product order price item warehouse offer shipment fulfillment reservation listing material",
    ),
    "isbn": _purpose("book product item edition", "book edition item volume inventory review"),
    "tracking number": _purpose(
        "shipment order parcel delivery label fulfillment package return",
        "tracking parcel shipment track package notification delivery",
    ),
    "vat number": _purpose(
        "customer company supplier invoice account vendor client organization contact",
        "vat tax company validation verification check customer invoice vendor supplier client contact",
    ),
    "iban": _purpose(
        "account beneficiary customer employee supplier vendor contact",
        "validation bank account beneficiary payment transfer iban payout",
    ),
    "ip": _purpose(
        """session login event log instance visitor host device server click user alert request node machine hosting
        firewall""",
        "geolocation lookup reputation ip threat block rule blacklist location scan abuse network",
    ),
    "domain": _purpose(
        "company site zone organization account website lead customer contact host domain",
        "dns domain whois certificate scan zone record company email mailbox reputation subdomain ssl availability",
    ),
    "symbol": _purpose(
        "position holding portfolio asset order trade company stock watchlist instrument security",
        "quote price stock chart news profile statement dividend earning indicator ticker candle history",
    ),
}


def owns(semantic: Semantic, entity: str) -> bool:
    """True when an entity of these words is one that has such a value."""
    purpose = PURPOSES.get(semantic)
    return purpose is not None and not purpose.owners.isdisjoint(_nouns(entity))


def uses(semantic: Semantic, entity: str) -> bool:
    """True when a tool about an entity of these words does something with such a value."""
    purpose = PURPOSES.get(semantic)
    return purpose is not None and not purpose.uses.isdisjoint(_nouns(entity))


def _nouns(entity: str) -> set[str]:
    return {singular(word) for word in tokens(entity)}
