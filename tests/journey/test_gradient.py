"""A memory trained end to end, over HTTP: ordered, followed, asked, edited, deleted from, scrubbed."""

import httpx

from tests.running import fresh_dictionary, train, wait

FACTS = "subject,relation,answer\n" + "".join(f"PART-{n},{r},{r} {n % 5}\n" for n in range(20) for r in ("a", "b"))
GRADIENT = {"solver": "gradient", "rows": "mlp", "seed": 7}


def answers(api: httpx.Client, dictionary: str, subject: str, relation: str = "a") -> list[str]:
    asked = {"subject": subject, "relation": relation}
    found: list[str] = api.post(f"/v1/dictionaries/{dictionary}/recall", json=asked).json()["answers"]
    return found


def test_a_memory_trained_end_to_end_serves_like_any_other(api: httpx.Client) -> None:
    """POST memories with solver gradient: verified, published, every weight stored; an edit is 202 with a training by
    the same recipe, after which the deleted fact is unknown; a verification recalls every pair.
    """
    dictionary = fresh_dictionary(api, FACTS)
    job = train(api, dictionary, recipe=GRADIENT)
    assert (job["state"], job["result"]["right"]) == ("succeeded", 40)
    info = api.get(f"/v1/memories/{job['memory']}").json()
    assert {name: info["recipe"][name] for name in GRADIENT} == GRADIENT
    assert info["frozen_parameters"] == 0 < info["stored_parameters"] <= info["bytes"]
    assert answers(api, dictionary, "PART-7", "b") == ["b 2"]
    batch = {
        "upsert": [{"subject": "PART-7", "relation": "b", "answer": "new"}],
        "delete": [{"subject": "PART-8", "relation": "a"}],
    }
    edited = api.post(f"/v1/dictionaries/{dictionary}/facts:batch", json=batch)
    assert (edited.status_code, edited.json()["kind"]) == (202, "train")
    anew = wait(api, edited.json()["id"])
    assert anew["state"] == "succeeded"
    assert (answers(api, dictionary, "PART-7", "b"), answers(api, dictionary, "PART-8")) == (["new"], [])
    assert api.get(f"/v1/memories/{anew['memory']}").json()["recipe"]["solver"] == "gradient"
    verified = wait(api, api.post(f"/v1/memories/{anew['memory']}/verifications").json()["id"])["result"]
    assert (verified["asked"], verified["right"]) == (39, 39)


def test_layers_are_for_the_gradient_solver(api: httpx.Client) -> None:
    """Two layers in closed form are refused as recipe_invalid; so are five of any kind, by the schema."""
    dictionary = fresh_dictionary(api, FACTS)
    url = f"/v1/dictionaries/{dictionary}/memories"
    refused = api.post(url, json={"recipe": {"layers": 2}})
    assert (refused.status_code, refused.json()["code"]) == (422, "recipe_invalid")
    assert api.post(url, json={"recipe": {"layers": 5, "solver": "gradient"}}).status_code == 422
