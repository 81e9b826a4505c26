"""What the checks ask: one memory of a dictionary, over HTTP, with the facts it should hold; and how much they ask."""

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
    """The reply for one pair. `answers` is empty and `margin` is 0 unless the memory answered."""

    pair: Pair
    status: Status
    answers: tuple[str, ...]
    margin: float = 0.0

    def failing(self, part: str, expected: Sequence[str], line: int | None) -> Failing:
        """Return the report's entry for this reply as a failed one."""
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
    """A memory under test.

    memory: its id, or None for the champion; taught: the pairs and answers as the pilot read them; lines: the line of
    each pair in the file; elsewhere: further pairs that the memory may know; priority: the pairs that the gate counts
    separately, None where it marks none.
    """

    store: FactStore
    dictionary: str
    memory: str | None
    taught: dict[Pair, tuple[str, ...]]
    lines: dict[Pair, int]
    elsewhere: set[Pair]
    priority: frozenset[Pair] | None = None

    def recall(self, pairs: Sequence[Pair], progress: Progress, step: str) -> Iterator[Reply]:
        """Ask for every pair, in batches of 10,000 in columns, and yield the replies in order."""
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            subjects, relations = zip(*batch, strict=True)
            columns = self.store.recall_columns(self.dictionary, subjects, relations, memory=self.memory)
            replies = zip(batch, columns.statuses, columns.answers, columns.margins, strict=True)
            for pair, status, answers, margin in replies:
                yield Reply(pair, status, tuple(sorted(answers)), margin)
            progress((start + len(batch)) / len(pairs), step)

    def ask(self, questions: Sequence[str], progress: Progress, step: str) -> Iterator[tuple[str, Result]]:
        """Ask every sentence, in batches of 1,000 rows, and yield it with its result."""
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
    """How much the checks ask.

    probes: questions of each never-taught kind; noisy: sentences with noise; singles, batches: timed recalls.

    Without `changes` no scratch copy is made and nothing is changed. A copy holds at most `copied` pairs. In each round
    one of `shares` is changed, `edited` pairs are rolled back, and `deleted` ones (at most a tenth) are deleted, with a
    proof of absence for `proofs` of them. Membership is asked of `members` pairs, and of `strangers` of them without a
    key. The answers of `randomised` pairs are drawn with `epsilon`; the ceiling is computed with `delta`.
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
