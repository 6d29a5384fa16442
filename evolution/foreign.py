"""Foreign data as the statistics see it: unfolded records become conversations with their place in the tree of labels.

What a format does not say (mostly the domain) stays empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from ..runtime.foreign import Form, Unfolded, calls_of, names_of, text_of, unfold
from ..sandbox.tools import JsonObject, JsonValue
from .conversation import Builder, Conversation
from .event import Place

Read: TypeAlias = tuple[Conversation, Place]


def conversations(record: JsonObject, form: Form) -> Iterator[Read]:
    """The conversations of a record: one, or every simulation of a file of results."""
    for found in unfold(record, form):
        tools = names_of(found.tools or ())
        builder = Builder(len(tools) or (form == "tau2"))
        for said in found.messages:
            _add(builder, said)
        yield _placed(builder.build(), tools, found, form)


def _add(builder: Builder, said: Mapping[str, JsonValue]) -> None:
    match said.get("role"):
        case "user":
            builder.user(text_of(said.get("content")))
        case "assistant":
            builder.assistant(text_of(said.get("content")), calls_of(said))
        case "tool":
            failed = said.get("error")
            reply = text_of(said.get("content"))
            builder.tool(str(said.get("tool_call_id") or ""), reply, failed=True if failed is True else None)
        case _:
            pass


def _placed(built: Conversation, tools: Sequence[str], found: Unfolded, form: Form) -> Read:
    """The set of tools is the cluster where nothing else is known."""
    domain_is_cluster = found.domain if form == "tau2" else ""
    cluster = found.servers or domain_is_cluster or _cluster(tools or [call.tool for call in built.calls])
    return built, Place(found.sector, found.domain, cluster)


def _cluster(tools: Sequence[str]) -> str:
    return hashlib.blake2b("\0".join(sorted(set(tools))).encode(), digest_size=8).hexdigest()
