"""How large networks are, how long they are trained and on how many seeds, depending on the time allowed."""

from dataclasses import dataclass

from service.memory.gradient import Schedule


@dataclass(frozen=True, slots=True)
class TrainingBudget:
    """parameters: of the largest networks; bits: code bits a parameter that they are expected to hold after
    `steps` steps. groups: seeds that are tried together, counted from the request's own.
    """

    parameters: int
    steps: int
    bits: float
    groups: tuple[range, ...]

    @property
    def schedule(self) -> Schedule:
        return Schedule(steps=self.steps)

    @property
    def hurried_schedule(self) -> Schedule:
        """For networks that count only if they hold every fact: those far behind at 60 % of the steps are given up."""
        return Schedule(steps=self.steps, give_up=0.8)

    def seeds(self, first: int) -> list[list[int]]:
        return [[first + number for number in group] for group in self.groups]


_BUDGETS = (
    (30, TrainingBudget(400, 250, 1.4, (range(2), range(2, 3)))),
    (90, TrainingBudget(500, 400, 1.7, (range(3),))),
    (500, TrainingBudget(1000, 600, 1.9, (range(3), range(3, 5)))),
    (2000, TrainingBudget(2000, 800, 2.0, (range(3), range(3, 6), range(6, 10)))),
)
_LARGEST = TrainingBudget(3000, 1500, 2.1, (range(3), range(3, 6), range(6, 10)))


def choose_budget(seconds: float) -> TrainingBudget:
    """The budget that fits into these seconds of two cores, for a handful of candidates on two tables (measured)."""
    return next((budget for most, budget in _BUDGETS if seconds < most), _LARGEST)
