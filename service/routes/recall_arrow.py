"""Recall in Arrow: an IPC stream of text columns in, one of results out.

`subjects` and `relations` are the column form: `statuses`, `answers`, `margins` come back. `subject` and `relation`
make each row a query, and a row of the reply its result. The stream's schema metadata may carry `alias` or `memory`;
the reply's carries the `memory` that answered columns.
"""

import struct

import msgspec
import pyarrow as pa

from schemas.recall import BatchQuery, BatchResult, ColumnsResult, Query
from service.errors import Unprocessable

_TEXT = pa.list_(pa.string())
_CANDIDATE = pa.struct([("subject", pa.string()), ("relation", pa.string()), ("answers", _TEXT)])
_LEDGER = pa.struct([("agrees", pa.bool_()), ("answers", _TEXT), ("upload", pa.string()), ("line", pa.int64())])
_COLUMNS = pa.schema([("statuses", pa.string()), ("answers", _TEXT), ("margins", pa.float32())])
_ROWS = pa.schema(
    [
        ("status", pa.string()),
        ("answers", _TEXT),
        ("subject", pa.string()),
        ("relation", pa.string()),
        ("margin", pa.float32()),
        ("memory", pa.string()),
        ("candidates", pa.list_(_CANDIDATE)),
        ("ledger", _LEDGER),
    ]
)


def decode(body: bytes) -> BatchQuery:
    """The pairs of an IPC stream, without nulls, as columns or rows; raises Unprocessable."""
    try:
        table = _read(body)
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        address = {name: metadata[name] for name in ("alias", "memory") if name in metadata}
        if "subject" not in table.schema.names:
            return BatchQuery(subjects=_column(table, "subjects"), relations=_column(table, "relations"), **address)
        rows = zip(_column(table, "subject"), _column(table, "relation"), strict=True)
        return BatchQuery([Query(subject, relation) for subject, relation in rows], **address)
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        raise Unprocessable(f"not a readable Arrow IPC stream: {type(error).__name__}") from None


def encode(reply: BatchResult | ColumnsResult) -> bytes:
    """One table in an IPC stream."""
    if isinstance(reply, BatchResult):
        table = pa.Table.from_pylist(msgspec.to_builtins(reply.results), schema=_ROWS)
    else:
        columns = [reply.statuses, reply.answers, reply.margins]
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, _COLUMNS, strict=True)]
        table = pa.Table.from_arrays(arrays, schema=_COLUMNS.with_metadata({"memory": reply.memory}))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def _read(body: bytes) -> pa.Table:
    """The whole stream, every offset checked. Nothing compressed is opened: a small body could then need any memory."""
    messages = pa.ipc.MessageReader.open_stream(body)
    for message in messages:
        if message.type == "record batch" and _compressed(message.metadata.to_pybytes()):
            raise Unprocessable("compressed Arrow streams are not taken: send it uncompressed")
    with pa.ipc.open_stream(body) as reader:
        table = reader.read_all()
    table.validate(full=True)
    return table


def _compressed(message: bytes) -> bool:
    """Whether a RecordBatch message (a flatbuffer that Arrow has verified) has its fourth field, `compression`."""
    (root,) = struct.unpack_from("<I", message)
    header = _field(message, root, 2)
    batch = header + struct.unpack_from("<I", message, header)[0]
    return _field(message, batch, 3) > 0


def _field(message: bytes, table: int, number: int) -> int:
    """Where a flatbuffer table keeps its field of this number; 0 when it has none."""
    vtable = table - struct.unpack_from("<i", message, table)[0]
    (size,) = struct.unpack_from("<H", message, vtable)
    slot = 4 + 2 * number
    offset = struct.unpack_from("<H", message, vtable + slot)[0] if slot < size else 0
    return table + offset if offset else 0


def _column(table: pa.Table, name: str) -> list[str]:
    """A text column; views and dictionary codes are refused, for they may stand for more text than was sent."""
    if table.schema.names.count(name) != 1:
        raise Unprocessable(f"the Arrow stream needs one column {name!r}")
    column = table[name]
    if column.type not in (pa.string(), pa.large_string()) or column.null_count:
        raise Unprocessable(f"column {name!r} must be of type string or large_string and without nulls")
    values: list[str] = column.to_pylist()
    return values
