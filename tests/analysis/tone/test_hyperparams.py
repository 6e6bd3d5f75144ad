"""A model's settings are read as values; a tag that could run code is refused before anything happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.analysis.tone.hyperparams import read_hyperparams
from pipeline.errors import UserError


def folder_with(text: str, folder: Path) -> Path:
    (folder / "hyperparams.yaml").write_text(text, encoding="utf-8")
    return folder


def test_values_are_read_through_allowed_tags_and_nothing_is_built(tmp_path: Path) -> None:
    text = """
encoder_dim: 768
labels: [neu, ang]
output_mlp: !new:speechbrain.nnet.linear.Linear
    input_size: !ref <encoder_dim>
    bias: False
model: !new:torch.nn.ModuleList
    - [!ref <output_mlp>]
softmax: !new:speechbrain.nnet.activations.Softmax
"""
    values = read_hyperparams(folder_with(text, tmp_path), needed=("encoder_dim", "output_mlp"))
    assert values["encoder_dim"] == 768
    assert values["output_mlp"] == {"input_size": "<encoder_dim>", "bias": False}
    assert values["model"] == [["<output_mlp>"]]
    assert values["softmax"] == ""


@pytest.mark.parametrize(
    "line",
    [
        "!apply:pathlib.Path.touch [{target}]",
        "!new:subprocess.Popen [touch, {target}]",
        "!name:os.system",
        "!module:os",
        "!include:other.yaml",
        "!new:speechbrain.utils.fetching.fetch {{filename: x}}",
        "!!python/object/apply:os.system ['touch {target}']",
        "!!python/name:os.system",
    ],
)
def test_a_tag_that_could_run_code_is_refused_and_not_run(line: str, tmp_path: Path) -> None:
    target = tmp_path / "was_run"
    text = f"seed: 1\nnested:\n    deep: {line.format(target=target)}\n"
    with pytest.raises(UserError, match=r"wants to run `.*line 3"):
        read_hyperparams(folder_with(text, tmp_path))
    assert not target.exists()


@pytest.mark.parametrize("text", ["a: [1", "- 1\n- 2\n", ""])
def test_a_file_without_settings_is_an_error_that_says_so(text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"hyperparams\.yaml"):
        read_hyperparams(folder_with(text, tmp_path))


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not say temperature"):
        read_hyperparams(folder_with("seed: 1\n", tmp_path), needed=("seed", "temperature"))
