"""A contender as tutorials write it: `whisper` for each file, SpeechBrain's classifier for each file, pandas to CSV."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pipeline.research.bench.random_classifier import classify


def main(
    corpus: Annotated[Path, typer.Argument()],
    table: Annotated[Path, typer.Argument()],
    checkpoint: Annotated[Path, typer.Option(help="Whisper's weights, as openai-whisper has them")],
    classifier: Annotated[Path, typer.Option(help="folder of SpeechBrain's wav2vec 2.0 classifier")],
) -> None:
    """Write text and tone of each clip of a folder."""
    import pandas as pd
    from whisper import load_audio

    rows = []
    for path in sorted(corpus.glob("*.mp4")):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "whisper", str(path), "--model", str(checkpoint), "--fp16", "False"]
            command += ["--output_dir", folder, "--output_format", "json"]
            subprocess.run(command, check=True)
            found = json.loads((Path(folder) / f"{path.stem}.json").read_text(encoding="utf-8"))
        tone = classify(classifier, load_audio(str(path)))
        rows.append({"file": path.name, "language": found["language"], "text": found["text"], "tone": tone})
    pd.DataFrame(rows).to_csv(table, index=False)


if __name__ == "__main__":
    typer.run(main)
