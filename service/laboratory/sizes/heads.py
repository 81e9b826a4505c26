"""How attention should be divided: width for the look-up or for the answer, few wide heads or many narrow ones."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from schemas.experiments import Experiment, Row, Series, Statement
from service.laboratory.bench import Bench, Inputs
from service.laboratory.document import Findings, chart, measurement, row
from service.laboratory.search import Search
from service.laboratory.sizes.budgets import TrainingBudget, choose_budget
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.comparisons import CandidateSweep, Comparison, Ranking
from service.laboratory.sizes.conclusions import conclude, leave_out, make_codings, to_words
from service.laboratory.sizes.figures import held_figures, held_points, recall_points, shape_figures, training_figures
from service.laboratory.sizes.shapes import ROUGH, Design, find_nearest, is_of_size
from service.laboratory.sizes.trainings import ONE_RATE, EndToEnd
from service.laboratory.statements import Figure, statement

SPLITS = ((8, 1), (4, 4), (1, 1), (1, 3), (1, 7), (1, 32))
COUNTS = (1, 2, 4, 8, 16)
SHARE = 0.5
_BY_SPLIT = 0.65  # of the time; the rest is for the numbers of heads


def heads(inputs: Inputs, bench: Bench) -> Experiment:
    """Find which d_qk : d_vo holds most facts at 100 % at equal parameters, and with how many heads."""
    budget = choose_budget(inputs.request.seconds)
    findings = Findings(
        charts=[
            chart("split", ("d_head_qk_d_head_vo", "category"), ("facts", "linear")),
            chart("count", ("heads", "category"), ("facts", "linear")),
            chart("recall", ("facts", "log"), ("recall", "linear")),
        ]
    )
    splits = [_comparison(coding, budget, bench.device, _splits()) for coding in make_codings(inputs)]
    counts = [_comparison(coding, budget, bench.device, _counts()) for coding in make_codings(inputs)]
    seeds = budget.seeds(inputs.request.seed)
    search = Search(bench, bench.left() * _BY_SPLIT)
    search.run(_sweeps(splits), seeds)
    later = Search(bench, bench.left())
    later.run(_sweeps(counts), seeds)
    search.unfinished |= later.unfinished
    for comparison in splits:
        findings.series += _series(comparison, "split")
    for comparison in counts:
        findings.series += [measurement("held", "count", held_points(comparison.sweeps), comparison.coding.table.task)]
    findings.rows += [each for comparison in (*splits, *counts) for each in _rows(comparison)]
    ranking = conclude(findings, splits)
    findings.recommendation += _advise_split(splits[0], ranking)
    findings.recommendation += advise_number(counts[0])
    findings.finding.append(statement("heads_constant_query"))
    leave_out(findings, inputs, bench, search, "further seeds, finer ladders and numbers of heads")
    return findings.to_document(inputs, bench)


def _splits() -> list[Design]:
    return [Design(f"{qk}:{vo}", SHARE, d_head_qk=(qk,), d_head_vo=(vo,)) for qk, vo in SPLITS]


def _counts() -> list[Design]:
    return [Design(f"{count}_head", SHARE, heads=(count,), d_head_vo=range(1, 33)) for count in COUNTS]


def _comparison(coding: Coding, budget: TrainingBudget, device: str, designs: Sequence[Design]) -> Comparison[EndToEnd]:
    """Compare designs of equal size, leaving out those of which a single head is too large."""
    parameters = coding.parameters(budget.parameters)
    shapes = {design.name: find_nearest(design, parameters, coding.bits, coding.d_model, ROUGH) for design in designs}
    candidates = [
        EndToEnd(name, shape, budget.schedule, device, ONE_RATE)
        for name, shape in shapes.items()
        if is_of_size(shape, parameters)
    ]
    sweeps = [CandidateSweep.of(each, coding, budget.bits * parameters) for each in candidates]
    return Comparison(coding, parameters, sweeps)


def _sweeps(comparisons: Sequence[Comparison[EndToEnd]]) -> list[CandidateSweep[EndToEnd]]:
    return [sweep for comparison in comparisons for sweep in comparison.sweeps]


def _series(comparison: Comparison[EndToEnd], drawn_in: str) -> Iterator[Series]:
    task = comparison.coding.table.task
    yield measurement("held", drawn_in, held_points(comparison.sweeps), task)
    for sweep in comparison.sweeps:
        if sweep.networks:
            yield measurement(sweep.candidate.name, "recall", recall_points(sweep), task)


def _rows(comparison: Comparison[EndToEnd]) -> Iterator[Row]:
    for sweep in comparison.sweeps:
        figures = shape_figures(sweep.candidate) | held_figures(sweep) | training_figures(sweep)
        yield row(sweep.candidate.name, comparison.coding.table.task, **figures)


def _advise_split(comparison: Comparison[EndToEnd], ranking: Ranking | None) -> Iterator[Statement]:
    if ranking is None:
        yield statement("contest_recommends_nothing")
        return
    table = comparison.coding.table
    answers, relations = len(np.unique(table.answers)), len(np.unique(table.relations))
    figures: dict[str, Figure] = {
        "best": ranking.best,
        "answers": answers,
        "relations": relations,
        "bits": comparison.coding.bits,
    }
    if ranking.decided:
        yield statement("heads_split", **figures)
    else:
        near = [name for name in ranking.as_good if name not in ranking.equal]
        figures |= {"best": ", ".join([ranking.best, *ranking.equal])}
        code = "heads_split_open" if near else "heads_split_equal"
        yield statement(code, **figures, **({"others": ", ".join(near)} if near else {}))
    if ranking.beaten and not ranking.decided:
        yield statement("heads_avoid", beaten=", ".join(ranking.beaten))


def advise_number(comparison: Comparison[Any]) -> Iterator[Statement]:
    """Recommend a number of heads, unless the table is too small to tell them apart. Of several that hold equally many
    none is called the best.
    """
    ranking = None if comparison.all_held else comparison.rank()
    if ranking is None:
        return
    best, beaten = (", ".join(map(to_words, names)) for names in ([ranking.best, *ranking.equal], ranking.beaten))
    near = ", ".join(to_words(name) for name in ranking.as_good if name not in ranking.equal)
    if not beaten:
        yield statement("heads_any_number", best=best)
    elif near:
        yield statement("heads_number_open", best=best, others=near, beaten=beaten)
    else:
        yield statement("heads_number", best=best, beaten=beaten)
