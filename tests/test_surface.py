"""The house itself: what may import what, what is documented, how long files are, what is installed, what is pinned."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("runtime", "agents", "evolution", "sandbox", "cli")
LONGEST_FILE = 400
BARE = {"runtime", "agents", "evolution", "sandbox", "cli", "tests", "bench"}
"""Our folders' names, which other distributions have, too."""


@cache
def tracked() -> tuple[str, ...]:
    """Every file that git knows, relative to the root; without git, every file that is not hidden or generated."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
        return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    folders = (*FOLDERS, "tests", "bench")
    return tuple(
        str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()
    )


def sources(*folders: str) -> list[str]:
    """Tracked Python files, of the whole repository or of some folders."""
    inside = tuple(f"{folder}/" for folder in folders) or ("",)
    return [name for name in tracked() if name.endswith(".py") and name.startswith(inside)]


@cache
def tree(name: str) -> ast.Module:
    """A parsed file."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), name)


def package() -> list[str]:
    """The files that are installed."""
    return [*sources(*FOLDERS), "__init__.py", "__main__.py"]


@cache
def project() -> dict[str, dict[str, object]]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned() -> dict[str, str]:
    """Name → version of every distribution in the lock."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {plain(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}


def plain(name: str) -> str:
    """A distribution's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_imports_go_one_way() -> None:
    """cli → agents | evolution → sandbox → runtime, as the contract in pyproject.toml says."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_imports_a_folder_by_its_bare_name() -> None:
    """`import agents` would find another distribution, or ours by the accident of the working directory."""
    found = [
        f"{name}:{line} {module}"
        for name in sources()
        for line, module in absolute_imports(tree(name))
        if module.partition(".")[0] in BARE
    ]
    assert found == []


def absolute_imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that is imported absolutely, wherever in the file."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""


def test_every_module_says_what_belongs_in_it() -> None:
    """A docstring whose first sentence ends; an empty file needs none."""
    silent = [
        name
        for name in sources()
        if tree(name).body and not re.search(r"[.:!?]($|\s)", ast.get_docstring(tree(name)) or "")
    ]
    assert silent == []


def test_everything_public_is_documented() -> None:
    """Functions, classes and methods whose names do not begin with an underscore."""
    bare = [
        f"{name}:{node.lineno} {node.name}"
        for name in package()
        for node in public(tree(name))
        if not ast.get_docstring(node)
    ]
    assert bare == []


def public(scope: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The public definitions of a module, with the methods of its public classes."""
    for node in scope.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node
            yield from public(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def test_no_file_is_too_long_to_read() -> None:
    """A file that grows past this is two files."""
    lines = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in sources()}
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}


def test_no_task_is_made_outside_of_a_group() -> None:
    """A task that nobody owns outlives its reason."""
    found = [
        f"{name}:{node.lineno}"
        for name in package()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in ("create_task", "ensure_future")
    ]
    assert found == []


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """One top-level name, every module of ours below it, no test, no benchmark."""
    copy = tmp_path / "checkout"  # a copy: building leaves traces beside the sources
    for name in (*package(), *assets(), "pyproject.toml", "README.md", "LICENSE", "py.typed", "tests/test_surface.py"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", tmp_path, copy], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert sorted(names) == sorted(f"tdscaling/{name}" for name in (*package(), *assets(), "py.typed"))


def assets() -> list[str]:
    """The files that are installed and are no Python: what pages for a browser are made of."""
    return under("cli/pages/web")


def test_the_lock_names_no_download_address() -> None:
    """Whoever installs chooses where from; the hashes say what."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "index-url" not in lock
    assert "find-links" not in lock


def test_every_pin_has_a_hash() -> None:
    """An entry without one would be refused by pip, on the newcomer's machine."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) > 20
    assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_the_lock_covers_every_declared_dependency() -> None:
    """Those of the package and those of its development."""
    settings = project()
    groups = settings["dependency-groups"]
    declared = [*list_of(settings["project"]["dependencies"]), *list_of(groups["dev"])]
    names = {plain(re.split(r"[<>=!~;\s\[]", line, maxsplit=1)[0]) for line in declared}
    assert names <= pinned().keys(), names - pinned().keys()


def list_of(value: object) -> list[str]:
    """A list of texts out of pyproject.toml."""
    assert isinstance(value, list)
    return [str(item) for item in value]


def test_what_is_shipped_names_no_place_on_somebody_s_machine() -> None:
    """A home folder is nobody else's."""
    shipped = [*package(), "pyproject.toml", "Makefile", "README.md", ".ci/run", *under("examples"), *under("docs")]
    home = re.compile(r"(?<![\w}])/(home|Users|root)/\w+")
    found = [name for name in shipped if home.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))]
    assert found == []


def under(folder: str) -> list[str]:
    """Tracked files of a folder."""
    return [name for name in tracked() if name.startswith(f"{folder}/")]
