"""Finding the three columns: no fact is eaten as a header, and no guess is made where two readings are possible."""

from collections.abc import Callable

import pytest

from schemas.uploads import FindingKind
from service.errors import UnusableFile
from service.ingest import ParsedFile

FACT = [("a", "r", "1")]
Read = Callable[..., ParsedFile]
AsFacts = Callable[[ParsedFile], list[tuple[str, str, str]]]


@pytest.mark.parametrize(
    "header",
    [
        "subject,relation,answer",
        " Subject ,RELATION,Ａｎｓｗｅｒ",
        "主語,関係,答え",
        "主語（部品）,関係,答え(値)",
        "対象,属性,値",
        "項目,属性,値",
        "対象,項目,回答",
        "品名,項目名,内容",
        "entity,attribute,value",
        "Subject Name,Predicate,Object",
        "head,relation,tail",
        "エンティティ,プロパティ,バリュー",
        "品番,項目,値",
        "主体,関係,対象",
        "Part No.,Attribute,Value",
        "得意先,項目,値",
        "対象,項目,値",
    ],
)
def test_headers_are_recognised_in_english_and_japanese(header: str, read: Read, facts: AsFacts) -> None:
    """Synonyms in any width and case name the columns; the header is reported as written."""
    parsed = read(f"{header}\na,r,1\n")
    assert facts(parsed) == FACT
    assert parsed.header == header.split(",")
    assert list(parsed.columns) == ["subject", "relation", "answer"]


def test_columns_may_stand_in_any_order(read: Read, facts: AsFacts) -> None:
    """Columns may be in any order; further columns are ignored and listed."""
    parsed = read("備考,答え,,主語,関係\nx,1,y,a,r\n")
    assert facts(parsed) == FACT
    assert parsed.ignored_columns == ["備考", "column 3"]
    assert parsed.columns == {"subject": "主語", "relation": "関係", "answer": "答え"}
    assert [finding.kind for finding in parsed.findings] == [FindingKind.EXTRA_COLUMNS]


def test_plain_names_win_over_synonyms(read: Read, facts: AsFacts) -> None:
    """A column called `value` beside `answer` is ignored."""
    assert facts(read("value,subject,relation,answer\nx,a,r,1\n")) == FACT


@pytest.mark.parametrize(
    ("above", "options"),
    [
        ("部品マスタ 2024年\n", {}),
        ("部品マスタ,,\n,,\n作成者,山田,\n", {}),
        ("\n# exported\n\n", {}),
        ("部品マスタ\n", {"header": "主語,関係,答え"}),
        ("部品マスタ\n", {"delimiter": ","}),
    ],
)
def test_titles_may_stand_above_the_header(above: str, options: dict[str, str], read: Read, facts: AsFacts) -> None:
    """Lines above the header are left out and shown in a finding, and count neither as rows nor as blank."""
    parsed = read(f"{above}主語,関係,答え\na,r,1\n", **options)
    assert (facts(parsed), parsed.rows_read, parsed.rejected) == (FACT, 1, 0)
    (finding,) = parsed.findings
    written = [line for line in above.split("\n") if line.strip(",")]
    assert (finding.kind, finding.count) == (FindingKind.LINES_ABOVE_HEADER, len(written))
    assert [example.subject for example in finding.examples] == [line.split(",")[0] for line in written]
    assert parsed.blank_lines == above.count("\n") - len(written)


def test_titles_may_stand_above_facts_without_a_header(read: Read, facts: AsFacts) -> None:
    """header=none begins with the first row that can be a fact."""
    assert facts(read("部品マスタ\na,r,1\n", header="none")) == FACT


def test_delimiters_at_the_end_of_every_row_are_an_empty_column(read: Read, facts: AsFacts) -> None:
    """A delimiter at the end of every line is harmless; at the end of one line it refuses the row."""
    parsed = read("subject,relation,answer\na,r,1,\n\nb,r,2,\n")
    assert facts(parsed) == [*FACT, ("b", "r", "2")]
    assert parsed.ignored_columns == ["column 4"]
    mixed = read("subject,relation,answer\na,r,1\nb,r,2,\n")
    assert [(row.line, row.code) for row in mixed.refused] == [(3, "row_ragged")]


def test_without_a_header_columns_go_by_place(read: Read, facts: AsFacts) -> None:
    """header=none takes the first row as a fact."""
    parsed = read("a;r;1\nb;r;2\n", header="none")
    assert facts(parsed) == [*FACT, ("b", "r", "2")]
    assert (parsed.header, list(parsed.accepted.lines)) == ([], [1, 2])


@pytest.mark.parametrize("option", ["name\n(ID),r,v", '"name\n(ID)",r,v', "name\r\n(ID),r,v"])
def test_a_named_column_may_have_a_line_break(option: str, read: Read, facts: AsFacts) -> None:
    """Titles of worksheets often do; the option takes them as they stand."""
    assert facts(read('"name\n(ID)",r,v\na,b,c\n', header=option)) == [("a", "b", "c")]


def test_columns_may_be_named(read: Read, facts: AsFacts) -> None:
    """header=A,B,C picks columns by their names in the file, quoted where they hold commas."""
    assert facts(read("n,Part,What,Val\n9,a,r,1\n", header="part,what,val")) == FACT
    assert facts(read('"Part, no.";What;Val\na;r;1\n', header='"Part, no.",What,Val')) == FACT


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("主語,関係,答え\nsubject,relation,answer\na,r,1\n", True),
        ("主語,関係,答え\nしゅご,かんけい,こたえ\na,r,1\n", True),
        ("answer,subject,relation\n答え,主語,関係\n1,a,r\n", True),
        ("主語,関係,答え\nリンゴ,いろ,red\na,r,1\n", False),
        ("subject,relation,answer\nりんご,いろ,あか\na,r,1\n", False),
        ("subject,relation,answer\na,r,1\n主語,関係,答え\n", False),
    ],
)
def test_a_second_header_is_taught_and_told(text: str, told: bool, read: Read) -> None:
    """A row of titles right below the header may be a fact, so it is kept; a finding shows it."""
    parsed = read(text)
    assert len(parsed.accepted) == 2
    assert [finding.examples[0].line for finding in parsed.findings if finding.kind == "second_header"] == [2] * told


def test_notes_of_three_cells_may_stand_above_a_named_header(read: Read, facts: AsFacts) -> None:
    """Where the columns are named, the first row that has the names is the header; what is above it is shown."""
    parsed = read("部品,表,2024\nx,y,z\na,r,1\n", header="x,y,z")
    assert facts(parsed) == FACT
    assert [(each.line, each.subject, each.answer) for each in parsed.findings[0].examples] == [(1, "部品", "2024")]


@pytest.mark.parametrize(
    ("text", "header", "code"),
    [
        ("アンドラ,英語名,Andorra\nb,r,2\n", "auto", "header_unclear"),
        ("部品,表,2024\n主語,関係,答え\na,r,1\n", "auto", "header_unclear"),
        ("対象,項目\na,r\n", "auto", "header_unclear"),
        ("subject,relation\na,r\n", "auto", "column_missing"),
        ("subject,relation,answer,answer\na,r,1,2\n", "auto", "header_unclear"),
        ("subject,主語,relation,answer\na,a,r,1\n", "auto", "header_unclear"),
        ("a,r\n", "none", "column_missing"),
        ("subject,relation,answer\na,r,1\n", "part,what,val", "column_missing"),
        ("subject,relation,answer\na,r,1\n", "subject,relation", "header_unclear"),
        ("subject,relation,answer\na,r,1\n", "subject,subject,answer", "header_unclear"),
        ("x,x,relation,answer\na,b,r,1\n", "x,relation,answer", "header_unclear"),
        ("subject:relation:answer\na:r:1\n", "auto", "delimiter_unclear"),
        ("subject,relation,answer\n", "auto", "no_usable_row"),
        ("\ufeff \n\n", "auto", "empty_file"),
        ("\n,,\n ;;\n", "auto", "empty_file"),
        ("\x1a", "auto", "empty_file"),
        ("\ufeff\n\x1a\r\n", "none", "empty_file"),
    ],
)
def test_an_unclear_header_is_asked_about(text: str, header: str, code: str, read: Read) -> None:
    """An unclear header is refused with a code, and the error quotes the header."""
    with pytest.raises(UnusableFile) as refused:
        read(text, header=header)
    assert refused.value.code == code


def test_the_question_names_the_option(read: Read) -> None:
    """The error quotes the first row and names the options to send."""
    with pytest.raises(UnusableFile, match=r"アンドラ \| 英語名 \| Andorra.*header=none.*header=SUBJECT"):
        read("アンドラ,英語名,Andorra\n")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters_are_found_by_the_header(delimiter: str, read: Read, facts: AsFacts) -> None:
    """The delimiter is the one that makes the first row a header, whatever the answers contain."""
    text = "\n\nsubject,relation,answer\na,r,1\n".replace(",", delimiter) + f'b{delimiter}r{delimiter}"x,y;z|w\tv"\n'
    parsed = read(text)
    assert facts(parsed) == [*FACT, ("b", "r", "x,y;z|w\tv")]
    assert parsed.delimiter == delimiter


@pytest.mark.parametrize("declared", [":", "tab", "\\t", "Semicolon", "\x01", "、"])
def test_a_declared_delimiter_wins(declared: str, read: Read, facts: AsFacts) -> None:
    """Any single character can be declared as the delimiter."""
    character = {"tab": "\t", "\\t": "\t", "Semicolon": ";"}.get(declared, declared)
    parsed = read("subject,relation,answer\na,r,1\n".replace(",", character), delimiter=declared)
    assert (facts(parsed), parsed.delimiter) == (FACT, character)


@pytest.mark.parametrize("declared", ["||", "", '"', "\n", "\0"])
def test_a_delimiter_is_one_character(declared: str, read: Read) -> None:
    """Quotes, line ends and longer strings are refused as delimiters."""
    with pytest.raises(UnusableFile) as refused:
        read("subject,relation,answer\na,r,1\n", delimiter=declared)
    assert refused.value.code == "delimiter_unclear"


def test_the_media_type_declares_tabs(read: Read, facts: AsFacts) -> None:
    """text/tab-separated-values declares tabs, unless the file has none."""
    tabs = "text/tab-separated-values"
    assert facts(read("subject\trelation\tanswer\na\tr\t1,2\n", tabs)) == [("a", "r", "1,2")]
    assert facts(read("subject,relation,answer\na,r,1\n", tabs)) == FACT


def test_excels_sep_line_is_a_declaration(read: Read, facts: AsFacts) -> None:
    """`sep=;` in the first line declares the delimiter and is not a row."""
    parsed = read("sep=;\r\nsubject;relation;answer\r\na;r;1\r\n")
    assert (facts(parsed), list(parsed.accepted.lines), parsed.blank_lines) == (FACT, [3], 0)
