"""One browser for all pages of a process: Playwright opens no second one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser import open_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, or a skip that says how to have one."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[test]'")
    with sync_api.sync_playwright() as playwright:
        opened = open_browser(playwright)
        if opened is None:
            pytest.skip("no browser on this machine: install chromium")
        yield opened
        opened.close()
