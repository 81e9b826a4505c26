"""What experiments say, and the document that they end in."""

import math
import string
import tomllib
from pathlib import Path

import pytest

from schemas.experiments import Decision, Experiment, ExperimentRequest
from service.laboratory.bench import Bench, Inputs
from service.laboratory.document import Findings, chart, measurement, point, row
from service.laboratory.statements import get_sentences, statement, to_english
from service.memory import Facts

JAPANESE = Path(__file__).parents[3] / "pilot" / "report" / "prose.ja.toml"


def test_a_sentence_that_cannot_be_said_is_refused_at_once() -> None:
    """An unknown code, a missing figure, a figure that is not finite or no number where one stands."""
    assert to_english(statement("part_of_the_facts", facts=1_000, of=20_000)) == (
        "Made on 1,000 of 20,000 facts, drawn at random."
    )
    for wrong, code, figures in (
        (KeyError, "no_such_sentence", {}),
        (KeyError, "part_of_the_facts", {"facts": 1}),
        (ValueError, "part_of_the_facts", {"facts": math.inf, "of": 1}),
        (ValueError, "part_of_the_facts", {"facts": "many", "of": 1}),
    ):
        with pytest.raises(wrong):
            statement(code, **figures)


def test_both_languages_say_the_same_codes_and_figures() -> None:
    """Every sentence stands in the report's Japanese prose, with the same figures in it."""
    japanese = tomllib.loads(JAPANESE.read_text("utf-8"))["experiment"]["sentence"]
    assert {code: _figures(text) for code, text in japanese.items()} == {
        code: _figures(text) for code, text in get_sentences().items()
    }


def _figures(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_document_holds_what_was_found(inputs: Inputs, bench: Bench) -> None:
    """English from the statements, the bench's counts, and JSON that reads back as the same document."""
    findings = Findings([statement("one_fact")], [statement("one_fact"), statement("rank_no_facts")])
    findings.charts.append(chart("sizes", ("parameters", "log"), ("facts", "log")))
    findings.series.append(measurement("hybrid", "sizes", [point(1, 2, (1.5, 2.5), runs=3), point(3, 4)]))
    findings.rows.append(row("hybrid", None, facts=12, share=None))
    document = findings.to_document(inputs, bench)
    assert document.verdict is Decision.NOT_DECISIVE
    assert document.recommendation == f"{document.finding} {to_english(statement('rank_no_facts'))}"
    assert (document.trials, document.cached, document.facts) == (bench.trials, bench.cached, 1)
    assert Experiment.model_validate_json(document.model_dump_json()) == document


def test_nothing_in_a_document_goes_unseen(inputs: Inputs, bench: Bench) -> None:
    """A series of no chart is refused, and so is an experiment that says nothing."""
    with pytest.raises(ValueError, match="finding"):
        Findings().to_document(inputs, bench)
    findings = Findings([statement("one_fact")], [statement("one_fact")], series=[measurement("lost", "nowhere", [])])
    with pytest.raises(ValueError, match="lost"):
        findings.to_document(inputs, bench)


@pytest.fixture
def inputs() -> Inputs:
    request = ExperimentRequest.model_validate({"kind": "rank"})
    return Inputs(request, {}, Facts(["s"], ["r"], ["a"]))
