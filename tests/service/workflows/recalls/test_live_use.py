"""Live use over HTTP: what is asked is counted, and what is missed is listed for those who may see it."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.running import PATIENCE, Running, fresh_dictionary, running_service, train

CSV = "subject,relation,answer\nPART-1,maker,Akita\nPART-2,maker,Beppu\nPART-1,size,24\n"


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that may keep the names of unknowns."""
    with running_service(tmp_path_factory.mktemp("keeping") / "data", keep_unknowns="true") as running:
        yield running


def wait_until(counted: Callable[[], bool]) -> None:
    """Counts are written in batches, about once a second."""
    deadline = time.monotonic() + PATIENCE
    while not counted():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def asked(client: httpx.Client, parts: str, pairs: list[tuple[str, str]]) -> None:
    subjects, relations = zip(*pairs, strict=True)
    assert client.post(f"{parts}/recall:batch", json={"subjects": subjects, "relations": relations}).is_success


def test_what_is_asked_is_counted_and_what_is_missed_listed(keeping: Running) -> None:
    """By relation and status, beside how much of the table is filled; the unknowns most asked first, to those who may;
    recalls of a memory by its id are not live. Nothing of a name that is no relation is kept in the counts.
    """
    with keeping.client() as api:
        parts = f"/v1/dictionaries/{fresh_dictionary(api, CSV)}"
        memory = train(api, parts.rpartition("/")[2])["memory"]
        asked(api, parts, [("PART-1", "maker"), ("PART-2", "size"), ("PART-2", "size"), ("PART-9", "colour")])
        api.post(f"{parts}/recall", json={"subject": "PART-1", "relation": "size"})
        api.post(f"{parts}/recall", json={"subject": "PART-1", "relation": "size", "memory": memory})
        wait_until(lambda: api.get(f"{parts}/use").json()["asked"] == 5)
        use = api.get(f"{parts}/use").json()
        assert (use["answered"], use["unknown"], use["ambiguous"], use["coverage"]) == (2, 3, 0, 0.4)
        assert (use["table_pairs"], use["table_cells"], use["table_subjects"]) == (3, 4, 2)
        by_relation = {
            each["relation"]: (each["asked"], each["answered"], each["subjects"]) for each in use["relations"]
        }
        assert by_relation == {"maker": (1, 1, 2), "size": (3, 1, 1), None: (1, 0, 0)}
        assert api.get(f"{parts}/use", params={"since": "2999-01-01"}).json()["asked"] == 0
        missed = api.get(f"{parts}/use/unknowns").json()
        assert (missed["kept"], missed["uncounted"]) == (True, 0)
        assert [(each["subject"], each["relation"], each["asked"]) for each in missed["unknowns"]] == [
            ("PART-2", "size", 2),
            ("PART-9", "colour", 1),
        ]
        tool = api.post("/v1/keys", json={"role": "query"}).json()["key"]
        with keeping.client(tool) as client:
            assert client.get(f"{parts}/use").is_success
            assert client.get(f"{parts}/use/unknowns").json()["code"] == "forbidden"


def test_names_are_kept_only_where_that_is_set(service: Running, api: httpx.Client) -> None:
    """By default unknowns are counted and not named, in no file of the service."""
    parts = f"/v1/dictionaries/{fresh_dictionary(api, CSV)}"
    train(api, parts.rpartition("/")[2])
    asked(api, parts, [("confidential successor", "maker")])
    wait_until(lambda: api.get(f"{parts}/use").json()["unknown"] == 1)
    assert api.get(f"{parts}/use/unknowns").json() == {"kept": False, "uncounted": 0, "unknowns": []}
    for file in service.data.glob("factstore.db*"):
        assert b"confidential successor" not in file.read_bytes()
