"""Sounds that bear the name of an account: what platforms call the sound of a post that is nobody's song."""

from __future__ import annotations

from collections.abc import Callable

import regex

#: "Original sound" as TikTok and Instagram write it, in the languages of their apps.
ORIGINAL_SOUND = (
    "original sound", "original audio", "originalton", "original-?audio", "origineel geluid", "originele audio",
    "son original", "audio d'origine", "sonido original", "audio original", "som original", "áudio original",
    "suono originale", "audio originale", "so original", "sunet original", "originalljud", "original ?lyd",
    "oprindelig lyd", "alkuperäinen ääni", "oryginalny dźwięk", "dźwięk oryginalny", "původní zvuk", "originální zvuk",
    "pôvodný zvuk", "originalni zvuk", "оригинални звук", "оригинален звук", "оригинальный звук", "оригінальний звук",
    "оригинальное аудио", "eredeti hang", "orijinal ses", "πρωτότυπος ήχος", "αυθεντικός ήχος", "πρωτότυπο audio",
    "الصوت الأصلي", "صوت أصلي", "صدای اصلی", "اصل آواز", "צליל מקורי", "סאונד מקורי", "אודיו מקורי",
    "मूल ध्वनि", "मूल ऑडियो", "ओरिजिनल साउंड", "মূল শব্দ", "suara asli", "audio asli", "bunyi asal", "nhạc nền",
    "âm thanh gốc", "เสียงต้นฉบับ", "orihinal na tunog", "オリジナル楽曲", "オリジナル音源",
    "오리지널 사운드", "원본 사운드", "오리지널 오디오",
    "原声", "原聲", "原创音乐", "原創音樂", "原创音频", "原創音訊",
)  # fmt: skip
#: Such a title, alone or with the name of the account behind it.
OF_ACCOUNT = regex.compile(
    rf"(?P<before>\s*(?:{'|'.join(ORIGINAL_SOUND)})\s*)(?:(?P<dash>[-‐-―:：·|]+\s*)(?P<name>\S.*?)\s*)?",
    regex.IGNORECASE | regex.DOTALL,
)
#: Any title with a name at its end, for languages that are not among these.
WITH_NAME = regex.compile(r"(?P<before>.*\S\s+)(?P<dash>[-‐-―]+\s+)(?P<name>\S.*?)\s*", regex.DOTALL)


def without_account(
    title: str | None, artist: str | None, hidden: Callable[[str], str]
) -> tuple[str | None, str | None]:
    """Title and artist of a sound, with what `hidden` gives in place of the account whose sound it is.

    It is an account's where the title says "original sound", or ends in the artist's name. Songs keep their artist.
    """
    found = OF_ACCOUNT.fullmatch(title or "")
    if found is None:
        found = WITH_NAME.fullmatch(title or "")
        if found is None or artist is None or _folded(found["name"]) != _folded(artist):
            return title, artist
    if found["name"] is not None:
        title = f"{found['before']}{found['dash']}{hidden(found['name'])}"
    return title, None if artist is None else hidden(artist)


def _folded(name: str) -> str:
    return name.strip().removeprefix("@").casefold()
