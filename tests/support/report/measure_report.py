"""How quick a large report is.

`python -m tests.support.report.measure_report [CLIPS]` makes a study and opens its report.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.results.report.build import build_report
from pipeline.results.report.places import Places
from tests.support.browser import open_browser
from tests.support.report.generated_study import clip, write_published

CLIPS = 10_000
OPENINGS = 5
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
#: Types into the filter and waits until the table is drawn again; one number a word, in ms.
FILTER = """async (words) => {
    const field = document.querySelector('input[name=words]');
    const times = [];
    for (const word of words) {
        const start = performance.now();
        field.value = word;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        document.body.offsetHeight;
        times.push(performance.now() - start);
        await new Promise(requestAnimationFrame);
    }
    return times;
}"""
SORT = """() => {
    const start = performance.now();
    document.querySelector('th[data-sort=tone_probability] button').click();
    document.body.offsetHeight;
    return performance.now() - start;
}"""
TYPED = ("b", "ba", "bag", "strap broke", "tiktok:99", "nothing like it", "")


def measure(clips: int) -> dict[str, str]:
    """Figures by what they are of."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "large"
        rows = [one for number in range(clips) for one in clip(f"tiktok:{number}", number=number)]
        write_published(study, rows)
        start = time.monotonic()
        build_report(study)
        took = time.monotonic() - start
        report = Places(study).report
        shards = list(report.glob("rows/clips-*.js"))
        figures = {
            "clips": str(clips),
            "building the report without curves": f"{took:.1f} s",
            "shards of clips": f"{len(shards)}, the largest {max(path.stat().st_size for path in shards) / 1e3:.0f} kB",
            "whole report": f"{sum(path.stat().st_size for path in report.rglob('*') if path.is_file()) / 1e6:.1f} MB",
        }
        return {**figures, **_in_browser(report)}


def _in_browser(report: Path) -> dict[str, str]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        if browser is None:
            return {"browser": "none on this machine"}
        paints, ready, size = [], [], 0
        for _ in range(OPENINGS):
            page, size = _opened(browser, report)
            paints.append(page.evaluate(FIRST_PAINT))
            ready.append(page.evaluate("performance.now()"))
            if len(paints) < OPENINGS:
                page.context.close()
        filtered = page.evaluate(FILTER, list(TYPED))
        answer = {
            "first page with all it loads": f"{size / 1e6:.1f} MB",
            "first paint": f"{median(paints):.0f} ms (median of {OPENINGS}, worst {max(paints):.0f} ms)",
            "table ready": f"{median(ready):.0f} ms",
            "filter": f"{median(filtered):.0f} ms (median of {len(filtered)}, worst {max(filtered):.0f} ms)",
            "sort": f"{page.evaluate(SORT):.0f} ms",
        }
        browser.close()
        return answer


def _opened(browser: Any, report: Path) -> tuple[Any, int]:
    """The first page, ready to use, and the bytes of all files that it loads."""
    page = browser.new_context().new_page()
    asked: set[Path] = set()
    page.on("request", lambda request: asked.add(Path(request.url.removeprefix("file://").partition("#")[0])))
    page.goto((report / "index.html").as_uri())
    page.wait_for_selector("html[data-table=ready]")
    return page, sum(path.stat().st_size for path in asked if path.is_file())


if __name__ == "__main__":
    for name, figure in measure(int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS).items():
        sys.stdout.write(f"{name}: {figure}\n")
