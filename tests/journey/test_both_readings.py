"""Every awkward file read by the service and by the pilot, which share no code: the same pairs, the same counts."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pilot.errors import UnusableInput
from pilot.reading import Reading, ReadingOptions, read_facts
from schemas.uploads import OnConflict
from service.errors import RequestError
from service.ingest import Limits, Options, ParsedFile, read_table
from tests.journey.test_field import FIELD, MEDIA_TYPES

DIRTY = Path(__file__).parents[1] / "data" / "dirty"
COUNTED = ("rows_read", "duplicate", "conflicting", "rejected")


def list_files() -> Iterator[tuple[Path, str]]:
    yield from (
        (path, "") for path in sorted(DIRTY.glob("*.*")) if path.suffix in MEDIA_TYPES and path.stem != "manifest"
    )
    with (FIELD / "manifest.csv").open(encoding="utf-8", newline="") as file:
        uploads = [row for row in csv.DictReader(file) if not row["how"].startswith(("pilot", "serve"))]
    for row in uploads:
        if " as " not in f" {row['how']}":
            yield FIELD / row["file"], row["how"]


def read_both(path: Path, query: dict[str, Any]) -> tuple[ParsedFile | RequestError, Reading | UnusableInput]:
    query = {"on_conflict": "many"} | query
    chosen = query | {"on_conflict": OnConflict(query["on_conflict"])}
    chosen.pop("mode", None)
    service: ParsedFile | RequestError
    pilot: Reading | UnusableInput
    try:
        service = read_table(path, MEDIA_TYPES[path.suffix], Options(**chosen), Limits())
    except RequestError as error:
        service = error
    try:
        pilot = read_facts(path, ReadingOptions(**chosen))
    except UnusableInput as error:
        pilot = error
        if isinstance(service, ParsedFile):  # as a run does: by what the receipt states
            chosen |= {"encoding": service.encoding, "delimiter": service.delimiter}
            pilot = read_facts(path, ReadingOptions(**chosen))
    return service, pilot


@pytest.mark.parametrize(("path", "query"), list(list_files()), ids=lambda part: getattr(part, "name", part))
def test_both_read_alike(path: Path, query: str) -> None:
    """Where one takes a file so does the other, with the same answers to the same pairs and the same counts."""
    service, pilot = read_both(path, dict(parse_qsl(query)))
    if isinstance(service, RequestError) or isinstance(pilot, UnusableInput):
        assert isinstance(service, RequestError), pilot
        assert isinstance(pilot, UnusableInput), service
        return
    held: dict[tuple[str, str], set[str]] = {}
    for subject, relation, answer in service.accepted.rows():
        held.setdefault((subject, relation), set()).add(answer)
    assert {pair: set(answers) for pair, answers in pilot.taught.items()} == held
    assert {name: getattr(pilot, name) for name in COUNTED} == {name: getattr(service, name) for name in COUNTED}
