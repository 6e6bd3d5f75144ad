"""Short links in a study: each is followed once and becomes a part of its post, whatever else names that post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.errors import UserError
from pipeline.privacy.forget import forget, opt_out
from pipeline.privacy.subjects import read_author, read_clip
from pipeline.records.pseudonyms import pseudonym
from pipeline.run.ingest import import_into
from pipeline.run.plan import setting_of
from pipeline.run.shards.prepare import part_of
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.result import digest_of_url, unresolved_id
from pipeline.store.short_links import posts_of_links
from pipeline.store.store import Store
from pipeline.study.config import Study
from pipeline.study.shard import Shard
from tests.support.platform.crowd import FIRST_ID, STAGES, Crowd, collect, collecting_study, crowd, post_urls
from tests.support.platform.rig import Server

Platform = tuple[Server, dict[str, Any]]
LINK = "https://vm.tiktok.com/ZMabcdeOT/"
LINK_ID = f"url:{unresolved_id(LINK)}"
POST_ID = f"tiktok:{FIRST_ID}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with crowd(tmp_path_factory.mktemp("crowd")) as platform:
        yield platform


@pytest.fixture
def platform(made: Platform) -> Platform:
    """The platform with one short link to its first post."""
    made[0].leads.clear()
    made[0].leads["/ZMabcdeOT/"] = post_urls(1)[0] + "?_t=8rAbc&_r=1"
    Crowd.log.clear()
    return made


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def asked() -> list[str]:
    """What was asked for since the last time."""
    paths = [path for _, path, _ in Crowd.log]
    Crowd.log.clear()
    return paths


def films(paths: list[str]) -> int:
    return sum("cdn" in path for path in paths)


def study_of(folder: Path, platform: Platform, urls: list[str], extra: str = "") -> Study:
    return collecting_study(folder, platform[1]["proxy"], urls, extra)


def table_study(folder: Path, platform: Platform, rows: str, urls: list[str], extra: str = "") -> Study:
    """A study of URLs and of a table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "posts.csv").write_text(rows, encoding="utf-8")
    return study_of(folder, platform, urls, f'[[sources]]\nexport = "posts.csv"\nname = "table"\n{extra}')


@pytest.mark.slow
@pytest.mark.parametrize("order", ["post first", "link first", "link alone"])
def test_a_short_link_and_its_post_are_one_clip(platform: Platform, tmp_path: Path, order: str) -> None:
    urls = {"post first": [*post_urls(2), LINK], "link first": [LINK, *post_urls(2)], "link alone": [LINK]}[order]
    study = study_of(tmp_path, platform, urls)
    report = collect(study)
    posts = [POST_ID] if order == "link alone" else [POST_ID, f"tiktok:{FIRST_ID + 1}"]
    assert rows(study, "SELECT clip_id FROM clips ORDER BY ALL") == [(post,) for post in posts]
    assert rows(study, "SELECT clip_id FROM media ORDER BY ALL") == [(post,) for post in posts]
    assert rows(study, "SELECT clip_id FROM audio ORDER BY ALL") == [(post,) for post in posts]
    assert rows(study, "SELECT link_id, clip_id FROM short_links") == [(LINK_ID, POST_ID)]
    assert report.followed == 1
    assert films(asked()) == len(posts), "nothing is fetched twice"
    before = rows(study, "FROM attempts ORDER BY ALL")
    assert collect(study).idle
    assert asked() == [], "where the link leads is known"
    assert rows(study, "FROM attempts ORDER BY ALL") == before, "nothing is analysed twice"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/t/ZTabc/", "https://www.tiktok.com/t/ZTabc/"),
        ("/t/ZTabc/", "tiktok.com/t/ZTabc"),
        ("/ZSabc/", "http://vt.tiktok.com/ZSabc?x=1"),
        ("/share/reel/BAabcdeOT/", "https://www.instagram.com/share/reel/BAabcdeOT?igsh=1"),
        ("/share/BAabcdeOT/", "https://instagram.com/share/BAabcdeOT"),
    ],
)
def test_every_kind_of_short_link_is_followed(platform: Platform, tmp_path: Path, path: str, link: str) -> None:
    post = "instagram:good" if "share" in path else POST_ID
    platform[0].leads[path] = "https://www.instagram.com/reel/good/?igsh=1" if "share" in path else post_urls(1)[0]
    study = study_of(tmp_path, platform, [link], "patience_minutes = 0")
    collect(study)
    assert rows(study, "SELECT clip_id, platform, author_key IS NOT NULL FROM clips") == [
        (post, post.partition(":")[0], True)
    ]
    assert rows(study, "SELECT clip_id FROM attempts WHERE stage = 'download'") == [(post,)]


@pytest.mark.slow
def test_the_page_to_log_in_names_the_post(platform: Platform, tmp_path: Path) -> None:
    login = "https://www.instagram.com/accounts/login/?next=%2Freel%2Fgood%2F"
    platform[0].leads["/share/reel/BAlog/"] = login
    study = study_of(tmp_path, platform, ["https://www.instagram.com/share/reel/BAlog"], "patience_minutes = 0")
    collect(study)
    assert rows(study, "SELECT clip_id FROM clips") == [("instagram:good",)]


@pytest.mark.slow
def test_what_a_table_says_of_a_link_is_said_of_its_post(platform: Platform, tmp_path: Path) -> None:
    table = f"url,author,views,counted_at,sound_title\n{LINK},ann.clips,7,2026-03-01T00:00:00Z,a song\n"
    study = table_study(tmp_path, platform, table, post_urls(1))
    collect(study)
    assert rows(study, "SELECT source, file_row FROM provenance ORDER BY ALL") == [("table", 2), ("urls 1", None)]
    assert rows(study, "SELECT clip_id, views FROM observations WHERE count_source = 'csv'") == [(POST_ID, 7)]
    assert rows(study, "SELECT clip_id, url FROM clips") == [(POST_ID, f"https://www.tiktok.com/@_/video/{FIRST_ID}")]


@pytest.mark.slow
def test_a_post_that_is_gone_keeps_what_the_table_says_of_its_link(platform: Platform, tmp_path: Path) -> None:
    platform[0].leads["/ZMabcdeOT/"] = "https://www.tiktok.com/@ann/video/404"
    table = f"url,author,caption\n{LINK},ann.clips,hello #there\n"
    study = table_study(tmp_path, platform, table, post_urls(1))
    collect(study)
    key = setting_of(study).key
    assert key is not None
    found = rows(study, "SELECT hashtags, author_key FROM clips WHERE clip_id = 'tiktok:404'")
    assert found == [(["there"], pseudonym(key, "tiktok", "ann.clips"))], "the pseudonym of the platform"
    (tmp_path / "posts.csv").write_text(table.replace("hello", "hello again"), encoding="utf-8")
    collect(study)
    assert rows(study, "SELECT caption FROM clips WHERE clip_id = 'tiktok:404'") == [("hello again #there",)]
    assert rows(study, "SELECT count(*) FROM clips") == [(2,)], "the table does not bring the link back"


@pytest.mark.slow
def test_a_table_that_is_imported_later_names_the_post(platform: Platform, tmp_path: Path) -> None:
    study = study_of(tmp_path / "study", platform, [LINK])
    collect(study)
    later = tmp_path / "later.csv"
    later.write_text("url,views,counted_at\nvm.tiktok.com/ZMabcdeOT,9,2026-03-01T00:00:00Z\n", encoding="utf-8")
    asked()
    import_into(study, later, Hints(), fetch=True)
    collect(study)
    assert asked() == []
    assert rows(study, "SELECT clip_id FROM clips") == [(POST_ID,)]
    assert rows(study, "SELECT clip_id FROM observations WHERE views = 9") == [(POST_ID,)]


@pytest.mark.slow
@pytest.mark.parametrize(("lead", "reason", "action"), [
    ("https://www.tiktok.com/@ann", "unsupported_url", "permanent"),
    ("https://www.tiktok.com/?_r=1", "unsupported_url", "permanent"),
    ("https://example.org/", "unsupported_url", "permanent"),
    ("https://www.tiktok.com/login?x=1", "login_required", "hold"),
])  # fmt: skip
def test_a_link_that_leads_to_no_post_stays_with_its_reason(
    platform: Platform, tmp_path: Path, lead: str, reason: str, action: str
) -> None:
    platform[0].leads["/t/ZTgone/"] = lead
    study = study_of(tmp_path, platform, ["https://www.tiktok.com/t/ZTgone"], "patience_minutes = 0")
    collect(study)
    found = rows(study, "SELECT clips.platform, reason, action FROM attempts JOIN clips USING (clip_id)")
    assert found == [("tiktok", reason, action)]
    asked()
    collect(study)
    assert asked() == []


@pytest.mark.slow
def test_a_link_that_its_platform_does_not_follow_waits_for_other_tools(platform: Platform, tmp_path: Path) -> None:
    study = study_of(tmp_path, platform, ["https://www.instagram.com/share/p/BAsilent"])
    collect(study)
    found = rows(study, "SELECT clips.platform, reason, action FROM attempts JOIN clips USING (clip_id)")
    assert found == [("instagram", "extractor_broken", "hold")]
    platform[0].leads["/share/p/BAsilent/"] = post_urls(1)[0]
    collect(study, retry_failed=True)
    assert rows(study, "SELECT DISTINCT clip_id, status FROM attempts") == [(POST_ID, "ok")]
    assert rows(study, "SELECT clip_id FROM clips") == [(POST_ID,)]


@pytest.mark.slow
def test_a_run_that_breaks_off_while_it_merges_loses_nothing(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = table_study(tmp_path, platform, f"url,caption\n{LINK},hello\n", post_urls(1))
    with monkeypatch.context() as broken:
        broken.setattr(Store, "delete_rows", lambda *_: (_ for _ in ()).throw(RuntimeError("broken off")))
        with pytest.raises(RuntimeError, match="broken off"):
            collect(study)
    with Store(study.folder.working, STAGES) as store:
        assert posts_of_links(store) == {}
    asked()
    collect(study)
    assert rows(study, "SELECT clip_id FROM clips") == [(POST_ID,)]
    assert rows(study, "SELECT source FROM provenance ORDER BY ALL") == [("table",), ("urls 1",)]
    assert films(asked()) <= 1


def as_an_earlier_version_left_it(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a study as links were fetched once: under a digest of each as it was written."""
    with monkeypatch.context() as earlier:
        earlier.setattr("pipeline.run.collector.link_to_follow", lambda _: None)
        earlier.setattr("pipeline.sources.url_list.unresolved_id", digest_of_url)
        collect(study)


@pytest.mark.slow
@pytest.mark.parametrize("with_post", [False, True])
def test_what_an_earlier_version_fetched_under_a_link_becomes_the_post(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_post: bool
) -> None:
    link = LINK.removesuffix("/")  # an end that the id of a link does not depend on any more
    platform[0].leads["/ZMabcdeOT"] = post_urls(1)[0]
    urls = [link, *post_urls(2)[0 if with_post else 1 :]]
    study = study_of(tmp_path, platform, urls)
    as_an_earlier_version_left_it(study, monkeypatch)
    assert len(rows(study, "FROM audio")) == len(urls)
    sounds = sorted(path.read_bytes() for path in study.folder.audio.glob("*.wav"))
    asked()
    study = study_of(tmp_path, platform, [*urls, post_urls(4)[3]])  # the sources are read again
    collect(study)
    posts = [POST_ID, *(f"tiktok:{FIRST_ID + number}" for number in (1, 3))]
    for table in ("clips", "media", "audio", "attempts", "observations", "provenance"):
        found = rows(study, f"SELECT DISTINCT clip_id FROM {table} ORDER BY ALL")
        assert found == [(post,) for post in posts], table
    assert films(asked()) == 1, "what is new alone"
    kept = [study.folder.audio_path(post).read_bytes() for post in posts[:2]]
    assert sorted(kept) == (sounds[:2] if with_post else sounds)
    assert len(list(study.folder.media.iterdir())) == len(posts)
    assert {clip_id for (clip_id,) in rows(study, "SELECT clip_id FROM short_links")} == {POST_ID}
    assert collect(study).idle
    assert asked() == []


# ------------------------------------------------------------ people


@pytest.mark.slow
@pytest.mark.parametrize("named", [read_clip(POST_ID), read_author("tiktok:@ann")])
def test_a_link_does_not_bring_back_whom_the_study_has_forgotten(
    platform: Platform, tmp_path: Path, named: Any
) -> None:
    urls = post_urls(3)[1:]
    urls = [url.replace("@ann", "@ben") for url in urls]
    study = study_of(tmp_path, platform, urls)
    collect(study)
    opt_out(study, named, STAGES)
    study = study_of(tmp_path, platform, [*urls, LINK])
    asked()
    collect(study)
    assert films(asked()) == 0
    assert POST_ID not in {clip_id for (clip_id,) in rows(study, "SELECT clip_id FROM clips")}
    assert rows(study, "SELECT count(*) FROM clips WHERE clip_id LIKE 'url:%'") == [(0,)]
    assert rows(study, "SELECT DISTINCT cause FROM tombstones") == [("opt_out",)]
    collect(study)
    assert asked() == [], "the link is forgotten too"


@pytest.mark.slow
@pytest.mark.parametrize("name", [LINK, "vm.tiktok.com/ZMabcdeOT?x=1", LINK_ID, POST_ID, post_urls(1)[0]])
def test_a_link_and_its_post_are_forgotten_together(platform: Platform, tmp_path: Path, name: str) -> None:
    study = study_of(tmp_path, platform, [LINK, *post_urls(2)])
    collect(study)
    found = forget(study, read_clip(name), stages=STAGES)
    assert found.clips == 1
    assert found.proven
    assert found.sources_naming == ("urls 1",)
    assert rows(study, "SELECT clip_id FROM clips") == [(f"tiktok:{FIRST_ID + 1}",)]
    assert rows(study, "SELECT count(*) FROM short_links") == [(0,)]
    asked()
    collect(study)
    assert asked() == [], "neither the link nor the post comes back"
    assert rows(study, "SELECT clip_id FROM clips") == [(f"tiktok:{FIRST_ID + 1}",)]


@pytest.mark.slow
def test_a_link_of_an_author_who_opts_out_later_is_forgotten_with_the_post(platform: Platform, tmp_path: Path) -> None:
    study = study_of(tmp_path, platform, [LINK])
    collect(study)
    opt_out(study, read_author("tiktok:@ann"), STAGES)
    asked()
    collect(study)
    assert asked() == []
    assert rows(study, "SELECT count(*) FROM clips") == [(0,)]


# ------------------------------------------------------------ shards


@pytest.mark.slow
def test_links_are_followed_before_a_study_is_split(platform: Platform, tmp_path: Path) -> None:
    study = study_of(tmp_path, platform, [LINK, *post_urls(4)])
    shards = [part_of(study, Shard(2, number)) for number in (1, 2)]
    holding = next(shard for shard in shards if shard.folder.shard and shard.folder.shard.holds(LINK_ID))
    with pytest.raises(UserError, match="--stage download"):
        collect(holding)
    collect(study, only=("download",))
    asked()
    for shard in shards:
        collect(shard)
    from pipeline.run.shards.merge import merge

    merge(study, stages=STAGES)
    assert asked() == []
    assert len(rows(study, "FROM audio")) == 4
    assert rows(study, "SELECT count(*) FROM clips") == [(4,)]
