"""The real-data run: what is postable, and two counts that must agree to the penny."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airbooks.canonical import CreditNote, Invoice, Severity
from airbooks.config import load_config
from airbooks.platforms import registry
from airbooks.platforms.references import required_codes
from airbooks.realdata import CONFIG, CONNECTION, Counted, count_file, settle, table
from airbooks.runtime.errors import SetupError
from airbooks.runtime.tally import Ledger
from airbooks.sources import MappingFailure, Selection, compile_mapping, open_source, to_canonical
from airbooks.validation import Facts, validate

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINES = """\
1001,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
1001,POST,POSTAGE,1,2010-12-01 08:26:00,18.0,17850.0,United Kingdom
1001,PADS,PADS TO MATCH,1,2010-12-01 08:27:00,0.001,17850.0,United Kingdom
C1002,85123A,WHITE HEART,-2,2010-12-01 09:41:00,2.55,17850.0,EIRE
1003,22841,CAKE TIN,1,2010-12-01 09:50:00,0.0,12647.0,Germany
1004,21777,damages,-10,2010-12-01 10:00:00,0.0,,United Kingdom
1005,85123A,WHITE HEART,1,2010-12-01 10:10:00,2.55,,United Kingdom
A1006,B,Adjust bad debt,1,2011-08-12 14:50:00,-11062.06,,United Kingdom
1007,85123A,WHITE HEART,1,2010-12-01 10:20:00,2.55,12743.0,Unspecified
"""
CAUSES = {"1003": "RD-ZERO-PRICE", "1004": "RD-STOCK", "1005": "RD-NO-CUSTOMER", "A1006": "RD-BAD-DEBT"}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "online_retail.csv.gz"
    path.write_bytes(gzip.compress((HEAD + LINES).encode()))
    monkeypatch.setenv("AIRBOOKS_REALDATA", str(path))
    return path


@pytest.fixture
def made(file: Path) -> dict[str, Any]:
    source = load_config(CONFIG).sources["online_retail"]
    mapping = compile_mapping(source)
    return {raw.source_id: to_canonical(mapping, raw) for chunk in open_source(source).read(Selection()) for raw in chunk}


def test_every_document_is_an_invoice_a_credit_note_or_has_one_cause(made: dict[str, Any]) -> None:
    causes = {number: [each.code for each in one.findings] for number, one in made.items() if isinstance(one, MappingFailure)}
    assert causes == {number: [code] for number, code in CAUSES.items()}
    assert {number for number, one in made.items() if isinstance(one, Invoice)} == {"1001", "1007"}
    assert {number for number, one in made.items() if isinstance(one, CreditNote)} == {"C1002"}


def test_what_is_postable_keeps_every_rule_and_is_mapped(made: dict[str, Any]) -> None:
    config = load_config(CONFIG)
    kinds = registry.spec("odoo").reference_kinds
    for document in made.values():
        if isinstance(document, MappingFailure):
            continue
        assert config.route(document) == (CONNECTION,)
        assert not config.is_closed(CONNECTION, document.ledger_date)
        assert [each for each in required_codes(document, kinds) if config.mapping(CONNECTION, each[0].value, each[1]) is None] == []
        assert [each for each in validate(document, Facts()) if each.severity is Severity.ERROR] == []


def test_cancellations_are_credit_notes_with_positive_amounts(made: dict[str, Any]) -> None:
    assert made["C1002"].gross_total == Decimal("5.10")
    assert made["C1002"].buyer.address.country == "IE"


def test_a_customer_is_known_by_number_only(made: dict[str, Any]) -> None:
    assert (made["1001"].buyer.code, made["1001"].buyer.name) == ("17850", "Customer 17850")
    assert made["1007"].buyer.address.country == ""


def test_the_independent_count_agrees_with_what_is_delivered(file: Path, made: dict[str, Any]) -> None:
    counted = count_file(file)
    assert counted["1001"] == Counted(3, Decimal("33.30"))
    for number, one in made.items():
        if not isinstance(one, MappingFailure):
            assert abs(counted[number].amount) == one.gross_total


def books(*rows: tuple[str, str, str]) -> Ledger:
    return Ledger(documents={str(n): {"our_number": number, "kind": kind, "total": total} for n, (number, kind, total) in enumerate(rows)})


GOOD = (("1001", "invoice", "33.30"), ("C1002", "credit_note", "5.10"), ("1007", "invoice", "2.55"))


def test_books_and_causes_that_cover_the_file_are_right(file: Path) -> None:
    account = settle(count_file(file), books(*GOOD), {number: [code] for number, code in CAUSES.items()})
    assert account.wrong == []
    assert account.booked == account.in_file == Decimal("30.75")
    assert table(count_file(file), account.outcome).splitlines()[-1].split() == ["all", "7", "9", "-11,028.76"]


@pytest.mark.parametrize(
    ("rows", "causes", "words"),
    [
        (GOOD[1:], CAUSES, "1001 is booked 0 times and has the causes none"),
        ((*GOOD, GOOD[0]), CAUSES, "1001 is booked 2 times"),
        ((("1001", "invoice", "33.31"), *GOOD[1:]), CAUSES, "1001 is booked with 33.31, the file has 33.30"),
        (GOOD, {**CAUSES, "1001": "AB-ECHO"}, "1001 is booked 1 times and has the causes AB-ECHO"),
        ((*GOOD, ("9999", "invoice", "1.00")), CAUSES, "9999 is booked and is not in the file"),
    ],
)
def test_a_lost_doubled_or_wrong_document_is_named(file: Path, rows: Any, causes: dict[str, str], words: str) -> None:
    account = settle(count_file(file), books(*rows), {number: [code] for number, code in causes.items()})
    assert any(words in each for each in account.wrong)


def test_another_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(SetupError, match="make realdata DATA="):
        count_file(other)
