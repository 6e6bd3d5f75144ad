"""What the user states about a file of another tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.errors import UserError


@dataclass(frozen=True, slots=True)
class Hints:
    """What the user states about a file, because the file does not."""

    donor: str | None = None  # a code for the donor of the data, never a name
    columns: Mapping[str, str] = field(default_factory=dict)  # plain CSV: our column to theirs
    platform: str | None = None  # plain CSV: of every row
    encoding: str | None = None  # of tables: where it is not UTF-8
    date_format: str | None = None  # plain CSV: of its dates, as `datetime.strptime` reads it

    @property
    def of_plain_tables(self) -> str:
        """What is stated that other formats than plain CSV say themselves, in words; empty if nothing is."""
        stated = {"its columns": self.columns, "its platform": self.platform, "how dates are written": self.date_format}
        return " and ".join(name for name, value in stated.items() if value)

    def __post_init__(self) -> None:
        try:
            "".encode(self.encoding or "utf-8")
        except LookupError as error:
            raise UserError(f"{self.encoding!r} is no encoding that is known: try cp1252, latin-1 or utf-16") from error
