"""kill -9 in the middle of edits, many times: every acknowledged edit is there, and no other one is there in part.

Each batch writes its number under five subjects. After each kill the service is started again and must hold one number
under all five, the last acknowledged or the one under way, in ledger and memory alike, and recall every fact.

Bar: 100 kills, no complaint.

    python -m tests.benchmarks.killed_edits [KILLS]
"""

import random
import signal
import sys
import tempfile
from pathlib import Path
from threading import Semaphore, Thread

import httpx

from tests.running import PATIENCE, Running, fresh_dictionary, running_service, train, wait

SUBJECTS = [f"counter {number}" for number in range(5)]
ROWS = [*((subject, "count", "0") for subject in SUBJECTS), *((f"PART-{at}", "a", str(at % 9)) for at in range(400))]
FACTS = "subject,relation,answer\n" + "".join(",".join(row) + "\n" for row in ROWS)


def main(kills: int = 100) -> None:
    with tempfile.TemporaryDirectory() as folder:
        complaints = kill_repeatedly(Path(folder), kills)
    print(f"{kills} kills: {len(complaints)} complaints", *complaints, sep="\n")


def kill_repeatedly(folder: Path, kills: int) -> list[str]:
    """Kill the service this many times during edits, and return the faults that were found."""
    draw, data = random.Random(0), folder / "data"
    acknowledged, complaints, key = 0, list[str](), None
    dictionary = ""
    for kill in range(kills + 1):
        with running_service(data, key) as service, service.client() as api:
            key = service.key
            if not dictionary:
                dictionary = fresh_dictionary(api, FACTS)
                train(api, dictionary)
            complaints += [f"kill {kill}: {complaint}" for complaint in _find_faults(api, dictionary, acknowledged)]
            if kill < kills:
                client = _Client(service, dictionary, _read_number(api, dictionary))
                acknowledged = client.until_killed(draw.randint(1, 40))
    return complaints


class _Client(Thread):
    """Sends one batch after the other until the service is gone."""

    def __init__(self, service: Running, dictionary: str, number: int) -> None:
        super().__init__()
        self._service = service
        self._url = f"/v1/dictionaries/{dictionary}/facts:batch"
        self.acknowledged = number
        self._told = Semaphore(0)

    def until_killed(self, batches: int) -> int:
        """The number of the last acknowledged batch, where the kill comes once so many were."""
        self.start()
        for _ in range(batches):
            assert self._told.acquire(timeout=PATIENCE), "no batch is acknowledged"
        self._service.stop(signal.SIGKILL)
        self.join()
        return self.acknowledged

    def run(self) -> None:
        with self._service.client() as api:
            try:
                while True:
                    number = str(self.acknowledged + 1)
                    batch = [{"subject": name, "relation": "count", "answer": number} for name in SUBJECTS]
                    api.post(self._url, json={"upsert": batch}).raise_for_status()
                    self.acknowledged += 1
                    self._told.release()
            except httpx.TransportError:
                return


def _find_faults(api: httpx.Client, dictionary: str, acknowledged: int) -> list[str]:
    root = f"/v1/dictionaries/{dictionary}"
    asked = [{"subject": subject, "relation": "count", "compare": True} for subject in SUBJECTS]
    results = api.post(f"{root}/recall:batch", json={"queries": asked}).json()["results"]
    found = {tuple(result["answers"]) for result in results}
    wrong = []
    if found not in ({(str(acknowledged),)}, {(str(acknowledged + 1),)}):
        wrong.append(f"{acknowledged} was acknowledged, the memory holds {found}")
    if not all(result["ledger"]["agrees"] for result in results):
        wrong.append("memory and ledger disagree")
    job = wait(api, api.post(f"/v1/memories/{results[0]['memory']}/verifications").json()["id"])
    if job["result"]["right"] != len(ROWS):
        wrong.append(f"{job['result']['right']} of {len(ROWS)} facts are right")
    return wrong


def _read_number(api: httpx.Client, dictionary: str) -> int:
    asked = {"subject": SUBJECTS[0], "relation": "count"}
    return int(api.post(f"/v1/dictionaries/{dictionary}/recall", json=asked).json()["answers"][0])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
