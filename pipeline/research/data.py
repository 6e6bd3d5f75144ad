"""The folder of labelled and transcribed speech that `CLIPTONE_DATA` names; it is not part of cliptone."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import UserError

VARIABLE = "CLIPTONE_DATA"


def named_folder() -> Path | None:
    """The folder that the environment names; None where it names none."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def data_folder(*corpora: str) -> Path:
    """The folder that the environment names; `UserError` says which corpora it should hold where it names none."""
    found = named_folder()
    if found is None:
        raise UserError(f"{VARIABLE} is not set: name a folder with {' and '.join(f'{one}/' for one in corpora)}")
    return found
