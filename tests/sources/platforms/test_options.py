"""The section [download]: what is wrong is said once, with the key."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.sources.platforms.options import DownloadOptions
from pipeline.stage import Setting, plan_stage
from pipeline.stages.download import Download

POST = "https://www.tiktok.com/@ann/video/1"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"proxy": "127.0.0.1:8080"}, "http://host:port"),
        ({"cookie_file": "cookies.txt"}, r"cookie_file\n.* / or ~"),
        ({"paces": {"tiktok": (8, 3)}}, r"paces\n.*tiktok"),
        ({"paces": {"tiktok": (-1, 3)}}, r"paces\n.*tiktok"),
        ({"paces": {"facebook": (1, 3)}}, "'facebook' .*tiktok, instagram, youtube"),
        ({"canaries": {"facebook": POST}}, "'facebook' .*tiktok, instagram, youtube"),
        ({"canaries": {"youtube": POST}}, f"{POST}.*tiktok.*youtube"),
        ({"canaries": {"tiktok": "https://example.org/1"}}, "'https://example.org/1'"),
        ({"patience_minutes": -1}, "patience_minutes"),
        ({"max_duration_s": 0}, "max_duration_s"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DownloadOptions(**wrong)


def test_an_empty_text_is_no_value() -> None:
    options = DownloadOptions(proxy="", cookie_file="")
    assert (options.proxy, options.cookie_file) == (None, None)


def test_options_pass_to_another_process() -> None:
    options = DownloadOptions(paces={"tiktok": (1, 2)}, canaries={"tiktok": POST}, cookie_file="~/cookies.txt")
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 - our own bytes


def test_no_option_of_fetching_makes_anything_run_again() -> None:
    changed = DownloadOptions(
        extractors=("generic",), socket_timeout_s=1, max_megabytes=1, max_duration_s=1, captions=False,
        proxy="http://127.0.0.1:9", cookie_file="/a", paces={"tiktok": (1, 2)}, canaries={"tiktok": POST},
        patience_minutes=0, slideshow_sound=True,
    )  # fmt: skip
    assert not [
        name for name in DownloadOptions.model_fields if getattr(changed, name) == getattr(DownloadOptions(), name)
    ]
    plans = [plan_stage(Download, options, Setting(), {}, {}) for options in (DownloadOptions(), changed)]
    assert plans[0].fingerprint == plans[1].fingerprint
