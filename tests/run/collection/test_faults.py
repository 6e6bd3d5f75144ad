"""Whatever a site answers, a fetch ends with proven media or with a reason, within its budget of requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import Reason
from pipeline.records import ClipRow, MediaRow
from tests.support.platform.fault_server import fault_server
from tests.support.platform.rig import Server, fetch, left

WAIT_S = 0.5  # how long the client waits for a silent server


@pytest.fixture(scope="module")
def faults(demo_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with fault_server(demo_clips, tmp_path_factory.mktemp("hls")) as server:
        yield server


def ask(faults: Server, folder: Path, path: str) -> tuple[str | None, str | None, int]:
    """Reason, message and number of requests of one fetch."""
    faults.requests.clear()
    url = f"http://127.0.0.1:{faults.server_port}/{path}"
    outcome = fetch(folder, url, extractors=("generic", "html5"), socket_timeout_s=WAIT_S)
    return outcome.reason, outcome.message, faults.requests.total()


@pytest.mark.parametrize(
    "path", ["good.mp4", "mislabelled.mp4", "mislabelled", "drip.mp4", "described.html", "hls/list.m3u8"]
)
def test_media_that_is_whole_passes(faults: Server, tmp_path: Path, path: str) -> None:
    reason, message, _ = ask(faults, tmp_path, path)
    assert reason is None, message
    assert len(left(tmp_path)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "reason", "budget"),
    [
        # the page
        ("400.mp4", Reason.EXTRACTOR_BROKEN, 1),
        ("401.mp4", Reason.LOGIN_REQUIRED, 1),
        ("403.mp4", Reason.BOT_CHECK, 1),
        ("404.mp4", Reason.REMOVED, 1),
        ("410.mp4", Reason.REMOVED, 1),
        ("429.mp4", Reason.RATE_LIMITED, 1),
        ("451.mp4", Reason.GEO_BLOCKED, 1),
        ("500.mp4", Reason.SERVER_ERROR, 1),
        ("503.mp4", Reason.SERVER_ERROR, 1),
        ("hang.mp4", Reason.TIMEOUT, 2),
        ("loop0", Reason.SERVER_ERROR, 32),
        ("tofile", Reason.UNSUPPORTED_URL, 2),
        ("two.html", Reason.SKIPPED_POLICY, 1),
        ("nothing.html", Reason.UNSUPPORTED_URL, 1),
        # the media
        ("late403.mp4", Reason.LINK_EXPIRED, 2),
        ("late404.mp4", Reason.REMOVED, 2),
        ("late410.mp4", Reason.LINK_EXPIRED, 2),
        ("late416.mp4", Reason.LINK_EXPIRED, 3),
        ("late429.mp4", Reason.RATE_LIMITED, 2),
        ("late503.mp4", Reason.SERVER_ERROR, 4),
        ("stall.mp4", Reason.TIMEOUT, 4),
        ("cut.mp4", Reason.NETWORK, 4),
        ("cutranges.mp4", Reason.NETWORK, 4),
        ("large.mp4", Reason.SKIPPED_POLICY, 2),
        # "OK", and not the post's media
        ("cutsilent.mp4", Reason.BAD_MEDIA, 2),
        ("truncated.mp4", Reason.BAD_MEDIA, 2),
        ("splice.mp4", Reason.BAD_MEDIA, 2),
        ("html.mp4", Reason.BAD_MEDIA, 2),
        ("empty.mp4", Reason.BAD_MEDIA, 4),
        ("longer.html", Reason.BAD_MEDIA, 3),
        ("hlshole/list.m3u8", Reason.BAD_MEDIA, 20),
        ("hlsmiss/list.m3u8", Reason.BAD_MEDIA, 20),
        ("hlsfile/list.m3u8", Reason.UNSUPPORTED_URL, 20),
    ],
)
def test_f5_a_fault_is_a_reason_and_leaves_nothing(
    faults: Server, tmp_path: Path, tell: Callable[[str], None], path: str, reason: Reason, budget: int
) -> None:
    found, message, requests = ask(faults, tmp_path, path)
    assert found == reason, message
    assert requests <= budget
    assert left(tmp_path) == []
    tell("a fault of a web site has its reason within its budget of requests, and leaves no file")


def test_what_the_site_asks_for_is_told(faults: Server, tmp_path: Path) -> None:
    assert "wait 3 s" in (ask(faults, tmp_path, "429.mp4")[1] or "")


@pytest.mark.parametrize("path", ["429.mp4", "late429.mp4"])
def test_the_pause_that_the_site_asks_for_is_a_number_too(faults: Server, tmp_path: Path, path: str) -> None:
    outcome = fetch(tmp_path, f"http://127.0.0.1:{faults.server_port}/{path}", extractors=("generic",))
    assert (outcome.reason, outcome.retry_after_s) == (Reason.RATE_LIMITED, 3.0)


@pytest.mark.parametrize("path", ["late403.mp4", "late503.mp4", "cut.mp4", "large.mp4", "html.mp4", "longer.html"])
def test_what_was_told_before_the_media_failed_is_kept(faults: Server, tmp_path: Path, path: str) -> None:
    url = f"http://127.0.0.1:{faults.server_port}/{path}"
    outcome = fetch(tmp_path, url, extractors=("generic",), socket_timeout_s=WAIT_S)
    assert not outcome.ok
    assert [type(row) for row in outcome.rows] == [ClipRow]


@pytest.mark.parametrize("path", ["403.mp4", "503.mp4", "hang.mp4", "nothing.html", "two.html"])
def test_where_no_single_post_was_described_there_is_nothing_to_keep(faults: Server, tmp_path: Path, path: str) -> None:
    url = f"http://127.0.0.1:{faults.server_port}/{path}"
    outcome = fetch(tmp_path, url, extractors=("generic", "html5"), socket_timeout_s=WAIT_S)
    assert not outcome.ok
    assert outcome.rows == ()


def test_what_nobody_has_seen_yet_keeps_its_trace(faults: Server, tmp_path: Path) -> None:
    outcome = fetch(tmp_path, f"http://127.0.0.1:{faults.server_port}/418.mp4", extractors=("generic",))
    assert outcome.reason == Reason.INTERNAL_ERROR
    assert "HTTP Error 418" in (outcome.message or "")
    assert "DownloadError" in (outcome.trace or "")
    assert left(tmp_path) == []


def test_a_post_without_sound_keeps_its_rows(faults: Server, tmp_path: Path) -> None:
    assert ask(faults, tmp_path, "noaudio.mp4")[0] is None
    assert len(left(tmp_path)) == 1


@pytest.mark.parametrize("stale", ["media.mp4", "media.mp4.part"])
@pytest.mark.parametrize("content", [b"", b"x" * 50_000, b"x" * 1_000_000])
def test_what_another_try_left_is_not_mixed_in(faults: Server, tmp_path: Path, stale: str, content: bytes) -> None:
    folder = tmp_path / "media" / "test"
    folder.mkdir(parents=True)
    (folder / stale).write_bytes(content)
    outcome = fetch(tmp_path, f"http://127.0.0.1:{faults.server_port}/good.mp4", extractors=("generic",))
    row = outcome.rows[0]
    assert isinstance(row, MediaRow)
    assert row.sha256 == hashlib.sha256(faults.media["clip"]).hexdigest()
    assert left(tmp_path) == ["media.mp4"]
