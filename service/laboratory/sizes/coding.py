"""How long the codes are that a table's facts are taught as, and how large a network it can fill."""

import math
from dataclasses import dataclass, replace

from schemas.experiments import Task
from service.laboratory.sizes.shapes import SMALLEST
from service.laboratory.tables import Table
from service.laboratory.targets import code_length, token_width

SYNTHETIC_BITS = 8
LONGEST = 24
FILLED = 3.0  # code bits a parameter that no network holds: a table of so many bits is more than full
MOST = 20_000  # facts that are drawn from a large table before anything else


@dataclass(frozen=True, slots=True)
class Coding:
    """A table and the code bits of each of its facts; d_model: bits of a token."""

    table: Table
    bits: int
    d_model: int

    @classmethod
    def of(cls, table: Table, seed: int) -> "Coding":
        """Eight bits on the synthetic task; in a dictionary as many as tell the answers of its richest relation apart.

        A table so small that the smallest network would hold it is taught longer codes, as a memory with check bits is.
        """
        part = table if len(table) <= MOST else replace(table.part(MOST, seed), numbered=None)
        bits = min(LONGEST, max(_least(part), math.ceil(FILLED * SMALLEST / len(part))))
        return cls(part, bits, token_width(table))

    @property
    def least(self) -> int:
        """Bits that the table's codes would have if it were not small."""
        return _least(self.table)

    def parameters(self, wanted: int) -> int:
        """As many as wanted, or fewer, so that the table has more facts than they hold."""
        return max(SMALLEST, min(wanted, int(len(self.table) * self.bits / FILLED)))


def _least(table: Table) -> int:
    return SYNTHETIC_BITS if table.task is Task.SYNTHETIC else code_length(table)
