import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pilot.gate import ReportGate
from pilot.report.junit import to_junit
from pilot.report.messages import read_prose
from pilot.report.plots.curves import Axes, RateMark
from pilot.report.quantities import format_duration, format_number, format_size, get_number_format
from pilot.report.summary import make_phrases
from pilot.report.write import render_html, write_report
from schemas.checks import Verdict
from schemas.experiments import ExperimentId, Statement
from schemas.report import Report
from tests.pilot import experimenting

ReportOn = Callable[..., Report]
JA_PROSE = read_prose("ja")
EN, JA = get_number_format(read_prose("en")), get_number_format(JA_PROSE)


def test_the_json_is_the_contract(report_on: ReportOn, parts: Path, tmp_path: Path) -> None:
    """report.json has the contract's fields, its counts add up, and it reads back as the same document."""
    report = report_on(parts)
    write_report(report, tmp_path / "out", "en")
    text = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert {
        "format_version",
        "dictionary",
        "memory",
        "coverage",
        "error_rate",
        "checks",
        "experiments",
        "verdict",
    } <= set(document)
    assert document["coverage"] == {"taught": 6, "rows": 6, "answered": 5, "asked": 5}
    assert document["error_rate"]["wrong"] == 0
    for check in document["checks"]:
        for counted in (check, *check["parts"]):
            assert counted["asked"] == counted["right"] + counted["wrong"] + counted["abstained"]
            assert counted["interval"][0] <= counted["rate"] <= counted["interval"][1]
    assert Report.model_validate_json(text) == report


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_escapes_what_the_file_says(report_on: ReportOn, parts: Path, lang: str) -> None:
    """Markup in names, answers and findings stays text; Japanese stays Japanese."""
    page = render_html(report_on(parts, lambda _: ("<i>",)), lang)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page.split("</header>")[1]
    assert "材質" in page
    assert f'<html lang="{lang}">' in page


def test_the_page_needs_nothing_from_elsewhere(report_on: ReportOn, parts: Path) -> None:
    """No address, script, font or image beyond the page itself."""
    page = render_html(report_on(parts), "en")
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!data:)|url\(|@import|<script|https?://", page)


def test_both_languages_say_the_same_things() -> None:
    """The two files of prose have the same keys, and every sentence names the same figures. What experiments say comes
    in English from the service: only the Japanese stands here.
    """

    def shape(prose: object) -> object:
        if isinstance(prose, dict):
            return {key: shape(value) for key, value in prose.items()}
        if isinstance(prose, list):
            return len(prose)
        return sorted(re.findall(r"{(\w+)}", str(prose)))

    japanese = read_prose("ja")
    alike = {name: words for name, words in japanese["experiment"].items() if name != "sentence"}
    assert shape(read_prose("en")) == shape(japanese | {"experiment": alike})


def test_failing_facts_are_listed_and_fail_the_gate(report_on: ReportOn, parts: Path) -> None:
    """A wrong answer is named with its line in JSON and HTML, and becomes a failure in JUnit."""
    report = report_on(
        parts, lambda pair: ("黒",) if pair[0] == "部品-003" else ("赤",) if pair[0] == "部品-001" else ()
    )
    assert report.verdict is Verdict.FAIL
    failing = next(check for check in report.checks if check.id == "recall").failing
    assert ("部品-003", "材質", ["SPCC"], ["黒"], 6) in [
        (f.subject, f.relation, f.expected, f.answers, f.line) for f in failing
    ]
    assert "黒" in render_html(report, "ja")
    assert ET.fromstring(to_junit(report)).findall(".//failure")


def test_a_pass_has_no_junit_failure(report_on: ReportOn, parts: Path) -> None:
    """Every limit is a test case; none fails when the report passes."""
    report = report_on(parts)
    tree = ET.fromstring(to_junit(report))
    assert len(tree.findall(".//testcase")) == len(report.gate)
    assert not tree.findall(".//failure")


def test_the_page_says_what_is_served_and_what_all_of_it_takes(report_on: ReportOn, parts: Path) -> None:
    """Where a recipe allows more false answers than 12 check bits give, the page says which are served. Bytes per fact
    are shown for the bank and for everything, and the latter are compared with SQLite.
    """
    report = report_on(parts)
    recipe = report.memory.recipe | {"false_answers": 0.01, "check_bits": 12}
    memory = report.memory.model_copy(update={"recipe": recipe, "false_answers": 0.01})
    page = render_html(report.model_copy(update={"memory": memory}), "en")
    text = re.sub(r"<[^>]*>", "", page)
    assert "12 check bits: at most 1 in 4,096" in text
    assert "check bits: at most" not in render_html(report, "en")
    for size_of in (memory.bytes, memory.bytes_total):
        shown = f"{format_size(size_of)} ({format_number(size_of / memory.facts)}\u00a0B a fact)"
        assert shown in text
    assert f"takes {format_number(memory.bytes_total / memory.facts)}\u00a0B a fact, answers and names included" in text


def test_one_fact_makes_a_report(report_on: ReportOn, tmp_path: Path) -> None:
    """A table of one fact gives a report in which no rate, bit count or chart divides by zero."""
    file = tmp_path / "one.csv"
    file.write_text("subject,relation,answer\na,r,x\n", encoding="utf-8")
    report = report_on(file)
    assert report.dictionary.bits == 0
    assert "<svg" in render_html(report, "en")


@pytest.mark.parametrize(("lang", "word"), [("en", "When a fact must be deleted"), ("ja", "事実を削除したとき")])
def test_the_first_page_says_what_change_costs(report_on: ReportOn, parts: Path, lang: str, word: str) -> None:
    """Before any table stands what happens when facts change, must go, or were a mistake; below it the curves."""
    report = report_on(parts)
    page = render_html(report, lang)
    assert word in page.split("</header>")[0]
    assert page.count('class="chart"') == 2
    assert read_prose(lang)["left_out"]["no_questions"] in page
    bare = report.model_copy(update={"checks": [check for check in report.checks if check.details is None]})
    assert 'id="change"' not in render_html(bare, lang)


def test_curves_stand_where_their_figures_are() -> None:
    """A share of 1 is at the top, 0 at the bottom; x runs over the axis; an interval stays around its point."""
    axes = Axes(width=16)
    assert axes.curve("limit", [(0, 0.0), (8, 0.25), (16, 1.0)]).points == "0.0,100.0 50.0,75.0 100.0,0.0"
    assert axes.mark(4, 0.5, (0.4, 0.6)) == RateMark(25.0, 50.0, low=60.0, high=40.0)
    assert [label.text for label in axes.shares(JA)] == ["0%", "25%", "50%", "75%", "100%"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (format_number(58_845), "58,845"),
        (format_number(12.345), "12.3"),
        (format_size(2_591_234), "2.59\u00a0MB"),
        (format_duration(0.0000031), "3.1\u00a0µs"),
        (format_duration(1.9), "1.9\u00a0s"),
        (EN.share(0.999937), "99.9937\u00a0%"),
        (JA.share(0.0000631), "0.0063%"),
        (EN.share(1), "100\u00a0%"),
        (EN.span((0.0, 0.084)), "0–8.4\u00a0%"),
        (JA.span((0.0, 0.084)), "0～8.4%"),
        (JA.one_in(1e-6), "100万"),
        (EN.one_in(1e-6), "1,000,000"),
        (JA.one_in(1 / 29_956), "29,956"),
        (JA.percent(1, 3), "33.33%"),
        (JA.moment(datetime(2025, 1, 31, 15, 30, tzinfo=UTC), "date"), "2025-02-01 00:30（日本時間）"),
        (EN.moment(datetime(2025, 1, 31, 15, 30, tzinfo=UTC), "time"), "15:30:00"),
        (JA.of_all(0.01), "1%"),
    ],
)
def test_figures_read_well(shown: str, expected: str) -> None:
    """Thousands are set apart, units fit, and a rate keeps two digits of its distance from the end."""
    assert shown == expected


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (
            ReportGate(),
            [
                "6件）を記憶モデルに学習させ",
                "5問すべてに正答",
                "すべて「不明」",
                "延べ3件変更しても",
                "次の段階へ進めます",
            ],
        ),
        (
            ReportGate(maximum_false_answers=1e-4),
            ["0.01%以下）を満たすかどうか", "不合格という意味ではありません", "29,956問に増やし"],
        ),
        (ReportGate(minimum_sample=10**6), ["100万問に1問）を超えないかどうか", "未学習の質問を増やして"]),
        (ReportGate(minimum_questions=0.9), ["質問例の正答 90%以上", "実施しなかった検証項目を実施すると"]),
    ],
)
def test_the_summary_says_what_follows(report_on: ReportOn, parts: Path, gate: ReportGate, said: list[str]) -> None:
    """For a pass it says what is possible now; if not decisive, what is missing and what would settle it."""
    summary = render_html(report_on(parts, None, gate), "ja").split('<p class="sentence">')[1].split("</p>")[0]
    text = re.sub(r"<[^>]*>", "", summary)
    assert [part for part in said if part not in text] == []


def test_phrases_for_a_meeting_hold_only_what_was_measured(report_on: ReportOn, parts: Path) -> None:
    """Phrases on the allocation's comparison and the budget's stages are included only where they were measured."""
    contest = Statement(
        code="contest_decided",
        figures={"task": "this dictionary", "best": "hybrid", "second": "mlp", "times": 1.4, "parameters": 3904},
    )
    stages = Statement(code="budget_stages", figures={"department": 5800})
    made = {experiment.id: experiment for experiment in experimenting.every()}
    told = [
        made[ExperimentId.ALLOCATION].model_copy(update={"statements": {"finding": [contest]}}),
        made[ExperimentId.BUDGET].model_copy(update={"statements": {"recommendation": [stages]}}),
    ]
    report = report_on(parts)
    bare, full = make_phrases(report, JA_PROSE), make_phrases(report.model_copy(update={"experiments": told}), JA_PROSE)
    assert len(full) == len(bare) + 2
    assert "投資先はハイブリッドです。同じパラメータ数で、MLPのみの1.40倍の事実を保持しました。" in full
    assert "まずは一部門の5,800件で、費用対効果を見極めたいと考えています。" in full
    unchanged = report.model_copy(update={"checks": [check for check in report.checks if check.details is None]})
    assert len(make_phrases(unchanged, JA_PROSE)) == len(bare) - 1
