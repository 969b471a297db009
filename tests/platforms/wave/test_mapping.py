"""What is sent to Wave, against bodies written by hand from its schema; and what is refused before anything is sent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents import credit_note
from tests.platforms.wave.documents import BUYER, CA, EXEMPT, SETTINGS, off, refs, sale, sold

from airbooks.canonical import (
    Address,
    AllowanceCharge,
    Delivery,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
    Severity,
    round_amount,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.references import References
from airbooks.platforms.wave import mapping, reading
from airbooks.platforms.wave.lines import quantity_and_price, spread
from airbooks.platforms.wave.refusals import refusals

EURO = {"currency": "EUR", "exchange_rate": ExchangeRate(base="USD", rate=Decimal("1.086957"))}


def comment(text: str) -> Line:
    return Line(line_id=text, kind=LineKind.COMMENT, name=text, quantity=Decimal(0))


# -- bodies -----------------------------------------------------------------------------------------------------------------------


def test_a_full_invoice_is_sent_field_by_field() -> None:
    """Line discount, document discount over two taxes, freight as a line and as a charge, foreign currency, dimensions printed."""
    line_discount = AllowanceCharge(amount=Decimal("38.50"), base_amount=Decimal("385.00"), percent=Decimal(10), reason="Dealer")
    lines = (
        sold(1, description="230 V", dimensions={"department": "WHOLESALE"}, warehouse="MAIN", serial_numbers=("S-1", "S-2", "S-3")),
        sold(2, "HOS-38-15", "10", "38.50", name="3/8 in hose 50 ft", unit="MTR", allowances_charges=(line_discount,), **CA),
        comment("Leave at the rear gate."),
        sold(3, "FRT-STD", "1", "125.00", name="Freight", kind=LineKind.FREIGHT, **EXEMPT),
    )
    document = sale(
        *lines,
        **EURO,
        charges=(off("146.70"), off("9.00", "US-EX", "0", is_charge=True, reason="Packing")),
        terms=PaymentTerms(code="2% 10 Net 30", text="2 % within 10 days, net 30", net_days=30),
        purchase_order="PO-77812",
        sales_order="SO-10045",
        notes=("Ship prepaid.",),
        posting_date=date(2026, 11, 12),
        internal_note="Called on Monday.",
    )
    assert mapping.invoice_input(document, refs(internal_facts="print"), {"online_payments": False}) == {
        "businessId": "QnVz",
        "customerId": "QnVzCUST",
        "status": "DRAFT",
        "currency": "EUR",
        "exchangeRate": "1.086957",
        "invoiceNumber": "ACD-10045",
        "poNumber": "PO-77812",
        "invoiceDate": "2026-11-12",
        "dueDate": "2026-12-10",
        "memo": (
            "Ship prepaid.\nIssued: 2026-11-10\nSales order: SO-10045\nInternal note: Called on Monday.\n"
            "Department: WHOLESALE\nWarehouse: MAIN"
        ),
        "footer": "2 % within 10 days, net 30",
        "items": [
            {
                "productId": "QnVzAC2010",
                "description": (
                    "20 gal oil-free compressor\n230 V\nShare of the invoice's discount: -146.70\nSerial numbers: S-1, S-2, S-3"
                ),
                "quantity": "3",
                "unitPrice": "440.10",
                "taxes": [{"salesTaxId": "QnVzTX"}],
            },
            {
                "productId": "QnVzHOSE",
                "description": "3/8 in hose 50 ft\nUnit: MTR\nDealer 10 %: -38.50\nLeave at the rear gate.",
                "quantity": "10",
                "unitPrice": "34.65",
                "taxes": [{"salesTaxId": "QnVzCA"}],
            },
            {"productId": "QnVzFRT", "description": "Freight", "quantity": "1", "unitPrice": "125.00", "taxes": []},
            {"productId": "QnVzCHARGE", "description": "Packing", "quantity": "1", "unitPrice": "9.00", "taxes": []},
        ],
        "disableCreditCardPayments": True,
        "disableBankPayments": True,
        "disableAmexPayments": True,
    }


def test_the_smallest_invoice_leaves_out_what_it_does_not_say() -> None:
    document = sale(due_date=None, terms=PaymentTerms())
    assert mapping.invoice_input(document, refs(), {}) == {
        "businessId": "QnVz",
        "status": "DRAFT",
        "customerId": "QnVzCUST",
        "currency": "USD",
        "invoiceNumber": "ACD-10045",
        "invoiceDate": "2026-11-10",
        "items": [
            {
                "productId": "QnVzAC2010",
                "description": "20 gal oil-free compressor",
                "quantity": "3",
                "unitPrice": "489.00",
                "taxes": [{"salesTaxId": "QnVzTX"}],
            }
        ],
    }


def test_a_discount_over_one_tax_is_waves_own_with_our_cents() -> None:
    document = sale(charges=(off("29.34", percent=Decimal(2)), off("5.00", reason="Loyalty")))
    body = mapping.invoice_input(document, refs(), {})
    assert body["discounts"] == [{"discountType": "FIXED", "amount": "34.34", "name": "Volume discount 2 %, Loyalty"}]
    assert body["items"][0]["unitPrice"] == "489.00"


def test_where_the_connection_says_so_a_discount_is_folded_into_the_prices() -> None:
    body = mapping.invoice_input(sale(charges=(off("30.00"),)), refs(discounts="lines"), {})
    assert "discounts" not in body
    assert (body["items"][0]["quantity"], body["items"][0]["unitPrice"]) == ("3", "479.00")


def test_an_update_clears_what_the_document_no_longer_says() -> None:
    body = mapping.patch_input(sale(), refs(), {}, "QnVzINV")
    assert {name: body[name] for name in ("id", "poNumber", "memo", "discounts", "exchangeRate")} == {
        "id": "QnVzINV",
        "poNumber": "",
        "memo": "",
        "discounts": [],
        "exchangeRate": "1",
    }
    assert "businessId" not in body
    assert "status" not in body


def test_terms_become_the_date_they_lead_to_and_their_words() -> None:
    body = mapping.invoice_input(sale(due_date=None, terms=PaymentTerms(code="Net 14", net_days=14)), refs(), {})
    assert (body["dueDate"], body["footer"]) == ("2026-11-24", "Net 14")


def test_comments_stand_below_the_line_before_them_or_in_the_memo() -> None:
    body = mapping.invoice_input(sale(comment("Thank you."), sold(1), comment("One."), comment("Two.")), refs(), {})
    assert body["memo"] == "Thank you."
    assert body["items"][0]["description"].splitlines()[1:] == ["One.", "Two."]


def test_what_wave_has_no_property_for_stands_in_the_memo() -> None:
    delivery = Delivery(
        delivery_date=date(2026, 11, 9),
        name="Dock B",
        address=Address(line1="5 Dock Rd", city="Reno", region="NV", postal_code="89501", country="US"),
        shipping_method="Road",
        tracking_number="TRK-1",
        shipment_number="SH-1",
    )
    document = sale(delivery=delivery, contract="K-1", project="P-1", buyer_reference="Ana", payment_reference="RF18")
    assert mapping.memo(document, SETTINGS).splitlines() == [
        "Your reference: Ana",
        "Contract: K-1",
        "Project: P-1",
        "Payment reference: RF18",
        "Delivered: 2026-11-09",
        "Deliver to: Dock B, 5 Dock Rd, Reno, NV, 89501, US",
        "Shipped by: Road TRK-1",
        "Shipment: SH-1",
    ]


def test_a_customer_carries_our_code_and_an_iso_province() -> None:
    assert mapping.customer_input(BUYER, "EUR", "QnVz") == {
        "businessId": "QnVz",
        "name": "Ridgeline Tool & Air LLC",
        "displayId": "CUST-10042",
        "email": "ap@ridgeline.example",
        "firstName": "Ana",
        "lastName": "Ruiz",
        "phone": "+1 775 555 0188",
        "currency": "EUR",
        "address": {
            "addressLine1": "14 Dock St",
            "addressLine2": "Unit 3",
            "city": "Reno",
            "provinceCode": "US-NV",
            "countryCode": "US",
            "postalCode": "89501",
        },
        "internalNotes": "VAT id: US-88-1234567",
    }


def test_a_region_that_is_no_code_is_not_lost() -> None:
    assert mapping.address_input(Address(line1="1 Main St", region="Bavaria", country="DE")) == {
        "addressLine1": "1 Main St",
        "addressLine2": "Bavaria",
        "countryCode": "DE",
    }


def test_a_payment_names_invoice_account_and_rate() -> None:
    payment = Payment(
        source="bank",
        source_id="pay-7",
        customer_code="C-1",
        received_on=date(2026, 11, 20),
        amount=Decimal("40.00"),
        currency="EUR",
        method="Wire",
        reference="RF18",
        memo="Thanks",
    )
    assert mapping.payment_input(payment, "QnVzINV", Decimal("40.00"), "QnVzBANK", Decimal("1.09"), refs()) == {
        "invoiceId": "QnVzINV",
        "paymentAccountId": "QnVzBANK",
        "amount": "40.00",
        "paymentDate": "2026-11-20",
        "paymentMethod": "BANK_TRANSFER",
        "exchangeRate": "1.09",
        "memo": "[bank pay-7]\nReference: RF18\nThanks",
    }


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    assert mapping.moment(datetime.fromisoformat("2026-11-10T14:00:00.123456+02:00")) == "2026-11-10T12:00:00.123Z"


def test_a_code_without_an_entry_is_named() -> None:
    with pytest.raises(ReferenceMissing, match="AC-2010"):
        mapping.invoice_input(sale(), References(customer="c", settings=SETTINGS), {})


# -- amounts ----------------------------------------------------------------------------------------------------------------------


@given(
    quantity=st.decimals("0.001", "9999", places=3),
    price=st.decimals("0.00001", "9999", places=5),
    taken=st.integers(0, 100),
)
def test_whatever_the_price_quantity_times_price_is_our_amount(quantity: Decimal, price: Decimal, taken: int) -> None:
    full = sold(1, quantity=str(quantity), price=str(price))
    amount = full.net_amount * (100 - taken) / 100
    amount = round_amount(amount, "USD")
    sent_quantity, sent_price = quantity_and_price(full, amount, "USD")
    assert round_amount(sent_quantity * sent_price, "USD") == amount
    assert sent_price == round(sent_price, 8)


@given(
    amount=st.integers(1, 10**7), weights=st.lists(st.integers(1, 10**6), min_size=1, max_size=8), currency=st.sampled_from(["USD", "JPY"])
)
def test_shares_of_a_discount_add_up_to_it(amount: int, weights: list[int], currency: str) -> None:
    whole = round_amount(Decimal(amount) / 100, currency)
    assert sum(spread(whole, [Decimal(each) for each in weights], currency)) == whole


def test_yen_have_no_cents() -> None:
    document = sale(sold(1, price="1000", currency="JPY"), currency="JPY", charges=(off("100"),))
    body = mapping.invoice_input(document, refs(discounts="lines"), {})
    assert round_amount(Decimal(body["items"][0]["unitPrice"]) * 3, "JPY") == Decimal(2900)


# -- refusals ---------------------------------------------------------------------------------------------------------------------


def fields_refused(document: Invoice, **settings: str) -> list[str]:
    found = refusals(document, {**SETTINGS, **settings}, "wave_us")
    assert all(each.severity is Severity.ERROR and each.says and each.fix and each.connection == "wave_us" for each in found)
    return [each.field for each in found]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"number": ""}, "number"),
    ({"currency": "EUR"}, "exchange_rate"),
    ({"currency": "EUR", "exchange_rate": ExchangeRate(base="GBP", rate=Decimal(1))}, "exchange_rate.base"),
    ({"prepaid_amount": Decimal(5)}, "prepaid_amount"),
    ({"rounding_amount": Decimal("0.02")}, "rounding_amount"),
    ({"withholding_tax": Decimal(5)}, "withholding_tax"),
    ({"internal_note": "Called."}, "dimensions"),
    ({"salesperson": "SP-1"}, "dimensions"),
    ({"dimensions": {"department": "SERVICE"}}, "dimensions"),
    ({"charges": (off("5000.00"),)}, "allowance_total"),
]


@pytest.mark.parametrize(("fields", "field"), REFUSED)
def test_what_wave_cannot_express_is_refused_in_words(fields: dict[str, Any], field: str) -> None:
    assert field in fields_refused(sale(**fields))


LINES: list[tuple[Line, str]] = [
    (sold(1, item=""), "lines[0].item_code"),
    (sold(1, tax_code=""), "lines[0].tax_code"),
    (sold(1, warehouse="MAIN"), "dimensions"),
    (sold(1, net_amount=Decimal("10.005")), "lines[0].net_amount"),
]


@pytest.mark.parametrize(("line", "field"), LINES)
def test_a_line_that_wave_cannot_express_is_refused_in_words(line: Line, field: str) -> None:
    assert field in fields_refused(sale(line))


def test_settings_of_the_connection_lift_refusals() -> None:
    assert fields_refused(sale(sold(1, item="", warehouse="MAIN")), default_product_id="QnVzDEF", internal_facts="leave_out") == []
    charged = sale(charges=(off("9.00", is_charge=True),))
    assert fields_refused(charged) == []
    assert fields_refused(charged, freight_product_id="") == ["allowances_charges"]


def test_internal_facts_that_are_left_out_are_not_printed() -> None:
    document = sale(sold(1, warehouse="MAIN"), internal_note="Called.")
    body = mapping.invoice_input(document, refs(internal_facts="leave_out"), {})
    assert "MAIN" not in str(body)
    assert "Called" not in str(body)


def test_a_discount_larger_than_the_lines_of_its_tax_is_refused() -> None:
    document = sale(sold(1), sold(2, price="1.00", **EXEMPT), charges=(off("50.00", "US-EX", "0"),))
    assert fields_refused(document) == ["allowances_charges[0]"]


def test_a_credit_note_is_refused_because_wave_has_none() -> None:
    document = credit_note(sold(1), currency="USD", buyer=BUYER, preceding_invoices=(DocumentReference(number="ACD-10045"),))
    (finding,) = refusals(document, SETTINGS)
    assert (finding.code, finding.field) == ("WAVE-CREDIT-NOTE", "kind")


# -- reading ----------------------------------------------------------------------------------------------------------------------


def row(status: str = "SAVED", paid: str = "0", **fields: Any) -> dict[str, Any]:
    money = {name: {"minorUnitValue": value} for name, value in {"total": "160350", "taxTotal": "12221", "amountDue": "160350"}.items()}
    return {
        "id": "QnVzINV",
        "invoiceNumber": "ACD-10045",
        "status": status,
        "customer": {"id": "QnVzCUST"},
        "currency": {"code": "USD", "exponent": 2},
        "items": [{"product": {"id": "QnVzAC2010"}}, {"product": {"id": "QnVzCHARGE"}}],
        "invoiceDate": "2026-11-10",
        "modifiedAt": "2026-11-10T12:00:00.123Z",
        "amountPaid": {"minorUnitValue": paid},
        **money,
        **fields,
    }


def test_amounts_are_read_from_minor_units_and_lines_for_charges_are_not_ours() -> None:
    read = reading.remote_document(row(total={"value": "1,603.50", "minorUnitValue": "160350"}), "QnVzCHARGE")
    assert (read.net, read.tax, read.total, read.line_count) == (Decimal("1481.29"), Decimal("122.21"), Decimal("1603.50"), 1)


def test_a_currency_without_cents_is_read_with_its_exponent() -> None:
    read = reading.remote_document(row(currency={"code": "JPY", "exponent": 0}))
    assert (read.currency, read.total) == ("JPY", Decimal(160350))


STATUSES = [
    ("DRAFT", "0", DocumentStatus.DRAFT),
    ("SAVED", "0", DocumentStatus.OPEN),
    ("SENT", "0", DocumentStatus.OPEN),
    ("VIEWED", "0", DocumentStatus.OPEN),
    ("UNPAID", "0", DocumentStatus.OPEN),
    ("OVERDUE", "0", DocumentStatus.OPEN),
    ("OVERDUE", "100", DocumentStatus.PARTIALLY_PAID),
    ("PARTIAL", "100", DocumentStatus.PARTIALLY_PAID),
    ("PAID", "160350", DocumentStatus.PAID),
    ("OVERPAID", "160351", DocumentStatus.PAID),
]


@pytest.mark.parametrize(("status", "paid", "ours"), STATUSES)
def test_each_status_of_wave_is_one_of_ours(status: str, paid: str, ours: DocumentStatus) -> None:
    assert reading.document_status(row(status, paid)) is ours


PAYMENT = {"id": "p", "amount": "1,040.00", "paymentDate": "2026-11-20", "memo": "[bank 1]", "modifiedAt": "2026-11-20T00:00:00.000Z"}


def test_a_payment_amount_is_text_and_may_have_separators() -> None:
    assert reading.remote_payment(PAYMENT, "inv").amount == Decimal("1040.00")


@pytest.mark.parametrize("fields", [{"transactionType": "REFUND"}, {"active": False}])
def test_a_refund_is_told_as_money_taken_back(fields: dict[str, Any]) -> None:
    assert reading.remote_payment({**PAYMENT, **fields}, "inv").reversed
