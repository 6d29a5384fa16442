"""Gold actions of two benchmarks, replayed on their own tools and judged by the gates that judge rows.

    TAU2_CHECKOUT=… bash examples/benchmarks/install.sh
    .venv/bin/python bench/gold.py [tau2] [bfcl] [--limit N] [--reasons]

For every task its gold actions are called on a fresh world. Where no call fails they become a conversation: what the
user is told to want, the calls one by one with their replies, a last word. τ²-bench's gold leaves out reads that an
agent needs before it can know an identifier: those are put in, and the tasks where they were are counted. The
conversation is judged as a row is: every call runs again on another fresh world, and the state must come out as in the
first run. Printed per set: tasks, those whose gold replays, those of them that the gates accept, and all reasons. The
gates on secrets and personal data (BFCL's users tell passwords and card numbers) are counted apart: they say that a
text must not be published, not that an action is wrong. Exits with 1 where replayed gold is rejected. For evaluation
only: nothing is written.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec

from tdscaling.agents.blueprint import definition
from tdscaling.agents.gates.calls import provenance
from tdscaling.agents.judging import Conversation, gather, judge
from tdscaling.agents.stage import Stage
from tdscaling.agents.talk import Talk
from tdscaling.runtime.blueprint import Argument, Blueprint, Constant, Goal, Plan, Step, WorldRef
from tdscaling.runtime.chat import AssistantMessage, ChatMessage, FunctionCall, ToolCall, ToolMessage, UserMessage
from tdscaling.runtime.pycall import parse_call
from tdscaling.sandbox.manifest import load_manifest
from tdscaling.sandbox.mcp import McpToolbox, McpWorld
from tdscaling.sandbox.tools import JsonObject, ToolReply, ToolSpec
from tdscaling.sandbox.world import changes

ROOT = Path(__file__).parent.parent
MANIFESTS = ROOT / "examples" / "benchmarks"
SERVERS = ROOT / ".servers"
UNFIT = ("secrets.", "privacy.")
"""Reasons for which a text must not be published, whether the calls are right or not: counted apart."""
ADMIN = ("world_load", "world_state")
CATEGORIES = ("base", "miss_func", "miss_param", "long_context")


class Turn(msgspec.Struct, frozen=True):
    """What the user wants, and the gold calls that do it."""

    wanted: str
    calls: tuple[tuple[str, JsonObject], ...]


class Lookup(msgspec.Struct, frozen=True):
    """A read that an agent makes to find out identifiers, and where its own argument is found."""

    tool: str
    pattern: str
    """Regular expression over what was said and answered so far; its groups are named after the tool's parameters."""


class Task(msgspec.Struct, frozen=True):
    """One task of a benchmark."""

    set: str
    id: str
    entry: JsonObject
    """Arguments of `world_load`."""
    turns: tuple[Turn, ...]
    lookups: tuple[Lookup, ...] = ()
    """What may be read where the gold takes an identifier that nobody told: gold lists what counts, not each look."""


class Loaded:
    """A toolbox whose worlds begin in the state of one task; its tools are those that the assistant may have."""

    def __init__(self, inner: McpToolbox, entry: JsonObject) -> None:
        self._inner = inner
        self._entry = entry
        self.name, self.version, self.domain, self.sector = inner.name, inner.version, inner.domain, inner.sector
        self.provenance, self.seeded, self.volatile = inner.provenance, inner.seeded, inner.volatile

    def tools(self) -> tuple[ToolSpec, ...]:
        """Theirs without the harness's own."""
        return tuple(tool for tool in self._inner.tools() if tool.name not in ADMIN)

    async def open(self, seed: int) -> McpWorld:
        """A world in the task's state."""
        world = await self._inner.open(seed)
        await world.call("world_load", self._entry)
        return world


class Replay(msgspec.Struct, frozen=True):
    """What the gold calls of a task came to."""

    failed: str
    """The first call that failed with its answer; empty when the gold replays."""
    looked: int
    """Reads that were put in between."""
    reasons: tuple[str, ...]
    """Of the gates; empty when they accept."""


class Script:
    """A conversation in the making: calls are answered by a live world as they are added."""

    def __init__(self, task: Task, world: McpWorld, specs: dict[str, ToolSpec]) -> None:
        self._task, self._world, self._specs = task, world, specs
        self.messages: list[ChatMessage] = []
        self.calls: list[tuple[int, str, JsonObject]] = []
        """Number of the turn, tool, arguments."""
        self.looked = 0
        """Reads that were put in between."""

    async def write(self) -> str:
        """The whole conversation; returns the first gold call that failed with its answer, or nothing."""
        for number, turn in enumerate(self._task.turns):
            self.messages.append(UserMessage(turn.wanted))
            for name, arguments in turn.calls:
                await self._find(number, name, arguments)
                reply = await self._call(number, name, arguments)
                if reply.is_error:
                    return f"{name}: {reply.content[:120]}"
            self.messages.append(AssistantMessage(f"Request {number + 1} of {len(self._task.turns)} is done."))
        return ""

    async def _find(self, number: int, name: str, arguments: JsonObject) -> None:
        """Make the task's look-ups, one by one, until every identifier of the call stands somewhere."""
        done: set[str] = set()
        while self._missing(name, arguments):
            new = [(tool, given) for tool, given in self._reads() if f"{tool}{given}" not in done]
            if not new:
                return
            tool, given = new[0]
            done.add(f"{tool}{given}")
            made = [(then, what) for _, then, what in self.calls]
            if (tool, given) not in made:
                self.looked += 1
                await self._call(number, tool, given)

    def _missing(self, name: str, arguments: JsonObject) -> bool:
        call = ToolCall("probe", FunctionCall(name, msgspec.json.encode(arguments).decode()))
        given = tuple(definition(spec) for spec in self._specs.values() if spec.name == name)
        talk = Talk((*self.messages, AssistantMessage("", tool_calls=(call,))), given)
        return any(
            problem.detail.endswith(f"of {name}") and problem.position == len(self.messages)
            for problem in provenance(talk)
        )

    def _reads(self) -> Iterator[tuple[str, JsonObject]]:
        text = "\n".join(said.content for said in self.messages)
        for lookup in self._task.lookups:
            for match in re.finditer(lookup.pattern, text):
                yield lookup.tool, match.groupdict()

    async def _call(self, number: int, name: str, arguments: JsonObject) -> ToolReply:
        identity = f"call_{len(self.messages)}"
        reply = await self._world.call(name, arguments)
        if not reply.is_error:
            call = ToolCall(identity, FunctionCall(name, msgspec.json.encode(arguments).decode()))
            self.messages += [AssistantMessage("", tool_calls=(call,)), ToolMessage(identity, name, reply.content)]
            self.calls.append((number, name, arguments))
        return reply


async def replay(task: Task, box: McpToolbox) -> Replay:
    """Call the gold, make a conversation of it, judge it."""
    loaded = Loaded(box, task.entry)
    world = await loaded.open(0)
    before = await world.snapshot()
    script = Script(task, world, {tool.name: tool for tool in loaded.tools()})
    failed = await script.write()
    after = await world.snapshot()
    await world.aclose()
    if failed:
        return Replay(failed, script.looked, ())
    difference = msgspec.json.encode(changes(before, after)).decode()
    plan = blueprint(task, script.calls, box, difference)
    said = Conversation(tuple(script.messages), tuple(map(definition, loaded.tools())), plan)
    evidence = await gather(said, Stage([loaded], ()), None)
    return Replay("", script.looked, judge(evidence).verdict.reasons)


def blueprint(task: Task, calls: Sequence[tuple[int, str, JsonObject]], box: McpToolbox, difference: str) -> Blueprint:
    """The plan that the gold is: its calls with constant arguments, a goal per turn, nothing to be told."""
    steps = tuple(
        Step(number, name, tuple(Argument(key, Constant(msgspec.json.encode(v).decode())) for key, v in given.items()))
        for number, name, given in calls
    )
    goals = tuple(Goal(turn.wanted) for turn in task.turns)
    world = WorldRef((f"{box.name}@{box.version}",), 0)
    return Blueprint(Plan(goals, steps), world, (), (), tuple(range(len(steps))), (), difference)


RETAIL = (
    Lookup("find_user_id_by_email", r"(?P<email>[\w.]+@example\.com)"),
    Lookup(
        "find_user_id_by_name_zip", r"(?s)(?P<first_name>[A-Z]\w+) (?P<last_name>[A-Z]\w+)\b.{0,60}?\b(?P<zip>\d{5})\b"
    ),
    Lookup("get_user_details", r"\b(?P<user_id>[a-z]+_[a-z]+_\d{4})\b"),
    Lookup("get_order_details", r"(?P<order_id>#W\d{7})"),
    Lookup("get_product_details", r'"product_id": ?"(?P<product_id>\d{10})"'),
)
"""How an agent finds things out in the shop."""
LISTS = ("list_users", "get_order_history", "get_user_tickets", "get_all_credit_cards")
"""Tools of BFCL that take nothing and list what has an identifier."""


def tau2_tasks() -> Iterator[Task]:
    """The retail tasks; the user says what the simulated user is told to want and to know."""
    file = SERVERS / "tau2-bench" / "data" / "tau2" / "domains" / "retail" / "tasks.json"
    for task in json.loads(file.read_text(encoding="utf-8")):
        told = task["user_scenario"]["instructions"]
        parts = [told.get(key) or "" for key in ("known_info", "reason_for_call", "task_instructions")]
        actions = [
            action for action in task["evaluation_criteria"]["actions"] or () if action.get("requestor") != "user"
        ]
        calls = tuple((action["name"], dict(action["arguments"])) for action in actions)
        yield Task("tau2 retail", task["id"], {}, (Turn("\n".join(filter(None, parts)), calls),), RETAIL)


def bfcl_tasks(parameters: dict[str, list[str]]) -> Iterator[Task]:
    """The multi-turn entries. `parameters`: of every tool in their order, for arguments given by place."""
    (data,) = SERVERS.glob("benchmarks/lib/python*/site-packages/bfcl_eval/data")
    lists = (*(Lookup(tool, r"\A") for tool in LISTS), Lookup("get_user_id", r"\b(?P<user>[A-Z][a-z]+)\b"))
    for category in CATEGORIES:
        name = f"BFCL_v4_multi_turn_{category}.json"
        gold = {row["id"]: row["ground_truth"] for row in _rows(data / "possible_answer" / name)}
        for row in _rows(data / name):
            turns = []
            for said, calls in zip(row["question"], gold[row["id"]], strict=True):
                wanted = "\n".join(message["content"] for message in said)
                parsed = [parse_call(call) for call in calls]
                made = tuple((call.name, call.arguments(parameters.get(call.name, []))) for call in parsed)
                turns.append(Turn(wanted or "Here are more tools: please go on.", made))
            yield Task(f"bfcl {category}", row["id"], {"entry": row["id"]}, tuple(turns), lists)


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


async def play(which: str, limit: int | None, *, show: bool) -> int:
    """Replay one benchmark; returns how many replayed golds were rejected."""
    manifest = load_manifest(MANIFESTS / ("tau2_retail_gold.yaml" if which == "tau2" else "bfcl_gold.yaml"))
    async with McpToolbox(manifest) as box:
        parameters = {tool.name: list(tool.input_schema.get("properties", {})) for tool in box.tools()}
        tasks = list(tau2_tasks() if which == "tau2" else bfcl_tasks(parameters))
        counts: Counter[tuple[str, str]] = Counter()
        reasons: Counter[str] = Counter()
        examples: dict[str, str] = {}
        for task in [task for task in tasks if any(turn.calls for turn in task.turns)][:limit]:
            found = await replay(task, box)
            counts[task.set, "tasks"] += 1
            counts[task.set, "replayed"] += not found.failed
            counts[task.set, "looked"] += bool(found.looked)
            wrong = [reason for reason in found.reasons if not reason.startswith(UNFIT)]
            counts[task.set, "accepted"] += not found.failed and not wrong
            counts[task.set, "unfit"] += not wrong and bool(found.reasons)
            for reason in {reason.partition(":")[0] for reason in found.reasons} | (
                {"(failed)"} if found.failed else set()
            ):
                reasons[reason] += 1
                examples.setdefault(
                    reason, f"{task.id}: {found.failed or next(r for r in found.reasons if r.startswith(reason))}"
                )
    print(f"{'set':18} tasks  gold replays  gates accept  of these with secrets  with look-ups added")
    for name in dict.fromkeys(name for name, _ in counts):
        of = {what: counts[name, what] for what in ("tasks", "replayed", "accepted", "unfit", "looked")}
        print(
            f"{name:18} {of['tasks']:5}  {of['replayed']:12}  {of['accepted']:12}  {of['unfit']:21}  {of['looked']:19}"
        )
    for reason, n in reasons.most_common():
        print(f"  {n:4}  {reason}" + (f"  {examples[reason]}" if show else ""))
    return sum(n for (_, what), n in counts.items() if what == "replayed") - sum(
        n for (_, what), n in counts.items() if what == "accepted"
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["tau2", "bfcl"])
    parser.add_argument("--limit", type=int, help="so many tasks of each benchmark")
    parser.add_argument("--reasons", action="store_true", help="an example of every reason")
    options = parser.parse_args()
    rejected = [anyio.run(partial(play, which, options.limit, show=options.reasons)) for which in options.sets]
    return int(any(rejected))


if __name__ == "__main__":
    sys.exit(main())
