"""The report as a person meets it in a real browser, from disk: charts, the table, and the page of a clip."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.results.report.build import build_report
from pipeline.study import own_files
from pipeline.study.folder import StudyFolder
from tests.results.report.conftest import Open
from tests.support.report.generated_study import WORDS, clip, with_sets, write_audio, write_published
from tests.support.report.visits import clip_page, seconds, table_page, wait_until

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[test]'")
expect = sync_api.expect

pytestmark = pytest.mark.browser


def names(page: Any) -> list[str]:
    return page.eval_on_selector_all("#table tbody tr td:first-child", "cells => cells.map(cell => cell.textContent)")


# ---------------------------------------------------------------- the first page


@pytest.mark.slow
def test_charts_are_drawn_and_have_names(visit: Open) -> None:
    page = table_page(visit)
    page.wait_for_selector("#hashtags svg")
    drawn = page.eval_on_selector_all(
        "figure svg.chart", "charts => charts.map(chart => chart.getAttribute('aria-label'))"
    )
    assert len(drawn) == 7, "shares of tones are no chart without labels"
    assert all(drawn)
    assert page.locator("figure details table").count() == 7, "each chart is a table too"


@pytest.mark.slow
def test_words_filter_the_table(visit: Open) -> None:
    page = table_page(visit)
    assert page.inner_text("#count") == "5 of 5 clips"
    page.fill("input[name=words]", "FIRST bag")
    assert names(page) == ["clip 3.mp4"]
    assert page.inner_text("#count") == "1 of 5 clips"
    page.click("button[type=reset]")
    expect(page.locator("#count")).to_have_text("5 of 5 clips")
    page.select_option("select[name=tone_reason]", label="nobody speaks here")
    assert names(page) == ["youtube:s"]


@pytest.mark.slow
def test_columns_sort_both_ways_and_unknown_values_stay_last(visit: Open) -> None:
    page = table_page(visit)
    head = page.locator("th[data-sort=speech_s]")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert (names(page)[0], names(page)[-1]) == ("youtube:s", "tiktok:x")
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert names(page)[-2:] == ["youtube:s", "tiktok:x"]


@pytest.mark.slow
def test_tones_of_which_the_model_is_unsure_have_a_question_mark_and_can_be_left_out(
    browser: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "outputs" / "sets"
    sets = {"tiktok:sure": (("a",), ("a",)), "tiktok:unsure": (("a", "b"), ())}
    write_published(folder, [one for name, of in sets.items() for one in with_sets(clip(name, number=1), *of)])
    build_report(folder)
    page = browser.new_page()
    page.goto((folder / "report" / "index.html").as_uri())
    page.wait_for_selector("html[data-table=ready]")
    tones = "#table tbody td.tone"
    shown = page.eval_on_selector_all(tones, "cells => cells.map(cell => cell.textContent.endsWith('?'))")
    assert shown == [False, True]
    page.select_option("select[name=certainty]", "sure")
    assert page.locator(tones).count() == 1
    page.close()


@pytest.mark.slow
def test_a_missing_value_shows_its_reason(visit: Open) -> None:
    page = table_page(visit)
    rows = dict(
        page.eval_on_selector_all(
            "#table tbody tr", "rows => rows.map(row => [row.cells[0].textContent, row.innerText])"
        )
    )
    assert "nobody speaks here" in rows["youtube:s"]
    assert "the file is neither video nor audio" in rows["tiktok:x"]


# ---------------------------------------------------------------- the page of a clip


@pytest.mark.slow
def test_it_plays_and_the_transcript_follows(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1")
    page.locator("body").press(" ")
    expect(page.locator(".word.now")).to_have_count(1)
    first = page.inner_text(".word.now")
    expect(page.locator(".word.now")).not_to_have_text(first)
    expect(page.locator("#play")).to_have_text("Pause")
    page.click("#play")
    expect(page.locator("#play")).to_have_text("Play")


@pytest.mark.slow
def test_fetched_video_plays_and_moves_the_same_time(visit: Open, tmp_path: Path, demo_clips: Path) -> None:
    folder = write_published(tmp_path / "film", clip("tiktok:1", number=1))
    audio = write_audio(folder, "tiktok:1")
    media = folder / "work" / "media" / audio.stem / "media.mp4"
    media.parent.mkdir(parents=True)
    shutil.copyfile(demo_clips / "english_clear.mp4", media)
    build_report(folder)
    page = clip_page(visit, "tiktok:1", root=f"{(folder / 'report').as_uri()}/")
    assert page.is_visible("#video")
    page.locator(".word", has_text="soft").click()
    wait_until(lambda: page.evaluate("document.getElementById('video').currentTime") > 2.9)
    wait_until(lambda: seconds(page) > 2.9)


@pytest.mark.slow
def test_the_users_own_video_plays_from_where_it_lies(visit: Open, tmp_path: Path, demo_clips: Path) -> None:
    folder = write_published(tmp_path / "film", clip("file:1", number=1))
    mine = folder / "my clips" / "ein #schöner%20 Clip.mp4"
    mine.parent.mkdir()
    shutil.copyfile(demo_clips / "english_clear.mp4", mine)
    (folder / "work").mkdir()
    own_files.write(own_files.list_of(StudyFolder.at(folder)), {"file:1": str(mine)})
    build_report(folder)
    page = clip_page(visit, "file:1", root=f"{(folder / 'report').as_uri()}/")
    assert page.is_visible("#video")
    page.locator(".word", has_text="soft").click()
    wait_until(lambda: page.evaluate("document.getElementById('video').currentTime") > 2.9)


@pytest.mark.slow
def test_words_stand_as_in_their_phrase_also_without_spaces(visit: Open) -> None:
    page = clip_page(visit, "tiktok:2")
    assert page.inner_text("#transcript p") == "你好世界。"
    assert page.locator(".word").all_inner_texts() == ["你好", "世界"]
    assert clip_page(visit, "tiktok:1").inner_text("#transcript p") == " ".join(WORDS)


@pytest.mark.slow
def test_a_click_on_a_word_seeks(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1")
    page.locator(".word", has_text="broke").click()
    wait_until(lambda: seconds(page) >= 4.1)
    page.click("#play")
    expect(page.locator("#play")).to_have_text("Play")
    assert 4.1 <= seconds(page) < 6
    assert page.inner_text(".word.now") in WORDS[11:]


@pytest.mark.slow
def test_a_click_on_the_tone_seeks_there(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1")
    box = page.locator("#waveform").bounding_box()
    track = page.locator("[data-model=one] svg").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, track["y"] + track["height"] / 2)
    wait_until(lambda: abs(seconds(page) - 3) < 0.1)
    assert page.locator("#cursor").bounding_box()["x"] == pytest.approx(box["x"] + box["width"] / 2, abs=4)


@pytest.mark.slow
def test_a_url_may_name_the_second_to_begin_at(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1", "/2.5")
    wait_until(lambda: seconds(page) == 2.5)


@pytest.mark.slow
def test_spans_without_a_tone_are_hatched_and_say_why(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1")
    hatched = "[data-model=one] .missing title, [data-model=one] .missing rect title"
    reasons = page.eval_on_selector_all(hatched, "titles => titles.map(title => title.textContent)")
    assert any("0:03.0 to 0:05.5: no tone, noise lies over the voice" in reason for reason in reasons)
    assert any("0:00.0 to 0:00.5: no tone, nobody speaks here" in reason for reason in reasons)
    assert "low_snr" in page.locator("[data-model=one] svg").text_content()
    page.click("#tone-table summary")
    assert "noise lies over the voice low_snr" in page.inner_text("#tone-table")


@pytest.mark.slow
def test_the_keyboard_moves_word_by_word(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1", "/0.6")
    expect(page.locator(".word.now")).to_have_text("I")
    for word in ("love", "this"):
        page.keyboard.press("]")
        expect(page.locator(".word.now")).to_have_text(word)
    page.keyboard.press("[")
    expect(page.locator(".word.now")).to_have_text("love")


@pytest.mark.slow
def test_waveform_spectrogram_and_curves_are_drawn_on_one_axis(visit: Open) -> None:
    page = clip_page(visit, "tiktok:1")
    assert page.evaluate("document.getElementById('spectrogram').naturalWidth") > 100
    assert page.locator("#f0 svg path").count() > 0
    assert page.locator("#intensity svg path").count() > 0
    ends = [page.locator(part).bounding_box() for part in ("#waveform", "#spectrogram")]
    right = {round(box["x"] + box["width"]) for box in ends}
    track = page.locator("[data-model=one] svg").bounding_box()
    assert right == {round(track["x"] + track["width"])}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clip_id", "sentence"),
    [("tiktok:2", "deleted after use"), ("youtube:s", "deleted after use"), ("tiktok:x", "never decoded")],
)
def test_without_media_everything_else_is_shown(visit: Open, clip_id: str, sentence: str) -> None:
    page = clip_page(visit, clip_id)
    assert sentence in page.inner_text("#nothing-to-play")
    assert not page.is_visible("#player")
    assert page.is_visible("#origin")
    assert page.inner_text("#transcript") != ""


@pytest.mark.slow
def test_an_unknown_clip_is_a_sentence(visit: Open) -> None:
    for url in ("clip.html", "clip.html#all/tiktok%3Aunknown", "clip.html#../../x/y", "clip.html#all/__proto__"):
        page = visit(url)
        page.wait_for_selector("#trouble:visible")
