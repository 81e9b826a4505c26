"""The README's commands and Python blocks run as they stand, in the order in which a newcomer meets them."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import PATIENCE

ROOT = Path(__file__).parents[2]

README, JAPANESE = ROOT / "README.md", ROOT / "README.ja.md"
_BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is changed before a block runs: nothing is installed, the laboratory has seconds instead of minutes.
_INSTALLED = ("make pilot", "make --old-file=.venv/.installed pilot")
_HURRIED = ("laboratory FACTS.csv", "laboratory FACTS.csv --experiments precision --minutes 0.05 --timed 20")


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of one language, top down."""
    return [text for kind, text in _BLOCK.findall(page.read_text("utf-8")) if kind == language]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything stands where a newcomer finds it, and nothing of this one is written to."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "pilot", "service", "schemas", "sample_dictionaries"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "sample_dictionaries" / "parts.csv", folder / "FACTS.csv")
    return folder


def run(block: str, folder: Path, *, codes: tuple[int, ...] = (0,)) -> str:
    """The output of one block, run by bash as it would be when pasted; variables live on in the next."""
    script = f"touch variables; source variables; {block}\ndeclare -p KEY API AUTH > variables 2> /dev/null || true"
    words = ["bash", "-euo", "pipefail", "-c", script]
    # Under `make test PYTHON=…` these would make the README's `make pilot` install an environment of its own.
    of_make = {"MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "PYTHON"}
    environment = {name: value for name, value in os.environ.items() if name not in of_make}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def served(checkout: Path) -> Iterator[str]:
    """The address of the service as the README starts it, but on a free port."""
    (command,) = [block for block in blocks(README, "sh") if "service serve" in block]
    words = [*command.partition("#")[0].split(), "--port", "0"]
    server = subprocess.Popen(words, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        addresses = (re.search(r"https?://\S+", line) for line in server.stdout or ())
        yield next(found.group() for found in addresses if found)
    finally:
        server.terminate()
        server.wait(PATIENCE)
        if server.stdout:
            server.stdout.close()


def test_make_pilot_passes(checkout: Path) -> None:
    """The first command writes a report that passes."""
    first = blocks(README, "sh")[0]
    assert first == "make pilot\n"
    assert "pass  build/pilot/report.html" in run(first.replace(*_INSTALLED), checkout)
    assert (checkout / "build" / "pilot" / "report.json").exists()


def test_the_pilot_s_commands_run_on_a_table_of_one_s_own(checkout: Path) -> None:
    """`run` passes on a small table; `laboratory` ends with a report, decided or not."""
    own, laboratory = [block for block in blocks(README, "sh") if "-m pilot" in block]
    run(own, checkout)
    run(laboratory.replace(*_HURRIED), checkout, codes=(0, 1))
    assert (checkout / "pilot-report" / "report.html").exists()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_service_answers_what_is_pasted(checkout: Path, served: str) -> None:
    """Every curl of the README is answered; the fact that is asked for comes, and the one that is changed changes."""
    teach, change = (
        block.replace("http://127.0.0.1:8000", served) for block in blocks(README, "sh") if "curl" in block
    )
    assert run(teach, checkout).strip().endswith("}")
    assert '"answers":["100"]' in _ask(checkout)
    assert '"status":"updated"' in run(change, checkout)
    assert '"answers":["30"]' in _ask(checkout)


def _ask(folder: Path) -> str:
    query = '{"subject": "PART-0042", "relation": "standard pack quantity"}'
    return run(f"curl -sfH \"$AUTH\" $API/dictionaries/parts/recall -d '{query}'", folder)


def test_every_python_block_says_what_it_returns() -> None:
    """Each runs, and an expression with a comment behind it has that value."""
    for block in blocks(README, "python"):
        names: dict[str, object] = {}
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            source = ast.unparse(statement)
            said = lines[(statement.end_lineno or 1) - 1].partition("  # ")[2]
            if isinstance(statement, ast.Expr) and said:
                assert repr(eval(source, names)) == said
            else:
                exec(source, names)


def test_no_block_is_left_untried() -> None:
    """What the tests above run is all there is."""
    tried = ("make pilot", "-m pilot", "-m service serve", "curl")
    assert all(any(word in block for word in tried) for block in blocks(README, "sh"))
    assert len(blocks(README, "sh")) == len(tried) + 2


@pytest.mark.parametrize("language", ["sh", "python"])
def test_both_readmes_have_the_same_commands(language: str) -> None:
    """Block by block; only comments are in the page's own language."""

    def bare(page: Path) -> list[str]:
        return [re.sub(r"\s+# .*", "", block) for block in blocks(page, language)]

    assert bare(JAPANESE) == bare(README)


def test_both_readmes_have_the_same_figures() -> None:
    """Each section has the same figures, as often."""

    def figures(page: Path) -> list[list[str]]:
        sections = page.read_text("utf-8").split("\n## ")
        return [sorted(re.findall(r"\d[\d,.]*\d|\d", section)) for section in sections]

    assert figures(JAPANESE) == figures(README)


def test_the_environment_is_the_only_setting() -> None:
    """No block of the README needs a variable that it does not set."""
    known = set(os.environ) | {"KEY", "API", "AUTH"}
    used = {name for block in blocks(README, "sh") for name in re.findall(r"\$(\w+)", block)}
    assert used <= known
