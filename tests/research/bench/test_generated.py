"""Generated studies: all done, every table filled, and the same again for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.research.bench.generated import DIMS, ENCODER, generate
from pipeline.results.codebook import ORIGINS
from pipeline.results.study import StudyReader
from pipeline.run.runner import run_study
from pipeline.run.status import study_status
from pipeline.study.config import Study

pytestmark = pytest.mark.slow
CLIPS = 120
#: Filters, openSMILE and short links are what leaves rows in these.
EMPTY = {"exclusions", "opensmile_features", "short_links"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return generate(tmp_path_factory.mktemp("generated"), CLIPS, segments_per_clip=6)


@pytest.fixture(scope="module")
def reader(study: Study) -> StudyReader:
    return StudyReader(study.folder.published)


def number(reader: StudyReader, sql: str) -> int:
    return int(reader.sql(sql).iloc[0, 0])


def test_a_run_finds_nothing_to_do_and_status_shows_all_done(study: Study) -> None:
    report = run_study(study)
    assert report.idle
    assert (report.listed, report.rejected) == (CLIPS, 0)
    for line in study_status(study):
        assert line.pending == 0
        assert line.done + sum(line.failed.values()) + line.not_reached == CLIPS
    assert study_status(study)[-1].done > CLIPS / 2


def test_every_table_is_filled_and_its_grain_unique(reader: StudyReader) -> None:
    for kind in ORIGINS:
        rows = number(reader, f"SELECT count(*) FROM {kind.table}")
        keys = ", ".join(kind.grain)
        assert rows == number(reader, f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {kind.table})"), kind.table
        assert (rows == 0) == (kind.table in EMPTY), kind.table


def test_no_tone_without_evidence_and_no_gap_without_a_reason(reader: StudyReader) -> None:
    assert number(reader, "SELECT count(*) FROM emotions WHERE (label IS NULL) <> (reason IS NOT NULL)") == 0
    assert number(reader, "SELECT count(*) FROM emotions WHERE label IS NULL") > 0
    assert number(reader, "SELECT count(*) FROM transcripts WHERE (text IS NULL) <> (reason IS NOT NULL)") == 0
    assert number(reader, "SELECT count(DISTINCT model) FROM emotions") == 2
    sums = reader.sql("SELECT list_sum(map_values(probabilities)) AS total FROM emotions WHERE label IS NOT NULL")
    assert sums["total"].between(0.999, 1.001).all()


def test_embeddings_have_the_real_shape(reader: StudyReader) -> None:
    sizes = reader.sql("SELECT DISTINCT encoder, len(embedding) AS dims FROM speech_embeddings WHERE reason IS NULL")
    assert sizes.to_dict("records") == [{"encoder": ENCODER, "dims": DIMS}]


def test_rows_stand_where_they_belong(reader: StudyReader) -> None:
    assert number(reader, "SELECT count(*) FROM words ANTI JOIN segments USING (clip_id, segment)") == 0
    assert number(reader, "SELECT count(*) FROM emotions ANTI JOIN speech_regions USING (clip_id, region)") == 0
    late = """
        SELECT count(*) FROM words JOIN audio USING (clip_id)
        WHERE words.end_s > duration_s OR words.end_s <= words.start_s
    """
    assert number(reader, late) == 0


def test_the_same_seed_gives_the_same_study(tmp_path: Path, reader: StudyReader) -> None:
    again = StudyReader(generate(tmp_path, CLIPS, segments_per_clip=6).folder.published)
    for table in ("clips", "observations", "words", "emotions", "speech_embeddings", "attempts"):
        rows = f"SELECT hash(t) AS h FROM {table} AS t ORDER BY h"
        assert again.sql(rows)["h"].equals(reader.sql(rows)["h"]), table
    again.close()
