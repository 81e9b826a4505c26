"""What a draft writes beside its blocks: the pages of answers and names, and the relation names, that differ."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from service.memory.answers import answer_cipher, encrypt, open_page
from service.memory.bank import Block
from service.memory.editing.draft import Draft
from service.memory.memory import Memory
from service.memory.names import merged, name_entries
from service.memory.pages import AnswerPage, NamePage, name_page
from service.memory.recalled import Answers
from service.memory.stored import Changed, seal_relations


def changed_parts(memory: Memory, draft: Draft, blocks: dict[int, Block]) -> Changed:
    """Everything that the next version does not share with `memory`."""
    names = draft.relation_names
    return Changed(
        blocks=blocks,
        answers=_answer_pages(memory, draft),
        names=_name_pages(memory, draft),
        relations=None if names == memory.stored.relations.names else seal_relations(memory.keyring, names),
        counts=draft.counts,
    )


def _answer_pages(memory: Memory, draft: Draft) -> dict[int, AnswerPage]:
    pages = memory.resolved.answer_pages
    touched = {key & (pages - 1) for key in draft.gone | draft.fresh.keys()}
    return {number: _answer_page(memory, draft, number) for number in sorted(touched)}


def _answer_page(memory: Memory, draft: Draft, number: int) -> AnswerPage:
    cipher, page = answer_cipher(memory.keyring), memory.stored.answers[number]
    bits, pages = memory.answer_table.code_bits, memory.resolved.answer_pages
    keys = memory.answer_table.keys(page.relations.astype(np.int64), page.codes).tolist()
    held: dict[int, Answers] = dict(zip(keys, open_page(cipher, page, number), strict=True))
    held = {key: answers for key, answers in held.items() if key not in draft.gone}
    held |= {key: answers for key, (_, answers) in draft.fresh.items() if key & (pages - 1) == number}
    order = sorted(held)
    relations = np.array([key >> bits for key in order], dtype=np.uint32)
    codes = np.array([key & ((1 << bits) - 1) for key in order], dtype=np.uint64)
    return AnswerPage(relations, codes, encrypt(cipher, [list(held[key]) for key in order], number))


def _name_pages(memory: Memory, draft: Draft) -> dict[int, NamePage]:
    gone, come = _by_page(memory, draft.left), _by_page(memory, draft.come)
    none = NamePage(np.empty(0, np.uint64), memory.names.digests[:0])
    return {
        number: merged(memory.stored.names[number], gone.get(number, none), come.get(number, none))
        for number in sorted(gone.keys() | come.keys())
    }


def _by_page(memory: Memory, names: list[str]) -> dict[int, NamePage]:
    entries = name_entries(memory.keyring, memory.subject_hasher, names, memory.subject_hasher.digests(names))
    positions: defaultdict[int, list[int]] = defaultdict(list)
    numbers: NDArray[np.int64] = name_page(entries.folds, memory.resolved.name_pages)
    for at, number in enumerate(numbers.tolist()):
        positions[number].append(at)
    return {number: NamePage(entries.folds[at], entries.digests[at]) for number, at in positions.items()}
