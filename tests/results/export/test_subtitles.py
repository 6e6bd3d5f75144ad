"""Subtitles and tiers of single clips, read back by those who know the formats, with words that try to break them."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import parselmouth
import pytest
from parselmouth.praat import call

from pipeline.records import AudioRow, EvidenceRow, SegmentRow, SegmentTrustRow, TranscriptRow
from pipeline.results.export.annotations import eaf, textgrid
from pipeline.results.export.build import ExportResult
from pipeline.results.export.coarsen import Names
from pipeline.results.export.subtitles import srt, vtt
from pipeline.results.export.tracks import AnnotationSpan, ClipTracks, apart, clean, read_tracks
from pipeline.results.study import StudyReader
from tests.support.export_study import HANDLE, HOSTILE, make_study, words_of
from tests.support.report.generated_study import clip
from tests.support.small_study import row

NASTY = (
    *HOSTILE,
    "00:00:01,000 --> 00:00:02,000",
    '"',
    '""',
    "<xml/>&amp;",
    "\ud800\uffff\x1b",
    "NULL",
    "1",
    "漢字 🙂",
)
MADE_AT = datetime(2026, 3, 2, tzinfo=UTC)
CUE = re.compile(r"(\d\d):(\d\d):(\d\d)[,.](\d{3}) --> (\d\d):(\d\d):(\d\d)[,.](\d{3})")


def tracks(spans: list[AnnotationSpan], **tones: tuple[AnnotationSpan, ...]) -> ClipTracks:
    cleaned = tuple(AnnotationSpan(one.start_s, one.end_s, clean(one.text)) for one in spans)
    return ClipTracks("tiktok:1", 10.0, cleaned, cleaned, tones)


def drawn(seed: int) -> list[AnnotationSpan]:
    """Spans as a speech engine may give them: out of order, on top of each other, of no length, with any text."""
    draw = random.Random(seed)
    spans = []
    for _ in range(draw.randrange(12)):
        start = draw.choice([0.0, draw.uniform(0, 9), round(draw.uniform(0, 9), 1)])
        spans.append(AnnotationSpan(start, start + draw.choice([0, 0.0001, 0.3, 5]), draw.choice(NASTY)))
    return spans


def cues(text: str) -> Iterator[tuple[float, float, str]]:
    for block in text.removeprefix("WEBVTT\n\n").split("\n\n"):
        if block:
            *number, times, words = block.split("\n")
            assert len(number) <= 1
            found = CUE.fullmatch(times)
            assert found
            one = [int(part) for part in found.groups()]
            start_ms, end_ms = (((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (one[:4], one[4:]))
            yield start_ms / 1000, end_ms / 1000, words


def praat_tiers(text: str, folder: Path) -> dict[str, list[tuple[float, float, str]]]:
    path = folder / "clip.TextGrid"
    path.write_text(text, encoding="utf-8", newline="\n")
    grid = parselmouth.read(str(path))
    found = {}
    for tier in range(1, int(call(grid, "Get number of tiers")) + 1):
        count = int(call(grid, "Get number of intervals", tier))
        found[call(grid, "Get tier name", tier)] = [
            (
                call(grid, "Get start time of interval", tier, at),
                call(grid, "Get end time of interval", tier, at),
                call(grid, "Get label of interval", tier, at),
            )
            for at in range(1, count + 1)
        ]
    return found


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("form", [srt, vtt])
def test_cues_are_in_order_of_one_line_and_of_some_length(form, seed: int) -> None:
    made = tracks(drawn(seed))
    text = form(made)
    found = list(cues(text))
    assert all(start < end for start, end, _ in found)
    assert [start for start, _, _ in found] == sorted(start for start, _, _ in found)
    assert text.count("-->") == len(found)
    wanted = [one for one in made.tiers["segments"] if one.text]
    assert [(start, end) for start, end, _ in found] == [(one.start_s, one.end_s) for one in wanted]
    assert not re.search("[\x00-\x08\x0b-\x1f]", text)


def test_the_form_of_subtitles() -> None:
    made = tracks([AnnotationSpan(0.5, 3661.25, "a --> b & <i>"), AnnotationSpan(3662, 3663, "two\nlines")])
    assert srt(made) == (
        "1\n00:00:00,500 --> 01:01:01,250\na → b & <i>\n\n2\n01:01:02,000 --> 01:01:03,000\ntwo lines\n\n"
    )
    assert vtt(made) == (
        "WEBVTT\n\n00:00:00.500 --> 01:01:01.250\na --&gt; b &amp; &lt;i&gt;\n\n"
        "01:01:02.000 --> 01:01:03.000\ntwo lines\n\n"
    )


def test_a_clip_without_words_has_no_subtitles() -> None:
    assert srt(tracks([])) == vtt(tracks([])) == ""


@pytest.mark.parametrize("seed", range(25))
def test_praat_reads_the_tiers_as_they_were(seed: int, tmp_path: Path) -> None:
    made = tracks(drawn(seed), one=(AnnotationSpan(0.0, 4.0, "angry 0.71"), AnnotationSpan(4.5, 9.0, "NULL low_snr")))
    found = praat_tiers(textgrid(made), tmp_path)
    assert list(found) == ["words", "segments", "tone one"]
    for name, spans in made.tiers.items():
        intervals = found[name]
        assert intervals[0][0] == 0
        assert all(a[1] == pytest.approx(b[0]) for a, b in itertools.pairwise(intervals))
        assert intervals[-1][1] == pytest.approx(max(10.0, *(s.end_s for t in made.tiers.values() for s in t)))
        said = [(pytest.approx(s.start_s), pytest.approx(s.end_s), s.text) for s in spans if s.text]
        assert [one for one in intervals if one[2]] == said
    assert [label for _, _, label in found["tone one"] if label] == ["angry 0.71", "NULL low_snr"]


@pytest.mark.parametrize("seed", range(25))
def test_elan_documents_are_sound(seed: int) -> None:
    made = tracks(drawn(seed), one=(AnnotationSpan(0.0, 4.0, "angry 0.71"),))
    document = ElementTree.fromstring(eaf(made, MADE_AT).encode())  # noqa: S314 - our own
    assert [child.tag for child in document] == ["HEADER", "TIME_ORDER", "TIER", "TIER", "TIER", "LINGUISTIC_TYPE"]
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", "")) for slot in document.iter("TIME_SLOT")}
    times = list(slots.values())
    assert times == sorted(times)
    annotations = [one.get("ANNOTATION_ID") for one in document.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(annotations)) == len(annotations)
    [kind] = [one.get("LINGUISTIC_TYPE_ID") for one in document.iter("LINGUISTIC_TYPE")]
    for tier in document.iter("TIER"):
        assert tier.get("LINGUISTIC_TYPE_REF") == kind
        spans = made.tiers[tier.get("TIER_ID", "")]
        found = [
            (slots[one.get("TIME_SLOT_REF1")], slots[one.get("TIME_SLOT_REF2")], one.findtext("ANNOTATION_VALUE") or "")
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert found == [(round(s.start_s * 1000), round(s.end_s * 1000), s.text) for s in spans]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))
        assert all(start < end for start, end, _ in found)


def test_no_word_is_lost_where_spans_lie_on_each_other() -> None:
    found = apart(
        [AnnotationSpan(1, 1, "b"), AnnotationSpan(0, 2, "a"), AnnotationSpan(1.5, 3, "c"), AnnotationSpan(5, 5, "d")]
    )
    assert found == (AnnotationSpan(0.0, 2.0, "a b"), AnnotationSpan(2.0, 3.0, "c"), AnnotationSpan(5.0, 5.001, "d"))


@pytest.mark.slow
def test_tracks_of_a_study(tmp_path: Path, keys: Path) -> None:
    here = {"clip_id": "tiktok:1"}
    made = [one for one in clip("tiktok:1", text=f"hi @{HANDLE}") if not isinstance(one, SegmentTrustRow)]
    study = make_study(tmp_path, [
        *made, row(SegmentTrustRow, **here, trust=0.9, in_text=True),
        row(SegmentRow, **here, segment=1, start_s=5.5, end_s=6.0, text="thanks for watching"),
        row(SegmentTrustRow, **here, segment=1, trust=0.1, in_text=False),
        row(AudioRow, clip_id="tiktok:2", duration_s=3.0), row(EvidenceRow, clip_id="tiktok:2"),
        row(TranscriptRow, clip_id="tiktok:2", reason="no_speech"),
        *words_of("tiktok:3", [(0.0, 1.0, "unheard")]),
    ])  # fmt: skip
    reader = StudyReader(study.folder.published)
    first, second = read_tracks(reader, Names(b"k" * 32, ""), [])
    assert [one.clip_id for one in read_tracks(reader, Names(b"k" * 32, ""), ["tiktok:1"])] == ["tiktok:2"]
    reader.close()
    assert [one.text for one in first.segments] == [first.segments[0].text]  # the untrusted one stays
    assert HANDLE not in first.segments[0].text
    assert first.segments[0].text.startswith("hi @user_")
    assert [one.text for one in first.words][:3] == ["I", "love", "this"]
    assert [one.text for one in first.tones["one"]][1] == "NULL low_snr"
    assert (first.tones["one"][1].start_s, first.tones["one"][1].end_s) == (3.0, 5.5)
    assert re.fullmatch(r"(angry|happy|neutral|sad) 0\.\d\d", first.tones["one"][0].text)
    assert second.segments == second.words == ()
    assert second.tones == {
        "one": (AnnotationSpan(0.0, 3.0, "NULL no_speech"),),
        "two": (AnnotationSpan(0.0, 3.0, "NULL no_speech"),),
    }


def test_every_clip_with_audio_has_its_files(restricted: ExportResult, tmp_path: Path) -> None:
    by_form = {
        suffix: sorted((restricted.folder / "subtitles").glob(f"*{suffix}"))
        for suffix in (".srt", ".vtt", ".TextGrid", ".eaf")
    }
    assert {suffix: len(paths) for suffix, paths in by_form.items()} == {
        ".srt": restricted.subtitles["srt"],
        ".vtt": restricted.subtitles["vtt"],
        ".TextGrid": 41,
        ".eaf": 41,
    }
    assert restricted.subtitles["srt"] == 40
    for path in by_form[".TextGrid"][:5]:
        assert list(praat_tiers(path.read_text("utf-8"), tmp_path)) == ["words", "segments", "tone one", "tone two"]
    for path in by_form[".eaf"]:
        ElementTree.parse(path)  # noqa: S314 - our own
