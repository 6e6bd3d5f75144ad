"""Tensors read without PyTorch: the same numbers, and nothing but tensors."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.analysis.tone.tensors import read_tensors
from pipeline.errors import UserError


def saved(folder: Path, content: Any) -> Path:
    path = folder / "checkpoint.ckpt"
    torch.save(content, path)
    return path


def test_the_numbers_are_those_of_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = torch.randn(6, 4)
    tensors = {
        "plain": whole,
        "turned": whole.T,  # the same storage, read along its other axis
        "part": whole[2:5, 1:3],
        "double": torch.randn(3, dtype=torch.float64),
        "number": torch.tensor(7),
        "none": torch.empty(0),
    }
    found = read_tensors(saved(tmp_path, torch.nn.ParameterDict({}).state_dict() | tensors))
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert np.array_equal(found[name], tensor.numpy()), name
        assert found[name].dtype == tensor.numpy().dtype


class Evil:
    """What runs a command when a careless reader loads it."""

    def __reduce__(self) -> Any:
        return os.system, ("touch evil",)


@pytest.mark.parametrize("content", [{"a": Evil()}, [torch.ones(2)], {"a": "text"}, {"a": torch.ones(2).half()}])
def test_anything_but_known_tensors_is_refused(content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="fetch the model again"):
        read_tensors(saved(tmp_path, content))
    assert not (tmp_path / "evil").exists()


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, torch.nn.Linear(4, 3).state_dict())
    whole = path.read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="fetch the model again"):
            read_tensors(path)


def test_a_tensor_beyond_its_bytes_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, torch.nn.Linear(4, 3).state_dict())
    short = tmp_path / "short.ckpt"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(short, "w") as other:
        for name in archive.namelist():
            content = archive.read(name)
            other.writestr(name, content[:8] if "/data/" in name else content)
    with pytest.raises(UserError, match="fetch the model again"):
        read_tensors(short)
