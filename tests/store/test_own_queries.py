"""A user's own queries beside ours, and what a query takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.store.queries import get_query, own_folder, read_queries, read_query, shipped_folder
from tests.support.command import cliptone, mistake


def write_own(home: Path, name: str = "mine", sql: str = "SELECT $word AS said, $most AS most") -> Path:
    home.mkdir(parents=True, exist_ok=True)
    (home / "study.toml").touch()
    (home / "queries").mkdir(exist_ok=True)
    head = "-- what: my own question\n-- parameters: word = any word; most = 3 (words at most)\n"
    (home / "queries" / f"{name}.sql").write_text(head + sql, encoding="utf-8")
    return home / "queries"


def test_own_queries_stand_beside_ours(tmp_path: Path) -> None:
    folder = write_own(tmp_path)
    queries = read_queries(folder)
    assert {"mine", "clip_tone"} <= queries.keys()
    assert list(queries) == sorted(queries)
    assert [str(parameter) for parameter in queries["mine"].described] == [
        "--word (any word)",
        "--most (words at most; 3 if not given)",
    ]
    assert queries["mine"].bind({"word": "bag"}) == {"word": "bag", "most": "3"}
    with pytest.raises(UserError, match="'mine'"):
        get_query("mine")


def test_an_own_query_may_not_take_the_name_of_ours(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"clip_tone\.sql"):
        read_queries(write_own(tmp_path, "clip_tone"))


def test_where_own_queries_are_looked_for(tmp_path: Path) -> None:
    folder = write_own(tmp_path)
    results = tmp_path / "outputs" / "study"
    results.mkdir(parents=True)
    for named in (tmp_path / "study.toml", results, results / "study.duckdb"):
        found = own_folder(named)
        assert found is not None
        assert found.samefile(folder)
    assert own_folder(tmp_path / "elsewhere" / "study.toml") is None
    assert own_folder(shipped_folder("queries").parent / "study.toml") is None, "ours are nobody's own"


def test_what_a_query_takes(tmp_path: Path) -> None:
    query = read_query(write_own(tmp_path) / "mine.sql")
    with pytest.raises(UserError, match=r"--word .any word. and --most"):
        query.bind({})
    with pytest.raises(UserError, match="--words bag"):
        query.bind({"words": "bag"})
    with pytest.raises(UserError, match=r"--most .* 3, .*'many'"):
        query.bind({"word": "bag", "most": "many"})
    (tmp_path / "queries" / "latin.sql").write_bytes("-- what: Gefühl".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin\.sql .*UTF-8"):
        read_queries(tmp_path / "queries")


def test_a_header_gives_a_value_to_try() -> None:
    examples = {parameter.name: parameter.example for parameter in get_query("top_moments").described}
    assert examples == {"tone": "angry", "limit": "10", "min_trust": "0.75", "own_voice_only": "0"}
    (of_clip,) = [one for one in get_query("similar_clips").described if one.name == "clip"]
    assert of_clip.example is None, "which clips there are, a study alone knows"


def test_a_header_gives_the_words_that_a_parameter_takes(tmp_path: Path) -> None:
    assert [one.choices for one in get_query("similar_clips").described if one.name == "by"] == [("voice", "words")]
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "own.sql").write_text("-- parameters: size = small|large|huge (how large)\nSELECT $size AS size")
    own = get_query("own", folder)
    assert own.bind({}) == {"size": "small"}
    assert own.bind({"size": "huge"}) == {"size": "huge"}
    with pytest.raises(UserError, match="small or large or huge"):
        own.bind({"size": "tiny"})


def test_the_command_says_what_a_query_takes(tmp_path: Path) -> None:
    write_own(tmp_path)
    assert "--term (a word or phrase such as bag)" in mistake(cliptone("query", "tone_of_term", cwd=tmp_path))
    assert "'bag'" in mistake(cliptone("query", "tone_of_term", "bag", cwd=tmp_path))
    shown = cliptone("query", "top_moments", "--help", cwd=tmp_path).stdout
    assert "--limit (moments at most; 10 if not given)" in shown
    assert "caution:" in shown
    assert "--format" in cliptone("query", "--help", cwd=tmp_path).stdout
    beside = cliptone("query", "--study", "study.toml", cwd=tmp_path).stdout
    assert "my own question" in beside
    write_own(tmp_path, "clip_tone")
    assert "clip_tone.sql" in mistake(cliptone("query", "--study", "study.toml", cwd=tmp_path))


def test_names_are_completed(tmp_path: Path) -> None:
    words = {"_CLIPTONE_COMPLETE": "complete_bash", "COMP_WORDS": "cliptone query tone_by", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['cliptone']; from pipeline.cli import main; main()"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, **words},
    )  # fmt: skip
    assert done.stdout.split() == [
        "tone_by_author", "tone_by_hashtag", "tone_by_language", "tone_by_sound", "tone_by_week",
    ]  # fmt: skip
