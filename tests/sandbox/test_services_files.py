"""The document store: what its tools do and what they refuse."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.services.base import ServiceWorld

from .desk import Record, ask, every, opened, refusal, some


@pytest.fixture
def world() -> ServiceWorld:
    """A fresh world."""
    return opened("files")


def unlocked(world: ServiceWorld, **fields: object) -> Record:
    """A document in a folder that is not locked."""
    folders = {folder["folder_id"] for folder in every(world, "folders", locked=False)}
    return next(d for d in every(world, "documents", **fields) if d["folder_id"] in folders)


def test_a_folder_leads_to_a_text_and_its_readers(world: ServiceWorld) -> None:
    """list_folders → list_documents → read_document and list_shares chain through ids."""
    share = some(world, "shares")
    document = world.tables()["documents"][share["document_id"]]
    assert document["folder_id"] in [folder["folder_id"] for folder in ask(world, "list_folders")["folders"]]
    listed = ask(world, "list_documents", folder_id=document["folder_id"])["documents"]
    assert document["document_id"] in [line["document_id"] for line in listed]
    text = ask(world, "read_document", document_id=document["document_id"])["text"]
    assert ask(world, "get_document", document_id=document["document_id"])["word_count"] == len(text.split())
    shares = ask(world, "list_shares", document_id=document["document_id"])["shares"]
    assert share["share_id"] in [line["share_id"] for line in shares]
    assert ask(world, "get_share", share_id=share["share_id"]) == share


def test_a_new_document_is_a_draft_of_its_owner(world: ServiceWorld) -> None:
    """Its text can be read; a second one of that title in the folder is a conflict, a stranger is not found."""
    owner = some(world, "documents")["colleague_id"]
    folder = some(world, "folders", locked=False)["folder_id"]
    made = {"folder_id": folder, "colleague_id": owner, "title": "Key list", "text": "Two keys are missing."}
    document = ask(world, "create_document", **made)
    assert (document["status"], document["revision"], document["word_count"]) == ("draft", 1, 4)
    assert ask(world, "read_document", document_id=document["document_id"])["text"] == made["text"]
    assert refusal(world, "create_document", **made)[0] == "conflict"
    assert refusal(world, "create_document", **{**made, "colleague_id": "emp-0000"})[0] == "not_found"


def test_each_change_counts_as_a_revision(world: ServiceWorld) -> None:
    """What is so already is a conflict and does not count."""
    document = unlocked(world, status="draft")
    key = document["document_id"]
    assert ask(world, "rename_document", document_id=key, title="Other")["revision"] == document["revision"] + 1
    assert refusal(world, "rename_document", document_id=key, title="Other")[0] == "conflict"
    assert ask(world, "set_document_status", document_id=key, status="final")["revision"] == document["revision"] + 2
    assert refusal(world, "set_document_status", document_id=key, status="final")[0] == "conflict"


def test_a_locked_folder_takes_nothing_in_and_gives_nothing_out(world: ServiceWorld) -> None:
    """Moving there, moving away and writing there are forbidden."""
    locked = some(world, "folders", locked=True)["folder_id"]
    inside = next(d for d in every(world, "documents", folder_id=locked) if d["status"] != "archived")
    outside = unlocked(world, status="draft")
    assert refusal(world, "move_document", document_id=outside["document_id"], folder_id=locked)[0] == "forbidden"
    away = {"document_id": inside["document_id"], "folder_id": outside["folder_id"]}
    assert refusal(world, "move_document", **away)[0] == "forbidden"
    made = {"folder_id": locked, "colleague_id": outside["colleague_id"], "title": "Key list", "text": "None."}
    assert refusal(world, "create_document", **made)[0] == "forbidden"


def test_a_document_moves_to_another_folder(world: ServiceWorld) -> None:
    """It is listed there; the own folder is a conflict."""
    document = unlocked(world, status="draft")
    key, home = document["document_id"], document["folder_id"]
    other = next(f["folder_id"] for f in every(world, "folders", locked=False) if f["folder_id"] != home)
    ask(world, "move_document", document_id=key, folder_id=other)
    listed = ask(world, "list_documents", folder_id=other, limit=50)["documents"]
    assert key in [line["document_id"] for line in listed]
    assert refusal(world, "move_document", document_id=key, folder_id=other)[0] == "conflict"


def test_what_is_archived_stays_as_it_is(world: ServiceWorld) -> None:
    """Neither title nor status changes, and it is not deleted."""
    key = some(world, "documents", status="archived")["document_id"]
    assert refusal(world, "rename_document", document_id=key, title="Other")[0] == "conflict"
    assert refusal(world, "set_document_status", document_id=key, status="draft")[0] == "conflict"
    assert refusal(world, "delete_document", document_id=key)[0] == "conflict"


def test_a_document_is_shared_once_and_the_share_taken_back(world: ServiceWorld) -> None:
    """Not with its owner, not when it is restricted."""
    share = some(world, "shares")
    owner = world.tables()["documents"][share["document_id"]]["colleague_id"]
    pair = {"document_id": share["document_id"], "access": "edit"}
    assert refusal(world, "share_document", colleague_id=share["colleague_id"], **pair)[0] == "conflict"
    assert refusal(world, "share_document", colleague_id=owner, **pair)[0] == "conflict"
    ask(world, "revoke_share", share_id=share["share_id"])
    assert refusal(world, "revoke_share", share_id=share["share_id"])[0] == "not_found"
    assert ask(world, "share_document", colleague_id=share["colleague_id"], **pair)["access"] == "edit"
    restricted = some(world, "documents", confidentiality="restricted")
    reader = next(e["colleague_id"] for e in every(world, "shares") if e["colleague_id"] != restricted["colleague_id"])
    call = {"document_id": restricted["document_id"], "colleague_id": reader, "access": "read"}
    assert refusal(world, "share_document", **call)[0] == "forbidden"


def test_only_drafts_are_deleted_and_their_shares_with_them(world: ServiceWorld) -> None:
    """Text and shares are gone, too."""
    draft = unlocked(world, status="draft")
    ended = len(every(world, "shares", document_id=draft["document_id"]))
    assert ask(world, "delete_document", document_id=draft["document_id"])["shares_ended"] == ended
    for tool in ("get_document", "read_document", "list_shares"):
        assert refusal(world, tool, document_id=draft["document_id"])[0] == "not_found"
    assert (
        refusal(world, "delete_document", document_id=unlocked(world, status="final")["document_id"])[0] == "forbidden"
    )
