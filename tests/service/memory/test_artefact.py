"""The stored memory: the same bytes for the same facts, and not a byte that is not vouched for."""

import json
import random
from pathlib import Path

import pytest
import torch

from service.errors import MemoryMismatch
from service.memory import Facts, Memory, Recipe, devices, fit, load
from service.memory.recipe import Resolved
from tests.service.memory.conftest import DICTIONARIES, SECRET, read, table


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read(DICTIONARIES / "elements.csv")


@pytest.fixture(scope="module", params=["fast", "compact"])
def memory(request: pytest.FixtureRequest, facts: Facts) -> Memory:
    return fit(facts, Recipe(profile=request.param), secret=SECRET)


def shuffled(facts: Facts, seed: int) -> Facts:
    rows = list(zip(facts.subjects, facts.relations, facts.answers, strict=True))
    random.Random(seed).shuffle(rows)
    return table(rows)


def test_order_of_facts_leaves_no_trace(facts: Facts, memory: Memory) -> None:
    """Shuffled facts, with some repeated, give the same digest."""
    again = shuffled(facts, 1)
    doubled = Facts.of([*again.rows(), *list(again.rows())[:50]])
    assert fit(doubled, Recipe(profile=memory.resolved.profile), secret=SECRET).digest == memory.digest


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_thread_count_leaves_no_trace(
    facts: Facts, memory: Memory, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever number of threads PyTorch and the training's own pool are told to use, the digest is the same."""
    monkeypatch.setenv(devices.THREADS, str(threads))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert fit(facts, Recipe(profile=memory.resolved.profile), secret=SECRET).digest == memory.digest
    finally:
        torch.set_num_threads(before)


def test_the_secret_decides_the_bytes(facts: Facts, memory: Memory) -> None:
    """Another memory secret gives another memory: nothing of one can be compared with the other."""
    other = fit(facts, Recipe(profile=memory.resolved.profile), secret=bytes(32))
    assert other.digest != memory.digest


def test_a_resolved_recipe_is_taken_as_it_is(facts: Facts, memory: Memory) -> None:
    """Training again with the resolved recipe, after a round trip through JSON, gives the same digest."""
    recipe = Resolved.from_json(json.loads(json.dumps(memory.recipe)))
    assert fit(facts, recipe, secret=SECRET).digest == memory.digest


def test_fewer_facts_under_one_recipe_equal_a_training_without_them(facts: Facts, memory: Memory) -> None:
    """A pair left out changes its own block alone: the others' hashes stay what they were."""
    fewer = Facts(facts.subjects[1:], facts.relations[1:], facts.answers[1:])
    without = fit(fewer, memory.resolved, secret=SECRET)
    assert (memory.stored.leaves.blocks != without.stored.leaves.blocks).any(axis=1).sum() == 1


def test_a_saved_memory_answers_the_same(facts: Facts, memory: Memory, tmp_path: Path) -> None:
    """Loaded from disk: the same digest, the same figures, every answer."""
    memory.save(tmp_path / "m")
    loaded = load(tmp_path / "m", secret=SECRET)
    assert loaded.digest == memory.digest
    assert (loaded.pairs, loaded.facts, loaded.bytes) == (memory.pairs, memory.facts, memory.bytes)
    verified = loaded.verify(facts)
    assert verified.right == verified.asked


def test_another_secret_does_not_open_it(memory: Memory, tmp_path: Path) -> None:
    """The wrong secret is refused before anything is read from the weights."""
    memory.save(tmp_path / "m")
    with pytest.raises(MemoryMismatch):
        load(tmp_path / "m", secret=bytes(32))


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_bit_is_refused(memory: Memory, tmp_path: Path, seed: int) -> None:
    """One bit of any file, the manifest's included, and the memory does not load."""
    memory.save(tmp_path / "m")
    draw = random.Random(seed)
    path = draw.choice(sorted((tmp_path / "m").iterdir()))
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    with pytest.raises(MemoryMismatch):
        load(tmp_path / "m", secret=SECRET)


@pytest.mark.parametrize("name", ["bank.safetensors", "answers.safetensors", "names.safetensors", "manifest.json"])
def test_a_missing_or_cut_file_is_refused(memory: Memory, tmp_path: Path, name: str) -> None:
    """Half a file or none is refused, never filled in."""
    memory.save(tmp_path / "m")
    path = tmp_path / "m" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MemoryMismatch):
        load(tmp_path / "m", secret=SECRET)
    path.unlink()
    with pytest.raises(MemoryMismatch):
        load(tmp_path / "m", secret=SECRET)


def test_no_name_and_no_answer_can_be_read(tmp_path: Path) -> None:
    """Neither UTF-8 nor UTF-16 nor escaped text of a subject, relation or answer stands in the artefact."""
    words = ("Amaterasu-0042", "標準入数の秘密", "readable answer 7")
    memory = fit(table([words, ("other", "標準入数の秘密", "x")]), secret=SECRET)
    memory.save(tmp_path / "m")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "m").iterdir())
    for word in words:
        for form in (word.encode(), word.encode("utf-16-le"), json.dumps(word)[1:-1].encode()):
            assert form not in stored


def test_a_failed_save_leaves_nothing(memory: Memory, tmp_path: Path) -> None:
    """Saving onto an existing memory fails and leaves no draft beside it."""
    memory.save(tmp_path / "m")
    with pytest.raises(OSError, match=r".+"):
        memory.save(tmp_path / "m")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_figures_add_up(memory: Memory) -> None:
    """Bytes are those of the stored tensors; weights and scales are counted one by one."""
    bank = memory.stored.bank
    assert memory.stored_scales == sum(block.scales.size for block in bank.blocks)
    assert memory.stored_parameters == sum(block.steps.size for block in bank.blocks)
    assert memory.bytes < memory.bytes_total
    expected = memory.stored_parameters * memory.resolved.weight_bits // 8
    assert memory.bytes == expected + sum(block.scales.nbytes + 2 for block in bank.blocks)
