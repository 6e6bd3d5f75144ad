"""Words, emoji and language of a text in any script."""

from __future__ import annotations

from functools import cache
from typing import Any

import regex

from pipeline.records.pseudonyms import HASHTAG, MENTION

ADDRESS = regex.compile(r"https?://\S+|www\.\S+")
GRAPHEME = regex.compile(r"\X")
#: A grapheme cluster that shows as an emoji; digits and # also carry the property Emoji, so they are left out.
EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3")
WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+(?:['’\-][\p{L}\p{N}\p{M}]+)*")


def words_of(text: str) -> list[str]:
    """The words of a text in any script, without hashtags, mentions and addresses."""
    for pattern in (ADDRESS, HASHTAG, MENTION):
        text = pattern.sub(" ", text)
    return list(WORD.findall(text))


def emoji_of(text: str) -> tuple[str, ...]:
    """The emoji of a text in order; one made of several characters (family, flag, skin tone) counts once."""
    return tuple(cluster for cluster in GRAPHEME.findall(text) if EMOJI.search(cluster))


def graphemes_of(text: str) -> list[str]:
    """The characters of a text as a reader counts them."""
    return list(GRAPHEME.findall(text))


def language_of(text: str, min_words: int, min_probability: float) -> str | None:
    """The language of a text (ISO 639-1); None with fewer words, or where it is less sure than this."""
    words = words_of(text)
    if len(words) < min_words:
        return None
    language, probability = _identifier().classify(" ".join(words))
    return str(language) if probability >= min_probability else None


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
