"""Journal entries of documents and payments, against bodies written by hand from the vendor's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.documents import credit_note, invoice, line, right_documents
from tests.platforms.sap_s4hana.expected import CREDIT, FULL
from tests.platforms.sap_s4hana.messages import SCHEMA, VENDORS, facts, message_of
from tests.platforms.sap_s4hana.setup import codes

from airbooks.canonical import (
    Allocation,
    AllowanceCharge,
    CreditNote,
    DocumentReference,
    ExchangeRate,
    Invoice,
    Payment,
    PaymentTerms,
    Severity,
    TaxCategory,
    minor_units,
)
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.sap_s4hana import mapping, settlements, soap
from airbooks.platforms.sap_s4hana.refusals import refusals
from airbooks.platforms.sap_s4hana.sandbox import schema
from airbooks.platforms.sap_s4hana.spec import SPEC

SETTINGS = {
    "company_code": "1710", "home_currency": "EUR", "created_by_user": "AIRFLOW", "doc_type_invoice": "DR", "doc_type_credit": "DG",
    "doc_type_payment": "DZ", "doc_type_clearing": "AB", "reversal_reason": "01", "tax_class": "MWS", "condition_type": "MWAS",
    "discount_gl": "4800", "freight_gl": "4900", "send_material": "True", "bank_gl": "11001060", "house_bank": "DEBK1",
    "house_bank_account": "DEAC1",
}  # fmt: skip
NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
S19 = {"rate": "19", "tax_code": "DE-S19"}


def references(document: Invoice | CreditNote, **changes: str) -> References:
    """Every code of the document as the company code calls it; unknown tax codes are A1."""
    entries = {}
    for kind, code in required_codes(document, SPEC.reference_kinds):
        name = codes(kind.value, code) or "A1"
        entries[kind, code] = ReferenceItem(kind=kind, code=name, remote_id=name)
    return References(customer="17100042", entries=entries, settings={**SETTINGS, **changes})


def head(**fields: Any) -> dict[str, Any]:
    return {"number": "EU-SI-000123", "division": "EU", "purchase_order": "PO-88213", **fields}


def full_invoice() -> Invoice:
    """A line discount, a document discount, freight, two tax rates, a foreign currency, assignments, an early-payment discount."""
    off = AllowanceCharge(amount=Decimal("13.86"), base_amount=Decimal("138.60"), percent=Decimal(10))
    compressor = line(
        1, "2", "9875.00", item_code="CMP-RS-22", name="Rotary screw compressor 22 kW", account_code="EQUIPMENT", warehouse="MAIN",
        dimensions={"department": "WHOLESALE"}, **S19,
    )  # fmt: skip
    hose = line(
        2, "40", "3.465", "7", tax_code="DE-R7", item_code="HOS-38-15", name="Rubber hose 3/8 in per metre", unit="MTR",
        allowances_charges=(off,),
    )  # fmt: skip
    freight = line(3, "1", "320.00", item_code="FRT-STD", name="Freight standard pallet", account_code="FREIGHT", **S19)
    volume = AllowanceCharge(
        amount=Decimal("200.00"), reason="Volume discount", tax_category=TaxCategory.STANDARD, tax_rate=Decimal(19), tax_code="DE-S19",
        account_code="DISCOUNT",
    )  # fmt: skip
    rate = ExchangeRate(base="EUR", rate=Decimal("1.16456"), rate_date=date(2026, 3, 16))
    terms = PaymentTerms(code="2% 10 Net 30", net_days=30, discount_percent=Decimal("2.00"), discount_days=10)
    return invoice(
        compressor, hose, freight, charges=[volume], currency="GBP", exchange_rate=rate, terms=terms, **head(sales_order="ORD-5512")
    )


def full_credit_note() -> CreditNote:
    preceding = (DocumentReference(number="EU-SI-000123"),)
    fields = head(number="EU-CN-000017", due_date=date(2026, 3, 16), posting_date=date(2026, 3, 31), preceding_invoices=preceding)
    return credit_note(line(1, **S19), **fields)


def entry_of(document: Invoice | CreditNote, **changes: str) -> etree._Element:
    return mapping.journal_entry(document, references(document, **changes), {})


def test_a_full_invoice_is_the_entry_that_the_contract_asks_for() -> None:
    assert refusals(full_invoice(), SETTINGS) == ()
    assert facts(entry_of(full_invoice())) == FULL


def test_a_credit_note_turns_every_sign_and_names_what_it_corrects() -> None:
    assert facts(entry_of(full_credit_note(), send_material="False")) == CREDIT


def test_a_payment_has_an_item_per_invoice_and_one_for_the_rest() -> None:
    told = facts(settlements.receipt_entry(payment(), "17100042", "P0123456789ABCDE", SETTINGS))
    amounts = [each.partition("=")[2] for each in told if "AmountInTransactionCurrency" in each]
    assert amounts == ["100.00 EUR", "-60.00 EUR", "-30.00 EUR", "-10.00 EUR"]
    assert [each for each in told if each.startswith("DebtorItem/AssignmentReference")] == [
        "DebtorItem/AssignmentReference=EU-SI-000001",
        "DebtorItem/AssignmentReference=EU-SI-000002",
    ]
    for fact in (
        "AccountingDocumentType=DZ",
        "DocumentReferenceID=P0123456789ABCDE",
        "Item/GLAccount=0011001060",
        "Item/DebitCreditCode=S",
        "Item/ValueDate=2026-03-20",
        "Item/HouseBank=DEBK1",
        "Item/HouseBankAccount=DEAC1",
        "DebtorItem/DebitCreditCode=H",
    ):
        assert fact in told


def payment(**fields: Any) -> Payment:
    made = {
        "source": "bank", "source_id": "pay-777", "customer_code": "C-EU-0042", "received_on": date(2026, 3, 20), "amount": Decimal(100),
        "currency": "EUR", "reference": "PAY-777",
        "allocations": (allocation("1800000001", "EU-SI-000001", "60"), allocation("1800000002", "EU-SI-000002", "30")),
    }  # fmt: skip
    return Payment(**{**made, **fields})


def allocation(document: str, number: str, amount: str, **fields: Any) -> Allocation:
    return Allocation(document_number=number, remote_id=f"{document}17102026", amount=Decimal(amount), **fields)


def test_a_reversal_names_the_three_keys_glued_together_and_has_no_items() -> None:
    entry = mapping.reversal_entry("180000004217102026", "DR", date(2026, 3, 2), date(2026, 3, 16), SETTINGS)
    assert facts(entry) == [
        "OriginalReferenceDocumentType=BKPFF",
        "BusinessTransactionType=RFBU",
        "AccountingDocumentType=DR",
        "ReversalReason=01",
        "ReversalReferenceDocument=180000004217102026",
        "ReversalDate=2026-03-16",
        "CreatedByUser=AIRFLOW",
        "CompanyCode=1710",
        "DocumentDate=2026-03-02",
        "PostingDate=2026-03-16",
    ]


def owed(number: str, item: str, amount: str) -> dict[str, Any]:
    flags = {"IsCleared": False, "IsReversed": False, "IsReversal": False}
    key = {"CompanyCode": "1710", "FiscalYear": "2026", "AccountingDocument": number, "AccountingDocumentItem": item}
    return {**key, **flags, "Customer": "17100042", "AmountInTransactionCurrency": amount}


def test_a_clearing_takes_the_whole_invoice_with_its_earlier_payments_or_a_part_with_this_one_alone() -> None:
    debt, earlier, paid = owed("1800000042", "001", "100.00"), owed("1400000070", "2", "-40.00"), owed("1400000077", "002", "-60.00")
    whole = settlements.clearing_rows([debt], [earlier], paid)
    assert [(each.item["AccountingDocument"], each.partial) for each in whole] == [
        ("1800000042", None),
        ("1400000070", None),
        ("1400000077", None),
    ]
    part = settlements.clearing_rows([debt], [], paid)
    told = facts(settlements.clearing_entry(part, payment(), SETTINGS))
    assert told == [
        "CompanyCode=1710",
        "AccountingDocumentType=AB",
        "DocumentDate=2026-03-20",
        "PostingDate=2026-03-20",
        "CurrencyCode=EUR",
        "DocumentHeaderText=PAY-777",
        "CreatedByUser=AIRFLOW",
        "APARItems/ReferenceDocumentItem=1",
        "APARItems/AccountType=D",
        "APARItems/APARAccount=0017100042",
        "APARItems/FiscalYear=2026",
        "APARItems/AccountingDocument=1800000042",
        "APARItems/AccountingDocumentItem=1",
        "APARItems/PartialPaymentAmtInDspCrcy=60.00 EUR",
        "APARItems/ReferenceDocumentItem=2",
        "APARItems/AccountType=D",
        "APARItems/APARAccount=0017100042",
        "APARItems/FiscalYear=2026",
        "APARItems/AccountingDocument=1400000077",
        "APARItems/AccountingDocumentItem=2",
    ]


# -- the messages fit the schema ---------------------------------------------------------------------------------------------------


def bodies() -> dict[str, bytes]:
    rows = settlements.clearing_rows([owed("1800000042", "1", "100.00")], [], owed("1400000077", "2", "-60.00"))
    options = {"header_text": "A header text that is much longer than the field", "tax_check": True, "tax_dates": True}
    known = references(full_invoice())
    return {
        "invoice": soap.post_body(mapping.journal_entry(full_invoice(), known, options), "AB-1", NOW),
        "credit note": soap.post_body(entry_of(full_credit_note()), "AB-2", NOW),
        "payment": soap.post_body(settlements.receipt_entry(payment(), "17100042", "P0123456789ABCDE", SETTINGS), "AP-1", NOW),
        "reversal": soap.post_body(
            mapping.reversal_entry("180000004217102026", "DR", date(2026, 3, 2), date(2026, 3, 16), SETTINGS), "AV-1", NOW
        ),
        "clearing": soap.clearing_body(settlements.clearing_entry(rows, payment(), SETTINGS), "AC-1", NOW),
    }


@pytest.mark.parametrize("which", ["invoice", "credit note", "payment", "reversal", "clearing"])
def test_every_message_fits_the_schema_of_the_contract_and_that_of_the_simulator(which: str) -> None:
    message = message_of(bodies()[which])
    SCHEMA.assertValid(message)
    assert schema.faults_of(message) == ""


def test_both_schemas_take_the_vendors_own_example_and_refuse_it_in_another_order() -> None:
    message = etree.fromstring(VENDORS)
    SCHEMA.assertValid(message)
    assert schema.faults_of(message) == ""
    entry = message.find("JournalEntryCreateRequest/JournalEntry")
    assert entry is not None
    entry.append(entry[0])
    assert not SCHEMA.validate(message)
    assert schema.faults_of(message)


@settings(max_examples=50, deadline=None)
@given(document=right_documents())
def test_every_entry_sums_to_zero_and_fits_the_schema(document: Invoice | CreditNote) -> None:
    assert [each for each in refusals(document, SETTINGS) if each.severity is Severity.ERROR] == []
    message = message_of(soap.post_body(entry_of(document), "AB-1", NOW))
    assert SCHEMA.validate(message), SCHEMA.error_log
    amounts = list(message.iterdescendants("AmountInTransactionCurrency"))
    assert sum(Decimal(each.text or "") for each in amounts) == 0
    assert all(-int(Decimal(each.text or "").as_tuple().exponent) == minor_units(document.currency) for each in amounts)
    taxes = sum(abs(Decimal(each.findtext("AmountInTransactionCurrency") or "")) for each in message.iterdescendants("ProductTaxItem"))
    assert taxes == document.tax_total or any(each.tax_amount < 0 for each in document.tax_breakdown)


@settings(max_examples=40, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_any_name_fits_the_line_text(name: str) -> None:
    document = invoice(line(1, name=f"A{name}", **S19), **head())
    assert SCHEMA.validate(message_of(soap.post_body(entry_of(document), "AB-1", NOW))), SCHEMA.error_log


# -- the traps of the journal --------------------------------------------------------------------------------------------------------


def test_codes_of_ours_that_are_one_there_make_one_tax_item() -> None:
    document = invoice(line(1, **S19), line(2, "1", "10", "0", "K", tax_code="DE-IC"), **head())
    known = references(document)
    same = {key: replace(item, remote_id="A1") if key[0] is ReferenceKind.TAX_CODE else item for key, item in known.entries.items()}
    told = facts(mapping.journal_entry(document, replace(known, entries=same), {}))
    assert [each for each in told if each.startswith("ProductTaxItem/TaxBase")] == ["ProductTaxItem/TaxBaseAmountInTransCrcy=-110.00 EUR"]


def test_a_rate_of_zero_has_a_tax_item_of_zero_on_the_credit_side() -> None:
    told = facts(entry_of(invoice(line(1, "2", "50", "0", "G", tax_code="DE-EXP"), **head())))
    assert "ProductTaxItem/AmountInTransactionCurrency=0.00 EUR" in told
    assert "ProductTaxItem/DebitCreditCode=H" in told


def test_no_rate_is_sent_for_the_company_codes_own_currency() -> None:
    own = invoice(line(1, **S19), exchange_rate=ExchangeRate(base="EUR", rate=Decimal(1)), **head())
    assert [each for each in facts(entry_of(own)) if each.startswith("ExchangeRate")] == []


def test_a_rate_of_any_length_fits_the_message() -> None:
    rate = ExchangeRate(base="EUR", rate=Decimal("1") / Decimal("0.7"))
    message = message_of(soap.post_body(entry_of(invoice(line(1, **S19), currency="GBP", exchange_rate=rate, **head())), "AB-1", NOW))
    assert message.findtext(".//ExchangeRate") == "1.42857142857143"
    assert schema.faults_of(message) == ""


def test_without_due_date_and_days_the_customers_own_terms_hold() -> None:
    document = invoice(line(1, **S19), **head(due_date=None, terms=PaymentTerms(code="Net 30")))
    assert [each for each in facts(entry_of(document)) if "CashDiscountTerms" in each] == []


def test_a_free_line_is_left_out() -> None:
    document = invoice(line(1, **S19), line(2, "1", "0", **S19), **head())
    assert [each for each in facts(entry_of(document)) if each.startswith("Item/Amount")] == [
        "Item/AmountInTransactionCurrency=-100.00 EUR"
    ]


def test_a_purchase_order_that_does_not_fit_the_short_field_is_not_cut_there() -> None:
    told = facts(entry_of(invoice(line(1, **S19), **head(purchase_order="PO-2026-88213-B"))))
    assert "Reference1InDocumentHeader=PO-2026-88213-B" in told
    assert [each for each in told if "Reference1IDByBusinessPartner" in each] == []


def test_an_account_that_nobody_named_is_refused_with_the_field_to_set() -> None:
    document = invoice(line(1, account_code="", **S19), **head())
    with pytest.raises(mapping.Inexpressible, match="revenue_gl"):
        entry_of(document)
    (found,) = refusals(document, SETTINGS)
    assert found.subject == "revenue_gl"


def test_two_dimensions_that_mean_different_profit_centres_are_refused() -> None:
    document = invoice(line(1, warehouse="MAIN", dimensions={"department": "SERVICE"}, **S19), **head())
    known = references(document)
    clash = ReferenceItem(kind=ReferenceKind.DIMENSION, code="ProfitCenter:YB110", remote_id="ProfitCenter:YB110")
    entries = {**known.entries, (ReferenceKind.DIMENSION, "warehouse:MAIN"): clash}
    with pytest.raises(mapping.Inexpressible, match="ProfitCenter"):
        mapping.journal_entry(document, replace(known, entries=entries), {})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"number": "EU-SI-0001234567X"}, "number"),
        ({"number": "eu-si-1"}, "number"),
        ({"due_date": date(2026, 3, 15)}, "due_date"),
        ({"prepaid_amount": Decimal(1)}, "prepaid_amount"),
        ({"tax_total": Decimal("20.00"), "gross_total": Decimal("120.00")}, "tax_total"),
        ({"exchange_rate": ExchangeRate(base="USD", rate=Decimal(2)), "currency": "GBP"}, "exchange_rate.base"),
    ],
)
def test_what_the_journal_cannot_hold_is_refused_in_words(fields: dict[str, Any], field: str) -> None:
    found = [each for each in refusals(invoice(line(1, **S19), **head(**fields)), SETTINGS) if each.severity is Severity.ERROR]
    assert [each.field for each in found] == [field]
    assert all(each.says and each.fix for each in found)


def test_words_without_a_field_are_told_and_hold_nothing_back() -> None:
    (found,) = refusals(invoice(line(1, serial_numbers=("S-1",), **S19), **head(notes=("Rear gate",))), SETTINGS)
    assert found.severity is Severity.WARNING
    assert "serial numbers" in found.says


LONG = "EU-SI-2026-0000000"  # as long as an item's assignment


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"allocations": (allocation("1", "EU-SI-1", "10"),)}, "which document"),
        ({"allocations": (allocation("1800000001", "EU-SI-1", "1"), allocation("1800000002", "EU-SI-1", "1"))}, "same number"),
        (
            {"allocations": (allocation("1800000001", LONG + "1", "1"), allocation("1800000002", LONG + "2", "1"))},
            "same number",
        ),
        ({"currency": "USD", "exchange_rate": ExchangeRate(base="GBP", rate=Decimal(2))}, "is to GBP"),
        ({"bank_fee": Decimal("1.50")}, "bank_fee_gl"),
    ],
)
def test_a_payment_that_cannot_be_booked_says_why(fields: dict[str, Any], word: str) -> None:
    (found,) = settlements.obstacles(payment(**fields), SETTINGS)
    assert word in found.says
    assert list(settlements.obstacles(payment(), SETTINGS)) == []
    (lacking,) = settlements.obstacles(payment(), {**SETTINGS, "bank_gl": ""})
    assert "bank_gl" in lacking.says


def test_what_the_bank_kept_is_debited_to_its_own_account() -> None:
    settings = {**SETTINGS, "bank_fee_gl": "6200"}
    told = facts(settlements.receipt_entry(payment(bank_fee=Decimal("1.50")), "17100042", "P0123456789ABCDE", settings))
    amounts = [each.partition("=")[2] for each in told if "AmountInTransactionCurrency" in each]
    assert amounts == ["98.50 EUR", "1.50 EUR", "-60.00 EUR", "-30.00 EUR", "-10.00 EUR"]
    assert "Item/GLAccount=0000006200" in told


def test_money_on_another_bank_account_names_no_house_bank_of_ours() -> None:
    told = facts(settlements.receipt_entry(payment(), "17100042", "P0123456789ABCDE", SETTINGS, "1000"))
    assert "Item/GLAccount=0000001000" in told
    assert not [each for each in told if "HouseBank" in each]
