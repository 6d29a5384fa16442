"""How a server's answer becomes the text that a model is shown."""

from __future__ import annotations

import ast
import json
from base64 import b64decode
from urllib.parse import unquote, urlsplit

from jsonschema_rs import Draft202012Validator
from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from ..runtime.errors import EnvironmentFault
from .tools import JsonObject, JsonValue, Resource


def check_output(service: str, tool: str, result: CallToolResult, validator: Draft202012Validator | None) -> None:
    """Hold a good reply against the tool's declared output schema.

    Raises:
        EnvironmentFault: `output_schema`: structured content is missing or does not satisfy the schema.
    """
    if validator is None or result.is_error:
        return
    if result.structured_content is None:
        raise EnvironmentFault(
            "output_schema", f"{service}: tool {tool}: declares an output schema and sent no such output"
        )
    error = next(validator.iter_errors(result.structured_content), None)
    if error is not None:
        where = "/".join(str(part) for part in error.instance_path) or "the output"
        raise EnvironmentFault("output_schema", f"{service}: tool {tool}: {where}: {error.message[:160]}")


def reply_text(result: CallToolResult, *, as_json: bool) -> str:
    """The reply as text: the server's text blocks in order, or JSON of the structured content.

    With `as_json` the text is JSON of the structured content whatever the server wrote beside it: its own text when
    that is the same JSON, else ours.
    """
    text = "\n".join(_describe(block) for block in result.content)
    structured = result.structured_content
    if structured is None or result.is_error:
        return text
    if as_json:
        return text if _same(text, structured) else json.dumps(structured, ensure_ascii=False)
    return text if result.content else json.dumps(structured, ensure_ascii=False)


def resources_of(result: CallToolResult) -> tuple[Resource, ...]:
    """The files that a good reply holds, each under the last part of its address; one that is no base64 is left out."""
    found: list[Resource] = []
    for block in result.content if not result.is_error else ():
        if isinstance(block, EmbeddedResource):
            resource = block.resource
            path = unquote(urlsplit(resource.uri).path).rpartition("/")[2] or "resource"
            try:
                data = (
                    resource.text.encode("utf-8", "replace")
                    if isinstance(resource, TextResourceContents)
                    else b64decode(resource.blob, validate=True)
                )
            except ValueError:
                continue
            found.append(Resource(path, data))
    return tuple(found)


def cut(text: str, limit: int) -> str:
    """The text, or its first `limit` characters and a line that says what is missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[reply cut here: {len(text) - limit} of {len(text)} characters are not shown]"


def structured(text: str) -> JsonValue:
    """The object or list that a text writes in JSON or in Python's notation; any other text as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        # Through JSON, so that what compares equal here still does after it was recorded.
        return json.loads(json.dumps(ast.literal_eval(text)))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def _describe(block: ContentBlock) -> str:
    """A text as it is, anything else in one bracketed line."""
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return f"[{block.mime_type}, {_size(block.data)} bytes]"
        case ResourceLink():
            return f"[link to {block.name}: {block.uri}]"
        case EmbeddedResource():
            resource = block.resource
            if isinstance(resource, TextResourceContents):
                return resource.text
            return f"[{resource.mime_type or 'application/octet-stream'}, {_size(resource.blob)} bytes]"


def _size(base64: str) -> int:
    """Bytes behind a base64 text."""
    stripped = base64.rstrip("=")
    return len(stripped) * 3 // 4


def _same(text: str, structured: JsonObject) -> bool:
    try:
        return bool(json.loads(text) == structured)
    except ValueError:
        return False
