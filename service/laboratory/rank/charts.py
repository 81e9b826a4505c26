"""The charts, series and rows of the experiment."""

from collections.abc import Sequence

from schemas.experiments import Point, Task
from service.laboratory.document import Findings, chart, measurement, point, row
from service.laboratory.rank.bisection import LayerKind
from service.laboratory.rank.layer import rank_bound
from service.laboratory.rank.networks import PREDICTORS, SizedTable, TaskNetworks
from service.laboratory.rank.perturbed import PERTURBATIONS
from service.laboratory.rank.table_ranks import TableRanks
from service.laboratory.rank.tensor import ANSWERS

MOST_ROWS = 40
"""How many relations, those with most facts, become rows."""


def draw_tables(findings: Findings, tables: Sequence[TableRanks]) -> None:
    """Draw the ranks of every table in one chart, and add its relations as rows."""
    findings.charts.append(chart("ranks", ("rank", "log"), ("bound", "category")))
    for table in tables:
        findings.series.append(measurement("whole_table", "ranks", _ranks(table), table.task))
        counts = dict(zip(("subjects", "relations", "answers"), table.tensor.shape, strict=True))
        limits = {"lower_bound": table.bounds.least, "upper_bound": table.bounds.most}
        findings.rows.append(row("whole_table", table.task, facts=table.facts, **counts, **limits))
    for table in tables:
        if table.task is not Task.SYNTHETIC:
            _tabulate_relations(findings, table)


def draw_networks(findings: Findings, trained: Sequence[TaskNetworks]) -> None:
    """Draw what was trained: the perturbed tables, predicted against measured sizes, and the ranks of the layer's
    tensor.
    """
    if not trained:
        return
    findings.charts += [
        chart("alterations", ("share", "linear"), ("rank", "linear")),
        chart("predicted", ("rank", "log"), ("parameters", "log")),
        chart("spearman", ("correlation", "linear"), ("predictor", "category")),
        chart("pearson", ("correlation", "linear"), ("predictor", "category")),
        chart("layer", ("rank", "linear"), ("tensor", "category")),
    ]
    for each in trained:
        _draw_perturbed(findings, each)
        for kind in each.bisections:
            sized = each.sizes(kind)
            points = [point(one.figures.rank, one.parameters, runs=one.bisection.seeds) for one in sized]
            findings.series.append(measurement(kind, "predicted", points, each.task))
            _draw_correlations(findings, each, kind)
            _draw_layer(findings, each.task, sized[0])


def _ranks(table: TableRanks) -> list[Point]:
    """The bounds and counts of a table, from the smallest to the largest."""
    found = table.bounds
    s, r, a = (rank.least for rank in found.unfoldings)
    named = {
        "by_relations": r,
        "by_subjects": s,
        "by_answers": a,
        "lower_bound": found.least,
        "upper_bound": found.most,
        "answers_by_relation": sum(relation.answers for relation in table.relations),
        "facts": table.facts,
    }
    return [point(value, at, label=name) for at, (name, value) in enumerate(named.items())]


def _tabulate_relations(findings: Findings, table: TableRanks) -> None:
    for each in sorted(table.relations, key=lambda relation: -relation.facts)[:MOST_ROWS]:
        limits = {"lower_bound": each.rank.least, "upper_bound": each.rank.most}
        counts = {"facts": each.facts, "subjects": each.subjects, "answers": each.answers}
        findings.rows.append(row(each.name, table.task, **counts, **limits))


def _draw_perturbed(findings: Findings, trained: TaskNetworks) -> None:
    """Draw a line for every perturbation, starting at the unperturbed table, and add a row for every table."""
    figures = dict(zip(((table.kind, table.share) for table in trained.tables), trained.figures, strict=True))
    for kind in PERTURBATIONS:
        shares = [(share, each.rank) for (of, share), each in figures.items() if of in {kind, "as_it_is"}]
        points = [point(share, rank) for share, rank in shares]
        findings.series.append(measurement(kind, "alterations", points, trained.task))
    sizes = {kind: {id(one.perturbed): one for one in trained.sizes(kind)} for kind in trained.bisections}
    for table, each in zip(trained.tables, trained.figures, strict=True):
        limits = {"lower_bound": each.lower_bound, "upper_bound": each.upper_bound}
        found = {f"parameters_{kind}": _size(of.get(id(table))) for kind, of in sizes.items()}
        counts = {"share": table.share, "facts": each.facts, "answer_bits": each.answer_bits}
        findings.rows.append(row(table.kind, trained.task, **counts, **limits, **found))


def _size(sized: SizedTable | None) -> float | None:
    """None where a table was not tried, or no network that was tried holds it."""
    return None if sized is None or sized.beyond else sized.parameters


def _draw_correlations(findings: Findings, trained: TaskNetworks, kind: LayerKind) -> None:
    found = [(at, name, trained.correlate(kind, name)) for at, name in enumerate(PREDICTORS)]
    tables = len(trained.sizes(kind))
    for side in ("spearman", "pearson"):
        points = [
            point(getattr(each, side), at, getattr(each, f"{side}_interval"), label=name, runs=tables)
            for at, name, each in found
            if each is not None
        ]
        findings.series.append(measurement(kind, side, points, trained.task))


def _draw_layer(findings: Findings, task: Task, sized: SizedTable) -> None:
    """Draw ranks by answers: what the shape allows, the outputs, what read-outs make of them, and the table itself."""
    bisection, step = sized.bisection, sized.bisection.smallest(sized.place)[0]
    if (sized.place, step) not in bisection.layers:
        return
    named = {"bound_of_the_shape": rank_bound(bisection.shape(step))}
    named |= {f"layer_{stage}": ranks[ANSWERS] for stage, ranks in bisection.layers[sized.place, step].items()}
    named |= {"table": sized.figures.by_answers}
    points = [point(value, at, label=name) for at, (name, value) in enumerate(named.items())]
    findings.series.append(measurement(bisection.kind, "layer", points, task))
