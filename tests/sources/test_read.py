"""Sources: files with sidecars and URLs become clips; ids stay text, empty cells stay unknown."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, UserError
from pipeline.records.post import Provenance, SourcedPost
from pipeline.sources.formats import BY_NAME as FORMATS
from pipeline.sources.formats.reading import digest
from pipeline.sources.post_urls import post_of_url
from pipeline.sources.read import Sources, read_sources, stamp
from pipeline.sources.sidecars import read_sidecar
from pipeline.stages import BY_NAME
from pipeline.study.config import load_study
from tests.conftest import write_study
from tests.support.paths import EXPORT_FIXTURES

ZEESCHUIMER = EXPORT_FIXTURES / "zeeschuimer.ndjson"


def sources_of(folder: Path, body: str) -> Sources:
    return read_sources(load_study(write_study(folder, body), BY_NAME))


def upsert_posts(folder: Path, body: str) -> list[SourcedPost]:
    return list(sources_of(folder, body).sourced_posts)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_a_folder_gives_its_media_in_order_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "sub/c.wav", "notes.txt", "b.info.json.bak"):
        touch(tmp_path / "clips" / name)
    found = upsert_posts(tmp_path, '[[sources]]\nfolder = "clips"\n')
    assert [clip.clip_id for clip in found] == ["file:a.MOV", "file:b.mp4", "file:sub/c.wav"]


def test_files_that_are_left_out_are_counted_and_named(tmp_path: Path) -> None:
    for name in ("a.MP4", "b.flv", "c.mp4.part", "sub/d.swf", "e.exe", ".DS_Store", "a.info.json", "a.jpg", "a.vtt"):
        touch(tmp_path / "clips" / name)
    sources = sources_of(tmp_path, '[[sources]]\nfolder = "clips"\n')
    assert [clip.clip_id for clip in sources.sourced_posts] == ["file:a.MP4", "file:b.flv"]
    (note,) = (note for note in sources.notes if "left out" in note)
    assert "3 files" in note
    assert all(name in note for name in ("c.mp4.part", "sub/d.swf", "e.exe", ".exe, .part, .swf"))


def test_a_glob_is_relative_to_the_study_file(tmp_path: Path) -> None:
    touch(tmp_path / "clips" / "x" / "one.mp4")
    touch(tmp_path / "clips" / "y" / "two.webm")
    found = upsert_posts(tmp_path, '[[sources]]\nglob = "clips/*/*.mp4"\n')
    assert [clip.clip_id for clip in found] == ["file:x/one.mp4"]


def test_a_clip_that_two_sources_list_is_one_clip_in_two_places(tmp_path: Path) -> None:
    touch(tmp_path / "clips" / "one.mp4")
    source = '[[sources]]\nfolder = "clips"\n'
    found = upsert_posts(tmp_path, source + source + '[[sources]]\nname = "again"\nglob = "clips/*.mp4"\n')
    assert {clip.clip_id for clip in found} == {"file:one.mp4"}
    assert [clip.place.source for clip in found] == ["folder 1", "folder 2", "again"]


def test_the_same_place_named_twice_comes_once(tmp_path: Path) -> None:
    url = "https://www.tiktok.com/@a/video/1"
    assert len(upsert_posts(tmp_path, f'[[sources]]\nurls = ["{url}", "{url}?lang=en"]\n')) == 1


@pytest.mark.parametrize("body", ['[[sources]]\nfolder = "none"\n', '[[sources]]\nglob = "none/*.mp4"\n'])
def test_a_source_without_files_is_a_mistake(tmp_path: Path, body: str) -> None:
    with pytest.raises(ConfigError, match="none"):
        upsert_posts(tmp_path, body)


def test_an_info_json_beside_the_file(tmp_path: Path) -> None:
    touch(tmp_path / "clips" / "v.mp4")
    info = {
        "id": "7312345678901234567", "extractor_key": "TikTok", "description": "hello #Bag", "timestamp": 1_760_000_000,
        "uploader": "ann", "uploader_id": "68", "view_count": 5, "like_count": None, "duration": 6,
        "formats": [{"url": "https://signed.example/secret"}], "epoch": 1_760_000_100,
    }  # fmt: skip
    (tmp_path / "clips" / "v.info.json").write_text(json.dumps(info))
    clip = upsert_posts(tmp_path, '[[sources]]\nfolder = "clips"\n')[0]
    assert clip.clip_id == "tiktok:7312345678901234567"
    assert clip.place == Provenance(
        "folder 1", digest(tmp_path / "clips" / "v.info.json"), 1, FORMATS["info_json"].version
    )
    assert clip.post.author_id == "68"
    assert clip.post.counts == {"views": 5}
    assert clip.post.posted_at == datetime.fromtimestamp(1_760_000_000, tz=UTC)
    assert "secret" not in repr(clip)


@pytest.mark.parametrize(
    "content", ["{broken", "[]", '{"_type": "playlist", "id": "1"}', '{"id": "x", "epoch": 1e300}']
)
def test_a_damaged_info_json_costs_its_clip_the_description_and_is_named(tmp_path: Path, content: str) -> None:
    for name in ("v", "w"):
        touch(tmp_path / "clips" / f"{name}.mp4")
    (tmp_path / "clips" / "v.info.json").write_text(content)
    found = sources_of(tmp_path, '[[sources]]\nfolder = "clips"\n')
    assert [one.clip_id for one in found.sourced_posts] == ["file:v.mp4", "file:w.mp4"]
    assert any("v.info.json" in note for note in found.notes)


def test_csv_cells(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "file,platform,id,caption,posted_at,views,likes,language\n"
        'a.mp4,tiktok,0007312345678901234,"I ❤️ this, שלום",2026-03-01T10:00:00+02:00,0,,he\n',
        encoding="utf-8",
    )
    row = read_sidecar(path).rows["a.mp4"]
    post = row.post
    assert row.number == 2
    assert post.language == "he"
    assert post.post_id == "0007312345678901234"
    assert post.caption == "I ❤️ this, שלום"
    assert post.posted_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert post.counts == {"views": 0}, "0 is a count, an empty cell is not"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("file,captoin\na.mp4,x\n", "captoin"),
        ("name,caption\na.mp4,x\n", "`file`"),
        ("file,views\na.mp4,many\n", "line 2"),
        ("file,posted_at\na.mp4,yesterday\n", "line 2"),
        ("file,caption\na.mp4,x\n,y\n", "line 3"),
        ("file,platform,id\na.mp4,tiktok,7.31E+18\n", r"line 2.*`id` .*7\.31E\+18"),
        ("file,platform,id\na.mp4,tiktok,../up\n", r"line 2.*'\.\./up'"),
        ("file,caption\na.mp4,one,two\n", "line 2: .* 3 .* 2"),
    ],
)
def test_a_wrong_csv_is_named_with_its_line(tmp_path: Path, text: str, wanted: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=wanted):
        read_sidecar(path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.tiktok.com/@ann.b/video/7312345678901234567?lang=en", ("tiktok", "7312345678901234567")),
        ("https://www.tiktokv.com/share/video/7312345678901234567/", ("tiktok", "7312345678901234567")),
        ("https://www.instagram.com/reel/Cxy_-12/", ("instagram", "Cxy_-12")),
        ("https://www.youtube.com/shorts/dQw4w9WgXcQ", ("youtube", "dQw4w9WgXcQ")),
        ("https://youtu.be/dQw4w9WgXcQ", ("youtube", "dQw4w9WgXcQ")),
        ("https://vm.tiktok.com/ZMabc/", (None, None)),
    ],
)
def test_the_post_behind_a_url(url: str, expected: tuple[str | None, str | None]) -> None:
    assert post_of_url(url) == expected


def test_urls_from_a_file_and_a_wrong_one(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("# mine\nhttps://www.tiktok.com/@a/video/1\n\nhttps://vm.tiktok.com/x/\n")
    found = upsert_posts(tmp_path, '[[sources]]\nurl_file = "urls.txt"\n')
    assert found[0].clip_id == "tiktok:1"
    assert found[1].clip_id.startswith("url:")
    assert [clip.place.file_row for clip in found] == [2, 4]
    assert found[0].place.file_sha256 == digest(tmp_path / "urls.txt")
    with pytest.raises(ConfigError, match="file:///etc"):
        upsert_posts(tmp_path, '[[sources]]\nurls = ["file:///etc/passwd"]\n')
    (tmp_path / "urls.txt").write_text("https://www.tiktok.com/@a/video/1\nwww.tiktok.com\n")
    (left,) = upsert_posts(tmp_path, '[[sources]]\nurl_file = "urls.txt"\n')
    assert left.clip_id == "tiktok:1"


def test_urls_from_a_csv_file_bring_what_its_other_columns_say(tmp_path: Path) -> None:
    (tmp_path / "urls.csv").write_text(
        "url,caption,views,note\nhttps://www.tiktok.com/@a/video/1,hello,5,x\n"
        "https://vm.tiktok.com/ZM/,,,\nhttps://example.org/,,,\n"
    )
    found = sources_of(tmp_path, '[[sources]]\nurl_file = "urls.csv"\n')
    first = next(found.sourced_posts)
    assert first.clip_id == "tiktok:1"
    assert (first.post.caption, first.post.counts) == ("hello", {"views": 5})
    (export,) = found.exports
    assert [reject.number for reject in export.result.rejects] == [4]
    (tmp_path / "urls.txt").write_text("https://vm.tiktok.com/ZM/\n")
    (listed,) = upsert_posts(tmp_path, '[[sources]]\nurl_file = "urls.txt"\n')
    _, short = found.sourced_posts
    assert listed.clip_id == short.clip_id, "a short link is the same clip in a text and in a CSV file"


def test_a_csv_file_with_other_columns_needs_their_names(tmp_path: Path) -> None:
    (tmp_path / "urls.csv").write_text("where,words\nhttps://www.tiktok.com/@a/video/1,hello\n")
    with pytest.raises(ConfigError, match=r"`url`.* where, words"):
        upsert_posts(tmp_path, '[[sources]]\nurl_file = "urls.csv"\n')
    body = '[[sources]]\nurl_file = "urls.csv"\ncolumns = { url = "where", caption = "words" }\n'
    assert upsert_posts(tmp_path, body)[0].post.caption == "hello"
    with pytest.raises(UserError, match=r" word.* where, words"):
        upsert_posts(tmp_path, body.replace('"words"', '"word"'))


def test_an_export_named_as_a_list_of_urls_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes((ZEESCHUIMER.parent / "4cat_instagram_csv.csv").read_bytes())
    with pytest.raises(ConfigError, match=r"x\.csv .*Instagram.* export"):
        upsert_posts(tmp_path, '[[sources]]\nurl_file = "x.csv"\n')


def test_a_row_without_its_file_is_a_clip_that_is_lost_for_a_reason(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "one.mp4")
    touch(tmp_path / "b" / "two.mp4")
    (tmp_path / "posts.csv").write_text("file,platform,id\none.mp4,tiktok,1\ntwo.mp4,tiktok,2\nthree.mp4,tiktok,3\n")
    body = "".join(f'[[sources]]\nfolder = "{name}"\nsidecar = "posts.csv"\n' for name in "ab")
    found = upsert_posts(tmp_path, body)
    assert [clip.clip_id for clip in found] == ["tiktok:1", "tiktok:2", "tiktok:3"]
    assert found[2].source.stamp == ""
    assert not Path(found[2].source.location).exists()


def test_a_link_to_a_folder_elsewhere_leads_to_no_file(tmp_path: Path) -> None:
    study = tmp_path / "study"
    touch(tmp_path / "elsewhere" / "private.mp4")
    touch(study / "clips" / "near" / "a.mp4")
    (study / "clips" / "far").symlink_to(tmp_path / "elsewhere")
    (study / "clips" / "again").symlink_to(study / "clips" / "near")
    (study / "linked").symlink_to(tmp_path / "elsewhere")
    globbed = [sourced_post.clip_id for sourced_post in upsert_posts(study, '[[sources]]\nglob = "clips/*/*.mp4"\n')]
    assert globbed == ["file:again/a.mp4", "file:near/a.mp4"]
    named = [sourced_post.clip_id for sourced_post in upsert_posts(study, '[[sources]]\nglob = "linked/*.mp4"\n')]
    assert named == ["file:private.mp4"], "the folder that the user names may be a link"
    (study / "posts.csv").write_text("file\nclips/far/private.mp4\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2: `file`"):
        upsert_posts(study, '[[sources]]\nfolder = "clips"\nsidecar = "posts.csv"\n')


def test_an_export_of_another_tool_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_bytes(ZEESCHUIMER.read_bytes())
    found = upsert_posts(tmp_path, '[[sources]]\nexport = "export.ndjson"\n')
    assert len(found) > 0
    assert {clip.source.kind for clip in found} == {"url"}
    assert all(clip.clip_id == f"{clip.post.platform}:{clip.post.post_id}" for clip in found)
    assert any(clip.post.counts for clip in found)


def test_an_export_can_stay_metadata(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_bytes(ZEESCHUIMER.read_bytes())
    found = sources_of(tmp_path, '[[sources]]\nname = "wave"\nexport = "export.ndjson"\nfetch = false\n')
    assert {clip.source.kind for clip in found.sourced_posts} == {"post"}
    (export,) = found.exports
    assert (export.label, export.fetch, len(export.result.rejects) > 0) == ("wave", False, True)
    rows = [clip.place.file_row for clip in found.sourced_posts]
    assert sorted(rows) == sorted(found.number for found in export.result.posts)
    assert {clip.place.file_sha256 for clip in found.sourced_posts} == {export.result.sha256}


def test_a_donation_needs_a_donor_and_an_export_its_file(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_bytes((ZEESCHUIMER.parent / "tiktok_donation.json").read_bytes())
    body = '[[sources]]\nexport = "export.json"\n'
    with pytest.raises(UserError, match="donor"):
        upsert_posts(tmp_path, body)
    found = sources_of(tmp_path, body + 'donor = "d01"\n')
    assert len(found.exports[0].result.exposures) == 10
    assert "d01" not in repr(found.sourced_posts)
    with pytest.raises(ConfigError, match=r"none\.json"):
        upsert_posts(tmp_path, '[[sources]]\nexport = "none.json"\n')


def test_a_listing_is_asked_for_and_not_read(tmp_path: Path) -> None:
    body = (
        '[[sources]]\nlisting = "https://www.tiktok.com/@ann"\nmax_posts = 20\nsince = 2026-01-31\n'
        '[[sources]]\nname = "shorts"\nlisting = "https://www.youtube.com/@ann/shorts"\n'
    )
    found = sources_of(tmp_path, body)
    first, second = found.listings
    assert (first.source, first.platform, first.max_posts, first.since) == (
        "listing 1",
        "tiktok",
        20,
        date(2026, 1, 31),
    )
    assert (second.source, second.platform, second.max_posts, second.max_minutes) == ("shorts", "youtube", 200, 30)
    assert not list(found.sourced_posts)
    with pytest.raises(ConfigError, match=r"test\.toml: .*https://example\.org/@ann"):
        sources_of(tmp_path, '[[sources]]\nlisting = "https://example.org/@ann"\n')


# ---------------------------------------------------------------- whether they changed

LISTED = '[[sources]]\nurl_file = "posts.csv"\n'
FOLDER = '[[sources]]\nfolder = "clips"\nsidecar = "posts.csv"\n'


def stamp_of(folder: Path, body: str = FOLDER, key: bytes | None = None) -> str | None:
    return stamp(load_study(write_study(folder, body), BY_NAME).file, key)


def test_the_stamp_changes_with_whatever_the_sources_read(tmp_path: Path) -> None:
    touch(tmp_path / "posts.csv")
    clip = touch(tmp_path / "clips" / "a" / "1.mp4")
    seen = [stamp_of(tmp_path)]
    assert stamp_of(tmp_path) == seen[0]
    seen.append(stamp_of(tmp_path, key=b"key"))
    seen.append(stamp_of(tmp_path, FOLDER + 'name = "mine"\n'))
    seen.append(stamp_of(tmp_path, LISTED))
    touch(tmp_path / "clips" / "a" / "1.info.json")
    seen.append(stamp_of(tmp_path))
    os.utime(clip, ns=(1, 1))
    seen.append(stamp_of(tmp_path))
    (tmp_path / "posts.csv").write_bytes(b"longer")
    seen.append(stamp_of(tmp_path))
    clip.unlink()
    seen.append(stamp_of(tmp_path))
    assert None not in seen
    assert len(set(seen)) == len(seen)


def test_the_stamp_of_a_glob_sees_what_lies_below_its_fixed_part(tmp_path: Path) -> None:
    touch(tmp_path / "clips" / "a" / "1.mp4")
    body = '[[sources]]\nglob = "clips/*/*.mp4"\n'
    before = stamp_of(tmp_path, body)
    touch(tmp_path / "elsewhere" / "2.mp4")
    assert stamp_of(tmp_path, body) == before
    touch(tmp_path / "clips" / "b" / "2.mp4")
    assert stamp_of(tmp_path, body) != before


def test_what_cannot_be_told_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_of(tmp_path, LISTED) is None, "the file is not there"
    touch(tmp_path / "posts.csv")
    touch(tmp_path / "other" / "1.mp4")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "link").symlink_to(tmp_path / "other")
    assert stamp_of(tmp_path) is None, "a link to a folder, whose files may change unseen"


def test_an_export_without_posts_is_an_empty_source(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("id,body,author,plays,likes,shares,comments\n")
    (tmp_path / "donation.json").write_text('{"Your Activity": {"Watch History": {"VideoList": null}}}')
    sources = sources_of(
        tmp_path, '[[sources]]\nexport = "posts.csv"\n[[sources]]\nexport = "donation.json"\ndonor = "p02"\n'
    )
    assert not list(sources.sourced_posts)
    assert [(export.result.format, export.result.donor) for export in sources.exports] == [
        ("4cat_tiktok_csv", None),
        ("tiktok_donation", "p02"),
    ]


def test_an_export_of_which_no_row_can_be_read_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("id,body,author,plays,likes,shares,comments\n,x,ann,1,1,1,1\n")
    with pytest.raises(ConfigError, match=r"posts\.csv"):
        sources_of(tmp_path, '[[sources]]\nexport = "posts.csv"\n')
