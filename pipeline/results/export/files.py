"""Write tables as Parquet or CSV files, and read them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

Form = Literal["parquet", "csv"]
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"  # UTC, always with microseconds, so that a column has one shape
FORMULA = r"^[=+\-@\t\r]"  # a spreadsheet takes a cell that starts so for a formula


def write_table(rows: pa.Table, path: Path) -> None:
    """Write a table to a `.parquet` or `.csv` file (UTF-8 without a mark; NULL is an empty cell, "" an empty text)."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(rows, path, compression="zstd")
    else:
        pyarrow.csv.write_csv(flat(rows), path, pyarrow.csv.WriteOptions(quoting_style="needed"))


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a file back with the types it was written with; `pyarrow.ArrowInvalid` where a cell has another type."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path)
    options = pyarrow.csv.ConvertOptions(
        column_types=flat(schema.empty_table()).schema,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    return pyarrow.csv.read_csv(
        path, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True), convert_options=options
    )


def flat(rows: pa.Table) -> pa.Table:
    """A table as CSV holds it: lists and maps as JSON text, times as ISO 8601 text."""
    return pa.table({name: _flat_column(rows[name]) for name in rows.column_names})


def formula_cells(rows: pa.Table) -> int:
    """Cells of text that a spreadsheet would take for a formula."""
    texts = [column for column in flat(rows).columns if pa.types.is_string(column.type)]
    return sum(pc.sum(pc.match_substring_regex(column, FORMULA)).as_py() or 0 for column in texts)


def _flat_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind):
        # Arrow writes the fraction of its seconds by itself
        return pc.strftime(column.cast(pa.timestamp("us")), format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_map(kind):
        return _json_cells([None if cell is None else dict(cell) for cell in column.to_pylist()])
    if pa.types.is_list(kind):
        single = pa.types.is_float32(kind.value_type)
        return _json_cells(
            [
                None if cell is None else [_shortest(number) for number in cell] if single else cell
                for cell in column.to_pylist()
            ],
        )
    return column


def _json_cells(cells: list[object]) -> pa.ChunkedArray:
    texts = [None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in cells]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _shortest(number: float | None) -> float | None:
    """A number of single precision with the fewest digits that restore it exactly."""
    return None if number is None else float(str(np.float32(number)))
