"""What cliptone says to its users is what stands in the golden file, so that a reworded sentence shows in one place."""

from __future__ import annotations

from tests.support.messages import GOLDEN, REWRITE, golden


def test_every_sentence_for_users_is_the_one_in_the_golden_file() -> None:
    said, written = golden().splitlines(), GOLDEN.read_text(encoding="utf-8").splitlines()
    assert said == written, f"sentences changed; if they were meant to: {REWRITE}"


def test_the_golden_file_knows_each_kind_of_sentence() -> None:
    blocks = dict(block.split("\n", 1) for block in GOLDEN.read_text(encoding="utf-8").split("\n\n")[1:])
    assert "this SQL cannot run: {error}" in blocks["pipeline/store/reader.py"], "what is raised"
    assert "  Deleted." in blocks["pipeline/cli/privacy.py"], "what is printed"
    assert "  Write a commented study file." in blocks["pipeline/cli/study.py"], "the help of a command"
    assert "  output format" in blocks["pipeline/cli/arguments.py"], "the help of an option"
    assert "the model hub does not answer" in blocks["pipeline/cli/doctor.py"], "what the check-up finds"
    assert "--repair --yes deletes it" in blocks["pipeline/run/verify/files.py"], "what verify advises"
    assert "is empty: put your copy" in blocks["pipeline/study/keys.py"], "what a variable holds until it is raised"
    assert not any(module.startswith("pipeline/research/") for module in blocks)
