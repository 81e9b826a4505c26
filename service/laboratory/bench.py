"""The bench an experiment works at. It keeps the time, runs and remembers trials, and reports progress."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from schemas.experiments import ExperimentRequest, Task
from service.laboratory.tables import Table
from service.memory import Facts

Result = dict[str, Any]
"""The result of a trial, as JSON."""

VERSION = 2
"""Part of every key, raised when a change of the code makes the results of old trials wrong."""

LOOK_EVERY = 0.25  # seconds between two looks at trials under way


@runtime_checkable
class Cache(Protocol):
    """Where results of trials are kept, by the digest of what was tried."""

    def get(self, digest: str) -> Result | None: ...

    def put(self, digest: str, result: Result) -> None: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """key: everything that decides the result, as JSON; run: computes it, using no thread but its caller's."""

    key: Mapping[str, object]
    run: Callable[[], Result]

    @property
    def digest(self) -> str:
        text = json.dumps({"version": VERSION, **self.key}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Bench:
    """notify(fraction, step) may raise to stop the experiment. trials: how many results were requested; cached: how
    many of them were already known. clock: gives seconds, from any beginning.
    """

    seconds: float
    device: str
    workers: ThreadPoolExecutor
    cache: Cache
    notify: Callable[[float, str], None]
    trials: int = 0
    cached: int = 0
    clock: Callable[[], float] = time.monotonic
    _start: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.clock()

    def elapsed(self) -> float:
        return self.clock() - self._start

    def left(self) -> float:
        """Seconds that are left; negative when more were spent than there were."""
        return self.seconds - self.elapsed()

    def progress(self, step: str) -> None:
        """Report how much of the time is spent. May raise."""
        self.notify(min(0.99, self.elapsed() / self.seconds), step)

    def run(self, trial: Trial) -> Result:
        """The trial's result, from the cache where it is known."""
        return self.run_all([trial])[0]

    def run_all(self, trials: Sequence[Trial]) -> list[Result]:
        """The results of several trials, run side by side on the machine's cores, each digest once. Each is remembered
        as soon as it ends, so that an interrupted experiment continues where it was. Raises what a trial raises.
        """
        digests = [trial.digest for trial in trials]
        known = {digest: found for digest in digests if (found := self.cache.get(digest)) is not None}
        self.trials += len(trials)
        self.cached += sum(digest in known for digest in digests)
        wanted = {digest: trial for digest, trial in zip(digests, trials, strict=True) if digest not in known}
        for digest, result in self._run(wanted):
            self.cache.put(digest, result)
            known[digest] = result
        return [known[digest] for digest in digests]

    def _run(self, wanted: Mapping[str, Trial]) -> Iterator[tuple[str, Result]]:
        """Results by digest, in the order in which trials end."""
        futures = {self.workers.submit(trial.run): digest for digest, trial in wanted.items()}
        under_way = set(futures)
        try:
            while under_way:
                ended, under_way = wait(under_way, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
                yield from ((futures[future], through_json(future.result())) for future in ended)
                self.progress("trying")
        finally:
            for future in under_way:
                future.cancel()


def through_json(result: Result) -> Result:
    """The result as the cache would return it. Raises ValueError for infinities and NaN, TypeError for what JSON has
    not.
    """
    kept: Result = json.loads(json.dumps(result, allow_nan=False))
    return kept


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an experiment works on. tables: one for each task requested; facts: the dictionary as the ledger has it."""

    request: ExperimentRequest
    tables: dict[Task, Table]
    facts: Facts
