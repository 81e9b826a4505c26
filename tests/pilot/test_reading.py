import csv
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from pilot.errors import UnusableInput
from pilot.reading import Reading, ReadingOptions, read_facts
from schemas.uploads import OnConflict

MANY = ReadingOptions(on_conflict=OnConflict.MANY)


def read(folder: Path, content: str | bytes, options: ReadingOptions = MANY, name: str = "facts.csv") -> Reading:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_facts(file, options)


ROWS = "subject,relation,answer\na,r,1\na,r,1\na,r,2\nb,r,3\n"


@pytest.mark.parametrize(
    ("on_conflict", "taught", "conflicting"),
    [
        (OnConflict.MANY, {("a", "r"): ("1", "2"), ("b", "r"): ("3",)}, 0),
        (OnConflict.FIRST, {("a", "r"): ("1",), ("b", "r"): ("3",)}, 1),
        (OnConflict.LAST, {("a", "r"): ("2",), ("b", "r"): ("3",)}, 1),
        (OnConflict.REFUSE, {("b", "r"): ("3",)}, 2),
    ],
)
def test_conflicts_are_resolved_as_asked(
    tmp_path: Path, on_conflict: OnConflict, taught: dict[tuple[str, str], tuple[str, ...]], conflicting: int
) -> None:
    """After duplicates are removed, `many` keeps the set, `first` and `last` one row, `refuse` none of the pair."""
    reading = read(tmp_path, ROWS, ReadingOptions(on_conflict=on_conflict))
    assert (reading.taught, reading.duplicate, reading.conflicting) == (taught, 1, conflicting)


@given(
    st.lists(st.tuples(*[st.sampled_from(["", " ", "a", "b\u3000", "1,2", 'q"', "x\ny"])] * 3), min_size=1, max_size=12)
)
def test_every_row_is_counted_once(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]) -> None:
    """The four counts add up to the rows read, under every rule for conflicts."""
    file = tmp_path_factory.mktemp("rows") / "facts.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("subject", "relation", "answer"), ("s", "r", "x"), *rows])
    for on_conflict in OnConflict:
        reading = read_facts(file, ReadingOptions(on_conflict=on_conflict))
        counted = reading.accepted + reading.duplicate + reading.conflicting + reading.rejected
        assert counted == reading.rows_read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp"])
def test_encodings_that_can_be_told(tmp_path: Path, encoding: str) -> None:
    """Files with a byte order mark and files in UTF-8, cp932 and EUC-JP are read without an option."""
    text = "主語,関係,答え\n部品-001,材質,ステンレス\n部品-002,材質,鉄\n"
    assert read(tmp_path, text.encode(encoding)).taught["部品-001", "材質"] == ("ステンレス",)


@pytest.mark.parametrize("encoding", ["iso2022_jp", "utf-16-le"])
def test_unclear_encodings_are_asked_for(tmp_path: Path, encoding: str) -> None:
    """An unclear encoding is refused with the option to set, and read once it is set."""
    data = "subject,relation,answer\n部品番号の名前,材質の種類,ステンレス鋼の板\n".encode(encoding)
    with pytest.raises(UnusableInput, match="--encoding"):
        read(tmp_path, data)
    assert read(tmp_path, data, ReadingOptions(encoding=encoding)).accepted == 1


def test_an_undecodable_row_is_rejected_alone(tmp_path: Path) -> None:
    """Broken bytes in a UTF-8 file reject the rows they are in and no others."""
    good = "".join(f"部品{n},色,赤\n" for n in range(30)).encode()
    reading = read(tmp_path, b"subject,relation,answer\n" + good + b"x,y,\xff\xfe\n")
    assert (reading.accepted, reading.rejected, reading.encoding) == (30, 1, "utf-8")


@pytest.mark.parametrize(
    "row",
    ["a,b", "a,b,c,d", ",r,x", "a, ,x", "a,r,\u3000", "a,r,\0", "subject,relation,answer", f"a,r,{'x' * 131_073}"],
)
def test_rows_that_cannot_be_taught_are_rejected(tmp_path: Path, row: str) -> None:
    """Ragged, incomplete, NUL, over-long and repeated header rows are counted, not taught."""
    reading = read(tmp_path, f"subject,relation,answer\ns,r,1\n{row}\n")
    assert (reading.rows_read, reading.rejected) == (2, 1)


def test_a_row_with_broken_quotes_is_rejected_alone(tmp_path: Path) -> None:
    """Text after a closing quote rejects its row; the rows after it are read."""
    reading = read(tmp_path, 'subject,relation,answer\na,r,"x"y\nb,r,1\n')
    assert (reading.taught, reading.rejected) == ({("b", "r"): ("1",)}, 1)


def test_empty_cells_are_a_row_only_before_the_end(tmp_path: Path) -> None:
    """Delimiters alone are a rejected row between facts and nothing at the file's end; a blank line is never a row."""
    assert read(tmp_path, "subject,relation,answer\na,r,1\n,,\n\nb,r,2\n,,\n").rejected == 1


@pytest.mark.parametrize(
    "content", ["", "\n\n", "subject,relation,answer\n", "a,b,c\n1,2,3\n", 'subject,relation,answer\na,r,"x\n']
)
def test_files_without_facts_are_refused(tmp_path: Path, content: str) -> None:
    """A file that is empty, has only a header, no known header or an unclosed quote is refused with a message."""
    with pytest.raises(UnusableInput):
        read(tmp_path, content)


def test_answers_are_kept_and_names_trimmed(tmp_path: Path) -> None:
    """White space is removed from the ends of names only; an answer keeps every character."""
    reading = read(tmp_path, "subject,relation,answer\n\u3000a b ,r , 007 \n")
    assert reading.taught == {("a b", "r"): (" 007 ",)}


@pytest.mark.parametrize(("name", "mark"), [("f.csv", ";"), ("f.csv", "|"), ("f.tsv", "\t"), ("f.csv", "\t")])
def test_delimiters_are_seen_in_the_header(tmp_path: Path, name: str, mark: str) -> None:
    """Semicolons, pipes and tabs are read as the header shows them."""
    content = ROWS.replace(",", mark)
    assert read(tmp_path, content, name=name).accepted == 3


def test_header_none_and_named(tmp_path: Path) -> None:
    """Without a header the columns are subject, relation, answer; named columns may stand in any order."""
    assert read(tmp_path, "a,r,1\n", ReadingOptions(header="none")).taught == {("a", "r"): ("1",)}
    named = read(tmp_path, "値,品番,属性,備考\n1,a,r,x\n", ReadingOptions(header="品番,属性,値"))
    assert named.taught == {("a", "r"): ("1",)}


def test_sheets_parquet_and_json_lines_are_text(tmp_path: Path) -> None:
    """A spreadsheet's 12.0 is the text 12; the same facts in every format read the same."""
    book = openpyxl.Workbook()
    for row in (["subject", "relation", "answer"], ["a", "r", 12], ["0012", "r", "x"]):
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    table = pa.table({"subject": ["a", "0012"], "relation": ["r", "r"], "answer": ["12", "x"]})
    parquet.write_table(table, tmp_path / "f.parquet")
    (tmp_path / "f.jsonl").write_text("\n".join(map(json.dumps, table.to_pylist())))
    readings = [read_facts(tmp_path / f"f.{ending}", MANY).taught for ending in ("xlsx", "parquet", "jsonl")]
    assert readings == [{("a", "r"): ("12",), ("0012", "r"): ("x",)}] * 3


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("部品マスタ 2024年\n\n主語,関係,答え\na,r,1\n", MANY),
        ("部品マスタ,,\n主語,関係,答え\na,r,1\n", MANY),
        ("品番,項目,値\na,r,1\n", ReadingOptions(header="品番,項目,値")),
        ("subject,relation,answer\na,r,1,\n", MANY),
        ("a,r,1,note\n", ReadingOptions(header="none")),
    ],
)
def test_what_stands_around_a_table_is_no_row(tmp_path: Path, text: str, options: ReadingOptions) -> None:
    """Titles above the header, empty cells beyond it and columns without a name do not count as rows."""
    reading = read(tmp_path, text, options)
    assert (reading.taught, reading.rows_read, reading.rejected) == ({("a", "r"): ("1",)}, 1, 0)


def test_stray_bytes_of_cp932_reject_their_row(tmp_path: Path) -> None:
    """Python decodes 0xFF there to a private character, which nobody wrote."""
    content = "主語,関係,答え\n部品,色,赤\n".encode("cp932") + b"b,r,\xff\n"
    reading = read(tmp_path, content, ReadingOptions(encoding="cp932"))
    assert (list(reading.taught), reading.rejected) == ([("部品", "色")], 1)


def test_a_quote_after_a_space_rejects_its_row(tmp_path: Path) -> None:
    """A cell with a quote after a space is ambiguous, so its row is rejected."""
    reading = read(tmp_path, 'subject,relation,answer\na, "r",1\nb,r,2\n')
    assert (list(reading.taught), reading.rejected) == ([("b", "r")], 1)


def test_json_lines_that_are_no_facts_are_rejected(tmp_path: Path) -> None:
    """Half a surrogate pair, a repeated key and a value that is not text reject their line."""
    lines = [
        '{"subject":"a","relation":"r","answer":"\\ud83d"}',
        '{"subject":"a","subject":"b","relation":"r","answer":"1"}',
        '{"subject":"a","relation":"r","answer":true}',
        '{"subject":"b","relation":"r","answer":1.50}',
    ]
    reading = read(tmp_path, "\n".join(lines), name="facts.jsonl")
    assert (reading.taught, reading.rejected) == ({("b", "r"): ("1.50",)}, 3)
