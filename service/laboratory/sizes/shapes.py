"""Shapes of equal size: the network that comes nearest to a number of parameters and a way to spend them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from service.memory.gradient import Shape

SMALLEST = 400
"""Parameters below which a design has no room for its heads."""
ROUGH = 0.02
SHARE_OFF = 0.15  # how far a share of attention may be from its design's: half-way to the next design
EXACT = 0.0099  # shapes this near to the wanted number of parameters have that size


@dataclass(frozen=True, slots=True)
class Design:
    """A way to spend parameters: the heads and widths to choose from, and the share of the attention (q, K, V and the
    rows that read it), 1.0 for no MLP.
    """

    name: str
    share: float
    heads: Sequence[int] = tuple(range(1, 129))
    d_head_qk: Sequence[int] = (1,)
    d_head_vo: Sequence[int] = (2, 3, 4)


def find_nearest(design: Design, parameters: int, outputs: int, d_model: int, within: float = EXACT) -> Shape:
    """The shape of this number of parameters, to `within` this share of it, that comes nearest to the design's share
    of attention. Where there is none, the shape nearest in size.
    """

    def distance(shape: Shape) -> tuple[float, float]:
        off = abs(shape.parameters / parameters - 1)
        share = shape.attention_parameters / shape.parameters
        return (max(off, within), abs(share - design.share))

    return min(_shapes(design, parameters, outputs, d_model), key=distance)


def find_close(design: Design, parameters: int, outputs: int, d_model: int) -> Shape | None:
    """The shape of this size whose share of attention is close to the design's. Heads of other widths, then sizes that
    are further off, are taken only where there is no other. None where there is no such shape at all.
    """
    wider = replace(design, d_head_vo=range(1, 9))
    choices = ((design, EXACT), (wider, EXACT), (wider, ROUGH))
    shapes = ((find_nearest(each, parameters, outputs, d_model, within), within) for each, within in choices)
    return next(
        (shape for shape, within in shapes if _has_share(shape, design) and is_of_size(shape, parameters, within)), None
    )


def _has_share(shape: Shape, design: Design) -> bool:
    return abs(shape.attention_parameters / shape.parameters - design.share) <= SHARE_OFF


def is_of_size(shape: Shape, parameters: int, within: float = ROUGH) -> bool:
    """Whether a shape has this number of parameters, as nearly as pieces as large as a wide head allow."""
    return abs(shape.parameters / parameters - 1) <= within


def _shapes(design: Design, parameters: int, outputs: int, d_model: int) -> Iterator[Shape]:
    """Every choice of heads, filled up to size with units of the MLP. The first is included even where it is too large,
    so that there is always one.
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
