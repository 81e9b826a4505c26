"""What an edit writes besides its blocks: the pages of answers and names that differ, and the relation names."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from service.memory.answers import answer_cipher, encrypt_texts, open_page
from service.memory.bank import Block
from service.memory.editing.draft import Draft
from service.memory.memory import Memory
from service.memory.names import index_names, merge_name_page
from service.memory.pages import AnswerPage, NamePage, name_page_of
from service.memory.recall import Answers
from service.memory.stored import StoredChanges, seal_relations


def collect_changes(memory: Memory, draft: Draft, blocks: dict[int, Block]) -> StoredChanges:
    """Everything that the next version does not share with `memory`."""
    names = draft.relation_names
    return StoredChanges(
        blocks=blocks,
        answers=_changed_answer_pages(memory, draft),
        names=_changed_name_pages(memory, draft),
        relations=None if names == memory.stored.relations.names else seal_relations(memory.keyring, names),
        counts=draft.counts,
    )


def _changed_answer_pages(memory: Memory, draft: Draft) -> dict[int, AnswerPage]:
    pages = memory.resolved.answer_pages
    touched = {key & (pages - 1) for key in draft.gone_entries | draft.new_entries.keys()}
    return {number: _write_answer_page(memory, draft, number) for number in sorted(touched)}


def _write_answer_page(memory: Memory, draft: Draft, number: int) -> AnswerPage:
    cipher, page = answer_cipher(memory.keyring), memory.stored.answers[number]
    bits, pages = memory.answer_table.code_bits, memory.resolved.answer_pages
    keys = memory.answer_table.keys(page.relations.astype(np.int64), page.codes).tolist()
    held: dict[int, Answers] = dict(zip(keys, open_page(cipher, page, number), strict=True))
    held = {key: answers for key, answers in held.items() if key not in draft.gone_entries}
    held |= {key: answers for key, (_, answers) in draft.new_entries.items() if key & (pages - 1) == number}
    order = sorted(held)
    relations = np.array([key >> bits for key in order], dtype=np.uint32)
    codes = np.array([key & ((1 << bits) - 1) for key in order], dtype=np.uint64)
    return AnswerPage(relations, codes, encrypt_texts(cipher, [list(held[key]) for key in order], number))


def _changed_name_pages(memory: Memory, draft: Draft) -> dict[int, NamePage]:
    gone, come = _group_by_page(memory, draft.gone_subjects), _group_by_page(memory, draft.new_subjects)
    none = NamePage(np.empty(0, np.uint64), memory.names.digests[:0])
    return {
        number: merge_name_page(memory.stored.names[number], gone.get(number, none), come.get(number, none))
        for number in sorted(gone.keys() | come.keys())
    }


def _group_by_page(memory: Memory, names: list[str]) -> dict[int, NamePage]:
    entries = index_names(memory.keyring, memory.subject_hasher, names, memory.subject_hasher.digests(names))
    positions: defaultdict[int, list[int]] = defaultdict(list)
    numbers: NDArray[np.int64] = name_page_of(entries.folds, memory.resolved.name_pages)
    for at, number in enumerate(numbers.tolist()):
        positions[number].append(at)
    return {number: NamePage(entries.folds[at], entries.digests[at]) for number, at in positions.items()}
