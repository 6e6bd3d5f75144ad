"""Parts of documents that commands generate: between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""

from __future__ import annotations

from pathlib import Path


def replaced(document: str, name: str, content: str) -> str:
    """A document with another content between the two marks of a part; `ValueError` without them."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = document.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n\n{content}\n{end}{after}"


def replace_in(path: Path, name: str, content: str) -> None:
    """Write a part of a document."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), name, content), encoding="utf-8")
