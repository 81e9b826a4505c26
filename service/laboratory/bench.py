"""The bench: what an experiment works at. It keeps the time, remembers trials, and tells how far the work is."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

Result = dict[str, Any]
"""What a trial found, as JSON."""

VERSION = 1
"""Part of every key: raised when a change of the code makes results of old trials wrong."""


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
    already known.
    """

    seconds: float
    device: str
    workers: ThreadPoolExecutor
    cache: Cache
    tell: Callable[[float, str], None]
    trials: int = 0
    cached: int = 0
    _start: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        return time.monotonic() - self._start

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
        """Several at once on the machine's cores; each is remembered as soon as it ends, so that an experiment that
        was interrupted goes on where it was.
        """
        known = [self.cache.get(trial.digest) for trial in trials]
        self.trials += len(trials)
        self.cached += sum(result is not None for result in known)
        futures = {at: self.workers.submit(trial.run) for at, trial in enumerate(trials) if known[at] is None}
        try:
            for at, future in futures.items():
                while not future.done():
                    self.progress("trying")
                    _wait(future)
                known[at] = future.result()
                self.cache.put(trials[at].digest, known[at] or {})
        finally:
            for future in futures.values():
                future.cancel()
        return [result or {} for result in known]


def _wait(future: Any) -> None:
    try:
        future.exception(timeout=0.5)
    except TimeoutError:
        return
