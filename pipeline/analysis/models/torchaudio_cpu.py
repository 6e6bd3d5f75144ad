"""SpeechBrain beside a CPU build of torch, where torchaudio's native extension cannot be loaded.

The newest torchaudio on the package index is linked against CUDA. Beside a CPU build of torch its extension finds no
`libc10_cuda.so`, `import torchaudio` raises OSError, and `import speechbrain` fails with it. SpeechBrain needs only
torchaudio's Python parts for the models here, and these work without the extension: torchaudio supports that itself
when it finds no library file. So where, and only where, the extension is there but does not load, a stand-in says
that there is none.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Never

EXTENSION = "torchaudio._extension"


def make_importable() -> bool:
    """Import torchaudio, with a stand-in for its native extension if that fails to load; True if it was needed.

    Raises ImportError when torchaudio is not installed at all.
    """
    try:
        importlib.import_module("torchaudio")
    except OSError:  # a shared library of the extension, or one that it needs, cannot be loaded
        sys.modules[EXTENSION] = _stand_in()
        importlib.import_module("torchaudio")
        return True
    return False


def _stand_in() -> ModuleType:
    """What `torchaudio._extension` holds where torchaudio was installed without native code."""
    module = ModuleType(EXTENSION)
    module.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=_refuse_native_call,
    )
    return module


def _refuse_native_call(function: Callable[..., Any]) -> Callable[..., Never]:
    def refused(*_: Any, **__: Any) -> Never:
        raise RuntimeError(
            f"torchaudio's {function.__name__} needs its native extension, which does not load here: "
            "install the torchaudio that was built for this torch"
        )

    return refused
