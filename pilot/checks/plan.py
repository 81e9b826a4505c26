"""How much the checks ask, and how much they change."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to ask: probes of each never-taught kind, sentences with noise, timed single recalls and batches.

    Without `changes` no scratch copy is made and nothing changed. A copy holds `copied` pairs at most: `shares` of
    them are changed in sequence, `edited` ones rolled back, `deleted` ones (a tenth at most) deleted, and `proofs` of
    these proved. `members` pairs are asked for membership, `strangers` of them without a key. The answers of
    `randomised` pairs are drawn with `epsilon`; the ceiling is drawn with `delta`.
    """

    probes: int = 10_000
    noisy: int = 1_000
    singles: int = 2_000
    batches: int = 20
    seed: int = 0
    changes: bool = True
    copied: int = 100_000
    shares: tuple[float, ...] = (0.01, 0.10, 0.50)
    deleted: int = 200
    proofs: int = 20
    edited: int = 20
    members: int = 2_000
    strangers: int = 50
    randomised: int = 20_000
    epsilon: float = 4.0
    delta: float = 1e-6
