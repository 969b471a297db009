"""Bodies as the vendor's contract wants them, written by hand; and what cannot be expressed, refused by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.platforms.quickbooks.documents import (
    BUYER,
    ENTRIES,
    GB_SETTINGS,
    NET_30,
    US_SETTINGS,
    allowance,
    document,
    entry,
    foreign,
    line,
    refs,
)

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
    Payment,
)
from airbooks.platforms.quickbooks import mapping, reading
from airbooks.platforms.quickbooks.lines import cents, quantity_and_price, spread
from airbooks.platforms.quickbooks.refusals import refusals
from airbooks.platforms.references import ReferenceKind, References

TAXED: dict[str, Any] = {"tax_code": "US-TX", "tax_category": "S", "tax_rate": Decimal("8.25")}


def body_of(sales: Invoice | CreditNote, settings: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    return mapping.document_body(sales, refs(settings), options)


# -- whole documents ------------------------------------------------------------------------------------------------------------


def test_a_full_us_invoice() -> None:
    """Line discount, document discount, freight, one tax rate, foreign currency, class, location, shipping, purchase order."""
    goods = line(
        price="18450.00",
        allowances_charges=(AllowanceCharge(amount=Decimal("1845.00"), percent=Decimal(5), reason="Line discount"),),
        net_amount=Decimal("35055.00"),
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
        serial_numbers=("A1", "A2"),
        **TAXED,
    )
    kit = line("2", "12", "84.50", item_code="FLT-KIT-75", name="Filter kit for 75 kW", unit="SET", **TAXED)
    freight = line("3", "1", "480.00", item_code="FRT-STD", name="Freight", kind="freight", **TAXED)
    invoice = document(
        lines=(goods, kit, freight),
        allowances=(allowance("730.98", "US-TX", "8.25", percent=Decimal(2)),),
        tax="2955.01",
        terms=NET_30,
        due_date=date(2026, 4, 1),
        purchase_order="PO-88213",
        sales_order="US-SO-000120",
        notes=("Deliver to the rear gate.",),
        delivery=Delivery(
            delivery_date=date(2026, 3, 1),
            name="Plant 3",
            address=Address(line1="900 Burlington St E", city="Hamilton", region="ON", postal_code="L8L 4K1", country="CA"),
            shipping_method="Freight",
            tracking_number="1Z999",
            shipment_number="US-SH-000007",
            location_code="MAIN",
        ),
        **foreign("GBP", "1.265823"),
    )
    assert body_of(invoice) == {
        "CustomerRef": {"value": "58"},
        "DocNumber": "US-SI-004711",
        "TxnDate": "2026-03-02",
        "DueDate": "2026-04-01",
        "SalesTermRef": {"value": "3"},
        "CurrencyRef": {"value": "GBP"},
        "ExchangeRate": Decimal("1.265823"),
        "PrivateNote": "Sales order: US-SO-000120\nShipment: US-SH-000007\nShipped from: MAIN",
        "CustomerMemo": {"value": "Deliver to the rear gate."},
        "BillEmail": {"Address": "ap@northgate.example"},
        "DepartmentRef": {"value": "1"},
        "BillAddr": {
            "Line1": "Northgate Air Ltd",
            "Line2": "14 Foundry Rd",
            "City": "Hamilton",
            "CountrySubDivisionCode": "ON",
            "PostalCode": "L8H 4K2",
            "Country": "CA",
        },
        "ShipAddr": {
            "Line1": "Plant 3",
            "Line2": "900 Burlington St E",
            "City": "Hamilton",
            "CountrySubDivisionCode": "ON",
            "PostalCode": "L8L 4K1",
            "Country": "CA",
        },
        "ShipDate": "2026-03-01",
        "TrackingNum": "1Z999",
        "ShipMethodRef": {"value": "Freight", "name": "Freight"},
        "CustomField": [{"DefinitionId": "1", "Type": "StringType", "StringValue": "PO-88213"}],
        "ApplyTaxAfterDiscount": True,
        "EmailStatus": "NotSet",
        "PrintStatus": "NotSet",
        "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "3"}},
        "Line": [
            {
                "LineNum": 1,
                "Description": "Rotary screw compressor 75 kW\nLine discount 5 %: -1845.00\nSerial numbers: A1, A2",
                "Amount": Decimal("35055.00"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "21"},
                    "Qty": Decimal(2),
                    "UnitPrice": Decimal("17527.50"),
                    "TaxCodeRef": {"value": "TAX"},
                    "ClassRef": {"value": "5"},
                },
            },
            {
                "LineNum": 2,
                "Description": "Filter kit for 75 kW\nUnit: SET",
                "Amount": Decimal("1014.00"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "22"},
                    "Qty": Decimal(12),
                    "UnitPrice": Decimal("84.50"),
                    "TaxCodeRef": {"value": "TAX"},
                },
            },
            {
                "LineNum": 3,
                "Description": "Freight",
                "Amount": Decimal("480.00"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "23"},
                    "Qty": Decimal(1),
                    "UnitPrice": Decimal("480.00"),
                    "TaxCodeRef": {"value": "TAX"},
                },
            },
            {
                "Description": "Volume discount 2 %",
                "Amount": Decimal("730.98"),
                "DetailType": "DiscountLineDetail",
                "DiscountLineDetail": {"PercentBased": False, "DiscountAccountRef": {"value": "8"}},
            },
        ],
    }


def test_outside_the_us_each_line_has_its_tax_code_and_two_rates_are_fine() -> None:
    lines = (
        line("1", "1", "100.00", tax_code="GB-S20", tax_rate=Decimal(20)),
        line("2", "1", "50.00", tax_code="GB-R5", tax_rate=Decimal(5)),
    )
    body = body_of(document(lines=lines, tax="22.50", currency="GBP"), GB_SETTINGS)
    assert body["GlobalTaxCalculation"] == "TaxExcluded"
    assert [each["SalesItemLineDetail"]["TaxCodeRef"]["value"] for each in body["Line"]] == ["2", "3"]
    assert "TxnTaxDetail" not in body
    assert "ExchangeRate" not in body


def test_a_credit_note_is_a_positive_credit_memo_that_names_what_it_corrects() -> None:
    note = document(
        CreditNote,
        number="US-CN-000017",
        lines=(line("1", "1", "84.50", item_code="FLT-KIT-75"),),
        reason="Returned",
        terms=NET_30,
        due_date=date(2026, 4, 1),
        preceding_invoices=(DocumentReference(number="US-SI-000123"),),
    )
    body = body_of(note)
    assert body["DocNumber"] == "US-CN-000017"
    assert body["CustomerMemo"] == {"value": "Returned"}
    assert body["PrivateNote"] == "Corrects: US-SI-000123"
    assert body["Line"][0]["Amount"] == Decimal("84.50")
    assert not {"DueDate", "SalesTermRef", "ShipAddr", "ShipDate"} & body.keys()


def test_automated_sales_tax_is_overridden_with_our_total() -> None:
    body = body_of(document(lines=(line(**TAXED),), tax="3044.25"), {**US_SETTINGS, "tax_mode": "us_automated"})
    assert body["TxnTaxDetail"] == {"TotalTax": Decimal("3044.25")}


def test_the_ledger_date_is_the_transaction_date_and_the_issue_date_is_kept() -> None:
    body = body_of(document(posting_date=date(2026, 4, 1)))
    assert (body["TxnDate"], body["PrivateNote"]) == ("2026-04-01", "Issued: 2026-03-02")


def test_without_multicurrency_neither_currency_nor_rate_is_sent() -> None:
    body = body_of(document(), {**US_SETTINGS, "multicurrency": "False"})
    assert not {"CurrencyRef", "ExchangeRate"} & body.keys()


def test_lines_from_two_warehouses_name_their_own_and_the_document_has_none() -> None:
    lines = (line("1", warehouse="MAIN"), line("2", warehouse="NORTH"), line("3"))
    body = body_of(document(lines=lines))
    assert "DepartmentRef" not in body
    told = ["Warehouse:" in each["Description"] and each["Description"].split("Warehouse: ")[1] for each in body["Line"]]
    assert told == ["MAIN", "NORTH", False]


def test_the_document_discount_of_mixed_tax_is_carried_by_the_lines_it_belongs_to() -> None:
    lines = (line("1", "1", "100.00", **TAXED), line("2", "1", "50.00", **TAXED), line("3", "1", "80.00"))
    body = body_of(document(lines=lines, allowances=(allowance("3.00", "US-TX", "8.25"),), tax="12.13"))
    assert [each["Amount"] for each in body["Line"]] == [Decimal("98.00"), Decimal("49.00"), Decimal("80.00")]
    assert "Share of the document's discount: -2.00" in body["Line"][0]["Description"]


def test_a_charge_of_the_document_is_a_line_of_the_charge_item() -> None:
    charge = allowance("25.00", is_charge=True, reason="Small order surcharge")
    body = body_of(document(allowances=(charge,)))
    assert body["Line"][1]["SalesItemLineDetail"]["ItemRef"] == {"value": "36"}
    assert body["Line"][1]["Amount"] == Decimal("25.00")
    assert "ApplyTaxAfterDiscount" not in body


def test_a_comment_is_a_description_line_without_amount() -> None:
    comment = line("2", "0", "0", kind="comment", name="Thank you", item_code="", tax_code="")
    assert body_of(document(lines=(line(), comment)))["Line"][1] == {
        "LineNum": 2,
        "DetailType": "DescriptionOnly",
        "Description": "Thank you",
        "DescriptionLineDetail": {},
    }


def test_a_purchase_order_that_is_too_long_for_the_custom_field_goes_to_the_private_note() -> None:
    body = body_of(document(purchase_order="P" * 32))
    assert "CustomField" not in body
    assert body["PrivateNote"] == f"Purchase order: {'P' * 32}"


def test_the_operators_options_decide_on_mail_print_and_location() -> None:
    body = body_of(document(), send_email=True, print_later=True, location_id="2")
    assert (body["EmailStatus"], body["PrintStatus"], body["DepartmentRef"]) == ("NeedToSend", "NeedToPrint", {"value": "2"})
    silent = BUYER.model_copy(update={"contact": BUYER.contact.model_copy(update={"email": ""})})
    assert body_of(document(buyer=silent), send_email=True)["EmailStatus"] == "NotSet"


def test_a_second_class_of_a_line_stands_in_its_description() -> None:
    more = dict([entry(ReferenceKind.DIMENSION, "project:P7", "9", list="Class")])
    both = References(customer="58", entries={**ENTRIES, **more}, settings=US_SETTINGS)
    sold = document(lines=(line(dimensions={"department": "WHOLESALE", "project": "P7"}),))
    (row,) = mapping.document_body(sold, both, {})["Line"]
    assert row["SalesItemLineDetail"]["ClassRef"] == {"value": "5"}
    assert row["Description"].endswith("project:P7")


def test_an_update_keeps_the_ids_of_lines_and_carries_id_and_token() -> None:
    current = {
        "Id": "1045",
        "SyncToken": "3",
        "Line": [
            {"Id": "1", "DetailType": "SalesItemLineDetail"},
            {"Id": "7", "DetailType": "DiscountLineDetail"},
            {"DetailType": "SubTotalLineDetail"},
        ],
    }
    body = mapping.with_line_ids(body_of(document(lines=(line("1"), line("2")), allowances=(allowance("1.00"),))), current)
    assert (body["Id"], body["SyncToken"], body["sparse"]) == ("1045", "3", False)
    assert [each.get("Id") for each in body["Line"]] == ["1", None, "7"]


# -- money ------------------------------------------------------------------------------------------------------------------

AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("99999999.99"), places=2)
QUANTITIES = st.decimals(min_value=Decimal("0.001"), max_value=Decimal("99999"), places=3)


@settings(deadline=None)
@given(quantity=QUANTITIES, amount=AMOUNTS)
def test_quantity_times_price_is_always_the_amount_to_the_cent(quantity: Decimal, amount: Decimal) -> None:
    sold = line("1", str(quantity), "1.00").model_copy(update={"net_amount": amount})
    qty, price = quantity_and_price(sold, amount)
    assert cents(qty * price) == amount
    assert -price.as_tuple().exponent <= 7  # type: ignore[operator]


@settings(deadline=None)
@given(quantity=st.integers(1, 500), price=st.decimals(min_value=Decimal("0.001"), max_value=Decimal(9999), places=4))
def test_a_price_that_fits_is_sent_as_it_is(quantity: int, price: Decimal) -> None:
    sold = line("1", str(quantity), str(price)).model_copy(update={"net_amount": cents(quantity * price)})
    assert quantity_and_price(sold, sold.net_amount) == (Decimal(quantity), price)


@settings(deadline=None)
@given(amount=AMOUNTS, weights=st.lists(AMOUNTS, min_size=1, max_size=12))
def test_shares_of_a_discount_add_up_and_none_is_far_from_its_proportion(amount: Decimal, weights: list[Decimal]) -> None:
    parts = spread(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) <= Decimal("0.01")


@settings(deadline=None)
@given(nets=st.lists(AMOUNTS, min_size=2, max_size=8), percent=st.integers(1, 100), mixed=st.booleans())
def test_lines_less_discount_are_the_net_total_in_every_representation(nets: list[Decimal], percent: int, mixed: bool) -> None:
    lines = tuple(line(str(n), "1", str(net), **TAXED) for n, net in enumerate(nets))
    if mixed:
        lines = (*lines[:-1], line("last", "1", str(nets[-1])))
    base = sum((each.net_amount for each in lines if each.tax_rate), Decimal(0))
    invoice = document(lines=lines, allowances=(allowance(str(cents(base * percent / 100)), "US-TX", "8.25"),))
    assert refusals(invoice, US_SETTINGS) == ()
    rows = body_of(invoice)["Line"]
    discount = sum((row["Amount"] for row in rows if row["DetailType"] == "DiscountLineDetail"), Decimal(0))
    assert sum((row["Amount"] for row in rows), Decimal(0)) - 2 * discount == invoice.net_total


# -- refusals ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("invoice", "settings", "code", "field"),
    [
        (document(number="US-SI-0000000000000001"), US_SETTINGS, "QBO-NUMBER", "number"),
        (document(lines=(line(net_amount=Decimal("1.005")),)), US_SETTINGS, "QBO-DECIMALS", "lines[0].net_amount"),
        (document(rounding_amount=Decimal("0.01")), US_SETTINGS, "QBO-TOTALS", "rounding_amount"),
        (document(prepaid_amount=Decimal(5)), US_SETTINGS, "QBO-TOTALS", "prepaid_amount"),
        (document(withholding_tax=Decimal(5)), US_SETTINGS, "QBO-TOTALS", "withholding_tax"),
        (document(currency="EUR"), US_SETTINGS, "QBO-CURRENCY", "exchange_rate"),
        (document(**foreign("EUR", "0.86", "GBP")), US_SETTINGS, "QBO-CURRENCY", "exchange_rate.base"),
        (document(**foreign()), {**US_SETTINGS, "multicurrency": "False"}, "QBO-CURRENCY", "currency"),
        (
            document(lines=(line("1", **TAXED), line("2", tax_code="US-CA", tax_rate=Decimal("7.25")))),
            US_SETTINGS,
            "QBO-TAX",
            "lines.tax_code",
        ),
        (document(lines=(line(tax_code="", tax_rate=Decimal(8)),)), US_SETTINGS, "QBO-TAX", "lines[0].tax_code"),
        (document(lines=(line(tax_code=""),), currency="GBP"), GB_SETTINGS, "QBO-TAX", "lines[0].tax_code"),
        (
            document(lines=(line("1", "1", "5.00", **TAXED), line("2")), allowances=(allowance("6.00", "US-TX", "8.25"),)),
            US_SETTINGS,
            "QBO-DISCOUNT",
            "allowances_charges[0]",
        ),
        (document(lines=(line(item_code=""),)), US_SETTINGS, "QBO-ITEM", "lines[0].item_code"),
        (document(allowances=(allowance("5.00", is_charge=True),)), {"tax_mode": "us"}, "QBO-ITEM", "allowances_charges"),
        (document(notes=("x" * 1001,)), US_SETTINGS, "QBO-TEXT", "notes"),
        (document(internal_note="x" * 4001), US_SETTINGS, "QBO-TEXT", "internal_note"),
        (document(lines=(line(description="x" * 4000),)), US_SETTINGS, "QBO-TEXT", "lines[0].description"),
    ],
)
def test_what_quickbooks_cannot_express_is_told_before_sending(invoice: Invoice, settings: dict[str, str], code: str, field: str) -> None:
    (found,) = refusals(invoice, settings, "quickbooks_us")
    assert (found.code, found.field, found.connection) == (code, field, "quickbooks_us")
    assert found.fix


def test_an_ordinary_document_is_not_refused() -> None:
    assert refusals(document(**foreign()), US_SETTINGS) == ()


# -- customers and payments -----------------------------------------------------------------------------------------------------


def test_a_customer_carries_our_code_and_a_second_currency_in_its_name() -> None:
    body = mapping.customer_body(BUYER, "USD", US_SETTINGS)
    assert (body["DisplayName"], body["CompanyName"]) == ("Northgate Air Ltd (C-US-0042)", "Northgate Air Ltd")
    assert (body["CurrencyRef"], body["PrimaryEmailAddr"]) == ({"value": "USD"}, {"Address": "ap@northgate.example"})
    assert mapping.customer_body(BUYER, "EUR", US_SETTINGS)["DisplayName"] == "Northgate Air Ltd (C-US-0042 EUR)"


def test_a_name_loses_colons_and_line_ends_and_never_its_code() -> None:
    odd = BUYER.model_copy(update={"name": f"Air: and\tmore\n{'x' * 600}"})
    name = mapping.display_name(odd, "USD", "USD")
    assert name.startswith("Air and more x")
    assert name.endswith(" (C-US-0042)")
    assert len(name) == 500


def test_a_payment_names_its_invoices_account_and_method() -> None:
    payment = Payment(
        source="bank",
        source_id="2026-03-20/7",
        customer_code="C-US-0042",
        received_on=date(2026, 3, 20),
        amount=Decimal("18000.00"),
        currency="USD",
        method="Wire",
        reference="WIRE-5521",
        allocations=(Allocation(document_number="US-SI-004711", remote_id="1045", amount=Decimal("17000.00")),),
    )
    wire = dict([entry(ReferenceKind.PAYMENT_METHOD, "Wire", "1")])
    settings = {**US_SETTINGS, "deposit_account_id": "1"}
    assert mapping.payment_body(payment, "58", References(entries=wire, settings=settings)) == {
        "CustomerRef": {"value": "58"},
        "TotalAmt": Decimal("18000.00"),
        "TxnDate": "2026-03-20",
        "CurrencyRef": {"value": "USD"},
        "PaymentRefNum": "WIRE-5521",
        "PaymentMethodRef": {"value": "1"},
        "DepositToAccountRef": {"value": "1"},
        "PrivateNote": "[bank 2026-03-20/7]",
        "Line": [{"Amount": Decimal("17000.00"), "LinkedTxn": [{"TxnId": "1045", "TxnType": "Invoice"}]}],
    }


# -- reading ----------------------------------------------------------------------------------------------------------------


def row(**more: Any) -> dict[str, Any]:
    return {
        "Id": "1045",
        "SyncToken": "0",
        "DocNumber": "US-SI-004711",
        "TxnDate": "2026-03-02",
        "CustomerRef": {"value": "58"},
        "CurrencyRef": {"value": "USD"},
        "TotalAmt": Decimal("108.25"),
        "Balance": Decimal("108.25"),
        "TxnTaxDetail": {"TotalTax": Decimal("8.25")},
        "Line": [
            {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "21"}}},
            {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "36"}}},
            {"DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        ],
        "MetaData": {"LastUpdatedTime": "2026-03-02T01:12:44-08:00"},
        **more,
    }


def test_a_document_is_read_back_with_its_totals_and_without_lines_that_are_not_ours() -> None:
    remote = reading.remote_document(row(), DocumentKind.INVOICE, "36")
    assert (remote.net, remote.tax, remote.total, remote.line_count) == (Decimal("100.00"), Decimal("8.25"), Decimal("108.25"), 1)
    assert (remote.number, remote.version, remote.status) == ("US-SI-004711", "0", DocumentStatus.OPEN)
    assert remote.modified_at is not None
    assert remote.modified_at.utcoffset() is not None


@pytest.mark.parametrize(
    ("total", "balance", "note", "status"),
    [
        ("0", "0", "Voided - SO-1", DocumentStatus.VOID),
        ("0", "0", "", DocumentStatus.PAID),
        ("10", "0", "Voided", DocumentStatus.PAID),
        ("10", "4", "", DocumentStatus.PARTIALLY_PAID),
        ("10", "10", "", DocumentStatus.OPEN),
    ],
)
def test_the_status_follows_from_amounts_and_the_private_note(total: str, balance: str, note: str, status: DocumentStatus) -> None:
    assert reading.document_status(row(TotalAmt=Decimal(total), Balance=Decimal(balance), PrivateNote=note)) is status


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Fault": {"Error": [{"Message": "m", "Detail": "d", "code": "6000", "element": ""}], "type": "ValidationFault"}}, "6000"),
        ({"fault": {"error": [{"message": "m", "detail": "d", "code": "3200", "element": None}], "type": "AUTHENTICATION"}}, "3200"),
        ({"error": "invalid_grant", "error_description": "Token invalid"}, "invalid_grant"),
    ],
)
def test_a_fault_is_recognised_in_each_of_its_forms(body: dict[str, Any], code: str) -> None:
    found = reading.complaint(body)
    assert found is not None
    assert found.code == code


def test_an_answer_without_a_fault_is_no_complaint() -> None:
    assert reading.complaint({"Invoice": {}, "fault": None}) is None


def test_a_credit_memo_that_a_payment_uses_up_counts_against_it() -> None:
    payment = reading.remote_payment(
        row(
            TotalAmt=Decimal("0"),
            Line=[
                {"Amount": Decimal(84), "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]},
                {"Amount": Decimal(84), "LinkedTxn": [{"TxnId": "2", "TxnType": "CreditMemo"}]},
            ],
        )
    )
    assert [(each.remote_id, each.amount) for each in payment.allocations] == [("1", Decimal(84)), ("2", Decimal(-84))]
    assert not payment.reversed
