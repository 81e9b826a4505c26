import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pilot.reading import ReadingOptions, read_facts
from schemas.uploads import OnConflict
from service.errors import RequestError
from service.ingest import Limits, read_table
from service.ingest import Options as IngestOptions
from tests.examples import examples

SAMPLES = Path(__file__).parents[2] / "sample_dictionaries"
RECEIPTS = sorted(SAMPLES.glob("*.receipt.json"))
CELLS = st.sampled_from(["a", "b", " a ", "", "\u3000", "1,2", 'q"q', "x\r\ny", "subject", "部品", "ｱ", "=1+1", "\0"])


@pytest.mark.parametrize("receipt", RECEIPTS, ids=lambda path: path.name)
def test_the_pilot_counts_what_the_sample_s_receipt_expects(receipt: Path) -> None:
    """The pilot's own reading of each sample gives the counts, encoding and delimiter of its expected receipt."""
    expected = json.loads(receipt.read_text(encoding="utf-8"))
    file = receipt.with_name(receipt.name.replace(".receipt.json", ".csv"))
    reading = read_facts(file, ReadingOptions(on_conflict=OnConflict.MANY))
    for name in ("rows_read", "accepted", "duplicate", "conflicting", "rejected", "encoding", "delimiter"):
        assert getattr(reading, name) == expected[name], name
    assert len(reading.taught) == expected["created"]


def test_every_sample_has_a_receipt_and_stands_in_the_readme() -> None:
    """Every sample dictionary has an expected receipt, and the README names every file."""
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    dictionaries = {path.stem for path in SAMPLES.glob("*.csv") if not path.stem.startswith("enterprise_ja_")}
    assert dictionaries == {path.name.removesuffix(".receipt.json") for path in RECEIPTS}
    assert all(f"`{path.name}`" in readme for path in SAMPLES.glob("*.csv"))


@examples(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=10), quoted=st.booleans(), on_conflict=...)
def test_pilot_and_service_read_the_same_facts(
    tmp_path: Path, rows: list[list[str]], quoted: bool, on_conflict: OnConflict
) -> None:
    """Two readings that share no code agree on every fact and every count of what the service accepts."""

    def cell(text: str) -> str:
        doubled = text.replace('"', '""')
        return f'"{doubled}"' if quoted or any(mark in text for mark in ',"\r\n') else text

    file = tmp_path / "facts.csv"
    lines = ["subject,relation,answer", *(",".join(map(cell, row)) for row in rows)]
    file.write_bytes("\n".join(lines).encode())
    try:
        service = read_table(file, "text/csv", IngestOptions(on_conflict=on_conflict), Limits())
    except RequestError:
        return  # a refused upload leaves nothing to judge
    pilot = read_facts(file, ReadingOptions(on_conflict=on_conflict))
    columns = service.accepted
    facts = set(zip(columns.subjects, columns.relations, columns.answers, strict=True))
    assert facts == {(*pair, answer) for pair, answers in pilot.taught.items() for answer in answers}
    counts = (service.rows_read, len(service.accepted), service.duplicate, service.conflicting, service.rejected)
    assert counts == (pilot.rows_read, pilot.accepted, pilot.duplicate, pilot.conflicting, pilot.rejected)
