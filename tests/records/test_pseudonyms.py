"""Pseudonyms: the same for the same key, different otherwise, and the handle is nowhere in what is stored."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.records.post import Post
from pipeline.records.pseudonyms import clip_row, hashtags_of, mentions_of, pseudonym, scrub
from pipeline.study.keys import KEY_BYTES, key_folder, key_for

KEY = b"k" * KEY_BYTES
POST = Post(
    source="csv",
    platform="tiktok",
    url="https://www.tiktok.com/@ann.clips/video/7312345678901234567",
    caption="With @bob_1 and @bob_1! mail me@example.org #Bag #bag #café #حقيبة",
    sound_title="original sound - Ann.Clips",
    sound_artist="ann.clips",
    author="ann.clips",
    author_id="68",
)


def test_a_pseudonym_depends_on_key_platform_and_account() -> None:
    names = {
        pseudonym(KEY, "tiktok", "68"),
        pseudonym(b"x" * KEY_BYTES, "tiktok", "68"),
        pseudonym(KEY, "youtube", "68"),
        pseudonym(KEY, "tiktok", "69"),
    }
    assert len(names) == 4
    assert pseudonym(KEY, "tiktok", "68") == pseudonym(KEY, "tiktok", "68")
    assert all(len(name) == 26 for name in names)


def test_no_handle_is_left_in_a_stored_post() -> None:
    row = clip_row("tiktok:1", POST, KEY)
    stored = repr(row)
    assert "ann.clips" not in stored.lower()
    assert (row.sound_title or "").startswith("original sound - user_")
    assert "bob_1" not in stored
    assert row.author_key != "68"
    assert row.url == "https://www.tiktok.com/@_/video/7312345678901234567"
    assert len(row.mentions) == 1
    assert "me@example.org" in (row.caption or ""), "a URL is not a mention"


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://www.instagram.com/ann.clips/reel/Cx_1/", "https://www.instagram.com/reel/Cx_1/"),
        ("https://instagram.com/ann.clips/p/Cx_1/?igsh=1", "https://instagram.com/p/Cx_1/?igsh=1"),
        ("https://www.instagram.com/reel/Cx_1/", "https://www.instagram.com/reel/Cx_1/"),
        ("https://www.tiktok.com/%40ann.clips/video/73", "https://www.tiktok.com/@_/video/73"),
    ],
)
def test_a_url_is_stored_without_the_account_however_it_names_it(url: str, stored: str) -> None:
    assert clip_row("x:1", Post(source="url", url=url), KEY).url == stored
    assert clip_row("x:1", Post(source="url", url=url), None).url == url


def test_a_study_may_keep_authors_as_they_are() -> None:
    row = clip_row("tiktok:1", POST, None)
    assert row.author_key == "68"
    assert row.caption == POST.caption
    assert row.mentions == ("bob_1",)


def test_hashtags_in_any_script_once_each() -> None:
    assert hashtags_of(POST.caption) == ("bag", "café", "حقيبة")
    assert hashtags_of("no tags, &#39; is none") == ()
    assert mentions_of(None) == ()


@pytest.mark.parametrize(
    "text", ["love it.@anna", "...@anna", "＠anna", "(@anna)", "with @anna.", "مع @anna", "🎉@anna"]
)
def test_a_handle_is_a_mention_after_any_sign_that_is_no_letter(text: str) -> None:
    assert mentions_of(text) == ("anna",)
    hidden = scrub(text, b"key", "tiktok")
    assert "anna" not in hidden
    assert mentions_of(hidden) != ()


@pytest.mark.parametrize("text", ["write to joe@example.org", "joe.b@example.org", "a @ b", "@", "@."])
def test_a_url_of_mail_or_a_sign_alone_is_no_mention(text: str) -> None:
    assert mentions_of(text) == ()
    assert scrub(text, b"key", "tiktok") == text


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("mine: instagram.com/anna.smith_92.", "anna.smith_92"),
        ("https://www.instagram.com/stories/anna_s/ today", "anna_s"),
        ("YouTube.com/c/AnnaSmith?x=1", "AnnaSmith"),
        ("youtube.com/channel/UCabcdefghij", "UCabcdefghij"),
        ("(https://m.facebook.com/anna.smith)", "anna.smith"),
        ("x.com/anna_s, t.me/anna_s", "anna_s"),
        ("linktr.ee/анна", "анна"),
    ],
)
def test_an_account_in_a_url_is_hidden_as_a_mention_is(text: str, handle: str) -> None:
    hidden = scrub(text, b"key", "tiktok")
    assert handle not in hidden
    pseudonym_of_mention = scrub(f"@{handle}", b"key", "tiktok")[1:]
    assert hidden == text.replace(handle, pseudonym_of_mention)


@pytest.mark.parametrize(
    "text",
    [
        "https://www.instagram.com/reel/C8abc/", "instagram.com/p/C8abc", "instagram.com/explore/tags/bag",
        "youtube.com/watch?v=dQw4w9WgXcQ", "x.com/search?q=bag", "box.com/anna", "instagram.com/",
        "see netflix.com/bag",
    ],
)  # fmt: skip
def test_urls_of_posts_and_of_other_places_stay(text: str) -> None:
    assert scrub(text, b"key", "tiktok") == text


def test_the_key_is_made_once_outside_the_study_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    key = key_for("mine")
    assert len(key) == KEY_BYTES
    assert key_for("mine") == key
    assert key_for("other") != key
    mode = stat.S_IMODE((key_folder() / "mine.key").stat().st_mode)
    assert mode == 0o600


@pytest.mark.timeout(60)  # the cube of its length would take hours
def test_a_handle_without_end_costs_no_time_and_is_still_hidden() -> None:
    handle = "x" * 10_000
    post = Post(source="csv", platform="tiktok", post_id="1", sound_title=f"sound - {handle}", author=handle)
    row = clip_row("tiktok:1", post, b"k" * 32)
    assert row.sound_title is not None
    assert handle not in row.sound_title


NAMES = st.text(st.sampled_from("aAbſßK k_.é1"), min_size=1, max_size=3).filter(lambda name: name.strip() == name)


@given(st.text(st.sampled_from("aAbſßK k_.-é1\u0301"), max_size=12), NAMES)
@example("ana.b ana anab ANA _ana", "ana")
def test_the_author_of_a_sound_is_hidden_as_a_word_in_any_case(title: str, handle: str) -> None:
    """As a search with an expression of its own finds them, which takes a millisecond for each author."""
    row = clip_row("tiktok:1", Post("csv", "tiktok", sound_title=title, author=handle), KEY)
    word = regex.compile(rf"(?<![\p{{L}}\p{{N}}_]){regex.escape(handle)}(?![\p{{L}}\p{{N}}_])", regex.IGNORECASE)
    assert word.sub(f"user_{pseudonym(KEY, 'tiktok', handle.lower())[:8]}", title) == row.sound_title
