"""The page's section on change, deletion, rollback and privacy: filled-in sentences, charts and shortened lists."""

from dataclasses import dataclass, field

from pilot.report.messages import Prose
from pilot.report.plots.curves import Axes, AxisLabel, Bar, RateChart, make_bar, sort_worst_first
from pilot.report.quantities import NO_BREAK, NumberFormat, format_milliseconds, format_number, get_number_format
from schemas.checks import Check, CheckId, Deletion, Part, Privacy, Retention, Rollback, Step, Switch
from schemas.report import Report

_UNCHANGED = "unchanged"
_ASKED_FOR = ("deleted", "spellings", "questions")
_SWITCHES_SHOWN = 10
_EPSILON_LABELS = ((0, f"ε{NO_BREAK}={NO_BREAK}0"), (4, "4"), (8, "8"), (12, "12"), (16, "16"))
FINE_TUNED = (0.44, 0.85)
"""Share of 2,000 facts still right after 20 edits by fine-tuning, by learning rate (tests/benchmarks/forgetting.py)."""


@dataclass(frozen=True, slots=True)
class ChangeAnswer:
    """One line of the summary: what happens in a case such as a change of facts."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class RetentionView:
    """Retention in words and bars. ages: pairs by the round that changed them last; relations: the worst first."""

    answer: ChangeAnswer
    details: Retention
    chart: RateChart
    ages: list[tuple[str, Bar]]
    relations: list[tuple[str, Bar]]
    priority: Part | None


@dataclass(frozen=True, slots=True)
class DeletionView:
    """Deletion in words and bars."""

    answer: ChangeAnswer
    details: Deletion
    parts: list[tuple[str, Bar]]


@dataclass(frozen=True, slots=True)
class RollbackView:
    """Rollback in words and bars, with the newest moves of the alias."""

    answer: ChangeAnswer
    details: Rollback
    parts: list[tuple[str, Bar]]
    switches: list[Switch]


@dataclass(frozen=True, slots=True)
class PrivacyView:
    """The figures on privacy, with the chart of the bound on recall."""

    details: Privacy
    chart: RateChart


@dataclass(slots=True)
class ChangeView:
    """All of the section. A view is None where its check was left out; `left_out` says which and why."""

    retention: RetentionView | None = None
    deletion: DeletionView | None = None
    rollback: RollbackView | None = None
    privacy: PrivacyView | None = None
    left_out: list[str] = field(default_factory=list)

    @property
    def answers(self) -> list[ChangeAnswer]:
        """The lines of the summary, of the checks that were made."""
        return [view.answer for view in (self.retention, self.deletion, self.rollback) if view is not None]


def build_change_view(report: Report, prose: Prose) -> ChangeView:
    """Build the section in the language of the prose."""
    missing = [left for left in report.left_out if isinstance(left.check, CheckId)]
    view, figures, colon = ChangeView(), get_number_format(prose), prose["marks"]["colon"]
    view.left_out = [f"{prose['check'][left.check]}{colon}{prose['left_out'][left.reason]}" for left in missing]
    for check in report.checks:
        match check.details:
            case Retention() as found:
                view.retention = _view_retention(check, found, prose["change"], figures)
            case Deletion() as found:
                view.deletion = _view_deletion(check, found, prose)
            case Rollback() as found:
                view.rollback = _view_rollback(check, found, prose)
            case Privacy() as found:
                view.privacy = PrivacyView(found, _draw_ceiling(found, figures))
    return view


def _view_retention(check: Check, found: Retention, words: Prose, figures: NumberFormat) -> RetentionView:
    names = {_UNCHANGED: str(words["never"])}
    for at, step in enumerate(found.steps, start=1):
        names[f"changed_{at}"] = str(words["in_round"]).format(n=at, share=figures.of_all(step.share))
    answer = ChangeAnswer(
        words["when_changed"],
        words["changed"].format(
            changed=format_number(sum(step.changed for step in found.steps)),
            rounds=len(found.steps),
            share=figures.of_all(max(step.share for step in found.steps)),
            right=format_number(check.right),
            asked=format_number(check.asked),
            forgotten=format_number(found.forgotten),
        ),
    )
    relations = [(each.part.name, each) for each in sort_worst_first(found.relations)]
    chart = _draw_retention(found.steps, words, figures)
    return RetentionView(answer, found, chart, _to_bars(check.parts, names), relations, check.priority)


def _view_deletion(check: Check, found: Deletion, prose: Prose) -> DeletionView:
    words = prose["change"]
    parts = {part.name: part for part in check.parts}
    same = found.digest_before == found.digest_restored
    answer = ChangeAnswer(
        words["when_deleted"],
        words["deleted"].format(
            deleted=format_number(found.deleted),
            answered=format_number(sum(parts[name].wrong for name in _ASKED_FOR)),
            asked=format_number(sum(parts[name].asked for name in _ASKED_FOR)),
            kept=format_number(parts["others"].right),
            others=format_number(parts["others"].asked),
            digest=words["digest_same" if same else "digest_differs"],
        ),
    )
    return DeletionView(answer, found, _to_bars(check.parts, prose["part"]))


def _view_rollback(check: Check, found: Rollback, prose: Prose) -> RollbackView:
    words = prose["change"]
    answer = ChangeAnswer(
        words["when_mistaken"],
        words["mistaken"].format(
            time=format_milliseconds(max(found.milliseconds)),
            right=format_number(check.right),
            asked=format_number(check.asked),
        ),
    )
    return RollbackView(answer, found, _to_bars(check.parts, prose["part"]), found.history[:_SWITCHES_SHOWN])


def _draw_retention(steps: list[Step], words: Prose, figures: NumberFormat) -> RateChart:
    """Draw the share of facts answered right after each round, and the band that fine-tuning leaves."""
    axes = Axes(width=len(steps))
    after = [(place, step.right / step.asked) for place, step in enumerate(steps, start=1)]
    labels = [AxisLabel(axes.x(place), figures.of_all(step.share)) for place, step in enumerate(steps, start=1)]
    return RateChart(
        x_labels=[AxisLabel(0.0, str(words["start"])), *labels],
        y_labels=axes.shares(figures),
        curves=[axes.curve("right", [(0, 1.0), *after])],
        marks=[axes.mark(x, y, (y, y)) for x, y in after],
        band=axes.band(*FINE_TUNED),
    )


def _draw_ceiling(found: Privacy, figures: NumberFormat) -> RateChart:
    """Draw the bound over epsilon, and the memory that was taught randomised answers."""
    axes, run = Axes(width=found.ceiling[-1].epsilon), found.randomised
    return RateChart(
        x_labels=[AxisLabel(axes.x(epsilon), text) for epsilon, text in _EPSILON_LABELS],
        y_labels=axes.shares(figures),
        curves=[axes.curve("limit", [(point.epsilon, point.recall) for point in found.ceiling])],
        marks=[] if run is None else [axes.mark(run.epsilon, run.rate, run.interval)],
        band=None,
    )


def _to_bars(parts: list[Part], names: Prose) -> list[tuple[str, Bar]]:
    """Return each part as a bar, with its name in words."""
    longest = max(part.asked for part in parts)
    return [(names[part.name], make_bar(part, longest)) for part in parts]
