"""What a check hands back: integers that add, the parts they add up from, and what failed by name."""

from dataclasses import dataclass, field
from typing import Any

from pilot.statistics import interval
from schemas.checks import CheckId, Deletion, Failing, Holding, Privacy, Retention, Rollback, Timing
from schemas.recall import Status

Details = Retention | Deletion | Rollback | Privacy


@dataclass(slots=True)
class Tally:
    right: int = 0
    wrong: int = 0
    abstained: int = 0

    @property
    def asked(self) -> int:
        return self.right + self.wrong + self.abstained

    @property
    def answered(self) -> int:
        return self.right + self.wrong

    def count(self, status: Status, *, right: bool) -> None:
        """Not right: wrong if something was answered, else abstained."""
        if right:
            self.right += 1
        elif status is Status.ANSWERED:
            self.wrong += 1
        else:
            self.abstained += 1

    def counts(self) -> dict[str, Any]:
        """As a report has them: the integers, and last of all the ratio and its interval."""
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
    """One check's outcome; `parts` are disjoint and add up to the whole, in which `priority` is counted too."""

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
        return sum(self.parts.values(), Tally())

    def part(self, name: str) -> Tally:
        return self.parts.setdefault(name, Tally())
