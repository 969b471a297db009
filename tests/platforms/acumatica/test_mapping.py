"""Documents, customers and payments as Acumatica bodies: expected ones are written by hand from the vendor's contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.platforms.acumatica.documents import BUYER, EXEMPT, OPTIONS, SETTINGS, bill, credit, off, refs, sold

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Delivery,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Payment,
    Severity,
)
from airbooks.platforms.acumatica import mapping, reading, wrapped
from airbooks.platforms.acumatica.client import status_path
from airbooks.platforms.acumatica.lines import Inexpressible, computed_amount
from airbooks.platforms.acumatica.refusals import refusals
from airbooks.platforms.acumatica.spec import SPEC
from airbooks.platforms.errors import Action, Outcome, ReferenceMissing, classify
from airbooks.platforms.wire import Reply, from_json, to_json

D = Decimal


def v(value: Any) -> dict[str, Any]:
    return {"value": value}


def body(document: Any, options: dict[str, Any] | None = None, **changed: str) -> dict[str, Any]:
    return mapping.document_body(document, refs(**changed), {**OPTIONS, **(options or {})})


# -- whole documents -----------------------------------------------------------------------------------------------------------


def full_invoice() -> Invoice:
    """A line discount, a document discount, freight, two tax rates, another currency, dimensions, a delivery."""
    ten_off = AllowanceCharge(amount=D("830.00"), percent=D(10), reason="Line discount")
    goods = sold(
        1,
        "2",
        "4150.00",
        name="Rotary screw compressor",
        item_code="CMP-RS-75",
        account_code="EQUIPMENT",
        allowances_charges=(ten_off,),
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
    )
    hours = sold(
        2, "3.5", "118.00", name="Installation", item_code="SRV-INST", unit="HUR", account_code="SERVICE", kind=LineKind.SERVICE, **EXEMPT
    )
    freight = sold(3, "1", "120.00", name="Road freight", item_code="FRT-STD", account_code="FREIGHT", kind=LineKind.FREIGHT)
    comment = Line(line_id="4", kind=LineKind.COMMENT, name="Deliver to the rear gate.", unit="", quantity=D(0))
    place = Address(line1="55 Burlington St", city="Houston", region="TX", postal_code="77001", country="US")
    return bill(
        goods,
        hours,
        freight,
        comment,
        currency="EUR",
        exchange_rate=ExchangeRate(base="USD", rate=D("1.086957")),
        charges=[off("151.80")],
        delivery=Delivery(delivery_date=date(2026, 7, 15), name="Houston depot", address=place, tracking_number="TRK-1"),
        dimensions={"department": "SERVICE"},
        notes=("Compressor order, site Houston", "Handle with care."),
        sales_order="SO-771",
        internal_note="Called on Monday.",
    )


def test_a_full_invoice_becomes_the_sales_invoice_of_the_contract() -> None:
    assert body(full_invoice(), branch="PRODWHOLE") == {
        "Type": v("Invoice"),
        "CustomerID": v("MAPLEAIR"),
        "Currency": v("EUR"),
        "Date": v("2026-07-14T00:00:00+00:00"),
        "DueDate": v("2026-08-13T00:00:00+00:00"),
        "CustomerOrder": v("PO-88213"),
        "ExternalRef": v("US-SI-000123"),
        "Description": v("Compressor order, site Houston"),
        "TaxCalcMode": v("Net"),
        "Hold": v(True),
        "BillingSettings": {
            "BillToAddressOverride": v(True),
            "BillToAddress": {
                "AddressLine1": v("200 Bay St"),
                "AddressLine2": v("Floor 3, Room 12"),
                "City": v("Austin"),
                "State": v("TX"),
                "PostalCode": v("73301"),
                "Country": v("US"),
            },
            "BillToContactOverride": v(True),
            "BillToContact": {
                "BusinessName": v("Maple Air Systems Ltd"),
                "Attention": v("Accounts"),
                "Email": v("ap@mapleair.example"),
                "Phone1": v("+1 512 555 0100"),
            },
        },
        "ShipToAddressOverride": v(True),
        "ShipToAddress": {
            "AddressLine1": v("55 Burlington St"),
            "City": v("Houston"),
            "State": v("TX"),
            "PostalCode": v("77001"),
            "Country": v("US"),
        },
        "ShipToContactOverride": v(True),
        "ShipToContact": {"BusinessName": v("Houston depot")},
        "FinancialDetails": {"Branch": v("PRODWHOLE"), "CustomerTaxZone": v("TEXAS")},
        "Details": [
            {
                "InventoryID": v("CMP-RS-75"),
                "TransactionDescr": v("Rotary screw compressor"),
                "Qty": v(D(2)),
                "UOM": v("EA"),
                "UnitPrice": v(D("4150.00")),
                "ManualPrice": v(True),
                "ManualDiscount": v(True),
                "DiscountAmount": v(D("830.00")),
                "WarehouseID": v("MAIN"),
                "TaxCategory": v("TAXABLE"),
                "Account": v("4000"),
                "SubAccount": v("WHS-000"),
                "note": v("Discount: Line discount"),
            },
            {
                "InventoryID": v("SRV-INST"),
                "TransactionDescr": v("Installation"),
                "Qty": v(D("3.5")),
                "UOM": v("HOUR"),
                "UnitPrice": v(D("118.00")),
                "ManualPrice": v(True),
                "ManualDiscount": v(True),
                "DiscountAmount": v(D(0)),
                "TaxCategory": v("EXEMPT"),
                "Account": v("4100"),
                "SubAccount": v("SRV-000"),
            },
            {
                "InventoryID": v("FRT-STD"),
                "TransactionDescr": v("Road freight"),
                "Qty": v(D(1)),
                "UOM": v("EA"),
                "UnitPrice": v(D("120.00")),
                "ManualPrice": v(True),
                "ManualDiscount": v(True),
                "DiscountAmount": v(D(0)),
                "TaxCategory": v("TAXABLE"),
                "Account": v("4900"),
                "SubAccount": v("SRV-000"),
            },
            {
                "TransactionDescr": v("Discount: Volume discount"),
                "Qty": v(D(1)),
                "UnitPrice": v(D("-151.80")),
                "ManualPrice": v(True),
                "ManualDiscount": v(True),
                "DiscountAmount": v(D(0)),
                "TaxCategory": v("TAXABLE"),
                "Account": v("4800"),
                "SubAccount": v("SRV-000"),
            },
        ],
        "note": v(
            "Handle with care.\nDeliver to the rear gate.\nSales order: SO-771\nDelivered: 2026-07-15\nTracking: TRK-1\n"
            "Internal: Called on Monday."
        ),
        "custom": {"CurrentDocument": {"TermsID": {"type": "CustomStringField", "value": "2P10N30"}}},
    }


def test_a_credit_note_is_a_credit_memo_with_positive_amounts_and_no_terms() -> None:
    note = credit(
        sold(1, "1", "84.50", account_code="PARTS"),
        buyer=BUYER.model_copy(update={"address": Address(), "contact": BUYER.contact.model_copy(update={"phone": "", "name": ""})}),
        preceding_invoices=(DocumentReference(number="US-SI-000101", issue_date=date(2026, 7, 1)),),
        posting_date=date(2026, 8, 1),
    )
    assert body(note) == {
        "Type": v("Credit Memo"),
        "CustomerID": v("MAPLEAIR"),
        "Currency": v("USD"),
        "Date": v("2026-08-01T00:00:00+00:00"),
        "DueDate": v("2026-08-13T00:00:00+00:00"),
        "CustomerOrder": v("PO-88213"),
        "ExternalRef": v("US-CN-000017"),
        "Description": v(""),
        "TaxCalcMode": v("Net"),
        "Hold": v(True),
        "BillingSettings": {
            "BillToContactOverride": v(True),
            "BillToContact": {"BusinessName": v("Maple Air Systems Ltd"), "Email": v("ap@mapleair.example")},
        },
        "FinancialDetails": {"CustomerTaxZone": v("TEXAS")},
        "Details": [
            {
                "InventoryID": v("FLT-KIT-75"),
                "TransactionDescr": v("Filter kit"),
                "Qty": v(D(1)),
                "UOM": v("EA"),
                "UnitPrice": v(D("84.50")),
                "ManualPrice": v(True),
                "ManualDiscount": v(True),
                "DiscountAmount": v(D(0)),
                "TaxCategory": v("TAXABLE"),
                "Account": v("4010"),
            }
        ],
        "note": v("Document date: 2026-07-14\nReason: Returned goods\nCorrects: US-SI-000101 2026-07-01"),
    }


def test_the_entity_invoice_has_names_of_its_own_and_our_number_as_customer_order() -> None:
    hours = sold(1, "3", "118.00", name="Installation", item_code="SRV-INST", unit="HUR", account_code="SERVICE", warehouse="MAIN")
    assert body(bill(hours), invoice_entity="Invoice", branch="PRODWHOLE") == {
        "Type": v("Invoice"),
        "Customer": v("MAPLEAIR"),
        "Date": v("2026-07-14T00:00:00+00:00"),
        "DueDate": v("2026-08-13T00:00:00+00:00"),
        "CustomerOrder": v("US-SI-000123"),
        "Description": v(""),
        "Terms": v("2P10N30"),
        "LinkBranch": v("PRODWHOLE"),
        "Hold": v(True),
        "BillToContactOverride": v(True),
        "BillToContact": {
            "BusinessName": v("Maple Air Systems Ltd"),
            "Attention": v("Accounts"),
            "Email": v("ap@mapleair.example"),
            "Phone1": v("+1 512 555 0100"),
        },
        "Details": [
            {
                "InventoryID": v("SRV-INST"),
                "TransactionDescription": v("Installation"),
                "Qty": v(D(3)),
                "UOM": v("HOUR"),
                "UnitPrice": v(D("118.00")),
                "TaxCategory": v("TAXABLE"),
                "Account": v("4100"),
                "note": v("Warehouse: MAIN"),
            }
        ],
        "note": v("Purchase order: PO-88213\nBuyer: 200 Bay St, Floor 3, Room 12, Austin, TX, 73301, US"),
        "custom": {"CurrentDocument": {"TaxZoneID": {"type": "CustomStringField", "value": "TEXAS"}}},
    }


def test_without_terms_the_note_tells_them() -> None:
    made = body(bill(), {"send_terms": False})
    assert "custom" not in made
    assert "Terms: 2% 10 Net 30" in made["note"]["value"]


def test_gross_prices_are_reckoned_as_such() -> None:
    assert body(bill(prices_include_tax=True))["TaxCalcMode"] == v("Gross")


def test_a_charge_of_a_line_takes_the_lines_account_and_tax() -> None:
    packed = sold(account_code="PARTS", allowances_charges=(AllowanceCharge(is_charge=True, amount=D(5), reason="Packing"),))
    row = body(bill(packed))["Details"][1]
    assert (row["TransactionDescr"], row["UnitPrice"], row["Account"], row["TaxCategory"]) == (
        v("Charge: Packing"),
        v(D(5)),
        v("4010"),
        v("TAXABLE"),
    )


def test_a_freight_line_without_an_item_takes_the_connections() -> None:
    freight = sold(1, "1", "120.00", item_code="", account_code="FREIGHT", kind=LineKind.FREIGHT)
    assert body(bill(freight), freight_item="FRT-STD")["Details"][0]["InventoryID"] == v("FRT-STD")
    assert "InventoryID" not in body(bill(freight))["Details"][0]


def test_long_texts_go_into_the_note_and_are_not_lost() -> None:
    long = "Stainless steel. " * 30
    row = body(bill(sold(name=long, description="Polished", serial_numbers=("SN-1", "SN-2"), service_date=date(2026, 7, 3))))["Details"][0]
    assert len(row["TransactionDescr"]["value"]) <= 256
    assert row["note"]["value"].splitlines() == [long.strip(), "Polished", "Serial numbers: SN-1, SN-2", "Service date: 2026-07-03"]


# -- what references do not allow ----------------------------------------------------------------------------------------------


def test_a_document_has_one_tax_zone() -> None:
    elsewhere = sold(2, tax_code="US-CA", rate="7.25")
    with pytest.raises(Inexpressible, match="one tax zone in Acumatica, and would have CALIFORNIA, TEXAS"):
        body(bill(sold(1), elsewhere))


def test_a_rate_that_is_not_ours_is_told_before_anything_is_sent() -> None:
    with pytest.raises(Inexpressible, match=r"US-TX is 8.5 %, but is mapped to TEXAS/TAXABLE, which is 8.25 %"):
        body(bill(sold(1, rate="8.5")))


def test_two_dimensions_cannot_be_one_subaccount() -> None:
    with pytest.raises(Inexpressible, match="line 1 has one subaccount"):
        body(bill(sold(1, dimensions={"department": "WHOLESALE", "region": "EAST"})))


def test_a_code_without_an_entry_is_missing() -> None:
    with pytest.raises(ReferenceMissing):
        body(bill(sold(1, item_code="NONE")))


# -- refusals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (bill(number="N" * 41), "number"),
        (bill(purchase_order="P" * 41), "purchase_order"),
        (bill(buyer=BUYER.model_copy(update={"code": "C" * 31})), "buyer.code"),
        (bill(prepaid_amount=D(5)), "prepaid_amount"),
        (bill(rounding_amount=D("0.01")), "rounding_amount"),
        (bill(withholding_tax=D(5)), "withholding_tax"),
        (bill(tax_point_date=date(2026, 6, 30)), "tax_point_date"),
        (bill(attachments=("plan.pdf",)), "attachments"),
        (bill(sold(1, item_code="", account_code="")), "lines[0].item_code"),
        (bill(sold(1, tax_code="")), "lines[0].tax_code"),
        (bill(sold(1, quantity="-1"), sold(2, "4")), "lines[0].quantity"),
        (bill(sold(1, quantity="0.1234567")), "lines[0].quantity"),
        (bill(sold(1, price="0.3333333")), "lines[0].net_price"),
        (bill(sold(1, net_amount=D("168.00"))), "lines[0].net_price"),
        (bill(sold(1, allowances_charges=(AllowanceCharge(amount=D(170)),)), sold(2)), "lines[0].allowances_charges"),
        (bill(charges=[off("5.00", account_code="")]), "allowances_charges.account_code"),
        (bill(charges=[off("5.00", tax_code="")]), "allowances_charges.tax_code"),
        (bill(prices_include_tax=True, charges=[off("5.00")]), "prices_include_tax"),
    ],
)
def test_what_acumatica_cannot_express_is_named_with_a_way_out(document: Invoice, field: str) -> None:
    found = [each for each in refusals(document, SETTINGS, "acumatica_us") if each.severity is Severity.ERROR]
    assert field in {each.field for each in found}
    assert all(each.says and each.fix and each.connection == "acumatica_us" for each in found)


def test_the_entity_invoice_takes_the_base_currency_and_net_prices_only() -> None:
    settings = {**SETTINGS, "invoice_entity": "Invoice"}
    assert [each.field for each in refusals(bill(currency="EUR", prices_include_tax=True), settings)] == ["currency", "prices_include_tax"]
    assert refusals(bill(purchase_order="P" * 41), settings) == ()


def test_a_rate_of_ours_is_not_taken_and_people_are_told() -> None:
    (found,) = refusals(bill(currency="EUR", exchange_rate=ExchangeRate(base="USD", rate=D("1.08"))), SETTINGS)
    assert (found.severity, found.field) == (Severity.WARNING, "exchange_rate.rate")


@settings(max_examples=60, deadline=None)
@given(quantity=st.decimals("0.001", "900", places=3), price=st.decimals("0.0001", "9000", places=4), share=st.integers(0, 100))
def test_a_line_that_is_not_refused_comes_to_our_amount_over_there(quantity: Decimal, price: Decimal, share: int) -> None:
    gross = (quantity * price).quantize(D("0.01"), "ROUND_HALF_UP")
    discount = (gross * share / 100).quantize(D("0.01"), "ROUND_DOWN")
    line = sold(1, str(quantity), str(price), allowances_charges=(AllowanceCharge(amount=discount),) if discount else ())
    document = bill(line, sold(2))
    assert [each for each in refusals(document, SETTINGS) if each.field.startswith("lines[0]")] == []
    assert computed_amount(line, "USD") == line.net_amount
    (row, _) = from_json(to_json(body(document)))["Details"]
    assert D(row["Qty"]["value"]) * D(row["UnitPrice"]["value"]) == quantity * price
    assert D(row["DiscountAmount"]["value"]) == discount


# -- customers and payments ------------------------------------------------------------------------------------------------------


def test_a_new_customer_has_our_code_as_id_and_reference_and_may_be_billed_in_any_currency() -> None:
    made = mapping.customer_body(BUYER.model_copy(update={"vat_id": "US123"}), "EUR", {"customer_class": "TRADE"})
    address = made["MainContact"].pop("Address")
    assert made == {
        "CustomerID": v("MAPLEAIR"),
        "CustomerName": v("Maple Air Systems Ltd"),
        "CustomerClass": v("TRADE"),
        "AccountRef": v("MAPLEAIR"),
        "CurrencyID": v("EUR"),
        "EnableCurrencyOverride": v(True),
        "EnableRateOverride": v(True),
        "TaxRegistrationID": v("US123"),
        "MainContact": {"Email": v("ap@mapleair.example"), "Phone1": v("+1 512 555 0100")},
    }
    assert address["AddressLine2"] == v("Floor 3, Room 12")


def test_with_automatic_numbering_no_id_is_sent() -> None:
    assert "CustomerID" not in mapping.customer_body(BUYER, "USD", {"customer_numbering": "auto"})


def payment(**fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "0091",
        "customer_code": "MAPLEAIR",
        "received_on": date(2026, 8, 1),
        "amount": D("47550.40"),
        "currency": "USD",
        "method": "Wire",
        "reference": "880123",
        "memo": "Wire 880123",
        "allocations": (Allocation(document_number="US-SI-000123", remote_id="Invoice/INV000146", amount=D("47550.40"), discount=D(10)),),
    }
    return Payment(**{**made, **fields})


def test_a_payment_names_its_documents_by_type_and_number() -> None:
    assert mapping.payment_body(payment(), "MAPLEAIR", "WIRE", "10200", "bank 0091", "PRODWHOLE") == {
        "Type": v("Payment"),
        "CustomerID": v("MAPLEAIR"),
        "PaymentMethod": v("WIRE"),
        "CashAccount": v("10200"),
        "CurrencyID": v("USD"),
        "ApplicationDate": v("2026-08-01T00:00:00+00:00"),
        "PaymentAmount": v(D("47550.40")),
        "PaymentRef": v("880123"),
        "ExternalRef": v("bank 0091"),
        "Branch": v("PRODWHOLE"),
        "Description": v("Wire 880123"),
        "Hold": v(False),
        "DocumentsToApply": [
            {"DocType": v("Invoice"), "ReferenceNbr": v("INV000146"), "AmountPaid": v(D("47550.40")), "CashDiscountTaken": v(D(10))}
        ],
    }


def test_a_payment_is_known_by_our_number_or_where_that_is_too_long_by_a_digest_of_it() -> None:
    assert mapping.payment_number(payment()) == "bank 0091"
    long, other = (mapping.payment_number(payment(source_id=digit * 40)) for digit in "98")
    assert len(long) <= 40
    assert long != other


# -- answers -------------------------------------------------------------------------------------------------------------------


def row(**fields: Any) -> dict[str, Any]:
    made = {
        "Type": "Invoice",
        "ReferenceNbr": "INV000146",
        "Status": "Open",
        "ExternalRef": "US-SI-000123",
        "CustomerID": "MAPLEAIR",
        "Currency": "CAD",
        "TaxTotal": D("5470.40"),
        "Amount": D("47550.40"),
        "Balance": D("47550.40"),
        "Date": "2026-07-14T00:00:00+00:00",
        "LastModifiedDateTime": "2026-07-14T10:11:12.345+00:00",
    }
    return {"id": "8f0e", "Details": [], **{name: v(value) for name, value in {**made, **fields}.items()}}


@pytest.mark.parametrize(
    ("status", "balance", "expected"),
    [
        *(
            (label, "10", DocumentStatus.DRAFT)
            for label in (
                "On Hold",
                "Credit Hold",
                "Pending Approval",
                "Rejected",
                "Balanced",
                "Pending Print",
                "Pending Email",
                "Scheduled",
            )
        ),
        ("Open", "47550.40", DocumentStatus.OPEN),
        ("Open", "10", DocumentStatus.PARTIALLY_PAID),
        ("Closed", "0", DocumentStatus.PAID),
        ("Voided", "0", DocumentStatus.VOID),
        ("Canceled", "0", DocumentStatus.VOID),
    ],
)
def test_every_label_of_a_state_has_its_meaning(status: str, balance: str, expected: DocumentStatus) -> None:
    assert reading.remote_document(row(Status=status, Balance=D(balance)), "SalesInvoice").status is expected


def test_a_document_is_read_back_with_its_key_and_without_our_marked_rows() -> None:
    details = [
        {"TransactionDescr": v("Compressor")},
        {"TransactionDescr": v("Discount: Volume")},
        {"TransactionDescr": v("Charge: Packing")},
    ]
    found = reading.remote_document({**row(), "Details": details}, "SalesInvoice")
    assert (found.remote_id, found.kind, found.net, found.line_count) == ("Invoice/INV000146", DocumentKind.INVOICE, D("42080.00"), 1)
    assert (found.our_number, found.customer_id, found.currency, found.issue_date) == ("US-SI-000123", "MAPLEAIR", "CAD", date(2026, 7, 14))


@pytest.mark.parametrize("spoilt", [{"Status": "Parked"}, {"ReferenceNbr": "<NEW>"}, {"Amount": None}])
def test_what_is_not_of_the_documented_form_is_not_taken_for_a_document(spoilt: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        reading.remote_document(row(**spoilt), "SalesInvoice")


def reply(status: int, answer: Any) -> Reply:
    return Reply(status, {}, b"" if answer is None else to_json(answer))


def test_a_refused_record_tells_all_its_errors_and_is_not_taken_for_a_booked_one() -> None:
    echoed = {
        "id": "b641",
        "rowNumber": 1,
        "error": "Inserting 'AR Invoice' record raised at least one error. Please review the errors.",
        "ReferenceNbr": v("<NEW>"),
        "Details": [
            {
                "id": "b841",
                "rowNumber": 1,
                "InventoryID": {},
                "Project": {"value": "X", "error": "Project 'X' cannot be found in the system."},
            }
        ],
        "custom": {"CurrentDocument": {"TermsID": {"value": "Z", "error": "Terms 'Z' cannot be found in the system."}}},
    }
    found = reading.complaint(reply(422, echoed))
    assert found is not None
    assert found.field == "Details[0].Project"
    for said in ("raised at least one error", "Details[0].Project: Project 'X' cannot", "custom.CurrentDocument.TermsID: Terms 'Z'"):
        assert said in found.message
    rule = classify(SPEC.errors, 422, found.code, found.message)
    assert (rule.action, rule.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_fields_that_a_good_answer_does_not_show_are_found() -> None:
    sent = {
        "CustomerID": v("mapleair "),
        "Date": v("2026-07-14T00:00:00+00:00"),
        "ExternalRef": v("US-SI-000123"),
        "CustomerOrder": v(""),
        "Amount": v(D("10.0")),
        "FinancialDetails": {"CustomerTaxZone": v("TEXAS")},
        "Details": [{"id": "old", "delete": True}, {"Qty": v(D(2)), "WarehouseID": v("MAIN")}],
        "custom": {"CurrentDocument": {"TermsID": {"type": "CustomStringField", "value": "30D"}}},
    }
    got = {
        "CustomerID": v("MAPLEAIR"),
        "Date": v("2026-07-14T00:00:00-05:00"),
        "ExternalRef": v("US-SI-000123"),
        "CustomerOrder": {},
        "Amount": v(D("10.00")),
        "FinancialDetails": {"CustomerTaxZone": v("TEXAS")},
        "Details": [{"Qty": v(2), "WarehouseID": v("MAIN")}],
        "custom": {"CurrentDocument": {"TermsID": v("30D")}},
    }
    assert list(wrapped.ignored(sent, got)) == []
    got |= {"ExternalRef": {}, "FinancialDetails": {}, "Details": [{"Qty": v(2)}], "custom": {}}
    assert list(wrapped.ignored(sent, got)) == [
        "ExternalRef",
        "FinancialDetails.CustomerTaxZone",
        "Details[0].WarehouseID",
        "custom.CurrentDocument.TermsID",
    ]


@pytest.mark.parametrize(
    "location",
    [
        "/INSTANCE/entity/Default/24.200.001/SalesInvoice/ReleaseSalesInvoice/status/8f0e",
        "/entity/Default/24.200.001/SalesInvoice/ReleaseSalesInvoice/status/8f0e",
        "https://company.acumatica.com/INSTANCE/entity/Default/24.200.001/SalesInvoice/ReleaseSalesInvoice/status/8f0e",
    ],
)
def test_a_location_in_any_form_leads_below_the_site(location: str) -> None:
    assert status_path(location) == "entity/Default/24.200.001/SalesInvoice/ReleaseSalesInvoice/status/8f0e"


def test_a_tax_code_is_a_category_in_a_zone_at_the_newest_rate() -> None:
    zones = [{"TaxZoneID": v("TEXAS"), "ApplicableTaxes": [{"TaxID": v("TX")}]}]
    categories: list[dict[str, Any]] = [
        {"TaxCategoryID": v("TAXABLE"), "Active": v(True), "Details": [{"TaxID": v("TX")}]},
        {"TaxCategoryID": v("EXEMPT"), "Active": v(True), "Details": []},
        {"TaxCategoryID": v("ALLBUT"), "Active": v(False), "ExcludeListedTaxes": v(True), "Details": [{"TaxID": v("CA")}]},
    ]
    schedule = [
        {"StartDate": v("2020-01-01T00:00:00+00:00"), "TaxRate": v(D("8.250000"))},
        {"StartDate": v("2010-01-01T00:00:00+00:00"), "TaxRate": v(D(5))},
    ]
    found = {each.code: each for each in reading.tax_codes(zones, categories, [{"TaxID": v("TX"), "TaxSchedule": schedule}])}
    assert {code: (each.details["rate"], each.active) for code, each in found.items()} == {
        "TEXAS/TAXABLE": ("8.25", True),
        "EXEMPT": ("0", True),
        "TEXAS/EXEMPT": ("0", True),
        "TEXAS/ALLBUT": ("8.25", False),
    }
