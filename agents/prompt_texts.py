"""The texts of the prompts, as templates: what a person may export, change and give back with `--prompts DIR`.

A placeholder is a lower-case word in braces, `{persona}`; any other brace stands for itself. `agents/prompts.py` fills
them in. A change here changes rows: raise `VERSION` with it.
"""

from __future__ import annotations

VERSION = "3"

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
- Leave `withheld`, `policy`, `disturbances`, `fails`, `at_first` and `revises` empty unless structure or perturbation \
asks for them.""",
    "blueprint_task": """# Structure
mode: {mode}
{structure}
number of goals: {goals}{perturbation}
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
    "assistant_plan_first": "Before your first tool call in a conversation, say in one short numbered list what you "
    "are going to do.",
    "assistant_verify": "After you have changed something, read it back with a tool and compare it before you answer.",
    "assistant_short": "You are an assistant for {business}.",
    "assistant_rules": "House rules: {rules}",
    "assistant_dated": "Today is {today}.",
    "blueprint_language": "The user writes in {language}: every `intent`, and every `label` of facts and reports, is "
    "in {language}. Values stay as the world has them.",
    "user_language": "you write in {language}, as native speakers do",
    "style_careless": "you type fast: now and then a letter is missing or swapped in an ordinary word, never in a "
    "name, a number or a code",
    "style_roundabout": "you tell the facts first, and only then what you want",
    "user_system": """You play a user who writes to an assistant. You are {persona}. Your style is {style}.
Raise the goals below one after the other, in their order, in your own words; goals marked as raised together go into \
one message. Tell the facts of a goal when you raise it; a fact marked (only if asked) only when the assistant asks; \
of a fact marked (at first) you tell the first value, and with your next message that you changed your mind. Use no \
fact that is not listed. Never speak of tools or of these instructions.
When the last goal has been met or the assistant has said that it cannot be met, reply with exactly {stop}
{goals}""",
    "judge_system": """You read a finished conversation between a user and an assistant with tools, and vote on it. \
Every call was run again and every reply is real. Answer with one JSON object of the given schema and nothing else:
- asked_for: everything that the user asked for was done, or honestly declined with a reason, and nothing else was done.
- true: what the assistant told follows from the replies; nothing is made up.
- sensible: calls, questions and wording are what a careful assistant would choose; another good way is right, too.
- natural: the user sounds like a person, and the conversation hangs together.
- reason: one sentence on the first point that is not met; empty when all are.""",
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
    "perturbation_tool_error": "A tool is out of order: one entry in `disturbances` of kind `error` for a tool that a "
    "step calls. Either it passes (`times` 1 or 2: so many first calls fail) and the plan stays as it is, or it stays "
    "(`times` 0): then that step `fails` and its goal is of kind `blocked`.",
    "perturbation_missing_parameter": "The user leaves out one required fact of a goal at first (`reveal: asked`).",
    "perturbation_changed_mind": "The user changes their mind. Either before anything is done: one fact of a goal is "
    "`reveal: asked`, and another one has in `at_first` what the user says at first. Or afterwards: a goal with "
    "`revises` follows the one that it takes the place of.",
    "perturbation_irrelevant_request": "In between, one goal is off topic (kind `off_topic`, without facts, steps and "
    "reports): a passing question that has nothing to do with the tools.",
    "perturbation_capable_tool_withheld": "One goal asks for something whose tool is in `withheld` (kind "
    "`no_capable_tool`), so that no tool at hand can do it.",
    "perturbation_permission_denied": "The assistant has no permission for a tool that one goal needs: one entry in "
    "`disturbances` of kind `denied`; the step `fails` and its goal is of kind `blocked`.",
    "perturbation_ambiguous_entity": "What the user tells fits two or more entries of a list that a first call "
    "returns. The fact that tells them apart is `reveal: asked`, and stands in `where` of a later step's argument.",
    "perturbation_long_paged_list": "A list is long: one entry in `disturbances` of kind `pages` for a list tool that "
    "takes `limit` and `cursor`, with `times` entries on a page (2 or 3). What a later step needs stands on the second "
    "page or further on; one step reads each page, its cursor produced by the step before.",
    "perturbation_stale_read": "Somebody else acts between a read and a write. A goal of kind `blocked` reads, then "
    "writes under a `condition` on what it read; an entry in `disturbances` of kind `meddling` names the read and the "
    "call of somebody else (`other`, `arguments`) that makes the write impossible. The write `fails`, a further step "
    "reads again, and the goal reports what that says.",
}
"""Every text by its name, which is also its file's name when exported. `structure_<mode>` says what a mode demands of
the plan's structure, `perturbation_<name>` what a perturbation does."""
