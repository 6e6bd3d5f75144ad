"""Profiles set what a study file leaves open, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.stages import STAGES
from pipeline.study.config import load_study
from pipeline.study.profiles import PROFILES

BY_NAME = {stage.name: stage for stage in STAGES}


def options_of(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "study.toml"
    path.write_text(f'name = "one"\n{text}\n[[sources]]\nfolder = "clips"\n', encoding="utf-8")
    return load_study(path, BY_NAME).file.options


def test_balanced_is_the_default_and_sets_nothing(tmp_path: Path) -> None:
    assert options_of(tmp_path, "") == options_of(tmp_path, 'profile = "balanced"')
    assert options_of(tmp_path, "")["transcribe"] == BY_NAME["transcribe"].Options()


def test_reference_decodes_as_whisper_was_trained(tmp_path: Path) -> None:
    found = options_of(tmp_path, 'profile = "reference"')["transcribe"]
    assert (found.compute_type, found.beam_size, found.padding_s) == ("float32", 5, 30.0)


def test_fast_searches_no_beam_and_leaves_out_what_is_not_asked_for_often(tmp_path: Path) -> None:
    found = options_of(tmp_path, 'profile = "fast"')
    decoding = found["transcribe"]
    assert (decoding.beam_size, decoding.padding_s, decoding.seen_padding_s) == (1, 4.0, 2.0)
    assert not found["audio"].loudness
    assert (found["acoustics"].formants, found["acoustics"].mfcc) == (False, False)
    assert not found["emphasis"].measure


def test_what_the_file_says_wins(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'name = "one"\nprofile = "reference"\n[[sources]]\nfolder = "clips"\n[transcribe]\ncompute_type = "int8"\n'
    )
    found: Any = load_study(path, BY_NAME).file.options["transcribe"]
    assert (found.compute_type, found.padding_s) == ("int8", 30.0)


def test_an_unknown_profile_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'"reference" or "balanced" or "fast"'):
        options_of(tmp_path, 'profile = "quick"')


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_made_of_options_that_exist(profile: str, tmp_path: Path) -> None:
    found = options_of(tmp_path, f'profile = "{profile}"')
    for stage, options in PROFILES[profile].items():  # type: ignore[index]
        assert {name: getattr(found[stage], name) for name in options} == options
