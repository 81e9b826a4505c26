"""The page's section on the experiments: sentences in its language, charts and tables."""

from dataclasses import dataclass
from itertools import chain

from pilot.report.messages import Prose
from pilot.report.plots import Plot, plot_chart
from pilot.report.row_tables import RowTable, build_tables
from pilot.report.wording import TaskSentences, Wording
from schemas.checks import LeftOut
from schemas.experiments import Experiment, ExperimentId
from schemas.report import Report


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """One experiment in words. unmeasured: the titles of the charts without a point; left_out: what was not tried."""

    document: Experiment
    title: str
    question: str
    finding: list[TaskSentences]
    recommendation: str
    plots: list[Plot]
    unmeasured: list[str]
    tables: list[RowTable]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class LaboratoryView:
    """All experiments. allocation: the recommendation at the top of the page; failed: those that had no result."""

    experiments: list[ExperimentView]
    allocation: str | None
    failed: list[tuple[str, LeftOut]]


def build_laboratory_view(report: Report, prose: Prose) -> LaboratoryView:
    """Build the section in the language of the prose."""
    views = [_build_experiment_view(made, Wording(prose, made.id)) for made in report.experiments]
    allocation = [view.recommendation for view in views if view.document.id is ExperimentId.ALLOCATION]
    failed = [left for left in report.left_out if isinstance(left.check, ExperimentId)]
    return LaboratoryView(
        experiments=views,
        allocation=next(iter(allocation), None),
        failed=[(str(prose["experiment"][left.check]["title"]), left) for left in failed],
    )


def _build_experiment_view(experiment: Experiment, words: Wording) -> ExperimentView:
    about = words.words[experiment.id]
    plots = {chart.id: plot_chart(chart, experiment.series, words) for chart in experiment.charts}
    return ExperimentView(
        document=experiment,
        title=about["title"],
        question=about["question"],
        finding=words.finding(experiment),
        recommendation=words.recommendation(experiment),
        plots=list(chain.from_iterable(plots.values())),
        unmeasured=[words.chart(chart) for chart in experiment.charts if not plots[chart.id]],
        tables=build_tables(experiment.rows, words),
        left_out=words.left_out(experiment),
    )
