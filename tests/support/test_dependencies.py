"""The check of dependencies refuses licences that nobody allowed, and never takes silence of advisories for safety."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection
from email.message import Message
from typing import Any

import pytest

from tests.support import dependencies
from tests.support.dependencies import (
    Audit,
    NoAdvisoriesError,
    Rules,
    allows,
    check_advisories,
    installed,
    read_audit,
    refusal,
)

RULES = Rules(frozenset({"MIT", "MIT License", "BSD-3-Clause", "ISC License (ISCL)"}), {"praat": "GPL: looked at"})
HOLE = {"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"]}


def about(*headers: tuple[str, str]) -> Message:
    """Metadata of a distribution with these headers."""
    message = Message()
    for name, value in headers:
        message[name] = value
    return message


def classifier(licence: str) -> tuple[str, str]:
    return "Classifier", f"License :: OSI Approved :: {licence}"


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ("MIT", True),
        ("ISC License (ISCL)", True),
        ("MIT AND BSD-3-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only OR MIT AND AGPL-3.0-only", False),
        ("(GPL-3.0-only OR MIT) AND BSD-3-Clause", True),
        ("(GPL-3.0-only OR (MIT AND SSPL-1.0)) AND BSD-3-Clause", False),
        ("MIT WITH some-exception", False),
        ("", False),
    ],
)
def test_an_expression_is_met_by_allowed_licences_alone(expression: str, met: bool) -> None:
    assert allows(expression, RULES.allowed) is met


def test_a_licence_is_read_wherever_a_release_states_it() -> None:
    assert refusal("a", about(("License-Expression", "MIT AND BSD-3-Clause")), RULES) is None
    assert refusal("a", about(classifier("MIT License"), ("License", "UNKNOWN")), RULES) is None
    assert refusal("a", about(("License", "MIT")), RULES) is None
    assert refusal("a", about(("License", "MIT License\n\nCopyright (c) 2022 Somebody")), RULES) is None
    assert refusal("a", about(classifier("MIT License"), ("License", "Copyright (c)\nall of the text")), RULES) is None


def test_what_is_not_allowed_is_named() -> None:
    assert refusal("a", about(("License-Expression", "AGPL-3.0-only")), RULES) == (
        "a: AGPL-3.0-only is not among the allowed licences"
    )
    assert "GPLv3" in str(refusal("a", about(classifier("GPLv3")), RULES))
    assert "all of the text" not in str(refusal("a", about(("License", "Ours alone\nall of the text")), RULES))


def test_a_classifier_does_not_hide_what_the_field_says() -> None:
    assert "openSMILE" in str(refusal("a", about(classifier("MIT License"), ("License", "openSMILE ")), RULES))


@pytest.mark.parametrize("headers", [(), (("License", "UNKNOWN"),), (("Classifier", "License :: OSI Approved"),)])
def test_no_licence_is_not_a_licence(headers: tuple[tuple[str, str], ...]) -> None:
    assert refusal("a", about(*headers), RULES) == "a: its metadata states no licence"


def test_a_package_that_was_looked_at_is_accepted_by_its_name_alone() -> None:
    assert refusal("praat", about(), RULES) is None
    assert refusal("praat2", about(), RULES) is not None


def test_dependencies_of_dependencies_count_and_those_of_other_machines_do_not() -> None:
    found, missing = installed(["requests", "no-such-package-of-ours", "numpy; sys_platform == 'no-such-system'"])
    assert {"requests", "urllib3", "idna"} <= set(found)
    assert "numpy" not in found
    assert missing == ["no-such-package-of-ours"]


def test_extras_bring_what_they_ask_for() -> None:
    plain, _ = installed(["pandas"])
    asked, missing = installed(["pandas", "pandas[performance]"])
    assert "numba" not in plain
    assert "numba" in {*asked, *missing}


def test_holes_and_releases_that_nobody_knows_are_told_apart() -> None:
    known = {"name": "jinja2", "version": "2.11.2", "vulns": [HOLE]}
    unknown = {"name": "ours", "skip_reason": "Dependency not found on PyPI"}
    fine = {"name": "numpy", "version": "2.0.0", "vulns": []}
    assert read_audit(json.dumps({"dependencies": [known, unknown, fine]})) == Audit(
        ("jinja2 2.11.2: PYSEC-2021-66, fixed in 2.11.3",), ("ours",)
    )


def test_what_is_not_an_answer_is_a_reason() -> None:
    with pytest.raises(NoAdvisoriesError, match="Failed to resolve"):
        read_audit("", "Traceback …\nConnectionError: Failed to resolve\n")
    with pytest.raises(NoAdvisoriesError, match="said nothing"):
        read_audit("")


def test_advisories_that_do_not_know_a_known_hole_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "audit", lambda releases: Audit((), ("jinja2",)))
    with pytest.raises(NoAdvisoriesError, match="knows no hole of jinja2"):
        check_advisories(["numpy==2.0.0"])


def test_a_check_without_end_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1.0)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(NoAdvisoriesError, match="did not end"):
        dependencies.audit(["numpy==2.0.0"])


def test_every_dependency_installed_here_has_a_licence_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(releases: Collection[str]) -> Audit:
        raise NoAdvisoriesError("no way there")

    monkeypatch.setattr(dependencies, "audit", unreachable)
    ended = dependencies.main()
    said = capsys.readouterr().out
    assert ended == 0, said
    assert "0 not allowed" in said
    assert "accepted: praat-parselmouth, GPL-3.0-or-later" in said
    assert "known holes: left out, the advisories cannot be asked from here (no way there)" in said


def test_a_known_hole_fails_the_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dependencies, "audit", lambda releases: Audit(("jinja2 2.11.2: PYSEC-2021-66",), ("torch",)))
    assert dependencies.main() == 1
    said = capsys.readouterr().out
    assert "  jinja2 2.11.2: PYSEC-2021-66" in said
    assert "the advisories do not know: torch" in said


def test_a_licence_that_is_not_allowed_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        dependencies, "audit", lambda releases: Audit(("known",), ()) if len(releases) == 1 else Audit((), ())
    )
    monkeypatch.setattr(dependencies, "rules", lambda project: RULES)
    assert dependencies.main() == 1
    assert "mutagen: GPL-2.0-or-later is not among the allowed licences" in capsys.readouterr().out
