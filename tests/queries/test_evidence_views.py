"""The views of evidence and trust on a small study whose numbers are known."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.records import (
    AudioRow,
    ClipRow,
    EvidenceRow,
    PlatformCaptionRow,
    Row,
    SegmentRow,
    SegmentTrustRow,
    SoundGapRow,
    SpeechRegionRow,
    TranscriptRow,
    WordRow,
)
from pipeline.records.runs import AttemptRow, FingerprintRow
from pipeline.stages.transcribe import TranscribeOptions
from pipeline.store.queries import get_query, read_queries
from tests.support.small_study import SmallStudy, angry, clip, of, row


def spoken(
    clip_id: str, segments: list[tuple[str, float, float, float | None]], language: str = "en", least: float = 0.6
) -> list[Row]:
    """A transcript of segments: text, start, end and trust (None as of an older version); words share the time."""
    kept = [text for text, _, _, trust in segments if trust is None or trust >= least]
    rows: list[Row] = [
        row(
            TranscriptRow,
            clip_id=clip_id,
            language=language,
            text=" ".join(kept) or None,
            reason=None if kept else "low_trust",
        )
    ]
    index = 0
    for number, (text, start_s, end_s, trust) in enumerate(segments):
        rows.append(row(SegmentRow, clip_id=clip_id, segment=number, start_s=start_s, end_s=end_s, text=text))
        if trust is not None:
            rows.append(row(SegmentTrustRow, clip_id=clip_id, segment=number, trust=trust, in_text=trust >= least))
        words = text.split()
        length_s = (end_s - start_s) / len(words)
        for place, word in enumerate(words):
            rows.append(
                row(
                    WordRow,
                    clip_id=clip_id,
                    word_index=index,
                    segment=number,
                    word=word,
                    start_s=start_s + place * length_s,
                    end_s=start_s + (place + 1) * length_s,
                )
            )
            index += 1
    return rows


def captions(
    clip_id: str, *lines: tuple[str, float, float], language: str = "en", kind: str = "automatic"
) -> list[Row]:
    return [
        row(
            PlatformCaptionRow,
            clip_id=clip_id,
            language=language,
            kind=kind,
            line=number,
            start_s=start_s,
            end_s=end_s,
            text=text,
        )
        for number, (text, start_s, end_s) in enumerate(lines)
    ]


# ---------------------------------------------------------------- evidence of regions and clips


def test_a_region_knows_how_much_of_it_is_words(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 4, angry(0.9)), (5, 7, None)]))
    study.add(spoken("a", [("well said", 1, 3, 0.9), ("you", 5, 7, 0.1)]))
    study.add(clip("b", [(0, 2, angry(0.9))]))
    rows = study.ask("region_evidence")
    first = of(rows, clip_id="a", region=0)
    assert (first["length_s"], first["words_s"], first["words_share"]) == (4, 2, 0.5)
    assert of(rows, clip_id="a", region=1)["words_s"] == 0, "words that are not trusted do not count"
    later = of(rows, clip_id="b")
    assert (later["words_s"], later["words_share"]) == (None, None), "not transcribed is not wordless"


def test_words_over_the_edge_count_with_what_lies_inside(study: SmallStudy) -> None:
    study.add(clip("a", [(1, 2, angry(0.9)), (2, 3, angry(0.9))]))
    study.add(spoken("a", [("word", 0.5, 2.5, None)]))
    assert [found["words_s"] for found in study.ask("region_evidence")] == [1, 0.5]


def test_the_measures_of_a_region_are_shown(study: SmallStudy) -> None:
    study.add([row(ClipRow, clip_id="a")])
    measures = {
        "speech_probability": 0.8, "speech_score": 0.7, "music_score": 0.2, "singing_score": 0.1, "snr_db": 12.0,
        "level_dbfs": -20.0, "clipping_share": 0.01, "witness_probability": 0.9,
        "voice_witnesses": ["silero", "yamnet"],
    }  # fmt: skip
    study.add([row(SpeechRegionRow, clip_id="a", region=0, start_s=1.0, end_s=3.0, **measures)])
    (found,) = study.ask("region_evidence")
    assert measures.items() <= found.items()


@pytest.mark.parametrize(
    ("regions", "status", "reason"),
    [
        ([(0, 4, angry(0.9)), (4, 6, angry(0.8))], "scored", None),
        ([(0, 4, angry(0.9)), (4, 6, None)], "partly_scored", None),
        ([(0, 1, angry(0.9)), (1, 6, None)], "no_evidence", "too_short"),
        ([], "no_speech", "no_speech"),
    ],
)
def test_every_clip_has_one_tone_status(regions: list[Any], status: str, reason: str | None, study: SmallStudy) -> None:
    study.add(clip("a", regions))
    for view in ("clip_tone", "clip_evidence"):
        found = of(study.ask(view), clip_id="a", model="one")
        assert (found["tone_status"], found["tone_reason"]) == (status, reason)
    unasked = of(study.ask("clip_tone"), model="two")
    assert unasked["tone_status"] == ("no_speech" if not regions else "not_scored")
    overview = of(study.ask("clip_overview"), clip_id="a")
    assert (overview["tone_status"], overview["tone_reason"]) == (status, reason)


def test_a_clip_without_regions_in_which_a_witness_hears_speech_is_uncertain(study: SmallStudy) -> None:
    study.add([row(ClipRow, clip_id="a")])
    study.add([row(EvidenceRow, clip_id="a", speech_s=0.0, uncertain_speech_s=2.0, speech_reason="speech_uncertain")])
    for view in ("clip_tone", "clip_evidence"):
        found = of(study.ask(view), clip_id="a", model="one")
        assert (found["tone_status"], found["tone_reason"]) == ("no_speech", "speech_uncertain")
    lost = [one for one in study.ask("attrition") if one["outcome"] == "no_tone"]
    assert {one["reason"] for one in lost} == {"speech_uncertain"}


def test_clips_without_evidence_are_there_with_a_reason(study: SmallStudy) -> None:
    study.add([row(ClipRow, clip_id="lost"), row(ClipRow, clip_id="new")])
    study.add([row(FingerprintRow, fingerprint="d", stage="download", is_current=True)])
    failure = {"stage": "download", "fingerprint": "d", "status": "failed", "reason": "removed"}
    study.add([row(AttemptRow, attempt_id=1, clip_id="lost", **failure)])
    rows = study.ask("clip_evidence")
    lost, new = of(rows, clip_id="lost", model="one"), of(rows, clip_id="new", model="one")
    assert (lost["tone_status"], lost["tone_reason"]) == ("failed", "removed")
    assert (new["tone_status"], new["tone_reason"]) == ("pending", None)
    for name in ("speech_s", "music_share", "singing_share", "clipping_share", "words_s", "words_share"):
        assert lost[name] is None, "unknown is not zero"


def test_the_gaps_of_a_clip_are_shown_with_their_reasons(study: SmallStudy) -> None:
    told = {"start_s": 2.0, "gap_s": 3.0, "damaged_s": 0.5, "decoded_ratio": 0.9, "mix": "difference"}
    for clip_id, measures in (("a", told), ("b", {**told, "start_s": 0.0, "gap_s": 0.0})):
        study.add([row(ClipRow, clip_id=clip_id), row(AudioRow, clip_id=clip_id, **measures)])
    for number, reason in enumerate(("late_sound", "no_packets", "no_packets")):
        study.add([row(SoundGapRow, clip_id="a", gap=number, start_s=number, end_s=number + 0.5, reason=reason)])
    rows = study.ask("clip_evidence")
    found = of(rows, clip_id="a", model="one")
    assert (found["sound_start_s"], found["gap_s"], found["damaged_s"]) == (2.0, 3.0, 0.5)
    assert (found["gap_reasons"], found["decoded_ratio"], found["mix"]) == ("late_sound, no_packets", 0.9, "difference")
    assert of(rows, clip_id="b", model="one")["gap_reasons"] is None


def test_shares_of_a_clip_are_by_length(study: SmallStudy) -> None:
    study.add([row(ClipRow, clip_id="a"), row(AudioRow, clip_id="a", clipping_share=0.25)])
    study.add([row(EvidenceRow, clip_id="a", speech_s=4.0, speech_share=0.4, music_share=0.5, singing_share=0.125)])
    for number, (start_s, end_s, probability, snr_db) in enumerate([(0, 3, 0.9, 20.0), (5, 6, 0.5, None)]):
        study.add(
            [
                row(
                    SpeechRegionRow,
                    clip_id="a",
                    region=number,
                    start_s=float(start_s),
                    end_s=float(end_s),
                    speech_probability=probability,
                    snr_db=snr_db,
                )
            ]
        )
    study.add(spoken("a", [("three seconds", 0, 3, 0.9)]))
    found = of(study.ask("clip_evidence"), model="one")
    assert found["speech_probability"] == pytest.approx((3 * 0.9 + 0.5) / 4)
    assert (found["words_s"], found["words_share"]) == (3, 0.75)
    assert (found["region_snr_db"], found["clipping_share"]) == (20, 0.25)
    assert (found["speech_share"], found["music_share"], found["singing_share"]) == (0.4, 0.5, 0.125)


def test_a_tone_knows_how_much_of_it_has_words(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 4, angry(0.9)), (5, 6, None)]))
    study.add(spoken("a", [("one two", 0, 1, 0.9), ("three", 5, 6, 0.9)]))
    assert of(study.ask("clip_tone"), model="one")["words_share"] == 0.25


# ---------------------------------------------------------------- trust


def test_the_text_says_how_much_was_left_out(study: SmallStudy) -> None:
    study.add(clip("a"), spoken("a", [("said well", 0, 1, 0.9), ("abcdefghi", 1, 2, 0.2)]))
    study.add(clip("b"), spoken("b", [("you", 0, 1, 0.2)]))
    study.add(clip("c"), spoken("c", [("of old", 0, 1, None)]))
    rows = study.ask("clip_text")
    half = of(rows, clip_id="a")
    assert (half["speech_text"], half["segments"], half["segments_left_out"]) == ("said well", 2, 1)
    assert (half["share_left_out"], half["trust"]) == (0.5, pytest.approx(0.9))
    none = of(rows, clip_id="b")
    assert (none["speech_text"], none["speech_reason"], none["share_left_out"]) == (None, "low_trust", 1)
    old = of(rows, clip_id="c")
    assert (old["trust"], old["segments_left_out"], old["share_left_out"]) == (None, 0, 0), "not known is not bad"


def test_segments_under_the_least_trust_stay_and_are_marked(study: SmallStudy) -> None:
    study.add(clip("a"), spoken("a", [("said well", 0, 1, 0.9), ("you", 1, 2, 0.2)]))
    rows = study.ask("segment_overview")
    assert [(found["text"], found["in_text"], found["trust"]) for found in rows] == [
        ("said well", True, 0.9),
        ("you", False, 0.2),
    ]
    assert all(found["caption_agreement"] is None for found in rows), "no captions, no agreement"
    assert [found["trust_with_captions"] for found in rows] == [0.9, 0.2]


def test_a_segment_has_the_language_it_was_decoded_in(study: SmallStudy) -> None:
    study.add(clip("a"), spoken("a", [("said well", 0, 1, 0.9), ("dicho bien", 1, 2, 0.9)], language="en"))
    study.connection.execute("UPDATE segments SET language = 'es' WHERE segment = 1")
    rows = study.ask("segment_overview")
    assert [found["language"] for found in rows] == ["en", "es"], "one of an older version has its clip's"


def test_captions_agree_by_words_near_the_segment(study: SmallStudy) -> None:
    study.add(clip("a"), spoken("a", [("Hello there, my friend!", 0, 2, 0.8), ("thank you", 20, 21, 0.8)]))
    study.add(captions("a", ("hello there", 0, 1), ("friend, how are you", 1, 3), language="eng-US"))
    first, second = study.ask("segment_overview")
    assert (first["caption_agreement"], first["caption_kind"]) == (0.75, "automatic")
    assert first["trust_with_captions"] == pytest.approx(0.8 * 0.875)
    assert second["caption_agreement"] == 0, "there are captions, and none near by"
    assert second["trust_with_captions"] == pytest.approx(0.4)
    assert of(study.ask("clip_text"), clip_id="a")["caption_agreement"] == pytest.approx(0.375)


def test_captions_of_people_in_the_language_of_the_speech_count(study: SmallStudy) -> None:
    study.add(clip("a"), spoken("a", [("hola amigo", 0, 2, 0.8)], language="es"))
    study.add(captions("a", ("hello friend", 0, 2), language="en", kind="stated"))
    assert study.ask("segment_overview")[0]["caption_agreement"] is None, "a translation is no second opinion"
    study.add(captions("a", ("ola amiga", 0, 2), language="spa-MX"))
    assert study.ask("segment_overview")[0]["caption_agreement"] == 0
    study.add(captions("a", ("hola amigo", 0, 2), language="es-ES", kind="stated"))
    found = study.ask("segment_overview")[0]
    assert (found["caption_agreement"], found["caption_kind"]) == (1, "stated")


def test_a_segment_without_a_word_has_no_agreement(study: SmallStudy) -> None:
    study.add(clip("a"), spoken("a", [("♪♪", 0, 2, 0.0)]))
    study.add(captions("a", ("hello", 0, 2)))
    assert study.ask("segment_overview")[0]["caption_agreement"] is None


@pytest.mark.parametrize("name", [name for name, query in read_queries().items() if "min_trust" in query.parameters])
def test_the_least_trust_of_queries_is_that_of_the_stage(name: str) -> None:
    (parameter,) = (one for one in get_query(name).described if one.name == "min_trust")
    assert float(parameter.default or -1) == TranscribeOptions().min_trust


@pytest.fixture
def doubtful(study: SmallStudy) -> SmallStudy:
    """One clip with a trusted segment, one that is not, and one of an older version."""
    study.add(clip("a", [(0, 3, angry(0.9))]))
    study.add(spoken("a", [("kept words", 0, 1, 0.9), ("doubtful words", 1, 2, 0.2), ("older words", 2, 3, None)]))
    return study


def test_text_search_takes_a_least_trust(doubtful: SmallStudy) -> None:
    assert [found["segment"] for found in doubtful.ask("find_text", text="words")] == [0, 2]
    assert [found["trust"] for found in doubtful.ask("find_text", text="words", min_trust="0")] == [0.9, 0.2, None]
    assert [found["segment"] for found in doubtful.ask("find_text", text="words", min_trust="0.95")] == [2]


def test_a_term_takes_a_least_trust(doubtful: SmallStudy) -> None:
    assert doubtful.ask("tone_of_term", term="doubtful words") == []
    (found,) = doubtful.ask("tone_of_term", term="doubtful words", min_trust="0")
    assert (found["tone"], found["start_s"]) == ("angry", 1)
    assert len(doubtful.ask("tone_of_term", term="words")) == 2


def test_moments_show_trusted_words(doubtful: SmallStudy) -> None:
    assert doubtful.ask("top_moments", tone="angry")[0]["text"] == "kept words older words"
    assert "doubtful" in doubtful.ask("top_moments", tone="angry", min_trust="0.1")[0]["text"]


def test_a_moment_without_a_trusted_word_is_still_a_moment(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 3, angry(0.9))]), spoken("a", [("you", 0, 1, 0.1)]))
    (found,) = study.ask("top_moments", tone="angry")
    assert (found["text"], found["probability"]) == (None, 0.9)


def test_words_with_tone_take_a_least_trust(doubtful: SmallStudy) -> None:
    doubtful.add(clip("b", [(0, 1, angry(0.1))]), spoken("b", [("calm words", 0, 1, 0.9)]))
    trusted = {found["word"] for found in doubtful.ask("words_with_tone", tone="angry")}
    everything = {found["word"] for found in doubtful.ask("words_with_tone", tone="angry", min_trust="0")}
    assert everything - trusted == {"doubtful"}
