"""The last day on which a study may be kept, as its `retain_until` names it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pipeline.errors import UserError
from pipeline.study.config import StudyFile


def days_left(file: StudyFile, today: date | None = None) -> int | None:
    """Days until the last one on which a study may be kept, that one included; negative after it, None without one."""
    until = file.privacy.retain_until
    return None if until is None else (until - (today or datetime.now(UTC).date())).days


def refuse_after_last_day(file: StudyFile) -> None:
    """Raise `UserError` for a study past its last day, which takes in nothing new."""
    if (days_left(file) or 0) < 0:
        raise UserError(
            f"{file.name} was to be kept until {file.privacy.retain_until}: `cliptone expire` deletes it; where "
            "you may keep it longer, write the new day as retain_until under [privacy]"
        )
