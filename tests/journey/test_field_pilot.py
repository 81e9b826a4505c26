"""Field cases judged by the pilot: each through its command line, against a running service, with its key."""

import csv
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pilot import cli, run
from pilot.reading import read_facts
from tests.journey.test_field import FIELD
from tests.running import Running

BRIEF = ["--probes", "4000", "--no-changes", "--timed", "20"]


@dataclass(frozen=True)
class Judged:
    """A run of the pilot: its exit code, what it printed, and its report, if it wrote one."""

    code: int
    said: str
    report: dict[str, Any]

    def asked(self, check: str) -> tuple[int, int]:
        found = next((each for each in self.report.get("checks", []) if each["id"] == check), {"asked": 0, "right": 0})
        return found["asked"], found["right"]


Pilot = Callable[..., Judged]


def read_cases() -> list[dict[str, str]]:
    with (FIELD / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["how"].startswith("pilot")]


@pytest.fixture
def pilot(
    service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Pilot:
    """A function that runs the command line in this process; the service is a process of its own."""

    def run_it(*words: str, url: bool = True, key: str | None = None) -> Judged:
        out = tmp_path / "report"
        where = ["--url", service.url, "--api-key", service.key if key is None else key] if url else []
        monkeypatch.setattr(sys, "argv", ["pilot", "run", *words, "--out", str(out), *BRIEF, *where])
        monkeypatch.setattr(cli, "exit_on_signals", lambda: None)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        report = out / "report.json"
        said = "".join(capfd.readouterr())
        code = ended.value.code if isinstance(ended.value.code, int) else 0
        return Judged(code, said, json.loads(report.read_text("utf-8")) if report.exists() else {})

    return run_it


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: f"{case['class']} {case['file']} {case['how']}")
def test_a_field_case_is_judged_right(case: dict[str, str], pilot: Pilot, service: Running) -> None:
    """As the manifest says: passed with every pair asked and right, or refused in plain words; never a traceback."""
    words, url, key = [str(FIELD / case["file"])], "alone" not in case["how"], service.key
    if match := re.search(r"--questions on (\S+)", case["how"]):
        words = [str(FIELD / match[1]), "--questions", words[0]]
    if match := re.search(r"--api-key KEY(\S*)", case["how"]):
        key += match[1].encode().decode("unicode_escape")
    judged = pilot(*words, url=url, key=key)
    assert "Traceback" not in judged.said
    assert service.key not in judged.said
    assert any(is_right(judged, right, case["expected_facts"]) for right in case["expected_refused"].split(" | ")), (
        judged.said
    )


def is_right(judged: Judged, right: str, facts: str) -> bool:
    verb, _, rest = right.partition(" ")
    if verb == "asked":
        return judged.asked("questions")[0] == int(rest)
    code, _, pattern = rest.partition(" ~")
    if code == "0":
        return judged.code == 0 and judged.asked("recall") in {(int(each), int(each)) for each in facts.split("|")}
    return judged.code == int(code) and len(judged.said.strip()) > 20 and re.search(pattern, judged.said) is not None


def test_a_wide_table_is_judged(pilot: Pilot, tmp_path: Path) -> None:
    """The options of a wide table go to both readings."""
    file = tmp_path / "recall.csv"
    file.write_text("品番,枝番,色,重さ\nP,1,赤,3kg\nP,2,,4kg\n", encoding="utf-8")
    judged = pilot(str(file), "--layout", "wide", "--subject", "品番,枝番", "--ignore", "重さ")
    assert (judged.code, judged.asked("recall")) == (0, (1, 1))
    assert judged.report["dictionary"]["differences"] == []
    judged = pilot(str(file))
    assert judged.code == 2
    assert "--layout wide --subject '品番,枝番'" in judged.said


def test_another_reading_is_no_pass(pilot: Pilot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pilot read another table than the service, nothing is decided, and the report says so at its top."""
    file = tmp_path / "facts.csv"
    file.write_text("subject,relation,answer\na,r,1\nb,r,2\nc,r,3\n", encoding="utf-8")
    shorter = tmp_path / "shorter.csv"
    shorter.write_text("subject,relation,answer\na,r,1\n", encoding="utf-8")
    monkeypatch.setattr(run, "read_facts", lambda _, options: read_facts(shorter, options))
    judged = pilot(str(file))
    assert judged.code == 1
    assert judged.report["verdict"] != "pass"
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    top = page[page.index("<header>") : page.index("</header>")]
    assert "the receipt says 3, the pilot 1" in top
    assert "the receipt says 3, the pilot 1" in judged.said.replace("\n", " ")
