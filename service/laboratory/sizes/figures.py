"""Figures and points of ladders, as rows and series want them."""

from collections.abc import Iterator, Sequence
from typing import Any

from schemas.experiments import Point
from service.laboratory import intervals
from service.laboratory.bench import Result
from service.laboratory.document import point
from service.laboratory.sentences import Figure
from service.laboratory.sizes import contests
from service.laboratory.sizes.search import Ladder
from service.laboratory.sizes.trainings import EndToEnd, stored

Figures = dict[str, Figure | None]


def held_points(ladders: Sequence[Ladder[Any]]) -> Iterator[Point]:
    """Facts held by each contender, side by side, with their intervals over seeds."""
    for place, ladder in enumerate(ladders):
        edges = contests.edges_of(ladder)
        if edges:
            yield point(place, *intervals.held(edges), label=ladder.contender.name, runs=len(ladder.found))


def recall_points(ladder: Ladder[Any]) -> Iterator[Point]:
    """The share of facts held by how many were taught."""
    for facts, (share, seeds) in contests.recall_by_load(ladder).items():
        yield point(facts, share, runs=seeds)


def held_figures(ladder: Ladder[Any]) -> Figures:
    """The largest number of facts at 100 %: geometric mean over seeds, and its interval; less than `high` if none.
    Bits are counted by parameters and scales together.
    """
    edges = contests.edges_of(ladder)
    if not edges:
        least = min((edge.least for edge in ladder.edges.values()), default=None)
        return {
            "held": None,
            "low": None,
            "high": least,
            "seeds": 0,
            "code_bits": ladder.bits,
            "bits_per_parameter": None,
        }
    facts, interval = intervals.held(edges)
    low, high = interval or (None, None)
    return {
        "held": round(facts, 1), "low": low and round(low, 1), "high": high and round(high, 1), "seeds": len(edges),
        "code_bits": ladder.bits, "bits_per_parameter": round(facts * ladder.bits / stored(ladder.contender), 3),
    }  # fmt: skip


def shape_figures(contender: EndToEnd) -> Figures:
    shape = contender.shape
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


def training_figures(ladder: Ladder[EndToEnd]) -> Figures:
    """seconds: of the mean network, as its share of a batch; held_at_...: largest number held at either rate."""
    found = ladder.found
    if not found:
        return {"runs": 0}
    rates = zip(("held_at_low_rate", "held_at_high_rate"), ladder.contender.rates, strict=False)
    held = {
        name: max((n.facts for n in found if n.rate == rate and n.stored == n.facts), default=0) for name, rate in rates
    }
    return {
        "runs": len(found),
        "diverged_share": sum(network.diverged for network in found) / len(found),
        "train_seconds": round(intervals.mean([network.seconds for network in found]), 3),
        "peak_bytes": max(network.peak_bytes or 0 for network in found),
        **held,
    }


def size_figures(ladder: Ladder[Any], speed: Result) -> Figures:
    """Bytes as stored, and how long a query takes."""
    edges, size = contests.edges_of(ladder), ladder.contender.bytes
    per_fact = round(size / intervals.held(edges)[0], 2) if edges else None
    return {
        "bytes": size,
        "bytes_per_fact": per_fact,
        "one_ms": round(speed["one_ms"], 4),
        "batch_ms": round(speed["batch_ms"], 4),
        "batch_queries": speed["batch_queries"],
    }
