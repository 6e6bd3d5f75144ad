"""The stand-in for torchaudio's native extension: there where it is needed, and only there."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from pipeline.analysis.models import torchaudio_cpu

PLAIN_IMPORT = "import torchaudio"
OURS = """
from pipeline.analysis.models import torchaudio_cpu
needed = torchaudio_cpu.make_importable()
assert torchaudio_cpu.make_importable() is False  # the second time it is there
import speechbrain.inference.interfaces
import torch, torchaudio
assert torchaudio.functional.resample(torch.ones(320), 32000, 16000).shape == (160,)
print("needed" if needed else "not needed")
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_speechbrain_imports_and_the_stand_in_is_used_only_where_torchaudio_fails() -> None:
    ours = python(OURS)
    assert ours.returncode == 0, ours.stderr
    works_alone = python(PLAIN_IMPORT).returncode == 0
    assert ours.stdout.split("\n")[-2] == ("not needed" if works_alone else "needed")


def test_a_torchaudio_that_loads_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, torchaudio_cpu.EXTENSION, raising=False)
    monkeypatch.setattr(importlib, "import_module", ModuleType)
    assert torchaudio_cpu.make_importable() is False
    assert torchaudio_cpu.EXTENSION not in sys.modules


def test_an_extension_that_does_not_load_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def torchaudio_for_cuda(name: str) -> ModuleType:
        if torchaudio_cpu.EXTENSION not in sys.modules:
            raise OSError("libc10_cuda.so: cannot open shared object file")
        return ModuleType(name)

    monkeypatch.setitem(sys.modules, torchaudio_cpu.EXTENSION, ModuleType("before"))
    del sys.modules[torchaudio_cpu.EXTENSION]
    monkeypatch.setattr(importlib, "import_module", torchaudio_for_cuda)
    assert torchaudio_cpu.make_importable() is True
    stand_in = sys.modules[torchaudio_cpu.EXTENSION]
    assert stand_in._IS_TORCHAUDIO_EXT_AVAILABLE is False

    @stand_in.fail_if_no_align
    def forced_align() -> None: ...

    with pytest.raises(RuntimeError, match="forced_align needs its native extension"):
        forced_align()


def test_a_missing_torchaudio_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        torchaudio_cpu.make_importable()
