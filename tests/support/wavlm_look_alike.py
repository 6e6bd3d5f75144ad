"""Small look-alikes of the hub's models on WavLM: random weights in the real formats on disk, with the real classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.models import torchaudio_cpu

HIDDEN = 128
LABELS_FILE = "'a' => 0\n'n' => 1\n'h' => 2\n's' => 3\n================\n'starting_index' => 0\n"  # as published
MEAN, STD = -8.278621631819787e-05, 0.08485510250851999  # as in the published config.json
CONFIG = {
    "architectures": ["SERModel"],
    "auto_map": {
        "AutoConfig": "pipeline_utils.SERConfig",
        "AutoModelForAudioClassification": "pipeline_utils.SERModel",
    },
    "classifier_dropout_prob": 0.5,
    "classifier_hidden_layers": 1,
    "hidden_size": HIDDEN,
    "id2label": {"0": "arousal", "1": "dominance", "2": "valence"},
    "mean": MEAN,
    "model_type": "ser",
    "num_classes": 3,
    "sampling_rate": 16000,
    "ssl_type": "microsoft/wavlm-large",
    "std": STD,
}
#: The published settings, with the look-alike's size.
YAML = f"""
HPARAMS_NEEDED: ["window_length", "stride", "encoder_dim", "out_n_neurons", "avg_pool", "label_encoder", "softmax"]
MODULES_NEEDED: ["wav2vec2", "output_mlp"]
wav2vec2_hub: "microsoft/wavlm-large"
pretrained_path: speechbrain/emotion-diarization-wavlm-large
window_length: 1 # win_len = 0.02 * 1 = 0.02s
stride: 1 # stride = 0.02 * 1 = 0.02s
encoder_dim: {HIDDEN}
out_n_neurons: 4
input_norm: !new:speechbrain.processing.features.InputNormalization
  norm_type: sentence
  std_norm: False
wav2vec2: !new:speechbrain.lobes.models.huggingface_wav2vec.HuggingFaceWav2Vec2
  source: !ref <wav2vec2_hub>
  output_norm: True
  freeze: False
avg_pool: !new:speechbrain.nnet.pooling.Pooling1d
  pool_type: "avg"
  kernel_size: !ref <window_length>
  stride: !ref <stride>
  ceil_mode: True
output_mlp: !new:speechbrain.nnet.linear.Linear
  input_size: !ref <encoder_dim>
  n_neurons: !ref <out_n_neurons>
  bias: False
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
"""

Waveform = NDArray[np.float32]


def small_wavlm() -> Any:
    """A WavLM with the layout of the large one and random weights."""
    torchaudio_cpu.make_importable()
    import torch
    from transformers import WavLMConfig, WavLMModel

    torch.manual_seed(7)
    config = WavLMConfig(
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=192,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        num_buckets=64,
        max_bucket_distance=800,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        conv_bias=False,
    )
    return WavLMModel(config).eval()


def make_odyssey(folder: Path, **config: Any) -> Callable[[Waveform], list[float]]:
    """Write the model of dimensions; returns the published arithmetic, with mask and dropout, on the same weights."""
    import torch
    from safetensors.torch import save_file
    from torch import nn

    encoder = small_wavlm()
    attend, attention = nn.Linear(HIDDEN, HIDDEN), nn.Parameter(torch.randn(HIDDEN, 1))
    layers = nn.Sequential(nn.Linear(2 * HIDDEN, HIDDEN), nn.LayerNorm(HIDDEN), nn.ReLU(), nn.Dropout(0.5)).eval()
    out = nn.Linear(HIDDEN, 3)
    out.bias.data = torch.tensor([0.4, 0.5, 0.6])
    parts = {
        "ssl_model": encoder,
        "pool_model.sap_linear": attend,
        "ser_model.fc.0": layers,
        "ser_model.out.0": out,
    }
    weights = {f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()}
    folder.mkdir(parents=True)
    save_file({**weights, "pool_model.attention": attention.data}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | config), encoding="utf-8")

    def published(waveform: Waveform) -> list[float]:
        batch = torch.from_numpy((waveform - MEAN) / (STD + 0.000001)).float().unsqueeze(0)
        mask = torch.ones(1, batch.shape[1])
        with torch.no_grad():
            frames = encoder(batch, attention_mask=mask).last_hidden_state[0]
            frames = frames[: int((batch.shape[1] - 1) // 320 + 1)]
            weight = torch.softmax((torch.tanh(attend(frames)) @ attention).squeeze(1), dim=0).unsqueeze(1)
            mean = (frames * weight).sum(dim=0)
            deviation = torch.sqrt((((frames**2) * weight).sum(dim=0) - mean**2).clamp(min=1e-5))
            return [float(value) for value in out(layers(torch.cat((mean, deviation)).unsqueeze(0)))[0]]

    return published


def make_timeline(folder: Path, scratch: Path) -> Callable[[Waveform], list[dict[str, Any]]]:
    """Write the model of tone over time with SpeechBrain's classes; returns SpeechBrain's own interface on them."""
    torchaudio_cpu.make_importable()
    import torch
    from speechbrain.dataio.encoder import CategoricalEncoder
    from speechbrain.inference.diarization import Speech_Emotion_Diarization
    from speechbrain.integrations.huggingface.wavlm import WavLM
    from speechbrain.nnet.activations import Softmax
    from speechbrain.nnet.linear import Linear
    from speechbrain.nnet.pooling import Pooling1d
    from speechbrain.processing.features import InputNormalization
    from transformers import Wav2Vec2FeatureExtractor

    small_wavlm().save_pretrained(scratch)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True).save_pretrained(scratch)
    wrapper = WavLM(str(scratch), save_path=str(scratch), output_norm=True, freeze=True).eval()
    torch.manual_seed(3)
    output = Linear(input_size=HIDDEN, n_neurons=4, bias=False)
    output.w.weight.data = torch.randn(4, HIDDEN) * 3

    folder.mkdir(parents=True)
    (folder / "hyperparams.yaml").write_text(YAML, encoding="utf-8")
    (folder / "label_encoder.txt").write_text(LABELS_FILE, encoding="utf-8")
    torch.save(wrapper.state_dict(), folder / "wav2vec2.ckpt")
    torch.save(torch.nn.ModuleList([output]).state_dict(), folder / "model.ckpt")

    encoder = CategoricalEncoder()
    encoder.load(folder / "label_encoder.txt")
    interface = Speech_Emotion_Diarization(
        modules={
            "input_norm": InputNormalization(norm_type="sentence", std_norm=False),
            "wav2vec": torch.nn.Identity(),  # the interface asks for this name and uses the next
            "wav2vec2": wrapper,
            "output_mlp": output,
        },
        hparams={
            "avg_pool": Pooling1d(pool_type="avg", kernel_size=1, stride=1, ceil_mode=True),
            "log_softmax": Softmax(apply_log=True),
            "label_encoder": encoder,
            "window_length": 1,
            "stride": 1,
        },
    )

    def published(waveform: Waveform) -> list[dict[str, Any]]:
        with torch.no_grad():
            found = interface.diarize_batch(torch.from_numpy(waveform).unsqueeze(0), torch.ones(1), ["clip"])
        return list(found["clip"])

    return published
