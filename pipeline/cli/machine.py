"""Commands about this machine: its models, and whether it has what cliptone needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import Commands, app
from pipeline.cli.output import console

models_app = Commands(help="Every model: source, licence, what it was trained on, and whether it is here.")
app.add_typer(models_app, name="models")


@models_app.callback(invoke_without_command=True)
def list_models(context: typer.Context) -> None:
    """List every model."""
    if context.invoked_subcommand is not None:
        return
    from pipeline.analysis.models import cache as model_cache
    from pipeline.cli.display import plain_table

    rows = [
        (
            model.name,
            "here" if model_cache.find(model.name) else "not here",
            model.task,
            f"{model.source} @ {model.revision[:12]}",
            model.licence,
            model.trained_on,
        )
        for model in model_cache.MODELS.values()
    ]
    console().print(plain_table(("model", "", "for", "source", "licence", "trained on"), rows))


@models_app.command("pull")
def pull_model(name: Annotated[str, typer.Argument(help="a name that `cliptone models` lists")]) -> None:
    """Fetch a model from its source, check its digests, and keep it for all studies."""
    from pipeline.analysis.models import cache as model_cache

    with console().status(f"fetching {name} …"):
        folder = model_cache.find(name) or model_cache.pull(name)
    console().print(f"{name} is in {folder}", markup=False)


@app.command()
def doctor() -> None:
    """Check ffmpeg, models, disk, versions, network and GPU, and say what to do."""
    from pipeline.cli.display import plain_table
    from pipeline.cli.doctor import check_up

    found = list(check_up(Path.cwd()))
    marks = {"ok": "ok", "note": "note", "problem": "PROBLEM"}
    rows = [(line.topic, marks[line.state], line.finding, line.advice) for line in found]
    console().print(plain_table(("", "", "found", "what to do"), rows))
    if any(line.state == "problem" for line in found):
        raise typer.Exit(1)
