"""Documents, clients and payments as FreshBooks bodies, written by hand from the vendor's contract; answers as canonical documents."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from tests.documents import credit_note, invoice, line, right_documents

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Contact,
    Delivery,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Line,
    LineKind,
    Party,
    Payment,
    PaymentTerms,
    TaxCategory,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.freshbooks import mapping, reading
from airbooks.platforms.freshbooks.lines import Document
from airbooks.platforms.freshbooks.refusals import refusals
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-US-0042",
    name="Northgate Air Ltd",
    address=Address(line1="14 Foundry Rd", city="Hamilton", region="ON", postal_code="L8H 4K2", country="CA"),
    contact=Contact(name="Accounts Payable", email="ap@northgate.example", phone="+1 905 555 0142"),
)
BILL_TO = {
    "organization": "Northgate Air Ltd",
    "fname": "Accounts",
    "lname": "Payable",
    "street": "14 Foundry Rd",
    "city": "Hamilton",
    "province": "ON",
    "code": "L8H 4K2",
    "country": "Canada",
}


def tax(code: str, name: str, percent: str, remote_id: str = "7001") -> tuple[tuple[ReferenceKind, str], ReferenceItem]:
    key = ReferenceKind.TAX_CODE, code
    return key, ReferenceItem(kind=ReferenceKind.TAX_CODE, code=name, remote_id=remote_id, details={"percent": percent})


ENTRIES = dict([tax("US-TX", "TX Sales Tax", "8.25"), tax("US-EX", "No tax", "0", ""), tax("CA-HST", "HST", "13")])


def refs(**settings: str) -> References:
    return References(customer="12345", entries=ENTRIES, settings=settings)


def tx(number: int, item: str, quantity: str, price: str, **fields: Any) -> Any:
    known = {"item_code": item, "tax_code": "US-TX", "currency": "EUR", **fields}
    return line(number, quantity, price, "8.25", **known)


def head(**fields: Any) -> dict[str, Any]:
    known = {
        "number": "US-SI-004711",
        "division": "US",
        "buyer": BUYER,
        "seller": None,
        "terms": PaymentTerms(code="Net 30", text="Net 30"),
    }
    dates = {"issue_date": date(2026, 3, 2), "due_date": date(2026, 4, 1)}
    return {**known, **dates, **fields}


def allowance(amount: str, code: str = "US-TX", rate: str = "8.25", **fields: Any) -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), tax_code=code, tax_rate=Decimal(rate), reason="Trade discount", **fields)


# -- invoices ---------------------------------------------------------------------------------------------------------------------


def test_a_percentage_over_the_whole_invoice_is_the_vendors_own_discount() -> None:
    hst = {"tax_code": "CA-HST", "currency": "USD"}
    lines = (
        line(1, "2", "18450.00", "13", item_code="AC-RS-75KW", name="Rotary screw compressor 75 kW", **hst),
        line(2, "12", "84.50", "13", item_code="AF-75", name="Filter kit", **hst),
        line(3, "1", "480.00", "13", item_code="Freight", name="Freight", kind=LineKind.FREIGHT, **hst),
    )
    discount = allowance("1919.70", "CA-HST", "13", percent=Decimal(5))
    place = Address(line1="900 Burlington St E", city="Hamilton")
    document = invoice(
        *lines,
        charges=[discount],
        **head(currency="USD", purchase_order="PO-88213", notes=("Delivery by tail-lift.",)),
    ).model_copy(update={"currency": "CAD", "delivery": Delivery(name="Plant 3", address=place)})
    assert document.gross_total == Decimal("41215.96")
    assert mapping.create_body(document, refs()) == {
        "invoice": {
            "customerid": 12345,
            "create_date": "2026-03-02",
            "due_offset_days": 30,
            "invoice_number": "US-SI-004711",
            "po_number": "PO-88213",
            "currency_code": "CAD",
            "notes": "Delivery by tail-lift.\nShip to: Plant 3, 900 Burlington St E, Hamilton",
            "terms": "Net 30",
            "discount_value": "5",
            "discount_description": "Trade discount",
            **BILL_TO,
            "lines": [
                {
                    "type": 0,
                    "name": "AC-RS-75KW",
                    "description": "Rotary screw compressor 75 kW",
                    "qty": "2",
                    "unit_cost": {"amount": "18450.00", "code": "CAD"},
                    "taxName1": "HST",
                    "taxAmount1": "13",
                },
                {
                    "type": 0,
                    "name": "AF-75",
                    "description": "Filter kit",
                    "qty": "12",
                    "unit_cost": {"amount": "84.50", "code": "CAD"},
                    "taxName1": "HST",
                    "taxAmount1": "13",
                },
                {
                    "type": 0,
                    "name": "Freight",
                    "description": "Freight",
                    "qty": "1",
                    "unit_cost": {"amount": "480.00", "code": "CAD"},
                    "taxName1": "HST",
                    "taxAmount1": "13",
                },
            ],
        }
    }


def test_an_invoice_with_everything_two_taxes_a_foreign_currency_and_dimensions() -> None:
    off = AllowanceCharge(amount=Decimal("13.86"), percent=Decimal(10), reason="Line discount")
    places = {"dimensions": {"department": "WHOLESALE"}, "warehouse": "MAIN"}
    lines = (
        tx(1, "CMP-RS-75", "2", "18450.00", name="Rotary screw compressor 75 kW", serial_numbers=("SN-1", "SN-2"), **places),
        tx(2, "HOS-38-15", "40", "3.465", name="Rubber hose 3/8 in per metre", unit="MTR", allowances_charges=(off,)),
        line(3, "1", "480.00", "0", "E", item_code="FRT-STD", name="Freight", kind=LineKind.FREIGHT, tax_code="US-EX"),
    )
    goods = allowance("100.00")  # off the goods only: no percentage of the whole invoice, so the goods' lines carry it
    deposit = allowance("25.00", "US-EX", "0", is_charge=True, tax_category=TaxCategory.EXEMPT)
    rate = ExchangeRate(base="USD", rate=Decimal("1.086957"))
    document = invoice(*lines, charges=[goods, deposit], **head(currency="EUR", exchange_rate=rate, sales_order="SO-77"))
    assert mapping.create_body(document, refs()) == {
        "invoice": {
            "customerid": 12345,
            "create_date": "2026-03-02",
            "due_offset_days": 30,
            "invoice_number": "US-SI-004711",
            "currency_code": "EUR",
            "notes": "Sales order: SO-77",
            "terms": "Net 30",
            **BILL_TO,
            "lines": [
                {
                    "type": 0,
                    "name": "CMP-RS-75",
                    "description": "Rotary screw compressor 75 kW\nQuantity: 2 at 18450 EUR\nShare of the document's discount: -99.66\n"
                    "Serial numbers: SN-1, SN-2\nDepartment: WHOLESALE\nWarehouse: MAIN",
                    "qty": "2",
                    "unit_cost": {"amount": "18400.17", "code": "EUR"},
                    "taxName1": "TX Sales Tax",
                    "taxAmount1": "8.25",
                },
                {
                    "type": 0,
                    "name": "HOS-38-15",
                    "description": "Rubber hose 3/8 in per metre\nUnit: MTR\nQuantity: 40 at 3.465 EUR\nLine discount 10 %: -13.86\n"
                    "Share of the document's discount: -0.34",
                    "qty": "40",
                    "unit_cost": {"amount": "3.11", "code": "EUR"},
                    "taxName1": "TX Sales Tax",
                    "taxAmount1": "8.25",
                },
                {
                    "type": 0,
                    "name": "FRT-STD",
                    "description": "Freight",
                    "qty": "1",
                    "unit_cost": {"amount": "480.00", "code": "EUR"},
                },
                {
                    "type": 0,
                    "name": "Document charge",
                    "description": "Trade discount",
                    "qty": "1",
                    "unit_cost": {"amount": "25.00", "code": "EUR"},
                },
            ],
        }
    }


def test_a_credit_note_corrects_in_positive_amounts() -> None:
    preceding = (DocumentReference(number="US-SI-004711"),)
    document = credit_note(
        tx(1, "FLT-PRE-30", "1", "148.00", name="Pre-filter 3 micron"),
        **head(
            number="US-CN-000017",
            reason="Returned goods",
            preceding_invoices=preceding,
            currency="USD",
            due_date=None,
            purchase_order="PO-1",
        ),
    )
    assert mapping.create_body(document, refs()) == {
        "credit_note": {
            "clientid": "12345",
            "credit_number": "US-CN-000017",
            "credit_type": "goodwill",
            "create_date": "2026-03-02",
            "currency_code": "USD",
            "notes": "Returned goods\nCorrects: US-SI-004711\nPurchase order: PO-1",
            "terms": "Net 30",
            **BILL_TO,
            "lines": [
                {
                    "type": 0,
                    "name": "FLT-PRE-30",
                    "description": "Pre-filter 3 micron",
                    "qty": "1",
                    "unit_cost": {"amount": "148.00", "code": "USD"},
                    "taxName1": "TX Sales Tax",
                    "taxAmount1": "8.25",
                }
            ],
        }
    }


def test_an_update_clears_what_the_document_no_longer_says() -> None:
    sent = mapping.update_body(invoice(tx(1, "FLT-PRE-30", "1", "148.00"), **head()), refs())["invoice"]
    assert (sent["po_number"], sent["notes"], sent["discount_value"], sent["discount_description"]) == ("", "", "0", "")
    assert len(sent["lines"]) == 1


def test_a_due_date_is_days_from_the_date_of_the_books() -> None:
    later = invoice(tx(1, "FLT-PRE-30", "1", "148.00"), **head(posting_date=date(2026, 3, 12)))
    sent = mapping.create_body(later, refs())["invoice"]
    assert "due_date" not in sent
    assert (sent["create_date"], sent["due_offset_days"], sent["notes"]) == ("2026-03-12", 20, "Issued: 2026-03-02")


@pytest.mark.parametrize(
    ("quantity", "price", "amount", "sent"),
    [
        ("3", "9.99", "29.97", ("3", "9.99")),
        ("40", "3.465", "138.60", ("1", "138.60")),
        ("0.125", "1240.00", "155.00", ("1", "155.00")),
        ("1.5", "10.00", "15.00", ("1.5", "10.00")),
        ("1.5", "33.33", "50.00", ("1", "50.00")),
        ("20", "12.33515", "246.70", ("1", "246.70")),
        ("4", "2.505", "10.04", ("4", "2.51")),
    ],
)
def test_nothing_is_left_for_freshbooks_to_round(quantity: str, price: str, amount: str, sent: tuple[str, str]) -> None:
    made = tx(1, "FLT-PRE-30", quantity, price, net_amount=Decimal(amount))
    (body,) = mapping.document_lines(invoice(made, **head()), refs())
    assert (body["qty"], body["unit_cost"]["amount"]) == sent


def test_a_tax_with_another_percentage_there_is_not_sent() -> None:
    wrong = line(1, "1", "10.00", "6.25", tax_code="US-TX")
    with pytest.raises(mapping.TaxDiffersError, match=r"US-TX has 6\.25 %.*8\.25 %"):
        mapping.create_body(invoice(wrong, **head()), refs())
    with pytest.raises(ReferenceMissing):
        mapping.create_body(invoice(line(1, tax_code="US-NY"), **head()), refs())


def references_for(document: Document) -> References:
    """A tax of the right percentage for every code of the document."""
    bearing: list[Line | AllowanceCharge] = [*document.lines, *document.allowances_charges]
    return References(customer="1", entries=dict(tax(each.tax_code, each.tax_code, str(each.tax_rate)) for each in bearing))


@settings(max_examples=60, deadline=None)
@given(document=right_documents())
def test_the_lines_less_the_discount_are_the_net_total_to_the_cent(document: Document) -> None:
    assume(not refusals(document))
    (body,) = mapping.create_body(document, references_for(document)).values()
    amounts = [Decimal(each["qty"]) * Decimal(each["unit_cost"]["amount"]) for each in body["lines"]]
    assert all(each == round(each, 2) >= 0 for each in amounts)
    discount = round(sum(amounts) * Decimal(body.get("discount_value", "0")) / 100, 2)
    assert abs(sum(amounts) - discount - document.net_total) <= (Decimal("0.01") if "discount_value" in body else 0)


def test_money_never_passes_through_a_float() -> None:
    assert mapping.money(Decimal("12345678901234.56"), "USD") == {"amount": "12345678901234.56", "code": "USD"}
    assert mapping.money(Decimal("1E+2"), "USD") == {"amount": "100.00", "code": "USD"}


# -- refusals ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"number": "N" * 21}, "FB-NUMBER"),
        ({"internal_note": "Credit risk"}, "FB-NOTES"),
        ({"due_date": date(2026, 3, 1)}, "FB-DATES"),
        ({"prepaid_amount": Decimal(1)}, "FB-TOTALS"),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_a_way_out(fields: dict[str, Any], code: str) -> None:
    (finding,) = refusals(invoice(tx(1, "FLT-PRE-30", "1", "148.00"), **head(**fields)), "freshbooks_us")
    assert (finding.code, finding.connection) == (code, "freshbooks_us")
    assert finding.fix


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (line(1, "-1", "20.00", "0", "E", tax_code="US-EX"), "FB-LINES"),
        (line(1, "1", "20.00", "8.25", tax_code=""), "FB-TAX"),
        (line(1, "1", "20.00", net_amount=Decimal("20.005"), tax_code="US-TX"), "FB-DECIMALS"),
    ],
)
def test_a_line_that_cannot_be_expressed_is_refused(made: Any, code: str) -> None:
    assert code in {each.code for each in refusals(invoice(tx(9, "CMP-RS-75", "1", "100.00"), made, **head()))}


def test_a_discount_that_no_line_can_carry_is_refused() -> None:
    (finding,) = refusals(invoice(tx(1, "FLT-PRE-30", "1", "148.00"), charges=[allowance("5.00", "US-EX", "0")], **head()))
    assert finding.code == "FB-DISCOUNT"


# -- clients and payments ---------------------------------------------------------------------------------------------------------


def test_a_client_carries_our_code_in_its_note() -> None:
    assert mapping.client_body(BUYER, "USD") == {
        "client": {
            "organization": "Northgate Air Ltd",
            "email": "ap@northgate.example",
            "fname": "Accounts",
            "lname": "Payable",
            "currency_code": "USD",
            "note": "[ext:C-US-0042]\nPhone: +1 905 555 0142",
            "p_street": "14 Foundry Rd",
            "p_city": "Hamilton",
            "p_province": "ON",
            "p_code": "L8H 4K2",
            "p_country": "Canada",
        }
    }


def receipt(*amounts: str, **fields: Any) -> Payment:
    parts = tuple(
        Allocation(document_number=f"US-SI-{n}", remote_id=str(n), amount=Decimal(each)) for n, each in enumerate(amounts, 987654)
    )
    known = {"source": "bank", "source_id": "p-1", "customer_code": "C-US-0042", "received_on": date(2026, 3, 20), "currency": "CAD"}
    total = sum((each.amount for each in parts), Decimal(0))
    return Payment(**{**known, "amount": total, "reference": "WIRE-5521", "method": "Wire", "allocations": parts, **fields})


def test_a_payment_is_one_freshbooks_payment_for_each_invoice() -> None:
    first, second = mapping.payment_bodies(receipt("18000.00", "0.50"), refs(default_payment_type="ACH"))
    assert first == {
        "payment": {
            "invoiceid": 987654,
            "amount": {"amount": "18000.00", "code": "CAD"},
            "date": "2026-03-20",
            "type": "ACH",
            "note": "WIRE-5521; [bank p-1]",
            "send_client_notification": False,
        }
    }
    assert (second["payment"]["invoiceid"], second["payment"]["amount"]["amount"]) == (987655, "0.50")


# -- answers ----------------------------------------------------------------------------------------------------------------------


def answered(**fields: Any) -> dict[str, Any]:
    cad = {"code": "CAD"}
    made = {
        "id": 987654,
        "invoice_number": "US-SI-004711",
        "customerid": 12345,
        "create_date": "2026-03-02",
        "amount": {"amount": "41215.96", **cad},
        "outstanding": {"amount": "41215.96", **cad},
        "paid": {"amount": "0.00", **cad},
        "discount_total": {"amount": "-1919.70", **cad},
        "v3_status": "draft",
        "vis_state": 0,
        "updated": "2026-03-02 04:12:44",
        "lines": [
            {"name": "AC", "amount": {"amount": "38394.00", **cad}},
            {"name": "Document charge", "amount": {"amount": "0.00", **cad}},
        ],
    }
    return {**made, **fields}


@pytest.mark.parametrize("discount", ["-1919.70", "1919.70"])
def test_net_and_tax_follow_from_lines_discount_and_total(discount: str) -> None:
    row = answered(discount_total={"amount": discount, "code": "CAD"})
    remote = reading.remote_document(row, DocumentKind.INVOICE)
    assert (remote.net, remote.tax, remote.total) == (Decimal("36474.30"), Decimal("4741.66"), Decimal("41215.96"))
    assert (remote.remote_id, remote.customer_id, remote.currency, remote.line_count) == ("987654", "12345", "CAD", 1)
    assert remote.modified_at == datetime(2026, 3, 2, 9, 12, 44, tzinfo=UTC)


@pytest.mark.parametrize(
    ("v3", "paid", "outstanding", "vis", "status"),
    [
        ("draft", "0", "10", 0, DocumentStatus.DRAFT),
        ("created", "0", "10", 0, DocumentStatus.DRAFT),
        ("sent", "0", "10", 0, DocumentStatus.OPEN),
        ("viewed", "0", "10", 2, DocumentStatus.OPEN),
        ("disputed", "0", "10", 0, DocumentStatus.OPEN),
        ("overdue", "0", "10", 0, DocumentStatus.OPEN),
        ("overdue", "4", "6", 0, DocumentStatus.PARTIALLY_PAID),
        ("partial", "4", "6", 0, DocumentStatus.PARTIALLY_PAID),
        ("deposit-partial", "0", "10", 0, DocumentStatus.OPEN),
        ("deposit-paid", "4", "6", 0, DocumentStatus.PARTIALLY_PAID),
        ("paid", "10", "0", 0, DocumentStatus.PAID),
        ("paid", "10", "5", 0, DocumentStatus.PARTIALLY_PAID),
        ("autopaid", "10", "0", 0, DocumentStatus.PAID),
        ("success", "10", "0", 0, DocumentStatus.PAID),
        ("sent", "0", "10", 1, DocumentStatus.VOID),
        ("paid", "10", "0", 1, DocumentStatus.VOID),
    ],
)
def test_the_status_follows_from_visibility_status_and_amounts(
    v3: str, paid: str, outstanding: str, vis: int, status: DocumentStatus
) -> None:
    row = answered(v3_status=v3, paid={"amount": paid}, outstanding={"amount": outstanding}, vis_state=vis)
    assert reading.invoice_status(row) is status


def test_client_credit_that_is_used_brings_no_money() -> None:
    row = {
        "id": 5501,
        "invoiceid": 1,
        "amount": {"amount": "40.00", "code": "USD"},
        "date": "2026-03-09",
        "from_credit": True,
        "creditid": 31,
    }
    payment = reading.remote_payment(row)
    assert payment.amount == 0
    assert [(each.remote_id, each.amount) for each in payment.allocations] == [("1", Decimal("40.00")), ("31", Decimal("-40.00"))]


TOLD = {"errno": 1012, "field": "userid", "message": "Client not found.", "object": "client", "value": "12345"}
NEW_FORM = {
    "code": 5,
    "message": "Request failed with status_code: 404",
    "details": [{"reason": "1012", "metadata": {"object": "client", "message": "Client not found.", "value": "12345", "field": "userid"}}],
}


@pytest.mark.parametrize(
    "body", [{"response": {"errors": [TOLD]}}, {"response": {"errors": TOLD}}, {"response": {"error": TOLD}}, NEW_FORM]
)
def test_an_error_is_understood_in_each_of_its_forms(body: dict[str, Any]) -> None:
    complaint = reading.complaint(body)
    assert complaint is not None
    assert (complaint.code, complaint.field, complaint.message) == ("1012", "userid", "userid: Client not found.")


def test_a_good_answer_is_no_complaint() -> None:
    assert reading.complaint({"response": {"result": {"invoice": {}}}}) is None
