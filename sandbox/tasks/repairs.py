"""Families of small repositories with failing tests: a right function with one fault, to be found and mended."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from . import mendable
from .family import Family, Scene, Slots
from .tables import SUBJECTS
from .texts import NAMES, NOUNS

FIELD = "program repair"
VISIBLE = 7
"""Cases that the workspace's own tests hold; the check knows as many others."""

Cases: TypeAlias = Callable[[Random], tuple[Any, ...]]
"""Draws the arguments of one call."""

_MODULE = '''"""{title} for {noun}: {use}."""


{source}'''
_TEST = """from {module} import {function}


"""


def _family(
    function: Callable[..., Any],
    cases: Cases,
    faults: tuple[tuple[str, str], ...],
    wordings: tuple[str, ...],
    names: tuple[str, ...],
) -> Family:
    """`faults` and `names`: see `repository`."""
    mends = tuple((faulty, piece) for piece, faulty in faults)
    scene = repository(function, cases, faults, names)
    return Family(f"mend_{function.__name__}", FIELD, "repair", wordings, scene, ask, str, str, mends=mends)


def ask(scene: Scene, random: Random) -> Slots:
    """The module and the function that a repository is about."""
    del random
    return {"module": f"{scene.about['module']}.py", "function": scene.about["function"]}


def repository(
    function: Callable[..., Any], cases: Cases, faults: tuple[tuple[str, str], ...], names: tuple[str, ...]
) -> Callable[[Random], Scene]:
    """Draws workspaces with a module that holds a function with a fault, and its tests.

    Args:
        function: The right one; its source is what is copied.
        cases: Arguments of a call.
        faults: Pairs of a piece of the right source and what stands there instead.
        names: Beginnings of the function's name in a workspace.
    """
    right = inspect.getsource(function)

    def scene(random: Random) -> Scene:
        noun = random.choice((*NOUNS, *(subject.file for subject in SUBJECTS)))
        called = f"{random.choice(names)}_{random.choice(NOUNS)}"
        module = f"{noun}_{random.choice(('tools', 'core', 'lib', 'utils', 'helpers'))}"
        head = _MODULE.format(
            title=called.replace("_", " ").capitalize(), noun=noun, use=f"kept by {random.choice(NAMES)}",
            source=right.replace(function.__name__, called),
        )  # fmt: skip
        first, second = random.sample(faults, 2)
        tests = [_tests(random, function, cases, module, called, faulty) for faulty in (first, second)]
        return Scene(
            {f"{module}.py": head.replace(*first).encode(), f"test_{module}.py": tests[0]},
            {"module": module, "function": called, "other": head.replace(*second)},
            {f"test_more_{module}.py": tests[1]},
        )

    return scene


def _tests(
    random: Random, function: Callable[..., Any], cases: Cases, module: str, called: str, fault: tuple[str, str]
) -> bytes:
    """A test file with the answers of the right function; the fault shows in at least one of them."""
    faulty = _broken(function, fault)
    drawn: list[tuple[Any, ...]] = []
    while len(drawn) < VISIBLE:
        arguments = cases(random)
        shows = faulty(*arguments) != function(*arguments)
        if arguments not in drawn and (shows or drawn):
            drawn.append(arguments)
    random.shuffle(drawn)
    lines = [_TEST.format(module=module, function=called)]
    for number, arguments in enumerate(drawn, 1):
        shown = ", ".join(map(repr, arguments))
        lines.append(f"def test_{called}_{number}():\n    assert {called}({shown}) == {function(*arguments)!r}\n\n\n")
    return ("".join(lines).rstrip() + "\n").encode()


def _broken(function: Callable[..., Any], fault: tuple[str, str]) -> Callable[..., Any]:
    """The function with a fault. What is run here is this package's own text."""
    space: dict[str, Any] = {}
    source = inspect.getsource(function)
    if fault[0] not in source:
        raise ValueError(f"{function.__name__} holds no {fault[0]!r}")
    exec(source.replace(*fault), space)  # noqa: S102 -- our own source with our own fault, nothing from outside
    broken: Callable[..., Any] = space[function.__name__]

    def guarded(*arguments: object) -> object:
        try:
            return broken(*arguments)
        except (IndexError, ValueError, ZeroDivisionError, KeyError) as error:
            return error

    return guarded


def _numbers(random: Random, count: int) -> list[int]:
    return [random.randint(1, 99) for _ in range(count)]


def _spans(random: Random) -> tuple[list[list[int]]]:
    spans: list[list[int]] = []
    for _ in range(random.randint(3, 6)):
        first = random.randint(0, 30)
        spans.append([first, first + random.randint(2, 9)])
    spans.append([spans[0][1], spans[0][1] + random.randint(1, 4)])
    return (spans,)


def _needs(random: Random) -> tuple[dict[str, list[str]]]:
    names: list[str] = random.sample(NAMES, 5)
    needs: dict[str, list[str]] = {}
    for place, name in enumerate(names):
        needs[name] = random.sample(names[:place], random.randint(0, min(place, 2)))
    if random.random() < 0.25:
        needs[names[0]] = [names[-1]]
        needs[names[-1]] = [names[0]]
    return (needs,)


def _field(random: Random) -> str:
    word = random.choice(NOUNS)
    return random.choice((word, f'"{word}, {random.choice(NAMES)}"', f'"a ""{word}"" b"', ""))


def _orders(random: Random) -> tuple[dict[str, int], list[list[str]]]:
    names = random.sample(NOUNS, 3)
    stock = {name: random.randint(2, 9) for name in names}
    orders = [[random.choice(names), str(random.randint(1, 6))] for _ in range(5)]
    orders[0] = [names[0], str(stock[names[0]])]
    return stock, orders


REPAIRS: tuple[Family, ...] = (
    _family(
        mendable.moving_mean,
        lambda random: ([float(number) for number in _numbers(random, random.randint(4, 8))], random.randint(2, 4)),
        (("- size + 1)", "- size)"), ("sum(window) / size", "sum(window) / len(values)")),
        (
            "mend {function} in {module}, its moving means are wrong and tests fail",
            "make the tests pass: the moving means that {function} in {module} gives are not right",
        ),
        ("smooth", "moving_mean", "trend"),
    ),
    _family(
        mendable.pages,
        lambda random: (random.sample(NOUNS, random.randint(3, 9)), random.randint(2, 4)),
        (("-(-len(items) // size)", "(len(items) // size)"), ("(number + 1) * size]", "(number + 1) * size - 1]")),
        (
            "find out why {function} in {module} loses items between its pages, and mend it until the tests pass",
            "repair the paging in {module}: {function} drops items, as its tests show",
        ),
        ("pages", "split_up", "batches"),
    ),
    _family(
        mendable.merge_spans,
        _spans,
        (("first <= merged[-1][1]", "first < merged[-1][1]"), ("= max(merged[-1][1], last)", "= last")),
        (
            "look at the failing tests of {module} and correct how {function} joins spans",
            "correct {function} in {module}, which does not join all spans that belong together; the tests say which",
        ),
        ("join_spans", "merge", "combine"),
    ),
    _family(
        mendable.make_slug,
        lambda random: (
            random.choice((" ", "--", "", "!")).join(
                map(str, (random.choice(NAMES).title(), random.choice(NOUNS).upper(), random.randint(2, 99)))
            )
            + random.choice(("", "?", " -")),
        ),
        (("in title.lower():", "in title:"), ("if word:", "if len(word) > 3:")),
        (
            "get {function} in {module} to make proper slugs again, its tests fail",
            "mend the slugs of {module}: {function} does not pass its tests",
        ),
        ("slug", "page_name", "handle"),
    ),
    _family(
        mendable.to_minutes,
        lambda random: (
            random.choice(
                (
                    f"{random.randint(1, 9)}h{random.randint(1, 59):02}m",
                    f"{random.randint(2, 30)}h",
                    f"{random.randint(3, 59)}m",
                )
            ),
        ),
        (("hours * 60", "hours * 100"), ("minutes, number = int(number)", "minutes, number = int(number[:1])")),
        (
            "check why {function} in {module} counts minutes wrongly, and correct it so that the tests pass",
            "correct the durations in {module}: {function} fails its tests on minutes",
        ),
        ("minutes", "parse_time", "duration"),
    ),
    _family(
        mendable.to_roman,
        lambda random: (random.randint(1, 3999),),
        (("number >= value", "number > value"), ('(9, "IX")', '(9, "VIIII")')),
        (
            "correct the Roman numbers that {function} in {module} writes, the tests fail",
            "bring {function} in {module} to write Roman digits as its tests demand",
        ),
        ("roman", "numeral", "chapter"),
    ),
    _family(
        mendable.find_place,
        lambda random: (
            (values := sorted(random.sample(range(100), random.randint(4, 9)))),
            random.choice((values[0], values[-1], random.choice(values), 101)),
        ),
        (("low <= high", "low < high"), ("len(values) - 1", "len(values) - 2")),
        (
            "mend the search in {module}: {function} misses values that are there, see its tests",
            "find the fault in {function} of {module}, which overlooks values in sorted lists, and get the tests to pass",
        ),
        ("find", "locate", "position"),
    ),
    _family(
        mendable.split_fields,
        lambda random: (",".join(_field(random) for _ in range(random.randint(3, 5))),),
        (('"," and not quoted:', '",":'), ("[place + 1 : place + 2]", "[place + 1 : place + 1]")),
        (
            "repair {function} in {module}, which splits lines with quotes wrongly; its tests fail",
            "make {function} in {module} treat quoted fields as its tests want",
        ),
        ("split_line", "fields", "parse_record"),
    ),
    _family(
        mendable.share_out,
        lambda random: (random.randint(20, 200), _numbers(random, random.randint(3, 5))),
        (("sorted(rest, reverse=True)", "sorted(rest)"), ("[: total - sum(parts)]", "[:1]")),
        (
            "get {function} in {module} to share out the rest fairly, its tests fail",
            "mend the sharing in {module}: the parts of {function} are not what the tests expect",
        ),
        ("share", "apportion", "allot"),
    ),
    _family(
        mendable.ranks,
        lambda random: ((scores := _numbers(random, random.randint(3, 6))) + [random.choice(scores)],),
        (("sorted(scores, reverse=True)", "sorted(set(scores), reverse=True)"), ("reverse=True", "reverse=False")),
        (
            "correct the places that {function} in {module} gives to equal scores and others; the tests show it",
            "see why the ranking by {function} in {module} fails its tests, and put it right",
        ),
        ("rank", "places", "standing"),
    ),
    _family(
        mendable.in_order,
        _needs,
        (
            ("left = sorted(needs)", "left = list(needs)"),
            ("free[0])\n        left.remove(free[0])", "free[-1])\n        left.remove(free[-1])"),
        ),
        (
            "mend the order in which {function} of {module} puts things that need each other; its tests fail",
            "make {function} in {module} order by needs and alphabet as the tests ask",
        ),
        ("schedule", "build_order", "sequence"),
    ),
    _family(
        mendable.run_lengths,
        lambda random: ("".join(random.choice("abcxyz") * random.randint(1, 4) for _ in range(random.randint(3, 6))),),
        (("if count > 1", "if count > 2"), ("            count = 0\n", "            count = 1\n")),
        (
            "repair the run lengths in {module}: {function} fails its tests",
            "find out what {function} in {module} does wrongly when it shortens runs of letters, and mend it",
        ),
        ("shorten", "pack", "squeeze"),
    ),
    _family(
        mendable.stock_after,
        _orders,
        ((">= wanted", "> wanted"), ("if count > 0}", "if count >= 0}")),
        (
            "mend {function} in {module}, which books orders against the stock wrongly; the tests fail",
            "correct how {function} of {module} takes orders from the stock, so that all tests pass",
        ),
        ("after_orders", "remaining", "book_out"),
    ),
)
