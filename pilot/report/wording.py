"""Put experiments into words of one language: codes become labels, statements become sentences."""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pilot.report.messages import Prose
from pilot.report.quantities import NumberFormat, format_plain, get_number_format
from schemas.experiments import Axis, Chart, Experiment, Point, Series, Statement, Task

_TASKS = {
    "dictionary": Task.DICTIONARY,
    "this dictionary": Task.DICTIONARY,
    "synthetic": Task.SYNTHETIC,
    "the synthetic task": Task.SYNTHETIC,
}
"""The names of the two tasks in statements."""
_BETWEEN_SENTENCES = re.compile(r"(?<=[a-z0-9)%]\.) (?=[A-Z0-9])")


@dataclass(frozen=True, slots=True)
class TaskSentences:
    """Sentences about one task, by its name; about none in particular where that is empty."""

    task: str
    sentences: list[str]


class _InWords(string.Formatter):
    """A formatter whose shares and small figures are written as in the language."""

    def __init__(self, figures: NumberFormat) -> None:
        self._figures = figures

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "g":
            return format_plain(value)
        text = str(super().format_field(value, format_spec))
        return text.removesuffix("%") + self._figures.percent_sign if format_spec.endswith("%") else text


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one experiment in one language.

    prose: that of the page's language; its table [experiment] has the labels and, except for English, the sentences.
    experiment: whose codes these are, since an experiment may use a code in a sense of its own.
    """

    prose: Prose
    experiment: str

    @property
    def words(self) -> Prose:
        """The table [experiment]."""
        return dict(self.prose["experiment"])

    @property
    def figures(self) -> NumberFormat:
        """The number format of the language."""
        return get_number_format(self.prose)

    @property
    def marks(self) -> Prose:
        """The punctuation of the language."""
        return dict(self.prose["marks"])

    def label(self, code: str) -> str:
        """Return the label of a code; without one, the code itself with spaces."""
        labels, name = self.words["label"], code.lower().replace(" ", "_").replace("-", "_")
        known: str | None = labels.get(f"{self.experiment}_{name}") or labels.get(name)
        return known[:1].upper() + known[1:] if known else code.replace("_", " ")

    def chart(self, chart: Chart) -> str:
        """Return the heading of a chart, or which quantity it shows against which."""
        named: str | None = self.words["chart"].get(f"{self.experiment}_{chart.id}")
        x, y = self.label(chart.x.quantity), self.label(chart.y.quantity)
        return named if named is not None else str(self.words["against"]).format(x=lower_first(x), y=y)

    def axis(self, axis: Axis) -> str:
        """Return the title of an axis."""
        quantity = self.label(axis.quantity)
        return str(self.words["log"]).format(quantity=quantity) if axis.scale == "log" else quantity

    def note(self, series: Series, *, with_task: bool) -> str:
        """Say what kind of line it is, unless it was measured, and of which task, where a chart shows both."""
        kind = [] if series.kind == "measured" else [self.words["kind"][series.kind]]
        task = [self.words["task"][series.task]] if series.task and with_task else []
        return str(self.marks["list"]).join([*task, *kind])

    def point(self, series: Series, along: str, point: Point, quantity: str) -> str:
        """Put one point of a chart into words, with everything that the document says of it."""
        marks, shown = self.marks, self.figures.shown
        said = [along, shown(point.y, quantity)]
        if point.low is not None and point.high is not None:
            ends = self.figures.range(shown(point.low, quantity), shown(point.high, quantity))
            said[-1] += marks["aside"].format(text=f"{self.prose['interval95']} {ends}")
        if point.runs > 1:
            said.append(self.words["runs"].format(n=format_plain(point.runs)))
        return f"{self.label(series.name)}{marks['colon']}{marks['list'].join(said)}"

    def finding(self, experiment: Experiment) -> list[TaskSentences]:
        """Return the sentences of the finding by task. One that names no task belongs to that of the one before."""
        statements = experiment.statements.get("finding", [])
        said = self._sentences(statements)
        if said is None:
            return [TaskSentences("", _BETWEEN_SENTENCES.split(experiment.finding))]
        tasks, told = self._tasks(statements), list[TaskSentences]()
        for task in dict.fromkeys(tasks):
            name = self.words["task"][task] if task else ""
            told.append(TaskSentences(name, [each for each, of in zip(said, tasks, strict=True) if of == task]))
        return told

    def recommendation(self, experiment: Experiment) -> str:
        """Return the recommendation."""
        said = self._sentences(experiment.statements.get("recommendation", []))
        return str(self.words["joined"]).join(said) if said else experiment.recommendation

    def left_out(self, experiment: Experiment) -> list[str]:
        """Return a sentence for each thing that was not tried."""
        return self._sentences(experiment.statements.get("left_out", [])) or experiment.left_out

    def _tasks(self, statements: Sequence[Statement]) -> list[Task | None]:
        tasks: list[Task | None] = []
        for said in statements:
            named = _TASKS.get(str(said.figures.get("task", said.code.rsplit("_", 1)[-1])))
            tasks.append(named or (tasks[-1] if tasks else None))
        return tasks

    def _sentences(self, statements: Sequence[Statement]) -> list[str] | None:
        """Put statements into sentences; None where the document's English text should be shown instead.

        That is so where there are no statements, where a sentence is missing in this language, or where a service of
        another version sent other figures with it.
        """
        templates = self.words.get("sentence", {})
        try:
            return [self._sentence(templates[said.code], said) for said in statements] or None
        except (KeyError, ValueError):
            return None

    def _sentence(self, template: str, statement: Statement) -> str:
        figures = {name: self._figure(value) for name, value in statement.figures.items()}
        return _InWords(self.figures).vformat(template, (), figures)

    def _figure(self, value: float | str) -> float | str:
        """Return the label of a code, or of several separated by commas; numbers are left as they are."""
        if not isinstance(value, str):
            return value
        return str(self.words["listed"]).join(self.label(code) for code in value.split(", "))


def lower_first(words: str) -> str:
    """Put the first letter into lower case, for use within a sentence, unless the word is an abbreviation."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]
