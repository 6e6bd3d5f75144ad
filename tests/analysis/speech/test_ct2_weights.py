"""Reading CTranslate2's Whisper weights: the layout, what is refused, and that converted weights hear the same."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.ct2_weights import convert, openai_checkpoint, read_variables
from pipeline.errors import UserError

TYPE_IDS = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def model_bin(
    variables: dict[str, np.ndarray[Any, Any]],
    aliases: dict[str, str] | None = None,
    version: int = 6,
    specification: str = "WhisperSpec",
) -> bytes:
    """The bytes that CTranslate2's serialiser writes, after its published layout."""
    parts = [struct.pack("<I", version), text(specification), struct.pack("<II", 3, len(variables))]
    for name, value in variables.items():
        parts += [text(name), struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)]
        parts += [struct.pack("<BI", TYPE_IDS[value.dtype.name], value.nbytes), value.tobytes()]
    parts.append(struct.pack("<I", len(aliases or {})))
    for alias, name in (aliases or {}).items():
        parts += [text(alias), text(name)]
    return b"".join(parts)


WEIGHTS = {
    "encoder/conv1/weight": np.arange(12, dtype=np.float16).reshape(2, 2, 3),
    "encoder/num_heads": np.array(8, dtype=np.int16),
    "decoder/embeddings/weight": np.linspace(0, 1, 6, dtype=np.float32).reshape(3, 2),
}


def test_variables_come_back_with_shape_and_type(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(model_bin(WEIGHTS, {"decoder/projection/weight": "decoder/embeddings/weight"}))
    found = read_variables(path)
    for name, value in WEIGHTS.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype
    np.testing.assert_array_equal(found["decoder/projection/weight"], WEIGHTS["decoder/embeddings/weight"])
    assert int(found["encoder/num_heads"]) == 8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04" + bytes(60), "binary version"),  # OpenAI's own checkpoint is a zip archive
        (b"", "not a Whisper model"),
        (model_bin(WEIGHTS, version=5), "binary version 5, expected 6"),
        (model_bin(WEIGHTS, specification="TransformerSpec"), "TransformerSpec"),
        (model_bin(WEIGHTS)[:-30], "damaged"),
        (model_bin(WEIGHTS) + b"more", "bytes after the end"),
        (model_bin(WEIGHTS, {"alias": "nothing"}), "nothing"),
    ],
)
def test_another_format_or_a_damaged_file_is_a_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as caught:
        read_variables(path)
    assert str(path) in str(caught.value)


def test_quantised_weights_are_refused_not_guessed(tmp_path: Path) -> None:
    quantised = {"encoder/position_encodings/encodings": np.ones((4, 2), dtype=np.int8)}
    (tmp_path / "model.bin").write_bytes(model_bin(quantised))
    with pytest.raises(UserError, match="quantised"):
        openai_checkpoint(tmp_path)


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(model_bin(WEIGHTS))
    with pytest.raises(UserError, match="cannot be turned into OpenAI's checkpoint"):
        openai_checkpoint(tmp_path)


@pytest.fixture(scope="module")
def folder() -> Path:
    found = model_cache.find("whisper-base")
    if found is None:
        pytest.skip("the Whisper base weights are not on this machine")
    return found


@pytest.mark.slow
@pytest.mark.model
def test_converted_weights_are_a_whole_whisper_model(folder: Path, tmp_path: Path) -> None:
    import torch
    import whisper

    target = tmp_path / "new" / "base.pt"
    convert(folder, target)
    assert [path.name for path in target.parent.iterdir()] == ["base.pt"]  # nothing half-written is left
    assert target.stat().st_size < 150e6  # float16, and no part saved twice
    model = whisper.load_model(str(target), device="cpu")  # strict: every parameter is there, none is left over
    assert (model.dims.n_audio_layer, model.dims.n_text_layer, model.dims.n_vocab) == (6, 6, 51865)
    model.set_alignment_heads(whisper._ALIGNMENT_HEADS["base"])
    heads = model.alignment_heads.to_dense().nonzero().tolist()
    assert heads == json.loads((folder / "config.json").read_text())["alignment_heads"]
    assert all(torch.isfinite(weight).all() for weight in model.state_dict().values())


@pytest.mark.slow
@pytest.mark.model
def test_the_converted_encoder_gives_what_ctranslate2_gives(folder: Path) -> None:
    import ctranslate2
    import torch
    from whisper.audio import log_mel_spectrogram
    from whisper.model import ModelDimensions, Whisper

    checkpoint = openai_checkpoint(folder)
    model = Whisper(ModelDimensions(**checkpoint["dims"]))
    model.load_state_dict(checkpoint["model_state_dict"])
    noise = np.random.default_rng(1).normal(0, 0.05, 480_000).astype(np.float32)
    mel = log_mel_spectrogram(torch.from_numpy(noise))[None]
    with torch.inference_mode():
        ours = model.eval().encoder(mel).numpy()
    fast = ctranslate2.models.Whisper(str(folder), compute_type="float32", intra_threads=1)
    theirs = np.array(fast.encode(ctranslate2.StorageView.from_array(mel.numpy())))
    assert ours.shape == theirs.shape == (1, 1500, 512)
    np.testing.assert_allclose(ours, theirs, atol=2e-3 * float(np.abs(theirs).max()))
