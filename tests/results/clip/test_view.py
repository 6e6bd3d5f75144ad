"""One clip in a notebook: its frames, its sound, why there is none, and what its plots show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from pipeline import open_study
from pipeline.errors import UserError
from pipeline.records import EmotionRow
from pipeline.results.clip.figure import TRACKS
from pipeline.results.clip.tracks import MOST_ROWS, place
from pipeline.results.clip.view import ClipView
from pipeline.results.colours import KNOWN
from pipeline.results.study import StudyReader
from pipeline.results.wording import SENTENCES
from tests.support.report.generated_study import SECONDS, WORDS, clip, lost, silent, write_audio, write_published
from tests.support.small_study import row

HEARD, DELETED, SILENT, LOST, HALF = "tiktok:700", "tiktok:701", "youtube:s", "tiktok:lost", "tiktok:half"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> StudyReader:
    """A clip with its audio and a noisy region, one whose audio is gone, a silent and a lost one."""
    folder = tmp_path_factory.mktemp("outputs") / "clips"
    unscored = [one for one in clip(HALF, number=2) if not (isinstance(one, EmotionRow) and one.region == 0)]
    rows = [*clip(HEARD, number=3), *clip(DELETED, number=1), *silent(SILENT), *lost(LOST), *unscored]
    rows.append(row(EmotionRow, clip_id=HALF, region=0, model="one", status="scored", arousal=0.4))
    write_published(folder, rows)
    write_audio(folder, HEARD)
    return open_study(folder)


@pytest.fixture(scope="module")
def heard(reader: StudyReader) -> ClipView:
    return reader.clip(HEARD)


def drawn(figure: Figure) -> list[str]:
    """Everything that is written in a figure."""
    figure.draw_without_rendering()
    axes = [text.get_text() for one in figure.axes for text in one.texts] + [one.get_ylabel() for one in figure.axes]
    notes = [one.get_title(loc="right") for one in figure.axes]
    legend = [text.get_text() for one in figure.legends for text in one.get_texts()]
    return [*axes, *notes, *legend, figure.get_suptitle()]


# ---------------------------------------------------------------- frames


def test_the_frames_are_those_of_the_clip_alone(heard: ClipView) -> None:
    for frame in (heard.words, heard.segments, heard.regions, heard.emotions, heard.acoustics, heard.evidence):
        assert set(frame["clip_id"]) == {HEARD}
    assert heard.words["word"].tolist() == list(WORDS)
    assert heard.regions[["start_s", "end_s"]].to_numpy().tolist() == [[0.5, 2.5], [3.0, 5.5]]
    assert heard.emotions[["model", "region"]].to_numpy().tolist() == [["one", 0], ["one", 1], ["two", 0], ["two", 1]]
    assert heard.models == ["one", "two"]
    assert heard.duration_s == SECONDS


def test_a_clip_says_in_one_line_what_it_is(reader: StudyReader) -> None:
    assert "6.0 s, 15 words" in repr(reader.clip(HEARD))
    assert "(no_speech)" in repr(reader.clip(SILENT))
    assert "never decoded" in repr(reader.clip(LOST))


def test_tone_over_time_has_a_reason_wherever_it_has_no_label(heard: ClipView) -> None:
    spans = heard.tone("two")
    assert spans["start_s"].tolist() == [0, 0.5, 2.5, 3.0, 5.5]
    assert spans["end_s"].tolist() == [0.5, 2.5, 3.0, 5.5, SECONDS], "all of the clip, without a hole"
    assert spans["reason"].tolist() == ["no_speech", None, "no_speech", "low_snr", "no_speech"]
    assert [one is None for one in spans["label"]] == [one is not None for one in spans["reason"]]
    assert sum(spans["probabilities"][1].values()) == pytest.approx(1)
    first = heard.tone()
    assert first["probability"].notna().tolist() == [False, True, False, False, False]
    assert first["probability"].tolist() != spans["probability"].tolist(), "the first model is another"


def test_regions_without_a_row_or_without_labels_are_not_given_a_tone(reader: StudyReader) -> None:
    half = reader.clip(HALF)
    assert half.tone("two")["reason"].tolist()[:2] == ["no_speech", "not_scored"]
    dimensional = half.tone("one").iloc[1]
    assert (dimensional["label"], dimensional["probabilities"], dimensional["reason"]) == (None, None, None)
    assert "scored, without labels" in drawn(half.plot("tone"))


def test_an_unknown_model_is_answered_with_the_known_ones(heard: ClipView) -> None:
    with pytest.raises(UserError, match=r"'three'.* one, two"):
        heard.tone("three")


def test_an_unknown_clip_is_answered_with_a_near_one(reader: StudyReader) -> None:
    with pytest.raises(UserError, match=r"'700'.*'tiktok:700'"):
        reader.clip("700")
    with pytest.raises(UserError, match=r"'youtube:S'.*'youtube:s'"):
        reader.clip("youtube:S")
    with pytest.raises(UserError, match=r"'clip_1\.mp4'.*'tiktok:701' \(clip 1\.mp4\)"):
        reader.clip("clip_1.mp4")  # nearest to the name of a file
    with pytest.raises(UserError, match="'nix'"):
        reader.waveform("nix")


def test_a_clip_is_known_by_the_name_of_its_file_too(reader: StudyReader) -> None:
    assert reader.clip("clip 1.mp4").clip_id == DELETED
    assert reader.clip("clip 3.mp4").clip_id == HEARD
    assert reader.waveform("clip 3.mp4").shape == reader.waveform(HEARD).shape


def test_a_study_without_clips_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no clips yet"):
        open_study(write_published(tmp_path, [])).clip("tiktok:1")


def test_a_study_that_is_published_again_neither_blocks_nor_changes_an_open_reader(tmp_path: Path) -> None:
    first = open_study(write_published(tmp_path, clip("tiktok:1")))
    write_published(tmp_path, clip("tiktok:2"))
    assert first.clip("tiktok:1").words["clip_id"].unique().tolist() == ["tiktok:1"]
    assert open_study(tmp_path).clip("tiktok:2").duration_s == SECONDS


# ---------------------------------------------------------------- sound


def test_the_sound_of_a_clip_and_of_a_span_of_it(heard: ClipView) -> None:
    waveform = heard.waveform()
    assert waveform.shape == (int(SECONDS * 16_000),)
    assert np.abs(waveform).max() > 0.1
    whole, part = heard.audio(), heard.audio(1.0, 2.0)
    assert len(part.data) == pytest.approx(len(whole.data) / SECONDS, rel=0.01)


def test_arrays_of_a_clip_are_those_of_its_plots(heard: ClipView, reader: StudyReader) -> None:
    assert heard.spectrogram().times_s[-1] == pytest.approx(SECONDS, abs=0.01)
    assert heard.spectrogram(0.05, 0.01).values.shape[1] == SECONDS * 100
    assert heard.mel().values.shape == (80, SECONDS * 100)
    assert heard.mfcc(5).rows.tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(UserError, match=DELETED):
        reader.clip(DELETED).mel()


def test_a_player_keeps_the_level_of_the_clip(heard: ClipView) -> None:
    written = np.frombuffer(heard.audio(1.0, 2.0).data[44:], dtype="<i2")
    assert np.abs(written).max() / 32767 == pytest.approx(np.abs(heard.waveform()).max(), abs=0.01)


def test_a_span_outside_the_clip_is_refused(heard: ClipView) -> None:
    with pytest.raises(UserError, match=f"{HEARD} .* 7 s .* 8 s"):
        heard.audio(7, 8)
    for start, end in ((-1, 2), (3, 2), (0, 7)):
        with pytest.raises(UserError, match=r"lasts 6\.00 s"):
            heard.plot("words", start_s=start, end_s=end)


def test_deleted_audio_is_told_from_audio_that_never_was(reader: StudyReader) -> None:
    with pytest.raises(UserError, match="keep_audio = true"):
        reader.clip(DELETED).waveform()
    with pytest.raises(UserError, match="cliptone query failures"):
        reader.clip(LOST).audio()


# ---------------------------------------------------------------- plots


def test_all_tracks_lie_on_one_axis_of_time(heard: ClipView) -> None:
    figure = heard.plot()
    assert len(figure.axes) == len(TRACKS) + 1, "tone has a track for each of two models"
    assert {axes.get_xlim() for axes in figure.axes} == {(0.0, SECONDS)}
    assert figure.axes[-1].get_xlabel() == "time in the clip (s)"
    assert [axes.get_ylabel() for axes in figure.axes][-2:] == ["tone\n(one)", "tone\n(two)"]


@pytest.mark.parametrize("track", TRACKS)
def test_each_track_can_be_drawn_alone_over_a_span(heard: ClipView, track: str) -> None:
    figure = heard.plot(track, start_s=1, end_s=2)
    assert {axes.get_xlim() for axes in figure.axes} == {(1.0, 2.0)}
    assert all(axes.has_data() for axes in figure.axes)
    figure.draw_without_rendering()


def test_time_without_a_tone_is_hatched_with_its_reason(heard: ClipView) -> None:
    figure = heard.plot("tone")
    hatched = [bar for bar in figure.axes[0].patches if bar.get_hatch()]
    assert [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in hatched] == [
        (0, 0.5), (2.5, 3.0), (3.0, 5.5), (5.5, SECONDS)
    ]  # fmt: skip
    written = drawn(figure)
    assert SENTENCES["low_snr"] in written
    assert f"no tone: {SENTENCES['low_snr']}; {SENTENCES['no_speech']}" in written


def test_bars_are_the_probabilities_in_the_colours_of_the_report(heard: ClipView) -> None:
    from matplotlib.colors import to_hex

    expected = heard.tone("one")["probabilities"][1]
    bars = [bar for bar in heard.plot("tone").axes[0].patches if bar.get_x() == 0.5 and bar.get_fill()]
    assert {to_hex(bar.get_facecolor()): bar.get_height() for bar in bars} == pytest.approx(
        {KNOWN[label].lower(): probability for label, probability in expected.items()}
    )


def test_a_shorter_span_shows_its_words_and_its_part_of_the_tone(heard: ClipView) -> None:
    words = [text.strip() for text in drawn(heard.plot("words", start_s=2.6, end_s=2.9))]
    assert "soft" in words  # 2.83 s to 3.17 s
    assert "love" not in words
    for axes in heard.plot("tone", start_s=1, end_s=2).axes:
        assert all(1 <= text.get_position()[0] <= 2 for text in axes.texts), "texts stay inside"


def test_without_audio_words_and_tone_are_drawn_and_the_title_says_so(reader: StudyReader) -> None:
    figure = reader.clip(DELETED).plot()
    assert [axes.get_ylabel() for axes in figure.axes] == ["words", "tone\n(one)", "tone\n(two)"]
    assert "without its audio" in figure.get_suptitle()
    with pytest.raises(UserError, match="keep_audio"):
        reader.clip(DELETED).plot("pitch")


def test_a_clip_in_which_nobody_speaks_is_hatched_from_end_to_end(reader: StudyReader) -> None:
    figure = reader.clip(SILENT).plot("words", "tone")
    assert "no words were found" in drawn(figure)
    (bar,) = [bar for bar in figure.axes[1].patches if bar.get_hatch()]
    assert (bar.get_x(), bar.get_width()) == (0, SECONDS)


def test_a_clip_that_was_never_decoded_has_nothing_to_draw(reader: StudyReader) -> None:
    with pytest.raises(UserError, match=r"\(audio: not_media\)"):
        reader.clip(LOST).plot()


def test_an_unknown_track_is_answered_with_the_known_ones(heard: ClipView) -> None:
    with pytest.raises(UserError, match=r"'melody'.*waveform, spectrogram"):
        heard.plot("melody")


# ---------------------------------------------------------------- places of words


def test_words_never_cover_each_other() -> None:
    rows = place([0.0, 0.1, 0.2, 1.0], [0.5, 0.5, 0.5, 0.5])
    assert rows == [0, 1, 2, 0]


def test_words_without_room_are_left_out_and_counted() -> None:
    rows = place([0.0] * (MOST_ROWS + 2), [1.0] * (MOST_ROWS + 2))
    assert rows == [*range(MOST_ROWS), None, None]
    assert place([], []) == []
