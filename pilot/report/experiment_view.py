"""What the page says of the experiments: sentences in its language, charts placed, tables in order."""

from dataclasses import dataclass
from itertools import chain

from pilot.report.plots import Plot, plotted
from pilot.report.quantities import shown
from pilot.report.wording import Prose, Wording
from schemas.checks import LeftOut
from schemas.experiments import Experiment, ExperimentId, Row
from schemas.report import Report


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, in words. task: where the table has rows of more than one."""

    name: str
    task: str | None
    cells: list[str]


@dataclass(frozen=True, slots=True)
class ExperimentView:
    document: Experiment
    title: str
    question: str
    finding: str
    recommendation: str
    plots: list[Plot]
    unmeasured: list[str]
    columns: list[str]
    lines: list[Line]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class LaboratoryView:
    """allocation: the answer that stands at the top of the page; failed: what brought no result, with its code."""

    experiments: list[ExperimentView]
    allocation: str | None
    failed: list[tuple[str, LeftOut]]


def laboratory_view(report: Report, prose: Prose) -> LaboratoryView:
    words = Wording(prose)
    views = [_experiment(experiment, words) for experiment in report.experiments]
    answers = [view for view in views if view.document.id is ExperimentId.ALLOCATION]
    failed = [left for left in report.left_out if isinstance(left.check, ExperimentId)]
    return LaboratoryView(
        experiments=views,
        allocation=f"{answers[0].finding} {answers[0].recommendation}" if answers else None,
        failed=[(str(prose["experiment"][left.check]["title"]), left) for left in failed],
    )


def _experiment(experiment: Experiment, words: Wording) -> ExperimentView:
    about = words.words[experiment.id]
    plots = {chart.id: plotted(chart, experiment.series, experiment.id, words) for chart in experiment.charts}
    columns = list(dict.fromkeys(chain.from_iterable(row.figures for row in experiment.rows)))
    return ExperimentView(
        document=experiment,
        title=about["title"],
        question=about["question"],
        finding=words.finding(experiment),
        recommendation=words.recommendation(experiment),
        plots=list(chain.from_iterable(plots.values())),
        unmeasured=[words.chart(experiment.id, chart) for chart in experiment.charts if not plots[chart.id]],
        columns=[words.label(column) for column in columns],
        lines=_lines(experiment.rows, columns, words),
        left_out=words.left_out(experiment),
    )


def _lines(rows: list[Row], columns: list[str], words: Wording) -> list[Line]:
    several = len({row.task for row in rows}) > 1
    return [_line(row, columns, words, several=several) for row in rows]


def _line(row: Row, columns: list[str], words: Wording, *, several: bool) -> Line:
    figures = [(row.figures.get(column), column) for column in columns]
    cells = [words.label(figure) if isinstance(figure, str) else shown(figure, column) for figure, column in figures]
    return Line(words.label(row.name), words.words["task"][row.task] if several and row.task else None, cells)
