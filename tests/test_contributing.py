"""The example in CONTRIBUTING.md is real: its code runs as a stage of a study."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline.results.study import StudyReader
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stage import Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.study.config import load_study
from tests.conftest import write_study, write_wav

DOCUMENT = Path(__file__).parent.parent / "CONTRIBUTING.md"


@pytest.mark.slow
def test_the_example_stage_runs_from_the_words_of_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row, stage = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("silence_example")
    monkeypatch.setitem(sys.modules, "silence_example", module)
    names = "from pipeline.records import Row, column\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
    source = names + row + stage.replace("from __future__ import annotations\n", "").replace("Clip, SilenceRow", "Clip")
    exec(source, module.__dict__)  # noqa: S102 - our own document
    tone = 0.5 * np.sin(np.arange(16_000) / 5)
    write_wav(tmp_path / "clips" / "tone.wav", tone)
    write_wav(tmp_path / "clips" / "silence.wav", np.zeros(16_000))
    write_wav(tmp_path / "clips" / "half.wav", np.concatenate([tone, np.zeros(16_000)]))
    stages: tuple[type[Stage], ...] = (Download, Audio, module.Silence)
    study = load_study(
        write_study(tmp_path, '[[sources]]\nfolder = "clips"\n[silence]\nthreshold_dbfs = -40\n'),
        {stage.name: stage for stage in stages},
    )
    run_study(study, executor=LocalExecutor(0), stages=stages)
    shares = StudyReader(study.folder.root).sql("SELECT silence_share FROM silence ORDER BY clip_id")["silence_share"]
    assert shares.tolist() == pytest.approx([0.5, 1.0, 0.0], abs=0.02)
    comment = StudyReader(study.folder.root).sql(
        "SELECT comment FROM duckdb_columns() WHERE column_name = 'silence_share'"
    )["comment"]
    assert comment[0] == "share of 50 ms frames below the threshold [0–1]"
