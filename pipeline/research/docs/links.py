"""Check the pages: every link and anchor exists, every page is reachable, and every named file exists."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

START = "README.md"
HISTORY = frozenset({"CHANGELOG.md"})  # names what was, so its files and modules need not be there
#: Files of the example in CONTRIBUTING.md, which a reader makes.
EXAMPLES = frozenset({"pipeline/stages/silence.py", "tests/stages/test_silence.py"})

FENCE = re.compile(r"^(?P<fence>```+)[^\n]*\n.*?^(?P=fence)[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^()\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*$", re.MULTILINE)
EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:")
FILE = re.compile(r"(?:pipeline|tests|queries|notebooks)/[\w./*-]*")
MODULE = re.compile(r"python -m (?P<module>(?:pipeline|tests)\.[\w.]+)")
TEST = re.compile(r"test_[a-z0-9_]+")
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")


def read_pages(root: Path) -> dict[str, str]:
    """Every Markdown file that git knows or would add, by its path below the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: (root / name).read_text(encoding="utf-8") for name in sorted(listed) if (root / name).is_file()}


def problems(root: Path, pages: Mapping[str, str]) -> list[str]:
    """A sentence for every dead link, unreachable page, and missing file."""
    return [
        *(found for page, text in pages.items() for found in _dead_links(root, page, text, pages)),
        *(f"{page}: no link leads here from {START}" for page in sorted(pages.keys() - _reached_pages(pages))),
        *(found for page, text in pages.items() if page not in HISTORY for found in _missing_names(root, page, text)),
    ]


def links(page: str, text: str) -> Iterator[tuple[str, str]]:
    """The relative links of a page outside code: the path below the root that each names, and its anchor."""
    for match in LINK.finditer(CODE.sub("", FENCE.sub("", text))):
        if not EXTERNAL.match(match["target"]):
            target, _, anchor = unquote(match["target"]).partition("#")
            yield (normpath(str(PurePosixPath(page).parent / target)) if target else page), anchor


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    times: Counter[str] = Counter()
    found = set()
    for match in HEADING.finditer(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match["title"]).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(f"{slug}-{times[slug]}" if times[slug] else slug)
        times[slug] += 1
    return found


def _dead_links(root: Path, page: str, text: str, pages: Mapping[str, str]) -> Iterator[str]:
    for target, anchor in links(page, text):
        if not (root / target).exists():
            yield f"{page}: a link leads to {target}, which is not there"
        elif anchor and anchor not in anchors(pages.get(target, "")):
            yield f"{page}: a link leads to {target}#{anchor}, and no heading there is called so"


def _reached_pages(pages: Mapping[str, str]) -> set[str]:
    """The pages that links lead to from the first, over any number of others."""
    reached: set[str] = set()
    waiting = [START]
    while waiting:
        page = waiting.pop()
        if page in pages and page not in reached:
            reached.add(page)
            waiting += [target for target, _ in links(page, pages[page])]
    return reached


def _missing_names(root: Path, page: str, text: str) -> Iterator[str]:
    """Files, modules and tests that a page names but that are not in the repository."""
    for module in MODULE.findall(re.sub(r"\s+", " ", text)):
        path = root / module.replace(".", "/")
        if not (path.is_dir() or path.with_suffix(".py").is_file()):
            yield f"{page}: there is no module {module}"
    for match in CODE.finditer(FENCE.sub("", text)):
        name = match["code"]
        if FILE.fullmatch(name) and name not in EXAMPLES and not _is_there(root, name):
            yield f"{page}: there is no {name}"
        elif TEST.fullmatch(name) and not any(_tests_called(root, name)):
            yield f"{page}: there is no test {name}"


def _is_there(root: Path, name: str) -> bool:
    return bool(PLACEHOLDER.search(name)) or any(root.glob(name.rstrip("/")))


def _tests_called(root: Path, name: str) -> Iterable[Path]:
    head = re.compile(rf"^(?:async )?def {name}\(", re.MULTILINE)
    return (path for path in (root / "tests").rglob("test_*.py") if head.search(path.read_text(encoding="utf-8")))
