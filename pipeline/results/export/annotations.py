"""Words, segments and tone as tiers: Praat's TextGrid, and ELAN's annotation format (.eaf)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree

from pipeline.records import Seconds
from pipeline.results.export.tracks import AnnotationSpan, ClipTracks

XSI = "http://www.w3.org/2001/XMLSchema-instance"
EAF_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
TIER_TYPE = "default-lt"


def textgrid(clip: ClipTracks) -> str:
    """The tiers of a clip in the long text form of a TextGrid; intervals fill the whole time, empty where nothing is.

    The form is that of the chapter "TextGrid file formats" of Praat's manual.
    """
    tiers = clip.tiers
    end_s = max([clip.duration_s, *(span.end_s for spans in tiers.values() for span in spans)])
    lines = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end_s:.6f}",
        "tiers? <exists>", f"size = {len(tiers)}", "item []:",
    ]  # fmt: skip
    for number, (name, spans) in enumerate(tiers.items(), start=1):
        intervals = _filled(spans, end_s)
        lines += [
            f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}",
            "        xmin = 0", f"        xmax = {end_s:.6f}", f"        intervals: size = {len(intervals)}",
        ]  # fmt: skip
        for place, span in enumerate(intervals, start=1):
            lines += [
                f"        intervals [{place}]:", f"            xmin = {span.start_s:.6f}",
                f"            xmax = {span.end_s:.6f}", f"            text = {_quoted(span.text)}",
            ]  # fmt: skip
    return "\n".join(lines) + "\n"


def eaf(clip: ClipTracks, made_at: datetime) -> str:
    """The tiers of a clip as an ELAN document (format 3.0): each annotation lies between two time slots in ms."""
    document = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": made_at.isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": XSI,
            "xsi:noNamespaceSchemaLocation": EAF_SCHEMA,
        },
    )
    ElementTree.SubElement(document, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    slots = ElementTree.SubElement(document, "TIME_ORDER")
    numbers = itertools.count(1)
    for name, spans in clip.tiers.items():
        tier = ElementTree.SubElement(document, "TIER", LINGUISTIC_TYPE_REF=TIER_TYPE, TIER_ID=name)
        for span in spans:
            number = next(numbers)
            marks = [f"ts{2 * number - 1}", f"ts{2 * number}"]
            for mark, time_s in zip(marks, (span.start_s, span.end_s), strict=True):
                ElementTree.SubElement(slots, "TIME_SLOT", TIME_SLOT_ID=mark, TIME_VALUE=str(round(time_s * 1000)))
            annotation = ElementTree.SubElement(
                ElementTree.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": marks[0], "TIME_SLOT_REF2": marks[1]},
            )
            ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = span.text
    slots[:] = sorted(slots, key=lambda slot: int(slot.attrib["TIME_VALUE"]))  # as the format asks for
    ElementTree.SubElement(
        document, "LINGUISTIC_TYPE", GRAPHIC_REFERENCES="false", LINGUISTIC_TYPE_ID=TIER_TYPE, TIME_ALIGNABLE="true"
    )
    ElementTree.indent(document)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(document, encoding="unicode") + "\n"


def _filled(spans: Sequence[AnnotationSpan], end_s: Seconds) -> list[AnnotationSpan]:
    """Spans with empty ones between them, so that they reach from 0 to the end."""
    found, at = [], 0.0
    for span in spans:
        if span.start_s > at:
            found.append(AnnotationSpan(at, span.start_s, ""))
        found.append(span)
        at = span.end_s
    if end_s > at or not found:
        found.append(AnnotationSpan(at, end_s, ""))
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
