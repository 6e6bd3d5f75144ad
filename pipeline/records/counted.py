"""Counts in sentences: "1 clip" and "2 clips"."""

from __future__ import annotations


def counted(number: int, one: str, more: str | None = None) -> str:
    """A number before its noun, with the verb or adjective where that differs: `counted(1, "post is", "posts are")`."""
    return f"{number} {one if number == 1 else more or f'{one}s'}"
