"""Label schemes: the example can be used, and each mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.results.validation.scheme import EXAMPLE, from_json, read_scheme

CHOICE = '[[questions]]\nid = "tone"\ntext = "How?"\ntype = "choice"\noptions = ["a", "b"]\n'
SCALE = '[[questions]]\nid = "calm"\ntext = "How calm?"\ntype = "scale"\n'


def scheme_of(folder: Path, text: str) -> Path:
    path = folder / "scheme.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_asks_for_the_tone_and_how_sure(tmp_path: Path) -> None:
    found = read_scheme(EXAMPLE)
    assert [one.id for one in found.questions] == ["tone", "sure"]
    assert from_json(found.json) == found
    everything = EXAMPLE.read_text(encoding="utf-8").replace("\n# [[", "\n[[")
    kept = [line[2:] if line.startswith("# ") and " = " in line else line for line in everything.splitlines()]
    all_of_it = read_scheme(scheme_of(tmp_path, "\n".join(kept[1:])))
    assert {one.type for one in all_of_it.questions} == {"choice", "choices", "scale", "text"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "questions"),
        ("colour = 1\n" + CHOICE, "colour"),
        (CHOICE + CHOICE, "tone"),
        (CHOICE.replace('"a", "b"', '"a"'), "options"),
        (CHOICE.replace('"a", "b"', '"a", "a"'), "options"),
        (CHOICE.replace('"a", "b"', '"a", "cant_tell"'), "cant_tell"),
        (CHOICE + "colour = 1\n", "colour"),
        (CHOICE.replace("tone", "To ne"), "id"),
        (CHOICE.replace("How?", " "), "text"),
        (CHOICE.replace('"choice"', '"guess"'), "type"),
        (CHOICE + 'measures = "arousal"\n', "measures"),
        (CHOICE + 'level = "ratio"\n', "level"),
        (SCALE + "min = 5\nmax = 5\n", "min"),
        (SCALE + "max = 90\n", "max"),
        (SCALE + 'options = ["a", "b"]\n', "options"),
        ("a = ", "TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        read_scheme(scheme_of(tmp_path, text))


def test_answers_are_of_their_question(tmp_path: Path) -> None:
    tone, calm = read_scheme(scheme_of(tmp_path, CHOICE + SCALE)).questions
    assert tone.allows("a")
    assert not tone.allows("c")
    assert not tone.allows("cant_tell")
    assert calm.allows(5)
    assert not any(calm.allows(one) for one in (0, 6, "5", True, 2.5))
