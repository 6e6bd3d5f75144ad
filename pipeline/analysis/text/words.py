"""Words, emoji and language of a text in any script."""

from __future__ import annotations

from functools import cache
from typing import Any

import regex

from pipeline.records.pseudonyms import HASHTAG, MENTION

URL = regex.compile(r"https?://\S+|www\.\S+")
GRAPHEME = regex.compile(r"\X")
#: A grapheme cluster that shows as an emoji; digits and # also carry the property Emoji, so they are left out.
EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3")
#: What words are made of in any script, to stand between the brackets of an expression: letters, marks and digits.
LETTERS = r"\p{L}\p{M}\p{N}"
APOSTROPHES = "'’"


def tokens_of(text: str, joiners: str = "", letters: str = LETTERS) -> list[str]:
    """The runs of letters of a text; one of the `joiners` between two runs holds them together as one.

    In SQL the same is `letter_runs` and, with apostrophes as joiners, `words_of` (queries/macros).
    """
    return list(_token(joiners, letters).findall(text))


def words_of(text: str) -> list[str]:
    """The words of a text in any script, without hashtags, mentions and URLs."""
    for pattern in (URL, HASHTAG, MENTION):
        text = pattern.sub(" ", text)
    return tokens_of(text, joiners=f"{APOSTROPHES}-")


def emoji_of(text: str) -> tuple[str, ...]:
    """The emoji of a text in order; one made of several characters (family, flag, skin tone) counts once."""
    return tuple(cluster for cluster in GRAPHEME.findall(text) if EMOJI.search(cluster))


def graphemes_of(text: str) -> list[str]:
    """The characters of a text as a reader counts them."""
    return list(GRAPHEME.findall(text))


def language_of(text: str, min_words: int, min_probability: float) -> str | None:
    """The language of a text (ISO 639-1); None with fewer words or a lower probability than given."""
    words = words_of(text)
    if len(words) < min_words:
        return None
    language, probability = _identifier().classify(" ".join(words))
    return str(language) if probability >= min_probability else None


@cache
def _token(joiners: str, letters: str) -> regex.Pattern[str]:
    more = f"(?:[{regex.escape(joiners)}][{letters}]+)*" if joiners else ""
    return regex.compile(f"[{letters}]+{more}")


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
