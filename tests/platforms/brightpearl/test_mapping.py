"""Bodies as the vendor's contract wants them, written by hand; answers read back; and what cannot be expressed, refused by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents import right_documents
from tests.platforms.brightpearl.documents import BUYER, SETTINGS, allowance, credit_note, euros, invoice, line, refs

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
)
from airbooks.platforms.brightpearl import mapping, reading
from airbooks.platforms.brightpearl.lines import bearers
from airbooks.platforms.brightpearl.refusals import refusals
from airbooks.platforms.brightpearl.texts import order_note
from airbooks.platforms.errors import PlatformError, ReferenceMissing

BILLING = {
    "contactId": 200,
    "address": {
        "addressFullName": "Accounts Payable",
        "companyName": "Northgate Air Ltd",
        "addressLine1": "14 Foundry Road",
        "addressLine2": "Unit 3",
        "addressLine3": "Hull",
        "addressLine4": "Yorkshire",
        "postalCode": "HU1 1AA",
        "countryIsoCode": "GB",
        "telephone": "+44 1482 555 010",
        "email": "ap@northgate.example",
    },
}


def body_of(document: Invoice | CreditNote, parent: str = "", **options: Any) -> dict[str, Any]:
    return mapping.order_body(document, refs(), options, parent)


# -- whole documents --------------------------------------------------------------------------------------------------------------


def test_a_full_invoice() -> None:
    """Line discount, document discount, freight, two tax rates, foreign currency, dimensions, a delivery address of its own."""
    off = AllowanceCharge(amount=Decimal("987.50"), percent=Decimal(5), reason="Line discount")
    goods = line(
        1,
        "2",
        "9875.00",
        item_code="CMP-RS-22",
        name="Rotary screw compressor 22 kW",
        account_code="EQUIPMENT",
        allowances_charges=(off,),
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
    )
    filters = line(2, "4", "12.50", "5", "GB-R5", account_code="PARTS", dimensions={"department": "WHOLESALE"})
    freight = line(3, "1", "145.00", item_code="", name="Pallet delivery", account_code="", kind=LineKind.FREIGHT)
    place = Address(line1="Dock 2", city="Rotherham", postal_code="S60 1AA", country="GB")
    document = invoice(
        goods,
        filters,
        freight,
        charges=[allowance("100.00", percent=Decimal("0.5"))],
        number="UK-SI-004711",
        posting_date=date(2026, 3, 15),
        purchase_order="PO-55310",
        delivery=Delivery(name="Goods In", address=place, delivery_date=date(2026, 3, 20)),
        **euros(),
    )
    assert body_of(document, status_id="3", lead_source_id="4", project_id="7", team_id="2", staff_owner_id="206") == {
        "customer": {"id": 200},
        "billing": BILLING,
        "ref": "PO-55310",
        "externalRef": "UK-SI-004711",
        "installedIntegrationInstanceId": 50,
        "placedOn": "2026-03-02T00:00:00.000+00:00",
        "taxDate": "2026-03-15T00:00:00.000+00:00",
        "statusId": 3,
        "warehouseId": 1,
        "channelId": 1,
        "leadSourceId": 4,
        "projectId": 7,
        "teamId": 2,
        "staffOwnerId": 206,
        "priceModeCode": "EXC",
        "currency": {"code": "EUR", "fixedExchangeRate": True, "exchangeRate": "1.164556"},
        "delivery": {
            "date": "2026-03-20T00:00:00.000+00:00",
            "address": {
                "addressFullName": "Goods In",
                "addressLine1": "Dock 2",
                "addressLine3": "Rotherham",
                "postalCode": "S60 1AA",
                "countryIsoCode": "GB",
            },
        },
        "rows": [
            {
                "productId": 1007,
                "quantity": "2",
                "taxCode": "T20",
                "net": "18762.50",
                "tax": "3752.50",
                "nominalCode": "4000",
                "externalRef": "UK-SI-004711-1",
                "sequence": 10,
            },
            {
                "productId": 1008,
                "quantity": "4",
                "taxCode": "T5",
                "net": "50.00",
                "tax": "2.50",
                "nominalCode": "4010",
                "externalRef": "UK-SI-004711-2",
                "sequence": 20,
            },
            {
                "name": "Pallet delivery",
                "quantity": "1",
                "taxCode": "T20",
                "net": "145.00",
                "tax": "29.00",
                "nominalCode": "4040",
                "externalRef": "UK-SI-004711-3",
                "sequence": 30,
            },
            {
                "name": "Document discount: Volume discount 0.5 %",
                "quantity": "1",
                "taxCode": "T20",
                "net": "-100.00",
                "tax": "-20.00",
                "nominalCode": "4800",
                "externalRef": "UK-SI-004711-4",
                "sequence": 40,
            },
        ],
    }


def test_a_credit_note() -> None:
    preceding = (DocumentReference(number="UK-SI-004711", issue_date=date(2026, 3, 2)),)
    document = credit_note(
        line(1, "1", "250.00", account_code="PARTS"), number="UK-CN-000017", reason="Returned", preceding_invoices=preceding
    )
    assert body_of(document, parent="10021", status_id="3") == {
        "customer": {"id": 200},
        "billing": BILLING,
        "parentId": 10021,
        "externalRef": "UK-CN-000017",
        "installedIntegrationInstanceId": 50,
        "placedOn": "2026-03-02T00:00:00.000+00:00",
        "taxDate": "2026-03-02T00:00:00.000+00:00",
        "priceModeCode": "EXC",
        "currency": {"code": "GBP"},
        "rows": [
            {
                "productId": 1008,
                "quantity": "1",
                "taxCode": "T20",
                "net": "250.00",
                "tax": "50.00",
                "nominalCode": "4010",
                "externalRef": "UK-CN-000017-1",
                "sequence": 10,
            }
        ],
    }


def test_what_has_no_field_stands_in_the_order_note() -> None:
    comment = Line(line_id="2", kind=LineKind.COMMENT, name="Deliver to the rear gate.", unit="", quantity=Decimal(0))
    off = AllowanceCharge(amount=Decimal("10.00"), percent=Decimal(10), reason="Line discount")
    document = invoice(
        line(1, name="Pre-filter 30 bar", serial_numbers=("SN-1", "SN-2"), unit="MTR", allowances_charges=(off,)),
        comment,
        terms=PaymentTerms(code="Net 30", text="Net 30 days"),
        notes=("Handle with care.",),
        internal_note="Called on Monday.",
        buyer=BUYER.model_copy(update={"vat_id": "GB123456789"}),
        salesperson="SP-1",
        delivery=Delivery(tracking_number="TRK-1"),
    )
    assert order_note(document, refs()).splitlines() == [
        "Note: Handle with care.",
        "Note: Called on Monday.",
        "Due: 2026-04-01",
        "Terms: Net 30 days",
        "Salesperson: SP-1",
        "VAT id: GB123456789",
        "Tracking number: TRK-1",
        "Line 1: Pre-filter 30 bar",
        "Line 1 unit: MTR",
        "Line 1: Line discount 10 % -10.00",
        "Line 1 serial numbers: SN-1, SN-2",
        "After line 1: Deliver to the rear gate.",
    ]


def test_a_contact_carries_our_code_and_its_names_are_cut_at_32_characters() -> None:
    long = BUYER.model_copy(update={"contact": BUYER.contact.model_copy(update={"name": f"Ann {'Lee' * 20}", "phone": ""})})
    assert mapping.contact_body(long, 123, "1", {"credit_term_days": "30"}) == {
        "firstName": "Ann",
        "lastName": ("Lee" * 20)[:32],
        "postAddressIds": {"DEF": 123, "BIL": 123, "DEL": 123},
        "communication": {"emails": {"PRI": {"email": "ap@northgate.example"}}},
        "organisation": {"name": "Northgate Air Ltd"},
        "assignment": {"current": {"accountReference": "C-UK-0042"}},
        "financialDetails": {"currencyId": 1, "creditTermDays": 30},
    }


def test_a_postal_address_has_a_first_line_and_a_country() -> None:
    bare = BUYER.model_copy(update={"address": Address(city="Hull", country="GB")})
    assert mapping.postal_address(bare) == {"addressLine1": "Hull", "addressLine3": "Hull", "countryIsoCode": "GB"}
    with pytest.raises(PlatformError, match="no country"):
        mapping.postal_address(BUYER.model_copy(update={"address": Address(line1="14 Foundry Road")}))


def test_a_payment_is_one_request_per_order() -> None:
    parts = tuple(Allocation(document_number=f"UK-SI-{at}", remote_id=f"1002{at}", amount=Decimal(50)) for at in (1, 2))
    payment = Payment(
        source="bank",
        source_id="7781",
        customer_code="C-UK-0042",
        received_on=date(2026, 7, 2),
        amount=Decimal(100),
        method="Wire",
        reference="BACS-7781",
        allocations=parts,
        **euros(),
    )
    first, second = mapping.payment_bodies(payment, refs(), "BANK")
    assert first == {
        "transactionRef": "bank:7781:10021",
        "transactionCode": "BACS-7781",
        "paymentMethodCode": "BANK",
        "paymentType": "RECEIPT",
        "orderId": 10021,
        "currencyIsoCode": "EUR",
        "exchangeRate": "1.164556",
        "amountPaid": "50.00",
        "paymentDate": "2026-07-02T00:00:00.000+01:00",
        "journalRef": "UK-SI-1 BACS-7781",
    }
    assert (second["transactionRef"], second["orderId"]) == ("bank:7781:10022", 10022)


@given(source_id=st.text("0123456789abcdef-", min_size=1, max_size=120), order=st.integers(1, 10**9))
@settings(max_examples=40, deadline=None)
def test_a_transaction_reference_fits_and_is_its_own(source_id: str, order: int) -> None:
    payment = Payment(
        source="bank", source_id=source_id, customer_code="C", received_on=date(2026, 7, 2), amount=Decimal(1), currency="GBP"
    )
    found = mapping.transaction_ref(payment, str(order))
    assert len(found) <= 64
    assert found != mapping.transaction_ref(payment, str(order + 1))


# -- amounts, rates, dates --------------------------------------------------------------------------------------------------------


@given(document=right_documents())
@settings(max_examples=60, deadline=None)
def test_rows_add_up_to_the_document_to_the_cent(document: Invoice | CreditNote) -> None:
    if any("TAX" in each.code for each in refusals(document, SETTINGS)):
        return
    rows = bearers(document)
    assert sum((row.net for row in rows), Decimal(0)) == document.net_total
    assert sum((row.tax for row in rows), Decimal(0)) == document.tax_total


def test_the_odd_cent_of_the_tax_is_on_the_largest_row() -> None:
    lines = [line(1, "1", "0.13"), line(2, "1", "0.13"), line(3, "1", "0.14")]  # 0.03 each, 0.08 together
    assert [row.tax for row in bearers(invoice(*lines))] == [Decimal("0.03"), Decimal("0.03"), Decimal("0.02")]


def test_a_date_is_midnight_of_the_accounts_own_zone() -> None:
    assert mapping.stamp(date(2026, 7, 15), {"time_zone": "Europe/London"}) == "2026-07-15T00:00:00.000+01:00"
    assert mapping.stamp(date(2022, 1, 20), {"time_zone": "America/Costa_Rica"}) == "2022-01-20T00:00:00.000-06:00"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022-01-19T18:00:00.000-06:00", date(2022, 1, 20)),  # a date alone, read as midnight UTC
        ("2022-01-20T00:00:00.000-06:00", date(2022, 1, 20)),
        ("2026-07-15T00:00:00.000+01:00", date(2026, 7, 15)),
        ("2020-03-31T15:02:44.000-06:00", date(2020, 3, 31)),
        (None, None),
    ],
)
def test_a_time_that_is_midnight_utc_means_that_day(text: str | None, day: date | None) -> None:
    assert reading.day_of(text) == day


def test_without_a_rate_of_ours_brightpearl_takes_its_own() -> None:
    document = invoice(currency="EUR")
    assert mapping.currency_body(document, SETTINGS, "EUR") == {"code": "EUR"}


def test_two_codes_for_one_field_of_the_head_are_refused_by_name() -> None:
    other = invoice(line(1, dimensions={"department": "WHOLESALE"}), line(2, dimensions={"department": "SERVICE"}))
    with pytest.raises(PlatformError, match="channelId"):
        body_of(other)


def test_a_fraction_of_a_stock_tracked_product_is_refused_and_of_a_service_sent() -> None:
    with pytest.raises(PlatformError, match="whole quantities"):
        body_of(invoice(line(1, "0.5")))
    assert body_of(invoice(line(1, "0.5", item_code="SRV-MNT-A")))["rows"][0]["quantity"] == "0.5"


def test_a_code_without_mapping_is_named() -> None:
    with pytest.raises(ReferenceMissing, match="NO-SUCH"):
        body_of(invoice(line(1, item_code="NO-SUCH")))


# -- refusals ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (invoice(number="N" * 61), "number"),
        (invoice(line(1, "-1")), "lines[0].quantity"),
        (invoice(line(1, "1.00001")), "lines[0].quantity"),
        (invoice(line(1, code="")), "lines[0].tax_code"),
        (invoice(tax_total=Decimal("19.99")), "tax_total"),
        (invoice(rounding_amount=Decimal("0.01")), "rounding_amount"),
        (invoice(**euros(base="USD")), "exchange_rate.base"),
        (invoice(line(1, warehouse="MAIN"), line(2, warehouse="NORTH")), "dimensions.warehouse"),
    ],
)
def test_what_cannot_be_expressed_is_told_with_a_way_out(document: Invoice, field: str) -> None:
    (found,) = refusals(document, SETTINGS, "brightpearl_uk")
    assert (found.field, found.connection) == (field, "brightpearl_uk")
    assert found.says
    assert found.fix


def test_an_ordinary_document_is_not_refused() -> None:
    assert refusals(invoice(line(1), charges=[allowance("5.00")]), SETTINGS) == ()


# -- answers ----------------------------------------------------------------------------------------------------------------------

RECORDED: dict[str, Any] = {
    "id": 1,
    "orderTypeCode": "SO",
    "version": 7,
    "state": {"tax": "INVOICED"},
    "orderPaymentStatus": "UNPAID",
    "placedOn": "2020-03-31T15:02:44.000-06:00",
    "updatedOn": "2020-03-31T15:57:21.000-06:00",
    "invoices": [{"invoiceReference": "SI-1001", "taxDate": "2020-03-31T00:00:00.000-06:00", "dueDate": "2020-04-29T18:00:00.000-06:00"}],
    "currency": {"accountingCurrencyCode": "USD", "orderCurrencyCode": "USD", "exchangeRate": "1.000000", "fixedExchangeRate": False},
    "totalValue": {"net": "9.09", "taxAmount": "0.91", "baseNet": "9.09", "baseTaxAmount": "0.91", "baseTotal": "10.00", "total": "10.00"},
    "parties": {"customer": {"contactId": 200}, "delivery": {}, "billing": {"contactId": 200}},
    "orderRows": {"1": {"orderRowSequence": "10", "productId": 1007, "productName": "Shirt", "quantity": {"magnitude": "1.0000"}}},
}


def test_a_recorded_order_reads_as_an_open_invoice_under_the_number_of_the_server() -> None:
    found = reading.remote_document(RECORDED, "UK-SI-1", cancelled=False, credited=Decimal(0), paid=None)
    assert (found.remote_id, found.kind, found.number, found.our_number) == ("1", DocumentKind.INVOICE, "SI-1001", "UK-SI-1")
    assert (found.status, found.net, found.tax, found.total) == (DocumentStatus.OPEN, Decimal("9.09"), Decimal("0.91"), Decimal("10.00"))
    assert (found.balance, found.line_count, found.customer_id) == (Decimal("10.00"), 1, "200")
    assert (found.issue_date, found.posting_date) == (date(2020, 3, 31), date(2020, 3, 31))


@pytest.mark.parametrize(
    ("changes", "given", "status"),
    [
        ({"state": {"tax": "READY"}, "invoices": [{"invoiceReference": ""}]}, {}, DocumentStatus.DRAFT),
        ({"orderPaymentStatus": "AUTHORIZED"}, {}, DocumentStatus.OPEN),
        ({"orderPaymentStatus": "NOT_APPLICABLE"}, {}, DocumentStatus.OPEN),
        ({"orderPaymentStatus": "PARTIALLY_PAID"}, {"paid": Decimal(4)}, DocumentStatus.PARTIALLY_PAID),
        ({"orderPaymentStatus": "PAID"}, {}, DocumentStatus.PAID),
        ({}, {"cancelled": True}, DocumentStatus.VOID),
        ({}, {"credited": Decimal(10)}, DocumentStatus.VOID),
        ({}, {"credited": Decimal(9)}, DocumentStatus.OPEN),
    ],
)
def test_the_status_follows_from_state_credits_and_payments(changes: Any, given: Any, status: DocumentStatus) -> None:
    known = {"cancelled": False, "credited": Decimal(0), "paid": None}
    found = reading.remote_document({**RECORDED, **changes}, "", **{**known, **given})
    assert found.status is status


def test_a_zero_order_without_payment_status_is_paid() -> None:
    totals = {**RECORDED["totalValue"], "total": "0.00"}
    row = {**RECORDED, "orderPaymentStatus": "NOT_APPLICABLE", "totalValue": totals}
    assert reading.remote_document(row, "", cancelled=False, credited=Decimal(0), paid=None).status is DocumentStatus.PAID


def test_rows_of_a_search_are_read_by_the_names_of_their_columns() -> None:
    meta = {"columns": [{"name": "b"}, {"name": "a"}], "morePagesAvailable": True, "lastResult": 500}
    body = {"response": {"results": [[1, 2]], "metaData": meta}}
    assert reading.positional(body) == [{"b": 1, "a": 2}]
    assert reading.last_of_page(body) == 500


def test_a_row_with_more_values_than_columns_is_no_answer() -> None:
    body = {"response": {"results": [[1, 2, 3]], "metaData": {"columns": [{"name": "a"}], "morePagesAvailable": False}}}
    with pytest.raises(PlatformError, match="documented form"):
        reading.documented(lambda: reading.positional(body))
