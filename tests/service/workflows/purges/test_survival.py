"""A purge outlives the death of every process, and a backup that is older than itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.running import Running, fresh_dictionary, running_service, train, wait
from tests.service.workflows.purges.searching import places

SUBJECT, RELATION, ANSWER = "忘れられる人 己田", "夜間の連絡先 番号", "080-5555-0177 本人"
PAIR = {"subject": SUBJECT, "relation": RELATION}
OTHER = {"subject": "part 7", "relation": "r1"}
TABLE = f"subject,relation,answer\n{SUBJECT},{RELATION},{ANSWER}\n" + "".join(
    f"part {row},r{row % 3},value {row % 9}\n" for row in range(100)
)


def command(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "service", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def kill(running: Running) -> None:
    """Every process at once, without a word."""
    worker = running.worker
    running.stop(signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)


def forgotten(running: Running, api: httpx.Client, dictionary: str) -> None:
    """The fact is in no byte and in no answer; the others are answered."""
    recall = f"/v1/dictionaries/{dictionary}/recall"
    assert api.post(recall, json=PAIR).json()["status"] == "unknown"
    assert api.post(recall, json=OTHER).json()["answers"] == ["value 7"]
    assert [places(running.data, text) for text in (SUBJECT, RELATION, ANSWER)] == [[], [], []]


def test_a_purge_outlives_kill_and_restore(tmp_path: Path) -> None:
    """Kill -9 right after the reply: the next start finishes the purge. An older backup, taken while the service ran
    and put back over everything, does not bring the fact back.
    """
    data, archive = tmp_path / "data", tmp_path / "backup.tar.gz"
    with running_service(data) as running, running.client() as api:
        dictionary = fresh_dictionary(api, TABLE)
        train(api, dictionary)
        command("backup", "--data", str(data), "--to", str(archive))
        asked = {"pairs": [PAIR], "reason": "asked for"}
        purged = api.post(f"/v1/dictionaries/{dictionary}/facts:purge", json=asked).json()
        kill(running)
    with running_service(data, running.key) as running, running.client() as api:
        assert wait(api, purged["job"])["state"] == "succeeded"
        forgotten(running, api, dictionary)
    command("restore", "--data", str(data), "--from", str(archive), "--force")
    with running_service(data, running.key) as running, running.client() as api:
        forgotten(running, api, dictionary)


@pytest.mark.parametrize("role", ["query", "ingest", "audit", "review"])
def test_only_an_admin_purges(api: httpx.Client, role: str) -> None:
    """Every other role is refused, whatever else it may do."""
    key = api.post("/v1/keys", json={"role": role}).json()["key"]
    dictionary = fresh_dictionary(api)
    reply = api.post(
        f"/v1/dictionaries/{dictionary}/facts:purge",
        json={"subject": "a", "reason": ""},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [{"reason": ""}, {"pairs": [], "reason": ""}, {"pairs": [PAIR], "subject": "a", "reason": ""}, {"subject": "a"}],
)
def test_a_purge_says_what_and_why(api: httpx.Client, body: dict[str, object]) -> None:
    """Pairs or a subject, never both or neither, and a reason."""
    assert api.post(f"/v1/dictionaries/{fresh_dictionary(api)}/facts:purge", json=body).status_code == 422
