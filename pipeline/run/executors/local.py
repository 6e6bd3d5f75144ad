"""Worker processes on this machine: each builds a stage once, and one that dies is replaced."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from pipeline.errors import Reason, UserError
from pipeline.media.sandbox.client import decoder
from pipeline.records import Clip, Outcome, Seconds, SpeechRegionRow
from pipeline.run.executors import CHUNK_CLIPS
from pipeline.run.executors.batch import Batch
from pipeline.run.executors.crash_marker import CrashMarker
from pipeline.run.executors.error_boundary import parts, run
from pipeline.stage import Stage, StagePlan

BUILD_ALLOWANCE_S = 180.0  # a worker's first batch of a stage may load models first
TRIES = 3  # workers that a clip may cost: fewer can be the fault of the machine
KILLED = -9  # exit code after SIGKILL, with which a system ends processes when memory runs out
END_PATIENCE_S = 0.5  # until a worker whose connection has closed is gone
STOP_PATIENCE_S = 2.0  # how long a worker may take to leave by itself
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
ENVIRONMENT = {
    # Two workers on two cores do more than one with two threads, and sums keep their order.
    **dict.fromkeys(THREADS, "1"),
    # The C library gives the memory of each large array back and asks for it anew, page by page: a quarter of the time
    # of an encoder. Kept, in one arena for all threads, it costs next to nothing. Other systems do not read this.
    "GLIBC_TUNABLES": "glibc.malloc.arena_max=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824",
}


@dataclass
class LocalWorker:
    """One worker process, and what it is doing."""

    process: BaseProcess
    connection: Connection
    batch: Batch | None = None
    deadline: float = float("inf")
    built: set[str] = field(default_factory=set)


class LocalExecutor:
    """A pool of supervised worker processes; with 0 workers, stages run in this process.

    A worker that dies is replaced, and its clips are tried again: halves of a batch where memory may have run out, else
    each by itself. A clip that costs `TRIES` workers is put into quarantine. Of a run that works in its own process,
    `in_hand` remembers which clips were in progress when it crashed.
    """

    chunk_clips = CHUNK_CLIPS

    def __init__(self, workers: int, in_progress: CrashMarker | None = None) -> None:
        self._count = workers
        self._crash_marker = in_progress
        self._workers: list[LocalWorker] = []
        self._stages: dict[str, Stage] = {}

    def map(self, plan: StagePlan, clips: Iterable[Clip]) -> Iterator[Outcome]:
        """Run a stage on clips; outcomes come as they are ready."""
        return (outcome for _, outcome in self._run([(plan, clips)]))

    def map_all(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        """Run stages that do not need each other; a worker goes on to the next while others are still at the last."""
        return self._run(work)

    def _run(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        waiting = self._batches(work)
        if self._count > 0:
            yield from self._supervise(waiting)
            return
        for batch in waiting:
            with self._crash_marker.holding(batch.plan, batch.clips) if self._crash_marker else nullcontext():
                outcomes = run(self._stages, batch.plan, batch.clips)
            for outcome in outcomes:
                yield batch.plan, outcome

    def _batches(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[Batch]:
        """Batches of each stage in turn; clips that a run crashed with stand alone and come first."""
        suspects = self._crash_marker.suspects if self._crash_marker else frozenset()
        for plan, some in work:
            clips = list(some)
            yield from (Batch(plan, [clip]) for clip in clips if clip.clip_id in suspects)
            rest = [clip for clip in clips if clip.clip_id not in suspects]
            yield from (Batch(plan, batch) for batch in fair_batches(rest, plan.stage.batch_size, self._count))

    def close(self) -> None:
        """Stop all workers: asked first, then killed."""
        for worker in self._workers:
            worker.connection.close()
        until = time.monotonic() + STOP_PATIENCE_S
        for worker in self._workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers = []
        if self._crash_marker:
            self._crash_marker.close()

    def _supervise(self, new: Iterator[Batch]) -> Iterator[tuple[StagePlan, Outcome]]:
        again: deque[Batch] = deque()  # whose worker died
        waiting = next(new, None)
        while waiting or again or any(worker.batch for worker in self._workers):
            for worker in self._idle(bool(waiting or again)):
                batch = again.popleft() if again else waiting
                if batch is None:
                    break
                if batch is waiting:
                    waiting = next(new, None)
                self._send(worker, batch)
            for worker in self._ready():
                done, worker.batch = worker.batch, None
                assert done is not None  # noqa: S101 - for the type checker: it is busy
                for outcome in self._receive(worker, done, again):
                    yield done.plan, outcome

    def _idle(self, wanted: bool) -> list[LocalWorker]:
        """Workers without a batch, with new ones up to the count while there is work."""
        idle = [worker for worker in self._workers if not worker.batch]
        if wanted and not idle and len(self._workers) < self._count:
            idle = [_start()]
            self._workers += idle
        return idle if wanted else []

    def _send(self, worker: LocalWorker, batch: Batch) -> None:
        plan = batch.plan
        allowance = 0.0 if plan.fingerprint in worker.built else BUILD_ALLOWANCE_S
        worker.batch = batch
        worker.deadline = time.monotonic() + plan.stage.deadline_s * len(batch.clips) + allowance
        worker.built.add(plan.fingerprint)
        try:
            worker.connection.send((plan, batch.clips))
        except OSError:
            worker.process.kill()  # `_receive` finds it dead

    def _ready(self) -> list[LocalWorker]:
        """Busy workers that have answered, died or run out of time."""
        busy = [worker for worker in self._workers if worker.batch]
        if not busy:
            return []
        if len(busy) < self._count:
            timeout = 0.05  # more workers may start while these are busy
        else:
            timeout = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
        # A second at most: the end of a run's time is seen between two waits.
        answered = wait([worker.connection for worker in busy], timeout=min(timeout, 1.0))
        late = time.monotonic()
        return [worker for worker in busy if worker.connection in answered or worker.deadline < late]

    def _receive(self, worker: LocalWorker, batch: Batch, again: deque[Batch]) -> list[Outcome]:
        """What a worker has given; what it could not do is tried again, or fails."""
        try:
            if not worker.connection.poll():
                worker.process.kill()
                self._drop(worker)
                return _late(batch, again)
            answer = worker.connection.recv()
        except (EOFError, OSError):
            return _lost(batch, self._drop(worker), again)
        if isinstance(answer, UserError):
            raise answer
        return list(answer)

    def _drop(self, worker: LocalWorker) -> int | None:
        """Stop a worker that is of no use any more; returns how it ended, if it did so by itself."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join(END_PATIENCE_S)
        code = worker.process.exitcode
        worker.process.kill()
        worker.process.join()
        return code


def _late(batch: Batch, again: deque[Batch]) -> list[Outcome]:
    """A worker took too long: a clip alone fails, and of several each gets its own chance."""
    if len(batch.clips) > 1:
        again.extend(Batch(batch.plan, part, batch.losses) for part in parts(batch.clips, is_large=False))
        return []
    clip_id = batch.clips[0].clip_id
    return [Outcome(clip_id, (), Reason.TIMEOUT, f"{clip_id}: took longer than {batch.plan.stage.deadline_s:g} s")]


def _lost(batch: Batch, code: int | None, again: deque[Batch]) -> list[Outcome]:
    """A worker died: its clips go to others, and one that was alone with the last of several is quarantined."""
    losses = batch.losses + 1
    if len(batch.clips) > 1:
        again.extend(Batch(batch.plan, part, losses) for part in parts(batch.clips, is_large=code == KILLED))
        return []
    if losses < TRIES:
        again.append(Batch(batch.plan, batch.clips, losses))
        return []
    clip_id = batch.clips[0].clip_id
    what = f"{clip_id}: {losses} worker processes died with it, the last by {_ending(code)}; --retry-failed tries again"
    return [Outcome(clip_id, (), Reason.QUARANTINED, what)]


def _ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code == KILLED:
        return "SIGKILL, as when memory runs out"
    return f"exit code {code}" if code is None or code >= 0 else f"signal {-code}"


def _speech_s(clip: Clip) -> Seconds:
    """How long the speech of a clip is, as far as it is known: most of the work follows from it."""
    return sum(region.end_s - region.start_s for region in clip.rows(SpeechRegionRow))


def fair_batches(clips: Iterable[Clip], size: int, workers: int) -> Iterator[list[Clip]]:
    """Clips in lists of at most `size`, those with most to do first, and none so long that a worker goes without."""
    longest_first = sorted(clips, key=_speech_s, reverse=True)
    share = max(1, min(size, -(-len(longest_first) // max(1, workers))))
    yield from (longest_first[first : first + share] for first in range(0, len(longest_first), share))


def _start() -> LocalWorker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    kept = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)  # must be there before the worker imports anything
    try:
        process = context.Process(target=_work, args=(theirs,), daemon=True)
        process.start()
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    theirs.close()
    return LocalWorker(process, ours)


def _work(connection: Connection) -> None:
    """A worker's life: build stages as they come, answer each batch, leave when the run is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what Ctrl-C means
    stages: dict[str, Stage] = {}
    with suppress(EOFError, OSError):
        while True:
            plan, batch = connection.recv()
            answer: list[Outcome] | UserError
            try:
                answer = run(stages, plan, batch)
            except UserError as error:
                answer = error
            connection.send(answer)
    decoder().close()
    os._exit(0)  # taking models apart piece by piece takes a second, and nothing waits for it
