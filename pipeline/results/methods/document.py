"""The methods of a study as a document, and the comparison of a document with the database."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.results.methods.facts import MARKED, Fact, MethodsFacts, slug
from pipeline.results.methods.paragraph import paragraph
from pipeline.results.study import StudyReader

TEMPLATE = "methods.md.j2"
#: A comment that names a number, wherever it stands; what stands before it may have come away from it.
COMMENT = re.compile(r"<!--\s*([^\s>]+?)\s*-->")
COME_AWAY = "no number right before its comment"
#: What holds for every study, whatever its models.
LIMITS = (
    "Perceived tone is how a voice sounds to a model, never what a person feels; it compares many clips and judges no "
    "person.",
    "Models are trained on the speech that the table of models names: other languages, ages, accents and spontaneous "
    "speech are beyond it unless labels of the study's own say otherwise.",
    "Music, effects, several voices and voices made by a machine change how a voice sounds; where the evidence is too "
    "weak there is no value, with a reason.",
    "Words are recognised by machine; errors differ by language, accent and noise.",
    "Posts that were private, removed or not shown when they were collected are missing, and not at random.",
)


@dataclass(frozen=True)
class Methods:
    """The methods of one study, as facts and as text."""

    facts: dict[str, Fact]  # every number, by its name in the document
    paragraph: str
    document: str  # Markdown, with the name of each number in a comment behind it

    @property
    def json(self) -> str:
        """The facts as JSON."""
        return json.dumps(self.facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True, slots=True)
class Difference:
    """A number of a document that is another in the database."""

    name: str
    written: str
    stored: str | None  # None: the database has no such number

    def __str__(self) -> str:
        stored = "the database knows no such number" if self.stored is None else f"the database says {self.stored}"
        return f"{self.name}: {self.written} is written, {stored}"


def methods(reader: StudyReader) -> Methods:
    """Read the methods of a study from its published results; `UserError` before its first run."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = MethodsFacts(reader)
    environment = Environment(  # noqa: S701 - Markdown, for whoever owns the study
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined
    )
    written = paragraph(found)
    template = environment.get_template(TEMPLATE)
    document = template.render(vars(found), paragraph=written, n=found.marked, slug=slug, limits=LIMITS)
    return Methods(found.facts, MARKED.sub(r"\1", written), document.rstrip() + "\n")


def differences(text: str, known: Methods, name: str) -> list[Difference]:
    """Numbers of a document, or of its JSON, that differ from the database; `UserError` if it holds no numbers."""
    written = _written(text, known)
    if not written:
        raise UserError(
            f"{name} holds no numbers of `cliptone methods`: they are known by the comments that follow them, as in "
            "10<!--posts.listed-->; write it anew, and keep the comments in the file that is checked"
        )
    found = (
        Difference(key, value, None if key not in known.facts else str(known.facts[key]))
        for key, value in written
        if key not in known.facts or str(known.facts[key]) != value
    )
    return list(dict.fromkeys(found))  # one number may stand in several places


def _written(text: str, known: Methods) -> list[tuple[str, str]]:
    """The numbers of a document or of JSON with their names, and comments before which no number can be read."""
    try:
        content = json.loads(text)
    except ValueError:
        read = [(key, value) for value, key in MARKED.findall(text)]
        comments = Counter(key for key in COMMENT.findall(text) if key in known.facts)
        come_away = comments - Counter(key for key, _ in read)
        return [*read, *((key, COME_AWAY) for key in come_away.elements())]
    return [(str(key), str(value)) for key, value in content.items()] if isinstance(content, dict) else []
