"""A small look-alike of the hub's SpeechBrain model: random weights in the real format on disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models import torchaudio_cpu
from pipeline.study.files import sha256_of

NAME = "speechbrain-iemocap"
HIDDEN, LABELS = 128, 4
REAL = Path(__file__).parent / "iemocap"  # two small files of the hub model as published there, Apache-2.0
YAML = (REAL / "hyperparams.yaml").read_text(encoding="utf-8").replace("encoder_dim: 768", f"encoder_dim: {HIDDEN}")


def make_look_alike(folder: Path, scratch: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """Write the model's files with SpeechBrain's own classes; returns those classes chained by hand."""
    torchaudio_cpu.make_importable()
    import torch
    from speechbrain.dataio.encoder import CategoricalEncoder
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2
    from speechbrain.nnet.activations import Softmax
    from speechbrain.nnet.linear import Linear
    from speechbrain.nnet.pooling import StatisticsPooling
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(7)
    config = Wav2Vec2Config(
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=192,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    Wav2Vec2Model(config).save_pretrained(scratch)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False).save_pretrained(scratch)
    wrapper = Wav2Vec2(str(scratch), save_path=str(scratch), output_norm=True, freeze=True).eval()
    output = Linear(input_size=HIDDEN, n_neurons=LABELS, bias=False)
    output.w.weight.data *= 20  # random weights hardly tell anything apart otherwise
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(["neu", "ang", "hap", "sad"])

    folder.mkdir(parents=True)
    (folder / "hyperparams.yaml").write_text(YAML, encoding="utf-8")
    torch.save(wrapper.state_dict(), folder / "wav2vec2.ckpt")
    torch.save(torch.nn.ModuleList([output]).state_dict(), folder / "model.ckpt")
    encoder.save(folder / "label_encoder.txt")

    pooling = StatisticsPooling(return_std=False)
    pooling._get_gauss_noise = lambda shape, device: torch.zeros(shape, device=device)  # random on purpose there

    def chained(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.no_grad():
            frames = wrapper(torch.from_numpy(waveform[None]), torch.ones(1))
            pooled = pooling(frames, torch.ones(1)).view(1, -1)
            return np.asarray(Softmax(dtype=torch.float64)(output(pooled))[0].numpy())

    return chained


def pin(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Pin the digests of a folder's files as those of the hub model."""
    real = model_cache.MODELS[NAME]
    files = tuple(model_cache.ModelFile(file.name, sha256_of(folder / file.name)) for file in real.files)
    monkeypatch.setitem(model_cache.MODELS, NAME, dataclasses.replace(real, files=files))
