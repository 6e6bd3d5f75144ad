"""Studies of one name: each has results and a key of its own, and what was begun before goes on with its key."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import open_study
from pipeline.errors import ConfigError, UserError
from pipeline.stages import BY_NAME
from pipeline.study import binding, identity, keys
from pipeline.study.binding import destroy_key, key_of, key_or_stand_in, move_key, other_studies, state, study_key
from pipeline.study.config import Study, load_study
from tests.conftest import write_study

CLIPS = '[[sources]]\nfolder = "clips"\n'


@pytest.fixture(autouse=True)
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


def study_in(folder: Path, body: str = CLIPS, name: str = "pilot") -> Study:
    folder.mkdir(exist_ok=True)
    return load_study(write_study(folder, body, name), BY_NAME)


def begun_before(folder: Path) -> Study:
    """A study that an older version ran: it has results, and no identity."""
    study = study_in(folder)
    study.folder.working.parent.mkdir(parents=True)
    study.folder.working.write_bytes(b"results")
    return study


# ---------------------------------------------------------------- keys


def test_two_projects_of_one_name_have_two_keys(tmp_path: Path) -> None:
    one, two = study_in(tmp_path / "one"), study_in(tmp_path / "two")
    first = key_of(one)
    assert key_of(two) not in (None, first)
    assert key_of(one) == first
    assert state(one.folder).path.name == "pilot.key"
    destroy_key(two.folder)
    assert key_of(one) == first
    assert state(two.folder).state == "destroyed"


def test_a_project_that_never_ran_cannot_destroy_or_move_the_key_of_another(tmp_path: Path) -> None:
    one, two = study_in(tmp_path / "one"), study_in(tmp_path / "two")
    before = begun_before(tmp_path / "before")
    first = keys.key_for("pilot")
    for known in (False, True):
        if known:
            assert key_of(one) == first
        with pytest.raises(UserError, match="'pilot'"):
            destroy_key(two.folder)
        with pytest.raises(UserError, match="'pilot'"):
            move_key(two.folder, tmp_path / "safe")
    assert key_of(before) == first


def test_what_was_begun_before_goes_on_with_the_key_of_its_name(tmp_path: Path) -> None:
    first = keys.key_for("pilot")
    old = [begun_before(tmp_path / name) for name in ("one", "two")]
    assert [key_of(study) for study in old] == [first, first]
    assert key_of(study_in(tmp_path / "new")) != first
    assert other_studies(old[0].folder) == [old[1].folder.root]
    with pytest.raises(UserError, match=re.escape(str(old[1].folder.root))):
        destroy_key(old[0].folder)
    assert key_of(old[1]) == first
    destroy_key(old[0].folder, shared=True)
    with pytest.raises(UserError, match="destroyed"):
        key_of(old[1])


def test_a_study_is_itself_by_whatever_path_it_is_reached(tmp_path: Path) -> None:
    study = study_in(tmp_path / "one")
    key = key_of(study)
    study.folder.work.mkdir(parents=True, exist_ok=True)
    (tmp_path / "link").symlink_to(tmp_path / "one", target_is_directory=True)
    (tmp_path / "two").mkdir()
    for way in (tmp_path / "two" / ".." / "one", tmp_path / "link"):
        again = load_study(way / study.file.path.name, BY_NAME)
        assert other_studies(again.folder) == []
        shutil.rmtree(study.folder.root)
        assert key_of(again) == key, "as where results are deleted and made again"
        again.folder.work.mkdir(parents=True, exist_ok=True)


def test_no_second_key_is_made_where_the_first_is_gone(
    tmp_path: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, first = study_in(tmp_path / "one"), key_of(study_in(tmp_path / "one"))
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "empty"))
    for _ in range(2):
        with pytest.raises(UserError, match="CLIPTONE_KEYS"):
            key_of(study)
        with pytest.raises(UserError, match="CLIPTONE_KEYS"):
            key_or_stand_in(study)
    with pytest.raises(UserError, match="CLIPTONE_KEYS"):
        key_of(begun_before(tmp_path / "old"))
    assert not (tmp_path / "empty").exists()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "pilot.key").write_bytes(b"another")
    with pytest.raises(UserError, match=r"empty.pilot\.key"):
        key_of(study)
    monkeypatch.setenv("CLIPTONE_KEYS", str(key_folder))
    assert key_of(study) == first


def test_a_moved_key_is_found_by_every_study_that_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keys.key_for("pilot")
    old = [begun_before(tmp_path / name) for name in ("one", "two")]
    for study in old:
        key_of(study)
    move_key(old[0].folder, tmp_path / "safe")
    with pytest.raises(UserError, match="safe"):
        key_of(old[1])
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "safe"))
    assert [key_of(study) for study in old] == [first, first]
    assert other_studies(old[1].folder) == [old[0].folder.root]


def test_a_project_that_moved_or_was_copied_keeps_its_key(tmp_path: Path) -> None:
    first = key_of(study_in(tmp_path / "one"))
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    shutil.move(tmp_path / "one", tmp_path / "moved")
    moved, copy = study_in(tmp_path / "moved"), study_in(tmp_path / "copy")
    assert (key_of(moved), key_of(copy)) == (first, first)
    assert other_studies(moved.folder) == [copy.folder.root]
    assert destroy_key(moved.folder).state == "destroyed", "a copy is the same study"


def test_another_output_of_the_same_study_file_has_the_same_key(tmp_path: Path) -> None:
    first = key_of(study_in(tmp_path / "one"))
    again = study_in(tmp_path / "one", f'output = "again"\n{CLIPS}')
    assert key_of(again) == first
    assert [root.name for root in other_studies(again.folder)] == ["pilot"]


def test_results_that_were_deleted_and_made_again_in_their_place_have_the_same_key(tmp_path: Path) -> None:
    study = study_in(tmp_path / "one")
    first = key_of(study)
    shutil.rmtree(study.folder.root)
    assert key_of(study) == first


def test_shards_use_the_key_of_the_whole_study(tmp_path: Path) -> None:
    from pipeline.study.shard import Shard

    study = study_in(tmp_path / "one")
    part = study.of_shard(Shard(4, 2))
    assert key_of(part) == key_of(study)
    assert identity.read(part.folder) == identity.read(study.folder)


def test_a_study_that_keeps_ids_needs_no_key_until_an_export_does(tmp_path: Path) -> None:
    study = study_in(tmp_path / "one", f"{CLIPS}[privacy]\npseudonymise = false\n")
    assert key_of(study) is None
    assert state(study.folder).state == "none"
    study.folder.working.write_bytes(b"results")
    assert key_or_stand_in(study) == study_key(study.folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["run", "delete", "destroy"])), max_size=8))
def test_no_order_of_commands_gives_two_projects_one_key_or_one_project_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commands: list[tuple[str, str]]
) -> None:
    home = tmp_path / os.urandom(4).hex()
    home.mkdir()
    monkeypatch.setenv("CLIPTONE_KEYS", str(home / "keys"))
    had: dict[str, bytes | None] = {}
    destroyed: set[str] = set()
    for name, command in commands:
        study = study_in(home / name)
        if command == "delete":
            shutil.rmtree(study.folder.root, ignore_errors=True)
        elif command == "run" and name in destroyed:
            with pytest.raises(UserError, match="destroyed"):
                key_of(study)
        elif command == "run":
            key = key_of(study)
            study.folder.working.write_bytes(b"results")
            assert had.setdefault(name, key) == key
        elif command == "destroy" and identity.read(study.folder) is not None and name not in destroyed:
            destroy_key(study.folder)
            destroyed.add(name)
    assert len(set(had.values())) == len(had)


# ---------------------------------------------------------------- results


def test_results_are_not_mixed_with_those_of_another_study_file(tmp_path: Path) -> None:
    first = study_in(tmp_path / "one")
    key_of(first)
    other = tmp_path / "one" / "other.toml"
    other.write_text(first.file.path.read_text().replace("clips", "more"))
    for opened in (lambda: load_study(other, BY_NAME), lambda: open_study(other)):
        with pytest.raises(ConfigError, match=r"pilot\.toml.*other\.toml"):
            opened()
    other.write_text(first.file.path.read_text().replace("pilot", "other").replace("clips", "more"))
    assert load_study(other, BY_NAME).folder.root != first.folder.root


def test_a_study_file_may_change_be_renamed_or_have_a_variant(tmp_path: Path) -> None:
    first = study_in(tmp_path / "one")
    key_of(first)
    study_in(tmp_path / "one", CLIPS.replace("clips", "more"))  # the same file, changed
    variant = tmp_path / "one" / "variant.toml"
    variant.write_text(first.file.path.read_text() + "\n# the same sources\n")
    variant.write_text(variant.read_text().replace("clips", "more"))
    key_of(load_study(variant, BY_NAME))
    first.file.path.unlink()
    variant.write_text(variant.read_text().replace("more", "others"))
    renamed = load_study(variant, BY_NAME)
    assert key_of(renamed) == key_of(renamed)
    assert identity.read(renamed.folder) is not None
    assert identity.read(renamed.folder).study_file.endswith("variant.toml")  # type: ignore[union-attr]


def test_a_damaged_identity_is_named(tmp_path: Path) -> None:
    study = study_in(tmp_path / "one")
    key_of(study)
    path = study.folder.beside_working(identity.FILE)
    path.write_text("{")
    with pytest.raises(UserError, match=re.escape(str(path))):
        binding.state(study.folder)
