import secrets
from collections.abc import Iterator

import pytest

from pilot.client import FactStore
from pilot.errors import JobFailed, Refused, ServiceFailed
from pilot.reading import ReadingOptions
from schemas.problems import Code
from schemas.recall import Query, Status
from schemas.uploads import OnConflict
from tests.running import Running

FACTS = "subject,relation,answer\n部品-001,色,赤\n部品-001,色,緑\n部品-002,色,青\n部品-003,,x\n".encode()
MANY = ReadingOptions(on_conflict=OnConflict.MANY)


@pytest.fixture(scope="module")
def store(service: Running) -> Iterator[FactStore]:
    with FactStore(service.url, service.key) as store:
        yield store


@pytest.fixture(scope="module")
def dictionary(store: FactStore) -> str:
    """A dictionary with two pairs and a champion."""
    made = store.create_dictionary(f"部品 {secrets.token_hex(4)}")
    store.upload(made.id, FACTS, MANY)
    store.wait(store.train(made.id).id)
    return made.id


@pytest.mark.parametrize("end", ["\n", "\r\n", " \t"])
def test_white_space_at_the_ends_of_a_key_is_not_part_of_it(service: Running, end: str) -> None:
    """A key that was read from a file, line break and all, lets its owner in."""
    with FactStore(service.url, f"{service.key}{end}") as store:
        assert isinstance(store.list_dictionaries(), list)


@pytest.mark.parametrize("key", ["", "k" * 32 + "\nmmm", "k" * 32 + " mmm", "鍵" * 32 + "mmm"])
def test_a_key_that_no_header_carries_is_refused_unseen(service: Running, key: str) -> None:
    """It is refused before anything is sent, in words that do not contain it."""
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        FactStore(service.url, key)
    assert "mmm" not in str(refused.value)


def test_an_upload_is_counted_and_can_be_read_again(store: FactStore) -> None:
    """The receipt counts every row, is found again by its id, and the refused row comes back with its code."""
    dictionary = store.create_dictionary(f"d {secrets.token_hex(4)}")
    receipt = store.upload(dictionary.id, FACTS, MANY)
    assert (receipt.rows_read, receipt.accepted, receipt.rejected, receipt.created) == (4, 3, 1, 2)
    assert store.get_receipt(dictionary.id, receipt.id) == receipt
    assert Code.FIELD_MISSING in store.get_refused_rows(dictionary.id, receipt.id).decode()
    assert "部品-002,色,青" in store.export(dictionary.id).decode()
    store.delete_dictionary(dictionary.id)
    with pytest.raises(Refused, match="not_found"):
        store.get_receipt(dictionary.id, receipt.id)


def test_a_dictionary_is_found_by_name_or_made(store: FactStore) -> None:
    """The same name leads to the same dictionary; a new name creates one dictionary."""
    name = f"得意先 マスタ（最終版）{secrets.token_hex(4)}"
    made = store.get_or_create_dictionary(name)
    assert store.get_or_create_dictionary(name).id == made.id == store.get_or_create_dictionary(made.id).id


def test_all_forms_of_recall_give_the_same_answers(store: FactStore, dictionary: str) -> None:
    """One query, rows, columns and a sentence give the same set of answers; a pair that was not taught is unknown."""
    memory = store.list_memories(dictionary)[0]
    subjects, relations = ["部品-001", "部品-009"], ["色", "色"]
    one = store.recall(dictionary, Query(subject="部品-001", relation="色"))
    rows = store.recall_rows(dictionary, [Query(subject=s, relation="色") for s in subjects], memory=memory.id)
    columns = store.recall_columns(dictionary, subjects, relations)
    asked = store.recall(dictionary, Query(question="部品-001の色は？"))
    assert (
        sorted(one.answers)
        == sorted(rows[0].answers)
        == sorted(columns.answers[0])
        == sorted(asked.answers)
        == ["緑", "赤"]
    )
    assert [row.status for row in rows] == list(columns.statuses) == [Status.ANSWERED, Status.UNKNOWN]


def test_training_verification_and_aliases(store: FactStore, dictionary: str) -> None:
    """A training moves champion; a verification recalls every pair; an alias has a version and a history."""
    steps: list[float] = []
    job = store.wait(store.train(dictionary).id, lambda share, _: steps.append(share))
    memory = store.get_memory(job.memory or "")
    assert "champion" in memory.aliases
    assert all(0 <= share <= 1 for share in steps)
    verified = store.get_verification(store.wait(store.verify(memory.id).id))
    assert (verified.asked, verified.right, verified.wrong) == (2, 2, 0)
    alias = store.put_alias(dictionary, "trial", memory.id, "to try it")
    assert store.get_alias_history(dictionary, "trial").events[0].memory == memory.id == alias.memory
    with pytest.raises(Refused) as refused:
        store.put_alias(dictionary, "trial", memory.id, "too late", version=alias.version + 7)
    assert refused.value.code is Code.PRECONDITION_FAILED


def test_a_cancelled_job_is_a_failure(store: FactStore, dictionary: str) -> None:
    """Waiting for a job that was cancelled raises JobFailed."""
    job = store.train(dictionary, publish=None)
    store.cancel(job.id)
    with pytest.raises(JobFailed, match="cancelled"):
        store.wait(job.id)


def test_problems_carry_their_code(service: Running) -> None:
    """A wrong key is Refused with the service's code; a closed port is ServiceFailed."""
    with FactStore(service.url, "x" * 40) as stranger, pytest.raises(Refused) as refused:
        stranger.list_dictionaries()
    assert (refused.value.status, refused.value.code) == (401, Code.UNAUTHORIZED)
    with FactStore("http://127.0.0.1:9", "x" * 40) as nobody, pytest.raises(ServiceFailed):
        nobody.list_dictionaries()
