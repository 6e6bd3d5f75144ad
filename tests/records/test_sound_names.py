"""No account's name is left where a platform calls a sound after it, and songs keep their artists."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import ClipRow, Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.records.pseudonyms import clip_row
from pipeline.records.sound_names import ORIGINAL_SOUND
from pipeline.run.pseudonymise import post_rows
from pipeline.run.stored_text import hide_sounds
from pipeline.sources.post_fields import from_info
from pipeline.stages import STAGES
from pipeline.store.store import Store

KEY = b"k" * 32


def sound_of(title: str | None, artist: str | None = None, author: str = "ben") -> tuple[str | None, str | None]:
    row = clip_row("tiktok:1", Post("csv", "tiktok", sound_title=title, sound_artist=artist, author=author), KEY)
    return row.sound_title, row.sound_artist


PHRASES = [one for one in ORIGINAL_SOUND if "?" not in one]


@given(st.sampled_from(PHRASES), st.sampled_from(["Anna.Smith_9", "@Anna.Smith_9", "Anna Smith", "Анна"]))
def test_an_original_sound_names_nobody_in_anybodys_post(phrase: str, name: str) -> None:
    for title, artist in ((f"{phrase} - {name}", None), (f"{phrase.title()} – {name}", name), (phrase, name)):
        found, whose = sound_of(title, artist)
        assert not any(part in f"{found} {whose}" for part in ("Anna", "Smith", "Анна"))
        assert (found or "").lower().startswith(phrase.lower().split(" - ")[0])
        assert (whose is None) == (artist is None)


@pytest.mark.parametrize(
    ("title", "artist"),
    [
        ("Umbrella", "Rihanna"),
        ("Monkeys Spinning Monkeys", "Kevin MacLeod & Kevin The Monkey"),
        ("Original Sin - remastered", "INXS"),
        ("The original sound of summer", "A Band"),
        (None, "Rihanna"),
        ("Half - Time", None),
    ],
)
def test_songs_keep_title_and_artist(title: str | None, artist: str | None) -> None:
    assert sound_of(title, artist) == (title, artist)


def test_in_a_language_that_is_not_known_the_artist_shows_whose_sound_it_is() -> None:
    title, artist = sound_of("umsindo wangempela - Anna S", "anna s")
    assert title == f"umsindo wangempela - {artist}"
    assert (artist or "").startswith("user_")


def a_post(number: int, author: str, title: str, artist: str | None = None, key: str = "csv") -> SourcedPost:
    post = Post(key, "tiktok", str(number), author=author, author_id="68", sound_title=title, sound_artist=artist)
    return SourcedPost(f"tiktok:{number}", Source("url", "", ""), post, Provenance(f"{key} 1", "a" * 64, 1))


def test_a_hidden_name_stays_hidden_when_the_author_renames_and_another_sound_is_stored(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        store.upsert_posts(post_rows([a_post(1, "annas", "annas morning mix", "annas")], KEY))
        store.upsert_posts(post_rows([a_post(1, "anna2", "annas morning mix", "annas", key="zeeschuimer")], KEY))
        (row,) = store.tables.read(ClipRow)
        assert "annas" not in f"{row.sound_title} {row.sound_artist}"
        store.upsert_posts(post_rows([a_post(1, "anna2", "another mix", key="zeeschuimer")], KEY))
        assert store.tables.read(ClipRow)[0].sound_title == "another mix"


def test_what_an_earlier_version_stored_is_hidden_once(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        posts = [a_post(1, "ben", "originalton - anna", "Anna"), a_post(2, "ben", "Umbrella", "Rihanna")]
        store.upsert_posts(post_rows(posts, None))
        assert hide_sounds(store, KEY) == {"tiktok:1"}
        assert hide_sounds(store, KEY) == set()
        rows = {row.clip_id: row for row in store.tables.read(ClipRow)}
        assert "anna" not in f"{rows['tiktok:1'].sound_title} {rows['tiktok:1'].sound_artist}".lower()
        assert rows["tiktok:2"].sound_artist == "Rihanna"


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://x.com/anna_s/status/17", "https://x.com/i/status/17"),
        ("https://mobile.twitter.com/anna_s/status/17?s=20", "https://mobile.twitter.com/i/status/17?s=20"),
        ("https://www.facebook.com/anna.smith/videos/17/", "https://www.facebook.com/_/videos/17/"),
        ("https://www.twitch.tv/anna_s/clip/Ab-1", "https://www.twitch.tv/_/clip/Ab-1"),
        ("https://www.facebook.com/watch/?v=17", "https://www.facebook.com/watch/?v=17"),
        ("https://netflix.com/anna/status/1", "https://netflix.com/anna/status/1"),
    ],
)
def test_urls_of_other_platforms_are_stored_without_the_account(url: str, stored: str) -> None:
    assert clip_row("x:1", Post(source="url", url=url), KEY).url == stored


@pytest.mark.parametrize(
    ("extractor", "title"),
    [("Instagram", "Video by anna.s"), ("TikTok", "TikTok video #17"), ("FacebookReel", "Anna S on Reels")],
)
def test_a_title_that_is_made_up_is_no_caption(extractor: str, title: str) -> None:
    info = {"extractor_key": extractor, "id": "17", "title": title}
    assert from_info(info, "yt_dlp").caption is None
    assert from_info({**info, "title": "my words"}, "yt_dlp").caption == "my words"
    assert from_info({**info, "extractor_key": "Vimeo"}, "yt_dlp").caption == title


def test_a_name_for_display_is_no_handle() -> None:
    facebook = {"extractor_key": "Facebook", "id": "1", "uploader": "Anna Smith", "uploader_id": "17"}
    twitter = {**facebook, "extractor_key": "Twitter", "uploader_id": "anna_s", "channel_id": "18"}
    found = [from_info(one, "yt_dlp") for one in (facebook, twitter)]
    assert [(one.author, one.author_id) for one in found] == [(None, "17"), ("anna_s", "18")]
