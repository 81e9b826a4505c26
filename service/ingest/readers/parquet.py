"""Reading Parquet files: three columns of scalars, every value as text."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO

import pyarrow as pa

from schemas.problems import Code
from service.errors import TooLarge, UnusableFile
from service.ingest.options import Limits, Options
from service.ingest.readers.header import AUTO, NONE, names_header, resolve_header
from service.ingest.readers.parquetreader import TOO_LARGE
from service.ingest.readers.readings import offer_readings
from service.ingest.readers.sift import RawTable, Refusal, Row
from service.ingest.readers.values import format_values
from service.ingest.readers.wide import tabulate
from service.ingest.table import AnyHeader, Table
from service.packed import Packed

_SAMPLE_ROWS = 1_000
_READER = Path(__file__).with_name("parquetreader.py")


# The header, the rows of the columns that are read, and their cells that cannot be taught, by row and column.
_Received = tuple[AnyHeader, Packed[Row], dict[int, dict[int, Refusal]]]


def read_parquet(path: Path, _media_type: str | None, options: Options, limits: Limits) -> Table:
    """Read a Parquet file; the line of a row is its number, from 1. Raises UnusableFile (422) or TooLarge (413)."""
    header, rows, bad_cells = _run_reader(path, options, limits)
    lines = range(1, len(rows) + 1)
    sheet = RawTable(rows, lines, lambda at: " | ".join(rows[at]), bad_cells=bad_cells, scan=True)
    table = tabulate(sheet, header.select(), options, limits)
    table.header = header
    table.samples = [" | ".join(row) for row in rows[:3]]
    return table


def _run_reader(path: Path, options: Options, limits: Limits) -> _Received:
    sizes = (str(limits.max_reader_memory), str(limits.max_expanded_bytes))
    command = [sys.executable, "-I", str(_READER), str(path), *sizes]
    with subprocess.Popen(  # noqa: S603 - our own script, without a shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reader:
        try:
            return _choose_and_read(reader, options, limits)
        except (pa.ArrowException, EOFError, OSError):
            raise _explain_exit(reader.wait(), limits) from None
        finally:
            reader.kill()


def _choose_and_read(reader: "subprocess.Popen[bytes]", options: Options, limits: Limits) -> _Received:
    """Choose the columns by their names and receive their rows. Raises EOFError where the reader ended early."""
    to, back = reader.stdin, reader.stdout
    line = back.readline() if back else b""
    if not (line and to and back):
        raise EOFError
    columns = {name: (kind, is_single) for name, kind, is_single in json.loads(line)}
    names = [name for name, *_ in json.loads(line)]
    options = replace(options, header=AUTO) if names_header(options, NONE) else options
    try:
        header = resolve_header(names, options)
    except UnusableFile as error:
        printable = [name for name in names if names.count(name) == 1 and columns[name][1]]
        to.write(json.dumps(printable).encode() + b"\n")
        to.close()
        rows, _ = _receive_rows(back, printable, _SAMPLE_ROWS)
        raise offer_readings(error, [printable, *rows], 0, options, limits) from None
    wanted = [header.names[at] for at in header.positions]
    for name in wanted:
        _refuse_nested(name, *columns[name])
    to.write(json.dumps(wanted).encode() + b"\n")
    to.close()
    rows, bad_cells = _receive_rows(back, wanted)
    if reader.wait():
        raise EOFError  # a stream that breaks off between two batches looks like one that ends
    return header, rows, bad_cells


def _refuse_nested(name: str, kind: str, is_single: bool) -> None:
    if not is_single:
        raise UnusableFile(
            f"The column {name!r} holds {kind}, not text. Write it as strings, with one row for each answer.",
            code=Code.NOT_A_TABLE,
        )


def _receive_rows(
    stream: IO[bytes], wanted: list[str], most: int | None = None
) -> tuple[Packed[Row], dict[int, dict[int, Refusal]]]:
    rows, bad_cells = Packed[Row](), dict[int, dict[int, Refusal]]()
    with pa.ipc.open_stream(stream) as batches:
        for batch in batches:
            columns = [format_values(name, batch.column(name)) for name in wanted]
            for place, (name, (_, strange)) in enumerate(zip(wanted, columns, strict=True)):
                for at, what in strange.items():
                    refusal = Code.ROW_NOT_TEXT, f"The column {name!r} holds {what}."
                    bad_cells.setdefault(len(rows) + at, {})[place] = refusal
            rows.extend(map(list, zip(*(texts for texts, _ in columns), strict=True)))
            if most is not None and len(rows) >= most:
                return Packed(rows[:most]), {}
    return rows, bad_cells


def _explain_exit(exit_code: int, limits: Limits) -> TooLarge | UnusableFile:
    if exit_code == TOO_LARGE:
        return TooLarge(
            f"The file expands to more than {limits.max_expanded_bytes:,} bytes, the most that is allowed. Split it.",
            code=Code.ARCHIVE_TOO_LARGE,
        )
    return UnusableFile("The file is a damaged Parquet file. Write it again.", code=Code.NOT_A_TABLE)
