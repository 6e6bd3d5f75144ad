"""The wheel and the sdist: built into a folder of their own, checked by twine, and looked into.

`python -m tests.support.distributions`, a part of `make check`.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Collection
from pathlib import Path

from pipeline.research.docs.links import read_pages
from tests.support.paths import ROOT

WITHOUT = "pipeline/research/"  # of the wheel
#: What users of the wheel meet beside the package's own files, by where it lies in a clone.
CARRIED = {"queries": "pipeline/queries", "notebooks": "pipeline/notebooks"}
PLAIN = ("CITATION.cff", "Dockerfile", "LICENSE", "constraints.txt", "pyproject.toml")  # of the sdist, where they exist


def wheel_problems(names: Collection[str], root: Path) -> list[str]:
    """What is wrong with the files of a wheel."""
    carried = {f"{there}/{path.name}" for here, there in CARRIED.items() for path in (root / here).glob("*.*")}
    return [
        *(f"the wheel holds {name}" for name in sorted(names) if name.startswith(WITHOUT)),
        *(f"the wheel lacks {name}" for name in sorted({"pipeline/__init__.py", *carried} - set(names))),
    ]


def sdist_problems(names: Collection[str], root: Path, pages: Collection[str]) -> list[str]:
    """What is missing of a sdist, whose names start with the folder that it unpacks into."""
    found = {name.partition("/")[2] for name in names}
    wanted = {*pages, *(name for name in PLAIN if (root / name).is_file()), f"{WITHOUT}__init__.py"}
    return [f"the sdist lacks {name}" for name in sorted(wanted - found)]


def main(root: Path) -> int:
    """Build both, check them and say what is wrong; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        _run("build", "--no-isolation", "--outdir", folder, str(root))
        wheel, sdist = next(Path(folder).glob("*.whl")), next(Path(folder).glob("*.tar.gz"))
        _run("twine", "check", "--strict", str(wheel), str(sdist))
        with zipfile.ZipFile(wheel) as files, tarfile.open(sdist) as archive:
            found = wheel_problems(files.namelist(), root)
            found += sdist_problems(archive.getnames(), root, read_pages(root))
    sys.stderr.writelines(f"{line}\n" for line in found)
    return int(bool(found))


def _run(module: str, *arguments: str) -> None:
    """Run a module of this environment; what it says is shown only if it fails."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{module} {arguments[0]} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(ROOT))
