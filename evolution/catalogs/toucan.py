"""Toucan's collection of real MCP servers: server files, or one list of `{server, name, description, input}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import msgspec

from ...sandbox.tools import JsonObject, JsonValue
from .decode import Malformed, decode_as, read_bounded
from .record import Reading, ToolRecord, heading
from .source import Document, Listing, Source, files
from .texts import SUMMARY, plain
from .tool_lists import read_lists

LICENCE = "MIT"
"""Of the collection; the servers' own licences are not in it."""
_SERVER = re.compile(r"(?:(?:[a-z]+_)?\d+\.)?@?(?P<owner>[^_/]+)(?:[_/](?P<name>.+))?")


def list_documents(source: Source) -> Listing:
    """The JSON files below the source."""
    found = files(source, ".json")
    return Listing(tuple(Document(source, path, name, f"toucan/{name}", "Toucan") for path, name in found))


def load(document: Document) -> Reading:
    """The tools of one server, or of every server of a condensed list. Raises Malformed when there are none."""
    value = decode_as(read_bounded(document.path, document.source.max_bytes), object)
    if isinstance(value, list):
        return read_lists("toucan", _condensed(value, document))
    if isinstance(value, dict) and isinstance(value.get("metadata"), dict):
        return read_lists("toucan", iter([_server_file(cast("JsonObject", value), document)]))
    raise Malformed("no_tools", "neither a server file nor a list of tools")


def _condensed(entries: list[JsonValue], document: Document) -> Iterator[tuple[ToolRecord, JsonValue]]:
    servers: dict[str, list[JsonObject]] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("server"), str):
            servers.setdefault(entry["server"], []).append(entry)
    for server, tools in servers.items():
        yield _head(server, document, tools[0].get("label")), tools


def _server_file(value: JsonObject, document: Document) -> tuple[ToolRecord, JsonValue]:
    """A server with what it answered; what was scraped from its page is typed poorly and is left alone."""
    facts = value["metadata"]
    labels = value.get("labels")
    answer = facts.get("remote_server_response")
    tools = answer.get("tools") if isinstance(answer, dict) and answer.get("is_success") is not False else None
    if not isinstance(tools, list) or not tools:
        raise Malformed("no_answer", "the server did not list its tools")
    server = document.name.rpartition("/")[2].removesuffix(".json").removesuffix("_labeled")
    label = labels.get("primary_label") if isinstance(labels, dict) else None
    head = _head(server, document, label)
    crawled = facts.get("server_info_crawled")
    about = (
        next((crawled[key] for key in ("overview", "description") if crawled.get(key)), "")
        if isinstance(crawled, dict)
        else ""
    )
    title = plain(facts.get("server_name"), 120)
    return msgspec.structs.replace(head, title=title or head.title, summary=plain(about, SUMMARY)), tools


def _head(server: str, document: Document, label: JsonValue) -> ToolRecord:
    found = _SERVER.fullmatch(server)
    owner, name = (found["owner"], found["name"] or found["owner"]) if found else (server, server)
    return heading(
        "toucan",
        owner.lower(),
        f"toucan/{server}",
        name,
        categories=(label,) if isinstance(label, str) and label else (),
        licence=LICENCE,
        source=f"{document.origin} {server}",
    )
