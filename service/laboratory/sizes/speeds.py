"""Trials of how long a query takes in this process, without HTTP: one by itself, and a batch."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

from service.laboratory.bench import Result, Trial
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.trainings import ClosedForm, EndToEnd
from service.laboratory.targets import make_pair_tokens, make_problem, make_targets
from service.memory import ExactTable, Facts, measuring
from service.memory.gradient import Run, Schedule, predict, train

BATCH = 1000
REPEATS = 15


def time_end_to_end(candidate: EndToEnd, coding: Coding) -> Trial:
    """A trial on weights after a single step, since the time does not depend on them."""
    return _trial("end_to_end", candidate.name, candidate.parameters, coding, partial(_end_to_end, candidate, coding))


def time_closed_form(candidate: ClosedForm, coding: Coding) -> Trial:
    return _trial("closed_form", candidate.name, candidate.parameters, coding, partial(_closed_form, candidate, coding))


def time_exact_table(facts: Facts, coding: Coding) -> Trial:
    return _trial("exact_table", "exact_table", 0, coding, partial(_exact_table, facts))


def _trial(kind: str, name: str, parameters: int, coding: Coding, run: Callable[[], Result]) -> Trial:
    key = {"kind": f"speed of {kind}", "name": name, "parameters": parameters, "table": coding.table.digest}
    return Trial(key, run)


def _end_to_end(candidate: EndToEnd, coding: Coding) -> Result:
    problem = make_problem(coding.table.sample(BATCH, 0), coding.bits, candidate.shape.d_model, 0)
    weights = train(candidate.shape, [Run(problem, 0, 0.01)], Schedule(steps=1), device="cpu")[0].weights
    first = make_problem(coding.table.sample(1, 0), coding.bits, candidate.shape.d_model, 0)
    one, batch = (partial(predict, candidate.shape, each, weights, weight_bits=8) for each in (first, problem))
    return _measure(one, batch, len(problem))


def _closed_form(candidate: ClosedForm, coding: Coding) -> Result:
    part = coding.table.sample(BATCH, 0)
    network = measuring.FrozenNetwork(candidate.rows, candidate.width)
    subjects, relations = make_pair_tokens(part, network.d_model, 0)
    features = network.features(subjects, relations)
    weights = measuring.outer_product_weights(features, make_targets(part, candidate.bits, 0)).astype(np.float32)

    def ask(count: int) -> object:
        return network.features(subjects[:count], relations[:count]) @ weights

    return _measure(partial(ask, 1), partial(ask, len(part)), len(part))


def _exact_table(facts: Facts) -> Result:
    table = ExactTable(facts)
    subjects, relations = list(facts.subjects[:BATCH]), list(facts.relations[:BATCH])
    one, batch = ((subjects[:count], relations[:count]) for count in (1, BATCH))
    return _measure(partial(table.recall, *one), partial(table.recall, *batch), len(subjects))


def _measure(one: Callable[[], object], batch: Callable[[], object], count: int) -> Result:
    """Medians in milliseconds. batch_queries: how many queries the batch has."""
    return {"one_ms": _milliseconds(one), "batch_ms": _milliseconds(batch), "batch_queries": count}


def _milliseconds(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken) * 1000
