"""Lines to compare with: what papers measured or proved, as facts by parameters."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from schemas.experiments import Series
from service.laboratory.document import point
from service.laboratory.sizes.coding import Coding
from service.laboratory.targets import information

NICHANI = "Nichani, Lee, Bietti, arXiv 2412.06538, at 99 % of sampled queries"
AMONG_NOISE = f"{NICHANI}, among noise that was not masked"
GARDNER = "Gardner, J. Phys. A 21, 257 (1988)"
ALLEN_ZHU = "Allen-Zhu, Li, arXiv 2404.05405"


def lines(coding: Coding, sizes: Sequence[int], drawn_in: str) -> Iterator[Series]:
    """Facts that each line of a chart gives at these numbers of parameters P.

    Linear memory of the paper: P = d^2, N ln N = d^2 / 1.3; its MLP memory: P = 2 m d, N ln N = m d / 0.35. Gardner:
    two bits of code a weight; Allen-Zhu and Li: two bits of knowledge a parameter, here log2 of a relation's answers.
    """
    known = information(coding.table) or coding.bits
    for line in _LINES[drawn_in]:
        points = [point(p, line.facts(p, coding.bits, known)) for p in sizes]
        task = coding.table.task
        yield Series(name=line.name, chart=drawn_in, task=task, kind=line.kind, source=line.source, points=points)


def facts_of(product: float) -> float:
    """The N > 1 with N ln N = product, by Newton's method: the function is convex, so it comes down from above."""
    n = max(product, math.e)
    for _ in range(50):
        n = (product + n) / (math.log(n) + 1)
    return n


class _Line(NamedTuple):
    """facts: of parameters, bits of a code, bits of knowledge."""

    name: str
    kind: Literal["theory", "published"]
    source: str
    facts: Callable[[int, int, float], float]


_GARDNER = _Line("gardner", "theory", GARDNER, lambda p, bits, _: 2 * p / bits)
_LINES = {
    "end_to_end": (
        _Line("published_transformer", "published", AMONG_NOISE, lambda p, *_: 0.15 * p),
        _Line("published_mlp", "published", NICHANI, lambda p, *_: facts_of(p / 2 / 0.35)),
        _Line("two_bits", "published", ALLEN_ZHU, lambda p, _, known: 2 * p / known),
        _GARDNER,
    ),
    "solved": (_Line("published_linear", "published", NICHANI, lambda p, *_: facts_of(p / 1.3)), _GARDNER),
}
