"""Files of a study against the rows that name them: what is missing, changed, cut off, or named by nothing."""

from __future__ import annotations

import wave
from collections.abc import Collection, Iterator
from pathlib import Path

from pipeline.media.audio import SAMPLE_RATE
from pipeline.run.shards.prepare import shards_of
from pipeline.run.verify.findings import Finding
from pipeline.store import integrity
from pipeline.store.store import Store
from pipeline.study.config import Study
from pipeline.study.files import sha256_of
from pipeline.study.folder import StudyFolder, work_name

AGAIN = "--repair marks it, and the next run makes it again"
WITHIN_S = 1.5 / SAMPLE_RATE  # a sample, and what rounding adds


def file_findings(study: Study, store: Store) -> Iterator[Finding]:
    """What is wrong with the files of an open study; reads all of them."""
    yield from _media(study, store)
    yield from _audio(study, store)
    if not shards_of(study.folder):  # where there are shards, each knows of its own clips alone
        yield from _unnamed(study.folder, store)
    yield from _unfinished(study.folder)


def _media(study: Study, store: Store) -> Iterator[Finding]:
    """Media that is not what was fetched or read; that of posts may have been deleted after use."""
    privacy = study.file.privacy
    may_be_gone = not privacy.keep_media or privacy.vanished != "keep"
    with store.uninterrupted_lock():
        stored = integrity.media(store.tables)
    for media in stored:
        clip_id, is_own = media.clip_id, media.kind == "file"
        path = Path(media.location) if is_own else study.folder.media / work_name(clip_id) / media.file_name
        if not path.is_file():
            if is_own:
                what = f"your file {path.name} is no longer in its folder"
                yield Finding("media", what, "put it back; its results stay as they are without it", clip_id)
            elif not may_be_gone:
                yield Finding("media", f"{media.file_name} is not there", AGAIN, clip_id, stale_stage="download")
        elif path.stat().st_size != media.size_bytes or sha256_of(path) != media.sha256:
            what = f"{path.name} is not the file that was {'read' if is_own else 'fetched'}: its sha256 is another"
            yield Finding("media", what, AGAIN, clip_id, stale_stage="download")


def _audio(study: Study, store: Store) -> Iterator[Finding]:
    """Audio that is missing, though the study keeps it, or is not what its row says."""
    with store.uninterrupted_lock():
        stored = integrity.audio(store.tables)
    for audio in stored:
        clip_id, duration_s = audio.clip_id, audio.duration_s
        path = study.folder.audio_path(clip_id)
        if not path.is_file():
            if study.file.privacy.keep_audio:
                yield Finding("audio", f"{path.name} is not there", AGAIN, clip_id, stale_stage="audio")
            continue
        length = _length_s(path)
        if length is None:
            what = f"{path.name} cannot be read, its row says {duration_s:.3f} s"
        elif abs(length - duration_s) > WITHIN_S:
            what = f"{path.name} lasts {length:.3f} s, its row says {duration_s:.3f} s"
        elif audio.sha256 is not None and sha256_of(path) != audio.sha256:
            what = f"{path.name} is not the audio that was decoded: its sha256 is another"
        else:
            continue
        yield Finding("audio", what, AGAIN, clip_id, stale_stage="audio", spare_file=path)


def _length_s(path: Path) -> float | None:
    """The length of a WAV file by the samples that are there; None if it is none."""
    try:
        with wave.open(str(path), "rb") as file:
            samples = len(file.readframes(file.getnframes())) // file.getsampwidth()
            return samples / file.getframerate()
    except (OSError, EOFError, wave.Error):
        return None


def _unnamed(study_folder: StudyFolder, store: Store) -> Iterator[Finding]:
    """Audio and folders of posts that belong to no clip which has passed the stage that makes them."""
    places = ((study_folder.audio, "audio"), (study_folder.media, "download"))
    for folder, stage in places:
        with store.uninterrupted_lock():
            kept = set(map(work_name, integrity.with_file(store.tables, stage)))
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if (path.stem if stage == "audio" else path.name) not in kept and path.suffix != ".part":
                what = f"{path.relative_to(study_folder.root)} belongs to no clip that has passed {stage}"
                yield Finding("files", what, "--repair --yes deletes it", spare_file=path)


def _unfinished(study_folder: StudyFolder) -> Iterator[Finding]:
    """What commands left that broke off: nothing reads it, and the next run makes it again."""
    folders: Collection[Path] = (study_folder.root, study_folder.working.parent, study_folder.audio)
    patterns = ("*.part", "*.part.wal", "*.rebuilt", "*.rebuilt.wal")
    for path in sorted({path for folder in folders for pattern in patterns for path in folder.glob(pattern)}):
        what = f"{path.relative_to(study_folder.root)} was never finished"
        yield Finding("files", what, "--repair --yes deletes it", spare_file=path)
