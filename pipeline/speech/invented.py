"""Text that Whisper invents where nobody speaks, told by signs of its own: such segments are never stored."""

from __future__ import annotations

from pipeline.records import Seconds
from pipeline.speech.engine import Decoding, Segment

#: A later window shorter than this holds no speech: spans end in 0.3 s of padding. Real ones measured 1.6 s and more.
MIN_REST_S: Seconds = 0.5


def is_invented(segment: Segment, duration_s: Seconds, decoding: Decoding) -> bool:
    """True for a segment, of a waveform of `duration_s`, that is no record of anything said.

    That is: signs without a letter or digit; what was decoded from the rest of the waveform after its last word;
    or a loop in which both of Whisper's alarms (Radford et al. 2022, section 4.5) ring at once. One alarm alone
    rings for chants and for speech over music too, and stays a number in `segments`.
    """
    wordless = not any(character.isalnum() for character in segment.text)
    in_the_rest = segment.window_s > 0.0 and duration_s - segment.window_s < MIN_REST_S
    loop = (
        segment.compression_ratio > decoding.compression_ratio_threshold
        and segment.no_speech_prob > decoding.no_speech_threshold
    )
    return wordless or in_the_rest or loop
