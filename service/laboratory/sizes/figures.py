"""The figures and points of sweeps, for rows and series."""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.experiments import Point
from service.laboratory.bench import Result
from service.laboratory.document import point
from service.laboratory.sizes.comparisons import CandidateSweep
from service.laboratory.sizes.trainings import EndToEnd
from service.laboratory.statements import Figure
from service.laboratory.thresholds import mean_held
from service.statistics import mean

Figures = dict[str, Figure | None]


def held_points(sweeps: Sequence[CandidateSweep[Any]]) -> Iterator[Point]:
    """Facts held by each candidate, side by side, with their intervals over seeds."""
    for place, sweep in enumerate(sweeps):
        if sweep.known:
            yield point(place, *mean_held(sweep.known), label=sweep.candidate.name, runs=len(sweep.networks))


def recall_points(sweep: CandidateSweep[Any]) -> Iterator[Point]:
    """The share of facts held by how many were taught."""
    for facts, (share, seeds) in sweep.recall_by_load().items():
        yield point(facts, share, runs=seeds)


def held_figures(sweep: CandidateSweep[Any]) -> Figures:
    """The largest number of facts at 100 %: its geometric mean over seeds, and its interval. Where no size was held,
    `high` is the smallest that failed. Bits are per parameter or scale.
    """
    bits = sweep.coding.bits
    if not sweep.known:
        least = min((at.least for at in sweep.thresholds.values()), default=None)
        return {
            "held": None,
            "low": None,
            "high": least,
            "seeds": 0,
            "code_bits": bits,
            "bits_per_parameter": None,
        }
    facts, interval = mean_held(sweep.known)
    low, high = interval or (None, None)
    return {
        "held": round(facts, 1),
        "low": low and round(low, 1),
        "high": high and round(high, 1),
        "seeds": len(sweep.known),
        "code_bits": bits,
        "bits_per_parameter": round(facts * bits / sweep.stored, 3),
    }


def shape_figures(candidate: EndToEnd) -> Figures:
    shape = candidate.shape
    return {
        "parameters": shape.parameters,
        "scales": shape.scales,
        "attention_parameters": shape.attention_parameters,
        "mlp_parameters": shape.mlp_parameters,
        "heads": shape.heads,
        "d_head_qk": shape.d_head_qk,
        "d_head_vo": shape.d_head_vo,
        "mlp_width": shape.mlp_width,
    }


def training_figures(sweep: CandidateSweep[EndToEnd]) -> Figures:
    """train_seconds: of the mean network, its share of a batch; held_at_...: the largest number held at that rate."""
    found = sweep.networks
    if not found:
        return {"runs": 0}
    rates = zip(("held_at_low_rate", "held_at_high_rate"), sweep.candidate.rates, strict=False)
    held = {
        name: max((n.facts for n in found if n.rate == rate and n.stored == n.facts), default=0) for name, rate in rates
    }
    return {
        "runs": len(found),
        "diverged_share": sum(network.diverged for network in found) / len(found),
        "train_seconds": round(mean([network.seconds for network in found]), 3),
        "peak_bytes": max(network.peak_bytes or 0 for network in found),
        **held,
    }


def size_figures(sweep: CandidateSweep[Any], speed: Result) -> Figures:
    """Bytes as stored, and how long a query takes."""
    size = sweep.candidate.bytes
    per_fact = round(size / mean_held(sweep.known)[0], 2) if sweep.known else None
    return {
        "bytes": size,
        "bytes_per_fact": per_fact,
        "one_ms": round(speed["one_ms"], 4),
        "batch_ms": round(speed["batch_ms"], 4),
        "batch_queries": speed["batch_queries"],
    }
