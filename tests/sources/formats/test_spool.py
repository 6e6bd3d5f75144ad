"""A sequence on the disk is a sequence like others, whatever its length."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.records.post import Post
from pipeline.sources.formats.result import NumberedPost
from pipeline.sources.formats.spool import BLOCK_ITEMS, RUN_ITEMS, Spool, in_batches, in_order

LENGTHS = [0, 1, BLOCK_ITEMS - 1, BLOCK_ITEMS, BLOCK_ITEMS + 1, 3 * BLOCK_ITEMS]


@pytest.mark.parametrize("length", LENGTHS)
def test_it_holds_what_a_list_holds(length: int) -> None:
    numbers = list(range(length))
    spool = Spool(numbers)
    assert (len(spool), list(spool), bool(spool)) == (length, numbers, bool(numbers))
    assert spool == numbers
    assert tuple(numbers) == spool
    assert spool != [*numbers, 1]
    assert spool[:3] == numbers[:3]
    for place in {0, length // 2, length - 1, -1} if length else ():
        assert spool[place] == numbers[place]
    for place in (length, -length - 1):
        with pytest.raises(IndexError):
            spool[place]


def test_two_readers_do_not_disturb_each_other_nor_who_appends() -> None:
    spool = Spool(range(2 * BLOCK_ITEMS))
    pairs = list(zip(spool, reversed(spool), strict=True))
    assert pairs == [(number, 2 * BLOCK_ITEMS - 1 - number) for number in range(2 * BLOCK_ITEMS)]
    spool.append(7)
    assert spool[-1] == 7


def test_posts_come_back_as_they_were() -> None:
    posts = [NumberedPost(number, Post("csv", caption=f"{number} 🎒", counts={"views": 1})) for number in range(1_500)]
    assert Spool(posts) == posts


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = Spool(range(BLOCK_ITEMS))
    assert list(tmp_path.iterdir()) == []
    assert spool[0] == 0


def test_sorting_keeps_equals_as_they_came() -> None:
    chance = random.Random(1)
    items = [(chance.randrange(5), place) for place in range(2 * RUN_ITEMS + 7)]
    assert list(in_order(items, key=lambda item: item[0])) == sorted(items)


def test_batches_hold_everything_once() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []
