import math
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot.report.messages import read_prose
from pilot.report.plots import Plot, plot_chart
from pilot.report.plots.scales import Category, fit_scale
from pilot.report.plots.spacing import HIGH, spread_labels, text_width, thin_labels
from pilot.report.plots.styles import assign_styles
from pilot.report.wording import Wording
from schemas.experiments import Experiment, Point, Statement, Task
from tests.pilot import experimenting
from tests.pilot.experimenting import axis, points, series

WORDS = {lang: Wording(read_prose(lang), "") for lang in ("en", "ja")}
FINITE = st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: value if abs(value) > 1e-6 else 0.0)
EVERY = experimenting.every()


def drawings(experiment: Experiment, lang: str = "en") -> list[Plot]:
    return [plot for chart in experiment.charts for plot in plot_chart(chart, experiment.series, WORDS[lang])]


def drawn_points(plot: Plot) -> list[Point]:
    return [mark.point for each in plot.drawn for mark in each.marks]


@pytest.mark.parametrize("kind", ["linear", "log", "category"])
@given(values=st.lists(FINITE, max_size=8), levels=st.booleans())
def test_any_values_have_their_place(kind: str, values: list[float], levels: bool) -> None:
    """Whatever the values (none, one, equal, zero, negative), places lie on the axis in the order of the values; ticks
    are few, on the axis and in order.
    """
    whole = [float(abs(round(value)) % 9) for value in values] if kind == "category" else values
    found = fit_scale(axis("facts", kind), whole, levels=levels)
    places = [found.place(value) for value in sorted(whole)]
    assert all(0 <= place <= 100 for place in places)
    assert places == sorted(places)
    ticks = [found.place(value) for value in found.ticks()]
    assert ticks == sorted(ticks)
    assert len(ticks) <= 12


@given(st.lists(st.floats(1e-9, 1e9), min_size=2, max_size=6, unique=True))
def test_a_logarithmic_axis_keeps_ratios(values: list[float]) -> None:
    """Equal ratios are equal distances."""
    found = fit_scale(axis("facts", "log"), [1e-9, 1e9, *values], levels=True)
    each = (found.place(1e9) - found.place(1e-9)) / 18
    for low, high in pairwise(sorted(values)):
        assert found.place(high) - found.place(low) == pytest.approx(each * math.log10(high / low), abs=0.03)


def test_zero_has_a_place_of_its_own_on_a_logarithmic_axis() -> None:
    """Zero lies apart from the smallest positive value, below it, with a tick that says 0."""
    found = fit_scale(axis("facts", "log"), [0.0, 500.0, 1500.0], levels=True)
    assert found.place(0.0) == 0.0
    assert found.place(500.0) > 5
    assert found.ticks()[0] == 0.0


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("experiment", EVERY, ids=lambda experiment: experiment.id)
def test_every_mark_is_a_point_of_the_document(experiment: Experiment, lang: str) -> None:
    """No figure is drawn that is not in the document; a line goes through the document's points and no others."""
    known = {(point.x, point.y) for each in experiment.series for point in each.points}
    for plot in drawings(experiment, lang):
        assert {(point.x, point.y) for point in drawn_points(plot)} <= known
        for each in plot.drawn:
            assert len(each.line) in {0, *(len(held.points) for held in experiment.series)}
            said = {mark.title for mark in each.marks}
            assert all(title.startswith(each.name) for title in said)


@pytest.mark.parametrize("experiment", EVERY, ids=lambda experiment: experiment.id)
def test_every_point_of_the_document_is_drawn(experiment: Experiment) -> None:
    """Every point is a mark of its own series or, in a long series, a corner of its line."""
    held: Counter[tuple[str, str]] = Counter()
    for each in experiment.series:
        held[WORDS["en"].label(each.name), each.kind] += len(each.points)
    found: Counter[tuple[str, str]] = Counter()
    for drawn in (drawn for plot in drawings(experiment) for drawn in plot.drawn):
        found[drawn.name, drawn.kind] += max(len(drawn.line), len(drawn.marks))
    assert held.total() > 0
    assert held <= found


def test_places_are_figures() -> None:
    """A point is placed at its values on the axes with its interval around it; rows run from the top."""
    (plot,) = drawings(experimenting.heads())
    held = {mark.point.y: mark for mark in plot.drawn[0].marks}
    assert plot.rows
    assert [held[value].x for value in sorted(held)] == sorted(mark.x for mark in held.values())
    assert held[480.0].y < held[470.0].y  # the first row, and the last
    for mark in held.values():
        assert mark.whisker is not None
        assert mark.whisker[0] < mark.x < mark.whisker[2]
        assert mark.whisker[1] == mark.whisker[3] == mark.y


def test_series_are_told_apart_without_colour() -> None:
    """In one chart no two series have the same shape, filling, dashes and line; the same name keeps its shape."""
    held = experimenting.capacity().series
    found = assign_styles(held)
    assert len({(style.shape, style.filling, style.dash) for style in found}) == len(found)
    shapes: dict[tuple[str, str], str] = {}
    for each, style in zip(held, found, strict=True):
        assert shapes.setdefault((each.name, each.kind), style.shape) == style.shape


def test_two_tasks_with_much_to_see_are_drawn_apart_on_equal_axes() -> None:
    """Each chart names its task, shows theory as well, and has the same ticks."""
    first, second = drawings(experimenting.capacity())
    assert first.title == second.title == "Facts against parameters"
    assert (first.task, second.task) == ("this table", "synthetic task")
    assert first.x_ticks == second.x_ticks
    assert first.y_ticks == second.y_ticks
    assert [each.name for each in first.drawn] == [each.name for each in second.drawn]
    assert {each.kind for each in first.drawn} == {"measured", "theory", "published"}


def test_one_point_no_point_and_points_without_a_place_are_drawn() -> None:
    """A chart of one point has axes; a chart without points is not drawn, nor are points that are not finite."""
    charts = {chart.id: chart for chart in experimenting.budget().charts}
    held = experimenting.budget().series
    (single,) = plot_chart(charts["single"], held, WORDS["en"])
    assert len(drawn_points(single)) == 1
    assert single.x_ticks
    assert single.y_ticks
    assert plot_chart(charts["empty"], held, WORDS["en"]) == []
    strange = series("strange", "single", points([(1.0, math.inf), (math.nan, 2.0), (3.0, 4.0)]))
    (drawn,) = plot_chart(charts["single"], [strange], WORDS["en"])
    assert [point.x for point in drawn_points(drawn)] == [3.0]


@given(st.lists(st.floats(0, 100), max_size=7))
def test_names_at_line_ends_do_not_touch(places: list[float]) -> None:
    """Either every name has a line of text of its own, near the end of its line, or no name is written there."""
    moved = spread_labels(places)
    if moved is not None:
        apart = [below - above for above, below in pairwise(sorted(moved))]
        assert all(gap / 100 * HIGH > 13 for gap in apart)
        assert all(abs(after - before) < 7 for before, after in zip(places, moved, strict=True))


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted), st.sampled_from(["1", "1,000,000", "事実の数"])
)
def test_labels_along_an_axis_do_not_touch(places: list[float], text: str) -> None:
    """The first label is always written, and the written ones do not overlap."""
    kept = thin_labels(places, [text] * len(places), across=250)
    assert kept[0] == 0
    for left, right in pairwise(kept):
        assert (places[right] - places[left]) / 100 * 250 >= text_width(text)


@pytest.mark.parametrize(
    ("value", "quantity", "expected"),
    [
        (10_000.0, "parameters", "10,000"),
        (0.5, "share", "50%"),
        (9600, "bytes", "9.6\u00a0kB"),
        (14.8, "bytes_per_fact", "14.8"),
        (0.25, "train_seconds", "250\u00a0ms"),
        (3.1, "single_ms", "3.1\u00a0ms"),
        (999.7, "facts", "1,000"),
        (3e-7, "loss", "3 × 10⁻⁷"),
        (1e-6, "false", "10⁻⁶"),
        (2.5e12, "facts", "2.5 × 10¹²"),
        (-1000.0, "facts", "−1,000"),
        (None, "facts", "–"),
    ],
)
def test_quantities_read_well(value: float | None, quantity: str, expected: str) -> None:
    """The last word of a quantity's code decides how its figures are written."""
    assert WORDS["ja"].figures.shown(value, quantity) == expected


def test_codes_are_words_and_unknown_codes_stay_readable() -> None:
    """In both languages a code without a label is written as it is."""
    assert WORDS["en"].label("attention-heavy") == "Attention-heavy"
    assert WORDS["ja"].label("attention_heavy") == "注意層重視"
    assert WORDS["ja"].label("some_new_shape") == "some new shape"


def test_sentences_are_said_in_the_page_s_language() -> None:
    """Statements become sentences by their codes; if one is missing, the service's whole English text is shown."""
    known = Statement(code="part_of_the_facts", figures={"facts": 1000, "of": 20_000})
    said = experimenting.rank()
    spoken = said.model_copy(update={"statements": said.statements | {"finding": [known, known]}})
    assert [told.sentences for told in WORDS["ja"].finding(spoken)] == [
        ["20,000件から無作為に選んだ1,000件で実施しました。"] * 2
    ]
    assert WORDS["ja"].recommendation(spoken) == said.recommendation
    assert [told.sentences for told in WORDS["en"].finding(spoken)] == [[said.finding]]
    missing = Statement(code="not_enough_time", figures={"what": "mlp, hybrid", "seconds": 30.0})
    spoken = said.model_copy(update={"statements": said.statements | {"left_out": [missing]}})
    assert "MLPのみ、ハイブリッド" in WORDS["ja"].left_out(spoken)[0]


def test_a_row_of_categories_is_as_high_as_its_series_need() -> None:
    """A row is high enough for the marks of all its series, which stand beside each other."""
    chart = experimenting.heads().charts[0]
    several = [series(name, "largest", points(enumerate((1.0, 2.0, 3.0))), task=Task.DICTIONARY) for name in "abcdef"]
    (plot,) = plot_chart(chart, several, WORDS["en"])
    heights = sorted(mark.y / 100 * plot.height * 16 for each in plot.drawn for mark in each.marks)
    assert len(heights) == 18
    assert all(after - before > 8 for before, after in pairwise(heights))
    assert isinstance(fit_scale(chart.x, [0.0, 1.0, 2.0], levels=False), Category)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_titles_name_both_axes(lang: str) -> None:
    """Every chart has a heading and titles for both axes (except rows with names) in the page's language."""
    for experiment in EVERY:
        for plot in drawings(experiment, lang):
            assert plot.title
            assert plot.x_title
            assert plot.y_title or plot.rows
            assert not re.search(r"\w_\w|{", plot.title + plot.x_title + plot.y_title)
