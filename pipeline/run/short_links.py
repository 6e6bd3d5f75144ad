"""Short links that were followed: wherever a source names one, the post is meant; a new one is merged with its post."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from pipeline.records import Clip, Source, TombstoneRow
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.records.pseudonyms import author_names, clip_row, tombstone, tombstones_of
from pipeline.sources.formats.result import post_url
from pipeline.sources.post_urls import NamedByUrl, read_url, short_link_url
from pipeline.store.authors import Authors
from pipeline.store.pending import locations
from pipeline.store.short_links import fetched_links, merge_link, posts_of_links, rename_link
from pipeline.store.store import Store
from pipeline.study import files
from pipeline.study.config import Study
from pipeline.study.folder import work_name
from pipeline.study.shard import Shard


def as_posts(sourced_posts: Iterable[SourcedPost], store: Store, shard: Shard | None = None) -> Iterator[SourcedPost]:
    """Sourced posts with each short link that was followed as its post; of a shard, without posts of other shards."""
    links = posts_of_links(store)
    with store.uninterrupted_lock():
        places = locations(store.tables, list(links.values()))  # they may name the author, as the followed URL did
    for one in sourced_posts:
        clip_id = links.get(one.clip_id)
        if clip_id is None:
            yield one
        elif shard is None or shard.holds(clip_id):
            platform, _, post_id = clip_id.partition(":")
            url = post_url(platform, post_id)
            place = dataclasses.replace(one.source, location=places.get(clip_id) or url or "")
            post = dataclasses.replace(one.post, platform=platform, post_id=post_id, url=url)
            yield dataclasses.replace(one, clip_id=clip_id, source=place, post=post)


def link_to_follow(clip: Clip) -> str | None:
    """The URL to follow, where a clip is known by a short link alone."""
    return short_link_url(clip.source.location) if clip.clip_id.startswith("url:") else None


def _with_author(named: NamedByUrl, url: str) -> str:
    """The URL of a post with its author's handle, where one was shown: an author who opts out is found by it."""
    return url.replace("/@_/", f"/@{named.account}/") if named.account else url


def merge_into_post(
    store: Store, link_id: str, named: NamedByUrl, key: bytes | None, slideshow_sound: bool = False
) -> str | None:
    """Merge a short link with the post that it named; returns the post's clip id.

    None where the post or its author was forgotten: then the link is forgotten too, so that it is not followed again.
    """
    clip_id, url = f"{named.platform}:{named.name}", post_url(named.platform, named.name or "")
    post = Post("url", named.platform, named.name, url, author=named.account, media_type=named.media_type)
    place = Source("url", _with_author(named, url or ""), "")
    left = tombstones_of(SourcedPost(clip_id, place, post, Provenance("url")), key)
    with store.change():
        cause = next((row.cause for row in store.tables.read(TombstoneRow) if row.clip_key in left), None)
        if cause is not None:
            store.forget({link_id: tombstone(link_id, key)}, cause)
            return None
        row = Authors(store.tables).settle_clip(clip_row(clip_id, post, key), author_names(post, key))
        merge_link(store, link_id, row, place, slideshow_sound)
    return clip_id


def adopt_fetched_links(study: Study, store: Store, key: bytes | None, slideshow_sound: bool = False) -> None:
    """Give what an earlier version fetched under a short link its post's id, with all that was made of it.

    Where the study has the post too, that one stands. Files move first: whoever is stopped in between goes on here.
    """
    folder = study.folder
    fetched = fetched_links(store)
    for link_id, url in fetched.items():
        named = read_url(url)
        if named is None or named.kind != "post" or named.name is None:
            continue
        clip_id = f"{named.platform}:{named.name}"
        tombstones = store.tables.tombstones()
        if clip_id in store.known(named.platform) or tombstone(clip_id, key) in tombstones:
            merge_into_post(store, link_id, named, key, slideshow_sound)
            files.delete(folder.audio_path(link_id))
            files.delete(folder.media / work_name(link_id))
            continue
        for before, after in (
            (folder.audio_path(link_id), folder.audio_path(clip_id)),
            (folder.media / work_name(link_id), folder.media / work_name(clip_id)),
        ):
            if before.exists() and not after.exists():
                before.rename(after)
        rename_link(store, link_id, clip_id, post_url(named.platform, named.name) or url)
