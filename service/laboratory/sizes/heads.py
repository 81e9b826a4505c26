"""How attention should be divided: width to look up against width to carry, few wide heads or many narrow ones."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from schemas.experiments import Experiment, Row, Series, Statement
from service.laboratory.bench import Asked, Bench
from service.laboratory.document import Findings, chart, measured, row
from service.laboratory.sentences import Figure, said
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.conclusions import codings, conclude, leave_out, spoken
from service.laboratory.sizes.contests import Contest, Standing
from service.laboratory.sizes.efforts import Effort, effort
from service.laboratory.sizes.figures import held_figures, held_points, recall_points, shape_figures, training_figures
from service.laboratory.sizes.search import Ladder, Search
from service.laboratory.sizes.shapes import ROUGH, Design, equal, nearest
from service.laboratory.sizes.trainings import ONE_RATE, EndToEnd

SPLITS = ((8, 1), (4, 4), (1, 1), (1, 3), (1, 7), (1, 32))
COUNTS = (1, 2, 4, 8, 16)
SHARE = 0.5
_BY_SPLIT = 0.65  # of the time; the rest is for the numbers of heads


def heads(asked: Asked, bench: Bench) -> Experiment:
    """Which d_qk : d_vo holds most facts at 100 % at equal parameters, and with how many heads."""
    plan = effort(asked.request.seconds)
    findings = Findings(
        charts=[
            chart("split", ("d_head_qk_d_head_vo", "category"), ("facts", "linear")),
            chart("count", ("heads", "category"), ("facts", "linear")),
            chart("recall", ("facts", "log"), ("recall", "linear")),
        ]
    )
    splits = [_contest(coding, plan, bench.device, _splits()) for coding in codings(asked)]
    counts = [_contest(coding, plan, bench.device, _counts()) for coding in codings(asked)]
    seeds = plan.seeds(asked.request.seed)
    search = Search(bench, bench.left() * _BY_SPLIT)
    search.climb(_ladders(splits), seeds)
    later = Search(bench, bench.left())
    later.climb(_ladders(counts), seeds)
    search.unfinished |= later.unfinished
    for contest in splits:
        findings.series += _series(contest, "split")
    for contest in counts:
        findings.series += [measured("held", "count", held_points(contest.ladders), contest.coding.table.task)]
    findings.rows += [each for contest in (*splits, *counts) for each in _rows(contest)]
    standing = conclude(findings, splits)
    findings.recommendation += _guideline(splits[0], standing)
    findings.recommendation += advise_number(counts[0])
    findings.finding.append(said("heads_constant_query"))
    leave_out(findings, asked, bench, search, "further seeds, finer ladders and numbers of heads")
    return findings.document(asked, bench)


def _splits() -> list[Design]:
    return [Design(f"{qk}:{vo}", SHARE, d_head_qk=(qk,), d_head_vo=(vo,)) for qk, vo in SPLITS]


def _counts() -> list[Design]:
    return [Design(f"{count}_head", SHARE, heads=(count,), d_head_vo=range(1, 33)) for count in COUNTS]


def _contest(coding: Coding, plan: Effort, device: str, designs: Sequence[Design]) -> Contest[EndToEnd]:
    """Designs of which one head alone is too large are not in it."""
    parameters = coding.parameters(plan.parameters)
    shapes = {design.name: nearest(design, parameters, coding.bits, coding.d_model, ROUGH) for design in designs}
    contenders = [
        EndToEnd(name, shape, plan.schedule, device, ONE_RATE)
        for name, shape in shapes.items()
        if equal(shape, parameters)
    ]
    return Contest(coding, parameters, [Ladder.of(each, coding, plan.bits * parameters) for each in contenders])


def _ladders(contests: Sequence[Contest[EndToEnd]]) -> list[Ladder[EndToEnd]]:
    return [ladder for contest in contests for ladder in contest.ladders]


def _series(contest: Contest[EndToEnd], drawn_in: str) -> Iterator[Series]:
    task = contest.coding.table.task
    yield measured("held", drawn_in, held_points(contest.ladders), task)
    for ladder in contest.ladders:
        if ladder.found:
            yield measured(ladder.contender.name, "recall", recall_points(ladder), task)


def _rows(contest: Contest[EndToEnd]) -> Iterator[Row]:
    for ladder in contest.ladders:
        figures = shape_figures(ladder.contender) | held_figures(ladder) | training_figures(ladder)
        yield row(ladder.contender.name, contest.coding.table.task, **figures)


def _guideline(contest: Contest[EndToEnd], standing: Standing | None) -> Iterator[Statement]:
    if standing is None:
        yield said("contest_recommends_nothing")
        return
    table = contest.coding.table
    answers, relations = len(np.unique(table.answers)), len(np.unique(table.relations))
    figures: dict[str, Figure] = {
        "best": standing.best,
        "answers": answers,
        "relations": relations,
        "bits": contest.coding.bits,
    }
    if standing.decided:
        yield said("heads_split", **figures)
    else:
        near = [name for name in standing.as_good if name not in standing.equal]
        figures |= {"best": ", ".join([standing.best, *standing.equal])}
        code = "heads_split_open" if near else "heads_split_equal"
        yield said(code, **figures, **({"others": ", ".join(near)} if near else {}))
    if standing.beaten and not standing.decided:
        yield said("heads_avoid", beaten=", ".join(standing.beaten))


def advise_number(contest: Contest[Any]) -> Iterator[Statement]:
    """Nothing where the table is too small for numbers of heads to be told apart; of several that hold equally many
    none is called the best.
    """
    standing = None if contest.all_held else contest.standing()
    if standing is None:
        return
    best, beaten = (", ".join(map(spoken, names)) for names in ([standing.best, *standing.equal], standing.beaten))
    near = ", ".join(spoken(name) for name in standing.as_good if name not in standing.equal)
    if not beaten:
        yield said("heads_any_number", best=best)
    elif near:
        yield said("heads_number_open", best=best, others=near, beaten=beaten)
    else:
        yield said("heads_number", best=best, beaten=beaten)
