"""The hub model's code path, on a small look-alike with random weights in the real format on disk."""

from __future__ import annotations

import os
import pickle
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.classifier import load_wav2vec2
from pipeline.analysis.tone.model import IemocapTone
from pipeline.errors import ModelCorrupt, UserError
from pipeline.records import Clip, EmotionRow, Source, SpeechRegionRow
from pipeline.stage import Setting
from pipeline.stages.emotion import Emotion, EmotionOptions
from pipeline.study.files import sha256_of
from tests.support.look_alike import HIDDEN, LABELS, NAME, REAL, YAML, make_look_alike, pin


def speech(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    return (0.1 * generator.normal(size=round(seconds * 16_000))).astype(np.float32)


@pytest.fixture(scope="module")
def look_alike(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    root = tmp_path_factory.mktemp("models")
    return root, make_look_alike(root / NAME, tmp_path_factory.mktemp("scratch"))


@pytest.mark.parametrize("name", ["hyperparams.yaml", "label_encoder.txt"])
def test_the_look_alike_follows_the_published_files(name: str) -> None:
    pinned = {file.name: file.sha256 for file in model_cache.MODELS[NAME].files}
    assert sha256_of(REAL / name) == pinned[name]


def test_speechbrain_writes_the_published_label_order(look_alike: tuple[Path, Any]) -> None:
    root, _ = look_alike
    assert (root / NAME / "label_encoder.txt").read_bytes() == (REAL / "label_encoder.txt").read_bytes()


def copy_of(folder: Path, target: Path, **replaced: bytes) -> Path:
    """A copy of a model's folder with some files (named without their ending) replaced."""
    target.mkdir(parents=True)
    for path in folder.iterdir():
        (target / path.name).write_bytes(replaced.get(path.stem, path.read_bytes()))
    return target


def test_scores_are_those_of_speechbrains_own_modules(look_alike: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    root, chained = look_alike
    pin(monkeypatch, root / NAME)
    folder = model_cache.find(NAME, root)
    assert folder == root / NAME
    model = IemocapTone(folder)
    said = set()
    for seed, seconds in enumerate((0.3, 1.0, 2.5, 6.0)):
        waveform = speech(seconds, seed) + 0.01  # an offset, which standardising must remove
        tone = model.score(waveform)
        assert tone.probabilities is not None
        assert tuple(tone.probabilities) == model_cache.MODELS[NAME].labels == ("neutral", "angry", "happy", "sad")
        assert list(tone.probabilities.values()) == pytest.approx(chained(waveform), abs=1e-5)
        assert sum(tone.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
        assert tone.probability == tone.probabilities[str(tone.label)] == max(tone.probabilities.values())
        assert (tone.arousal, tone.valence, tone.dominance) == (None, None, None)
        said.add(round(float(tone.probability), 6))
    assert len(said) == 4, "the score does not depend on the waveform"


def test_the_stage_runs_it_from_the_clips_audio(
    look_alike: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, chained = look_alike
    pin(monkeypatch, root / NAME)
    samples = speech(4.0)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, samples.size, "NONE", ""))
        file.writeframes((samples * 32768).astype("<i2").tobytes())
    region = SpeechRegionRow("file:a", 0, 1.0, 3.5, level_dbfs=-20.0, speech_score=None, music_score=None)
    clip = Clip("file:a", Source("file", "a", ""), None, tmp_path / "a.wav", stored={"speech_regions": [region]})
    stage = Emotion(EmotionOptions(models=(NAME,)), Setting(models_folder=root))
    ((row,),) = stage([clip])
    assert isinstance(row, EmotionRow)
    assert (row.model, row.status, row.reason) == (NAME, "scored", None)
    assert list((row.probabilities or {}).values()) == pytest.approx(chained(samples[16_000:56_000]), abs=1e-3)


def test_shapes(look_alike: Any) -> None:
    import torch

    classifier = load_wav2vec2(look_alike[0] / NAME)
    waveforms = torch.from_numpy(np.stack([speech(1.0, 1), speech(1.0, 2), speech(1.0, 3)]))
    assert classifier.encode_batch(waveforms).shape == (3, HIDDEN)
    probabilities = classifier(waveforms)
    assert probabilities.shape == (3, LABELS)
    assert probabilities.dtype == torch.float64
    assert not any(parameter.requires_grad for parameter in classifier.parameters())


def test_a_region_has_one_score_whatever_is_scored_beside_it(look_alike: Any) -> None:
    model = IemocapTone(look_alike[0] / NAME)
    alone = model.score(speech(1.0, 1))
    model.score(speech(5.0, 2))
    assert model.score(speech(1.0, 1)) == alone


def test_silence_has_finite_scores(look_alike: Any) -> None:
    tone = IemocapTone(look_alike[0] / NAME).score(np.zeros(16_000, dtype=np.float32))
    assert tone.probabilities is not None
    assert np.isfinite(list(tone.probabilities.values())).all()


def test_checkpoints_from_before_torch_2_load(look_alike: Any, tmp_path: Path) -> None:
    import torch

    root, chained = look_alike
    renamed = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = torch.load(root / NAME / "wav2vec2.ckpt", weights_only=True)
    for new, old in renamed.items():
        weights[f"model.encoder.pos_conv_embed.conv.{old}"] = weights.pop(f"model.encoder.pos_conv_embed.conv.{new}")
    folder = copy_of(root / NAME, tmp_path / NAME)
    torch.save(weights, folder / "wav2vec2.ckpt")
    waveform = speech(1.0)
    tone = IemocapTone(folder).score(waveform)
    assert list((tone.probabilities or {}).values()) == pytest.approx(chained(waveform), abs=1e-5)


def test_a_file_with_another_digest_is_refused(
    look_alike: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, look_alike[0] / NAME)
    copy_of(look_alike[0] / NAME, tmp_path / NAME, label_encoder=b"'ang' => 0\n")
    with pytest.raises(ModelCorrupt, match=r"label_encoder\.txt"):
        model_cache.find(NAME, tmp_path)


def test_settings_that_would_run_code_are_refused(look_alike: Any, tmp_path: Path) -> None:
    text = YAML + "extra: !apply:os.system [echo]\n"
    folder = copy_of(look_alike[0] / NAME, tmp_path / NAME, hyperparams=text.encode())
    with pytest.raises(UserError, match=r"os\.system"):
        IemocapTone(folder)


class Payload:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


def test_a_checkpoint_that_would_run_code_is_refused_and_not_run(look_alike: Any, tmp_path: Path) -> None:
    target = tmp_path / "was_run"
    folder = copy_of(look_alike[0] / NAME, tmp_path / NAME, model=pickle.dumps(Payload(target), protocol=2))
    with pytest.raises(UserError, match=r"model\.ckpt holds more than tensors"):
        IemocapTone(folder)
    assert not target.exists()


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("hyperparams", YAML.replace("facebook/wav2vec2-base", "facebook/wav2vec2-large-lv60"), "only facebook"),
        ("hyperparams", YAML.replace("encoder_dim: 128", "encoder_dim: 64"), "does not fit the sizes"),
        ("label_encoder", "'ang' => 0\n================\n'starting_index' => 0\n", "does not name 4 labels"),
    ],
)
def test_files_that_do_not_belong_together_are_an_error(
    part: str, content: str, message: str, look_alike: Any, tmp_path: Path
) -> None:
    folder = copy_of(look_alike[0] / NAME, tmp_path / NAME, **{part: content.encode()})
    with pytest.raises(UserError, match=message):
        IemocapTone(folder)


def test_another_checkpoint_in_place_of_wav2vec2_is_an_error(look_alike: Any, tmp_path: Path) -> None:
    other = (look_alike[0] / NAME / "model.ckpt").read_bytes()
    with pytest.raises(UserError, match=r"not a wav2vec 2\.0"):
        IemocapTone(copy_of(look_alike[0] / NAME, tmp_path / NAME, wav2vec2=other))
