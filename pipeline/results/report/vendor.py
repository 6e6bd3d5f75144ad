"""The libraries of the report's pages, at pinned versions.

`python -m pipeline.results.report.vendor` fetches them with npm.
"""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

FOLDER = Path(__file__).parent / "vendor"
LICENCE = "LICENSE"


@dataclass(frozen=True, slots=True)
class Library:
    """One package of the npm registry: its version, the digest of its archive, and the one file that pages load."""

    package: str
    version: str
    integrity: str  # as `npm view PACKAGE dist.integrity` prints it
    script: str  # path in the archive
    name: str  # of the vendored file; its licence stands beside it

    @property
    def files(self) -> dict[str, str]:
        """Paths in the archive by name of the vendored file."""
        return {f"{self.name}.js": self.script, f"{self.name}.{LICENCE}": LICENCE}


LIBRARIES = (
    Library(
        "d3",
        "7.9.2",
        "sha512-ZKb/mONPVKzaO5UlcWcwN8bS4ezvQaYu+bsou+XgNABdGC800kwH651ADTbbTxMPHW13UlvbQafdmJQDk1w7Mg==",
        "dist/d3.min.js",
        "d3.min",
    ),
    Library(
        "@observablehq/plot",
        "0.6.17",
        "sha512-/qaXP/7mc4MUS0s4cPPFASDRjtsWp85/TbfsciqDgU1HwYixbSbbytNuInD8AcTYC3xaxACgVX06agdfQy9W+g==",
        "dist/plot.umd.min.js",
        "plot.min",
    ),
    Library(
        "wavesurfer.js",
        "8.0.1",
        "sha512-h0OnRWSVTqIYLSw3/IVrBtsun/xw9L5u4FA3bjfSDTFMX/xswVWS1JwK4fFu3ulmxRUSHg8zQORl6zENG983eg==",
        "dist/wavesurfer.min.js",
        "wavesurfer.min",
    ),
)


def fetch(library: Library) -> bytes:
    """The archive of a package; `UserError` if npm cannot fetch it, or if its digest is not the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{library.package}@{library.version}", "--silent", "--pack-destination", folder]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            raise UserError(f"npm cannot fetch {library.package} {library.version}: {error}") from error
        archive = next(Path(folder).iterdir()).read_bytes()
    return checked(library, archive)


def checked(library: Library, archive: bytes) -> bytes:
    """The archive itself, if its sha512 is the pinned one; else `UserError`."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != library.integrity:
        raise UserError(f"{library.package} {library.version} has the digest {found}, not the pinned one")
    return archive


def unpack(library: Library, archive: bytes, folder: Path) -> None:
    """Write the script and the licence of a package; nothing else of the archive is extracted."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for name, path in library.files.items():
            member = opened.extractfile(f"package/{path}")
            if member is None:
                raise UserError(f"{library.package} {library.version} holds no {path}")
            (folder / name).write_bytes(member.read())


def main() -> int:
    """Fetch every library again."""
    FOLDER.mkdir(exist_ok=True)
    for library in LIBRARIES:
        unpack(library, fetch(library), FOLDER)
        sys.stdout.write(f"{library.package} {library.version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
