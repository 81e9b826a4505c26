"""What csv.writer writes is read back exactly."""

import csv
import io
from collections.abc import Callable

from hypothesis import assume, example, given
from hypothesis import strategies as st

from schemas.uploads import OnConflict
from service.errors import RequestError
from service.facts import trimmed
from service.ingest import ParsedFile
from service.ingest.options import Limits
from service.ingest.readers.csvrows import join_lines, read_rows, split_lines
from tests.examples import examples

Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]
Table = list[tuple[str, str, str]]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1, max_size=20)
JAPANESE = st.text(st.sampled_from("アイウ品番色赤0123ab ,;\t|\"'\n"), min_size=1, max_size=20)
DIALECT = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
    }
)


def tables(text: st.SearchStrategy[str]) -> st.SearchStrategy[Table]:
    cell = text.filter(lambda cell: bool(trimmed(cell)))
    return st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8)


def written(table: Table, dialect: dict[str, object]) -> str:
    """The table as csv.writer writes it. Cells with a lone CR, which it would leave bare, are quoted."""
    out = io.StringIO(newline="")
    quote_all = dialect | {"quoting": csv.QUOTE_ALL} if any("\r" in cell for row in table for cell in row) else dialect
    writer = csv.writer(out, **quote_all)  # type: ignore[arg-type]
    writer.writerow(("subject", "relation", "answer"))
    writer.writerows(table)
    return out.getvalue()


def as_read(table: Table) -> Table:
    """The facts that reading should give: names trimmed, each fact once."""
    wanted = [(trimmed(s), trimmed(r), a) for s, r, a in table]
    return list(dict.fromkeys(wanted))


@examples(100)
@given(table=tables(TEXT), dialect=DIALECT, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@example(table=[("a", "r", ' "x"')], dialect={"delimiter": ","}, encoding="utf-8")
def test_any_text_comes_back(
    table: Table, dialect: dict[str, object], encoding: str, read: Read, facts: AsFacts
) -> None:
    """Any Unicode text in any common dialect and Unicode encoding is read back exactly."""
    assume(not all(cell[0] in "'`‘“´" for row in table for cell in row))
    parsed = read(written(table, dialect).encode(encoding), on_conflict=OnConflict.MANY)
    assert facts(parsed) == as_read(table)
    assert parsed.rejected == 0


@examples(100)
@given(table=tables(JAPANESE), dialect=DIALECT, encoding=st.sampled_from(["cp932", "euc_jp", "iso2022_jp"]))
def test_japanese_text_comes_back_from_its_encodings(
    table: Table, dialect: dict[str, object], encoding: str, read: Read, facts: AsFacts
) -> None:
    """Text in a declared Japanese encoding is read back exactly."""
    assume(not all(cell[0] == "'" for row in table for cell in row))
    parsed = read(written(table, dialect).encode(encoding), encoding=encoding, on_conflict=OnConflict.MANY)
    assert facts(parsed) == as_read(table)


@examples(100)
@given(table=tables(TEXT), dialect=DIALECT)
def test_rows_know_their_place_in_the_file(table: Table, dialect: dict[str, object]) -> None:
    """The raw texts of all rows, joined, are the file; each parsed alone is its row."""
    text = written(table, dialect)
    lines = split_lines(text, Limits())
    rows = read_rows(lines, str(dialect["delimiter"]), Limits())
    assert "".join("".join(lines[a:b]) for a, b in zip(rows.starts, rows.stops, strict=True)) == text
    for row, start, stop in zip(rows.rows, rows.starts, rows.stops, strict=True):
        alone = csv.reader(split_lines(join_lines(lines, start, stop), Limits()), delimiter=str(dialect["delimiter"]))
        assert next(alone, []) == row


@examples(150)
@given(
    text=st.text(st.sampled_from('ab,"\n\r\\ \0é'), max_size=60).map("subject,relation,answer\n".__add__),
    limit=st.sampled_from([3, 100]),
)
def test_any_mess_is_counted_or_refused(text: str, limit: int, read: Read) -> None:
    """No mixture of quotes, delimiters and line ends makes the reader fail or lose a row."""
    try:
        parsed = read(text, limits=Limits(max_field_chars=limit))
    except RequestError:
        return
    assert len(parsed.accepted) + len(parsed.refused) == parsed.rows_read


@examples(100)
@given(data=st.binary(max_size=200), encoding=st.sampled_from([None, "utf-8", "cp932", "utf-16"]))
def test_any_bytes_are_counted_or_refused(data: bytes, encoding: str | None, read: Read) -> None:
    """No bytes make the reader fail."""
    try:
        parsed = read(b"subject,relation,answer\na,r,1\n" + data, encoding=encoding)
    except RequestError:
        return
    assert len(parsed.accepted) + len(parsed.refused) == parsed.rows_read
