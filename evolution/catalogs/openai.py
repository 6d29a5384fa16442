"""Lists of tools in OpenAI's form: the `tools` of a request, a list of functions, or one function per line."""

from __future__ import annotations

from ...sandbox.tools import JsonValue
from .decode import read_bounded
from .record import Reading
from .source import Document, Listing, Source, files
from .tool_lists import decode_lines, listed_heading, lists_in, read_lists


def list_documents(source: Source) -> Listing:
    """The JSON files below the source."""
    found = files(source, ".json", ".jsonl")
    kind = source.kind
    return Listing(
        tuple(
            Document(source, path, name, f"{kind}/{name.rpartition('.')[0]}", f"{source.path.name}")
            for path, name in found
        )
    )


def load(document: Document) -> Reading:
    """The tools of one file. Raises Malformed when it holds none."""
    value: JsonValue = decode_lines(read_bounded(document.path, document.source.max_bytes))
    kind = document.source.kind
    found = lists_in(value, document.name.rpartition(".")[0] or document.name)
    return read_lists(kind, ((listed_heading(kind, document, listed), listed.tools) for listed in found))
