"""The picture of the report on the page of a first study.

`python -m tests.support.report.picture outputs/demo` draws it in a browser.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.research.demo_clips.picture import PICTURES
from pipeline.results.report.build import build_report
from pipeline.results.report.places import PAGES
from pipeline.results.study import StudyReader
from tests.support.browser import open_browser

FILE = "english_clear.mp4"
SECOND = 9.6  # a word is marked and the cursor stands in a region
SIZE = {"width": 1100, "height": 1260}
MAX_BYTES = 400_000


def draw(study: Path) -> Path:
    """The page of one clip of the demo as a PNG; `LookupError` where the study or the machine lacks what it takes."""
    from playwright.sync_api import sync_playwright

    index = build_report(study).index
    reader = StudyReader(study)
    (found,) = reader.arrow("SELECT clip_id FROM media WHERE file_name = $name", {"name": FILE}).to_pylist()
    reader.close()
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        if browser is None:
            raise LookupError("no browser on this machine: install chromium")
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{index.with_name(PAGES[1]).as_uri()}#all/{found['clip_id'].replace(':', '%3A')}/{SECOND}")
        page.wait_for_selector(".word.now")
        target = PICTURES / "report.png"
        page.screenshot(path=target)
        browser.close()
    if target.stat().st_size > MAX_BYTES:
        raise LookupError(f"{target} is larger than {MAX_BYTES} bytes")
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{draw(Path(sys.argv[1]))}\n")
