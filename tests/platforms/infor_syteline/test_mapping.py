"""Documents as request bodies; the expected ones are written by hand from the vendor's contract."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.platforms.infor_syteline.documents import credit_note, full_invoice, invoice, line, references

from airbooks.canonical import AllowanceCharge
from airbooks.platforms.infor_syteline import mapping
from airbooks.platforms.infor_syteline.ido import Change, text, update_body
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.wire import to_json


def body(change: Change) -> dict[str, Any]:
    """What stands on the wire."""
    found: dict[str, Any] = json.loads(to_json(update_body(change)))
    return found


def values(change: Change) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in body(change)["Changes"][0]["Properties"]}


def test_a_full_invoice_is_one_head_of_sums() -> None:
    head = mapping.insert_head(mapping.head_values(full_invoice(), references(), {}))
    assert values(head) == {
        "CustNum": "CUS0042",
        "InvNum": "US-SI-000123",
        "InvSeq": "0",
        "Ref": "US-SI-000123",
        "Type": "I",
        "InvDate": "20260316 00:00:00.000",
        "DueDate": "20260415 00:00:00.000",
        "TermsCode": "N30",
        "Description": "PO-88213",
        "Amount": "19774.74",
        "Freight": "320.00",
        "MiscCharges": "0",
        "SalesTax": "1656.57",
        "SalesTax2": "0",
        "TaxCode1": "TXST",
        "IncludeTaxInPrice": "0",
        "Acct": "1100",
        "AcctUnit1": "WHSL",
        "ExchRate": "1.0869565",
        "UseExchRate": "1",
        "FixedRate": "1",
        "ApplyToInvNum": "US-SI-000123",
    }


def test_its_distributions_are_one_row_per_line_discount_and_tax_code() -> None:
    assert mapping.distributions(full_invoice(), references()) == [
        {"DistSeq": "1", "Acct": "4000", "AcctUnit1": "WHSL", "AcctUnit2": "MAIN", "Amount": "19750.00"},
        {"DistSeq": "2", "Acct": "4010", "AcctUnit1": "SERV", "Amount": "124.74"},
        {"DistSeq": "3", "Acct": "4900", "AcctUnit1": "WHSL", "Amount": "320.00"},
        {"DistSeq": "5001", "Acct": "4800", "AcctUnit1": "WHSL", "Amount": "-100.00"},
        {"DistSeq": "9001", "Acct": "2200", "Amount": "1647.53", "TaxSystem": "1", "TaxCode": "TXST", "TaxBasis": "19970.00"},
        {"DistSeq": "9002", "Acct": "2200", "Amount": "9.04", "TaxSystem": "1", "TaxCode": "CAST", "TaxBasis": "124.74"},
    ]


def test_a_change_has_the_form_of_the_contract() -> None:
    change = Change(ido="SLArinvs", action=1, values={"CustNum": "     42", "TermsCode": ""})
    assert body(change) == {
        "Changes": [
            {
                "Action": 1,
                "ItemId": "PBT=[arinv]",
                "ItemNo": 1,
                "UpdateLocking": 0,
                "Properties": [
                    {"Name": "CustNum", "Value": "     42", "Modified": True, "IsNull": False},
                    {"Name": "TermsCode", "Value": "", "Modified": True, "IsNull": True},
                ],
            }
        ]
    }


def test_nested_distributions_get_their_keys_over_links() -> None:
    child = mapping.insert_distribution({}, {"DistSeq": "1", "Acct": "4000", "Amount": "100.00"})
    properties = body(mapping.nested(mapping.insert_head({"CustNum": "CUS0042"}), [child]))["Changes"][0]["Properties"]
    assert properties[1] == {
        "Name": "SLArinvds",
        "Modified": True,
        "IsNull": False,
        "IsNestedCollection": True,
        "NestedCollection": {
            "CollectionID": "SLArinvds",
            "Changes": [
                {
                    "Action": 1,
                    "ItemId": "PBT=[arinvd]",
                    "ItemNo": 1,
                    "UpdateLocking": 0,
                    "Properties": [
                        {"Name": "DistSeq", "Value": "1", "Modified": True, "IsNull": False},
                        {"Name": "Acct", "Value": "4000", "Modified": True, "IsNull": False},
                        {"Name": "Amount", "Value": "100.00", "Modified": True, "IsNull": False},
                    ],
                }
            ],
            "Links": [
                {"ParentProperty": "CustNum", "ChildProperty": "CustNum"},
                {"ParentProperty": "InvNum", "ChildProperty": "InvNum"},
                {"ParentProperty": "InvSeq", "ChildProperty": "InvSeq"},
            ],
        },
    }


def test_a_credit_note_is_a_memo_of_type_c_with_positive_amounts() -> None:
    head = mapping.head_values(credit_note(), references(), {}, "US-SI-000123")
    shown = {name: head[name] for name in ("Type", "InvNum", "Amount", "SalesTax", "ApplyToInvNum", "Description")}
    assert shown == {
        "Type": "C",
        "InvNum": "US-CN-000017",
        "Amount": "901.00",
        "SalesTax": "74.33",
        "ApplyToInvNum": "US-SI-000123",
        "Description": "US-SI-000123 / Returned goods",
    }
    assert "ApplyToInvNum" not in mapping.head_values(credit_note(), references(), {})


def test_short_keys_are_padded_on_the_left() -> None:
    refs = References(customer="42", entries=references().entries, settings=references().settings)
    head = mapping.head_values(invoice(number="SI-7"), refs, {})
    assert (head["CustNum"], head["InvNum"]) == ("     42", "        SI-7")


def test_where_syteline_numbers_ours_is_the_reference_only() -> None:
    head = mapping.head_values(invoice(number="INV-2026-000000123"), references(number_field="Ref"), {})
    assert (head["Ref"], "InvNum" in head, "ApplyToInvNum" in head) == ("INV-2026-000000123", False, False)


def test_the_books_use_the_posting_date_and_the_issue_date_stays_readable() -> None:
    head = mapping.head_values(invoice(posting_date=date(2026, 4, 1)), references(), {})
    assert (head["InvDate"], head["Description"]) == ("20260401 00:00:00.000", "PO-88213 / issued 2026-03-16")


def test_a_charge_of_the_document_stands_in_misc_charges() -> None:
    packing = AllowanceCharge(is_charge=True, amount=Decimal("12.50"), tax_code="US-TX", tax_rate=Decimal("8.25"), account_code="FREIGHT")
    document = invoice(line(), charges=(packing,))
    head = mapping.head_values(document, references(), {})
    assert (head["Amount"], head["MiscCharges"]) == ("901.00", "12.50")
    assert {"DistSeq": "5001", "Acct": "4900", "Amount": "12.50"} in mapping.distributions(document, references())


def test_a_tax_code_of_the_second_system_has_its_own_fields() -> None:
    second = ReferenceItem(kind=ReferenceKind.TAX_CODE, code="2/PST", remote_id="PST", details={"tax_system": "2"})
    refs = References(
        customer="CUS0042", entries={**references().entries, (ReferenceKind.TAX_CODE, "US-CA"): second}, settings=references().settings
    )
    document = invoice(line(1), line(2, "1", "100.00", "7.25", "US-CA"))
    head = mapping.head_values(document, refs, {})
    assert (head["TaxCode1"], head["SalesTax"], head["TaxCode2"], head["SalesTax2"]) == ("TXST", "74.33", "PST", "7.25")
    assert mapping.distributions(document, refs)[-1]["TaxSystem"] == "2"


def test_untaxed_sales_are_distributed_with_their_basis() -> None:
    document = invoice(line(1, "1", "100.00", "0", "US-EX", category="E"))
    assert mapping.distributions(document, references())[-1] == {
        "DistSeq": "9001",
        "Acct": "2200",
        "Amount": "0.00",
        "TaxSystem": "1",
        "TaxCode": "EXEMPT",
        "TaxBasis": "100.00",
    }


def test_a_rate_is_inverted_where_the_site_divides() -> None:
    assert mapping.exchange_rate(Decimal("0.7312"), {}) == "0.7312"
    assert mapping.exchange_rate(Decimal("0.5"), {"rate_is_divisor": "True"}) == "2"


def test_two_dimensions_on_one_unit_code_are_a_conflict() -> None:
    refs = references()
    clash = ReferenceItem(kind=ReferenceKind.DIMENSION, code="1/MAIN", remote_id="MAIN", details={"unit": "1"})
    refs = References(entries={**refs.entries, (ReferenceKind.DIMENSION, "warehouse:MAIN"): clash}, settings=refs.settings)
    with pytest.raises(mapping.ConflictError, match="unit code 1"):
        mapping.unit_codes(invoice(), refs, line(dimensions={"department": "WHOLESALE"}, warehouse="MAIN"))


def test_quotes_in_a_filter_are_doubled() -> None:
    assert text("O'Brien") == "N'O''Brien'"


AMOUNTS = st.decimals("0.01", "99999.99", places=2)


@settings(max_examples=50, deadline=None)
@given(prices=st.lists(AMOUNTS, min_size=1, max_size=6), off=st.decimals("0", "0.01", places=2))
def test_distributions_always_add_up_to_the_head(prices: list[Decimal], off: Decimal) -> None:
    charge = AllowanceCharge(amount=off, tax_code="US-TX", tax_rate=Decimal("8.25"), account_code="DISCOUNT")
    lines = [line(number, "1", str(price)) for number, price in enumerate(prices, start=1)]
    document = invoice(*lines, charges=(charge,))
    head = mapping.head_values(document, references(), {})
    summed = sum(Decimal(head[name]) for name in ("Amount", "Freight", "MiscCharges", "SalesTax", "SalesTax2"))
    distributed = sum(Decimal(row["Amount"]) for row in mapping.distributions(document, references()))
    assert summed == distributed == document.gross_total
