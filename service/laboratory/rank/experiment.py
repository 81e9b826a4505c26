"""How large a table is as a 3-tensor, and whether its rank says how large an attention layer has to be to hold it.

After Wong (arXiv 2502.05076): the table's tensor D has a one for every fact, its rank is the size of the table; the
tensor L of an attention layer has a rank that its shape bounds. Here both are computed, and the smallest networks that
hold small tables are found while noise, empty cells, second answers and subjects alike change the rank of D.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from schemas.experiments import Experiment
from service.laboratory.bench import Bench, Inputs
from service.laboratory.document import Findings
from service.laboratory.rank import charts, statements
from service.laboratory.rank.bisection import Bisection, LayerKind, run_bisections
from service.laboratory.rank.networks import TaskNetworks, learns
from service.laboratory.rank.perturbed import dense_part, perturb
from service.laboratory.rank.table_ranks import compute_table_ranks
from service.laboratory.statements import statement
from service.laboratory.tables import Table

SUBJECTS, RELATIONS = 16, 8
SHARES = (0.25, 0.5, 0.75)
FEWEST_PAIRS = 24
"""A network of any size holds a part with fewer pairs."""
KINDS: tuple[tuple[LayerKind, ...], ...] = (("softmax", "pads"), ("threshold", "argmax"))
"""Two kinds at a time, so that both cores have work."""


class RankBudget(NamedTuple):
    """From so many seconds on: how many networks a table, in which shares tables are perturbed, and which kinds follow
    one another.
    """

    seconds: float
    seeds: int
    shares: tuple[float, ...] = SHARES
    kinds: tuple[tuple[LayerKind, ...], ...] = KINDS


BUDGETS = (
    RankBudget(400, 4),
    RankBudget(100, 2),
    RankBudget(40, 1),
    RankBudget(15, 1, (0.5,), (("softmax",),)),
    RankBudget(0, 0, (), ()),
)
"""The last one trains nothing; the one before it is the least from which a correlation can be computed."""


def rank(inputs: Inputs, bench: Bench) -> Experiment:
    """Compute the ranks of the whole tables, then train networks, kinds after kinds while there is time."""
    findings = Findings()
    bench.progress("ranks")
    tables = [compute_table_ranks(task, inputs) for task, table in inputs.tables.items() if len(table)]
    trained = _train_all(inputs, bench, findings)
    statements.state_ranks(findings, tables)
    statements.state_predictions(findings, trained)
    charts.draw_tables(findings, tables)
    charts.draw_networks(findings, trained)
    return findings.to_document(inputs, bench)


def _train_all(inputs: Inputs, bench: Bench, findings: Findings) -> list[TaskNetworks]:
    """Train kinds on all tasks at once. The next kinds follow only if as much time is left as the last ones took."""
    budget = next(budget for budget in BUDGETS if inputs.request.seconds >= budget.seconds)
    trained = [
        _perturb_part(table, budget.shares, inputs.request.seed) for table in inputs.tables.values() if len(table)
    ]
    trained = [each for each in trained if each.tables[0].pairs >= FEWEST_PAIRS]
    if len(trained) < len(inputs.tables):
        findings.left_out.append(statement("rank_few_pairs", pairs=FEWEST_PAIRS))
    if not trained:
        return []
    took = 0.0
    for kinds in budget.kinds:
        if bench.left() > took:
            start = bench.elapsed()
            _train(kinds, trained, budget.seeds, bench)
            took = bench.elapsed() - start
    if missing := ", ".join(kind for kind in chain(*KINDS) if kind not in trained[0].bisections):
        findings.left_out.append(statement("rank_not_ended", kinds=missing, seconds=inputs.request.seconds))
    return trained


def _train(kinds: Sequence[LayerKind], trained: Sequence[TaskNetworks], seeds: int, bench: Bench) -> None:
    """Bisections that run out of time are dropped, but their trials are remembered."""
    tables = [table for each in trained for table in each.tables]
    bisections = [Bisection(kind, [table for table in tables if learns(kind, table)], seeds) for kind in kinds]
    ended = run_bisections(bisections, bench)
    for each in trained:
        each.bisections |= {bisection.kind: bisection for bisection in ended}


def _perturb_part(table: Table, shares: tuple[float, ...], seed: int) -> TaskNetworks:
    base = dense_part(table, SUBJECTS, RELATIONS, seed)
    return TaskNetworks(table.task, perturb(base, shares, seed))
