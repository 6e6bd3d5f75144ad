"""Facts about a study's making from its database: tables for the rows of a document, and facts for its numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.analysis.models.catalogue import MODELS
from pipeline.errors import UserError
from pipeline.results.study import StudyReader
from pipeline.results.validation.card import Card, cards
from pipeline.results.wording import SENTENCES
from pipeline.stages.emotion import REFERENCE
from pipeline.store.queries import get_query
from pipeline.study import audit_log
from pipeline.study.folder import StudyFolder

#: A number as it stands in a document: the value, and a comment that no reader sees.
MARKED = re.compile(r"([^\s|(*]+)<!--([^\s>]+?)-->")
UNKNOWN = "unknown"
SHARE_DIGITS = 4
FIGURE_DIGITS = 3  # of agreement and of measures of models
UNSET = "unset"
PRIVATE_OPTIONS = frozenset({"proxy", "cookie_file", "canaries", "ffmpeg"})  # of the machine, not of the method
CAUTIONS = "## Cautions"  # the part of a model's card that goes with its results

POSTS = """
    SELECT count(*) AS listed, count(DISTINCT author_key) AS authors,
        strftime(min(posted_at), '%Y-%m-%d') AS first, strftime(max(posted_at), '%Y-%m-%d') AS last
    FROM clips
"""
RUNS = """
    SELECT count(*) AS count, strftime(min(started_at), '%Y-%m-%d') AS first,
        strftime(max(coalesce(finished_at, started_at)), '%Y-%m-%d') AS last,
        arg_max(cliptone_version, run_id) AS version, string_agg(DISTINCT instruction_set, '/') AS processors
    FROM runs
"""
PLATFORMS = "SELECT platform, count(*) AS posts FROM clips GROUP BY platform ORDER BY posts DESC, platform"
ROUTES = """
    SELECT source, format, count(DISTINCT clip_id) AS posts FROM provenance GROUP BY ALL ORDER BY source, format
"""
STATES = "SELECT state, count(*) AS posts FROM collection GROUP BY state ORDER BY posts DESC, state"
ATTEMPTS = """
    SELECT stage, count(*) FILTER (status = 'ok') AS ok, count(*) FILTER (status = 'failed') AS failed
    FROM attempts GROUP BY stage ORDER BY min(attempt_id)
"""
VISIBILITY = """
    SELECT count(*) AS looked_at, count(*) FILTER (state = 'vanished') AS vanished
    FROM (SELECT arg_max(state, looked_at) AS state FROM visibility GROUP BY clip_id)
"""
VANISHED = "SELECT count(*) AS clips FROM tombstones WHERE cause = 'vanished'"
GROUPS = """
    SELECT platform, coalesce(language, 'unknown') AS language, count(*) AS clips, count(text) AS with_words,
        count(tone) AS with_tone
    FROM clip_overview GROUP BY ALL ORDER BY clips DESC, platform, language
"""

Fact = int | float | str


def slug(text: str) -> str:
    """A text as part of a fact's name."""
    return re.sub(r"[^\w.]+", "_", str(text)).strip("_")


class MethodsFacts:
    """Everything that the document is made of: tables for its rows, and facts for its numbers."""

    def __init__(self, reader: StudyReader) -> None:
        self._reader = reader
        self.facts: dict[str, Fact] = {"study": reader.path.resolve().parent.name}
        self._add_totals()
        self.funnel = self._query_rows(get_query("funnel").sql)
        for row in self.funnel:
            self._add_facts(f"funnel.{slug(row['step'])}", row, "clips", "lost")
        self.attrition = list(self._attrition())
        self.groups = self._add_keyed(GROUPS, "group", ("platform", "language"), ("clips", "with_words", "with_tone"))
        self.platforms = self._add_counts(PLATFORMS, "platform", "platform")
        self.routes = self._add_keyed(ROUTES, "route", ("source", "format"), ())
        for row in self.routes:
            self.facts[row["key"]] = row["posts"]
        self.states = self._add_counts(STATES, "collection", "state")
        self.stages = [row["stage"] for row in self._add_keyed(ATTEMPTS, "attempts", ("stage",), ("ok", "failed"))]
        self.models, self.options, self.libraries = self._model_versions()
        self.cautions = list(_card_cautions(reader, [row["model"] for row in self.models]))

        self.cards = list(self._validation_cards())

    def _validation_cards(self) -> Iterator[dict[str, Any]]:
        """What people checked, with the keys of its numbers."""
        for card in cards(self._reader):
            key = f"card.{slug(card.sample)}"
            self.facts |= {f"{key}.sounds": card.sounds, f"{key}.coders": card.coders}
            yield {"sample": card.sample, "key": key, "alphas": self._card_alphas(key, card),
                   "models": self._card_models(key, card)}  # fmt: skip

    def _card_alphas(self, key: str, card: Card) -> list[dict[str, str]]:
        found = []
        for one in card.alphas:
            name = f"{key}.{one.question}.{slug(one.measure)}"
            row = {"value": one.estimate.value, "low": one.estimate.low, "high": one.estimate.high, "n": one.sounds}
            self._add_facts(name, {part: _figure_fact(value) for part, value in row.items()}, *row)
            found.append({"question": one.question, "measure": one.measure, "key": name})
        return found

    def _card_models(self, key: str, card: Card) -> list[dict[str, str]]:
        found = []
        for one in card.models:
            name = f"{key}.{slug(one.model)}"
            row = {"uar": one.uar, "low": one.low, "high": one.high, "n": one.n}
            weakest = {"tone": one.weakest_tone, "group": one.weakest_group}
            row |= {f"weakest_{what}": least[1] if least else None for what, least in weakest.items()}
            self._add_facts(name, {part: _figure_fact(value) for part, value in row.items()}, *row)
            names = {what: least[0] if least else "none" for what, least in weakest.items()}
            found.append({"model": one.model, "key": name, **names})
        return found

    def marked(self, key: str) -> str:
        """A fact as the document shows it, with its name behind it where it is one word."""
        value = str(self.facts[key])
        return f"{value}<!--{key}-->" if MARKED.fullmatch(f"{value}<!--{key}-->") else value

    def _add_totals(self) -> None:
        (posts,), (runs,) = self._query_rows(POSTS), self._query_rows(RUNS)
        if not runs["count"]:
            raise UserError(f"{self._reader.path} shows no run yet: run the study first (`cliptone run STUDY.toml`)")
        self._add_facts("posts", posts, *posts)
        self._add_facts("runs", runs, "count", "first", "last")
        self.facts["cliptone_version"] = runs["version"]
        self.facts["processors"] = runs["processors"] or UNKNOWN
        (seen,), (gone,) = self._query_rows(VISIBILITY), self._query_rows(VANISHED)
        self._add_facts("visibility", seen, *seen)
        self.facts["forgotten.vanished"] = gone["clips"]
        self.facts["forgotten.asked"] = _clips_forgotten(StudyFolder.at(self._reader.path.resolve().parent))

    def _attrition(self) -> Iterator[dict[str, Any]]:
        for row in self._query_rows(get_query("attrition").sql):
            parts = [row["outcome"], row["stage"], row["model"], row["reason"]]
            row["key"] = ".".join(("attrition", *(slug(part) for part in parts if part)))
            row["share"] = round(row["share"], SHARE_DIGITS)
            row["meaning"] = SENTENCES.get(row["reason"], row["reason"])
            self._add_facts(row["key"], row, "clips", "share")
            yield row

    def _model_versions(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """Models, options and libraries of the current configuration."""
        models, options, libraries = [], {}, set()
        for row in self._query_rows(get_query("model_versions").sql):
            self.facts[f"fingerprint.{row['stage']}"] = row["fingerprint"]
            for name, value in json.loads(row["options"]).items():
                key = f"option.{row['stage']}.{name}"
                if name in PRIVATE_OPTIONS:
                    continue
                options[key] = {"stage": row["stage"], "name": name, "key": key}
                self.facts[key] = _option_fact(value)
            for name, version in json.loads(row["libraries"]).items():
                libraries.add(name)
                self.facts[f"library.{slug(name)}"] = version
            if row["model"] is not None:
                row["key"] = f"model.{row['stage']}.{slug(row['model'])}"
                self._add_facts(row["key"], row, "digest", "clips")
                models.append({**row, **_model_origin(row["model"])})
        return models, list(options.values()), sorted(libraries)

    def _add_keyed(self, sql: str, prefix: str, names: Sequence[str], values: Sequence[str]) -> list[dict[str, Any]]:
        rows = self._query_rows(sql)
        for row in rows:
            row["key"] = ".".join((prefix, *(slug(row[name]) for name in names)))
            self._add_facts(row["key"], row, *values)
        return rows

    def _add_counts(self, sql: str, prefix: str, name: str) -> list[str]:
        rows = self._query_rows(sql)
        for row in rows:
            self.facts[f"{prefix}.{slug(row[name])}"] = row["posts"]
        return [row[name] for row in rows]

    def _add_facts(self, prefix: str, row: Mapping[str, Any], *names: str) -> None:
        self.facts |= {f"{prefix}.{name}": UNKNOWN if row[name] is None else row[name] for name in names}

    def _query_rows(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._reader.arrow(sql, {}).to_pylist(maps_as_pydicts="strict")
        return found


def _figure_fact(value: float | None) -> Fact:
    return UNKNOWN if value is None else round(value, FIGURE_DIGITS)


def _option_fact(value: object) -> Fact:
    """An option as one fact: lists and tables as JSON."""
    if value is None:
        return UNSET
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _model_origin(model: str) -> dict[str, str]:
    """Where a model comes from; a head of the study's own, and its reference, are in no catalogue."""
    if model == REFERENCE:
        return {"licence": "the study's own", "source": "`cliptone reference`", "trained_on": "voices of the study"}
    if model not in MODELS:
        return {"licence": "the study's own", "source": "trained in this study", "trained_on": "labels of the study"}
    known = MODELS[model]
    return {
        "licence": known.licence,
        "source": f"{known.source} @ {known.revision[:12]}",
        "trained_on": known.trained_on,
    }


def _card_cautions(reader: StudyReader, models: Sequence[str]) -> Iterator[dict[str, str]]:
    """The cautions in the cards of models that have one."""
    for model in dict.fromkeys(models):
        shipped = MODELS[model].shipped if model in MODELS else reader.path.resolve().parent / model
        card = shipped / "card.md" if shipped else None
        if card is not None and card.is_file():
            text = card.read_text(encoding="utf-8").partition(CAUTIONS)[2].partition("\n## ")[0].strip()
            if text:
                yield {"model": model, "text": text}


def _clips_forgotten(folder: StudyFolder) -> int | str:
    """The number of clips forgotten by command, from the audit log."""
    if audit_log.verify(folder).broken:
        return UNKNOWN
    names = {"forget": "clips", "optout": "clips_forgotten"}
    return sum(
        int(line.counts[names[line.command]]) for line in audit_log.read(folder.audit_log) if line.command in names
    )
