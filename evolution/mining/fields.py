"""What the name of a parameter or a reply field says: an identifier, a secret, paging, a type that services share."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from ...sandbox.entities.words import ROLES, singular, tokens

FieldKind: TypeAlias = Literal["identifier", "named", "credential", "paging", "control", "link", "free"]
"""`identifier` ends in id, uuid, arn, …; `named` may be a key by its stem alone (`bucket`, `function_name`)."""

Semantic: TypeAlias = Literal[
    "email",
    "phone",
    "url",
    "currency",
    "country",
    "city",
    "postal code",
    "coordinates",
    "address",
    "sku",
    "isbn",
    "tracking number",
    "vat number",
    "iban",
    "ip",
    "domain",
    "symbol",
]
"""A type of value that means the same in every service."""

IDS = frozenset("id ids sid sids uid uids uuid uuids guid guids identifier identifiers".split())
KEYS = frozenset(
    """arn arns number numbers slug slugs key keys name names ref sku code login username handle path paths url urls
    no""".split()
)
_CREDENTIALS = frozenset(
    """secret secrets password passwords passphrase passwd apikey authorization credential credentials signature
    bearer otp jwt hmac nonce csrf pin""".split()
)
_TOKEN_OK = frozenset("next page continuation pagination sync start".split())
_PAGING = frozenset(
    """page pages limit offset cursor marker skip top perpage pagesize pagenumber maxresults maxitems nexttoken
    pagetoken nextpagetoken continuationtoken sort sortby orderby sortorder startingafter endingbefore startingtoken
    first last pagination count maxkeys rows""".split()
)
_CONTROL = frozenset(
    """format callback prettyprint alt fields field expand embed include exclude lang language locale timezone tz
    dryrun version apiversion etag revision ifmatch ifnonematch idempotency idempotent requestid correlationid traceid
    clienttoken clientrequesttoken requesttoken quotauser useragent accept contenttype debug verbose timeout region
    operationid transactionid messageversion schemaversion fingerprint checksum md5 sha sha256 hash seed
    datasetid""".split()
)
_CONTROL_WORDS = frozenset("request requests correlation trace idempotency".split())
_CALLED = frozenset("firstname lastname middlename surname givenname familyname fullname displayname nickname".split())
"""Names of people and for display: several entries may have the same."""
_LINKS = frozenset("href self link links selflink rel next previous prev kind odata".split())
_SEMANTIC: dict[Semantic, frozenset[str]] = {
    "email": frozenset("email emails emailaddress mail recipient".split()),
    "phone": frozenset("phone phonenumber mobile msisdn telephone phones mobilenumber mobilephone".split()),
    "url": frozenset("url website uri weburl pageurl siteurl websiteurl homepage".split()),
    "currency": frozenset("currency currencycode basecurrency".split()),
    "country": frozenset("country countrycode".split()),
    "coordinates": frozenset("lat latitude".split()),
    "address": frozenset("address streetaddress shippingaddress billingaddress formattedaddress postaladdress".split()),
    "city": frozenset("city cityname town".split()),
    "postal code": frozenset("postalcode zip zipcode postcode postal".split()),
    "sku": frozenset("sku skus ean gtin barcode upc".split()),
    "isbn": frozenset("isbn isbn10 isbn13".split()),
    "tracking number": frozenset("trackingnumber trackingcode trackingid trackingno".split()),
    "vat number": frozenset("vatnumber vatid taxid taxnumber vat vatno".split()),
    "iban": frozenset("iban".split()),
    "ip": frozenset("ip ipaddress ipv4 ipv4address clientip".split()),
    "domain": frozenset("domain domainname hostname fqdn".split()),
    "symbol": frozenset("symbol ticker stocksymbol tickersymbol".split()),
}
_SEMANTIC_OF: dict[str, Semantic] = {name: kind for kind, names in _SEMANTIC.items() for name in names}


_SENDERS = frozenset("from sender reply bcc cc callback webhook redirect".split())
"""Words of values that belong to whoever calls, not to what the call is about."""


class Field(msgspec.Struct, frozen=True):
    """One field's name, read."""

    kind: FieldKind
    stem: tuple[str, ...]
    """The words of the entity it points at, in the singular: `("purchase", "order")`; empty for a bare `id`."""
    key: str
    """Which of the entity's keys: `id`, `arn`, `number`, `name`, …; `any` where the name is the stem alone."""
    many: bool
    """True when the name speaks of several."""
    role: str
    """The part an entry plays in the call: `source`, `parent`; empty for most."""


@lru_cache(maxsize=200_000)
def read_field(name: str) -> Field:
    """The name taken apart. `customerIds` is an identifier of `customer`, key `id`, many."""
    words = tokens(name)
    joined = "".join(words)
    kind = _set_aside(name, words, joined)
    if kind is not None:
        return Field(kind, (), "", many=False, role="")
    last = words[-1]
    role = words[0] if len(words) > 1 and words[0] in ROLES else ""
    rest = words[1:] if role else words
    if last in IDS:
        return Field("identifier", _stem(rest[:-1]), "id", many=last.endswith("s"), role=role)
    if last in KEYS:
        many = last.endswith("s") and last not in ("alias",)
        kind = "identifier" if last in ("arn", "arns") else "named"
        return Field(kind, _stem(rest[:-1]), singular(last), many=many, role=role)
    if len(rest) > 1 and rest[0] == "id":  # `idBoard`
        return Field("identifier", _stem(rest[1:]), "id", many=singular(last) != last, role=role)
    if joined.endswith(("id", "uuid")) and len(words) == 1 and len(joined) > 4 and _runs_together(name):
        return Field("identifier", (joined.removesuffix("uuid").removesuffix("id"),), "id", many=False, role=role)
    return Field("named", _stem(rest), "any", many=singular(last) != last, role=role)


def semantic(name: str, format_: str = "") -> Semantic | None:
    """The shared type of a field of this name and JSON Schema format; None for most."""
    if not _SENDERS.isdisjoint(tokens(name)):
        return None
    by_format: dict[str, Semantic] = {"email": "email", "ipv4": "ip", "hostname": "domain"}
    words = tokens(name)
    return by_format.get(format_) or _SEMANTIC_OF.get("".join(words)) or _SEMANTIC_OF.get("".join(words[-2:]))


def _set_aside(name: str, words: tuple[str, ...], joined: str) -> FieldKind | None:
    """The kind of a name that can point at no entry; None for the others."""
    if not words:
        return "free"
    if name[:1] in "@$" and name[:2] != "$f":
        return "link"
    if words[-1] in ("token", "tokens"):
        return "paging" if set(words) & _TOKEN_OK else "control" if "client" in words else "credential"
    bare = set(words)
    api_key = "key" in bare and bool(bare & {"api", "access", "secret", "private", "public", "auth", "signing", "ssh"})
    if bare & _CREDENTIALS or joined in _CREDENTIALS or api_key:
        return "credential"
    if joined in _PAGING or joined in ("nextpage", "prevpage"):
        return "paging"
    if joined in _CONTROL or (words[-1] in IDS and bare & _CONTROL_WORDS and len(words) == 2):
        return "control"
    if joined in _CALLED:
        return "free"
    if joined in _LINKS or words[0] in ("odata", "links"):
        return "link"
    return None


def _runs_together(name: str) -> bool:
    """`orderid` but not `paid`, `valid`, `void`, `grid`."""
    return not name.lower().endswith(("valid", "paid", "void", "grid", "hybrid", "avoid", "android", "rapid", "solid"))


def _stem(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words[:-1], singular(words[-1])) if words else ()
