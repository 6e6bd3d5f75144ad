"""What fetched a post is written down, and old tools are named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from pipeline.sources.platforms.tool_versions import OLD_DAYS, age_warning, tools


def test_versions_and_the_digest_of_cookies(tmp_path: Path) -> None:
    found = json.loads(tools())
    assert found["yt_dlp"] == version("yt-dlp")
    assert found["curl_cffi"] == version("curl-cffi")
    assert found["cookies"] is None
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("secret", encoding="utf-8")
    with_cookies = tools(cookies)
    assert "secret" not in with_cookies
    assert with_cookies != tools()
    cookies.write_text("another", encoding="utf-8")
    assert tools(cookies) != with_cookies, "posts on hold are tried again with other cookies"


def test_an_old_yt_dlp_is_named() -> None:
    year, month, day = map(int, version("yt-dlp").split(".")[:3])
    released = date(year, month, day)
    assert age_warning(released + timedelta(days=OLD_DAYS)) is None
    assert f" {OLD_DAYS + 1} " in (age_warning(released + timedelta(days=OLD_DAYS + 1)) or "")
    assert age_warning(datetime.now(UTC).date() + timedelta(days=4_000)) is not None
