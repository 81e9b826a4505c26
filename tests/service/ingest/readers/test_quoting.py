"""Quotes and lines: csv.reader's rules, the exact line of every row, and no half of a cell."""

from collections.abc import Callable

import pytest

from service.errors import UnusableFile
from service.ingest import Limits, ParsedFile

HEADER = "subject,relation,answer\n"
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]


def test_quoted_line_breaks_stay_as_they_are(read: Read, facts: AsFacts) -> None:
    """LF, CRLF and CR inside a cell are part of it, and later rows keep their physical lines."""
    parsed = read(HEADER + '"a\nb",r,"x\r\ny"\n"c\rd",r,z\ne,r,w\n')
    assert facts(parsed) == [("a\nb", "r", "x\r\ny"), ("c\rd", "r", "z"), ("e", "r", "w")]
    assert parsed.accepted.lines == [2, 5, 7]


def test_line_ends_may_be_mixed(read: Read, facts: AsFacts) -> None:
    """LF, CRLF and CR end rows alike, and none reaches an answer."""
    parsed = read("subject,relation,answer\r\na,r,1\nb,r,2\rc,r,3\r\n\rd,r,4")
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "2"), ("c", "r", "3"), ("d", "r", "4")]
    assert (parsed.accepted.lines, parsed.blank_lines) == ([2, 3, 4, 6], 1)


def test_other_separators_of_unicode_end_no_line(read: Read, facts: AsFacts) -> None:
    """U+2028, U+0085 and form feeds are characters of a cell."""
    parsed = read(HEADER + "a,r,x\u2028y\x85z\x0cw\n")
    assert facts(parsed) == [("a", "r", "x\u2028y\x85z\x0cw")]


def test_text_after_a_closing_quote_refuses_the_row(read: Read, facts: AsFacts) -> None:
    """The row is listed as it stands; the rows around it load."""
    parsed = read(HEADER + 'a,r,1\n"b"x,r,2\n"c",r,"3"\n')
    assert facts(parsed) == [("a", "r", "1"), ("c", "r", "3")]
    (refused,) = parsed.refused
    assert (refused.line, refused.code, refused.text) == (3, "row_malformed", '"b"x,r,2')


def test_a_space_before_an_opening_quote_refuses_the_row(read: Read, facts: AsFacts) -> None:
    """`a, "b, c"` would store half a cell; a properly quoted cell that looks alike is kept."""
    parsed = read(HEADER + 'a, "b, c", d\ne, "f", g\nh," ""i""",j\n')
    assert facts(parsed) == [("h", '"i"', "j")]
    assert [row.code for row in parsed.refused] == ["row_malformed", "row_malformed"]


def test_quotes_inside_a_bare_cell_are_text(read: Read, facts: AsFacts) -> None:
    """Inches need no escape."""
    assert facts(read(HEADER + '19" rack,size,19"\n')) == [('19" rack', "size", '19"')]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('a,r,"open\nb,r,2\n', 2),
        ('a,r,1\nb,"open\nc,r,"x"\n', 3),
        ('"two\nlines",r,"open\nc,r,"x, y"\n', 3),
        ('a,r,"' + "long " * 40_000 + "\nb,r,2\n", 2),
    ],
)
def test_an_unclosed_quote_names_the_line_that_opened_it(body: str, line: int, read: Read) -> None:
    """Nothing is stored, wherever the reader notices."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + body)
    assert (refused.value.code, refused.value.extra["line"]) == ("unclosed_quote", line)


def test_unbalanced_quotes_leave_the_row_ends_unclear(read: Read) -> None:
    """With an odd number of quotes nobody knows where the row ends."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + '"a"x"y,r,1\nb,r,2\n')
    assert (refused.value.code, refused.value.extra["line"]) == ("quoting_unclear", 2)


def test_mostly_malformed_rows_refuse_the_file(read: Read) -> None:
    """When most rows are malformed the file speaks another dialect."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + '"a"x,r,1\n"b"x,r,1\n"c"x,r,1\nd,r,2\n')
    assert refused.value.code == "quoting_unclear"


@pytest.mark.parametrize("row", ["'a','b','c'", "“a”,“b”,“c”", "`a`,`b`,`c`", "'a','b','c,d'\n'e','f','g'"])
def test_other_quotes_around_every_cell_are_asked_about(row: str, read: Read) -> None:
    """Quotes that CSV does not know would become part of every name."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + row + "\n")
    assert refused.value.code == "quoting_unclear"


def test_ragged_rows_are_refused(read: Read, facts: AsFacts) -> None:
    """A row with too many or too few cells is never cut or filled, and still says which pair it speaks of."""
    parsed = read(HEADER + "a,r,Plurinational State, of\nb,r\nc,r,1\n")
    assert facts(parsed) == [("c", "r", "1")]
    assert [(row.line, row.code) for row in parsed.refused] == [(2, "row_ragged"), (3, "row_ragged")]
    assert parsed.mentioned == {("a", "r"), ("b", "r")}


def test_delimiters_alone_end_a_file_but_are_rows_between_rows(read: Read) -> None:
    """A spreadsheet's cleared rows at the end are blank; a row without cells between facts is refused."""
    parsed = read(HEADER + "a,r,1\n,,\nb,r,2\n,,\n , ,\n\n")
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "field_missing")]
    assert parsed.blank_lines == 3


def test_a_repeated_header_is_a_rejected_row(read: Read, facts: AsFacts) -> None:
    """Only the whole header repeats it; a fact that uses header words is a fact."""
    parsed = read(HEADER + "a,r,1\nsubject,relation,answer\nsubject,relation,x\nrelation,subject,answer\n")
    assert facts(parsed) == [("a", "r", "1"), ("subject", "relation", "x"), ("relation", "subject", "answer")]
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "header_repeated")]
    assert parsed.mentioned == set()


@pytest.mark.parametrize("cell", ["x" * 11, '"' + "y," * 6 + '"', '"' + "z\n" * 6 + '"'])
def test_the_limit_of_a_cell_is_an_option(cell: str, read: Read, facts: AsFacts) -> None:
    """A longer cell refuses its row, with the whole text kept."""
    parsed = read(HEADER + f"a,r,{cell}\nb,r,{'w' * 10}\n", limits=Limits(max_field_chars=10))
    assert facts(parsed) == [("b", "r", "w" * 10)]
    (refused,) = parsed.refused
    assert (refused.line, refused.code, refused.text) == (2, "field_too_long", f"a,r,{cell}")


def test_the_limit_of_a_cell_may_be_raised(read: Read) -> None:
    """The C reader's own limit of 131,072 characters is no limit here."""
    long = "x" * 200_000
    parsed = read(HEADER + f'a,r,"{long}\n{long}"\nb,r,2\n', limits=Limits(max_field_chars=500_000))
    assert len(parsed.accepted.answers[0]) == 400_001
    assert parsed.accepted.lines == [2, 4]


@pytest.mark.parametrize("line", [b"," * 3_000_000, b'a,r,"' + b"x," * 3_000_000, b"x" * 5_000_000, b'""' * 5_000_000])
def test_one_endless_line_costs_little(line: bytes, read: Read) -> None:
    """Megabytes in one line are refused with a code, in linear time."""
    with pytest.raises(UnusableFile):
        read(b"subject,relation,answer\n" + line)


def test_too_many_lines_are_refused(read: Read) -> None:
    """Blank lines cost memory too."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + "\n" * 100, limits=Limits(max_lines=100))
    assert refused.value.code == "not_a_table"


def test_many_malformed_rows_take_linear_time(read: Read) -> None:
    """Reading on after a broken row does not start over."""
    body = '"a"x,r,1\nb,r,"c\nd"\n' * 20_000
    parsed = read(HEADER + body)
    assert (parsed.rejected, parsed.duplicate) == (20_000, 19_999)


def test_a_malformed_row_shows_its_bad_bytes(read: Read) -> None:
    """A row may be malformed and undecodable at once; its text can still be written as UTF-8."""
    parsed = read(HEADER.encode() + '"é"x,r,'.encode() + b"\xff\n" + "ä,r,1\nö,r,2\n".encode())
    assert [row.text for row in parsed.refused] == ['"é"x,r,\\xff']


def test_an_uncut_line_of_bad_bytes_can_be_shown(read: Read) -> None:
    """The message that shows the first line is UTF-8, whatever the line is."""
    with pytest.raises(UnusableFile, match=r"\\xff") as refused:
        read(b"no delimiter \xff here\n" + "né\nö\n".encode())
    assert refused.value.problem().model_dump_json()
