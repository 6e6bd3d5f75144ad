"""Own sound against borrowed sound, its spread, copies of clips, and what is another version of a sound."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.records import MediaRow, Row, SoundLandmarksRow, SoundRow
from tests.support.small_study import MONDAY, SmallStudy, angry, clip, of, row


def heard(clip_id: str, sound_id: str | None = "s", **values: Any) -> list[Row]:
    """A clip's place in a sound, as wide as the clip, unless told otherwise."""
    rows: list[Row] = [row(SoundLandmarksRow, clip_id=clip_id, landmarks=(1, 2), duration_s=10.0)]
    if sound_id is not None:
        place = {"offset_s": 0.0, "start_s": 0.0, "length_s": 10.0, "score": 0.9, "tempo": 1.0, "semitones": 0.0}
        rows.append(row(SoundRow, sound_id=sound_id, clip_id=clip_id, **{**place, **values}))
    return rows


def posted(clip_id: str, author: str | None, day: int | None = 0, **post: Any) -> list[Row]:
    at = None if day is None else MONDAY + timedelta(days=day)
    return clip(clip_id, [(0.0, 4.0, angry(0.9))], author_key=author, posted_at=at, **post)


def test_a_sound_that_another_author_had_first_is_borrowed(study: SmallStudy) -> None:
    study.add(
        posted("first", "ana", 0), posted("again", "ana", 1), posted("other", "leo", 2), posted("alone", "leo", 3)
    )
    study.add(heard("first"), heard("again"), heard("other"), heard("alone", None))
    rows = study.ask("sound_use")
    assert {found["clip_id"]: found["use"] for found in rows} == {
        "first": "own", "again": "own", "other": "borrowed", "alone": "own",
    }  # fmt: skip
    other = of(rows, clip_id="other")
    assert (other["first_clip_id"], other["first_author_key"], other["own_voice"]) == ("first", "ana", False)
    assert of(rows, clip_id="first")["own_voice"] is True


def test_the_platform_names_a_sound_as_well(study: SmallStudy) -> None:
    study.add(
        posted("a", "ana", 0, platform="tiktok", sound_id="7"), posted("b", "leo", 1, platform="tiktok", sound_id="7")
    )
    assert of(study.ask("sound_use"), clip_id="b")["use"] == "borrowed"


@pytest.mark.parametrize(("author", "day", "reason"), [(None, 1, "no_author"), ("leo", None, "no_date")])
def test_what_is_not_known_has_a_reason(study: SmallStudy, author: str | None, day: int | None, reason: str) -> None:
    study.add(posted("a", "ana", 0), posted("b", author, day), heard("a"), heard("b"))
    found = of(study.ask("sound_use"), clip_id="b")
    assert (found["use"], found["use_reason"], found["own_voice"]) == (None, reason, None)


def test_a_clip_that_was_not_heard_has_no_use(study: SmallStudy) -> None:
    study.add(posted("a", "ana"))
    [found] = study.ask("sound_use")
    assert (found["use"], found["use_reason"]) == (None, "not_heard")


def test_a_voice_over_a_borrowed_sound_may_be_the_posters(study: SmallStudy) -> None:
    study.add(posted("a", "ana", 0), posted("b", "leo", 1), heard("a", score=0.4), heard("b", score=0.4))
    found = of(study.ask("sound_use"), clip_id="b")
    assert (found["use"], found["own_voice"]) == ("borrowed", None)


def test_moments_of_own_voices_leave_borrowed_ones_out(study: SmallStudy) -> None:
    study.add(posted("a", "ana", 0), posted("b", "leo", 1), heard("a"), heard("b"))
    assert {found["clip_id"] for found in study.ask("top_moments", tone="angry")} == {"a", "b"}
    assert {found["clip_id"] for found in study.ask("top_moments", tone="angry", own_voice_only="1")} == {"a"}


def test_the_tone_of_a_sound_is_scored_once(study: SmallStudy) -> None:
    study.add(posted("a", "ana", 0), posted("b", "leo", 1), heard("a"), heard("b"))
    rows = study.ask("tone_of_sounds")
    assert {(found["tone"], found["scored_clip_id"], found["clips"]) for found in rows} == {
        ("angry", "a", 2), ("neutral", "a", 2),
    }  # fmt: skip


def test_a_sound_spreads_over_days_and_accounts(study: SmallStudy) -> None:
    study.add(posted("a", "ana", 0), posted("b", "leo", 2), posted("c", "leo", 2), posted("d", "mia", None))
    study.add(heard("a"), heard("b"), heard("c", tempo=1.2, semitones=3.0, offset_s=None), heard("d"))
    first, second = study.ask("sound_spread")
    assert (first["day_number"], first["clips"], first["new_authors"], first["authors_so_far"]) == (0, 1, 1, 1)
    assert (second["day_number"], second["clips"], second["changed"]) == (2, 2, 1)
    assert (second["new_authors"], second["clips_so_far"], second["authors_so_far"]) == (1, 3, 2)


def test_the_same_voice_with_another_author_is_a_candidate_for_lip_sync(study: SmallStudy) -> None:
    study.add(posted("a", "ana", 0), posted("b", "leo", 1), posted("c", "ana", 2))
    study.add(heard("a"), heard("b"), heard("c"))
    [found] = study.ask("lip_sync")
    assert (found["clip_id"], found["first_clip_id"], found["speech_s"]) == ("b", "a", 4.0)


def media(clip_id: str, sha256: str) -> list[Row]:
    return [row(MediaRow, clip_id=clip_id, sha256=sha256)]


def test_reposts_have_the_same_bytes_or_the_same_sound_and_length(study: SmallStudy) -> None:
    study.add(posted("a", "ana", 0), posted("bytes", "leo", 1), posted("sound", "mia", 2), posted("other", "mia", 3))
    study.add(media("a", "1"), media("bytes", "1"), media("sound", "2"), media("other", "3"))
    study.add(heard("a"), heard("bytes"), heard("sound"), heard("other", length_s=4.0, score=0.3))
    rows = study.ask("reposts")
    assert {(found["clip_id"], found["copy_of"], found["evidence"]) for found in rows} == {
        ("bytes", "a", "bytes"), ("sound", "a", "sound"),
    }  # fmt: skip
    assert of(rows, clip_id="sound")["same_author"] is False
    assert of(rows, clip_id="sound")["after_s"] == 2 * 86_400


@pytest.mark.parametrize(
    ("tempo", "semitones", "change"), [(1.2, 3.0, "speed"), (0.9, 0.0, "tempo"), (1.0, -2.0, "pitch")]
)
def test_a_changed_copy_says_how_it_was_changed(study: SmallStudy, tempo: float, semitones: float, change: str) -> None:
    study.add(posted("a", "ana", 0), posted("b", "leo", 1), heard("a"))
    study.add(heard("b", tempo=tempo, semitones=semitones, offset_s=None))
    [found] = study.ask("changed_sounds")
    assert (found["clip_id"], found["change"]) == ("b", change)
