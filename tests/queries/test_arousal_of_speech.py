"""The rule-based arousal on real acted speech: angry people rank above sad ones, by their own baseline and by all."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.media.audio import SAMPLE_RATE
from pipeline.records import Clip, Row, Source, SpeechRegionRow
from pipeline.stage import Setting
from pipeline.stages.acoustics import Acoustics, AcousticsOptions
from tests.conftest import write_wav
from tests.support.small_study import SmallStudy, angry, clip

SPEAKERS = 3
TONES = ("angry", "sad")
Labelled = tuple[str, str, str, list[Row]]  # clip, speaker, tone, rows


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[Labelled]:
    """Acoustics of all angry and sad utterances of the first speakers."""
    data = os.environ.get("CLIPTONE_DATA")
    if not data or not (Path(data) / "emodb4").is_dir():
        pytest.skip("CLIPTONE_DATA does not name a folder with emodb4/")
    import soundfile

    folder, path = Path(data) / "emodb4", tmp_path_factory.mktemp("audio") / "a.wav"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    speakers = sorted({label["speaker"] for label in labels})[:SPEAKERS]
    stage = Acoustics(AcousticsOptions(), Setting())
    found: list[Labelled] = []
    for label in labels:
        if label["speaker"] in speakers and label["emotion"] in TONES:
            waveform, sample_rate = soundfile.read(folder / label["file"], dtype="float32")
            assert sample_rate == SAMPLE_RATE
            name = label["file"]
            region = SpeechRegionRow(name, 0, 0.0, waveform.size / SAMPLE_RATE, None, None, None)
            stored = {"speech_regions": [region]}
            source = Source("file", name, "")
            (rows,) = stage([Clip(name, source, None, write_wav(path, waveform), stored=stored)])
            assert not isinstance(rows, StageError)
            found.append((name, label["speaker"], label["emotion"], list(rows)))
    return found


def above(ranks: dict[str, list[float]]) -> float:
    """How often an angry utterance ranks above a sad one (the area under the ROC curve)."""
    angry_ones, sad_ones = np.array(ranks["angry"])[:, np.newaxis], np.array(ranks["sad"])
    return float(np.mean((angry_ones > sad_ones) + 0.5 * (angry_ones == sad_ones)))


@pytest.mark.slow
@pytest.mark.parametrize("authors_are_known", [True, False])
def test_angry_speech_ranks_above_sad_speech(
    measured: list[Labelled], study: SmallStudy, authors_are_known: bool
) -> None:
    for name, speaker, _, rows in measured:
        study.add(clip(name, [(0.0, 2.0, angry(0.5))], author_key=speaker if authors_are_known else None), rows)
    tones = {name: tone for name, _, tone, _ in measured}
    ranks: dict[str, list[float]] = {tone: [] for tone in TONES}
    for found in study.ask("arousal"):
        assert found["baseline"] == ("author" if authors_are_known else "study")
        ranks[tones[found["clip_id"]]].append(found["arousal_rank"])
    assert min(map(len, ranks.values())) > 10
    assert above(ranks) > 0.9
