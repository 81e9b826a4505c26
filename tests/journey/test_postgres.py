"""The whole service on Postgres: facts that are taught, edited and purged there hold after a restart."""

from pathlib import Path

import httpx
import pytest

from tests.postgres import fresh_database
from tests.running import fresh_dictionary, running_service, train, wait

pytestmark = pytest.mark.services

FACTS = "subject,relation,answer\r\n" + "".join(f"P-{at},weight,{at} g\r\n" for at in range(500))


def test_a_service_keeps_its_facts_on_postgres(tmp_path: Path) -> None:
    database = fresh_database()
    with running_service(tmp_path / "data", database_url=database) as running, running.client() as api:
        dictionary = fresh_dictionary(api, FACTS)
        owner = f"/v1/dictionaries/{dictionary}"
        train(api, dictionary)
        edited = {"upsert": [{"subject": "P-1", "relation": "weight", "answer": "one g"}]}
        edited |= {"delete": [{"subject": "P-2", "relation": "weight"}]}
        assert api.post(f"{owner}/facts:batch", json=edited, headers={"Idempotency-Key": "e"}).status_code == 200
        assert api.post(f"{owner}/facts:batch", json=edited, headers={"Idempotency-Key": "e"}).status_code == 200
        gone = {"pairs": [{"subject": "P-3", "relation": "weight"}], "reason": "asked for"}
        purged = api.post(f"{owner}/facts:purge", json=gone)
        assert purged.status_code == 202, purged.text
        wait(api, purged.json()["job"])
        before = read(api, owner)
        key = running.key
    with running_service(tmp_path / "data", key, database_url=database) as running, running.client() as api:
        assert read(api, owner) == before
        assert api.post("/v1/audit:verify").json()["valid"]


def read(api: httpx.Client, owner: str) -> list[object]:
    """What the dictionary answers and lists, page by page."""
    asked = {"subjects": [f"P-{at}" for at in range(6)], "relations": ["weight"] * 6}
    answers = api.post(f"{owner}/recall:batch", json=asked).json()["answers"]
    assert answers[:2] + answers[4:] == [["0 g"], ["one g"], ["4 g"], ["5 g"]]
    uploads = api.get(f"{owner}/uploads").json()["uploads"]
    pages = [api.get(f"{owner}/memories", params={"limit": 1}).json()]
    while pages[-1]["cursor"]:
        pages.append(api.get(f"{owner}/memories", params={"limit": 1, "cursor": pages[-1]["cursor"]}).json())
    exported = api.get(f"{owner}/export", params={"raw": "true"}).content
    return [answers, uploads, [page["memories"] for page in pages], exported]
