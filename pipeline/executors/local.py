"""Worker processes on this machine: each builds a stage once, and a killed worker costs one clip."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from pipeline.errors import Reason, UserError
from pipeline.executors import WAVE_CLIPS
from pipeline.executors.boundary import run
from pipeline.records import Clip, Outcome, Seconds, SpeechRegionRow
from pipeline.stage import Stage, StagePlan

BUILD_ALLOWANCE_S = 180.0  # a worker's first batch of a stage may load models first
STOP_PATIENCE_S = 2.0  # how long a worker may take to leave by itself
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
ENVIRONMENT = {
    # Two workers on two cores do more than one with two threads, and sums keep their order.
    **dict.fromkeys(THREADS, "1"),
    # The C library gives the memory of each large array back and asks for it anew, page by page: a quarter of the time
    # of an encoder. Kept, and in huge pages, it costs next to nothing. Other systems do not read this.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1073741824",
}

Work = tuple[StagePlan, list[Clip]]  # a batch, and the stage that is to run on it


@dataclass
class Worker:
    """One worker process, and what it is doing."""

    process: BaseProcess
    connection: Connection
    plan: StagePlan | None = None
    batch: Sequence[Clip] = ()
    deadline: float = float("inf")
    built: set[str] = field(default_factory=set)


class LocalExecutor:
    """A pool of supervised worker processes; with 0 workers, stages run in this process."""

    wave_clips = WAVE_CLIPS

    def __init__(self, workers: int) -> None:
        self._count = workers
        self._workers: list[Worker] = []
        self._stages: dict[str, Stage] = {}

    def map(self, plan: StagePlan, clips: Iterable[Clip]) -> Iterator[Outcome]:
        """Run a stage on clips; outcomes come as they are ready."""
        return (outcome for _, outcome in self._run([(plan, clips)]))

    def map_all(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        """Run stages that do not need each other; a worker goes on to the next while others are still at the last."""
        return self._run(work)

    def _run(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        waiting = self._batches(work)
        if self._count == 0:
            for plan, batch in waiting:
                for outcome in run(self._stages, plan, batch):
                    yield plan, outcome
            return
        yield from self._supervise(waiting)

    def _batches(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[Work]:
        """Batches of each stage in turn, those with most to do first, and none so large that a worker goes without."""
        for plan, clips in work:
            longest_first = sorted(clips, key=_speech_s, reverse=True)
            share = -(-len(longest_first) // max(1, self._count))
            for batch in batches(longest_first, min(plan.stage.batch_size, max(1, share))):
                yield plan, batch

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

    def _supervise(self, new: Iterator[Work]) -> Iterator[tuple[StagePlan, Outcome]]:
        again: deque[Work] = deque()  # clips of a larger batch whose worker died, one by one
        waiting = next(new, None)
        while waiting or again or any(worker.batch for worker in self._workers):
            for worker in self._idle(bool(waiting or again)):
                work = again.popleft() if again else waiting
                if work is None:
                    break
                if work is waiting:
                    waiting = next(new, None)
                self._send(worker, *work)
            for worker in self._ready():
                plan = worker.plan
                assert plan is not None  # noqa: S101 - for the type checker: it has a batch
                for outcome in self._receive(worker, plan, again):
                    yield plan, outcome

    def _idle(self, wanted: bool) -> list[Worker]:
        """Workers without a batch, with new ones up to the count while there is work."""
        idle = [worker for worker in self._workers if not worker.batch]
        if wanted and not idle and len(self._workers) < self._count:
            idle = [_start()]
            self._workers += idle
        return idle if wanted else []

    def _send(self, worker: Worker, plan: StagePlan, batch: list[Clip]) -> None:
        allowance = 0.0 if plan.fingerprint in worker.built else BUILD_ALLOWANCE_S
        worker.plan, worker.batch = plan, batch
        worker.deadline = time.monotonic() + plan.stage.deadline_s * len(batch) + allowance
        worker.built.add(plan.fingerprint)
        try:
            worker.connection.send((plan, batch))
        except OSError:
            worker.process.kill()  # `_receive` finds it dead

    def _ready(self) -> list[Worker]:
        """Busy workers that have answered, died or run out of time."""
        busy = [worker for worker in self._workers if worker.batch]
        if not busy:
            return []
        if len(busy) < self._count:
            timeout = 0.05  # more workers may start while these are busy
        else:
            timeout = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
        answered = wait([worker.connection for worker in busy], timeout=min(timeout, 5.0))
        late = time.monotonic()
        return [worker for worker in busy if worker.connection in answered or worker.deadline < late]

    def _receive(self, worker: Worker, plan: StagePlan, again: deque[Work]) -> list[Outcome]:
        batch, worker.batch = list(worker.batch), ()
        try:
            if not worker.connection.poll():
                late = f"took longer than {plan.stage.deadline_s:g} s"
                return self._lost(worker, plan, batch, again, Reason.TIMEOUT, late)
            answer = worker.connection.recv()
        except (EOFError, OSError):
            return self._lost(worker, plan, batch, again, Reason.WORKER_DIED, "its worker process died")
        if isinstance(answer, UserError):
            raise answer
        return list(answer)

    def _lost(
        self, worker: Worker, plan: StagePlan, batch: list[Clip], again: deque[Work], reason: Reason, what: str
    ) -> list[Outcome]:
        """Drop a worker; the clip it held fails, and of several each gets its own chance."""
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        if len(batch) > 1:
            again.extend((plan, [clip]) for clip in batch)
            return []
        return [Outcome(batch[0].clip_id, (), reason, f"{batch[0].clip_id}: {what}")]


def _speech_s(clip: Clip) -> Seconds:
    """How long the speech of a clip is, as far as it is known: most of the work follows from it."""
    return sum(region.end_s - region.start_s for region in clip.rows(SpeechRegionRow))


def batches(clips: Iterable[Clip], size: int) -> Iterator[list[Clip]]:
    """Clips in lists of `size`, the last one perhaps shorter."""
    batch: list[Clip] = []
    for clip in clips:
        batch.append(clip)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _start() -> Worker:
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
    return Worker(process, ours)


def _work(connection: Connection) -> None:
    """A worker's life: build stages as they come, answer each batch, leave when the run is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what Ctrl-C means
    stages: dict[str, Stage] = {}
    while True:
        try:
            plan, batch = connection.recv()
        except (EOFError, OSError):
            return
        answer: list[Outcome] | UserError
        try:
            answer = run(stages, plan, batch)
        except UserError as error:
            answer = error
        try:
            connection.send(answer)
        except OSError:
            return
