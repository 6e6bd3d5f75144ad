"""Where an engine computes: on the processor unless a study asks for a GPU, and a sentence where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ctranslate2
import faster_whisper
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.device import Device
from pipeline.analysis.speech.openai_engine import OpenAIEngine
from pipeline.errors import UserError
from pipeline.stage import Setting, plan_stage
from pipeline.stages.transcribe import Transcribe, TranscribeOptions

NEEDED = {"audio": "a", "evidence": "e"}  # fingerprints


def gpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: count)


@pytest.mark.parametrize("engine", [CTranslate2Engine, OpenAIEngine])
def test_a_gpu_that_is_not_there_is_said(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(0, monkeypatch)
    with pytest.raises(UserError, match='device = "cuda" asks for an NVIDIA GPU, and CTranslate2 finds none'):
        engine(device="cuda")


@pytest.mark.parametrize(
    ("device", "compute_type", "arithmetic"),
    [("cpu", "int8", "int8"), ("cuda", "int8", "float16"), ("cuda", "float32", "float32")],
)
def test_a_gpu_computes_in_half_precision(
    device: Device, compute_type: str, arithmetic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []

    class Model:
        def __init__(self, folder: str, **options: Any) -> None:
            given.append(options)
            self.feature_extractor = self
            self.nb_max_frames = 3000

    gpus(1, monkeypatch)
    monkeypatch.setattr(model_cache, "locate", lambda name, folder: Path(name))
    monkeypatch.setattr(faster_whisper, "WhisperModel", Model)
    CTranslate2Engine(compute_type=compute_type, device=device)
    assert given == [{"device": device, "compute_type": arithmetic, "cpu_threads": 1}]


@pytest.mark.parametrize(("count", "device"), [(0, "cpu"), (2, "cuda")])
def test_auto_is_settled_when_the_run_starts(count: int, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fingerprint holds is where texts were computed: a laptop and a GPU must not share results unseen."""
    gpus(count, monkeypatch)
    assert TranscribeOptions(device="auto").device == device
    assert TranscribeOptions().device == "cpu"
    prints = {
        name: plan_stage(Transcribe, TranscribeOptions(device=name), Setting(), {}, NEEDED).fingerprint
        for name in ("auto", "cpu", "cuda")
    }
    assert prints["auto"] == prints[device]
    assert prints["cpu"] != prints["cuda"]
