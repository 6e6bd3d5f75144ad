"""Ids of posts: numbers that a program has rounded, and Instagram's number of a media beside the code of its post."""

from __future__ import annotations

import re
from collections.abc import Iterable

LARGEST_EXACT = 2**53  # of whole numbers in a double, which spreadsheets, JavaScript and jq compute with
ROUNDED_ZEROS = "000"  # at the end of a number of 19 digits that was rounded to 15 to 17
LARGE_NUMBER = re.compile(r"\d{16,20}", re.ASCII)
#: Instagram's number of a media, alone or with that of its account behind it; a code has 11 characters.
MEDIA_NUMBER = re.compile(r"(\d{15,20})(?:_\d+)?", re.ASCII)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CODE_CHARACTERS = 11  # of the code of a public post; those of private ones have more behind it


def looks_rounded(text: str) -> bool:
    """Whether an id has the form of a number that went through a double or 15 digits; one of 1,000 has it by chance."""
    if not LARGE_NUMBER.fullmatch(text):
        return False
    number = int(text)
    return number > LARGEST_EXACT and (text.endswith(ROUNDED_ZEROS) or int(float(number)) == number)


class Rounding:
    """Whether the ids of one column of a file were rounded: half of the large ones or more look like it."""

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._large = self._rounded = 0
        for one in ids:
            self.add(one)

    def add(self, text: str) -> None:
        """Count an id."""
        if LARGE_NUMBER.fullmatch(text) and int(text) > LARGEST_EXACT:
            self._large += 1
            self._rounded += looks_rounded(text)

    @property
    def found(self) -> bool:
        """Whether they were."""
        return 0 < self._large <= 2 * self._rounded


def instagram_shortcode(text: str) -> str | None:
    """The code of the post whose media has this number: the number in base 64; None for what is no such number."""
    found = MEDIA_NUMBER.fullmatch(text)
    if found is None:
        return None
    number, code = int(found[1]), ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        code = ALPHABET[digit] + code
    return code


def instagram_number(code: str) -> str | None:
    """The number of the media behind the code of a post; None for what is no such code."""
    number = 0
    for character in code[:CODE_CHARACTERS]:
        if character not in ALPHABET:
            return None
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return str(number) if number else None
