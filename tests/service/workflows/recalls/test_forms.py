"""Every form of query, asked over a real socket."""

import httpx
import pytest

from service.workflows.recalls.queries import MAX_FAN_OUT, MAX_HOPS
from tests.service.workflows.recalls.shelf import Shelf

Json = dict[str, object]


def ask(http: httpx.Client, query: Json) -> Json:
    reply = http.post("/recall", json=query)
    assert reply.status_code == 200, reply.text
    result: Json = reply.json()
    return result


def nothing(status: str, subject: str | None, relation: str | None) -> Json:
    return {"status": status, "answers": [], "subject": subject, "relation": relation, "margin": 0.0} | {
        "memory": "mem_1",
        "candidates": [],
        "ledger": None,
    }


def test_a_pair_is_answered_with_every_field_of_the_contract(http: httpx.Client) -> None:
    """A taught pair comes back answered, with the names as asked, the margin and the memory that answered."""
    assert ask(http, {"subject": "PART-1", "relation": "pack quantity"}) == {
        "status": "answered",
        "answers": ["24"],
        "subject": "PART-1",
        "relation": "pack quantity",
        "margin": 1.0,
        "memory": "mem_1",
        "candidates": [],
        "ledger": None,
    }


def test_several_answers_of_a_pair_are_one_answer_set(http: httpx.Client) -> None:
    """A pair taught with several answers is answered with all of them, sorted."""
    assert ask(http, {"subject": "PART-2", "relation": "maker"})["answers"] == ["Beppu", "Chiba"]


@pytest.mark.parametrize(("subject", "relation"), [("PART-9", "maker"), ("maker", "PART-1"), ("", "")])
def test_an_untaught_pair_is_unknown(http: httpx.Client, subject: str, relation: str) -> None:
    """An untaught pair, a swapped one and a blank one are unknown, with no answer and no margin."""
    assert ask(http, {"subject": subject, "relation": relation}) == nothing("unknown", subject, relation)


def test_a_name_that_folds_to_several_is_ambiguous(http: httpx.Client, shelf: Shelf) -> None:
    """Where the memory cannot tell which taught name is meant, the status is ambiguous and nothing is answered."""
    shelf.tables["mem_1"].folded = {("part-1", "maker")}
    asked: Json = {"subject": "part-1", "relation": "maker"}
    assert ask(http, asked) == nothing("ambiguous", "part-1", "maker")


def test_a_question_with_one_taught_pair_is_answered(http: httpx.Client) -> None:
    """A sentence in which exactly one taught pair stands is answered, and the result names the pair."""
    for question in ("What is the pack quantity of PART-2?", "PART-2: what pack quantity has PART-2?"):
        result = ask(http, {"question": question})
        assert (result["status"], result["answers"]) == ("answered", ["12"])
        assert (result["subject"], result["relation"]) == ("PART-2", "pack quantity")


def test_a_question_with_several_taught_pairs_is_ambiguous(http: httpx.Client) -> None:
    """A sentence that could ask for two taught pairs answers neither and lists both with their answers."""
    result = ask(http, {"question": "pack quantity of PART-1 and PART-2"})
    assert (result["status"], result["answers"], result["subject"]) == ("ambiguous", [], None)
    assert result["candidates"] == [
        {"subject": "PART-1", "relation": "pack quantity", "answers": ["24"]},
        {"subject": "PART-2", "relation": "pack quantity", "answers": ["12"]},
    ]


@pytest.mark.parametrize("question", ["", "What is the weight of PART-1?", "the pack quantity of PART-3"])
def test_a_question_about_nothing_taught_is_unknown(http: httpx.Client, question: str) -> None:
    """A sentence without a taught pair is unknown, whether or not names in it are known."""
    assert ask(http, {"question": question}) == nothing("unknown", None, None)


def test_a_chain_follows_answers_from_hop_to_hop(http: httpx.Client) -> None:
    """The answer of one hop is the subject of the next; the answers are those of the last hop."""
    result = ask(http, {"subject": "PART-1", "relations": ["maker", "city", "post code"]})
    assert (result["status"], result["answers"], result["margin"]) == ("answered", ["010-0000"], 1.0)
    assert (result["subject"], result["relation"]) == ("PART-1", None)


def test_a_chain_fans_out_over_several_answers(http: httpx.Client) -> None:
    """Each answer of a hop is followed; one that leads nowhere is left out, as a join leaves it out."""
    assert ask(http, {"subject": "PART-2", "relations": ["maker", "city"]})["answers"] == ["別府市"]


@pytest.mark.parametrize("relations", [["weight"], ["weight", "city"], ["maker", "weight"], ["maker", "city", "city"]])
def test_a_chain_with_an_unknown_hop_is_unknown(http: httpx.Client, relations: list[str]) -> None:
    """Wherever a chain breaks, its result is unknown."""
    assert ask(http, {"subject": "PART-1", "relations": relations}) == nothing("unknown", "PART-1", None)


def test_a_chain_that_fans_out_too_far_is_ambiguous(http: httpx.Client, shelf: Shelf) -> None:
    """A hop with more subjects than the bound is not half answered: the chain is ambiguous."""
    shelf.put("mem_2", [("all", "holds", str(part)) for part in range(MAX_FAN_OUT + 1)] + [("1", "holds", "x")])
    result = ask(http, {"subject": "all", "relations": ["holds", "holds"]})
    assert (result["status"], result["answers"]) == ("ambiguous", [])
    assert ask(http, {"subject": "all", "relations": ["holds"]})["status"] == "answered"


def test_a_subject_alone_lists_what_the_memory_holds_of_it(http: httpx.Client) -> None:
    """Every relation that is taught for the subject is a candidate with its answers; `answers` is all of them."""
    result = ask(http, {"subject": "PART-2"})
    assert (result["status"], result["answers"], result["relation"]) == ("answered", ["12", "Beppu", "Chiba"], None)
    assert result["candidates"] == [
        {"subject": "PART-2", "relation": "maker", "answers": ["Beppu", "Chiba"]},
        {"subject": "PART-2", "relation": "pack quantity", "answers": ["12"]},
    ]
    assert ask(http, {"subject": "PART-9"}) == nothing("unknown", "PART-9", None)


def test_forms_can_be_mixed_in_one_batch(http: httpx.Client, shelf: Shelf) -> None:
    """A batch of all forms gives, in order, what each query gives alone, in as many recalls as its longest chain."""
    queries: list[Json] = [
        {"subject": "PART-1", "relation": "maker"},
        {"subject": "PART-1", "relations": ["maker", "city", "post code"]},
        {"question": "pack quantity of PART-1 and PART-2"},
        {"subject": "PART-2"},
        {"subject": "PART-2", "relations": ["maker", "city"]},
        {"question": "nothing"},
    ]
    shelf.tables["mem_1"].asked.clear()
    results = http.post("/recall:batch", json={"queries": queries}).json()["results"]
    assert len(shelf.tables["mem_1"].asked) == 3
    assert results == [ask(http, query) for query in queries]


def test_columns_say_what_rows_say(http: httpx.Client) -> None:
    """The column form gives the statuses, answers and margins that the same pairs give as rows."""
    pairs = [("PART-1", "maker"), ("PART-2", "maker"), ("PART-9", "maker")]
    subjects, relations = zip(*pairs, strict=True)
    columns = http.post("/recall:batch", json={"subjects": subjects, "relations": relations}).json()
    queries = [{"subject": subject, "relation": relation} for subject, relation in pairs]
    rows = http.post("/recall:batch", json={"queries": queries}).json()["results"]
    assert columns == {
        "statuses": [row["status"] for row in rows],
        "answers": [row["answers"] for row in rows],
        "margins": [row["margin"] for row in rows],
        "memory": "mem_1",
    }


def test_empty_batches_are_answered_with_nothing(http: httpx.Client) -> None:
    """No queries, no results; no pairs, no columns."""
    assert http.post("/recall:batch", json={"queries": []}).json() == {"results": []}
    assert http.post("/recall:batch", json={"subjects": [], "relations": []}).json()["statuses"] == []


def test_ten_thousand_rows_and_more_are_one_batch(http: httpx.Client) -> None:
    """A batch of 20,000 rows is answered whole and in order."""
    queries = [{"subject": f"PART-{index % 4}", "relation": "pack quantity"} for index in range(20_000)]
    results = http.post("/recall:batch", json={"queries": queries}).json()["results"]
    expected: list[list[str]] = [[], ["24"], ["12"], []]
    assert [result["answers"] for result in results] == [expected[index % 4] for index in range(20_000)]


def test_the_longest_chain_is_taken_and_a_longer_one_refused(http: httpx.Client) -> None:
    """A chain of the greatest length is asked; one hop more is refused with the bound named."""
    assert http.post("/recall", json={"subject": "PART-1", "relations": ["maker"] * MAX_HOPS}).status_code == 200
    refused = http.post("/recall", json={"subject": "PART-1", "relations": ["maker"] * (MAX_HOPS + 1)})
    assert (refused.status_code, str(MAX_HOPS) in refused.json()["detail"]) == (422, True)
