"""The records of the document store, and the tables that a world of it starts with.

Owners and readers are the colleagues whom the calendar and the directory know.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Annotated, Literal, TypeAlias

import msgspec

from .calendar_records import ColleagueId
from .families import BASE36, CROCKFORD, WORLDS, IdFormat, ago, iso
from .people import ColleaguePerson, people
from .phrases import DOCUMENTS, FOLDER_TITLES
from .schema import Moment, says

FOLDER_IDS = IdFormat("fld_", 4, BASE36)
DOCUMENT_IDS = IdFormat("DOC-", 6, CROCKFORD)
SHARE_IDS = IdFormat("shr.", 5)

FolderId: TypeAlias = Annotated[str, says("Folder number, for example fld_x9k2")]
DocumentId: TypeAlias = Annotated[str, says("Document number, for example DOC-7W2QK9")]
ShareId: TypeAlias = Annotated[str, says("Share number, for example shr.00412")]

DocumentStatus: TypeAlias = Literal["draft", "final", "archived"]
Confidentiality: TypeAlias = Literal["public", "internal", "restricted"]
AccessLevel: TypeAlias = Literal["read", "comment", "edit"]

_STATUSES: tuple[DocumentStatus, ...] = ("draft", "draft", "final", "archived")
_LEVELS: tuple[Confidentiality, ...] = ("internal", "public", "internal", "restricted", "internal")


class Folder(msgspec.Struct, frozen=True):
    """A place for documents."""

    folder_id: FolderId
    folder_title: str
    locked: bool
    """True when nothing may be put in or taken out."""


class Document(msgspec.Struct, frozen=True):
    """A text with its history."""

    document_id: DocumentId
    folder_id: FolderId
    colleague_id: ColleagueId
    """The owner."""
    owner_name: str
    title: str
    status: DocumentStatus
    confidentiality: Confidentiality
    revision: int
    """Counts the changes."""
    word_count: int
    updated_at: Moment


class DocumentText(msgspec.Struct, frozen=True):
    """What stands in a document."""

    document_id: DocumentId
    text: str


class Share(msgspec.Struct, frozen=True):
    """Leave for a colleague to use a document."""

    share_id: ShareId
    document_id: DocumentId
    colleague_id: ColleagueId
    access: AccessLevel
    shared_at: Moment


class FileTables(msgspec.Struct, frozen=True):
    """The initial state of one world, by key. Shared between worlds: never mutate it."""

    folders: dict[str, Folder]
    documents: dict[str, Document]
    texts: dict[str, DocumentText]
    shares: dict[str, Share]


@lru_cache(maxsize=WORLDS)
def file_tables(world: int) -> FileTables:
    """The tables of a world, 0 ≤ world < WORLDS."""
    rng = Random(f"files/{world}")
    staff = people(world).colleagues
    titles = rng.sample(FOLDER_TITLES, 5)
    folders = {
        key: Folder(key, title, locked=rank == 4)
        for rank, (key, title) in enumerate(zip(FOLDER_IDS.scattered(rng, 5), titles, strict=True))
    }
    documents: dict[str, Document] = {}
    texts: dict[str, DocumentText] = {}
    chosen = rng.sample(DOCUMENTS, 15)
    for rank, (key, (title, text)) in enumerate(zip(DOCUMENT_IDS.scattered(rng, 15), chosen, strict=True)):
        documents[key] = _document(rng, key, list(folders)[rank % 5], rng.choice(staff), rank, title, text)
        texts[key] = DocumentText(key, text)
    shares = {share.share_id: share for share in _shares(rng, list(documents.values()), staff)}
    return FileTables(folders, documents, texts, shares)


def _document(
    rng: Random, key: str, folder_id: str, owner: ColleaguePerson, rank: int, title: str, text: str
) -> Document:
    return Document(
        document_id=key,
        folder_id=folder_id,
        colleague_id=owner.colleague_id,
        owner_name=owner.name,
        title=title,
        status=_STATUSES[rank % len(_STATUSES)],
        confidentiality=_LEVELS[rank % len(_LEVELS)],
        revision=rng.randint(1, 9),
        word_count=len(text.split()),
        updated_at=iso(ago(rng.uniform(0.3, 60))),
    )


def _shares(rng: Random, documents: list[Document], staff: tuple[ColleaguePerson, ...]) -> Iterator[Share]:
    """Two for every second document, never with its owner; restricted ones are shared with nobody."""
    open_ones = [document for document in documents if document.confidentiality != "restricted"][::2]
    pairs = [
        (document, reader)
        for document in open_ones
        for reader in rng.sample([p for p in staff if p.colleague_id != document.colleague_id], 2)
    ]
    for key, (document, reader) in zip(SHARE_IDS.ascending(rng, len(pairs), 7_000), pairs, strict=True):
        access: AccessLevel = rng.choice(("read", "read", "comment", "edit"))
        yield Share(key, document.document_id, reader.colleague_id, access, iso(ago(rng.uniform(0.1, 20))))
