"""The versions of yt-dlp and of the tools that it depends on, since platforms break old ones."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("yt-dlp", "curl-cffi", "yt-dlp-ejs")
JS_RUNTIMES = ("deno", "node")  # YouTube needs one of them; in the order in which yt-dlp tries them
OLD_DAYS = 30  # extractors age: platforms change their pages every few weeks
RUNTIME_PATIENCE_S = 10.0


def tools(cookie_file: Path | None = None) -> str:
    """Versions of everything that decides whether a fetch works, as JSON; a post on hold waits until they change."""
    found: dict[str, str | None] = {name.replace("-", "_"): _package_version(name) for name in PACKAGES}
    cookies = None
    if cookie_file is not None and cookie_file.is_file():
        cookies = hashlib.sha256(cookie_file.read_bytes()).hexdigest()[:12]
    return json.dumps({**found, "js_runtime": js_runtime(), "cookies": cookies}, sort_keys=True)


@cache
def js_runtime() -> str | None:
    """The JavaScript runtime that yt-dlp can use for YouTube, with its version; None without one."""
    for name in JS_RUNTIMES:
        path = shutil.which(name)
        if path is None:
            continue
        try:
            said = subprocess.run(
                [path, "--version"], capture_output=True, text=True, timeout=RUNTIME_PATIENCE_S, check=True
            )
        except (OSError, subprocess.SubprocessError):
            continue
        number = re.search(r"\d+(\.\d+)+", said.stdout)
        return f"{name} {number[0]}" if number else name
    return None


def age_days(today: date | None = None) -> int | None:
    """Days since the release of yt-dlp, whose version is that date; None where its version is not a date."""
    parts = re.match(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", _package_version("yt-dlp") or "")
    if parts is None:
        return None
    return ((today or datetime.now(UTC).date()) - date(*map(int, parts.groups()))).days


def age_warning(today: date | None = None) -> str | None:
    """A sentence if yt-dlp is older than a month."""
    days = age_days(today)
    if days is None or days <= OLD_DAYS:
        return None
    return f"yt-dlp {_package_version('yt-dlp')} is {days} days old, and extractors age: pip install --upgrade yt-dlp"


def _package_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
