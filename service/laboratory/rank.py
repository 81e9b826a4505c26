"""How large a table is as a 3-tensor, and whether its rank says how large an attention layer has to be to hold it.

After Wong (arXiv 2502.05076): the table's tensor D has a one for every fact, its rank is the size of the table; the
tensor L of an attention layer has a rank that its shape bounds. Here both are computed, and the smallest networks that
hold small tables are found while noise, empty cells, second answers and subjects alike change the rank of D.
"""

from schemas.experiments import Experiment
from service.laboratory.asked import Asked
from service.laboratory.bench import Bench
from service.laboratory.document import Findings
from service.laboratory.ranks import drawing, saying
from service.laboratory.ranks.altered import alterations, dense_part
from service.laboratory.ranks.search import Kind, run
from service.laboratory.ranks.trained import Trained
from service.laboratory.ranks.whole import whole
from service.laboratory.sentences import said
from service.laboratory.tables import Table

SUBJECTS, RELATIONS = 16, 8
SHARES = (0.25, 0.5, 0.75)
FEWEST_PAIRS = 24
"""A part with fewer is held by a network of any size."""
KINDS: tuple[Kind, ...] = ("softmax", "pads", "threshold", "argmax")
SEEDS = ((300.0, 4), (60.0, 2), (20.0, 1), (0.0, 0))
"""From how many seconds on, how many networks a table; 0: none is trained."""


def rank(asked: Asked, bench: Bench) -> Experiment:
    """Ranks of the whole tables first, then networks, one kind of attention after the other while there is time."""
    findings = Findings()
    bench.progress("ranks")
    tables = [whole(task, asked) for task, table in asked.tables.items() if len(table)]
    trained = _trained(asked, bench, findings)
    saying.whole_tables(findings, tables)
    saying.networks(findings, trained)
    saying.recommendations(findings)
    drawing.whole_tables(findings, tables)
    drawing.networks(findings, trained)
    return findings.document(asked, bench)


def _trained(asked: Asked, bench: Bench, findings: Findings) -> list[Trained]:
    """Every kind on all tasks at once; the next one only if there is as much time left as the last one took."""
    trained = [_altered(table, asked.request.seed) for table in asked.tables.values() if len(table)]
    trained = [each for each in trained if each.tables[0].pairs >= FEWEST_PAIRS]
    if len(trained) < len(asked.tables):
        findings.left_out.append(said("rank_few_pairs", pairs=FEWEST_PAIRS))
    seeds = next(count for seconds, count in SEEDS if asked.request.seconds >= seconds)
    took = 0.0
    for at, kind in enumerate(KINDS):
        if not seeds or bench.left() < took:
            missing = ", ".join(KINDS[at:])
            findings.left_out.append(said("not_enough_time", what=missing, seconds=asked.request.seconds))
            break
        start = bench.elapsed()
        searches = [each.search(kind, seeds) for each in trained]
        run(searches, bench)
        for each, search in zip(trained, searches, strict=True):
            each.searches[kind] = search
        took = bench.elapsed() - start
    return trained


def _altered(table: Table, seed: int) -> Trained:
    base = dense_part(table, SUBJECTS, RELATIONS, seed)
    return Trained(table.task, alterations(base, SHARES, seed))
