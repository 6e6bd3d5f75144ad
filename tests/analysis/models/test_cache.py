"""Models: found in order, checked before use, missing in one sentence; no code of a data package is run."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.cache import MODELS, Model, ModelFile, PackagedFile
from pipeline.errors import ModelCorrupt, ModelMissing, UserError

CONTENT = b"weights of a toy"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIPTONE_CACHE", str(tmp_path / "cache"))
    model_cache._checked.cache_clear()
    return tmp_path / "cache"


def toy(monkeypatch: pytest.MonkeyPatch, source: str = "https://127.0.0.1:9/x", **more: object) -> Model:
    model = Model("toy", "nothing", source, "1", "MIT", "nothing", (ModelFile("toy.bin", DIGEST),), **more)  # type: ignore[arg-type]
    monkeypatch.setitem(MODELS, "toy", model)
    return model


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT if "good" in self.path else b"something else")

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()


def serve(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("huggingface_hub.hf_hub_url", lambda *_, **__: url)


def test_a_named_folder_comes_first_and_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy(monkeypatch)
    folder = tmp_path / "mine" / "toy"
    folder.mkdir(parents=True)
    (folder / "toy.bin").write_bytes(CONTENT)
    assert model_cache.find("toy", tmp_path / "mine") == folder
    model_cache._checked.cache_clear()
    (folder / "toy.bin").write_bytes(b"changed")
    with pytest.raises(ModelCorrupt, match="sha256"):
        model_cache.find("toy", tmp_path / "mine")


def test_a_fetched_model_is_kept_whole(server: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy(monkeypatch, source="someone/toy")
    serve(monkeypatch, f"{server}/good")
    folder = model_cache.locate("toy")
    assert (folder / "toy.bin").read_bytes() == CONTENT
    assert model_cache.find("toy") == folder
    assert [path.name for path in (cache / "toy").iterdir()] == ["1"], "nothing half-done is left"


def test_a_fetched_file_with_another_digest_is_not_kept(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy(monkeypatch, source="someone/toy")
    serve(monkeypatch, f"{server}/bad")
    with pytest.raises(ModelCorrupt):
        model_cache.locate("toy")
    assert model_cache.find("toy") is None
    assert list((cache / "toy").iterdir()) == []


def test_a_model_that_is_nowhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    toy(monkeypatch)
    with pytest.raises(ModelMissing, match="cliptone models pull toy"):
        model_cache.locate("toy")
    with pytest.raises(UserError, match="there is no model 'tyo'"):
        model_cache.locate("tyo")


def test_a_data_package_is_joined_and_checked_without_running_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part, content in (("part1", CONTENT[:5]), ("part2", CONTENT[5:])):
        package = tmp_path / "site" / f"toy_{part}"
        (package / "data").mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('code of a data package was run')")
        (package / "data" / "toy.bin").write_bytes(content)
        info = tmp_path / "site" / f"toy_{part}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy-{part}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"toy_{part}/__init__.py,,\ntoy_{part}/data/toy.bin,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    parts = (("toy-part1", "data/toy.bin"), ("toy-part2", "data/toy.bin"))
    toy(monkeypatch, packaged=(PackagedFile("toy.bin", parts),))
    folder = model_cache.find("toy")
    assert folder is not None
    assert (folder / "toy.bin").read_bytes() == CONTENT
    shutil.rmtree(tmp_path / "site" / "toy_part2-1.0.dist-info")
    shutil.rmtree(folder)
    assert model_cache.find("toy") is None
    assert "install toy-part1 toy-part2 with pip" in model_cache.get("toy").install_hint


def test_identity_changes_with_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    toy(monkeypatch)
    first = model_cache.identity("toy")
    monkeypatch.setitem(MODELS, "toy", Model("toy", "", "", "1", "", "", (ModelFile("toy.bin", "0" * 64),)))
    assert model_cache.identity("toy") != first


def test_every_model_says_what_a_methods_section_needs() -> None:
    for name, model in MODELS.items():
        assert name == model.name
        assert all((model.task, model.source, model.revision, model.licence, model.trained_on, model.files))
        if not model.source.startswith(("https://", "shipped")) and not model.packaged:
            assert len(model.revision) == 40, f"{name} is pinned to a commit"
    assert model_cache.find("starter") is not None, "the starter ships with the package"
