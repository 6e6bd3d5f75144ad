"""Licences and known holes of all that cliptone installs.

`python -m tests.support.dependencies`, a part of `make check`.

Which licences are allowed stands in pyproject.toml. Known holes come from the advisories of the package index, through
pip-audit; it also says "no known vulnerabilities" of releases that it cannot look up, so a release with a known hole is
asked for first: where that one is not found, nothing can be said, and the check is left out with a line.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.paths import ROOT

PROJECT = ROOT / "pyproject.toml"
KNOWN_HOLE = "jinja2==2.11.2"  # CVE-2020-28493, published in 2021
DEADLINE_S = 300.0  # for all releases, each of which is a request
SAYS_NOTHING = {"", "UNKNOWN", "OSI Approved", "DFSG approved", "Dual License"}  # of metadata


@dataclass(frozen=True, slots=True)
class Rules:
    """The table `[tool.cliptone.licences]`: names that are allowed, and packages that were looked at one by one."""

    allowed: frozenset[str]
    accepted: Mapping[str, str]  # by package, its licence and why it is accepted


@dataclass(frozen=True, slots=True)
class Audit:
    """What the advisories say: a line for each hole, and the releases that they do not know."""

    holes: tuple[str, ...]
    unknown: tuple[str, ...]


class NoAdvisoriesError(Exception):
    """The advisories cannot be asked from this machine."""


def rules(project: Mapping[str, Any]) -> Rules:
    """The rules of a pyproject.toml."""
    table = project["tool"]["cliptone"]["licences"]
    return Rules(frozenset(table["allowed"]), table["accepted"])


def installed(requirements: Iterable[str]) -> tuple[dict[str, metadata.Distribution], list[str]]:
    """Distributions that meet requirements, and theirs in turn, by name; and the names of those not installed here."""
    found: dict[str, metadata.Distribution] = {}
    missing: set[str] = set()
    seen: set[tuple[str, str]] = set()  # name and extra
    waiting = list(_needed(requirements, {""}))
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        extras = {"", *wanted.extras} - {extra for known, extra in seen if known == name}
        if not extras:
            continue
        seen |= {(name, extra) for extra in extras}
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.add(name)
            continue
        waiting.extend(_needed(found[name].requires or (), extras))
    return dict(sorted(found.items())), sorted(missing)


def _needed(requirements: Iterable[str], extras: Collection[str]) -> Iterator[Requirement]:
    """Those that this machine and these extras ask for."""
    for one in map(Requirement, requirements):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
            yield one


def requirements_of(project: Mapping[str, Any]) -> list[str]:
    """What a pyproject.toml asks for, with all of its extras."""
    own = canonicalize_name(project["project"]["name"])
    extras = project["project"]["optional-dependencies"].values()
    asked = [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]
    return [one for one in asked if canonicalize_name(Requirement(one).name) != own]


def refusal(name: str, about: Any, by: Rules) -> str | None:
    """Why a distribution's licence is not allowed, from its metadata (a message of headers); None if it is.

    A licence expression counts alone (PEP 639); else every classifier and a field of one line must be allowed, since
    some classifiers say MIT where the field says otherwise.
    """
    if name in by.accepted:
        return None
    if expression := about.get("License-Expression"):
        return None if allows(expression, by.allowed) else f"{name}: {expression} is not among the allowed licences"
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if one.startswith("License")]
    field = (about.get("License") or "").strip().splitlines()  # a name, or the whole text of a licence
    stated = {*classifiers, *(field[:1] if len(field) == 1 or not classifiers else ())} - SAYS_NOTHING
    if not stated:
        return f"{name}: its metadata states no licence"
    wrong = sorted(one for one in stated if not allows(one, by.allowed))
    return f"{name}: {', '.join(wrong)} is not among the allowed licences" if wrong else None


def allows(expression: str, allowed: Collection[str]) -> bool:
    """Whether a licence, or an expression with AND, OR and brackets, is met by allowed licences."""
    if expression in allowed:
        return True
    while inner := re.search(r"\(([^()]*)\)", expression):
        expression = expression.replace(inner[0], "met" if allows(inner[1], allowed) else "refused")
    fine = {*allowed, "met"}
    return any(all(one.strip() in fine for one in choice.split(" AND ")) for choice in expression.split(" OR "))


def audit(releases: Collection[str]) -> Audit:
    """Ask the advisories for releases, each `name==version`; `NoAdvisoriesError` says why they cannot be asked."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "releases.txt"
        listed.write_text("\n".join(releases), encoding="utf-8")
        options = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")
        command = [sys.executable, "-m", "pip_audit", *options, "--requirement", str(listed)]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise NoAdvisoriesError(f"pip-audit did not end within {DEADLINE_S:.0f} s") from error
    return read_audit(ended.stdout, ended.stderr)


def read_audit(answer: str, complaints: str = "") -> Audit:
    """Read pip-audit's JSON; without one, the last line of what it complained of is the reason."""
    try:
        listed = json.loads(answer)["dependencies"]
    except (ValueError, KeyError) as error:
        raise NoAdvisoriesError((complaints.strip() or "pip-audit said nothing").splitlines()[-1]) from error
    holes = tuple(
        f"{one['name']} {one['version']}: {hole['id']}, fixed in {', '.join(hole['fix_versions']) or 'no release yet'}"
        for one in listed
        for hole in one.get("vulns", ())
    )
    return Audit(holes, tuple(one["name"] for one in listed if "skip_reason" in one))


def check_advisories(releases: Collection[str]) -> Audit:
    """Like `audit`, once a release with a known hole shows that the advisories answer."""
    if not audit([KNOWN_HOLE]).holes:
        raise NoAdvisoriesError(f"the package index of this machine knows no hole of {KNOWN_HOLE}, which has one")
    return audit(releases)


def main() -> int:
    """Say what was found, a line for each; 1 when a licence is not allowed or a hole is known."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    found, missing = installed(requirements_of(project))
    by = rules(project)
    refused = [why for name, one in found.items() if (why := refusal(name, one.metadata, by))]
    lines = [f"licences: {len(found)} dependencies, {len(refused)} not allowed", *(f"  {why}" for why in refused)]
    lines += [f"  accepted: {name}, {by.accepted[name]}" for name in sorted(set(by.accepted) & set(found))]
    lines += [f"  not installed here: {', '.join(missing)}"] if missing else []
    holes: tuple[str, ...] = ()
    try:
        seen = check_advisories([f"{name}=={Version(one.version).public}" for name, one in found.items()])
        holes = seen.holes
        lines += [f"known holes: {len(holes)} in {len(found)} dependencies", *(f"  {hole}" for hole in holes)]
        lines += [f"  the advisories do not know: {', '.join(seen.unknown)}"] if seen.unknown else []
    except NoAdvisoriesError as reason:
        lines.append(f"known holes: left out, the advisories cannot be asked from here ({reason})")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if refused or holes else 0


if __name__ == "__main__":
    sys.exit(main())
