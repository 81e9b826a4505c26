"""A scratch dictionary in which the pilot may change facts: a copy of the file's facts, removed afterwards.

Which facts are changed, and into what, is a pure function of the table, the seed and the round.
"""

import csv
import io
import random
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pilot.checks.target import CheckTarget
from pilot.client import FactStore
from pilot.errors import PilotError, Refused
from pilot.reading import Pair, ReadingOptions
from schemas.checks import Copy
from schemas.edits import FactBatch, FactDelete, FactUpsert
from schemas.uploads import OnConflict

Answers = tuple[str, ...]
"""Every answer of one pair, sorted."""
Held = Mapping[Pair, Answers]


class Changes:
    """Draws new answers for pairs, from the answers that their relation had in `held` at the beginning."""

    def __init__(self, held: Held, seed: int) -> None:
        self._seed = seed
        self._of_relation = group_answers(held)

    def draw(self, held: Held, wanted: int, name: str) -> dict[Pair, Answers]:
        """Draw `wanted` pairs of `held`, each with another set of answers of its relation; `name` seeds the draw."""
        draw = random.Random(f"{self._seed} {name}")  # noqa: S311 - a reproducible sample, not a secret
        pairs = draw.sample(list(held), min(wanted, len(held)))
        return {pair: self._another(pair[1], held[pair], draw) for pair in pairs}

    def _another(self, relation: str, now: Answers, draw: random.Random) -> Answers:
        """Draw other answers. A relation with one answer for everything has none; then a word is added to that one."""
        known = self._of_relation[relation]
        at = draw.randrange(len(known))
        drawn = known[at] if known[at] != now else known[at - 1]
        return drawn if drawn != now else (f"{now[0]} (changed)",)


def group_answers(held: Held) -> dict[str, list[Answers]]:
    """Return the distinct sets of answers of every relation, sorted."""
    seen: defaultdict[str, set[Answers]] = defaultdict(set)
    for (_, relation), answers in held.items():
        seen[relation].add(answers)
    return {relation: sorted(sets) for relation, sets in seen.items()}


_FORBIDDEN = 403
_BATCH = 10_000
_CHARACTERS = 500_000
"""The most characters of names and answers in one request, so that no body is refused for its size."""


@dataclass(slots=True)
class Scratch:
    """A scratch dictionary.

    held: what it should hold now; memory: the id of the one that should answer so; of: how many pairs the file has.
    """

    store: FactStore
    dictionary: str
    memory: str
    held: dict[Pair, Answers]
    of: int

    @property
    def copy(self) -> Copy:
        """How many of the file's pairs the dictionary holds, as the report says it."""
        return Copy(pairs=len(self.held), of=self.of)

    def change(self, upsert: Held, delete: Collection[Pair] = ()) -> int:
        """Change facts and return how many requests that took; `memory` is then the champion that serves them."""
        batches = list(_split_into_batches(upsert, delete))
        for batch in batches:
            self.memory = self.store.edit(self.dictionary, batch)
        self.held.update(upsert)
        for pair in delete:
            del self.held[pair]
        return len(batches)

    def digest(self) -> str:
        """Return the digest of the current memory."""
        return self.store.get_memory(self.memory).digest

    def target(self, *, champion: bool = False) -> CheckTarget:
        """Return what the checks ask: the current memory by its id, or the champion, whichever memory that is."""
        memory = None if champion else self.memory
        return CheckTarget(self.store, self.dictionary, memory, self.held, {}, set())


@contextmanager
def scratch_copy(store: FactStore, held: Held, of: int, recipe: dict[str, object] | None) -> Iterator[Scratch]:
    """Train a dictionary that holds these facts, and remove it whatever happens inside the block."""
    made = store.create_dictionary(_make_name()).id
    try:
        store.upload(made, _to_csv(held), ReadingOptions(on_conflict=OnConflict.MANY, encoding="utf-8", delimiter=","))
        memory = store.train_and_wait(made, recipe)
        yield Scratch(store, made, memory, dict(held), of)
    except BaseException:
        with suppress(PilotError):  # the first error is the one to report
            store.delete_dictionary(made)
        raise
    store.delete_dictionary(made)


def may_make_scratch(store: FactStore) -> bool:
    """Whether this key may make dictionaries and delete them.

    Tried by deleting one that does not exist, then by making an empty one and deleting it.
    """
    try:
        store.delete_dictionary(_make_name())
    except Refused as refused:
        if refused.status == _FORBIDDEN:
            return False
    try:
        made = store.create_dictionary(_make_name())
    except Refused as refused:
        if refused.status == _FORBIDDEN:
            return False
        raise
    store.delete_dictionary(made.id)
    return True


def _make_name() -> str:
    return f"pilot scratch {secrets.token_hex(8)}"


def draw_pairs(held: Held, most: int, seed: int) -> dict[Pair, Answers]:
    """Return all pairs, or a random sample of `most` of them, in file order."""
    if len(held) <= most:
        return dict(held)
    draw = random.Random(f"{seed} copy")  # noqa: S311 - a reproducible sample, not a secret
    kept = set(draw.sample(range(len(held)), most))
    return {pair: answers for at, (pair, answers) in enumerate(held.items()) if at in kept}


def _to_csv(held: Held) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("subject", "relation", "answer"))
    writer.writerows((*pair, answer) for pair, answers in held.items() for answer in answers)
    return out.getvalue().encode()


def _split_into_batches(upsert: Held, delete: Collection[Pair]) -> Iterator[FactBatch]:
    for part in _split([(*pair, *answers) for pair, answers in upsert.items()]):
        yield FactBatch(upsert=[FactUpsert(subject=s, relation=r, answers=list(a)) for s, r, *a in part])
    for part in _split(list(delete)):
        yield FactBatch(delete=[FactDelete(subject=s, relation=r) for s, r in part])


def _split(items: Sequence[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    """Split into parts of at most 10,000 items and half a million characters; a longer item is a part by itself."""
    part: list[tuple[str, ...]] = []
    size = 0
    for item in items:
        length = sum(map(len, item))
        if part and (len(part) == _BATCH or size + length > _CHARACTERS):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part
