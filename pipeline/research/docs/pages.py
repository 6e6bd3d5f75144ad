"""The pages of the repository: their generated parts, and whether they hold together.

`python -m pipeline.research.docs.pages` writes what is generated from code into the pages; with `--check` it changes
nothing and exits with 1 if a part is out of date, a link leads nowhere, or a page is reached by none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pipeline.research.docs.data_dictionary import macros, queries, tables
from pipeline.research.docs.documents import replaced
from pipeline.research.docs.links import START, problems, read_pages
from pipeline.research.docs.options import options

COMMAND = "python -m pipeline.research.docs.pages"
MOST_BYTES = 10_240  # of the first page
#: What is generated: page, part between marks, and what writes it.
PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "pipeline/records/README.md": {"tables": tables},
    "queries/README.md": {"queries": queries, "macros": macros},
    "pipeline/study/README.md": {"options": options},
}


def wanted(page: str, text: str) -> str:
    """A page with its generated parts as the code is now."""
    for part, write in PARTS.get(page, {}).items():
        text = replaced(text, part, write())
    return text


def findings(root: Path) -> Iterator[str]:
    """A sentence for everything that is wrong with the pages below a folder."""
    pages = read_pages(root)
    for page in PARTS:
        if pages[page] != wanted(page, pages[page]):
            yield f"{page}: its generated parts are out of date: {COMMAND}"
    size = len(pages[START].encode())
    if size > MOST_BYTES:
        yield f"{START}: {size} bytes are more than {MOST_BYTES}: move what can stand on another page"
    yield from problems(root, pages)


def write(root: Path) -> None:
    """Renew every generated part."""
    for page in PARTS:
        path = root / page
        path.write_text(wanted(page, path.read_text(encoding="utf-8")), encoding="utf-8")


def main(root: Path, check: bool) -> int:
    """Renew the pages, or with `check` say what is wrong with them; the exit code."""
    if not check:
        write(root)
    found = list(findings(root))
    sys.stderr.writelines(f"{line}\n" for line in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(), check="--check" in sys.argv[1:]))
