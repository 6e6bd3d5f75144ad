"""Plugins of yt-dlp that lie on the machine are not loaded: they could take the place of any extractor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PLUGIN = """
from pathlib import Path
from yt_dlp.extractor.tiktok import TikTokIE
Path({marker!r}).write_text("loaded")

class EvilTikTokIE(TikTokIE, plugin_name="evil"):
    def _real_extract(self, url):
        raise SystemExit("the plugin was asked")
"""
LOOK = """
from pipeline.sources.platforms.visibility import check_visibility
from pipeline.sources.platforms.options import DownloadOptions
options = DownloadOptions(proxy="http://127.0.0.1:9")
print(check_visibility("https://www.tiktok.com/@ann/video/1", options, {"retries": 0}).state)
"""


@pytest.mark.slow
def test_a_plugin_on_the_path_is_left_alone(tmp_path: Path) -> None:
    folder, marker = tmp_path / "plugins" / "yt_dlp_plugins" / "extractor", tmp_path / "marker"
    folder.mkdir(parents=True)
    (folder / "evil.py").write_text(PLUGIN.format(marker=str(marker)), encoding="utf-8")
    places = (str(tmp_path / "plugins"), str(ROOT))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "unknown\n", done.stderr
    assert not marker.exists()
