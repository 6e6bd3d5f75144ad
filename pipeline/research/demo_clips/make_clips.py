"""Builds the demo clips: `python -m pipeline.research.demo_clips.make_clips SPEECH_FOLDER`.

The speech comes from two sources which are free to ship (see LICENSES.md).  In a
Linux shell that can reach PyPI and Debian's packages, fill SPEECH_FOLDER with:

    mkdir SPEECH_FOLDER && cd SPEECH_FOLDER
    pip download --no-deps --no-binary pocketsphinx pocketsphinx==5.1.1
    tar -xzf pocketsphinx-5.1.1.tar.gz
    apt-get download asterisk-core-sounds-{en,es,fr}-wav
    for package in asterisk-core-sounds-*.deb; do dpkg-deb -x "$package" .; done

What the prompts say is in asterisk-core-sounds-{en,es,fr}, without -wav.  The same
ffmpeg gives the same bytes; another version may give other bytes that look the same.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Annotated, NamedTuple

import imageio_ffmpeg
import numpy as np
import typer

from pipeline.research.demo_clips.music import SAMPLE_RATE, Samples, make_music, make_silence
from pipeline.study.demo.study import SHIPPED

CLIPS_FOLDER = SHIPPED / "clips"
CHECKSUMS = Path(__file__).with_name("speech.sha256")  # as `sha256sum --check` reads it

LIBRIVOX = "pocketsphinx-5.1.1/test/data/librivox/sense_and_sensibility_01_austen_64kb-"
ENGLISH = "usr/share/asterisk/sounds/en_US_f_Allison/"
SPANISH = "usr/share/asterisk/sounds/es_MX_f_Allison/"
FRENCH = "usr/share/asterisk/sounds/fr_CA_f_June/"

PAUSE_SECONDS = 0.4  # s, between two sentences
EDGE_SECONDS = 0.6  # s, of quiet before the first and after the last sentence
SPEECH_DBFS = -20.0  # dB, RMS of the speech, pauses included
MUSIC_OVER_SPEECH_DB = 6.0  # dB, so that the words are hard but not hopeless to hear
PEAK = 0.95  # of full scale, so that the encoder does not clip

WIDTH, HEIGHT = 270, 480  # pixels, the 9:16 of a phone held upright
WAVE_HEIGHT = 120  # pixels
FRAME_RATE = 15  # frames a second: the picture hardly moves
VIDEO_CRF = 34  # x264 quality: small rather than sharp
AUDIO_BITRATE = "64k"  # bits a second
BROKEN_FRACTION = 0.6  # of the file is kept, so the index at its end is lost


class DemoClip(NamedTuple):
    """What one clip is made of: speech, its tempo, music and the picture's colours."""

    name: str
    colours: tuple[str, str]
    speech: tuple[str, ...] = ()
    tempo: float = 1.0
    key_hz: float = 0.0  # Hz, the key note of the music; 0 is no music
    seconds: float = 0.0  # s, for a clip without speech
    has_audio: bool = True
    is_broken: bool = False


FIRST_SENTENCES = (f"{LIBRIVOX}0870.wav", f"{LIBRIVOX}0880.wav", f"{LIBRIVOX}0890.wav")
LAST_SENTENCES = (f"{LIBRIVOX}0920.wav", f"{LIBRIVOX}0930.wav")
ENGLISH_CALL = (
    f"{ENGLISH}tt-allbusy.wav",
    f"{ENGLISH}queue-periodic-announce.wav",
    f"{ENGLISH}ss-noservice.wav",
)
SPANISH_CALL = (
    f"{SPANISH}tt-allbusy.wav",
    f"{SPANISH}queue-youarenext.wav",
    f"{SPANISH}ss-noservice.wav",
)
FRENCH_CALL = (
    f"{FRENCH}tt-allbusy.wav",
    f"{FRENCH}ss-noservice.wav",
    f"{FRENCH}vm-nobox.wav",
    f"{FRENCH}privacy-prompt.wav",
)

MUSIC_KEY_HZ = 196.0  # Hz, the G below middle C
MUSIC_SECONDS = 16.0  # s
MUSIC_SEED = 2
CLIPS = (
    DemoClip("english_clear", ("0x1f6f8b", "0x99d8d0"), FIRST_SENTENCES),
    DemoClip("english_quick", ("0xd1495b", "0xedae49"), FIRST_SENTENCES, tempo=1.4),
    DemoClip("english_slow", ("0x22577a", "0x57cc99"), LAST_SENTENCES, tempo=0.75),
    DemoClip("spanish", ("0xc8553d", "0xf4d58d"), SPANISH_CALL),
    DemoClip("french", ("0x30466f", "0xe3a0b0"), FRENCH_CALL),
    DemoClip("speech_under_music", ("0x5f0f40", "0xfb8b24"), ENGLISH_CALL, key_hz=220.0),
    DemoClip(
        "music_only",
        ("0x3d348b", "0xf18701"),
        key_hz=MUSIC_KEY_HZ,
        seconds=MUSIC_SECONDS,
    ),
    DemoClip("silence", ("0x495057", "0xadb5bd"), seconds=8.0),
    DemoClip("no_audio", ("0x386641", "0xa7c957"), seconds=8.0, has_audio=False),
    DemoClip(
        "broken",
        ("0x000000", "0xffffff"),
        key_hz=MUSIC_KEY_HZ,
        seconds=6.0,
        is_broken=True,
    ),
)


def check_sources(folder: Path) -> None:
    """Stop with a clear word if a source recording is missing or is not the known one."""
    for line in CHECKSUMS.read_text(encoding="utf-8").splitlines():
        expected, name = line.split(maxsplit=1)
        path = folder / name
        if not path.is_file():
            raise typer.BadParameter(f"{path} is missing; see this script's first lines")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise typer.BadParameter(f"{path} is not the recording this script knows")


def run_ffmpeg(arguments: list[str], stdin: bytes = b"") -> bytes:
    """Run the bundled ffmpeg on one core, for the same bytes anywhere, and return stdout."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE).stdout


def read_speech(path: Path, tempo: float) -> Samples:
    """Read a recording as mono samples, quicker or slower at the same pitch."""
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "pipe:1"]
    filters = ["-filter:a", f"atempo={tempo}"] if tempo != 1.0 else []
    data = run_ffmpeg(["-i", str(path), *filters, "-bitexact", *raw])
    return np.frombuffer(data, dtype="<f4").astype(np.float64)


def rms(samples: Samples) -> float:
    """Return the root mean square of the samples."""
    return float(np.sqrt(np.mean(np.square(samples))))


def join_speech(folder: Path, clip: DemoClip) -> Samples:
    """Join the sentences of a clip with pauses and bring them to the common level."""
    pause = np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE))
    edge = np.zeros(round(EDGE_SECONDS * SAMPLE_RATE))
    parts = [edge]
    for name in clip.speech:
        parts += [read_speech(folder / name, clip.tempo), pause]
    speech = np.concatenate([*parts[:-1], edge])
    return np.asarray(speech * 10.0 ** (SPEECH_DBFS / 20.0) / rms(speech))


def make_sound(folder: Path, clip: DemoClip) -> Samples:
    """Return the whole soundtrack of a clip."""
    if not clip.speech:
        if clip.key_hz:
            return make_music(clip.seconds, clip.key_hz, MUSIC_SEED)
        return make_silence(clip.seconds, MUSIC_SEED)
    sound = join_speech(folder, clip)
    if clip.key_hz:
        music = make_music(sound.size / SAMPLE_RATE, clip.key_hz, MUSIC_SEED + 1)
        gain = rms(sound) * 10.0 ** (MUSIC_OVER_SPEECH_DB / 20.0) / rms(music)
        sound = sound + gain * music
    return sound * min(1.0, PEAK / float(np.abs(sound).max()))


def picture_filter(clip: DemoClip) -> str:
    """Return the ffmpeg graph that draws the sound as a wave on a slow gradient."""
    start, end = clip.colours
    gradient = (
        f"gradients=size={WIDTH}x{HEIGHT}:rate={FRAME_RATE}:nb_colors=2:seed=1"
        f":c0={start}:c1={end}:x0=0:y0=0:x1={WIDTH}:y1={HEIGHT}:speed=0.001"
    )
    if not clip.has_audio:
        return f"{gradient},format=yuv420p[picture]"
    return (
        f"[0:a]showwaves=size={WIDTH}x{WAVE_HEIGHT}:rate={FRAME_RATE}:mode=cline"
        f":scale=sqrt:draw=full:colors=white[wave];{gradient}[ground];"
        "[ground][wave]overlay=y=(H-h)/2:shortest=1,format=yuv420p[picture]"
    )


def write_clip(clip: DemoClip, sound: Samples, path: Path) -> None:
    """Encode sound and picture as a vertical mp4 without a date or a maker's name."""
    seconds = sound.size / SAMPLE_RATE
    data = sound.astype("<f4").tobytes()
    source = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "pipe:0"]
    picture = ["-filter_complex_threads", "1", "-filter_complex", picture_filter(clip)]
    video = ["-map", "[picture]", "-c:v", "libx264", "-preset", "veryslow"]
    video += ["-crf", str(VIDEO_CRF), "-g", str(10 * FRAME_RATE), "-threads", "1"]
    audio = ["-map", "0:a", "-c:a", "aac", "-b:a", AUDIO_BITRATE]
    # A player can start at once when the index is first, but a cut file then still opens.
    index = [] if clip.is_broken else ["-movflags", "+faststart"]
    bitexact = ["-fflags", "+bitexact", "-flags", "+bitexact", "-map_metadata", "-1"]
    streams = [*source, *picture, *video, *(audio if clip.has_audio else ["-an"])]
    run_ffmpeg([*streams, *index, *bitexact, "-t", f"{seconds:.3f}", str(path)], stdin=data)
    if clip.is_broken:
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * BROKEN_FRACTION)])


def main(
    speech_folder: Annotated[Path, typer.Argument(help="Where the recordings are.")],
    clips_folder: Annotated[Path, typer.Option(help="Where to write.")] = CLIPS_FOLDER,
) -> None:
    """Build every demo clip anew."""
    check_sources(speech_folder)
    clips_folder.mkdir(parents=True, exist_ok=True)
    for clip in CLIPS:
        path = clips_folder / f"{clip.name}.mp4"
        sound = make_sound(speech_folder, clip)
        write_clip(clip, sound, path)
        seconds = sound.size / SAMPLE_RATE
        typer.echo(f"{path.name}: {seconds:.1f} s, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    typer.run(main)
