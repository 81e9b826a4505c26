"""The gate of an alias over HTTP: a memory must keep the limits, and a refusal names the figures."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train

FACTS = "subject,relation,answer\n" + "".join(f"item {n},{'size' if n % 2 else 'maker'},{n}\n" for n in range(60))


@pytest.fixture
def toml(service: Running) -> Iterator[Path]:
    """The data folder's gate, absent until a test writes it, and gone afterwards."""
    path = service.data / "gate.toml"
    yield path
    path.unlink(missing_ok=True)


def test_without_a_gate_every_alias_moves(api: httpx.Client, toml: Path) -> None:
    """Without a file there are no limits, and nothing is measured."""
    dictionary = fresh_dictionary(api, FACTS)
    train(api, dictionary)
    gate = api.get(f"/v1/dictionaries/{dictionary}/gate").json()
    assert gate == {"limits": None, "priority_pairs": 0, "priority_relations": 0, "figures": None}


def test_a_memory_passes_by_its_figures(api: httpx.Client, toml: Path) -> None:
    """Recall is exhaustive, never-taught questions are a sample with an interval, priority facts are separate."""
    toml.write_text("maximum_false_answers = 0.01\nminimum_sample = 1000\n")
    dictionary = fresh_dictionary(api, FACTS)
    url = f"/v1/dictionaries/{dictionary}"
    marks = {"pairs": [{"subject": " item 0 ", "relation": "maker"}], "relations": ["size"]}
    marked = api.put(f"{url}/gate/priority", json=marks).json()
    assert marked == {"pairs": [{"subject": "item 0", "relation": "maker"}], "relations": ["size"]}
    assert api.get(f"{url}/gate/priority").json() == marked
    assert train(api, dictionary)["state"] == "succeeded"
    gate = api.get(f"{url}/gate").json()
    assert (gate["priority_pairs"], gate["priority_relations"]) == (1, 1)
    figures = {figure["name"]: figure for figure in gate["figures"]}
    counted = {name: (figure["count"], figure["asked"]) for name, figure in figures.items()}
    assert counted == {"recall": (60, 60), "priority": (31, 31), "false_answers": (0, 1000)}
    assert {figure["verdict"] for figure in figures.values()} == {"pass"}
    assert figures["false_answers"]["interval"][1] < 0.01
    edited = api.post(f"{url}/facts:batch", json={"delete": [{"subject": "item 0", "relation": "maker"}]})
    assert edited.status_code == 200


def test_a_sample_too_small_is_not_decisive(api: httpx.Client, toml: Path) -> None:
    """Neither a training nor a switch by hand passes; a challenger may, and a rollback always does."""
    dictionary = fresh_dictionary(api, FACTS)
    url = f"/v1/dictionaries/{dictionary}"
    first = train(api, dictionary)["memory"]
    unpublished = train(api, dictionary, publish=None, recipe={"seed": 3})["memory"]
    second = train(api, dictionary)["memory"]
    toml.write_text("maximum_false_answers = 0.001\nminimum_sample = 100\n")
    failed = train(api, dictionary)
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "gate_not_decisive")
    assert api.get(f"{url}/aliases/champion").json()["memory"] == second
    wanted = {"memory": unpublished, "reason": "try"}
    refused = api.put(f"{url}/aliases/champion", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_not_decisive")
    figures = {figure["name"]: figure for figure in refused.json()["extra"]["figures"]}
    assert (figures["false_answers"]["asked"], figures["false_answers"]["verdict"]) == (100, "not_decisive")
    assert api.put(f"{url}/aliases/challenger", json=wanted).status_code == 200
    assert api.post(f"{url}/aliases/champion/rollback", json={"reason": "back"}).json()["memory"] == first
    toml.write_text("maximum_false_answers = 0.001\nminimum_sample = 5000\n")
    assert api.put(f"{url}/aliases/champion", json=wanted).status_code == 200


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("minimum_recal = 1.0\n", "minimum_recal"),
        ("minimum_recall = 2\n", "minimum_recall"),
        ('minimum_sample = "many"\n', "minimum_sample"),
        ("minimum_recall 1\n", "line 1"),
    ],
)
def test_a_gate_that_cannot_be_read_lets_nothing_pass(api: httpx.Client, toml: Path, text: str, named: str) -> None:
    """With a misspelled limit nothing passes until it is corrected; the message names it."""
    dictionary = fresh_dictionary(api, FACTS)
    memory = train(api, dictionary)["memory"]
    toml.write_text(text)
    wanted = {"memory": memory, "reason": "try"}
    refused = api.put(f"/v1/dictionaries/{dictionary}/aliases/beta", json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (503, "gate_invalid")
    assert named in refused.json()["detail"]
