"""Ask sentences as people would. Each has the answers that count as right; without any, the memory should abstain."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pilot.checks.measurement import Measurement
from pilot.checks.target import CheckTarget
from pilot.client import Progress
from pilot.errors import UnusableInput
from pilot.reading.decoding import decode
from schemas.checks import CheckId, Failing
from schemas.recall import Result, Status

_ANSWERABLE, _UNANSWERABLE = "answerable", "unanswerable"


@dataclass(slots=True)
class Question:
    """A sentence to ask. `accepted`: every answer that counts as right; empty if the memory should abstain."""

    text: str
    subject: str
    relation: str
    accepted: set[str] = field(default_factory=set)

    @property
    def part(self) -> str:
        """The part of the check that this question counts in."""
        return _ANSWERABLE if self.accepted else _UNANSWERABLE


def read_questions(path: Path) -> list[Question]:
    """Read a CSV with the columns question, subject, relation and answer.

    One question may have several rows; a blank answer adds none. Raises UnusableInput if columns are missing, if the
    CSV is broken, or if there is no question.
    """
    rows = csv.DictReader(io.StringIO(decode(path.read_bytes(), None).text, newline=""), strict=True)
    if not {"question", "answer"} <= set(rows.fieldnames or ()):
        raise UnusableInput(
            "the file of questions needs the columns question, subject, relation and answer", "questions_columns"
        )
    questions: dict[str, Question] = {}
    try:
        for row in rows:
            _add_row(questions, row)
    except csv.Error as error:
        message = f"the file of questions cannot be read: line {rows.line_num}: {error}"
        raise UnusableInput(message, "questions_unreadable", line=rows.line_num, why=error) from None
    if not questions:
        raise UnusableInput("the file of questions contains no question", "questions_empty")
    return list(questions.values())


def _add_row(questions: dict[str, Question], row: dict[str, str]) -> None:
    text = row["question"]
    if text and text.strip():
        question = questions.setdefault(text, Question(text, row.get("subject") or "", row.get("relation") or ""))
        question.accepted |= {row["answer"]} if (row["answer"] or "").strip() else set()


def check_questions(
    target: CheckTarget, questions: Sequence[Question], progress: Progress, check: CheckId
) -> Measurement:
    """Ask the sentences. Right: every answer is an accepted one, or there is none where the memory should abstain."""
    measured = Measurement(check)
    asked = [question.text for question in questions]
    for question, (_, result) in zip(questions, target.ask(asked, progress, f"{check}: sentences"), strict=True):
        right = _is_right(question, result)
        measured.part(question.part).count(result.status, right=right)
        if not right:
            measured.failing.append(_to_failing(question, result))
    return measured


def _is_right(question: Question, result: Result) -> bool:
    if result.status is not Status.ANSWERED:
        return not question.accepted
    return bool(result.answers) and set(result.answers) <= question.accepted


def _to_failing(question: Question, result: Result) -> Failing:
    return Failing(
        part=question.part,
        subject=question.subject,
        relation=question.relation,
        question=question.text,
        expected=sorted(question.accepted),
        status=result.status,
        answers=list(result.answers),
        line=None,
    )
