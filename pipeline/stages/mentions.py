"""Stage `mentions`: where the terms of the study's lexicon are said or written, such as brands and topics."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipeline.analysis.text.lexicon import Lexicon, Term, plain, read_lexicon
from pipeline.analysis.text.words import language_of
from pipeline.records import Clip, MentionRow, TranscriptRow, WordRow
from pipeline.stage import Options, Result, Setting, Stage

MIN_WORDS_FOR_LANGUAGE = 3  # captions with fewer words have no language (as in the stage text)
MIN_LANGUAGE_PROBABILITY = 0.5

Found = tuple[int, int, Term]  # offsets in a text


class MentionsOptions(Options):
    """Which terms are looked for."""

    lexicon: str | None = Field(
        None,
        examples=["lexicon.csv"],
        description="a TOML or CSV file beside the study file with your terms: term, kind (text or regex), language, "
        "label; without one nothing is looked for",
    )


class Mentions(Stage):
    """Find the terms of a lexicon in speech and caption; no rows without a lexicon."""

    name: ClassVar[str] = "mentions"
    version: ClassVar[int] = 1
    tables = (MentionRow,)
    needs = ("transcribe",)
    uses_caption: ClassVar[bool] = True
    packages = ("regex", "py3langid")
    Options = MentionsOptions
    options: MentionsOptions

    def __init__(self, options: Any, setting: Setting) -> None:
        super().__init__(options, setting)
        lexicon = _study_lexicon(options, setting)
        self._terms = lexicon.terms if lexicon else ()

    @classmethod
    def libraries(cls, options: MentionsOptions, setting: Setting) -> dict[str, str]:
        """Versions of the libraries, and the digest of the lexicon: another content runs the stage again."""
        lexicon = _study_lexicon(options, setting)
        return super().libraries(options, setting) | ({"lexicon": lexicon.digest} if lexicon else {})

    def one(self, clip: Clip) -> Result:
        """The mentions of one clip, those in speech first, each channel in the order of its text."""
        if not self._terms:
            return []
        found = [*self._in_speech(clip), *self._in_caption(clip)]
        return [MentionRow(clip.clip_id, number, *values) for number, values in enumerate(found)]

    def _in_speech(self, clip: Clip) -> Iterator[tuple[Any, ...]]:
        words = clip.rows(WordRow)
        transcript = next(iter(clip.rows(TranscriptRow)), None)
        language = transcript.language if transcript else None
        text = " ".join(word.word for word in words)
        starts = [0]
        for word in words:
            starts.append(starts[-1] + len(word.word) + 1)
        for start, end, term in self._find_terms(text, language):
            first, last = bisect.bisect_right(starts, start) - 1, bisect.bisect_right(starts, end - 1) - 1
            said = words[first : last + 1]
            yield (
                "speech", term.label, term.term, " ".join(word.word for word in said),
                said[0].start_s, said[-1].end_s, said[0].word_index, language,
            )  # fmt: skip

    def _in_caption(self, clip: Clip) -> Iterator[tuple[Any, ...]]:
        caption = clip.caption or ""
        language = language_of(caption, MIN_WORDS_FOR_LANGUAGE, MIN_LANGUAGE_PROBABILITY)
        for start, end, term in self._find_terms(caption, language):
            yield "caption", term.label, term.term, caption[start:end], None, None, None, language

    def _find_terms(self, text: str, language: str | None) -> list[Found]:
        """Mentions in a text by place; where its language is not known, terms of every language are looked for."""
        stripped = plain(text)
        found = [
            (start, end, term)
            for term in self._terms
            if term.language is None or language is None or term.language == language
            for start, end in term.spans(text, stripped)
        ]
        return sorted(found, key=lambda mention: mention[:2])


def _study_lexicon(options: MentionsOptions, setting: Setting) -> Lexicon | None:
    if options.lexicon is None:
        return None
    return read_lexicon((setting.study_folder or Path()) / Path(options.lexicon).expanduser())
