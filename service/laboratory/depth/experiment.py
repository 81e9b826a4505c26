"""How many layers: facts held at 100 % by one to four layers of equal size, and in which of them the facts live."""

from collections.abc import Iterator, Sequence

from schemas.experiments import Experiment, Statement, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.depth.stacks import DEPTHS, RATE, SCHEDULE, Stack, StackResult, StackSweep
from service.laboratory.document import Findings, chart, measurement, point, row
from service.laboratory.search import Search
from service.laboratory.statements import statement
from service.laboratory.thresholds import compare_held, mean_held

SEEDS = 3
_ROUNDS = 2
_SIZES = ((240.0, 24, 2), (100.0, 24, 1), (0.0, 16, 1))
"""From how many seconds on: the width of tokens, and how many times the smallest layers."""


def depth(inputs: Inputs, bench: Bench) -> Experiment:
    """Search for what each number of layers holds, one layer first, on every task; seed after seed while time lasts."""
    seconds = inputs.request.seconds
    d_model, times = next((d, times) for least, d, times in _SIZES if seconds >= least)
    tables = [table for table in inputs.tables.values() if len(table)]
    stacks = [Stack(layers, d_model, times) for layers in DEPTHS]
    sweeps = [StackSweep.of(stack, table, bench.device) for stack in stacks for table in tables]
    findings = Findings()
    search = Search(bench, bench.left(), rounds=_ROUNDS)
    search.run(sweeps, [[inputs.request.seed + number] for number in range(SEEDS)])
    if search.unfinished:
        findings.left_out.append(statement("rungs_left_out", seconds=seconds))
    tried = [sweep for sweep in sweeps if sweep.tried]
    for task in inputs.tables:
        _report(findings, task, [sweep for sweep in tried if sweep.task is task])
    if tried:
        findings.finding.append(statement("depth_one_schedule", steps=SCHEDULE.steps, rate=RATE))
    _recommend(findings, tried)
    return findings.to_document(inputs, bench)


def _report(findings: Findings, task: Task, sweeps: Sequence[StackSweep]) -> None:
    """Add the charts, rows and sentences of one task."""
    if not sweeps:
        findings.finding.append(statement("depth_no_facts", task=task.value))
        return
    _draw(findings, task, sweeps)
    if any(sweep.all_held for sweep in sweeps):
        findings.finding.append(statement("depth_too_small", task=task.value, facts=sweeps[0].most))
        return
    holding = [sweep for sweep in sweeps if sweep.known]
    stated = [one for sweep in holding for one in state_held(sweep)]
    findings.finding += stated or [statement("depth_none_held", task=task.value)]
    deepest = max((network for sweep in holding for network in sweep.held), key=_layers_and_facts, default=None)
    if deepest and len(deepest.without) > 1:
        most = max(deepest.without)
        code = "depth_together" if most < 0.5 else "depth_apart"
        figures = {"layers": len(deepest.without), "most": most, "facts": deepest.facts}
        findings.finding.append(statement(code, task=task.value, **figures))


def state_held(sweep: StackSweep) -> Iterator[Statement]:
    """State how many facts a number of layers holds, whether that is a lower bound, and on how many seeds none."""
    layers, of_all = sweep.stack.layers, {"task": sweep.task.value, "parameters": sweep.parameters}
    held = {"facts": round(mean_held(sweep.known)[0]), "seeds": len(sweep.known)}
    if layers == 1:
        yield statement("depth_held", **of_all, **held)
    else:
        yield statement("depth_held_deeper", layers=layers, **of_all, **held)
    if any(at.above is None for at in sweep.thresholds.values()):
        yield statement("depth_at_least")
    if missing := len(sweep.thresholds) - len(sweep.known):
        yield statement("depth_seeds_without", missing=missing, of=len(sweep.thresholds))


def _layers_and_facts(network: StackResult) -> tuple[int, int]:
    return len(network.without), network.facts


def _draw(findings: Findings, task: Task, sweeps: Sequence[StackSweep]) -> None:
    if not findings.charts:
        findings.charts.append(chart("facts", ("layers", "category"), ("facts", "linear")))
        findings.charts.append(chart("without", ("layer", "category"), ("recall", "linear")))
        findings.charts.append(chart("rank", ("layer", "category"), ("rank", "linear")))
    points = [
        point(sweep.stack.layers - 1, *mean_held(sweep.known), label=sweep.stack.name, runs=len(sweep.known))
        for sweep in sweeps
        if sweep.known
    ]
    findings.series.append(measurement("facts", "facts", points, task))
    for sweep in sweeps:
        _draw_layers(findings, sweep)


def _draw_layers(findings: Findings, sweep: StackSweep) -> None:
    """Draw the layers of the network that holds most, and add the row of this number of layers. That network may hold
    more facts than the thresholds say, in which other seeds and sizes that failed count too.
    """
    best = max(sweep.held, key=lambda network: network.facts, default=None)
    facts, interval = mean_held(sweep.known) if sweep.known else (None, None)
    low, high = interval or (None, None)
    without = {f"without_{layer}_recall": share for layer, share in enumerate(best.without if best else (), start=1)}
    held = {"facts": facts and round(facts, 1), "low": low and round(low, 1), "high": high and round(high, 1)}
    sizes = {"parameters": sweep.parameters, "scales": sweep.stack.scales, "runs": len(sweep.thresholds)}
    examined = {"examined_facts": best.facts} if best else {}
    findings.rows.append(row(sweep.stack.name, sweep.task, **sizes, **held, **examined, **without))
    for name, values in (("without", best.without), ("rank", best.ranks)) if best else ():
        points = [point(at, value, label=f"layer_{at + 1}") for at, value in enumerate(values)]
        findings.series.append(measurement(sweep.stack.name, name, points, sweep.task))


def _recommend(findings: Findings, sweeps: Sequence[StackSweep]) -> None:
    """Recommend one layer, unless another number certainly holds more on every task. Overlapping intervals decide
    nothing.
    """
    verdicts = {sweep.task: judge([each for each in sweeps if each.task is sweep.task]) for sweep in sweeps}
    findings.decisive = bool(verdicts) and None not in verdicts.values() and len(set(verdicts.values())) == 1
    if not findings.decisive:
        findings.recommendation.append(statement("depth_keep_until_decided"))
        return
    best = next(iter(verdicts.values()))
    more = statement("depth_take_more", layers=best) if best and best > 1 else statement("depth_keep_one")
    findings.recommendation.append(more)


def judge(sweeps: Sequence[StackSweep]) -> int | None:
    """The number of layers that certainly holds more facts than one layer on the same seeds, or 1 where every other
    certainly holds fewer; None where neither is certain.
    """
    if len(sweeps) < len(DEPTHS) or any(sweep.all_held for sweep in sweeps):
        return None
    seeds = sorted(set.intersection(*(set(sweep.tried) for sweep in sweeps)))
    one, *deeper = ([sweep.thresholds[seed] for seed in seeds] for sweep in sweeps)
    ratios = {sweep.stack.layers: compare_held(each, one) for sweep, each in zip(sweeps[1:], deeper, strict=True)}
    above = {layers: found.times for layers, found in ratios.items() if found and found.low > 1}
    if above:
        return max(above, key=lambda layers: above[layers])
    return 1 if all(found and found.high is not None and found.high < 1 for found in ratios.values()) else None
