"""Every gate catches a planted fault, and leaves what is right alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio
import msgspec
import pytest

from tdscaling.agents.said import says
from tdscaling.runtime.assignment import Mode
from tdscaling.runtime.chat import AssistantMessage, ChatMessage, ToolMessage, UserMessage
from tdscaling.runtime.messages import Episode, Judge, Outcome

from .play import Theatre, final_episode

Transcript = tuple[ChatMessage, ...]
replace = msgspec.structs.replace


def _drop_last_word(transcript: Transcript) -> Transcript:
    return transcript[:-1]


def _drop_reply(transcript: Transcript) -> Transcript:
    return tuple(spoken for spoken in transcript if not isinstance(spoken, ToolMessage))


def _repeat_ids(transcript: Transcript) -> Transcript:
    def same(spoken: ChatMessage) -> ChatMessage:
        if isinstance(spoken, ToolMessage):
            return replace(spoken, tool_call_id="call_x")
        if isinstance(spoken, AssistantMessage) and spoken.calls:
            return replace(spoken, tool_calls=tuple(replace(call, id="call_x") for call in spoken.calls))
        return spoken

    return tuple(map(same, transcript))


def _with_calls(transcript: Transcript, change: Callable[[str, str], tuple[str, str]]) -> Transcript:
    """The transcript with name and arguments of the first call changed."""
    changed = False
    result: list[ChatMessage] = []
    for spoken in transcript:
        if isinstance(spoken, AssistantMessage) and spoken.calls and not changed:
            first, *rest = spoken.calls
            name, arguments = change(first.function.name, first.function.arguments)
            first = replace(first, function=replace(first.function, name=name, arguments=arguments))
            spoken = replace(spoken, tool_calls=(first, *rest))
            changed = True
        result.append(spoken)
    return tuple(result)


def _forge_reply(transcript: Transcript) -> Transcript:
    return tuple(
        replace(spoken, content=spoken.content.replace('"', "'", 2)) if isinstance(spoken, ToolMessage) else spoken
        for spoken in transcript
    )


def _say_nothing_useful(transcript: Transcript) -> Transcript:
    return tuple(
        replace(spoken, content="All done.") if isinstance(spoken, AssistantMessage) and not spoken.calls else spoken
        for spoken in transcript
    )


def _forget_the_user(transcript: Transcript) -> Transcript:
    return tuple(
        replace(spoken, content="Please go on.") if isinstance(spoken, UserMessage) else spoken for spoken in transcript
    )


def _name_a_tool(transcript: Transcript) -> Transcript:
    names = [c.function.name for spoken in transcript if isinstance(spoken, AssistantMessage) for c in spoken.calls]
    return tuple(
        replace(spoken, content=f"{spoken.content} Use {names[0]}.") if isinstance(spoken, UserMessage) else spoken
        for spoken in transcript
    )


FAULTS: list[tuple[str, Mode, Callable[[Transcript], Transcript]]] = [
    ("structure.last_word", "direct", _drop_last_word),
    ("structure.unanswered_call", "direct", _drop_reply),
    ("structure.repeated_call_id", "chain", _repeat_ids),
    ("calls.unknown_tool", "direct", partial(_with_calls, change=lambda _, a: ("drop_tables", a))),
    ("calls.arguments_not_json", "direct", partial(_with_calls, change=lambda n, a: (n, a[:-1]))),
    ("calls.schema", "loop", partial(_with_calls, change=lambda n, _: (n, '{"colour":"red"}'))),
    ("replay.reply_differs", "direct", _forge_reply),
    ("facts.missing", "direct", _say_nothing_useful),
    ("provenance.invented", "loop", _forget_the_user),
    ("refusal.not_told", "forbidden", _say_nothing_useful),
    ("refusal.not_told", "no_capable_tool", _say_nothing_useful),
    ("user.names_tool", "direct", _name_a_tool),
]


@pytest.fixture(scope="module")
def accepted() -> tuple[Theatre, dict[Mode, list[Episode]]]:
    """Finished episodes that the verifier accepts, by the mode they were asked for."""
    theatre = Theatre()
    episodes: dict[Mode, list[Episode]] = {}

    async def play() -> None:
        for index in range(78):
            messages = await theatre.stages(theatre.sampler.assign(index))
            outcome = messages[-1]
            assert isinstance(outcome, Outcome)
            assert outcome.row is not None
            if outcome.row.verdict.accepted:
                episodes.setdefault(outcome.row.assignment.mode, []).append(final_episode(messages))

    anyio.run(play)
    return theatre, episodes


def _judge(theatre: Theatre, episode: Episode) -> tuple[str, ...]:
    """The reasons for a transcript, its calls played on the episode's own world first."""

    async def judge() -> tuple[str, ...]:
        world = await theatre.stage.playing(episode.id, episode.blueprint.world)
        for spoken in episode.transcript:
            for call in spoken.calls if isinstance(spoken, AssistantMessage) else ():
                try:
                    arguments = msgspec.json.decode(call.function.arguments)
                except msgspec.DecodeError:
                    continue
                if call.function.name in theatre.stage.tools:
                    await world.call(call.function.name, arguments)
        outcome = await theatre.cast.handlers["verifier"](Judge(episode))
        await theatre.cast.release(episode.id)
        assert isinstance(outcome, Outcome)
        assert outcome.row is not None
        return outcome.row.verdict.reasons

    return anyio.run(judge)


@pytest.mark.parametrize(("reason", "mode", "plant"), FAULTS, ids=[f"{reason}-{mode}" for reason, mode, _ in FAULTS])
def test_a_planted_fault_is_caught_with_its_own_reason(
    accepted: tuple[Theatre, dict[Mode, list[Episode]]],
    reason: str,
    mode: Mode,
    plant: Callable[[Transcript], Transcript],
) -> None:
    """Planted in rows that were accepted, at least one of which the fault applies to."""
    theatre, episodes = accepted
    caught = 0
    for episode in episodes[mode]:
        planted = replace(episode, transcript=plant(episode.transcript))
        if planted.transcript != episode.transcript:
            caught += any(found.startswith(reason) for found in _judge(theatre, planted))
    assert caught > 0


def test_a_write_that_the_plan_does_not_have_is_caught(accepted: tuple[Theatre, dict[Mode, list[Episode]]]) -> None:
    """An episode that leaves the world otherwise than the blueprint did is rejected for its state."""
    theatre, episodes = accepted
    wrote = [e for group in episodes.values() for e in group if e.blueprint.changes != "{}"]
    assert wrote
    for episode in wrote:
        undone = replace(episode.blueprint, changes="{}")
        reasons = _judge(theatre, replace(episode, blueprint=undone))
        assert any(reason.startswith("state.") for reason in reasons)


def test_untouched_rows_are_accepted_again(accepted: tuple[Theatre, dict[Mode, list[Episode]]]) -> None:
    """Judging is a function of the row: played again, an accepted conversation is accepted."""
    theatre, episodes = accepted
    for group in episodes.values():
        for episode in group:
            assert _judge(theatre, episode) == ()


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("The total is 12.50.", 12.5, True),
        ("The total is 112.50.", 12.5, False),
        ("It costs 1,299 dollars.", 1299, True),
        ("The status is in transit.", "in_transit", True),
        ("It starts on 18 March 2026 at 14:30.", "2026-03-18T14:30:00Z", True),
        ("It starts on 2026-03-18.", "2026-03-18T14:30:00Z", False),
        ("No, it is not.", False, True),
        ('The name is "Riku Aoki".', "Riku Aoki", True),
        ("There are 3 of them.", 30, False),
        ("There are three of them.", 3, True),
        ("The code is INV-26-031.", 26, False),
        ("It comes to 1 299,50 in all.", 1299.5, True),
        ("About **1,299.50**.", 1299.5, True),
        ("That is 15 % of it.", 0.15, True),
        ("It is due on March 3rd, 2026 at 2:30 PM.", "2026-03-03T14:30:00Z", True),
        ("It is due on 3 Mar 2026 at 2:31 pm.", "2026-03-03T14:30:00Z", False),
        ("It is due on 03/18/2026.", "2026-03-18", True),
        ("Call (202) 555-0188.", "+1-202-555-0188", True),
        ("It is \u201cOld Town Walk\u201d.", "Old Town Walk", True),
        ("It is ORD-20420.", "ORD-2042", False),
    ],
)
def test_a_value_is_heard_in_the_ways_people_write_it(text: str, value: object, expected: bool) -> None:
    """Numbers, codes, dates and names count as said only when the whole value stands there."""
    assert says(text, value) is expected
