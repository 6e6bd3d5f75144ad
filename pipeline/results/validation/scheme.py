"""What coders are asked: a scheme of questions, read from TOML."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

EXAMPLE = Path(__file__).with_name("scheme.toml")
TYPES = ("choice", "choices", "scale", "text")
LEVELS = ("nominal", "ordinal", "interval")
MEASURES = ("label", "arousal", "valence", "dominance")
CANT_TELL = "cant_tell"  # the answer of whoever cannot say: no value in any figure
MOST_OPTIONS, MOST_STEPS = 20, 11
ID = re.compile(r"[a-z][a-z0-9_]{0,29}")
SCHEME_KEYS = {"name", "intro", "questions"}
QUESTION_KEYS = {
    "id", "text", "type", "options", "cant_tell", "level", "measures", "min", "max", "low", "high", "optional",
}  # fmt: skip

Answer = str | int | list[str]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a scheme."""

    id: str
    text: str
    type: str  # one of TYPES
    options: tuple[str, ...] = ()
    min: int = 1
    max: int = 5
    low: str = ""  # the word at the lower end of a scale
    high: str = ""
    cant_tell: bool = False
    optional: bool = False
    level: str = "nominal"  # of measurement, for the alpha
    measures: str | None = None  # what of a model it is compared with

    def allows(self, answer: object) -> bool:
        """Whether an answer is one of this question."""
        if answer == CANT_TELL:
            return self.cant_tell
        if self.type == "choice":
            return answer in self.options
        if self.type == "choices":
            return isinstance(answer, list) and all(one in self.options for one in answer)
        if self.type == "scale":
            return isinstance(answer, int) and not isinstance(answer, bool) and self.min <= answer <= self.max
        return isinstance(answer, str)


@dataclass(frozen=True, slots=True)
class Scheme:
    """All that coders are asked about one sound."""

    name: str
    intro: str
    questions: tuple[Question, ...]

    @property
    def sha256(self) -> str:
        """The digest of what is asked: answers to one scheme are not those to another."""
        return hashlib.sha256(self.json.encode()).hexdigest()

    @property
    def json(self) -> str:
        """The scheme as JSON, with all that is given by default."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    def measuring(self, what: str) -> Question | None:
        """The question that is compared with this output of models."""
        return next((one for one in self.questions if one.measures == what), None)


def read_scheme(path: Path) -> Scheme:
    """Read a scheme; `UserError` names the question and what is wrong with it."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"there is no label scheme {path}: `cliptone validate scheme` writes an example") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as TOML: {error}") from error
    if unknown := sorted(found.keys() - SCHEME_KEYS):
        raise UserError(f"{path}: unknown {', '.join(unknown)}; a scheme has {', '.join(sorted(SCHEME_KEYS))}")
    asked = found.get("questions")
    if not isinstance(asked, list) or not asked or not all(isinstance(one, dict) for one in asked):
        raise UserError(f"{path} asks nothing: write at least one [[questions]]")
    questions = tuple(_question(one, f"{path}, question {number}") for number, one in enumerate(asked, start=1))
    for what, names in (("id", [one.id for one in questions]), ("measures", [one.measures for one in questions])):
        known = [name for name in names if name is not None]
        if twice := {name for name in known if known.count(name) > 1}:
            raise UserError(f"{path}: two questions have {what} = {min(twice)!r}")
    return Scheme(str(found.get("name", path.stem)), str(found.get("intro", "")), questions)


def from_json(text: str) -> Scheme:
    """A scheme as `Scheme.json` wrote it."""
    found = json.loads(text)
    questions = tuple(Question(**{**one, "options": tuple(one["options"])}) for one in found["questions"])
    return Scheme(found["name"], found["intro"], questions)


def _question(given: Mapping[str, Any], where: str) -> Question:
    def refuse_unless(right: bool, why: str) -> None:
        if not right:
            raise UserError(f"{where}: {why}")

    refuse_unless(not (unknown := sorted(given.keys() - QUESTION_KEYS)), f"unknown {', '.join(unknown)}")
    name, text, kind = (given.get(key) for key in ("id", "text", "type"))
    refuse_unless(isinstance(name, str) and bool(ID.fullmatch(name)), "id is a word of a–z, 0–9 and _")
    refuse_unless(isinstance(text, str) and bool(text.strip()), "text is what the coder reads")
    refuse_unless(kind in TYPES, f"type is one of {', '.join(TYPES)}")
    options = given.get("options", [])
    if kind in ("choice", "choices"):
        refuse_unless(
            isinstance(options, list) and 2 <= len(options) <= MOST_OPTIONS
            and all(isinstance(one, str) and one.strip() for one in options) and len(set(options)) == len(options),
            f"options are 2 to {MOST_OPTIONS} different words",
        )  # fmt: skip
        refuse_unless(CANT_TELL not in options, f"{CANT_TELL} is no option: write cant_tell = true")
    else:
        refuse_unless(not options, f"a {kind} has no options")
    low, high = given.get("min", 1), given.get("max", 5)
    refuse_unless(type(low) is int and type(high) is int and 1 <= high - low < MOST_STEPS,
                  f"min and max are whole numbers, at most {MOST_STEPS - 1} apart")  # fmt: skip
    level = given.get("level", "interval" if kind == "scale" else "nominal")
    refuse_unless(level in LEVELS, f"level is one of {', '.join(LEVELS)}")
    measures = given.get("measures")
    refuse_unless(measures is None or measures in MEASURES, f"measures is one of {', '.join(MEASURES)}")
    fits = measures is None or (kind == "choice" if measures == "label" else kind == "scale")
    refuse_unless(fits, "a choice measures label, a scale arousal, valence or dominance")
    return Question(
        str(name), str(text), str(kind), tuple(options), low, high, str(given.get("low", "")),
        str(given.get("high", "")), given.get("cant_tell") is True, given.get("optional") is True, level, measures,
    )  # fmt: skip
