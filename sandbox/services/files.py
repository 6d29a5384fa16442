"""The document store of a company: folders, documents with their texts, and who may open them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec.structs import replace

from .base import Desk, Service, reads, writes
from .calendar_records import ColleagueId
from .errors import ToolError
from .file_records import (
    DOCUMENT_IDS,
    SHARE_IDS,
    AccessLevel,
    Document,
    DocumentId,
    DocumentStatus,
    DocumentText,
    Folder,
    FolderId,
    Share,
    ShareId,
    file_tables,
)
from .paging import PAGE, NextCursor, PageCursor, PageSize, page_of
from .people import people
from .schema import says

VERSION = "1"

POLICY = (
    "Restricted documents are shared with nobody through this desk. Only drafts are deleted; archived documents "
    "change no more. Nothing is put into a locked folder or taken out of it."
)

_TITLES = ("Visitor guidelines", "Print order for autumn", "Minutes of the site visit", "Ideas for the stand")
_TEXTS = (
    "Visitors sign in at the desk and wear a badge.",
    "Two thousand flyers, matte paper, by the end of May.",
    "The roof is sound, the second gate is stuck.",
    "A wheel to spin, small prizes, and a place to sit.",
)

Title: TypeAlias = Annotated[
    str, says("Document title, for example Visitor guidelines", examples=_TITLES, min_length=3, max_length=80)
]
Text: TypeAlias = Annotated[
    str, says("Document text, in a sentence or more", examples=_TEXTS, min_length=1, max_length=4_000)
]


def files() -> Service:
    """The document store."""
    return Service(
        "files", VERSION, domain="document storage", sector="content management", desk=FileDesk, policy=POLICY
    )


class FolderList(msgspec.Struct, frozen=True):
    """Folders."""

    folders: list[Folder]
    total: int


class DocumentLine(msgspec.Struct, frozen=True):
    """A document as a list shows it."""

    document_id: DocumentId
    title: str
    status: DocumentStatus


class DocumentList(msgspec.Struct, frozen=True):
    """Documents of one folder."""

    documents: list[DocumentLine]
    total: int
    """On all pages."""
    next_cursor: NextCursor


class ShareLine(msgspec.Struct, frozen=True):
    """A share as its document shows it."""

    share_id: ShareId
    colleague_id: ColleagueId
    access: AccessLevel


class ShareList(msgspec.Struct, frozen=True):
    """Who may open a document, besides its owner."""

    document_id: DocumentId
    shares: list[ShareLine]
    total: int


class Deleted(msgspec.Struct, frozen=True):
    """What is gone for good."""

    document_id: DocumentId
    title: str
    shares_ended: int


class FileDesk(Desk):
    """One world of the document store."""

    def __init__(self, world: int) -> None:
        super().__init__(world)
        initial = file_tables(world)
        self.folders = self.table("folders", "folder", initial.folders)
        self.documents = self.table("documents", "document", initial.documents)
        self.texts = self.table("texts", "text", initial.texts)
        self.shares = self.table("shares", "share", initial.shares)

    @reads
    def list_folders(self) -> FolderList:
        """List the folders of the document store."""
        folders = list(self.folders.all())
        return FolderList(folders, len(folders))

    @reads
    def list_documents(
        self,
        folder_id: FolderId,
        status: Annotated[DocumentStatus | None, says("Document status, for example draft")] = None,
        limit: PageSize = PAGE,
        cursor: PageCursor = None,
    ) -> DocumentList:
        """List the documents in a folder. A status narrows the list."""
        self.folders.need(folder_id)
        found = [d for d in self.documents.all() if d.folder_id == folder_id and status in (None, d.status)]
        page, following = page_of(found, lambda document: document.document_id, limit, cursor)
        return DocumentList([DocumentLine(d.document_id, d.title, d.status) for d in page], len(found), following)

    @reads
    def get_document(self, document_id: DocumentId) -> Document:
        """Look up owner and revision of a document."""
        return self.documents.need(document_id)

    @reads
    def read_document(self, document_id: DocumentId) -> DocumentText:
        """Read out the text of a document."""
        return self.texts.need(document_id)

    @writes
    def create_document(self, folder_id: FolderId, colleague_id: ColleagueId, title: Title, text: Text) -> Document:
        """Write a new document in the name of a colleague. It starts as a draft."""
        self._open_folder(folder_id)
        owner = next((p for p in people(self.world).colleagues if p.colleague_id == colleague_id), None)
        if owner is None:
            raise ToolError("not_found", f"there is no colleague {colleague_id}")
        if any((d.folder_id, d.title) == (folder_id, title) for d in self.documents.all()):
            raise ToolError("conflict", f"folder {folder_id} already has a document called {title}")
        key, now = DOCUMENT_IDS.following(self.documents.keys()), self.stamp()
        self.texts.put(key, DocumentText(key, text))
        document = Document(
            document_id=key,
            folder_id=folder_id,
            colleague_id=colleague_id,
            owner_name=owner.name,
            title=title,
            status="draft",
            confidentiality="internal",
            revision=1,
            word_count=len(text.split()),
            updated_at=now,
        )
        return self.documents.put(key, document)

    @writes
    def rename_document(self, document_id: DocumentId, title: Title) -> Document:
        """Rename a document."""
        document = self._changeable(document_id)
        if document.title == title:
            raise ToolError("conflict", f"document {document_id} is already called {title}")
        return self._revised(replace(document, title=title))

    @writes
    def move_document(self, document_id: DocumentId, folder_id: FolderId) -> Document:
        """Put a document into another folder."""
        document = self._changeable(document_id)
        if document.folder_id == folder_id:
            raise ToolError("conflict", f"document {document_id} is already in folder {folder_id}")
        self._open_folder(document.folder_id)
        self._open_folder(folder_id)
        return self._revised(replace(document, folder_id=folder_id))

    @writes
    def set_document_status(
        self,
        document_id: DocumentId,
        status: Annotated[DocumentStatus, says("Document status, for example final")],
    ) -> Document:
        """Mark a document as draft, final or archived. What is archived stays so."""
        document = self._changeable(document_id)
        if document.status == status:
            raise ToolError("conflict", f"document {document_id} is already {status}")
        return self._revised(replace(document, status=status))

    @reads
    def list_shares(self, document_id: DocumentId) -> ShareList:
        """See who else may open a document."""
        self.documents.need(document_id)
        lines = [ShareLine(s.share_id, s.colleague_id, s.access) for s in self._shares_of(document_id)]
        return ShareList(document_id, lines, len(lines))

    @writes
    def share_document(
        self,
        document_id: DocumentId,
        colleague_id: ColleagueId,
        access: Annotated[AccessLevel, says("Access level, for example comment")],
    ) -> Share:
        """Share a document with a colleague. Restricted ones are shared with nobody."""
        document = self.documents.need(document_id)
        if not any(person.colleague_id == colleague_id for person in people(self.world).colleagues):
            raise ToolError("not_found", f"there is no colleague {colleague_id}")
        if document.confidentiality == "restricted":
            raise ToolError("forbidden", f"document {document_id} is restricted")
        if document.colleague_id == colleague_id:
            raise ToolError("conflict", f"colleague {colleague_id} owns document {document_id}")
        if any(share.colleague_id == colleague_id for share in self._shares_of(document_id)):
            raise ToolError("conflict", f"document {document_id} is already shared with {colleague_id}")
        key = SHARE_IDS.following(self.shares.keys())
        return self.shares.put(key, Share(key, document_id, colleague_id, access, self.stamp()))

    @reads
    def get_share(self, share_id: ShareId) -> Share:
        """Check what a share allows."""
        return self.shares.need(share_id)

    @writes
    def revoke_share(self, share_id: ShareId) -> Share:
        """Take the access of a share back."""
        share = self.shares.need(share_id)
        self.stamp()
        self.shares.drop(share_id)
        return share

    @writes
    def delete_document(self, document_id: DocumentId) -> Deleted:
        """Delete a draft document for good. Its shares end with it."""
        document = self._changeable(document_id)
        if document.status != "draft":
            raise ToolError("forbidden", f"document {document_id} is {document.status}; only drafts are deleted")
        self._open_folder(document.folder_id)
        self.stamp()
        ended = self._shares_of(document_id)
        for share in ended:
            self.shares.drop(share.share_id)
        self.texts.drop(document_id)
        self.documents.drop(document_id)
        return Deleted(document_id, document.title, len(ended))

    def _changeable(self, document_id: str) -> Document:
        document = self.documents.need(document_id)
        if document.status == "archived":
            raise ToolError("conflict", f"document {document_id} is archived")
        return document

    def _open_folder(self, folder_id: str) -> None:
        if self.folders.need(folder_id).locked:
            raise ToolError("forbidden", f"folder {folder_id} is locked")

    def _revised(self, document: Document) -> Document:
        revised = replace(document, revision=document.revision + 1, updated_at=self.stamp())
        return self.documents.put(document.document_id, revised)

    def _shares_of(self, document_id: str) -> list[Share]:
        return [share for share in self.shares.all() if share.document_id == document_id]
