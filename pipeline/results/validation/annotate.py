"""Answers of coders into the database of a study: checked against sample and scheme, and the same twice is once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError, UserError
from pipeline.records import AnnotationRow
from pipeline.results.validation.answer_files import Answered, AnswerFile, read_answers
from pipeline.results.validation.page import SCHEME_FILE
from pipeline.results.validation.sample import SampledUnit, ValidationSample, read_sample
from pipeline.results.validation.scheme import CANT_TELL, Question, Scheme, from_json
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.store.tables import without_offset
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held

NOTE = "note"
TEXT = "text"


@dataclass(frozen=True, slots=True)
class Imported:
    """What one file brought of one coder."""

    sample: str
    coder: str
    sounds: int
    new: bool  # False: all of it was there


def import_answers(folder: StudyFolder, paths: Sequence[Path], *, replace: bool = False) -> list[Imported]:
    """Store the answers in these files and publish them; all or nothing.

    `UserError` for another sample or scheme, for answers that are none, and for a coder who is stored with other
    answers already, unless `replace` is set. `StudyBusy` while a run holds the study.
    """
    if not folder.working.exists():
        raise StoreError(f"the working database {folder.working} is gone: run the study again, then import")
    by_coder: dict[tuple[str, str], tuple[AnswerFile, list[AnnotationRow]]] = {}
    for one in (one for path in paths for one in read_answers(path)):
        key = (one.sample, one.coder)
        rows = list(_rows(folder, one))
        if key in by_coder and by_coder[key][1] != rows:
            raise UserError(
                f"coder {one.coder} answers twice, in {by_coder[key][0].path} and {one.path}: name one file"
            )
        by_coder[key] = (one, rows)
    with held(folder), Store(folder.working, STAGES) as store:
        stored = _stored(store)
        found, changed = [], {}
        for key, (one, rows) in by_coder.items():
            before = stored.get(key)
            is_new = before is None or _sorted(before) != _sorted(rows)
            if is_new and before is not None and not replace:
                raise UserError(
                    f"coder {one.coder} has answered {one.sample} before, otherwise than in {one.path}: --replace puts "
                    "these answers in the place of those"
                )
            if is_new:
                changed[key] = rows
            found.append(Imported(one.sample, one.coder, len({row.sample_id for row in rows}), is_new))
        if changed:
            _put(store, stored, changed)
        if store.unpublished:
            store.publish(folder.published)
    return found


Rows = dict[tuple[str, str], list[AnnotationRow]]


def _put(store: Store, stored: Rows, changed: Rows) -> None:
    """Put rows of coders in the place of theirs before."""
    clips = {row.clip_id for key in changed for row in (*changed[key], *stored.get(key, ()))}
    kept = [row for key, rows in stored.items() if key not in changed for row in rows if row.clip_id in clips]
    with store.uninterrupted_lock(), store.change():
        store.tables.delete(AnnotationRow, clips)
        store.tables.insert([*kept, *(row for rows in changed.values() for row in rows)])


def _stored(store: Store) -> Rows:
    found: Rows = {}
    for row in store.tables.read(AnnotationRow):
        found.setdefault((row.sample, row.coder), []).append(row)
    return found


def _sorted(rows: Sequence[AnnotationRow]) -> list[AnnotationRow]:
    return sorted(rows, key=lambda row: (row.sample_id, row.question))


def _rows(folder: StudyFolder, one: AnswerFile) -> Iterator[AnnotationRow]:
    sample = read_sample(folder, one.sample)
    scheme = scheme_of(sample)
    if scheme.sha256 != one.scheme_sha256:
        raise UserError(f"{one.path} answers another scheme than that of the sample {sample.name}: it was not imported")
    drawn = sample.by_id
    if unknown := [answered.sample_id for answered in one.answers if answered.sample_id not in drawn]:
        raise UserError(
            f"{one.path} answers {len(unknown)} that the sample {sample.name} does not hold, such as {unknown[0]}: "
            "take the page of this sample"
        )
    for answered in one.answers:
        yield from _of_sound(one, scheme, drawn[answered.sample_id], answered)


def scheme_of(sample: ValidationSample) -> Scheme:
    """The scheme by which a sample is labelled; `UserError` before a page was made."""
    path = sample.folder / SCHEME_FILE
    if not path.is_file():
        raise UserError(f"the sample {sample.name} has no page yet: cliptone validate page --name {sample.name}")
    return from_json(path.read_text(encoding="utf-8"))


def _of_sound(one: AnswerFile, scheme: Scheme, unit: SampledUnit, answered: Answered) -> Iterator[AnnotationRow]:
    questions = {question.id: question for question in scheme.questions}
    for name, answer in answered.values.items():
        question = questions.get(name)
        if answer in ("", [], None):
            continue
        # Label Studio gives numbers as text, and one choice of several as that one.
        if question is not None and question.type == "scale" and isinstance(answer, str) and answer.isdigit():
            answer = int(answer)  # noqa: PLW2901
        if question is not None and question.type == "choices" and isinstance(answer, str) and answer != CANT_TELL:
            answer = [answer]  # noqa: PLW2901
        if question is None or not question.allows(answer):
            raise UserError(f"{one.path}: {answer!r} is no answer to {name!r} in the scheme {scheme.name!r}")
        yield _row(one, unit, answered, question, answer)
    if answered.note.strip():
        yield _row(one, unit, answered, Question(NOTE, NOTE, TEXT), answered.note.strip())


def _row(one: AnswerFile, unit: SampledUnit, answered: Answered, question: Question, answer: Any) -> AnnotationRow:
    told = answer != CANT_TELL
    is_text, is_scale = question.type == TEXT, question.type == "scale"
    place = float(question.options.index(answer) + 1) if told and question.type == "choice" else None
    several = "|".join(answer) if isinstance(answer, list) else answer
    listed = (1.0, float(len(question.options))) if question.options else (None, None)
    lowest, highest = (float(question.min), float(question.max)) if is_scale else listed
    return without_offset(
        AnnotationRow(
            sample=one.sample, sample_id=unit.sample_id, clip_id=unit.clip_id, region=unit.region,
            start_s=unit.start_s, end_s=unit.end_s, weight=unit.weight, coder=one.coder, question=question.id,
            level=TEXT if is_text else question.level, measures=question.measures,
            label=None if is_scale or is_text or not told else several,
            value=float(answer) if is_scale and told else place,
            text=answer if is_text else None, cannot_tell=not told, answered_at=answered.at,
            scheme_sha256=one.scheme_sha256, lowest=lowest, highest=highest,
        )
    )  # fmt: skip
