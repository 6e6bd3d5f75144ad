"""Opted out people stay out however they come in, and no more is kept of a clip that is done than the study says."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from pipeline.analysis.text.redaction import DROPPED
from pipeline.errors import Reason
from pipeline.privacy.forget import opt_out
from pipeline.privacy.subjects import read_author
from pipeline.records import ClipRow, Outcome, Source, TranscriptRow
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.records.pseudonyms import author_names, clip_row, pseudonym
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.ingest import import_into
from pipeline.run.minimise import Keeper
from pipeline.run.plan import plan_stages, setting_of
from pipeline.run.progress import RunSummary
from pipeline.run.pseudonymise import post_rows
from pipeline.run.runner import run_study
from pipeline.run.status import study_status
from pipeline.sources.formats import Hints
from pipeline.stages import BY_NAME, STAGES
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from pipeline.study.keys import destroy_key, key_for
from tests.conftest import write_study
from tests.support.fake_stages import Double, Length
from tests.support.people_study import AUTHORS, POSTS_EACH, clip_id, people_study, take_in, words_of, write_posts
from tests.support.platform.crowd import FIRST_ID, Crowd, collect, collecting_study, crowd, post_urls
from tests.support.platform.crowd import STAGES as COLLECTING
from tests.support.site import serving


class Listening(Length):
    """The fake as a stage that needs the audio itself."""

    uses_audio: ClassVar[bool] = True


FAKES = (Download, Audio, Listening, Double)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return people_study(tmp_path_factory.mktemp("whole"), "left_out")


@pytest.fixture
def study(whole: Study, tmp_path: Path) -> Study:
    shutil.copytree(whole.file.path.parent, tmp_path, dirs_exist_ok=True)
    return load_study(tmp_path / whole.file.path.name, BY_NAME)


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("way", [AUTHORS[0], AUTHORS[0].upper(), f"https://www.tiktok.com/@{AUTHORS[0]}"])
def test_new_posts_of_an_opted_out_author_are_not_imported(study: Study, tmp_path: Path, way: str) -> None:
    opt_out(study, read_author(way))
    write_posts(tmp_path / "later.csv", range(2), posts=POSTS_EACH + 2)
    import_into(study, tmp_path / "later.csv", Hints(), False)
    found = {name for (name,) in rows(study, "SELECT clip_id FROM clips")}
    assert clip_id(1, POSTS_EACH + 1) in found
    assert not {clip_id(0, post) for post in range(POSTS_EACH + 2)} & found


@pytest.mark.slow
def test_a_source_that_grows_brings_no_opted_out_author(study: Study) -> None:
    opt_out(study, read_author(AUTHORS[0]))
    write_posts(study.file.path.parent / "posts.csv", range(len(AUTHORS)), posts=POSTS_EACH + 1)
    store = Store(study.folder.working, STAGES)
    take_in(study, store)
    found = {row.clip_id for row in store.tables.read(ClipRow)}
    store.close()
    assert clip_id(1, POSTS_EACH) in found
    assert clip_id(0, POSTS_EACH) not in found


def test_whoever_turns_out_to_have_opted_out_is_forgotten_and_nobody_else(study: Study) -> None:
    opt_out(study, read_author("@turned.out"))
    store = Store(study.folder.working, STAGES)
    keeper = Keeper(study, store, plan_stages(study.file, setting_of(study)))
    chunk = [clip_id(0, 0), clip_id(1, 0)]
    assert keeper.without_opted_out(chunk) == chunk
    assert not keeper.has_deleted
    with store.change():  # as if the platform had told
        told = {"author": pseudonym(key_for(study.file.name), "tiktok", "turned.out"), "id": clip_id(0, 0)}
        store.tables.connection.execute("UPDATE clips SET author_key = $author WHERE clip_id = $id", told)
    assert keeper.without_opted_out(chunk) == [clip_id(1, 0)]
    assert keeper.has_deleted
    left = {row.clip_id for row in store.tables.read(ClipRow)}
    store.close()
    assert len(left) == len(AUTHORS) * POSTS_EACH - 1
    assert clip_id(0, 0) not in left
    assert not study.folder.audio_path(clip_id(0, 0)).exists()
    assert study.folder.audio_path(clip_id(0, 1)).exists()


def test_whoever_opted_out_by_handle_is_forgotten_when_the_platform_tells_id_and_handle(study: Study) -> None:
    opt_out(study, read_author("@Turned.Out"))
    key = key_for(study.file.name)

    def unnamed(number: int, author_id: str | None = None) -> SourcedPost:
        post = Post("url", "tiktok", str(number), author_id=author_id)
        return SourcedPost(f"tiktok:{number}", Source("url", "", ""), post, Provenance("urls 1"))

    with Store(study.folder.working, STAGES) as store:
        keeper = Keeper(study, store, plan_stages(study.file, setting_of(study)))
        store.upsert_posts(post_rows([unnamed(91)], key))
        told = Post("yt_dlp", "tiktok", "91", author="turned.out", author_id="7700")
        with store.change():
            store.learn([clip_row("tiktok:91", told, key), *author_names(told, key)])
        assert keeper.without_opted_out(["tiktok:91", clip_id(1, 0)]) == [clip_id(1, 0)]
        store.upsert_posts(post_rows([unnamed(92, "7700")], key))
        assert not {"tiktok:91", "tiktok:92"} & {row.clip_id for row in store.tables.read(ClipRow)}


def test_words_of_clips_that_passed_every_stage_are_dropped_where_the_study_says_so(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    with study.file.path.open("a") as file:
        file.write('[privacy]\ntranscripts = "drop"\nkeep_audio = false\n')
    study = load_study(study.file.path, BY_NAME)
    store = Store(study.folder.working, STAGES)
    keeper = Keeper(study, store, plan_stages(study.file, setting_of(study)))
    monkeypatch.setattr(store, "passed", lambda plan, chunk: {clip_id(0, 0)})
    keeper.minimise({clip_id(0, 0), clip_id(1, 0)})
    texts = {row.clip_id: row.text for row in store.tables.read(TranscriptRow)}
    store.close()
    assert texts[clip_id(0, 0)] == DROPPED
    assert texts[clip_id(1, 0)] == words_of(1, 0)
    assert keeper.has_deleted
    assert not study.folder.audio_path(clip_id(0, 0)).exists()
    assert (study.folder.media / study.folder.audio_path(clip_id(0, 0)).stem).exists(), "media is kept"


def posts_run(folder: Path, url: str, trouble: str, **options: Any) -> tuple[Study, RunSummary]:
    """Two posts of a site, through the fake stages, one of which goes wrong as it is told."""
    sources = f'[[sources]]\nurls = ["{url}/english_quick.html", "{url}/silence.html"]\n'
    body = f'[download]\nextractors = ["generic"]\n[length]\ntrouble = "{trouble}"\n[run]\nworkers = 0\n'
    path = write_study(folder, sources + body + "[privacy]\nkeep_media = false\nkeep_audio = false\n")
    study = load_study(path, {stage.name: stage for stage in FAKES})
    return study, run_study(study, executor=LocalExecutor(0), stages=FAKES, **options)


def kept(study: Study) -> tuple[int, int]:
    """How many clips have media, and how many have audio."""
    return len(list(study.folder.media.iterdir())), len(list(study.folder.audio.iterdir()))


@pytest.mark.slow
def test_what_failed_for_good_keeps_no_media_and_can_be_tried_again(tmp_path: Path, demo_clips: Path) -> None:
    with serving(demo_clips) as url:
        study, report = posts_run(tmp_path, url, ":=fail")
        assert report.failed == {"length": {"not_media": 2}}
        assert kept(study) == (0, 0)
        study, report = posts_run(tmp_path, url, ":=fail", retry_failed=True)
        assert report.passed == {"download": 2, "audio": 2}, "its input is made again"
        assert report.failed == {"length": {"not_media": 2}}
        assert kept(study) == (0, 0)


@pytest.mark.slow
def test_what_the_next_run_tries_again_keeps_its_media(tmp_path: Path, demo_clips: Path) -> None:
    with serving(demo_clips) as url:
        study, report = posts_run(tmp_path, url, ":=network")
        assert report.failed == {"length": {"network": 2}}
        assert kept(study) == (2, 2)
        study, report = posts_run(tmp_path, url, "")
        assert report.passed == {"length": 2, "double": 2}
        assert kept(study) == (0, 0)


@pytest.mark.slow
def test_what_a_killed_run_left_goes_with_the_next_even_if_that_has_nothing_to_do(
    tmp_path: Path, demo_clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(demo_clips) as url, monkeypatch.context() as killed:
        for name in ("minimise", "minimise_rest"):
            killed.setattr(Keeper, name, lambda *_: None)
        killed.setattr(Store, "end_run", lambda *_: None)
        study, _ = posts_run(tmp_path, url, "")
        assert kept(study) == (2, 2)
        killed.undo()
        study, report = posts_run(tmp_path, url, "")
        assert report.idle
        assert kept(study) == (0, 0)


def test_words_of_clips_that_failed_for_good_are_dropped_at_the_end_of_the_run(study: Study) -> None:
    with study.file.path.open("a") as file:
        file.write('[privacy]\ntranscripts = "drop"\n')
    study = load_study(study.file.path, BY_NAME)
    store = Store(study.folder.working, STAGES)
    plans = plan_stages(study.file, setting_of(study))
    store.begin_run("1", study.file.digest, plans)
    failed, waiting = clip_id(0, 0), clip_id(1, 0)
    with store.change():
        store.tables.connection.execute("UPDATE sources SET kind = 'url'")
    for name, reason in ((failed, Reason.REMOVED), (waiting, Reason.NETWORK)):
        store.save(plans[0], Outcome(name, reason=reason))
    keeper = Keeper(study, store, plans)
    keeper.minimise_rest()
    texts = {row.clip_id: row.text for row in store.tables.read(TranscriptRow)}
    store.close()
    assert texts[failed] == DROPPED
    assert texts[waiting] == words_of(1, 0)
    assert keeper.has_deleted


def test_status_shows_a_study_whose_key_is_destroyed(study: Study) -> None:
    before = study_status(study)
    key = key_for(study.file.name)
    destroy_key(study.file.name)
    try:
        assert study_status(study) == before
    finally:  # other tests use it
        from pipeline.study.keys import key_folder

        (key_folder() / f"{study.file.name}.gone").unlink()
        (key_folder() / f"{study.file.name}.key").write_bytes(key)


@pytest.mark.slow
def test_posts_of_an_opted_out_author_are_not_asked_for_where_the_url_tells_whose_they_are(tmp_path: Path) -> None:
    with crowd(tmp_path) as (_, way):
        study = collecting_study(tmp_path / "study", way["proxy"], post_urls(1))
        collect(study)
        opt_out(study, read_author("@ann"), COLLECTING)
        Crowd.log.clear()
        collect(collecting_study(tmp_path / "study", way["proxy"], post_urls(3)))
        assert Crowd.log == []
    assert rows(study, "SELECT count(*) FROM clips") == [(0,)]


@pytest.mark.slow
def test_posts_whose_author_only_the_platform_tells_leave_no_byte(tmp_path: Path) -> None:
    with crowd(tmp_path) as (_, way):
        study = collecting_study(tmp_path / "study", way["proxy"], post_urls(1))
        collect(study)
        opt_out(study, read_author("tiktok:@68"), COLLECTING)
        assert rows(study, "SELECT count(*) FROM clips") == [(0,)]
        collect(collecting_study(tmp_path / "study", way["proxy"], post_urls(3)))
    assert rows(study, "SELECT count(*) FROM clips") == [(0,)]
    assert list(study.folder.media.iterdir()) == []
    for path in (study.folder.working, study.folder.published):
        assert str(FIRST_ID + 2).encode() not in path.read_bytes()
