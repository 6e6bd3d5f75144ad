"""What tests of faults share: the process that forks runs, and calls of the system that fail on demand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from tests.support.zygote import Zygote


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The library that has calls of the system fail and the clock jump; None where it cannot be built."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        return None
    built = tmp_path_factory.mktemp("shim") / "shim.so"
    source = ROOT / "tests" / "support" / "shim.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", str(source), "-o", str(built), "-ldl"], check=True)
    return built


@pytest.fixture(scope="session")
def zygote(shim: Path | None, keys: Path) -> Iterator[Zygote]:
    """The process that forks runs."""
    from tests.support.zygote import Zygote

    made = Zygote(shim)
    yield made
    made.close()


@pytest.fixture
def failing(zygote: Zygote, shim: Path | None) -> Zygote:
    """The same, for tests that tell it what is to fail."""
    if shim is None:
        pytest.skip("needs Linux and a C compiler: calls of the system fail through a preloaded library")
    return zygote
