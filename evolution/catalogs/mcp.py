"""MCP servers: saved `tools/list` answers, one or many to a file, or a manifest whose server is started and asked."""

from __future__ import annotations

from ...runtime.errors import ToolServerError
from ...sandbox.tools import ToolSpec
from . import openai
from .decode import Malformed
from .licences import UNKNOWN, spdx_in
from .record import Reading, heading
from .source import Document, Listing, Source, files
from .tool_lists import read_list

_MANIFESTS = (".yaml", ".yml")


def list_documents(source: Source) -> Listing:
    """The saved lists and manifests below the source."""
    saved = openai.list_documents(source).documents if not source.path.name.endswith(_MANIFESTS) else ()
    manifests = (
        Document(source, path, name, f"mcp/{name}", "")
        for path, name in files(source, *_MANIFESTS)
        if name.endswith(_MANIFESTS)
    )
    return Listing(tuple(sorted((*saved, *manifests), key=lambda document: document.name)))


def load(document: Document) -> Reading:
    """The tools of one file.

    Raises:
        Malformed: the file holds no tools; `no_server`, when a manifest in a folder cannot be used.
        UserError: the manifest that was named cannot be used, or its server cannot.
    """
    if not document.name.endswith(_MANIFESTS):
        return openai.load(document)
    try:
        return _asked(document)
    except ToolServerError as error:
        if document.source.path.is_file():
            raise
        raise Malformed("no_server", str(error)[:160]) from None


def _asked(document: Document) -> Reading:
    # Here and not above: the client takes a second to import, and a manifest is rare among catalogues.
    import anyio  # noqa: PLC0415

    from ...sandbox.manifest import load_manifest  # noqa: PLC0415
    from ...sandbox.mcp import McpToolbox  # noqa: PLC0415

    manifest = load_manifest(document.path)

    async def ask() -> tuple[ToolSpec, ...]:
        async with McpToolbox(manifest) as toolbox:
            return toolbox.tools()

    specs = anyio.run(ask)
    head = heading(
        "mcp",
        manifest.name,
        f"mcp/{manifest.name}",
        manifest.name,
        categories=(manifest.domain,),
        licence=spdx_in(manifest.provenance.lower()) or UNKNOWN,
        source=f"{document.name}: {manifest.provenance}",
    )
    entries = [
        {
            "name": spec.name,
            "description": spec.description,
            "inputSchema": spec.input_schema,
            "outputSchema": spec.output_schema,
            "annotations": {"readOnlyHint": True} if spec.read_only else {},
        }
        for spec in specs
    ]
    return read_list(head, entries)
