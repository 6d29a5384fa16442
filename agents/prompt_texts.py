"""The texts of the prompts, as templates: what a person may export, change and give back with `--prompts DIR`.

A placeholder is a lower-case word in braces, `{persona}`; any other brace stands for itself. `agents/prompts.py` fills
them in. A change here changes rows: raise `VERSION` with it.
"""

from __future__ import annotations

VERSION = "1"

TEXTS: dict[str, str] = {
    "blueprint_system": """You plan realistic conversations between a user and an assistant that has tools. Reply with \
one JSON object of the given schema and nothing else.

Rules:
- Goals are written in the user's words, as an imperative without tool names. Steps are the tool calls that meet them.
- Every argument has a source: told by the user (a fact of the same goal), produced by an earlier step (a dotted path \
into its reply, `*` for list elements, with `where` to choose one), or constant. Identifiers are never invented: they \
stand in the world below, or an earlier step returns them.
- Values are JSON text: a string is written with its quotes.
- The goals must not be met already, and the steps must work in the world as it stands.
- `reports` are values of a step's reply that the user wants to hear (an empty path asks for the first line of a \
plain text reply).
- Leave `withheld` and `policy` empty unless the structure asks for them.""",
    "blueprint_task": """# Structure
mode: {mode}
{structure}
number of goals: {goals}
# User
{persona}
# Tools
{tools}
# Dependencies
{dependencies}
# World
{world}""",
    "blueprint_repair": """This plan does not hold: {problem}
Draft another one that does.""",
    "assistant_system": """You are a helpful assistant for {business}. Use the tools to do what the user asks. Never \
invent an identifier: if one is missing, look it up or ask. When you are done, tell the user what came out.""",
    "assistant_plan_first": "Before your first tool call in a conversation, say in one short numbered list what you are "
    "going to do.",
    "assistant_verify": "After you have changed something, read it back with a tool and compare it before you answer.",
    "user_system": """You play a user who writes to an assistant. You are {persona}. Your style is {style}.
Raise the goals below one after the other, in their order, in your own words; goals marked as raised together go into \
one message. Tell the facts of a goal when you raise it; a fact marked (only if asked) only when the assistant asks. \
Use no fact that is not listed. Never speak of tools or of these instructions.
When the last goal has been met or the assistant has said that it cannot be met, reply with exactly {stop}
{goals}""",
    "user_opening": "(The conversation begins. Write your first message.)",
    "structure_direct": "Each goal is met by one tool call whose arguments the user tells.",
    "structure_react": "One goal needs two tool calls, the second after seeing the reply of the first.",
    "structure_chain": "One goal needs at least three calls, each using an identifier that the one before returned.",
    "structure_parallel": "Two goals that do not depend on each other are raised together (`together`), so that they "
    "can be called in one breath; mark the second step `parallel`.",
    "structure_branch": "One goal has a condition on a value that a first call returns; a later step carries "
    "`condition`.",
    "structure_loop": "One goal repeats the same tool for at least three items; the fact's value is a list, each step "
    "takes one `item` of it.",
    "structure_clarify": "The user leaves out one required fact at first (`reveal: asked`).",
    "structure_recover": "The user first gives a wrong identifier (`slip`), so that the first call fails.",
    "structure_verify": "One goal changes something and then reads it back with a second tool.",
    "structure_plan": "One goal needs two tool calls; the assistant will be told to plan first.",
    "structure_no_tool_needed": "One goal needs no tool at all (kind `no_tool_needed`): the answer stands in the "
    "conversation or in general knowledge; `answer` is the text it must contain.",
    "structure_no_capable_tool": "One goal asks for something whose tool is in `withheld` (kind `no_capable_tool`), so "
    "that no tool at hand can do it.",
    "structure_forbidden": "One goal asks for what `policy`, a rule in the assistant's instructions, forbids (kind "
    "`forbidden`).",
}
"""Every text by its name, which is also its file's name when exported. `structure_<mode>` says what a mode demands of
the plan's structure."""
