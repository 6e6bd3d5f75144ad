"""Forgetting: the bytes are gone from every file, all other rows are as they were, and nothing comes back."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from pipeline.errors import StudyBusy, UserError
from pipeline.privacy import forget as forget_module
from pipeline.privacy.forget import forget, opt_out
from pipeline.privacy.subjects import Named, read_author, read_clip
from pipeline.research.bench.generated import generate
from pipeline.results.export.build import ExportOptions, export_study
from pipeline.results.export.levels import Level
from pipeline.results.study import StudyReader
from pipeline.run.ingest import import_into
from pipeline.sources.formats import Hints
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.compact import copy_database
from pipeline.store.database_files import SPARE
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from pipeline.study.folder import work_name
from pipeline.study.keys import destroy_key, key_for
from pipeline.study.lock import held
from tests.support.people_study import (
    AUTHORS,
    POSTS_EACH,
    author_id,
    caption_of,
    clip_id,
    people_study,
    post_id,
    secrets_of,
    take_in,
    words_of,
    write_posts,
)

LIMIT_S = 60.0  # for 20 authors of a study of 2,000 clips


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return people_study(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def study(whole: Study, tmp_path: Path) -> Study:
    shutil.copytree(whole.file.path.parent, tmp_path, dirs_exist_ok=True)
    return load_study(tmp_path / whole.file.path.name, BY_NAME)


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def files_with(folder: Path, texts: list[str]) -> dict[str, list[str]]:
    """Files that hold any of the texts, or bear it in their names: a plain search, apart from the one under test."""
    found: dict[str, list[str]] = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes() + str(path.relative_to(folder)).encode()
        for text in texts:
            raw = text.encode()
            ways = {raw, json.dumps(text)[1:-1].encode(), quote(text, safe="").encode(), raw.hex().encode()}
            if any(way in content or way.upper() in content for way in ways):
                found.setdefault(text, []).append(path.name)
    return found


@pytest.mark.slow
def test_after_forgetting_the_study_is_intact_and_published(study: Study) -> None:
    forget(study, read_author(AUTHORS[0]))
    with Store(study.folder.working, STAGES) as store:
        assert not store.unpublished


def test_an_author_is_gone_from_every_file_and_all_other_rows_are_as_they_were(study: Study) -> None:
    secrets = secrets_of(0)
    before = files_with(study.folder.root, secrets)
    assert set(before) == set(secrets) - {AUTHORS[0]}, "the search finds what is there"
    assert all("study.duckdb" in before[words_of(0, post)] for post in range(POSTS_EACH))
    found = forget(study, read_author(f"@{AUTHORS[0]}"))
    assert files_with(study.folder.root, [*secrets, author_id(0)]) == {}
    assert found.proven
    assert found.others_before == found.others_after
    assert (found.clips, found.authors) == (POSTS_EACH, 1)
    assert found.rows["words"] == POSTS_EACH * len(words_of(0, 0).split())
    assert len(rows(study, "FROM clips")) == (len(AUTHORS) - 1) * POSTS_EACH
    assert len(files_with(study.folder.root, secrets_of(1))) == len(secrets_of(1)) - 1, "the others are still there"
    assert study.folder.audio_path(clip_id(1, 0)).exists()


def test_deleting_rows_alone_leaves_the_bytes(study: Study) -> None:
    """Why the database is rewritten."""
    with duckdb.connect(str(study.folder.working)) as connection:
        connection.execute("DELETE FROM segments")
        connection.execute("DELETE FROM transcripts")
        connection.execute("DELETE FROM platform_captions")
        connection.execute("VACUUM")
        connection.execute("FORCE CHECKPOINT")
    assert words_of(0, 0).encode() in study.folder.working.read_bytes()


@pytest.mark.slow
def test_an_author_is_found_by_the_stored_pseudonym_where_no_source_is_left(study: Study) -> None:
    ((key,),) = rows(study, f"SELECT author_key FROM clips WHERE clip_id = '{clip_id(2, 0)}'")
    (study.file.path.parent / "posts.csv").unlink()
    assert forget(study, read_author(key)).clips == POSTS_EACH
    assert files_with(study.folder.root, [*secrets_of(2), key]) == {}


@pytest.mark.slow
def test_one_post_goes_and_the_others_of_its_author_stay(study: Study) -> None:
    found = forget(study, read_clip(f"https://www.tiktok.com/@x/video/{post_id(0, 1)}"))
    assert (found.clips, found.authors, found.proven) == (1, 0, True)
    assert files_with(study.folder.root, [clip_id(0, 1), post_id(0, 1), words_of(0, 1), caption_of(0, 1)]) == {}
    assert len(rows(study, f"FROM clips WHERE clip_id IN ('{clip_id(0, 0)}', '{clip_id(0, 2)}')")) == 2


@pytest.mark.slow
def test_nothing_of_them_comes_back_from_the_sources(study: Study) -> None:
    forget(study, read_author(AUTHORS[0]))
    store = Store(study.folder.working, STAGES)
    take_in(study, store)
    store.publish(study.folder.published)
    store.close()
    assert len(rows(study, "FROM clips")) == (len(AUTHORS) - 1) * POSTS_EACH
    assert files_with(study.folder.root, secrets_of(0)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("way", [AUTHORS[0], AUTHORS[0].upper(), f"https://www.tiktok.com/@{AUTHORS[0]}"])
def test_new_posts_of_a_forgotten_author_are_not_taken_in(study: Study, way: str) -> None:
    forget(study, read_author(way))
    posts = study.file.path.parent / "posts.csv"
    write_posts(posts, range(len(AUTHORS)), posts=POSTS_EACH + 1)
    store = Store(study.folder.working, STAGES)
    take_in(study, store)
    store.publish(study.folder.published)
    store.close()
    found = {name for (name,) in rows(study, "SELECT clip_id FROM clips")}
    assert found == {clip_id(author, post) for author in (1, 2, 3) for post in range(POSTS_EACH + 1)}


@pytest.mark.slow
def test_the_receipt_names_nobody_and_says_what_was_not_reached(study: Study) -> None:
    found = forget(study, read_author(AUTHORS[0]))
    assert found.receipt is not None
    text = found.receipt.read_text(encoding="utf-8")
    assert not [secret for secret in [*secrets_of(0), author_id(0)] if secret in text]
    receipt = json.loads(text)
    assert receipt["clips"] == POSTS_EACH
    assert receipt["scan"]["found"] == {}
    assert receipt["scan"]["needles"] > 10
    assert receipt["scan"]["database"] == "searched without compression"
    assert receipt["all_other_rows"]["changed"] == []
    assert receipt["sources_still_naming_them"] == ["export 1"]
    assert any("backups" in place for place in receipt["not_reached"])


@pytest.mark.slow
def test_exports_that_hold_a_clip_go_and_the_others_stay(study: Study) -> None:
    made = {level: export_study(study, ExportOptions(level)).folder for level in (Level.SHAREABLE, Level.RESTRICTED)}
    ids = export_study(study, ExportOptions(Level.IDS_ONLY, "csv")).folder
    forget(study, read_author(AUTHORS[3]))
    later = export_study(study, ExportOptions(Level.RESTRICTED)).folder
    other, broken = study.folder.root / "exports" / "notes", study.folder.root / "exports" / ".x-restricted.part-1"
    for folder in (other, broken):
        folder.mkdir()
        (folder / "a.txt").write_text("my own")
    found = forget(study, read_author(AUTHORS[0]))
    assert not ids.exists()
    assert not any(folder.exists() for folder in made.values())
    assert not later.exists()
    assert not broken.exists()
    assert other.exists()
    assert later.name in found.erased.exports


@pytest.mark.slow
def test_an_export_without_the_clip_stays(study: Study) -> None:
    forget(study, read_clip(clip_id(0, 0)))
    kept = [
        export_study(study, ExportOptions(level, ids="one")).folder for level in (Level.SHAREABLE, Level.RESTRICTED)
    ]
    assert forget(study, read_clip(clip_id(0, 0))).erased.exports == []
    assert all(folder.exists() for folder in kept)
    assert len(forget(study, read_clip(clip_id(0, 1))).erased.exports) == 2


@pytest.mark.slow
def test_report_and_rejected_rows_that_hold_them_go(study: Study) -> None:
    (study.folder.root / "report").mkdir()
    (study.folder.root / "report" / "clips.js").write_text(json.dumps(caption_of(0, 0)))
    (study.folder.root / "rejects").mkdir()
    (study.folder.root / "rejects" / "theirs.csv").write_text(f"line,reason,{AUTHORS[0]}")
    (study.folder.root / "rejects" / "others.csv").write_text(f"line,reason,{AUTHORS[1]}")
    study.folder.working.with_name(SPARE).write_bytes(study.folder.published.read_bytes())
    found = forget(study, read_author(AUTHORS[0]))
    assert not (study.folder.root / "report").exists()
    assert [path.name for path in (study.folder.root / "rejects").iterdir()] == ["others.csv"]
    assert not study.folder.working.with_name(SPARE).exists()
    assert found.erased.files["report"] == found.erased.files["rejected rows"] == 1
    assert found.proven


@pytest.mark.slow
def test_what_is_left_by_mistake_is_found(study: Study) -> None:
    (study.folder.root / "notes.txt").write_text(f"listen to {clip_id(0, 0)}")
    found = forget(study, read_author(AUTHORS[0]))
    assert not found.proven
    assert list(found.scan.found) == ["notes.txt"]


@pytest.mark.slow
def test_others_who_say_the_same_or_name_them_keep_their_rows_and_are_counted(study: Study) -> None:
    store = Store(study.folder.working, STAGES)
    with store.change():
        store.tables.connection.execute(f"UPDATE clips SET sound_title = 'original sound - {AUTHORS[0]}' "
                                        f"WHERE clip_id = '{clip_id(1, 0)}'")  # fmt: skip
    store.close()
    found = forget(study, read_author(AUTHORS[0]))
    assert found.proven
    assert found.named_by_others == {"handle in clips.sound_title": 1}


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["rebuild", "remove_published"])
def test_after_a_crash_the_same_command_ends_what_was_begun(
    study: Study, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forget_module, moment, crash)
        with pytest.raises(KeyboardInterrupt):
            forget(study, read_author(AUTHORS[0]))
    again = forget(study, read_author(AUTHORS[0]))
    assert again.proven
    assert again.receipt is not None
    assert files_with(study.folder.root, secrets_of(0)) == {}
    assert len(rows(study, "FROM clips")) == (len(AUTHORS) - 1) * POSTS_EACH


def test_whoever_the_study_never_held_changes_nothing(study: Study) -> None:
    before = study.folder.working.read_bytes()
    with pytest.raises(UserError, match="cliptone optout"):
        forget(study, read_author("@somebody.else"))
    with pytest.raises(UserError, match="cliptone optout"):
        forget(study, read_clip("tiktok:7399999999999999999"))
    assert study.folder.working.read_bytes() == before
    assert study.folder.audio_path(clip_id(0, 0)).exists()


def test_a_study_that_a_run_holds_is_left_alone(study: Study) -> None:
    with held(study.folder), pytest.raises(StudyBusy):
        forget(study, read_author(AUTHORS[0]))
    assert study.folder.audio_path(clip_id(0, 0)).exists()


@pytest.mark.slow
def test_opting_out_forgets_what_is_there_and_leaves_tombstones_for_the_rest(study: Study) -> None:
    named = read_author(AUTHORS[0]) | read_author("@never.seen.before") | read_clip("tiktok:7399999999999999999")
    found = opt_out(study, named)
    assert (found.clips, found.proven) == (POSTS_EACH, True)
    assert found.receipt is not None
    assert found.receipt.name.startswith("optout-")
    assert files_with(study.folder.root, [*secrets_of(0), "never.seen.before", "7399999999999999999"]) == {}
    assert {cause for (cause,) in rows(study, "SELECT cause FROM tombstones")} == {"opt_out"}


def test_opting_out_people_that_the_study_does_not_know_rewrites_nothing(study: Study) -> None:
    found = opt_out(study, read_author("@never.seen.before"))
    assert found.receipt is None
    assert len(rows(study, "FROM clips")) == len(AUTHORS) * POSTS_EACH
    count = rows(study, "SELECT count(*) FROM tombstones")
    opt_out(study, read_author("@never.seen.before"))
    assert rows(study, "SELECT count(*) FROM tombstones") == count, "twice is once"


def test_posts_of_whoever_opted_out_before_the_study_knew_them_are_not_imported(study: Study, tmp_path: Path) -> None:
    opt_out(study, read_author("@new.person") | read_clip("tiktok:7399999999999999992"))
    posts = {"7399999999999999991": "New.Person", "7399999999999999992": "other", "7399999999999999993": "other"}
    lines = ["platform,id,author", *(f"tiktok,{post},{author}" for post, author in posts.items())]
    (tmp_path / "later.csv").write_text("\n".join(lines), encoding="utf-8")
    import_into(study, tmp_path / "later.csv", Hints(), False)
    found = rows(study, "SELECT clip_id FROM clips WHERE clip_id LIKE 'tiktok:7399%'")
    assert found == [("tiktok:7399999999999999993",)]


@pytest.mark.slow
def test_without_the_key_it_refuses_and_once_that_is_destroyed_posts_can_still_go(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_for(study.file.name)
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "elsewhere"))
    with pytest.raises(UserError, match="CLIPTONE_KEYS"):
        forget(study, read_clip(clip_id(0, 0)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / f"{study.file.name}.key").write_bytes(key)
    destroy_key(study.file.name)
    assert forget(study, read_clip(clip_id(0, 0))).proven
    assert files_with(study.folder.root, [clip_id(0, 0), words_of(0, 0)]) == {}


@pytest.mark.slow
def test_f16_twenty_authors_of_two_thousand_clips_within_a_minute(tmp_path: Path, tell: Callable[[str], None]) -> None:
    study = generate(tmp_path, 2_000)
    reader = StudyReader(study.folder.published)
    chosen = reader.sql(
        "SELECT author_key, list(clip_id) AS clips FROM clips GROUP BY 1 ORDER BY hash(author_key) LIMIT 20"
    )
    gone = [name for names in chosen["clips"] for name in names]
    texts = reader.sql(
        "SELECT text FROM transcripts WHERE text IS NOT NULL AND list_contains($gone, clip_id)", gone=gone
    )
    reader.close()
    secrets = [*gone, *map(work_name, gone), *texts["text"]]
    proof = study.folder.root / "proof.duckdb"
    copy_database(study.folder.working, proof, compressed=False)
    assert len(files_with(study.folder.root, secrets)) > len(gone), "they are there before"
    proof.unlink()
    named = Named()
    for author in chosen["author_key"]:
        named |= read_author(author)
    began = time.monotonic()
    found = forget(study, named)
    seconds = time.monotonic() - began
    assert seconds < LIMIT_S
    assert found.proven
    assert found.others_before == found.others_after
    assert (found.clips, found.authors) == (len(gone), 20)
    copy_database(study.folder.working, proof, compressed=False)
    assert files_with(study.folder.root, secrets) == {}
    tell(
        f"20 authors of 2,000 clips forgotten in {seconds:.0f} s: {len(gone)} clips, 0 of {len(secrets)} texts left, "
        "the hash of all other rows unchanged"
    )


def old_card(study: Study, *ids: str) -> Path:
    """The card of a head as an older version wrote it, with ids of clips that were left out."""
    card = study.folder.heads / "warmth" / "card.md"
    card.parent.mkdir(parents=True)
    named = ", ".join(f"line {line}: {one}" for line, one in enumerate(ids, start=2))
    card.write_text(f"# Tone\n\nLeft out: {len(ids)} × no speech region lies there ({named}).\n", encoding="utf-8")
    return card


@pytest.mark.slow
def test_a_card_of_an_older_version_is_rewritten_without_ids(study: Study) -> None:
    card = old_card(study, clip_id(0, 0), clip_id(1, 1))
    found = forget(study, read_clip(clip_id(0, 0)))
    assert found.proven
    assert found.cards == ("heads/warmth/card.md",)
    assert card.read_text(encoding="utf-8") == "# Tone\n\nLeft out: 2 × no speech region lies there.\n"


def test_a_card_is_rewritten_for_whoever_the_study_holds_nothing_else_of(study: Study) -> None:
    card = old_card(study, "tiktok:7399999999999999999")
    assert opt_out(study, read_clip("tiktok:7399999999999999999")).cards == ("heads/warmth/card.md",)
    assert "7399" not in card.read_text(encoding="utf-8")


@pytest.mark.slow
def test_exports_elsewhere_are_named_when_they_hold_them_or_are_not_found(
    study: Study, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home, away = study.file.path.parent / "handed on", tmp_path_factory.mktemp("away") / "1" / "2" / "3" / "4"
    export_study(study, ExportOptions(Level.RESTRICTED, folder=home / "one"))
    export_study(study, ExportOptions(Level.IDS_ONLY, "csv", folder=away / "deep" / "two"))
    for path in study.folder.root.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"handed on" not in content, path
        assert str(away).encode() not in content, path
    found = forget(study, read_clip(clip_id(0, 0)))
    assert found.elsewhere.affected == (home / "one",)
    assert [one.level for one in found.elsewhere.not_found] == ["ids-only"]
    assert (home / "one").is_dir(), "what lies in a folder of one's own is named, never deleted"
    assert found.receipt is not None
    assert json.loads(found.receipt.read_text())["exports_elsewhere"] == {"affected": 1, "not_found": 1}
    again = forget(study, read_clip(clip_id(1, 0)), look_in=(away,))
    assert again.elsewhere.affected == (away / "deep" / "two", home / "one")
    assert again.elsewhere.not_found == ()
    assert forget(study, read_clip(clip_id(0, 0)), look_in=(away,)).proven
