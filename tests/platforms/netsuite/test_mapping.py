"""What is sent: expected bodies written by hand from the vendor's contract, and promises about amounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from tests import documents

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Contact,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Party,
    Payment,
    RemoteDocument,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.netsuite import mapping
from airbooks.platforms.netsuite.lines import pieces, taxes, unit_rate
from airbooks.platforms.netsuite.refusals import refusals
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

BUYER = Party(
    code="C-US-0042",
    name="Northside Fabrication",
    address=Address(line1="12 Mill Rd", city="Austin", region="TX", postal_code="73301", country="US"),
    contact=Contact(email="ap@northside.example", phone="+1 512 555 0142"),
)
SETTINGS = {
    "subsidiary_id": "1",
    "ar_account_id": "119",
    "base_currency": "USD",
    "discount_item_id": "9001",
    "charge_item_id": "9002",
    "dimensions": "department=department warehouse=location",
}
ENTRIES = [
    *((ReferenceKind.ITEM, code, remote, {}) for code, remote in (("CMP-RS-11", "98"), ("HOS-38-15", "101"), ("FRT-STD", "150"))),
    (ReferenceKind.TAX_CODE, "US-TX", "11", {"tax_type": "3"}),
    (ReferenceKind.TAX_CODE, "US-CA", "12", {"tax_type": "3"}),
    (ReferenceKind.TERMS, "Net 30", "2", {}),
    (ReferenceKind.CURRENCY, "USD", "1", {}),
    (ReferenceKind.CURRENCY, "EUR", "4", {}),
    (ReferenceKind.DIMENSION, "department:WHOLESALE", "3", {"department": "3"}),
    (ReferenceKind.DIMENSION, "warehouse:MAIN", "2", {"location": "2"}),
    (ReferenceKind.PAYMENT_METHOD, "Wire", "2", {}),
]


def references(**more: str) -> References:
    entries = {
        (kind, code): ReferenceItem(kind=kind, code=code, remote_id=remote, details=details) for kind, code, remote, details in ENTRIES
    }
    return References(customer="220", entries=entries, settings={**SETTINGS, **more})


def line(number: int = 1, quantity: str = "2", price: str = "100", rate: str = "8.25", code: str = "US-TX", **fields: Any) -> Line:
    return documents.line(number, quantity, price, rate, **{"item_code": "CMP-RS-11", "tax_code": code, "unit": "C62", **fields})


def allowance(amount: str, **fields: Any) -> AllowanceCharge:
    given_ = {"reason": "Volume discount", "tax_code": "US-TX", "tax_rate": Decimal("8.25"), "account_code": "DISCOUNT", **fields}
    return AllowanceCharge(amount=Decimal(amount), **given_)


def invoice(*lines: Line, **fields: Any) -> Invoice:
    made = {"number": "US-SI-000123", "division": "US", "currency": "USD", "buyer": BUYER, "seller": None, **fields}
    return documents.invoice(*(lines or (line(),)), **made)


def credit_note(*lines: Line, **fields: Any) -> CreditNote:
    preceding = (DocumentReference(number="US-SI-000123", issue_date=documents.ISSUED),)
    made = {"number": "US-CN-000017", "division": "US", "currency": "USD", "buyer": BUYER, "seller": None, "due_date": None, **fields}
    return documents.credit_note(*(lines or (line(),)), **{"preceding_invoices": preceding, **made})


def full_invoice() -> Invoice:
    """Line discount, document discount, freight, two tax rates, foreign currency, dimensions, a comment."""
    wholesale: dict[str, Any] = {"dimensions": {"department": "WHOLESALE"}}
    lines = (
        line(1, "3", "1249.90", name="Screw compressor", allowances_charges=(allowance("187.49"),), warehouse="MAIN", **wholesale),
        line(2, "12.5", "3.465", "7.25", "US-CA", item_code="HOS-38-15", name="Rubber hose", unit="MTR"),
        line(3, "1", "0", kind=LineKind.COMMENT, name="Deliver before noon", item_code="", net_amount=Decimal(0), tax_code=""),
        line(4, "1", "320", item_code="FRT-STD", name="Freight", kind=LineKind.FREIGHT),
    )
    return invoice(
        *lines,
        currency="EUR",
        exchange_rate=ExchangeRate(base="USD", rate=Decimal("1.0842")),
        charges=(allowance("50.00"),),
        purchase_order="PO-88213",
        sales_order="SO-5512",
        notes=("Forklift on site",),
        delivery=Delivery(
            delivery_date=date(2026, 3, 15),
            name="Dock 3",
            address=Address(line1="4 Canal St", city="Houston", postal_code="77001", country="US"),
            tracking_number="TRK-1",
        ),
    )


THERE = RemoteDocument(
    remote_id="647",
    kind=DocumentKind.INVOICE,
    our_number="US-SI-000123",
    status=DocumentStatus.OPEN,
    customer_id="220",
    currency="USD",
)
BILLING = {
    "addressee": "Northside Fabrication",
    "addr1": "12 Mill Rd",
    "city": "Austin",
    "state": "TX",
    "zip": "73301",
    "country": {"id": "US"},
}
D = Decimal


def tax_detail(number: int, basis: str, amount: str, rate: str = "8.25", code: str = "11") -> dict[str, Any]:
    return {
        "taxDetailsReference": f"NEW_ITEM_{number}",
        "taxCode": {"id": code},
        "taxType": {"id": "3"},
        "taxBasis": D(basis),
        "taxRate": D(rate),
        "taxAmount": D(amount),
    }


def test_a_full_invoice() -> None:
    assert mapping.document_body(full_invoice(), references(), {}) == {
        "externalId": "US-SI-000123",
        "tranId": "US-SI-000123",
        "entity": {"id": "220"},
        "tranDate": "2026-03-16",
        "dueDate": "2026-04-15",
        "terms": {"id": "2"},
        "currency": {"id": "4"},
        "exchangeRate": D("1.0842"),
        "subsidiary": {"id": "1"},
        "account": {"id": "119"},
        "otherRefNum": "PO-88213",
        "memo": "Sales order: SO-5512; Tracking: TRK-1",
        "message": "Forklift on site",
        "billingAddress": BILLING,
        "shippingAddress": {"addressee": "Dock 3", "addr1": "4 Canal St", "city": "Houston", "zip": "77001", "country": {"id": "US"}},
        "shipDate": "2026-03-15",
        "item": {
            "items": [
                {
                    "item": {"id": "98"},
                    "description": "Screw compressor",
                    "quantity": D(3),
                    "rate": D("1249.9"),
                    "amount": D("3749.70"),
                    "price": {"id": "-1"},
                    "department": {"id": "3"},
                    "location": {"id": "2"},
                    "taxDetailsReference": "NEW_ITEM_0",
                },
                {
                    "item": {"id": "9001"},
                    "description": "Volume discount",
                    "rate": D("-187.49"),
                    "amount": D("-187.49"),
                    "department": {"id": "3"},
                    "location": {"id": "2"},
                    "taxDetailsReference": "NEW_ITEM_1",
                },
                {
                    "item": {"id": "101"},
                    "description": "Rubber hose\nUnit: MTR\nDeliver before noon",
                    "quantity": D("12.5"),
                    "rate": D("3.465"),
                    "amount": D("43.31"),
                    "price": {"id": "-1"},
                    "taxDetailsReference": "NEW_ITEM_2",
                },
                {
                    "item": {"id": "150"},
                    "description": "Freight",
                    "quantity": D(1),
                    "rate": D(320),
                    "amount": D("320.00"),
                    "price": {"id": "-1"},
                    "taxDetailsReference": "NEW_ITEM_3",
                },
                {
                    "item": {"id": "9001"},
                    "description": "Volume discount",
                    "rate": D("-50.00"),
                    "amount": D("-50.00"),
                    "taxDetailsReference": "NEW_ITEM_4",
                },
            ]
        },
        "taxDetailsOverride": True,
        "taxDetails": {
            "items": [
                # 3832.21 at 8.25 % are 316.16 together
                tax_detail(0, "3749.70", "309.36"),
                tax_detail(1, "-187.49", "-15.47"),
                tax_detail(2, "43.31", "3.14", "7.25", "12"),
                tax_detail(3, "320.00", "26.40"),
                tax_detail(4, "-50.00", "-4.13"),
            ]
        },
    }


def test_a_credit_note_has_positive_amounts_and_names_what_it_settles() -> None:
    body = mapping.document_body(credit_note(reason="Returned"), references(), {}, "647")
    assert body == {
        "externalId": "US-CN-000017",
        "tranId": "US-CN-000017",
        "entity": {"id": "220"},
        "tranDate": "2026-03-16",
        "currency": {"id": "1"},
        "subsidiary": {"id": "1"},
        "account": {"id": "119"},
        "memo": "Returned; Corrects: US-SI-000123",
        "billingAddress": BILLING,
        "item": {
            "items": [
                {
                    "item": {"id": "98"},
                    "description": "Air filter element",
                    "quantity": D(2),
                    "rate": D(100),
                    "amount": D("200.00"),
                    "price": {"id": "-1"},
                    "taxDetailsReference": "NEW_ITEM_0",
                }
            ]
        },
        "taxDetailsOverride": True,
        "taxDetails": {"items": [tax_detail(0, "200.00", "16.50")]},
        "autoApply": False,
        "apply": {"items": [{"doc": {"id": "647"}, "apply": True, "amount": D("216.50")}]},
    }


def test_without_the_override_the_accounts_engine_computes_the_tax() -> None:
    body = mapping.document_body(invoice(), references(), {"override_tax": False})
    assert {"taxDetailsOverride", "taxDetails"} & set(body) == set()
    assert "taxDetailsReference" not in body["item"]["items"][0]


def test_only_an_asked_for_approval_is_sent() -> None:
    assert mapping.document_body(invoice(), references(), {"approve": True})["approvalStatus"] == {"id": "2"}
    assert "approvalStatus" not in mapping.document_body(invoice(), references(), {})


def test_an_update_clears_what_the_document_no_longer_says() -> None:
    body = mapping.update_body(invoice(purchase_order=""), references(), {}, THERE)
    assert {name: body[name] for name in ("otherRefNum", "memo", "message", "shipDate")} == dict.fromkeys(
        ("otherRefNum", "memo", "message", "shipDate")
    )


def test_an_update_names_customer_and_currency_only_where_they_are_others() -> None:
    moved = THERE.model_copy(update={"customer_id": "221", "currency": "EUR"})
    names = {"externalId", "tranId", "entity", "currency", "subsidiary", "account"}
    assert names & set(mapping.update_body(invoice(), references(), {}, THERE)) == set()
    assert names & set(mapping.update_body(invoice(), references(), {}, moved)) == {"entity", "currency", "subsidiary"}


def test_a_posting_date_of_its_own_is_the_date_there_and_the_issue_date_is_told() -> None:
    body = mapping.document_body(invoice(posting_date=date(2026, 4, 1)), references(), {})
    assert (body["tranDate"], body["memo"]) == ("2026-04-01", "Issued: 2026-03-16")


def test_the_void_credit_memo_is_applied_to_the_invoice_that_it_takes_back() -> None:
    assert mapping.void_body("VOID-US-SI-000123", "647", D("216.50"), "2026-03-17", "Entered twice") == {
        "externalId": "VOID-US-SI-000123",
        "tranDate": "2026-03-17",
        "memo": "Void: Entered twice",
        "apply": {"items": [{"doc": {"id": "647"}, "apply": True, "amount": D("216.50")}]},
    }


def test_a_customer() -> None:
    assert mapping.customer_body(BUYER, "1", SETTINGS) == {
        "isPerson": False,
        "companyName": "Northside Fabrication",
        "externalId": "C-US-0042",
        "entityId": "C-US-0042",
        "currency": {"id": "1"},
        "subsidiary": {"id": "1"},
        "email": "ap@northside.example",
        "phone": "+1 512 555 0142",
        "addressBook": {"items": [{"defaultBilling": True, "defaultShipping": True, "label": "Main", "addressBookAddress": BILLING}]},
    }


def test_a_payment_is_applied_to_its_documents_only() -> None:
    payment = Payment(
        source="bank",
        source_id="9001",
        customer_code="C-US-0042",
        received_on=date(2026, 4, 1),
        amount=D("500.00"),
        currency="USD",
        method="Wire",
        reference="ACH 5531",
        allocations=(Allocation(document_number="US-SI-000123", remote_id="647", amount=D("216.50")),),
    )
    assert mapping.payment_body(payment, "220", references(), "101") == {
        "externalId": mapping.payment_id(payment),
        "customer": {"id": "220"},
        "tranDate": "2026-04-01",
        "payment": D("500.00"),
        "currency": {"id": "1"},
        "account": {"id": "101"},
        "paymentOption": {"id": "2"},
        "memo": "ACH 5531",
        "autoApply": False,
        "apply": {"items": [{"doc": {"id": "647"}, "apply": True, "amount": D("216.50")}]},
    }


def test_a_payment_names_each_document_once_and_keeps_a_method_that_has_no_mapping() -> None:
    allocations = tuple(Allocation(document_number="US-SI-1", remote_id="647", amount=D(each)) for each in ("10.00", "2.50"))
    payment = Payment(
        source="bank",
        source_id="9002",
        customer_code="C-US-0042",
        received_on=date(2026, 4, 1),
        amount=D("12.50"),
        currency="USD",
        method="Barter",
        allocations=allocations,
    )
    body = mapping.payment_body(payment, "220", references(), "101")
    assert body["apply"] == {"items": [{"doc": {"id": "647"}, "apply": True, "amount": D("12.50")}]}
    assert body["memo"] == "9002; Paid by Barter"


def test_a_tax_code_without_a_tax_type_is_named() -> None:
    refs = references()
    bare = ReferenceItem(kind=ReferenceKind.TAX_CODE, code="TX_STATE", remote_id="11")
    entries = {**refs.entries, (ReferenceKind.TAX_CODE, "US-TX"): bare}
    with pytest.raises(ReferenceMissing, match="US-TX"):
        mapping.document_body(invoice(), References(customer="220", entries=entries, settings=refs.settings), {})


# -- amounts ------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(documents.right_documents())
def test_the_tax_of_all_lines_is_the_documents_to_the_cent(document: Invoice | CreditNote) -> None:
    assert sum(taxes(document), D(0)) == document.tax_total
    assert sum((piece.amount for piece in pieces(document)), D(0)) == document.net_total


def test_tax_that_does_not_divide_evenly_is_still_all_there() -> None:
    document = invoice(*(line(number, "1", "0.33") for number in (1, 2, 3)))
    assert document.tax_total == D("0.08")
    assert sorted(taxes(document)) == [D("0.02"), D("0.03"), D("0.03")]


def test_a_subtotal_without_a_tax_code_takes_the_lines_of_its_rate() -> None:
    document = invoice(line(1), line(2, code="US-CA", rate="7.25"))
    bare = tuple(each.model_copy(update={"tax_code": ""}) for each in document.tax_breakdown)
    assert taxes(document.model_copy(update={"tax_breakdown": bare})) == [D("16.50"), D("14.50")]


def test_a_price_per_hundred_and_one_with_tax_become_a_net_rate() -> None:
    per_hundred = line(quantity="250", price="199.50", base_quantity=D(100), net_amount=D("498.75"))
    assert unit_rate(invoice(per_hundred), per_hundred) == D("1.995")
    with_tax = line(quantity="2", price="108.25", net_amount=D("200.00"))
    assert unit_rate(invoice(with_tax, prices_include_tax=True), with_tax) == D(100)


# -- refusals -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (invoice(number="US/SI/1"), "number"),
        (invoice(number="N" * 46), "number"),
        (invoice(buyer=BUYER.model_copy(update={"code": "C 42"})), "buyer.code"),
        (invoice(line(item_code="")), "lines[0].item_code"),
        (invoice(line(net_amount=D("200.01"))), "lines[0].net_price"),
        (invoice(line(tax_code="")), "lines.tax_code"),
        (invoice(line(dimensions={"region": "SOUTH"})), "dimensions"),
        (invoice(exchange_rate=ExchangeRate(base="GBP", rate=D(2))), "exchange_rate.base"),
        (invoice(internal_note="x" * 1000), "internal_note"),
        (invoice(attachments=("scan.pdf",)), "attachments"),
        (invoice(tax_total=D("16.51")), "tax_total"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_expressed_is_told_before_anything_is_sent(document: Invoice, field: str) -> None:
    found = refusals(document, SETTINGS, "netsuite_us")
    assert field in {each.field for each in found}
    assert all(each.says and each.fix and each.connection == "netsuite_us" for each in found)


def test_a_discount_needs_the_connections_discount_item() -> None:
    bare = {**SETTINGS, "discount_item_id": ""}
    document = invoice(line(), charges=(allowance("5.00"),))
    assert [each.value for each in refusals(document, bare)] == ["discount_item_id"]
    assert refusals(document, SETTINGS) == ()
