from hypothesis import given
from hypothesis import strategies as st

from pilot.report.messages import read_prose
from pilot.report.row_tables import build_tables
from pilot.report.wording import Wording
from schemas.experiments import Row, Task

WORDS = Wording(read_prose("en"), "")
FIGURES = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1000, 9999) | st.none(), min_size=1)
ROWS = st.lists(st.builds(Row, name=st.sampled_from("xyz"), task=st.sampled_from([*Task, None]), figures=FIGURES))


@given(ROWS)
def test_every_figure_of_a_row_has_its_cell(rows: list[Row]) -> None:
    """However rows are grouped and transposed, each measured figure is shown once, and a missing one is a dash."""
    cells = [cell for table in build_tables(rows, WORDS) for line in table.lines for cell in line.cells]
    figures = [f"{figure:,}" for row in rows for figure in row.figures.values() if isinstance(figure, int)]
    assert sorted(cell for cell in cells if cell != "–") == sorted(figures)


@given(ROWS)
def test_tables_are_whole(rows: list[Row]) -> None:
    """Every line has a cell for every column."""
    for table in build_tables(rows, WORDS):
        assert all(len(line.cells) == len(table.columns) for line in table.lines)


def test_few_rows_of_many_figures_are_turned() -> None:
    """The transposed table has one line for each figure, and each task has a table of its own with its name."""
    figures = {name: number for number, name in enumerate("abcdefgh")}
    rows = [Row(name="hybrid", task=task, figures=dict(figures)) for task in Task]
    first, second = build_tables([*rows, Row(name="exact_table", task=Task.SYNTHETIC, figures={"a": 5})], WORDS)
    assert (first.title, second.title) == ("synthetic task", "this table")
    assert first.columns == ["Hybrid", "Exact table"]
    assert [line.cells for line in first.lines][:2] == [["0", "5"], ["1", "–"]]


def test_long_tables_are_folded() -> None:
    """A long table is folded and a short one is not."""
    rows = [Row(name=f"r{n}", task=None, figures={"a": n, "b": n, "c": n}) for n in range(40)]
    assert [table.folded for table in build_tables(rows, WORDS)] == [True]
    assert [table.folded for table in build_tables(rows[:9], WORDS)] == [False]
