"""Tone over time on a small look-alike with random weights in the real format on disk."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.tone.diarization import FRAME_S, TIMELINE_MODELS, SpeechBrainTimeline
from pipeline.errors import UserError
from pipeline.media.audio import Waveform
from pipeline.study.files import sha256_of
from tests.support.wavlm_look_alike import LABELS_FILE, YAML, make_timeline

pytestmark = pytest.mark.slow
NAME = "speechbrain-timeline"


def speech(seconds: float, seed: int = 0) -> Waveform:
    draw = np.random.default_rng(seed)
    swell = np.repeat(draw.uniform(0.01, 0.3, size=round(seconds * 10)), 1_600)
    return (swell * draw.normal(size=swell.size)).astype(np.float32) + np.float32(0.01)  # an offset, to be removed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("models") / NAME
    return folder, make_timeline(folder, tmp_path_factory.mktemp("scratch"))


def copy_of(folder: Path, target: Path, **replaced: bytes) -> Path:
    """A copy of a model's folder with some files (named without their ending) replaced."""
    target.mkdir(parents=True)
    for path in folder.iterdir():
        (target / path.name).write_bytes(replaced.get(path.stem, path.read_bytes()))
    return target


def test_spans_are_those_of_speechbrains_own_interface(made: Any) -> None:
    folder, published = made
    model = SpeechBrainTimeline(folder)
    heard = set()
    for seed, seconds in enumerate((1.0, 3.0, 5.0)):
        waveform = speech(seconds, seed)
        spans = model.spans(waveform)
        for span, expected in zip(spans, published(waveform), strict=True):
            assert span.label[0] == expected["emotion"], "n, h, s and a are neutral, happy, sad and angry"
            assert (span.start_s, span.end_s) == pytest.approx((expected["start"], expected["end"]), abs=0.011)
            assert 0.25 <= span.probability <= 1.0, "the most probable of four labels"
            heard.add(span.label)
    assert len(heard) > 1, "the label does not depend on the waveform"


def test_spans_follow_each_other_and_neighbours_differ(made: Any) -> None:
    waveform = speech(4.0, 9)
    model = SpeechBrainTimeline(made[0])
    spans = model.spans(waveform)
    assert spans[0].start_s == 0.0
    assert spans[-1].end_s == pytest.approx(4.0, abs=2 * FRAME_S)
    for one, two in itertools.pairwise(spans):
        assert one.end_s == two.start_s
        assert one.label != two.label
    probabilities = model.frames(waveform)
    assert probabilities.shape == (round(spans[-1].end_s / FRAME_S), 4)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert model.spans(waveform) == spans


def test_it_is_in_the_catalogue_with_the_published_order_of_labels(made: Any) -> None:
    assert TIMELINE_MODELS[NAME] is SpeechBrainTimeline
    entry = model_cache.get(NAME)
    assert entry.labels == ("angry", "neutral", "happy", "sad") == tuple(SpeechBrainTimeline(made[0])._labels)
    pinned = {file.name: file.sha256 for file in entry.files}
    assert sha256_of(made[0] / "label_encoder.txt") == pinned["label_encoder.txt"]
    assert model_cache.find(NAME, made[0].parent) == made[0]


def test_nothing_in_the_settings_is_run(made: Any, tmp_path: Path) -> None:
    text = f"{YAML}\nextra: !apply:pathlib.Path.mkdir [!apply:pathlib.Path [{tmp_path / 'was_run'}]]\n"
    SpeechBrainTimeline(copy_of(made[0], tmp_path / NAME, hyperparams=text.encode()))
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("hyperparams", YAML.replace("microsoft/wavlm-large", "facebook/hubert-large-ll60k"), "says wav2vec2_hub"),
        ("hyperparams", YAML.replace("window_length: 1", "window_length: 10"), "says window_length 10"),
        ("hyperparams", "- 1", "says wav2vec2_hub None"),
        ("hyperparams", "a: [", "cannot be read as YAML"),
        ("label_encoder", LABELS_FILE.replace("'h'", "'x'"), "does not name the labels"),
        ("model", "not a checkpoint", "holds more than tensors"),
    ],
)
def test_files_of_another_model_are_an_error(part: str, content: str, message: str, made: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        SpeechBrainTimeline(copy_of(made[0], tmp_path / NAME, **{part: content.encode()}))


def test_checkpoints_in_each_others_place_are_an_error(made: Any, tmp_path: Path) -> None:
    folder = made[0]
    with pytest.raises(UserError, match="not a WavLM"):
        SpeechBrainTimeline(copy_of(folder, tmp_path / "a", wav2vec2=(folder / "model.ckpt").read_bytes()))
    with pytest.raises(UserError, match="does not fit 4 labels"):
        SpeechBrainTimeline(copy_of(folder, tmp_path / "b", model=(folder / "wav2vec2.ckpt").read_bytes()))
