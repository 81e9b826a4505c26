"""A dictionary of the pilot's own, in which facts may be changed: a copy of the file's, removed afterwards; and
which facts are changed into what: a pure function of the table, the seed and the round.
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
    """Draws from the answers that each relation of `held` had at the beginning."""

    def __init__(self, held: Held, seed: int) -> None:
        self._seed = seed
        self._of_relation = group_answers(held)

    def draw(self, held: Held, wanted: int, name: str) -> dict[Pair, Answers]:
        """`wanted` pairs of `held`, each with another set of answers of its relation; `name` sets the draw apart."""
        draw = random.Random(f"{self._seed} {name}")  # noqa: S311 - a reproducible sample, not a secret
        pairs = draw.sample(list(held), min(wanted, len(held)))
        return {pair: self._another(pair[1], held[pair], draw) for pair in pairs}

    def _another(self, relation: str, now: Answers, draw: random.Random) -> Answers:
        """A relation with one answer for everything has no other to draw: then that answer with a word added."""
        known = self._of_relation[relation]
        at = draw.randrange(len(known))
        drawn = known[at] if known[at] != now else known[at - 1]
        return drawn if drawn != now else (f"{now[0]} (changed)",)


def group_answers(held: Held) -> dict[str, list[Answers]]:
    """The distinct sets of answers of every relation, in a fixed order."""
    seen: defaultdict[str, set[Answers]] = defaultdict(set)
    for (_, relation), answers in held.items():
        seen[relation].add(answers)
    return {relation: sorted(sets) for relation, sets in seen.items()}


_FORBIDDEN = 403
_BATCH = 10_000
_CHARACTERS = 500_000
"""Of names and answers in one request, so that no body is refused for its size."""


@dataclass(slots=True)
class Scratch:
    """`held`: what the dictionary should hold now; `memory`: the one that should answer so; `of`: pairs in the file."""

    store: FactStore
    dictionary: str
    memory: str
    held: dict[Pair, Answers]
    of: int

    @property
    def copy(self) -> Copy:
        return Copy(pairs=len(self.held), of=self.of)

    def change(self, upsert: Held, delete: Collection[Pair] = ()) -> int:
        """Changes facts, and returns how many requests that took; `memory` is then the champion that serves them."""
        batches = list(_split_into_batches(upsert, delete))
        for batch in batches:
            self.memory = self.store.edit(self.dictionary, batch)
        self.held.update(upsert)
        for pair in delete:
            del self.held[pair]
        return len(batches)

    def digest(self) -> str:
        return self.store.get_memory(self.memory).digest

    def target(self, *, champion: bool = False) -> CheckTarget:
        """What the checks ask: the memory as it is now, or whatever the champion is."""
        memory = None if champion else self.memory
        return CheckTarget(self.store, self.dictionary, memory, self.held, {}, set())


@contextmanager
def scratch_copy(store: FactStore, held: Held, of: int, recipe: dict[str, object] | None) -> Iterator[Scratch]:
    """Trains a dictionary that holds these facts, and removes it whatever happens inside."""
    made = store.create_dictionary(_make_name()).id
    try:
        store.upload(made, _to_csv(held), ReadingOptions(on_conflict=OnConflict.MANY, encoding="utf-8", delimiter=","))
        memory = store.train_and_wait(made, recipe)
        yield Scratch(store, made, memory, dict(held), of)
    except BaseException:
        with suppress(PilotError):  # the first error is the one to tell
            store.delete_dictionary(made)
        raise
    store.delete_dictionary(made)


def may_make_scratch(store: FactStore) -> bool:
    """Whether this key may make a dictionary and remove it; tried on one that is not there, and on an empty one."""
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
    """All pairs, or `most` of them at random, in the file's order."""
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
    """Parts of at most 10,000 items, and of at most half a million characters unless one item alone has more."""
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
