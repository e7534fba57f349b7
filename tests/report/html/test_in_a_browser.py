"""The HTML report in a real Chromium: it is whole, legible, and has the document's figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import BurstEntry, Document
from pytest_djworkers.report.html.page import render
from pytest_djworkers.report.html.plots.latency import PERCENTILES
from pytest_djworkers.units import format_rate, parse_duration
from tests.support.browser import chromium, opened
from tests.support.drawings import Drawing, beyond, close, number, percent
from tests.support.html_documents import HOSTILE, bursts, comparisons

MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def of_bursts() -> Document:
    """The document of eight bursts."""
    return bursts()


@pytest.fixture(scope="module")
def of_comparisons() -> Document:
    """The document of some comparisons."""
    return comparisons()


@pytest.fixture(scope="module")
def files(
    of_bursts: Document, of_comparisons: Document, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The two reports, written once."""
    folder = tmp_path_factory.mktemp("html")
    found = {}
    for name, document in (("bursts", of_bursts), ("comparisons", of_comparisons)):
        found[name] = folder / f"{name}.html"
        found[name].write_text(render(document), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def page(browser: Browser, files: dict[str, Path]) -> Iterator[Page]:
    """The report of bursts, which may neither complain nor ask for anything."""
    with opened(browser, files["bursts"]) as page:
        yield page


@pytest.fixture(scope="module")
def compared_page(browser: Browser, files: dict[str, Path]) -> Iterator[Page]:
    """The report of comparisons."""
    with opened(browser, files["comparisons"]) as page:
        yield page


def figure(page: Page, endpoint: int, name: str) -> Locator:
    """A plot of an endpoint."""
    return page.locator("section.endpoint").nth(endpoint).locator(f"figure[data-plot={name}]").first


def pair(document: Document, endpoint: int) -> list[BurstEntry]:
    """The bursts of an endpoint under both servers."""
    return list(document.bursts[2 * endpoint : 2 * endpoint + 2])


def test_a_bar_is_as_long_as_the_requests_per_second(page: Page, of_bursts: Document) -> None:
    drawing = Drawing(figure(page, 3, "speeds"))
    scale = drawing.scale("x", number)
    expected = [entry.figures.rps for entry in pair(of_bursts, 3)]
    assert close([scale.figure(end) for _, end in drawing.bars()], expected, scale)
    assert [scale.figure(start) for start, _ in drawing.bars()] == pytest.approx([0, 0], abs=1)
    assert {format_rate(rps) for rps in expected} <= set(drawing.texts())


def test_a_line_has_the_requests_of_each_interval(page: Page, of_bursts: Document) -> None:
    drawing = Drawing(figure(page, 3, "requests"))
    x, y = drawing.scale("x", number), drawing.scale("y", number)
    lines = list(drawing.lines().values())
    assert len(lines) == 2
    for points, entry in zip(lines, pair(of_bursts, 3), strict=True):
        series = entry.record.result.series
        assert series is not None
        assert close([y.figure(down) for _, down in points], series.requests, y)
        assert close([x.figure(right) for right, _ in points], [n / 10 for n in range(1, 101)], x)


def test_only_an_endpoint_with_errors_has_a_line_of_them(page: Page, of_bursts: Document) -> None:
    drawing = Drawing(figure(page, 1, "errors"))
    y = drawing.scale("y", number)
    for points, entry in zip(drawing.lines().values(), pair(of_bursts, 1), strict=True):
        series = entry.record.result.series
        assert series is not None
        assert close([y.figure(down) for _, down in points], series.errors, y)
    assert page.locator("figure[data-plot=errors]").count() == 1


def test_a_line_has_the_percentiles_of_the_latency(page: Page, of_bursts: Document) -> None:
    drawing = Drawing(figure(page, 3, "latency"))
    x = drawing.scale("x", beyond, logarithmic=True)
    y = drawing.scale("y", parse_duration, logarithmic=True)
    found = iter(drawing.symbols())
    for points, entry in zip(drawing.lines().values(), pair(of_bursts, 3), strict=True):
        latency = entry.record.result.latency
        assert latency is not None
        percents = [100 - 100 / x.figure(right) for right, _ in points]
        assert percents[0] == pytest.approx(0, abs=1)
        known = {percent: latency.percentile(percent) for percent in PERCENTILES}
        expected = [seconds for seconds in known.values() if seconds is not None]
        symbols = [next(found) for _ in expected]
        assert close([y.figure(down) for _, down in symbols], expected, y)
        # The line goes through the symbols, and ends at the last.
        on_line = [min(points, key=lambda at: abs(at[0] - right)) for right, _ in symbols]
        assert close([y.figure(down) for _, down in on_line], expected, y)
        # It ends where ten samples lie beyond, and no sooner than half a doubling before that.
        assert latency.count / 20 < x.figure(points[-1][0]) <= latency.count / 10 + x.one_pixel


def test_a_line_has_the_history_and_this_run(page: Page, of_bursts: Document) -> None:
    drawing = Drawing(figure(page, 0, "history"))
    y = drawing.scale("y", number)
    for points, entry in zip(drawing.lines().values(), pair(of_bursts, 0), strict=True):
        expected = [*(one.rps for one in entry.history), entry.figures.rps]
        assert close([y.figure(down) for _, down in points], expected, y)
    assert page.locator("figure[data-plot=history]").count() == 2


def test_wrk_tells_no_course_and_the_page_says_so(page: Page) -> None:
    section = page.locator("section.endpoint").nth(2)
    assert section.locator("figure[data-plot=requests]").count() == 0
    assert section.locator("figure[data-plot=latency]").count() == 1
    assert "wrk does not tell when a response came" in section.inner_text()


def _ratios(record: BurstRecord) -> list[float]:
    assert record.against_base is not None
    return [
        one.head.responses / one.head.window_s / (one.base.responses / one.base.window_s) - 1
        for one in record.against_base.rounds
    ]


def test_every_round_has_its_ratio_beside_the_interval(
    compared_page: Page, of_comparisons: Document
) -> None:
    entry = of_comparisons.bursts[0]
    drawing = Drawing(figure(compared_page, 0, "ratios"))
    y = drawing.scale("y", percent)
    assert close([y.figure(down) for _, down in drawing.symbols()], _ratios(entry.record), y)
    comparison = entry.comparison
    assert comparison is not None
    assert comparison.change is not None
    across = [y.figure(down) for _, down, _, _ in drawing.rules()]
    assert close(sorted(across), sorted([0, comparison.change]), y)
    assert compared_page.locator("figure[data-plot=ratios]").count() == 2


def test_the_rounds_of_each_arm_are_side_by_side(
    compared_page: Page, of_comparisons: Document
) -> None:
    drawing = Drawing(figure(compared_page, 0, "rounds-of-arms"))
    x = drawing.scale("x", number)
    expected = []
    for entry in of_comparisons.bursts[:2]:
        compared = entry.record.against_base
        assert compared is not None
        counting = [one for one in compared.rounds if one.left_out is None]
        for windows in ([one.base for one in counting], [one.head for one in counting]):
            expected += [one.responses / one.window_s for one in windows]
    assert close([x.figure(right) for right, _ in drawing.symbols()], expected, x)


def test_the_changes_of_a_run_have_their_intervals(
    compared_page: Page, of_comparisons: Document
) -> None:
    drawing = Drawing(compared_page.locator("figure[data-plot=changes]"))
    x = drawing.scale("x", percent)
    found = [entry.comparison for entry in of_comparisons.bursts[:2]]
    changes = [one.change for one in found if one and one.change is not None]
    assert close([x.figure(right) for right, _ in drawing.symbols()], changes, x)
    ends = [
        (x.figure(left), x.figure(right)) for left, up, right, down in drawing.rules() if up == down
    ]
    for one, interval in zip(found, ends, strict=True):
        assert one is not None
        assert one.interval is not None
        assert close(sorted(interval), one.interval, x)


def test_a_flame_graph_has_frames_as_wide_as_their_time(compared_page: Page) -> None:
    drawn = compared_page.locator("figure[data-plot=flame-cpu] svg > svg")
    frames = {one.locator("title").text_content() or "": one for one in drawn.all()}
    (burn,) = (one for title, one in frames.items() if title.startswith("burn (site/b.py)"))
    (page,) = (one for title, one in frames.items() if title.startswith("page"))
    assert "1 → 5 ms per request (+4ms)" in (burn.locator("title").text_content() or "")
    assert burn.locator("text").text_content() == "+ burn (+4ms)"
    boxes = [one.locator("rect").bounding_box() for one in (page, burn)]
    (above, below) = (one for one in boxes if one is not None)
    assert below["width"] / above["width"] == pytest.approx(5 / 8, abs=0.01)
    assert below["y"] - above["y"] == pytest.approx(20)
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\x07", "\\x07")
    assert any(title.startswith(shown) for title in frames)


def test_the_largest_changes_are_a_table_and_the_others_are_folded(compared_page: Page) -> None:
    functions = compared_page.locator(".functions")
    assert functions.locator("> .scroll tbody tr").count() == 20
    assert "7 other functions" in functions.locator("summary").inner_text()
    assert functions.locator("th[scope=row]").nth(1).inner_text() == "wait"


def _drawn(page: Page, kind: str, what: str = "fill") -> str:
    rect = page.locator(f".flame .{kind} rect").first
    return str(rect.evaluate("(one, what) => getComputedStyle(one)[what]", what))


def test_frames_have_the_colours_of_the_device(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["comparisons"], width=320, dark=True) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert _drawn(page, "more-3") == "rgb(151, 58, 48)"
        assert _drawn(page, "less-3") == "rgb(43, 102, 156)"
        assert _drawn(page, "site", "stroke") != _drawn(page, "library", "stroke")
        page.emulate_media(color_scheme="light")
        assert _drawn(page, "more-3") == "rgb(236, 131, 120)"


def test_a_narrow_frame_has_its_sign_and_no_part_of_a_letter(
    browser: Browser, files: dict[str, Path]
) -> None:
    with opened(browser, files["comparisons"], width=1280) as page:
        parts = page.locator(".flame text", has_text="NARROW").locator("tspan").all()
        assert [one.text_content() for one in parts] == ["+ ", "NARROW (+400us)"]
        assert all(one.is_visible() for one in parts)
        page.set_viewport_size({"width": 320, "height": 700})
        assert [one.is_visible() for one in parts] == [True, False]


def test_the_top_says_how_much_and_how_sure(compared_page: Page) -> None:
    top = compared_page.locator("#know").inner_text()
    assert "REGRESSED GET /json · granian" in top
    assert "requests/s between -" in top
    assert "To do: Look at what the working tree changes in this view against main." in top
    assert "migrations differ" in top


def test_the_table_of_a_plot_opens_by_the_keyboard(page: Page) -> None:
    plot = figure(page, 3, "speeds")
    plot.locator("summary").focus()
    page.keyboard.press("Enter")
    assert plot.locator("table").is_visible()
    assert plot.locator("th[scope=row]").all_inner_texts() == ["gunicorn-gevent", "granian"]


def test_text_of_users_is_shown_and_not_obeyed(page: Page) -> None:
    assert page.title() != "taken"
    assert page.locator("img, script").count() == 0
    shown = HOSTILE.replace("\u202e", "\\u202e").replace("\x07", "\\x07")
    section = page.locator("section.endpoint").first
    assert section.locator("h2").inner_text() == shown
    section.locator("details").last.locator("summary").click()
    assert f"log {shown}" in section.inner_text()
    assert shown in page.locator("#know").inner_text()


def _violations(page: Page, **options: Any) -> list[dict[str, Any]]:
    # It describes what is right, too, unless it is told not to.
    options = {"resultTypes": ["violations"], **options}
    found = Axe().run(page, options=options).response["violations"]
    return [one for one in found if one["impact"] in {"serious", "critical"}]


def test_axe_finds_nothing_serious(page: Page, compared_page: Page) -> None:
    assert _violations(page) == []
    assert _violations(compared_page) == []


def test_axe_finds_contrast_enough_in_the_dark(browser: Browser, files: dict[str, Path]) -> None:
    with opened(browser, files["comparisons"], dark=True) as page:
        assert _violations(page, runOnly=["color-contrast"]) == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["bursts", "comparisons"])
def test_the_page_fits_its_window(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    with opened(browser, files[name], width=width) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # No text of a plot is cut off, or so small that it can't be read.
        for drawing in page.locator(".drawing svg").all():
            assert drawing.evaluate("svg => svg.getBoundingClientRect().width") > 330


def test_dark_is_the_readers_choice_and_paper_is_light(
    browser: Browser, files: dict[str, Path]
) -> None:
    with opened(browser, files["bursts"], dark=True) as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) == "rgb(20, 23, 27)"
        line = figure(page, 3, "requests").locator(".mark-line path").first
        assert line.evaluate("one => getComputedStyle(one).stroke") == "rgb(93, 180, 238)"
        page.emulate_media(media="print")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        assert line.evaluate("one => getComputedStyle(one).stroke") == "rgb(0, 103, 165)"
        assert line.is_visible()


def test_a_report_of_eighteen_bursts_is_small(files: dict[str, Path]) -> None:
    per_burst = files["bursts"].stat().st_size / 8
    assert 18 * per_burst < MOST_BYTES
