"""The download stage: local files are hashed, posts are fetched by yt-dlp into a folder of their own."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import Reason
from pipeline.records import ClipRow, MediaRow, ObservationRow, Outcome, Source
from pipeline.run.executors.error_boundary import apply
from pipeline.stage import Setting
from pipeline.stages.download import Download, DownloadOptions
from tests.conftest import make_clip, write_wav
from tests.support.site import serving

import numpy as np  # isort: skip


@pytest.fixture(scope="module")
def site(demo_clips: Path) -> Iterator[str]:
    with serving(demo_clips) as url:
        yield url


def stage(folder: Path, key: bytes | None = b"k" * 32) -> Download:
    options = DownloadOptions(extractors=("generic",), socket_timeout_s=5)
    return Download(options, Setting(key=key, download_folder=folder / "media"))


def fetch(folder: Path, url: str) -> Outcome:
    clip = dataclasses.replace(make_clip(folder / "x", folder), source=Source("url", url, ""), media_path=None)
    return apply(stage(folder), [clip])[0]


def local(path: Path) -> Outcome:
    return apply(stage(path.parent), [make_clip(path, path.parent)])[0]


def test_a_local_file_is_hashed_where_it_lies(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.zeros(100))
    outcome = local(path)
    row = outcome.rows[0]
    assert isinstance(row, MediaRow)
    assert row.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert row.size_bytes == path.stat().st_size
    assert path.exists()


def test_missing_and_empty_files(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert local(tmp_path / "empty.mp4").reason == Reason.EMPTY_FILE
    assert local(tmp_path / "gone.mp4").reason == Reason.FILE_MISSING


def test_a_post_gives_media_metadata_and_counts(site: str, tmp_path: Path, demo_clips: Path) -> None:
    outcome = fetch(tmp_path, f"{site}/english_quick.html")
    assert outcome.ok, outcome.message
    rows = {type(row): row for row in outcome.rows}
    media, clip, counts = rows[MediaRow], rows[ClipRow], rows[ObservationRow]
    assert isinstance(media, MediaRow)
    assert isinstance(clip, ClipRow)
    assert isinstance(counts, ObservationRow)
    assert media.sha256 == hashlib.sha256((demo_clips / "english_quick.mp4").read_bytes()).hexdigest()
    assert clip.hashtags == ("bag",)
    assert clip.author_key is None or "ann" not in clip.author_key
    assert "@ana" not in (clip.caption or "")
    assert counts.views == 42
    assert counts.likes is None
    assert [path.name for path in (tmp_path / "media").rglob("*") if path.is_file()] == ["media.mp4"]


def test_a_stale_part_of_another_try_is_not_spliced_in(site: str, tmp_path: Path, demo_clips: Path) -> None:
    folder = tmp_path / "media" / "test"
    folder.mkdir(parents=True)
    (folder / "media.mp4.part").write_bytes(b"x" * 5000)
    (folder / "media.mp4").write_bytes(b"")
    outcome = fetch(tmp_path, f"{site}/english_quick.html")
    row = outcome.rows[0]
    assert isinstance(row, MediaRow)
    assert row.sha256 == hashlib.sha256((demo_clips / "english_quick.mp4").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("404.mp4", Reason.REMOVED),
        ("410.mp4", Reason.REMOVED),
        ("429.mp4", Reason.RATE_LIMITED),
        ("451.mp4", Reason.GEO_BLOCKED),
        ("503.mp4", Reason.SERVER_ERROR),
        ("posts.csv", Reason.REMOVED),
    ],
)
def test_what_the_site_says_is_a_reason(site: str, tmp_path: Path, path: str, reason: Reason) -> None:
    assert fetch(tmp_path, f"{site}/{path}").reason == reason


def test_no_server_is_a_network_failure(tmp_path: Path) -> None:
    assert fetch(tmp_path, "http://127.0.0.1:9/clip.mp4").reason == Reason.NETWORK


def test_an_extractor_that_is_not_allowed_does_not_run(site: str, tmp_path: Path) -> None:
    strict = Download(DownloadOptions(), Setting(key=None, download_folder=tmp_path / "media"))
    clip = dataclasses.replace(
        make_clip(tmp_path / "x", tmp_path), source=Source("url", f"{site}/english_quick.html", "")
    )
    outcome = apply(strict, [clip])[0]
    assert outcome.reason == Reason.UNSUPPORTED_URL


@pytest.mark.slow
def test_a_post_that_breaks_off_keeps_what_was_told_of_it(tmp_path: Path, demo_clips: Path) -> None:
    (tmp_path / "english_quick.mp4").write_bytes((demo_clips / "english_quick.mp4").read_bytes()[:60_000])
    with serving(tmp_path) as url:
        outcome = fetch(tmp_path, f"{url}/english_quick.html")
    assert outcome.reason == Reason.BAD_MEDIA
    clip, counts, *_ = outcome.rows
    assert isinstance(clip, ClipRow)
    assert isinstance(counts, ObservationRow)
    assert (clip.clip_id, clip.hashtags, counts.views) == ("file:test.wav", ("bag",), 42)
    assert not list((tmp_path / "media").rglob("*.mp4"))


def test_filters_are_not_asked_about_a_file_of_the_users_own(tmp_path: Path) -> None:
    def keeps_out(*_: object) -> tuple[str, str]:
        raise AssertionError("a local file is there, whatever the filters of posts say")

    path = write_wav(tmp_path / "a.wav", np.zeros(100))
    judging = Download(DownloadOptions(), Setting(keeps_out=keeps_out))
    assert apply(judging, [make_clip(path, tmp_path)])[0].ok


def test_what_a_filter_keeps_out_is_not_fetched(site: str, tmp_path: Path) -> None:
    setting = Setting(download_folder=tmp_path / "media", keeps_out=lambda *_: ("max_likes", "too well liked"))
    judging = Download(DownloadOptions(extractors=("generic",)), setting)
    source = Source("url", f"{site}/english_quick.html", "")
    outcome = apply(judging, [dataclasses.replace(make_clip(tmp_path / "x", tmp_path), source=source)])[0]
    assert (outcome.reason, outcome.message) == (Reason.EXCLUDED, "file:test.wav: too well liked")
    assert [type(row) for row in outcome.rows[:2]] == [ClipRow, ObservationRow]
    assert not list((tmp_path / "media").rglob("*.mp4"))


def test_failures_name_the_clip_and_not_the_url(site: str, tmp_path: Path) -> None:
    outcome = fetch(tmp_path, f"{site}/404.mp4?@somebody")
    assert "somebody" not in (outcome.message or "")


def test_a_link_is_followed_inside_its_folder_and_the_study_alone(tmp_path: Path) -> None:
    study, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    for folder in (study / "clips", study / "store", elsewhere):
        folder.mkdir(parents=True)
        (folder / "a.wav").write_bytes(b"sound")
    built = Download(DownloadOptions(), Setting(study_folder=study))
    reasons = {}
    for name, target in {"near": "a.wav", "stored": "../store/a.wav", "far": str(elsewhere / "a.wav")}.items():
        link = study / "clips" / f"{name}.wav"
        link.symlink_to(target)
        reasons[name] = apply(built, [make_clip(link, tmp_path)])[0].reason
    assert reasons == {"near": None, "stored": None, "far": Reason.SKIPPED_POLICY}


@pytest.mark.parametrize("name", ["x" * 5_000, "a\0b", r"\udcff.mp4"])
def test_a_name_that_no_file_can_have_is_a_missing_file(tmp_path: Path, name: str) -> None:
    assert local(tmp_path / name).reason == Reason.FILE_MISSING
