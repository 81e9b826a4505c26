"""What the checks ask: one memory of one dictionary, over HTTP, the facts it should hold, and how much is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pilot.client import FactStore, Progress
from pilot.reading import Pair
from schemas.checks import Failing
from schemas.recall import Query, Result, Status

BATCH = 10_000


class Reply(NamedTuple):
    """One pair asked and what came back; `answers` is empty, and `margin` 0, unless answered."""

    pair: Pair
    status: Status
    answers: tuple[str, ...]
    margin: float = 0.0

    def failing(self, part: str, expected: Sequence[str], line: int | None) -> Failing:
        subject, relation = self.pair
        return Failing(
            part=part,
            subject=subject,
            relation=relation,
            question=None,
            expected=list(expected),
            status=self.status,
            answers=list(self.answers),
            line=line,
        )


@dataclass(frozen=True, slots=True)
class CheckTarget:
    """`memory`: None for whichever is champion. `taught`: the pairs as the pilot read them; `elsewhere`: further pairs
    the memory may rightly know; `priority`: the pairs that the gate counts apart, None where it marks none.
    """

    store: FactStore
    dictionary: str
    memory: str | None
    taught: dict[Pair, tuple[str, ...]]
    lines: dict[Pair, int]
    elsewhere: set[Pair]
    priority: frozenset[Pair] | None = None

    def recall(self, pairs: Sequence[Pair], progress: Progress, step: str) -> Iterator[Reply]:
        """Every pair, in column batches of 10,000."""
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            subjects, relations = zip(*batch, strict=True)
            columns = self.store.recall_columns(self.dictionary, subjects, relations, memory=self.memory)
            replies = zip(batch, columns.statuses, columns.answers, columns.margins, strict=True)
            for pair, status, answers, margin in replies:
                yield Reply(pair, status, tuple(sorted(answers)), margin)
            progress((start + len(batch)) / len(pairs), step)

    def ask(self, questions: Sequence[str], progress: Progress, step: str) -> Iterator[tuple[str, Result]]:
        """Every sentence, in batches of 1,000 rows."""
        left = iter(questions)
        done = 0
        while batch := list(islice(left, 1000)):
            queries = [Query(question=question) for question in batch]
            results = self.store.recall_rows(self.dictionary, queries, memory=self.memory)
            yield from zip(batch, results, strict=True)
            done += len(batch)
            progress(done / len(questions), step)


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """How much to ask: probes of each never-taught kind, sentences with noise, timed single recalls and batches.

    Without `changes` no scratch copy is made and nothing changed. A copy holds `copied` pairs at most: `shares` of
    them are changed in sequence, `edited` ones rolled back, `deleted` ones (a tenth at most) deleted, and `proofs` of
    these proved. `members` pairs are asked for membership, `strangers` of them without a key. The answers of
    `randomised` pairs are drawn with `epsilon`; the ceiling is drawn with `delta`.
    """

    probes: int = 10_000
    noisy: int = 1_000
    singles: int = 2_000
    batches: int = 20
    seed: int = 0
    changes: bool = True
    copied: int = 100_000
    shares: tuple[float, ...] = (0.01, 0.10, 0.50)
    deleted: int = 200
    proofs: int = 20
    edited: int = 20
    members: int = 2_000
    strangers: int = 50
    randomised: int = 20_000
    epsilon: float = 4.0
    delta: float = 1e-6
