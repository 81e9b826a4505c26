"""The report in a real browser, from the disk, without a network."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from pilot.checks.target import CheckPlan
from pilot.embedded import ServiceAddress
from pilot.reading import ReadingOptions
from pilot.report.write import write_report
from pilot.run import RunRequest, run
from schemas.uploads import OnConflict
from tests.running import Running

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "sample_dictionaries" / "awkward_ja.csv"
DRIVER = shutil.which("chromedriver")
PHONE, TABLET, DESK = (390, 844), (760, 1024), (1280, 900)


@pytest.fixture(scope="module")
def page(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Japanese report on the awkward sample, made by the real service."""
    request = RunRequest(
        file=SAMPLE,
        command="python -m pilot run awkward_ja.csv",
        options=ReadingOptions(on_conflict=OnConflict.MANY),
        address=ServiceAddress(service.url, service.key),
        plan=CheckPlan(probes=300, noisy=20, singles=100, batches=1, members=50, strangers=5),
    )
    return write_report(run(request, lambda *_: None), tmp_path_factory.mktemp("報告 書"), "ja")


@pytest.fixture
def browser() -> Iterator[Chrome]:
    if DRIVER is None:
        pytest.skip("no chromedriver: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    for word in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-component-update",
    ):
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=Service(DRIVER, log_output=os.devnull))
    yield chrome
    chrome.quit()


def test_the_page_opens_offline_without_an_error(browser: Chrome, page: Path) -> None:
    """No console message, and no request but for the page itself."""
    browser.get(page.as_uri())
    assert log(browser, "browser") == []
    events = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert {url for url in asked if not url.startswith(("data:", "chrome:", "about:"))} <= {page.as_uri()}


def test_names_and_headings_are_japanese_text(browser: Chrome, page: Path) -> None:
    """Relations of the table and headings of the language stand on the page as text."""
    browser.get(page.as_uri())
    text = browser.find_element(By.TAG_NAME, "body").text
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "ja"
    assert all(word in text for word in ("検証した項目", "標準入数", "最終改定日"))


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_curves_are_drawn_within_their_frames(browser: Chrome, page: Path, size: tuple[int, int]) -> None:
    """Two charts have a height; every label and point stands on the page, and no two labels of an axis touch."""
    resize(browser, size)
    browser.get(page.as_uri())
    charts = browser.find_elements(By.CSS_SELECTOR, "figure.chart")
    assert len(charts) == 2
    for chart in charts:
        assert chart.find_element(By.TAG_NAME, "svg").size["height"] > 100
        assert chart.find_elements(By.CLASS_NAME, "curve")
        assert all(left >= 0 and right <= size[0] for left, right in spans(chart, ".x > span, .y, .dot"))
        ticks = spans(chart, ".x > span")
        assert all(before[1] < after[0] for before, after in pairwise(ticks))


def test_the_first_screen_says_what_change_costs(browser: Chrome, page: Path) -> None:
    """What happens when facts change, must go or were a mistake is read without scrolling."""
    resize(browser, DESK)
    browser.get(page.as_uri())
    answers = browser.find_elements(By.CSS_SELECTOR, ".answers > div")
    assert [answer.find_element(By.TAG_NAME, "dt").text for answer in answers] == [
        "事実を変更したとき",
        "事実を削除したとき",
        "変更を取り消したいとき",
    ]
    assert all(answer.rect["y"] + answer.rect["height"] < DESK[1] for answer in answers)


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_page_fits_its_window(browser: Chrome, page: Path, size: tuple[int, int]) -> None:
    """At a phone's and a desk's width nothing makes the page scroll sideways, and no text is below 11 pixels."""
    resize(browser, size)
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('th, td, p, dd, small, .chart span, .chart figcaption')]"
        ".map(element => parseFloat(getComputedStyle(element).fontSize))"
    )
    assert min(sizes) >= 11


@pytest.mark.parametrize("size", [PHONE, TABLET, DESK])
def test_no_figure_is_torn(browser: Chrome, page: Path, size: tuple[int, int]) -> None:
    """Every figure stands in one line with its counter, its unit and the other end of its range."""
    resize(browser, size)
    browser.get(page.as_uri())
    figures = browser.execute_script(
        "return [...document.querySelectorAll('span.nowrap, .figure, .tag')].filter(each => each.offsetParent)"
        ".map(each => [each.textContent, each.getClientRects().length, each.offsetHeight,"
        " parseFloat(getComputedStyle(each).fontSize)])"
    )
    assert len(figures) > 100
    assert [text for text, lines, height, font in figures if lines > 1 or height > 2.2 * font] == []


def test_a_phone_shows_every_column(browser: Chrome, page: Path) -> None:
    """At a phone's width no text of a table of the checks lies beyond the screen, and each figure has its heading."""
    resize(browser, PHONE)
    browser.get(page.as_uri())
    beyond = browser.execute_script(
        "return [...document.querySelectorAll('table td, table th')].filter(each => each.offsetParent"
        f" && each.getBoundingClientRect().right > {PHONE[0]}).map(each => each.textContent)"
    )
    assert beyond == []
    headings = browser.execute_script(
        "return [...document.querySelectorAll('.stacked td.n:not([colspan])')]"
        ".map(each => getComputedStyle(each, '::before').content)"
    )
    assert headings
    assert all(re.search(r"\w", heading) for heading in headings)


def test_paper_begins_the_checks_on_a_page_of_their_own(browser: Chrome, page: Path) -> None:
    """Printed, the table of the checks does not begin with one row at the foot of the first page."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.get(page.as_uri())
    assert browser.find_element(By.ID, "checks").value_of_css_property("break-before") == "page"
    assert browser.find_element(By.TAG_NAME, "tr").value_of_css_property("break-inside") == "avoid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(browser: Chrome, page: Path, scheme: str) -> None:
    """Ink and soft text keep a contrast of at least 4.5 to 1 against the page (WCAG 2 AA)."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get(page.as_uri())
    paper = luminance(colour(browser, "body", "background-color"))
    for selector in ("body", "small", ".tag", ".verdict", ".band-text", ".chart .x > span"):
        ink = luminance(colour(browser, selector, "color"))
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5, selector


def resize(browser: Chrome, size: tuple[int, int]) -> None:
    shape = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)


def spans(chart: WebElement, selector: str) -> list[tuple[float, float]]:
    """Where each of these begins and ends, across the page."""
    rects = [element.rect for element in chart.find_elements(By.CSS_SELECTOR, selector)]
    return [(rect["x"], rect["x"] + rect["width"]) for rect in rects]


def log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def colour(browser: Chrome, selector: str, of: str) -> list[float]:
    value: str = browser.find_element(By.CSS_SELECTOR, selector).value_of_css_property(of)
    return [float(part) for part in value[value.index("(") + 1 : -1].split(",")[:3]]


def luminance(rgb: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
