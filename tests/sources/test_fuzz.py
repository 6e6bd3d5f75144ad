"""Whatever a file of the researcher's holds, study file to lexicon: values, or one sentence; never anything else."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.analysis.text.lexicon import KEYS, plain, read_lexicon
from pipeline.errors import UserError
from pipeline.results.evaluation import labels
from pipeline.sources.platforms.captions import read_webvtt, tracks_of
from pipeline.sources.post_urls import post_of_url
from pipeline.sources.read import read_sources
from pipeline.sources.sidecars import COLUMNS, read_info, read_sidecar
from pipeline.stages import BY_NAME
from pipeline.study.config import load_study
from tests.support.hostile_strategies import (
    FUZZING,
    TEXTS,
    check_sentence,
    documents,
    numbers,
    tables,
    texts,
)

STUDY_KEYS = (
    "schema", "name", "sources", "filters", "privacy", "run", "download", "audio", "folder", "glob", "urls", "url_file",
    "export", "listing", "sidecar", "columns", "workers", "models", "profile", "proxy",
)  # fmt: skip
CUES = (
    "WEBVTT", "00:00:01.000 --> 00:00:02.000", "00:01,000 --> 00:00,500", "99:99:99.999 --> 1", "<c>a</c>",
    "<00:00:01.000>b", "NOTE", "STYLE", "1", "", "--> -->", "00:00:01.000 --> 00:00:02.000 align:start",
)  # fmt: skip


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def toml(value: object) -> str:
    """A value in the notation of TOML, right or nearly so."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return "1" if value is None else json.dumps(value)


@given(st.one_of(st.binary(max_size=1_000).map(lambda raw: raw.decode("utf-8", "surrogateescape")), texts))
@example("x = " + "[" * 100_000)
@example("x = " + "9" * 5_000)
@example("x = " + "{a=" * 5_000)
@FUZZING
def test_any_text_as_a_study_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape") if "\ud800" not in text and "\udfff" not in text else b"")
    with pytest.raises(UserError, match=r"study\.toml"):
        load_study(path, BY_NAME)


@given(st.dictionaries(st.sampled_from(STUDY_KEYS), documents(STUDY_KEYS), max_size=8))
@FUZZING
def test_study_files_of_our_own_keys(tmp_path: Path, content: dict[str, object]) -> None:
    lines = [f"{key} = {toml(value)}" for key, value in {"schema": 1, "name": "x", **content}.items()]
    path = written(tmp_path / "study.toml", "\n".join(lines))
    try:
        study = load_study(path, BY_NAME)
        assert study.folder.root.resolve().is_relative_to(tmp_path.resolve())
        read_sources(study)
    except UserError as error:
        check_sentence(error)


@given(st.sampled_from(("folder", "glob", "url_file", "export", "urls", "listing", "sidecar")), texts)
@FUZZING
def test_sources_with_hostile_names(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "clips").mkdir(exist_ok=True)
    (tmp_path / "clips" / "a.mp4").write_bytes(b"x")
    value = json.dumps([text] if kind == "urls" else text)
    other = 'folder = "clips"\n' if kind == "sidecar" else ""
    path = written(tmp_path / "study.toml", f'schema = 1\nname = "x"\n[[sources]]\n{other}{kind} = {value}\n')
    try:
        for sourced_post in read_sources(load_study(path, BY_NAME)).sourced_posts:
            sourced_post.clip_id.encode()
            assert sourced_post.source.kind == "url" or Path(sourced_post.source.location).is_file()
    except UserError as error:
        check_sentence(error)


def test_the_name_of_a_study_is_no_path(tmp_path: Path) -> None:
    for text in TEXTS:
        path = written(
            tmp_path / "study.toml", f"schema = 1\nname = {json.dumps(text)}\n[[sources]]\nurls = ['https://a.b/c']\n"
        )
        try:
            study = load_study(path, BY_NAME)
        except UserError:
            continue
        assert study.folder.root.parent == tmp_path / "outputs"


@given(st.lists(st.dictionaries(st.sampled_from((*KEYS, "x")), st.one_of(texts, numbers), max_size=5), max_size=4))
@FUZZING
def test_lexicons_in_toml(tmp_path: Path, entries: list[dict[str, object]]) -> None:
    tables = ["[[terms]]\n" + "\n".join(f"{key} = {toml(value)}" for key, value in entry.items()) for entry in entries]
    _lexicon(written(tmp_path / "lexicon.toml", "\n".join(tables)))


@given(tables((*KEYS, "x")))
@FUZZING
def test_lexicons_in_csv(tmp_path: Path, rows: list[list[str]]) -> None:
    _lexicon(written(tmp_path / "lexicon.csv", _csv(rows)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.toml", "x = " + "[" * 50_000),
        ("a.toml", "terms = [" + "9" * 5_000 + "]"),
        ("a.csv", "term\n" + "x" * 200_000),
        ("a.csv", 'term\n"a'),
        ("a.csv", "term\na\0b"),
        ("a.csv", "term,kind\n(?P<a,regex"),
        ("a.csv", "term,kind\n" + "(" * 10_000 + ",regex"),
    ],
)
def test_lexicons_that_break_readers(tmp_path: Path, name: str, content: str) -> None:
    _lexicon(written(tmp_path / name, content))


def _lexicon(path: Path) -> None:
    try:
        for term in read_lexicon(path).terms:
            assert term.label
    except UserError as error:
        check_sentence(error, path.name)


@given(tables(labels.COLUMNS))
@FUZZING
def test_labels(tmp_path: Path, rows: list[list[str]]) -> None:
    try:
        found = labels.read_labels(written(tmp_path / "labels.csv", _csv(rows)))
    except UserError as error:
        check_sentence(error)
        return
    for label in found.labels:
        assert label.start_s is None or (label.end_s is not None and 0 <= label.start_s < label.end_s)
        assert all(0 <= value <= 1 for value in label.dimensions.values())
    assert all(left.line >= 2 for left in found.left_out)


@given(tables(COLUMNS))
@FUZZING
def test_sidecars(tmp_path: Path, rows: list[list[str]]) -> None:
    try:
        found = read_sidecar(written(tmp_path / "posts.csv", _csv(rows)))
    except UserError as error:
        check_sentence(error, "posts.csv")
        return
    for name in found.rows:
        assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve()), name


@pytest.mark.parametrize(
    "name", ["../a.mp4", "/etc/passwd", "a/../../b.mp4", "C:\\a.mp4", "..\\a.mp4", "\\\\host\\a", "a\0b"]
)
def test_a_sidecar_cannot_name_a_file_of_another_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="line 2"):
        read_sidecar(written(tmp_path / "posts.csv", f"file,platform,id\n{name},tiktok,7312345678901234567\n"))


@given(documents(("id", "title", "description", "extractor_key", "duration", "uploader", "timestamp", "view_count")))
@FUZZING
def test_descriptions_beside_media(tmp_path: Path, value: object) -> None:
    written(tmp_path / "a.info.json", json.dumps(value))
    try:
        read_info(tmp_path / "a.mp4", "folder 1")
    except UserError as error:
        check_sentence(error, "a.info.json")


@pytest.mark.slow
@given(st.lists(st.one_of(st.sampled_from(CUES), texts), max_size=30).map("\n".join))
@example("WEBVTT\n\n" + "9" * 5_000 + ":00:01.000 --> 00:00:02.000\nx")
@example("<" * 50_000)
@example("WEBVTT\n\n" + "00:00:01.000 --> 00:00:02.000\n" + "<" * 50_000)
@example("&" * 20_000)
@FUZZING
def test_captions(text: str) -> None:
    for line in read_webvtt(text):
        assert 0 <= line.start_s <= line.end_s < math.inf
        assert line.text
        assert "\n" not in line.text


@given(documents(("subtitles", "automatic_captions", "en", "de-orig", "ext", "url", "language"), ("vtt", "srt")))
@FUZZING
def test_tracks_of_captions(value: object) -> None:
    info = value if isinstance(value, dict) else {"subtitles": value}
    for track in tracks_of(info):
        assert isinstance(track.url, str)


@given(texts)
@FUZZING
def test_urls(text: str) -> None:
    platform, post_id = post_of_url(f"https://www.tiktok.com/@a/video/{text}")
    assert platform in {None, "tiktok"}
    assert post_id is None or post_id.isalnum()


@given(texts)
@FUZZING
def test_plain_forms(text: str) -> None:
    form = plain(text)
    assert len(form.text) == len(form.starts) == len(form.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(form.starts, form.ends, strict=True))


def _csv(rows: list[list[str]]) -> str:
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue()
