"""Where settings come from: a YAML file, the environment, and one line for whatever is wrong with them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import ConfigError

ENV_PREFIX = "TDSCALING_"
DEBUG_VARIABLE = "TDSCALING_DEBUG"
"""Not a setting of a run: set to 1, an internal error shows its traceback."""


def read_settings(path: Path, fields: Collection[str]) -> dict[str, object]:
    """The settings in a YAML file, each one of `fields`; an empty file has none.

    Raises:
        ConfigError: the file cannot be read, is not YAML, is not a mapping, or has a key that is no setting.
    """
    try:
        data: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: broken YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date like 2026-99-99
        raise ConfigError(f"{path}: broken YAML: {_one_line(str(error))}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a settings file is a mapping of keys to values, for instance `count: 10`")
    settings = cast("dict[object, object]", data)
    return {_known_key(path, key, fields): value for key, value in settings.items()}


def _known_key(path: Path, key: object, fields: Collection[str]) -> str:
    name = str(key).replace("-", "_")
    known = [field for field in fields if field != "config"]  # a file does not name another
    if name not in known:
        raise ConfigError(f"{path}: unknown key {str(key)!r}{_did_you_mean(name, known)}")
    return name


def refuse_unknown_variables(environ: Mapping[str, str], fields: Collection[str]) -> None:
    """Raises ConfigError for a variable with our prefix that is no setting."""
    known = {f"{ENV_PREFIX}{field.upper()}" for field in fields} | {DEBUG_VARIABLE}
    for name in environ:
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            raise ConfigError(f"environment: unknown variable {name}{_did_you_mean(name.upper(), sorted(known))}")


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def describe(error: ValidationError, given: Mapping[str, object], fields: Collection[str]) -> str:
    """The first problem: where the value came from, which key, what is wrong, and how many more there are."""
    details = error.errors(include_url=False, include_context=True)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    first = details[0]
    if not first["loc"]:  # a rule over several settings
        return _one_line(first["msg"].removeprefix("Value error, ")) + more
    key = str(first["loc"][0])
    inner = "".join(f".{part}" for part in first["loc"][1:]) if key == "models" else ""
    return f"{_origin(key, given, fields)}{inner} {_problem(first)}{more}"


def _origin(key: str, given: Mapping[str, object], fields: Collection[str]) -> str:
    """Where the value of a key was taken from, in the order of precedence."""
    if key in given:
        return f"--{key.replace('_', '-')}"
    path = given.get("config") or os.environ.get(f"{ENV_PREFIX}CONFIG")
    if path and key in read_settings(Path(str(path)), fields):
        return f"{path}: {key}"
    return f"{ENV_PREFIX}{key.upper()}"


def _problem(detail: ErrorDetails) -> str:
    """What is wrong with a value, as the end of a sentence."""
    limits = detail.get("ctx", {})
    match detail["type"].split("_")[0], detail["type"]:
        case _, "greater_than_equal":
            return f"must be at least {limits['ge']:g}, not {detail['input']}"
        case _, "less_than_equal":
            return f"must be at most {limits['le']:g}, not {detail['input']}"
        case "int", _:
            rule = "must be a whole number"
        case "float" | "finite", _:
            rule = "must be a number"
        case "bool", _:
            rule = "must be true or false"
        case "literal", _:
            rule = f"must be {limits['expected']}"
        case "string", _:
            rule = "must be a text"
        case "path", _:
            rule = "must be a path"
        case "tuple", _:
            rule = "must be a list"
        case _:
            rule = detail["msg"].removeprefix("Value error, ")
    return _one_line(f"{rule}, not {detail['input']!r}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
