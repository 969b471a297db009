"""Files of lines as a source: whole documents in bounded memory, wherever their rows stand."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airbooks.sources import FileSource, RawDocument, Selection, SourceError

ROWS = [(f"SI-{n:03}", f"ITEM-{position}", f"{n}.{position}0", "UK" if n % 2 else "US") for n in range(1, 51) for position in range(1, 4)]
HEAD = "number,item,net,division"


def csv_text(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([HEAD, *(",".join(row) for row in rows)]) + "\n"


def read(path: Path, selection: Selection = Selection(), **settings: Any) -> list[RawDocument]:
    source = FileSource(name="shop", path=str(path), key="number", **settings)
    return [document for chunk in source.read(selection, 7) for document in chunk]


def nets(documents: list[RawDocument]) -> dict[str, list[str]]:
    return {document.source_id: [str(line["net"]) for line in document.payload["lines"]] for document in documents}


EXPECTED = {f"SI-{n:03}": [f"{n}.{position}0" for position in range(1, 4)] for n in range(1, 51)}


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    file = tmp_path / "sales.csv"
    file.write_text(csv_text(ROWS), "utf-8")
    return file


def test_the_rows_of_a_document_are_gathered_and_chunks_are_bounded(csv_file: Path) -> None:
    chunks = list(FileSource(name="shop", path=str(csv_file), key="number").read(Selection(), 7))
    assert [len(chunk) for chunk in chunks] == [7] * 7 + [1]
    assert nets([document for chunk in chunks for document in chunk]) == EXPECTED


def test_a_shuffled_file_gives_the_same_documents(tmp_path: Path) -> None:
    shuffled = ROWS.copy()
    random.Random(3).shuffle(shuffled)
    file = tmp_path / "sales.csv"
    file.write_text(csv_text(shuffled), "utf-8")
    assert {key: sorted(value) for key, value in nets(read(file)).items()} == {key: sorted(value) for key, value in EXPECTED.items()}


def test_a_shuffled_file_beyond_the_limit_is_refused_with_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(csv_text(sorted(ROWS, key=lambda row: row[1])), "utf-8")
    with pytest.raises(SourceError, match=r"Sort .* by 'number', or raise max_open_rows"):
        read(file, max_open_rows=60)


@pytest.mark.parametrize(("ending", "pack"), [(".csv.gz", gzip.compress), (".csv.bz2", bz2.compress)])
def test_compressed_files_are_read_as_they_are(tmp_path: Path, ending: str, pack: Any) -> None:
    file = tmp_path / f"sales.2026{ending}"
    file.write_bytes(pack(csv_text(ROWS).encode()))
    assert nets(read(file)) == EXPECTED


def test_json_numbers_keep_every_digit(tmp_path: Path) -> None:
    file = tmp_path / "sales.json"
    file.write_text('[{"number": "SI-1", "net": 12345678901234567.89}, {"number": "SI-1", "net": 0.10}]', "utf-8")
    assert nets(read(file)) == {"SI-1": ["12345678901234567.89", "0.10"]}


def test_json_documents_with_their_own_lines_stay_whole(tmp_path: Path) -> None:
    file = tmp_path / "sales.json"
    file.write_text('{"invoices": [{"number": "SI-1", "lines": [{"net": 1.10}, {"net": 2}]}]}', "utf-8")
    assert nets(read(file, options={"at": "invoices"})) == {"SI-1": ["1.10", "2"]}


def test_json_lines_are_read_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "sales.jsonl"
    names = HEAD.split(",")
    file.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in ROWS), "utf-8")
    assert nets(read(file)) == EXPECTED


def test_parquet_decimals_keep_every_digit(tmp_path: Path) -> None:
    table = pa.table({"number": ["SI-1", "SI-1"], "net": pa.array([Decimal("12345678901234567.89"), Decimal("0.10")])})
    pq.write_table(table, tmp_path / "sales.parquet")
    assert nets(read(tmp_path / "sales.parquet")) == {"SI-1": ["12345678901234567.89", "0.10"]}


def test_an_excel_sheet_is_read_as_text(tmp_path: Path) -> None:
    file = tmp_path / "sales.xlsx"
    write_sheet(file, [HEAD.split(","), *ROWS[:6]])
    assert nets(read(file)) == {key: EXPECTED[key] for key in ("SI-001", "SI-002")}


def test_documents_can_be_chosen_by_number_and_division(csv_file: Path) -> None:
    assert list(nets(read(csv_file, Selection(numbers=("SI-007", "SI-008"))))) == ["SI-007", "SI-008"]
    assert len(read(csv_file, Selection(divisions=("UK",)), division="division")) == 25
    with pytest.raises(SourceError, match="name the column under `division`"):
        read(csv_file, Selection(divisions=("UK",)))


def test_a_file_that_came_before_the_watermark_gives_nothing(csv_file: Path) -> None:
    source = FileSource(name="shop", path=str(csv_file), key="number")
    assert read(csv_file, Selection(since=source.now() + timedelta(seconds=1))) == []
    assert len(read(csv_file, Selection(since=source.now() - timedelta(minutes=1)))) == 50


def test_a_file_whose_reading_broke_off_is_read_again_from_its_start(csv_file: Path) -> None:
    first_chunk = next(FileSource(name="shop", path=str(csv_file), key="number").read(Selection(), 7))
    assert len(read(csv_file, Selection(since=first_chunk[-1].changed_at))) == 50


def test_a_file_that_kept_the_time_of_its_original_counts_from_its_arrival(csv_file: Path) -> None:
    watermark = datetime.now(UTC) - timedelta(minutes=1)
    os.utime(csv_file, (0, 0))
    assert len(read(csv_file, Selection(since=watermark))) == 50


def test_what_no_database_can_store_is_made_visible(tmp_path: Path) -> None:
    file = tmp_path / "sales.json"
    file.write_text(r'[{"number": "SI-1", "name": "a\u0000b\ud800c \ud83d\udee0"}]', "utf-8")
    assert read(file)[0].payload["name"] == "a\ufffdb\ufffdc 🛠"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"path": "none.csv"}, "there is no file"),
        ({"key": "invoice"}, "no column 'invoice'; it has number, item, net, division"),
        ({"format": "pdf"}, "no known format"),
        ({"max_megabytes": 0}, "max_megabytes is 0"),
    ],
)
def test_a_file_that_is_not_as_described_says_what_to_change(csv_file: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        list(FileSource(**{"name": "shop", "path": str(csv_file), "key": "number", **settings}).read(Selection()))


def write_sheet(file: Path, rows: list[Any]) -> None:
    """The smallest workbook: one sheet of text cells."""
    cells = "".join("<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        f'<Override PartName="/xl/s.xml" ContentType="{types}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sales" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="s.xml"/></Relationships>',
        "xl/s.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(file, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)
