"""Parquet: three columns of scalars, every value as text."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.problems import Code
from service.errors import TooLarge, UnusableFile
from service.ingest.celltext import cell_text
from service.ingest.header import AUTO, NONE, resolve
from service.ingest.options import Limits, Options
from service.ingest.sift import Row, Sheet, sift
from service.ingest.table import Header, Table

_BATCH_ROWS = 1 << 14


def read_parquet(path: Path, _media_type: str | None, options: Options, limits: Limits) -> Table:
    """The facts of a Parquet file; lines count its rows from 1.

    Dictionaries stay dictionaries until their expanded size is known: a small file can name one long value a
    million times.
    """
    try:
        schema = pq.read_schema(path)
        names = list(schema.names)
        header = resolve(names, AUTO if options.header.strip().lower() == NONE else options.header)
        wanted = [names[place] for place in header.positions]
        _refuse_nested(schema, wanted)
        with pq.ParquetFile(path, read_dictionary=wanted) as file:
            rows = list(_rows(file, wanted, limits))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnusableFile(
            f"The file begins like Parquet but cannot be read: {str(error)[:200]}", code=Code.NOT_A_TABLE
        ) from error
    sheet = Sheet(rows, range(1, len(rows) + 1), lambda at: " | ".join(rows[at]), scan=True)
    table = sift(sheet, Header([], (0, 1, 2), wanted), limits)
    table.header = header
    table.samples = [" | ".join(row) for row in rows[:3]]
    return table


def _refuse_nested(schema: pa.Schema, wanted: list[str]) -> None:
    for name in wanted:
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise UnusableFile(
                f"The column {name!r} holds {kind}, not text. Write one row for each answer, as strings.",
                code=Code.NOT_A_TABLE,
            )


def _rows(file: pq.ParquetFile, wanted: list[str], limits: Limits) -> Iterator[Row]:
    _refuse_over(_unpacked_bytes(file.metadata, wanted), limits)
    expanded = 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
        columns = [batch.column(name) for name in wanted]
        expanded += sum(map(_expanded_bytes, columns))
        _refuse_over(expanded, limits)
        yield from map(list, zip(*map(_texts, columns), strict=True))


def _unpacked_bytes(metadata: pq.FileMetaData, wanted: list[str]) -> int:
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    chunks = [group.column(at) for group in groups for at in range(group.num_columns)]
    return sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in wanted)


def _refuse_over(size: int, limits: Limits) -> None:
    if size > limits.max_expanded_bytes:
        raise TooLarge(
            f"The file expands to more than {limits.max_expanded_bytes:,} bytes. Split it.",
            code=Code.ARCHIVE_TOO_LARGE,
        )


def _expanded_bytes(column: pa.Array) -> int:
    if not isinstance(column, pa.DictionaryArray):
        return int(column.nbytes)
    lengths = pc.fill_null(pc.take(pc.binary_length(column.dictionary), column.indices), 0)
    return int(pc.sum(lengths).as_py() or 0)


def _texts(column: pa.Array) -> list[str]:
    """Values as text; equal values of a dictionary are one object."""
    if isinstance(column, pa.DictionaryArray):
        entries = [cell_text(entry) or "" for entry in column.dictionary.to_pylist()]
        return ["" if at is None else entries[at] for at in column.indices.to_pylist()]
    return [cell_text(value) or "" for value in column.to_pylist()]
