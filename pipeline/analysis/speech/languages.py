"""Several languages in one clip: where the language changes, and each stretch of speech decoded in its own.

A clip is decoded in one language first. Only where that leaves doubt is the language asked again, so that a clip in one
language costs no more: a language that was not sure, speech that got no words or improbable ones, or a text that is in
another language, as Whisper may go on in the language that it hears.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from pipeline.analysis.speech.engine import LANGUAGES, Language, SpeechEngine
from pipeline.analysis.speech.loops import decode_loops_again
from pipeline.analysis.speech.scripts import in_own_script
from pipeline.analysis.speech.spans import PAD_S, DecodedSpan, HeardSegment, SpeechSpan, recognise, spans_of
from pipeline.analysis.speech.word_times import Stretch
from pipeline.analysis.text.words import language_of
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

#: Chosen with `python -m pipeline.research.measure_languages --half choose`.
SURE_MAIN = 0.85  # a clip's language below this probability is asked again at both ends of its speech
DOUBTFUL_WORDS = 0.6  # mean probability of words below which speech may be in another language
DOUBTFUL_COVER = 0.3  # share of the time of speech with words, below which it counts as without
TEXT_WORDS, TEXT_PROBABILITY = 4, 0.9  # of a segment at least, before its text is taken for another language's
DOUBTFUL_S: Seconds = 2.0  # less speech in doubt is left as it is
WINDOW_S: Seconds = 10.0  # of sound in which a language is asked
MOST_WINDOWS = 3  # asked of one stretch in doubt, at even distances
OTHER = 0.5  # probability of another language in a window from which the place of the change is looked for
PIECE_S: Seconds = 5.0  # longest stretch that counts as of one language, and is decoded by itself after a loop
CANDIDATE, CANDIDATE_S = 0.8, 1.5  # probability and length (s) of a piece that shows that a language is spoken
CHANGE_S: Seconds = 1.5  # speech that a change must gain, so that a name or a loan word makes none
MIN_SPLIT_S: Seconds = 6.0  # speech in a shorter span is not divided for an unsure language alone
NO_WORSE = 0.05  # words of the new decoding may be less probable by so much: language was right, words are alike
QUIET_STEP_S: Seconds = 0.02  # steps in which the quietest point of a long region is looked for


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech short enough for one language, and what Whisper takes it for."""

    start_s: Seconds
    end_s: Seconds
    probabilities: dict[str, float]  # by language

    @property
    def seconds(self) -> Seconds:
        """Its length."""
        return self.end_s - self.start_s


def recognise_by_language(
    engine: SpeechEngine, clips: Sequence[tuple[Waveform, Sequence[Stretch]]], language: Language | None = None
) -> list[tuple[Language, list[HeardSegment]]]:
    """Recognise the speech regions of clips, each stretch in its own language; as `recognise` returns it.

    A clip's language is the one that is spoken longest. A language that is given holds for everything.
    """
    spanned = [(waveform, spans_of(regions, waveform.size / SAMPLE_RATE)) for waveform, regions in clips]
    found = recognise(engine, spanned, language)
    decoded = [
        _decoded(number, waveform, span, regions, *found[number])
        for number, ((waveform, spans), (_, regions)) in enumerate(zip(spanned, clips, strict=True))
        for span in spans
    ]
    decoded = decode_loops_again(engine, decoded)
    better = _decode_changes(engine, _with_another_language(engine, decoded)) if language is None else {}
    joined = (
        _rejoined(main, [one for one in decoded if one.clip == number], better)
        for number, (main, _) in enumerate(found)
    )
    return [
        (main, in_own_script(engine, waveform, heard))
        for (waveform, _), (main, heard) in zip(clips, joined, strict=True)
    ]


def _decoded(
    clip: int,
    waveform: Waveform,
    span: SpeechSpan,
    regions: Iterable[Stretch],
    main: Language,
    heard: Iterable[HeardSegment],
) -> DecodedSpan:
    own = tuple(one for one in heard if one.span == span)
    inside = sorted(one for one in regions if span.start_s <= (one[0] + one[1]) / 2 <= span.end_s)
    pieces = tuple(piece for region in inside for piece in _short_pieces(waveform, region))
    return DecodedSpan(clip, waveform, span, pieces, own[0].language if own else main, own)


def _with_another_language(engine: SpeechEngine, decoded: Iterable[DecodedSpan]) -> list[DecodedSpan]:
    """The spans in which a window of doubtful speech is in another language than they were decoded in."""
    asked = [(one, window) for one in decoded for window in _doubtful_windows(one)]
    answers = engine.detect_languages([_cut(one.waveform, window) for one, window in asked])
    found: dict[int, DecodedSpan] = {}
    for (one, _), heard in zip(asked, answers, strict=True):
        if heard.code != one.language.code and (heard.probability or 0.0) >= OTHER:
            found[id(one)] = one
    return list(found.values())


def _doubtful_windows(one: DecodedSpan) -> list[Stretch]:
    """Windows of at most `WINDOW_S` in which the language is asked again; none for a span without doubt."""
    windows = [window for run in _doubtful_runs(one) for window in _windows_of(run[0][0], run[-1][1])]
    unsure = one.language.probability is not None and one.language.probability < SURE_MAIN
    if unsure and _seconds(one.pieces) >= MIN_SPLIT_S:
        first, last = one.pieces[0][0], one.pieces[-1][1]
        windows += [(first, min(first + WINDOW_S, last)), (max(last - WINDOW_S, first), last)]
    return list(dict.fromkeys(windows))


def _doubtful_runs(one: DecodedSpan) -> list[list[Stretch]]:
    """Neighbouring pieces with no words, improbable ones or a text in another language, long enough together."""
    foreign = [each.segment for each in one.heard if _is_foreign(each)]

    def doubtful(piece: Stretch) -> bool:
        middle = (piece[0] + piece[1]) / 2
        is_foreign = any(segment.start_s <= middle <= segment.end_s for segment in foreign)
        return is_foreign or _quality([piece], one.heard) < DOUBTFUL_WORDS

    runs = (list(run) for in_doubt, run in groupby(one.pieces, doubtful) if in_doubt)
    return [run for run in runs if _seconds(run) >= DOUBTFUL_S]


def _is_foreign(heard: HeardSegment) -> bool:
    """Whether the text of a segment is surely in another language than it was decoded in."""
    found = language_of(heard.segment.text, TEXT_WORDS, TEXT_PROBABILITY)
    return found is not None and found != heard.language.code and found in LANGUAGES


def _quality(speech: Sequence[Stretch], heard: Iterable[HeardSegment]) -> float:
    """Mean probability of the words in stretches of speech, each by its time in them, 0–1; 0 with few words."""
    spoken = covered = 0.0
    for word in (word for one in heard for word in one.segment.words):
        for start, end in speech:
            shared = max(0.0, min(end, word.end_s) - max(start, word.start_s))
            covered += shared
            spoken += shared * word.probability
    return spoken / covered if covered >= DOUBTFUL_COVER * _seconds(speech) > 0 else 0.0


def _decode_changes(
    engine: SpeechEngine, doubted: Sequence[DecodedSpan]
) -> dict[tuple[int, SpeechSpan], list[HeardSegment]]:
    """What is heard in spans of several languages, by clip and span; without those where it is no better."""
    divided = [(one, parts) for one in doubted if (parts := _divide_span(engine, one))]
    cuts = [part.cut(one.waveform) for one, parts in divided for part, _ in parts]
    texts = iter(engine.transcribe(cuts, [spoken.code for _, parts in divided for _, spoken in parts]))
    better = {}
    for one, parts in divided:
        heard = [HeardSegment(part, spoken, part.placed(each)) for part, spoken in parts for each in next(texts)]
        if _quality(one.pieces, heard) >= _quality(one.pieces, one.heard) - NO_WORSE:
            better[one.clip, one.span] = heard
    return better


def _divide_span(engine: SpeechEngine, one: DecodedSpan) -> list[tuple[SpeechSpan, Language]]:
    """The parts of a span with the language of each; none where all of it is in the language that it was decoded in."""
    found = engine.language_probabilities([_cut(one.waveform, piece) for piece in one.pieces])
    pieces = [Piece(*edges, each) for edges, each in zip(one.pieces, found, strict=True)]
    codes = languages_of(pieces, one.language.code)
    if set(codes) == {one.language.code}:
        return []
    groups = [
        (code, [piece for _, piece in group])
        for code, group in groupby(zip(codes, pieces, strict=True), lambda both: both[0])
    ]
    # between two parts the pause is divided, and no part is padded by more than a span is
    middles = [(before[-1].end_s + after[0].start_s) / 2 for (_, before), (_, after) in pairwise(groups)]
    firsts, lasts = [one.span.start_s, *middles], [*middles, one.span.end_s]
    return [
        (
            SpeechSpan(max(first, group[0].start_s - PAD_S), min(last, group[-1].end_s + PAD_S)),
            Language(code, _mean_probability(group, code)),
        )
        for first, last, (code, group) in zip(firsts, lasts, groups, strict=True)
    ]


def languages_of(pieces: Sequence[Piece], main: str) -> list[str]:
    """The language of each piece: as many seconds of speech as possible in their own, with as few changes (Viterbi).

    Only languages that some piece is clearly in are taken, and `main`; a change costs `CHANGE_S` of speech.
    """
    sure = {
        code
        for piece in pieces
        if piece.seconds >= CANDIDATE_S
        for code, probability in piece.probabilities.items()
        if probability >= CANDIDATE
    }
    codes = sorted({main, *sure}, key=lambda code: (code != main, code))
    gains = np.array([[piece.seconds * piece.probabilities.get(code, 0.0) for code in codes] for piece in pieces])
    best, before = gains[0], []
    for gain in gains[1:]:
        # from each language (row) to each (column)
        reached = best[:, np.newaxis] - CHANGE_S * (1 - np.eye(len(codes)))
        before.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + gain
    path = [int(best.argmax())]
    for step in reversed(before):
        path.append(int(step[path[-1]]))
    return [codes[place] for place in reversed(path)]


def _rejoined(
    main: Language, decoded: Sequence[DecodedSpan], better: dict[tuple[int, SpeechSpan], list[HeardSegment]]
) -> tuple[Language, list[HeardSegment]]:
    """A clip with its better spans in place, and the language that most of its time is spoken in."""
    heard = [each for one in decoded for each in better.get((one.clip, one.span), one.heard)]
    if not any((one.clip, one.span) in better for one in decoded):
        return main, heard
    parts = {one.span: one.language for one in heard}
    seconds: dict[str, Seconds] = {}
    for span, spoken in parts.items():
        seconds[spoken.code] = seconds.get(spoken.code, 0.0) + span.end_s - span.start_s
    code = max(seconds, key=seconds.__getitem__)
    longest = max(
        (span for span, spoken in parts.items() if spoken.code == code), key=lambda span: span.end_s - span.start_s
    )
    return parts[longest], heard


def _short_pieces(waveform: Waveform, region: Stretch) -> list[Stretch]:
    """A region cut at its quietest points near an even division into pieces of at most `PIECE_S`."""
    start, end = region
    count = int(np.ceil((end - start) / PIECE_S))
    even = np.linspace(start, end, count + 1)
    freedom = (end - start) / count / 4
    inner = [_quietest(waveform, float(edge) - freedom, float(edge) + freedom) for edge in even[1:-1]]
    return list(pairwise([start, *inner, end]))


def _quietest(waveform: Waveform, start_s: Seconds, end_s: Seconds) -> Seconds:
    """The middle of the step with the least energy between two times."""
    step = round(QUIET_STEP_S * SAMPLE_RATE)
    sound = waveform[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
    steps = sound[: sound.size // step * step].reshape(-1, step)
    return start_s + (int(np.square(steps).sum(axis=1).argmin()) + 0.5) * QUIET_STEP_S


def _windows_of(start_s: Seconds, end_s: Seconds) -> list[Stretch]:
    """Windows of at most `WINDOW_S` at even distances over a stretch, from its start to its end."""
    count = min(MOST_WINDOWS, int(np.ceil((end_s - start_s) / WINDOW_S)))
    length = min(WINDOW_S, end_s - start_s)
    return [(float(first), float(first) + length) for first in np.linspace(start_s, end_s - length, count)]


def _cut(waveform: Waveform, stretch: Stretch) -> Waveform:
    return SpeechSpan(*stretch).cut(waveform)


def _seconds(stretches: Iterable[Stretch]) -> Seconds:
    return sum(end - start for start, end in stretches)


def _mean_probability(pieces: Sequence[Piece], code: str) -> float:
    return sum(piece.seconds * piece.probabilities.get(code, 0.0) for piece in pieces) / sum(
        piece.seconds for piece in pieces
    )
