"""What is learned first: loss and recall during training, and the stage of confident wrong answers.

After section 6 of Nichani, Lee and Bietti (arXiv 2412.06538): the relation is learned before the subject. A network
that knows nothing has a loss of log(relations x D), one that knows only the relation log D; in between, it answers most
questions with a wrong answer of the right kind.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial

from schemas.experiments import Experiment, Point, Task
from service.laboratory.bench import Bench, Inputs, Result, Trial
from service.laboratory.document import Findings, chart, measurement, point, row, theory
from service.laboratory.learning.stages import average_curves, find_stage, loss_plateaus
from service.laboratory.statements import statement
from service.laboratory.tables import Table, take_largest_relations
from service.laboratory.thresholds import FEWEST_SEEDS
from service.memory.gradient import Moment, Problem, Run, Schedule, Shape, train
from service.statistics import half_width, mean

PAPER = "arXiv 2412.06538"
SEEDS = 3
NOISE, NOISE_NAMES = 13, 64
RATE = 5e-3
_SCHEDULE = Schedule(steps=360, optimiser="adamw", check_every=6, weight_bits=None, stop_early=False)
_SIZES = ((150.0, 256, 8), (20.0, 128, 8), (0.0, 64, 4))
"""From how many seconds on: how many facts of how many relations."""


def learning(inputs: Inputs, bench: Bench) -> Experiment:
    """Train networks of one shape on each task, seed after seed while there is time."""
    findings = Findings()
    tables = {task: _part(table, inputs) for task, table in inputs.tables.items() if len(table)}
    findings.decisive = bool(tables)
    curves = _curves(tables, inputs, bench, findings)
    for task, table in tables.items():
        _draw(findings, task, table, curves[task])
        _judge(findings, task, table, curves[task])
        if len(table) < len(inputs.tables[task]):
            counts = {"facts": len(table), "of": len(inputs.tables[task]), "relations": table.n_relations}
            findings.left_out.append(statement("largest_relations", task=task.value, **counts))
    if not tables:
        findings.finding.append(statement("learning_no_facts"))
    seen = any(each.code.startswith("learning_stage") for each in findings.finding)
    findings.recommendation.append(statement("learning_recommendation" if seen else "learning_publish_checked"))
    return findings.to_document(inputs, bench)


def trial(table: Table, seed: int, device: str) -> Trial:
    """The trial of one network's training, its facts hidden in noise."""
    shape = Shape(32, 8, 2, 4, 32, table.n_answers, readout="answers")
    key = {"kind": "learning", "shape": asdict(shape), "schedule": asdict(_SCHEDULE), "rate": RATE}
    return Trial(
        {**key, "table": table.digest, "seed": seed, "device": device}, partial(_work, table, shape, seed, device)
    )


def _work(table: Table, shape: Shape, seed: int, device: str) -> Result:
    names = table.n_subjects, table.n_relations
    columns = table.subjects, table.relations, table.answers
    noise, names_of_noise = table.noise, table.noise_names
    problem = Problem(*columns, *names, seed, noise, names_of_noise, frequency=table.frequency)
    outcome = train(shape, [Run(problem, seed, RATE)], _SCHEDULE, device=device)[0]
    return {"curve": [list(moment) for moment in outcome.curve], "right": outcome.right, "diverged": outcome.diverged}


def _part(table: Table, inputs: Inputs) -> Table:
    """As many facts as there is time for, of few relations, in sequences of sixteen tokens."""
    facts, relations = next((n, r) for seconds, n, r in _SIZES if inputs.request.seconds >= seconds)
    part = take_largest_relations(table, relations, facts, inputs.request.seed)
    return replace(part, noise=NOISE, noise_names=NOISE_NAMES)


def _curves(
    tables: dict[Task, Table], inputs: Inputs, bench: Bench, findings: Findings
) -> dict[Task, list[list[Moment]]]:
    """The curves of every task, one for each seed that there was time for."""
    curves: dict[Task, list[list[Moment]]] = {task: [] for task in tables}
    for number in range(SEEDS):
        start = bench.elapsed()
        trials = [trial(table, inputs.request.seed + number, bench.device) for table in tables.values()]
        for task, result in zip(tables, bench.run_all(trials), strict=True):
            curves[task].append([Moment(*moment) for moment in result["curve"]])
        if number + 1 < SEEDS and bench.left() < bench.elapsed() - start:
            missing = SEEDS - number - 1
            findings.left_out.append(
                statement("seeds_left_out", missing=missing, of=SEEDS, seconds=inputs.request.seconds)
            )
            break
    return curves


def _draw(findings: Findings, task: Task, table: Table, curves: Sequence[Sequence[Moment]]) -> None:
    """Draw the loss beside what theory expects, and the answers, with the stage of confident errors marked."""
    losses, answers = f"loss_{task}", f"answers_{task}"
    steps = [moment.step for moment in curves[0]]
    findings.charts += [chart(losses, ("step", "linear"), ("loss", "linear"))]
    findings.charts += [chart(answers, ("step", "linear"), ("share", "linear"))]
    findings.series.append(measurement("loss", losses, _points(curves, lambda moment: moment.loss, math.inf), task))
    for name, level in zip(("nothing_known", "relation_known"), loss_plateaus(table), strict=True):
        findings.series.append(theory(name, losses, [point(0, level), point(steps[-1], level)], PAPER, task))
    right = _points(curves, lambda moment: moment.right / len(table))
    confident = _points(curves, lambda moment: moment.relation_only / len(table))
    findings.series += [measurement("right", answers, right, task)]
    findings.series += [measurement("right_relation_wrong_answer", answers, confident, task)]
    if found := find_stage(average_curves(curves), table):
        inside = confident[found.first : found.last + 1]
        findings.series += [measurement("stage_of_confident_errors", answers, inside, task)]


def _points(curves: Sequence[Sequence[Moment]], value: Callable[[Moment], float], most: float = 1.0) -> list[Point]:
    """The mean over seeds at every step, between 0 and `most`, with its interval where all seeds are there."""
    points = []
    for moments in zip(*curves, strict=True):
        values = [value(moment) for moment in moments]
        centre, half = mean(values), half_width(values)
        interval = (max(0.0, centre - half), min(most, centre + half)) if len(values) == SEEDS else None
        points.append(point(moments[0].step, centre, interval, runs=len(values)))
    return points


def _judge(findings: Findings, task: Task, table: Table, curves: Sequence[Sequence[Moment]]) -> None:
    """Add the row and the sentence of a task. Decisive where every seed shows the stage, or none does."""
    curve = average_curves(curves)
    found, of_seeds = find_stage(curve, table), [find_stage(each, table) is not None for each in curves]
    nothing, relation = loss_plateaus(table)
    figures = {"facts": len(table), "relations": table.n_relations, "answers": table.n_answers, "runs": len(curves)}
    expected = {
        "loss_nothing_known": nothing,
        "loss_relation_known": relation,
        "last_recall": curve[-1].right / len(table),
    }
    within: dict[str, int | float | None] = dict.fromkeys(("first_step", "last_step", "confident_error_share"))
    if table.n_relations < 2:
        findings.finding.append(statement("learning_one_relation"))
    elif found is None:
        seeds = {"seeds": len(curves), "showing": sum(of_seeds)}
        findings.finding.append(statement(f"learning_no_stage_{task}", facts=len(table), steps=curve[-1].step, **seeds))
    else:
        first, last, worst = (curve[at] for at in (found.first, found.last, found.worst))
        share = worst.relation_only / len(table)
        within = {"first_step": first.step, "last_step": last.step, "confident_error_share": share}
        steps = {"first": first.step, "last": last.step, "steps": curve[-1].step, "worst": worst.step}
        steps |= {"seeds": len(curves), "showing": sum(of_seeds)}
        findings.finding.append(
            statement(f"learning_stage_{task}", share=share, right=worst.right / len(table), **steps)
        )
    findings.rows.append(row("1_layer", task, **figures, **within, **expected))
    findings.decisive &= len(curves) >= FEWEST_SEEDS and len({*of_seeds}) == 1 and table.n_relations > 1
