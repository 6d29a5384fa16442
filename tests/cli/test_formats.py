"""export, import, check, split, diff and pilot from the shell, over the rows of a real run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tdscaling.runtime.formats.outside import Job, Template, ask
from tdscaling.tests.cli.shell import Shell

ROOT = Path(__file__).parents[2]
LOADERS = ROOT / ".servers/loaders/bin/python"
TEMPLATES = "qwen2_5 qwen3 qwen3_vl glm4moe gemma4 lfm2 nemotron_3_nano".split()
"""Chat templates that take everything that our rows hold, as their models publish them."""


@pytest.fixture
def rows(shell: Shell, made: Path) -> list[bytes]:
    """The rows of the run, also as rows.jsonl in the shell's folder."""
    shutil.copy(made / "rows.jsonl", shell.folder / "rows.jsonl")
    return (made / "rows.jsonl").read_bytes().splitlines()


def export(shell: Shell, form: str, out: str, *more: str) -> None:
    """Export rows.jsonl, simulated as they are."""
    done = shell.run("export", "rows.jsonl", "--format", form, "--out", out, "--allow-simulated", *more)
    assert done.code == 0, done.err


def test_an_export_with_plans_comes_back_byte_for_byte(shell: Shell, rows: list[bytes]) -> None:
    """Through a folder, which is what stands on a hub."""
    export(shell, "llama-factory", "set", "--with-blueprints")
    assert shell.run("import", "set", "--format", "llama-factory", "--out", "back.jsonl").code == 0
    assert (shell.folder / "back.jsonl").read_bytes().splitlines() == rows


def test_sessions_are_files_of_their_own(shell: Shell, rows: list[bytes]) -> None:
    """One per conversation, each with a header, and they come back in their order."""
    export(shell, "sts", "set", "--with-blueprints")
    files = sorted((shell.folder / "set/data").iterdir())
    assert len(files) == len(rows)
    assert json.loads(files[0].read_bytes().splitlines()[0])["type"] == "session"
    assert shell.run("import", "set", "--format", "sts", "--out", "back.jsonl").code == 0
    assert (shell.folder / "back.jsonl").read_bytes().splitlines() == rows


def test_the_card_tells_a_stranger_what_this_is(shell: Shell, rows: list[bytes], made: Path) -> None:
    """Front matter for the hub, then counts, settings, funnel, diversity and licences; no place on a machine."""
    export(shell, "llama-factory", "set", "--run", str(made / "kept"))
    card = (shell.folder / "set/README.md").read_text()
    assert card.startswith("---\nlicense:")
    for words in ("simulated", "Simulated.", f"| rows exported | {len(rows)} |", "seed: 3", "verified", "Apache-2.0"):
        assert words in card
    assert str(made) not in card
    info = json.loads((shell.folder / "set/dataset_info.json").read_text())["set"]
    assert (shell.folder / "set" / info["file_name"]).is_file()


def test_simulated_rows_are_refused_and_nothing_is_left_behind(shell: Shell, rows: list[bytes]) -> None:
    """One line, exit 6, no file."""
    refused = shell.run("export", "rows.jsonl", "--format", "openai", "--out", "set")
    assert (refused.code, len(refused.complaint)) == (6, 1)
    assert "--allow-simulated" in refused.err
    assert [path.name for path in shell.folder.iterdir()] == ["rows.jsonl"]


def test_what_is_there_is_not_overwritten(shell: Shell, rows: list[bytes]) -> None:
    """File or folder; with --overwrite it is."""
    (shell.folder / "set").mkdir()
    (shell.folder / "set/mine.txt").write_text("mine")
    (shell.folder / "x.jsonl").write_text("mine")
    for out in ("set", "x.jsonl"):
        command = ("export", "rows.jsonl", "--format", "openai", "--allow-simulated", "--out", out)
        refused = shell.run(*command)
        assert (refused.code, len(refused.complaint)) == (5, 1)
        assert shell.run(*command, "--overwrite").code == 0
    assert not (shell.folder / "set/mine.txt").exists()


def test_a_bad_line_far_down_leaves_no_half_of_an_export(shell: Shell, rows: list[bytes]) -> None:
    """Its place is named."""
    with (shell.folder / "rows.jsonl").open("ab") as stream:
        stream.write(b'{"messages": 3}\n')
    refused = shell.run("export", "rows.jsonl", "--format", "openai", "--out", "x.jsonl", "--allow-simulated")
    assert refused.code == 6
    assert f"rows.jsonl:{len(rows) + 1}" in refused.err
    assert not (shell.folder / "x.jsonl").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("export", "rows.jsonl", "--format", "word", "--out", "x"),
        ("import", "rows.jsonl", "--format", "word"),
        ("check", "rows.jsonl", "--format", "word"),
        ("split", "rows.jsonl", "--out", "x", "--held-out", "2"),
        ("pilot", "--target-rows", "0"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line_and_exit_2(
    shell: Shell, rows: list[bytes], command: tuple[str, ...]
) -> None:
    """With the flag's name."""
    refused = shell.run(*command)
    assert (refused.code, len(refused.complaint)) == (2, 1)


def test_a_table_comes_back_byte_for_byte(shell: Shell, rows: list[bytes]) -> None:
    """pyarrow is locked for the tests: nothing is skipped here."""
    export(shell, "parquet", "x.parquet", "--with-blueprints")
    assert shell.run("import", "x.parquet", "--format", "parquet", "--out", "back.jsonl").code == 0
    assert (shell.folder / "back.jsonl").read_bytes().splitlines() == rows


def test_parquet_without_pyarrow_says_what_to_install(shell: Shell, rows: list[bytes]) -> None:
    """One line, and no file."""
    (shell.folder / "pyarrow.py").write_text("raise ImportError('not here')")
    done = shell.run(
        "export",
        "rows.jsonl",
        "--format",
        "parquet",
        "--out",
        "x.parquet",
        "--allow-simulated",
        env={"PYTHONPATH": str(shell.folder)},
    )
    assert (done.code, len(done.complaint)) == (2, 1)
    assert "tdscaling[export]" in done.err
    assert not (shell.folder / "x.parquet").exists()


def test_rows_of_benchmarks_never_leave(shell: Shell, rows: list[bytes]) -> None:
    """Whatever flag is given; the row is named, nothing is written."""
    row = json.loads(rows[1])
    row["provenance"]["evaluation_only"] = True
    (shell.folder / "mixed.jsonl").write_bytes(rows[0] + b"\n" + json.dumps(row).encode() + b"\n")
    for form in ("openai", "parquet"):
        refused = shell.run("export", "mixed.jsonl", "--format", form, "--out", "x.parquet", "--allow-simulated")
        assert (refused.code, len(refused.complaint)) == (6, 1)
        assert f"mixed.jsonl:2: row {row['id']} plays a benchmark's tools" in refused.err
        assert not (shell.folder / "x.parquet").exists()


@pytest.mark.servers
def test_a_template_that_never_ends_is_given_up(tmp_path: Path) -> None:
    """After three rows, long before the file is through."""
    talk = {"id": "a", "messages": [{"role": "user", "content": "x"}], "tools": []}
    (tmp_path / "talks.jsonl").write_text("\n".join([json.dumps(talk)] * 50))
    endless = Template(
        "endless", "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", None
    )
    job = Job((endless,), str(tmp_path / "talks.jsonl"), (), (), slowest=1)
    seen = ask(job, tmp_path, str(LOADERS)).templates["endless"]
    assert (seen.rendered, seen.rows) == (0, 3)
    assert [problem.n for problem in seen.problems if "given up after 3 rows" in problem.reason] == [1]


@pytest.mark.parametrize("form", ["openai", "hermes", "sts"])
def test_check_finds_nothing_in_what_export_writes(shell: Shell, rows: list[bytes], form: str) -> None:
    """With text arguments, in tags, over many lines."""
    export(shell, form, "x.jsonl")
    checked = shell.run("check", "x.jsonl", "--format", form, "--json")
    assert checked.code == 0, checked.out + checked.err
    assert json.loads(checked.out)["findings"]["readable"] == len(rows)


def test_check_names_what_is_broken_and_counts_every_record(shell: Shell, rows: list[bytes]) -> None:
    """Half a line, a reply to nothing, a tool that is not in the list."""
    export(shell, "openai", "x.jsonl")
    lines = (shell.folder / "x.jsonl").read_bytes().splitlines()
    first = json.loads(lines[0])
    first["metadata"] = ""
    first["messages"].append({"role": "tool", "tool_call_id": "nobody", "content": "?"})
    stranger = {"id": "z", "type": "function", "function": {"name": "unheard_of", "arguments": "[]"}}
    first["messages"].append({"role": "assistant", "content": None, "tool_calls": [stranger]})
    (shell.folder / "x.jsonl").write_bytes(b"\n".join([json.dumps(first).encode(), lines[1][:-9], *lines[2:], b""]))
    checked = shell.run("check", "x.jsonl", "--format", "openai", "--json")
    found = json.loads(checked.out)["findings"]
    assert checked.code == 1
    assert found["records"] == found["readable"] + 1 == len(rows)
    text = " ".join(found["problems"])
    for words in ("unreadable", "a reply to no call", "without a reply", "not in the list", "not a JSON object"):
        assert words in text


def test_a_split_holds_every_row_once(shell: Shell, rows: list[bytes]) -> None:
    """In one of three files; diff says the same of the parts."""
    done = shell.run("split", "rows.jsonl", "--out", "parts", "--by", "blueprint", "--held-out", "0.4")
    assert done.code == 0, done.err
    parts = [
        line
        for name in ("train", "held_out", "left_out")
        for line in (shell.folder / f"parts/{name}.jsonl").read_bytes().splitlines()
    ]
    assert sorted(parts) == sorted(rows)
    seen = json.loads(shell.run("diff", "parts/train.jsonl", "rows.jsonl", "--json").out)
    assert len(seen["added"]) == len(rows) - seen["equal"]
    assert seen["versions"][0] == json.loads((shell.folder / "parts/split.json").read_text())["versions"]["train"]


def test_diff_sees_a_changed_row(shell: Shell, rows: list[bytes]) -> None:
    """By its id; the order of rows is no difference."""
    changed = json.loads(rows[0]) | {"simulated": False}
    (shell.folder / "other.jsonl").write_bytes(b"\n".join([*rows[:0:-1], json.dumps(changed).encode()]))
    seen = json.loads(shell.run("diff", "rows.jsonl", "other.jsonl", "--json").out)
    assert seen["changed"] == [changed["id"]]
    (shell.folder / "other.jsonl").write_bytes(b"\n".join(rows[::-1]))
    assert "the same" in shell.run("diff", "rows.jsonl", "other.jsonl").out


def test_a_pilot_says_what_the_big_run_takes(shell: Shell) -> None:
    """From its own rows, which stay in its directory."""
    done = shell.run("pilot", "--count", "10", "--services", "orders", "--quiet", "--run", "p", "--json")
    assert done.code == 0, done.err
    seen = json.loads(done.out)
    assert (seen["target"], seen["accepted"]) == (10_000, 10)
    assert sum(cell["episodes"] for cell in seen["cells"]) == seen["episodes"]
    assert seen["attempts"]["low"] <= seen["attempts"]["value"] <= seen["attempts"]["high"]
    assert (shell.folder / "p/summary.json").is_file()


@pytest.mark.servers
def test_chat_templates_of_seven_models_render_every_row(shell: Shell, rows: list[bytes]) -> None:
    """As published, through the template engine that trainers use; no message is lost."""
    assert LOADERS.exists(), "make servers"
    (folder,) = LOADERS.parents[1].glob("lib/python*/site-packages/trl/chat_templates")
    export(shell, "trl", "x.jsonl")
    templates = [str(folder / f"{name}.jinja") for name in TEMPLATES]
    checked = shell.run(
        "check", "x.jsonl", "--format", "trl", "--python", str(LOADERS), "--json", "--chat-template", *templates
    )
    assert checked.code == 0, checked.out + checked.err
    seen = json.loads(checked.out)["templates"]
    assert [one["rendered"] for one in seen.values()] == [len(rows)] * len(TEMPLATES)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("form", "loader"),
    [("openai", "openai"), ("trl", "datasets"), ("llama-factory", "llama-factory"), ("atif", "atif")],
)
def test_every_row_survives_its_loader(shell: Shell, rows: list[bytes], form: str, loader: str) -> None:
    """Counted by the loader itself, which drops rows in silence."""
    assert LOADERS.exists(), "make servers"
    export(shell, form, "x.jsonl")
    checked = shell.run("check", "x.jsonl", "--format", form, "--python", str(LOADERS), "--json")
    assert checked.code == 0, checked.out + checked.err
    assert json.loads(checked.out)["loaders"][loader]["rows"] == len(rows)


@pytest.mark.servers
def test_a_template_that_raises_or_hangs_names_its_rows(shell: Shell, rows: list[bytes]) -> None:
    """And one that leaves messages out."""
    export(shell, "trl", "x.jsonl")
    for name, text, said in (
        ("raises", "{{ raise_exception('no tools here') }}", "no tools here"),
        ("silent", "{{ messages[0].content }}", "lost: user"),
        ("broken", "{% for %}", "TemplateSyntaxError"),
    ):
        (shell.folder / f"{name}.jinja").write_text(text)
        checked = shell.run(
            "check", "x.jsonl", "--format", "trl", "--python", str(LOADERS), "--chat-template", f"{name}.jinja"
        )
        assert checked.code == 1
        assert said in checked.out
        assert json.loads(rows[0])["id"] in checked.out
