"""Where a speech engine computes: on the processor, or on a graphics card (GPU) of NVIDIA."""

from __future__ import annotations

from typing import Literal

from pipeline.errors import UserError

Device = Literal["cpu", "cuda"]
#: Arithmetic on a GPU in place of the processor's: half precision is what its units are built for.
ON_GPU = {"int8": "float16", "float32": "float32"}


def found_device() -> Device:
    """The GPU if CTranslate2 finds one that it can use, else the processor."""
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def check_device(device: Device) -> None:
    """Raise `UserError` for a GPU that is not there."""
    if device == "cuda" and found_device() == "cpu":
        raise UserError(
            'device = "cuda" asks for an NVIDIA GPU, and CTranslate2 finds none that it can use: name "auto" or "cpu", '
            "or install CUDA 12 with cuDNN 9"
        )
