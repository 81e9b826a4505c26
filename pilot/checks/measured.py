"""What a check hands back: integers that add, the parts they add up from, and what failed by name."""

from dataclasses import dataclass, field

from schemas.recall import Status
from schemas.report import CheckId, Failing, Holding, Timing


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

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.right + other.right, self.wrong + other.wrong, self.abstained + other.abstained)


@dataclass(slots=True)
class Measured:
    """One check's outcome; `parts` are disjoint and add up to the whole."""

    id: CheckId
    parts: dict[str, Tally] = field(default_factory=dict)
    failing: list[Failing] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tally(self) -> Tally:
        return sum(self.parts.values(), Tally())

    def part(self, name: str) -> Tally:
        return self.parts.setdefault(name, Tally())
