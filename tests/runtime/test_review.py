"""The sheet for marking verdicts: how rows are drawn, how a sheet is read back, and what the marks come to."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from tdscaling.runtime.agreement import agreement
from tdscaling.runtime.ends import End
from tdscaling.runtime.errors import InputError
from tdscaling.runtime.review import COLUMNS, Entry, draw, read_sheet, write_sheet


def end(number: int, mode: str, *, accepted: bool, kind: str = "built in") -> End:
    """A judged conversation."""
    stage, reasons = ("accepted", ()) if accepted else ("played", ("facts.missing",))
    return End(f"{number:016x}", stage, True, reasons, mode, 1, kind, "none")  # type: ignore[arg-type]


ENDS = [end(n, "direct" if n % 10 else "chain", accepted=n % 5 != 0) for n in range(500)]


def test_half_of_the_sheet_is_rejected_rows() -> None:
    """Though only a fifth of the run is."""
    assert Counter(entry.verdict for entry in draw(ENDS, 60, 0)) == {"accepted": 30, "rejected": 30}


def test_rare_modes_are_drawn_as_often_as_frequent_ones() -> None:
    """Of the rejects a half are chains; every chain is one, so none is accepted."""
    drawn = draw(ENDS, 60, 0)
    assert Counter(entry.mode for entry in drawn if entry.verdict == "rejected") == {"chain": 15, "direct": 15}


def test_too_few_rejects_leave_their_places_to_accepted_rows() -> None:
    """The sheet is as long as it should be."""
    few = [end(n, "direct", accepted=n > 3) for n in range(100)]
    assert Counter(entry.verdict for entry in draw(few, 60, 0)) == {"accepted": 56, "rejected": 4}


def test_the_order_of_a_run_does_not_matter_and_the_seed_does() -> None:
    """Rows are drawn by lots made of seed and id."""
    assert draw(reversed(ENDS), 60, 7) == draw(ENDS, 60, 7)
    assert {entry.id for entry in draw(ENDS, 60, 8)} != {entry.id for entry in draw(ENDS, 60, 7)}


def test_what_the_gates_did_not_judge_is_not_drawn() -> None:
    """No plan, an agent's failure, a duplicate, an abandoned and a surplus episode."""
    base = end(1, "direct", accepted=True)
    others = [msgspec.structs.replace(base, stage=stage) for stage in ("drafted", "valid", "verified", None)]
    assert draw([*others, msgspec.structs.replace(base, committed=False)], 10, 0) == []


def test_a_sheet_is_read_as_it_was_written() -> None:
    """Commas, quotes and line ends in a comment included; a byte order mark is what spreadsheets add."""
    entries = [msgspec.structs.replace(entry, human="accept", comment='a, "b"\nc') for entry in draw(ENDS, 10, 0)]
    assert read_sheet("s", "\ufeff" + write_sheet(entries)) == entries


SHEET = write_sheet(draw(ENDS, 4, 0)).splitlines()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "s: not a sheet for review: the column number is missing"),
        ([SHEET[0].replace("human", "mark"), SHEET[1]], "the column human is missing"),
        ([*SHEET[:3], SHEET[3].replace(",,,", ",maybe,,")], "row 4: human: 'maybe' is no mark"),
        ([*SHEET[:2], SHEET[1]], "row 3: id [0-9a-f]+ stands in row 2 already"),
        ([SHEET[0], SHEET[1].replace("accepted", "fine").replace("rejected", "fine")], "row 2: verdict: 'fine'"),
        ([SHEET[0], "1,a"], "row 2: has no cell for mode"),
        ([SHEET[0], SHEET[1] + ",more"], "row 2: has more cells"),
        ([SHEET[0], SHEET[1].replace("1,", "x,", 1)], "row 2: number: 'x' is no number"),
        ([SHEET[0], '1,"a'], "row 2: not CSV"),
        (['"number,id'], "row 1: not CSV"),
    ],
)
def test_a_bad_sheet_is_one_line_with_its_row(lines: list[str], message: str) -> None:
    """Whatever a spreadsheet made of it."""
    with pytest.raises(InputError, match=message) as caught:
        read_sheet("s", "\n".join(lines) + "\n")
    assert "\n" not in str(caught.value)


def entry(number: int, verdict: str, human: str, rows: int = 10, mode: str = "direct") -> Entry:
    """A marked row."""
    cells = dict(zip(COLUMNS, (number, str(number), mode, "built in", human, "", verdict, "", rows), strict=True))
    return msgspec.convert(cells, Entry)


def test_agreement_counts_both_kinds_of_mistake() -> None:
    """One false accept of four, one false reject of two; unsure and unmarked rows stand aside."""
    marks = [("accepted", "accept")] * 3 + [("accepted", "reject"), ("rejected", "reject"), ("rejected", "accept")]
    marks += [("rejected", "unsure"), ("accepted", "")]
    found = agreement([entry(n, *pair) for n, pair in enumerate(marks)])
    assert (found.marked, found.unsure, found.unmarked) == (6, 1, 1)
    assert found.agreement.value == pytest.approx(4 / 6)
    assert (found.false_accepts.value, found.false_rejects.value) == (0.25, 0.5)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.25)
    assert [entry.id for entry in found.disputed] == ["3", "5"]
    assert found.by["verdict"]["accepted"].false_accepts == 1


def test_the_share_for_the_run_weighs_strata_by_their_size() -> None:
    """A mistake in a stratum of 90 rows weighs nine times one in a stratum of 10."""
    large, small = [("accepted", "accept", 90), ("accepted", "reject", 90)], [("rejected", "reject", 10)]
    found = agreement([entry(n, *made) for n, made in enumerate(large + small)])
    assert found.weighted == pytest.approx((45 + 10) / 100)
