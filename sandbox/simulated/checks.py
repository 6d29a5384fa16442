"""What a proposal must hold to: the reply's schema, known identifiers, no change by reading, truth to the state."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema_rs
import msgspec

from ..facts import is_identifier, leaf_values, snake
from ..tools import JsonObject, JsonValue, Snapshot, ToolSpec
from .proposal import Change, Proposal


class Refused(Exception):
    """The proposal breaks a rule. The text says which one, in words that help to mend it."""


def accepted(
    proposal: Proposal, spec: ToolSpec, gives: jsonschema_rs.Validator | None, state: Snapshot, arguments: JsonObject
) -> Snapshot:
    """The state after the call.

    Raises:
        Refused: the proposal breaks a rule.
    """
    reply = _decoded(proposal, gives)
    if proposal.changes and spec.read_only:
        raise Refused(f"{spec.name} is read-only, but the proposal changes {proposal.changes[0].table}")
    if proposal.changes and proposal.is_error:
        raise Refused("a refused call changes nothing, but the proposal has changes")
    after = _changed(state, proposal.changes)
    if proposal.is_error:
        return after
    _check_issued(proposal, state, after)
    _check_identifiers(reply, arguments, after)
    _check_written(proposal.changes, arguments, after)
    _check_shown(reply, after)
    return after


def _decoded(proposal: Proposal, gives: jsonschema_rs.Validator | None) -> JsonValue:
    """The reply as JSON; None for the plain text of a tool that declares no output."""
    if not proposal.reply.strip():
        raise Refused("the reply is empty")
    try:
        reply: JsonValue = msgspec.json.decode(proposal.reply)
    except (msgspec.DecodeError, UnicodeError):
        if gives is None or proposal.is_error:
            return None
        raise Refused("the reply is not JSON text, but the tool declares an output schema") from None
    problem = None if gives is None or proposal.is_error else next(gives.iter_errors(reply), None)
    if problem is not None:
        where = ".".join(map(str, problem.instance_path)) or "the reply"
        raise Refused(f"the reply breaks the output schema: {where}: {problem.message[:200]}")
    return reply


def _changed(state: Snapshot, changes: tuple[Change, ...]) -> Snapshot:
    after = {name: dict(records) for name, records in state.items()}
    for change in changes:
        if change.table not in after:
            raise Refused(f"there is no table {change.table!r}; the tables are {', '.join(after) or 'none'}")
        if not change.record:
            if after[change.table].pop(change.key, None) is None:
                raise Refused(f"{change.table}: there is no {change.key!r} to remove")
            continue
        try:
            record: JsonValue = msgspec.json.decode(change.record)
        except (msgspec.DecodeError, UnicodeError):
            record = None
        if not isinstance(record, dict):
            raise Refused(f"{change.table}: the record of {change.key!r} is not the JSON text of an object")
        after[change.table][change.key] = record
    return after


def _check_issued(proposal: Proposal, state: Snapshot, after: Snapshot) -> None:
    """New records and issued keys are the same set; a key that stood there is not new."""
    old = {key for records in state.values() for key in records}
    new = {change.key for change in proposal.changes if change.record and change.key not in state[change.table]}
    for key in proposal.issued:
        if key in old:
            raise Refused(f"issued: {key!r} stands in the state already")
        if not any(key in records for records in after.values()):
            raise Refused(f"issued: {key!r} names no record of the changes")
    missing = new - set(proposal.issued)
    if missing:
        raise Refused(f"the new record {sorted(missing)[0]!r} is not among the issued keys")


def _check_identifiers(reply: JsonValue, arguments: JsonObject, after: Snapshot) -> None:
    """Identifiers of a good reply stand in the state after the call.

    One that is only echoed from the call may stand in no record, if records have no field of its name at all.
    """
    known = set(_leaves(after)) | {key for records in after.values() for key in records}
    said = set(_leaves(arguments))
    held = {snake(name) for records in after.values() for record in records.values() for name, _ in _named(record)}
    for name, value in _named(reply):
        echoed = str(value) in said and snake(name) not in held
        if is_identifier(name) and str(value) not in known and not echoed:
            raise Refused(f"{name}: {value!r} stands neither in the state nor among the issued keys")


def _check_written(changes: tuple[Change, ...], arguments: JsonObject, after: Snapshot) -> None:
    """What the call asked for is what one of the changed records holds."""
    records = [after[change.table][change.key] for change in changes if change.record]
    for name, value in arguments.items():
        held = [record[name] for record in records if name in record]
        if held and value is not None and not is_identifier(name) and value not in held:
            raise Refused(f"{name}: the call says {value!r}, the changed record says {held[0]!r}")


def _check_shown(reply: JsonValue, after: Snapshot) -> None:
    """Where the reply shows a record, its fields are those of the state: what was written is what is read."""
    records = {key: record for table in after.values() for key, record in table.items() if isinstance(record, dict)}
    for shown in _objects(reply):
        keys = [str(value) for name, value in shown.items() if is_identifier(name) and str(value) in records]
        if not keys:
            continue
        record = {snake(name): value for name, value in records[keys[0]].items()}
        for name, value in shown.items():
            if not isinstance(value, dict | list) and snake(name) in record and record[snake(name)] != value:
                raise Refused(f"{keys[0]}: {name} is {value!r} in the reply, {record[snake(name)]!r} in the state")


def _objects(value: JsonValue) -> Iterator[JsonObject]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _named(value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Texts and whole numbers with the last key of their path."""
    for path, leaf in leaf_values(value):
        words = [part for part in path.split(".") if not part.isdigit()]
        if words and leaf != "" and isinstance(leaf, str | int) and not isinstance(leaf, bool):
            yield words[-1], leaf


def _leaves(value: JsonValue) -> Iterator[str]:
    return (str(leaf) for _, leaf in leaf_values(value))
