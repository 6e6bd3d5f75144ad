"""Write the report of a study: a folder of static pages that opens from disk."""

from __future__ import annotations

import contextlib
import filecmp
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.analysis.sound.praat import PitchRange
from pipeline.errors import UserError
from pipeline.results.clip.sound import decode_again
from pipeline.results.colours import label_colours
from pipeline.results.report.clip_pages import TABLE, clip_page, table_line
from pipeline.results.report.curves import curves, range_note
from pipeline.results.report.overview import overview
from pipeline.results.report.places import PAGES, Places, shard_digits, shard_of
from pipeline.results.report.policy import POLICY
from pipeline.results.report.relations import Relation, read_relations
from pipeline.results.report.scripts import write_script
from pipeline.results.report.vendor import FOLDER as VENDOR
from pipeline.results.study import StudyReader
from pipeline.results.wording import SENTENCES

HERE = Path(__file__).parent
HEAD_CHARACTERS = 200  # of a file of curves, in which its range of pitch stands
STAMP = "built-from"  # in the report's folder: the publication of the database that it shows

Progress = Callable[[int, int], None]  # clips done, of all


@dataclass(frozen=True, slots=True)
class Built:
    """What was written."""

    index: Path
    clips: int
    curves: int  # clips whose audio was measured for this report; of the others it was before, or cannot be had


def build_report(study: Path, *, copy_media: bool = False, progress: Progress = lambda *_: None) -> Built:
    """Write the report of a study's published results, with the curves of the audio that it keeps or can decode.

    `study` is its file, folder or database. Curves that were drawn before are kept. Raises `StoreError` where the
    study has no results.
    """
    with StudyReader(study) as reader:
        places = Places(reader.path.resolve().parent)
        relations = read_relations(reader)
        decoded = relations["audio"].clip_ids
        _copy_media(places, reader, decoded if copy_media else ())
        measured, pitch_range = 0, reader.pitch_range()
        for done, clip_id in enumerate(decoded, start=1):
            measured += write_curves(places, reader, clip_id, pitch_range)
            progress(done, len(decoded))
        clips = write_pages(places, reader, relations)
    return Built(places.report / PAGES[0], clips, measured)


def write_pages(places: Places, reader: StudyReader, relations: dict[str, Relation] | None = None) -> int:
    """Write everything but the curves; returns the number of clips. Each file is replaced as a whole."""
    stamp = stamp_of(reader.path)
    relations = relations or read_relations(reader)
    found = overview(reader, relations)
    clip_ids = relations["clips"].clip_ids
    digits = shard_digits(len(clip_ids))
    shards: dict[str, list[str]] = {}
    for clip_id in clip_ids:
        shards.setdefault(shard_of(clip_id, digits), []).append(clip_id)
    for moment in found["moments"]:
        moment["shard"] = shard_of(moment["clip_id"], digits)
    copied = (places.report / "media").is_dir()
    for shard, inside in shards.items():
        pages = {clip_id: clip_page(clip_id, relations, places, copied=copied) for clip_id in inside}
        write_script(places.rows / f"clips-{shard}.js", f"clips-{shard}", pages)
    write_script(places.rows / "overview.js", "overview", {**found, **_shared_values(places, reader, found, digits)})
    write_script(places.rows / "shared.js", "shared", _shared_values(places, reader, found, digits))
    write_script(places.rows / "table.js", "table", {"columns": TABLE, "lines": _table_lines(relations, digits)})
    _write_html(places, found, reader)
    _delete_stale(places, shards, clip_ids)
    (places.report / STAMP).write_text(stamp, encoding="utf-8")
    return len(clip_ids)


def write_curves(places: Places, reader: StudyReader, clip_id: str, pitch_range: PitchRange) -> bool:
    """Measure the sound of a clip, where there is one and it was not measured since; True if it was measured now."""
    sound, target = places.sound_file(clip_id), places.curves(clip_id)
    if sound is None or _is_measured(sound, target, pitch_range):
        return False
    try:
        waveform = reader.waveform(clip_id)
    except UserError:  # its media is no longer what was analysed: the page plays it, without curves
        return False
    write_script(target, "curves", curves(waveform, pitch_range))
    return True


def _is_measured(sound: Path, target: Path, pitch_range: PitchRange) -> bool:
    """Whether the curves are of this sound, with pitch searched in this range."""
    if not target.is_file() or target.stat().st_mtime_ns < sound.stat().st_mtime_ns:
        return False
    with target.open(encoding="utf-8") as file:
        return range_note(pitch_range) in file.read(HEAD_CHARACTERS)


def stamp_of(database: Path) -> str:
    """A stamp that changes with every publication of a study."""
    stat = database.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def _shared_values(places: Places, reader: StudyReader, found: dict[str, Any], digits: int) -> dict[str, Any]:
    """The values that every page needs."""
    published = datetime.fromtimestamp(int(reader.path.stat().st_mtime), UTC).replace(tzinfo=None)
    return {
        "study": places.study.name,
        "published_at": published,
        "colours": label_colours(found["labels"]),
        "reasons": SENTENCES,
        "shard_digits": digits,
    }


def _table_lines(relations: dict[str, Relation], digits: int) -> list[list[Any]]:
    posts = {row["clip_id"]: row for row in relations["clips"].rows()}
    return [table_line(row, posts[row["clip_id"]], digits) for row in relations["clip_overview"].rows()]


def _write_html(places: Places, found: dict[str, Any], reader: StudyReader) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shared = _shared_values(places, reader, found, 0)
    for page in PAGES:
        text = environment.get_template(f"{page}.j2").render(policy=POLICY, **shared, **found)
        part = places.report / f"{page}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(places.report / page)
    for folder, source in (("static", HERE / "static"), ("vendor", VENDOR)):
        shutil.copytree(source, places.report / folder, dirs_exist_ok=True, copy_function=_copy_if_changed)


def _copy_if_changed(source: str, target: str) -> None:
    """Copy a file if it differs, so that one that a browser may be reading is not replaced without need."""
    if not Path(target).is_file() or not filecmp.cmp(source, target):
        shutil.copy2(source, target)


def _copy_media(places: Places, reader: StudyReader, clip_ids: Iterable[str]) -> None:
    """Put the audio into the report, so that its folder can be handed on; without clips, remove such copies."""
    audible = [clip_id for clip_id in clip_ids if places.sound_file(clip_id) is not None]
    if not audible:
        shutil.rmtree(places.report / "media", ignore_errors=True)
    for clip_id in audible:
        target = places.copied(clip_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        if places.audio(clip_id).is_file():
            shutil.copyfile(places.audio(clip_id), target)
            continue
        with contextlib.suppress(UserError):  # its media is no longer what was analysed: the page says so
            decode_again(reader, clip_id, target)


def _delete_stale(places: Places, shards: Iterable[str], clip_ids: Iterable[str]) -> None:
    """Delete an older report's files of clips that are no longer in the study."""
    shards, clip_ids = set(shards), list(clip_ids)
    for path in places.rows.glob("clips-*.js"):
        if path.stem.removeprefix("clips-") not in shards:
            path.unlink()
    curves_kept = {places.curves(clip_id).name for clip_id in clip_ids}
    copies_kept = {places.copied(clip_id).name for clip_id in clip_ids}
    for folder, kept in (("sound", curves_kept), ("media", copies_kept)):
        for path in (places.report / folder).glob("*"):
            if path.name not in kept:
                path.unlink()
