"""A deletion verified over HTTP alone: a training without the facts, by the recipe that the memory shows."""

import random
import secrets
from typing import Any

import httpx
import pytest

from tests.running import Running, fresh_dictionary, train, wait

ROWS = [(f"PART-{n}", relation, f"{relation} {n % 9}") for n in range(80) for relation in ("buyer", "pack", "用途")]
FACTS = "subject,relation,answer\n" + "".join(",".join(row) + "\n" for row in ROWS)
RECIPES = {"fast": None, "compact": {"profile": "compact"}, "small blocks": {"block_facts": 16, "rows": "mlp"}}


def get_memory(api: httpx.Client, memory: str) -> dict[str, Any]:
    reply: dict[str, Any] = api.get(f"/v1/memories/{memory}").json()
    return reply


def train_again(api: httpx.Client, dictionary: str, memory: str, **more: Any) -> dict[str, Any]:
    """Train a memory by the recipe that this one shows, without moving an alias, and return its id."""
    job = train(api, dictionary, recipe=get_memory(api, memory)["recipe"], publish=None, **more)
    assert job["state"] == "succeeded", job
    return get_memory(api, job["memory"])


def to_pair(row: tuple[str, str, str]) -> dict[str, str]:
    return {"subject": row[0], "relation": row[1]}


@pytest.mark.parametrize("name", RECIPES)
def test_a_deletion_can_be_checked_from_outside(api: httpx.Client, name: str) -> None:
    """Train, delete through edits, take the recipe of the memory that serves, train what the ledger holds by it: two
    memories, one digest and one recipe. A relation that is left without facts stays in both; so does what a purge left.
    """
    dictionary = fresh_dictionary(api, FACTS)
    first = train(api, dictionary, recipe=RECIPES[name])["memory"]
    assert train_again(api, dictionary, first)["digest"] == get_memory(api, first)["digest"]
    gone = [row for row in ROWS if row[1] == "用途"]
    gone += random.Random(name).sample([row for row in ROWS if row not in gone], 40)
    reply = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json={"delete": [to_pair(row) for row in gone]})
    assert (reply.status_code, reply.json()["job"]) == (200, None)
    edited = get_memory(api, reply.json()["memory"])
    assert (edited["parent"], edited["recipe"]) == (first, get_memory(api, first)["recipe"])
    trained = train_again(api, dictionary, edited["id"])
    assert (trained["parent"], trained["digest"]) == (None, edited["digest"])
    assert (trained["facts"], trained["recipe"]) == (edited["facts"], edited["recipe"])
    assert trained["digest"] != get_memory(api, first)["digest"]
    left = next(row for row in ROWS if row not in gone)
    order = {"pairs": [to_pair(left)], "reason": "asked for"}
    purge = api.post(f"/v1/dictionaries/{dictionary}/facts:purge", json=order)
    assert purge.status_code in {200, 202}, purge.text
    wait(api, purge.json()["job"])
    champion = api.get(f"/v1/dictionaries/{dictionary}/aliases/champion").json()["memory"]
    purged = get_memory(api, champion)
    assert purged["facts"] == edited["facts"] - 1
    assert train_again(api, dictionary, champion)["digest"] == purged["digest"]


def test_blocks_trained_end_to_end_come_out_again(api: httpx.Client) -> None:
    """The solver gradient: the same facts by the recipe shown, then fewer of them by a recipe that is not theirs."""
    facts = "subject,relation,answer\n" + "".join(f"s{n},r,a{n % 5}\n" for n in range(12))
    dictionary = fresh_dictionary(api, facts)
    first = train(api, dictionary, recipe={"solver": "gradient"})["memory"]
    assert train_again(api, dictionary, first)["digest"] == get_memory(api, first)["digest"]
    lines = "subject,relation,answer\n" + "".join(f"s{n},r,a{n % 5}\n" for n in range(1, 12))
    sent = api.post(f"/v1/dictionaries/{dictionary}/uploads?mode=replace", content=lines.encode())
    assert sent.is_success, sent.text
    fewer = [train_again(api, dictionary, first) for _ in range(2)]
    assert fewer[0]["digest"] == fewer[1]["digest"] != get_memory(api, first)["digest"]
    assert [each["recipe"] for each in fewer] == [get_memory(api, first)["recipe"]] * 2


def test_what_does_not_fit_is_refused_and_nothing_is_stored(service: Running, api: httpx.Client) -> None:
    """Half a recipe and one that contradicts itself are 422 when ordered; one that the facts have outgrown, that
    another dictionary shows, or that wants a device which is not here, ends its job with a code and in words. No memory
    comes of any of them, and the worker goes on.
    """
    dictionary = fresh_dictionary(api, FACTS)
    other = fresh_dictionary(api, FACTS)
    first, foreign = (get_memory(api, train(api, each)["memory"]) for each in (dictionary, other))
    url, recipe, worker = f"/v1/dictionaries/{dictionary}/memories", first["recipe"], service.worker
    half = {name: value for name, value in recipe.items() if name not in {"k", "groups"}}
    for sent, words in (
        (half, "body.recipe: this is half of a resolved recipe: k, groups are missing. Send every field that"),
        (recipe | {"k": 60}, "recipe: k must be"),
        (recipe | {"load": "heavy"}, "body.recipe.load: Input should be a valid number"),
        (recipe | {"groups": []}, "body.recipe.groups: "),
    ):
        refused = api.post(url, json={"recipe": sent})
        assert (refused.status_code, refused.json()["code"]) == (422, "recipe_invalid"), refused.text
        assert refused.json()["detail"].startswith(words)
    assert train(api, dictionary, recipe=foreign["recipe"])["problem"]["detail"].endswith(
        "the resolved recipe does not know 3 of the relations"
    )
    absent = train(api, dictionary, recipe=recipe | {"device": "cuda"})
    assert (absent["state"], absent["problem"]["code"]) == ("failed", "unavailable")
    many = "subject,relation,answer\n" + "".join(f"x{n},buyer,{secrets.token_hex(4)}\n" for n in range(200))
    assert api.post(f"/v1/dictionaries/{dictionary}/uploads", content=many.encode()).is_success
    outgrown = train(api, dictionary, recipe=recipe)
    assert (outgrown["state"], outgrown["problem"]["code"], outgrown["memory"]) == ("failed", "training_failed", None)
    assert "1 of the relations have more answers than their codes have room for" in outgrown["problem"]["detail"]
    made = [each["id"] for each in api.get(url).json()["memories"]]
    assert (made, service.worker) == ([first["id"]], worker)


def test_a_champion_outgrows_the_recipe_that_was_sent_back(api: httpx.Client) -> None:
    """A relation that its recipe does not know is taught all the same: by a training whose sizes are resolved anew and
    whose choices stay.
    """
    dictionary = fresh_dictionary(api, FACTS)
    first = get_memory(api, train(api, dictionary, recipe={"profile": "compact", "heads": 8, "seed": 3})["memory"])
    assert train(api, dictionary, recipe=first["recipe"])["state"] == "succeeded"
    batch = {"upsert": [{"subject": "PART-0", "relation": "colour", "answer": "red"}]}
    reply = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=batch)
    assert reply.status_code == 202, reply.text
    ended = wait(api, reply.json()["id"])
    assert ended["state"] == "succeeded", ended
    recipe = get_memory(api, ended["memory"])["recipe"]
    assert len(recipe["relation_bits"]) == 4
    kept = ("profile", "heads", "seed", "weight_bits", "block_facts", "d_model", "mlp_width")
    assert {name: recipe[name] for name in kept} == {name: first["recipe"][name] for name in kept}
