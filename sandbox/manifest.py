"""The manifest of an external tool server: how one is started, what its world is made of, how its replies are read.

    command: [node, "{manifest}/server.js", "{scratch}"]
    template: templates/office
    volatile: [created, modified]

`{scratch}` stands for the folder an episode has for itself and is filled in when a server is started; `{manifest}`
stands for the folder of the manifest file and is filled in here.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from ..runtime.errors import ConfigError
from .tools import JsonObject

SCRATCH = "{scratch}"
FOLDER = "{manifest}"
DEFAULT_ALIAS = "/workspace"

Label = Annotated[StrictStr, StringConstraints(min_length=1, strip_whitespace=True)]
ServerName = Annotated[StrictStr, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
Seconds = Annotated[float, Field(strict=True, gt=0, le=600)]


class Keys(BaseModel):
    """A group of keys; names that are not listed are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolFilter(Keys):
    """Which of the server's tools are used."""

    include: tuple[Label, ...] = ()
    """Only these; empty for all."""
    exclude: tuple[Label, ...] = ()
    """All but these."""
    read_only: tuple[Label, ...] = ()
    """Tools that change nothing although the server does not say so: many servers send no annotations."""

    def keeps(self, name: str) -> bool:
        """True when the tool of this name is used."""
        return name not in self.exclude and (not self.include or name in self.include)


class StateCall(Keys):
    """A read call whose reply is part of a world's snapshot."""

    tool: Label
    arguments: JsonObject = {}

    @property
    def label(self) -> str:
        """The call in one line, the key of its reply in a snapshot."""
        return f"{self.tool} {json.dumps(self.arguments, sort_keys=True, ensure_ascii=False)}"


class Timeouts(Keys):
    """How long a server may take."""

    start: Seconds = 15.0
    """Seconds from the start of the process to the end of the handshake."""
    call: Seconds = 15.0
    """Seconds for one tool call."""


class ManifestKeys(Keys):
    """What a manifest file may say."""

    name: ServerName
    """The service's name in rows; the file's stem when the file does not say."""
    command: tuple[Annotated[StrictStr, StringConstraints(min_length=1)], ...] = ()
    """Program and arguments, no shell. Either this or `url`."""
    url: Label | None = None
    """Address of a server that already runs, streamable HTTP. A world is a session with it."""
    headers: dict[Label, StrictStr] = {}
    """Sent with every request to `url`; values come from the environment: `Bearer ${TOKEN}`."""
    env: dict[Label, StrictStr] = {}
    """Added to the few variables every server inherits (HOME, LOGNAME, PATH, SHELL, TERM, USER)."""
    template: Label | None = None
    """Folder copied into the scratch folder of each episode, relative to the manifest file."""
    stateful: StrictBool = True
    """False when calls leave nothing behind, so that one process may serve one episode after another."""
    volatile: tuple[Label, ...] = ()
    """JSON keys and line labels whose values may differ between equal runs."""
    aliases: dict[Label, Label] = {}
    """What the model sees → the real path it stands for."""
    domain: Label = "general"
    sector: Label = "external tools"
    provenance: Label = "external server, licence not stated"
    """Source and licence of the tool schemas."""
    evaluation_only: StrictBool = False
    """True for a benchmark's tools: rows that played on them must never be trained on, and say so."""
    tools: ToolFilter = ToolFilter()
    errors: tuple[Label, ...] = ()
    """Beginnings of replies that report an error although the server does not mark them as one."""
    state: tuple[StateCall, ...] = ()
    ignore: tuple[Label, ...] = (".git/**",)
    """Glob patterns of paths that are left out of the directory part of a snapshot."""
    timeouts: Timeouts = Timeouts()


class Manifest(ManifestKeys):
    """A manifest as loaded: program found, folders absolute, `${VAR}` filled in, an alias for the scratch folder."""

    source: Path
    """The file it was read from."""
    digest: str
    """sha256 of the file's meaning and the template's content: equal on every machine, and free of secrets."""

    @property
    def template_dir(self) -> Path | None:
        """The template's folder, absolute."""
        return None if self.template is None else Path(self.template)

    def argv(self, scratch: Path) -> list[str]:
        """The command for a server whose world is this folder."""
        return [part.replace(SCRATCH, str(scratch)) for part in self.command]

    def environ(self, scratch: Path) -> dict[str, str]:
        """The manifest's own variables for a server whose world is this folder."""
        return {key: value.replace(SCRATCH, str(scratch)) for key, value in self.env.items()}


def load_manifest(path: Path, environ: Mapping[str, str] | None = None) -> Manifest:
    """Read a manifest; `environ` (by default the process's) supplies `${VAR}` and the PATH that finds the program.

    Raises:
        ConfigError: the file is missing or no YAML, a key is unknown or has the wrong type, a variable, the template
            or the program does not exist. The text is one line: `file: key: problem`.
    """
    environ = os.environ if environ is None else environ
    data = _read(path)
    data.setdefault("name", path.stem)
    try:
        keys = ManifestKeys.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_describe(error)}") from None
    _check_transport(path, keys)
    folder = path.resolve().parent
    template = _template(path, folder, keys)
    return Manifest.model_validate(
        dict(keys)
        | {
            "command": _command(path, folder, keys, environ) if keys.command else (),
            "headers": {key: _variables(path, f"headers.{key}", v, environ) for key, v in keys.headers.items()},
            "env": {key: _variables(path, f"env.{key}", value, environ) for key, value in keys.env.items()},
            "template": None if template is None else str(template),
            "aliases": _aliases(path, folder, keys),
            "source": path,
            "digest": _digest(data, template),
        }
    )


def _read(path: Path) -> dict[str, object]:
    try:
        data: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise ConfigError(f"{path}: {where}broken YAML: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a manifest is a mapping of keys to values")
    return {str(key): value for key, value in cast("dict[object, object]", data).items()}


def _describe(error: ValidationError) -> str:
    """The first problem in words, and how many more there are."""
    problems = error.errors(include_url=False)
    rest = len(problems) - 1
    return _problem(problems[0]) + (f" (and {rest} more)" if rest else "")


def _problem(detail: ErrorDetails) -> str:
    parts = [str(part) for part in detail["loc"]]
    key = ".".join(parts)
    match detail["type"]:
        case "extra_forbidden":
            groups: dict[str, type[Keys]] = {"tools": ToolFilter, "timeouts": Timeouts, "state": StateCall}
            group = groups.get(parts[0], ManifestKeys) if len(parts) > 1 else ManifestKeys
            known = list(group.model_fields)
            near = difflib.get_close_matches(parts[-1], known, n=1)
            hint = f", did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            return f"{key}: unknown key{hint}"
        case "missing":
            return f"{key}: is missing"
        case "string_pattern_mismatch":
            return f"{key}: only a-z, 0-9, _ and - are allowed, at most 32 of them"
        case _:
            return f"{key}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _check_transport(path: Path, keys: ManifestKeys) -> None:
    """Either a command or a url, and only what goes with it. Raises ConfigError."""
    if keys.url is None:
        if not keys.command:
            raise ConfigError(f"{path}: command: is missing")
        if keys.headers:
            raise ConfigError(f"{path}: headers: go with url, not with command")
        return
    for key in ("command", "env", "template"):
        if getattr(keys, key):
            raise ConfigError(f"{path}: {key}: does not go with url: that server was started by somebody else")
    if not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", keys.url):
        raise ConfigError(f"{path}: url: must be an http or https address without a password in it")
    for name, value in keys.headers.items():
        if not re.fullmatch(r"([A-Za-z]+ )?\$\{[A-Za-z_][A-Za-z0-9_]*\}", value):
            raise ConfigError(f"{path}: headers.{name}: must come from the environment: ${{VAR}} or Bearer ${{VAR}}")


def _template(path: Path, folder: Path, keys: ManifestKeys) -> Path | None:
    if keys.template is None:
        return None
    template = (folder / keys.template.replace(FOLDER, str(folder))).resolve()
    if not template.is_dir():
        raise ConfigError(f"{path}: template: no such folder: {template}")
    return template


def _command(path: Path, folder: Path, keys: ManifestKeys, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The command with its program as an absolute path."""
    program, *arguments = [part.replace(FOLDER, str(folder)) for part in keys.command]
    # Not resolved: a virtual environment's python is a link, and what it links to has other packages.
    wanted = str(folder / program) if os.sep in program else program
    found = shutil.which(wanted, path=environ.get("PATH"))
    if found is None:
        raise ConfigError(f"{path}: command: program not found: {program}")
    return (os.path.abspath(found), *arguments)  # noqa: PTH100 -- Path.resolve would follow the link


def _variables(path: Path, key: str, value: str, environ: Mapping[str, str]) -> str:
    """The value with each `${VAR}` replaced."""

    def fill(match: re.Match[str]) -> str:
        found = environ.get(match[1])
        if found is None:
            raise ConfigError(f"{path}: {key}: the environment has no {match[1]}")
        return found

    filled = re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", fill, value)
    return filled.replace(FOLDER, str(path.resolve().parent))


def _aliases(path: Path, folder: Path, keys: ManifestKeys) -> dict[str, str]:
    """Alias → real path expression, whichever way round they were written; the scratch folder always has one."""
    aliases: dict[str, str] = {}
    for left, right in keys.aliases.items():
        shown, real = (right, left) if SCRATCH in left else (left, right)
        real = real.replace(FOLDER, str(folder)).rstrip("/")
        shown = shown.rstrip("/")
        if not re.fullmatch(r"(/[^/{}\s]+)+", shown):
            raise ConfigError(f"{path}: aliases.{left}: what the model sees must be an absolute path below /")
        if not real.startswith((SCRATCH, "/")):
            raise ConfigError(f"{path}: aliases.{left}: the real path must start with {SCRATCH} or /")
        if shown in aliases:
            raise ConfigError(f"{path}: aliases.{left}: {shown} stands for two paths")
        aliases[shown] = real
    if SCRATCH not in aliases.values():
        aliases.setdefault(DEFAULT_ALIAS, SCRATCH)
    return aliases


def _digest(data: Mapping[str, object], template: Path | None) -> str:
    """Over the file before paths and variables were filled in, and over the template's names and bytes."""
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode())
    if template is not None:
        for file in sorted(file for file in template.rglob("*") if file.is_symlink() or file.is_file()):
            digest.update(f"\0{file.relative_to(template).as_posix()}\0".encode())
            digest.update(str(file.readlink()).encode() if file.is_symlink() else file.read_bytes())
    return digest.hexdigest()
