"""What the page of `tdscaling stats --html` is told: panels of data sets."""

from __future__ import annotations

from typing import Literal

import msgspec

from ...evolution.panel import Panel


class PanelsView(msgspec.Struct, frozen=True):
    """One or several panels."""

    kind: Literal["stats"]
    title: str
    panels: tuple[Panel, ...]
    compared: bool
    """True where all are rarefied to one size and labelled by one rule."""
    figures: tuple[tuple[str, ...], ...]
    """Per figure its name and its value in every panel, as the terminal shows them."""
