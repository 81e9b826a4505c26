"""Experiments of the laboratory: asked for as jobs, reported as figures that a chart can be drawn from."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.base import Number, Reply, Request, Whole, document
from schemas.jobs import JobState
from schemas.memories import FalseAnswers


class ExperimentId(StrEnum):
    CAPACITY = "capacity"
    ALLOCATION = "allocation"
    HEADS = "heads"
    RANK = "rank"
    DEPTH = "depth"
    LEARNING = "learning"
    PRECISION = "precision"
    BUDGET = "budget"


class Task(StrEnum):
    """What is learned: the synthetic task of arXiv 2412.06538, or the dictionary's own facts."""

    SYNTHETIC = "synthetic"
    DICTIONARY = "dictionary"


class ExperimentRequest(Request):
    """`seconds`: how long it may take on this machine. `false_answers`: the share that check bits may let pass. Asked
    of `budget` alone: how many `facts` are to be held, how fast a single recall has to be, and what an hour costs.
    """

    model_config = document(
        {"kind": "capacity", "seconds": 60, "seed": 0, "tasks": ["dictionary"]},
        {
            "kind": "budget",
            "facts": 1000000,
            "false_answers": 1e-6,
            "latency_ms": 20,
            "core_hour": 0.05,
            "gpu_hour": 2.5,
        },
    )

    kind: ExperimentId
    seconds: Number = Field(default=120.0, ge=1, le=86_400)
    seed: Whole = Field(default=0, ge=0, lt=2**32)
    tasks: list[Task] = Field(default=[Task.SYNTHETIC, Task.DICTIONARY], min_length=1, max_length=2)
    facts: Whole | None = Field(default=None, ge=1, le=10**12)
    false_answers: FalseAnswers = 1e-6
    latency_ms: Number = Field(default=50.0, gt=0, le=60_000)
    core_hour: Number = Field(default=0.05, ge=0, le=10_000)
    gpu_hour: Number = Field(default=2.5, ge=0, le=10_000)


class Decision(StrEnum):
    """Whether the figures decide the experiment's question."""

    DECISIVE = "decisive"
    NOT_DECISIVE = "not_decisive"


class Axis(Reply):
    """quantity: what is counted, with its unit, as a code (`parameters`, `facts`, `share`, `step`, `rank`, `bytes`);
    of a `category` axis the points carry labels and stand at 0, 1, 2, ...
    """

    quantity: str
    scale: Literal["linear", "log", "category"]


class Chart(Reply):
    id: str
    x: Axis
    y: Axis


class Point(Reply):
    """A measured or computed value with its interval (95 %), None where there is none; runs: networks behind it."""

    x: float
    y: float
    low: float | None
    high: float | None
    label: str | None
    runs: int


class Series(Reply):
    """One line or cloud of a chart. source: the paper that a theory's or a published line is from."""

    name: str
    chart: str
    task: Task | None
    kind: Literal["measured", "estimate", "theory", "published"]
    source: str | None
    points: list[Point]


class Row(Reply):
    """A line of the experiment's table; None stands for what was not measured."""

    name: str
    task: Task | None
    figures: dict[str, float | int | str | None]


class Statement(Reply):
    """A sentence by its code, with the figures that stand in it, so that it can be said in any language."""

    code: str
    figures: dict[str, float | int | str]


class Experiment(Reply):
    """finding and recommendation: in plain English; `statements`: the same two, then what was left out, by code.
    trials: networks trained or solved for it, `cached` of them in an earlier run.
    """

    id: ExperimentId
    verdict: Decision
    finding: str
    recommendation: str
    left_out: list[str]
    statements: dict[Literal["finding", "recommendation", "left_out"], list[Statement]]
    charts: list[Chart]
    series: list[Series]
    rows: list[Row]
    trials: int
    cached: int
    facts: int
    seed: int
    seconds: float


class ExperimentJob(Reply):
    """An experiment as it was ordered: `id` is the job's; seconds: how long it may take; times are UTC."""

    id: str
    kind: ExperimentId
    state: JobState
    progress: float
    seconds: float
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class ExperimentList(Reply):
    experiments: list[ExperimentJob]
    cursor: str | None
