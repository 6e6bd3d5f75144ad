"""The study in the words of a command: every command takes it as its last argument and as `--study`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

OPTIONS = ("--study", "-s")


def with_study(params: Sequence[Any], words: Sequence[str]) -> list[str]:
    """The words of a command, with its study named in the way that the command itself takes.

    `params` are the arguments and options of the command. `UserError` for two studies, and for none behind --study.
    """
    study = next((one for one in params if one.name == "study"), None)
    if study is None or "--" in words:
        return list(words)
    plain = _arguments(params, words)
    arguments = [one for one in params if one.param_type_name == "argument"]
    if study.param_type_name == "option":
        takes_many = any(getattr(one, "nargs", 1) == -1 for one in arguments)
        is_more = len(plain) > len(arguments) if takes_many else len(plain) == len(arguments) + 1
        is_study = _is_a_study if takes_many else _may_be_a_study
        if not is_more or not is_study(words[plain[-1]]):
            return list(words)
        last = plain[-1]
        _refuse_two(words, words[last])
        return [*words[:last], *words[last + 1 :], OPTIONS[0], words[last]]
    named = [place for place, word in enumerate(words) if word in OPTIONS or word.startswith(f"{OPTIONS[0]}=")]
    if not named:
        return list(words)
    place, (option, equals, value) = named[0], words[named[0]].partition("=")
    value, after = (value, place + 1) if equals else ("".join(words[place + 1 : place + 2]), place + 2)
    if not value or (value.startswith("-") and not equals):
        raise UserError(f"the option {option} needs a value after it: {study.help}")
    if len(named) > 1 or len(plain) == len(arguments):
        _refuse_two(words, words[plain[-1]] if plain else value)
    rest = [*words[:place], *words[after:]]
    is_complete = len(plain) >= sum(
        one.required for one in arguments
    )  # else the study would stand for another argument
    return [*rest, value] if is_complete else rest


def _may_be_a_study(word: str) -> bool:
    """Whether a word is a path: a query takes its parameters by name, and one without its name is a mistake."""
    path = Path(word)
    return path.suffix in (".toml", ".duckdb") or len(path.parts) > 1 or path.exists()


def _is_a_study(word: str) -> bool:
    """Whether a word after several files is no further one of them, but a study file, a database or a folder."""
    return Path(word).suffix in (".toml", ".duckdb") or Path(word).is_dir()


def _arguments(params: Sequence[Any], words: Sequence[str]) -> list[int]:
    """The places of words that are neither an option nor the value of one."""
    flags = {"--help", *(name for one in params for name in one.opts if getattr(one, "is_flag", False))}
    found, is_value = [], False
    for place, word in enumerate(words):
        if is_value:
            is_value = False
        elif word.startswith("-") and word != "-":
            is_short = not word.startswith("--")
            is_value = word not in flags and not (len(word) > len("-f") if is_short else "=" in word)  # as in -fcsv
        else:
            found.append(place)
    return found


def _refuse_two(words: Sequence[str], one: str) -> None:
    if any(word in OPTIONS or word.startswith(f"{OPTIONS[0]}=") for word in words):
        raise UserError(f"two studies are named, one with --study and {one}: name one")
