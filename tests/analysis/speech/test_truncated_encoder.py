"""A Whisper model cut after some blocks of its encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.cache import SEAL
from pipeline.analysis.speech.ct2_weights import read_variables
from pipeline.analysis.speech.truncated_encoder import truncated, write_variables


def halves(*shape: int) -> NDArray[np.float16]:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float16)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of three encoder blocks and two decoder blocks, in the real format."""
    monkeypatch.setenv("CLIPTONE_CACHE", str(tmp_path / "cache"))
    variables = {
        "encoder/conv1/weight": halves(4, 2, 3),
        "encoder/num_heads": np.array(8, dtype=np.int8),
        "encoder/layer_norm/gamma": halves(4),
        "encoder/layer_norm/beta": halves(4),
        "decoder/embeddings/weight": halves(50, 4),
        "decoder/layer_norm/gamma": halves(4),
    }
    variables |= {f"encoder/layer_{number}/ffn/linear_0/weight": halves(4, 4) for number in range(3)}
    variables |= {f"decoder/layer_{number}/ffn/linear_0/weight": halves(4, 4) for number in range(2)}
    made = tmp_path / "whisper-tiny" / "revision"
    made.mkdir(parents=True)
    write_variables(variables, made / "model.bin")
    (made / "config.json").write_text(json.dumps({"suppress_ids": []}), encoding="utf-8")
    (made / "vocabulary.txt").write_text("a", encoding="utf-8")
    (made / "tokenizer.json").write_text("{}", encoding="utf-8")
    return made


def test_the_blocks_up_to_the_chosen_one_stay_as_they_are(folder: Path) -> None:
    before, after = (read_variables(path / "model.bin") for path in (folder, truncated(folder, 2)))
    blocks = {name for name in after if name.startswith("encoder/layer_") and "norm" not in name}
    assert blocks == {f"encoder/layer_{number}/ffn/linear_0/weight" for number in range(2)}
    for name in (*blocks, "encoder/conv1/weight", "encoder/num_heads"):
        np.testing.assert_array_equal(after[name], before[name])
        assert after[name].shape == before[name].shape


def test_the_last_norm_only_norms_and_the_decoder_is_a_stump(folder: Path) -> None:
    after = read_variables(truncated(folder, 1) / "model.bin")
    assert after["encoder/layer_norm/gamma"].tolist() == [1, 1, 1, 1]
    assert after["encoder/layer_norm/beta"].tolist() == [0, 0, 0, 0]
    assert after["decoder/embeddings/weight"].shape == (8, 4)
    assert "decoder/layer_0/ffn/linear_0/weight" in after
    assert "decoder/layer_1/ffn/linear_0/weight" not in after


def test_it_is_made_once_beside_what_the_loader_needs(folder: Path) -> None:
    made = truncated(folder, 2)
    assert {path.name for path in made.iterdir()} == {"model.bin", "config.json", "vocabulary.txt", SEAL}
    written = (made / "model.bin").stat().st_mtime_ns
    assert truncated(folder, 2) == made
    assert (made / "model.bin").stat().st_mtime_ns == written
    assert truncated(folder, 1) != made


def test_two_workers_may_cut_at_the_same_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename, made = Path.rename, truncated(folder, 2)

    def late(path: Path, target: Path) -> Path:
        """Somebody else has put the model there between the look and the rename."""
        rename(hidden, made)
        return rename(path, target)

    hidden = made.with_name("hidden")
    rename(made, hidden)
    monkeypatch.setattr(Path, "rename", late)
    assert truncated(folder, 2) == made
    assert [path.name for path in made.parent.iterdir()] == [made.name], "no part is left behind"


def test_a_cut_model_that_was_changed_is_cut_again(folder: Path) -> None:
    made = truncated(folder, 2) / "model.bin"
    whole = made.read_bytes()
    made.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    model_cache._intact.cache_clear()  # as in another process
    assert (truncated(folder, 2) / "model.bin").read_bytes() == whole


@pytest.mark.parametrize("block", [0, 4])
def test_a_block_that_is_not_there(folder: Path, block: int) -> None:
    with pytest.raises(ValueError, match=f"no block {block}"):
        truncated(folder, block)
