"""The benchmark of queries: what is timed, what is over, and how it ends."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from typer import Typer
from typer.testing import CliRunner

from pipeline.errors import StoreError, UserError
from pipeline.records import SpeechEmbeddingRow
from pipeline.research.bench import queries
from pipeline.research.bench.queries import Timing, table, time_queries, time_query
from pipeline.store.queries import get_query, read_queries
from tests.support.report.generated_study import clip, write_published
from tests.support.small_study import row


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [one for number in range(6) for one in clip(f"tiktok:{number}", number=number, author_key="ann")]
    rows += [
        row(SpeechEmbeddingRow, clip_id=f"tiktok:{number}", encoder="e", embedding=(1.0, 0.5)) for number in (2, 3)
    ]
    return write_published(tmp_path_factory.mktemp("published"), rows)


def timing(name: str, seconds: float = 0.1, peak_mib: float = 100) -> Timing:
    return Timing(name, 5, "all rows", seconds, 0.1, peak_mib)


def test_search_and_similarity_may_take_longer() -> None:
    assert {name: timing(name).budget for name in ("clip_tone", "find_text", "search_words", "similar_clips")} == {
        "clip_tone": 1, "find_text": 2, "search_words": 2, "similar_clips": 2,
    }  # fmt: skip
    assert not timing("find_text", 1.9).is_over
    assert timing("clip_tone", 1.9).is_over
    assert timing("clip_tone", peak_mib=5_000).is_over, "memory counts too"


def test_the_table_marks_what_is_over() -> None:
    lines = list(table([timing("clip_tone"), timing("words_with_tone", 1.5)]))
    assert [line.endswith("OVER") for line in lines] == [False, False, True]
    assert lines[0].split()[:2] == ["query", "rows"]


@pytest.mark.slow
def test_each_query_of_the_folder_runs_with_the_values_that_its_header_names(published: Path) -> None:
    """In this process, and one round each: what is measured does not matter here."""
    rows = {
        query.name: time_query(published / "study.duckdb", query, rounds=1).rows for query in read_queries().values()
    }
    assert rows["clip_tone"] == 12, "six clips by two models"
    for name in ("tone_of_term", "find_text", "search_words", "top_moments", "words_with_tone", "author_trajectory"):
        assert rows[name] > 0, name
    assert rows["similar_clips"] == 1, "a clip with an embedding is taken from the study"
    assert rows["similar_speech"] > 0


@pytest.mark.slow
def test_of_many_rows_the_first_and_the_count_are_timed(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = published / "study.duckdb"
    assert time_query(path, get_query("clip_tone"), 1).measure == "all rows"
    monkeypatch.setattr(queries, "MANY_ROWS", 5)
    found = time_query(path, get_query("clip_tone"), 1)
    assert (found.rows, found.measure) == (12, "first 1,000 or count")


@pytest.mark.slow
def test_a_process_of_its_own_for_each(published: Path) -> None:
    found = list(time_queries(published, 1, ["funnel", "clip_tone"]))
    assert [one.name for one in found] == ["funnel", "clip_tone"]
    assert all(one.seconds > 0 and one.cpu_s > 0 and 20 < one.peak_mib < 2_000 for one in found)


@pytest.mark.slow
def test_memory_is_that_of_the_query_not_of_who_started_it(published: Path) -> None:
    held = b"x" * (1 << 30)
    (found,) = time_queries(published, 1, ["funnel"])
    assert found.peak_mib < len(held) >> 20


def test_mistakes_say_what_to_do(published: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run the study first"):
        list(time_queries(tmp_path, 1))
    with pytest.raises(UserError, match="there is no query 'clip_tune'"):
        list(time_queries(published, 1, ["clip_tune"]))
    duckdb.connect(str(tmp_path / "study.duckdb")).close()
    with pytest.raises(UserError, match=r"funnel cannot run on .*; `cliptone run` renews its views"):
        time_query(tmp_path / "study.duckdb", get_query("funnel"), 1)


@pytest.mark.slow
@pytest.mark.parametrize(("budget", "code", "last"), [(60.0, 0, "all within budget"), (0.0, 1, "1 over budget")])
def test_the_command_ends_with_the_verdict(
    published: Path, monkeypatch: pytest.MonkeyPatch, budget: float, code: int, last: str
) -> None:
    monkeypatch.setattr(queries, "BUDGET", budget)
    app = Typer()
    app.command()(queries.main)
    called = CliRunner().invoke(app, [str(published), "--rounds", "1", "--only", "funnel"])
    assert called.exit_code == code
    assert "within 4 GiB" in called.output.splitlines()[0]
    assert called.output.splitlines()[-1] == last


def test_the_command_says_a_mistake(tmp_path: Path) -> None:
    app = Typer()
    app.command()(queries.main)
    called = CliRunner().invoke(app, [str(tmp_path)])
    assert called.exit_code == 2
    assert "run the study first" in called.output
