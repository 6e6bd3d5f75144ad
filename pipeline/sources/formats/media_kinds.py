"""What an export says of the kind of a post: video, image or several, and whether it is an advertisement."""

from __future__ import annotations

from collections.abc import Iterable

YES, NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def several(parts: Iterable[str | None]) -> str | None:
    """The kind of a post of several parts: a carousel of images, or mixed; None where a part's kind is unknown."""
    kinds = set(parts)
    if not kinds or None in kinds:
        return "mixed" if "video" in kinds else None
    return "carousel" if kinds == {"image"} else "mixed"


def flag(value: object) -> bool | None:
    """A statement such as `true`, `yes` or 1, as JSON or a table has it; None for anything else."""
    written = str(value).strip().lower() if isinstance(value, str | int) else ""
    return True if written in YES else False if written in NO else None
