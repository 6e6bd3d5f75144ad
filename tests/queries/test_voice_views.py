"""The views of voices, arousal, mentions and emphasis on a small study whose numbers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import (
    AcousticsRow,
    Clip,
    EmotionRow,
    MentionRow,
    Row,
    SegmentRow,
    SegmentSentimentRow,
    SegmentTrustRow,
    Source,
    SpeechRegionRow,
    TextFeaturesRow,
    WordEmphasisRow,
)
from pipeline.stage import Setting
from pipeline.stages.acoustics import Acoustics, AcousticsOptions
from tests.conftest import write_wav
from tests.support.small_study import SmallStudy, angry, clip, of, row, said


def sounds(clip_id: str, *measures: tuple[float, float, float]) -> list[Row]:
    """Regions with median pitch (Hz), median intensity (dB) and HF500 (dB)."""
    names = ("f0_median_hz", "intensity_p50_db", "hf500_db")
    return [
        row(AcousticsRow, clip_id=clip_id, region=number, **dict(zip(names, values, strict=True)))
        for number, values in enumerate(measures)
    ]


def regions(count: int) -> list[tuple[float, float, dict[str, float]]]:
    return [(float(number), number + 1.0, angry(0.5)) for number in range(count)]


# ---------------------------------------------------------------- arousal


def made_voice(hertz: float, level: float, tilt: float) -> Waveform:
    """A voice whose overtones fall by `tilt` decibels an octave, with the energy that `level` gives it."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    waves = [
        10 ** (-tilt * np.log2(n) / 20) * np.sin(2 * np.pi * n * hertz * time) for n in range(1, int(7000 / hertz))
    ]
    voice = np.sum(waves, axis=0)
    return (level * voice / np.sqrt(np.mean(voice**2))).astype(np.float32)


def test_a_louder_higher_brighter_voice_ranks_higher(study: SmallStudy, tmp_path: Path) -> None:
    voices = [made_voice(120 * 1.08**n, 0.02 * 1.2**n, 12 - n) for n in range(6)]
    order = [3, 0, 5, 1, 4, 2]
    path = write_wav(tmp_path / "a.wav", np.concatenate([voices[n] for n in order]))
    own = [SpeechRegionRow("a", n, float(n), n + 1.0, None, None, None) for n in range(6)]
    ready = Clip("a", Source("file", "a", ""), None, path, stored={"speech_regions": own})
    (result,) = Acoustics(AcousticsOptions(), Setting())([ready])
    assert not isinstance(result, StageError)
    study.add(clip("a", regions(6)), result)
    rows = study.ask("arousal")
    assert [found["region"] for found in sorted(rows, key=lambda found: found["arousal_rank"])] == list(
        np.argsort(order)
    )
    assert sorted(found["arousal_rank"] for found in rows) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert {(found["regions"], found["baseline"], found["reason"]) for found in rows} == {(6, "study", None)}
    assert max(found["arousal_rating"] for found in rows) == pytest.approx(1.0)


def test_scores_are_the_share_of_the_baseline_below_less_that_above(study: SmallStudy) -> None:
    measures = [(100, 60, -5), (110, 61, -9), (120, 61, -3), (90, 66, -7), (200, 70, -1)]
    study.add(clip("a", regions(5)), sounds("a", *measures))
    rows = study.ask("arousal")
    pitches = [values[0] for values in measures]
    for found, (pitch, intensity, _) in zip(rows, measures, strict=True):
        below, above = sum(other < pitch for other in pitches), sum(other > pitch for other in pitches)
        assert found["pitch_score"] == pytest.approx((below - above) / 4)
        assert found["baseline_regions"] == 5
        if intensity == 61:
            assert found["intensity_score"] == pytest.approx((1 - 2) / 4), "equals lie neither below nor above"


def test_a_feature_weighs_by_its_rank_correlation_with_the_mean(study: SmallStudy) -> None:
    from scipy.stats import spearmanr

    draw = np.random.default_rng(3)
    measures = [(float(100 + 10 * n), float(60 + n), float(draw.normal())) for n in range(8)]
    study.add(clip("a", regions(8)), sounds("a", *measures))
    rows = study.ask("arousal")
    scores = np.array([[found[f"{name}_score"] for name in ("pitch", "intensity", "hf500")] for found in rows])
    weights = np.maximum([spearmanr(column, scores.mean(axis=1)).statistic for column in scores.T], 0)
    assert [found["arousal_rating"] for found in rows] == pytest.approx(list(scores @ weights / weights.sum()))


def test_an_author_with_five_regions_is_a_baseline_of_their_own(study: SmallStudy) -> None:
    quiet = [(100.0 + n, 50.0 + n, -20.0 + n) for n in range(5)]
    loud = [(200.0 + n, 70.0 + n, -5.0 + n) for n in range(5)]
    study.add(clip("ann", regions(5), author_key="ann"), sounds("ann", *quiet))
    study.add(clip("eve", regions(5), author_key="eve"), sounds("eve", *loud))
    study.add(clip("bob", regions(1), author_key="bob"), sounds("bob", (150.0, 60.0, -10.0)))
    rows = study.ask("arousal")
    assert of(rows, clip_id="ann", region=4)["arousal_rating"] == pytest.approx(1.0), "excited for ann"
    assert of(rows, clip_id="eve", region=0)["arousal_rating"] == pytest.approx(-1.0), "calm for eve"
    assert of(rows, clip_id="ann", region=0)["baseline"] == "author"
    bob = of(rows, clip_id="bob")
    assert (bob["baseline"], bob["baseline_regions"], bob["arousal_rating"]) == ("study", 11, pytest.approx(0.0))


def test_no_rank_without_evidence(study: SmallStudy) -> None:
    study.add(clip("a", [*regions(5), (5, 6, None)]), sounds("a", *[(100.0 + n, 60.0 + n, -5.0 + n) for n in range(6)]))
    study.add(clip("b", regions(2)))
    study.add([row(AcousticsRow, clip_id="b", region=0, intensity_p50_db=60.0, reason="unvoiced")])
    study.add([row(AcousticsRow, clip_id="b", region=1, f0_median_hz=100.0)])  # of an older version
    rows = study.ask("arousal")
    assert of(rows, clip_id="a", region=5)["reason"] == "too_short", "no tone model could score it"
    assert of(rows, clip_id="b", region=0)["reason"] == "unvoiced"
    assert of(rows, clip_id="b", region=1)["reason"] == "not_measured"
    assert all((found["arousal_rank"] is None) == (found["reason"] is not None) for found in rows)
    assert {found["regions"] for found in rows if found["reason"] is None} == {5}


@pytest.mark.parametrize(("count", "reason"), [(4, "too_few_regions"), (5, "no_spread")])
def test_few_regions_or_no_spread_give_no_rank(study: SmallStudy, count: int, reason: str) -> None:
    study.add(clip("a", regions(count)), sounds("a", *[(100.0, 60.0, -5.0)] * count))
    rows = study.ask("arousal")
    assert {(found["arousal_rank"], found["arousal_rating"], found["reason"]) for found in rows} == {
        (None, None, reason)
    }


def test_the_profile_tells_when_arousal_peaks(study: SmallStudy) -> None:
    measures = [(100, 60, -9), (130, 66, -3), (110, 61, -8), (120, 62, -7), (105, 63, -6)]
    study.add(clip("a", regions(5)), sounds("a", *measures))
    study.add(clip("b", regions(1)))
    rows = study.ask("tone_profile")
    assert {(found["peak_arousal_at_s"], found["peak_arousal_rank"]) for found in rows if found["clip_id"] == "a"} == {
        (1.0, 1.0)
    }
    assert {found["peak_arousal_at_s"] for found in rows if found["clip_id"] == "b"} == {None}


def dimensions(clip_id: str, *values: tuple[float, float, float], model: str = "odyssey") -> list[Row]:
    """What a model of dimensions hears: arousal, valence and dominance."""
    return [
        row(
            EmotionRow, clip_id=clip_id, region=number, model=model, status="scored",
            arousal=arousal, valence=valence, dominance=dominance,
        )
        for number, (arousal, valence, dominance) in enumerate(values)
    ]  # fmt: skip


def test_dimensions_of_models_stand_side_by_side(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 1, angry(0.5)), (1, 4, angry(0.5))]), dimensions("a", (0.2, 0.4, 0.6), (0.6, 0.8, 0.6)))
    found = of(study.ask("dimensions"), clip_id="a")
    assert (found["model"], found["regions"], found["scored_s"]) == ("odyssey", 2, 4.0)
    assert found["arousal"] == pytest.approx((0.2 + 3 * 0.6) / 4)
    assert found["valence"] == pytest.approx((0.4 + 3 * 0.8) / 4)
    assert found["peak_arousal"] == 0.6
    study.add(clip("b", regions(5)), sounds("b", *[(100.0 + n, 60.0 + n, -5.0 + n) for n in range(5)]))
    rule = of(study.ask("dimensions"), clip_id="b")
    assert (rule["model"], rule["arousal"], rule["valence"]) == ("rule", pytest.approx(0.5), None)


# ---------------------------------------------------------------- voice against words


def spoken(clip_id: str, sentiment: float, words: int = 8) -> list[Row]:
    return [
        *said(clip_id, " ".join(["word"] * words)),
        row(TextFeaturesRow, clip_id=clip_id, channel="speech", word_count=words, sentiment=sentiment),
    ]


def test_the_gap_and_its_quadrant(study: SmallStudy) -> None:
    study.add(clip("irony", [(0, 4, {"angry": 0.7, "happy": 0.1, "neutral": 0.2})]), spoken("irony", 0.8))
    study.add(clip("fits", [(0, 4, {"angry": 0.1, "happy": 0.7, "neutral": 0.2})]), spoken("fits", 0.6))
    rows = study.ask("tone_text_gap")
    assert [found["clip_id"] for found in rows] == ["irony", "fits"]
    assert (rows[0]["quadrant"], rows[0]["gap"]) == ("warm words, cold voice", pytest.approx(1.4))
    assert (rows[1]["quadrant"], rows[1]["gap"]) == ("warm words, warm voice", pytest.approx(0.0))
    assert {found["gap_z"] for found in rows} == {None}, "two clips tell nothing of what is usual"


def test_thin_evidence_has_no_gap(study: SmallStudy) -> None:
    happy = {"angry": 0.1, "happy": 0.7, "neutral": 0.2}
    study.add(clip("terse", [(0, 4, happy)]), spoken("terse", -0.6, words=4))
    study.add(clip("brief", [(0, 1, happy)]), spoken("brief", -0.6))
    rows = study.ask("tone_text_gap")
    assert {(found["clip_id"], found["reason"]) for found in rows} == {
        ("terse", "too_few_words"),
        ("brief", "too_little_voice"),
    }
    assert {(found["gap"], found["gap_z"], found["quadrant"]) for found in rows} == {(None, None, None)}


def test_the_gap_is_standardised_over_the_study(study: SmallStudy) -> None:
    happy, texts = (0.1, 0.2, 0.3, 0.4, 0.9), (0.1, 0.5, -0.3, 0.2, -0.9)
    for number, (voice, text) in enumerate(zip(happy, texts, strict=True)):
        tones = {"angry": 0.0, "happy": voice, "neutral": 1 - voice}
        study.add(clip(str(number), [(0, 4, tones)]), spoken(str(number), text))
    z = [(np.array(values) - np.mean(values)) / np.std(values, ddof=1) for values in (texts, happy)]
    rows = sorted(study.ask("tone_text_gap"), key=lambda found: str(found["clip_id"]))
    assert [found["gap_z"] for found in rows] == pytest.approx(list(z[0] - z[1]))


def test_a_model_of_dimensions_has_a_gap_by_its_valence(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 4, None)]), dimensions("a", (0.5, 0.1, 0.5)), spoken("a", 0.5))
    found = of(study.ask("tone_text_gap"), model="odyssey")
    assert (found["valence_from"], found["tone"], found["voice_valence"]) == ("dimension", None, pytest.approx(-0.8))
    assert (found["gap"], found["quadrant"]) == (pytest.approx(1.3), "warm words, cold voice")


def test_a_segment_has_the_gap_of_the_voice_under_it(study: SmallStudy) -> None:
    cold, warm = {"angry": 0.8, "happy": 0.0, "neutral": 0.2}, {"angry": 0.0, "happy": 0.8, "neutral": 0.2}
    study.add(clip("a", [(0, 2, cold), (2, 5, warm)]))
    for number, (start, end, sentiment, words) in enumerate([(0, 3, 0.9, 6), (3, 5, 0.9, 6), (3, 5, 0.9, 2)]):
        study.add([row(SegmentRow, clip_id="a", segment=number, start_s=float(start), end_s=float(end), text="x")])
        values = {"word_count": words, "sentiment": sentiment}
        study.add([row(SegmentSentimentRow, clip_id="a", segment=number, **values)])
    rows = study.ask("tone_text_gap_segments")
    assert [(found["segment"], found["reason"]) for found in rows] == [(0, None), (1, None), (2, "too_few_words")]
    assert rows[0]["voice_valence"] == pytest.approx((2 * -0.8 + 1 * 0.8) / 3), "by overlap"
    assert rows[0]["quadrant"] == "warm words, cold voice"
    assert rows[1]["quadrant"] == "warm words, warm voice"
    assert (rows[2]["gap"], rows[2]["quadrant"]) == (None, None)


# ---------------------------------------------------------------- mentions and emphasis


def mention(clip_id: str, number: int, label: str, start_s: float | None, word: int | None = None) -> MentionRow:
    return MentionRow(
        clip_id, number, "caption" if start_s is None else "speech", label, label, label, start_s,
        None if start_s is None else start_s + 0.5, word, "en",
    )  # fmt: skip


def test_the_tone_around_mentions_with_the_n_behind_it(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 1, angry(0.9)), (1, 2, angry(0.7)), (2, 3, angry(0.1)), (3, 4, angry(0.1))]))
    study.add(clip("b", [(0, 1, angry(0.2)), (1, 2, None)]))
    study.add([mention("a", 0, "bag", 0.2, 0), mention("a", 1, "bag", 3.2, 1), mention("a", 2, "bag", None)])
    study.add([mention("b", 0, "bag", 5.0, 0), mention("b", 1, "box", 5.0, 0)])
    rows = study.ask("tone_of_mentions")
    bag = of(rows, label="bag", tone="angry")
    assert (bag["mentions"], bag["mentions_scored"], bag["clips"]) == (3, 2, 1), "captions and silence have no tone"
    assert (bag["share"], bag["mentions_with_tone"]) == (0.5, 1)
    assert bag["mean_probability"] == pytest.approx(((0.9 + 0.7) / 2 + 0.1) / 2), "a region and its neighbours"
    assert of(rows, label="bag", tone="neutral")["share"] == 0.5
    box = of(rows, label="box")
    assert (box["tone"], box["share"], box["mentions"]) == (None, None, 1)
    alone = of(study.ask("tone_of_mentions", around="0"), label="bag", tone="angry")
    assert alone["mean_probability"] == pytest.approx((0.9 + 0.1) / 2)


def test_a_mention_in_a_segment_without_trust_is_left_out(study: SmallStudy) -> None:
    study.add(clip("a", [(0, 4, angry(0.9))]), said("a", "a bag"), [mention("a", 0, "bag", 0.5, 1)])
    study.add([row(SegmentTrustRow, clip_id="a", segment=0, trust=0.4)])
    assert study.ask("tone_of_mentions") == []
    assert of(study.ask("tone_of_mentions", min_trust="0.3"), tone="angry")["share"] == 1


def test_the_strongest_word_of_each_segment(study: SmallStudy) -> None:
    study.add(clip("a"), said("a", "I love bags"))
    study.add([row(SegmentRow, clip_id="a", segment=0, text="I love bags")])
    study.add(
        [
            row(WordEmphasisRow, clip_id="a", word_index=number, emphasis=value, is_strongest=strongest)
            for number, (value, strongest) in enumerate([(-1.0, False), (1.5, True), (None, None)])
        ]
    )
    found = of(study.ask("emphasis"), clip_id="a")
    assert (found["word"], found["start_s"], found["emphasis"], found["text"]) == ("love", 0.5, 1.5, "I love bags")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "grain"),
    [
        ("arousal", ("clip_id", "region")),
        ("dimensions", ("clip_id", "model")),
        ("tone_of_mentions", ("label", "model", "tone")),
        ("emphasis", ("clip_id", "segment")),
        ("tone_text_gap", ("clip_id", "model")),
    ],
)
def test_the_grain_holds(study: SmallStudy, name: str, grain: tuple[str, ...]) -> None:
    for number in range(3):
        here = f"c{number}"
        study.add(clip(here, regions(4), author_key="ann"), spoken(here, 0.5 * number))
        study.add(dimensions(here, *[(0.1 * n, 0.5, 0.5) for n in range(4)], model="two"))
        study.add(sounds(here, *[(100.0 + n + number, 60.0 + n, -5.0 - n) for n in range(4)]))
        study.add([mention(here, 0, "bag", 1.0, 0), mention(here, 1, "box", 2.0, 0)])
        study.add([row(SegmentRow, clip_id=here, segment=0, text="word")])
        study.add([row(WordEmphasisRow, clip_id=here, word_index=0, emphasis=1.0, is_strongest=True)])
    rows = study.ask(name)
    assert rows
    assert len({tuple(found[column] for column in grain) for found in rows}) == len(rows)
    assert not [value for found in rows for value in found.values() if isinstance(value, float) and value != value]
    assert study.ask(name) == rows
