"""What a check returns: counts that add up, the parts that they add up from, and the questions that failed."""

from dataclasses import dataclass, field
from typing import Any

from pilot.statistics import interval
from schemas.checks import CheckId, Deletion, Failing, Holding, Privacy, Retention, Rollback, Timing
from schemas.recall import Status

Details = Retention | Deletion | Rollback | Privacy


@dataclass(slots=True)
class Tally:
    """How many questions were answered right, answered wrong, and not answered."""

    right: int = 0
    wrong: int = 0
    abstained: int = 0

    @property
    def asked(self) -> int:
        """All questions."""
        return self.right + self.wrong + self.abstained

    @property
    def answered(self) -> int:
        """The questions that brought an answer, right or wrong."""
        return self.right + self.wrong

    def count(self, status: Status, *, right: bool) -> None:
        """Count one reply. One that is not right counts as wrong if something was answered, else as abstained."""
        if right:
            self.right += 1
        elif status is Status.ANSWERED:
            self.wrong += 1
        else:
            self.abstained += 1

    def counts(self) -> dict[str, Any]:
        """Return the fields of a report: the integers, then the rate and its 95 % interval."""
        return {
            "asked": self.asked,
            "right": self.right,
            "wrong": self.wrong,
            "abstained": self.abstained,
            "rate": self.right / self.asked if self.asked else 0.0,
            "interval": interval(self.right, self.asked),
        }

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.right + other.right, self.wrong + other.wrong, self.abstained + other.abstained)


@dataclass(slots=True)
class Measurement:
    """The outcome of one check. `parts` are disjoint and add up to `tally`; `priority` is a subset of it."""

    id: CheckId
    parts: dict[str, Tally] = field(default_factory=dict)
    failing: list[Failing] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    priority: Tally | None = None
    details: Details | None = None
    seconds: float = 0.0

    @property
    def tally(self) -> Tally:
        """The sum over all parts."""
        return sum(self.parts.values(), Tally())

    def part(self, name: str) -> Tally:
        """Return the tally of this part, a new one at its first use."""
        return self.parts.setdefault(name, Tally())
