"""Finding out which columns are subject, relation and answer.

A header is recognised only if it names all three; otherwise the first row might be a fact, and the file is refused with
a question. Titles are recognised in English and Japanese: plain names first, then clear synonyms, then words for a key
(`品番`), then words that can mean two roles, which count only if they leave one reading of the whole header.
"""

import csv
import io
from collections.abc import Sequence
from contextlib import suppress

from schemas.problems import Code
from schemas.uploads import Layout
from service.errors import UnusableFile
from service.facts import is_blank, trimmed
from service.ingest.options import Options
from service.ingest.readers.titles import ROLES, find_roles, normalise_title
from service.ingest.table import AnyHeader, Header, WideHeader

AUTO, NONE = "auto", "none"
HEAD_ROWS = 20  # the header is searched for in this many rows


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


def has_names(cells: Sequence[str], options: Options) -> bool:
    """Whether a row has the columns that the options name. In a wide table those of its subject are enough: the names
    of the relations may take up two rows.
    """
    if options.layout is Layout.LONG or options.subject is None:
        return is_header(cells, options)
    with suppress(UnusableFile):
        return bool(find_subject(cells, options))
    return False


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
    """The columns that make the subject of a wide table. Raises UnusableFile (422) where the row does not have them."""
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
    """A row as an error shows it, cut to what a person can take in."""
    shown = " | ".join(cell[:_SHOWN_CHARS] for cell in cells[:_SHOWN_CELLS])
    return f"{shown} | … ({len(cells)} columns)" if len(cells) > _SHOWN_CELLS else shown
