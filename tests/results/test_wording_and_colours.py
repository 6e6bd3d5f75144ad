"""Reasons have sentences, tones have colours, libraries are the pinned ones."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.errors import Reason, UserError
from pipeline.results.colours import PALETTE, label_colours
from pipeline.results.report import vendor
from pipeline.results.wording import SENTENCES

MAX_BYTES = 3_000_000


def test_every_reason_has_a_sentence() -> None:
    assert [reason for reason in Reason if not SENTENCES.get(reason)] == []


def test_a_tone_has_one_colour_whatever_else_there_is() -> None:
    assert label_colours(["sad", "angry"])["angry"] == label_colours(["angry", "calm", "tense"])["angry"]


def test_up_to_eight_tones_have_colours_of_their_own() -> None:
    colours = label_colours(["angry", "a", "b", "c", "d", "e", "f", "g"])
    assert set(colours.values()) == set(PALETTE)
    assert list(label_colours(map(str, range(30)))) == sorted(map(str, range(30))), "more of them repeat"


def test_vendored_files_are_there_with_their_licences_and_marked() -> None:
    for library in vendor.LIBRARIES:
        for name in library.files:
            assert 0 < (vendor.FOLDER / name).stat().st_size < MAX_BYTES
    expected = {name for library in vendor.LIBRARIES for name in library.files}
    assert {path.name for path in vendor.FOLDER.iterdir()} == expected


def test_an_archive_with_another_digest_is_refused() -> None:
    with pytest.raises(UserError, match=rf"{vendor.LIBRARIES[0].package} .*sha512-"):
        vendor.checked(vendor.LIBRARIES[0], b"something else")


def test_a_package_that_npm_does_not_have_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"npm .* d3 0\.0\.0"):
        vendor.fetch(dataclasses.replace(vendor.LIBRARIES[0], version="0.0.0"))
