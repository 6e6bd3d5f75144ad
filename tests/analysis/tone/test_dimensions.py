"""The model of dimensions on a small look-alike with random weights in the real format on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.dimensions import OdysseyTone
from pipeline.errors import UserError
from pipeline.media.audio import Waveform
from pipeline.stages.emotion import TONE_MODELS
from tests.support.wavlm_look_alike import CONFIG, make_odyssey

NAME = "odyssey-dimensions"


def speech(seconds: float, seed: int = 0, level: float = 0.1) -> Waveform:
    return (level * np.random.default_rng(seed).normal(size=round(seconds * 16_000))).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Callable[[Waveform], list[float]]]:
    folder = tmp_path_factory.mktemp("models") / NAME
    return folder, make_odyssey(folder)


def copy_of(folder: Path, target: Path, **config: Any) -> Path:
    """A copy of a model's folder whose settings differ; None takes one away."""
    target.mkdir(parents=True)
    (target / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    settings = {key: value for key, value in (CONFIG | config).items() if value is not None}
    (target / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    return target


def test_scores_are_those_of_the_published_arithmetic(made: Any) -> None:
    folder, published = made
    model = OdysseyTone(folder)
    said = set()
    for seed, seconds in enumerate((0.5, 1.0, 2.5, 6.0)):
        waveform = speech(seconds, seed)
        tone = model.score(waveform)
        expected = np.clip(published(waveform), 0.0, 1.0)
        # in the order of id2label: arousal, dominance, valence
        assert [tone.arousal, tone.dominance, tone.valence] == pytest.approx(list(expected), abs=1e-5)
        assert (tone.label, tone.probability, tone.probabilities) == (None, None, None)
        said.add(round(float(tone.arousal or 0), 6))
    assert len(said) == 4, "the score does not depend on the waveform"


def test_it_is_a_tone_model_of_the_catalogue(made: Any) -> None:
    assert TONE_MODELS[NAME] is OdysseyTone
    assert (OdysseyTone.reads, OdysseyTone(made[0]).encoder) == ("waveform", None)
    entry = model_cache.get(NAME)
    assert entry.licence == "MIT"
    assert {file.name for file in entry.files} == {"config.json", "model.safetensors"}
    assert model_cache.find(NAME, made[0].parent) == made[0]


def test_the_order_of_the_outputs_is_that_of_the_settings(made: Any, tmp_path: Path) -> None:
    swapped = {"0": "valence", "1": "arousal", "2": "dominance"}
    other = OdysseyTone(copy_of(made[0], tmp_path / NAME, id2label=swapped)).score(speech(1.0))
    tone = OdysseyTone(made[0]).score(speech(1.0))
    assert (other.valence, other.arousal, other.dominance) == (tone.arousal, tone.dominance, tone.valence)


@pytest.mark.parametrize("waveform", [np.zeros(16_000, np.float32), speech(1.0, level=30.0)], ids=["silence", "loud"])
def test_whatever_comes_in_the_dimensions_lie_between_0_and_1(made: Any, waveform: Waveform) -> None:
    tone = OdysseyTone(made[0]).score(waveform)
    for value in (tone.arousal, tone.valence, tone.dominance):
        assert value is not None
        assert 0.0 <= value <= 1.0


def test_values_beyond_the_scale_are_cut(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    make_odyssey(tmp_path / NAME)
    path = tmp_path / NAME / "model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}  # the file is mapped, not read
    save_file({**weights, "ser_model.out.0.bias": torch.tensor([9.0, -9.0, 0.5])}, path)
    tone = OdysseyTone(tmp_path / NAME).score(speech(1.0))
    assert (tone.arousal, tone.dominance) == (1.0, 0.0)


def test_a_region_has_one_score_whatever_is_scored_beside_it(made: Any) -> None:
    model = OdysseyTone(made[0])
    alone = model.score(speech(1.0, 1))
    model.score(speech(5.0, 2))
    assert model.score(speech(1.0, 1)) == alone


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"ssl_type": "microsoft/wavlm-base"}, "only microsoft/wavlm-large"),
        ({"mean": None, "std": None}, "does not say mean, std"),
        ({"id2label": {"0": "arousal", "1": "valence", "2": "joy"}}, "names the outputs"),
        ({"classifier_hidden_layers": 2}, "does not fit config.json"),
    ],
)
def test_settings_of_another_model_are_an_error(made: Any, tmp_path: Path, config: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        OdysseyTone(copy_of(made[0], tmp_path / NAME, **config))


def test_files_that_are_broken_or_of_another_model_are_an_error(made: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy_of(made[0], tmp_path / NAME)
    weights = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        OdysseyTone(folder)
    weights.pop("ssl_model.encoder.layers.1.attention.q_proj.weight")
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(UserError, match="not a WavLM of the large family"):
        OdysseyTone(folder)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        OdysseyTone(folder)
