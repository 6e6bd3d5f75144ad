"""Stage `emotion`: one row a region and model, scored or with the reason why not."""

from __future__ import annotations

import dataclasses
import math
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from pipeline.analysis.heads import reference
from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.reference import StudyReference
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.analysis.tone.tone import Tone
from pipeline.errors import ModelCorrupt, Reason, StageError
from pipeline.records import (
    Clip,
    EmotionRow,
    Row,
    SegmentTrustRow,
    Source,
    SpeechEmbeddingRow,
    SpeechRegionRow,
    TranscriptRow,
    VocalEventRow,
    WordRow,
)
from pipeline.stage import Setting
from pipeline.stages.emotion import TONE_MODELS, Emotion, EmotionOptions
from pipeline.study.folder import REFERENCE_FILE

STARTER = load(model_cache.locate("starter"))
ENCODER, DIMS = STARTER.encoder, STARTER.mean.size
CLIP_ID = "tiktok:1"


class Loudest:
    """A tone model of waveforms that is angry when the region is loud, and remembers how long each region was."""

    reads: ClassVar[Any] = "waveform"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)
    heard: ClassVar[list[int]] = []

    def __init__(self, folder: Path) -> None:
        self.encoder = None

    def score(self, features: NDArray[np.float32]) -> Tone:
        self.heard.append(features.size)
        loud = float(min(1.0, np.abs(features).max()))
        label = "angry" if loud > 0.5 else "sad"
        return Tone(label, max(loud, 1 - loud), {"angry": loud, "sad": 1 - loud}, arousal=loud)


@pytest.fixture
def loudest(monkeypatch: pytest.MonkeyPatch) -> type[Loudest]:
    monkeypatch.setitem(TONE_MODELS, "loudest", Loudest)
    locate = model_cache.locate
    monkeypatch.setattr(
        model_cache, "locate", lambda name, folder: Path() if name == "loudest" else locate(name, folder)
    )
    monkeypatch.setattr(Loudest, "heard", [])
    return Loudest


def region(number: int = 0, start: float = 0.0, end: float = 2.0, **changed: Any) -> SpeechRegionRow:
    plain = SpeechRegionRow(CLIP_ID, number, start, end, level_dbfs=-20.0, speech_score=None, music_score=None)
    return dataclasses.replace(plain, **changed)


def embedding(number: int, values: Sequence[float] | None = None, encoder: str = ENCODER) -> SpeechEmbeddingRow:
    drawn = np.random.default_rng(number).normal(size=DIMS).astype(np.float32).tolist()
    return SpeechEmbeddingRow(CLIP_ID, number, encoder, tuple(drawn if values is None else values), reason=None)


def clip(*rows: Row, audio_path: Path = Path("nowhere.wav")) -> Clip:
    stored: dict[str, list[Row]] = {}
    for row in rows:
        stored.setdefault(row.table, []).append(row)
    return Clip(CLIP_ID, Source("file", "clip.mp4", ""), None, audio_path, stored=stored)


def write_wav(path: Path, samples: NDArray[np.float32]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def emotion(**options: Any) -> Emotion:
    return Emotion(EmotionOptions(**options), Setting())


def rows_of(stage: Emotion, one: Clip) -> list[EmotionRow]:
    (result,) = stage([one])
    assert not isinstance(result, StageError), result
    rows = list(result)
    assert all(isinstance(row, EmotionRow) for row in rows)
    return rows  # type: ignore[return-value]


@pytest.fixture(scope="module")
def starter_stage() -> Emotion:
    return emotion()


def word(index: int, region: int | None, segment: int = 0) -> WordRow:
    return WordRow(CLIP_ID, index, segment, "word", 0.5, 0.9, 0.9, region)


def trust(segment: int, in_text: bool) -> SegmentTrustRow:
    return SegmentTrustRow(CLIP_ID, segment, 0.5, in_text, *[0.5] * 6, None, 1.0)


def transcript(text: str | None) -> TranscriptRow:
    return TranscriptRow(CLIP_ID, text, None if text else "low_trust", None, None, "ctranslate2", "whisper-base")


def event(kind: str, start: float, end: float) -> VocalEventRow:
    return VocalEventRow(CLIP_ID, 0, kind, start, end, 0.8, None, "yamnet")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("laughter", "laughter"), ("crying", "voice_without_words"), ("cheering", "voice_without_words")],
)
def test_a_region_without_a_trusted_word_and_with_a_vocal_event_has_no_tone(
    kind: str, reason: str, starter_stage: Emotion
) -> None:
    rows = (transcript("word"), trust(0, True), trust(1, False), word(0, 0), word(1, 1, segment=1))
    regions = (region(0), region(1, 2.0, 5.0), region(2, 6.0, 8.0), region(3, 8.0, 12.0, snr_db=-5.0))
    heard = (event(kind, 0.1, 1.9), event(kind, 2.5, 4.0), event(kind, 7.8, 12.0))
    found = rows_of(starter_stage, clip(*regions, *(embedding(n) for n in range(4)), *rows, *heard))
    assert [row.reason for row in found] == [None, reason, None, reason]
    assert [row.label is None for row in found] == [False, True, False, True]


def test_a_clip_without_a_trusted_word_has_no_tone_unless_asked_for(starter_stage: Emotion) -> None:
    doubted = clip(region(0), region(1, 2.0, 2.2), embedding(0), transcript(None), trust(0, False), word(0, 0))
    assert [row.reason for row in rows_of(starter_stage, doubted)] == ["low_trust", "too_short"]
    assert rows_of(emotion(needs_words=False), doubted)[0].label is not None
    silent = clip(region(0), embedding(0), transcript(None))
    assert [row.reason for row in rows_of(starter_stage, silent)] == ["voice_without_words"]
    elsewhere = clip(
        region(0), region(1, 2.0, 4.0), embedding(0), embedding(1), transcript("w"), trust(0, True), word(0, 1)
    )
    assert [row.reason for row in rows_of(starter_stage, elsewhere)] == [None, None]


def test_every_region_is_scored_by_the_starter_from_its_embedding(starter_stage: Emotion) -> None:
    one = clip(region(0), region(1, 2.0, 5.0), embedding(0), embedding(1))
    rows = rows_of(starter_stage, one)
    assert [(row.clip_id, row.region, row.model, row.status) for row in rows] == [
        (CLIP_ID, 0, "starter", "scored"),
        (CLIP_ID, 1, "starter", "scored"),
    ]
    for row in rows:
        assert row.probabilities is not None
        assert set(row.probabilities) == {"angry", "happy", "neutral", "other", "sad"}
        assert math.isclose(sum(row.probabilities.values()), 1.0, abs_tol=1e-9)
        assert row.probability == max(row.probabilities.values()) == row.probabilities[str(row.label)]
        assert all(type(value) is float for value in row.probabilities.values())
        assert (row.arousal, row.valence, row.dominance, row.reason) == (None, None, None, None)
    assert rows[0].probabilities != rows[1].probabilities
    assert rows_of(starter_stage, one) == rows


def test_a_clip_without_speech_gives_no_rows(starter_stage: Emotion) -> None:
    assert starter_stage([clip()]) == [[]]


@pytest.mark.parametrize(
    ("thin", "reason"),
    [
        ({"end": 0.3}, Reason.TOO_SHORT),
        ({"end": 0.999}, Reason.TOO_SHORT),
        ({"start": 0.1, "end": 1.1}, None),  # 1.1 - 0.1 is a little more than 1 to a computer
        ({"start": 0.7, "end": 1.7}, None),  # and 1.7 - 0.7 a little less, or equal
        ({"level_dbfs": -50.1}, Reason.TOO_QUIET),
        ({"level_dbfs": -50.0}, None),
        ({"level_dbfs": None}, Reason.TOO_QUIET),  # digital silence
        ({"music_score": 0.8, "speech_score": 0.19}, Reason.MUSIC_OVER_SPEECH),
        ({"music_score": 0.3, "speech_score": 0.07}, Reason.MUSIC_OVER_SPEECH),
        ({"music_score": 0.29, "speech_score": 0.01}, None),  # too little music to matter
        ({"music_score": 0.8, "speech_score": 0.21}, None),  # speech is heard as well
        ({"music_score": 0.9, "speech_score": None}, None),  # unknown is not zero
        ({"speech_probability": 0.1}, Reason.UNCERTAIN_SPEECH),
        ({"clipping_share": 0.9}, Reason.CLIPPED),
        ({"singing_score": 0.8, "speech_score": 0.1}, Reason.SINGING),
        ({"snr_db": -3.0}, Reason.LOW_SNR),
        ({"snr_db": 25.0, "clipping_share": 0.0, "speech_probability": 0.9, "singing_score": 0.0}, None),
        ({"end": 0.02, "snr_db": None}, Reason.TOO_SHORT),  # 20 ms
        # the first reason in order is told
        ({"end": 0.3, "level_dbfs": -90.0, "music_score": 0.9, "speech_score": 0.0}, Reason.TOO_SHORT),
        ({"level_dbfs": -90.0, "music_score": 0.9, "speech_score": 0.0}, Reason.TOO_QUIET),
    ],
)
def test_thin_evidence_gives_null_with_its_reason(
    thin: dict[str, Any], reason: Reason | None, starter_stage: Emotion
) -> None:
    (row,) = rows_of(starter_stage, clip(region(**thin), embedding(0)))
    assert row.reason == reason
    if reason is None:
        assert row.status == "scored"
        assert row.label is not None
    else:
        assert row.status == "no_evidence"
        scores = (row.label, row.probability, row.probabilities, row.arousal, row.valence, row.dominance)
        assert scores == (None,) * 6


def test_the_rules_follow_the_options() -> None:
    loose = emotion(min_region_s=0.2, min_level_dbfs=-80, music_threshold=0.95, music_ratio=3.0)
    hard = region(end=0.3, level_dbfs=-70.0, music_score=0.9, speech_score=0.1)
    assert rows_of(loose, clip(hard, embedding(0)))[0].status == "scored"
    spoilt = region(snr_db=-10.0, clipping_share=1.0, speech_probability=0.0)
    free = emotion(min_snr_db=-10, max_clipping_share=1, min_speech_probability=0)
    assert rows_of(free, clip(spoilt, embedding(0)))[0].status == "scored"
    ratio = emotion(music_ratio=3.0)
    covered = region(music_score=0.61, speech_score=0.2)
    assert rows_of(ratio, clip(covered, embedding(0)))[0].reason == Reason.MUSIC_OVER_SPEECH
    beside = region(music_score=0.59, speech_score=0.2)
    assert rows_of(ratio, clip(beside, embedding(0)))[0].reason is None


def test_several_voices_at_once_have_no_tone_by_any_model(loudest: type[Loudest], tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.full(16_000 * 6, 0.9, dtype=np.float32))
    rows = [dataclasses.replace(embedding(n), overlap_probability=p) for n, p in enumerate((0.999, 0.001, None))]
    one = clip(*(region(n, 2.0 * n, 2.0 * n + 2) for n in range(3)), *rows, audio_path=path)
    strict = rows_of(emotion(models=["starter", "loudest"]), one)
    assert [(row.model, row.region, row.reason) for row in strict] == [
        ("starter", 0, "several_voices"), ("starter", 1, None), ("starter", 2, None),
        ("loudest", 0, "several_voices"), ("loudest", 1, None), ("loudest", 2, None),
    ]  # fmt: skip
    assert (strict[0].label, strict[0].probability, strict[0].status) == (None, None, "no_evidence")
    assert loudest.heard == [32_000, 32_000], "what has no one tone is not even listened to"
    free = rows_of(emotion(max_overlap_probability=1), one)
    assert [row.reason for row in free] == [None, None, None]


def test_a_region_too_short_for_the_encoder_is_too_short_here() -> None:
    stage = emotion(min_region_s=0.1)
    missing = SpeechEmbeddingRow(CLIP_ID, 0, ENCODER, None, reason="too_short")
    (row,) = rows_of(stage, clip(region(end=0.3), missing))
    assert (row.status, row.reason, row.label) == ("no_evidence", Reason.TOO_SHORT, None)


def test_embeddings_of_another_encoder_are_not_taken_for_ours(starter_stage: Emotion) -> None:
    (result,) = starter_stage([clip(region(), embedding(0, encoder="whisper-base/blocks-6"))])
    assert isinstance(result, StageError)
    assert result.reason == Reason.INTERNAL_ERROR
    for part in (CLIP_ID, ENCODER, "run the stage embed"):
        assert part in result.message


def test_a_waveform_model_hears_exactly_its_regions(loudest: type[Loudest], tmp_path: Path) -> None:
    samples = np.zeros(16_000 * 5, dtype=np.float32)
    samples[16_000 * 3 : 16_000 * 4] = 0.9
    path = write_wav(tmp_path / "a.wav", samples)
    one = clip(region(0, 0.0, 1.5), region(1, 1.5, 1.7), region(2, 2.5, 4.25), embedding(0), audio_path=path)
    rows = rows_of(emotion(models=["loudest"]), one)
    assert loudest.heard == [24_000, 28_000]
    assert [(row.label, row.reason) for row in rows] == [("sad", None), (None, "too_short"), ("angry", None)]
    assert rows[2].arousal == pytest.approx(0.9, abs=0.001)


def test_each_model_has_its_own_rows(loudest: type[Loudest], tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.full(32_000, 0.9, dtype=np.float32))
    rows = rows_of(emotion(models=["starter", "loudest"]), clip(region(), embedding(0), audio_path=path))
    assert [(row.region, row.model) for row in rows] == [(0, "starter"), (0, "loudest")]
    assert rows[1].label == "angry"


def test_lost_audio_is_a_failure_only_where_it_is_needed(loudest: type[Loudest], tmp_path: Path) -> None:
    stage = emotion(models=["loudest"])
    gone = tmp_path / "gone.wav"
    (result,) = stage([clip(region(), audio_path=gone)])
    assert isinstance(result, StageError)
    assert result.reason == Reason.FILE_MISSING
    assert CLIP_ID in result.message
    assert [row.reason for row in rows_of(stage, clip(region(end=0.5), audio_path=gone))] == [Reason.TOO_SHORT]


def test_options_are_checked_and_described() -> None:
    with pytest.raises(ValidationError, match="is called stater; there are: starter, speechbrain-iemocap"):
        EmotionOptions(models=("stater",))
    with pytest.raises(ValidationError, match="named twice"):
        EmotionOptions(models=("starter", "starter"))
    with pytest.raises(ValidationError):
        EmotionOptions(models=())
    assert all(field.description for field in EmotionOptions.model_fields.values())


def test_the_defaults_are_those_of_the_measured_gate() -> None:
    assert EmotionOptions().gate == Gate()
    assert EmotionOptions(min_snr_db=1.5).gate == dataclasses.replace(Gate(), min_snr_db=1.5)
    assert {field.name for field in dataclasses.fields(Gate)} < set(EmotionOptions.model_fields)


def test_the_fingerprint_knows_models_and_libraries() -> None:
    both = EmotionOptions(models=("starter", "speechbrain-iemocap"))
    assert Emotion.models(both, Setting()) == ("starter", "speechbrain-iemocap")
    assert all(name in model_cache.MODELS for name in TONE_MODELS)
    assert set(Emotion.libraries(EmotionOptions(), Setting())) == {"numpy"}
    assert set(Emotion.libraries(both, Setting())) == {"numpy", "torch", "speechbrain", "transformers"}


# ---------------------------------------------------------------- read against the study


def with_reference(folder: Path) -> Setting:
    """A study whose own voices all lie far from the training set."""
    taken = StudyReference(ENCODER, STARTER.mean + 1.0, STARTER.variance * 4, regions=500, authors=50)
    reference.save(taken, folder / "heads" / REFERENCE_FILE)
    return Setting(heads_folder=folder / "heads")


def test_voices_are_read_against_the_study_where_a_reference_was_taken(starter_stage: Emotion, tmp_path: Path) -> None:
    one, setting = clip(region(), embedding(0, STARTER.mean.tolist())), with_reference(tmp_path)
    (plain,) = rows_of(starter_stage, one)
    (read,) = rows_of(Emotion(EmotionOptions(), setting), one)
    assert plain.reference == "training"
    assert read.reference is not None
    assert str(reference.digest(tmp_path / "heads" / REFERENCE_FILE)).startswith(read.reference)
    assert plain.probabilities is not None
    assert read.probabilities is not None
    assert dict(read.probabilities) != pytest.approx(dict(plain.probabilities), abs=1e-3)


def test_a_reference_is_part_of_what_makes_tone_run_again(tmp_path: Path) -> None:
    options, setting = EmotionOptions(), with_reference(tmp_path)
    before = Emotion.own_models(options, Setting(heads_folder=tmp_path / "elsewhere"))
    assert before == {}, "without one, nothing of a stored study runs again"
    assert set(Emotion.own_models(options, setting)) == {"reference"}
    assert Emotion.own_models(EmotionOptions(models=("speechbrain-iemocap",)), setting) == {}, "it reads waveforms"


def test_a_reference_that_cannot_be_used_stops_a_run_before_its_first_clip(tmp_path: Path) -> None:
    setting = with_reference(tmp_path)
    path = tmp_path / "heads" / REFERENCE_FILE
    reference.save(StudyReference("another encoder", STARTER.mean, STARTER.variance, regions=50, authors=5), path)
    with pytest.raises(ModelCorrupt, match="another encoder"):
        Emotion.own_models(EmotionOptions(), setting)
    path.write_bytes(b"damaged")
    with pytest.raises(ModelCorrupt, match="cliptone reference --remove"):
        Emotion.own_models(EmotionOptions(), setting)


def test_models_of_waveforms_have_no_reference(loudest: type[Loudest], tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.full(32_000, 0.9, dtype=np.float32))
    stage = Emotion(EmotionOptions(models=("starter", "loudest")), with_reference(tmp_path))
    rows = rows_of(stage, clip(region(), embedding(0), audio_path=path))
    assert [row.reference is None for row in rows] == [False, True]
