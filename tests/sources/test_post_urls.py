"""URLs: every spelling of a post names the post, and what is not one post is said to be that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.privacy.subjects import read_name
from pipeline.sources.formats.result import post_url, unresolved_id
from pipeline.sources.post_urls import post_of_url, read_url, short_link_url

TIKTOK, INSTAGRAM, YOUTUBE = "7312345678901234567", "C6aBcDeFgHi", "dQw4w9WgXcQ"
SPELLINGS = {
    ("tiktok", TIKTOK): (
        "tiktok.com/@ann.b/video/{}", "tiktok.com/@/video/{}", "tiktok.com/%40ann/video/{}", "tiktok.com/@ann/photo/{}",
        "tiktok.com/share/video/{}", "tiktok.com/embed/{}", "tiktok.com/embed/v2/{}", "tiktok.com/player/v1/{}",
        "tiktok.com/v/{}.html", "tiktokv.com/share/video/{}", "tiktok.com//@ann//video/{}",
    ),
    ("instagram", INSTAGRAM): (
        "instagram.com/p/{}", "instagram.com/reel/{}", "instagram.com/reels/{}", "instagram.com/tv/{}",
        "instagram.com/ann.b/reel/{}", "instagram.com/p/{}/embed/captioned", "instagr.am/p/{}",
    ),
    ("youtube", YOUTUBE): (
        "youtube.com/watch?v={}", "youtube.com/watch?app=desktop&v={}", "youtube.com/shorts/{}", "youtube.com/live/{}",
        "youtube.com/embed/{}", "youtube.com/v/{}", "youtu.be/{}", "youtube-nocookie.com/embed/{}",
        "youtube.com/attribution_link?u=/watch%3Fv%3D{}%26feature%3Dshare",
    ),
}  # fmt: skip
PREFIXES = ("https://www.", "https://", "http://", "https://m.", "www.", "", "//", "HTTPS://WWW.")
TRACKING = (
    "utm_source=ig_web_copy_link",
    "is_from_webapp=1&sender_device=pc",
    "si=aBc-1",
    "igsh=MzRlODBiNWFlZA==",
    "t=5s",
)


def posts() -> st.SearchStrategy[tuple[tuple[str, str], str]]:
    """A post, and a URL of it in some spelling."""

    @st.composite
    def made(draw: st.DrawFn) -> tuple[tuple[str, str], str]:
        post = draw(st.sampled_from(sorted(SPELLINGS)))
        path = draw(st.sampled_from(SPELLINGS[post])).format(post[1])
        host, slash, rest = path.partition("/")
        host = draw(st.sampled_from((host, host.upper(), host.title())))
        extra = draw(st.sampled_from(("", *TRACKING)))
        end = (
            f"{'&' if '?' in rest else '?'}{extra}"
            if extra
            else draw(st.sampled_from(("", "#x") if "?" in rest else ("", "/", "#x")))
        )
        return post, f"{draw(st.sampled_from(PREFIXES))}{host}{slash}{rest}{end}"

    return made()


@given(posts())
def test_every_spelling_names_the_post(case: tuple[tuple[str, str], str]) -> None:
    post, url = case
    assert post_of_url(url) == post
    assert post_of_url(f"  {url} ") == post


@given(posts())
def test_the_url_that_is_stored_names_the_same_post(case: tuple[tuple[str, str], str]) -> None:
    platform, post_id = case[0]
    assert post_of_url(post_url(platform, post_id) or "") == (platform, post_id)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://vm.tiktok.com/ZMabc/", "short link"),
        ("https://vt.tiktok.com/ZSabc", "short link"),
        ("https://www.tiktok.com/t/ZTabc/", "short link"),
        ("https://www.instagram.com/share/reel/BAabcdeOT", "short link"),
        ("https://www.instagram.com/share/p/BAabcdeOT/?x=1", "short link"),
        ("https://www.instagram.com/share/BAabcdeOT", "short link"),
        ("https://www.instagram.com/reels/audio/123456789/", "sound"),
        ("https://www.tiktok.com/music/original-7312345678901234567", "sound"),
        ("https://www.youtube.com/source/dQw4w9WgXcQ/shorts", "sound"),
        ("https://www.tiktok.com/tag/bag", "hashtag"),
        ("https://www.instagram.com/explore/tags/bag/", "hashtag"),
        ("https://www.youtube.com/hashtag/bag", "hashtag"),
        ("https://www.tiktok.com/@ann", "account"),
        ("instagram.com/ann.b/", "account"),
        ("https://www.youtube.com/@ann/shorts", "account"),
        ("https://www.tiktok.com/@ann/live", "live"),
        ("https://www.instagram.com/stories/ann/3512345678901234567/", "story"),
        ("https://www.youtube.com/playlist?list=PLx", "playlist"),
        ("https://www.youtube.com/watch?list=PLx", "page"),
        ("https://www.instagram.com/reels/", "page"),
        ("https://www.tiktok.com/", "page"),
    ],
)
def test_what_is_not_one_post_is_said_to_be_that(url: str, kind: str) -> None:
    found = read_url(url)
    assert found is not None
    assert found.kind == kind
    assert post_of_url(url) == (None, None)
    assert "not one post" in found.sentence


def test_a_url_shows_the_account_and_a_slideshow() -> None:
    found = read_url(f"https://www.tiktok.com/@ann.b/photo/{TIKTOK}")
    assert found is not None
    assert (found.account, found.media_type) == ("ann.b", "slideshow")
    stored = read_url(post_url("tiktok", TIKTOK) or "")
    assert stored is not None
    assert stored.account is None, "the handle was taken out"


@pytest.mark.parametrize("around", ["{}.", "{},", "({})", "<{}>", "[{}]", "({}!", '"{}";'])
@pytest.mark.parametrize(
    ("url", "post_id"),
    [
        ("https://www.tiktok.com/@ann/video/7312345678901234567", "7312345678901234567"),
        ("HTTPS://YOUTUBE.COM/shorts/abcdefghijk", "abcdefghijk"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "dQw4w9WgXcQ"),
        ("instagram.com/reel/DAbcdefghi3", "DAbcdefghi3"),
    ],
)
def test_marks_around_a_url_are_none_of_it(around: str, url: str, post_id: str) -> None:
    assert post_of_url(around.format(url))[1] == post_id


def test_instagrams_number_of_a_media_is_its_code() -> None:
    assert post_of_url("https://www.instagram.com/p/3506906526605045365/") == ("instagram", "DCrCOfSyu51")


@pytest.mark.parametrize(
    "text",
    ["", "ann", "@ann", "tiktok:7312345678901234567", "javascript:alert(1)", "file:///etc/passwd",
     "mailto:a@tiktok.com",
     "https://example.org/p/x", "https://tiktok.com.example.org/@a/video/1", "https://nottiktok.com/@a/video/1",
     "https://[::1"],
)  # fmt: skip
def test_what_is_no_url_of_a_platform_names_nothing(text: str) -> None:
    assert read_url(text) is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for url in (text, f"https://www.tiktok.com/{text}", f"https://youtube.com/watch?v={text}", f"instagram.com/{text}"):
        platform, post_id = post_of_url(url)
        assert (platform is None) == (post_id is None)


LINKS = {
    "vm.tiktok.com/": "https://vm.tiktok.com/",
    "vt.tiktok.com/": "https://vt.tiktok.com/",
    "www.tiktok.com/t/": "https://www.tiktok.com/t/",
    "m.tiktok.com/t/": "https://www.tiktok.com/t/",
    "tiktok.com/t/": "https://www.tiktok.com/t/",
    "www.instagram.com/share/": "https://www.instagram.com/share/",
    "instagram.com/share/reel/": "https://www.instagram.com/share/reel/",
    "www.instagram.com/share/p/": "https://www.instagram.com/share/p/",
}


@given(
    st.sampled_from(sorted(LINKS)),
    st.text("abcXYZ019_-", min_size=9, max_size=11),
    st.sampled_from(["", "http://", "https://", "//", "HTTPS://"]),
    st.sampled_from(["", "/", "?igsh=1", "/?_t=8&_r=1#x"]),
)
def test_every_way_to_write_a_short_link_is_the_same_link(place: str, code: str, scheme: str, end: str) -> None:
    written = f"{scheme}{place}{code}{end}"
    asked = short_link_url(written)
    assert asked == f"{LINKS[place]}{code}/", "the code keeps its capitals"
    assert short_link_url(asked) == asked
    assert unresolved_id(written) == unresolved_id(asked)
    assert read_name(written).clip_ids >= read_name(asked).clip_ids
    assert unresolved_id(written) != unresolved_id(f"{LINKS[place]}{code.swapcase()}x/")


@given(posts())
def test_a_post_is_no_short_link(case: tuple[tuple[str, str], str]) -> None:
    assert short_link_url(case[1]) is None
