"""Joining a cluster: whatever is in the way is one sentence, at once."""

from __future__ import annotations

import re
import socket
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.cli.study import _with_engine
from pipeline.errors import ConfigError, UserError, how_to_install
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.executors.ray_cluster import RayCluster, first_line, look_over, unseen
from pipeline.run.executors.select import executor_of, workers_of
from pipeline.stages import BY_NAME
from pipeline.study.config import RayOptions, load_study
from tests.conftest import write_study, write_wav

with_ray = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install '.[ray]'")
SOURCE = '[[sources]]\nfolder = "clips"\n'


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=re.escape(how_to_install("ray"))):
        RayCluster(RayOptions(), 1)


@with_ray
def test_a_cluster_that_does_not_answer_is_said_in_seconds() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{held.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(UserError, match=address):
            RayCluster(RayOptions(address=address), None)
        assert time.monotonic() - began < 10


@with_ray
def test_an_address_from_outside_a_cluster_is_refused() -> None:
    with pytest.raises(UserError, match="run cliptone on a node of it"):
        RayCluster(RayOptions(address="ray://somewhere:10001"), None)


def test_what_a_node_does_not_see_is_named(tmp_path: Path) -> None:
    assert unseen([tmp_path]) is None
    fault = unseen([tmp_path, tmp_path / "absent", tmp_path / "absent too"])
    assert str(tmp_path / "absent,") not in str(fault)
    assert f"does not see {tmp_path / 'absent'}:" in str(fault)
    assert look_over([tmp_path])[1] is None


def test_errors_of_ray_are_cut_to_their_first_line() -> None:
    assert first_line(RuntimeError("\n  the node died.\n\nTraceback:\n  ...")) == "the node died"
    assert first_line(ConnectionError()) == "ConnectionError"


def test_a_study_says_where_it_runs(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, SOURCE + "[run]\nworkers = 3\n"), BY_NAME)
    assert study.file.run.engine == "local"
    assert isinstance(executor_of(study), LocalExecutor)
    assert workers_of(study.file) == 3
    elsewhere = load_study(
        write_study(tmp_path, SOURCE + '[run]\nengine = "ray"\n[run.ray]\naddress = "auto"\ncpus = 2\n'), BY_NAME
    )
    assert elsewhere.file.run.engine == "ray"
    assert elsewhere.file.run.ray == RayOptions(address="auto", cpus=2)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('[run]\nengine = "spark"\n', "run.engine"),
        ('[run.ray]\nadress = "auto"\n', "'run.ray.adress': did you mean 'address'"),
        ("[run.ray]\ngpus = 0\n", "run.ray.gpus"),
        ('[run]\nengin = "ray"\n', "'run.engin': did you mean 'engine'"),
    ],
)
def test_mistakes_in_the_study_file_are_named(tmp_path: Path, body: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        load_study(write_study(tmp_path, SOURCE + body), BY_NAME)


def test_the_command_line_wins_over_the_study_file(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, SOURCE + '[run.ray]\naddress = "one:6379"\n'), BY_NAME)
    chosen = _with_engine(study, "ray", "two:6379")
    assert (chosen.file.run.engine, chosen.file.run.ray.address) == ("ray", "two:6379")
    assert _with_engine(study, "ray", None).file.run.ray.address == "one:6379"
    assert (chosen.file.digest, chosen.file.options) == (study.file.digest, study.file.options), "it is the same study"
    assert isinstance(executor_of(_with_engine(chosen, "local", None)), LocalExecutor)
    with pytest.raises(UserError, match="no engine 'spark'; there are: local, ray"):
        _with_engine(study, "spark", None)
    with pytest.raises(UserError, match="--address is for --engine ray"):
        _with_engine(study, "local", "two:6379")


@with_ray
def test_an_address_alone_asks_for_ray(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    write_wav(tmp_path / "clips" / "one.wav", 0.1 * np.ones(16_000))
    study = write_study(tmp_path, SOURCE)
    ended = CliRunner().invoke(app, ["run", str(study), "--stage", "download", "--address", "ray://somewhere:10001"])
    assert isinstance(ended.exception, UserError)
    assert "run cliptone on a node of it" in str(ended.exception)
