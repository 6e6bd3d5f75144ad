"""What browser tests do on every page: open it, wait until it is ready, ask where the player stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.results.report.conftest import Open

PATIENCE_S = 5.0


def clip_page(visit: Open, clip_id: str, second: str = "", **options: Any) -> Any:
    page = visit(f"clip.html#all/{quote(clip_id, safe='')}{second}", **options)
    page.wait_for_selector("#clip[aria-busy=false]")
    return page


def table_page(visit: Open, **options: Any) -> Any:
    page = visit("index.html", **options)
    page.wait_for_selector("html[data-table=ready]")
    return page


def seconds(page: Any) -> float:
    """Where the player stands."""
    return float(page.input_value("#seek"))


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something to become true; a page with our policy refuses to be asked by Playwright's own functions."""
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    assert true()
