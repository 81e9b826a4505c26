"""How fast a network answers, in this process and without the network around it: one query, and a batch."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

from service.laboratory.bench import Result, Trial
from service.laboratory.sizes.coding import Coding
from service.laboratory.sizes.trainings import ClosedForm, EndToEnd
from service.laboratory.targets import coded, pair_tokens, problem
from service.memory import ExactTable, Facts, measuring
from service.memory.gradient import Run, Schedule, predict, train

BATCH = 1000
REPEATS = 15


def end_to_end(contender: EndToEnd, coding: Coding) -> Trial:
    """The weights do not matter to the time: those of a single step are used."""
    return _trial("end_to_end", contender.name, contender.parameters, coding, partial(_end_to_end, contender, coding))


def closed_form(contender: ClosedForm, coding: Coding) -> Trial:
    return _trial("closed_form", contender.name, contender.parameters, coding, partial(_closed_form, contender, coding))


def exact_table(facts: Facts, coding: Coding) -> Trial:
    return _trial("exact_table", "exact_table", 0, coding, partial(_exact_table, facts))


def _trial(kind: str, name: str, parameters: int, coding: Coding, run: Callable[[], Result]) -> Trial:
    key = {"kind": f"speed of {kind}", "name": name, "parameters": parameters, "table": coding.table.digest}
    return Trial(key, run)


def _end_to_end(contender: EndToEnd, coding: Coding) -> Result:
    asked = problem(coding.table.part(BATCH, 0), coding.bits, contender.shape.d_model, 0)
    weights = train(contender.shape, [Run(asked, 0, 0.01)], Schedule(steps=1), device="cpu")[0].weights
    first = problem(coding.table.part(1, 0), coding.bits, contender.shape.d_model, 0)
    one, batch = (partial(predict, contender.shape, each, weights, weight_bits=8) for each in (first, asked))
    return _timed(one, batch, len(asked))


def _closed_form(contender: ClosedForm, coding: Coding) -> Result:
    part = coding.table.part(BATCH, 0)
    network = measuring.FrozenNetwork(contender.rows, contender.width)
    subjects, relations = pair_tokens(part, network.d_model, 0)
    features = network.features(subjects, relations)
    weights = measuring.outer_product_weights(features, coded(part, contender.bits, 0)).astype(np.float32)

    def ask(count: int) -> object:
        return network.features(subjects[:count], relations[:count]) @ weights

    return _timed(partial(ask, 1), partial(ask, len(part)), len(part))


def _exact_table(facts: Facts) -> Result:
    table = ExactTable(facts)
    subjects, relations = list(facts.subjects[:BATCH]), list(facts.relations[:BATCH])
    one, batch = ((subjects[:count], relations[:count]) for count in (1, BATCH))
    return _timed(partial(table.recall, *one), partial(table.recall, *batch), len(subjects))


def _timed(one: Callable[[], object], batch: Callable[[], object], count: int) -> Result:
    """Medians, in milliseconds; batch_queries: how many the batch has."""
    return {"one_ms": _milliseconds(one), "batch_ms": _milliseconds(batch), "batch_queries": count}


def _milliseconds(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken) * 1000
