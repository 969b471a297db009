"""Bodies and readings against what the vendor documents; the expected ones are written by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from tests.documents import right_documents
from tests.platforms.sap_business_one.documents import (
    BUYER,
    charge,
    credit_note,
    currency,
    discount,
    full_invoice,
    invoice,
    line,
    line_discount,
    references,
)

from airbooks.canonical import (
    Allocation,
    AllowanceCharge,
    CreditNote,
    ExchangeRate,
    Invoice,
    Payment,
    Severity,
)
from airbooks.platforms.sap_business_one import mapping
from airbooks.platforms.sap_business_one.lines import head_discount_fits, line_amount, priced
from airbooks.platforms.sap_business_one.refusals import refusals

D = Decimal


def body(document: Invoice | CreditNote, options: dict[str, Any] | None = None, **settings: str) -> dict[str, Any]:
    return mapping.document_body(document, references(**settings), options or {})


# -- documents -----------------------------------------------------------------------------------------------------------------------


def test_a_full_invoice_in_foreign_currency() -> None:
    assert body(full_invoice()) == {
        "CardCode": "C-EU-0042",
        "DocType": "dDocument_Items",
        "DocDate": "2026-03-17",
        "TaxDate": "2026-03-16",
        "DocDueDate": "2026-04-15",
        "DocCurrency": "$",
        "DocRate": D("0.9231"),
        "U_ExtInvNo": "EU-SI-000123",
        "NumAtCard": "PO-88213",
        "PaymentGroupCode": 1,
        "DiscountPercent": D("2"),
        "JournalMemo": "A/R EU-SI-000123",
        "Comments": "Sales order SO-5512; Salesperson 7; Shipment Dock 3, 2026-03-15; Deliver before noon; Forklift on site",
        "AddressExtension": {
            "BillToStreet": "Kaistraße 101, Tor 4",
            "BillToCity": "Kiel",
            "BillToZipCode": "24114",
            "BillToState": "SH",
            "BillToCountry": "DE",
            "ShipToStreet": "Werftstraße 3",
            "ShipToCity": "Kiel",
            "ShipToZipCode": "24143",
            "ShipToCountry": "DE",
        },
        "DocumentLines": [
            {
                "ItemCode": "CMP-RS-11",
                "ItemDescription": "Rotary screw compressor 11 kW",
                "Quantity": D("3"),
                "UnitPrice": D("1249.9"),
                "DiscountPercent": D("5"),
                "LineTotal": D("3562.21"),
                "VatGroup": "A19",
                "CostingCode": "WHSALE",
                "WarehouseCode": "MAIN",
            },
            {
                "ItemCode": "HOS-38-15",
                "ItemDescription": "Rubber hose",
                "Quantity": D("12.5"),
                "UnitPrice": D("3.465"),
                "VatGroup": "A7",
                "CostingCode": "WHSALE",
                "WarehouseCode": "MAIN",
                "FreeText": "3/8 inch",
            },
        ],
        "DocumentAdditionalExpenses": [{"ExpenseCode": 1, "LineTotal": D("320.00"), "VatGroup": "A19", "Remarks": "Freight"}],
    }


def test_a_credit_note_says_what_it_corrects_and_why() -> None:
    document = credit_note(line(quantity="1"), reason="Returned goods")
    assert body(document, {"credit_note_series": 7, "branch": 2}) == {
        "CardCode": "C-EU-0042",
        "DocType": "dDocument_Items",
        "DocDate": "2026-03-16",
        "TaxDate": "2026-03-16",
        "DocCurrency": "EUR",
        "U_ExtInvNo": "EU-CN-000017",
        "PaymentGroupCode": 1,
        "Series": 7,
        "BPL_IDAssignedToInvoice": 2,
        "JournalMemo": "A/R EU-CN-000017",
        "Comments": "Corrects invoice EU-SI-000123 of 2026-03-16; Reason: Returned goods",
        "AddressExtension": {
            "BillToStreet": "Kaistraße 101, Tor 4",
            "BillToCity": "Kiel",
            "BillToZipCode": "24114",
            "BillToState": "SH",
            "BillToCountry": "DE",
        },
        "DocumentLines": [
            {
                "ItemCode": "CMP-RS-11",
                "ItemDescription": "Rotary screw compressor 11 kW",
                "Quantity": D("1"),
                "UnitPrice": D("450.5"),
                "VatGroup": "A19",
            }
        ],
    }


def test_a_document_without_items_is_one_of_accounts_with_totals_only() -> None:
    made = body(invoice(line(item_code="", account_code="SERVICE", name="Survey")))
    assert made["DocType"] == "dDocument_Service"
    assert made["DocumentLines"] == [
        {"AccountCode": "_SYS-4100", "ItemDescription": "Survey", "LineTotal": D("901.00"), "VatGroup": "A19", "FreeText": "2 x 450.5"}
    ]


def test_a_line_without_an_item_takes_the_connections_item_beside_others() -> None:
    document = invoice(line(), line(2, item_code="", name="Crane"))
    assert [each.code for each in refusals(document, references().settings)] == ["AB-UNSUPPORTED:line target"]
    assert refusals(document, references(free_item="MISC").settings) == ()
    assert body(document, free_item="MISC")["DocumentLines"][1]["ItemCode"] == "MISC"


def test_a_free_line_is_sent_with_its_price_of_nothing() -> None:
    assert body(invoice(line(), line(2, price="0")))["DocumentLines"][1]["UnitPrice"] == 0


def test_tax_codes_go_to_the_one_field_of_the_localisation() -> None:
    (row,) = body(invoice(), tax_field="TaxCode")["DocumentLines"]
    assert (row["TaxCode"], "VatGroup" in row) == ("A19", False)


def test_our_number_may_stand_in_the_customers_reference_and_the_order_in_the_remarks() -> None:
    made = body(invoice(), number_field="NumAtCard")
    assert (made["NumAtCard"], made["Comments"], "U_ExtInvNo" in made) == ("EU-SI-000123", "Purchase order PO-88213", False)


@pytest.mark.parametrize(("direction", "rate"), [("direct", "0.8"), ("indirect", "1.250000")])
def test_a_rate_is_sent_as_the_company_keeps_rates(direction: str, rate: str) -> None:
    document = invoice(currency="USD", exchange_rate=ExchangeRate(base="EUR", rate=D("0.8")))
    assert body(document, exchange_rates=direction)["DocRate"] == D(rate)
    assert "DocRate" not in body(document, {"document_rates": False})


def test_no_rate_goes_with_the_local_currency() -> None:
    assert "DocRate" not in body(invoice(exchange_rate=ExchangeRate(base="USD", rate=D("1.1"))))


def test_a_sales_employee_is_a_number_where_the_operator_says_so() -> None:
    made = body(invoice(salesperson="7"), {"sales_person_codes": True})
    assert (made["SalesPersonCode"], "Comments" in made) == (7, False)


def test_prices_with_tax_are_sent_net() -> None:
    document = invoice(line(quantity="2", price="59.50", net_amount=D("100.00")), prices_include_tax=True)
    assert body(document)["DocumentLines"][0]["UnitPrice"] == 50


@settings(max_examples=60)
@given(right_documents())
def test_every_row_makes_our_amount_to_the_cent(document: Invoice | CreditNote) -> None:
    """By price and discount as the company rounds them, or by a total of the row that overrides them."""
    known = references(quantity_decimals="3").settings
    for each in document.amount_lines:
        made = priced(document, each, known)
        by_price = made["Quantity"] * made["UnitPrice"] * (1 - made.get("DiscountPercent", D(0)) / 100)
        places = D(1).scaleb(-{"JPY": 0, "KWD": 3}.get(document.currency, 2))
        assert made.get("LineTotal", by_price.quantize(places, "ROUND_HALF_UP")) == line_amount(each)


@pytest.mark.parametrize(
    ("charges", "fits"),
    [
        ((discount("2.00"),), False),  # off the rows of one tax only
        ((discount("2.00"), discount("2.00", "DE-R7", "7")), True),
        ((discount("3.00"), discount("1.00", "DE-R7", "7")), False),
        ((discount("2.005"), discount("2.005", "DE-R7", "7")), False),
    ],
)
def test_a_discount_fits_the_head_where_every_tax_bears_its_share(charges: tuple[AllowanceCharge, ...], fits: bool) -> None:
    document = invoice(line(1, "1", "100"), line(2, "1", "100", "7", "DE-R7"), charges=charges)
    assert head_discount_fits(document, references().settings) is fits


# -- refusals ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "topic"),
    [
        (invoice(number="N" * 51), "number"),
        (invoice(charges=(discount("10", "DE-R7", "7"),)), "document discount"),
        (invoice(charges=(discount("0.01"),)), "document discount"),
        (invoice(line(quantity="0.0005", price="1000000")), "quantity"),
        (invoice(line(), line(2, quantity="-1")), "quantity"),
        (invoice(line(tax_code="")), "tax code"),
        (invoice(line(dimensions={"shoe size": "44"})), "dimension"),
        (invoice(line(description="x" * 101)), "length"),
        (invoice(notes=("x" * 255,)), "length"),
        (invoice(buyer=BUYER.model_copy(update={"code": "C" * 16})), "length"),
        (invoice(tax_point_date=date(2026, 3, 1)), "tax point"),
        (invoice(attachments=("a.pdf",)), "attachments"),
    ],
)
def test_what_cannot_be_expressed_is_told_before_anything_is_sent(document: Invoice, topic: str) -> None:
    found = refusals(document, references().settings, "sap_business_one_eu")
    assert f"AB-UNSUPPORTED:{topic}" in {each.code for each in found}
    assert all(each.says and each.fix and each.connection == "sap_business_one_eu" for each in found)


def test_charges_need_a_freight_code_in_the_connection() -> None:
    document = invoice(charges=(charge("10"),))
    assert refusals(document, references().settings) == ()
    assert [each.code for each in refusals(document, references(expense_code="").settings)] == ["AB-UNSUPPORTED:charge"]


def test_long_texts_are_cut_with_a_warning_where_the_connection_says_so() -> None:
    document = invoice(line(description="x" * 101))
    (found,) = refusals(document, references(cut_texts="True").settings)
    assert found.severity is Severity.WARNING
    assert body(document)["DocumentLines"][0]["FreeText"] == "x" * 100


def test_a_line_discount_beyond_its_line_is_refused() -> None:
    document = invoice(line(), line(2, "1", "10", allowances_charges=(line_discount("11"),)))
    assert [each.code for each in refusals(document, references().settings)] == ["AB-UNSUPPORTED:line amount"]


# -- customers and payments ----------------------------------------------------------------------------------------------------------


def test_a_customer_takes_every_currency() -> None:
    assert mapping.customer_body(BUYER) == {
        "CardCode": "C-EU-0042",
        "CardName": "Hafenwerft Kiel GmbH",
        "CardType": "cCustomer",
        "Currency": "##",
        "EmailAddress": "ap@hafenwerft.example",
        "Phone1": "+49 431 555 0142",
        "FederalTaxID": "DE811569869",
        "BPAddresses": [
            {
                "AddressName": "BILL",
                "AddressType": "bo_BillTo",
                "Street": "Kaistraße 101, Tor 4",
                "City": "Kiel",
                "ZipCode": "24114",
                "State": "SH",
                "Country": "DE",
            }
        ],
    }


PAYMENT = Payment(
    source="bank",
    source_id="PAY-777",
    customer_code="C-EU-0042",
    received_on=date(2026, 3, 20),
    amount=D("1500.00"),
    currency="EUR",
    reference="WIRE 4711",
    allocations=(Allocation(document_number="EU-SI-000123", remote_id="13-345", amount=D("1400.00"), discount=D("28.00")),),
)


def test_a_payment_is_a_bank_transfer_with_our_mark_in_its_remarks() -> None:
    assert mapping.payment_body(PAYMENT, "C0042", currency("EUR"), references().settings) == {
        "DocType": "rCustomer",
        "CardCode": "C0042",
        "DocDate": "2026-03-20",
        "DocCurrency": "EUR",
        "TransferAccount": "_SYS00000000006",
        "TransferSum": D("1500.00"),
        "TransferDate": "2026-03-20",
        "TransferReference": "WIRE 4711",
        "Remarks": "airbooks bank/PAY-777 | WIRE 4711",
        "JournalRemarks": "Receipt WIRE 4711",
        "PaymentInvoices": [
            {"DocEntry": 345, "InvoiceType": "it_Invoice", "InstallmentId": 1, "SumApplied": D("1400.00"), "TotalDiscount": D("28.00")}
        ],
    }


def test_a_foreign_payment_is_applied_in_its_own_currency() -> None:
    payment = PAYMENT.model_copy(update={"currency": "USD", "allocations": (PAYMENT.allocations[0].model_copy(update={"discount": D(0)}),)})
    made = mapping.payment_body(payment, "C0042", currency("$"), references().settings)
    assert made["DocCurrency"] == "$"
    assert made["PaymentInvoices"] == [{"DocEntry": 345, "InvoiceType": "it_Invoice", "InstallmentId": 1, "AppliedFC": D("1400.00")}]
