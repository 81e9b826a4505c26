"""What every experiment keeps, whatever it asks."""

import string

import pytest

from schemas.experiments import Decision, Experiment, ExperimentId, ExperimentRequest, Task
from service.laboratory.bench import Bench, Inputs
from service.laboratory.registry import EXPERIMENTS
from service.laboratory.statements import get_sentences, to_english
from service.laboratory.tables import Table
from service.memory import Facts


def made(kind: ExperimentId, facts: Facts, bench: Bench) -> Experiment:
    request = ExperimentRequest(kind=kind, seconds=1, tasks=[Task.DICTIONARY])
    return EXPERIMENTS[kind](Inputs(request, {Task.DICTIONARY: Table.from_facts(facts)}, facts), bench)


@pytest.mark.parametrize("kind", list(ExperimentId))
def test_one_fact_decides_nothing(kind: ExperimentId, bench: Bench) -> None:
    """Every kind there is can be asked about a dictionary of one fact within a second: it says so in words, decides
    nothing, and leaves a document whose English and figures agree.
    """
    document = made(kind, Facts(["part"], ["colour"], ["red"]), bench)
    assert (document.id, document.verdict, document.facts) == (kind, Decision.NOT_DECISIVE, 1)
    assert document.finding == " ".join(map(to_english, document.statements["finding"]))
    assert document.recommendation == " ".join(map(to_english, document.statements["recommendation"]))
    assert document.left_out == [to_english(each) for each in document.statements["left_out"]]
    assert Experiment.model_validate_json(document.model_dump_json()) == document


def test_sentences_are_whole() -> None:
    """Each begins with a capital or a figure, ends with a full stop, and names its figures."""
    for code, text in get_sentences().items():
        assert text[-1] == ".", code
        assert text[0].isupper() or text[0] == "{", code
        assert all(name != "" for _, name, _, _ in string.Formatter().parse(text)), code
