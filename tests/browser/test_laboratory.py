"""The section of the experiments in a real browser: light, dark, on a phone, on paper."""

import os
import shutil
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from pilot.report.write import write_report
from tests.browser.test_report import colour, luminance, resize, spans
from tests.pilot import experimenting
from tests.pilot.conftest import build_report_on

pytestmark = pytest.mark.browser

DRIVER = shutil.which("chromedriver")
PHONE, DESK = (360, 780), (1280, 900)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report with all eight experiments, in both languages."""
    folder = tmp_path_factory.mktemp("laboratory")
    file = folder / "facts.csv"
    file.write_text("subject,relation,answer\n部品-001,色,赤\n部品-002,色,青\n", encoding="utf-8")
    report = build_report_on(file).model_copy(update={"experiments": experimenting.every()})
    return {lang: write_report(report, folder / lang, lang) for lang in ("en", "ja")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    if DRIVER is None:
        pytest.skip("no chromedriver: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    for word in ("headless=new", "no-sandbox", "disable-gpu"):
        options.add_argument(f"--{word}")
    chrome = Chrome(options=options, service=Service(DRIVER, log_output=os.devnull))
    yield chrome
    chrome.quit()


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_chart_stands_within_the_page(
    browser: Chrome, pages: dict[str, Path], lang: str, size: tuple[int, int]
) -> None:
    """Frames have a size, marks and texts stay on the page, and no two labels of the x axis touch."""
    resize(browser, size)
    browser.get(pages[lang].as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    charts = browser.find_elements(By.CSS_SELECTOR, "figure.experiment")
    assert len(charts) == 12
    for chart in charts:
        frame = chart.find_element(By.CSS_SELECTOR, ".frame > svg").size
        assert min(frame["height"], frame["width"] / 2) > 60
        ticks = spans(chart, ".x-ticks > span:not(.wide-only)" if size == PHONE else ".x-ticks > span")
        shown = [*ticks, *spans(chart, ".at .mark, .y")]
        assert all(left >= 0 and right <= size[0] for left, right in shown)
        assert all(before[1] < after[0] for before, after in pairwise(ticks)), chart.text


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_figure_of_an_experiment_is_torn(
    browser: Chrome, pages: dict[str, Path], lang: str, size: tuple[int, int]
) -> None:
    """Figures with their counters and chips with the name of a task stand in one line each."""
    resize(browser, size)
    browser.get(pages[lang].as_uri())
    lines = browser.execute_script(
        "return [...document.querySelectorAll('#laboratory .nowrap, #laboratory .chip')]"
        ".filter(each => each.offsetParent).map(each => each.getClientRects().length)"
    )
    assert len(lines) > 10
    assert set(lines) == {1}


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_names_beside_marks_and_lines_do_not_touch(browser: Chrome, pages: dict[str, Path], lang: str) -> None:
    """Names at line ends, names of marks and rows of categories leave each other room."""
    resize(browser, DESK)
    browser.get(pages[lang].as_uri())
    named = browser.find_elements(By.CSS_SELECTOR, ".end, .note-of")
    assert named
    for chart in browser.find_elements(By.CSS_SELECTOR, "figure.experiment"):
        rects = [each.rect for each in chart.find_elements(By.CSS_SELECTOR, ".end, .note-of, .rows .y")]
        for one, other in combinations(rects, 2):
            aside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            apart = abs((one["y"] + one["height"] / 2) - (other["y"] + other["height"] / 2)) >= 11
            assert aside or apart


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_texts_stand_out(browser: Chrome, pages: dict[str, Path], scheme: str) -> None:
    """Texts keep 4.5 to 1 against the page, marks and lines 3 to 1 (WCAG 2 AA)."""
    media = {"media": "screen", "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(pages["en"].as_uri())
    paper = luminance(colour(browser, "body", "background-color"))
    texts = [(selector, "color", 4.5) for selector in (".frame .y", ".x-ticks > span", ".keys-of li", ".tag.decisive")]
    marks = [(f".mark.{name}", "stroke", 3.0) for name in ("other", "hollow.c0", "hollow.c1", "hollow.c2", "hollow.c3")]
    for selector, of, least in [*texts, *marks]:
        ink = luminance(colour(browser, selector, of))
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= least, selector


def test_paper_is_white_also_from_a_dark_screen(browser: Chrome, pages: dict[str, Path]) -> None:
    """Printed from a dark page, colours are those of the light one, and charts are not cut in two."""
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get(pages["ja"].as_uri())
    assert luminance(colour(browser, "body", "background-color")) == 1
    assert luminance(colour(browser, ".mark.hollow.c0", "stroke")) < 0.2
    figure = browser.find_element(By.CSS_SELECTOR, "figure.experiment")
    assert figure.value_of_css_property("break-inside") == "avoid"


def test_lines_are_told_apart_without_colour(browser: Chrome, pages: dict[str, Path]) -> None:
    """Measured lines are drawn through, estimates, theory and published ones each dashed in their own way."""
    browser.get(pages["en"].as_uri())
    dashes = {
        kind: {
            line.value_of_css_property("stroke-dasharray")
            for line in browser.find_elements(By.CSS_SELECTOR, f".frame polyline.{kind}")
        }
        for kind in ("measured", "estimate", "theory", "published")
    }
    assert dashes["measured"] == {"none"}
    assert all(held and "none" not in held for kind, held in dashes.items() if kind != "measured")
    for one, other in combinations(dashes.values(), 2):
        assert not one & other
