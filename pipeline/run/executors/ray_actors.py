"""Workers of a Ray cluster: actors that live as long as the run, each building a stage once; a lost one costs no clip.

Plain actors, not a Ray Data pipeline: that gives the outcomes of a clip after its last stage alone, tries a clip that
kills its worker again for ever, and knows no deadline.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline.errors import Reason, UserError
from pipeline.records import Clip, Outcome, Seconds
from pipeline.run.executors import CHUNK_CLIPS
from pipeline.run.executors.batch import Batch
from pipeline.run.executors.error_boundary import failure, run
from pipeline.run.executors.local import BUILD_ALLOWANCE_S, ENVIRONMENT, fair_batches
from pipeline.run.executors.ray_cluster import RayCluster, first_line, unseen
from pipeline.stage import Stage, StagePlan
from pipeline.study.config import RayOptions

TRIES = 3  # a clip that loses so many workers is quarantined; fewer may be the fault of a node
CLIPS_A_WORKER = 16  # in a wave: at the end of each stage a worker waits for the others as long as one clip takes
START_PATIENCE_S: Seconds = 120.0  # until a worker answers for the first time
LOOK_S: Seconds = 5.0  # between two looks at what the cluster has
GIB = 1 << 30


class Queue:
    """Batches that wait for a worker; those that have lost theirs come first."""

    def __init__(self, new: Iterator[Batch]) -> None:
        self._new = new
        self._next = next(new, None)
        self._again: deque[Batch] = deque()

    @property
    def first(self) -> Batch | None:
        """The batch that is next; None when none is left."""
        return self._again[0] if self._again else self._next

    def take(self) -> Batch:
        """The batch that is next, which leaves the queue."""
        if self._again:
            return self._again.popleft()
        taken, self._next = self._next, next(self._new, None)
        assert taken is not None  # noqa: S101 - for the type checker: whoever takes has looked
        return taken

    def put_back(self, batches: Iterable[Batch]) -> None:
        """Batches that need another worker."""
        self._again.extend(batches)


@dataclass
class RayWorker:
    """One actor, and what it is doing."""

    actor: Any
    on_gpu: bool
    answer: Any  # reference of what it gives next: its greeting, then the outcomes of its batch; None when idle
    deadline: float
    greeted: bool = False
    batch: Batch | None = None
    built: set[str] = field(default_factory=set)


class StageActor:
    """What lives in a worker of the cluster: the stages it has built."""

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}

    def greet(self, shared: Sequence[Path]) -> UserError | None:
        """Ready to work, or why this node cannot."""
        return unseen(shared)

    def run(self, plan: StagePlan, clips: Sequence[Clip]) -> list[Outcome] | UserError:
        """One outcome a clip, in order; a mistake in the study is an answer too."""
        try:
            return run(self._stages, plan, clips)
        except UserError as error:
            return error


class RayExecutor:
    """Runs stages on the nodes of a Ray cluster; without an address, on a Ray of its own that ends with the run.

    One worker a core; stages whose option `device` names a GPU have workers of their own. Each has one batch at a
    time, so nothing piles up, and the clips of a worker that is lost go to another. `workers` is at most how many work
    on the CPU, None for as many as the cluster has room for. Raises `UserError` when the cluster cannot be joined, or
    a node does not see every folder of `shared`.
    """

    def __init__(self, shared: Sequence[Path], options: RayOptions, workers: int | None = None) -> None:
        self._options = options
        self._most = workers
        self._cluster = RayCluster(options, workers)
        self._ray = self._cluster.ray
        self._shared = list(shared)
        self._workers: list[RayWorker] = []
        self._room = {False: 0, True: 0}  # workers on CPUs, and on GPUs
        self._looked_at = -math.inf
        self._failed_starts = 0
        try:
            self._cluster.probe(self._shared)
            self._look()
        except BaseException:
            self.close()
            raise
        self.chunk_clips = max(CHUNK_CLIPS, CLIPS_A_WORKER * sum(self._room.values()))

    def map(self, plan: StagePlan, clips: Iterable[Clip]) -> Iterator[Outcome]:
        """Run a stage on clips; outcomes come as they are ready."""
        return (outcome for _, outcome in self.map_all([(plan, clips)]))

    def map_all(self, work: Sequence[tuple[StagePlan, Iterable[Clip]]]) -> Iterator[tuple[StagePlan, Outcome]]:
        """Run stages that do not need each other side by side; outcomes come as they are ready."""
        queues = {
            on_gpu: _queue([part for part in work if wants_gpu(part[0]) is on_gpu], self._room[on_gpu])
            for on_gpu in (False, True)
        }
        try:
            while any(queue.first for queue in queues.values()) or any(worker.batch for worker in self._workers):
                self._look()
                for on_gpu, queue in queues.items():
                    self._hire(on_gpu, queue)
                    self._hand_out(on_gpu, queue)
                for worker in self._ready():
                    plan = worker.batch.plan if worker.batch else None
                    for outcome in self._receive(worker, queues[worker.on_gpu]):
                        assert plan is not None  # noqa: S101 - for the type checker: a greeting has no outcomes
                        yield plan, outcome
        finally:
            for worker in [worker for worker in self._workers if worker.batch]:
                self._dismiss(worker)  # nobody waits for what it does any more

    def close(self) -> None:
        """Stop all workers and leave the cluster; one of our own is stopped."""
        self._workers = []
        self._cluster.leave()

    def _look(self) -> None:
        """See how many workers the cluster has room for: nodes come and go."""
        if time.monotonic() - self._looked_at < LOOK_S:
            return
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        on_cpus = sum(int(node.get("CPU", 0) / self._options.cpus) for node in nodes)
        on_gpus = sum(int(node.get("GPU", 0) / self._options.gpus) for node in nodes)
        self._room = {False: on_cpus if self._most is None else min(on_cpus, self._most), True: on_gpus}
        self._looked_at = time.monotonic()

    def _hire(self, on_gpu: bool, queue: Queue) -> None:
        """Have as many workers as there is room for, while batches wait."""
        if queue.first is None:
            return
        if not self._room[on_gpu]:
            name = queue.first.plan.name
            what = f"GPU, which stage {name} asks for with its option device" if on_gpu else "CPU"
            raise UserError(f"the Ray cluster has no {what}; what is stored is safe, and the next run goes on")
        here = [worker for worker in self._workers if worker.on_gpu is on_gpu]
        for _ in range(self._room[on_gpu] - len(here)):
            self._workers.append(self._start(on_gpu))

    def _start(self, on_gpu: bool) -> RayWorker:
        options = self._options
        needs: dict[str, Any] = {"num_cpus": 0, "num_gpus": options.gpus} if on_gpu else {"num_cpus": options.cpus}
        if options.memory_gib:
            needs["memory"] = int(options.memory_gib * GIB)
        # It starts anew as a new worker, not by Ray: that would wait for its old place while others have time.
        remote = self._ray.remote(StageActor).options(
            max_restarts=0, max_task_retries=0, runtime_env={"env_vars": ENVIRONMENT}, **needs
        )
        actor = remote.remote()
        return RayWorker(actor, on_gpu, actor.greet.remote(self._shared), time.monotonic() + START_PATIENCE_S)

    def _hand_out(self, on_gpu: bool, queue: Queue) -> None:
        """Give every idle worker a batch."""
        for worker in self._workers:
            if queue.first is None:
                return
            if worker.on_gpu is on_gpu and worker.answer is None:
                self._send(worker, queue.take())

    def _send(self, worker: RayWorker, batch: Batch) -> None:
        plan = batch.plan
        allowance = 0.0 if plan.fingerprint in worker.built else BUILD_ALLOWANCE_S
        worker.built.add(plan.fingerprint)
        worker.batch = batch
        worker.deadline = time.monotonic() + plan.stage.deadline_s * len(batch.clips) + allowance
        worker.answer = worker.actor.run.remote(plan, batch.clips)

    def _ready(self) -> list[RayWorker]:
        """Workers that have answered, died or run out of time; waits for one a while."""
        asked = {worker.answer: worker for worker in self._workers if worker.answer is not None}
        patience = min(min(worker.deadline for worker in asked.values()) - time.monotonic(), LOOK_S)
        self._ray.wait(list(asked), num_returns=1, timeout=max(0.0, patience))
        answered, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=0)
        late = time.monotonic()
        found = set(answered)
        return [worker for answer, worker in asked.items() if answer in found or worker.deadline < late]

    def _receive(self, worker: RayWorker, queue: Queue) -> list[Outcome]:
        """What a worker has given; what it could not do goes back into the queue."""
        batch, worker.batch = worker.batch, None
        try:
            answer = self._ray.get(worker.answer, timeout=0)
        except self._ray.exceptions.GetTimeoutError:
            self._dismiss(worker)
            return self._late(batch, queue)
        except self._ray.exceptions.RayTaskError as error:  # not its stage, but what lies around it
            self._dismiss(worker)
            if batch is None:
                raise UserError(f"the workers of the Ray cluster do not start: {first_line(error)}") from error
            return [failure(clip, error) for clip in batch.clips]
        except self._ray.exceptions.RayError as error:  # the worker died, or its node
            self._dismiss(worker)
            return self._lost(batch, queue, first_line(error))
        worker.answer = None
        if isinstance(answer, UserError):
            raise answer
        if batch is None:
            worker.greeted, self._failed_starts = True, 0
            return []
        return list(answer)

    def _late(self, batch: Batch | None, queue: Queue) -> list[Outcome]:
        """A worker took too long: a clip alone fails, and of several each gets its own chance."""
        if batch is None:
            self._start_failed("no worker had room within its time: other work may hold the cluster's cores")
            return []
        if len(batch.clips) > 1:
            queue.put_back(Batch(batch.plan, [clip], batch.losses) for clip in batch.clips)
            return []
        clip_id = batch.clips[0].clip_id
        what = f"{clip_id}: took longer than {batch.plan.stage.deadline_s:g} s"
        return [Outcome(clip_id, (), Reason.TIMEOUT, what)]

    def _lost(self, batch: Batch | None, queue: Queue, why: str) -> list[Outcome]:
        """A worker is gone: its clips go to others, each by itself; one that loses every worker is quarantined."""
        if batch is None:
            self._start_failed(why)
            return []
        losses = batch.losses + 1
        if losses < TRIES:
            queue.put_back(Batch(batch.plan, [clip], losses) for clip in batch.clips)
            return []
        clip_id = batch.clips[0].clip_id  # a batch that lost a worker before is one clip
        what = f"{clip_id}: {losses} workers died with it, the last by {why}; --retry-failed tries again"
        return [Outcome(clip_id, (), Reason.QUARANTINED, what)]

    def _start_failed(self, why: str) -> None:
        """A worker did not begin: the others go on, and where there are none, the run ends after a few."""
        self._failed_starts += 1
        if self._failed_starts >= TRIES and not any(worker.greeted for worker in self._workers):
            raise UserError(f"the workers of the Ray cluster do not start: {why}")

    def _dismiss(self, worker: RayWorker) -> None:
        """Drop a worker, whatever it is doing."""
        self._workers.remove(worker)
        self._ray.kill(worker.actor, no_restart=True)


def wants_gpu(plan: StagePlan) -> bool:
    """Whether the options of a stage put it on a GPU."""
    return str(getattr(plan.options, "device", "cpu")).startswith("cuda")


def _queue(work: Sequence[tuple[StagePlan, Iterable[Clip]]], workers: int) -> Queue:
    def of(plan: StagePlan, clips: Iterable[Clip]) -> Iterator[Batch]:
        return (Batch(plan, batch) for batch in fair_batches(clips, plan.stage.batch_size, workers))

    return Queue(chain.from_iterable(of(plan, clips) for plan, clips in work))
