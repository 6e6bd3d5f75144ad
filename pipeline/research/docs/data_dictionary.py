"""The data dictionary of the README, generated from the codebook.

`python -m pipeline.research.docs.data_dictionary` rewrites it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.research.docs.documents import replaced
from pipeline.results.codebook import Entry, codebook, columns_table
from pipeline.store.queries import Query, read_queries

PART = "data dictionary"  # of the README


def data_dictionary() -> str:
    """Every table with its columns, types, units and meaning, and what every query shows, as Markdown."""
    parts = ["### Tables\n"]
    parts += [_folded(entry) for entry in codebook() if entry.kind == "table"]
    parts.append("### Views and queries\n\n| name | what it shows |\n|---|---|")
    parts += [f"| `{_call(query)}` | {query.summary} |" for query in read_queries().values()]
    return "\n".join(parts) + "\n"


def _folded(entry: Entry) -> str:
    summary = f"<details><summary><code>{entry.name}</code>: {entry.meaning}</summary>"
    return f"{summary}\n\nFrom {entry.origin}; {entry.grain}.\n\n{columns_table(entry)}\n\n</details>\n"


def _call(query: Query) -> str:
    """The name of a query with the parameters that it cannot do without."""
    needed = [f"--{parameter.name} …" for parameter in query.described if parameter.default is None]
    return " ".join([query.name, *needed])


def main(path: Path) -> int:
    """Rewrite the README; with `--check`, only say whether it is up to date."""
    readme = path.read_text(encoding="utf-8")
    wanted = replaced(readme, PART, data_dictionary())
    if "--check" in sys.argv:
        if readme != wanted:
            sys.stderr.write(
                f"the data dictionary in {path} is out of date: python -m pipeline.research.docs.data_dictionary\n"
            )
        return int(readme != wanted)
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path("README.md")))
