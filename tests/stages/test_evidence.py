"""Stage `evidence`: rows of speech, music and tags on clips whose content is known."""

from __future__ import annotations

import dataclasses
import os
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.sound.tags import ANIMALS, TagScores
from pipeline.analysis.sound.vocal_events import KINDS
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import Reason, StageError
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Clip, EvidenceRow, Row, SoundGapRow, SoundTagRow, Source, SpeechRegionRow
from pipeline.research.data import data_folder
from pipeline.research.evidence import material, synthetic, voices
from pipeline.stage import Setting
from pipeline.stages import evidence
from pipeline.stages.evidence import Evidence, EvidenceOptions
from tests.support.paths import DEMO_CLIPS

CLIPS = DEMO_CLIPS
MakeClip = Callable[[Waveform], Clip]


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    def make(waveform: Waveform) -> Clip:
        path = tmp_path / "audio.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((np.clip(waveform, -1, 1) * 32767).astype("<i2").tobytes())
        return Clip("file:a.mp4", Source("file", "/a.mp4", ""), None, path)

    return make


@pytest.fixture
def no_tagger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "find", lambda *_: None)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Waveform:
    """A man reading, without pauses around him."""
    path = tmp_path_factory.mktemp("speech") / "audio.wav"
    ffmpeg.decode(CLIPS / "english_clear.mp4", path, 60.0)
    return audio.read_audio(path)[SAMPLE_RATE : 16 * SAMPLE_RATE]


@pytest.fixture(scope="module")
def with_yamnet() -> Evidence:
    if model_cache.find("yamnet") is None:
        pytest.skip("YAMNet is not on this machine: install the extra `starter`")
    return Evidence(EvidenceOptions(), Setting())


def rows_of(stage: Evidence, clip: Clip) -> tuple[EvidenceRow, list[SpeechRegionRow], list[SoundTagRow]]:
    (result,) = stage([clip])
    assert not isinstance(result, StageError)
    for row in result:
        assert_no_nan(row)
    (summary,) = (row for row in result if isinstance(row, EvidenceRow))
    regions = [row for row in result if isinstance(row, SpeechRegionRow)]
    tags = [row for row in result if isinstance(row, SoundTagRow)]
    return summary, regions, tags


def means(rows: list[SpeechRegionRow], name: str) -> float:
    """Mean of a measure over the regions that have it."""
    return float(np.mean([getattr(row, name) for row in rows if getattr(row, name) is not None]))


def assert_no_nan(row: Row) -> None:
    for value in dataclasses.astuple(row):  # type: ignore[call-overload]
        assert not isinstance(value, np.generic), "rows hold Python's own numbers"
        assert not (isinstance(value, float) and np.isnan(value))


@pytest.mark.parametrize("seconds", [0.3, 5.0])
def test_silence_is_a_passed_clip_without_speech(with_yamnet: Evidence, make_clip: MakeClip, seconds: float) -> None:
    clip = make_clip(np.zeros(round(seconds * SAMPLE_RATE), np.float32))
    summary, regions, tags = rows_of(with_yamnet, clip)
    assert (summary.speech_s, summary.speech_share, summary.music_share) == (0.0, 0.0, 0.0)
    assert summary.snr_db is None
    assert regions == []
    assert [row.tag for row in tags] == ["Silence"]


def test_music_alone_is_music_and_no_speech(with_yamnet: Evidence, make_clip: MakeClip) -> None:
    summary, regions, tags = rows_of(with_yamnet, make_clip(synthetic.band(10.0, 1)))
    assert regions == []
    assert summary.music_share is not None
    assert summary.music_share > 0.9
    assert summary.music_reason is None
    assert summary.tagger == "yamnet"
    music = next(row for row in tags if row.tag == "Music")
    assert 0.5 < music.mean_score <= music.max_score <= 1.0
    assert 0.0 <= music.max_at_s < 10.0


def test_speech_then_music_have_their_own_times(with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform) -> None:
    half_s = speech.size / SAMPLE_RATE
    summary, regions, tags = rows_of(
        with_yamnet, make_clip(np.concatenate([speech, 0.2 * synthetic.band(half_s, 1) / 0.07]))
    )
    by_tag = {row.tag: row for row in tags}
    assert 0.3 < summary.speech_share < 0.55
    assert summary.music_share == pytest.approx(0.5, abs=0.15)
    assert by_tag["Speech"].max_at_s < half_s < by_tag["Music"].max_at_s + 0.5
    first = regions[0]
    assert first.speech_score is not None
    assert first.music_score is not None
    assert first.speech_score > 0.8 > 0.1 > first.music_score
    assert first.level_dbfs is not None
    assert -60 < first.level_dbfs < 0


@pytest.mark.slow
def test_regions_are_numbered_and_add_up(with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform) -> None:
    gap = np.zeros(SAMPLE_RATE, np.float32)
    clip = make_clip(np.concatenate([speech, gap, speech, gap, speech]))
    summary, regions, _ = rows_of(with_yamnet, clip)
    assert [row.region for row in regions] == list(range(len(regions)))
    assert len(regions) >= 3
    assert summary.speech_s == pytest.approx(sum(row.end_s - row.start_s for row in regions))
    assert with_yamnet([clip]) == with_yamnet([clip])


def test_gaps_in_the_sound_are_no_background(with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform) -> None:
    noise = 0.01 * synthetic.pink_noise(12.0, 0)
    noise[4 * SAMPLE_RATE : 8 * SAMPLE_RATE] += synthetic.at_level(speech[: 4 * SAMPLE_RATE])
    late = make_clip(np.concatenate([np.zeros(20 * SAMPLE_RATE, np.float32), noise]))
    assert rows_of(with_yamnet, late)[0].snr_db is None
    gap = SoundGapRow(late.clip_id, 0, 0.0, 20.0, "late_sound")
    known = dataclasses.replace(late, stored={SoundGapRow.table: [gap]})
    assert rows_of(with_yamnet, known)[0].snr_db is not None


def test_noise_lowers_the_snr(with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform) -> None:
    quiet = np.zeros(8 * SAMPLE_RATE, np.float32)
    clip = np.concatenate([quiet, synthetic.at_level(speech), quiet])
    noise = synthetic.pink_noise(clip.size / SAMPLE_RATE, 0)[: clip.size]
    ratios = [rows_of(with_yamnet, make_clip(clip + 10 ** (-snr / 20) * noise))[0].snr_db for snr in (30, 20, 10)]
    assert ratios == pytest.approx([30.0, 20.0, 10.0], abs=2.0)


def test_every_region_carries_its_evidence(with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform) -> None:
    clean = rows_of(with_yamnet, make_clip(speech))[1]
    noise = synthetic.white_noise(speech.size / SAMPLE_RATE, 0)[: speech.size]
    noisy = rows_of(with_yamnet, make_clip(synthetic.mix(speech, noise, 0.0)))[1]
    loud = rows_of(with_yamnet, make_clip(30 * speech))[1]
    for row in (*clean, *noisy, *loud):
        shares = (row.speech_probability, row.speech_score, row.music_score, row.singing_score, row.clipping_share)
        assert all(share is not None and 0 <= share <= 1 for share in shares)
        assert row.snr_db is not None or row.end_s - row.start_s < 0.3
    assert means(noisy, "snr_db") < 6 < 12 < means(clean, "snr_db")
    assert means(clean, "speech_probability") > 0.7
    assert means(clean, "clipping_share") < 0.001 < 0.05 < means(loud, "clipping_share")


def test_a_crowd_is_no_single_voice(with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform) -> None:
    rng = np.random.default_rng(0)
    crowd = np.sum([np.roll(speech, rng.integers(speech.size)) for _ in range(16)], axis=0)
    _, regions, _ = rows_of(with_yamnet, make_clip(synthetic.at_level(crowd)))
    assert regions, "voice activity hears a crowd"
    assert {Gate().obstacle(row) for row in regions if row.end_s - row.start_s >= 1} == {Reason.LOW_SNR}


@pytest.fixture(scope="module")
def with_witness(with_yamnet: Evidence) -> Evidence:
    if model_cache.find("firered-aed") is None:
        pytest.skip("the second witness is not on this machine: install the extra `starter`")
    return with_yamnet


def test_speech_that_voice_activity_loses_is_found_by_the_others(
    with_witness: Evidence, make_clip: MakeClip, speech: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rows_of(with_witness, make_clip(speech))[0]
    monkeypatch.setattr(evidence, "speech_probabilities", lambda x: np.zeros(x.size // 512 + 1, np.float32))
    summary, regions, _ = rows_of(with_witness, make_clip(speech))
    assert summary.speech_s > 0.85 * found.speech_s
    assert summary.uncertain_speech_s == pytest.approx(summary.speech_s)
    for region in regions:
        assert region.voice_witnesses is not None
        assert "silero" not in region.voice_witnesses
        assert region.witness_probability is not None
    assert None in {Gate().obstacle(region) for region in regions}, "it is as good evidence as any other"
    assert {region.voice_witnesses for region in regions if region.end_s - region.start_s > 1} == {
        ("yamnet", "firered-aed")
    }


@pytest.mark.parametrize("order", voices.LPC_ORDERS)
def test_whispered_speech_is_found(with_witness: Evidence, make_clip: MakeClip, speech: Waveform, order: int) -> None:
    whisper = synthetic.at_level(voices.whispered(speech, 1, order), -30.0)
    summary, _, _ = rows_of(with_witness, make_clip(whisper))
    assert summary.speech_share > 0.5


# On some processors the tagger takes a made cat for a child that cries: `measure_voices` counts how often.
@pytest.mark.parametrize("name", ["dog", "bird", *synthetic.MUSIC, *synthetic.NOISE])
def test_animals_music_and_noise_are_no_speech(with_witness: Evidence, make_clip: MakeClip, name: str) -> None:
    make = (voices.ANIMALS | synthetic.MUSIC | synthetic.NOISE)[name]
    for seed in (21, 22):
        summary, _, _ = rows_of(with_witness, make_clip(make(6.0, seed)))
        assert summary.speech_share < 0.05


def test_a_clip_without_regions_says_whether_somebody_may_speak(
    with_witness: Evidence, make_clip: MakeClip, speech: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rows_of(with_witness, make_clip(synthetic.band(6.0, 3)))[0].speech_reason == "no_speech"
    monkeypatch.setattr(evidence, "speech_regions", lambda *_: [])
    summary, _, _ = rows_of(with_witness, make_clip(speech))
    assert summary.speech_reason == "speech_uncertain"
    assert summary.uncertain_speech_s is not None
    assert summary.uncertain_speech_s > 1.0


def test_regions_that_everybody_hears_are_certain(
    with_witness: Evidence, make_clip: MakeClip, speech: Waveform
) -> None:
    summary, regions, _ = rows_of(with_witness, make_clip(speech))
    long = [region for region in regions if region.end_s - region.start_s > 1]
    assert {region.voice_witnesses for region in long} == {("silero", "yamnet", "firered-aed")}
    assert summary.speech_reason is None
    assert summary.voice_witness == "firered-aed"
    assert (summary.witness_music_share, summary.witness_singing_share) == pytest.approx((0.0, 0.0), abs=0.1)


def test_without_a_second_witness_its_columns_are_null(make_clip: MakeClip, speech: Waveform) -> None:
    stage = Evidence(EvidenceOptions(tagger="none", voice_witness="none"), Setting())
    summary, regions, _ = rows_of(stage, make_clip(speech))
    assert (summary.voice_witness, summary.witness_music_share, summary.witness_singing_share) == (None, None, None)
    assert {region.witness_probability for region in regions} == {None}
    assert {region.voice_witnesses for region in regions} == {("silero",)}
    assert summary.uncertain_speech_s == 0.0


def assert_nothing_to_score(stage: Evidence, make_clip: MakeClip, sounds: dict[str, Waveform]) -> None:
    assert len(sounds) >= 40
    for name, waveform in sounds.items():
        _, regions, _ = rows_of(stage, make_clip(waveform))
        assert all(Gate().obstacle(row) for row in regions), name


@pytest.mark.slow
def test_forty_sounds_without_a_voice_give_nothing_to_score(with_yamnet: Evidence, make_clip: MakeClip) -> None:
    kinds = synthetic.MUSIC | synthetic.NOISE
    sounds = {f"{name} {seed}": make(6.0, seed) for name, make in kinds.items() for seed in range(6)}
    sounds |= {f"hiss {seed}": 0.01 * synthetic.white_noise(6.0, seed) for seed in range(4)}
    assert_nothing_to_score(with_yamnet, make_clip, sounds | {"silence": np.zeros(96_000, np.float32)})


@pytest.mark.slow
def test_the_material_without_a_voice_in_front_gives_nothing_to_score(
    with_yamnet: Evidence, make_clip: MakeClip
) -> None:
    if "CLIPTONE_DATA" not in os.environ:
        pytest.skip("CLIPTONE_DATA names no folder of speech to make crowds of")
    sounds = {sound.file: waveform for sound, waveform in material.alone(data_folder(material.ACTED, material.READ))}
    assert any("crowd" in name for name in sounds)
    assert_nothing_to_score(with_yamnet, make_clip, sounds)


def test_singing_is_told_apart_from_music(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sung:
        name = "sung"

        def tag(self, waveform: Waveform) -> TagScores:
            wanted = ("Speech", "Speech synthesizer", "Singing", "Humming", "Music", "Scary music")
            others = dict.fromkeys(name for family in (ANIMALS, *KINDS.values()) for pair in family for name in pair)
            labels = (*wanted, *others)
            scores = np.zeros((2, len(labels)), np.float32)
            scores[:, : len(wanted)] = [[0.1, 0, 0.8, 0, 0.2, 0], [0.1, 0, 0.1, 0, 0.9, 0]]
            return TagScores(labels, scores, (0.0, 5.0), 5.0)

    stage = Evidence(EvidenceOptions(tagger="none"), Setting())
    monkeypatch.setattr(stage, "_tagger", Sung())
    monkeypatch.setattr(evidence, "speech_regions", lambda *_: [(0.0, 5.0), (5.0, 10.0)])
    summary, (sung, music), _ = rows_of(stage, make_clip(synthetic.band(10.0, 1)))
    assert (summary.singing_share, summary.music_share) == (0.5, 0.5)
    assert (sung.singing_score, sung.music_score) == pytest.approx((0.8, 0.2))
    assert (Gate().obstacle(sung), Gate().obstacle(music)) == (Reason.UNCERTAIN_SPEECH, Reason.UNCERTAIN_SPEECH)
    heard = [dataclasses.replace(row, speech_probability=0.9) for row in (sung, music)]
    assert [Gate().obstacle(row) for row in heard] == [Reason.SINGING, Reason.MUSIC_OVER_SPEECH]


@pytest.mark.parametrize("spoil", ["telephone", "clipped", "two voices", "whispered", "sung"])
def test_spoilt_speech_is_heard_or_left_out_and_never_an_error(
    spoil: str, with_yamnet: Evidence, make_clip: MakeClip, speech: Waveform
) -> None:
    """Phone sound, clipping, a second voice, breath in the place of a voice, and notes held for half a second."""
    time = np.arange(speech.size) / SAMPLE_RATE
    envelope = np.sqrt(np.convolve(speech**2, np.ones(320) / 320, "same"))
    telephone = np.repeat(speech[::2], 2)[: speech.size]
    waveform = {
        "telephone": telephone,
        "clipped": np.clip(100 * speech, -1, 1),
        "two voices": speech + np.roll(speech, speech.size // 2),
        "whispered": envelope * np.random.default_rng(0).standard_normal(speech.size),
        "sung": envelope * np.sin(2 * np.pi * np.cumsum(220 * 2 ** (np.floor(2 * time) % 5 / 12)) / SAMPLE_RATE),
    }[spoil]
    _, regions, _ = rows_of(with_yamnet, make_clip(waveform.astype(np.float32)))
    if spoil in {"telephone", "clipped", "two voices"}:
        assert regions
    if spoil == "clipped":
        assert {Gate().obstacle(row) for row in regions} <= {Reason.CLIPPED, Reason.TOO_SHORT}
    if spoil == "telephone":
        assert None in {Gate().obstacle(row) for row in regions}, "an old phone is still a voice"


def test_a_region_of_twenty_milliseconds_has_what_can_be_known(
    make_clip: MakeClip, speech: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "speech_regions", lambda *_: [(2.0, 2.02)])
    _, (region,), _ = rows_of(Evidence(EvidenceOptions(tagger="none"), Setting()), make_clip(speech))
    assert region.snr_db is None
    assert region.level_dbfs is not None
    assert region.speech_probability is not None
    assert Gate().obstacle(region) is Reason.TOO_SHORT


def test_without_a_tagger_music_is_unknown_with_a_reason(make_clip: MakeClip) -> None:
    stage = Evidence(EvidenceOptions(tagger="none"), Setting())
    summary, regions, tags = rows_of(stage, make_clip(synthetic.band(3.0, 1)))
    assert (summary.music_share, summary.music_reason, summary.tagger) == (None, Reason.NO_TAGGER.value, None)
    assert summary.singing_share is None
    assert tags == []
    assert all((row.speech_score, row.music_score) == (None, None) for row in regions)


@pytest.mark.usefixtures("no_tagger")
def test_auto_goes_without_a_tagger_rather_than_fetch_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_cache, "pull", lambda name: pytest.fail(f"{name} was fetched"))
    assert Evidence.models(EvidenceOptions(), Setting()) == ()
    Evidence(EvidenceOptions(), Setting())


def test_auto_takes_what_is_here_and_a_named_tagger_is_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model_cache, "find", lambda name, _folder: tmp_path if name == "ast" else None)
    assert Evidence.models(EvidenceOptions(), Setting()) == ("ast",)
    assert Evidence.models(EvidenceOptions(voice_witness="firered-aed"), Setting()) == ("ast", "firered-aed")
    assert Evidence.models(EvidenceOptions(tagger="yamnet"), Setting()) == ("yamnet",)
    assert Evidence.models(EvidenceOptions(tagger="none"), Setting()) == ()
    assert "transformers" in Evidence.libraries(EvidenceOptions(), Setting())
    assert "transformers" not in Evidence.libraries(EvidenceOptions(tagger="none"), Setting())


def test_the_tag_floor_decides_what_is_stored(make_clip: MakeClip) -> None:
    if model_cache.find("yamnet") is None:
        pytest.skip("YAMNet is not on this machine: install the extra `starter`")
    clip = make_clip(synthetic.band(5.0, 1))
    _, _, few = rows_of(Evidence(EvidenceOptions(tag_floor=0.5), Setting()), clip)
    _, _, many = rows_of(Evidence(EvidenceOptions(tag_floor=0.02), Setting()), clip)
    assert all(row.max_score >= 0.5 for row in few)
    assert {row.tag for row in few} < {row.tag for row in many}
    assert len({row.tag for row in many}) == len(many)


def test_an_empty_waveform_fails_with_a_reason(make_clip: MakeClip) -> None:
    (result,) = Evidence(EvidenceOptions(tagger="none"), Setting())([make_clip(np.zeros(0, np.float32))])
    assert isinstance(result, StageError)
    assert result.reason is Reason.NO_AUDIO
    assert "file:a.mp4" in result.message


@pytest.mark.parametrize("wrong", [{"tagger": "vggish"}, {"speech_threshold": 1.5}, {"max_region_s": 0}, {"hop": 1}])
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EvidenceOptions(**wrong)  # type: ignore[arg-type]
