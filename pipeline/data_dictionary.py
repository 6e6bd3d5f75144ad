"""The data dictionary of the README, generated from the rows: `python -m pipeline.data_dictionary` rewrites it."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.ledger import LEDGER_ROWS
from pipeline.queries_folder import read_queries
from pipeline.records import Row
from pipeline.schema import columns
from pipeline.stages import STAGES
from pipeline.store import STUDY_ROWS

BEGIN = "<!-- data dictionary: begin -->"
END = "<!-- data dictionary: end -->"


def data_dictionary() -> str:
    """Every table with its columns, types, units and meaning, and every view, as Markdown."""
    parts = ["### Tables\n"]
    parts += [_table(kind, "the study") for kind in STUDY_ROWS]
    parts += [_table(kind, f"stage `{stage.name}`") for stage in STAGES for kind in stage.tables]
    parts += [_table(kind, "bookkeeping") for kind in LEDGER_ROWS]
    parts.append("### Views and queries\n\n| name | what it shows |\n|---|---|")
    parts += [f"| `{query.name}` | {query.summary} |" for query in read_queries().values()]
    return "\n".join(parts) + "\n"


def replaced(readme: str) -> str:
    """A README with the data dictionary as it stands now; `ValueError` without the two marks."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{data_dictionary()}\n{END}{after}"


def _table(kind: type[Row], origin: str) -> str:
    doc = (kind.__doc__ or "").strip()
    lines = [
        f"<details><summary><code>{kind.table}</code>: {doc}</summary>\n",
        f"From {origin}; one row per {', '.join(f'`{name}`' for name in kind.grain)}.\n",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    for column in columns(kind):
        null = "" if column.nullable else ", never NULL"
        lines.append(f"| `{column.name}` | {column.sql_type}{null} | {column.unit} | {column.doc} |")
    return "\n".join(lines) + "\n\n</details>\n"


def main(path: Path) -> int:
    """Rewrite the README; with `--check`, only say whether it is up to date."""
    readme = path.read_text(encoding="utf-8")
    wanted = replaced(readme)
    if "--check" in sys.argv:
        if readme != wanted:
            sys.stderr.write(f"the data dictionary in {path} is out of date: python -m pipeline.data_dictionary\n")
        return int(readme != wanted)
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path("README.md")))
