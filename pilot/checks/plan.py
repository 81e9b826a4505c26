"""How much the checks ask."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to ask: probes of each never-taught kind, sentences with noise, timed single recalls and batches."""

    probes: int = 10_000
    noisy: int = 1_000
    singles: int = 2_000
    batches: int = 20
    seed: int = 0
