"""A Ray cluster as a run meets it: joined or started, looked over node by node, and left."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Sequence
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Any

from pipeline.errors import UserError, how_to_install
from pipeline.records import Seconds
from pipeline.study.config import RayOptions

OBJECT_STORE_BYTES = 200 << 20  # of a Ray of our own: rows pass through it, never media
QUIET = {"log_to_driver": False, "logging_level": "ERROR"}  # Ray's own talk says nothing to a researcher
CONNECT_S: Seconds = 5.0  # for the head of a cluster to answer
PROBE_S: Seconds = 120.0  # for a node to look at the folders: it starts a worker first
SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0"}  # nothing is told to anybody
#: A Ray of our own is at the loopback address, as Ray does by itself on other systems, and on Linux when told.
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class RayCluster:
    """Holds on to a cluster from its beginning until `leave`; `ray` is the library.

    Raises `UserError` when Ray is not installed or the cluster cannot be joined.
    """

    def __init__(self, options: RayOptions, workers: int | None) -> None:
        if options.address is None:
            os.environ.update(LOOPBACK)  # Ray reads it as it is imported
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            import ray
        except ImportError as error:
            raise UserError(f"Ray is not installed; {how_to_install('ray')}") from error
        self.ray: Any = ray
        self._address = options.address
        self._marker: Path | None = None
        self._session: Path | None = None  # where a Ray of our own keeps its logs
        if options.address is None:
            self._start(None if workers is None else ceil(workers * options.cpus))
        else:
            self._join(options.address)

    def _start(self, cpus: int | None) -> None:
        try:
            begun = self.ray.init(
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                **QUIET,
            )
        except (OSError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            raise UserError(f"Ray does not start on this machine: {first_line(error)}") from error
        self._session = Path(begun.address_info["session_dir"])

    def _join(self, address: str) -> None:
        _reach(address)
        try:
            self.ray.init(address=address, **QUIET)
        except (OSError, RuntimeError, ValueError, self.ray.exceptions.RayError) as error:
            raise UserError(
                f"the Ray cluster {address} cannot be joined: {first_line(error)}; this machine has to be a node of it "
                "(`ray start --address=HOST:PORT`), and where nodes need a token, say --address auto or set "
                "RAY_AUTH_MODE=token"
            ) from error

    def probe(self, shared: Sequence[Path]) -> None:
        """Ask every node of a cluster whether it has this cliptone and sees these folders; `UserError` if not.

        A mark of this run in the first one shows that it is the same folder there, not one of the same name.
        """
        if self._address is None:
            return  # it is this machine
        self._marker = shared[0] / f"cluster-{secrets.token_hex(8)}"
        self._marker.touch()
        affinity = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        look = self.ray.remote(num_cpus=0, max_retries=0)(look_over)
        nodes = [node for node in self.ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        asked = [
            look.options(scheduling_strategy=affinity(node["NodeID"], soft=False)).remote([*shared, self._marker])
            for node in nodes
        ]
        for node, answer in zip(nodes, asked, strict=True):
            where = f"the node {node['NodeManagerAddress']} of the Ray cluster"
            try:
                its_version, fault = self.ray.get(answer, timeout=PROBE_S)
            except (self.ray.exceptions.RayError, TimeoutError) as error:
                raise UserError(
                    f"{where} cannot work: {first_line(error)}; it needs the same Python and cliptone as this machine"
                ) from error
            if fault:
                raise fault
            if its_version != version("cliptone"):
                raise UserError(
                    f"{where} has cliptone {its_version}, this machine {version('cliptone')}: install the same"
                )

    def leave(self) -> None:
        """End what runs of us there; a Ray of our own ends altogether, with what it has written."""
        if self._marker:
            self._marker.unlink(missing_ok=True)
        self.ray.shutdown()
        if self._session:
            shutil.rmtree(self._session, ignore_errors=True)


def look_over(shared: Sequence[Path]) -> tuple[str, UserError | None]:
    """On a node: the version of cliptone there, and what of the study it does not see."""
    return version("cliptone"), unseen(shared)


def unseen(shared: Sequence[Path]) -> UserError | None:
    """The first path that this machine does not see, as a sentence; None when it sees all."""
    missing = next((path for path in shared if not path.exists()), None)
    if missing is None:
        return None
    return UserError(
        f"{socket.gethostname()}, a node of the Ray cluster, does not see {missing}: the study, its clips and its "
        "results must lie in folders that every node has under the same path"
    )


def first_line(error: BaseException) -> str:
    """What an error of Ray says, without the traces that follow."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def _reach(address: str) -> None:
    """Say at once when nobody is there: Ray itself waits for minutes, and may end this process."""
    if "://" in address:
        raise UserError(
            f"the address {address} is one for a machine outside the cluster: run cliptone on a node of it, with "
            "HOST:PORT as `ray start` shows it"
        )
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return  # auto
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
    except OSError as error:
        raise UserError(f"no Ray cluster answers at {address} ({error}): start one with `ray start --head`") from error
