"""What a head was trained on: known again, and nameless for whoever has the head alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.results.evaluation.training_spans import KEY_FILE, SPANS_FILE, ClipSpan, read_spans, write_spans
from pipeline.study.folder import StudyFolder

CLIPS = st.sampled_from(["tiktok:7300000000000000001", "tiktok:7300000000000000002", "file:ä.mp4"])
TIMES = st.integers(0, 40).map(lambda quarter: quarter / 4)


@st.composite
def spans(draw: st.DrawFn) -> ClipSpan:
    start = draw(TIMES)
    return ClipSpan(draw(CLIPS), start, start + draw(st.integers(1, 12)) / 4)


@settings(max_examples=60, deadline=None)
@given(trained=st.lists(spans(), max_size=6), asked=spans())
def test_spans_that_share_a_moment_are_known_again(trained: list[ClipSpan], asked: ClipSpan) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, head = StudyFolder.at(Path(name)), Path(name)
        write_spans(folder, head, trained)
        found = read_spans(folder, head)
        assert found is not None
        shares = any(
            one.clip_id == asked.clip_id and max(one.start_s, asked.start_s) < min(one.end_s, asked.end_s)
            for one in trained
        )
        assert found.holds([asked]) == shares
        written = (head / SPANS_FILE).read_text(encoding="utf-8")
        assert not any(one.clip_id.partition(":")[2] in written for one in trained)


def test_two_studies_know_a_clip_by_different_digests(tmp_path: Path) -> None:
    span = ClipSpan("tiktok:1", 0.0, 2.0)
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_spans(StudyFolder.at(tmp_path / name), tmp_path / name, [span])
        written.append((tmp_path / name / SPANS_FILE).read_text(encoding="utf-8"))
    assert written[0] != written[1]
    assert read_spans(StudyFolder.at(tmp_path / "two"), tmp_path / "one") is None, "of another study"


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    folder = StudyFolder.at(tmp_path)
    write_spans(folder, tmp_path, [ClipSpan("tiktok:1", 0.0, 2.0)])
    assert (folder.work / KEY_FILE).stat().st_mode & 0o077 == 0
    for text in ("", "[]", '{"key": 1}', "{}"):
        (tmp_path / SPANS_FILE).write_text(text, encoding="utf-8")
        assert read_spans(folder, tmp_path) is None
    write_spans(folder, tmp_path, [ClipSpan("tiktok:1", 0.0, 2.0)])
    (folder.work / KEY_FILE).unlink()
    assert read_spans(folder, tmp_path) is None
