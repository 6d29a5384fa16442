"""The simulated assistant: chooses tools by token overlap, fills arguments by label, chains, recovers, asks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from random import Random

import msgspec

from ...runtime.chat import AssistantMessage, ChatMessage, SystemMessage, ToolDefinition, UserMessage
from ...sandbox.facts import Param, is_identifier, snake
from ...sandbox.tools import JsonObject, JsonValue
from ..paths import decode
from ..prompts import PLAN_FIRST, VERIFY
from . import answers
from .choosing import TRIES, Call, One, Several, again, choose
from .reading import Done, Thread, lookalikes, seen, thread_of, told, told_list
from .search import LOOKUP, Search
from .speech import Wish, unquote
from .tongues.answers import AnswersIn
from .tongues.tongue import Tongue, spoken_in
from .words import KnownTool, ToolIndex, index, overlap, stems, verb_of

DEPTH = 3
"""How many producers the assistant chains to find a missing identifier."""
_RULE = re.compile(r"(?i)(?:do not|never|you must not|you may not)\b([^,;.]*)")
FORBIDDEN_OVERLAP = 0.88
"""Likeness of a wish and what a rule forbids; one other word of four is another thing."""
BESIDE_THE_POINT = 0.3
"""Share of a wish's words below which no tool is anywhere near it."""
PATIENCE = 2
"""How often the assistant asks for the same thing."""
_EACH = re.compile(r",?\s*for each of (?:these|them|the following)\s*$", re.IGNORECASE)


class Ask(msgspec.Struct, frozen=True):
    """A question the assistant must put first."""

    question: str


class Told(msgspec.Struct, frozen=True):
    """A wish that is settled, with the sentence that says so."""

    sentence: str


Move = Call | Ask | Told


class Assistant:
    """One request, read once. `move_on` says what a helpful assistant would do next."""

    def __init__(self, messages: Sequence[ChatMessage], tools: Sequence[ToolDefinition], dice: Random) -> None:
        tongue = _tongue_of(messages)
        self._say: answers.Voice = AnswersIn(tongue) if tongue else answers
        if tongue is not None:
            messages = [_in_english(said, tongue) for said in messages]
        self._thread: Thread = thread_of(messages)
        self._index: ToolIndex = index(tools)
        self._search = Search(self._index, self._thread.done)
        self._rules = "\n".join(m.content for m in messages if isinstance(m, SystemMessage))
        self._first = not any(isinstance(m, AssistantMessage) and m.calls for m in messages)
        self._dice = dice
        self._unused = list(self._thread.done)
        """Calls of the thread that no wish has claimed yet."""

    def move_on(self) -> tuple[str, list[Call]]:
        """What to say, and which tools to call with it (none: the words are the answer)."""
        moves = [move for wish in self._thread.wishes for move in self._settle(wish)]
        calls: list[Call] = []
        calls += (move for move in moves if isinstance(move, Call) and move not in calls)
        if calls:
            return (self._plan() if self._first and PLAN_FIRST in self._rules else ""), calls
        asked = next((move for move in moves if isinstance(move, Ask)), None)
        if asked is not None:
            return asked.question, []
        return self._say.join([move.sentence for move in moves if isinstance(move, Told)], self._dice), []

    def _settle(self, wish: Wish) -> list[Move]:
        """The next moves for one wish: calls that can be made now, else a question, else what came out."""
        if (known := self._say.without_tools(wish.intent, self._thread.earlier | wish.facts)) is not None:
            return [Told(known)]
        intent = _EACH.sub("", wish.intent)
        if self._is_forbidden(intent):
            return [Told(self._say.forbidden(intent, self._dice))]
        tool = self._index.choose(intent)
        if tool is None or (wish.facts and not tool.required and not told(tool.params, wish)):
            return [Told(self._cannot(intent, wish))]
        loop = next((p for p in tool.required if intent != wish.intent and len(told_list(p, wish)) > 1), None)
        if loop is not None:
            return self._settle_each(tool, wish, loop)
        moves = self._settle_one(tool, wish, {})
        result = self._result
        if wish.condition and result is not None:
            return self._settle_condition(wish, result, moves)
        return moves

    def _settle_each(self, tool: KnownTool, wish: Wish, loop: Param) -> list[Move]:
        """One item after the other: the first that is not done yet, or all that came out."""
        moves: list[Move] = []
        for value in told_list(loop, wish):
            move = self._settle_one(tool, wish, {loop.name: value})[0]
            if not isinstance(move, Told):
                return [move]
            moves.append(Told(self._say.each(value, move.sentence)))
        return moves

    def _settle_condition(self, wish: Wish, result: Done, before: list[Move]) -> list[Move]:
        """The moves so far, with what is to be done if the reply is as the wish says."""
        label, value, then = wish.condition or ("", "", "")
        if not answers.holds(result.reply, label, value):
            return before
        tool = self._index.choose(then)
        if tool is None:
            return [Told(self._say.unable(then, self._dice))]
        moves = self._settle_one(tool, Wish(then, wish.facts, []), {})
        if self._refused is not None and self._refused.conflict:
            return self._look_again(wish, result, self._refused)
        return [*before, *moves]

    def _look_again(self, wish: Wish, result: Done, refused: Done) -> list[Move]:
        """What was read does not hold any more: read it again, then tell both."""
        fresh = [call for call in self._unused if call.tool == result.tool and call.arguments == result.arguments]
        if not fresh or fresh[-1].passing:
            reread = Call(result.tool, result.arguments)
            return [reread] if len(fresh) < TRIES else [Told(self._say.failure(refused.reply, self._dice))]
        for call in fresh:
            self._unused.remove(call)
        speak = self._say.result if fresh[-1].reply == result.reply else self._say.meanwhile
        now = speak(wish.hear, fresh[-1].reply, self._dice)
        return [Told(self._say.failure(refused.reply, self._dice)), Told(now)]

    def _cannot(self, intent: str, wish: Wish) -> str:
        """That a wish is beyond the tools, or beside the point altogether."""
        near = max((self._index.covers(intent, tool) for tool in self._index.tools.values()), default=0.0)
        beside = near < BESIDE_THE_POINT and not wish.facts and not wish.hear
        speak = self._say.off_topic if beside else self._say.unable
        return speak(intent, self._dice)

    def _settle_one(self, tool: KnownTool, wish: Wish, fixed: JsonObject) -> list[Move]:
        """Fill and make one call, mend it when it fails, read it back where the rules say so, and tell the result."""
        self._result: Done | None = None
        self._refused: Done | None = None
        filled = self._fill(tool, wish, fixed, DEPTH)
        if isinstance(filled, Call | Ask | Told):
            return [filled]
        tried = self._claim(tool, filled)
        if not tried:
            return [Call(tool.name, filled)]
        last = tried[-1]
        if last.failed:
            self._refused = last
            return [self._mend(tool, wish, last, tried)]
        self._result = last
        if VERIFY in self._rules and (check := self._read_back(tool, last)) is not None:
            return [check]
        return [Told(self._say.result(wish.hear, last.reply, self._dice))]

    def _claim(self, tool: KnownTool, arguments: JsonObject) -> list[Done]:
        """The calls that were made for this wish: the same call, or a failed one with what followed it."""
        claimed: list[Done] = []
        for call in list(self._unused):
            follows = bool(claimed) and claimed[-1].failed
            first = not claimed and (call.arguments == arguments or (call.failed and self._close(call, arguments)))
            if call.tool == tool.name and (first or follows):
                claimed.append(call)
                self._unused.remove(call)
        return claimed

    @property
    def _asked_which(self) -> int:
        """How often the user was asked to choose in this thread."""
        return sum("which one" in question.lower() for question in self._thread.questions)

    @staticmethod
    def _close(call: Done, arguments: JsonObject) -> bool:
        """True when a failed call differs from these arguments in at most one value."""
        keys = call.arguments.keys() | arguments.keys()
        different = [key for key in keys if call.arguments.get(key) != arguments.get(key)]
        return len(different) <= 1

    def _fill(self, tool: KnownTool, wish: Wish, fixed: JsonObject, depth: int) -> JsonObject | Move:
        """Arguments for a tool: told by the user, seen in a reply, or a call or question that brings them up."""
        arguments: JsonObject = {}
        missing: list[Param] = []
        given = told(tool.params, wish) | fixed
        answered = told(tool.required, Wish("", self._thread.answers, []))
        taken = {str(value) for value in given.values()}
        hints = {k: text for k, text in (wish.facts | self._thread.answers).items() if unquote(text) not in taken}
        for param in tool.params:
            value = given.get(param.name, answered.get(param.name))
            if value is None and param.required and param.kind == "identifier":
                choice = choose(param, hints, self._thread.done)
                if isinstance(choice, Several):
                    return self._narrow(choice, param, tool, wish, depth)
                if isinstance(choice, Call):
                    return choice
                value = choice.value if isinstance(choice, One) else None
            if value is not None:
                arguments[param.name] = value
            elif param.required:
                missing.append(param)
        for param in missing:
            if (
                is_identifier(param.name)
                and depth > 0
                and (call := self._produce(param, tool, wish, depth)) is not None
            ):
                return call
        if missing:
            labels = [param.label for param in missing]
            asked = sum(all(label in question for label in labels) for question in self._thread.questions)
            return Ask(self._say.question(labels, self._dice)) if asked < PATIENCE else Told(self._say.stuck(labels))
        return arguments

    def _narrow(self, several: Several, param: Param, tool: KnownTool, wish: Wish, depth: int) -> Move:
        """Where several entries fit: look further while the user told something that nothing showed yet, else ask."""
        more = self._search.told_more(tool, wish) or (not several.hits and self._search.shown_elsewhere(wish))
        if more and depth > 0 and (call := self._produce(param, tool, wish, depth)) is not None:
            return call
        if self._asked_which < PATIENCE:
            return Ask(self._say.which(several.entries, self._dice))
        return Told(self._say.stuck([param.label]))

    def _produce(self, param: Param, consumer: KnownTool, wish: Wish, depth: int) -> Call | None:
        """A look-up call that may bring up a missing identifier and was not made yet; None when there is none."""
        entity = stems(snake(param.name).removesuffix("_id")) or stems(param.label)
        more = self._search.told_more(consumer, wish)
        for producer in self._search.lookups(entity, param, wish, more=more):
            if producer.name == consumer.name:
                continue
            made = [call for call in self._thread.done if call.tool == producer.name]
            if made:
                if again(producer.name, made[-1].arguments, made):
                    return Call(producer.name, made[-1].arguments)
                continue
            filled = self._fill(producer, wish, {}, depth - 1)
            if isinstance(filled, Call):
                return filled
            if isinstance(filled, dict) and (filled or not producer.params or (more and not producer.required)):
                return Call(producer.name, filled)
        return None

    def _mend(self, tool: KnownTool, wish: Wish, last: Done, tried: Sequence[Done]) -> Move:
        """After a failed call: look the right value up, try the closest, ask, or give up and say why."""
        if last.passing and again(tool.name, last.arguments, tried):
            return Call(tool.name, last.arguments)
        wrong = next((p for p in tool.params if self._is_wrong(p, last)), None)
        if wrong is None or not last.not_found or len(tried) > 3:
            return Told(self._say.failure(last.reply, self._dice))
        value = str(last.arguments[wrong.name])
        close = difflib.get_close_matches(value, lookalikes(value, self._thread.done, wrong.name), n=1, cutoff=0.75)
        if close and all(call.arguments.get(wrong.name) != close[0] for call in tried):
            return Call(tool.name, last.arguments | {wrong.name: close[0]})
        given = told(tool.params, wish).get(wrong.name)
        if given is not None and given != last.arguments[wrong.name]:
            return Call(tool.name, last.arguments | {wrong.name: given})
        producer = self._produce(wrong, tool, wish, 1)
        if producer is not None:
            return producer
        if any(value in question for question in self._thread.questions):
            return Told(self._say.failure(last.reply, self._dice))
        return Ask(self._say.doubt(wrong.label, value, self._dice))

    @staticmethod
    def _is_wrong(param: Param, last: Done) -> bool:
        value = last.arguments.get(param.name)
        return isinstance(value, str) and is_identifier(param.name) and (value in last.reply or param.required)

    def _read_back(self, tool: KnownTool, written: Done) -> Move | None:
        """The read that shows what a write did, unless it was made already or there is none."""
        if verb_of(tool.name) in LOOKUP:
            return None
        for reader in self._readers(tool, written):
            values = {p.name: v for p in reader.required if (v := _value_of(p, written)) is not None}
            if len(values) == len(reader.required):
                wanted = again(reader.name, values, self._unused)
                return Call(reader.name, values) if wanted else None
        return None

    def _readers(self, tool: KnownTool, written: Done) -> list[KnownTool]:
        """Read-like tools that need identifiers only: of what was written, then those with the most alike names."""
        reply = decode(written.reply)
        own = next((key for key in reply if is_identifier(key)), "") if isinstance(reply, dict) else ""
        able = [
            reader
            for reader in self._index.tools.values()
            if reader.required
            and verb_of(reader.name) in ("get", "read", "show")
            and all(p.kind == "identifier" for p in reader.required)
        ]
        return sorted(able, key=lambda reader: (reader.required[0].name != own, -overlap(reader.name, tool.name)))

    def _is_forbidden(self, intent: str) -> bool:
        rules = (_RULE.match(line) for line in self._rules.splitlines())
        return any(rule is not None and overlap(rule[1], intent) >= FORBIDDEN_OVERLAP for rule in rules)

    def _plan(self) -> str:
        steps = [_EACH.sub("", wish.intent) for wish in self._thread.wishes]
        return self._say.plan(steps, self._dice)


def _value_of(param: Param, written: Done) -> JsonValue:
    """An identifier that a write took or returned under the same name."""
    if param.name in written.arguments:
        return written.arguments[param.name]
    return next(iter(seen(param, [written])), None)


def _tongue_of(messages: Sequence[ChatMessage]) -> Tongue | None:
    """The tongue that the user writes in, by the first message; None for English."""
    first = next((said.content for said in messages if isinstance(said, UserMessage)), "")
    return spoken_in(first)


def _in_english(said: ChatMessage, tongue: Tongue) -> ChatMessage:
    """A message as the assistant reads it: wishes, facts and its own questions in English."""
    match said:
        case UserMessage(content=content):
            return UserMessage(tongue.english(content))
        case AssistantMessage(content=content) if not said.calls and content.rstrip().endswith("?"):
            return AssistantMessage(tongue.english_question(content))
        case _:
            return said
