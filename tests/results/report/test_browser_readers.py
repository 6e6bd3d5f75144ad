"""The report in a real browser for all readers: hostile texts, phones, light and dark, screen readers, and served."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from pipeline.results.report.serve import LiveReport, ReportServer
from tests.results.report.conftest import HOSTILE, Open
from tests.support.report.generated_study import TURNED
from tests.support.report.visits import clip_page, seconds, table_page, wait_until

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[test]'")
expect = sync_api.expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


@pytest.mark.slow
def test_hostile_texts_are_shown_and_never_run(visit: Open) -> None:
    page = clip_page(visit, HOSTILE)
    assert "<script>document.title" in page.inner_text(".caption")
    assert "<script>document.title" in page.inner_text("#transcript")
    assert page.locator("#clip script, #clip img:not(#spectrogram)").count() == 0
    assert "owned" not in page.title()
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.locator("dd", has_text="javascript:alert(1)").count() == 1, "the URL is shown as text"
    table = table_page(visit)
    assert "owned" not in table.title()
    assert table.locator("#table script, #table img").count() == 0


@pytest.mark.slow
def test_marks_that_turn_text_around_end_with_their_text(visit: Open) -> None:
    page = clip_page(visit, HOSTILE)
    assert page.eval_on_selector("#transcript p", "p => p.dir") == "auto"
    isolated = page.evaluate(
        """text => [...document.querySelectorAll('bdi')].filter(bdi => bdi.textContent.includes('\\u202e'))
        .every(bdi => getComputedStyle(bdi).unicodeBidi === 'isolate')""",
        TURNED,
    )
    assert isolated


@pytest.mark.slow
def test_a_phone_needs_no_sideways_scrolling(visit: Open) -> None:
    for page in (
        table_page(visit, viewport=PHONE),
        clip_page(visit, HOSTILE, viewport=PHONE),
        clip_page(visit, "tiktok:1", viewport=PHONE),
    ):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(visit: Open, scheme: str) -> None:
    page = clip_page(visit, "tiktok:1", color_scheme=scheme)
    for selector in ("body", ".about", "a", ".trust"):
        assert contrast(page, selector) >= 4.5, selector  # WCAG 2.2, level AA
    page.click("#theme")
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    assert contrast(page, "body") >= 4.5


def contrast(page: Any, selector: str) -> float:
    """Contrast of text against the page (WCAG 2.2)."""
    colours = page.evaluate(
        "name => [document.querySelector(name), document.body].map(one => getComputedStyle(one))"
        ".map((style, place) => place ? style.backgroundColor : style.color)",
        selector,
    )
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index.html", "clip.html#all/tiktok%3A1"])
def test_everything_to_press_has_a_name(visit: Open, name: str) -> None:
    page = visit(name)
    page.wait_for_selector("html[data-table=ready]" if name == "index.html" else "#clip[aria-busy=false]")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input, select, [role=region], img')]
        .filter(one => !one.textContent.trim() && !one.getAttribute('aria-label') && !one.alt
            && !one.getAttribute('aria-labelledby') && !(one.labels && one.labels.length))
        .map(one => one.outerHTML.slice(0, 100))"""
    )
    assert nameless == []
    assert (
        page.evaluate("new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size")
        == page.locator("[id]").count()
    )


# ---------------------------------------------------------------- served


@pytest.mark.slow
def test_served_pages_seek_and_draw_curves_when_opened(visit: Open, study: Path) -> None:
    server = ReportServer(LiveReport(study), 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        root = server.url.removesuffix("index.html")
        page = clip_page(visit, "tiktok:1", root=root)
        page.locator(".word", has_text="after").click()
        wait_until(lambda: seconds(page) > 4.4)
        expect(page.locator(".word.now")).to_have_count(1)
        assert page.locator("#f0 path").count() > 0
    finally:
        server.shutdown()
        server.server_close()
