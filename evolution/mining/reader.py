"""All facts of one service: what every tool is about, what it needs, what its reply holds."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..catalogs.record import ToolRecord
from .facts import ParamFact, ToolFacts, needs_of, param_facts, proved_keys, settled
from .inference import CONFIDENCE, inferred_reply, known_entities
from .nouns import Nouns
from .replies import Replies
from .subject import Subject, read_subjects


def read_service(tools: Sequence[ToolRecord]) -> list[ToolFacts]:
    """The facts of the tools that can be read at all, in their order; tools of which nothing says what they do are left
    out, and deprecated ones.
    """
    subjects = read_subjects(tools)
    nouns = Nouns(subjects)
    kept = [
        (tool, subject, nouns.canonical(subject.entity))
        for tool, subject in zip(tools, subjects, strict=True)
        if subject is not None and not tool.annotations.get("deprecated")
    ]
    read = [param_facts(tool, subject, nouns) for tool, subject, _ in kept]
    kept = [(tool, _listing(subject, found), entity) for (tool, subject, entity), found in zip(kept, read, strict=True)]
    drafts = [(subject, found) for (_, subject, _), found in zip(kept, read, strict=True)]
    proved = proved_keys(drafts)
    shown = {entity for tool, subject, entity in kept if tool.method is None and subject.verb == "list"}
    params = [settled(found, proved, shown) for _, found in drafts]
    replies = Replies(nouns, proved)
    known = known_entities([(*entry, found) for entry, found in zip(kept, params, strict=True)])
    facts: list[ToolFacts] = []
    for (tool, subject, entity), found in zip(kept, params, strict=True):
        declared = tool.output_schema is not None
        schema = tool.output_schema if declared else inferred_reply(subject, entity, known)
        facts.append(
            ToolFacts(
                record=tool,
                subject=subject,
                entity=entity,
                params=found,
                outputs=replies.facts(schema, entity, subject.verb),
                output_schema=schema,
                inferred=not declared,
                confidence=1.0 if declared else CONFIDENCE[subject.by],
                needs=needs_of(found),
            )
        )
    return facts


def _listing(subject: Subject, params: Sequence[ParamFact]) -> Subject:
    """`DescribeInstances` gets many unless it has to be told which one."""
    told = any(param.role == "own" and param.required and not param.many for param in params)
    if subject.verb == "get" and subject.plural and not told and not subject.item:
        return msgspec.structs.replace(subject, verb="list")
    return subject
