"""A TikTok data donation as text files, one for each list, whose names and labels are in the donor's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from pipeline.sources.formats.exposures import exposure, post_behind
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import text_lines
from pipeline.sources.formats.result import Exposure
from pipeline.sources.formats.rows import Numbered, mapped

DONATION_TXT = "tiktok_donation_txt"
LABELLED = re.compile(r"[^:,;\"]{1,60}:\s+(\S.*)")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*")
SCANNED_LINES = 200
MOST_LINES_OF_EMPTY = 3  # a list without entries is a sentence

#: Words in the names of the files, in lower case, by kind of exposure; the first that fits counts.
NAMES = {
    "shared": (
        "share history", "geschiedenis delen", "teilen", "geteilt", "partage", "compartid", "compartilha", "condivi",
        "udostępni",
    ),
    "reposted": ("repost", "herplaatsing", "republi", "ripubblica"),
    "liked": (
        "like list", "likelijst", "like-liste", "gefällt", "j'aime", "j’aime", "me gusta", "mi piace", "curti",
        "polubi",
    ),
    "saved": (
        "favorite videos", "favoriete video", "lieblingsvideo", "favoriten", "vidéos favorites", "videos favoritos",
        "vídeos favoritos", "video preferiti", "ulubione filmy",
    ),
    "watched": (
        "watch history", "browsing history", "kijkgeschiedenis", "wiedergabeverlauf", "verlauf", "visionnage",
        "visualización", "visualizzazion", "visualização", "exibição", "oglądani",
    ),
    "commented": ("comments", "reacties", "kommentare", "commentaires", "comentarios", "comentários", "commenti"),
    "posted": ("posts", "videos", "berichten", "beiträge", "publications", "publicaciones", "publicações"),
}  # fmt: skip
PARTLY = frozenset({"shared", "commented", "posted"})


def is_donation_txt(subject: tuple[str, str]) -> bool:
    """True for a list by its links, or by its name if it is empty; `subject` is the file's name and its beginning."""
    name, beginning = subject
    lines = [line.strip() for line in beginning.splitlines()[:SCANNED_LINES] if line.strip()]
    values = [found[1] for line in lines if (found := LABELLED.fullmatch(line))]
    if any(map(post_behind, values)) and any(map(TIME.fullmatch, values)):
        return True
    is_empty = 0 < len(lines) <= MOST_LINES_OF_EMPTY and not any(":" in line or "," in line for line in lines)
    return is_empty and name.lower().endswith(".txt") and _kind(name) in ("watched", "liked", "saved")


def read_donation_txt(path: Path, donor: str) -> Numbered[Exposure]:
    """The exposures of one list, numbered by its blocks; a name that does not tell the kind of list is one reject."""
    kind = _kind(path.name)
    if kind is None:
        yield 1, Rejected("the name tells no list: call it Watch History.txt, Like List.txt or Favorite Videos.txt")
        return
    for number, block in enumerate(_blocks(path), start=1):
        if kind not in PARTLY or any(map(post_behind, block)):
            yield from mapped(iter([(number, block)]), lambda block: _exposure(block, kind, donor))


def _kind(name: str) -> str | None:
    found = name.lower()
    return next((kind for kind, words in NAMES.items() if any(word in found for word in words)), None)


def _blocks(path: Path) -> Iterator[list[str]]:
    """The values of each block of labelled lines; blocks are apart by empty lines."""
    for is_blank, lines in groupby(text_lines(path), lambda line: not line.strip()):
        if not is_blank:
            values = [found[1].strip() for line in lines if (found := LABELLED.fullmatch(line.strip()))]
            if values:
                yield values


def _exposure(block: list[str], kind: str, donor: str) -> Exposure:
    link = next((value for value in block if post_behind(value)), None)
    return exposure(donor, kind, link, next((value for value in block if TIME.fullmatch(value)), None))
