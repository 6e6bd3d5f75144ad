"""What a run did and what a file holds, in sentences for the terminal."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.records.counted import counted

if TYPE_CHECKING:
    from pipeline.records import ImportRow
    from pipeline.run.progress import RunSummary
    from pipeline.sources.formats.result import ImportResult


def report_lines(report: RunSummary) -> str:
    """What a run did, in a sentence or two, and what it leaves to the next one."""
    lines = [*report.accounts, _done_line(report)]
    if report.blocked:
        waited_for = dict.fromkeys(name for names in report.blocked.values() for name in names)
        more = " ".join(f"--stage {one}" for one in (*waited_for, *report.blocked))
        first = " and ".join(waited_for)
        lines.append(f"{', '.join(report.blocked)} had no clips, as {first} has to run before: give {more}")
    if report.rejected:
        rejected = counted(report.rejected, "row")
        lines.append(f"{rejected} of the sources cannot be read: see which in the folder rejects beside the results")
    if report.without_count_time:
        lines.append(without_count_time(report.without_count_time))
    lines += report.notes
    if report.followed:
        followed = counted(report.followed, "short link was", "short links were")
        lines.append(f"{followed} followed, and each is a part of its post now (table short_links)")
    if report.excluded:
        excluded = counted(report.excluded, "post is", "posts are")
        lines.append(f"{excluded} excluded by the study's filters: cliptone query exclusions_by_rule")
    if report.without_media:
        gone = counted(report.without_media, "clip")
        lines.append(
            f"keep_audio: the audio of {gone} is gone, and so is the media: put your own files back; "
            "posts are fetched again with keep_media = true and cliptone verify --repair"
        )
    if report.waiting:
        waiting = counted(report.waiting, "post is", "posts are")
        lines.append(f"{waiting} waiting for another attempt: cliptone status --collection says when")
    lines += [f"{platform}: {why}" for platform, why in report.lanes.items()]
    return "\n".join(lines)


def _done_line(report: RunSummary) -> str:
    before = ", ".join(f"{reason} {count}" for reason, count in report.failed_before.most_common())
    earlier = f" Failed in earlier runs: {before} (cliptone query failures)." if before else ""
    if report.idle and not report.blocked:
        done = "nothing is pending" if before else f"{counted(report.listed, 'clip is', 'clips are')} up to date"
        return f"Nothing to do: {done} ({report.seconds:.1f} s).{earlier}"
    steps = sum(report.passed.values())
    failed = Counter[str]()
    for counts in report.failed.values():
        failed.update(counts)
    lost = ", ".join(f"{reason} {count}" for reason, count in failed.most_common()) or "none"
    done = f"{counted(steps, 'step')} done in {report.seconds:.1f} s"
    return f"{counted(report.listed, 'clip')}, {report.new} new: {done}; failed: {lost}.{earlier}"


def import_lines(result: ImportResult, rejects: Path, row: ImportRow | None = None) -> str:
    """What an export holds and, once it is stored, what of it was new, line by line."""
    from pipeline.sources.formats.columns import further_columns
    from pipeline.sources.formats.result import reason_lines

    posts = counted(len(result.posts) - result.repeated, "post")
    repeated = f" in {len(result.posts)} rows ({result.repeated} repeat a post)" if result.repeated else ""
    lines = [f"{result.path.name}: {result.format}, {posts}{repeated}, {counted(len(result.exposures), 'exposure')}"]
    if not result.rows:
        lines.append("the file holds no row")
    if (columns := result.columns) is not None:
        guessed = [f"{ours} from {theirs}" for ours, theirs in columns.used.items() if ours in columns.guessed]
        lines += [f"columns recognised by another name: {', '.join(guessed)}"] if guessed else []
        lines += [f"columns not used: {', '.join(filter(None, columns.unused))}"] if any(columns.unused) else []
        further = [f"--map {shlex.quote(f'{ours}={theirs}')}" for ours, theirs in further_columns(columns).items()]
        lines += [f"what seems to hold more of ours is taken with {' '.join(further)}"] if further else []
    if row is not None:
        new = counted(row.new_posts, "post is", "posts are") if row.new_posts else "No post is"
        lines.append(f"{new} new to the study")
    if result.tally.undated:
        lines.append(without_count_time(result.tally.undated))
    if result.rejects:
        lines.append(f"{counted(len(result.rejects), 'row')} cannot be read, see {rejects}:")
        lines += [f"  {line}" for line in reason_lines(result.rejects, examples=result.donor is None)]
    if result.notes:
        taken = counted(len({note.number for note in result.notes}), "row was", "rows were")
        lines.append(f"{taken} taken with a correction, or without a value that cannot be read, see {rejects}:")
        lines += [f"  {line}" for line in reason_lines(result.notes, examples=result.donor is None)]
    return "\n".join(lines)


def without_count_time(posts: int) -> str:
    """What it means that counts have no time, and what to do."""
    have = counted(posts, "post has", "posts have")
    return (
        f"{have} counts without the time when they were read, so engagement compares "
        'them at no age: give a column counted_at, or counted_at = "file" under [[sources]] if the date of the file is '
        "that time, or compare the latest_ columns"
    )
