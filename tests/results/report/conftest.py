"""Fixtures of the report: pages of it in a browser, and a small report that every kind of clip is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.results.report.build import build_report
from tests.support.report.generated_study import clip, hostile, lost, silent, write_audio, write_published

Open = Callable[..., Any]
HOSTILE = "tiktok:<b>&amp;'\"/.."


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a plain clip and its audio, one whose audio is gone, a hostile, a silent and a lost one."""
    folder = tmp_path_factory.mktemp("outputs") / "kinds"
    chinese = clip("tiktok:2", ("你好", "世界"), number=1, text="你好世界。")
    rows = [*clip("tiktok:1", number=3, caption="the first bag"), *chinese, *hostile(HOSTILE)]
    write_published(folder, [*rows, *silent("youtube:s"), *lost("tiktok:x")])
    write_audio(folder, "tiktok:1")
    build_report(folder)
    return folder


@pytest.fixture
def visit(browser: Any, study: Path) -> Iterator[Open]:
    """Opens a page of the report; at the end nothing may have gone wrong, and nobody may have been asked."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def open_page(name: str, root: str = f"{(study / 'report').as_uri()}/", **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda line: troubles.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        allowed = (root.split("/report/", maxsplit=1)[0], "data:")
        page.on("request", lambda asked: None if asked.url.startswith(allowed) else troubles.append(asked.url))
        page.goto(root + name)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
