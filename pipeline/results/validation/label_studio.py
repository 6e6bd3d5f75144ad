"""The way to Label Studio: its tasks and its labelling interface, from a sample and a scheme."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from pipeline.results.validation.page import keep_scheme
from pipeline.results.validation.sample import ValidationSample
from pipeline.results.validation.scheme import CANT_TELL, Question, Scheme

TASKS, CONFIG = "label-studio-tasks.json", "label-studio.xml"
LOCAL = "/data/local-files/?d="  # where Label Studio serves files of its own machine


def write_tasks(sample: ValidationSample, scheme: Scheme, words: Mapping[str, str] | None = None) -> tuple[Path, Path]:
    """Write the tasks and the interface into the sample's folder; the tasks name files of its folder `media`."""
    keep_scheme(sample, scheme)
    tasks = [
        {"data": {
            "audio": f"{LOCAL}{sample.name}/{one.media}", "sample_id": one.sample_id, "sample": sample.name,
            "scheme_sha256": scheme.sha256, **({"words": words.get(one.sample_id, "")} if words else {}),
        }}
        for one in sample.units if one.media
    ]  # fmt: skip
    paths = sample.folder / TASKS, sample.folder / CONFIG
    paths[0].write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(interface(scheme, with_words=bool(words)) + "\n", encoding="utf-8")
    return paths


def interface(scheme: Scheme, *, with_words: bool = False) -> str:
    """The labelling interface of a scheme, as Label Studio reads it."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value=scheme.intro or scheme.name)
    ElementTree.SubElement(view, "Audio", name="audio", value="$audio")
    if with_words:
        ElementTree.SubElement(view, "Text", name="words", value="$words")
    for one in scheme.questions:
        ElementTree.SubElement(view, "Header", value=one.text)
        _control(view, one)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode")


def _control(view: ElementTree.Element, one: Question) -> None:
    common = {"name": one.id, "toName": "audio", "required": "false" if one.optional else "true"}
    if one.type == "text":
        ElementTree.SubElement(view, "TextArea", common)
        return
    # A scale is a choice here too: a rating cannot begin above 1 nor be left open.
    several = {"choice": "multiple" if one.type == "choices" else "single", "showInline": "true"}
    control = ElementTree.SubElement(view, "Choices", common | several)
    options = [str(step) for step in range(one.min, one.max + 1)] if one.type == "scale" else one.options
    for option in (*options, *([CANT_TELL] if one.cant_tell else [])):
        ElementTree.SubElement(control, "Choice", value=option)
