"""Documents of experiments as the service would send them, with every kind of chart and the edge cases."""

import math
from collections.abc import Iterable, Sequence

from schemas.experiments import (
    Axis,
    Chart,
    Decision,
    Experiment,
    ExperimentId,
    Point,
    Row,
    Series,
    Statement,
    Task,
)

DICTIONARY, SYNTHETIC = Task.DICTIONARY, Task.SYNTHETIC
SIZES = (1200.0, 2400.0, 4800.0, 9600.0, 19_200.0)
Levels = Iterable[tuple[float, float]]


def axis(quantity: str, scale: str = "linear") -> Axis:
    return Axis.model_validate({"quantity": quantity, "scale": scale})


def points(values: Levels, spread: float = 0.0, labels: Sequence[str] = ()) -> list[Point]:
    """Each with an interval of this relative half width, or with none."""
    named = [*labels, *[None] * 1000]
    return [
        Point(
            x=x,
            y=y,
            low=y * (1 - spread) if spread else None,
            high=min(y * (1 + spread), 1.0 if y <= 1 else math.inf) if spread else None,
            label=label,
            runs=3 if spread else 1,
        )
        for (x, y), label in zip(values, named, strict=False)
    ]


def series(name: str, chart: str, drawn: list[Point], kind: str = "measured", task: Task | None = None) -> Series:
    source = "arXiv 2412.06538" if kind == "published" else "Gardner 1988" if kind == "theory" else None
    return Series.model_validate(
        {"name": name, "chart": chart, "task": task, "kind": kind, "source": source, "points": drawn}
    )


def experiment(
    kind: ExperimentId,
    charts: list[Chart],
    drawn: list[Series],
    rows: Sequence[Row] = (),
    *,
    verdict: Decision = Decision.DECISIVE,
    left_out: Sequence[Statement] = (),
) -> Experiment:
    """Make a document whose statements have codes that no language knows, so that their English text is shown."""
    unknown = [Statement(code="said_in_english_alone", figures={"facts": 1024})]
    return Experiment(
        id=kind,
        verdict=verdict,
        finding="1,024 facts are held at 100 % by 3,904 parameters: <b>0.26</b> facts a parameter.",
        recommendation="Give attention and MLP about the same number of parameters.",
        left_out=["Four layers: not done within 120 seconds; more time does it."] * len(left_out),
        statements={"finding": unknown, "recommendation": unknown, "left_out": list(left_out)},
        charts=charts,
        series=drawn,
        rows=list(rows),
        trials=36,
        cached=4,
        facts=42,
        seed=0,
        seconds=118.4,
    )


def capacity() -> Experiment:
    """Logarithmic axes; two tasks; theory, published and measured lines."""
    chart = Chart(id="largest", x=axis("parameters", "log"), y=axis("facts", "log"))
    slopes = {"attention_mlp": 0.26, "mlp": 0.19, "attention": 0.14, "linear": 0.09}
    measured = [
        series(name, "largest", points([(n, slope * n * share) for n in SIZES], 0.12), task=task)
        for name, slope in slopes.items()
        for task, share in ((DICTIONARY, 1.0), (SYNTHETIC, 0.8))
    ]
    reference = [
        series("gardner", "largest", points([(n, n / 5) for n in (1000, 24_000)]), "theory"),
        series("two bits a parameter", "largest", points([(n, n / 10) for n in (1000, 24_000)]), "theory"),
        series("Nichani, Lee, Bietti", "largest", points([(n, 0.15 * n) for n in (1000, 24_000)]), "published"),
    ]
    rows = [
        Row(
            name=name,
            task=task,
            figures={"parameters": 9600, "held": round(slope * 9600), "seconds": 3.1, "bytes": None},
        )
        for name, slope in slopes.items()
        for task in (DICTIONARY, SYNTHETIC)
    ]
    return experiment(ExperimentId.CAPACITY, [chart], [*measured, *reference], rows)


def allocation() -> Experiment:
    """Categories with intervals, one of them at zero on a logarithmic axis; and a frontier with names at its marks."""
    names = ("attention_heavy", "hybrid", "mlp_heavy")
    largest = Chart(id="largest", x=axis("shape", "category"), y=axis("facts", "log"))
    frontier = Chart(id="frontier", x=axis("attention_parameters", "log"), y=axis("mlp_parameters", "log"))
    drawn = [
        series("gradient", "largest", points(enumerate((0.0, 1480.0, 900.0)), 0.2, names), task=DICTIONARY),
        series("gradient", "largest", points(enumerate((512.0, 1300.0, 1010.0)), 0.1, names), task=SYNTHETIC),
        series("closed_form", "largest", points(enumerate((1600.0, 1620.0, 1580.0)), 0.01, names), task=DICTIONARY),
        series(
            "gradient",
            "frontier",
            points([(900, 8200), (2100, 4100), (4300, 1900), (8000, 850)], 0, ["1:8", "1:2", "2:1", "8:1"]),
            task=DICTIONARY,
        ),
    ]
    rows = [Row(name=name, task=DICTIONARY, figures={"held": 900, "recall": 0.9994, "bytes": 9600}) for name in names]
    rows.append(Row(name="exact_table", task=DICTIONARY, figures={"held": 4096, "recall": 1, "bytes": 81_920}))
    missing = [Statement(code="not_enough_time", figures={"what": "four layers", "seconds": 120.0})]
    return experiment(
        ExperimentId.ALLOCATION, [largest, frontier], drawn, rows, verdict=Decision.NOT_DECISIVE, left_out=missing
    )


def learning() -> Experiment:
    """Lines of many points, with few marks on them."""
    steps = range(0, 4000, 10)
    loss = Chart(id="loss", x=axis("step"), y=axis("loss"))
    share = Chart(id="recall", x=axis("step"), y=axis("share"))
    falling = [
        (float(step), 5.5 * math.exp(-step / 600) + 0.6 * math.exp(-(((step - 1500) / 500) ** 2))) for step in steps
    ]
    right = [(float(step), 1 / (1 + math.exp((1900 - step) / 160))) for step in steps]
    wrong = [(x, 0.6 * math.exp(-(((x - 1300) / 420) ** 2))) for x, _ in right]
    drawn = [
        series("gradient", "loss", points(falling), task=SYNTHETIC),
        series("log (relations x answers)", "loss", points([(0, 4.85), (3990, 4.85)]), "theory"),
        series("right", "recall", points(right), task=SYNTHETIC),
        series("wrong with confidence", "recall", points(wrong), task=SYNTHETIC),
    ]
    return experiment(ExperimentId.LEARNING, [loss, share], drawn)


def precision() -> Experiment:
    """Lines that end at the right, with room for their names."""
    chart = Chart(id="recall", x=axis("bits"), y=axis("share"))
    levels = {
        "with repair": (0.61, 0.97, 1, 1, 1),
        "with feedback": (0.35, 0.82, 0.99, 1, 1),
        "rounded": (0.1, 0.4, 0.8, 1, 1),
    }
    drawn = [
        series(name, "recall", points(zip((8, 6, 4, 3, 2), reversed(held), strict=True), 0.02), task=DICTIONARY)
        for name, held in levels.items()
    ]
    drawn = [each.model_copy(update={"points": list(reversed(each.points))}) for each in drawn]
    return experiment(ExperimentId.PRECISION, [chart], drawn)


def budget() -> Experiment:
    """Measured points and an estimate beyond them; a chart with one point; one with nothing."""
    chart = Chart(id="cost", x=axis("facts", "log"), y=axis("bytes", "log"))
    single = Chart(id="single", x=axis("facts"), y=axis("milliseconds", "log"))
    empty = Chart(id="empty", x=axis("facts"), y=axis("seconds"))
    drawn = [
        series("compact", "cost", points([(4e2, 5.3e3), (4e3, 4.9e4), (4e4, 4.8e5)], 0.03), task=DICTIONARY),
        series("compact", "cost", points([(4e4, 4.8e5), (4e5, 4.8e6), (4e6, 4.8e7)]), "estimate", DICTIONARY),
        series("gradient", "single", points([(42.0, 3.1)]), task=DICTIONARY),
        series("gradient", "empty", []),
    ]
    return experiment(ExperimentId.BUDGET, [chart, single, empty], drawn)


def depth() -> Experiment:
    """Few whole numbers on a linear axis; intervals that reach below zero."""
    chart = Chart(id="largest", x=axis("layers"), y=axis("facts"))
    held = points(zip(range(1, 5), (1480.0, 1400.0, 1210.0, 300.0), strict=True), 1.2)
    return experiment(ExperimentId.DEPTH, [chart], [series("gradient", "largest", held, task=SYNTHETIC)])


def rank() -> Experiment:
    """A cloud: several values for one x; all in a narrow range of a logarithmic axis."""
    chart = Chart(id="predicted", x=axis("rank"), y=axis("parameters", "log"))
    cloud = points([(12, 3000.0), (12, 3100.0), (18, 3350.0), (30, 3600.0), (30, 3500.0)], 0.05)
    return experiment(ExperimentId.RANK, [chart], [series("softmax", "predicted", cloud, task=DICTIONARY)])


def heads() -> Experiment:
    """Many categories, one series."""
    names = ("8:1", "4:4", "1:1", "1:3", "1:7", "1:32")
    chart = Chart(id="largest", x=axis("head", "category"), y=axis("facts"))
    held = points(enumerate((480.0, 900.0, 1600.0, 1760.0, 1450.0, 470.0)), 0.08, names)
    return experiment(ExperimentId.HEADS, [chart], [series("gradient", "largest", held, task=SYNTHETIC)])


def every() -> list[Experiment]:
    """In the order of the report."""
    return [capacity(), allocation(), heads(), rank(), depth(), learning(), precision(), budget()]
