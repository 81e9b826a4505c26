"""Lines to compare with: what papers measured or proved, as facts by parameters."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from schemas.experiments import Point, Series
from service.laboratory.coding import Coding
from service.laboratory.document import point
from service.laboratory.targets import information

NICHANI = "Nichani, Lee, Bietti, arXiv 2412.06538"
GARDNER = "Gardner, J. Phys. A 21, 257 (1988)"
ALLEN_ZHU = "Allen-Zhu, Li, arXiv 2404.05405"


def lines(coding: Coding, sizes: Sequence[int]) -> Iterator[Series]:
    """Facts that each line gives at these numbers of parameters P.

    Linear memory of the paper: P = d^2, N ln N = d^2 / 1.3; its MLP memory: P = 2 m d, N ln N = m d / 0.35. Gardner:
    two bits of code a weight; Allen-Zhu and Li: two bits of knowledge a parameter, here log2 of a relation's answers.
    """
    known = information(coding.table)
    for name, line in _PUBLISHED.items():
        yield _series(coding, name, "published", NICHANI, [point(p, line(p)) for p in sizes])
    yield _series(coding, "gardner", "theory", GARDNER, [point(p, 2 * p / coding.bits) for p in sizes])
    if known:
        yield _series(coding, "two_bits", "published", ALLEN_ZHU, [point(p, 2 * p / known) for p in sizes])


def facts_of(product: float) -> float:
    """The N > 1 with N ln N = product, by Newton's method: the function is convex, so it comes down from above."""
    n = max(product, math.e)
    for _ in range(50):
        n = (product + n) / (math.log(n) + 1)
    return n


_PUBLISHED: dict[str, Callable[[float], float]] = {
    "published_transformer": lambda p: 0.15 * p,
    "published_linear": lambda p: facts_of(p / 1.3),
    "published_mlp": lambda p: facts_of(p / 2 / 0.35),
}


def _series(
    coding: Coding, name: str, kind: Literal["theory", "published"], source: str, points: list[Point]
) -> Series:
    return Series(name=name, chart="capacity", task=coding.table.task, kind=kind, source=source, points=points)
