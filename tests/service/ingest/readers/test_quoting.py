"""Quotes and lines: csv.reader's rules, the exact line of every row, and no half of a cell."""

from collections.abc import Callable

import pytest

from service.errors import UnusableFile
from service.ingest import Limits, ParsedFile

HEADER = "subject,relation,answer\n"
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]


def test_quoted_line_breaks_stay_as_they_are(read: Read, facts: AsFacts) -> None:
    """Line breaks inside a cell are kept, and later rows keep their physical line numbers."""
    parsed = read(HEADER + '"a\nb",r,"x\r\ny"\n"c\rd",r,z\ne,r,w\n')
    assert facts(parsed) == [("a\nb", "r", "x\r\ny"), ("c\rd", "r", "z"), ("e", "r", "w")]
    assert list(parsed.accepted.lines) == [2, 5, 7]


def test_line_ends_may_be_mixed(read: Read, facts: AsFacts) -> None:
    """LF, CRLF and CR end rows alike, and none reaches an answer."""
    parsed = read("subject,relation,answer\r\na,r,1\nb,r,2\rc,r,3\r\n\rd,r,4")
    assert facts(parsed) == [("a", "r", "1"), ("b", "r", "2"), ("c", "r", "3"), ("d", "r", "4")]
    assert (list(parsed.accepted.lines), parsed.blank_lines) == ([2, 3, 4, 6], 1)


def test_other_separators_of_unicode_end_no_line(read: Read, facts: AsFacts) -> None:
    """U+2028, U+0085 and form feeds are characters of a cell."""
    parsed = read(HEADER + "a,r,x\u2028y\x85z\x0cw\n")
    assert facts(parsed) == [("a", "r", "x\u2028y\x85z\x0cw")]


def test_a_mark_before_a_quote_is_no_part_of_a_cell(read: Read, facts: AsFacts) -> None:
    """Exports that are joined have a byte order mark before the first cell of each; one inside a quote is text."""
    parsed = read('\ufeff\ufeff"subject","relation","answer"\n"a","r","x\n\ufeff""y"""\n\ufeff"b, c","r","2"\n')
    assert facts(parsed) == [("a", "r", 'x\n\ufeff"y"'), ("b, c", "r", "2")]
    assert (list(parsed.accepted.lines), parsed.refused) == ([2, 4], [])


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a\x1a\r\n"])
def test_ctrl_z_in_a_last_line_of_its_own_is_no_row(read: Read, facts: AsFacts, end: str) -> None:
    """DOS programs end a file so; within a cell the character is kept."""
    parsed = read(f"{HEADER}a\x1a,r,1\n\x1a,r,2\n{end}")
    assert facts(parsed) == [("a\x1a", "r", "1"), ("\x1a", "r", "2")]
    assert parsed.refused == []


def test_text_after_a_closing_quote_refuses_the_row(read: Read, facts: AsFacts) -> None:
    """A row with text after a closing quote is refused as written; the rows around it are accepted."""
    parsed = read(HEADER + 'a,r,1\n"b"x,r,2\n"c",r,"3"\n')
    assert facts(parsed) == [("a", "r", "1"), ("c", "r", "3")]
    (refused,) = parsed.refused
    assert (refused.line, refused.code, refused.text) == (3, "row_malformed", '"b"x,r,2')


def test_a_space_before_an_opening_quote_refuses_the_row(read: Read, facts: AsFacts) -> None:
    """`a, "b, c"` is refused, since half a cell would be stored; a quoted cell that looks alike is kept."""
    parsed = read(HEADER + 'a, "b, c", d\ne, "f", g\nh," ""i""",j\n')
    assert facts(parsed) == [("h", '"i"', "j")]
    assert [row.code for row in parsed.refused] == ["row_malformed", "row_malformed"]


def test_quotes_inside_a_bare_cell_are_text(read: Read, facts: AsFacts) -> None:
    """Quotes inside an unquoted cell, such as inch marks, are text."""
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
    """An unclosed quote refuses the file and names the line that opened it."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + body)
    assert (refused.value.code, refused.value.extra["line"]) == ("unclosed_quote", line)


def test_unbalanced_quotes_leave_the_row_ends_unclear(read: Read) -> None:
    """An odd number of quotes refuses the file, since it is unclear where the row ends."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + '"a"x"y,r,1\nb,r,2\n')
    assert (refused.value.code, refused.value.extra["line"]) == ("quoting_unclear", 2)


def test_mostly_malformed_rows_refuse_the_file(read: Read) -> None:
    """A file of mostly malformed rows is refused as a whole."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + '"a"x,r,1\n"b"x,r,1\n"c"x,r,1\nd,r,2\n')
    assert refused.value.code == "quoting_unclear"


@pytest.mark.parametrize("row", ["'a','b','c'", "“a”,“b”,“c”", "`a`,`b`,`c`", "'a','b','c,d'\n'e','f','g'"])
def test_other_quotes_around_every_cell_are_asked_about(row: str, read: Read) -> None:
    """A file whose cells are all in quotes that CSV does not know is refused."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + row + "\n")
    assert refused.value.code == "quoting_unclear"


def test_ragged_rows_are_refused(read: Read, facts: AsFacts) -> None:
    """A row with too many or too few cells is refused, and its pair is still mentioned."""
    parsed = read(HEADER + "a,r,Plurinational State, of\nb,r\nc,r,1\n")
    assert facts(parsed) == [("c", "r", "1")]
    assert [(row.line, row.code) for row in parsed.refused] == [(2, "row_ragged"), (3, "row_ragged")]
    assert parsed.mentioned == {("a", "r"), ("b", "r")}


def test_delimiters_alone_end_a_file_but_are_rows_between_rows(read: Read) -> None:
    """Rows of delimiters alone are blank at the end of a file and refused between facts."""
    parsed = read(HEADER + "a,r,1\n,,\nb,r,2\n,,\n , ,\n\n")
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "field_missing")]
    assert parsed.blank_lines == 3


def test_a_repeated_header_is_a_rejected_row(read: Read, facts: AsFacts) -> None:
    """A row that repeats the whole header is refused; a fact that uses words of it is kept."""
    parsed = read(HEADER + "a,r,1\nsubject,relation,answer\nsubject,relation,x\nrelation,subject,answer\n")
    assert facts(parsed) == [("a", "r", "1"), ("subject", "relation", "x"), ("relation", "subject", "answer")]
    assert [(row.line, row.code) for row in parsed.refused] == [(3, "header_repeated")]
    assert parsed.mentioned == set()


@pytest.mark.parametrize("cell", ["x" * 11, '"' + "y," * 6 + '"', '"' + "z\n" * 6 + '"'])
def test_the_limit_of_a_cell_is_an_option(cell: str, read: Read, facts: AsFacts) -> None:
    """A row with a cell beyond the limit is refused, with its whole text."""
    parsed = read(HEADER + f"a,r,{cell}\nb,r,{'w' * 10}\n", limits=Limits(max_field_chars=10))
    assert facts(parsed) == [("b", "r", "w" * 10)]
    (refused,) = parsed.refused
    assert (refused.line, refused.code, refused.text) == (2, "field_too_long", f"a,r,{cell}")


def test_the_limit_of_a_cell_may_be_raised(read: Read) -> None:
    """The limit can be raised above the C reader's own limit of 131,072 characters."""
    long = "x" * 200_000
    parsed = read(HEADER + f'a,r,"{long}\n{long}"\nb,r,2\n', limits=Limits(max_field_chars=500_000))
    assert len(parsed.accepted.answers[0]) == 400_001
    assert list(parsed.accepted.lines) == [2, 4]


@pytest.mark.parametrize("line", [b"," * 3_000_000, b'a,r,"' + b"x," * 3_000_000, b"x" * 5_000_000, b'""' * 5_000_000])
def test_one_endless_line_costs_little(line: bytes, read: Read) -> None:
    """Megabytes in one line are refused with a code."""
    with pytest.raises(UnusableFile):
        read(b"subject,relation,answer\n" + line)


def test_too_many_lines_are_refused(read: Read) -> None:
    """A file with too many lines, even blank ones, is refused."""
    with pytest.raises(UnusableFile) as refused:
        read(HEADER + "\n" * 100, limits=Limits(max_lines=100))
    assert refused.value.code == "not_a_table"


def test_many_malformed_rows_take_linear_time(read: Read) -> None:
    """Reading goes on after each malformed row without starting over."""
    body = '"a"x,r,1\nb,r,"c\nd"\n' * 20_000
    parsed = read(HEADER + body)
    assert (parsed.rejected, parsed.duplicate) == (20_000, 19_999)


def test_a_malformed_row_shows_its_bad_bytes(read: Read) -> None:
    """The text of a row that is malformed and undecodable can be written as UTF-8."""
    parsed = read(HEADER.encode() + '"é"x,r,'.encode() + b"\xff\n" + "ä,r,1\nö,r,2\n".encode())
    assert [row.text for row in parsed.refused] == ['"é"x,r,\\xff']


def test_an_uncut_line_of_bad_bytes_can_be_shown(read: Read) -> None:
    """The error that quotes the first line can be written as UTF-8, whatever the line holds."""
    with pytest.raises(UnusableFile, match=r"\\xff") as refused:
        read(b"no delimiter \xff here\n" + "né\nö\n".encode())
    assert refused.value.problem().model_dump_json()
