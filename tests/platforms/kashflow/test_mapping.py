"""Canonical documents as KashFlow bodies: expected bodies are written by hand from the contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from tests.documents import right_documents
from tests.platforms.kashflow.documents import BUYER, CLIENT, ENTRIES, R5, SETTINGS, credit, euros, line, off, refs, sale

from airbooks.canonical import (
    Allocation,
    AllowanceCharge,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
    Severity,
)
from airbooks.platforms.errors import Action, Outcome, ReferenceMissing, classify
from airbooks.platforms.kashflow import mapping, reading
from airbooks.platforms.kashflow.lines import vat_amounts
from airbooks.platforms.kashflow.refusals import refusals
from airbooks.platforms.kashflow.spec import ERRORS, NO_MAPPING, SPEC
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.wire import from_json, to_json

Json = dict[str, Any]
NOTHING: Json = {}


def body(document: Invoice | CreditNote, settings: dict[str, str] | None = None, **options: Any) -> Any:
    """The body as it goes over the wire, read back."""
    return from_json(to_json(mapping.document_body(document, refs(settings), options)))


def lines(document: Invoice | CreditNote, settings: dict[str, str] | None = None) -> list[Any]:
    found: list[Any] = body(document, settings)["LineItems"]
    return found


# -- whole documents --------------------------------------------------------------------------------------------------------------


def full_invoice() -> Invoice:
    """A line discount, a document discount, freight, two rates, euros, dimensions, a place of delivery."""
    cheaper = AllowanceCharge(amount=Decimal("415.00"), percent=Decimal(5), reason="Dealer discount")
    goods = line(allowances_charges=(cheaper,), dimensions={"department": "WHOLESALE"}, warehouse="MAIN")
    kit = line(2, "10", "38.50", name="Inline filter kit", item_code="", account_code="PARTS", **R5)
    freight = line(3, "1", "120.00", name="Carriage", item_code="", account_code="", kind=LineKind.FREIGHT)
    place = BUYER.address.model_copy(update={"line1": "Unit 4 Valve Road", "line2": "", "city": "Leeds", "postal_code": "LS10 1AA"})
    return sale(
        goods,
        kit,
        freight,
        charges=[off("100.00", account_code="DISCOUNT")],
        purchase_order="PO-77812",
        delivery=Delivery(name="Depot", address=place),
        dimensions={"department": "SERVICE"},
        notes=("Thank you.",),
        sales_order="SO-9",
        **euros(),
    )


FULL: Json = {
    "CustomerCode": "CUS000123",
    "CustomerReference": "UK-SI-000042 / PO-77812",
    "IssuedDate": "2026-01-15 00:00:00",
    "DueDate": "2026-02-14 00:00:00",
    "ProjectNumber": 8,
    "Currency": {"Code": "EUR", "ExchangeRate": Decimal("1.170000")},
    "AutomaticCreditControlEnabled": False,
    "IsCISReverseCharge": False,
    "Address": {
        "Line1": "12 Piston Way",
        "Line2": "Trafford Park",
        "Line3": "Manchester",
        "PostCode": "M17 1AB",
        "CountryCode": "GB",
    },
    "UseCustomDeliveryAddress": True,
    "DeliveryAddress": {"Name": "Depot", "Line1": "Unit 4 Valve Road", "Line3": "Leeds", "PostCode": "LS10 1AA", "CountryCode": "GB"},
    "UpdateCustomerAddress": False,
    "UpdateCustomerDeliveryAddress": False,
    "LineItems": [
        {
            "Number": 1,
            "Description": "AC-250 rotary screw compressor\nDealer discount 5 %: -415.00\nWarehouse: Main",
            "Quantity": 2,
            "Rate": Decimal("3942.50"),
            "VATLevel": 20,
            "VATExempt": False,
            "VATAmount": Decimal("1577.00"),
            "NominalCode": 4000,
            "ProductCode": "AC-250",
            "ProjectNumber": 7,
        },
        {
            "Number": 2,
            "Description": "Inline filter kit",
            "Quantity": 10,
            "Rate": Decimal("38.50"),
            "VATLevel": 5,
            "VATExempt": False,
            "VATAmount": Decimal("19.25"),
            "NominalCode": 4010,
        },
        {
            "Number": 3,
            "Description": "Carriage",
            "Quantity": 1,
            "Rate": Decimal("120.00"),
            "VATLevel": 20,
            "VATExempt": False,
            "VATAmount": Decimal("24.00"),
            "NominalCode": 4905,
        },
        {
            "Number": 4,
            "Description": "[Discount] Volume discount",
            "Quantity": 1,
            "Rate": Decimal("-100.00"),
            "VATLevel": 20,
            "VATExempt": False,
            "VATAmount": Decimal("-20.00"),
            "NominalCode": 4800,
        },
        {
            "Number": 5,
            "Description": "Thank you.\nSales order: SO-9",
            "Quantity": 0,
            "Rate": 0,
            "VATLevel": 0,
            "VATExempt": False,
            "VATAmount": 0,
            "NominalCode": 4000,
        },
    ],
}


def test_a_full_invoice_is_the_body_of_the_contract() -> None:
    assert body(full_invoice()) == FULL


def test_a_credit_note_is_an_invoice_with_negative_quantities() -> None:
    document = credit(line(quantity="1"), charges=[off("100.00")], reason="Returned goods")
    assert body(document) == {
        "CustomerCode": "CUS000123",
        "CustomerReference": "UK-CN-000017",
        "IssuedDate": "2026-01-15 00:00:00",
        "DueDate": "2026-02-14 00:00:00",
        "Currency": {"Code": "GBP"},
        "AutomaticCreditControlEnabled": False,
        "IsCISReverseCharge": False,
        "Address": FULL["Address"],
        "UpdateCustomerAddress": False,
        "UpdateCustomerDeliveryAddress": False,
        "LineItems": [
            {
                "Number": 1,
                "Description": "AC-250 rotary screw compressor",
                "Quantity": -1,
                "Rate": Decimal("4150.00"),
                "VATLevel": 20,
                "VATExempt": False,
                "VATAmount": Decimal("-830.00"),
                "NominalCode": 4000,
                "ProductCode": "AC-250",
            },
            {
                "Number": 2,
                "Description": "[Discount] Volume discount",
                "Quantity": -1,
                "Rate": Decimal("-100.00"),
                "VATLevel": 20,
                "VATExempt": False,
                "VATAmount": Decimal("20.00"),
                "NominalCode": 4800,
            },
            {
                "Number": 3,
                "Description": "Returned goods\nCorrects: UK-SI-000123",
                "Quantity": 0,
                "Rate": 0,
                "VATLevel": 0,
                "VATExempt": False,
                "VATAmount": 0,
                "NominalCode": 4000,
            },
        ],
    }


# -- the head -----------------------------------------------------------------------------------------------------------------------


def test_a_purchase_order_that_does_not_fit_the_reference_is_told_in_a_line_and_not_cut() -> None:
    found = body(sale(purchase_order="P" * 36))
    assert found["CustomerReference"] == "UK-SI-000042"
    assert found["LineItems"][-1]["Description"] == f"Purchase order: {'P' * 36}"
    assert lines(sale(number="UK-SI-" + "1" * 44, purchase_order="1"))[-1]["Description"] == "Purchase order: 1"
    assert body(sale(purchase_order="P" * 35))["CustomerReference"] == f"UK-SI-000042 / {'P' * 35}"


def test_due_date_comes_from_the_terms_where_none_is_given() -> None:
    terms = PaymentTerms(code="Net 14", net_days=14)
    assert body(sale(due_date=None, terms=terms))["DueDate"] == "2026-01-29 00:00:00"
    assert "DueDate" not in body(sale(due_date=None, terms=PaymentTerms()))


def test_an_early_payment_discount_is_told_for_a_due_date_does_not_say_it() -> None:
    terms = PaymentTerms(code="2% 10 Net 30", text="2 % within 10 days", net_days=30, discount_percent=Decimal(2), discount_days=10)
    assert lines(sale(terms=terms))[-1]["Description"] == "Terms: 2 % within 10 days"
    bare = terms.model_copy(update={"code": "", "text": ""})
    assert lines(sale(terms=bare))[-1]["Description"] == "Terms: 2 % discount within 10 days"


def test_why_no_vat_is_charged_is_told_on_the_invoice() -> None:
    reverse = line(tax_category="AE", rate="0", tax_code="GB-RC")
    assert lines(sale(reverse))[-1]["Description"] == "VAT: Reverse charge"


def test_the_ledger_date_is_the_invoices_date_and_the_other_one_is_told() -> None:
    found = body(sale(posting_date=date(2026, 1, 20)))
    assert found["IssuedDate"] == "2026-01-20 00:00:00"
    assert found["LineItems"][-1]["Description"] == "Issued: 2026-01-15"


def test_the_operators_options_reach_the_body() -> None:
    reverse = line(tax_category="AE", rate="0", tax_code="GB-RC")
    options: Json = {"automatic_credit_control": True, "update_customer_address": True, "cis_reverse_charge": True, "project_number": "5"}
    found = body(sale(reverse), **options)
    assert found["AutomaticCreditControlEnabled"]
    assert found["UpdateCustomerAddress"]
    assert found["IsCISReverseCharge"]
    assert found["ProjectNumber"] == 5
    assert not body(sale(), **options)["IsCISReverseCharge"]


@pytest.mark.parametrize(("document", "number"), [(sale(number="UK-SI-000042"), 42), (credit(number="UK-CN-000042"), 1_000_042)])
def test_in_client_mode_the_digits_at_the_end_of_our_number_are_theirs(document: Any, number: int) -> None:
    assert body(document, CLIENT)["Number"] == number
    assert "Number" not in body(document, SETTINGS)


# -- lines --------------------------------------------------------------------------------------------------------------------------


def test_prices_given_with_tax_are_sent_net() -> None:
    gross = line(1, "2", "60.00", net_amount=Decimal("100.00"))
    (sent,) = lines(sale(gross, prices_include_tax=True))
    assert (sent["Quantity"], sent["Rate"], sent["VATAmount"]) == (2, 50, 20)


def test_a_line_whose_rate_needs_more_decimals_is_one_piece_without_product() -> None:
    (sent,) = lines(sale(line(1, "7", "38.175")))
    assert (sent["Quantity"], sent["Rate"]) == (1, Decimal("267.23"))
    assert sent["Description"] == "AC-250 rotary screw compressor\nQuantity: 7 at 38.175\nItem: AC-250"
    assert "ProductCode" not in sent


def test_a_rate_of_four_decimals_is_sent_as_it_is() -> None:
    (sent,) = lines(sale(line(1, "20", "12.33515", net_amount=Decimal("246.70"))))
    assert (sent["Quantity"], sent["Rate"], sent["ProductCode"]) == (20, Decimal("12.3350"), "AC-250")


def test_zero_rated_and_exempt_lines_say_so() -> None:
    zero = line(1, tax_category="Z", rate="0", tax_code="GB-Z0")
    exempt = line(2, tax_category="E", rate="0", tax_code="GB-EX")
    told = [(each["VATLevel"], each["VATExempt"], each["VATAmount"]) for each in lines(sale(zero, exempt))[:2]]
    assert told == [(0, False, 0), (0, True, 0)]


def test_the_vat_of_the_lines_adds_up_to_the_documents_tax_where_rounding_each_would_not() -> None:
    document = sale(*(line(number, "1", "0.03") for number in range(1, 5)))
    amounts = [each["VATAmount"] for each in lines(document)]
    assert sum(amounts) == document.tax_total == Decimal("0.02")
    assert sorted(amounts) == [0, 0, Decimal("0.01"), Decimal("0.01")]


@given(right_documents())
def test_for_any_document_the_lines_add_up_to_its_net_and_tax(document: Invoice | CreditNote) -> None:
    if any(each.severity is Severity.ERROR and each.field != "exchange_rate" for each in refusals(document, SETTINGS)):
        return
    bare = [each.model_copy(update={"item_code": "", "account_code": "", "tax_code": ""}) for each in document.lines]
    own = [each.model_copy(update={"account_code": "", "tax_code": ""}) for each in document.allowances_charges]
    document = document.model_copy(update={"lines": tuple(bare), "allowances_charges": tuple(own)})
    sent = mapping.document_body(document, References(customer="C", entries=ENTRIES, settings=SETTINGS), NOTHING)["LineItems"]
    sign = -1 if isinstance(document, CreditNote) else 1
    assert sum((each["Quantity"] * each["Rate"] for each in sent), Decimal(0)) == sign * document.net_total
    assert sum((each["VATAmount"] for each in sent), Decimal(0)) == sign * document.tax_total
    assert all(each["Rate"] == round(each["Rate"], 4) and each["Quantity"] == round(each["Quantity"], 4) for each in sent)


def test_comments_keep_their_place_as_texts() -> None:
    text = Line(line_id="2", kind=LineKind.COMMENT, name="Deliver to the rear gate.", unit="", quantity=Decimal(0))
    first, second, third = lines(sale(line(1), text, line(3)))
    assert (second["Description"], second["Quantity"], second["Rate"]) == ("Deliver to the rear gate.", 0, 0)
    assert (first["Number"], second["Number"], third["Number"]) == (1, 2, 3)


def test_what_a_line_has_and_kashflow_has_no_field_for_stands_in_its_description() -> None:
    rich = line(
        unit="MTR",
        serial_numbers=("SN-1", "SN-2"),
        order_reference="SO-1",
        order_line="3",
        service_date=date(2026, 1, 9),
        commodity_code="8414",
        gtin="0012345678905",
    )
    assert lines(sale(rich))[0]["Description"].splitlines()[1:] == [
        "Unit: MTR",
        "Serial numbers: SN-1, SN-2",
        "Order: SO-1 3",
        "Service date: 2026-01-09",
        "Commodity code: 8414",
        "GTIN: 0012345678905",
    ]


def test_a_code_without_a_mapping_is_named() -> None:
    with pytest.raises(ReferenceMissing, match="UNKNOWN"):
        body(sale(line(account_code="UNKNOWN")))


def test_a_tax_code_mapped_to_another_rate_is_noticed() -> None:
    document = sale(line(tax_code="GB-R5"))
    assert mapping.wrong_rates(document, refs()) == ["GB-R5 is 20 % here and 5 % in KashFlow (5%)"]


# -- refusals -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (sale(number="N" * 51), "number"),
        (sale(number="UK / 1"), "number"),
        (sale(rounding_amount=Decimal("0.02")), "rounding_amount"),
        (sale(prepaid_amount=Decimal(20)), "prepaid_amount"),
        (sale(withholding_tax=Decimal(5)), "withholding_tax"),
        (sale(line(net_amount=Decimal("10.005"))), "lines[0].net_amount"),
        (sale(line(quantity="-1")), "gross_total"),
        (credit(line(quantity="0")), "gross_total"),
        (sale(currency="EUR"), "exchange_rate"),
        (sale(**{**euros(), "exchange_rate": euros()["exchange_rate"].model_copy(update={"base": "USD"})}), "exchange_rate.base"),
        (sale(tax_breakdown=()), "tax_breakdown"),
        (sale(tax_total=Decimal("1659.99")), "tax_total"),
    ],
)
def test_what_kashflow_cannot_express_is_refused_with_a_way_out(document: Invoice | CreditNote, field: str) -> None:
    (found,) = refusals(document, SETTINGS, "kashflow_uk")
    assert (found.field, found.severity, found.connection) == (field, Severity.ERROR, "kashflow_uk")
    assert found.says.endswith(".")
    assert found.fix.endswith(".")


@pytest.mark.parametrize("number", ["UK-SI-A", "UK-SI-99999999999"])
def test_in_client_mode_a_number_must_become_an_integer(number: str) -> None:
    assert [each.field for each in refusals(sale(number=number), CLIENT)] == ["number"]
    assert refusals(sale(number=number), SETTINGS) == ()


def test_an_internal_note_is_not_printed_and_that_is_told() -> None:
    document = sale(internal_note="Pays late.")
    assert [each.severity for each in refusals(document, SETTINGS)] == [Severity.WARNING]
    assert "Pays late" not in str(body(document))


# -- reading --------------------------------------------------------------------------------------------------------------------------

ROW: Json = {
    "Id": 57,
    "Number": 10042,
    "CustomerCode": "CUS000123",
    "CustomerReference": "UK-SI-000042 / PO-77812",
    "IssuedDate": "2026-01-15 00:00:00 +00:00",
    "Currency": {"Code": "GBP", "ExchangeRate": 1},
    "NetAmount": Decimal("8300.0000"),
    "VATAmount": Decimal("1660.0000"),
    "GrossAmount": Decimal("9960.0000"),
    "TotalPaidAmount": Decimal("0.0000"),
    "DueAmount": Decimal("9960.0000"),
    "Status": "Unpaid",
    "LineItems": FULL["LineItems"],
}


def test_an_invoice_is_read_with_its_number_and_id_and_only_our_lines_are_counted() -> None:
    remote = reading.remote_document(ROW)
    assert (remote.remote_id, remote.number, remote.our_number) == ("10042.57", "10042", "UK-SI-000042")
    assert (remote.kind, remote.status, remote.line_count) == (DocumentKind.INVOICE, DocumentStatus.OPEN, 3)
    assert (remote.net, remote.tax) == (Decimal(8300), Decimal(1660))
    assert remote.total == remote.balance == Decimal(9960)
    assert remote.issue_date == date(2026, 1, 15)


@pytest.mark.parametrize(
    ("paid", "due", "status"),
    [(0, 9960, DocumentStatus.OPEN), (60, 9900, DocumentStatus.PARTIALLY_PAID), (9960, 0, DocumentStatus.PAID)],
)
def test_the_status_follows_from_the_amounts_and_not_from_its_word(paid: int, due: int, status: DocumentStatus) -> None:
    assert reading.remote_document({**ROW, "TotalPaidAmount": paid, "DueAmount": due, "Status": "Overdue"}).status is status


def test_a_total_below_zero_is_a_credit_note_with_positive_amounts() -> None:
    amounts = {name: -ROW[name] for name in ("NetAmount", "VATAmount", "GrossAmount", "DueAmount")}
    remote = reading.remote_document({**ROW, **amounts})
    assert (remote.kind, remote.net) == (DocumentKind.CREDIT_NOTE, Decimal(8300))
    assert remote.total == remote.balance == Decimal(9960)


def test_payment_lines_of_one_payment_are_one_payment() -> None:
    def paid(number: int, line_id: int, note: str) -> tuple[Json, Json]:
        line = {"Id": line_id, "Date": "2026-02-10 00:00:00", "Amount": Decimal("10.0000"), "Reference": "EFT 55121", "Note": note}
        return {**ROW, "Number": number, "Id": number}, line

    together = [paid(1, 5, "[bank pay-1]\nThanks"), paid(2, 6, "[bank pay-1]"), paid(3, 7, ""), paid(3, 8, "")]
    found = list(reading.payments(together))
    assert [(each.remote_id, each.amount, len(each.allocations)) for each in found] == [
        ("5", Decimal(20), 2),
        ("7", Decimal(10), 1),
        ("8", Decimal(10), 1),
    ]


def test_products_of_one_code_under_two_nominal_codes_are_told_apart() -> None:
    rows = [{"Code": "KIT", "NominalCode": 4000}, {"Code": "KIT", "NominalCode": 4010}, {"Code": "HOSE", "NominalCode": 4010}]
    items = reading.reference_items(ReferenceKind.ITEM, rows)
    assert [(each.code, each.remote_id) for each in items] == [("4000/KIT", "KIT"), ("4010/KIT", "KIT"), ("HOSE", "HOSE")]


# -- customers and payments -----------------------------------------------------------------------------------------------------------


def test_a_customer_is_the_body_of_the_contract() -> None:
    assert mapping.customer_body(BUYER, "GBP", SETTINGS) == {
        "Code": "CUS000123",
        "CustomerKey": "CUS000123",
        "Name": "Northern Pneumatics Ltd",
        "CreateCustomerCodeIfDuplicate": False,
        "Contacts": [
            {
                "Firstname": "Jane",
                "LastName": "Airey",
                "Email": "ap@northernpneu.example",
                "Telephone": "01612220000",
                "IsPrimary": True,
            }
        ],
        "Addresses": [FULL["Address"]],
        "Currency": {"Code": "GBP"},
        "VATNumber": "GB123456789",
        "DefaultNominalCode": 4000,
    }


def test_a_payment_is_a_line_that_carries_our_marker() -> None:
    allocation = Allocation(document_number="UK-SI-000042", remote_id="10042.57", amount=Decimal("5000.00"))
    payment = Payment(
        source="bank",
        source_id="pay-1",
        customer_code="CUS000123",
        received_on=date(2026, 2, 10),
        amount=Decimal("5000.00"),
        currency="GBP",
        method="Wire",
        reference="EFT 55121",
        memo="With thanks",
        bank_fee=Decimal("1.50"),
        allocations=(allocation,),
    )
    assert mapping.payment_line(payment, allocation, refs()) == {
        "Date": "2026-02-10 00:00:00",
        "Amount": Decimal("5000.00"),
        "Method": 3,
        "AccountId": 1211,
        "Reference": "EFT 55121",
        "Note": "[bank pay-1]\nWith thanks",
    }


# -- the error table ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "text", "action", "outcome"),
    [
        (400, "-2146232060", "Execution Timeout Expired.", Action.LOOK_UP, Outcome.UNKNOWN),
        (400, "-2146232061", "Something numeric", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        (401, "InvalidSessionToken", "Session token provided is invalid.", Action.RENEW, Outcome.DID_NOT_HAPPEN),
        (400, "InvalidCredentials", "", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (400, "AccountLocked", "", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (400, "PasswordExpired", "", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (400, "InvoiceLimitReached", "", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (403, "", "", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (404, "", "", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        (400, "Anything", "Customer code already exists", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        (429, "", "", Action.WAIT, Outcome.DID_NOT_HAPPEN),
        (503, "", "", Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_the_error_table_says_what_to_do_and_whether_it_happened(
    status: int, code: str, text: str, action: Action, outcome: Outcome
) -> None:
    rule = classify(ERRORS, status, code, text)
    assert (rule.action, rule.outcome) == (action, outcome)


def test_a_locked_date_is_one_cause_for_all_documents() -> None:
    rule = classify(ERRORS, 400, "X", "Transactions up to 2026-01-31 are locked.")
    assert (rule.name, rule.shared) == ("period closed", True)
    assert NO_MAPPING.action is Action.REVIEW
    assert SPEC.settle_seconds > SPEC.read_timeout_seconds


def test_shares_of_vat_keep_their_order() -> None:
    document = full_invoice()
    assert vat_amounts(document) == [Decimal("1577.00"), Decimal("19.25"), Decimal("24.00"), Decimal("-20.00")]
