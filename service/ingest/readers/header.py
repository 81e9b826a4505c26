"""Finding out which columns are subject, relation and answer.

A header is recognised only if it names all three; otherwise the first row might be a fact, and the file is refused with
a question. Titles are recognised in English and Japanese: plain names first, then clear synonyms, then words for a key
(`品番`), then words that can mean two roles, which count only if they leave one reading of the whole header.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from schemas.problems import Code
from schemas.uploads import Example, Finding, FindingKind, Layout
from service.errors import UnusableFile
from service.facts import WHITE_SPACE, Facts, is_blank, trimmed
from service.ingest.options import Options
from service.ingest.table import AnyHeader, Header, WideHeader

AUTO, NONE = "auto", "none"
HEAD_ROWS = 20  # the header is searched for in this many rows
BETWEEN = " / "  # stands between the name of a group and that of a column

_DIGIT = re.compile(r"\d")

_READING = re.compile("[\u3041-\u309f\u30a0-\u30ff\uff66-\uff9f ]+")
_KANJI = re.compile("[\u3400-\u9fff]")
_EXAMPLES = 5
_SHOWN_CELLS = 12
_SHOWN_CHARS = 40


def resolve_header(cells: Sequence[str], options: Options) -> AnyHeader:
    """Read `cells`, the row in the header's place, by the options. Raises UnusableFile (422) where it is no header."""
    if options.layout is Layout.WIDE:
        return _resolve_wide(cells, options)
    if names_header(options, NONE):
        return _number_columns(cells)
    if names_header(options, AUTO):
        return Header(list(cells), _recognise(cells), name_columns(cells))
    return Header(list(cells), _find_named(cells, options.header), name_columns(cells))


def names_header(options: Options, word: str) -> bool:
    """Whether the header option is this word, in any case."""
    return options.header.strip().lower() == word


def is_header(cells: Sequence[str], options: Options) -> bool:
    """Whether `resolve_header` would accept this row."""
    try:
        resolve_header(cells, options)
    except UnusableFile:
        return False
    return True


def locate_header(rows: Sequence[Sequence[str]], options: Options) -> int:
    """The index of the header among a file's first rows, or of the row that is in its place.

    Titles and notes may come before it, but nothing that could be a fact, unless an option names the columns: then the
    first row that has these names is the header.
    """
    if options.layout is Layout.WIDE or not (names_header(options, AUTO) or names_header(options, NONE)):
        named = next((at for at, row in enumerate(rows[:HEAD_ROWS]) if has_names(row, options)), None)
        if named is not None:
            return named
    for at, row in enumerate(rows[:HEAD_ROWS]):
        if len(row) - sum(map(is_blank, row)) >= len(ROLES) or is_header(row, options):
            return at
    return 0


@dataclass(frozen=True, slots=True)
class TitleRows:
    """The header among a file's first rows: its cells, and the first and the last row that it takes up."""

    cells: list[str]
    first: int
    last: int


def find_titles(rows: Sequence[Sequence[str]], options: Options, reach: Sequence[dict[int, int]] = ()) -> TitleRows:
    """Find the header among a file's first rows, or the row that is in its place.

    reach: for each row, the first and the last column of its merged cells; where none are known, the name of a group
    reaches up to the next one.

    In a wide table it may take up two rows, of which one names groups of columns, as with merged cells. They are one
    header where the columns of the subject are empty in one of the two, and a group or the lack of a name tells that
    the other is not enough. Their names are joined: `Size / Length`.
    """
    at = locate_header(rows, options)
    alone = TitleRows(list(rows[at]), at, at)
    if options.layout is Layout.LONG or not has_names(rows[at], options):
        return alone
    subjects = find_subject(rows[at], options)
    if at + 1 < len(rows) and _are_below(rows[at], rows[at + 1], subjects):
        return TitleRows(_join_rows(rows[at], rows[at + 1], subjects, reach[at] if reach else None), at, at + 1)
    if at > 0 and _are_groups(rows[at - 1], rows[at], subjects):
        return TitleRows(_join_rows(rows[at - 1], rows[at], subjects, reach[at - 1] if reach else None), at - 1, at)
    return alone


def _are_below(titles: Sequence[str], row: Sequence[str], subjects: Sequence[int]) -> bool:
    """Whether a row has the names of columns for which the row above has none of their own."""
    if len(row) != len(titles) or not all(is_blank(row[at]) for at in subjects):
        return False
    names = Counter(map(trimmed, titles))
    return any(
        not is_blank(cell) and (is_blank(title) or names[trimmed(title)] > 1)
        for title, cell in zip(titles, row, strict=True)
    )


def _are_groups(groups: Sequence[str], titles: Sequence[str], subjects: Sequence[int]) -> bool:
    """Whether a row has names for groups of columns: none over the subject, and one over several columns."""
    if len(groups) != len(titles) or not all(is_blank(groups[at]) for at in subjects):
        return False
    if any(map(_DIGIT.search, groups)):
        return False
    spans = (
        not is_blank(group) and is_blank(following) and not is_blank(title)
        for group, following, title in zip(groups, groups[1:], titles[1:], strict=False)
    )
    return any(spans)


def _join_rows(
    groups: Sequence[str], titles: Sequence[str], subjects: Sequence[int], reach: dict[int, int] | None
) -> list[str]:
    """The names of two rows, those of groups before those of columns; equal names are one."""
    cells, group, last = list[str](), "", 0
    for at, (above, below) in enumerate(zip(groups, titles, strict=True)):
        if at in subjects or is_blank(below) or at > last:
            group = ""
        if not is_blank(above):
            group, last = trimmed(above), len(groups) if reach is None else reach.get(at, at)
        parts = [trimmed(above) if at in subjects else group, trimmed(below)]
        cells.append(BETWEEN.join(dict.fromkeys(filter(None, parts))))
    return cells


def report_titles(rows: Sequence[Sequence[str]], lines: Sequence[int], titles: TitleRows) -> list[Finding]:
    """The findings about a header among the first rows, whose lines are given: what was left out above it, and that it
    takes up two rows.
    """
    found = _report_lines_above(rows[: titles.first], lines[: titles.first])
    if titles.first < titles.last:
        message = (
            f"The header takes up the lines {lines[titles.first]} and {lines[titles.last]}; their names were joined: "
            f"{quote_row(titles.cells)}."
        )
        kind = FindingKind.HEADER_ROWS_JOINED
        found.append(Finding(kind=kind, message=message, count=2, relation=None, examples=[]))
    return found


def has_names(cells: Sequence[str], options: Options) -> bool:
    """Whether a row has the columns that the options name. In a wide table those of its subject are enough: the names
    of the relations may take up two rows.
    """
    if options.layout is Layout.LONG or options.subject is None:
        return is_header(cells, options)
    with suppress(UnusableFile):
        return bool(find_subject(cells, options))
    return False


def _report_lines_above(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> list[Finding]:
    """The finding that shows the rows above the header, which were left out; empty where there are none."""
    if not rows:
        return []
    cells = [[*row, "", "", ""] for row in rows]
    shown = [
        Example(line=at, subject=row[0], relation=row[1], answer=row[2]) for at, row in zip(lines, cells, strict=True)
    ]
    message = "Lines above the header were left out: they are titles or notes."
    kind = FindingKind.LINES_ABOVE_HEADER
    return [Finding(kind=kind, message=message, count=len(rows), relation=None, examples=shown[:_EXAMPLES])]


def report_second_header(facts: Facts, header: AnyHeader) -> list[Finding]:
    """The finding that the first fact looks like a second header: titles in another language, or how the titles above
    them are read. It is taught nevertheless, since a fact may be named so.
    """
    if isinstance(header, WideHeader) or not header.cells or not len(facts):
        return []
    first = (facts.subjects[0], facts.relations[0], facts.answers[0])
    titled = find_roles(first) == {role: [at] for at, role in enumerate(ROLES)}
    above = [header.cells[at] for at in header.positions]
    if not titled and not (all(map(_READING.fullmatch, first)) and all(map(_KANJI.search, above))):
        return []
    message = (
        "The first row below the header looks like a second header. It was taken as a fact; delete it if it is none."
    )
    shown = Example(line=facts.lines[0], subject=first[0], relation=first[1], answer=first[2])
    return [Finding(kind=FindingKind.SECOND_HEADER, message=message, count=1, relation=None, examples=[shown])]


def name_columns(cells: Sequence[str]) -> list[str]:
    """The names of all columns; `column N` for one whose title is empty."""
    return [trimmed(cell) or f"column {at}" for at, cell in enumerate(cells, 1)]


def _number_columns(cells: Sequence[str]) -> Header:
    if len(cells) < len(ROLES):
        raise UnusableFile(
            f"header=none needs three columns, and the first row has {len(cells)}: {quote_row(cells)}. "
            "If the columns are separated by another character, name it with delimiter=.",
            code=Code.COLUMN_MISSING,
        )
    return Header([], (0, 1, 2), [f"column {at}" for at in range(1, len(cells) + 1)])


def _recognise(cells: Sequence[str]) -> tuple[int, int, int]:
    found = find_roles(cells)
    if all(len(found.get(role, [])) == 1 for role in ROLES):
        return found["subject"][0], found["relation"][0], found["answer"][0]
    raise _not_recognised(cells, found)


def _not_recognised(cells: Sequence[str], found: dict[str, list[int]]) -> UnusableFile:
    seen = quote_row(cells)
    doubled = [role for role in ROLES if len(found.get(role, [])) > 1]
    missing = [role for role in ROLES if role not in found]
    name_them = "Name the three columns with header=SUBJECT,RELATION,ANSWER (their names in your file)"
    if doubled:
        return UnusableFile(
            f"Several columns could be the {doubled[0]}. The header reads: {seen}. {name_them}.",
            code=Code.HEADER_UNCLEAR,
            header=list(cells),
        )
    if len(missing) == 1:
        return UnusableFile(
            f"There is no column for the {missing[0]}. The header reads: {seen}. {name_them}, or add the column.",
            code=Code.COLUMN_MISSING,
            header=list(cells),
            missing=missing,
        )
    return UnusableFile(
        f"The first row names no columns subject, relation and answer (or 主語, 関係, 答え). It reads: {seen}. "
        f"If it is already a fact, send header=none. {name_them}.",
        code=Code.HEADER_UNCLEAR,
        header=list(cells),
        missing=missing,
    )


def _resolve_wide(cells: Sequence[str], options: Options) -> WideHeader:
    if not names_header(options, AUTO):
        raise UnusableFile(
            "header= is for long tables: in a wide one, the header names the relations. Leave out header=.",
            code=Code.HEADER_UNCLEAR,
            **options.offer(header=None),
        )
    subjects = find_subject(cells, options)
    if options.relations is not None and options.ignore is not None:
        raise UnusableFile("Send relations= or ignore=, not both.", code=Code.HEADER_UNCLEAR)
    named = {at for at, cell in enumerate(cells) if not is_blank(cell)}
    if options.relations is not None:
        relations = _find_columns_named(cells, options.relations, "relations")
    else:
        ignored = _find_columns_named(cells, options.ignore, "ignore") if options.ignore is not None else ()
        relations = tuple(sorted(named.difference(subjects, ignored)))
    if both := set(relations).intersection(subjects):
        raise UnusableFile(
            f"The column {trimmed(cells[min(both)])!r} cannot be the subject and a relation.", code=Code.HEADER_UNCLEAR
        )
    if not relations:
        raise UnusableFile(
            f"No column is left for a relation. The header reads: {quote_row(cells)}.",
            code=Code.COLUMN_MISSING,
            header=list(cells),
        )
    _refuse_equal_names(cells, relations, options)
    unnamed = set(range(len(cells))) - named if options.relations is None else set[int]()
    return WideHeader(list(cells), subjects, relations, name_columns(cells), tuple(sorted(unnamed)))


def _refuse_equal_names(cells: Sequence[str], relations: Sequence[int], options: Options) -> None:
    names = [trimmed(cells[at]) for at in relations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        unique = [name for name in names if names.count(name) == 1]
        raise UnusableFile(
            f"Several columns are named {twice!r}, and a relation has one. Rename them, or name the columns that are "
            "wanted with relations=A,B.",
            code=Code.HEADER_UNCLEAR,
            header=list(cells),
            **(options.offer(relations=join_names(unique), ignore=None) if unique else {}),
        )


def find_subject(cells: Sequence[str], options: Options) -> tuple[int, ...]:
    if options.subject is None:
        raise UnusableFile(
            "layout=wide needs subject=COLUMN, the name of the column with the subjects; subject=A,B joins several. "
            f"The header reads: {quote_row(cells)}.",
            code=Code.HEADER_UNCLEAR,
            header=list(cells),
        )
    return _find_columns_named(cells, options.subject, "subject")


def _find_columns_named(cells: Sequence[str], option: str, name: str) -> tuple[int, ...]:
    names = _split_names(option)
    if not names or any(map(is_blank, names)):
        raise UnusableFile(
            f"{name}= takes column names separated by commas, not {option[:80]!r}.", code=Code.HEADER_UNCLEAR
        )
    found = tuple(_find_column(cells, each) for each in names)
    if len(set(found)) < len(found):
        raise UnusableFile(f"{name}={option[:80]} names one column twice.", code=Code.HEADER_UNCLEAR)
    return found


def join_names(names: Sequence[str]) -> str:
    """Column names as an option has them: parted by commas, in double quotes where they contain one."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(names)
    return out.getvalue()


def _split_names(option: str) -> list[str]:
    """The names of an option, parted by commas. A name may contain line breaks, and in double quotes also commas."""
    if '"' not in option:
        return option.split(",")
    try:
        return next(csv.reader([option]), [])
    except csv.Error:
        return []


def _find_named(cells: Sequence[str], option: str) -> tuple[int, int, int]:
    wanted = _split_names(option)
    if len(wanted) != len(ROLES):
        raise UnusableFile(
            f"header= takes auto, none or three column names separated by commas, not {option[:80]!r}.",
            code=Code.HEADER_UNCLEAR,
        )
    subject, relation, answer = (_find_column(cells, name) for name in wanted)
    if len({subject, relation, answer}) < len(ROLES):
        raise UnusableFile(f"header={option[:80]} names one column twice.", code=Code.HEADER_UNCLEAR)
    return subject, relation, answer


def _find_column(cells: Sequence[str], name: str) -> int:
    exact = [at for at, cell in enumerate(cells) if trimmed(cell) == trimmed(name)]
    places = exact or [at for at, cell in enumerate(cells) if normalise_title(cell) == normalise_title(name)]
    if len(places) == 1:
        return places[0]
    raise UnusableFile(
        f"The header has {'several columns' if places else 'no column'} named {name.strip()[:80]!r}. "
        f"It reads: {quote_row(cells)}. Give the names as they are written there.",
        code=Code.HEADER_UNCLEAR if places else Code.COLUMN_MISSING,
        header=list(cells),
    )


def quote_row(cells: Sequence[str]) -> str:
    shown = " | ".join(cell[:_SHOWN_CHARS] for cell in cells[:_SHOWN_CELLS])
    return f"{shown} | … ({len(cells)} columns)" if len(cells) > _SHOWN_CELLS else shown


ROLES = ("subject", "relation", "answer")

_Words = dict[str, frozenset[str]]


def _words(subject: str, relation: str, answer: str) -> _Words:
    return {role: frozenset(words.split()) for role, words in zip(ROLES, (subject, relation, answer), strict=True)}


_PLAIN = _words("subject 主語", "relation 関係", "answer 答え")
_CLEAR = _words(
    "subj subjects subjectname subjectid entity entityname head item itemname 主体 主題 対象名 実体 品名 品目 "
    "見出し 見出し語 名称 名前 サブジェクト エンティティ エンティティー しゅご",
    "relations rel relationname relationship predicate property propertyname attribute attributename field "
    "関係名 関連 関係性 述語 属性 属性名 性質 特性 プロパティ プロパティー リレーション アトリビュート "
    "項目名 かんけい",
    "answers answertext value values object objectname tail target 答 答案 こたえ 回答 解答 応答 "
    "値 属性値 項目値 目的語 内容 バリュー アンサー オブジェクト",
)
_KEYS = _words(
    "id key code name partno partnumber productcode キー コード 番号 品番 型番 部品 部品番号 部品名 部品コード "
    "商品 商品名 商品コード 製品 製品名 製品コード 顧客 顧客名 得意先 得意先名 取引先 取引先名",
    "",
    "",
)
_VAGUE = _words("対象 項目", "項目", "対象")
_NOISE = re.compile(r"[\s_\-./:*#]+|\([^)]*\)$|\[[^\]]*\]$")

Places = dict[str, list[int]]
"""For each role that was found, the columns that may have it; one where it is clear."""


def normalise_title(title: str) -> str:
    """Normalise a title for comparison: without differences of width and case, punctuation, or a unit in brackets."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", title).casefold().strip(WHITE_SPACE))


def find_roles(titles: Sequence[str]) -> Places:
    """Find the columns that may have each role."""
    names = [normalise_title(title) for title in titles]
    found: Places = {}
    for words in (_PLAIN, _CLEAR, _KEYS):
        for role in ROLES:
            if role not in found and (places := _find_columns(names, words[role], found)):
                found[role] = places
    return found | _find_only_reading(names, found)


def _find_columns(names: Sequence[str], words: frozenset[str], found: Places) -> list[int]:
    taken = {at for places in found.values() for at in places}
    return [at for at, name in enumerate(names) if name in words and at not in taken]


def _find_only_reading(names: Sequence[str], found: Mapping[str, list[int]]) -> Places:
    """Give the open roles columns by ambiguous words, where there is exactly one way to do so."""
    open_roles = [role for role in ROLES if role not in found]
    choices = [_find_columns(names, _VAGUE[role], dict(found)) for role in open_roles]
    readings = [reading for reading in product(*choices) if len(set(reading)) == len(reading)]
    return {role: [at] for role, at in zip(open_roles, readings[0], strict=True)} if len(readings) == 1 else {}
