"""What is said of experiments in one language: codes as words, statements as sentences."""

from dataclasses import dataclass
from typing import Any

from pilot.report.quantities import plain, shown
from schemas.experiments import Axis, Chart, Experiment, Point, Series, Statement, Task

Prose = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """prose: of the page's language; its part [experiment] has the labels and, but for English, the sentences.
    experiment: whose codes these are; one experiment may use a code in a sense of its own.
    """

    prose: Prose
    experiment: str

    @property
    def words(self) -> Prose:
        return dict(self.prose["experiment"])

    def label(self, code: str) -> str:
        """A code in words; one that nobody has put into words is read as it is."""
        labels, name = self.words["label"], code.lower().replace(" ", "_").replace("-", "_")
        known: str | None = labels.get(f"{self.experiment}_{name}") or labels.get(name)
        return known[:1].upper() + known[1:] if known else code.replace("_", " ")

    def chart(self, chart: Chart) -> str:
        """Its heading, or what it shows against what."""
        named: str | None = self.words["chart"].get(f"{self.experiment}_{chart.id}")
        x, y = self.label(chart.x.quantity), self.label(chart.y.quantity)
        return named if named is not None else str(self.words["against"]).format(x=_within(x), y=y)

    def of_task(self, title: str, task: Task) -> str:
        return str(self.words["of_task"]).format(title=title, task=self.words["task"][task])

    def axis(self, axis: Axis) -> str:
        quantity = self.label(axis.quantity)
        return str(self.words["log"]).format(quantity=quantity) if axis.scale == "log" else quantity

    def note(self, series: Series, *, with_task: bool) -> str:
        """What kind of line it is, unless measured, and of which task, where a chart shows both."""
        kind = [] if series.kind == "measured" else [self.words["kind"][series.kind]]
        task = [self.words["task"][series.task]] if series.task and with_task else []
        return ", ".join([*task, *kind])

    def point(self, series: Series, along: str, point: Point, quantity: str) -> str:
        """One figure of a chart with everything that the document says of it."""
        said = f"{self.label(series.name)}: {along}, {shown(point.y, quantity)}"
        if point.low is not None and point.high is not None:
            ends = f"{shown(point.low, quantity)} – {shown(point.high, quantity)}"
            said += f" ({self.prose['interval95']} {ends})"
        return said + (f", {self.words['runs'].format(n=plain(point.runs))}" if point.runs > 1 else "")

    def finding(self, experiment: Experiment) -> str:
        return self._said(experiment.statements.get("finding", [])) or experiment.finding

    def recommendation(self, experiment: Experiment) -> str:
        return self._said(experiment.statements.get("recommendation", [])) or experiment.recommendation

    def left_out(self, experiment: Experiment) -> list[str]:
        statements = experiment.statements.get("left_out", [])
        said = [self._said([statement]) for statement in statements]
        return [sentence for sentence in said if sentence] if all(said) and said else experiment.left_out

    def _said(self, statements: list[Statement]) -> str | None:
        """None where a sentence is missing in this language, or a service of another version says it with other
        figures: then all of it is said in English.
        """
        templates = self.words.get("sentence", {})
        try:
            return str(self.words["joined"]).join(self._sentence(templates[said.code], said) for said in statements)
        except (KeyError, ValueError):
            return None

    def _sentence(self, template: str, statement: Statement) -> str:
        figures = statement.figures.items()
        return template.format_map({name: self._figure(value) for name, value in figures})

    def _figure(self, value: float | str) -> float | str:
        """A code, or several with commas between them, in words."""
        if not isinstance(value, str):
            return value
        return str(self.words["listed"]).join(self.label(code) for code in value.split(", "))


def _within(words: str) -> str:
    """As it is written within a sentence."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]
