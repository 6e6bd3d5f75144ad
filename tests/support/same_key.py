"""Two studies in folders of their own that give the same pseudonyms, so that their rows can be compared."""

from __future__ import annotations

from dataclasses import replace

from pipeline.study import identity
from pipeline.study.config import Study


def share_key(first: Study, second: Study) -> None:
    """Have a study that has not run yet use the key of another, which has."""
    found = identity.read(first.folder)
    assert found is not None
    identity.write(second.folder, replace(identity.new(), key=found.key, key_sha256=found.key_sha256))
