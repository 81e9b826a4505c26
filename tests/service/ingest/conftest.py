"""Fixtures that read bytes and return the parsed file and its facts."""

from collections.abc import Callable
from itertools import count

import pytest

from service.ingest import Limits, Options, ParsedFile, read_table

Read = Callable[..., ParsedFile]
Facts = list[tuple[str, str, str]]


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """A function that writes bytes to a file and reads it: `read(data, media_type, limits, encoding=…)`."""
    folder = tmp_path_factory.mktemp("uploads")
    numbers = count()

    def read_bytes(
        data: bytes | str, media_type: str | None = "text/csv", limits: Limits | None = None, **options: object
    ) -> ParsedFile:
        path = folder / f"{next(numbers)}"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        try:
            return read_table(path, media_type, Options(**options), limits or Limits())  # type: ignore[arg-type]
        finally:
            path.unlink()

    return read_bytes


@pytest.fixture(scope="session")
def facts() -> Callable[[ParsedFile], Facts]:
    """A function that returns the accepted rows as tuples, in file order."""

    def of(parsed: ParsedFile) -> Facts:
        return list(parsed.accepted.rows())

    return of
