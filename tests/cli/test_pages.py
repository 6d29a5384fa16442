"""The pages in a real browser: they draw, they filter, they are accessible, and hostile rows do nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tdscaling.tests.cli.browser import AXE, INSTALLED, WHY_NOT, Browser
from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.cli.test_report import hostile_rows
from tdscaling.tests.cli.test_view import half_a_run, viewing

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not INSTALLED, reason=WHY_NOT)]

STATE = "document.querySelector('.list-state').innerText"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """One browser for all tests; every test opens its own page."""
    with Browser() as found:
        yield found


@pytest.fixture(autouse=True)
def quiet(browser: Browser) -> Generator[None]:
    """No test may leave a complaint of the page behind."""
    browser.do(size=[1280, 860])
    browser.complaints.clear()
    browser.requests.clear()
    yield
    assert browser.complaints == []


@pytest.fixture(scope="module")
def page(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a real run."""
    folder = tmp_path_factory.mktemp("page")
    done = Shell(folder).run("report", str(made / "kept"), "--out", "report.html")
    assert done.code == 0, done.err
    return folder / "report.html"


def rows_of(made: Path) -> list[dict[str, Any]]:
    """The accepted and the rejected rows of the run."""
    files = (made / "rows.jsonl", made / "kept/rejected.jsonl")
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def tools_of(row: dict[str, Any]) -> set[str]:
    """The tools that were called, by the names that their services have for them."""
    shown = {
        one["name"]: (f"{one['service'].rpartition('@')[0]}:" if one["service"] else "") + one["own"]
        for one in row["face"]["names"]
    }
    calls = [call["function"]["name"] for message in row["messages"] for call in message.get("tool_calls", ())]
    return {shown.get(name, name) for name in calls}


def state(browser: Browser, begins: str) -> None:
    """Wait for what the list says of itself."""
    browser.do(wait=f"{STATE}.startsWith({json.dumps(begins)}) && !{STATE}.includes('searching')")


def test_the_overview_says_what_the_run_came_to(browser: Browser, page: Path) -> None:
    """Funnel, curves, modes, latency; simulated rows are called so; nothing is asked of any network."""
    browser.open(page.as_uri())
    text = browser.text("main")
    for words in (
        "Simulated model",
        "How far episodes came",
        "Domain entropy",
        "Reasoning modes",
        "Where the time goes",
    ):
        assert words in text
    assert browser.do(evaluate="document.querySelectorAll('svg polyline').length") >= 4
    assert browser.requests == [page.as_uri()]


def test_choices_and_words_find_what_they_should(browser: Browser, page: Path, made: Path) -> None:
    """As many rows as the files hold, by mode, verdict, tool and what was said."""
    rows = rows_of(made)
    browser.open(page.as_uri() + "#rows")
    state(browser, f"{len(rows)} trajectories")
    mode, n = Counter(row["measurements"]["mode"] for row in rows).most_common(1)[0]
    browser.do(evaluate=f"(location.hash = '#rows?mode={mode}', 0)")
    state(browser, f"{n} of {len(rows)}")
    chosen = browser.do(evaluate="document.getElementById('choice-mode').selectedOptions[0].text")
    assert chosen == f"{mode.replace('_', ' ')} ({n})"
    called = Counter(tool for row in rows for tool in tools_of(row))
    tool, n = called.most_common(1)[0]
    browser.do(evaluate=f"(location.hash = '#rows?tool={tool}', 0)")
    state(browser, f"{n} of {len(rows)}")
    word = rows[3]["messages"][1]["content"].split(".")[0].lower()
    n = sum(any(word in message["content"].lower() for message in row["messages"]) for row in rows)
    browser.do(evaluate="(location.hash = '#rows', 0)")
    browser.do(fill=["#search", word])
    state(browser, f"{n} of {len(rows)}")
    browser.do(fill=["#search", "no row says this"])
    state(browser, f"0 of {len(rows)}")
    browser.do(fill=["#search", rows[5]["id"]])
    state(browser, f"1 of {len(rows)}")


def test_a_trajectory_is_shown_whole(browser: Browser, page: Path, made: Path) -> None:
    """Every message, every call; and the link of one row leads to it."""
    row = next(row for row in rows_of(made) if row["measurements"]["tool_calls"] > 1)
    browser.open(f"{page.as_uri()}#rows?row={row['id']}")
    browser.do(wait="document.querySelector('.trajectory') !== null")
    text = browser.text(".trajectory")
    assert row["id"] in text
    assert "simulated model" in text
    for message in row["messages"]:
        if message["role"] in ("user", "assistant"):
            assert message["content"] in text
    assert browser.do(evaluate="document.querySelectorAll('.turn').length") == len(row["messages"])
    assert browser.do(evaluate="document.querySelectorAll('.call').length") == row["measurements"]["tool_calls"]
    assert f"{len(row['tools'])} tools in the list" in text


def test_everything_can_be_done_with_the_keyboard(browser: Browser, page: Path, made: Path) -> None:
    """/ to the search, arrows through the list, Enter to read, Escape back."""
    n = len(rows_of(made))
    browser.open(page.as_uri() + "#rows")
    state(browser, f"{n} trajectories")
    browser.do(press="/")
    assert browser.do(evaluate="document.activeElement.id") == "search"
    browser.do(press="Escape")
    browser.do(evaluate="document.getElementById('list').focus()")
    browser.do(press="End")
    browser.do(wait=f"document.querySelector('.reader-bar')?.innerText.includes('{n} of {n}')")
    browser.do(press="ArrowUp")
    browser.do(press="Enter")
    browser.do(wait="document.activeElement.id === 'row-title'")
    browser.do(press="k")
    browser.do(wait=f"document.querySelector('.reader-bar').innerText.includes('{n - 2} of {n}')")
    browser.do(press="Escape")
    browser.do(wait="document.querySelector('.trajectory') === null && document.activeElement.id === 'list'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [[1280, 860], [390, 844]])
def test_pages_are_accessible_and_fit(browser: Browser, page: Path, made: Path, scheme: str, size: list[int]) -> None:
    """Labels, contrast, headings and roles by axe; nothing wider than a narrow window."""
    browser.do(size=size)
    browser.do(scheme=scheme)
    for place, drawn in (
        ("", ".tiles"),
        ("#rows", ".line[data-at]"),
        (f"#rows?row={rows_of(made)[0]['id']}", ".trajectory"),
    ):
        browser.open(page.as_uri() + place)
        browser.do(wait=f"document.querySelector('{drawn}') !== null")
        assert browser.do(axe=str(AXE)) == []
        assert browser.do(evaluate="document.documentElement.scrollWidth - innerWidth") <= 0


def test_hostile_rows_are_read_and_do_nothing(browser: Browser, shell: Shell, made: Path) -> None:
    """Every row is opened with all its folds; texts appear as texts, what is invisible is written out."""
    (shell.folder / "hostile.jsonl").write_bytes(hostile_rows(made))
    assert shell.run("report", "hostile.jsonl", "--out", "out.html").code == 0
    url = (shell.folder / "out.html").as_uri()
    browser.open(url)
    assert "<script>alert(1)</script>" in browser.text("main")
    browser.do(evaluate="(location.hash = '#rows', 0)")
    browser.do(wait="document.querySelectorAll('.line[data-at]').length > 0")
    seen = ""
    for at in range(12):
        key = "Home" if at == 0 else "ArrowDown"
        pressed = f"new KeyboardEvent('keydown', {{key: '{key}'}})"
        browser.do(evaluate=f"document.getElementById('list').dispatchEvent({pressed})")
        browser.do(wait=f"document.querySelector('.reader-bar')?.innerText.includes('{at + 1} of 12')")
        browser.do(evaluate="document.querySelectorAll('details').forEach((one) => (one.open = true))")
        seen += browser.text(".trajectory")
    for words in (
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\\x1b[31m",
        "\\u202e",
        "{data}",
    ):
        assert words in seen
    assert "Show all 1,000,000 characters" in seen
    browser.do(click=".more")
    assert len(browser.text(".trajectory")) > 1_000_000
    assert browser.do(evaluate="document.querySelectorAll('main script, main img, main iframe').length") == 0
    assert browser.requests == [url]


def test_the_panel_page_draws(browser: Browser, shell: Shell, made: Path) -> None:
    """One set and two."""
    rows = str(made / "rows.jsonl")
    for files in ((rows,), (rows, rows, "--compare")):
        assert shell.run("stats", *files, "--html", "out.html", "--overwrite").code == 0
        browser.open((shell.folder / "out.html").as_uri())
        assert "Reasoning modes" in browser.text("main")
        assert browser.do(axe=str(AXE)) == []


def test_a_served_page_grows_with_its_run(browser: Browser, shell: Shell, made: Path) -> None:
    """Without being loaded again, and without asking anybody but its server."""
    journal, rest = half_a_run(shell, made)
    n = len(rows_of(made))
    with viewing(shell, "run") as server:
        before = server.overview(lambda view: view["rows"] > 0)["rows"]
        browser.open(server.url + "#rows")
        state(browser, f"{before} trajectories")
        with journal.open("ab") as file:
            file.write(rest)
        state(browser, f"{n} trajectories")
        browser.do(evaluate="(location.hash = '#overview', 0)")
        browser.do(wait="document.querySelector('.tiles')?.innerText.includes('accepted rows\\n12')")
        browser.do(open="about:blank")
    assert all(url.startswith((server.url, "about:")) for url in browser.requests)
