"""The server: this machine alone, reading alone, the report and its media alone, and never stale."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.results.report import serve
from pipeline.results.report.build import STAMP, stamp_of, write_pages
from pipeline.results.report.places import Places
from pipeline.results.report.policy import POLICY
from pipeline.results.report.serve import LiveReport, ReportServer
from pipeline.results.study import StudyReader
from pipeline.study import own_files
from pipeline.study.folder import StudyFolder, work_name
from tests.support.report.generated_study import clip, write_audio, write_published
from tests.support.rig import until

Answer = tuple[int, http.client.HTTPMessage, bytes]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportServer]:
    study = write_published(tmp_path_factory.mktemp("outputs") / "live", clip("tiktok:1", caption="first"))
    write_audio(study, "tiktok:1")
    live = LiveReport(study)
    live.build()
    server = ReportServer(live, 0)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(server: ReportServer, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=120)
    connection.putrequest(method, path, skip_host=True)
    for name, content in {"Host": f"127.0.0.1:{server.server_port}", **headers}.items():
        connection.putheader(name, content)
    connection.endheaders()
    answer = connection.getresponse()
    try:
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_pages_come_with_the_policy_as_a_header(server: ReportServer) -> None:
    status, headers, body = ask(server, "/report/index.html")
    assert status == 200
    assert headers["Content-Security-Policy"].startswith(POLICY)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1" in body
    assert ask(server, "/report/static/page.js")[1]["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/", "/report", "/report/"])
def test_the_root_leads_to_the_first_page(server: ReportServer, path: str) -> None:
    status, headers, _ = ask(server, path)
    assert (status, headers["Location"]) == (302, "/report/index.html")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "", "127.0.0.1.evil.example:{port}"])
def test_another_name_for_this_machine_is_refused(server: ReportServer, host: str) -> None:
    status, _, body = ask(server, "/report/index.html", Host=host.format(port=server.server_port))
    assert status == 421
    assert b"<h1" not in body


def test_localhost_is_this_machine(server: ReportServer) -> None:
    assert ask(server, "/report/index.html", Host=f"localhost:{server.server_port}")[0] == 200
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    [
        "/study.duckdb",
        "/report/../study.duckdb",
        "/report/%2e%2e/study.duckdb",
        "/report/..%2fstudy.duckdb",
        "/report/rows/../../study.duckdb",
        "/report//etc/passwd",
        "//etc/passwd",
        "/report/..",
        "/report/rows",
        "/report/link.html",
        "/work/study.duckdb",
        "/work/audio/../../study.duckdb",
        "/report/nothing.html",
        "/report/rows/%00.js",
    ],
)
def test_nothing_else_is_read(server: ReportServer, path: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    link = server.report.places.report / "link.html"
    link.symlink_to(tmp_path / "secret")
    status, _, body = ask(server, path)
    link.unlink()
    assert status == 404
    assert body == b"404 Not Found\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_is_written(server: ReportServer, method: str) -> None:
    assert ask(server, "/report/index.html", method)[0] == 501


def test_parts_of_the_audio_as_a_player_asks_for_them(server: ReportServer) -> None:
    audio = server.report.places.audio("tiktok:1")
    path, whole = f"/work/audio/{audio.name}", audio.read_bytes()
    assert ask(server, path)[2] == whole
    status, headers, body = ask(server, path, Range="bytes=100-199")
    assert (status, headers["Content-Range"], body) == (206, f"bytes 100-199/{len(whole)}", whole[100:200])
    assert ask(server, path, Range="bytes=-50")[2] == whole[-50:]
    assert ask(server, path, Range="bytes=100-")[2] == whole[100:]
    assert ask(server, path, Range="bytes=-")[2] == whole, "no range at all"
    assert ask(server, path, Range=f"bytes={len(whole)}-")[0] == 416
    status, headers, body = ask(server, path, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(whole)), b"")


def test_curves_are_drawn_when_a_page_asks_for_them(server: ReportServer) -> None:
    target = server.report.places.curves("tiktok:1")
    assert not target.exists()
    status, _, body = ask(server, f"/report/sound/{target.name}")
    assert status == 200
    assert b"f0_hz" in body
    assert ask(server, "/report/sound/unknown-0123.js")[0] == 404


def test_what_a_run_publishes_is_shown(server: ReportServer) -> None:
    assert b"later" not in ask(server, "/report/rows/clips-all.js")[2]
    study = server.report.places.study
    write_published(study, [*clip("tiktok:1"), *clip("tiktok:2", number=2, caption="later")])
    ask(server, "/report/index.html")
    assert until(lambda: shown(server) == stamp_of(study / "study.duckdb"))
    assert b"later" in ask(server, "/report/rows/clips-all.js")[2]


def shown(server: ReportServer) -> str:
    """Which publication of the database the report is of."""
    return server.report.places.report.joinpath(STAMP).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_page_that_is_asked_for_during_a_rebuild_waits_for_it(
    server: ReportServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, rebuilds = threading.Event(), threading.Event(), []

    def rebuild(places: Places, reader: StudyReader) -> None:
        rebuilds.append(places)
        begun.set()
        assert may_end.wait(60)
        write_pages(places, reader)

    monkeypatch.setattr(serve, "write_pages", rebuild)
    monkeypatch.setattr(serve, "PATIENCE_S", 60.0)
    study = server.report.places.study
    write_published(study, clip("tiktok:1", caption="once more"))
    answers: list[int] = []
    asking = [
        threading.Thread(target=lambda: answers.append(ask(server, "/report/index.html")[0]), daemon=True)
        for _ in range(2)
    ]
    asking[0].start()
    assert begun.wait(60)
    asking[1].start()
    asking[1].join(0.5)
    assert answers == [], "neither has the older report"
    may_end.set()
    for thread in asking:
        thread.join(60)
    assert answers == [200, 200]
    assert len(rebuilds) == 1
    assert shown(server) == stamp_of(study / "study.duckdb")


def test_a_database_that_is_away_for_a_moment_leaves_the_older_report(server: ReportServer) -> None:
    server.report.places.study.joinpath("study.duckdb").write_bytes(b"half of it")
    assert ask(server, "/report/index.html")[0] == 200


@pytest.mark.slow
def test_ctrl_c_ends_the_command_cleanly(tmp_path: Path) -> None:
    study = write_published(tmp_path / "live", clip("tiktok:1"))
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "serve", str(study), "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as served:
        signal.signal(signal.SIGINT, before)
        assert served.stdout is not None
        assert served.stderr is not None
        first = next(line for line in served.stdout if "http://" in line)
        assert "http://127.0.0.1:" in first
        served.send_signal(signal.SIGINT)
        assert served.wait(60) == 0
        assert served.stderr.read() == ""
    assert Places(study).report.joinpath("index.html").is_file()


def test_the_users_own_media_are_served_by_the_name_of_their_clip_alone(server: ReportServer, tmp_path: Path) -> None:
    folder = StudyFolder.at(server.report.places.study)
    own = tmp_path / "my videos" / "clip #1.mp4"
    own.parent.mkdir()
    own.write_bytes(b"film")
    own_files.write(own_files.list_of(folder), {"file:clip": str(own)})
    status, headers, body = ask(server, f"/own/{work_name('file:clip')}", Range="bytes=1-2")
    assert (status, body, headers["Content-Type"]) == (206, b"il", "video/mp4")
    for path in ("/own/..%2f..%2fetc%2fpasswd", "/own/file_other-000000000000", f"/own/{own.name[:4]}"):
        assert ask(server, path)[0] == 404
    own.unlink()
    assert ask(server, f"/own/{work_name('file:clip')}")[0] == 404
    own_files.list_of(folder).unlink()
