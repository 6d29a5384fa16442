"""The settings of a run as a page shows them: what a reader wants to know, and no place on anybody's machine."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import yaml

from ..dataset_card import PATHS, SHOWN


def settings_of(directory: Path) -> str:
    """The settings as YAML; empty where they cannot be read: a page can do without."""
    try:
        found: object = yaml.safe_load((directory / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ""
    if not isinstance(found, dict):
        return ""
    settings = cast("dict[str, object]", found)
    shown = {key: _shown(key, settings[key]) for key in SHOWN if settings.get(key)}
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True) if shown else ""


def _shown(key: str, value: object) -> object:
    if key not in PATHS:
        return value
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    return [Path(str(path)).name for path in listed]
