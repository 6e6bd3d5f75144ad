"""The clock of a clip: samples lie at their times, whatever is missing, overlaps or begins anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Reason
from pipeline.media.audio import SAMPLE_RATE
from pipeline.media.clock import RESTART, TOLERANCE, in_a_row, lay_out, read_frames, read_packets

FRAME = 320


@st.composite
def holes(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Frames with holes between some of them; every sample is one, so that its place is seen."""
    frames, at = [], 0
    for _ in range(draw(st.integers(1, 30))):
        at += draw(st.sampled_from([0, 0, 0, TOLERANCE // 2, 3 * TOLERANCE, 4 * SAMPLE_RATE]))
        samples = draw(st.integers(1, 2000))
        frames.append((at, samples))
        at += samples
    return frames


@pytest.mark.slow
@given(holes())
def test_every_sample_lies_at_its_time(frames: list[tuple[int, int]]) -> None:
    timeline = lay_out(frames, [])
    numbers = np.arange(1, sum(samples for _, samples in frames) + 1) % 30_000 + 1
    placed = timeline.place(numbers.astype(np.int16))
    assert placed.size == timeline.length
    assert abs(placed.size - (frames[-1][0] + frames[-1][1])) <= TOLERANCE
    assert np.array_equal(placed[placed > 0], numbers), "all of the sound is there, in its order"
    source = 0
    for at, samples in frames:
        first = int(np.flatnonzero(np.cumsum(placed > 0) == source + 1)[0])
        assert abs(first - at) <= TOLERANCE
        source += samples


@pytest.mark.slow
@given(holes())
def test_gaps_are_the_silence_between_stretches(frames: list[tuple[int, int]]) -> None:
    timeline = lay_out(frames, [])
    silent = np.ones(timeline.length, bool)
    for stretch in timeline.stretches:
        silent[stretch.at : stretch.at + stretch.length] = False
    for gap in timeline.gaps:
        assert gap.end_s > gap.start_s
        assert silent[round(gap.start_s * SAMPLE_RATE) : round(gap.end_s * SAMPLE_RATE)].all()


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(-(1 << 40), 1 << 40), st.integers(0, 5000)), max_size=40))
def test_no_order_of_times_loses_the_shape(frames: list[tuple[int, int]]) -> None:
    timeline = lay_out(frames, [])
    end = 0
    for stretch in timeline.stretches:
        assert stretch.at >= end
        assert stretch.length > 0
        end = stretch.at + stretch.length
    assert timeline.length == end


def test_sound_that_was_passed_already_is_left_out() -> None:
    frames = [(0, 10 * FRAME), (10 * FRAME - 2 * TOLERANCE, 4 * TOLERANCE), (10 * FRAME + 2 * TOLERANCE, FRAME)]
    assert lay_out(frames, []).length == 11 * FRAME + 2 * TOLERANCE


def test_a_clock_that_begins_anew_goes_on() -> None:
    frames = [(0, 2 * RESTART), (0, FRAME), (FRAME, FRAME), (FRAME * 2 + RESTART, FRAME)]
    timeline = lay_out(frames, [])
    assert timeline.length == 3 * RESTART + 3 * FRAME
    (gap,) = timeline.gaps
    assert (gap.start_s, gap.end_s) == pytest.approx((2 + 0.04, 3 + 0.04))


@pytest.mark.parametrize(
    ("packets", "reason"),
    [
        ([(0.0, 0.5), (1.5, 0.5)], Reason.NO_PACKETS),
        ([(0.0, 1.5), (1.5, 0.5)], Reason.NO_PACKETS),
        ([(at / 50, 0.02) for at in range(100)], Reason.DAMAGED_SOUND),
    ],
)
def test_packets_say_why_a_hole_is_there(packets: list[tuple[float, float]], reason: Reason) -> None:
    half = SAMPLE_RATE // 2
    (gap,) = lay_out([(0, half), (3 * half, half)], packets).gaps
    assert (gap.start_s, gap.end_s, gap.reason) == (0.5, 1.5, reason)


def test_frames_without_timestamps_follow_each_other() -> None:
    drifting = [(number * 372, 341) for number in range(100)]  # 48 kHz counted as 44.1 kHz
    assert in_a_row(drifting) == [(number * 341, 341) for number in range(100)]
    assert in_a_row([(0, 400), (800, 400), (1200, 400)]) == [(0, 400), (800, 400), (1200, 400)], "one frame is lost"


@pytest.mark.parametrize("content", ["1 2 3\n", "a 1\n", "1 -5\n", "1\n", "\x00\n"])
def test_what_is_no_table_of_times_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "frames").write_text(content)
    with pytest.raises(ValueError, match=r"."):
        read_frames(tmp_path / "frames")


def test_a_table_of_packets(tmp_path: Path) -> None:
    table = "#tb 0: 1/1000\n#tb 1: 1/25\n1, 0, 0, 1, 9, 0x0\n0, 20, 20, 23, 9, 0x0, S=1, Skip, 10, 0x1\n"
    (tmp_path / "packets").write_text(table)
    assert read_packets(tmp_path / "packets") == [(0.02, 0.023)]
    assert read_packets(tmp_path / "none") == []
