"""What yt-dlp says of a post: whatever extractor found it, a platform has one name."""

from __future__ import annotations

import pytest

from pipeline.sources.post_fields import from_info, platform_of


@pytest.mark.parametrize(
    ("extractor", "platform"),
    [
        ("Facebook", "facebook"),
        ("FacebookReel", "facebook"),
        ("facebook:reel", "facebook"),
        ("FacebookPluginsVideo", "facebook"),
        ("TwitterBroadcast", "twitter"),
        ("SnapchatSpotlight", "snapchat"),
        ("TikTokVM", "tiktok"),
        ("InstagramStory", "instagram"),
        ("Odysee", "odysee"),
        ("", None),
    ],
)
def test_a_platform_has_one_name(extractor: str, platform: str | None) -> None:
    assert platform_of(extractor) == platform


def test_a_reel_and_a_video_of_facebook_are_posts_of_one_platform() -> None:
    posts = [
        from_info(
            {"id": "123456789012345", "extractor_key": key, "webpage_url": "https://www.facebook.com/x"}, "info_json"
        )
        for key in ("Facebook", "FacebookReel")
    ]
    assert {(post.platform, post.post_id) for post in posts} == {("facebook", "123456789012345")}
