"""Marks stand where numbers, addresses and handles stood; what has no form stays, and that is said."""

from __future__ import annotations

import builtins
import itertools
import re
from typing import Any

import pytest

from pipeline.analysis.text.redaction import examples, false_alarms, recall, redact, redact_words, spans_of
from pipeline.errors import UserError, how_to_install

pytest.importorskip("phonenumbers", reason="the extra redact is not installed")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("call 212-555-0147 now", "call [PHONE] now"),
        ("mail anna@example.org or @anna", "mail [EMAIL] or [HANDLE]"),
        ("see https://example.org/@anna and go", "see [URL] and go"),
        ("at 221 Baker Street, or Musterstraße 12.", "at [ADDRESS], or [ADDRESS]."),
        ("pay DE89 3704 0044 0532 0130 00 today", "pay [IBAN] today"),
        ("", ""),
        ("nothing to see, 100 percent", "nothing to see, 100 percent"),
    ],
)
def test_marks_stand_in_place_of_what_has_a_form(text: str, marked: str) -> None:
    assert redact(text) == marked
    assert redact(marked) == marked, "twice is once"


def test_a_pseudonym_of_the_study_is_no_handle() -> None:
    assert redact("thanks @user_abcdefgh and @anna_real") == "thanks @user_abcdefgh and [HANDLE]"


def test_words_that_form_a_number_together_are_marked_each() -> None:
    words = ["call", "(415)", "555-0132", "or", "write", "anna@example.org,", "bye"]
    assert redact_words(words) == ["call", "[PHONE]", "[PHONE]", "or", "write", "[EMAIL]", "bye"]
    assert redact_words([]) == []


def test_spans_are_in_order_and_apart() -> None:
    for example in examples():
        spans = spans_of(example.text)
        assert all(one.end <= other.start for one, other in itertools.pairwise(spans))


def test_the_labelled_set_is_read_as_it_is_meant() -> None:
    example = next(one for one in examples() if "bag.lady_92" in one.text)
    assert example.text == "follow @bag.lady_92 for more"
    assert [example.text[span.start : span.end] for span in example.spans] == ["@bag.lady_92"]


def test_recall_on_the_labelled_set_does_not_fall_and_names_are_not_found() -> None:
    found = recall()
    for kind in ("EMAIL", "URL", "IBAN", "CARD", "ID"):
        assert found[kind][0] == found[kind][1], kind
    assert found["PHONE"][0] >= 12
    assert found["ADDRESS"][0] >= 8
    assert found["HANDLE"][0] >= 5
    assert found["NAME"][0] == 0, "should this change, pipeline/privacy/README.md says something else"
    assert false_alarms()[0] == 0


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "phonenumbers":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UserError, match=re.escape(how_to_install("redact"))):
        redact("call 212-555-0147")
