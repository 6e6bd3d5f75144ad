"""Which column of a table holds what: our names, names that other tools use for the same, and what is left over."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pipeline.records.post import COUNTS, TEXT_COLUMNS
from pipeline.sources.post_urls import post_of_url

COLUMNS = (*TEXT_COLUMNS, "language", "posted_at", "counted_at", "duration_s", *COUNTS)

#: Other names of our columns, the surer first, as Apify, 4CAT, the Research API and scripts write them; letters and
#: digits alone count. A shown name (nickname, full name, channel title) is never taken for a handle.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "platform": ("source_platform", "network", "social_network"),
    "id": ("post_id", "video_id", "item_id", "aweme_id", "shortcode", "code"),
    "url": (
        "post_url", "permalink", "permalink_url", "web_video_url", "tiktok_url", "share_url", "web_url", "video_link",
        "post_link", "item_url", "link",
    ),
    "caption": (
        "description", "desc", "video_description", "body", "text", "post_text", "post_caption", "message", "content",
        "title",
    ),
    "author": (
        "author_handle", "author_unique_id", "unique_id", "author_username", "owner_username", "username", "user_name",
        "author_meta_name", "user_posted", "profile_username", "account_name", "screen_name", "handle",
    ),
    "author_id": ("author_meta_id", "owner_id", "user_id", "channel_id", "profile_id"),
    "sound_id": ("music_id", "music_meta_music_id"),
    "sound_title": ("music_title", "music_name", "music_meta_music_name"),
    "sound_artist": ("music_author", "music_meta_music_author"),
    "language": ("text_language", "lang", "declared_language"),
    "posted_at": (
        "create_time_iso", "create_time", "created_at", "published_at", "date_posted", "taken_at", "post_date",
        "upload_date", "unix_timestamp", "timestamp", "datetime", "date",
    ),
    "counted_at": ("collected_at", "scraped_at", "crawled_at", "fetched_at", "retrieved_at", "collection_time"),
    "duration_s": ("video_duration", "video_meta_duration", "duration_seconds", "duration_sec", "duration"),
    "views": ("view_count", "play_count", "video_play_count", "video_view_count", "plays", "views_count"),
    "likes": ("like_count", "digg_count", "likes_count", "num_likes"),
    "comments": ("comment_count", "comments_count", "num_comments"),
    "shares": ("share_count", "shares_count", "repost_count", "num_shares"),
    "saves": ("save_count", "collect_count", "favorites_count", "bookmark_count", "saves_count"),
}  # fmt: skip


#: Names in other languages; they are suggested, and never taken unasked.
FOREIGN: Mapping[str, tuple[str, ...]] = {
    "platform": ("plattform", "netzwerk", "plateforme", "réseau", "plataforma", "piattaforma", "platforma", "平台"),
    "id": ("beitrags id", "identifiant", "identificador", "identificativo", "作品id", "视频id", "動画id"),
    "url": (
        "lien", "adresse", "enlace", "vínculo", "ligação", "collegamento", "odnośnik", "ссылка", "链接", "网址", "連結",
        "リンク", "링크", "bağlantı",
    ),
    "caption": (
        "beschreibung", "bildunterschrift", "beitragstext", "légende", "texte", "descripción", "leyenda", "texto",
        "legenda", "descrição", "descrizione", "didascalia", "testo", "beschrijving", "bijschrift", "tekst", "opis",
        "описание", "текст", "标题", "描述", "文案", "標題", "キャプション", "説明", "설명", "açıklama",
    ),
    "author": (
        "autor", "autorin", "nutzername", "benutzername", "konto", "auteur", "utilisateur", "nom d'utilisateur",
        "usuario", "autora", "usuário", "utente", "autore", "gebruiker", "gebruikersnaam", "użytkownik", "автор",
        "作者", "用户名", "使用者", "ユーザー名", "작성자", "kullanıcı", "creator", "account",
    ),
    "posted_at": (
        "datum", "veröffentlicht", "veröffentlicht am", "zeitpunkt", "date de publication", "publié le", "fecha",
        "fecha de publicación", "data", "data de publicação", "data di pubblicazione", "datum van plaatsing", "дата",
        "发布时间", "日期", "發布時間", "投稿日", "날짜", "tarih",
    ),
    "duration_s": ("dauer", "durée", "duración", "duração", "durata", "duur", "długość", "длительность", "时长"),
    "language": ("sprache", "langue", "idioma", "lingua", "taal", "język", "язык", "语言"),
    "views": (
        "aufrufe", "wiedergaben", "ansichten", "vues", "vistas", "visualizaciones", "reproducciones", "visualizações",
        "visualizzazioni", "weergaven", "wyświetlenia", "просмотры", "播放量", "播放数", "观看次数", "再生数", "조회수",
        "görüntülenme",
    ),
    "likes": (
        "gefällt mir", "gefällt mir angaben", "herzen", "j'aime", "mentions j'aime", "me gusta", "curtidas", "gostos",
        "mi piace", "vind ik leuks", "polubienia", "лайки", "点赞数", "点赞", "いいね", "좋아요", "beğeni",
    ),
    "comments": (
        "kommentare", "commentaires", "comentarios", "comentários", "commenti", "reacties", "komentarze", "комментарии",
        "评论数", "评论", "コメント数", "댓글", "yorum",
    ),
    "shares": (
        "geteilt", "teilungen", "weiterleitungen", "partages", "compartidos", "veces compartido", "compartilhamentos",
        "partilhas", "condivisioni", "gedeeld", "udostępnienia", "репосты", "分享数", "转发数", "シェア数", "공유",
    ),
    "saves": (
        "gespeichert", "enregistrements", "guardados", "salvamentos", "salvati", "opgeslagen", "zapisane", "сохранения",
        "收藏数", "保存数", "저장",
    ),
}  # fmt: skip
SURE = 0.8  # how alike a name is to ours, from 0 to 1, for a suggestion that nobody asked for
NAMES_ADVICE = "write a line with them above the first row, as in url,caption,views"


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Our columns with theirs, which of them were recognised by another name, and the columns that are not used."""

    used: Mapping[str, str]
    guessed: frozenset[str]  # of ours
    unused: tuple[str, ...]


def choose_columns(names: Sequence[str], mapping: Mapping[str, str] | None = None) -> ColumnChoice:
    """The column of each of ours: what a mapping says, else that of our name, else that of another name for it."""
    used = dict(mapping or {})
    guessed: set[str] = set()
    plain = {_plain(name): name for name in reversed(names)}
    for ours in COLUMNS:
        if ours not in used and ours in names and ours not in used.values():
            used[ours] = ours
    for ours, others in SYNONYMS.items():
        found = next((plain[_plain(other)] for other in (ours, *others) if _plain(other) in plain), None)
        if ours not in used and found is not None and found not in used.values():
            used[ours] = found
            guessed.add(ours)
    handle = next((plain[_plain(other)] for other in SYNONYMS["author"] if _plain(other) in plain), None)
    if (
        not mapping
        and _plain(used.get("author", "")) == "author"
        and handle is not None
        and handle not in used.values()
    ):
        used["author"] = handle  # beside a column of handles, `author` holds the shown name
    return ColumnChoice(used, frozenset(guessed), tuple(name for name in names if name not in used.values()))


def holds_values(names: Sequence[str]) -> bool:
    """Whether a first line holds the values of a post, and not the names of columns."""
    return any(post_of_url(name)[1] or name.lower().startswith(("https://", "http://")) for name in names)


def suggestion(name: str, names: Sequence[str] = COLUMNS) -> str | None:
    """Our column that a name of another tool, or a mistyped one, most likely means; None if there is none."""
    known = _known_name(name)
    return known if known in names else next(iter(get_close_matches(name.lower(), names, 1)), None)


def further_columns(choice: ColumnChoice) -> dict[str, str]:
    """Of columns that are not used, those that most likely hold another of ours, by ours: for a mapping to name."""
    found: dict[str, str] = {}
    for name in choice.unused:
        known = _known_name(name) or next(iter(get_close_matches(name.lower(), COLUMNS, 1, SURE)), None)
        if known is not None and known not in choice.used and known not in found:
            found[known] = name
    return found


def _known_name(name: str) -> str | None:
    """Our column that a name stands for in another tool or another language."""
    plain = _plain(name)
    tables = (SYNONYMS, FOREIGN)
    return next(
        (ours for table in tables for ours, others in table.items() if plain in map(_plain, (ours, *others))), None
    )


def _plain(name: str) -> str:
    """The letters and digits of a name, in any script, without accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if letter.isalnum())
