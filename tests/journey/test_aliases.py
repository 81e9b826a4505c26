"""Aliases over HTTP: rollback, pin, unpin, ledger reset, deletion and history."""

from typing import Any

import httpx
import pytest

from tests.running import fresh_dictionary, train, upload, wait

HEAD = "subject,relation,answer\n"
FACTS = f"{HEAD}a,r,1\nb,r,2\nc,r,3\n"


class DictionaryClient:
    """A client of one dictionary, as its callers use it."""

    def __init__(self, api: httpx.Client, facts: str = FACTS) -> None:
        self.api = api
        self.id = fresh_dictionary(api, facts)
        self.url = f"/v1/dictionaries/{self.id}"

    def train(self, **body: Any) -> str:
        job = train(self.api, self.id, **body)
        assert job["state"] == "succeeded", job
        memory: str = job["memory"]
        return memory

    def edit(self, subject: str, answer: str | None) -> dict[str, Any]:
        pair = {"subject": subject, "relation": "r"}
        batch = {"delete": [pair]} if answer is None else {"upsert": [pair | {"answer": answer}]}
        reply = self.api.post(f"{self.url}/facts:batch", json=batch)
        assert reply.status_code == 200, reply.text
        edited: dict[str, Any] = reply.json()
        return edited

    def alias(self, name: str = "champion") -> dict[str, Any]:
        reply = self.api.get(f"{self.url}/aliases/{name}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def put(self, name: str, memory: str, **more: Any) -> httpx.Response:
        return self.api.put(f"{self.url}/aliases/{name}", json={"memory": memory, "reason": "test", **more})

    def rollback(self, name: str = "champion", **more: Any) -> httpx.Response:
        return self.api.post(f"{self.url}/aliases/{name}/rollback", json={"reason": "test", **more})

    def unpin(self, name: str = "champion") -> httpx.Response:
        return self.api.post(f"{self.url}/aliases/{name}/unpin", json={"reason": "test"})

    def events(self, name: str = "champion") -> list[tuple[str, str]]:
        """(action, memory), oldest first."""
        events = self.api.get(f"{self.url}/aliases/{name}/history").json()["events"]
        return [(event["action"], event["memory"]) for event in reversed(events)]

    def says(self, subject: str, **where: str) -> list[str]:
        query = {"subject": subject, "relation": "r", **where}
        answers: list[str] = self.api.post(f"{self.url}/recall", json=query).json()["answers"]
        return answers

    def holds(self) -> dict[str, str]:
        """The ledger, by subject."""
        facts = self.api.post(f"{self.url}/facts:search", json={}).json()["facts"]
        return {fact["subject"]: fact["answer"] for fact in facts}


@pytest.fixture
def table(api: httpx.Client) -> DictionaryClient:
    return DictionaryClient(api)


def test_a_rollback_takes_one_call_and_pins(table: DictionaryClient) -> None:
    """The memory before answers at once, without a job; later edits enter the ledger and do not move the alias."""
    first = table.train()
    edited = table.edit("a", "9")
    assert table.alias()["memory"] == edited["memory"] != first
    assert table.alias("previous")["memory"] == first
    jobs = table.api.get(f"{table.url}/jobs").json()
    rolled = table.rollback()
    assert table.api.get(f"{table.url}/jobs").json() == jobs
    assert (rolled.status_code, rolled.json()["memory"], rolled.json()["pinned"]) == (200, first, True)
    assert rolled.headers["etag"] == f'"{rolled.json()["version"]}"'
    assert table.says("a") == ["1"]
    assert table.alias("previous")["memory"] == edited["memory"]
    assert table.edit("b", "8")["memory"] == first
    assert (table.holds()["b"], table.says("b")) == ("8", ["2"])
    assert table.says("a", memory=edited["memory"]) == ["9"]


def test_rollbacks_go_further_back_each_time(table: DictionaryClient) -> None:
    """Each rollback goes one memory further back, even past one that served twice, until none is left."""
    first = table.train()
    second, third = (table.edit("a", answer)["memory"] for answer in ("8", "9"))
    assert table.put("champion", first, force=True).status_code == 200
    last = table.edit("b", "7")["memory"]
    assert table.alias()["memory"] == last
    assert [table.rollback().json()["memory"] for _ in range(4)] == [first, third, second, first]
    assert (table.rollback().status_code, table.rollback().json()["code"]) == (409, "no_predecessor")


def test_previous_is_moved_by_nobody(table: DictionaryClient) -> None:
    """`previous` follows the champion; no call, training or deletion moves it."""
    first = table.train()
    table.edit("a", "9")
    trained = table.api.post(f"{table.url}/memories", json={"publish": "previous"})
    deleted = table.api.delete(f"{table.url}/aliases/previous")
    refused = [table.put("previous", first), table.rollback("previous"), trained, deleted]
    assert [reply.status_code for reply in refused] == [422] * 4
    assert table.alias("previous")["memory"] == first


def test_an_unpinned_champion_catches_up(table: DictionaryClient) -> None:
    """Everything that entered the ledger meanwhile is answered, and edits move the alias again."""
    table.train()
    table.edit("a", "9")
    table.rollback()
    table.edit("b", "8")
    let_go = table.unpin()
    assert (let_go.status_code, let_go.json()["pinned"]) == (200, False)
    assert [table.says(subject) for subject in "abc"] == [["9"], ["8"], ["3"]]
    table.edit("c", None)
    assert table.says("c") == []
    assert [action for action, _ in table.events()] == ["train", "edit", "rollback", "unpin", "edit", "edit"]


def test_a_training_unpins(table: DictionaryClient) -> None:
    """A memory that was trained anew is published over a pinned champion, and edits move it again."""
    table.train()
    table.edit("a", "9")
    table.rollback()
    trained = table.train()
    assert (table.alias()["memory"], table.alias()["pinned"]) == (trained, False)
    table.edit("b", "8")
    assert [table.says(subject) for subject in "ab"] == [["9"], ["8"]]


def test_a_reset_ledger_holds_the_restored_facts_again(table: DictionaryClient) -> None:
    """Changed, deleted and added facts are restored in a new ledger version, each with the line that taught it; the
    alias is not pinned, and edits continue from there.
    """
    first = table.train()
    table.edit("a", "9")
    table.edit("b", None)
    before = table.edit("d", "4")["ledger_version"]
    rolled = table.rollback(memory=first, reset_ledger=True).json()
    assert (rolled["memory"], rolled["pinned"]) == (first, False)
    dictionary = table.api.get(table.url).json()
    assert (dictionary["ledger_version"], dictionary["pairs"], dictionary["facts"]) == (before + 1, 3, 3)
    assert table.holds() == {"a": "1", "b": "2", "c": "3"}
    facts = table.api.post(f"{table.url}/facts:search", json={"subject": "b"}).json()["facts"]
    assert [fact["line"] for fact in facts] == [3]
    table.edit("c", "7")
    assert [table.says(subject) for subject in "abcd"] == [["1"], ["2"], ["7"], []]
    assert table.alias()["memory"] != first


def test_rollbacks_go_further_back_and_end(table: DictionaryClient) -> None:
    """A second rollback goes to the version before, not to what the first one left; then there is none: 409."""
    memories = [table.train(), table.edit("a", "8")["memory"], table.edit("a", "9")["memory"]]
    assert [table.rollback().json()["memory"] for _ in range(2)] == memories[1::-1]
    none = table.rollback()
    assert (none.status_code, none.json()["code"]) == (409, "no_predecessor")
    assert table.rollback(memory=memories[2]).json()["memory"] == memories[2]


def test_a_rollback_needs_a_memory_that_served(table: DictionaryClient, api: httpx.Client) -> None:
    """No alias, a memory that never served and one of another dictionary are 404; `previous` is moved by nobody."""
    assert table.rollback().status_code == 404
    table.train()
    unpublished = table.train(publish=None)
    elsewhere = DictionaryClient(api).train()
    for memory in (unpublished, elsewhere, "mem_none"):
        assert table.rollback(memory=memory).status_code == 404
    assert table.rollback("previous").status_code == 422
    assert table.put("previous", unpublished).status_code == 422


def test_what_a_reset_took_back_is_not_promoted(table: DictionaryClient) -> None:
    """A challenger that was taught it holds an earlier state than the ledger, whatever the numbers of the versions."""
    first = table.train()
    table.edit("a", "mistaken")
    challenger = table.train(publish="challenger", recipe={"profile": "compact"})
    assert table.rollback(memory=first, reset_ledger=True).status_code == 200
    refused = table.put("champion", challenger)
    assert (refused.status_code, refused.json()["code"]) == (409, "behind_ledger")
    assert refused.json()["extra"]["pairs"] == 1
    assert table.says("a") != ["mistaken"]
    assert table.put("champion", challenger, force=True).status_code == 200


def test_an_alias_can_be_deleted_but_the_champion(table: DictionaryClient) -> None:
    """Its history stays and its version numbers continue, so that no ETag is used twice."""
    memory = table.train()
    assert table.put("beta", memory).json()["version"] == 1
    assert table.api.request("DELETE", f"{table.url}/aliases/beta", json={"reason": "over"}).status_code == 204
    assert table.api.get(f"{table.url}/aliases/beta").status_code == 404
    assert table.put("beta", memory).json()["version"] == 3
    assert [action for action, _ in table.events("beta")] == ["switch", "delete", "switch"]
    assert table.api.delete(f"{table.url}/aliases/champion").status_code == 422


def test_a_weak_etag_moves_nothing(table: DictionaryClient) -> None:
    """If-Match compares strongly; the strong tag of the same version does move the alias."""
    memory = table.train()
    body = {"memory": memory, "reason": "r"}
    url = f"{table.url}/aliases/champion"
    tag = table.api.get(url).headers["etag"]
    weak = table.api.put(url, json=body, headers={"If-Match": f"W/{tag}"})
    assert (weak.status_code, weak.json()["code"]) == (412, "precondition_failed")
    assert "weak" in weak.json()["detail"]
    assert table.api.put(url, json=body, headers={"If-Match": f'"7", W/"1", {tag}'}).status_code == 200


def test_the_history_comes_in_pages(table: DictionaryClient) -> None:
    """Each event once, newest first, with who, when, why and by what."""
    table.train()
    for answer in range(5):
        table.edit("a", f"{answer} new")
    url, pages, cursor = f"{table.url}/aliases/champion/history", [], None
    while True:
        page = table.api.get(url, params={"limit": 4} | ({"cursor": cursor} if cursor else {})).json()
        pages.append(page["events"])
        cursor = page["cursor"]
        if cursor is None:
            break
    assert [[event["version"] for event in page] for page in pages] == [[6, 5, 4, 3], [2, 1]]
    assert set(pages[0][0]) == {"alias", "memory", "previous", "version", "at", "by", "reason", "action"}


def test_a_memory_that_is_behind_does_not_become_champion(table: DictionaryClient) -> None:
    """A switch does not undo what the champion has learned since unless it is forced, also to what has served."""
    first = table.train()
    challenger = table.train(publish="challenger", recipe={"profile": "compact"})
    table.edit("a", "9")
    behind = table.put("champion", challenger)
    assert (behind.status_code, behind.json()["code"]) == (409, "behind_ledger")
    assert behind.json()["extra"]["pairs"] == 1
    assert table.put("champion", first).json()["code"] == "behind_ledger"
    assert table.put("champion", first, force=True).status_code == 200
    table.train()
    assert table.put("champion", challenger, force=True).status_code == 200
    assert table.says("a") == ["1"]


def test_no_alias_goes_back_unnoticed(table: DictionaryClient) -> None:
    """A deleted fact does not come back under a name of the caller's own; `challenger` is there to try things."""
    first = table.train()
    table.put("beta", first)
    gone = table.edit("a", None)["memory"]
    assert table.put("beta", gone).status_code == table.put("challenger", gone).status_code == 200
    assert table.put("beta", first).json()["code"] == "behind_ledger"
    assert table.says("a", alias="beta") == []
    assert table.put("beta", first, force=True).status_code == table.put("challenger", first).status_code == 200


def test_a_challenger_that_is_the_champion_moves_with_it(table: DictionaryClient) -> None:
    """An edit advances both; one of another lineage stays behind."""
    memory = table.train()
    table.put("challenger", memory)
    edited = table.edit("a", "9")["memory"]
    assert table.alias("challenger")["memory"] == edited
    assert table.events("challenger")[-1] == ("follow", edited)


def test_an_outgrown_champion_is_unpinned_by_a_training(table: DictionaryClient) -> None:
    """Where the ledger holds a relation that the bank does not know, 202 names the training that catches up."""
    table.train()
    table.edit("a", "9")
    table.rollback()
    assert upload(table.api, table.id, f"{HEAD}a,another,5\n").status_code == 200
    let_go = table.unpin()
    assert (let_go.status_code, let_go.headers["location"]) == (202, f"/v1/jobs/{let_go.json()['id']}")
    assert wait(table.api, let_go.json()["id"])["state"] == "succeeded"
    query = {"subject": "a", "relation": "another"}
    assert table.api.post(f"{table.url}/recall", json=query).json()["answers"] == ["5"]
    assert not table.alias()["pinned"]


def test_a_reset_brings_back_nothing_that_policies_keep_out(table: DictionaryClient) -> None:
    """A reset that would restore facts which a policy no longer stores is 409. Only the champion can reset it."""
    first = table.train()
    wanted = {"policies": [{"relation": "r", "policy": "mask"}], "reason": "personal"}
    assert table.api.put(f"{table.url}/policies", json=wanted).status_code == 200
    assert table.api.post(f"{table.url}/policies:apply").status_code in {200, 202}
    held = table.holds()
    refused = table.rollback(memory=first, reset_ledger=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "policy_broken")
    assert table.holds() == held
    table.put("beta", first)
    assert table.rollback("beta", reset_ledger=True).status_code == 422
