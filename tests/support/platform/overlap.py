"""How well collecting and analysing overlap: one study both ways, on a fake platform. A command.

python -m tests.support.platform.overlap [POSTS] [PACE_S]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from pipeline.run.executors.platform_lanes import LaneState
from pipeline.run.progress import NoProgress
from pipeline.run.runner import run_study
from pipeline.stage import Stage
from pipeline.stages import STAGES as SHIPPED_STAGES
from pipeline.study.config import load_study
from pipeline.study.demo.study import SHIPPED
from tests.conftest import write_study
from tests.support.platform.crowd import FIRST_ID, PlatformDownload, post_urls
from tests.support.platform.fake_platform import CLIP_S, Platform, fake_platform, tiktok_page, tiktok_post

STAGES: tuple[type[Stage], ...] = (PlatformDownload, *SHIPPED_STAGES[1:])
BY_NAME = {stage.name: stage for stage in STAGES}


class Speaking(Platform):
    """Posts with long ids, all of them a clip of the demo in which someone speaks."""

    def _tiktok(self, path: str) -> None:
        post_id = path.rsplit("/", 1)[-1]
        if len(post_id) == len(str(FIRST_ID)):
            self.answer(200, tiktok_page(statusCode=0, itemInfo={"itemStruct": tiktok_post(post_id)}))
        else:
            super()._tiktok(path)


class Watch(NoProgress):
    """Says how the lane stands, for whoever waits."""

    def lane(self, state: LaneState) -> None:
        sys.stderr.write(f"\r{state.waiting:4d} posts to fetch ")


def measure(folder: Path, proxy: str, posts: int, pace_s: float) -> dict[str, float]:
    """Seconds of collecting alone, of analysing what was collected, and of both in one run."""
    times = {}
    for name, steps in (("apart", (("download",), ())), ("together", ((),))):
        (folder / name).mkdir()
        body = f"""
[[sources]]
urls = {post_urls(posts)}
[download]
proxy = "{proxy}"
captions = false
paces = {{ tiktok = [{pace_s}, {pace_s}] }}
"""
        study = load_study(write_study(folder / name, body.replace("'", '"'), name), BY_NAME)
        for only in steps:
            started = time.monotonic()
            run_study(study, Watch(), only, stages=STAGES)
            label = name if name == "together" else ("collecting" if only else "analysing")
            times[label] = time.monotonic() - started
    return times


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    pace = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        with fake_platform(SHIPPED / "clips" / "english_quick.mp4", place, Speaking) as (_, way):
            found = measure(place, way["proxy"], count, pace)
    longer = max(found["collecting"], found["analysing"])
    sys.stdout.write(
        f"\n{count} posts of {CLIP_S} s, one every {pace:g} s: collecting {found['collecting']:.1f} s, "
        f"analysing {found['analysing']:.1f} s, both in one run {found['together']:.1f} s, "
        f"{found['together'] / longer:.2f} times the longer of the two\n"
    )
