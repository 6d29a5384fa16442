"""A cluster as a picture (SVG): its tools in layers of the plan, arrows for the values that one hands to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

import msgspec

from ..mining.cluster import MinedEdge, MinedTool
from .line import ClusterLine

BOX = (250, 64)
"""Width and height of a tool's box, in pixels."""
GAP = (96, 84)
"""Between boxes of a layer, and between layers."""
MARGIN = 40
HEAD = 96
"""Height of the title."""
LEAST_WIDTH = 860
COLOURS = ("#2f6f9f", "#b0603c", "#4d7a4a", "#7b5ea7", "#8a7a2f", "#3f7f7f")
"""Of services, in the order of the plan."""
_TIP = """<defs><marker id='tip' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='7' markerHeight='7' \
orient='auto'><path d='M0 0L10 5L0 10z' fill='#555'/></marker></defs>"""


class Box(msgspec.Struct, frozen=True):
    """Where a tool is drawn."""

    tool: MinedTool
    x: int
    y: int
    colour: str


def svg_of(line: ClusterLine) -> str:
    """The picture of a cluster as an SVG document. A function of the cluster alone."""
    layers = layers_of(line.plan, line.edges)
    boxes = _placed(line, layers)
    arrows = list(_arrows(line.edges, boxes))
    widest = max(len(layer) for layer in layers)
    width = max(2 * MARGIN + widest * BOX[0] + (widest - 1) * GAP[0], LEAST_WIDTH)
    services = list(dict.fromkeys(tool.service for tool in line.tools))
    height = HEAD + MARGIN + len(layers) * (BOX[1] + GAP[1]) - GAP[1] + 30 + 20 * len(services)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>",
        f"<rect width='{width}' height='{height}' fill='white'/>",
        _TIP,
        *_title(line),
        *(path for path, _ in arrows),
        *(part for box in boxes.values() for part in _box(box, line)),
        *(label for _, label in arrows),
        *_legend(services, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def layers_of(plan: Sequence[str], edges: Sequence[MinedEdge]) -> list[list[str]]:
    """The tools in layers: each stands below everything that hands it a value; where edges go in a circle, the one
    that goes against the plan is left out of account."""
    position = {name: number for number, name in enumerate(plan)}
    depth = dict.fromkeys(plan, 0)
    for name in plan:
        above = [depth[e.src] + 1 for e in edges if e.dst == name and position[e.src] < position[name]]
        depth[name] = max(above, default=0)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in plan:
        layers[depth[name]].append(name)
    return layers


def _placed(line: ClusterLine, layers: Sequence[Sequence[str]]) -> dict[str, Box]:
    tools = {tool.name: tool for tool in line.tools}
    services = list(dict.fromkeys(tool.service for tool in line.tools))
    widest = max(len(layer) for layer in layers)
    full = max(widest * BOX[0] + (widest - 1) * GAP[0], LEAST_WIDTH - 2 * MARGIN)
    boxes: dict[str, Box] = {}
    for level, layer in enumerate(layers):
        taken = len(layer) * BOX[0] + (len(layer) - 1) * GAP[0]
        # Every other layer stands a little aside, so that an arrow past a layer does not run through its box.
        aside = 36 if level % 2 and len(layer) < widest else 0
        start = MARGIN + (full - taken) // 2 + aside
        for number, name in enumerate(layer):
            colour = COLOURS[services.index(tools[name].service) % len(COLOURS)]
            x, y = start + number * (BOX[0] + GAP[0]), HEAD + level * (BOX[1] + GAP[1])
            boxes[name] = Box(tools[name], x, y, colour)
    return boxes


def _title(line: ClusterLine) -> list[str]:
    about = ", ".join(line.entities) or "nothing named"
    below = f"{line.kind} · {len(line.tools)} tools · about {about} · {line.id[:16]}"
    return [
        _text(MARGIN, 36, f"{line.sector} / {line.domain}", 76, size=18, bold=True),
        _text(MARGIN, 60, below, 110, colour="#555"),
    ]


def _box(box: Box, line: ClusterLine) -> list[str]:
    """Name, what it does, and what a user has to tell it. A tool that changes nothing has a dashed line."""
    told = [entry.partition(".")[2] for entry in line.entry if entry.partition(".")[0] == box.tool.name]
    dash = " stroke-dasharray='5 3'" if box.tool.read_only else ""
    about = f"told: {', '.join(told)}" if told else ("reads" if box.tool.read_only else "changes")
    x, place = box.x + BOX[0] // 2, f"x='{box.x}' y='{box.y}' width='{BOX[0]}' height='{BOX[1]}'"
    return [
        f"<rect {place} rx='7' fill='#fbfbf8' stroke='{box.colour}' stroke-width='2'{dash}/>",
        _text(x, box.y + 27, box.tool.name, 32, size=13, colour=box.colour, bold=True, middle=True),
        _text(x, box.y + 47, f"{box.tool.verb} {box.tool.entity} · {about}", 42, size=11, colour="#444", middle=True),
    ]


def _arrows(edges: Sequence[MinedEdge], boxes: Mapping[str, Box]) -> Iterator[tuple[str, str]]:
    """One arrow per pair of tools, and its label: the parameters that it feeds."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        pairs.setdefault((edge.src, edge.dst), []).append(edge.param)
    past = 0  # arrows past a layer so far: each has a lane of its own
    for (src, dst), params in pairs.items():
        lane = _lane(boxes[src], boxes[dst], boxes.values(), past)
        past += lane is not None
        path, x, y = _curve(boxes[src], boxes[dst], lane, past)
        label = ", ".join(dict.fromkeys(params))
        drawn = f"<path d='{path}' fill='none' stroke='#555' stroke-width='1.4' marker-end='url(#tip)'/>"
        yield drawn, _text(x, y, label, 30, size=11, colour="#333", middle=True, halo=True)


def _lane(src: Box, dst: Box, boxes: Iterable[Box], past: int) -> int | None:
    """Where an arrow goes down past the layers between two boxes; None when there are none."""
    between = [box for box in boxes if src.y < box.y < dst.y]
    if not between:
        return None
    end = dst.x + BOX[0] // 2
    if all(not box.x - 12 < end < box.x + BOX[0] + 12 for box in between):
        return end
    right, left = max(box.x for box in between) + BOX[0], min(box.x for box in between)
    return right + 24 + 13 * past if right - end <= end - left else left - 24 - 13 * past


def _curve(src: Box, dst: Box, lane: int | None, past: int) -> tuple[str, int, int]:
    """The arrow's path, and where its label stands."""
    x1, x2 = src.x + BOX[0] // 2, dst.x + BOX[0] // 2
    if dst.y <= src.y:  # back, or along a layer
        side = max(src.x, dst.x) + BOX[0] + GAP[0] // 2
        y1, y2 = src.y + BOX[1] // 2, dst.y + BOX[1] // 2
        return f"M{src.x + BOX[0]} {y1}C{side} {y1} {side} {y2} {dst.x + BOX[0]} {y2}", side, (y1 + y2) // 2
    y1, y2 = src.y + BOX[1], dst.y
    if lane is None:
        middle = (y1 + y2) // 2
        # The label nearer to the end: arrows from one box part there.
        return f"M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}", (x1 + 3 * x2) // 4, y2 - 26
    first, last, half = y1 + GAP[1] - 8, y2 - GAP[1] + 8, GAP[1] // 2
    path = f"M{x1} {y1}C{x1} {y1 + half} {lane} {y1 + half} {lane} {first}V{last}"
    return f"{path}C{lane} {y2 - half} {x2} {y2 - half} {x2} {y2}", lane, min(first + 20 * past, last + 4)


def _legend(services: Sequence[str], height: int) -> list[str]:
    top = height - 14 - 20 * (len(services) - 1)
    return [
        _text(MARGIN, top + 20 * number, service, 90, colour=COLOURS[number % len(COLOURS)])
        for number, service in enumerate(services)
    ]


def _text(
    x: int,
    y: int,
    text: str,
    most: int,
    *,
    size: int = 12,
    colour: str = "#222",
    bold: bool = False,
    middle: bool = False,
    halo: bool = False,
) -> str:
    """A line of text, at most so many characters of it."""
    more = " font-weight='bold'" if bold else ""
    more += " text-anchor='middle'" if middle else ""
    more += " stroke='white' stroke-width='4' paint-order='stroke'" if halo else ""
    font = f"font-family='Helvetica, Arial, sans-serif' font-size='{size}'"
    return f"<text x='{x}' y='{y}' {font} fill='{colour}'{more}>{_short(text, most)}</text>"


def _short(text: str, most: int) -> str:
    """Without control characters, which XML does not have, and cut where it is too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return escape(plain if len(plain) <= most else plain[: most - 1] + "…")
