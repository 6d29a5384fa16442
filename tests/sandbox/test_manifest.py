"""Manifests: what is read from them, and the one line that says what is wrong."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime.errors import ConfigError
from tdscaling.sandbox.manifest import load_manifest
from tdscaling.sandbox.mcp_paths import PathAliases

SCRATCH = Path("/var/lib/runs/w-abc/d/d")
ENVIRON = {"PATH": os.environ["PATH"], "TOKEN": "t0ps3cret"}


def write(folder: Path, text: str) -> Path:
    """A manifest file with this text."""
    path = folder / "shop.yaml"
    path.write_text(text)
    return path


def problem(folder: Path, text: str) -> str:
    """The line that loading this text raises, without the file's name."""
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_manifest(path, ENVIRON)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_a_command_is_enough(tmp_path: Path) -> None:
    """Every other key has a default; the name is the file's stem, and the scratch folder has an alias."""
    manifest = load_manifest(write(tmp_path, "command: [sh, '{scratch}/x', '{manifest}/y']"), ENVIRON)
    assert manifest.name == "shop"
    assert manifest.argv(SCRATCH) == [manifest.command[0], f"{SCRATCH}/x", f"{tmp_path}/y"]
    assert Path(manifest.command[0]).is_absolute()
    assert manifest.aliases == {"/workspace": "{scratch}"}
    assert manifest.stateful
    assert manifest.ignore == (".git/**",)
    assert (manifest.timeouts.start, manifest.timeouts.call) == (15, 15)


def test_variables_come_from_our_environment_and_stay_out_of_the_digest(tmp_path: Path) -> None:
    """`${VAR}` is filled in; two values of a secret give one digest."""
    path = write(tmp_path, "command: [sh]\nenv: {KEY: '${TOKEN}', HOME: '{scratch}'}")
    manifest = load_manifest(path, ENVIRON)
    assert manifest.environ(SCRATCH) == {"KEY": "t0ps3cret", "HOME": str(SCRATCH)}
    assert load_manifest(path, ENVIRON | {"TOKEN": "other"}).digest == manifest.digest


def test_the_digest_changes_with_the_template(tmp_path: Path) -> None:
    """Another file in the template is another world."""
    (tmp_path / "box").mkdir()
    path = write(tmp_path, "command: [sh]\ntemplate: box")
    before = load_manifest(path, ENVIRON)
    (tmp_path / "box" / "a.txt").write_text("a")
    assert load_manifest(path, ENVIRON).digest != before.digest
    assert before.template_dir == tmp_path / "box"


def test_a_relative_program_stands_beside_the_manifest(tmp_path: Path) -> None:
    """`./run` is found in the manifest's folder, wherever we were started."""
    program = tmp_path / "run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert load_manifest(write(tmp_path, "command: [./run]"), ENVIRON).command[0] == str(program)


@pytest.mark.parametrize("text", ["/data: '{scratch}'", "'{scratch}': /data"])
def test_aliases_are_read_in_both_directions(tmp_path: Path, text: str) -> None:
    """Whichever side `{scratch}` stands on, the other one is what the model sees."""
    manifest = load_manifest(write(tmp_path, f"command: [sh]\naliases: {{{text}}}"), ENVIRON)
    assert manifest.aliases == {"/data": "{scratch}"}


def test_the_scratch_folder_is_never_without_an_alias(tmp_path: Path) -> None:
    """An alias for a part of it does not leave the rest to be seen."""
    manifest = load_manifest(write(tmp_path, "command: [sh]\naliases: {/data: '{scratch}/data'}"), ENVIRON)
    assert manifest.aliases == {"/data": "{scratch}/data", "/workspace": "{scratch}"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("command: [sh\nname: x", "line 2: broken YAML"),
        ("- a", "a manifest is a mapping"),
        ("", "a manifest is a mapping"),
        ("name: x", "command: is missing"),
        ("command: []", "command: "),
        ("command: sh -c x", "command: input should be a valid tuple"),
        ("command: [sh]\nvolatil: [a]", "volatil: unknown key, did you mean volatile?"),
        ("command: [sh]\nzzz: 1", "zzz: unknown key; known are name, command"),
        ("command: [sh]\ntools: {zzz: [a]}", "tools.zzz: unknown key; known are include, exclude, read_only"),
        ("command: [sh]\nstateful: maybe", "stateful: input should be a valid boolean"),
        ("command: [sh]\ntimeouts: {call: 0}", "timeouts.call: input should be greater than 0"),
        ("command: [sh]\ntimeouts: {call: soon}", "timeouts.call: input should be a valid number"),
        ("command: [sh]\nenv: {PORT: 80}", "env.PORT: input should be a valid string"),
        ("command: [sh]\nenv: {KEY: '${NOPE}'}", "env.KEY: the environment has no NOPE"),
        ("command: [sh]\nname: My Shop", "name: only a-z"),
        ("command: [sh]\ntemplate: nowhere", "template: no such folder: "),
        ("command: [no-such-program]", "command: program not found: no-such-program"),
        ("command: [./no-such-program]", "command: program not found: ./no-such-program"),
        ("command: [sh]\naliases: {data: '{scratch}'}", "aliases.data: what the model sees must be an absolute path"),
        ("command: [sh]\naliases: {/data: data}", "aliases./data: the real path must start with"),
        ("command: [sh]\nstate: [{arguments: {}}]", "state.0.tool: is missing"),
        ("command: [sh]\nzzz: 1\nyyy: 2", "zzz: unknown key"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    """File, key, problem."""
    assert problem(tmp_path, text).startswith(line)


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    """The line names the file."""
    with pytest.raises(ConfigError, match=r"nope\.yaml: cannot be read: No such file"):
        load_manifest(tmp_path / "nope.yaml")


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "examples" / "mcp").glob("*.yaml")))
def test_the_examples_use_known_keys_only(path: Path, tmp_path: Path) -> None:
    """Whether or not the servers are installed: command and template are replaced by what is there."""
    data = yaml.safe_load(path.read_text()) | {"command": ["sh"], "template": "."}
    assert load_manifest(write(tmp_path, yaml.safe_dump(data)), ENVIRON).name == path.stem


def aliases() -> PathAliases:
    """The usual alias on a made-up folder, with a server installed elsewhere."""
    return PathAliases({"/workspace": "{scratch}"}, SCRATCH, [Path("/home/ann/servers/git")])


@pytest.mark.parametrize(
    ("seen", "real"),
    [
        ("/workspace", f"{SCRATCH}"),
        ("/workspace/", f"{SCRATCH}/"),
        ("/workspace/a/b.md", f"{SCRATCH}/a/b.md"),
        ("copy /workspace/a to /workspace/b.", f"copy {SCRATCH}/a to {SCRATCH}/b."),
        ("in /workspace.", f"in {SCRATCH}."),
        ("/workspace/**/*.md", f"{SCRATCH}/**/*.md"),
        ("/workspaces/a", "/workspaces/a"),
        ("/workspace-2", "/workspace-2"),
        ("/workspace.txt", "/workspace.txt"),
        ("my/workspace/a", "my/workspace/a"),
        ("./workspace", "./workspace"),
        ("/workspace/../etc", "/etc"),
        ("/workspace/a/../b", f"{SCRATCH}/b"),
    ],
)
def test_an_alias_is_replaced_at_path_boundaries_only(seen: str, real: str) -> None:
    """Names that merely begin or end alike stay; a path that climbs out is no longer below the alias."""
    assert aliases().outgoing({"a": seen, "b": [{"c": seen}], "n": 1}) == {"a": real, "b": [{"c": real}], "n": 1}


@pytest.mark.parametrize(
    ("real", "seen"),
    [
        (f"open '{SCRATCH}/a'", "open '/workspace/a'"),
        (f"file://{SCRATCH}/a", "file:///workspace/a"),
        (f"{SCRATCH.parent}/x not in {SCRATCH}", "/x not in /workspace"),
        ("/var/lib/x", "/x"),
        ("/var/lib", "/"),
        ("/var/library", "/var/library"),
        ('File "/home/ann/servers/git/lib/x.py"', 'File "/opt/server/lib/x.py"'),
    ],
)
def test_no_real_path_is_seen(real: str, seen: str) -> None:
    """The scratch folder, the folders above it and the server's installation all have other names."""
    assert aliases().incoming(real) == seen


@given(st.text(alphabet="abc/._- \n", max_size=40))
def test_a_text_below_the_alias_comes_back_as_it_went(text: str) -> None:
    """What the model writes into a file it reads again, unless it climbed out of the alias."""
    seen = f"see /workspace/{text}"
    sent = aliases().outgoing({"text": seen})["text"]
    assert str(SCRATCH) in sent
    assert aliases().incoming(sent) == seen
