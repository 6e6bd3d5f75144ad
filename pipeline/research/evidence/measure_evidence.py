"""How accurate tone and words are over music and noise, and how often the gate leaves tone out, as users get it.

`python -m pipeline.research.evidence.measure_evidence [PAGE]` makes clips of known truth, runs them as studies in
a folder of its own, and prints the tables; it writes them into a document too, if one is named. It needs the models of
the extra `starter` and the speech that `pipeline.research.evidence.material` names. One half of the clips chooses the
gate's defaults, the other half is reported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import CliptoneError
from pipeline.records import SpeechRegionRow
from pipeline.research.data import data_folder
from pipeline.research.docs.documents import replace_in
from pipeline.research.evidence import material
from pipeline.research.evidence.choose_gate import MeasuredRegion, choose
from pipeline.research.evidence.material import ACTED, CLIPPED_DB, READ, SNRS_DB, Sound
from pipeline.store.reader import ResultsReader

STAGES = ("download", "audio", "evidence", "transcribe", "embed", "emotion")
NO_GATE: Mapping[str, float] = {  # options of the stage emotion that score whatever is long and loud enough
    "min_speech_probability": 0.0, "max_clipping_share": 1.0, "music_ratio": 1e9, "min_snr_db": -10.0,
    "max_overlap_probability": 1.0, "needs_words": False,
}  # fmt: skip
TONES = "SELECT file_name, tone, tone_reason FROM clip_tone JOIN media USING (clip_id)"
TEXTS = "SELECT file_name, coalesce(text, '') FROM transcripts JOIN media USING (clip_id)"


@dataclass(frozen=True, slots=True)
class SoundStudy:
    """A study in a folder of its own, with the sounds that are its clips."""

    folder: Path
    sounds: dict[str, Sound]  # by file

    def run(self, stages: Sequence[str], emotion: Mapping[str, float]) -> None:
        """Run stages with these options of the stage emotion; `CliptoneError` if the run fails."""
        options = "\n".join(f"{name} = {json.dumps(value)}" for name, value in emotion.items())
        (self.folder / "study.toml").write_text(
            f'schema = 1\nname = "measure"\noutput = "."\n[[sources]]\nfolder = "clips"\n[emotion]\n{options}\n',
            encoding="utf-8",
        )
        command = [sys.executable, "-c", "from pipeline.cli import main; main()", "run", "study.toml"]
        command += [part for stage in stages for part in ("--stage", stage)]
        environment = {**os.environ, "CLIPTONE_KEYS": str(self.folder / "keys")}
        done = subprocess.run(command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise CliptoneError(f"the study of the measurement failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with ResultsReader(self.folder) as reader:
            return reader.rows(sql)

    def tones(self) -> dict[str, str | None]:
        """The tone of each clip by its file."""
        return {file: tone for file, tone, _ in self.ask(TONES)}

    def reasons(self) -> dict[str, str | None]:
        """Why a clip has no tone, by its file."""
        return {file: reason for file, _, reason in self.ask(TONES)}


def main() -> None:
    """Measure and print."""
    data = data_folder(material.ACTED, material.READ)
    with tempfile.TemporaryDirectory() as folder:
        acted = _sound_study(Path(folder) / "acted", [*material.spoken(data, ACTED), *material.alone(data)])
        read = _sound_study(Path(folder) / "read", list(material.spoken(data, READ)))
        for study in (acted, read):
            study.run(STAGES, NO_GATE)
        heard = [*_measured_regions(acted), *_measured_regions(read)]
        ungated = [study.tones() for study in (acted, read)]
        for study in (acted, read):
            study.run(STAGES, {})
        read.run(("transcribe",), {})
        lines = gate_table(choose([one for one in heard if one.sound.half == "choose"]))
        for study, free in zip((acted, read), ungated, strict=True):
            lines += tone_table(study, free)
        lines += [*word_table(read, data), *snr_table(heard), *alone_table(acted)]
    text = "\n".join(lines)
    sys.stdout.write(f"{text}\n")
    for document in sys.argv[1:]:
        replace_in(Path(document), "evidence", f"```text\n{text}\n```\n")


def gate_table(chosen: Gate) -> list[str]:
    """The gate that the choosing half selects, beside the defaults."""
    lines = ["defaults of the gate", f"{'':<26}{'default':>9}{'this run':>9}"]
    values = [(field.name, getattr(Gate(), field.name), getattr(chosen, field.name)) for field in fields(Gate)]
    return lines + [f"{name:<26}{default:>9g}{asked:>9g}" for name, default, asked in values]


def tone_table(study: SoundStudy, ungated: Mapping[str, str | None]) -> list[str]:
    """How often a clip has another tone than when it was clean, scored all the same and with the gate."""
    corpus = next(sound.corpus for sound in study.sounds.values() if sound.has_speech)
    gated = study.tones()
    lines = ["", f"{corpus}: clips whose tone differs from the clean one / that, with the gate / without a tone"]
    for kind, levels in (("music", SNRS_DB), ("noise", SNRS_DB), ("clipped", CLIPPED_DB)):
        if _reported(study, kind, levels[0]):
            lines.append(_table_line(kind, [f"{level:+.0f} dB" for level in levels]))
            lines.append(_table_line("", [_tone_cell(study, kind, level, ungated, gated) for level in levels]))
    for kind, level in (("clean", None), ("telephone", None), ("second voice", 0.0)):
        if _reported(study, kind, level):
            lines.append(_table_line(kind, [_tone_cell(study, kind, level, ungated, gated)]))
    return lines


def word_table(study: SoundStudy, data: Path) -> list[str]:
    """Word error rate over the reporting half."""
    import jiwer
    from whisper.normalizers import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    texts = dict(study.ask(TEXTS))
    truth = transcripts(data)

    def cell(kind: str, level: float | None) -> str:
        sounds = _reported(study, kind, level)
        expected = [normalise(truth[sound.utterance]) for sound in sounds]
        return f"{jiwer.wer(expected, [normalise(texts.get(sound.file, '')) for sound in sounds]):.3f}"

    lines = ["", f"{READ}: word error rate", _table_line("clean", [cell("clean", None)])]
    lines.append(_table_line("", [f"{level:+.0f} dB" for level in SNRS_DB]))
    return lines + [_table_line(kind, [cell(kind, level) for level in SNRS_DB]) for kind in ("music", "noise")]


def snr_table(heard: Sequence[MeasuredRegion]) -> list[str]:
    """Median of `speech_regions.snr_db`, and its mean distance from the truth."""
    lines = [
        "",
        "snr_db of regions: median / mean absolute error in dB",
        _table_line("", [f"{x:+.0f} dB" for x in SNRS_DB]),
    ]
    for kind in ("music", "noise"):
        cells = []
        for level in SNRS_DB:
            rows = [one.row for one in heard if (one.sound.kind, one.sound.snr_db) == (kind, level)]
            found = np.array([row.snr_db for row in rows if row.snr_db is not None])
            cells.append(f"{np.median(found):.1f}/{np.abs(found - level).mean():.1f}" if found.size else "-")
        lines.append(_table_line(kind, cells))
    return lines


def alone_table(study: SoundStudy) -> list[str]:
    """Clips in which nobody speaks in front: how many have speech regions, and how many a tone."""
    tones, reasons = study.tones(), study.reasons()
    lines = ["", "without one voice in front: clips / with speech regions / with a tone (must be 0)"]
    for kind in ("music", "noise", "crowd", "silence"):
        files = [sound.file for sound in study.sounds.values() if sound.kind == kind and not sound.has_speech]
        voiced = sum(reasons[file] != "no_speech" for file in files)
        lines.append(_table_line(kind, [f"{len(files)}/{voiced}/{sum(tones[file] is not None for file in files)}"]))
    return lines


def transcripts(data: Path) -> dict[str, str]:
    """The true words of the read utterances, by file."""
    import csv

    with (data / READ / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["transcript"] for row in csv.DictReader(file)}


def _sound_study(folder: Path, sounds: list[tuple[Sound, Any]]) -> SoundStudy:
    return SoundStudy(folder, {sound.file: sound for sound in material.write(sounds, folder / "clips")})


def _measured_regions(study: SoundStudy) -> list[MeasuredRegion]:
    """Every speech region of a study that was scored without a gate."""
    names = [field.name for field in fields(SpeechRegionRow)]
    columns = ", ".join(f"speech_regions.{name}" for name in names)
    sql = f"""
        SELECT media.file_name, emotions.label, {columns}
        FROM speech_regions JOIN emotions USING (clip_id, region) JOIN media USING (clip_id)
    """  # noqa: S608 - own names
    tones = study.tones()
    clean = {sound.utterance: tones[file] for file, sound in study.sounds.items() if sound.kind == "clean"}
    return [
        MeasuredRegion(study.sounds[file], SpeechRegionRow(*row), label, clean.get(study.sounds[file].utterance))
        for file, label, *row in study.ask(sql)
    ]


def _tone_cell(
    study: SoundStudy,
    kind: str,
    level: float | None,
    ungated: Mapping[str, str | None],
    gated: Mapping[str, str | None],
) -> str:
    """Shares of the clips whose clean version has a tone: changed, changed with the gate, left out by the gate."""
    clean = {sound.utterance: ungated[file] for file, sound in study.sounds.items() if sound.kind == "clean"}
    known = [sound for sound in _reported(study, kind, level) if clean[sound.utterance]]
    free = [ungated[one.file] != clean[one.utterance] for one in known if ungated[one.file]]
    kept = [gated[one.file] != clean[one.utterance] for one in known if gated[one.file]]
    shares = [f"{np.mean(cell):.2f}" if cell else "-" for cell in (free, kept)]
    return f"{shares[0]}/{shares[1]}/{1 - len(kept) / len(known):.2f}" if known else "-"


def _reported(study: SoundStudy, kind: str, level: float | None) -> list[Sound]:
    wanted = ("report", kind, level)
    return [
        sound
        for sound in study.sounds.values()
        if sound.has_speech and (sound.half, sound.kind, sound.snr_db) == wanted
    ]


def _table_line(name: str, cells: list[str]) -> str:
    return f"{name:<14}" + "".join(f"{cell:>16}" for cell in cells)


if __name__ == "__main__":
    main()
