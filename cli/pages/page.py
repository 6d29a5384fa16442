"""The document: one HTML file with its style, its scripts and its data, which asks nothing of any network.

Data stands in it as compressed pieces in base64, so that no text of a row ever meets the HTML parser. A content
security policy names the scripts and styles by their hashes: nothing else runs, and nothing can be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import BinaryIO, Final

import msgspec

from .shelf import packed

STYLES: Final = ("base.css", "overview.css", "reader.css")
SCRIPTS: Final = (
    "dom.js",
    "source.js",
    "rows.js",
    "charts.js",
    "panels.js",
    "overview.js",
    "json.js",
    "reader.js",
    "filters.js",
    "list.js",
    "main.js",
)
"""In this order: each one uses what stands before it."""


def document(title: str, *, served: bool) -> tuple[bytes, bytes]:
    """What comes before the data of a page, and what comes after it.

    `served`: the data is fetched from the server that the page came from, in place of standing in it.
    """
    style, script = _together(STYLES), _together(SCRIPTS)
    before, after = _asset("page.html").split("{data}")
    before = before.replace("{policy}", policy_of(style, script, served=served)).replace("{style}", style)
    before = before.replace("{mode}", "served" if served else "embedded")
    before = before.replace("{title}", escape(title))  # last: what stands in a title is not looked for
    return before.encode(), after.replace("{script}", script).encode()


def policy_of(style: str, script: str, *, served: bool) -> str:
    """The content security policy of a page with these texts."""
    reached = "'self'" if served else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        f"connect-src {reached}; img-src data:; base-uri 'none'; form-action 'none'"
    )


def element(name: str, data: bytes) -> bytes:
    """A piece of data as an inert element of the page. `name`: letters and digits, its id."""
    coded = base64.b64encode(packed(data))
    return b'<script type="application/octet-stream" id="' + name.encode() + b'">' + coded + b"</script>\n"


def write_page(
    out: BinaryIO, title: str, view: msgspec.Struct, early: Iterable[bytes] = (), late: BinaryIO | None = None
) -> None:
    """Write a page. `early`: elements that the scripts need at once; `late`: elements that may come in afterwards."""
    before, after = document(title, served=False)
    out.write(before)
    out.write(element("overview", msgspec.json.encode(view)))
    for piece in early:
        out.write(piece)
    out.write(after)
    if late is not None:
        late.seek(0)
        shutil.copyfileobj(late, out, 1 << 20)


def _together(names: tuple[str, ...]) -> str:
    return "\n".join(_asset(name) for name in names)


def _asset(name: str) -> str:
    return files("tdscaling.cli.pages").joinpath("web", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
