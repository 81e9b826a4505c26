"""Shapes of equal size: a number of parameters and a way to spend it, as the network that comes nearest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from service.memory.gradient import Shape

SMALLEST = 400
"""Parameters below which a design has no room for its heads."""
ROUGH = 0.02
SHARE_OFF = 0.15  # so far a share of attention may be from what its design is called: half-way to the next one
EXACT = 0.0099  # shapes this near to the wanted number of parameters count as equal to it


@dataclass(frozen=True, slots=True)
class Design:
    """How parameters are spent: heads and their widths as they may be chosen, and the share of the attention (q, K, V
    and the rows that read it); 1.0 stands for no MLP.
    """

    name: str
    share: float
    heads: Sequence[int] = tuple(range(1, 129))
    d_head_qk: Sequence[int] = (1,)
    d_head_vo: Sequence[int] = (2, 3, 4)


def nearest(design: Design, parameters: int, outputs: int, d_model: int, within: float = EXACT) -> Shape:
    """The shape of a design that has this number of parameters and, among these, its share of attention; where no
    shape is `within` so much of it, the one that is nearest in size.
    """

    def distance(shape: Shape) -> tuple[float, float]:
        off = abs(shape.parameters / parameters - 1)
        share = shape.attention_parameters / shape.parameters
        return (max(off, within), abs(share - design.share))

    return min(_shapes(design, parameters, outputs, d_model), key=distance)


def close(design: Design, parameters: int, outputs: int, d_model: int) -> Shape | None:
    """The shape of a design of this size whose share of attention is near to what its name says: with heads of other
    widths, or a size that is somewhat further off, only where there is no other; None where there is no room for any.
    """
    wider = replace(design, d_head_vo=range(1, 9))
    choices = ((design, EXACT), (wider, EXACT), (wider, ROUGH))
    shapes = ((nearest(each, parameters, outputs, d_model, within), within) for each, within in choices)
    return next((shape for shape, within in shapes if _like(shape, design) and equal(shape, parameters, within)), None)


def _like(shape: Shape, design: Design) -> bool:
    return abs(shape.attention_parameters / shape.parameters - design.share) <= SHARE_OFF


def equal(shape: Shape, parameters: int, within: float = ROUGH) -> bool:
    """Whether a shape is of this size, as far as pieces as large as a wide head allow it."""
    return abs(shape.parameters / parameters - 1) <= within


def _shapes(design: Design, parameters: int, outputs: int, d_model: int) -> Iterator[Shape]:
    """Every choice of heads, filled up to size with units of the MLP. A first one that is too large comes along, so
    that there is one.
    """
    for number, (heads, qk, vo) in enumerate(product(design.heads, design.d_head_qk, design.d_head_vo)):
        attention = Shape(d_model, heads, qk, vo, 0, outputs)
        room = parameters - attention.parameters
        unit = attention.attention_width + 1 + outputs
        if design.share == 1.0 or room < unit / 2:
            if number == 0 or room > -unit / 2 or design.share == 1.0:
                yield attention
            continue
        yield Shape(d_model, heads, qk, vo, round(room / unit), outputs)
