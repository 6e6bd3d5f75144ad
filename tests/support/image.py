"""A Dockerfile without Docker: its steps run in a folder that stands for the image's root."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.paths import ROOT

DEADLINE_S = 1500.0  # for one step
TEMPORARY = "/tmp"  # noqa: S108 - of the image
PLACES = ("/opt/cliptone", "/source", "/keys", "/study", TEMPORARY)  # of the image: here they lie in the folder


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction of a Dockerfile: its verb and what follows, on one line."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            verb, _, rest = line.partition(" ")
            yield verb, rest.strip()


class Image:
    """What a Dockerfile makes, in a folder: a path of the image is one below the folder."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        self.entry: list[str] = []
        self.user = ""
        self._working = folder
        self._base = {"PATH": self._with_system_python(python)}
        self._variables = dict(self._base)

    def _with_system_python(self, python: Path) -> str:
        """A PATH on which `python` is that one."""
        programs = self.folder / "programs"
        programs.mkdir()
        (programs / "python").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        (programs / "python").chmod(0o755)
        return f"{programs}:/usr/local/bin:/usr/bin:/bin"

    def path(self, inside: str) -> Path:
        """Where a path of the image lies."""
        return self.folder / inside.lstrip("/")

    def placed(self, text: str) -> str:
        """A text whose paths of the image are those of the folder."""
        places = "|".join(PLACES)
        return re.sub(rf"(?<![\w./])({places})\b", lambda found: str(self.path(found[1])), text)

    def build(self, text: str, settings: Mapping[str, str]) -> None:
        """Run the instructions; settings reach every step, as arguments of a build do."""
        for verb, rest in instructions(text):
            match verb:
                case "FROM":
                    self._begin_stage(anew=rest.startswith("python"))
                case "ENV":
                    self._set(rest)
                case "WORKDIR":
                    self._working = self.path(rest)
                    self._working.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self._copy(rest.split())
                case "RUN":
                    self._step(self.placed(rest), settings)
                case "USER":
                    self.user = rest
                case "ENTRYPOINT":
                    self.entry = json.loads(rest)
                case "ARG" | "CMD":
                    pass
                case _:
                    raise ValueError(f"the test knows no {verb}")

    def _begin_stage(self, *, anew: bool) -> None:
        """Drop what the stage before made, except what the last one copies from it."""
        for place in set(PLACES) - {"/opt/cliptone"}:
            shutil.rmtree(self.path(place), ignore_errors=True)
        self.path(TEMPORARY).mkdir()
        self.path(TEMPORARY).chmod(0o1777)
        self._working = self.folder
        if anew:  # else the stage builds on one whose variables it keeps
            self._variables = dict(self._base)

    def _set(self, assignments: str) -> None:
        for one in assignments.split():
            name, _, value = one.partition("=")
            self._variables[name] = self.placed(value).replace("$PATH", self._variables["PATH"])

    def _copy(self, words: Sequence[str]) -> None:
        if words[0].startswith("--from="):  # it is here still
            return
        *sources, goal = words
        for source in map(ROOT.joinpath, sources):
            if source.is_dir():
                shutil.copytree(source, self._working / goal, ignore=shutil.ignore_patterns("__pycache__", "research"))
            else:
                shutil.copy(source, self._working / goal)

    def _step(self, command: str, settings: Mapping[str, str]) -> None:
        ended = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self._working, env={**settings, **self._variables},
            capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        if ended.returncode != 0:
            raise AssertionError(f"{command}\n{ended.stdout}\n{ended.stderr}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the entry point as the image's user, with proxies that lead nowhere."""
        closed = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
        user, group = map(int, self.user.split(":"))
        rights = {"user": user, "group": group, "extra_groups": []} if os.getuid() == 0 else {}
        program = shutil.which(self.entry[0], path=self._variables["PATH"])
        assert program is not None
        return subprocess.run(
            [program, *self.entry[1:], *arguments], cwd=self._working, env={**closed, **self._variables},
            capture_output=True, text=True, timeout=DEADLINE_S, check=False, **rights,
        )  # fmt: skip
