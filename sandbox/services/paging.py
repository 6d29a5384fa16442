"""Long lists, a page at a time: the two parameters of a list tool, and the page that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar

from .errors import ToolError
from .schema import amounts, says

Line = TypeVar("Line")

PageSize: TypeAlias = Annotated[int, amounts("Page size, for example 5", ge=1, le=50)]
PageCursor: TypeAlias = Annotated[str | None, says("Page cursor, as the page before gave it", max_length=60)]
NextCursor: TypeAlias = str | None
"""What the next page is asked for with, None on the last one."""

PAGE = 10
"""Lines on a page when the caller does not say."""


def page_of(
    lines: Sequence[Line], key: Callable[[Line], str], limit: int, cursor: str | None
) -> tuple[list[Line], NextCursor]:
    """The page after a cursor, and the cursor of the next one.

    A cursor is the key of the last line seen, so that lines added or changed meanwhile shift nothing. Raises ToolError
    `invalid_argument` for a cursor that no line has, as when its line was removed.
    """
    begin = 0
    if cursor is not None:
        seen = next((place for place, line in enumerate(lines) if key(line) == cursor), None)
        if seen is None:
            raise ToolError("invalid_argument", "cursor: is not one that a page of this list gave")
        begin = seen + 1
    page = list(lines[begin : begin + limit])
    return page, key(page[-1]) if page and begin + limit < len(lines) else None
