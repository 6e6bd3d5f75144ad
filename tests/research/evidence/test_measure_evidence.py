"""The tables of the measurement, on a study whose tones are known; the rule itself is tested in test_choose_gate."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import CliptoneError, UserError
from pipeline.media.audio import SAMPLE_RATE
from pipeline.records import SpeechRegionRow
from pipeline.research.evidence import synthetic
from pipeline.research.evidence.choose_gate import MeasuredRegion
from pipeline.research.evidence.material import READ, Sound
from pipeline.research.evidence.measure_evidence import (
    SoundStudy,
    alone_table,
    gate_table,
    main,
    snr_table,
    tone_table,
    word_table,
)


def spoken(number: int, kind: str, snr_db: float | None = None, half: str = "report") -> Sound:
    return Sound(f"{number}_{kind}_{snr_db}.wav", half, READ, f"{number}.flac", kind, "", snr_db)


def study_of(folder: Path, clips: dict[Sound, tuple[str | None, str]]) -> SoundStudy:
    """A database with the tone and the words of each sound."""
    with duckdb.connect(str(folder / "study.duckdb")) as connection:
        connection.execute("CREATE TABLE media (clip_id VARCHAR, file_name VARCHAR)")
        connection.execute("CREATE TABLE clip_tone (clip_id VARCHAR, tone VARCHAR, tone_reason VARCHAR)")
        connection.execute("CREATE TABLE transcripts (clip_id VARCHAR, text VARCHAR)")
        for sound, (tone, text) in clips.items():
            reason = None if tone else text if not sound.has_speech else "low_snr"
            connection.execute("INSERT INTO media VALUES (?, ?)", [sound.file, sound.file])
            connection.execute("INSERT INTO clip_tone VALUES (?, ?, ?)", [sound.file, tone, reason])
            connection.execute("INSERT INTO transcripts VALUES (?, ?)", [sound.file, text or None])
    return SoundStudy(folder, {sound.file: sound for sound in clips})


def line_after(lines: list[str], start: str) -> list[str]:
    """The cells below the heading that starts so."""
    return lines[next(number for number, line in enumerate(lines) if line.startswith(start)) + 1].split()


def test_tones_are_compared_with_the_clean_clip_of_the_reporting_half(tmp_path: Path) -> None:
    clips: dict[Sound, tuple[str | None, str]] = {
        spoken(1, "clean"): ("sad", ""),
        spoken(2, "clean"): ("sad", ""),
        spoken(3, "clean"): ("sad", ""),
        spoken(4, "clean"): (None, ""),  # no tone to compare with
        spoken(5, "clean", half="choose"): ("sad", ""),
        spoken(1, "music", 20.0): ("sad", ""),
        spoken(2, "music", 20.0): ("angry", ""),
        spoken(3, "music", 20.0): (None, ""),
        spoken(4, "music", 20.0): ("angry", ""),
        spoken(5, "music", 20.0, half="choose"): ("angry", ""),
    }
    study = study_of(tmp_path, clips)
    ungated = {**study.tones(), spoken(3, "music", 20.0).file: "angry"}
    lines = tone_table(study, ungated)
    assert line_after(lines, "music")[0] == "0.67/0.50/0.33", "changed / changed with the gate / left out"
    assert not any(line.startswith("clipped") for line in lines), "no row for what was not made"


def test_the_word_error_rate_counts_what_was_not_written(tmp_path: Path) -> None:
    (tmp_path / READ).mkdir()
    (tmp_path / READ / "transcripts.csv").write_text("file,transcript\n1.flac,red green\n2.flac,blue black\n")
    kinds = [(kind, snr_db) for kind in ("music", "noise") for snr_db in (20.0, 10.0, 5.0, 0.0, -5.0)]
    clips: dict[Sound, tuple[str | None, str]] = {
        spoken(1, "clean"): (None, "Red, green."),
        spoken(2, "clean"): (None, "blue"),
    }
    clips |= {spoken(number, kind, snr_db): (None, "") for number in (1, 2) for kind, snr_db in kinds}
    lines = word_table(study_of(tmp_path, clips), tmp_path)
    assert lines[2].split() == ["clean", "0.250"]
    assert lines[-1].split() == ["noise", *["1.000"] * 5]


def test_sounds_without_a_voice_are_counted(tmp_path: Path) -> None:
    clips: dict[Sound, tuple[str | None, str]] = {
        Sound("m.wav", "choose", "", "", "music", "", None): (None, "no_speech"),
        Sound("c.wav", "report", "", "", "crowd", "", None): (None, "low_snr"),
        Sound("d.wav", "report", "", "", "crowd", "", None): ("angry", ""),
        spoken(1, "music", 20.0): ("sad", ""),
    }
    lines = {line.split()[0]: line.split()[1] for line in alone_table(study_of(tmp_path, clips))[2:]}
    assert lines == {"music": "1/0/0", "noise": "0/0/0", "crowd": "2/2/1", "silence": "0/0/0"}


def test_the_estimate_is_held_against_the_truth() -> None:
    rows = [SpeechRegionRow("a", 0, 0.0, 1.0, None, None, None, snr_db=snr_db) for snr_db in (18.0, 20.0, 28.0, None)]
    lines = snr_table([MeasuredRegion(spoken(1, "noise", 20.0), row, None, None) for row in rows])
    assert lines[-1].split() == ["noise", "20.0/3.3", "-", "-", "-", "-"]


def test_defaults_stand_beside_what_the_run_asks_for() -> None:
    lines = [line.split() for line in gate_table(Gate(min_snr_db=1.0))]
    assert ["min_snr_db", f"{Gate().min_snr_db:g}", "1"] in lines


@pytest.mark.slow
def test_a_study_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(CliptoneError, match="no_such_option"):
        SoundStudy(tmp_path, {}).run(("emotion",), {"no_such_option": 1.0})


def test_a_missing_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIPTONE_DATA", raising=False)
    with pytest.raises(UserError, match="CLIPTONE_DATA"):
        main()


@pytest.mark.parametrize("name", [*synthetic.MUSIC, *synthetic.NOISE, "silence"])
def test_voice_activity_stays_off_without_speech(name: str) -> None:
    kinds = {**synthetic.MUSIC, **synthetic.NOISE, "silence": lambda seconds, _: np.zeros(round(seconds * SAMPLE_RATE))}
    regions = [region for seed in range(3) for region in speech_regions(kinds[name](20.0, seed).astype(np.float32))]
    assert sum(end - start for start, end in regions) / 60.0 < 0.02
