"""The command that estimates the time, disk and requests of a study before it runs, and labels after it."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app
from pipeline.cli.arguments import OutputOption, StudyArgument, find_study, load
from pipeline.cli.output import write
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.run.estimate.estimate import Wish
    from pipeline.study.config import Study


@app.command()
def plan(
    study: StudyArgument = None,
    clips: Annotated[float | None, typer.Option(help="number of clips, as in 10e6; by default the study's")] = None,
    seconds_per_clip: Annotated[float | None, typer.Option(help="seconds per clip; by default as measured")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="worker processes; by default as in the study")] = None,
    gpus: Annotated[int, typer.Option(min=0, help="GPUs")] = 0,
    labels: Annotated[
        bool, typer.Option("--labels", help="instead: how many labels a share of a tone takes, from the study's scores")
    ] = False,
    points: Annotated[
        float | None, typer.Option(help="with --labels: half the width of the 95 % interval, in points; by default 5")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Estimate time, disk and requests for a number of clips, from rates measured on this machine; or labels."""
    from pipeline.run.estimate.estimate import Estimate, markdown
    from pipeline.run.estimate.rates import measured

    if labels:
        if clips is not None or seconds_per_clip is not None or workers is not None or gpus:
            raise UserError("--labels counts from the scores of a study that ran: of the options take --points alone")
        write(_labels(study, points), output)
        return
    if points is not None:
        raise UserError("--points belongs to --labels")
    loaded = _study_or_none(study)
    if clips is not None and not (math.isfinite(clips) and clips >= 1 and clips == int(clips)):
        raise UserError(f"--clips is a whole number from 1 on, as in 10e6, not {clips:g}")
    if seconds_per_clip is not None and not (math.isfinite(seconds_per_clip) and seconds_per_clip > 0):
        raise UserError("--seconds-per-clip is a length above 0")
    if clips is None and loaded is None:
        raise UserError("name a study file, or how many clips you mean: cliptone plan --clips 10e6")
    wish = _wish(loaded, None if clips is None else int(clips), seconds_per_clip, workers, gpus)
    write(markdown(Estimate(wish, measured(loaded, Path.cwd()))), output)


def _labels(study: Path | None, points: float | None) -> str:
    from pipeline.results.evaluation.label_budget import POINTS, markdown, needs

    wanted = POINTS if points is None else points
    model, found = needs(load(find_study(study)).folder.published, wanted)
    return markdown(model, found, wanted)


def _study_or_none(named: Path | None) -> Study | None:
    """The selected study; None if none is named and none, or several, are found here."""
    try:
        return load(find_study(named))
    except UserError:
        if named is not None:
            raise
        return None


def _wish(
    study: Study | None, clips: int | None, seconds_per_clip: float | None, workers: int | None, gpus: int
) -> Wish:
    from pipeline.run.estimate.estimate import Wish
    from pipeline.run.executors.select import workers_of
    from pipeline.sources.platforms.options import DownloadOptions
    from pipeline.sources.platforms.rate_limit import PACES
    from pipeline.study.machine import cores

    if study is None:
        free = shutil.disk_usage(Path.cwd()).free
        return Wish(clips or 0, seconds_per_clip, workers or cores(), gpus, None, PACES, free_bytes=free)
    named, shares = _clips_in_sources(study)
    options, privacy = study.file.options["download"], study.file.privacy
    assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
    return Wish(
        clips=clips or named,
        seconds_per_clip=seconds_per_clip,
        workers=workers or max(1, workers_of(study.file)),
        gpus=gpus,
        shares=shares,
        paces={**PACES, **options.paces},
        keep_media=privacy.keep_media,
        keep_audio=privacy.keep_audio,
        free_bytes=shutil.disk_usage(study.file.path.parent).free,
    )


def _clips_in_sources(study: Study) -> tuple[int, dict[str, float]]:
    """How many clips the sources of a study name, and the share of them that is fetched from each platform."""
    from collections import Counter

    from pipeline.sources.read import read_sources

    found = read_sources(study)
    kinds = {one.clip_id: (one.source.kind, one.post.platform or "other") for one in found.sourced_posts}
    kinds = {clip_id: kind for clip_id, kind in kinds.items() if kind[0] != "post"}
    counts = Counter(platform for kind, platform in kinds.values() if kind == "url")
    counts.update({request.platform: 0 for request in found.listings})
    total = max(1, len(kinds))
    if not kinds and found.listings:  # only listings: each is counted with its maximum of posts
        listed = Counter({request.platform: 0 for request in found.listings})
        for request in found.listings:
            listed[request.platform] += request.max_posts
        return listed.total(), {platform: posts / listed.total() for platform, posts in listed.items()}
    return len(kinds), {platform: posts / total for platform, posts in counts.items() if posts}
