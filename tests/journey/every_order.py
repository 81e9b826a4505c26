"""Print everything that the kit makes of a table; under any PYTHONHASHSEED it prints the same bytes."""

import io
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pilot.checks.probes import Probes
from pilot.report.junit import to_junit
from pilot.report.write import render_html
from schemas.report import Report
from schemas.uploads import OnConflict
from service.ingest import Limits, Options, read_table, write_refused
from service.memory import Changes, Editor, Facts, Memory, Recipe, fit
from service.memory.restricted import Restricted
from tests.pilot.conftest import build_report_on

SECRET = b"0123456789abcdef0123456789abcdef"
SUBJECTS = ("Acme", "acme", "ＡＣＭＥ", "Beta", "か\u3099", "が", "Gamma")
RELATIONS = ("maker", "Maker", "e-mail", "e‐mail", "city", "tag")
QUESTIONS = ("the e-mail of Beta", "がのmaker", "city of Acme, maker of Beta", "tag and MAKER of gamma")


def make_table() -> str:
    """Names that fold alike, pairs with several answers, a row of each kind that is refused."""
    rows = [
        f"{subject},{relation},{answer}"
        for at, subject in enumerate(SUBJECTS)
        for number, relation in enumerate(RELATIONS)
        for answer in ("x", f"y {at}", f"z {number}")[: 1 + (at + number) % 3]
    ]
    return "\n".join(["subject,relation,answer", *rows, "a,b", "a,b,c,d", ",r,1", rows[0], ""])


def read_file(folder: Path) -> dict[str, Any]:
    """Read the table as an upload does, and return the counts, the findings and the refused rows."""
    file = folder / "table.csv"
    file.write_text(make_table(), encoding="utf-8")
    parsed = read_table(file, "text/csv", Options(on_conflict=OnConflict.MANY), Limits())
    refused = io.StringIO()
    write_refused(parsed.refused, refused, raw=True)
    findings = [finding.model_dump(mode="json") for finding in parsed.findings]
    taken = parsed.accepted
    return {
        "findings": findings,
        "refused": refused.getvalue(),
        "accepted": [taken.subjects, taken.relations, taken.answers],
    }


def recall_all(accepted: list[list[str]]) -> dict[str, Any]:
    """Ask, list and search sentences, of the whole memory, of a restricted view, and after an edit."""
    subjects, relations, answers = accepted
    facts = Facts(subjects, relations, answers)
    memory = fit(facts, Recipe(), secret=SECRET)
    staged = Editor.of(memory, facts).stage(
        Changes(Facts(["Acme", "new"], ["tag", "city"], ["q", "w"]), [(name, "maker") for name in SUBJECTS])
    )
    printed: dict[str, Any] = {"digest": memory.digest, "edited": staged.memory.digest, "patch": staged.patch.hex()}
    seen: dict[str, Memory | Restricted] = {"whole": memory, "later": staged.memory}
    seen["part"] = memory.within(set(RELATIONS) - {"city"})
    for name, each in seen.items():
        replies = each.recall(["Beta", "acme", "ｶﾞ"], ["E-MAIL", "tag", "Maker"])
        printed[name] = [each.relations, [each.candidates(question) for question in QUESTIONS], list(replies.answers)]
    return printed


def write_reports(file: Path) -> dict[str, Any]:
    """Return the report on the table in each of its forms, and the probes that are made for it."""
    document = build_report_on(file).model_dump(mode="json")
    for check in document["checks"]:
        for held in check.get("holdings", []):  # what was measured differs from run to run
            held |= {"build_seconds": 1.0, "lookups_per_second": 1.0}
    report = Report.model_validate(document)
    pairs = [(subject, relation) for subject in SUBJECTS for relation in RELATIONS]
    kinds = Probes(pairs, set(pairs), seed=0).kinds()
    drawings = [document, to_junit(report).decode(), render_html(report, "en"), render_html(report, "ja")]
    return {"report": drawings, "probes": {kind: draw(20) for kind, draw in kinds.items()}}


def main() -> None:
    with TemporaryDirectory() as folder:
        printed = read_file(Path(folder))
        printed |= recall_all(printed["accepted"]) | write_reports(Path(folder) / "table.csv")
    json.dump(printed, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
