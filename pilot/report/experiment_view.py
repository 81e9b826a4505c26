"""What the page says of the experiments: sentences in its language, charts placed, tables in order."""

from dataclasses import dataclass
from itertools import chain

from pilot.report.plots import Plot, plotted
from pilot.report.quantities import shown
from pilot.report.wording import Prose, Wording
from schemas.checks import LeftOut
from schemas.experiments import Experiment, ExperimentId, Row
from schemas.report import Report

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class TableView:
    """Rows that have the same figures, in words. tasks: of each row, where there are several; long: whether it is
    folded away.
    """

    columns: list[str]
    names: list[str]
    tasks: list[str] | None
    cells: list[list[str]]

    @property
    def rows(self) -> list[tuple[str, str | None, list[str]]]:
        tasks: list[str | None] = [*self.tasks] if self.tasks else [None] * len(self.names)
        return list(zip(self.names, tasks, self.cells, strict=True))

    @property
    def long(self) -> bool:
        return len(self.names) > _SHOWN


@dataclass(frozen=True, slots=True)
class ExperimentView:
    document: Experiment
    title: str
    question: str
    finding: str
    recommendation: str
    plots: list[Plot]
    unmeasured: list[str]
    tables: list[TableView]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class LaboratoryView:
    """allocation: the answer that stands at the top of the page; failed: what brought no result, with its code."""

    experiments: list[ExperimentView]
    allocation: str | None
    failed: list[tuple[str, LeftOut]]


def laboratory_view(report: Report, prose: Prose) -> LaboratoryView:
    views = [_experiment(made, Wording(prose, made.id)) for made in report.experiments]
    answers = [view for view in views if view.document.id is ExperimentId.ALLOCATION]
    failed = [left for left in report.left_out if isinstance(left.check, ExperimentId)]
    return LaboratoryView(
        experiments=views,
        allocation=f"{answers[0].finding} {answers[0].recommendation}" if answers else None,
        failed=[(str(prose["experiment"][left.check]["title"]), left) for left in failed],
    )


def _experiment(experiment: Experiment, words: Wording) -> ExperimentView:
    about = words.words[experiment.id]
    plots = {chart.id: plotted(chart, experiment.series, words) for chart in experiment.charts}
    return ExperimentView(
        document=experiment,
        title=about["title"],
        question=about["question"],
        finding=words.finding(experiment),
        recommendation=words.recommendation(experiment),
        plots=list(chain.from_iterable(plots.values())),
        unmeasured=[words.chart(chart) for chart in experiment.charts if not plots[chart.id]],
        tables=_tables(experiment.rows, words),
        left_out=words.left_out(experiment),
    )


def _tables(rows: list[Row], words: Wording) -> list[TableView]:
    """One for each set of figures that rows have."""
    kinds: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        kinds.setdefault(tuple(row.figures), []).append(row)
    return [_table(columns, alike, words) for columns, alike in kinds.items()]


def _table(columns: tuple[str, ...], rows: list[Row], words: Wording) -> TableView:
    names = words.words["task"]
    several = len({row.task for row in rows}) > 1
    return TableView(
        columns=[words.label(column) for column in columns],
        names=[words.label(row.name) for row in rows],
        tasks=[names[row.task] if row.task else "" for row in rows] if several else None,
        cells=[[_cell(row.figures[column], column, words) for column in columns] for row in rows],
    )


def _cell(figure: float | str | None, column: str, words: Wording) -> str:
    return words.label(figure) if isinstance(figure, str) else shown(figure, column)
