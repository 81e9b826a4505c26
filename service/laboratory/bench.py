"""The bench: what an experiment works at. It keeps the time, remembers trials, and tells how far the work is."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemas.experiments import ExperimentRequest, Task
from service.laboratory.tables import Table
from service.memory import Facts

Result = dict[str, Any]
"""What a trial found, as JSON."""

VERSION = 2
"""Part of every key: raised when a change of the code makes results of old trials wrong."""

LOOK_EVERY = 0.25  # seconds between two looks at trials under way


class Cache(Protocol):
    """Where results of trials are kept, by the digest of what was tried."""

    def get(self, digest: str) -> Result | None: ...

    def put(self, digest: str, result: Result) -> None: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """key: everything that decides the result, as JSON; run: what finds it, on a thread that computes alone."""

    key: Mapping[str, object]
    run: Callable[[], Result]

    @property
    def digest(self) -> str:
        text = json.dumps({"version": VERSION, **self.key}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Bench:
    """tell(fraction, step) may raise to stop the experiment. trials and cached count what was asked for and what was
    already known. clock gives seconds, from any beginning.
    """

    seconds: float
    device: str
    workers: ThreadPoolExecutor
    cache: Cache
    tell: Callable[[float, str], None]
    trials: int = 0
    cached: int = 0
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.clock()

    def elapsed(self) -> float:
        return self.clock() - self._start

    def left(self) -> float:
        """Seconds of the budget that are left; negative when it is overdrawn."""
        return self.seconds - self.elapsed()

    def progress(self, step: str) -> None:
        """Tell how much of the budget is spent. May raise."""
        self.tell(min(0.99, self.elapsed() / self.seconds), step)

    def run(self, trial: Trial) -> Result:
        """The trial's result, from the cache where it is known."""
        return self.all([trial])[0]

    def all(self, trials: Sequence[Trial]) -> list[Result]:
        """Several at once on the machine's cores, each digest once; each is remembered as soon as it ends, so that an
        experiment that was interrupted goes on where it was. Raises what a trial raises.
        """
        digests = [trial.digest for trial in trials]
        known = {digest: found for digest in digests if (found := self.cache.get(digest)) is not None}
        self.trials += len(trials)
        self.cached += sum(digest in known for digest in digests)
        wanted = {digest: trial for digest, trial in zip(digests, trials, strict=True) if digest not in known}
        for digest, result in self._tried(wanted):
            self.cache.put(digest, result)
            known[digest] = result
        return [known[digest] for digest in digests]

    def _tried(self, wanted: Mapping[str, Trial]) -> Iterator[tuple[str, Result]]:
        """The results in the order in which they come."""
        futures = {self.workers.submit(trial.run): digest for digest, trial in wanted.items()}
        under_way = set(futures)
        try:
            while under_way:
                ended, under_way = wait(under_way, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
                yield from ((futures[future], as_kept(future.result())) for future in ended)
                self.progress("trying")
        finally:
            for future in under_way:
                future.cancel()


def as_kept(result: Result) -> Result:
    """As it comes from the cache: JSON. Raises ValueError for what is no number, TypeError for what is no JSON."""
    kept: Result = json.loads(json.dumps(result, allow_nan=False))
    return kept


@dataclass(frozen=True, slots=True)
class Asked:
    """`tables`: one for each task that was asked for. facts: the dictionary as it is in the ledger."""

    request: ExperimentRequest
    tables: dict[Task, Table]
    facts: Facts
