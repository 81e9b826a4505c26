"""A flipped bit in the data folder of a running service."""

import threading
import time

import httpx

from tests.running import Running, fresh_dictionary, train, wait

CSV = "subject,relation,answer\n" + "".join(
    f"PART-{n},relation {r},{n * r % 997}\n" for n in range(2000) for r in range(4)
)
PAIR = {"subject": "PART-7", "relation": "relation 3"}


class Watch(threading.Thread):
    """Recalls, over and over, until it is told to stop."""

    def __init__(self, service: Running, dictionary: str) -> None:
        super().__init__(daemon=True)
        self._service = service
        self._dictionary = dictionary
        self._over = threading.Event()
        self.answers: set[str] = set()

    def run(self) -> None:
        with self._service.client() as client:
            while not (self._over.is_set() and self.answers):
                recalled = client.post(f"/v1/dictionaries/{self._dictionary}/recall", json=PAIR)
                self.answers |= set(recalled.json().get("answers", [recalled.text]))
                time.sleep(0.005)

    def stop(self) -> None:
        self._over.set()
        self.join()


def damaged(api: httpx.Client) -> float:
    [line] = [line for line in api.get("/metrics").text.splitlines() if line.startswith("factstore_scrub_damaged ")]
    return float(line.split()[1])


def test_a_running_service_heals_itself(service: Running, api: httpx.Client) -> None:
    """Scrubbed, the service finds the bit; while it cannot write it is not ready, says why and answers all the same;
    then it puts the bytes back.
    """
    dictionary = fresh_dictionary(api, CSV)
    memory = train(api, dictionary)["memory"]
    file = service.data / "memories" / memory / "bank.safetensors"
    before = file.read_bytes()
    assert api.get("/readyz").status_code == 200  # which loads every champion once, and the last few stay
    assert api.post(f"/v1/dictionaries/{dictionary}/recall", json=PAIR).is_success  # now this one does
    file.write_bytes(bytes([*before[:5000], before[5000] ^ 16, *before[5001:]]))
    watch = Watch(service, dictionary)
    watch.start()
    obstacle = service.data / "memories" / f".{memory}.rebuilt"  # where the rebuilt files are written first
    obstacle.touch()
    assert wait(api, api.post(f"/v1/memories/{memory}/scrubs").json()["id"])["state"] == "failed"
    unready = api.get("/readyz")
    assert (unready.status_code, unready.json()["extra"]["reason"]) == (503, "memory_mismatch")
    assert damaged(api) == 1.0
    obstacle.unlink()
    scrubbed = wait(api, api.post(f"/v1/memories/{memory}/scrubs").json()["id"])
    watch.stop()
    assert scrubbed["state"] == "succeeded", scrubbed["problem"]
    assert (scrubbed["result"]["state"], scrubbed["result"]["rebuilt"]) == ("healed", [memory])
    assert watch.answers == {str(7 * 3 % 997)}
    assert file.read_bytes() == before
    assert (api.get("/readyz").status_code, damaged(api)) == (200, 0.0)
    assert 'factstore_scrubs{state="healed"}' in api.get("/metrics").text
    checked = wait(api, api.post(f"/v1/memories/{memory}/verifications").json()["id"])
    assert (checked["state"], checked["result"]["wrong"]) == ("succeeded", 0)
