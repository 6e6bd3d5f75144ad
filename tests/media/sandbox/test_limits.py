"""What a process that reads a stranger's file cannot do: take memory, time or disk without end, or reach out."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import Reason, StageError
from pipeline.media import ffmpeg
from pipeline.media.sandbox.client import ENVIRONMENT, Decoder, Ending
from pipeline.media.sandbox.limits import MEMORY_BYTES
from pipeline.media.sandbox.server import EXECUTE, MAX_OUTPUT_BYTES, run_unlimited
from tests.support.hostile_media.make_hostile import canary

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no limits for processes")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def reader() -> Iterator[Decoder]:
    made = Decoder()
    yield made
    made.close()


def python(reader: Decoder, code: str, deadline_s: float = 20.0, written_bytes: int = 0) -> Ending:
    """Python code in a limited process, as a decoder that a file has taken over would run it."""
    return reader.run(EXECUTE, [sys.executable, "-S", "-c", code], deadline_s, written_bytes)


@pytest.mark.slow
def test_memory_ends_at_two_gibibytes(reader: Decoder) -> None:
    assert python(reader, f"x = bytearray({MEMORY_BYTES - (400 << 20)})").code == 0
    ending = python(reader, f"x = bytearray({MEMORY_BYTES})")
    assert ending.code == 1
    assert "MemoryError" in ending.output
    assert ending.peak_kib < MEMORY_BYTES >> 10


def test_a_hanging_process_ends_at_its_deadline_with_all_it_started(reader: Decoder, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "company = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])\n"
        "print(company.pid, file=sys.stderr, flush=True)\n"
        "time.sleep(600)"
    )
    started = time.monotonic()
    ending = python(reader, code, deadline_s=1.0)
    assert ending.late
    assert ending.code == -signal.SIGKILL
    assert time.monotonic() - started < 5
    until = time.monotonic() + 5
    while psutil.pid_exists(int(ending.output)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not psutil.pid_exists(int(ending.output)) or psutil.Process(int(ending.output)).status() == "zombie"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems let what leaves its group live on")
def test_what_leaves_its_group_and_its_session_ends_too(reader: Decoder) -> None:
    code = (
        "import os, sys, time\n"
        "for _ in range(2):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            print(os.getpid(), file=sys.stderr, flush=True)\n"
        "            os.dup2(os.open(os.devnull, os.O_RDWR), 2)\n"
        "            time.sleep(600)\n"
        "        os._exit(0)\n"
        "time.sleep(0.5)"
    )
    left = [int(number) for number in python(reader, code).output.split()]
    assert len(left) == 2
    assert not any(psutil.pid_exists(number) for number in left)
    assert python(reader, "pass").code == 0, "the next one is not concerned"


def test_a_file_ends_at_what_may_be_written(reader: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "large"
    code = f"open({str(path)!r}, 'wb').write(bytes({8 * MEBIBYTE}))"
    assert python(reader, code, written_bytes=9 * MEBIBYTE).code == 0
    path.unlink()
    assert python(reader, code, written_bytes=MEBIBYTE).code != 0
    assert path.stat().st_size <= MEBIBYTE


def test_no_core_is_dumped_and_a_crash_is_said(reader: Decoder, tmp_path: Path) -> None:
    code = f"import os, signal; os.chdir({str(tmp_path)!r}); os.kill(os.getpid(), signal.SIGSEGV)"
    assert python(reader, code).code == -signal.SIGSEGV
    assert list(tmp_path.iterdir()) == []
    assert python(reader, "pass").code == 0, "the next one is not concerned"


def test_there_is_no_network(reader: Decoder) -> None:
    if not reader.look().offline:
        pytest.skip("this system gives no network of its own to a process")
    with canary() as web:
        ending = python(reader, f"import urllib.request as u; u.urlopen({web.url + '/x'!r}, timeout=5)")
        assert ending.code == 1
        assert web.hits == []


def test_it_inherits_no_secret_and_no_open_file(
    reader: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, sys; print(sorted(os.environ), sorted(os.listdir('/proc/self/fd')), file=sys.stderr)"
    monkeypatch.setenv("CLIPTONE_SECRET_OF_A_TEST", "x")
    with (tmp_path / "open").open("w"):
        fresh = Decoder()
        said = python(fresh, code).output
        fresh.close()
    known = {*ENVIRONMENT, "PYTHONPATH", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    names, files = (eval(part) for part in said.strip().replace("] [", "]|[").split("|"))  # noqa: S307 - our own list
    assert set(names) <= known
    assert files == ["0", "1", "2", "3"], "3 is the folder that it lists"


def test_only_the_end_of_endless_messages_is_kept(reader: Decoder) -> None:
    ending = python(reader, "import sys; [sys.stderr.write('x' * 1000000) for _ in range(20)]; sys.stderr.write('end')")
    assert len(ending.output) == MAX_OUTPUT_BYTES
    assert ending.output.endswith("end")


def test_a_server_that_dies_costs_one_call(reader: Decoder) -> None:
    reader.look()
    os.kill(reader._server, signal.SIGKILL)
    with pytest.raises(ChildProcessError):
        python(reader, "pass")
    assert python(reader, "pass").code == 0


@pytest.mark.slow
def test_a_server_leaves_with_its_caller_and_takes_its_reader_along(tmp_path: Path) -> None:
    code = (
        "import sys; from pipeline.media.sandbox.client import Decoder\n"
        "d = Decoder(); d.look(); open(sys.argv[1], 'w').write(str(d._server))\n"
        "d.run('execute', [sys.executable, '-c', 'import time; time.sleep(600)'], 300)"
    )
    caller = psutil.Popen([sys.executable, "-c", code, str(tmp_path / "pid")])
    until = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < until:
        time.sleep(0.02)
    server = psutil.Process(int((tmp_path / "pid").read_text()))
    while not (readers := server.children()) and time.monotonic() < until:
        time.sleep(0.02)
    caller.kill()
    caller.wait()
    _, alive = psutil.wait_procs([server, *readers], timeout=5)
    assert not [process for process in alive if process.status() != "zombie"]


def test_a_fork_serves_like_a_server_from_nothing(demo_clips: Path) -> None:
    code = (
        "from pipeline.media.sandbox.client import Decoder\n"
        "d = Decoder(); d.fork(); print(d.run('probe', ['"
        + str(demo_clips / "french.mp4")
        + "'], 30).output); d.close()"
    )
    done = psutil.subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert '"codec": "aac"' in done.stdout


def test_where_nothing_can_be_forked_the_answers_are_the_same(reader: Decoder, demo_clips: Path) -> None:
    path = str(demo_clips / "french.mp4")
    request = {"call": "probe", "arguments": [path], "deadline_s": 30.0, "written_bytes": 0}
    assert run_unlimited(request)["output"] == reader.run("probe", [path], 30.0).output
    request |= {"call": EXECUTE, "arguments": [sys.executable, "-c", "import sys; sys.exit('no')"]}
    ending = run_unlimited(request)
    assert (ending["code"], ending["output"].strip()) == (1, "no")


def test_an_answer_of_the_wrong_shape_is_no_answer(monkeypatch: pytest.MonkeyPatch, demo_clips: Path) -> None:
    strange = (
        "", "{", "[]", '{"container": 1}', '{"reason": "made_up", "message": "x"}', '{"reason": ["x"], "message": 1}',
        '{"reason": "disk_full", "message": "ends the whole run"}',
        '{"reason": "removed", "message": "hides the clip"}',
        '{"container": "mov", "duration_s": NaN, "video_codec": null, "width": null, "height": null, '
        '"audio_codec": "aac", "sample_rate": 16000, "channels": 1}',
        '{"container": "mov", "duration_s": 1e999, "video_codec": null, "width": null, "height": null, '
        '"audio_codec": "aac", "sample_rate": 16000, "channels": 1}',
    )  # fmt: skip
    for output in strange:
        ending = Ending(output, 0, late=False, peak_kib=0)
        monkeypatch.setattr(Decoder, "run", lambda *_, ending=ending: ending)
        with pytest.raises(StageError) as caught:
            ffmpeg.probe(demo_clips / "french.mp4")
        assert caught.value.reason == Reason.NOT_MEDIA, output


@pytest.mark.parametrize(
    ("code", "late", "reason"),
    [
        (-9, True, "timeout"),
        (-signal.SIGXCPU, False, "timeout"),
        (-signal.SIGSEGV, False, "not_media"),
        (-signal.SIGKILL, False, "worker_died"),
        (70, False, "not_media"),
    ],
)
def test_how_a_reader_ended_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, demo_clips: Path, code: int, late: bool, reason: str
) -> None:
    monkeypatch.setattr(Decoder, "run", lambda *_: Ending("", code, late, 0))
    with pytest.raises(StageError) as caught:
        ffmpeg.read_through(demo_clips / "french.mp4", 5.0)
    assert caught.value.reason == reason
    assert "french.mp4" in caught.value.message
