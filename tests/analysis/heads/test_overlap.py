"""The detector that ships: it knows one voice from two, and refuses to be anything else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.heads.head import LinearHead, load
from pipeline.analysis.heads.overlap import ONE, SEVERAL, OverlapDetector
from pipeline.analysis.heads.save import save
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import OVERLAP_FOLDER
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import ModelCorrupt
from pipeline.research.overlap import material
from pipeline.research.starter.corpus import Speech, embed

ENCODER, DIMS = "whisper-base/block-2/float32/normed/mean-louder", 1024


def head(labels: tuple[str, ...] = (ONE, SEVERAL)) -> LinearHead:
    weights = np.zeros((len(labels), 3))
    weights[1, 0] = 2.0
    return LinearHead(labels, ENCODER, np.zeros(3), np.ones(3), weights, np.zeros(len(labels)), temperature=1.0)


def test_the_shipped_detector_reads_what_the_stage_embed_stores() -> None:
    assert model_cache.locate("overlap") == OVERLAP_FOLDER
    shipped = load(OVERLAP_FOLDER)
    assert shipped.encoder == ENCODER
    assert shipped.labels == model_cache.MODELS["overlap"].labels
    assert shipped.weights.shape == (2, DIMS)
    detector = OverlapDetector(OVERLAP_FOLDER)
    assert 0.0 <= detector.probability([0.0] * DIMS) <= 1.0


def test_the_card_states_figures_cautions_and_the_default_threshold() -> None:
    card = (OVERLAP_FOLDER / "card.md").read_text(encoding="utf-8")
    for part in ("librispeech_other40", "## Cautions", "Apache-2.0", "several voices at 0 dB, music"):
        assert part in card
    assert f"default of the gate: {Gate.max_overlap_probability:g}" in card


def test_a_probability_is_that_of_several_voices(tmp_path: Path) -> None:
    save(head(), tmp_path)
    detector = OverlapDetector(tmp_path)
    assert detector.probability((0.0, 5.0, 5.0)) == 0.5
    assert detector.probability((1.0, 0.0, 0.0)) == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_another_head_is_refused(tmp_path: Path) -> None:
    save(head(("calm", "upset")), tmp_path)
    with pytest.raises(ModelCorrupt, match="does not tell one voice from several"):
        OverlapDetector(tmp_path)
    with pytest.raises(ModelCorrupt):
        OverlapDetector(tmp_path / "nowhere")


@pytest.mark.model
@pytest.mark.slow
def test_voices_of_another_corpus_are_told_apart_as_the_card_says(whisper_encoder: WhisperEncoder) -> None:
    folder = os.environ.get("CLIPTONE_DATA")
    if not folder:
        pytest.skip("needs CLIPTONE_DATA")
    whole = material.read_pieces(Path(folder) / "librispeech_other40")
    few = slice(0, None, 4)
    read = Speech(whole.waveforms[few], whole.emotions[few], whole.speakers[few])
    detector = OverlapDetector(OVERLAP_FOLDER)
    share = {}
    for way, speech in material.judging(read, dict.fromkeys(read.speakers.tolist(), 0)):
        if way in (f"{ONE}, clean", f"{SEVERAL} at 0 dB, clean", f"{SEVERAL} at 6 dB, clean"):
            found = [detector.probability(vector.tolist()) for vector in embed(speech, whisper_encoder).embeddings]
            share[way] = np.mean(np.array(found) > Gate.max_overlap_probability)
    assert share[f"{ONE}, clean"] <= 0.1  # one of 13 at most
    assert share[f"{SEVERAL} at 0 dB, clean"] >= 0.6
