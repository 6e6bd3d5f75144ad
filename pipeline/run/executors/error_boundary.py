"""The one error boundary: whatever a stage does with a clip becomes an outcome."""

from __future__ import annotations

import errno
import math
import re
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from pipeline.errors import Reason, StageError, UserError, is_disk_full
from pipeline.records import Clip, Outcome, Row
from pipeline.stage import Result, Stage, StagePlan

TRACE_CHARACTERS = 2_000  # the end of a trace, where the cause stands
#: How torch, CTranslate2, ONNX Runtime and C++ say, on either device, what Python says with a MemoryError.
NO_MEMORY = re.compile(r"out of memory|(can't|cannot|failed to) allocate memory|bad_alloc|ALLOC_FAILED", re.IGNORECASE)


def run(stages: dict[str, Stage], plan: StagePlan, batch: Sequence[Clip]) -> list[Outcome]:
    """Run a planned stage on a batch, building it first if `stages` does not hold it yet."""
    if plan.fingerprint not in stages:
        try:
            with threadpool_limits(1):
                stages[plan.fingerprint] = plan.stage(plan.options, plan.setting)
        except UserError:
            raise
        except Exception as error:
            return [failure(clip, error) for clip in batch]
    # Sums of numpy split over two threads differ in the last digit from those of one, and Whisper's words with them.
    with threadpool_limits(1):
        return apply(stages[plan.fingerprint], batch)


def apply(stage: Stage, batch: Sequence[Clip]) -> list[Outcome]:
    """Run a stage on a batch; one outcome a clip, in order. A batch that raises is run again clip by clip, one
    that found too little memory in halves.

    Raises only `UserError`: a mistake in the study, which every clip would meet.
    """
    started = time.perf_counter()
    try:
        results = stage(batch)
        if len(results) != len(batch):
            raise ValueError(f"stage {stage.name} gave {len(results)} results for {len(batch)} clips")
        seconds = (time.perf_counter() - started) / len(batch)
        return [_outcome(clip, result, seconds) for clip, result in zip(batch, results, strict=True)]
    except UserError:
        raise
    except Exception as error:  # the boundary: nothing that one clip does may end the run
        if len(batch) > 1:
            return [outcome for part in parts(batch, lacks_memory(error)) for outcome in apply(stage, part)]
        return [failure(batch[0], error, time.perf_counter() - started)]


def parts(batch: Sequence[Clip], is_large: bool) -> list[Sequence[Clip]]:
    """What to try again of a batch that went wrong: halves where it was too large, else each clip by itself."""
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]] if is_large else [[clip] for clip in batch]


def lacks_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out, the machine's or that of its GPU."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)) is not None
    return said or isinstance(error, MemoryError)


def failure(clip: Clip, error: Exception, seconds: float = 0.0) -> Outcome:
    """An exception as the outcome of a clip."""
    if isinstance(error, StageError):
        return Outcome(
            clip.clip_id, error.rows, error.reason, error.message, seconds, retry_after_s=error.retry_after_s
        )
    if lacks_memory(error):
        message = f"{clip.clip_id} needs more memory than this machine has left"
        return Outcome(clip.clip_id, (), Reason.OUT_OF_MEMORY, message, seconds)
    if is_disk_full(error):
        return Outcome(clip.clip_id, (), Reason.DISK_FULL, "the disk is full", seconds)
    trace = "".join(traceback.format_exception(error))[-TRACE_CHARACTERS:]
    where = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"
    return Outcome(clip.clip_id, (), Reason.INTERNAL_ERROR, message, seconds, trace)


def _outcome(clip: Clip, result: Result, seconds: float) -> Outcome:
    if isinstance(result, StageError):
        return failure(clip, result, seconds)
    for row in result:
        _check(row)
    return Outcome(clip.clip_id, tuple(result), seconds=seconds)


def _check(row: Row) -> None:
    """Unknown is None with a reason, so a number that is none stops the clip."""
    for column in row.columns():
        value = getattr(row, column.name)
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
            raise ValueError(f"{row.table}.{column.name} is not a finite number")
