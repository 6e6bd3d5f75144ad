"""Stage `transcribe`: only speech is decoded, and what was heard becomes rows of the clip."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.analysis.speech.engine import Decoding, Language, Segment, Word
from pipeline.media.audio import Waveform
from pipeline.records import (
    EvidenceRow,
    SegmentRow,
    SegmentTrustRow,
    TranscriptRow,
    WordRow,
)
from pipeline.records.pseudonyms import scrub
from pipeline.stage import Setting
from pipeline.stages import transcribe
from pipeline.stages.transcribe import ENGINES, Transcribe, TranscribeOptions
from tests.support.small_study import row as row_of
from tests.support.transcribing import assert_storable, clip_of, of_kind, ramp, rows_of, stage


class FakeEngine:
    """Says one phrase of two words a span, or nothing, and keeps what it was given."""

    packages: ClassVar[tuple[str, ...]] = ("pydantic",)
    silent: ClassVar[bool] = False
    code: ClassVar[str] = "en"

    def __init__(self, *given: Any) -> None:
        self.given = given
        self.decoding = Decoding()
        self.detected: list[Waveform] = []
        self.heard: list[tuple[Waveform, str]] = []

    @classmethod
    def weights(cls, model: str, models_folder: Path | None) -> str:
        return f"fake-{model}"

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        self.detected += waveforms
        return [Language(self.code, 0.75) for _ in waveforms]

    def transcribe(self, waveforms: Sequence[Waveform], languages: Sequence[str]) -> list[list[Segment]]:
        self.heard += zip(waveforms, languages, strict=True)
        return [self.say() for _ in waveforms]

    def say(self) -> list[Segment]:
        words = (Word("Hello", 0.2, 0.5, 0.9), Word("there.", 0.5, 0.9, 0.8))
        return [] if self.silent else [Segment("Hello there.", 0.2, 0.9, words, -0.3, 0.05, 0.8, 0.0)]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[FakeEngine]:
    class Engine(FakeEngine):
        pass

    monkeypatch.setitem(ENGINES, "ctranslate2", Engine)
    return Engine


def test_without_speech_whisper_is_never_asked(engine: type[FakeEngine], tmp_path: Path) -> None:
    built = stage()
    rows = rows_of(built, clip_of(tmp_path, ramp(5), []))
    (row,) = rows
    assert isinstance(row, TranscriptRow)
    assert (row.text, row.reason, row.language, row.language_probability) == (None, "no_speech", None, None)
    assert (row.engine, row.model) == ("ctranslate2", "whisper-base")
    assert built._engine.heard == built._engine.detected == []  # type: ignore[attr-defined]
    assert_storable(rows)


def test_only_speech_is_decoded_and_language_comes_from_the_longest_span(
    engine: type[FakeEngine], tmp_path: Path
) -> None:
    built = stage()
    rows_of(built, clip_of(tmp_path, ramp(20), [(2.3, 2.7), (10.3, 11.0), (12.0, 13.7)]))
    heard = [np.unique(np.round(waveform * 100)) for waveform, _ in built._engine.heard]  # type: ignore[attr-defined]
    assert [list(levels) for levels in heard] == [[2], [10, 11, 12, 13]]
    (detected,) = built._engine.detected  # type: ignore[attr-defined]
    assert round(float(detected.max()) * 100) == 13


def test_rows_are_numbered_over_the_clip_with_its_times(engine: type[FakeEngine], tmp_path: Path) -> None:
    rows = rows_of(stage(), clip_of(tmp_path, ramp(20), [(1.0, 2.0), (10.0, 11.0)]))
    assert_storable(rows)
    (transcript,) = of_kind(rows, TranscriptRow)
    assert (transcript.text, transcript.reason) == ("Hello there. Hello there.", None)
    assert (transcript.language, transcript.language_probability) == ("en", 0.75)
    segments, words = of_kind(rows, SegmentRow), of_kind(rows, WordRow)
    assert [segment.segment for segment in segments] == [0, 1]
    assert [segment.start_s for segment in segments] == pytest.approx([1.0, 10.0])  # 0.2 s into a span padded by 0.2 s
    assert [(word.word_index, word.segment, word.word) for word in words] == [
        (0, 0, "Hello"),
        (1, 0, "there."),
        (2, 1, "Hello"),
        (3, 1, "there."),
    ]
    assert words[2].start_s == pytest.approx(10.0)


def test_handles_that_whisper_wrote_get_the_pseudonyms_of_captions(
    engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = (Word("Ask", 0.2, 0.5, 0.9), Word("@Anna.", 0.5, 0.9, 0.8))
    said = [Segment("Ask @Anna.", 0.2, 0.9, words, -0.3, 0.05, 0.8, 0.0)]
    monkeypatch.setattr(engine, "say", lambda _: said)
    clip = clip_of(tmp_path, ramp(5), [(1.0, 4.0)])
    hidden = scrub("Ask @Anna.", b"key", "file")
    assert "anna" not in hidden
    rows = rows_of(Transcribe(TranscribeOptions(), Setting(key=b"key")), clip)
    texts = [*(row.text for row in of_kind(rows, TranscriptRow)), *(row.text for row in of_kind(rows, SegmentRow))]
    assert texts == [hidden, hidden]
    assert [row.word for row in of_kind(rows, WordRow)] == hidden.split()
    assert [row.text for row in of_kind(rows_of(stage(), clip), TranscriptRow)] == ["Ask @Anna."]


def test_clips_are_transcribed_together_each_with_its_own_rows(engine: type[FakeEngine], tmp_path: Path) -> None:
    clips = []
    for name, regions in (("one", [(1.0, 2.0)]), ("two", []), ("three", [(1.0, 2.0), (4.5, 4.8)])):
        (tmp_path / name).mkdir()
        clips.append(dataclasses.replace(clip_of(tmp_path / name, ramp(5), regions), clip_id=f"file:{name}"))
    built = stage()
    found = [list(result) for result in built(clips) if not isinstance(result, Exception)]
    assert [of_kind(rows, TranscriptRow)[0].reason for rows in found] == [None, "no_speech", None]
    assert [{row.clip_id for row in rows} for rows in found] == [{"file:one"}, {"file:two"}, {"file:three"}]  # type: ignore[attr-defined]
    assert [len(of_kind(rows, SegmentRow)) for rows in found] == [1, 0, 2]


def test_words_and_segments_are_cut_to_the_speech_region_that_they_have(
    engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = rows_of(stage(), clip_of(tmp_path, ramp(5), [(1.0, 1.3), (1.6, 3.0)]))
    words = of_kind(rows, WordRow)
    assert [(word.start_s, word.end_s) for word in words] == [pytest.approx(one) for one in [(1.0, 1.3), (1.6, 1.7)]]
    assert [word.region for word in words] == [0, 1], "the first word after the pause"
    early = Segment(
        "Kids are", 0.0, 0.9, (Word("Kids", 0.0, 0.6, 0.9), Word("are", 0.6, 0.9, 0.9)), -0.3, 0.1, 0.8, 0.0
    )
    monkeypatch.setattr(engine, "say", lambda _: [early])
    rows = rows_of(stage(), clip_of(tmp_path, ramp(5), [(1.0, 3.0)]))
    assert [word.region for word in of_kind(rows, WordRow)] == [0, 0]
    assert of_kind(rows, WordRow)[0].start_s == of_kind(rows, SegmentRow)[0].start_s == pytest.approx(1.0)
    assert of_kind(rows, SegmentTrustRow)[0].speech_overlap < 1.0, "trust sees the times as Whisper gave them"


def test_speech_without_words_has_no_text_and_no_language(engine: type[FakeEngine], tmp_path: Path) -> None:
    engine.silent = True
    (row,) = rows_of(stage(), clip_of(tmp_path, ramp(5), [(1.0, 2.0)]))
    assert isinstance(row, TranscriptRow)
    assert (row.text, row.reason, row.language) == (None, "no_text", None)


def test_every_segment_has_its_trust(engine: type[FakeEngine], tmp_path: Path) -> None:
    rows = rows_of(stage(), clip_of(tmp_path, ramp(20), [(1.0, 1.5), (10.0, 11.0)]))
    trusts = of_kind(rows, SegmentTrustRow)
    assert [trust.segment for trust in trusts] == [0, 1]
    assert trusts[0].speech_overlap == pytest.approx(0.5 / 0.7)  # the segment lasts from 1.0 to 1.7 s
    assert trusts[1].speech_overlap == 1.0
    assert trusts[0].trust < trusts[1].trust <= 1.0
    assert all(trust.in_text for trust in trusts)
    assert trusts[0].token_probability == pytest.approx(math.exp(-0.3))
    assert trusts[0].language_probability == 0.75


def test_what_is_not_trusted_stays_in_the_tables_and_out_of_the_text(
    engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = Segment("Hello there.", 0.2, 0.9, (Word("Hello", 0.2, 0.5, 0.9),), -0.3, 0.05, 0.8, 0.0)
    loop = Segment("You you you you you you", 0.9, 1.0, (Word("You", 0.9, 1.0, 0.9),), -0.1, 0.9, 9.0, 0.0)
    music = Segment("♪♪", 1.0, 1.1, (), -0.1, 0.1, 0.8, 0.0)
    monkeypatch.setattr(engine, "say", lambda _: [said, loop, music])
    rows = rows_of(stage(), clip_of(tmp_path, ramp(5), [(1.0, 2.0)]))
    assert_storable(rows)
    (transcript,) = of_kind(rows, TranscriptRow)
    assert (transcript.text, transcript.reason) == ("Hello there.", None)
    assert [row.text for row in of_kind(rows, SegmentRow)] == ["Hello there.", loop.text, "♪♪"]
    assert [row.word for row in of_kind(rows, WordRow)] == ["Hello", "You"], "nothing is deleted"
    assert [row.in_text for row in of_kind(rows, SegmentTrustRow)] == [True, False, False]
    assert of_kind(rows, SegmentTrustRow)[2].trust == 0.0
    everything = rows_of(stage(min_trust=0), clip_of(tmp_path, ramp(5), [(1.0, 2.0)]))
    assert of_kind(everything, TranscriptRow)[0].text == "Hello there. You you you you you you ♪♪"


def test_a_clip_without_a_trusted_word_says_so(
    engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    credit = Segment("Untertitel der Amara.org-Community", 0.2, 0.9, (), -0.1, 0.1, 0.8, 0.0)
    monkeypatch.setattr(engine, "say", lambda _: [credit])
    rows = rows_of(stage(), clip_of(tmp_path, ramp(5), [(1.0, 2.0)]))
    (transcript,) = of_kind(rows, TranscriptRow)
    assert (transcript.text, transcript.reason, transcript.language) == (None, "low_trust", None)
    assert len(of_kind(rows, SegmentRow)) == len(of_kind(rows, SegmentTrustRow)) == 1


@pytest.mark.parametrize(
    ("uncertain_s", "speech_s", "reason"),
    [(1.0, 1.0, "speech_uncertain"), (0.4, 1.0, "low_trust"), (None, 1.0, "low_trust")],
)
def test_words_without_trust_where_the_witnesses_disagree_are_uncertain_speech(
    engine: type[FakeEngine],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    uncertain_s: float | None,
    speech_s: float,
    reason: str,
) -> None:
    credit = Segment("Untertitel der Amara.org-Community", 0.2, 0.9, (), -0.1, 0.1, 0.8, 0.0)
    monkeypatch.setattr(engine, "say", lambda _: [credit])
    clip = clip_of(tmp_path, ramp(5), [(1.0, 2.0)])
    summary = row_of(EvidenceRow, clip_id=clip.clip_id, speech_s=speech_s, uncertain_speech_s=uncertain_s)
    clip = dataclasses.replace(clip, stored={**clip.stored, EvidenceRow.table: [summary]})
    (transcript,) = of_kind(rows_of(stage(), clip), TranscriptRow)
    assert (transcript.reason, transcript.language, transcript.language_probability) == (reason, None, None)


@pytest.mark.parametrize("reason", ["no_speech", "speech_uncertain"])
def test_a_clip_without_regions_has_the_reason_of_its_evidence(
    engine: type[FakeEngine], tmp_path: Path, reason: str
) -> None:
    clip = clip_of(tmp_path, ramp(5), [])
    summary = row_of(EvidenceRow, clip_id=clip.clip_id, speech_s=0.0, uncertain_speech_s=1.0, speech_reason=reason)
    clip = dataclasses.replace(clip, stored={**clip.stored, EvidenceRow.table: [summary]})
    (transcript,) = of_kind(rows_of(stage(), clip), TranscriptRow)
    assert (transcript.text, transcript.reason) == (None, reason)


def test_a_forced_language_is_used_and_has_no_probability(engine: type[FakeEngine], tmp_path: Path) -> None:
    built = stage(language="fr")
    rows = rows_of(built, clip_of(tmp_path, ramp(5), [(1.0, 2.0)]))
    assert [language for _, language in built._engine.heard] == ["fr"]  # type: ignore[attr-defined]
    assert built._engine.detected == []  # type: ignore[attr-defined]
    (transcript,) = of_kind(rows, TranscriptRow)
    assert (transcript.language, transcript.language_probability) == ("fr", None)
    assert of_kind(rows, SegmentTrustRow)[0].language_probability is None


def test_options_are_checked_once(engine: type[FakeEngine]) -> None:
    for wrong in ({"language": "english"}, {"engine": "other"}, {"model": "whisper-giant"}, {"beam_size": 0}):
        with pytest.raises(ValidationError):
            TranscribeOptions(**wrong)  # type: ignore[arg-type]
    assert all(field.description for field in TranscribeOptions.model_fields.values())


def test_options_reach_the_engine(engine: type[FakeEngine], tmp_path: Path) -> None:
    options = TranscribeOptions(beam_size=1, sure_log_prob=-0.9, compute_type="float32", device="cuda")
    built = Transcribe(options, Setting(models_folder=tmp_path))
    model, folder, decoding, *others = built._engine.given  # type: ignore[attr-defined]
    assert (model, folder, decoding.beam_size, decoding.sure_log_prob) == ("whisper-base", tmp_path, 1, -0.9)
    assert others == ["float32", "cuda"]


def test_the_fingerprint_knows_only_the_chosen_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, reference = TranscribeOptions(), TranscribeOptions(engine="openai-whisper")
    assert set(Transcribe.libraries(fast, Setting())) == {"faster-whisper", "ctranslate2", "py3langid"}
    assert set(Transcribe.libraries(reference, Setting())) == {"openai-whisper", "torch", "py3langid"}
    assert Transcribe.models(fast, Setting()) == ("whisper-base",)
    monkeypatch.setattr(transcribe.OpenAIEngine, "weights", lambda model, folder: f"openai-{model}")
    assert Transcribe.models(reference, Setting()) == ("openai-whisper-base",)
