"""YAMNet names what sounds: its front end, and the tags of music, noise, silence and speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.sound.tagger import TAGGERS, SoundTagger
from pipeline.analysis.sound.tags import MUSIC, SPEECH, TagScores
from pipeline.analysis.sound.yamnet_tagger import log_mel, mel_weights
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence import synthetic
from tests.support.paths import DEMO_CLIPS


@pytest.fixture(scope="module")
def tagger() -> SoundTagger:
    folder = model_cache.find("yamnet")
    if folder is None:
        pytest.skip("YAMNet is not on this machine: install the extra `starter`")
    return TAGGERS["yamnet"](folder)


def top(tags: TagScores) -> str:
    return tags.labels[int(tags.scores.mean(axis=0).argmax())]


def test_the_tagger_has_the_name_of_its_model(tagger: SoundTagger) -> None:
    assert tagger.name == "yamnet"


def test_a_tone_falls_into_the_mel_band_of_its_frequency() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    weights = mel_weights()
    bands = [
        int(log_mel(np.sin(2 * np.pi * hertz * time).astype(np.float32), weights).mean(axis=0).argmax())
        for hertz in (200, 1000, 4000)
    ]
    assert weights.shape == (257, 64)
    # 64 bands evenly on the HTK mel scale from 125 Hz (185 mel) to 7500 Hz (2774 mel): 40 mel apart
    assert bands == pytest.approx([2, 20, 49], abs=1)


#: Whatever hisses: which of them white noise comes closest to differs between processors.
HISSING = {"White noise", "Pink noise", "Noise", "Static", "Hiss", "Spray", "Steam", "Liquid", "Waterfall", "Rain"}


@pytest.mark.parametrize(("name", "heard"), [("arpeggio", {"Music"}), ("chords", {"Music"}), ("white noise", HISSING)])
def test_the_top_tag_is_what_sounds(tagger: SoundTagger, name: str, heard: set[str]) -> None:
    tags = tagger.tag((synthetic.MUSIC | synthetic.NOISE)[name](10.0, 1))
    assert top(tags) in heard
    assert tags.family(SPEECH).max() < 0.3
    assert (tags.family(MUSIC).max() > 0.5) == (heard == {"Music"})


def test_silence_is_silence(tagger: SoundTagger) -> None:
    tags = tagger.tag(np.zeros(5 * SAMPLE_RATE, np.float32))
    assert top(tags) == "Silence"
    assert tags.family(MUSIC).max() < 0.05
    assert tags.family(SPEECH).max() < 0.05


def test_speech_is_speech_until_music_drowns_it(tagger: SoundTagger, tmp_path: Path) -> None:
    clip = DEMO_CLIPS / "english_clear.mp4"
    ffmpeg.decode(clip, tmp_path / "audio.wav", 60.0)
    speech = audio.read_audio(tmp_path / "audio.wav")
    clean = tagger.tag(speech)
    drowned = tagger.tag(synthetic.mix(speech, synthetic.band(speech.size / SAMPLE_RATE, 0), -5.0))
    assert top(clean) == "Speech"
    assert clean.family(SPEECH).mean() > 0.8 > 0.05 > clean.family(MUSIC).mean()
    assert drowned.family(MUSIC).mean() > 0.8 > 0.2 > drowned.family(SPEECH).mean()


@pytest.mark.parametrize("samples", [1, 4_800, 15_600, 15_601, 40_000, 480_000])
def test_windows_cover_the_clip(tagger: SoundTagger, samples: int) -> None:
    tags = tagger.tag(synthetic.pink_noise(30.0, 0)[:samples])
    starts = np.array(tags.starts_s)
    assert tags.scores.shape == (len(starts), 521)
    assert len(set(tags.labels)) == 521
    assert starts[0] == 0
    assert np.all(np.diff(starts) > 0)
    assert np.all(np.diff(starts) <= 0.48 + 1e-9)
    # what remains behind the last window is shorter than one hop of the front end
    assert starts[-1] + tags.window_s > samples / SAMPLE_RATE - 0.01
    assert np.all((tags.scores >= 0) & (tags.scores <= 1))


def test_the_same_waveform_gives_the_same_scores(tagger: SoundTagger) -> None:
    waveform = synthetic.band(5.0, 2)
    assert np.array_equal(tagger.tag(waveform).scores, tagger.tag(waveform).scores)
