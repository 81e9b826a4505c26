"""Every awkward file read by the service and by the pilot, which share no code: the same pairs, the same counts."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pilot.errors import UnusableInput
from pilot.reading import Reading, ReadingOptions, read_facts
from schemas.uploads import Layout, OnConflict
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


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("品番,色,重さ\nA,赤,1\nB,,2\n,黒,3\nC,白\n品番,色,重さ\n\n", {}),
        ("品番,枝番,色\nA,1,赤\nx/y,z,緑\nx,y/z,黄\nB,,青\n", {"subject": "品番,枝番"}),
        ("品番,寸法,,備考\n,長さ,幅,\nA,1,2,x\n", {"ignore": "備考"}),
        (",寸法,,価格,\n品番,長さ,幅,税抜,税込\nA,1,2,3,4\n", {"relations": "価格 / 税込,寸法 / 幅"}),
        ("品番,,色\nP,x,赤\n", {}),
        ("品番,,色\nP,x,赤\n", {"relations": "色"}),
        ("品番,色,色\nP,x,赤\n", {}),
        ("品番,色\nP,x\n", {"relations": "形"}),
        ("品番,色\nP,x\n", {"subject": "型番"}),
    ],
)
def test_both_read_wide_tables_alike(text: str, query: dict[str, str], tmp_path: Path) -> None:
    """The same facts and counts of a wide table, or both refuse it."""
    path = tmp_path / "wide.csv"
    path.write_text(text, encoding="utf-8")
    service, pilot = read_both(path, {"layout": Layout.WIDE, "subject": "品番"} | query)
    if isinstance(service, RequestError) or isinstance(pilot, UnusableInput):
        assert isinstance(service, RequestError)
        assert isinstance(pilot, UnusableInput)
        return
    assert {(*pair, answer) for pair, answers in pilot.taught.items() for answer in answers} == set(
        service.accepted.rows()
    )
    counted = (*COUNTED, "table_rows", "empty_cells")
    assert {name: getattr(pilot, name) for name in counted} == {name: getattr(service, name) for name in counted}


@pytest.mark.parametrize(
    "encoding", ["gb18030", "euc_kr", "big5", "iso8859_5", "koi8_r", "cp874", "cp1256", "mac_roman"]
)
def test_the_pilot_takes_no_text_that_the_service_would_not(encoding: str, tmp_path: Path) -> None:
    """A short file in an encoding of another language is unclear to both."""
    words = {
        "gb18030": "中国人民",
        "euc_kr": "한국어",
        "big5": "臺灣",
        "cp874": "ภาษาไทย",
        "cp1256": "سلام عليكم",
        "mac_roman": "Größe",
    }
    path = tmp_path / "short.csv"
    path.write_bytes(f"subject,relation,answer\nA,r,{words.get(encoding, 'Москва')}\n".encode(encoding))
    with pytest.raises(RequestError):
        read_table(path, "text/csv", Options(), Limits())
    with pytest.raises(UnusableInput):
        read_facts(path, ReadingOptions())
