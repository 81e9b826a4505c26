"""How many layers: facts held at 100 % by one to four layers of equal size, and in which of them the facts live."""

from collections.abc import Iterator, Sequence

from schemas.experiments import Experiment, Statement, Task
from service.laboratory import intervals
from service.laboratory.bench import Asked, Bench
from service.laboratory.depth.search import Climb, search
from service.laboratory.depth.stacks import DEPTHS, RATE, SCHEDULE, Stack, Tried
from service.laboratory.document import Findings, chart, measured, point, row
from service.laboratory.sentences import said

_SIZES = ((240.0, 24, 2), (100.0, 24, 1), (0.0, 16, 1))
"""From how many seconds on, which width of tokens, and how many times the smallest layers."""


def depth(asked: Asked, bench: Bench) -> Experiment:
    """One layer first, on every task; seed after seed while there is time."""
    d_model, times = next((d, times) for seconds, d, times in _SIZES if asked.request.seconds >= seconds)
    tables = [table for table in asked.tables.values() if len(table)]
    climbs = [Climb.of(Stack(layers, d_model, times), table) for layers in DEPTHS for table in tables]
    findings = Findings()
    search(climbs, asked, bench, findings)
    for task in asked.tables:
        _report(findings, task, [climb for climb in climbs if climb.task is task and climb.rungs])
    if tried := [climb for climb in climbs if climb.rungs]:
        findings.finding.append(said("depth_one_schedule", steps=SCHEDULE.steps, rate=RATE))
    _recommend(findings, tried)
    return findings.document(asked, bench)


def _report(findings: Findings, task: Task, climbs: Sequence[Climb]) -> None:
    """Charts, rows and the sentence of one task."""
    if not climbs:
        findings.finding.append(said("depth_no_facts", task=task.value))
        return
    _draw(findings, task, climbs)
    if any(climb.bounded for climb in climbs):
        findings.finding.append(said("depth_too_small", task=task.value, facts=climbs[0].most))
        return
    holding = [climb for climb in climbs if climb.known]
    said_of_each = [statement for climb in holding for statement in what_it_holds(climb)]
    findings.finding += said_of_each or [said("depth_none_held", task=task.value)]
    deepest = max((network for climb in holding for network in climb.held), key=_facts_and_layers, default=None)
    if deepest and len(deepest.without) > 1:
        most = max(deepest.without)
        code = "depth_together" if most < 0.5 else "depth_apart"
        findings.finding.append(
            said(code, task=task.value, layers=len(deepest.without), most=most, facts=deepest.facts)
        )


def what_it_holds(climb: Climb) -> Iterator[Statement]:
    layers, of_all = climb.stack.layers, {"task": climb.task.value, "parameters": climb.stack.parameters}
    held = {"facts": round(intervals.held(climb.found)[0]), "seeds": len(climb.found)}
    if layers == 1:
        yield said("depth_held", **of_all, **held)
    else:
        yield said("depth_held_deeper", layers=layers, **of_all, **held)
    if any(at.above is None for at in climb.edges):
        yield said("depth_at_least")
    if missing := len(climb.edges) - len(climb.found):
        yield said("depth_seeds_without", missing=missing, of=len(climb.edges))


def _facts_and_layers(network: Tried) -> tuple[int, int]:
    return len(network.without), network.facts


def _draw(findings: Findings, task: Task, climbs: Sequence[Climb]) -> None:
    if not findings.charts:
        findings.charts.append(chart("facts", ("layers", "category"), ("facts", "linear")))
        findings.charts.append(chart("without", ("layer", "category"), ("recall", "linear")))
        findings.charts.append(chart("rank", ("layer", "category"), ("rank", "linear")))
    points = [
        point(climb.stack.layers - 1, *intervals.held(climb.found), label=climb.stack.name, runs=len(climb.found))
        for climb in climbs
        if climb.known
    ]
    findings.series.append(measured("facts", "facts", points, task))
    for climb in climbs:
        _draw_layers(findings, climb)


def _draw_layers(findings: Findings, climb: Climb) -> None:
    """Layer by layer of the network that holds most, and the row of this number of layers. That network may hold more
    facts than the edge of the ladders says, on which other seeds and rungs that failed count too.
    """
    best = max(climb.held, key=lambda network: network.facts, default=None)
    facts, interval = intervals.held(climb.found) if climb.known else (None, None)
    low, high = interval or (None, None)
    without = {f"without_{layer}_recall": share for layer, share in enumerate(best.without if best else (), start=1)}
    held = {"facts": facts and round(facts, 1), "low": low and round(low, 1), "high": high and round(high, 1)}
    sizes = {"parameters": climb.stack.parameters, "scales": climb.stack.scales, "runs": len(climb.edges)}
    examined = {"examined_facts": best.facts} if best else {}
    findings.rows.append(row(climb.stack.name, climb.task, **sizes, **held, **examined, **without))
    for name, values in (("without", best.without), ("rank", best.ranks)) if best else ():
        points = [point(at, value, label=f"layer_{at + 1}") for at, value in enumerate(values)]
        findings.series.append(measured(climb.stack.name, name, points, climb.task))


def _recommend(findings: Findings, climbs: Sequence[Climb]) -> None:
    """One layer, unless another number holds more for certain, on every task; undecided where intervals overlap."""
    verdicts = {climb.task: verdict([each for each in climbs if each.task is climb.task]) for climb in climbs}
    findings.decisive = bool(verdicts) and None not in verdicts.values() and len(set(verdicts.values())) == 1
    if not findings.decisive:
        findings.recommendation.append(said("depth_keep_until_decided"))
        return
    best = next(iter(verdicts.values()))
    more = said("depth_take_more", layers=best) if best and best > 1 else said("depth_keep_one")
    findings.recommendation.append(more)


def verdict(climbs: Sequence[Climb]) -> int | None:
    """The number of layers that holds more facts than one layer does, or 1 where every other holds fewer; None where
    that is not certain.
    """
    if len(climbs) < len(DEPTHS) or any(climb.bounded for climb in climbs):
        return None
    shorter = min(len(climb.edges) for climb in climbs)
    one = climbs[0].edges[:shorter]
    ratios = {climb.stack.layers: intervals.ratio(climb.edges[:shorter], one) for climb in climbs[1:]}
    above = {layers: found.times for layers, found in ratios.items() if found and found.low > 1}
    if above:
        return max(above, key=lambda layers: above[layers])
    return 1 if all(found and found.high is not None and found.high < 1 for found in ratios.values()) else None
