"""The rule that is chosen keeps clean speech, and takes what music drowns."""

from __future__ import annotations

import pytest

from pipeline.errors import UserError
from pipeline.sound.measure_evidence import Region, alone_table, choose, main, nulled_share


def region(snr_db: float | None, speech_score: float, music_score: float) -> Region:
    return Region("corpus", True, "nothing" if snr_db is None else "band", snr_db, speech_score, music_score)


def test_a_region_is_taken_when_music_is_both_loud_and_louder_than_speech() -> None:
    assert region(0.0, 0.1, 0.5).nulled(0.3, 4.0)
    assert not region(0.0, 0.1, 0.25).nulled(0.3, 2.0), "below the threshold"
    assert not region(0.0, 0.2, 0.5).nulled(0.3, 4.0), "speech is heard well enough"


def test_the_rule_that_spares_speech_over_music_is_chosen() -> None:
    regions = [region(None, 1.0, 0.0), region(10.0, 0.3, 0.9), region(0.0, 0.1, 0.9), region(-5.0, 0.0, 0.9)]
    rule = choose(regions)
    assert rule == (0.5, 4.0)
    assert [nulled_share([one], *rule) for one in regions] == [0.0, 0.0, 1.0, 1.0]


def test_no_rule_is_better_than_one_that_takes_clean_speech() -> None:
    with pytest.raises(UserError, match="no rule"):
        choose([region(None, 0.0, 1.0), region(10.0, 0.3, 0.9), region(0.0, 0.1, 0.9)])


def test_a_missing_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIPTONE_DATA", raising=False)
    with pytest.raises(UserError, match="CLIPTONE_DATA"):
        main()


def test_voice_activity_stays_off_without_speech() -> None:
    shares = {line[:18].strip(): float(line[18:]) for line in alone_table()[1:]}
    assert set(shares) == {"chords", "arpeggio", "drums", "band", "white noise", "pink noise", "silence"}
    assert max(shares.values()) < 0.02
