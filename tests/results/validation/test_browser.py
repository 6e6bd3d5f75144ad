"""Two coders label in a real browser, from disk; what they save is imported, and agreement is that by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.results.study import StudyReader
from pipeline.results.validation.annotate import import_answers
from pipeline.results.validation.page import write_page
from pipeline.results.validation.report import make_report
from pipeline.results.validation.sample import make_sample
from pipeline.results.validation.scheme import EXAMPLE, read_scheme
from tests.support.report.visits import wait_until
from tests.support.validation_study import validation_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KEYS = {"neutral": "1", "happy": "2", "angry": "3", "sad": "4", "can't tell": "0"}
CURRENT = "data.units[unit].id"


def opened(context: Any, path: Path, troubles: list[str]) -> Any:
    page = context.new_page()
    page.on("console", lambda line: troubles.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else troubles.append(asked.url),
    )
    page.goto(path.as_uri())
    return page


def label(page: Any, said: Mapping[str, str], sounds: int) -> None:
    """Hear and answer some sounds by keys alone."""
    for _ in range(sounds):
        sound = page.evaluate(CURRENT)
        page.keyboard.press(KEYS[said[sound]])
        page.keyboard.press("4")


def save(page: Any, path: Path) -> Path:
    with page.expect_download() as waiting:
        page.click("#save")
    waiting.value.save_as(path)
    return path


def test_two_coders_label_and_their_agreement_is_that_by_hand(browser: Any, tmp_path: Path) -> None:
    study = validation_study(tmp_path, 4)
    with StudyReader(study.folder.published) as reader:
        sample = make_sample(reader, study.folder, "sample", "clip", 0.05, 4, 1).sample
    first, second, third, fourth = (one.sample_id for one in sample.units)
    said = {
        "A": {first: "neutral", second: "happy", third: "happy", fourth: "happy"},
        "B": {first: "neutral", second: "happy", third: "happy", fourth: "neutral"},
    }
    troubles: list[str] = []
    saved = []
    for coder, answers in said.items():
        path = write_page(sample, read_scheme(EXAMPLE), coder)
        context = browser.new_context(accept_downloads=True)
        page = opened(context, path, troubles)
        page.keyboard.press(" ")
        wait_until(lambda page=page: page.evaluate("audio.currentTime > 0.05"))
        label(page, answers, 2)
        page.keyboard.press("n")
        page.keyboard.type("1 dog barks")
        page.reload()  # resumes in the same browser
        assert page.inner_text("#count") == "3 of 4"
        half = save(page, tmp_path / f"half-{coder}.json")
        context.close()
        context = browser.new_context(accept_downloads=True, viewport={"width": 390, "height": 844})
        page = opened(context, path, troubles)  # on another machine, with the file
        page.set_input_files("#load", str(half))
        wait_until(lambda page=page: page.inner_text("#count") == "3 of 4")
        page.keyboard.press("Backspace")
        page.keyboard.press("5")  # surer of the one before
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        label(page, answers, 2)
        assert page.is_visible("#finished")
        saved.append(save(page, tmp_path / f"{coder}.json"))
        context.close()
    assert troubles == []
    import_answers(study.folder, saved)
    report = make_report(study.folder, "sample")
    found = {one.measure: one.estimate.value for one in report.agreement if one.question == "tone"}
    # coincidences: neutral twice with itself, happy four times, once each way between them; see test_agreement
    assert found["alpha (nominal)"] == pytest.approx(8 / 15, abs=1e-9)
    assert found["kappa (A, B)"] == pytest.approx(1 / 2, abs=1e-9)
    with StudyReader(study.folder.published) as reader:
        rows = reader.rows("SELECT coder, count(*) FROM annotations WHERE value = 5 GROUP BY coder ORDER BY coder")
        assert rows == [("A", 1), ("B", 1)]
        notes = reader.rows("SELECT DISTINCT text FROM annotations WHERE question = 'note'")
        assert notes == [("1 dog barks",)]
    split = [one for one in report.differing if len({label for who, label in one.said if who.startswith("coder")}) > 1]
    assert [one.sample_id for one in split] == [fourth]
