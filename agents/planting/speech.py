"""Faults of speech: what servers and templates leave behind, mixed-up roles, loops, secrets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from .fault import Fault, Skip
from .line import Line, answers, called, new_call, places, reply_of


def _into_answer(line: Line, dice: Random, texts: tuple[str, ...]) -> None:
    """One of the texts at the beginning or the end of an answer."""
    message = line["messages"][dice.choice(answers(line))]
    text = dice.choice(texts)
    message["content"] = f"{text} {message['content']}" if dice.random() < 0.5 else f"{message['content']} {text}"


def _instead_of_answer(line: Line, dice: Random, texts: tuple[str, ...]) -> None:
    line["messages"][dice.choice(answers(line))]["content"] = dice.choice(texts)


def _into_user(line: Line, dice: Random, texts: tuple[str, ...]) -> None:
    message = line["messages"][dice.choice(places(line, "user"))]
    message["content"] = f"{message['content']} {dice.choice(texts)}"


def _anywhere(line: Line, dice: Random, texts: tuple[str, ...]) -> None:
    (_into_user if dice.random() < 0.5 else _into_answer)(line, dice, texts)


def _character(line: Line, dice: Random, signs: str) -> None:
    message = line["messages"][dice.choice([*answers(line), *places(line, "user")])]
    text = message["content"]
    spot = dice.randrange(len(text) + 1)
    message["content"] = text[:spot] + dice.choice(signs) + text[spot:]


def _call_in_text(line: Line, dice: Random) -> None:
    calls = list(called(line))
    if not calls:
        raise Skip
    function = dice.choice(calls)[1]["function"]
    forms = (
        f'<tool_call>{{"name": "{function["name"]}", "arguments": {function["arguments"]}}}</tool_call>',
        f'{{"name": "{function["name"]}", "arguments": {function["arguments"]}}}',
        f"{function['name']}(**{function['arguments']})",
    )
    _into_answer(line, dice, forms)


def _echo(line: Line, dice: Random) -> None:
    users = [
        line["messages"][at]["content"] for at in places(line, "user") if len(line["messages"][at]["content"]) > 50
    ]
    if not users:
        raise Skip
    line["messages"][dice.choice(answers(line))]["content"] = dice.choice(users)


def _read_out_instructions(line: Line, dice: Random) -> None:
    system = line["messages"][0]["content"]
    _into_answer(line, dice, (f"My instructions say: {system}", f"{system}"))


def _same_call(line: Line, dice: Random) -> None:
    calls = [(at, call) for at, call in called(line) if len(line["messages"][at]["tool_calls"]) == 1]
    if not calls:
        raise Skip
    at, call = dice.choice(calls)
    reply = reply_of(line, call)["content"]
    for number in range(3):
        again = new_call(line, call["function"]["name"], {})
        again[0]["tool_calls"][0]["function"] = dict(call["function"])
        again[0]["tool_calls"][0]["id"] = again[1]["tool_call_id"] = f"loop{number}"
        again[1]["content"] = reply
        line["messages"][at + 2 : at + 2] = again


def _same_question(line: Line, dice: Random) -> None:
    del dice
    question = {"role": "assistant", "content": "Could you tell me a little more about what you need?"}
    at = places(line, "user")[0] + 1
    said = {"role": "user", "content": "I cannot tell you more than that."}
    line["messages"][at:at] = [dict(question), said, dict(question), dict(said), dict(question), dict(said)]


def _stuck(line: Line, dice: Random) -> None:
    stretch = dice.choice(("very", "and so on", "it is what it is", "I will look that up for you now."))
    _into_answer(line, dice, (" ".join([stretch] * dice.randint(8, 40)),))


BENCHMARK = (
    "You are a field biologist who counts the herons of a river delta at dawn and sends each tally, with the hour and "
    "the height of the water, to the warden of the reserve before noon."
)
"""A benchmark's text, made up here: rows are held against it where the table is made."""


def _repeat_benchmark(line: Line, dice: Random) -> None:
    words = BENCHMARK.split()
    start = dice.randrange(len(words) - 20)
    _anywhere(line, dice, (" ".join(words[start : start + 20]),))


def _endless(line: Line, dice: Random) -> None:
    words = "order list note amount state place time name value group".split()
    _into_answer(line, dice, (" ".join(f"{dice.choice(words)}{number}" for number in range(3_000)),))


def _cut_off(line: Line, dice: Random) -> None:
    _into_end(line, dice, (" and", " The rest is in the", ",", " (", " ```\ncode", " because", " It comes with"))


def _into_end(line: Line, dice: Random, texts: tuple[str, ...]) -> None:
    message = line["messages"][dice.choice(answers(line))]
    message["content"] = message["content"].rstrip(".") + dice.choice(texts)


Planter = Callable[[Line, Random, tuple[str, ...]], None]


def _said(name: str, classes: tuple[str, ...], plant: Planter, *texts: str) -> Fault:
    return Fault(name, classes, partial(_with, plant, texts))


def _with(plant: Planter, texts: tuple[str, ...], line: Line, dice: Random) -> None:
    plant(line, dice, texts)


def _key(dice_text: str) -> str:
    """A made-up key, put together here so that no scanner takes this file for a leak."""
    return dice_text.replace("*", "")


SERVED: tuple[Fault, ...] = (
    _said("a traceback in an answer", ("serving.infrastructure",), _into_answer,
          'Traceback (most recent call last):\n  File "serve.py", line 3, in main\nKeyError: 0'),
    _said("a gateway's error as answer", ("serving.infrastructure",), _instead_of_answer,
          "502 Bad Gateway", "<html><head><title>502 Bad Gateway</title></head></html>", "503 Service Unavailable",
          "upstream connect error or disconnect/reset before headers", "Internal Server Error"),
    _said("a limit's message as answer", ("serving.infrastructure",), _instead_of_answer,
          "Rate limit exceeded, please retry after 20 s.", "This model's maximum context length is 8192 tokens.",
          "429 Too Many Requests", "CUDA out of memory."),
    _said("residue of reasoning", ("serving.reasoning_residue",), _into_answer,
          "<think>The user wants the total.</think>", "</think>", "<reasoning>It is due.</reasoning>", "<thinking>"),
    _said("tokens of a chat template", ("serving.template_token",), _into_answer,
          "<|im_end|>", "<|eot_id|>", "[INST]", "<|endoftext|>", "<start_of_turn>model", "</s>", "<|channel|>final"),
    Fault("a tool call spelled out in the text", ("serving.call_markup",), _call_in_text),
    _said("talk of being a language model", ("serving.boilerplate",), _into_answer,
          "As an AI language model, I have no feelings.", "My knowledge cutoff is in the past."),
    _said("an unfilled placeholder", ("serving.placeholder",), _anywhere,
          "Dear {{customer_name}},", "Kind regards, [Your Name]", "It is for [insert date].", "The rest is undefined."),
    _said("the assistant writes the user's lines", ("roles.assistant_as_user",), _into_answer,
          "\nUser: thanks, now cancel it for me please.\nAssistant: Done.", "\nHuman: and the next one?"),
    Fault("the assistant repeats the user", ("roles.assistant_as_user",), _echo),
    _said("the user speaks as the assistant", ("roles.user_as_assistant",), _into_user,
          "How can I help you today?", "\nAssistant: I will look that up.", "Is there anything else I can help with?"),
    _said("the user reads out its instructions", ("roles.leaks_instructions", "user.leaks_goals"), _into_user,
          "[[STOP]]", "## Goal 1", "You want to hear: the total", "That is (only if asked)."),
    Fault("the assistant reads out its instructions", ("roles.leaks_instructions",), _read_out_instructions),
    Fault("control characters", ("text.control_character",), partial(_character, signs="\x00\x07\x08\x1b\x7f")),
    Fault("broken or turning characters", ("text.control_character",), partial(_character, signs="\ufffd\u202e\u2066")),
    Fault("an answer cut off", ("text.cut_off",), _cut_off),
    Fault("the same call again and again", ("loops.repeated_call", "state."), _same_call, played=True),
    Fault("the same question again and again", ("loops.repeated_text",), _same_question),
    Fault("a stretch of words over and over", ("loops.stuck",), _stuck),
    Fault("a benchmark's text repeated", ("contamination.text",), _repeat_benchmark),
    Fault("endless talk", ("length.message",), _endless),
    _said("an API key", ("secrets.api_key",), _anywhere,
          _key("The key is s*k-proj-9fK2mQ7xW4vT1zB8nL3cR6yH."), _key("Use A*KIAQ4Z7M2X9B6T3V8KD."),
          _key("g*hp_a8B3dE5fG7hJ9kL2mN4pQ6rS8tU1vW3xY5z0")),
    _said("a private key", ("secrets.private_key",), _anywhere,
          _key("-----BEGIN RSA PRIVATE* KEY-----\nMIIEow\n-----END"), _key("-----BEGIN PRIVATE* KEY-----")),
    _said("a web token", ("secrets.token",), _anywhere,
          _key("e*yJhbGciOiJIUzI1NiJ9.e*yJzdWIiOiIxMjM0In0.c2lnbmF0dXJlaGVyZQ")),
    _said("a password", ("secrets.password",), _anywhere, "The password is hunter2024.", "password: T7rfGq91"),
    _said("a card number", ("privacy.card",), _anywhere,
          "The card is 4539 5787 6362 1486.", "Charge 5425233430109903.", "Use 4716-1089-9971-6531."),
    _said("a social security number", ("privacy.social_security",), _anywhere, "It is 536-22-8741.", "221-45-6720."),
    _said("a real mail domain", ("privacy.email",), _anywhere,
          "Write to jo.miller@gmail.com.", "My address is sales@acme-tools.de.", "Ask k.lee@company.co.uk."),
    _said("a telephone number that rings", ("privacy.phone",), _anywhere,
          "Call +1-415-738-2291.", "My number is (212) 736-5000.", "Reach me at +49 30 901820.", "Call 646-290-1177."),
)  # fmt: skip
