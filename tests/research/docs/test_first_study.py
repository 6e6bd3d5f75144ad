"""What the page of a first study says of its two files, its dates and its lexicon is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.analysis.text.lexicon import plain, read_lexicon
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.plain_csv import stated_post
from pipeline.sources.media_folder import MEDIA_SUFFIXES
from pipeline.sources.sidecars import COLUMNS, read_sidecar
from pipeline.study.template import MINIMISING
from tests.support.paths import ROOT

PAGE = (ROOT / "pipeline" / "study" / "README.md").read_text(encoding="utf-8")
DATES = re.search(r"### Dates\n\n.*?\n\n", PAGE, re.DOTALL)


def block(language: str, beginning: str) -> str:
    """The first block of code of the page that begins so."""
    found = re.search(rf"```{language}\n({re.escape(beginning)}.*?)```", PAGE, re.DOTALL)
    assert found is not None, beginning
    return found[1]


def rows_of_dates() -> list[tuple[str, str]]:
    """What is written, and the cell that says what becomes of it."""
    assert DATES is not None
    rows = [line.strip("| ").split(" | ") for line in DATES[0].splitlines() if line.startswith("| `")]
    return [(written, meaning) for cell, meaning in rows for written in re.findall(r"`([^`]+)`", cell)]


def test_the_table_of_posts_is_read_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text(block("csv", "file,"), encoding="utf-8")
    rows = read_sidecar(tmp_path / "posts.csv").rows
    tree = block("", "my-study.toml\n")
    assert all(name.rpartition("/")[2] in tree for name in rows)
    bag, bedtime = (rows[name].post for name in ("bag-review.mp4", "wave-1/bedtime.mp4"))
    assert (bag.platform, bag.post_id) == ("tiktok", "7412345678901234567")
    assert bag.counts == {"views": 15200, "likes": 1310}
    assert (bedtime.post_id, bedtime.counts, bedtime.posted_precision) == (None, {}, "day")


def test_every_column_and_kind_of_file_is_named() -> None:
    assert [column for column in COLUMNS if f"`{column}`" not in PAGE] == []
    assert [suffix for suffix in MEDIA_SUFFIXES if not re.search(rf"\b{suffix[1:]}\b", PAGE)] == []


@pytest.mark.parametrize(("written", "meaning"), rows_of_dates())
def test_dates_are_taken_as_the_page_says(written: str, meaning: str) -> None:
    if meaning.startswith("refused"):
        with pytest.raises(Rejected, match="posted_at"):
            stated_post({"posted_at": written})
        return
    post = stated_post({"posted_at": written})
    assert post.posted_at is not None
    assert post.posted_precision == ("day" if "`day`" in meaning else "second")
    if stated := re.search(r"(\d\d:\d\d:\d\d) UTC", meaning):
        assert post.posted_at.strftime("%H:%M:%S") == stated[1]


def test_the_lexicon_finds_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "lexicon.toml").write_text(block("toml", "[[terms]]"), encoding="utf-8")
    terms = {term.label: term for term in read_lexicon(tmp_path / "lexicon.toml").terms}

    def finds(label: str, text: str) -> int:
        return len(list(terms[label].spans(text, plain(text))))

    assert finds("bag", "What a Bag! And my bag.") == 2
    assert finds("bag", "two bags") == 0
    assert finds("coldness", "cold-hearted, Cold Hearted") == 2
    assert finds("looks", "a good-looking good look") == 2
    assert terms["coldness"].language == "en"
    assert terms["bag"].language is None


def test_the_privacy_lines_are_those_that_init_writes() -> None:
    lines = block("toml", "[privacy]\npseudonymise").splitlines()[1:]
    assert lines == [f"{key} = {str(value).lower()}" for key, value in MINIMISING.items()]
