"""Vouchers as ERPx wants them: the expected bodies are written by hand from the vendor's contract."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.documents import right_documents
from tests.platforms.unit4.documents import BUYER, SETTINGS, credit, euros, full_sale, line, off, posted, refs, sale

from airbooks.canonical import Allocation, CreditNote, DocumentReference, ExchangeRate, Invoice, Payment, PaymentTerms, TaxSubtotal
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.unit4 import mapping, postings, taxes
from airbooks.platforms.unit4.payment_rows import payment_batch, payment_marker
from airbooks.platforms.unit4.reading import Row
from airbooks.platforms.unit4.reversals import reversal_batch
from airbooks.platforms.unit4.settings import names
from airbooks.platforms.wire import to_json


def as_json(value: Any) -> Any:
    return json.loads(to_json(value), parse_float=Decimal)


def row(batch_id: str, dated: str, period: int, voucher_type: str, detail: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"companyId": "EN", "period": period, "transactionDate": dated, "transactionType": voucher_type, "transactionNumber": 1}
    return {
        "batchInformation": {"interface": "BI", "batchId": batch_id},
        "transactionInformation": {**head, "transactionDetailInformation": detail, **more},
    }


def money(flag: int, amount: str, value: str, currency: str = "EUR", rate: str | None = "0.86") -> dict[str, Any]:
    told = {"debitCreditFlag": flag, "amount": Decimal(amount), "currencyAmount": Decimal(value), "currencyCode": currency}
    return {**told, "exchangeRate": Decimal(rate)} if rate else told


U1 = {"taxCode": "U1", "taxSystem": "UK", "vatPercentage": 20}
U2 = {"taxCode": "U2", "taxSystem": "UK", "vatPercentage": 5}


def test_a_full_invoice_in_euros() -> None:
    batch = mapping.document_batch(full_sale(), refs(), {"company_reference": "SALES1", "responsible": "SALES1"})
    batch_id = batch.batch_id

    def one(detail: dict[str, Any], **more: Any) -> dict[str, Any]:
        return row(batch_id, "2024-03-15T00:00:00Z", 202403, "SI", detail, **more)

    customer = one(
        {
            "sequenceNumber": 0,
            "lineType": "AR",
            "description": "UK-SI-000117 Northgate Fabrication Ltd",
            "status": "N",
            "valueDate": "2024-03-15T00:00:00Z",
            "accountingInformation": {"account": "1500"},
            "amounts": money(1, "8965.50", "10425.00"),
        },
        invoice={
            "customerOrSupplierId": "1001",
            "ledgerType": "R",
            "invoiceNumber": "UK-SI-000117",
            "externalReference": "PO-55310",
            "dueDate": "2024-04-14T00:00:00Z",
            "discountDate": "2024-03-25T00:00:00Z",
            "currencyAmountDiscount": Decimal("208.50"),
            "orderNumber": 88213,
            "paymentMethod": "IP",
            "paymentCurrency": "EUR",
            "companyReference": "SALES1",
            "responsible": "SALES1",
        },
        additionalInformation={"externalArchiveReference": batch_id},
    )
    goods = one(
        {
            "sequenceNumber": 1,
            "lineType": "GL",
            "description": "CMP-7550 screw compressor",
            "accountingInformation": {"account": "3000", "accountingDimension1": "210", "accountingDimension2": "MAIN"},
            "amounts": money(-1, "-7310.00", "-8500.00"),
            "taxInformation": U1,
            "statisticalInformation": {"number": 2, "value": 0},
        }
    )
    freight = one(
        {
            "sequenceNumber": 2,
            "lineType": "GL",
            "description": "FRT-STD Pallet delivery",
            "accountingInformation": {"account": "3050", "accountingDimension1": "220"},
            "amounts": money(-1, "-124.70", "-145.00"),
            "taxInformation": U1,
            "statisticalInformation": {"number": 1, "value": 0},
        }
    )
    manual = one(
        {
            "sequenceNumber": 3,
            "lineType": "GL",
            "description": "MAN-01 Manual",
            "accountingInformation": {"account": "3010", "accountingDimension1": "220"},
            "amounts": money(-1, "-86.00", "-100.00"),
            "taxInformation": U2,
            "statisticalInformation": {"number": 1, "value": 0},
        }
    )
    discount = one(
        {
            "sequenceNumber": 4,
            "lineType": "GL",
            "description": "Volume discount",
            "accountingInformation": {"account": "3090", "accountingDimension1": "220"},
            "amounts": money(1, "38.70", "45.00"),
            "taxInformation": U1,
        }
    )
    standard = one(
        {
            "sequenceNumber": 5,
            "lineType": "TX",
            "description": "VAT 20%",
            "accountingInformation": {"account": "2610"},
            "amounts": money(-1, "-1479.20", "-1720.00"),
            "taxInformation": {
                **U1,
                "taxDetails": {
                    "taxBaseAccount": "3000",
                    "baseAmount": Decimal("-7396.00"),
                    "baseCurrencyAmount": Decimal("-8600.00"),
                },
            },
        }
    )
    reduced = one(
        {
            "sequenceNumber": 6,
            "lineType": "TX",
            "description": "VAT 5%",
            "accountingInformation": {"account": "2610"},
            "amounts": money(-1, "-4.30", "-5.00"),
            "taxInformation": {
                **U2,
                "taxDetails": {"taxBaseAccount": "3010", "baseAmount": Decimal("-86.00"), "baseCurrencyAmount": Decimal("-100.00")},
            },
        }
    )
    assert as_json(batch.rows) == [customer, goods, freight, manual, discount, standard, reduced]
    assert (batch.interface, batch.number) == ("BI", "UK-SI-000117")


def test_a_credit_note_takes_off_and_names_what_it_corrects() -> None:
    batch = mapping.document_batch(credit(), refs(payment_method=""), {}, posted(value="5100.00"))

    def one(detail: dict[str, Any], **more: Any) -> dict[str, Any]:
        return row(batch.batch_id, "2024-03-15T00:00:00Z", 202403, "SC", detail, **more)

    customer = one(
        {
            "sequenceNumber": 0,
            "lineType": "AR",
            "description": "UK-CN-000017 Northgate Fabrication Ltd: Returned goods UK-SI-000117",
            "status": "N",
            "valueDate": "2024-03-15T00:00:00Z",
            "accountingInformation": {"account": "1500"},
            "amounts": money(-1, "-120.00", "-120.00", "GBP", None),
        },
        invoice={
            "customerOrSupplierId": "1001",
            "ledgerType": "R",
            "invoiceNumber": "UK-CN-000017",
            "dueDate": "2024-04-14T00:00:00Z",
            "paymentCurrency": "GBP",
        },
        additionalInformation={
            "externalArchiveReference": batch.batch_id,
            "transactionNumberReference": 26000001,
            "sequenceReference": 0,
        },
    )
    revenue = one(
        {
            "sequenceNumber": 1,
            "lineType": "GL",
            "description": "CMP-7550 screw compressor",
            "accountingInformation": {"account": "3000"},
            "amounts": money(1, "100.00", "100.00", "GBP", None),
            "taxInformation": U1,
            "statisticalInformation": {"number": -1, "value": 0},
        }
    )
    tax = one(
        {
            "sequenceNumber": 2,
            "lineType": "TX",
            "description": "VAT 20%",
            "accountingInformation": {"account": "2610"},
            "amounts": money(1, "20.00", "20.00", "GBP", None),
            "taxInformation": {
                **U1,
                "taxDetails": {"taxBaseAccount": "3000", "baseAmount": Decimal("100.00"), "baseCurrencyAmount": Decimal("100.00")},
            },
        }
    )
    assert as_json(batch.rows) == [customer, revenue, tax]


def ledger_row(number: int, line_type: str, account: str, value: str, **fields: Any) -> Row:
    made = {"text": "As posted", "dimensions": {}, "tax_code": "U1", "tax_system": "UK", "tax_rate": Decimal(20)}
    amounts = {"value": Decimal(value), "amount": Decimal(value)}
    return Row(**{"sequence": number, "line_type": line_type, "account": account, **amounts, **made, **fields})


def test_a_reversal_turns_every_posted_row_and_refers_to_the_voucher() -> None:
    rows = [
        ledger_row(0, "AR", "1500", "120.00", tax_code=""),
        ledger_row(1, "GL", "3000", "-100.00", dimensions={1: "210"}),
        ledger_row(2, "TX", "2610", "-20.00"),
    ]
    batch = reversal_batch(posted(), rows, SETTINGS, on=date(2024, 4, 2), reason="Entered twice")

    def one(detail: dict[str, Any], **more: Any) -> dict[str, Any]:
        return row(batch.batch_id, "2024-04-02T00:00:00Z", 202404, "SC", detail, **more)

    customer = one(
        {
            "sequenceNumber": 0,
            "lineType": "AR",
            "description": "UK-SI-000117-CR Entered twice",
            "status": "N",
            "valueDate": "2024-04-02T00:00:00Z",
            "accountingInformation": {"account": "1500"},
            "amounts": money(-1, "-120.00", "-120.00", "GBP", None),
        },
        invoice={
            "customerOrSupplierId": "1001",
            "ledgerType": "R",
            "invoiceNumber": "UK-SI-000117-CR",
            "dueDate": "2024-04-02T00:00:00Z",
            "paymentCurrency": "GBP",
        },
        additionalInformation={
            "externalArchiveReference": batch.batch_id,
            "transactionNumberReference": 26000001,
            "sequenceReference": 0,
        },
    )
    revenue = one(
        {
            "sequenceNumber": 1,
            "lineType": "GL",
            "description": "As posted",
            "accountingInformation": {"account": "3000", "accountingDimension1": "210"},
            "amounts": money(1, "100.00", "100.00", "GBP", None),
            "taxInformation": U1,
        }
    )
    tax = one(
        {
            "sequenceNumber": 2,
            "lineType": "TX",
            "description": "As posted",
            "accountingInformation": {"account": "2610"},
            "amounts": money(1, "20.00", "20.00", "GBP", None),
            "taxInformation": {
                **U1,
                "taxDetails": {"taxBaseAccount": "3000", "baseAmount": Decimal("100.00"), "baseCurrencyAmount": Decimal("100.00")},
            },
        }
    )
    assert as_json(batch.rows) == [customer, revenue, tax]


def test_a_payment_debits_the_bank_and_credits_what_it_settles() -> None:
    payment = Payment(
        source="bank",
        source_id="pay-1",
        customer_code="C-1",
        received_on=date(2024, 4, 10),
        amount=Decimal("150.00"),
        currency="GBP",
        method="Wire",
        reference="REF-1",
        bank_fee=Decimal("2.50"),
        allocations=(Allocation(document_number="UK-SI-000117", remote_id="26000001", amount=Decimal("120.00")),),
    )
    batch = payment_batch(payment, "1001", [posted()], None, refs(bank_fee_account="6200"))
    item = {
        "customerOrSupplierId": "1001",
        "ledgerType": "R",
        "externalReference": batch.batch_id,
        "paymentMethod": "IP",
        "paymentCurrency": "GBP",
    }

    def one(number: int, kind: str, account: str, amount: str, **more: Any) -> dict[str, Any]:
        status = {"status": "N", "valueDate": "2024-04-10T00:00:00Z"} if kind == "AR" else {}
        detail = {
            "sequenceNumber": number,
            "lineType": kind,
            "description": "REF-1",
            **status,
            "accountingInformation": {"account": account},
            "amounts": money(-1 if amount.startswith("-") else 1, amount, amount, "GBP", None),
        }
        return row(batch.batch_id, "2024-04-10T00:00:00Z", 202404, "CP", detail, **more)

    assert as_json(batch.rows) == [
        one(0, "GL", "1920", "147.50"),
        one(1, "GL", "6200", "2.50"),
        one(2, "AR", "1500", "-120.00", invoice={**item, "invoiceNumber": "UK-SI-000117"}),
        one(3, "AR", "1500", "-30.00", invoice={**item, "paymentOnAccount": True}),
    ]
    assert batch.batch_id == payment_marker(payment, "EN")


def test_gl07_is_ordered_for_one_batch_with_the_tenants_own_parameters() -> None:
    batch = mapping.Batch("BI", "AF-INV-2024-00117", "INV-2024-00117", [])
    settings = {**SETTINGS, "gl07_variant": "1", "gl07_parameters": '{"post_back": "1"}'}
    order = mapping.gl07_order(batch, settings, datetime(2024, 3, 15, 10, tzinfo=UTC))
    assert as_json(order) == {
        "reportId": "GL07",
        "reportName": "GL07",
        "variant": 1,
        "userId": "APIUSER",
        "companyId": "EN",
        "parameters": [
            {"id": "batch_id", "value": "AF-INV-2024-00117"},
            {"id": "interface", "value": "BI"},
            {"id": "post_back", "value": "1"},
        ],
        "generalParameters": {
            "priority": 0,
            "emailConfirmation": False,
            "status": "N",
            "start": "2024-03-15T10:00:00Z",
            "outputType": 0,
        },
    }


def test_a_new_customer_bears_our_code_as_id_or_as_reference_where_the_group_numbers() -> None:
    settings = {**SETTINGS, "customer_group": "10", "customer_reference": "externalReference"}
    expected = {
        "companyId": "EN",
        "customerId": "CUST1042",
        "customerName": "Northgate Fabrication Ltd",
        "customerGroupId": "10",
        "countryCode": "GB",
        "invoice": {"currencyCode": "GBP"},
        "payment": {"status": "N"},
        "contactPoints": [
            {
                "contactPointType": "1",
                "address": {"streetAddress": "Unit 7 Wharf Road", "postcode": "S9 2LF", "place": "Sheffield", "countryCode": "GB"},
                "additionalContactInfo": {"eMail": "ap@northgate.example"},
            }
        ],
    }
    assert mapping.customer_body(BUYER, settings, "GBP") == expected
    numbered = mapping.customer_body(BUYER, {**settings, "customer_numbers": "customer group"}, "GBP")
    assert "customerId" not in numbered
    assert numbered["externalReference"] == "CUST1042"


# -- the parts --------------------------------------------------------------------------------------------------------------------


def amounts_of(batch: mapping.Batch) -> list[dict[str, Any]]:
    return [each["transactionInformation"]["transactionDetailInformation"]["amounts"] for each in batch.rows]


def test_pence_that_the_conversion_leaves_go_to_the_rounding_account() -> None:
    lines = [line(number, price="0.33") for number in (1, 2, 3)]
    batch = mapping.document_batch(sale(*lines, **euros("0.86")), refs(), {})
    last = batch.rows[-1]["transactionInformation"]["transactionDetailInformation"]
    assert (last["lineType"], last["accountingInformation"]) == ("GL", {"account": "6990"})
    assert sum(each["amount"] for each in amounts_of(batch)) == 0
    assert last["amounts"]["currencyAmount"] == 0
    assert last["amounts"]["amount"] == Decimal("-0.01")
    assert last["amounts"]["debitCreditFlag"] == -1


@pytest.mark.parametrize(("day", "shift", "period"), [("2025-04-02", 0, 202504), ("2025-04-02", 9, 202601), ("2025-03-31", -3, 202412)])
def test_the_period_is_the_fiscal_one_of_the_ledger_date(day: str, shift: int, period: int) -> None:
    assert postings.period(date.fromisoformat(day), shift) == period


def test_a_posting_date_moves_the_period_and_not_the_date_of_the_invoice() -> None:
    batch = mapping.document_batch(sale(posting_date=date(2024, 5, 2)), refs(), {})
    voucher = batch.rows[0]["transactionInformation"]
    assert (voucher["period"], voucher["transactionDate"]) == (202405, "2024-03-15T00:00:00Z")
    assert voucher["transactionDetailInformation"]["valueDate"] == "2024-05-02T00:00:00Z"


def test_the_rate_can_be_told_the_other_way_round() -> None:
    batch = mapping.document_batch(sale(**euros("0.80")), refs(rate_direction="currency per company"), {})
    assert amounts_of(batch)[0]["exchangeRate"] == Decimal("1.25")
    assert amounts_of(batch)[0]["amount"] == Decimal("4080.00")


def test_a_batch_id_is_the_same_for_each_try_and_another_for_each_purpose_and_company() -> None:
    made = {
        mapping.batch_id(kind, company, number)
        for kind in (mapping.CREATE, mapping.VOID)
        for company in ("EN", "DE")
        for number in ("UK-SI-000117", "UK/SI/000117")
    }
    assert len(made) == 8
    assert mapping.batch_id("I", "EN", "UK-SI-000117").startswith("I-UK-SI-000117-")


@given(st.text(min_size=1, max_size=97))
@settings(max_examples=30)
def test_a_batch_id_fits_whatever_the_number_is(number: str) -> None:
    made = mapping.batch_id(mapping.CREATE, "EN", number)
    assert len(made) <= 25
    assert made.isascii()
    assert "/" not in made


def test_texts_of_a_line_that_fit_are_told_and_the_others_named() -> None:
    told, left_out = mapping.line_text(line(serial_numbers=("SN-1",), description="x" * 300, note="Night shift"))
    assert told == "CMP-7550 screw compressor; SN-1; Night shift"
    assert left_out == ["description"]


@pytest.mark.parametrize(("order", "told"), [("88213", 88213), ("SO-88213", None), ("26020308031599", None), ("", None)])
def test_an_order_number_goes_where_it_is_a_32_bit_integer(order: str, told: int | None) -> None:
    assert mapping.whole_number(order) == told


def test_a_credit_note_without_terms_is_due_at_once() -> None:
    assert mapping.due_date(credit(terms=PaymentTerms())) == date(2024, 3, 15)


def test_a_dimension_of_another_attribute_is_not_put_into_the_slot() -> None:
    entries = {**refs().entries}
    key = (ReferenceKind.DIMENSION, "department:WHOLESALE")
    entries[key] = ReferenceItem(kind=key[0], code="B0:MAIN", remote_id="MAIN", details={"attribute": "B0"})
    wrong = References(customer="1001", entries=entries, settings=SETTINGS)
    with pytest.raises(ReferenceMissing):
        mapping.document_batch(sale(line(dimensions={"department": "WHOLESALE"})), wrong, {})


def test_a_tax_that_two_codes_make_up_is_shared_out_to_the_penny() -> None:
    other = line(2, price="33.33", tax_code="GB-X20")
    document = sale(line(1, price="66.68"), other)
    whole = TaxSubtotal(
        category=document.tax_breakdown[0].category, rate=Decimal(20), taxable_amount=Decimal("100.01"), tax_amount=Decimal("20.00")
    )
    found = taxes.shares(document.model_copy(update={"tax_breakdown": (whole,)}))
    assert [(each.code, each.base, each.tax) for each in found] == [
        ("GB-S20", Decimal("66.68"), Decimal("13.33")),
        ("GB-X20", Decimal("33.33"), Decimal("6.67")),
    ]


def test_two_codes_of_ours_that_are_one_of_theirs_make_one_tax_row_with_the_base_of_both() -> None:
    entries = {**refs().entries}
    key = (ReferenceKind.TAX_CODE, "GB-X20")
    entries[key] = ReferenceItem(kind=key[0], code="U1", remote_id="U1", details={"rate": "20", "system": "UK"})
    document = sale(line(1, price="100.00"), line(2, price="50.00", tax_code="GB-X20"))
    batch = mapping.document_batch(document, References(customer="1001", entries=entries, settings=SETTINGS), {})
    details = [each["transactionInformation"]["transactionDetailInformation"] for each in batch.rows]
    (tax,) = [each for each in details if each["lineType"] == "TX"]
    assert tax["amounts"]["currencyAmount"] == Decimal("-30.00")
    assert tax["taxInformation"]["taxDetails"]["baseCurrencyAmount"] == Decimal("-150.00")


def test_a_rate_of_zero_brings_no_tax_row() -> None:
    batch = mapping.document_batch(sale(line(tax_code="GB-Z0", rate="0", category="Z")), refs(), {})
    assert [each["transactionInformation"]["transactionDetailInformation"]["lineType"] for each in batch.rows] == ["AR", "GL"]


class EveryCode(dict[tuple[ReferenceKind, str], ReferenceItem]):
    """Knows every code, under our own name."""

    def __missing__(self, key: tuple[ReferenceKind, str]) -> ReferenceItem:
        return ReferenceItem(kind=key[0], code=key[1])

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key]


@given(right_documents(), st.decimals("0.0001", "200", places=4))
@settings(max_examples=30)
def test_every_voucher_balances_in_both_currencies_and_says_debit_and_credit_by_its_sign(
    document: Invoice | CreditNote, rate: Decimal
) -> None:
    document = document.model_copy(update={"exchange_rate": ExchangeRate(base="GBP", rate=rate)})
    batch = mapping.document_batch(document, References(customer="1001", entries=EveryCode(), settings=SETTINGS), {})
    found = amounts_of(batch)
    assert sum(each["currencyAmount"] for each in found) == 0
    assert sum(each["amount"] for each in found) == 0
    assert abs(found[0]["currencyAmount"]) == document.gross_total
    assert (found[0]["currencyAmount"] > 0) is isinstance(document, Invoice)
    assert all((each["currencyAmount"] or each["amount"]) * each["debitCreditFlag"] >= 0 for each in found)


def test_names_in_a_field_are_separated_by_commas() -> None:
    assert names({"payment_types": "CP, IP,"}, "payment_types") == ["CP", "IP"]


def test_a_credit_note_of_several_invoices_names_them_all_in_its_text() -> None:
    both = (DocumentReference(number="UK-SI-1"), DocumentReference(number="UK-SI-2"))
    batch = mapping.document_batch(credit(preceding_invoices=both, charges=[off("1.00")]), refs(), {})
    detail = batch.rows[0]["transactionInformation"]["transactionDetailInformation"]
    assert detail["description"].endswith("Returned goods UK-SI-1, UK-SI-2")
