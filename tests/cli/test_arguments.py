"""What several commands take: a study by any of its names, and options that never go without their value."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli import app
from pipeline.cli.arguments import load, with_yes
from pipeline.cli.query import _query_parameters
from pipeline.cli.study_words import with_study
from pipeline.errors import UserError
from pipeline.store.queries import get_query, read_queries
from pipeline.study import identity
from tests.conftest import write_study
from tests.support.command import cliptone, mistake

SOURCE = '[[sources]]\nfolder = "clips"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    return tmp_path


def all_commands(group: Any, *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that name it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from all_commands(command, *above, name)
        else:
            yield (*above, name), command


COMMANDS = dict(all_commands(typer.main.get_command(app)))
VALUED = [
    (words, option)
    for words, command in COMMANDS.items()
    for one in command.params
    if one.param_type_name == "option" and not one.is_flag
    for option in one.opts
]


WAYS = ["outputs/test", "outputs/test/", "outputs/test/study.duckdb", "outputs/test/work/study.duckdb"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_known", [True, False], ids=["bound", "of an older version"])
def test_a_study_is_also_named_by_its_results(folder: Path, way: str, is_known: bool) -> None:
    study = load(write_study(folder, SOURCE))
    study.folder.work.mkdir(parents=True)
    if is_known:
        identity.claim(study.folder, study.file.path)
    assert load(folder / way).file == study.file
    assert load(folder / way).folder == study.folder
    write_study(folder, SOURCE, "another")
    assert load(folder / way).file == study.file


def test_results_in_a_folder_that_the_study_file_names_are_its_own(folder: Path) -> None:
    study = load(write_study(folder, f'output = "../there/x"\n{SOURCE}'))
    study.folder.root.mkdir(parents=True)
    identity.claim(study.folder, study.file.path)
    assert load(study.folder.root).file.path.samefile(study.file.path)
    beside = load(write_study(folder, f'output = "."\n{SOURCE}', "beside"))
    assert load(beside.folder.root).file.path.samefile(beside.file.path), "as the demo has them"


def test_results_without_their_study_file_say_what_reads_them(folder: Path) -> None:
    study = load(write_study(folder, SOURCE))
    study.folder.work.mkdir(parents=True)
    identity.claim(study.folder, study.file.path)
    study.file.path.unlink()
    said = mistake(cliptone("status", "outputs/test", cwd=folder))
    assert "outputs/test" in said
    assert "query" in said


def test_every_command_with_a_study_takes_its_results_too() -> None:
    kinds = {str(one.help) for command in COMMANDS.values() for one in command.params if one.name == "study"}
    assert [kind for kind in kinds if "folder of results, or database" not in kind] == []


@pytest.mark.parametrize(("words", "option"), VALUED, ids=str)
def test_an_option_without_its_value_is_one_sentence(folder: Path, words: tuple[str, ...], option: str) -> None:
    for after in ([], ["--help"], ["--study", "x"]):
        said = mistake(cliptone(*words, option, *after, cwd=folder))
        assert said.count("\n") <= 1
        assert f" {option} " in said


@pytest.mark.parametrize("name", [name for name, query in read_queries().items() if query.parameters])
def test_a_parameter_of_a_query_without_its_value_is_named(name: str) -> None:
    query = get_query(name)
    for parameter in query.parameters:
        for words in ([f"--{parameter}"], [f"--{parameter}", "--other", "1"]):
            with pytest.raises(UserError, match=f"^--{parameter} needs a value"):
                _query_parameters(words, query)


def test_values_of_a_query_are_taken_as_they_are() -> None:
    query = get_query("tone_of_term")
    assert _query_parameters(["--term", ""], query) == {"term": ""}
    assert _query_parameters(["--term=--x"], query) == {"term": "--x"}
    assert _query_parameters(["--term", "-x", "--no-such", "--term"][:2], query) == {"term": "-x"}
    with pytest.raises(UserError, match="this query takes --term"):
        query.bind(_query_parameters(["--trem"], query))


@given(values=st.lists(st.text("ab -'\"$\\", min_size=1).filter(lambda text: not text.startswith("-")), max_size=3))
def test_the_command_that_is_printed_is_the_one_that_was_given(values: list[str]) -> None:
    given = [word for value in values for word in ("--author", value)] + ["--look-in", "my folder"]
    command = COMMANDS["forget",]
    context = command.make_context("forget", [*given])
    words = shlex.split(with_yes(context))
    assert words[:2] == ["cliptone", "forget"]
    again = command.make_context("forget", words[2:])
    assert again.params == {**context.params, "yes": True}


def params_of(*words: str) -> list[Any]:
    return COMMANDS[words].params


@pytest.mark.parametrize(
    "words", [words for words, command in COMMANDS.items() if any(one.name == "study" for one in command.params)]
)
def test_every_command_takes_the_study_as_its_last_argument_and_as_an_option(words: tuple[str, ...]) -> None:
    params = params_of(*words)
    first = [f"word{at}" for at, one in enumerate(params) if one.param_type_name == "argument" and one.name != "study"]
    flags = [one.opts[0] for one in params if getattr(one, "is_flag", False) and one.name not in ("help", "show_help")]
    valued = [one for one in params if one.param_type_name == "option" and not one.is_flag and one.name != "study"]
    options = [word for one in valued[:1] for word in (one.opts[0], "value")] + flags[:1]
    told = {tuple(sorted(with_study(params, each))) for each in (
        [*first, *options, "s.toml"], [*first, "s.toml", *options], [*options, *first, "--study", "s.toml"],
        [*first, "-s", "s.toml", *options], ["--study=s.toml", *first, *options],
    )}  # fmt: skip
    plain = {tuple(word for word in one if word not in ("--study", "-s", "--study=s.toml", "s.toml")) for one in told}
    assert plain == {tuple(sorted([*first, *options]))}
    is_option = any(one.name == "study" and one.param_type_name == "option" for one in params)
    for one in told:
        assert any("s.toml" in word for word in one)
        assert is_option or "--study" not in one


def test_two_studies_are_a_mistake(folder: Path) -> None:
    for words in (("sql", "SELECT 1", "a.toml", "--study", "b.toml"), ("status", "a.toml", "-s", "b.toml")):
        said = mistake(cliptone(*words, cwd=folder))
        assert "two studies" in said


def test_words_that_name_no_study_stay_as_they_are() -> None:
    for words, told in (
        (("sql",), ["SELECT 1"]), (("query",), ["clip_tone", "--term", "bag"]), (("query",), ["--help"]),
        (("import",), ["a.csv", "--map", "caption=text", "--fetch"]), (("sql",), ["--", "-- a comment", "x"]),
        (("run",), ["s.toml", "--stage", "audio"]), (("query",), ["tone_of_term", "bag"]),
    ):  # fmt: skip
        assert with_study(params_of(*words), told) == told


@pytest.mark.parametrize("words", [("status",), ("status", "x.toml"), ("sql", "SELECT 1")])
@pytest.mark.parametrize("after", [[], ["--help"]])
def test_a_study_option_without_its_value_is_one_sentence(folder: Path, words: list[str], after: list[str]) -> None:
    said = mistake(cliptone(*words, "--study", *after, cwd=folder))
    assert said.count("\n") <= 1
    assert "--study" in said


def test_a_study_never_stands_for_another_argument(folder: Path) -> None:
    for words in (("keys", "move"), ("optout", "add")):
        assert with_study(params_of(*words), ["--study", "s.toml"]) == []
    for words in ((), ("x",)):
        assert with_study(params_of("sql"), list(words)) == list(words)


def test_evaluation_takes_the_study_where_no_corpus_is_named(folder: Path) -> None:
    said = mistake(cliptone("evaluate", "--labels", "l.csv", "nowhere.toml", cwd=folder))
    assert "nowhere.toml" in said
