"""Reading a file of facts from disk into counted facts and refused rows."""

import gc
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from schemas.problems import Code
from schemas.uploads import Finding, Layout
from service.errors import UnusableFile
from service.facts import Facts
from service.ingest.count import CodedTable, CountedRows, count_rows, encode_table
from service.ingest.findings.findings import find_all
from service.ingest.formats import WORKBOOK, Format, identify_format
from service.ingest.options import Limits, Options
from service.ingest.privacy.personal import find_personal
from service.ingest.privacy.policies import Policies, screen_table
from service.ingest.readers.titlerows import report_second_header
from service.ingest.table import ParsedFile, RefusedRow, Table
from service.packed import give_back

_REASONS_NAMED = 3


def read_table(
    path: Path,
    media_type: str | None,
    options: Options,
    limits: Limits,
    policies: Policies | None = None,
    *,
    check: Callable[[Iterable[str]], None] = lambda _: None,
) -> ParsedFile:
    """Read a file of facts, refuse the rows that cannot be facts, and count the rest.

    With `policies`, everything that is returned complies with them; only personal data is looked for in the original.
    `check` is called before they are applied with every relation that the file speaks of, also in refused rows: what it
    raises tells nothing of the policies.

    Raises UnsupportedMedia (415) where the bytes are not of the declared type, TooLarge (413) where an archive expands
    beyond the limits, UnusableFile (422) where the file as a whole cannot be read, with the option that would help.
    """
    form = identify_format(path, media_type)
    _check_options(options, form)
    with pause_collector():
        table = form.read(path, media_type, options, limits)
        give_back()
        coded = encode_table(table if policies is None else replace(table))
        check({*coded.relations.distinct, *(relation for _, relation in table.mentioned)})
        personal, texts = find_personal(coded), dict[str, str]()
        if policies is not None:
            table, texts = screen_table(table, policies)
            coded = encode_table(table)
        if len(coded):
            table.findings += report_second_header(coded.fact(0), int(coded.lines[0]), table.header)
        table.findings += personal
        parsed = _count_table(table, coded, options)
        parsed.media_type, parsed.pseudonyms = form.media_type, texts
        return parsed


def _check_options(options: Options, form: Format) -> None:
    """Raise UnusableFile for an option that the layout or the format does not have: it would be without effect."""
    of_wide = {"subject": options.subject, "relations": options.relations, "ignore": options.ignore}
    for name, value in of_wide.items() if options.layout is Layout.LONG else ():
        if value is not None:
            raise UnusableFile(
                f"{name}= is for wide tables. Send layout=wide with it, or leave it out.",
                code=Code.HEADER_UNCLEAR,
                **options.offer(**dict.fromkeys(of_wide)),
            )
    if options.sheet is not None and form is not WORKBOOK:
        raise UnusableFile(
            f"sheet= is for workbooks, and the file is {form.name}. Leave it out.",
            code=Code.HEADER_UNCLEAR,
            **options.offer(sheet=None),
        )


def _count_table(table: Table, coded: CodedTable, options: Options) -> ParsedFile:
    counted = count_rows(coded, table, options.on_conflict)
    refused = sorted(table.refused + counted.refused, key=lambda row: row.line)
    if not counted.accepted.any():
        raise _nothing_usable(refused)
    findings = [*table.findings, *find_all(coded, counted, table.header)]
    return _assemble(table, coded, counted, refused=refused, findings=findings)


def _assemble(
    table: Table, coded: CodedTable, counted: CountedRows, *, refused: list[RefusedRow], findings: list[Finding]
) -> ParsedFile:
    accepted = counted.accepted
    return ParsedFile(
        accepted=Facts(
            coded.subjects.take(accepted),
            coded.relations.take(accepted),
            coded.answers.take(accepted),
            array("q", coded.lines[accepted].tobytes()),
        ),
        refused=refused,
        rows_read=len(coded) + len(table.refused),
        duplicate=int(counted.duplicate.sum()),
        conflicting=int(counted.conflicting.sum()),
        rejected=len(table.refused),
        blank_lines=table.blank_lines,
        encoding=table.encoding,
        delimiter=table.delimiter,
        header=table.header.cells,
        columns=table.header.columns,
        ignored_columns=table.header.ignored,
        decoded_samples=table.samples,
        findings=findings,
        mentioned=table.mentioned | counted.mentioned,
        layout=Layout.LONG if table.rows is None else Layout.WIDE,
        table_rows=table.rows,
        empty_cells=table.empty_cells,
    )


def _nothing_usable(refused: list[RefusedRow]) -> UnusableFile:
    counts = Counter(row.code.value for row in refused)
    reasons = " ".join(f"Line {row.line}: {row.detail}" for row in refused[:_REASONS_NAMED])
    detail = (
        f"None of the {len(refused)} rows can be used. {reasons}" if refused else "The file has a header but no facts."
    )
    return UnusableFile(detail, code=Code.NO_USABLE_ROW, refused=dict(counts))


@contextmanager
def pause_collector() -> Iterator[None]:
    """Turn garbage collection off inside the block. Rows are not in cycles, so reference counts still free them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
