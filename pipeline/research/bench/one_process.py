"""A contender as a good script: faster-whisper with its defaults and SpeechBrain's classifier, loaded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.research.bench.random_classifier import classify


def main(
    corpus: Annotated[Path, typer.Argument()],
    table: Annotated[Path, typer.Argument()],
    weights: Annotated[Path, typer.Option(help="folder of Whisper's weights, as faster-whisper has them")],
    classifier: Annotated[Path, typer.Option(help="folder of SpeechBrain's wav2vec 2.0 classifier")],
) -> None:
    """Write text and tone of each clip of a folder."""
    import pandas as pd
    from faster_whisper import WhisperModel, decode_audio

    model = WhisperModel(str(weights), device="cpu")
    rows = []
    for path in sorted(corpus.glob("*.mp4")):
        segments, about = model.transcribe(str(path))
        text = "".join(segment.text for segment in segments)
        tone = classify(classifier, decode_audio(str(path)))
        rows.append({"file": path.name, "language": about.language, "text": text, "tone": tone})
    pd.DataFrame(rows).to_csv(table, index=False)


if __name__ == "__main__":
    typer.run(main)
