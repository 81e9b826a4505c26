"""A trained memory is a function of facts, resolved recipe and secret: nothing else reaches a byte."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Cancelled, MemoryMismatch
from service.memory import Facts, Memory, Recipe, devices, fit, load
from service.memory.gradient import blocks
from service.memory.recipe import Descent, Resolved
from tests.examples import examples
from tests.service.memory.conftest import SECRET, table

ROWS = [(f"Amaterasu-{n:04}", f"標準入数 {n % 2}", f"readable answer {n % 9}") for n in range(54)]
FACTS = table(ROWS)
FEW = fit(table(ROWS[:16]), Recipe(solver="gradient"), secret=SECRET)


@pytest.fixture(scope="module")
def memory() -> Memory:
    return fit(FACTS, Recipe(solver="gradient", block_facts=24), secret=SECRET)


@examples(4)
@given(st.permutations(range(16)))
def test_order_of_facts_leaves_no_trace(order: list[int]) -> None:
    """However facts are shuffled, and though one is repeated, the digest is the same."""
    shuffled = table([ROWS[at] for at in (*order, order[0])])
    assert fit(shuffled, Recipe(solver="gradient"), secret=SECRET).digest == FEW.digest


@pytest.mark.parametrize("threads", [1, 2])
def test_thread_count_leaves_no_trace(memory: Memory, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever number of threads PyTorch and the training's own pool are told to use, the digest is the same."""
    monkeypatch.setenv(devices.THREADS, str(threads))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert fit(FACTS, Recipe(solver="gradient", block_facts=24), secret=SECRET).digest == memory.digest
    finally:
        torch.set_num_threads(before)


def test_blocks_leave_no_trace_in_each_other(memory: Memory) -> None:
    """A pair left out changes its own block alone, though blocks are trained side by side."""
    without = fit(table(ROWS[1:]), memory.resolved, secret=SECRET)
    assert (memory.stored.leaves.blocks != without.stored.leaves.blocks).any(axis=1).sum() == 1


def test_the_secret_decides_the_bytes() -> None:
    """Another memory secret gives another memory."""
    assert fit(table(ROWS[:16]), Recipe(solver="gradient"), secret=bytes(32)).digest != FEW.digest


def test_a_saved_memory_is_the_same(memory: Memory, tmp_path: Path) -> None:
    """Loaded from disk: the same digest and figures, every answer; and its recipe, through JSON, trains it again."""
    memory.save(tmp_path / "m")
    loaded = load(tmp_path / "m", secret=SECRET)
    assert (loaded.digest, loaded.bytes, loaded.stored_parameters) == (
        memory.digest,
        memory.bytes,
        memory.stored_parameters,
    )
    assert loaded.verify(FACTS).right == len(ROWS)
    recipe = Resolved.from_json(json.loads(json.dumps(loaded.recipe)))
    assert recipe == memory.resolved


def test_damage_and_foreign_secrets_are_refused(memory: Memory, tmp_path: Path) -> None:
    """One bit of the bank, or the wrong secret, and the memory does not load."""
    memory.save(tmp_path / "m")
    with pytest.raises(MemoryMismatch):
        load(tmp_path / "m", secret=bytes(32))
    bank = tmp_path / "m" / "bank.safetensors"
    data = bytearray(bank.read_bytes())
    data[random.Random(0).randrange(len(data))] ^= 4
    bank.write_bytes(data)
    with pytest.raises(MemoryMismatch):
        load(tmp_path / "m", secret=SECRET)


def test_no_name_and_no_answer_can_be_read(memory: Memory, tmp_path: Path) -> None:
    """Neither UTF-8 nor UTF-16 nor escaped text of a subject, relation or answer stands in the artefact."""
    memory.save(tmp_path / "m")
    stored = b"".join(path.read_bytes() for path in (tmp_path / "m").iterdir())
    for word in {text for row in ROWS for text in row}:
        for form in (word.encode(), word.encode("utf-16-le"), json.dumps(word)[1:-1].encode()):
            assert form not in stored


class Stopped:
    """Progress that stops a training once it is this far, and remembers what it was told."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.told: list[float] = []

    def __call__(self, fraction: float, step: str) -> None:
        assert step
        self.told.append(fraction)
        if fraction >= self.at:
            raise Cancelled("stopped")


def test_progress_rises_from_zero_to_one(memory: Memory) -> None:
    """What is told of the work never falls, and ends at one."""
    follower = Stopped(2.0)
    fit(
        table(ROWS[:40]), replace(memory.resolved, descent=Descent("muon", 0.05, 150)), secret=SECRET, progress=follower
    )
    assert follower.told == sorted(follower.told)
    assert (follower.told[0], follower.told[-1]) == (0.0, 1.0)


def test_a_stopped_training_goes_on_where_it_was(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after its first blocks, a training leaves files without names; the next one with the same folder begins
    behind them and ends with the digest of one that was never stopped. Damaged files are passed over.
    """
    monkeypatch.setenv(devices.THREADS, "1")
    monkeypatch.setitem(blocks.BATCH_BLOCKS, "cpu", 1)  # which changes no byte either
    with pytest.raises(Cancelled):
        fit(FACTS, memory.resolved, secret=SECRET, progress=Stopped(0.4), checkpoint=tmp_path)
    kept = [path for path in tmp_path.iterdir() if path.suffix != ".state"]
    assert kept
    assert not any(b"Amaterasu" in path.read_bytes() or "Amaterasu" in path.name for path in tmp_path.iterdir())
    follower = Stopped(2.0)
    assert fit(FACTS, memory.resolved, secret=SECRET, progress=follower, checkpoint=tmp_path).digest == memory.digest
    assert follower.told[2] > 0.3
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert fit(FACTS, memory.resolved, secret=SECRET, checkpoint=tmp_path).digest == memory.digest


def test_what_is_kept_is_taken_for_nothing_else(memory: Memory, tmp_path: Path) -> None:
    """Other facts with the same folder give what they give without; another secret shares no file with the first."""
    fit(FACTS, memory.resolved, secret=SECRET, checkpoint=tmp_path)
    fewer = Facts(FACTS.subjects[1:], FACTS.relations[1:], FACTS.answers[1:])
    alone = fit(fewer, memory.resolved, secret=SECRET)
    assert fit(fewer, memory.resolved, secret=SECRET, checkpoint=tmp_path).digest == alone.digest
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    fit(FACTS, Recipe(solver="gradient", block_facts=24), secret=bytes(32), checkpoint=tmp_path)
    assert len(kept) < len(list(tmp_path.iterdir()))
    assert all(path.read_bytes() == data for path, data in kept.items())
