"""An experiment delays nothing, ends when it is cancelled, and its measurements survive the kill of any process."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.experiments import Experiment
from tests.running import PATIENCE, Running, fresh_dictionary, list_children, train, wait

FACTS = "subject,relation,answer\n" + "".join(
    f"part {n % 32},relation {n // 32},value {n * 7 % 11}\n" for n in range(128)
)
LONG = {"kind": "capacity", "seconds": 3600}
SHORT = {"kind": "learning", "seconds": 3}


def order_experiment(api: httpx.Client, dictionary: str, wanted: dict[str, Any]) -> str:
    reply = api.post(f"/v1/dictionaries/{dictionary}/experiments", json=wanted)
    assert reply.status_code == 202, reply.text
    job: str = reply.json()["id"]
    return job


def count_trials(service: Running, dictionary: str) -> int:
    """Count the dictionary's trials in the database."""
    query = "SELECT count(*) FROM trials JOIN dictionaries ON dictionaries.number = trials.dictionary WHERE id = ?"
    with closing(sqlite3.connect(service.data / "factstore.db", timeout=30)) as database:
        [count] = database.execute(query, (dictionary,)).fetchone()
    return int(count)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(api: httpx.Client, job: str) -> bool:
    """Whether its process has begun to measure."""
    found = api.get(f"/v1/jobs/{job}").json()
    assert found["state"] in {"queued", "running"}, found
    return bool(found["progress"] > 0)


def test_a_training_does_not_wait_for_an_experiment(service: Running, api: httpx.Client) -> None:
    """A training ordered later ends first; once cancelled, the experiment of an hour ends and its process is gone."""
    dictionary = fresh_dictionary(api, FACTS)
    job = order_experiment(api, dictionary, LONG)
    wait_until(lambda: is_running(api, job))
    assert train(api, dictionary)["state"] == "succeeded"
    assert is_running(api, job)
    [process] = list_children(service.worker)
    api.delete(f"/v1/jobs/{job}")
    wait_until(lambda: api.get(f"/v1/jobs/{job}").json()["state"] == "cancelled")
    wait_until(lambda: not Path(f"/proc/{process}").exists())


def test_a_process_that_dies_takes_nothing_along(service: Running, api: httpx.Client) -> None:
    """If its process dies, as when memory runs out, the experiment fails with the reason, and its worker goes on."""
    dictionary = fresh_dictionary(api, FACTS)
    job = order_experiment(api, dictionary, LONG)
    wait_until(lambda: is_running(api, job))
    worker = service.worker
    [process] = list_children(worker)
    os.kill(process, signal.SIGKILL)
    ended = wait(api, job)
    assert (ended["state"], ended["attempts"], ended["problem"]["code"]) == ("failed", 1, "internal")
    assert "exit code -9" in ended["problem"]["detail"]
    assert service.worker == worker


@pytest.mark.parametrize(("killed_by", "attempts"), [(signal.SIGTERM, 1), (signal.SIGKILL, 2)])
def test_what_was_measured_outlasts_the_worker(
    service: Running, api: httpx.Client, killed_by: signal.Signals, attempts: int
) -> None:
    """Stopped, or killed with -9, in the middle: its process ends too, the next worker goes on from the trials that
    are kept, and only the kill counts as an attempt.
    """
    dictionary = fresh_dictionary(api, FACTS)
    job = order_experiment(api, dictionary, SHORT)
    wait_until(lambda: count_trials(service, dictionary) > 0)
    worker = service.worker
    processes = list_children(worker)
    os.kill(worker, killed_by)
    wait_until(lambda: not any(Path(f"/proc/{process}").exists() for process in (worker, *processes)))
    ended = wait(api, job)
    assert (ended["state"], ended["attempts"]) == ("succeeded", attempts), ended
    assert Experiment.model_validate(ended["result"]).cached > 0


def test_nothing_that_was_measured_outlasts_a_purge(service: Running, api: httpx.Client) -> None:
    """Trials and documents of the dictionary are gone; the job is still known, and what stays can be tried again."""
    dictionary = fresh_dictionary(api, FACTS)
    job = order_experiment(api, dictionary, SHORT | {"seconds": 1})
    assert wait(api, job)["result"] is not None
    assert count_trials(service, dictionary) > 0
    purge = {"pairs": [{"subject": "part 1", "relation": "relation 0"}], "reason": "asked for"}
    purged = api.post(f"/v1/dictionaries/{dictionary}/facts:purge", json=purge).json()
    found = api.get(f"/v1/jobs/{job}").json()
    assert (found["state"], found["result"], count_trials(service, dictionary)) == ("succeeded", None, 0)
    assert wait(api, purged["job"])["state"] == "succeeded"
    again = wait(api, order_experiment(api, dictionary, SHORT | {"seconds": 1}))
    assert Experiment.model_validate(again["result"]).facts == 127
