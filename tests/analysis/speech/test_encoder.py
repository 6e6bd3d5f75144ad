"""The speech encoder: which blocks it pools, and what its vectors do and do not depend on."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.speech.ct2_weights import openai_checkpoint
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.media.audio import SAMPLE_RATE, Waveform

pytestmark = pytest.mark.model


@pytest.fixture
def encoder(whisper_encoder: WhisperEncoder) -> WhisperEncoder:
    return whisper_encoder


def voice(seconds: float, seed: int = 0) -> Waveform:
    """A buzzing, wavering tone with noise: no words, but something with a pitch and a spread over time."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 2 * np.pi * np.cumsum(150 + 30 * np.sin(2 * np.pi * 3 * time)) / SAMPLE_RATE
    harmonics = sum(np.sin(number * pitch) / number for number in range(1, 8))
    noise = np.random.default_rng(seed).normal(0, 0.02, time.size)
    return np.asarray(0.1 * harmonics * (1 + 0.5 * np.sin(2 * np.pi * time)) + noise, dtype=np.float32)


def test_one_finite_vector_of_two_means(encoder: WhisperEncoder) -> None:
    embedding = encoder.embed(voice(2))
    assert encoder.name == "whisper-base/block-2/float32/normed/mean-louder"
    assert embedding.shape == (encoder.dims,) == (1024,)
    assert embedding.dtype == np.float32
    assert np.isfinite(embedding).all()
    everything, louder = embedding.reshape(2, 512)
    assert 0.01 < np.abs(everything - louder).mean() < np.abs(everything).mean()


def test_the_louder_frames_leave_out_what_lies_between_words(encoder: WhisperEncoder) -> None:
    """Faint noise in the pauses moves the mean of all frames, and less that of the louder ones."""
    clean = np.concatenate([voice(1.4), np.zeros(SAMPLE_RATE // 2, dtype=np.float32)])
    noisy = clean.copy()
    noisy[-SAMPLE_RATE // 2 :] = np.random.default_rng(3).normal(0, 0.004, SAMPLE_RATE // 2)
    moved = np.abs(encoder.embed(noisy) - encoder.embed(clean)).reshape(2, 512).mean(axis=1)
    assert moved[1] < 0.8 * moved[0]


@pytest.mark.slow
def test_blocks_are_those_of_whisper_counted_from_one(encoder: WhisperEncoder, weights: Path) -> None:
    import torch
    from whisper.audio import log_mel_spectrogram
    from whisper.model import ModelDimensions, Whisper

    checkpoint = openai_checkpoint(weights)
    whole = Whisper(ModelDimensions(**checkpoint["dims"])).eval()
    whole.load_state_dict(checkpoint["model_state_dict"])
    seen: list[torch.Tensor] = []
    for block in whole.encoder.blocks:
        block.register_forward_hook(lambda _module, _given, output: seen.append(output[0]))
    speech = voice(29)  # with its second of silence as long as Whisper's window, so that its own code takes it
    levelled = speech * (10 ** (-23 / 20) / np.sqrt(np.mean(speech**2)))
    with torch.inference_mode():
        mel = log_mel_spectrogram(torch.from_numpy(np.pad(levelled, (0, SAMPLE_RATE))))
        whole.encoder(mel[None])
    loudness = mel.numpy().mean(axis=0)[:-100].reshape(-1, 2).mean(axis=1)
    embedding = encoder.embed(speech)
    for number, output in enumerate(seen, start=1):
        frames = torch.nn.functional.layer_norm(output, output.shape[-1:]).numpy()[:-50]  # 20 ms each: no silence
        louder = frames[loudness >= np.quantile(loudness, 0.4)].mean(0)
        for ours, theirs in ((embedding[:512], frames.mean(0)), (embedding[512:], louder)):
            same = np.allclose(ours, theirs, atol=0.01)
            assert same == (number == 2), number


def test_the_same_speech_gives_the_same_vector(encoder: WhisperEncoder) -> None:
    np.testing.assert_array_equal(encoder.embed(voice(1.3)), encoder.embed(voice(1.3)))


def test_loudness_does_not_matter_but_sound_does(encoder: WhisperEncoder) -> None:
    speech = voice(2)
    reference = encoder.embed(speech)
    quiet = encoder.embed(speech * np.float32(0.01))
    other = encoder.embed(np.random.default_rng(2).normal(0, 0.1, speech.size).astype(np.float32))
    np.testing.assert_allclose(quiet, reference, atol=1e-3)
    assert np.abs(other - reference).max() > 1


@pytest.mark.slow
def test_a_short_and_a_long_clip(encoder: WhisperEncoder) -> None:
    short = encoder.embed(voice(0.3))
    assert short.shape == (1024,)
    assert np.isfinite(short).all()
    window, two = encoder.embed(voice(29)), encoder.embed(np.tile(voice(29), 2))
    np.testing.assert_allclose(two, window, atol=1e-3)  # two equal windows have the same statistics as one
    odd = encoder.embed(voice(29.013))  # the rest is shorter than the encoder can take
    np.testing.assert_allclose(odd, window, atol=0.1)


def test_silence_and_a_click_have_no_vector(encoder: WhisperEncoder) -> None:
    with pytest.raises(ValueError, match="no embedding"):
        encoder.embed(np.zeros(SAMPLE_RATE, dtype=np.float32))
    with pytest.raises(ValueError, match="no embedding"):
        encoder.embed(voice(0.03))
    with pytest.raises(ValueError, match="no embedding"):
        encoder.embed(np.zeros(0, dtype=np.float32))


@pytest.mark.slow
def test_another_block_can_be_chosen(encoder: WhisperEncoder, weights: Path) -> None:
    fourth = WhisperEncoder(weights, block=4)
    assert (fourth.name, fourth.dims) == ("whisper-base/block-4/float32/normed/mean-louder", 1024)
    assert np.abs(fourth.embed(voice(1)) - encoder.embed(voice(1))).mean() > 0.05
    for block in (0, 7):
        with pytest.raises(ValueError, match=f"no block {block}"):
            WhisperEncoder(weights, block=block)


@pytest.mark.slow
def test_a_linear_head_hears_tone_in_speakers_it_never_heard(encoder: WhisperEncoder) -> None:
    """Emo-DB, one speaker left out at a time, four classes, by a plain logistic regression."""
    data = os.environ.get("CLIPTONE_DATA")
    if data is None:
        pytest.skip("CLIPTONE_DATA names no folder with emodb4")
    import soundfile
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import recall_score
    from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folder = Path(data) / "emodb4"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    embeddings: list[NDArray[np.float32]] = []
    for row in rows:
        waveform, sample_rate = soundfile.read(folder / row["file"], dtype="float32")
        assert sample_rate == SAMPLE_RATE
        embeddings.append(encoder.embed(waveform))
    emotions, speakers = [row["emotion"] for row in rows], [row["speaker"] for row in rows]
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000))
    guessed = cross_val_predict(head, np.stack(embeddings), emotions, groups=speakers, cv=LeaveOneGroupOut())
    assert recall_score(emotions, guessed, average="macro") > 0.94
