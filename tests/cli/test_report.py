"""`tdscaling report` and `stats --html` from the shell: what a page holds, that nothing harms it, what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tdscaling.tests.cli.shell import Shell

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&lt;b&gt;",
    "bell \x07 escape \x1b[31m null \x00",
    "\u202eright to left\u2066 \u200b\ufeff",
    "{data}{script}{title}",
    "javascript:alert(1)",
]
"""Texts that would do something in a page that took them for HTML, or in a terminal."""


class Parsed(HTMLParser):
    """The elements of a page as a browser finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.data: dict[str, str] = {}
        """`{id: text}` of the inert elements."""
        self.scripts: list[str] = []
        self.policy = ""
        self._within: tuple[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if tag == "script":
            self._within = "data" if "id" in found else "script", found.get("id")
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._within = None if tag == "script" else self._within

    def handle_data(self, data: str) -> None:
        if self._within is None:
            return
        kind, name = self._within
        if kind == "script":
            self.scripts.append(data)
        else:
            self.data[str(name)] = self.data.get(str(name), "") + data

    def piece(self, name: str) -> bytes:
        """A piece of data, unpacked."""
        return zlib.decompress(base64.b64decode(self.data[name]))

    def rows(self) -> list[dict[str, Any]]:
        """Every row, with its tools back in their place."""
        names = sorted((name for name in self.data if re.fullmatch(r"c\d+", name)), key=lambda name: int(name[1:]))
        tools = [
            tool for at in range(len(self.data)) if f"t{at}" in self.data for tool in json.loads(self.piece(f"t{at}"))
        ]
        rows = [json.loads(line) for name in names for line in self.piece(name).split(b"\n")]
        return [row | {"tools": [tools[number] for number in row["tools"]]} for row in rows]


def page(shell: Shell, name: str = "out.html") -> Parsed:
    """The page that a command wrote."""
    return Parsed((shell.folder / name).read_text(encoding="utf-8"))


def test_a_report_of_a_run_holds_every_row_and_the_funnel(shell: Shell, made: Path) -> None:
    """Accepted rows as they were delivered, rejected ones too, and the figures of `tdscaling funnel`."""
    done = shell.run("report", str(made / "kept"), "--out", "out.html")
    assert done.code == 0, done.err
    assert "simulated model" in done.err
    found = page(shell)
    overview = json.loads(found.piece("overview"))
    funnel = json.loads(shell.run("funnel", str(made / "kept"), "--json").out)
    assert overview["funnel"] == funnel
    assert overview["accepted"] == overview["simulated"] - (overview["rows"] - 12) == 12
    delivered = [json.loads(line) for line in (made / "rows.jsonl").read_bytes().splitlines()]
    assert [row for row in found.rows() if row["verdict"]["accepted"]] == delivered
    assert len(found.rows()) == overview["rows"]
    assert overview["curve"][-1][0] == 12
    assert {"assistant", "verifier"} <= {stage["name"] for stage in overview["latency"]["stages"]}
    assert str(made) not in (shell.folder / "out.html").read_text(encoding="utf-8")


def test_the_same_rows_give_the_same_page(shell: Shell, made: Path) -> None:
    """Byte for byte: no clock and no chance in it."""
    for name in ("a.html", "b.html"):
        shell.run("report", str(made / "rows.jsonl"), "--out", name)
    assert (shell.folder / "a.html").read_bytes() == (shell.folder / "b.html").read_bytes()


def test_a_page_names_its_scripts_by_hash_and_nothing_else_may_run(shell: Shell, made: Path) -> None:
    """One script, one style, no address of anything."""
    shell.run("report", str(made / "rows.jsonl"), "--out", "out.html")
    found = page(shell)
    (script,) = found.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in found.policy
    assert "default-src 'none'" in found.policy
    assert "connect-src 'none'" in found.policy
    assert "unsafe" not in found.policy
    assert not {"link", "img", "iframe", "object", "base", "form"} & set(found.tags)


def hostile_rows(made: Path) -> bytes:
    """Rows that say the worst, everywhere where a row has text."""
    lines = (made / "rows.jsonl").read_bytes().splitlines()
    rows = [json.loads(line) for line in lines]
    for row, text in zip(rows, HOSTILE, strict=False):
        row["id"] = row["id"][:4] + text[:8]
        for message in row["messages"]:
            message["content"] = text + message["content"]
            for call in message.get("tool_calls", ()):
                call["function"]["name"] = call["function"]["arguments"] = text
        row["assignment"] |= {"domain": text, "sector": text, "why": text, "persona": text}
        row["provenance"] |= {"tools": text, "model": text}
        row["verdict"] |= {"accepted": False, "reasons": [text]}
        for tool in row["tools"]:
            tool["function"] |= {"name": text, "description": text, "parameters": {text: text}}
    rows[-1]["messages"][-1]["content"] = "long " * 200_000
    return b"\n".join(json.dumps(row).encode() for row in rows)


def test_nothing_in_a_row_meets_the_parser(shell: Shell, made: Path) -> None:
    """The same elements as with tame rows, and every text back as it was."""
    shell.run("report", str(made / "rows.jsonl"), "--out", "tame.html")
    (shell.folder / "<b>{data}.jsonl").write_bytes(hostile_rows(made))
    done = shell.run("report", "<b>{data}.jsonl", "--out", "out.html")
    assert done.code == 0, done.err
    assert page(shell).tags == page(shell, "tame.html").tags
    assert page(shell).rows() == [json.loads(line) for line in hostile_rows(made).splitlines()]
    assert "\x1b" not in done.err


def test_lines_that_are_no_rows_are_counted_and_named(shell: Shell, made: Path) -> None:
    """Half a row, other people's records, no JSON at all, nested without end: the rows beside them stay."""
    rows = (made / "rows.jsonl").read_bytes().splitlines(keepends=True)
    strange = [rows[0][:400] + b"\n", b'{"messages": []}\n', b"[1]\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"]
    broken = json.loads(rows[0])
    broken["verdict"] = "yes"
    strange.append(json.dumps(broken).encode() + b"\n")
    (shell.folder / "mixed.jsonl").write_bytes(b"".join([rows[0], *strange, rows[1]]))
    done = shell.run("report", "mixed.jsonl", "--out", "out.html")
    assert done.code == 0, done.err
    overview = json.loads(page(shell).piece("overview"))
    assert (overview["rows"], overview["left_out"]) == (2, 6)
    assert overview["left_out_examples"][1] == "mixed.jsonl:3: not a trajectory of ours; its keys are messages"
    assert "6 lines left out" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("report", "gone.jsonl", "--out", "new.html"), 6, "gone.jsonl: cannot be read"),
        (("report", "empty.jsonl", "--out", "new.html"), 6, "holds no trajectories of ours"),
        (("report", "foreign.jsonl", "--out", "new.html"), 6, "foreign.jsonl:1: not a trajectory of ours"),
        (("report", ".", "--out", "new.html"), 6, "there is no journal in it"),
        (("report", "begun", "--out", "new.html"), 6, "no episode of this run was committed yet"),
        (("report", "broken", "--out", "new.html"), 6, "journal-000000.jsonl:1: not a line of a journal"),
        (("report", "empty.jsonl", "--out", "mine.html"), 5, "mine.html: is there already"),
        (("report", "empty.jsonl", "--out", "begun"), 5, "begun: is a folder"),
        (("report", "empty.jsonl", "--out", "no/where.html"), 5, "no/where.html: cannot be written"),
        (("stats", "foreign.jsonl", "--html", "mine.html"), 5, "mine.html: is there already"),
    ],
)
def test_what_cannot_be_done_is_one_line(shell: Shell, arguments: tuple[str, ...], code: int, words: str) -> None:
    """With its exit code; what is there stays, and nothing half-written stays behind."""
    shell.write("empty.jsonl", "\n\n")
    shell.write("foreign.jsonl", '{"messages": [{"role": "user", "content": "hello"}]}\n')
    shell.write("mine.html", "mine")
    for name, text in (("begun", ""), ("broken", "{}\n")):
        (shell.folder / name).mkdir()
        shell.write(f"{name}/journal-000000.jsonl", text)
    before = sorted(path.name for path in shell.folder.rglob("*"))
    refused = shell.run(*arguments)
    assert refused.code == code
    assert len(refused.complaint) == 1
    assert words in refused.err
    assert refused.out == ""
    assert sorted(path.name for path in shell.folder.rglob("*")) == before
    assert (shell.folder / "mine.html").read_text() == "mine"


def test_a_page_is_replaced_when_that_is_wanted(shell: Shell, made: Path) -> None:
    """Whole."""
    shell.write("out.html", "old")
    assert shell.run("report", str(made / "rows.jsonl"), "--out", "out.html", "--overwrite").code == 0
    assert len(page(shell).rows()) == 12


def test_rows_may_come_from_a_pipe(shell: Shell, made: Path) -> None:
    """As with the other commands."""
    done = shell.run("report", "-", "--out", "out.html", stdin=(made / "rows.jsonl").read_bytes())
    assert done.code == 0, done.err
    assert len(page(shell).rows()) == 12


def test_the_panel_page_has_the_figures_of_the_terminal(shell: Shell, made: Path) -> None:
    """And what `--json` gives."""
    rows = str(made / "rows.jsonl")
    done = shell.run("stats", rows, "--json", "--html", "out.html")
    assert done.code == 0, done.err
    view = json.loads(page(shell).piece("overview"))
    (panel,) = view["panels"]
    assert panel | {"name": rows} == json.loads(done.out)
    assert ["trajectories", "12"] in view["figures"]
    assert shell.run("stats", rows, rows, "--compare", "--html", "out.html", "--overwrite").code == 0
    view = json.loads(page(shell).piece("overview"))
    assert view["compared"] is True
    assert ["trajectories", "12", "12"] in view["figures"]
