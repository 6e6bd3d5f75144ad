"""Values as scripts: pages opened from disk may not fetch files, but they may load scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

DIGITS = 4  # of a number in a page; the database has all digits
#: Characters that could end a script element or a line, should a page ever hold the text itself.
ESCAPED = re.compile("[<>&\u2028\u2029]")


def write_script(path: Path, name: str, value: Any) -> None:
    """Write a file that hands `value` to the page under `name`; it is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(as_script(name, value), encoding="utf-8")
    part.replace(path)


def as_script(name: str, value: Any) -> str:
    """The call that hands `value` to the page; every text in it is a JSON string, so none can run as code."""
    return f"cliptone.receive({_script_json(name)}, {_script_json(value)});\n"


def _script_json(value: Any) -> str:
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: Any) -> Any:
    """A value as JSON has it: numbers rounded, times in UTC with a Z."""
    if value is None or type(value) in (str, int, bool):  # the most frequent types come first, for speed
        return value
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value
