"""How large a table is as a 3-tensor, and whether its rank says how large an attention layer has to be to hold it.

After Wong (arXiv 2502.05076): the table's tensor D has a one for every fact, its rank is the size of the table; the
tensor L of an attention layer has a rank that its shape bounds. Here both are computed, and the smallest networks that
hold small tables are found while noise, empty cells, second answers and subjects alike change the rank of D.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from schemas.experiments import Experiment
from service.laboratory.bench import Asked, Bench
from service.laboratory.document import Findings
from service.laboratory.rank import charts, statements
from service.laboratory.rank.networks import Trained, learned_by
from service.laboratory.rank.perturbed import alterations, dense_part
from service.laboratory.rank.search import Kind, Search, run
from service.laboratory.rank.table_ranks import whole
from service.laboratory.sentences import said
from service.laboratory.tables import Table

SUBJECTS, RELATIONS = 16, 8
SHARES = (0.25, 0.5, 0.75)
FEWEST_PAIRS = 24
"""A part with fewer is held by a network of any size."""
KINDS: tuple[tuple[Kind, ...], ...] = (("softmax", "pads"), ("threshold", "argmax"))
"""Two at a time, so that both cores have work."""


class Effort(NamedTuple):
    """From so many seconds on: so many networks a table, on tables altered in these shares, kinds after kinds."""

    seconds: float
    seeds: int
    shares: tuple[float, ...] = SHARES
    kinds: tuple[tuple[Kind, ...], ...] = KINDS


EFFORTS = (Effort(400, 4), Effort(100, 2), Effort(40, 1), Effort(15, 1, (0.5,), (("softmax",),)), Effort(0, 0, (), ()))
"""The last one trains nothing; the one before it is the least that a correlation can be computed from."""


def rank(asked: Asked, bench: Bench) -> Experiment:
    """Ranks of the whole tables first, then networks, some kinds after the others while there is time."""
    findings = Findings()
    bench.progress("ranks")
    tables = [whole(task, asked) for task, table in asked.tables.items() if len(table)]
    trained = _trained(asked, bench, findings)
    statements.whole_tables(findings, tables)
    statements.networks(findings, trained)
    charts.whole_tables(findings, tables)
    charts.networks(findings, trained)
    return findings.document(asked, bench)


def _trained(asked: Asked, bench: Bench, findings: Findings) -> list[Trained]:
    """Kinds on all tasks at once; the next ones only if there is as much time left as the last ones took."""
    effort = next(effort for effort in EFFORTS if asked.request.seconds >= effort.seconds)
    trained = [_altered(table, effort.shares, asked.request.seed) for table in asked.tables.values() if len(table)]
    trained = [each for each in trained if each.tables[0].pairs >= FEWEST_PAIRS]
    if len(trained) < len(asked.tables):
        findings.left_out.append(said("rank_few_pairs", pairs=FEWEST_PAIRS))
    if not trained:
        return []
    took = 0.0
    for kinds in effort.kinds:
        if bench.left() > took:
            start = bench.elapsed()
            _train(kinds, trained, effort.seeds, bench)
            took = bench.elapsed() - start
    if missing := ", ".join(kind for kind in chain(*KINDS) if kind not in trained[0].searches):
        findings.left_out.append(said("rank_not_ended", kinds=missing, seconds=asked.request.seconds))
    return trained


def _train(kinds: Sequence[Kind], trained: Sequence[Trained], seeds: int, bench: Bench) -> None:
    """Searches that run out of time are dropped; what they tried is remembered."""
    tables = [table for each in trained for table in each.tables]
    searches = [Search(kind, [table for table in tables if learned_by(kind, table)], seeds) for kind in kinds]
    ended = run(searches, bench)
    for each in trained:
        each.searches |= {search.kind: search for search in ended}


def _altered(table: Table, shares: tuple[float, ...], seed: int) -> Trained:
    base = dense_part(table, SUBJECTS, RELATIONS, seed)
    return Trained(table.task, alterations(base, shares, seed))
