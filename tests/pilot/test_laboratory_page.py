import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pilot.report.junit import to_junit
from pilot.report.messages import read_prose
from pilot.report.write import render_html, write_report
from schemas.checks import LeftOut
from schemas.experiments import ExperimentId
from schemas.problems import Code
from schemas.report import Report
from tests.pilot import experimenting

ReportOn = Callable[..., Report]
MARK = re.compile(r'<svg class="at" x="([\d.]+)%" y="([\d.]+)%" data-x="([^"]+)" data-y="([^"]+)"')


@pytest.fixture
def report(report_on: ReportOn, parts: Path) -> Report:
    """With all eight experiments."""
    return report_on(parts).model_copy(update={"experiments": experimenting.every()})


def numbers(document: object) -> Iterator[float]:
    """Every number of a JSON document."""
    if isinstance(document, dict):
        for value in document.values():
            yield from numbers(value)
    elif isinstance(document, list):
        for value in document:
            yield from numbers(value)
    elif isinstance(document, int | float):
        yield float(document)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_figure_in_a_chart_that_is_not_in_the_document(report: Report, tmp_path: Path, lang: str) -> None:
    """Every mark on the page names its figures, each of which stands in report.json."""
    write_report(report, tmp_path, lang)
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    known = set(numbers(document["experiments"]))
    marks = MARK.findall((tmp_path / "report.html").read_text("utf-8"))
    assert len(marks) > 100
    assert {float(figure) for mark in marks for figure in mark[2:]} <= known
    assert Report.model_validate(document) == report


@pytest.mark.parametrize(
    ("lang", "question"), [("en", "Where should the parameters go?"), ("ja", "パラメータをどこに配分するか")]
)
def test_the_first_page_says_where_the_parameters_go(report: Report, lang: str, question: str) -> None:
    """The answer of `allocation` stands before any table; without that experiment the question is not on the page."""
    assert question in render_html(report, lang).split("</header>")[0]
    others = [made for made in report.experiments if made.id is not ExperimentId.ALLOCATION]
    assert question not in render_html(report.model_copy(update={"experiments": others}), lang)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_experiment_is_told(report: Report, lang: str) -> None:
    """The page has each one's question, verdict, rows and what was left out, and says which chart has no figure."""
    page, words = render_html(report, lang), read_prose(lang)["experiment"]
    for made in ExperimentId:
        assert f'<article id="{made}">' in page
        assert words[made]["question"] in page
    assert words["verdict"]["not_decisive"] in page
    assert "81.9\u00a0kB" in page
    empty = page.count('<figure class="experiment')
    assert empty == sum(len(made.charts) for made in report.experiments)  # one is empty, and one drawn for each task
    assert "<b>0.26</b>" not in page


def test_a_report_without_experiments_has_no_laboratory(report_on: ReportOn, parts: Path) -> None:
    """The report of `pilot run` is as it was."""
    assert 'id="laboratory"' not in render_html(report_on(parts), "en")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_an_experiment_without_a_result_is_named_with_its_code(report_on: ReportOn, parts: Path, lang: str) -> None:
    """It is named even when no experiment has a result, and JUnit counts it as skipped, not as failed."""
    left = LeftOut(check=ExperimentId.RANK, reason=Code.INTERNAL, detail="<it> broke")
    bare = report_on(parts)
    report = bare.model_copy(update={"left_out": [*bare.left_out, left]})
    page = render_html(report, lang)
    assert "internal" in page
    assert "&lt;it&gt; broke" in page
    skipped = ET.fromstring(to_junit(report)).findall(".//testcase[@name='rank']/skipped")
    assert [each.get("message") for each in skipped] == ["internal: <it> broke"]


def test_the_build_server_sees_the_experiments(report: Report) -> None:
    """JUnit has a passing case for each, whose text is the finding and the recommendation."""
    suite = ET.fromstring(to_junit(report)).find(".//testsuite[@name='laboratory']")
    assert suite is not None
    assert [case.get("name") for case in suite] == [*ExperimentId]
    assert suite.get("failures") == "0"
    assert all("1,024 facts" in (case.findtext("system-out") or "") for case in suite)


def test_another_versions_sentences_are_read_in_english(report: Report) -> None:
    """A statement whose figures do not fit this version's sentence is shown in English, and the page is still made."""
    made = report.experiments[0]
    bare = [statement.model_copy(update={"figures": {}}) for statement in made.statements["finding"]]
    older = made.model_copy(update={"finding": "Said before.", "statements": made.statements | {"finding": bare}})
    assert "Said before." in render_html(report.model_copy(update={"experiments": [older]}), "ja")
