"""Finding out which columns are subject, relation and answer.

A header is recognised only if it names all three; otherwise the first row might be a fact, and the file is refused with
a question. Titles are recognised in English and Japanese: plain names first, then clear synonyms, then words for a key
(`品番`), then words that can mean two roles, which count only if they leave one reading of the whole header.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import product

from schemas.problems import Code
from schemas.uploads import Example, Finding, FindingKind
from service.errors import UnusableFile
from service.facts import WHITE_SPACE, Facts, is_blank, trimmed
from service.ingest.table import Header

AUTO, NONE = "auto", "none"
HEAD_ROWS = 20  # the header is searched for in this many rows

_READING = re.compile("[\u3041-\u309f\u30a0-\u30ff\uff66-\uff9f ]+")
_KANJI = re.compile("[\u3400-\u9fff]")
_EXAMPLES = 5
_SHOWN_CELLS = 12
_SHOWN_CHARS = 40


def resolve_header(cells: Sequence[str], option: str) -> Header:
    """Read `cells`, the first row, as a header by the header option. Raises UnusableFile (422) where it is none."""
    if option.strip().lower() == NONE:
        return _number_columns(cells)
    if option.strip().lower() == AUTO:
        return Header(list(cells), _recognise(cells), _column_names(cells))
    return Header(list(cells), _find_named(cells, option), _column_names(cells))


def is_header(cells: Sequence[str], option: str) -> bool:
    """Whether `resolve_header` would accept this row."""
    try:
        resolve_header(cells, option)
    except UnusableFile:
        return False
    return True


def locate_header(rows: Sequence[Sequence[str]], option: str) -> int:
    """The index of the header among a file's first rows, or of the row that is in its place.

    Titles and notes may come before it, but nothing that could be a fact, unless the option names the columns: then the
    first row that has these names is the header.
    """
    if option.strip().lower() not in (AUTO, NONE):
        named = next((at for at, row in enumerate(rows[:HEAD_ROWS]) if is_header(row, option)), None)
        if named is not None:
            return named
    for at, row in enumerate(rows[:HEAD_ROWS]):
        if is_header(row, option) or len(row) - sum(map(is_blank, row)) >= len(ROLES):
            return at
    return 0


def report_lines_above(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> list[Finding]:
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


def report_second_header(facts: Facts, header: Header) -> list[Finding]:
    """The finding that the first fact looks like a second header: titles in another language, or how the titles above
    them are read. It is taught nevertheless, since a fact may be named so.
    """
    if not header.cells or not len(facts):
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


def _column_names(cells: Sequence[str]) -> list[str]:
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
        f"It reads: {quote_row(cells)}. Give the names as they are written there with header=A,B,C.",
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
