"""How large networks are, how long they are trained and on how many seeds, by the time there is."""

from dataclasses import dataclass

from service.memory.gradient import Schedule


@dataclass(frozen=True, slots=True)
class Effort:
    """parameters: of the largest networks; bits: code bits that one of them is expected to hold after so many steps.
    groups: seeds that are tried together, counted from the request's own.
    """

    parameters: int
    steps: int
    bits: float
    groups: tuple[range, ...]

    @property
    def schedule(self) -> Schedule:
        return Schedule(steps=self.steps)

    @property
    def hurried(self) -> Schedule:
        """The same where only holding every fact counts: what is far behind at 60 % of the steps is given up."""
        return Schedule(steps=self.steps, give_up=0.8)

    def seeds(self, first: int) -> list[list[int]]:
        return [[first + number for number in group] for group in self.groups]


_EFFORTS = (
    (30, Effort(400, 250, 1.4, (range(2), range(2, 3)))),
    (90, Effort(500, 400, 1.7, (range(3),))),
    (500, Effort(1000, 600, 1.9, (range(3), range(3, 5)))),
    (2000, Effort(2000, 800, 2.0, (range(3), range(3, 6), range(6, 10)))),
)
_LARGEST = Effort(3000, 1500, 2.1, (range(3), range(3, 6), range(6, 10)))


def effort(seconds: float) -> Effort:
    """What fits into so many seconds of two cores, for a handful of contenders on two tables (measured)."""
    return next((fits for most, fits in _EFFORTS if seconds < most), _LARGEST)
