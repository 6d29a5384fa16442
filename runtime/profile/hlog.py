"""A profile as an HdrHistogram log: one tagged line per stage and role, for the tools that read such logs."""

from __future__ import annotations

from io import StringIO
from typing import cast

from hdrh.log import HistogramLogWriter  # type: ignore[import-untyped]  # the library has no annotations

from .record import Profile

HLOG = "profile.hlog"


def hlog(profile: Profile) -> str:
    """The log's text. Values are nanoseconds, maxima in the lines milliseconds; a tag is the stage with its role."""
    text = StringIO()
    writer = HistogramLogWriter(text)
    writer.output_comment("[Logged by tdscaling: durations of one run in nanoseconds]")
    writer.output_log_format_version()
    writer.output_legend()
    for series in profile.series:
        tag = "-".join(f"{series.stage} {series.role}".split())
        # The writer knows no tags; in the format they stand before the line.
        text.write(f"Tag={tag},")
        # In seconds, which may be fractions, whatever the library's defaults say.
        until = cast("int", profile.wall_s)
        writer.output_interval_histogram(series.histogram().fold(), 0, until, 1e6)
    return text.getvalue()
