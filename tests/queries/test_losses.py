"""Losses on the way from the list to words and tone: `funnel`, `attrition` and `collection` count one set of posts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import (
    AudioRow,
    ClipRow,
    EvidenceRow,
    ExclusionRow,
    MediaRow,
    SpeechRegionRow,
    TranscriptRow,
)
from pipeline.records.post import MEDIA_TYPES, WITHOUT_VIDEO
from pipeline.records.runs import AttemptRow, FingerprintRow
from tests.support.small_study import SmallStudy, angry, of, row, tones

STEPS = ["download", "audio", "speech", "words"]  # how far a post came


@dataclass(frozen=True)
class Way:
    """What a post is, and how far it came."""

    kind: str
    media_type: str | None
    is_excluded: bool
    passed: int  # steps, from 0
    has_tone: bool


WAYS = st.builds(
    Way,
    kind=st.sampled_from(["file", "url", "post"]),
    media_type=st.sampled_from([None, *MEDIA_TYPES]),
    is_excluded=st.booleans(),
    passed=st.integers(0, len(STEPS)),
    has_tone=st.booleans(),
)


def add(study: SmallStudy, number: int, way: Way) -> None:
    """A post with rows of all that it passed; of what it could not pass, an attempt or a reason."""
    name = f"tiktok:{number}"
    study.add([row(ClipRow, clip_id=name, kind=way.kind, media_type=way.media_type, platform="tiktok")])
    if way.is_excluded:
        study.add([row(ExclusionRow, clip_id=name, rule="min_likes")])
    if way.passed >= 1:
        study.add([row(MediaRow, clip_id=name)])
    else:
        attempt = {"attempt_id": number, "stage": "download", "fingerprint": "d", "status": "failed"}
        study.add([row(AttemptRow, clip_id=name, reason="removed", **attempt)])
    if way.passed == 1:
        attempt = {"attempt_id": number, "stage": "audio", "fingerprint": "a", "status": "failed"}
        study.add([row(AttemptRow, clip_id=name, reason="no_audio", **attempt)])
    if way.passed >= 2:
        study.add([row(AudioRow, clip_id=name), row(EvidenceRow, clip_id=name, speech_s=2.0 * (way.passed >= 3))])
    if way.passed >= 3:
        study.add([row(SpeechRegionRow, clip_id=name, region=0, start_s=0, end_s=2)])
        study.add(tones(name, [angry(0.9) if way.has_tone else None], "one"))
        text = "hello" if way.passed >= 4 else None
        study.add([row(TranscriptRow, clip_id=name, text=text, reason=None if text else "low_trust")])


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ways=st.lists(WAYS, min_size=1, max_size=6))
def test_funnel_and_attrition_count_one_set_of_posts(ways: list[Way]) -> None:
    study = SmallStudy()
    study.add([row(FingerprintRow, fingerprint="d", stage="download", is_current=True)])
    study.add([row(FingerprintRow, fingerprint="a", stage="audio", is_current=True)])
    for number, way in enumerate(ways):
        add(study, number, way)
    funnel = {one["step"]: one for one in study.ask("funnel")}
    lost: dict[str, int] = {}
    for one in study.ask("attrition"):
        assert one["share"] == pytest.approx(one["clips"] / len(ways))
        if one["model"] != "two":  # the second model scored nothing
            lost[one["outcome"]] = lost.get(one["outcome"], 0) + one["clips"]
    assert funnel["listed"]["clips"] == len(ways)
    for step, outcome in (
        ("kept by the filters", "excluded"),
        ("with a video", "no_video"),
        ("media wanted", "metadata_only"),
        ("words transcribed", "no_words"),
    ):
        assert funnel[step]["lost"] == lost.get(outcome, 0), step
    assert funnel["media arrived"]["lost"] + funnel["audio decoded"]["lost"] == lost.get("failed", 0)
    assert all(one["lost"] >= 0 for one in funnel.values())
    assert not any(one["pending"] for one in funnel.values())
    kept = [way for way in ways if not way.is_excluded]
    holding = [way for way in kept if not (way.kind == "post" and way.media_type in WITHOUT_VIDEO)]
    assert funnel["with a video"]["clips"] == len(holding)
    wanted = [way for way in holding if way.kind != "post"]
    assert funnel["tone scored"]["clips"] == sum(way.passed >= 3 and way.has_tone for way in wanted)


def test_what_no_run_has_come_to_yet_is_pending_and_not_lost() -> None:
    study = SmallStudy()
    study.add([row(FingerprintRow, fingerprint="d", stage="download", is_current=True)])
    for number in range(7):
        study.add([row(ClipRow, clip_id=f"tiktok:{number}", kind="url", platform="tiktok")])
    attempt = {"attempt_id": 1, "stage": "download", "fingerprint": "d", "status": "failed", "reason": "removed"}
    study.add([row(AttemptRow, clip_id="tiktok:1", **attempt)])
    study.add([row(MediaRow, clip_id=f"tiktok:{number}") for number in range(2, 7)])
    study.add([row(AudioRow, clip_id=f"tiktok:{number}") for number in range(3, 7)])
    study.add([row(EvidenceRow, clip_id=f"tiktok:{number}", speech_s=2.0 * (number > 4)) for number in range(4, 7)])
    study.add([row(TranscriptRow, clip_id="tiktok:6", text=None, reason="low_trust")])
    found = {one["step"]: (one["clips"], one["lost"], one["pending"]) for one in study.ask("funnel")}
    assert found["media arrived"] == (5, 1, 1)
    assert found["audio decoded"] == (4, 0, 1)
    assert found["speech heard"] == (2, 1, 1)
    assert found["words transcribed"] == (0, 1, 1)
    assert found["tone scored"] == (0, 0, 2)


def test_posts_without_a_video_and_posts_of_metadata_alone_have_lines_of_their_own() -> None:
    study = SmallStudy()
    for number, (kind, media_type) in enumerate(
        [
            ("url", "video"),
            ("post", "image"),
            ("post", "image"),
            ("post", "slideshow"),
            ("post", None),
            ("url", "slideshow"),
        ]
    ):
        study.add([row(ClipRow, clip_id=f"tiktok:{number}", kind=kind, media_type=media_type, platform="tiktok")])
    rows = study.ask("attrition")
    assert of(rows, outcome="no_video", reason="image")["clips"] == 2
    assert of(rows, outcome="no_video", reason="slideshow")["clips"] == 1, "the other is listened to"
    assert of(rows, outcome="metadata_only")["clips"] == 1
    states = [(one["state"], one["reason"], one["posts"]) for one in study.ask("collection_status")]
    assert sorted(states, key=str) == [
        ("metadata_only", None, 1),
        ("no_video", "image", 2),
        ("no_video", "slideshow", 1),
        ("not_yet", None, 2),
    ]


def test_the_query_and_the_code_name_the_same_media_without_video() -> None:
    study = SmallStudy()
    for kind in ("post", "url"):
        for media_type in MEDIA_TYPES:
            (found,) = study.connection.execute(
                "SELECT without_video($kind, $type)", {"kind": kind, "type": media_type}
            ).fetchone() or (None,)
            assert found == (kind == "post" and media_type in WITHOUT_VIDEO)
