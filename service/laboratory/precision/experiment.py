"""How few bits a weight may have: recall at eight to two bits, and what a stored byte holds with every fact right."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.experiments import Experiment, Point, Statement, Task
from service.laboratory.bench import Asked, Bench
from service.laboratory.document import Findings, chart, measured, point, row, served_bound
from service.laboratory.intervals import FEWEST_SEEDS, half_width, mean
from service.laboratory.precision.trials import BITS, NETWORK_BITS, ROW_STEP, Blocks, rounded_network, ways_of
from service.laboratory.sentences import said
from service.memory.measuring import Storing, stored_bytes

SEEDS = 5
FEWEST = 16
"""Facts that a block needs for anything to be said."""
_NETWORK = "gradient"


class Best(NamedTuple):
    """What a number of bits holds by the way of storing that holds most: code bits a byte of each seed, and what the
    next narrower width, which failed, would hold, less one row.
    """

    bits: int
    storing: Storing
    per_byte: list[float]
    below: list[float]


def precision(asked: Asked, bench: Bench) -> Experiment:
    """Blocks of each task's facts, seed after seed while there is time; then a network trained end to end."""
    findings = Findings()
    blocks = {task: Blocks.of(table, asked.request.false_answers) for task, table in asked.tables.items()}
    for task in [task for task, table in asked.tables.items() if len(table) < FEWEST]:
        findings.finding.append(said("precision_too_small", task=task.value, facts=len(asked.tables[task])))
        del blocks[task]
    found = _found(blocks, asked, bench, findings)
    networks = _networks(blocks, asked, bench, findings)
    findings.decisive = bool(blocks)
    findings.finding += served_bound(asked) if blocks else []
    for task, block in blocks.items():
        _draw(findings, task, block, found[task], networks.get(task))
        _judge(findings, task, block, found[task], networks.get(task))
    for task in sorted(blocks)[:1]:  # the dictionary, where it is there
        findings.recommendation.append(_advice(task, blocks[task], _ways(blocks[task], found[task])))
    if not blocks:
        findings.recommendation.append(said("precision_recommends_nothing"))
    return findings.document(asked, bench)


def _found(
    blocks: dict[Task, Blocks], asked: Asked, bench: Bench, findings: Findings
) -> dict[Task, list[dict[int, Any]]]:
    """Of every task, for each seed: the result of each number of bits."""
    found: dict[Task, list[dict[int, Any]]] = {task: [] for task in blocks}
    for number in range(SEEDS if blocks else 0):
        start = bench.elapsed()
        for task, block in blocks.items():
            trials = [block.trial(bits, asked.request.seed + number) for bits in BITS]
            found[task].append(dict(zip(BITS, bench.all(trials), strict=True)))
        if number + 1 < SEEDS and bench.left() < 1.5 * (bench.elapsed() - start):
            missing = SEEDS - number - 1
            findings.left_out.append(said("seeds_left_out", missing=missing, of=SEEDS, seconds=asked.request.seconds))
            break
    return found


def _networks(blocks: dict[Task, Blocks], asked: Asked, bench: Bench, findings: Findings) -> dict[Task, dict[str, Any]]:
    """Of every task, what a network trained end to end still recalls at each number of bits."""
    networks: dict[Task, dict[str, Any]] = {}
    for task, block in blocks.items():
        if bench.left() < asked.request.seconds / 4:
            what = "network trained end to end"
            findings.left_out.append(said("not_enough_time", what=what, seconds=asked.request.seconds))
            break
        networks[task] = bench.run(rounded_network(block, asked.request.seed, bench.device))
    return networks


def _draw(
    findings: Findings, task: Task, block: Blocks, found: Sequence[dict[int, Any]], network: dict[str, Any] | None
) -> None:
    """Recall at one bit of code a weight; and what a byte holds where every fact is right."""
    recall, per_byte = f"recall_{task}", f"per_byte_{task}"
    findings.charts.append(chart(recall, ("bits", "linear"), ("recall", "linear")))
    findings.charts.append(chart(per_byte, ("bits", "linear"), ("code_bits_per_byte", "linear")))
    for storing in Storing:
        tried = [bits for bits in BITS if storing in ways_of(bits)]
        shares = {bits: [seed[bits]["recall"][storing] for seed in found] for bits in tried}
        findings.series.append(measured(storing, recall, _points(shares, 1.0), task))
        held = {bits: _per_byte(block, found, bits, storing) for bits in tried}
        findings.series.append(measured(storing, per_byte, _points(held), task))
    best = {bits: _best(block, found, bits).per_byte for bits in BITS}
    useful = {bits: [each * block.information / block.code_bits for each in values] for bits, values in best.items()}
    findings.series.append(measured("useful_bits", per_byte, _points(useful), task))
    if network:
        points = [point(bits, network["recall"][str(bits)]) for bits in BITS]
        findings.series.append(measured(_NETWORK, recall, points, task))


def _points(values: dict[int, list[float]], most: float | None = None) -> list[Point]:
    """Mean over seeds by number of bits; nothing where a seed held nothing."""
    points = []
    for bits, of_seeds in sorted(values.items()):
        if most is None and not all(of_seeds):
            continue
        centre, half = mean(of_seeds), half_width(of_seeds)
        high = centre + half if most is None else min(most, centre + half)
        interval = (max(0.0, centre - half), high) if len(of_seeds) > 1 else None
        points.append(point(bits, centre, interval, runs=len(of_seeds)))
    return points


def _per_byte(
    block: Blocks, found: Sequence[dict[int, Any]], bits: int, storing: Storing, fewer: int = 0
) -> list[float]:
    """Code bits a stored byte of each seed, with `fewer` rows; 0 where no width that was tried holds."""
    rows = [seed[bits]["rows"][storing] for seed in found]
    code = block.facts * block.code_bits
    return [code / stored_bytes(max(1, each - fewer), block.code_bits, bits, storing) if each else 0.0 for each in rows]


def _best(block: Blocks, found: Sequence[dict[int, Any]], bits: int) -> Best:
    def way(storing: Storing) -> Best:
        held, below = (_per_byte(block, found, bits, storing, fewer) for fewer in (0, ROW_STEP - 1))
        return Best(bits, storing, held, below)

    return max(map(way, ways_of(bits)), key=lambda way: mean(way.per_byte))


def _ways(block: Blocks, found: Sequence[dict[int, Any]]) -> list[Best]:
    """The best of each number of bits, the one that holds most first."""
    return sorted((_best(block, found, bits) for bits in BITS), key=lambda way: -mean(way.per_byte))


def decided(ways: Sequence[Best]) -> bool:
    """Whether the first holds more than eight bits do, or, if it is that, more than every other: seed by seed, by more
    than chance, and by more than widths are apart.
    """
    best, *others = ways
    rivals = [way for way in others if best.bits == 8 or way.bits == 8]
    gains = [[mine - other for mine, other in zip(best.per_byte, rival.below, strict=True)] for rival in rivals]
    return len(best.per_byte) >= FEWEST_SEEDS and all(mean(gain) > half_width(gain) for gain in gains)


def _judge(
    findings: Findings, task: Task, block: Blocks, found: Sequence[dict[int, Any]], network: dict[str, Any] | None
) -> None:
    """A row for each number of bits, and what is best."""
    ways = _ways(block, found)
    for way in sorted(ways):
        findings.rows.append(_row(task, block, found, way, network))
    findings.decisive &= decided(ways)
    best, eight = ways[0], next(way for way in ways if way.bits == 8)
    centre = mean(best.per_byte)
    share = block.information / block.code_bits
    figures = {"bits": best.bits, "best": centre, "useful": centre * share, "eight": mean(eight.per_byte)}
    counts = {"task": task.value, "seeds": len(found)}
    if centre:
        findings.finding.append(said("precision_best", storing=best.storing.value, **counts, **figures))
    else:
        findings.finding.append(said("precision_none_held", task=task.value))
    at_four = {way.value: mean([seed[4]["recall"][way] for seed in found]) for way in Storing}
    findings.finding.append(said("precision_at_four", task=task.value, **at_four))
    if network:
        kept, load = network["recall"], network["facts"] * NETWORK_BITS / network["parameters"]
        shares = {"eight": kept["8"], "four": kept["4"], "two": kept["2"]}
        findings.finding.append(said("precision_network", task=task.value, load=load, **shares))


def _advice(task: Task, block: Blocks, ways: Sequence[Best]) -> Statement:
    best = ways[0]
    if not decided(ways):
        return said("precision_more_time")
    bytes_a_fact = block.code_bits / mean(best.per_byte)
    advice = "precision_use_few" if best.bits < 8 else "precision_use_eight"
    return said(advice, task=task.value, bits=best.bits, bytes=bytes_a_fact, code=block.code_bits)


def _row(task: Task, block: Blocks, found: Sequence[dict[int, Any]], way: Best, network: dict[str, Any] | None) -> Any:
    centre = mean(way.per_byte)
    return row(
        f"int{way.bits}",
        task,
        storing=way.storing.value,
        recall=mean([seed[way.bits]["recall"][way.storing] for seed in found]),
        code_bits_per_byte=centre or None,
        useful_bits_per_byte=centre * block.information / block.code_bits or None,
        bytes_per_fact=block.code_bits / centre if centre else None,
        gradient_recall=network["recall"][str(way.bits)] if network else None,
        runs=len(found),
    )
