"""Which weights OpenAI's engine loads, and that they are converted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech import openai_engine
from pipeline.analysis.speech.engine import LANGUAGES
from pipeline.analysis.speech.openai_engine import OpenAIEngine, checkpoint
from pipeline.errors import ModelMissing


def test_openais_own_file_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_engine.model_cache, "find", lambda name, _=None: tmp_path / name)
    assert OpenAIEngine.weights("whisper-base", None) == "openai-whisper-base"
    assert checkpoint("whisper-base") == tmp_path / "openai-whisper-base" / "base.pt"


def test_a_size_without_openais_file_is_converted() -> None:
    assert OpenAIEngine.weights("whisper-small", None) == "whisper-small"


def test_without_any_weights_openais_file_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(name: str) -> Path:
        raise ModelMissing(name)

    monkeypatch.setattr(openai_engine.model_cache, "find", lambda *_: None)
    monkeypatch.setattr(openai_engine.model_cache, "pull", unreachable)
    with pytest.raises(ModelMissing, match="openai-whisper-base"):
        checkpoint("whisper-base")


@pytest.mark.model
def test_openai_checkpoint_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = model_cache.find("whisper-base")
    if folder is None:
        pytest.skip("the Whisper base weights are not on this machine")
    monkeypatch.setattr(openai_engine.model_cache, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(
        openai_engine.model_cache, "find", lambda name, _=None: folder if name == "whisper-base" else None
    )
    first = checkpoint("whisper-base")
    made_at = first.stat().st_mtime_ns
    assert first.is_relative_to(tmp_path / "converted")
    assert checkpoint("whisper-base") == first
    assert first.stat().st_mtime_ns == made_at


def test_language_codes_are_whispers_own() -> None:
    from whisper.tokenizer import LANGUAGES as WHISPERS

    assert list(LANGUAGES) == list(WHISPERS)[:99]
