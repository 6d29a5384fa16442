"""Markup that a server should have turned into fields and left in the text instead.

A chat template's tags in what the user would read mean that the server's parser failed (or is not switched on): the
model's calls or thoughts are lost. That is a fault of the serving, not an answer of the model.
"""

from __future__ import annotations

import re

from ..chat import AssistantMessage

LEAKED = re.compile(
    r"""
      </?\s*(?:tool_calls?|function_calls?|think|thinking|tool_response)\s*>   # Hermes, Qwen, R1
    | <\s*(?:function|parameter|tool_call|tool)=[\w."'-]+                       # Llama 3, Qwen coder
    | <invoke\s+name=                                                           # XML dialects
    | \[/?(?:TOOL_CALLS?|TOOL_RESULTS|AVAILABLE_TOOLS|THINK|INST)\]             # Mistral
    | <[|\uff5c][\w\u2581/ ]{1,40}[|\uff5c]?>                                   # special tokens: <|im_end|>, DeepSeek's
    """,
    re.X,
)
IN_ARGUMENTS = re.compile(r"</?tool_call>|<[|\uff5c][\w\u2581/ ]{1,40}[|\uff5c]>|\[TOOL_CALLS\]")
"""Inside arguments only what cannot be somebody's text."""
NAME = re.compile(r"[^<>|\uff5c\[\]\s]+")
"""What a tool's name is made of, at the least."""


def leaked(message: AssistantMessage) -> str:
    """The first piece of markup that should not be there, or an empty text."""
    text = message.content
    if ("<" in text or "[" in text) and (found := LEAKED.search(text)):
        return found[0]
    for call in message.calls:
        name, arguments = call.function.name, call.function.arguments
        if not NAME.fullmatch(name):
            return name[:80] or "a call without a name"
        if ("<" in arguments or "[TOOL" in arguments) and (found := IN_ARGUMENTS.search(arguments)):
            return found[0]
    return ""
