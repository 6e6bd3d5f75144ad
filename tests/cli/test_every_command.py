"""Each command of `cliptone --help` once, as users give it, on the results of the demo."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import typer

from pipeline.cli import app
from pipeline.stages import BY_NAME
from pipeline.study import binding
from pipeline.study.config import Study, load_study
from tests.support.command import PROGRAM, cliptone
from tests.support.paths import EXPORT_FIXTURES

pytestmark = pytest.mark.model
CLIP = "tiktok:7300000000000000001"
AUTHOR = "@demo_ana"
OF_AUTHOR = ("demo_ana", CLIP, "7300000000000000004")  # how files name her and her posts


@dataclass(frozen=True)
class Desk:
    """Where a user sits: the demo's folder lies below."""

    folder: Path
    study: Study

    def says(self, *arguments: str, code: int = 0) -> str:
        """What a command shows, which ends with that code."""
        ended = cliptone(*arguments, cwd=self.folder)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert ended.stderr == ""
        return " ".join(ended.stdout.split())

    def has(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the published results."""
        with duckdb.connect(str(self.study.folder.published), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def desk(demo_copy: Study, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    own = tmp_path / "keys"  # some commands move or destroy the key, and other tests may use it too
    own.mkdir()
    shutil.copy(keys / f"{binding.key_name(demo_copy.folder)}.key", own)
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    return Desk(tmp_path, demo_copy)


STUDY = "demo/demo.toml"
#: Commands that take seconds.
SLOW = frozenset(
    {
        "forget",
        "optout add",
        "run",
        "verify",
        "serve",
        "merge",
        "picture",
        "reference",
        "validate import",
        "validate page",
    }
)
Use = Callable[[Desk], None]
USES: dict[str, Use] = {}


def use(use: Use) -> Use:
    """Enter how a command is used: `models_pull` uses `cliptone models pull`."""
    USES[use.__name__.rstrip("_").replace("train_head", "train-head").replace("_", " ")] = use
    return use


def commands(group: typer.models.Any, above: str = "") -> Iterator[str]:
    """Names of all commands, with those of their groups before them."""
    for name, command in group.commands.items():
        if not hasattr(command, "commands"):
            yield f"{above}{name}"
            continue
        if command.invoke_without_command:
            yield f"{above}{name}"
        yield from commands(command, f"{above}{name} ")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in commands(typer.main.get_command(app))
    ],
)
def test_every_command_does_on_the_demo_what_it_says(name: str, desk: Desk) -> None:
    assert name in USES, f"say below how `cliptone {name}` is used"
    USES[name](desk)


def _passed(desk: Desk) -> object:
    """How many steps of the demo's one run passed."""
    ((passed,),) = desk.has("SELECT count(*) FROM attempts WHERE status = 'ok'")
    return passed


def test_nothing_below_is_of_a_command_that_is_gone() -> None:
    assert set(USES) == set(commands(typer.main.get_command(app)))


@use
def demo(desk: Desk) -> None:
    first = " ".join((desk.study.folder.root / "said.txt").read_text().split())
    assert f"10 clips, 10 new: {_passed(desk)} steps done" in first
    said = desk.says("demo", "demo")
    assert "Nothing to do: nothing is pending" in said
    assert "Failed in earlier runs: " in said
    assert "no_audio 1" in said
    assert "speech_under_music.mp4" in said


@use
def init(desk: Desk) -> None:
    assert "cliptone run my-study.toml" in desk.says("init", "my-study")
    (desk.folder / "clips").mkdir()
    assert load_study(desk.folder / "my-study.toml", BY_NAME).file.name == "my-study"


@use
def run(desk: Desk) -> None:
    (desk.study.folder.root / "clips" / "another.mp4").write_text("no video")
    assert "11 clips, 1 new: 1 step done" in desk.says("run", STUDY)
    assert desk.has("SELECT reason FROM attempts WHERE clip_id = 'file:another.mp4' AND status = 'failed'") == [
        ("not_media",)
    ]
    assert "not_media 2" in desk.says("run", STUDY), "of the demo, and of the run before"


@use
def status(desk: Desk) -> None:
    said = desk.says("status", STUDY)
    assert "│audio │ 8 │ no_audio 1, not_media 1 │" in said
    assert "│emotion │ 8 │ – │ – │ 2│" in said
    assert "tiktok │ folder 1 │ arrived │ NULL │ 6" in desk.says("status", STUDY, "--collection")


@use
def merge(desk: Desk) -> None:
    for shard in ("1/2", "2/2"):
        assert "Nothing to do" in desk.says("run", STUDY, "--shard", shard)
    assert "from 2 of 2 shards" in desk.says("merge", STUDY, "--remove", "--yes")
    assert desk.has("SELECT count(*) FROM clips") == [(10,)]


@use
def plan(desk: Desk) -> None:
    said = desk.says("plan", STUDY, "--clips", "10e6")
    assert "| clips | 10,000,000 of" in said
    assert "the attempts of demo" in said
    said = desk.says("plan", STUDY, "--labels", "--points", "20")
    assert "| clip | angry | 5 |" in said
    assert "| region | angry |" in said


@use
def import_(desk: Desk) -> None:
    export = str(EXPORT_FIXTURES / "zeeschuimer.ndjson")
    assert "To store them: cliptone import" in desk.says("import", export)
    assert "--fetch" in desk.says("import", export, "--study", STUDY)
    assert desk.has("SELECT count(*) > 0 FROM imports WHERE posts > 0") == [(True,)]


@use
def recheck(desk: Desk) -> None:
    assert "no posts to check" in desk.says("recheck", STUDY), "its clips are files"


@use
def query(desk: Desk) -> None:
    assert "clip_overview" in desk.says("query", "--study", STUDY)
    said = desk.says("query", "clip_tone", "--study", STUDY, "--format", "csv")
    assert f"{CLIP},starter" in said
    assert "number" in desk.says("query", "tone_of_term", "--study", STUDY, "--term", "number")


@use
def search(desk: Desk) -> None:
    said = desk.says("search", "somebody inherits a house", STUDY, "--limit", "3", "-f", "json")
    found = json.loads(said)
    assert len(found) == 3
    assert found[0]["similarity"] >= found[-1]["similarity"]
    assert {"clip_id", "channel", "jump_to_s", "text", "link"} <= set(found[0])
    assert "nothing to search for" in cliptone("search", " ", STUDY, cwd=desk.folder).stderr


@use
def sql(desk: Desk) -> None:
    said = desk.says(
        "sql", "SELECT language, count(*) AS clips FROM transcripts GROUP BY ALL", "-s", "demo", "-f", "json"
    )
    assert {"language": "es", "clips": 1} in json.loads(said)


@use
def codebook(desk: Desk) -> None:
    assert "starter" in desk.says("codebook", "--study", STUDY)
    assert "emotions" in desk.says("codebook", "--format", "csv")


@use
def report(desk: Desk) -> None:
    assert "10 clips. Open" in desk.says("report", STUDY)
    assert (desk.study.folder.root / "report" / "index.html").is_file()


@use
def serve(desk: Desk) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [*PROGRAM, "serve", STUDY, "--port", "0"]
    with subprocess.Popen(command, cwd=desk.folder, stdout=subprocess.PIPE, text=True, env=environment) as served:
        signal.signal(signal.SIGINT, before)
        try:
            assert served.stdout is not None
            url = next(word for line in served.stdout for word in line.split() if word.startswith("http://"))
            with urllib.request.urlopen(url, timeout=60) as page:  # noqa: S310 - this machine
                assert b"<h1" in page.read()
            served.send_signal(signal.SIGINT)
            assert served.wait(60) == 0
        finally:
            served.kill()


@use
def picture(desk: Desk) -> None:
    desk.says("picture", CLIP, "--study", STUDY, "--tracks", "waveform,words,tone", "-o", "clip.svg")
    drawn = (desk.folder / "clip.svg").read_text(encoding="utf-8")
    assert "<svg" in drawn
    assert "time in the clip (s)" in drawn
    desk.says("picture", CLIP, STUDY, "--end", "2", "-o", "clip.png")
    assert (desk.folder / "clip.png").read_bytes().startswith(b"\x89PNG")


@use
def export(desk: Desk) -> None:
    said = desk.says("export", STUDY, "--to", "out")
    assert "level shareable" in said
    assert json.loads((desk.folder / "out" / "manifest.json").read_text())["level"] == "shareable"
    desk.says("export", STUDY, "--level", "restricted", "--format", "csv", "--subtitles", "srt,vtt", "--to", "all")
    assert list((desk.folder / "all" / "subtitles").glob("*.srt"))


def _labels(desk: Desk, *names: str) -> str:
    """A file that gives every speech region one of the names in turn."""
    regions = desk.has("SELECT clip_id, start_s, end_s FROM speech_regions ORDER BY clip_id, region")
    with (desk.folder / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("clip_id", "start_s", "end_s", "label")]
            + [(*region, names[number % len(names)]) for number, region in enumerate(regions)]
        )
    return "mine.csv"


@use
def train_head(desk: Desk) -> None:
    said = desk.says("train-head", _labels(desk, "loud", "calm"), "--study", STUDY)
    assert 'models = ["starter", "heads/mine"]' in said
    assert (desk.study.folder.root / "heads" / "mine").is_dir()


@use
def reference(desk: Desk) -> None:
    """Taken, used by the next run, and given up again, so that others find the demo as it was."""
    read_against = "SELECT DISTINCT reference FROM emotions WHERE model = 'starter' ORDER BY ALL"
    before = "SELECT clip_id, region, probabilities FROM emotions WHERE model = 'starter' ORDER BY ALL"
    scores = desk.has(before)
    assert desk.has(read_against) == [("training",)]
    assert "16 regions of" in desk.says("reference", STUDY)
    desk.says("run", STUDY, "--stage", "emotion")
    ((taken,),) = desk.has(read_against)
    assert taken != "training"
    assert desk.has(before) != scores
    desk.says("reference", STUDY, "--remove")
    desk.says("run", STUDY, "--stage", "emotion")
    assert desk.has(before) == scores


@use
def compare(desk: Desk) -> None:
    said = desk.says(
        "compare", STUDY, "--by", "hashtag=bag", "--measure", "angry", "--measure", "acoustics.f0_median_hz"
    )
    assert "other hashtags" in said
    assert desk.has("SELECT measure, clips_a > 0 FROM comparisons ORDER BY 1") == [
        ("acoustics.f0_median_hz", True), ("angry", True)
    ]  # fmt: skip
    assert list(desk.study.folder.comparisons.glob("*.svg"))


@use
def evaluate(desk: Desk) -> None:
    said = desk.says("evaluate", "--labels", _labels(desk, "angry", "happy", "neutral", "sad"), "--study", STUDY)
    assert "uar" in said
    assert "wer" in desk.says("evaluate", "--transcripts", "demo/transcripts.csv", "--study", STUDY)


def _take_out_of_own_files(desk: Desk) -> None:
    """The files that the demo is made of lie beside its results: what they say of people is the user's to delete."""
    for name in ("posts.csv", "transcripts.csv"):
        path = desk.study.folder.root / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not any(one in line for one in OF_AUTHOR)), encoding="utf-8")


@use
def forget(desk: Desk) -> None:
    assert f"cliptone forget {STUDY} --author {AUTHOR} --yes" in desk.says("forget", STUDY, "--author", AUTHOR)
    said = desk.says("forget", STUDY, "--author", AUTHOR, "--yes", code=1)
    assert "NOT PROVEN" in said, "the user's own files name her"
    _take_out_of_own_files(desk)
    assert "found 0" in desk.says("forget", STUDY, "--author", AUTHOR, "--yes")
    assert desk.has(f"SELECT count(*) FROM clips WHERE clip_id = '{CLIP}'") == [(0,)]


@use
def expire(desk: Desk) -> None:
    assert "Nothing was deleted (no day is named" in desk.says("expire", STUDY)
    with desk.study.file.path.open("a", encoding="utf-8") as file:
        file.write("\n[privacy]\nretain_until = 2020-01-31\n")
    assert "Deleted." in desk.says("expire", STUDY, "--what", "audio", "--yes")
    assert not list((desk.study.folder.root / "work" / "audio").glob("*.wav"))


@use
def audit(desk: Desk) -> None:
    said = desk.says("audit", STUDY)
    assert f"passed {_passed(desk)}" in said
    assert "The chain of 1 line holds" in said


@use
def methods(desk: Desk) -> None:
    desk.says("methods", STUDY, "--output", "methods.md")
    assert "whisper-base" in (desk.folder / "methods.md").read_text(encoding="utf-8")
    assert "Every number of methods.md is that of the database" in desk.says("methods", STUDY, "--check", "methods.md")


@use
def verify(desk: Desk) -> None:
    assert "All is well" in desk.says("verify", STUDY)
    next((desk.study.folder.root / "work" / "audio").glob("*.wav")).unlink()
    assert "is not there" in desk.says("verify", STUDY, code=1)
    assert "1 of 1 are repaired" in desk.says("verify", STUDY, "--repair")


@use
def doctor(desk: Desk) -> None:
    said = desk.says("doctor")
    assert "model whisper-base" in said
    assert "PROBLEM" not in said


@use
def optout_add(desk: Desk) -> None:
    (desk.folder / "names.txt").write_text(f"tiktok:{AUTHOR}\n", encoding="utf-8")
    said = desk.says("optout", "add", "names.txt", STUDY, "--yes", code=1)
    assert "1 account and 0 posts stay out of demo" in said
    assert "NOT PROVEN" in said, "the user's own files name her"
    assert "Nothing to do" in desk.says("run", STUDY), "it does not take her in again"
    assert desk.has(f"SELECT count(*) FROM clips WHERE clip_id = '{CLIP}'") == [(0,)]


@use
def optout_list(desk: Desk) -> None:
    assert "digest" in desk.says("optout", "list", STUDY)
    (desk.folder / "names.txt").write_text("@somebody\n", encoding="utf-8")
    assert "would stay out" in desk.says("optout", "add", "names.txt", STUDY)
    desk.says("optout", "add", "names.txt", STUDY, "--yes")
    assert "opt_out" in desk.says("optout", "list", STUDY)


@use
def keys_show(desk: Desk) -> None:
    assert "key here" in desk.says("keys", "show", STUDY)


@use
def keys_move(desk: Desk) -> None:
    (desk.folder / "safe").mkdir()
    assert "export CLIPTONE_KEYS=" in desk.says("keys", "move", "safe", STUDY)
    assert "key moved" in desk.says("keys", "show", STUDY)


@use
def keys_destroy(desk: Desk) -> None:
    assert f"To do it: cliptone keys destroy {STUDY} --yes" in desk.says("keys", "destroy", STUDY)
    assert "The key is destroyed" in desk.says("keys", "destroy", STUDY, "--yes")
    assert "key destroyed" in desk.says("keys", "show", STUDY)


@use
def models(desk: Desk) -> None:
    said = desk.says("models")
    assert "│whisper-base │ here │" in said
    assert "│starter │ here │" in said


@use
def models_pull(desk: Desk) -> None:
    assert "whisper-base is in" in desk.says("models", "pull", "whisper-base"), "it is here"


@use
def validate_sample(desk: Desk) -> None:
    assert "21 can be listened to" in desk.says("validate", "sample", STUDY)
    assert (desk.study.folder.root / "validation" / "sample" / "sample.csv").is_file()


@use
def validate_scheme(desk: Desk) -> None:
    assert "[[questions]]" in desk.says("validate", "scheme")


@use
def validate_page(desk: Desk) -> None:
    desk.says("validate", "sample", STUDY, "--size", "4", "--unit", "clip")
    assert "coder-B.html" in desk.says("validate", "page", STUDY, "--words")
    assert "label-studio-tasks.json" in desk.says("validate", "page", STUDY, "--label-studio")


def _answers(desk: Desk) -> list[str]:
    """What two coders save who hear the tones in turn, and disagree once."""
    desk.says("validate", "sample", STUDY)
    desk.says("validate", "page", STUDY)
    saved = []
    for coder in "AB":
        page = (desk.study.folder.validation / "sample" / f"coder-{coder}.html").read_text(encoding="utf-8")
        data = json.loads(page.split('id="data">')[1].split("</script>")[0])
        tones = ("neutral", "happy", "angry", "sad")
        said = {one: tones[number % 4] for number, one in enumerate(sorted(unit["id"] for unit in data["units"]))}
        said[min(said)] = "neutral" if coder == "A" else "sad"
        answers = [{"sample_id": one, "values": {"tone": tone, "sure": 4}} for one, tone in said.items()]
        kept = {key: data[key] for key in ("format", "version", "sample", "scheme_sha256", "coder")}
        (desk.folder / f"{coder}.json").write_text(json.dumps({**kept, "answers": answers}), encoding="utf-8")
        saved.append(f"{coder}.json")
    return saved


@use
def validate_import(desk: Desk) -> None:
    files = _answers(desk)
    assert "coder B" in desk.says("validate", "import", *files, "--study", STUDY)
    assert "all there before" in desk.says("validate", "import", *files, STUDY)
    assert desk.has("SELECT count(DISTINCT coder) FROM annotations") == [(2,)]


@use
def validate_report(desk: Desk) -> None:
    desk.says("validate", "import", *_answers(desk), STUDY)
    said = desk.says("validate", "report", STUDY)
    assert "alpha (nominal)" in said
    assert "uar" in said
    place = desk.study.folder.validation / "sample"
    assert "<audio" in (place / "report.html").read_text(encoding="utf-8")
    labels = str(place / "labels-sample.csv")
    assert "uar" in desk.says("evaluate", "--labels", labels, "--study", STUDY)
    assert "measured on authors" in desk.says("train-head", labels, "--name", "checked", "--study", STUDY)
    desk.says("methods", STUDY, "--output", "methods.md")
    assert "2<!--card.sample.coders-->" in (desk.folder / "methods.md").read_text(encoding="utf-8")
    assert "Every number" in desk.says("methods", STUDY, "--check", "methods.md")
