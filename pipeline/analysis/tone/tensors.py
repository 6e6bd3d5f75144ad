"""Tensors of a PyTorch checkpoint as arrays, without PyTorch: importing it takes seconds and 200 MB in every worker.

A checkpoint is a zip archive: the bytes of each tensor, and a pickle that names them. The pickle may name tensors of
the three kinds below and nothing else, so reading one runs no code (the rule of torch's `weights_only`).
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError

KINDS = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8"}  # little-endian, as all machines in use


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a checkpoint by name; `UserError` when it holds anything else, or is broken."""
    try:
        with zipfile.ZipFile(path) as archive:
            folder = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")
            found = _Tensors(archive, folder).load()
    except (zipfile.BadZipFile, pickle.UnpicklingError, StopIteration, EOFError, KeyError, ValueError) as error:
        raise UserError(f"{path} holds more than tensors or is broken: fetch the model again") from error
    if not isinstance(found, dict) or not all(isinstance(tensor, np.ndarray) for tensor in found.values()):
        raise UserError(f"{path} is not a checkpoint of named tensors: fetch the model again")
    return dict(found)


class _Tensors(pickle.Unpickler):
    """An unpickler that accepts nothing but tensors."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}data.pkl")))
        self._archive, self._folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _strided_tensor
        if module == "torch" and name in KINDS:
            return np.dtype(KINDS[name])
        raise pickle.UnpicklingError(f"{module}.{name} is no tensor")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        _, kind, key, _, length = pid  # "storage", its kind, its file, the device that it was on, numbers
        return np.frombuffer(self._archive.read(f"{self._folder}data/{key}"), dtype=kind, count=length)


def _strided_tensor(
    storage: NDArray[Any], offset: int, shape: Sequence[int], stride: Sequence[int], *_: Any
) -> NDArray[Any]:
    """A tensor `shape` that begins at a place of a storage, with steps of so many numbers along each axis.

    It keeps its order in memory, on which the last digit of a sum over it depends.
    """
    reach = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True)) + 1
    if min((offset, *shape, *stride), default=0) < 0 or reach > storage.size:
        raise ValueError("a tensor reaches beyond its bytes")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False).copy(order="K")
