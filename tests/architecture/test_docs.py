"""Prose that can be checked is checked."""

import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from schemas.problems import Code
from service.settings import Settings

ROOT = Path(__file__).parents[2]
PROSE = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def cells(page: str) -> list[str]:
    """The first cell of each table row that is written as code."""
    return re.findall(r"^\| `([^`]+)` ", (ROOT / "docs" / page).read_text("utf-8"), re.MULTILINE)


def test_every_error_code_is_explained() -> None:
    """docs/errors.md lists the codes of the wire, all of them, in their order."""
    assert cells("errors.md") == [code.value for code in Code]


def test_every_error_code_says_what_to_do() -> None:
    """Each row has four cells: the code, its status, what it means, and what the caller does about it."""
    rows = [line for line in (ROOT / "docs" / "errors.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    for row in rows:
        _, _, status, meaning, remedy, _ = (cell.strip() for cell in re.split(r"(?<!\\)\|", row))
        assert re.fullmatch(r"\d{3}|row|job", status), row
        assert meaning.endswith("."), row
        assert remedy.endswith("."), row


def test_every_setting_is_explained() -> None:
    """docs/settings.md lists the settings, all of them, under the names the environment knows."""
    assert cells("settings.md") == [f"FACTSTORE_{name.upper()}" for name in Settings.model_fields]


def test_the_newest_version_is_in_the_changelog() -> None:
    """The first version of CHANGELOG.md is the one in pyproject.toml."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    found = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert found
    assert found[1] == version


def figures(text: str) -> set[str]:
    """Numbers as they are written: 58,845; 0.118; 1e-6."""
    return set(re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e-?\d+)?", text))


def test_figures_of_the_readme_are_records() -> None:
    """Every figure of the README's table of measurements stands in RECORDS.md, digit for digit."""
    readme, records = ((ROOT / name).read_text("utf-8") for name in ("README.md", "tests/benchmarks/RECORDS.md"))
    section = readme[readme.index("## What it measures") :].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 10
    known = figures(records)
    assert {row: missing for row in rows if (missing := figures(row) - known)} == {}


def test_sizes_in_the_readme_say_what_they_count() -> None:
    """A row of bytes or bits names the bank, everything or both; what is no task of the papers' says so."""
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("|")]
    for row in rows:
        if "bytes a fact" in row or "a stored byte" in row:
            assert "bank" in row
            assert "everything" in row or "with answers and names" in row
        if "1,024" in row:
            assert "noise masked" in row
            assert "8,440" not in row


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    """Relative links, and paths written as code, name files of the project."""
    text = page.read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    paths = re.findall(r"`((?:service|pilot|schemas|tests|docs|sample_dictionaries)/[\w./-]+)`", text)
    for link in links:
        assert (page.parent / link).exists(), link
    for path in paths:
        assert (ROOT / path).exists(), path


def test_make_targets_in_the_readme_exist() -> None:
    """Every `make x` of the README is a target."""
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


def test_every_decision_names_what_holds_it() -> None:
    """A decision has its own number, a context, a quotable line, consequences, and tests that hold it and exist."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    written = {name for path in ROOT.glob("tests/**/*.py") for name in re.findall(r"test_\w+", path.read_text("utf-8"))}
    for page in pages:
        text = page.read_text("utf-8")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Held by**"):
            assert part in text, (page.name, part)
        held = text[text.index("**Held by**") :]
        assert not set(re.findall(r"`(test_\w+)`", held)) - written, page.name


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.name)
def test_lines_of_prose_fit(page: Path) -> None:
    """130 characters; the rows of tables may be longer."""
    long = [
        line for line in page.read_text("utf-8").splitlines() if len(line) > 130 and not line.startswith(("|", "!"))
    ]
    assert long == []


def test_the_glossary_names_code_that_exists() -> None:
    """At most 60 lines; every dotted name in it is a module of the project, or something in one."""
    page = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert len(page.splitlines()) <= 60
    names = re.findall(r"`((?:service|pilot|schemas)\.[\w.]+)`", page)
    assert len(names) > 20
    assert [name for name in names if not names_code(name)] == []


def names_code(name: str) -> bool:
    """Whether a dotted name can be imported as a module or from one."""
    module, _, attribute = name.rpartition(".")
    try:
        return find_spec(name) is not None or hasattr(import_module(module), attribute)
    except ModuleNotFoundError:
        return find_spec(module) is not None and hasattr(import_module(module), attribute)
