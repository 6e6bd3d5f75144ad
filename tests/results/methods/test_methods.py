"""The methods of a study: every number is that of the database, and one that is not is found."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline.analysis.models.catalogue import MODELS
from pipeline.cli import app
from pipeline.errors import UserError
from pipeline.research.bench.generated import generate
from pipeline.results.methods import Methods, differences, methods
from pipeline.results.methods.facts import MARKED
from pipeline.results.study import StudyReader
from pipeline.study import audit_log
from pipeline.study.config import Study
from tests.support.people_study import people_study

CLIPS = 120


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return generate(tmp_path_factory.mktemp("generated"), CLIPS, segments_per_clip=6)


@pytest.fixture(scope="module")
def found(study: Study) -> Methods:
    return methods(StudyReader(study.folder.published))


def sql(study: Study, statement: str) -> int:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return int(connection.execute(statement).fetchall()[0][0])


def test_its_numbers_are_those_of_the_database(study: Study, found: Methods) -> None:
    assert found.facts["posts.listed"] == CLIPS
    assert found.facts["posts.authors"] == sql(study, "SELECT count(DISTINCT author_key) FROM clips")
    assert found.facts["funnel.speech_heard.clips"] == sql(study, "SELECT count(*) FROM evidence WHERE speech_s > 0")
    assert found.facts["attrition.failed.download.removed.clips"] == sql(
        study, "SELECT count(*) FROM attempts WHERE stage = 'download' AND status = 'failed'"
    )
    assert found.facts["attempts.audio.ok"] == sql(
        study, "SELECT count(*) FROM attempts WHERE stage = 'audio' AND status = 'ok'"
    )
    groups = [value for key, value in found.facts.items() if key.startswith("group.") and key.endswith(".clips")]
    assert sum(int(value) for value in groups) == CLIPS, "nobody is left out of the table of groups"


def test_the_paragraph_reads_as_text_and_says_what_it_cannot_know(found: Methods) -> None:
    assert f"We analysed {CLIPS} posts of {found.facts['posts.authors']} accounts" in found.paragraph
    assert "how a voice sounds to a model and not what a person feels" in found.paragraph
    assert "<!--" not in found.paragraph
    assert found.paragraph.count("…") >= 3
    assert f"the post was removed ({found.facts['attrition.failed.download.removed.clips']})" in found.paragraph


@pytest.mark.slow
def test_the_processor_is_said_since_words_in_int8_depend_on_it(tmp_path: Path) -> None:
    study = generate(tmp_path, 10)
    with duckdb.connect(str(study.folder.published)) as connection:
        connection.execute("UPDATE runs SET instruction_set = 'X86_V3'")
    assert "on processors with X86_V3 instructions" in methods(StudyReader(study.folder.published)).paragraph


def test_models_stand_with_digest_licence_and_training(found: Methods) -> None:
    for stage, name in (("transcribe", "whisper-base"), ("emotion", "starter")):
        line = next(line for line in found.document.splitlines() if line.startswith(f"| {stage} | {name} |"))
        assert MODELS[name].licence in line
        assert MODELS[name].trained_on in line
    assert re.search(r"\| starter \| [0-9a-f]{64}<!--", found.document)
    assert "Not fit for statements about individuals" in found.document


@pytest.mark.slow
def test_a_reference_is_said_and_is_no_tone_model(tmp_path: Path) -> None:
    study = generate(tmp_path, 10)
    assert "read in part against" not in methods(StudyReader(study.folder.published)).paragraph
    with duckdb.connect(str(study.folder.published)) as connection:
        connection.execute(
            'UPDATE fingerprints SET models = json_merge_patch(models, \'{"reference": "0123abc"}\') '
            "WHERE stage = 'emotion' AND is_current"
        )
    found = methods(StudyReader(study.folder.published))
    assert "read in part against those of this study" in found.paragraph
    assert "reference (trained on our own labels" not in found.paragraph
    assert "| emotion | reference | 0123abc" in found.document


def test_the_same_database_gives_the_same_document(study: Study, found: Methods) -> None:
    again = methods(StudyReader(study.folder.published))
    assert (again.document, again.json) == (found.document, found.json)


def test_a_document_as_it_was_written_differs_in_nothing_whatever_words_are_changed(found: Methods) -> None:
    assert differences(found.document, found, "m.md") == []
    assert differences(found.json, found, "m.json") == []
    own = found.document.replace("We analysed", "For this paper we looked at").replace("## Losses", "## What was lost")
    assert differences(own, found, "m.md") == []


@pytest.mark.slow
def test_every_changed_number_is_found(found: Methods) -> None:
    marks = list(MARKED.finditer(found.document))
    assert len(marks) > 100
    for mark in marks:
        value = mark[1]
        other = f"{value[:-1]}{'1' if value[-1] != '1' else '2'}"
        changed = found.document[: mark.start(1)] + other + found.document[mark.end(1) :]
        (one,) = differences(changed, found, "m.md")
        assert (one.name, one.written, one.stored) == (mark[2], other, value)


def test_a_number_that_is_wrong_in_two_places_is_one_difference(found: Methods) -> None:
    listed = f"{CLIPS}<!--posts.listed-->"
    assert found.document.count(listed) > 1
    changed = found.document.replace(listed, f"{CLIPS + 1}<!--posts.listed-->")
    (one,) = differences(changed, found, "m.md")
    assert (one.name, one.written) == ("posts.listed", str(CLIPS + 1))


@pytest.mark.parametrize("way", ["{} <!--{}-->", "**{}**<!--{}-->", "{}\n<!-- {} -->"])
def test_a_number_that_came_away_from_its_comment_does_not_pass_unread(found: Methods, way: str) -> None:
    mark = next(MARKED.finditer(found.document))
    changed = found.document.replace(mark[0], way.format(f"{mark[1]}9", mark[2]), 1)
    (one,) = differences(changed, found, "m.md")
    assert (one.name, one.stored) == (mark[2], mark[1])
    own = found.document.replace("## Losses", "<!-- todo -->\n## Losses <!--mine-->")
    assert differences(own, found, "m.md") == [], "other comments are nobody's number"


def test_a_changed_number_of_the_json_is_found(found: Methods) -> None:
    content = {**json.loads(found.json), "posts.listed": CLIPS + 1, "made.up": 3}
    assert [str(one) for one in differences(json.dumps(content), found, "m.json")] == [
        f"posts.listed: {CLIPS + 1} is written, the database says {CLIPS}",
        "made.up: 3 is written, the database knows no such number",
    ]


def test_a_document_without_marks_cannot_be_checked(found: Methods) -> None:
    for text in ("", MARKED.sub(r"\1", found.document), "[]"):
        with pytest.raises(UserError, match=r"m\.md .*10<!--posts\.listed-->"):
            differences(text, found, "m.md")


@pytest.mark.slow
def test_a_database_that_grew_makes_the_old_document_differ(tmp_path: Path, found: Methods) -> None:
    larger = methods(StudyReader(generate(tmp_path, CLIPS + 5, segments_per_clip=6).folder.published))
    assert "posts.listed" in {one.name for one in differences(found.document, larger, "m.md")}


def test_nothing_of_the_machine_gets_into_the_document(found: Methods) -> None:
    assert not {"proxy", "cookie_file", "canaries", "ffmpeg"} & {
        key.split(".")[-1] for key in found.facts if "option." in key
    }
    assert str(Path.home()) not in found.document


@pytest.mark.slow
def test_what_was_forgotten_is_counted_from_the_audit_log(study: Study) -> None:
    assert methods(StudyReader(study.folder.published)).facts["forgotten.asked"] == 0
    try:
        audit_log.note(study.folder, "forget", {"clips": 3, "authors": 1})
        audit_log.note(study.folder, "run", {"new": 9})
        audit_log.note(study.folder, "optout", {"accounts": 1, "posts": 0, "clips_forgotten": 2})
        assert methods(StudyReader(study.folder.published)).facts["forgotten.asked"] == 5
        path = study.folder.audit_log
        path.write_text(path.read_text().replace('"clips": 3', '"clips": 0'))
        assert methods(StudyReader(study.folder.published)).facts["forgotten.asked"] == "unknown", (
            "nobody believes a broken log"
        )
        path.unlink()
        assert methods(StudyReader(study.folder.published)).facts["forgotten.asked"] == "unknown"
    finally:
        study.folder.audit_log.unlink(missing_ok=True)
        study.folder.audit_end.unlink()


@pytest.mark.slow
def test_before_the_first_run_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cliptone run STUDY\.toml"):
        methods(StudyReader(people_study(tmp_path).folder.published))


@pytest.mark.slow
def test_the_command_writes_checks_and_fails_where_a_number_differs(study: Study, tmp_path: Path) -> None:
    document, numbers = tmp_path / "m.md", tmp_path / "m.json"
    for path in (document, numbers):
        assert CliRunner().invoke(app, ["methods", str(study.file.path), "--output", str(path)]).exit_code == 0
    assert json.loads(numbers.read_text())["posts.listed"] == CLIPS
    assert CliRunner().invoke(app, ["methods", str(study.file.path), "--check", str(document)]).exit_code == 0
    document.write_text(document.read_text().replace(f"{CLIPS}<!--posts.listed", f"{CLIPS + 1}<!--posts.listed"))
    wrong = CliRunner().invoke(app, ["methods", str(study.file.path), "--check", str(document)])
    assert wrong.exit_code == 1
    assert f"posts.listed: {CLIPS + 1} is written" in wrong.output
    with pytest.raises(UserError, match=r"no\.md"):
        CliRunner().invoke(
            app, ["methods", str(study.file.path), "--check", str(tmp_path / "no.md")], catch_exceptions=False
        )
