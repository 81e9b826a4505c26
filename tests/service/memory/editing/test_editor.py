"""Edits: only what changes is solved again, and nothing of what was taken away stays."""

import itertools
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import MemoryMismatch, Outgrown
from service.memory import Changes, Editor, Facts, Memory, Recipe, fit, load
from service.memory.editing.codes import EntryCodes
from service.memory.recall import Answers, answer_sets
from tests.examples import examples
from tests.service.memory.conftest import DICTIONARIES, SECRET, read, table

NONE = Facts([], [], [])
Truth = dict[tuple[str, str], Answers]


def facts_of(truth: Truth) -> Facts:
    rows = [(subject, relation, answer) for (subject, relation), answers in truth.items() for answer in answers]
    return table(rows) if rows else NONE


def upsert(pairs: Iterable[tuple[tuple[str, str], Answers]]) -> Changes:
    return Changes(facts_of(dict(pairs)))


def edited(editor: Editor, changes: Changes) -> bytes:
    staged = editor.stage(changes)
    editor.accept(staged)
    return staged.patch


def truth_of(name: str) -> Truth:
    return answer_sets(read(DICTIONARIES / name))


@pytest.fixture(scope="module")
def truth() -> Truth:
    return truth_of("elements.csv")


@pytest.fixture(scope="module", params=["fast", "compact"])
def memory(request: pytest.FixtureRequest, truth: Truth) -> Memory:
    return fit(facts_of(truth), Recipe(profile=request.param), secret=SECRET)


def test_an_edit_solves_one_block(memory: Memory, truth: Truth) -> None:
    """One changed answer: one block differs, the old version is what it was, and the new one holds every fact."""
    editor = Editor.of(memory, facts_of(truth))
    pair, other = next(iter(truth)), ("something else",)
    staged = editor.stage(upsert([(pair, other)]))
    assert staged.blocks == 1
    assert (memory.stored.leaves.blocks != staged.memory.stored.leaves.blocks).any(axis=1).sum() == 1
    after = staged.memory.verify(facts_of(truth | {pair: other}))
    assert after.right == after.asked
    assert memory.verify(facts_of(truth)).right == memory.pairs


def test_a_staged_edit_is_not_an_accepted_one(memory: Memory, truth: Truth) -> None:
    """Staging twice and accepting once gives what accepting at once gives."""
    editor = Editor.of(memory, facts_of(truth))
    first, second = itertools.islice(truth, 2)
    editor.stage(upsert([(first, ("never stored",))]))
    edited(editor, upsert([(second, ("stored",))]))
    assert editor.memory.digest == fit(facts_of(truth | {second: ("stored",)}), memory.resolved, secret=SECRET).digest


def test_deletion_is_exact(memory: Memory, truth: Truth) -> None:
    """After 40 random deletions, one by one, the digest is that of a memory trained without these facts."""
    editor = Editor.of(memory, facts_of(truth))
    left = dict(truth)
    for pair in random.Random(2).sample(sorted(truth), 40):
        edited(editor, Changes(NONE, [pair]))
        del left[pair]
        assert not editor.memory.recall([pair[0]], [pair[1]]).known[0]
    assert editor.memory.digest == fit(facts_of(left), memory.resolved, secret=SECRET).digest
    assert editor.memory.stored.counts == fit(facts_of(left), memory.resolved, secret=SECRET).stored.counts


def test_a_whole_relation_can_go_and_come_back(memory: Memory, truth: Truth) -> None:
    """A relation without facts leaves no name behind; with its facts the first digest is back."""
    editor = Editor.of(memory, facts_of(truth))
    relation = min(memory.relations)
    gone = {pair: answers for pair, answers in truth.items() if pair[1] == relation}
    edited(editor, Changes(NONE, list(gone)))
    assert relation not in editor.memory.relations
    edited(editor, upsert(gone.items()))
    assert editor.memory.digest == memory.digest


def test_everything_can_go_and_come_back(memory: Memory, truth: Truth) -> None:
    """A memory of no facts is verified like any other and edited by an editor made anew; the first digest is back."""
    empty = Editor.of(memory, facts_of(truth)).stage(Changes(NONE, list(truth))).memory
    assert (empty.facts, empty.verify(NONE).asked) == (0, 0)
    assert Editor.of(empty, NONE).stage(upsert(truth.items())).memory.digest == memory.digest


def test_patches_lead_from_the_saved_memory_to_every_version(memory: Memory, truth: Truth, tmp_path: Path) -> None:
    """Loaded from disk with the first n patches: the n-th version; a patched version saved whole is the same memory."""
    folder = tmp_path
    memory.save(folder / "base")
    editor = Editor.of(memory, facts_of(truth))
    digests, patches = [memory.digest], []
    for number, pair in enumerate(itertools.islice(truth, 5)):
        patches.append(
            edited(editor, upsert([(pair, (f"answer {number}",)), ((f"subject {number}", pair[1]), ("x",))]))
        )
        digests.append(editor.memory.digest)
    for count, digest in enumerate(digests):
        assert load(folder / "base", secret=SECRET, patches=patches[:count]).digest == digest
    editor.memory.save(folder / "whole")
    assert load(folder / "whole", secret=SECRET).digest == digests[-1]
    with pytest.raises(MemoryMismatch):
        load(folder / "base", secret=SECRET, patches=patches[1:])


def test_a_patch_is_vouched_for(memory: Memory, truth: Truth) -> None:
    """One flipped bit anywhere, a cut, or another secret's patch: refused."""
    patch = edited(Editor.of(memory, facts_of(truth)), Changes(NONE, [next(iter(truth))]))
    draw = random.Random(3)
    for _ in range(50):
        damaged = bytearray(patch)
        damaged[draw.randrange(len(patch))] ^= 1 << draw.randrange(8)
        with pytest.raises(MemoryMismatch):
            memory.with_patch(bytes(damaged))
    for size in (0, 3, 4, len(patch) // 2, len(patch) - 1):
        with pytest.raises(MemoryMismatch):
            memory.with_patch(patch[:size])
    other = fit(facts_of(truth), secret=bytes(32))
    with pytest.raises(MemoryMismatch):
        other.with_patch(patch)


def test_what_the_recipe_has_no_room_for_is_outgrown(memory: Memory, truth: Truth) -> None:
    """A relation that was never trained, more answers than codes allow, too full a block: Outgrown, nothing changes."""
    editor = Editor.of(memory, facts_of(truth))
    relation = next(iter(truth))[1]
    many = {(f"subject {number}", relation): (f"answer {number}",) for number in range(3_000)}
    for changes in (upsert([(("x", "a new relation"), ("y",))]), upsert(many.items())):
        with pytest.raises(Outgrown):
            editor.stage(changes)
    with pytest.raises(Outgrown):
        editor.stage(upsert(((f"subject {number}", relation), ("one",)) for number in range(40_000)))
    with pytest.raises(Outgrown):
        Editor.of(memory, facts_of(truth)).stage(Changes(NONE, list(truth)), most_blocks=3)


def test_editors_follow_each_other(memory: Memory, truth: Truth) -> None:
    """One that is told of another's edit goes on exactly where that one stands."""
    one, other = Editor.of(memory, facts_of(truth)), Editor.of(memory, facts_of(truth))
    pairs = list(itertools.islice(truth, 6))
    for number, pair in enumerate(pairs):
        changes = upsert([(pair, (f"answer {number}",))]) if number % 2 else Changes(NONE, [pair])
        patch = edited(one, changes)
        other.follow(changes, other.memory.with_patch(patch))
        one, other = other, one
    assert one.memory.digest == other.memory.digest
    again = upsert((pair, truth[pair]) for pair in pairs)
    assert one.stage(again).memory.digest == other.stage(again).memory.digest == memory.digest


def test_an_editor_wants_the_memorys_own_facts(memory: Memory, truth: Truth) -> None:
    """Facts that are fewer than the memory's are refused."""
    with pytest.raises(ValueError, match="not the facts"):
        Editor.of(memory, facts_of(dict(itertools.islice(truth.items(), 10))))


def test_answers_whose_first_codes_meet() -> None:
    """A new answer that draws a code already taken: either the bank must be solved anew, or the digest is that of a
    training. Taking away the answer that kept the code would move the other one's: Outgrown; any other can go.
    """
    held: Truth = {(f"s{number}", "r"): (f"a{number}",) for number in range(400)}
    memory = fit(facts_of(held), Recipe(false_answers=0.5), secret=SECRET)
    entries = EntryCodes(memory.resolved, memory.keyring, memory.answer_table, frozenset())
    texts = [(0, (f"b{number}",)) for number in range(40_000)]
    places = memory.answer_table.find(np.array(entries._first_keys(texts), dtype=np.uint64))
    outcomes = set()
    for at in np.flatnonzero(places >= 0).tolist():
        [keeps] = memory.answer_table.answers(places[at : at + 1])
        editor = Editor.of(memory, facts_of(held))
        new = held | {("new", "r"): texts[at][1]}
        try:
            edited(editor, upsert([(("new", "r"), texts[at][1])]))
        except Outgrown:
            outcomes.add("the new answer kept the code")
            continue
        outcomes.add("the new answer drew again")
        assert editor.memory.digest == fit(facts_of(new), memory.resolved, secret=SECRET).digest
        keeper = next(pair for pair, answers in held.items() if answers == keeps)
        with pytest.raises(Outgrown):
            editor.stage(Changes(NONE, [keeper]))
        other = next(pair for pair in held if pair != keeper)
        left = {pair: answers for pair, answers in new.items() if pair != other}
        fresh = fit(facts_of(left), memory.resolved, secret=SECRET)
        assert editor.stage(Changes(NONE, [other])).memory.digest == fresh.digest
    assert len(outcomes) == 2


NAMES = st.sampled_from(["A", "a", "Ａ", "b", "ｂ", "c", "ß", "ss"])
HISTORY = st.lists(
    st.tuples(NAMES, st.sampled_from(["r", "R", "q"]), st.sets(st.sampled_from(["1", "2", "3", "4"]), max_size=3)),
    min_size=1,
    max_size=25,
)


@examples(40)
@given(HISTORY, st.integers(1, 4))
def test_history_leaves_no_trace(history: list[tuple[str, str, set[str]]], batch: int) -> None:
    """Whatever was taught, changed and deleted in whatever batches (also all of it), the memory is the one that was
    trained on what is left; names that fold alike included.
    """
    truth: Truth = {(subject, relation): ("1",) for subject in "Ab" for relation in "rRq"}
    memory = fit(facts_of(truth), secret=SECRET)
    editor = Editor.of(memory, facts_of(truth))
    for start in range(0, len(history), batch):
        wanted = {(s, r): tuple(sorted(answers)) for s, r, answers in history[start : start + batch]}
        upserted = {pair: answers for pair, answers in wanted.items() if answers}
        deleted = [pair for pair, answers in wanted.items() if not answers]
        edited(editor, Changes(facts_of(upserted), deleted))
        truth = {pair: answers for pair, answers in (truth | wanted).items() if answers}
    fresh = fit(facts_of(truth), memory.resolved, secret=SECRET)
    assert editor.memory.digest == fresh.digest
    assert editor.memory.stored.counts == fresh.stored.counts
    asked = [(s, r) for s in ("A", "a", "Ａ", "b", "ｂ", "c", "ß", "ss", "B") for r in ("r", "R", "q", "Q")]
    one, other = (each.recall(*zip(*asked, strict=True)) for each in (editor.memory, fresh))
    assert one.answers == other.answers
    assert one.ambiguous.tolist() == other.ambiguous.tolist()
    assert np.array_equal(one.margins, other.margins)


def test_many_edits_fill_the_table_and_go_on(truth: Truth) -> None:
    """When the table that versions share is full, the next version begins one of its own; older ones still answer."""
    memory = fit(facts_of(truth), secret=SECRET)
    editor, left = Editor.of(memory, facts_of(truth)), dict(truth)
    pairs, versions, draw = sorted(truth), [memory], random.Random(5)
    for number in range(130):
        pair = draw.choice(pairs)
        left[pair] = (f"answer {number % 7}",)
        edited(editor, upsert([(pair, left[pair])]))
        versions.append(editor.memory)
    assert editor.memory.model is not memory.model
    assert editor.memory.verify(facts_of(left)).right == len(left)
    assert memory.verify(facts_of(truth)).right == len(truth)
