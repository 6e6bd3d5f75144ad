"""The page of one coder: one HTML file with sound, questions and answers, and nothing of what a model said."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import UserError
from pipeline.results.study import StudyReader
from pipeline.results.validation.sample import SampledUnit, ValidationSample
from pipeline.results.validation.scheme import Scheme

FORMAT = "cliptone-labels"
VERSION = 1
#: A code, never a name: it stands in the page, in the answers and in the database.
CODER = re.compile(r"[A-Za-z]{1,3}[0-9]{0,3}")
TYPES = {".mp3": "audio/mpeg", ".wav": "audio/wav"}
SCHEME_FILE = "scheme.json"
WORDS = """
    SELECT clip_id, start_s, string_agg(text, ' ' ORDER BY segment) AS text, end_s
    FROM (SELECT clip_id, segment, min(start_s) AS start_s, max(end_s) AS end_s, any_value(text) AS text
          FROM segments WHERE clip_id IN (SELECT unnest($clips)) GROUP BY clip_id, segment)
    GROUP BY clip_id, start_s, end_s ORDER BY clip_id, start_s
"""


def check_coder(code: str) -> str:
    """The code of a coder; `UserError` for what may be a name."""
    if not CODER.fullmatch(code):
        raise UserError(f"a coder has a code of up to three letters and three digits, such as A or C12, not {code!r}")
    return code


def order_of(sample: ValidationSample, coder: str) -> list[SampledUnit]:
    """What a coder hears, in an order of their own that is the same each time."""

    def place(one: SampledUnit) -> str:
        return hashlib.sha256(f"{sample.seed} {coder} {one.sample_id}".encode()).hexdigest()

    return sorted((one for one in sample.units if one.media and (sample.folder / one.media).is_file()), key=place)


def write_page(sample: ValidationSample, scheme: Scheme, coder: str, words: Mapping[str, str] | None = None) -> Path:
    """Write the page of one coder into the sample's folder; `UserError` where there is nothing to listen to."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    check_coder(coder)
    units = order_of(sample, coder)
    if not units:
        raise UserError(
            f"nothing of the sample {sample.name} can be listened to: its clips have neither a file of your own nor "
            "kept audio; set keep_audio = true in the study file and run the study again"
        )
    keep_scheme(sample, scheme)
    data = {
        "format": FORMAT, "version": VERSION, "sample": sample.name, "scheme_sha256": scheme.sha256, "coder": coder,
        "scheme": asdict(scheme),
        "units": [
            {
                "id": one.sample_id,
                "sound": _sound(sample.folder / str(one.media)),
                "words": (words or {}).get(one.sample_id),
            }
            for one in units
        ],
    }  # fmt: skip
    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), undefined=StrictUndefined, autoescape=True)
    text = environment.get_template("page.html.j2").render(
        data=json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        style=(here / "page.css").read_text(encoding="utf-8"),
        script=(here / "page.js").read_text(encoding="utf-8"),
        name=scheme.name, intro=scheme.intro, coder=coder,
    )  # fmt: skip
    target = sample.folder / f"coder-{coder}.html"
    target.write_text(text, encoding="utf-8")
    return target


def keep_scheme(sample: ValidationSample, scheme: Scheme) -> None:
    """Note by which scheme a sample is labelled; `UserError` if it is labelled by another."""
    path = sample.folder / SCHEME_FILE
    if path.is_file() and path.read_text(encoding="utf-8").strip() != scheme.json:
        raise UserError(
            f"the sample {sample.name} is labelled by another scheme: draw a new sample for this one, or delete {path}"
        )
    path.write_text(scheme.json + "\n", encoding="utf-8")


def words_of(reader: StudyReader, sample: ValidationSample) -> dict[str, str]:
    """What is said in each unit: the segments of the transcript that it meets."""
    rows = reader.arrow(WORDS, {"clips": sorted({one.clip_id for one in sample.units})}).to_pylist()
    found = {}
    for one in sample.units:
        said = [
            row["text"].strip()
            for row in rows
            if row["clip_id"] == one.clip_id and row["text"]
            and (one.start_s is None or one.end_s is None
                 or (row["start_s"] < one.end_s and row["end_s"] > one.start_s))
        ]  # fmt: skip
        if said:
            found[one.sample_id] = " ".join(said)
    return found


def _sound(path: Path) -> str:
    """A sound as a data URL."""
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{TYPES[path.suffix]};base64,{encoded}"
