"""Bodies as the vendor's contract wants them, written by hand; answers read back; and what cannot be expressed, refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents import right_documents
from tests.platforms.zoho_books.documents import BUYER, SETTINGS, allowance, credit_note, euros, invoice, line, refs

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
    Severity,
)
from airbooks.platforms.errors import PlatformError, classify
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.zoho_books import mapping, reading
from airbooks.platforms.zoho_books.lines import cents, quantity_and_rate, shares, spread
from airbooks.platforms.zoho_books.refusals import refusals
from airbooks.platforms.zoho_books.spec import ERRORS


def body_of(sales: Invoice | CreditNote, key: str = "", **options: Any) -> dict[str, Any]:
    return mapping.document_body(sales, refs(), options, key)


def comment(number: int, text: str) -> Line:
    return Line(line_id=str(number), kind=LineKind.COMMENT, name=text, unit="", quantity=Decimal(0))


# -- whole documents --------------------------------------------------------------------------------------------------------------


def test_a_full_invoice() -> None:
    """Line discount, document discount, freight, two tax rates, foreign currency, tags, locations, a purchase order."""
    off = AllowanceCharge(amount=Decimal("987.50"), percent=Decimal(5), reason="Line discount")
    goods = line(
        1,
        "2",
        "9875.00",
        item_code="CMP-RS-22",
        name="Rotary screw compressor 22 kW",
        description="400 V",
        allowances_charges=(off,),
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
        serial_numbers=("SN-1", "SN-2"),
    )
    filters = line(2, "40", "3.465", rate="5", code="GB-R5", unit="MTR", dimensions={"department": "WHOLESALE"}, warehouse="NORTH")
    freight = line(3, "1", "320.00", item_code="FRT-STD", name="Freight", kind=LineKind.FREIGHT)
    sales = invoice(
        goods,
        filters,
        freight,
        charges=[allowance("190.83")],
        **euros(),
        terms=PaymentTerms(code="Net 30", text="Net 30", net_days=30),
        purchase_order="PO-88213",
        sales_order="SO-10045",
        salesperson="J. Ortega",
        notes=("Ship prepaid",),
    )
    assert body_of(sales, "key-1") == {
        "customer_id": "58",
        "invoice_number": "UK-SI-004711",
        "reference_number": "PO-88213",
        "date": "2026-03-02",
        "due_date": "2026-04-01",
        "payment_terms": 30,
        "payment_terms_label": "Net 30",
        "currency_id": "72",
        "exchange_rate": Decimal("0.858696"),
        "is_inclusive_tax": False,
        "discount_type": "item_level",
        "is_discount_before_tax": True,
        "salesperson_name": "J. Ortega",
        "notes": "Ship prepaid\nSales order: SO-10045\nDiscount: Volume discount",
        "custom_fields": [{"api_name": "cf_acd_id", "value": "key-1"}],
        "line_items": [
            {
                "item_id": "501",
                "name": "Rotary screw compressor 22 kW",
                "description": "400 V\nLine discount 5 %: -987.50\nShare of the document's discount: -187.63\nSerial numbers: SN-1, SN-2",
                "rate": Decimal("9875.00"),
                "quantity": Decimal(2),
                "discount": Decimal("1175.13"),
                "tax_id": "20",
                "item_order": 1,
                "tags": [{"tag_id": "901", "tag_option_id": "902"}],
                "location_id": "801",
            },
            {
                "item_id": "502",
                "name": "Pre-filter",
                "rate": Decimal("3.465"),
                "quantity": Decimal(40),
                "unit": "MTR",
                "tax_id": "5",
                "item_order": 2,
                "tags": [{"tag_id": "901", "tag_option_id": "902"}],
                "location_id": "802",
            },
            {
                "item_id": "503",
                "name": "Freight",
                "description": "Share of the document's discount: -3.20",
                "rate": Decimal("320.00"),
                "quantity": Decimal(1),
                "discount": Decimal("3.20"),
                "tax_id": "20",
                "item_order": 3,
            },
        ],
    }


def test_a_credit_note() -> None:
    preceding = (DocumentReference(number="UK-SI-004711", issue_date=date(2026, 3, 2)),)
    sales = credit_note(line(1, "1", "100.00", name="Returned filter"), preceding_invoices=preceding, reason="Returned goods")
    assert body_of(sales) == {
        "customer_id": "58",
        "creditnote_number": "UK-CN-000017",
        "date": "2026-03-02",
        "currency_id": "71",
        "is_inclusive_tax": False,
        "discount_type": "item_level",
        "is_discount_before_tax": True,
        "is_draft": True,
        "notes": "Returned goods\nTerms: Net 30\nDue: 2026-04-01\nCorrects: UK-SI-004711",
        "line_items": [
            {
                "item_id": "502",
                "name": "Returned filter",
                "rate": Decimal("100.00"),
                "quantity": Decimal(1),
                "tax_id": "20",
                "item_order": 1,
            }
        ],
    }


def test_a_discount_of_lines_taxed_alike_is_one_discount_of_the_whole() -> None:
    body = body_of(invoice(line(1), line(2), charges=[allowance("10.00")]))
    assert (body["discount_type"], body["discount"]) == ("entity_level", Decimal("10.00"))
    assert [each.get("discount") for each in body["line_items"]] == [None, None]


def test_charges_of_the_document_are_its_taxed_shipping_charge_and_named_in_the_notes() -> None:
    packing = allowance("12.00", is_charge=True, reason="Packing", code="GB-R5", rate="5")
    body = body_of(invoice(line(), charges=[packing]))
    assert (body["shipping_charge"], body["shipping_charge_tax_id"]) == (Decimal("12.00"), "5")
    assert body["notes"] == "Packing: 12.00"


def test_comments_stand_with_the_line_before_them() -> None:
    sales = invoice(comment(1, "For the north hall"), line(2), comment(3, "Deliver to the rear gate."))
    body = body_of(sales)
    assert [each["description"] for each in body["line_items"]] == ["Deliver to the rear gate."]
    assert body["notes"] == "For the north hall"


def test_one_location_of_all_lines_is_the_documents_and_the_operators_only_where_none_is_named() -> None:
    assert body_of(invoice(line(1, warehouse="MAIN"), line(2, warehouse="MAIN")), location_id="9")["location_id"] == "801"
    assert body_of(invoice(line()), location_id="9")["location_id"] == "9"
    assert "location_id" not in body_of(invoice(line(1, warehouse="MAIN"), line(2, warehouse="NORTH")))


def test_a_line_takes_the_heads_tag_where_it_has_none_of_its_own() -> None:
    sales = invoice(line(1, dimensions={"department": "SERVICE"}), line(2), dimensions={"department": "WHOLESALE"})
    assert [each["tags"] for each in body_of(sales)["line_items"]] == [
        [{"tag_id": "901", "tag_option_id": "903"}],
        [{"tag_id": "901", "tag_option_id": "902"}],
    ]


def test_terms_longer_than_zoho_takes_leave_the_due_date_to_speak() -> None:
    body = body_of(invoice(terms=PaymentTerms(code="Net 120", text="Net 120", net_days=120)))
    assert "payment_terms" not in body
    assert (body["payment_terms_label"], body["due_date"]) == ("Net 120", "2026-04-01")


def test_a_delivery_address_is_the_documents_own_and_stands_in_the_notes_of_a_draft_that_is_left() -> None:
    place = Address(line1="5 Dock Road", city="Hull", postal_code="HU2 2BB", country="GB")
    delivery = Delivery(delivery_date=date(2026, 3, 1), name="Dock", address=place, tracking_number="TRK-1")
    sales = invoice(delivery=delivery)
    assert body_of(sales)["notes"] == "Delivered: 2026-03-01\nTracking number: TRK-1"
    assert "Deliver to: Dock, 5 Dock Road, HU2 2BB Hull, GB" in body_of(sales, post=False)["notes"]
    assert mapping.shipping_address(delivery) == {
        "attention": "Dock",
        "address": "5 Dock Road",
        "city": "Hull",
        "zip": "HU2 2BB",
        "country": "GB",
    }


def test_an_update_keeps_the_lines_ids_adds_new_ones_and_empties_what_is_gone() -> None:
    body = body_of(invoice(line(1, description="Blue"), line(2)), "key-2")
    updated = mapping.update_body(body, {"line_items": [{"line_item_id": "L1"}]}, "erp")
    first, second = updated["line_items"]
    assert (first["line_item_id"], first["description"]) == ("L1", "Blue")
    assert "line_item_id" not in second
    assert (second["description"], second["unit"]) == ("", "")
    assert (updated["reference_number"], updated["notes"], updated["shipping_charge"]) == ("", "", 0)
    assert updated["reason"] == "Corrected in erp"
    assert "custom_fields" not in updated


# -- customers and payments ---------------------------------------------------------------------------------------------------------


def test_a_contact_carries_our_code_and_the_currency_of_its_documents() -> None:
    assert mapping.contact_body(BUYER, "EUR", "72", "GBP") == {
        "contact_name": "Northgate Air Ltd (C-UK-0042 EUR)",
        "contact_type": "customer",
        "company_name": "Northgate Air Ltd",
        "currency_id": "72",
        "billing_address": {
            "attention": "Accounts Payable",
            "address": "14 Foundry Road",
            "street2": "Unit 3",
            "city": "Hull",
            "state": "Yorkshire",
            "zip": "HU1 1AA",
            "country": "GB",
        },
        "contact_persons": [
            {
                "first_name": "Accounts Payable",
                "is_primary_contact": True,
                "email": "ap@northgate.example",
                "phone": "+44 1482 555 010",
            }
        ],
        "notes": "Customer code: C-UK-0042\nVAT id: GB123456789",
    }


@given(name=st.text(min_size=1, max_size=400))
def test_a_contacts_name_keeps_our_code_whatever_the_name(name: str) -> None:
    made = mapping.contact_name(BUYER.model_copy(update={"name": name}), "GBP", "GBP")
    assert len(made) <= 200
    assert made.endswith(" (C-UK-0042)")


def payment(**fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "77",
        "customer_code": "C-UK-0042",
        "received_on": date(2026, 3, 20),
        "amount": Decimal("1603.50"),
        "currency": "GBP",
        "method": "Wire",
        "reference": "WIRE-9",
        "allocations": (Allocation(document_number="UK-SI-004711", remote_id="11", amount=Decimal("1600.00")),),
    }
    return Payment(**{**made, **fields})


def test_a_payment() -> None:
    assert mapping.payment_body(payment(bank_fee=Decimal("3.50")), "58", refs(), "key-3") == {
        "customer_id": "58",
        "payment_mode": "banktransfer",
        "amount": Decimal("1603.50"),
        "date": "2026-03-20",
        "reference_number": "WIRE-9",
        "description": "[bank 77]",
        "account_id": "88",
        "bank_charges": Decimal("3.50"),
        "invoices": [{"invoice_id": "11", "amount_applied": Decimal("1600.00")}],
        "custom_fields": [{"api_name": "cf_acd_id", "value": "key-3"}],
    }


def test_a_payment_without_account_goes_to_undeposited_funds_under_the_default_mode() -> None:
    bare = References(settings={"home_currency": "GBP", "default_payment_mode": "cash"})
    body = mapping.payment_body(payment(**euros()), "58", bare, "key-3")
    assert body["payment_mode"] == "cash"
    assert "Paid by: Wire" in body["description"].splitlines()
    assert body["exchange_rate"] == Decimal("0.858696")
    assert "account_id" not in body
    assert "custom_fields" not in body


# -- answers ------------------------------------------------------------------------------------------------------------------------


def shown(**fields: Any) -> dict[str, Any]:
    return {
        "invoice_id": "4815160000000026049",
        "invoice_number": "UK-SI-004711",
        "status": "sent",
        "customer_id": "58",
        "currency_code": "GBP",
        "date": "2026-03-02",
        "sub_total": Decimal(100),
        "tax_total": Decimal(20),
        "total": Decimal(120),
        "balance": Decimal(120),
        "line_items": [{}],
        "last_modified_time": "2026-06-09T16:22:34-0400",
        **fields,
    }


def test_a_document_is_read_back() -> None:
    remote = reading.remote_document(shown(), DocumentKind.INVOICE)
    assert [remote.net, remote.tax, remote.total, remote.balance] == [100, 20, 120, 120]
    assert (remote.remote_id, remote.our_number, remote.line_count) == ("4815160000000026049", "UK-SI-004711", 1)
    assert remote.modified_at == datetime(2026, 6, 9, 20, 22, 34, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "balance", "means"),
    [
        *((each, "120", DocumentStatus.DRAFT) for each in ("draft", "pending_approval", "approved", "rejected", "scheduled")),
        *((each, "120", DocumentStatus.OPEN) for each in ("sent", "viewed", "unpaid", "overdue", "open")),
        *((each, "50", DocumentStatus.PARTIALLY_PAID) for each in ("sent", "viewed", "overdue", "partially_paid", "open")),
        ("paid", "0", DocumentStatus.PAID),
        ("closed", "0", DocumentStatus.PAID),
        ("void", "120", DocumentStatus.VOID),
    ],
)
def test_a_status_is_read_together_with_the_balance(status: str, balance: str, means: DocumentStatus) -> None:
    assert reading.document_status(shown(status=status, balance=Decimal(balance))) is means


def test_nothing_is_due_on_a_void_document_though_it_lists_its_balance() -> None:
    assert reading.remote_document(shown(status="void"), DocumentKind.INVOICE).balance == 0


def test_page_contexts_and_payment_lists_are_read_in_both_forms() -> None:
    assert reading.has_more({"page_context": {"has_more_page": True}})
    assert reading.has_more({"page_context": [{"has_more_page": True}]})
    assert not reading.has_more({})
    row = {"payment_id": "1", "customer_id": "58", "date": "2026-03-20", "amount": 20, "last_modified_time": "2026-03-20T08:00:00-0400"}
    assert reading.payment_rows({"customerpayments": [row]}) == reading.payment_rows({"customer_payments": [row]}) == [row]


ABSENT = [("1002", True), ("2", True), ("5", False), ("404", False), ("", False)]


@pytest.mark.parametrize(("code", "absent"), ABSENT)
def test_only_zohos_own_words_say_that_a_document_is_gone(code: str, absent: bool) -> None:
    rule = classify(ERRORS, 404, code, "")
    assert reading.is_absent(PlatformError("gone", platform="zoho_books", rule=rule, status=404, code=code)) is absent


def test_an_error_under_http_200_is_an_error_and_a_token_is_none() -> None:
    found = reading.complaint({"error": "invalid_code"})
    assert found is not None
    assert found.code == "invalid_code"
    envelope = reading.complaint({"code": 4, "message": "Invalid value passed for customer_id"})
    assert envelope is not None
    assert (envelope.code, envelope.message) == ("4", "Invalid value passed for customer_id")
    assert reading.complaint({"code": 0, "message": "success"}) is None
    assert reading.complaint({"access_token": "1000.x.y", "expires_in": 3600}) is None


# -- what cannot be expressed ----------------------------------------------------------------------------------------------------------


def codes(sales: Invoice | CreditNote, **connection: str) -> list[str]:
    return [each.code for each in refusals(sales, {**SETTINGS, **connection}) if each.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("sales", "expected"),
    [
        (invoice(), []),
        (invoice(number="N" * 101), ["ZOHO-NUMBER"]),
        (invoice(rounding_amount=Decimal("0.02")), ["ZOHO-TOTALS"]),
        (invoice(prepaid_amount=Decimal("5.00")), ["ZOHO-TOTALS"]),
        (invoice(withholding_tax=Decimal("5.00")), ["ZOHO-TOTALS"]),
        (invoice(currency="EUR"), ["ZOHO-CURRENCY"]),
        (invoice(**euros(base="USD")), ["ZOHO-CURRENCY"]),
        (invoice(line(1), line(2, "-1", "20.00")), ["ZOHO-LINE"]),
        (invoice(line(item_code="")), ["ZOHO-LINE"]),
        (invoice(line(code="")), ["ZOHO-TAX"]),
        (invoice(line(net_amount=Decimal("0.005"))), ["ZOHO-DECIMALS"]),
        (credit_note(charges=[allowance("5.00", is_charge=True)]), ["ZOHO-CHARGE"]),
        (
            invoice(charges=[allowance("5.00", is_charge=True), allowance("5.00", "GB-R5", "5", is_charge=True)]),
            ["ZOHO-CHARGE"],
        ),
        (invoice(charges=[allowance("5.00", "GB-R5", "5")]), ["ZOHO-DISCOUNT"]),
        (invoice(line(description="Stainless. " * 200)), ["ZOHO-TEXT"]),
        (invoice(notes=("x" * 5001,)), ["ZOHO-TEXT"]),
    ],
)
def test_what_zoho_books_cannot_express_is_refused_by_name(sales: Invoice | CreditNote, expected: list[str]) -> None:
    assert codes(sales) == expected


def test_a_line_without_an_item_goes_under_the_connections_own() -> None:
    sales = invoice(line(item_code=""))
    assert codes(sales, default_item_id="599") == []
    assert mapping.document_body(sales, refs(default_item_id="599"), {})["line_items"][0]["item_id"] == "599"


def test_an_internal_note_is_not_shown_to_the_customer_and_that_is_told() -> None:
    sales = invoice(internal_note="Slow payer")
    (warning,) = refusals(sales, SETTINGS)
    assert (warning.severity, warning.field) == (Severity.WARNING, "internal_note")
    assert "Slow payer" not in str(body_of(sales))


# -- money -----------------------------------------------------------------------------------------------------------------------------


@given(amount=st.integers(0, 10_000), weights=st.lists(st.integers(1, 90_000), min_size=1, max_size=8))
def test_shares_of_a_discount_add_up_to_the_cent(amount: int, weights: list[int]) -> None:
    given_away = Decimal(amount) / 100
    parts = spread(given_away, [Decimal(each) / 100 for each in weights])
    assert sum(parts) == given_away
    assert all(part == cents(part) and part >= 0 for part in parts)


@given(
    quantity=st.decimals("0.001", "9999", places=3, allow_nan=False, allow_infinity=False),
    price=st.decimals("0", "99999", places=5, allow_nan=False, allow_infinity=False),
    more=st.integers(0, 500),
)
def test_quantity_times_rate_is_the_amount_to_the_cent(quantity: Decimal, price: Decimal, more: int) -> None:
    gross = cents(quantity * price) + Decimal(more) / 100
    count, rate = quantity_and_rate(line(1, str(quantity), str(price)), gross)
    assert cents(count * rate) == gross
    assert rate == round(rate, 6)


@settings(max_examples=60, deadline=None)
@given(sales=right_documents())
def test_what_zoho_would_compute_from_our_body_is_our_net(sales: Invoice | CreditNote) -> None:
    """Lines less their discounts, less the discount of the whole, plus the shipping charge."""
    if codes(sales.model_copy(update={"currency": "GBP"})):
        return
    entries = dict(refs().entries)
    for each in sales.amount_lines:
        for kind, code in ((ReferenceKind.ITEM, each.item_code), (ReferenceKind.TAX_CODE, each.tax_code)):
            entries[kind, code] = refs().get(ReferenceKind.ITEM, "CMP-RS-22")
    home = sales.model_copy(update={"currency": "GBP"})
    body = mapping.document_body(home, References(customer="58", entries=entries, settings=SETTINGS), {})
    lines = [cents(each["rate"] * each["quantity"] - each.get("discount", 0)) for each in body["line_items"]]
    assert sum(lines) - body.get("discount", 0) + body.get("shipping_charge", 0) == sales.net_total
    assert sum(shares(sales).values()) in (0, sales.allowance_total)
