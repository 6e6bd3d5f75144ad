"""SpeechBrain's wav2vec 2.0 classifier of IEMOCAP with random weights: it costs what the real one costs.

Where the hub's model is on this machine it is used instead. No score of random weights is shown to anybody.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models import torchaudio_cpu
from pipeline.media.audio import Waveform

NAME = "speechbrain-iemocap"
LABELS = ("neu", "ang", "hap", "sad")
SETTINGS = """\
encoder_dim: 768
out_n_neurons: 4
wav2vec2_hub: facebook/wav2vec2-base
wav2vec2:
  output_norm: True
output_mlp:
  bias: False
"""


def folder_of(models_folder: Path) -> Path:
    """The real model where it is on this machine, else one with random weights in a folder of models."""
    return model_cache.find(NAME) or _write_model(models_folder / NAME)


def classify(folder: Path, waveform: Waveform) -> str:
    """The label of a whole waveform `(time,)`, as `classify_file` gives it, on all cores."""
    import torch

    with torch.inference_mode():
        probabilities = _load_classifier(folder)(torch.from_numpy(waveform)[None])
    return str(_load_classifier(folder).labels[int(probabilities.argmax())])


@cache
def _load_classifier(folder: Path) -> Any:
    import torch

    from pipeline.analysis.tone.classifier import load_wav2vec2

    classifier = load_wav2vec2(folder)
    torch.set_num_threads(os.cpu_count() or 1)  # a script has the machine to itself
    return classifier


def _write_model(folder: Path) -> Path:
    """Write the model's files as the hub has them: the BASE architecture (Baevski et al. 2020), fresh."""
    if (folder / "label_encoder.txt").is_file():
        return folder
    torchaudio_cpu.make_importable()
    import torch
    from speechbrain.dataio.encoder import CategoricalEncoder
    from speechbrain.nnet.linear import Linear
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hyperparams.yaml").write_text(SETTINGS, encoding="utf-8")
    state = {f"model.{name}": tensor for name, tensor in Wav2Vec2Model(Wav2Vec2Config()).state_dict().items()}
    torch.save(state, folder / "wav2vec2.ckpt")
    output = Linear(input_size=768, n_neurons=len(LABELS), bias=False)
    torch.save(torch.nn.ModuleList([output]).state_dict(), folder / "model.ckpt")
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(LABELS)
    encoder.save(folder / "label_encoder.txt")  # last: the folder is whole
    return folder
