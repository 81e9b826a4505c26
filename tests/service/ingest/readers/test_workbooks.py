"""Excel workbooks: cells as a person would type them."""

import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.uploads import FindingKind, Layout, OnConflict
from service.errors import UnusableFile
from tests.examples import examples
from tests.service.ingest.workbooks import HEADER, XLSX, AsFacts, Read, Sheet, replaced_part, workbook


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (-0.5, "-0.5"),
        (4901234567894, "4901234567894"),
        (1234567890123456, "1234567890123456"),
        (9007199254740994, "9007199254740990"),
        (1e21, "1e+21"),
        (True, "TRUE"),
        (False, "FALSE"),
        (dt.date(2024, 6, 1), "2024-06-01"),
        (dt.datetime(2024, 6, 1), "2024-06-01"),
        (dt.datetime(2024, 6, 1, 12, 30), "2024-06-01T12:30:00"),
        (dt.time(9, 5), "09:05:00"),
        (dt.timedelta(hours=30), "30:00:00"),
        ("0012", "0012"),
        (" 赤  青 ", " 赤  青 "),
        ("a\nb", "a\nb"),
        ("NA", "NA"),
    ],
)
def test_cells_become_the_text_a_person_would_type(cell: object, text: str, read: Read) -> None:
    """Whole numbers have no .0, dates are in ISO 8601, and text is unchanged."""
    assert read(workbook(facts=[HEADER, ("a", "r", cell)]), XLSX).accepted.answers == [text]


SHEETS: dict[str, Sheet] = {"メモ": [("見出し", "x")], "空": [], "事実": [("主語", "関係", "答え"), ("a", "r", "1")]}


def test_the_sheet_with_the_header_is_read(read: Read, facts: AsFacts) -> None:
    """The sheet with a header is read, and a finding counts the rows of the others."""
    parsed = read(workbook(**SHEETS), XLSX)
    assert facts(parsed) == [("a", "r", "1")]
    (finding,) = parsed.findings
    assert (finding.kind, finding.count) == (FindingKind.SHEETS_IGNORED, 2)
    assert "'メモ' (1 rows)" in finding.message
    assert "sheet=NAME" in finding.message


def test_several_sheets_are_a_question(read: Read, facts: AsFacts) -> None:
    """Two tables are asked about; by name one is read, and `all` reads those that have the same columns."""
    sheets = {**SHEETS, "旧": [("主語", "関係", "答え"), ("b", "r", "2"), ("c", "r", None)]}
    with pytest.raises(UnusableFile, match="sheet=NAME") as asked:
        read(workbook(**sheets), XLSX)
    assert asked.value.extra["try"] == "sheet=all"
    readings = asked.value.extra["readings"]
    assert isinstance(readings, list)
    assert [reading["facts"] for reading in readings] == [[["a", "r", "1"]], [["b", "r", "2"]]]
    assert facts(read(workbook(**sheets), XLSX, sheet="旧")) == [("b", "r", "2")]
    both = read(workbook(**sheets), XLSX, sheet="all")
    assert (facts(both), both.rows_read, list(both.accepted.lines)) == ([("a", "r", "1"), ("b", "r", "2")], 3, [2, 2])
    assert both.refused[0].detail.startswith("Sheet '旧': ")
    with pytest.raises(UnusableFile, match="differ") as asked:
        read(workbook(**{**SHEETS, "new": [HEADER, ("b", "r", "2")]}), XLSX, sheet="all")
    assert facts(read(workbook(**sheets), XLSX, sheet=" 事実")) == [("a", "r", "1")]
    with pytest.raises(UnusableFile, match="no sheet named 'x'"):
        read(workbook(**SHEETS), XLSX, sheet="x")


def formatted(cells: Sequence[tuple[object, str]]) -> bytes:
    """A workbook with a fact for each cell and number format: the subjects are its rows, from 2 on."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for line, (cell, form) in enumerate(cells, 2):
        sheet.append((f"row {line}", "r", cell))
        sheet.cell(line, 3).number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("cell", "form", "taken", "shown"),
    [
        (2035, "00000", "02035", None),
        (600001, "000-0000", "060-0001", None),
        (7, '0000"番"', "0007番", None),
        (7, '"No."000', "No.007", None),
        (0.15, "0%", "15%", None),
        (0.075, "0.00%", "7.50%", None),
        (0.07525, "0.0%", "7.525%", "7.5%"),
        (1234.5, "#,##0.00", "1234.5", None),
        (1234.567, "#,##0.00", "1234.567", "1,234.57"),
        (1200, '#,##0"円"', "1200", "1,200円"),
        (-3, "0;[Red]0", "-3", "3"),
        (0.1 + 0.2, "General", "0.3", None),
        (1234567890123456, "General", "1234567890123456", "1234567890123460"),
        (45762, "yyyy/m/d", "2025-04-15", None),
        (45762, '[$-411]ggge"年"m"月"d"日"', "2025-04-15", None),
        (45762, '[$-411]ggge"年"', "2025-04-15", "令和7年"),
        (45762.5, "m/d/yy h:mm", "2025-04-15T12:00:00", None),
        (0, "yyyy/m/d", "0", "1900/1/0"),
        (-1, "yyyy/m/d", "-1", "#####"),
        (2958466, "yyyy/m/d", "2958466", "#####"),
        (1.25, "[h]:mm", "30:00:00", None),
        ("0042", "00000", "0042", None),
    ],
)
def test_what_a_cell_shows_is_taken_or_told(cell: object, form: str, taken: str, shown: str | None, read: Read) -> None:
    """Codes and percentages are taken as shown, dates by ISO 8601; a finding tells what shows something else."""
    parsed = read(formatted([(cell, form), ("x", "General")]), XLSX)
    assert parsed.accepted.answers[0] == taken
    told = [finding.message for finding in parsed.findings if finding.kind is FindingKind.SHOWN_OTHERWISE]
    assert told == [] if shown is None else f"shown {shown}, taken {taken} (line 2)" in told[0]


def test_what_is_hidden_is_told(read: Read, facts: AsFacts) -> None:
    """A visible sheet comes before a hidden one; hidden rows and columns are read, and said to be hidden."""
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(old=[HEADER, ("a", "r", "0")], new=[HEADER, ("a", "r", "1"), ("b", "r", "2")]))
    )
    book["old"].sheet_state = "veryHidden"
    book["new"].row_dimensions[3].hidden = True
    book["new"].column_dimensions["B"].hidden = True
    out = io.BytesIO()
    book.save(out)
    parsed = read(out.getvalue(), XLSX)
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "2")]
    found = {finding.kind: finding.message for finding in parsed.findings}
    assert "'relation'" in found[FindingKind.HIDDEN_CELLS]
    assert "the rows 3 (1)" in found[FindingKind.HIDDEN_CELLS]
    assert "'old' (hidden) (2 rows)" in found[FindingKind.SHEETS_IGNORED]
    old = read(out.getvalue(), XLSX, sheet="old")
    assert facts(old) == [("a", "r", "0")]
    assert any(finding.kind is FindingKind.SHEET_HIDDEN for finding in old.findings)


def test_a_visible_table_of_another_layout_comes_before_a_hidden_one(read: Read, facts: AsFacts) -> None:
    """A wide table that is seen is asked about, though a hidden sheet would fit as it is."""
    rows = [
        ("部品マスタ",),
        ("品番", "寸法", None, "材質"),
        (None, "長さ", "幅", None),
        (1, 10, 20, "鋼"),
        (2, 11, None, "銅"),
    ]
    book = openpyxl.load_workbook(io.BytesIO(workbook(old=[HEADER, ("a", "r", "0")], 部品=rows)))
    book["old"].sheet_state = "hidden"
    for merged in ("A2:A3", "B2:C2", "D2:D3"):
        book["部品"].merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(UnusableFile, match="layout=wide&subject=品番") as asked:
        read(out.getvalue(), XLSX)
    readings = asked.value.extra["readings"]
    assert isinstance(readings, list)
    assert readings[0]["facts"] == [["1", "寸法 / 長さ", "10"], ["1", "寸法 / 幅", "20"], ["1", "材質", "鋼"]]
    wide = read(out.getvalue(), XLSX, layout=Layout.WIDE, subject="品番")
    assert len(facts(wide)) == 5
    assert facts(read(out.getvalue(), XLSX, sheet="old")) == [("a", "r", "0")]


def test_merged_cells_are_refused_with_their_range(read: Read, facts: AsFacts) -> None:
    """A row whose subject is covered by a merged cell is refused, and told why; in a wide table a covered answer is."""
    rows = [("品番", "項目", "値"), ("a", "r", "1"), (None, "s", "2"), (None, "t", "3"), ("b", "r", "4")]
    book = openpyxl.load_workbook(io.BytesIO(workbook(x=rows)))
    book["x"].merge_cells("A2:A4")
    out = io.BytesIO()
    book.save(out)
    parsed = read(out.getvalue(), XLSX)
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "4")]
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "field_missing"), (4, "field_missing")]
    assert "The cell A4 is a part of the merged cell A2:A4" in parsed.refused[1].detail
    wide = read(out.getvalue(), XLSX, layout=Layout.WIDE, subject="値", relations="品番")
    assert [(subject, answer) for subject, _, answer in facts(wide)] == [("1", "a"), ("4", "b")]
    assert (wide.rejected, wide.empty_cells) == (2, 0)


def test_merged_titles_are_joined_as_far_as_they_reach(read: Read, facts: AsFacts) -> None:
    """The name of a group belongs to the columns under its merged cell, and to no others."""
    rows = [("品番", "寸法", None, None), (None, "長さ", "幅", "備考"), ("a", 1, 2, "x")]
    book = openpyxl.load_workbook(io.BytesIO(workbook(x=rows)))
    for merged in ("A1:A2", "B1:C1"):
        book["x"].merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    parsed = read(out.getvalue(), XLSX, layout=Layout.WIDE, subject="品番")
    assert [relation for _, relation, _ in facts(parsed)] == ["寸法 / 長さ", "寸法 / 幅", "備考"]


def test_a_merged_cell_may_be_one(read: Read, facts: AsFacts) -> None:
    """Some programs write merged ranges of a single cell, which cover nothing."""
    data = workbook(x=[HEADER, ("a", "r", "1")])
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="A2"/></mergeCells>'
    data = replaced_part(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", merged))
    assert facts(read(data, XLSX)) == [("a", "r", "1")]


def test_a_sheet_may_be_called_all(read: Read, facts: AsFacts) -> None:
    """Its name means this sheet where there is one, and every sheet where there is none."""
    data = workbook(all=[HEADER, ("a", "r", "1")], other=[HEADER, ("b", "r", "2")])
    assert facts(read(data, XLSX, sheet="all")) == [("a", "r", "1")]


@examples(25)
@given(
    number=st.integers(0, 10**9),
    width=st.integers(1, 12),
    share=st.decimals("-10", "10", places=4, allow_nan=False),
    decimals=st.integers(0, 3),
    day=st.dates(dt.date(1900, 3, 1), dt.date(9999, 12, 31)),
    form=st.sampled_from(["yyyy/m/d", "d-mmm-yy", '[$-411]ggge"年"m"月"d"日"', "aaaa", "m/d"]),
    number_form=st.sampled_from(["General", "#,##0.0000", "0.000000", "@", '#,##0.0000"円"']),
)
def test_numbers_of_every_format_are_what_was_meant(  # noqa: PLR0917 - one for each kind of number
    number: int, width: int, share: Decimal, decimals: int, day: dt.date, form: str, number_form: str, read: Read
) -> None:
    """Codes with their zeros, percentages with all their digits, dates by ISO 8601, other numbers as they are."""
    cells = [
        (number, "0" * width),
        (float(share), f"0.{'0' * decimals}%" if decimals else "0%"),
        (day, form),
        (float(share), number_form),
    ]
    whole, _, rest = f"{abs(share) * 100:f}".partition(".")
    rest = rest.rstrip("0").ljust(decimals, "0")
    percent = f"{'-' if share < 0 else ''}{whole}{'.' if rest else ''}{rest}%"
    plain = f"{share:f}".rstrip("0").rstrip(".")
    wanted = [str(number).zfill(width), percent, day.isoformat(), "0" if plain == "-0" else plain]
    assert read(formatted(cells), XLSX).accepted.answers == wanted


def test_lines_are_those_of_the_sheet(read: Read, facts: AsFacts) -> None:
    """Lines are row numbers of the sheet, wherever the table starts; empty rows are gaps."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for at, row in {3: HEADER, 4: ("a", "r", 1), 7: ("b", "r", 2), 8: ("c", None, 3)}.items():
        for column, cell in enumerate(row, 2):
            sheet.cell(at, column, cell)
    out = io.BytesIO()
    book.save(out)
    parsed = read(out.getvalue(), XLSX)
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "2")]
    assert list(parsed.accepted.lines) == [4, 7]
    assert [(row.line, row.code, row.text) for row in parsed.refused] == [(8, "field_missing", ",c,,3")]


def test_formulas_without_a_value_are_refused(read: Read, facts: AsFacts) -> None:
    """A row with a formula that was never computed, or ended in an error, is refused."""
    rows = [HEADER, ("a", "r", "=1+1"), ("b", "r", "x"), ("c", "r", "#N/A"), ("d", "r", None)]
    parsed = read(workbook(facts=rows), XLSX)
    assert facts(parsed) == [("b", "r", "x")]
    assert [(row.line, row.code) for row in parsed.refused] == [
        (2, "formula_uncomputed"),
        (4, "formula_uncomputed"),
        (5, "field_missing"),
    ]


def test_formulas_elsewhere_do_not_matter(read: Read) -> None:
    """Uncomputed formulas outside the three columns are ignored."""
    parsed = read(workbook(facts=[(*HEADER, "note"), ("a", "r", "1", "=1+1")]), XLSX)
    assert (len(parsed.accepted), parsed.ignored_columns) == (1, ["note"])


def test_counting_is_the_same_as_for_text(read: Read) -> None:
    """Duplicates, conflicts and repeated headers of a sheet are refused with the same codes as in text."""
    rows = [HEADER, ("a", "r", 1), ("a", "r", 1.0), HEADER, ("b", "r", 1), ("b", "r", 2)]
    parsed = read(workbook(facts=rows), XLSX, on_conflict=OnConflict.FIRST)
    assert [(row.line, row.code) for row in parsed.refused] == [
        (3, "duplicate"),
        (4, "header_repeated"),
        (6, "conflict"),
    ]


def test_sheets_without_a_header_can_be_read_by_place(read: Read, facts: AsFacts) -> None:
    """header=none starts with the first row of the first sheet that has one."""
    assert facts(read(workbook(x=[], y=[("a", "r", 1)]), XLSX, header="none")) == [("a", "r", "1")]


def test_titles_may_stand_above_the_header(read: Read, facts: AsFacts) -> None:
    """A merged title and a date above the header are left out and shown in a finding."""
    parsed = read(workbook(x=[("部品マスタ",), (), ("作成", dt.date(2024, 6, 1)), HEADER, ("a", "r", 1)]), XLSX)
    assert (facts(parsed), list(parsed.accepted.lines), parsed.rows_read) == ([("a", "r", "1")], [5], 1)
    (finding,) = parsed.findings
    assert (finding.kind, finding.count) == (FindingKind.LINES_ABOVE_HEADER, 2)
    assert [(example.line, example.subject) for example in finding.examples] == [(1, "部品マスタ"), (3, "作成")]
