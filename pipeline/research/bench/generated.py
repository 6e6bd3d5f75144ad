"""Studies of any size without a clip.

`python -m pipeline.research.bench.generated FOLDER --clips N` writes one, all done.

A CSV file lists N posts; the database holds what a run would have stored of them, under the fingerprints of the study
file that is written beside it, and is published. So `cliptone run` finds nothing to do, `cliptone status` shows all
done, and queries, report and notebooks have something to chew on. Nothing was ever said or heard: all values are drawn
from hashes, the same for the same seed. The models and options are the demo study's. Beside the study's own tone model
a second one has rows, so that queries that compare models find something to compare.
"""

from __future__ import annotations

import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from pipeline.run.ingest import note_file
from pipeline.run.plan import plan_stages, setting_of
from pipeline.run.pseudonymise import post_rows
from pipeline.run.shared_sounds import find_sounds
from pipeline.sources.read import read_sources
from pipeline.stage import StagePlan
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.store.tables import Tables
from pipeline.study.config import Study, load_study
from pipeline.study.demo.study import SHIPPED
from pipeline.study.lock import held

NAME = "generated"
POSTS_SQL, RESULTS_SQL = (Path(__file__).with_name(name) for name in ("generated_posts.sql", "generated.sql"))
CHUNK_CLIPS = 64  # clips whose attempts follow one another stage by stage, as in a run
CLIPS_AT_ONCE = 64 * 128  # whose rows are made at a time: bounds the memory
MEMORY = "3GB"
VOCABULARY = 8_000  # words
WORDS_PER_SEGMENT = 5
EMBEDDED = 2  # speech regions of a clip that are long enough for an embedding
ENCODER, DIMS = "whisper-base/block-2/float32/normed/mean-louder", 1_024  # as the stage embed stores them
MAX_SEGMENTS = 400  # a clip has at most about twice the mean, and below 1,000

STUDY_FILE = f"""\
# A generated study: nobody posted, said or heard any of this.
schema = 1
name = "{NAME}"

[[sources]]
url_file = "posts.csv"

[emotion]
models = ["starter"]

[mentions]
lexicon = "lexicon.toml"

[privacy]
pseudonymise = false  # nobody is behind these authors, and a key would stay on this machine
"""

#: What the SQL draws from, as variables of DuckDB.
VARIABLES = {"vocabulary": VOCABULARY, "words": WORDS_PER_SEGMENT, "embedded": EMBEDDED, "encoder": ENCODER}

POSTS_CSV = """
    COPY (
        SELECT platform, post_id AS id, url, caption, author, language,
            strftime(posted_at, '%Y-%m-%dT%H:%M:%SZ') AS posted_at, '2026-04-01T00:00:00Z' AS counted_at, duration_s,
            views, CAST(views * 0.05 AS BIGINT) AS likes, CAST(views * 0.004 AS BIGINT) AS comments, sound_id
        FROM drawn ORDER BY n
    ) TO '{path}' (HEADER)
"""

#: One attempt a stage that the clip reached; `$reached` are the fates that get there, `$lost` the one that ends there.
ATTEMPTS = f"""
    CREATE OR REPLACE TEMP TABLE tried AS
    SELECT n, clip_id, stages.*, fate = lost AS is_lost
    FROM chosen, (SELECT unnest($stages, recursive := true)) AS stages
    WHERE list_contains(reached, fate);
    INSERT INTO attempts BY NAME
    SELECT
        (SELECT coalesce(max(attempt_id), 0) FROM attempts)
            + row_number() OVER (ORDER BY n // {CHUNK_CLIPS}, number, n) AS attempt_id,
        $run_id AS run_id,
        clip_id,
        stage,
        fingerprint,
        CASE WHEN is_lost THEN 'failed' ELSE 'ok' END AS status,
        CASE WHEN is_lost THEN CASE WHEN stage = 'download' THEN 'removed' ELSE 'no_audio' END END AS reason,
        CASE WHEN is_lost THEN clip_id || ': the post or its audio is not there' END AS message,
        TIMESTAMP '2026-04-01' + to_seconds(n) AS finished_at,
        u(n, stage) * 3 AS seconds,
        CASE WHEN is_lost AND stage = 'download' THEN 'permanent' END AS action,
        CASE WHEN stage = 'download' THEN '{{}}' END AS tools
    FROM tried ORDER BY attempt_id
"""  # noqa: S608 - our own number

#: Tables that grow with the study, not with its clips.
FEW = """
    INSERT INTO exposures BY NAME
    SELECT 'donor_' || n % 7 AS donor_key, clip_id, 'watched' AS kind, posted_at + INTERVAL 1 DAY AS seen_at,
        sha256('donation') AS file_sha256, n + 1 AS file_row
    FROM drawn WHERE u(n, 'seen') < 0.05;
    INSERT INTO listings BY NAME
    SELECT n + 1 AS listing_id, 1 AS run_id, 'listing 1' AS source, 'tiktok' AS platform,
        TIMESTAMP '2026-04-01' + to_days(CAST(n AS INTEGER)) AS listed_at, 30.0 AS seconds, 200 AS posts,
        20 AS new_posts, 'max_posts' AS stopped, '{}' AS tools
    FROM range(10) AS listings(n);
    INSERT INTO evaluations BY NAME
    SELECT TIMESTAMP '2026-05-01' AS evaluated_at, 'labels.csv' AS labels_file, sha256('labels') AS labels_sha256,
        model, 'all' AS grouping, 'all' AS group_value, 'uar' AS measure, 0.5 AS value, 0.4 AS ci_low, 0.6 AS ci_high,
        300 AS n, 20 AS abstained
    FROM (SELECT DISTINCT model FROM emotions);
    INSERT INTO comparisons BY NAME
    SELECT TIMESTAMP '2026-05-01' AS compared_at, 'hashtag=a' AS group_a, 'hashtag=b' AS group_b, 'angry' AS measure,
        model, 0.1 AS difference, 0 AS without_a, 0 AS without_b, 9 AS clips_a, 9 AS clips_b,
        5 AS authors_a, 5 AS authors_b
    FROM (SELECT DISTINCT model FROM emotions);
    INSERT INTO annotations BY NAME
    SELECT 'sample' AS sample, 's' || row_number() OVER (ORDER BY clip_id) AS sample_id, clip_id, 4.0 AS weight,
        coder, 'tone' AS question, 'nominal' AS level, 'label' AS measures, 'angry' AS label, FALSE AS cannot_tell,
        sha256('scheme') AS scheme_sha256
    FROM (SELECT clip_id FROM clips ORDER BY clip_id LIMIT 30), unnest(['A', 'B']) AS coders(coder);
    INSERT INTO tombstones BY NAME
    SELECT sha256('forgotten ' || n)[:26] AS clip_key, TIMESTAMP '2026-05-01' AS forgotten_at, 'decision' AS cause
    FROM range(5) AS posts(n)
"""


def generate(folder: Path, clips: int, segments_per_clip: int = 20, seed: int = 1) -> Study:
    """Write a study of so many clips into a folder, all stages passed, and publish it; what is there is replaced."""
    shutil.rmtree(folder / "outputs" / NAME, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.toml").write_text(STUDY_FILE, encoding="utf-8")
    shutil.copyfile(SHIPPED / "lexicon.toml", folder / "lexicon.toml")
    study = load_study(folder / f"{NAME}.toml", BY_NAME)
    with held(study.folder), Store(study.folder.working, STAGES) as store:
        store.tables.script(f"SET memory_limit = '{MEMORY}'")
        _draw_posts(store.tables, clips, segments_per_clip, seed)
        store.tables.script(POSTS_CSV.format(path=folder / "posts.csv"))
        plans = _enrol(study, store)
        for low in range(0, clips, CLIPS_AT_ONCE):
            with store.change():
                _fill(store.tables, low, min(clips, low + CLIPS_AT_ONCE), plans, store.run_id, seed)
        with store.change():
            store.tables.script(FEW)
        find_sounds(store)
        store.end_run()
        store.publish(study.folder.published)
    return study


def _draw_posts(tables: Tables, clips: int, segments: int, seed: int) -> None:
    for name, value in {**VARIABLES, "clips": clips, "segments": min(segments, MAX_SEGMENTS), "seed": seed}.items():
        tables.script(f"SET VARIABLE {name} = $value", {"value": value})
    tables.script(POSTS_SQL.read_text(encoding="utf-8"))


def _enrol(study: Study, store: Store) -> list[StagePlan]:
    """Read the posts as a run does, so that the next run finds none of them changed."""
    sources, setting = read_sources(study), setting_of(study)
    plans = plan_stages(study.file, setting)
    with store.change():
        upserted = store.upsert_posts(post_rows(sources.sourced_posts, setting.key))
        for export in sources.exports:
            note_file(store, export, setting.key, study.folder.rejects, upserted)
    store.begin_run(version("cliptone"), study.file.digest, plans)
    return plans


def _fill(tables: Tables, low: int, high: int, plans: list[StagePlan], run_id: int, seed: int) -> None:
    """The rows of the clips from number `low` up to `high`."""
    tables.script("SET VARIABLE low = $low", {"low": low})
    tables.script("SET VARIABLE high = $high", {"high": high})
    tables.script(RESULTS_SQL.read_text(encoding="utf-8"))
    _embed(tables, seed + low)
    reached = {"download": ["lost", "mute", "silent", "speech"], "audio": ["mute", "silent", "speech"]}
    stages = [
        {
            "number": number,
            "stage": plan.name,
            "fingerprint": plan.fingerprint,
            "reached": reached.get(plan.name, ["silent", "speech"]),
            "lost": {"download": "lost", "audio": "mute"}.get(plan.name, ""),
        }
        for number, plan in enumerate(plans)
    ]
    create, insert = ATTEMPTS.split(";")
    tables.script(create, {"stages": stages})
    tables.script(insert, {"run_id": run_id})


def _embed(tables: Tables, seed: int) -> None:
    """Embeddings of the speech regions that are long enough: vectors of normal deviates."""
    sql = f"SELECT clip_id, region FROM stretches WHERE region < {EMBEDDED} ORDER BY n, region"  # noqa: S608
    regions = tables.arrow(sql)
    numbers = np.random.default_rng(seed).standard_normal(len(regions) * DIMS, dtype=np.float32)
    offsets = pa.array(np.arange(len(regions) + 1, dtype=np.int32) * DIMS)
    made = regions.append_column("encoder", pa.array([ENCODER] * len(regions)))
    made = made.append_column("embedding", pa.ListArray.from_arrays(offsets, pa.array(numbers)))
    tables.script("INSERT INTO speech_embeddings BY NAME SELECT * FROM made", made=made)


def main(
    folder: Annotated[Path, typer.Argument(help="where to write the study")],
    clips: Annotated[int, typer.Option(help="posts, and clips with all stages passed", min=1)] = 1_000,
    segments_per_clip: Annotated[int, typer.Option(help="segments of a clip, on average")] = 20,
    seed: Annotated[int, typer.Option(help="the same seed draws the same study")] = 1,
) -> None:
    """Write a generated study, and say how large it is."""
    began = time.perf_counter()
    study = generate(folder, clips, segments_per_clip, seed)
    sizes = " and ".join(
        f"{path.stat().st_size / 1e9:.2f} GB" for path in (study.folder.working, study.folder.published)
    )
    typer.echo(f"{study.file.path}: {clips:,} clips in {time.perf_counter() - began:.0f} s; databases of {sizes}")


if __name__ == "__main__":
    typer.run(main)
