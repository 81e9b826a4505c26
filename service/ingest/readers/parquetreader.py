"""A script that reads a Parquet file in a process of its own, with limits on memory and time; `parquet` runs it.

The decoder aborts its process on some damaged files, and the expanded size of a file is only known once it is read.

It writes one JSON line, [[name, type, whether values of this type are scalar and printable], ...], reads a JSON line
with the names of the wanted columns, or an empty line, and writes those columns as an Arrow IPC stream.
"""

import json
import resource
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DAMAGED, TOO_LARGE = 3, 4  # exit statuses
_CPU_SECONDS = 120
_BATCH_ROWS = 1 << 14
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


class TooLargeError(Exception):
    """The columns expand to more than the limit."""


def main(path: str, memory: int, limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    schema = pq.read_schema(path)
    columns = [[column.name, str(column.type), is_single(column.type)] for column in schema]
    print(json.dumps(columns), flush=True)  # noqa: T201 - standard output is the channel
    if answer := sys.stdin.readline().strip():
        send_columns(path, json.loads(answer), limit)


def is_single(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return is_single(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return kind.extension_name == "arrow.uuid" or is_single(kind.storage_type)
    return not (pa.types.is_nested(kind) or any(is_bytes(kind) for is_bytes in _BYTES))


def send_columns(path: str, wanted: list[str], limit: int) -> None:
    """Write the wanted columns. Dictionary encoding is kept: a small file can repeat one long value a million times."""
    expanded = 0
    with pq.ParquetFile(path, read_dictionary=wanted) as file:
        check_size(count_unpacked_bytes(file.metadata, wanted), limit)
        schema = pa.schema([file.schema_arrow.field(name) for name in wanted])
        with pa.ipc.new_stream(sys.stdout.buffer, schema) as out:
            for batch in file.iter_batches(_BATCH_ROWS, columns=wanted, use_threads=False):
                batch.validate(full=True)
                expanded += sum(map(count_expanded_bytes, batch.columns))
                check_size(expanded, limit)
                out.write_batch(batch.select(wanted))


def check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLargeError


def count_unpacked_bytes(metadata: pq.FileMetaData, wanted: list[str]) -> int:
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    chunks = [group.column(at) for group in groups for at in range(group.num_columns)]
    return sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in wanted)


def count_expanded_bytes(column: pa.Array) -> int:
    if not isinstance(column, pa.DictionaryArray):
        return int(column.nbytes)
    lengths = pc.fill_null(pc.take(pc.binary_length(column.dictionary), column.indices), 0)
    return int(pc.sum(lengths).as_py() or 0)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        sys.exit(DAMAGED)
    except (TooLargeError, MemoryError):
        sys.exit(TOO_LARGE)
