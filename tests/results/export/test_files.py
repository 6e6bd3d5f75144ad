"""Round trips: what pandas, strict readers and R expect of a file, with texts that try to break it."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from pipeline.results.export.build import ExportResult
from pipeline.results.export.files import flat, formula_cells, read_table, write_table
from tests.support.export_study import HOSTILE

ALPHABET = "ab ,;\"'\n\r\t=+-@#\\/|<>&[]{}0.7eE\u00a0\u2028\u202e\u200dé漢🙂"


def drawn(seed: int, rows: int = 60) -> pa.Table:
    """Rows of every type, with texts drawn from what breaks files."""
    draw = random.Random(seed)

    def text() -> str | None:
        return None if draw.random() < 0.2 else "".join(draw.choices(ALPHABET, k=draw.randrange(12)))

    def maybe(value: object) -> object:
        return None if draw.random() < 0.2 else value

    shares = pa.map_(pa.string(), pa.float64())
    moments = [datetime(2026, 1, 1 + draw.randrange(28), 7, 5, 3, draw.randrange(10**6)) for _ in range(rows)]  # noqa: DTZ001
    return pa.table(
        {
            "clip_id": pa.array([f"{draw.randrange(10**18):019d}" for _ in range(rows)]),
            "text": pa.array([text() for _ in range(rows)], pa.string()),
            "hashtags": pa.array([maybe([text() or "" for _ in range(draw.randrange(3))]) for _ in range(rows)],
                                 pa.list_(pa.string())),
            "embedding": pa.array([maybe([0.1, 1e-7]) for _ in range(rows)], pa.list_(pa.float32())),
            "probabilities": pa.array([maybe([("angry", draw.random())]) for _ in range(rows)], shares),
            "views": pa.array([maybe(draw.randrange(2**62)) for _ in range(rows)], pa.int64()),
            "number": pa.array([maybe(draw.gauss(0, 10 ** draw.uniform(-9, 9))) for _ in range(rows)], pa.float64()),
            "is_strongest": pa.array([maybe(draw.random() < 0.5) for _ in range(rows)], pa.bool_()),
            "posted_at": pa.array([maybe(moment) for moment in moments], pa.timestamp("us")),
            "week": pa.array([maybe(moment.date()) for moment in moments], pa.date32()),
            "nothing": pa.array([None] * rows, pa.string()),
        }
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_parquet_comes_back_as_it_was(seed: int, tmp_path: Path) -> None:
    rows = drawn(seed)
    write_table(rows, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", rows.schema).equals(rows)


@pytest.mark.parametrize("seed", range(8))
def test_csv_comes_back_as_it_was_with_one_type_a_column(seed: int, tmp_path: Path) -> None:
    rows = drawn(seed)
    write_table(rows, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv", rows.schema).equals(flat(rows))


def test_a_cell_of_another_type_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("views\n1\nmany\n", encoding="utf-8")
    with pytest.raises(pa.ArrowInvalid, match="many"):
        read_table(tmp_path / "t.csv", pa.schema({"views": pa.int64()}))


@pytest.mark.parametrize("seed", range(4))
def test_pandas_reads_what_was_written(seed: int, tmp_path: Path) -> None:
    rows = drawn(seed)
    write_table(rows, tmp_path / "t.csv")
    types = {"clip_id": str, "text": str, "views": "Int64", "is_strongest": "boolean", "number": float}
    frame = pd.read_csv(tmp_path / "t.csv", dtype=types, keep_default_na=False, na_values=[""],
                        parse_dates=["posted_at"], float_precision="round_trip", lineterminator="\n")  # fmt: skip
    assert frame["clip_id"].tolist() == rows["clip_id"].to_pylist()
    read = [None if pd.isna(text) else text for text in frame["text"]]
    assert read == [text or None for text in rows["text"].to_pylist()]  # pandas knows no empty text beside NULL
    assert [None if pd.isna(n) else int(n) for n in frame["views"]] == rows["views"].to_pylist()
    assert [None if pd.isna(n) else n for n in frame["number"]] == rows["number"].to_pylist()
    moments = [None if pd.isna(t) else t.to_pydatetime() for t in frame["posted_at"]]
    assert moments == [t and t.replace(tzinfo=UTC) for t in rows["posted_at"].to_pylist()]
    lists = [None if pd.isna(cell) else json.loads(cell) for cell in frame["hashtags"]]
    assert lists == rows["hashtags"].to_pylist()


def test_a_reader_that_guesses_types_sees_one_a_column(tmp_path: Path) -> None:
    """As R's readers do: a type is guessed from the first rows and must hold for the rest."""
    rows = drawn(1, 3000)
    write_table(rows, tmp_path / "t.csv")
    small = pyarrow.csv.ReadOptions(block_size=20_000)
    newlines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    types = pyarrow.csv.read_csv(tmp_path / "t.csv", read_options=small, parse_options=newlines).schema
    assert types.field("number").type == pa.float64()
    assert types.field("is_strongest").type == pa.bool_()
    assert types.field("week").type == pa.date32()
    assert pa.types.is_timestamp(types.field("posted_at").type)


def test_the_form_of_csv(tmp_path: Path) -> None:
    rows = pa.table({
        "id": ["007"], "yes": [True], "t": pa.array([datetime(2026, 3, 2, 9)], pa.timestamp("us")),  # noqa: DTZ001
        "tags": [["é", "b"]], "none": pa.array([None], pa.string()), "empty": [""],
        "vector": pa.array([[0.1]], pa.list_(pa.float32())),
    })  # fmt: skip
    write_table(rows, tmp_path / "t.csv")
    content = (tmp_path / "t.csv").read_bytes()
    assert content.decode() == (
        '"id","yes","t","tags","none","empty","vector"\n'
        '"007",true,"2026-03-02T09:00:00.000000Z","[""é"", ""b""]",,"","[0.1]"\n'
    )


def test_cells_that_a_spreadsheet_takes_for_formulas_are_counted_and_kept(tmp_path: Path) -> None:
    rows = pa.table({"caption": ["=1+1", "@user_x", "-", "+1", "fine", None], "number": [-1.0] * 6})
    assert formula_cells(rows) == 4
    write_table(rows, tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv", rows.schema)["caption"].to_pylist() == rows["caption"].to_pylist()


def test_hostile_captions_come_back_from_a_whole_export(restricted: ExportResult) -> None:
    [captions] = [file.table.rows for file in restricted.files if file.table.name == "clips"]
    frame = pd.read_csv(restricted.folder / "clips.csv", dtype=str, keep_default_na=False, lineterminator="\n")
    assert frame["caption"].tolist() == [text or "" for text in captions["caption"].to_pylist()]
    told = "\n".join(frame["caption"])
    for text in HOSTILE:
        assert text.replace("\x00", "\ufffd") in told
    content = (restricted.folder / "clips.csv").read_bytes()
    assert b"\x00" not in content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_the_data_package_describes_each_file_as_the_standard_asks(
    restricted: ExportResult, shareable: ExportResult
) -> None:
    for done in (restricted, shareable):
        package = json.loads((done.folder / "datapackage.json").read_text("utf-8"))
        assert package["$schema"].startswith("https://datapackage.org/profiles/2")
        assert package["name"] == package["name"].lower()
        names = [one["name"] for one in package["resources"]]
        assert len(set(names)) == len(names) == len(done.files)
        for one in package["resources"]:
            path = done.folder / one["path"]
            assert one["bytes"] == path.stat().st_size
            assert one["hash"].startswith("sha256:")
            header = path.read_text("utf-8").splitlines()[0]
            fields = [field["name"] for field in one["schema"]["fields"]]
            assert [name.strip('"') for name in header.split(",")] == fields
            known = {"string", "integer", "number", "boolean", "datetime", "date", "array", "object"}
            assert {field["type"] for field in one["schema"]["fields"]} <= known
            assert set(one["schema"].get("primaryKey", [])) <= set(fields)
            for key in one["schema"].get("foreignKeys", []):
                assert key["reference"] == {"resource": "clips", "fields": ["clip_id"]}
            types = {field["name"]: field["type"] for field in one["schema"]["fields"]}
            assert types.get("clip_id", "string") == types.get("sound_id", "string") == "string"


def test_keys_of_the_data_package_hold(restricted: ExportResult) -> None:
    package = json.loads((restricted.folder / "datapackage.json").read_text("utf-8"))
    keys = {one["name"]: one["schema"].get("primaryKey") for one in package["resources"]}
    assert keys["clips"] == ["clip_id"]
    assert keys["emotions"] == ["clip_id", "region", "model"]
    for name, key in keys.items():
        if key:
            frame = pd.read_csv(restricted.folder / f"{name}.csv", dtype=str, lineterminator="\n")
            assert not frame.duplicated(subset=key).any(), name
