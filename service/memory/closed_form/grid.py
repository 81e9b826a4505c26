"""The grid that stored weights lie on: 2^bits steps at most, in units of their column's or block's scale.

From four bits on, all integers from -(2^(bits-1) - 1) to its negative. Below, zero is given up so that every code is
in use: odd integers from -(2^bits - 1) to its negative.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Grid:
    """bits: 2 to 8. A step is unit x place + offset, its place an integer."""

    bits: int

    @property
    def unit(self) -> int:
        return 1 if self.bits >= 4 else 2

    @property
    def offset(self) -> int:
        return self.unit - 1

    @property
    def most(self) -> int:
        """The largest step."""
        return (1 << (self.bits - 1)) - 1 if self.unit == 1 else (1 << self.bits) - 1

    @property
    def ends(self) -> tuple[float, float]:
        """Between which hidden values have to stay for their places to be on the grid."""
        half = 1 << (self.bits - 1)
        return (-half + 1, half - 1) if self.unit == 1 else (-half, half - 2.0**-16)

    def places(self, values: Float[Tensor, "*size"]) -> Float[Tensor, "*size"]:
        """The places of values between the ends, counted in units. A new tensor of the same kind."""
        return torch.round(values) if self.unit == 1 else torch.floor(values)

    def steps(self, values: Float[Tensor, "*size"]) -> Float[Tensor, "*size"]:
        """The steps at those places."""
        return self.places(values) * self.unit + self.offset

    def nearest(self, values: Float[Tensor, "*size"]) -> Float[Tensor, "*size"]:
        """The nearest step to each value, which is counted in steps."""
        return self.steps((values / self.unit).clamp(*self.ends))
