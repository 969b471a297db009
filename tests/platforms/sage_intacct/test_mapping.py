"""Documents become exactly the functions of the vendor's contract, and answers become canonical documents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from lxml import etree
from tests.documents import credit_note, invoice, line, right_documents
from tests.platforms.sage_intacct.conftest import BUYER, references

from airbooks.canonical import (
    AllowanceCharge,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    TaxCategory,
)
from airbooks.platforms.sage_intacct import mapping, reading
from airbooks.platforms.sage_intacct.obstacles import obstacles

SETTINGS = {
    "base_currency": "GBP",
    "multi_currency": "True",
    "entity_id": "100",
    "tax_solution_id": "United Kingdom - VAT",
    "discount_account": "4800",
    "freight_account": "4900",
    "exchange_rate_type": "Intacct Daily Rate",
    "custom_number_field": "AIRBOOKS_NUMBER",
}


def xml(document: Invoice | CreditNote, settings: dict[str, str] | None = None, **options: Any) -> etree._Element:
    given = SETTINGS if settings is None else settings
    return mapping.create_function(document, references(document, given), options)


def expected(text: str) -> bytes:
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(text, parser), pretty_print=True)


def written(call: etree._Element) -> bytes:
    return etree.tostring(call, pretty_print=True)


def full_invoice() -> Invoice:
    """Line discount, document discount, freight, two tax rates, a foreign currency with its rate, dimensions."""
    tax = {"tax_category": TaxCategory.STANDARD, "tax_rate": Decimal(20), "tax_code": "GB-S20"}
    goods = line(
        1,
        "2",
        "1249.50",
        "20",
        name="GX7 rotary screw compressor",
        item_code="CMP-RS-11",
        account_code="EQUIPMENT",
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
        serial_numbers=("SN-1", "SN-2"),
        allowances_charges=(AllowanceCharge(amount=Decimal("99.00"), reason="Trade discount", **tax),),
    )
    filters = line(2, "10", "18.20", "5", name="Air filter kit", item_code="FLT-KIT-75")
    freight = line(3, "1", "95", "20", kind=LineKind.FREIGHT, name="Freight", item_code="FRT-STD", account_code="FREIGHT")
    discount = AllowanceCharge(amount=Decimal("120.00"), reason="Volume", account_code="DISCOUNT", **tax)
    return invoice(
        goods,
        filters,
        freight,
        charges=[discount],
        buyer=BUYER,
        currency="EUR",
        posting_date=date(2026, 3, 17),
        purchase_order="PO-88213",
        sales_order="SO-5512",
        notes=("Handle with care",),
        exchange_rate=ExchangeRate(base="GBP", rate=Decimal("0.8586")),
        delivery=Delivery.model_validate({"name": "Dock 3", "address": {"city": "Leeds", "country": "GB"}}),
    )


FULL = """
<create_invoice>
  <customerid>C-UK-0042</customerid>
  <datecreated><year>2026</year><month>03</month><day>16</day></datecreated>
  <dateposted><year>2026</year><month>03</month><day>17</day></dateposted>
  <datedue><year>2026</year><month>04</month><day>15</day></datedue>
  <termname>Net 30</termname>
  <action>Submit</action>
  <invoiceno>UK-SI-000123</invoiceno>
  <ponumber>PO-88213</ponumber>
  <description>Order SO-5512; Delivered to Dock 3, Leeds, GB; Handle with care</description>
  <externalid>UK-SI-000123</externalid>
  <basecurr>GBP</basecurr>
  <currency>EUR</currency>
  <exchrate>0.8586</exchrate>
  <taxsolutionid>United Kingdom - VAT</taxsolutionid>
  <customfields><customfield><customfieldname>AIRBOOKS_NUMBER</customfieldname>
    <customfieldvalue>UK-SI-000123</customfieldvalue></customfield></customfields>
  <invoiceitems>
    <lineitem><glaccountno>4000</glaccountno><amount>2400.00</amount>
      <memo>GX7 rotary screw compressor, 2 C62 x 1249.5, serial SN-1, SN-2</memo><locationid>100</locationid>
      <departmentid>WHOLESALE</departmentid><itemid>CMP-RS-11</itemid><warehouseid>MAIN</warehouseid>
      <taxentries><taxentry><detailid>UK Sales Standard</detailid><trx_tax>480.00</trx_tax></taxentry></taxentries></lineitem>
    <lineitem><glaccountno>4010</glaccountno><amount>182.00</amount><memo>Air filter kit, 10 C62 x 18.2</memo>
      <locationid>100</locationid><itemid>FLT-KIT-75</itemid>
      <taxentries><taxentry><detailid>UK Sales Reduced</detailid><trx_tax>9.10</trx_tax></taxentry></taxentries></lineitem>
    <lineitem><glaccountno>4900</glaccountno><amount>95.00</amount><memo>Freight, 1 C62 x 95</memo>
      <locationid>100</locationid><itemid>FRT-STD</itemid>
      <taxentries><taxentry><detailid>UK Sales Standard</detailid><trx_tax>19.00</trx_tax></taxentry></taxentries></lineitem>
    <lineitem><glaccountno>4800</glaccountno><amount>-120.00</amount><memo>Document discount: Volume</memo>
      <locationid>100</locationid>
      <taxentries><taxentry><detailid>UK Sales Standard</detailid><trx_tax>-24.00</trx_tax></taxentry></taxentries></lineitem>
  </invoiceitems>
</create_invoice>
"""

CREDIT = """
<create_aradjustment>
  <customerid>C-UK-0042</customerid>
  <datecreated><year>2026</year><month>03</month><day>16</day></datecreated>
  <adjustmentno>UK-CN-000017</adjustmentno>
  <action>Submit</action>
  <invoiceno>UK-SI-000123</invoiceno>
  <description>Wrong model; Also corrects UK-SI-000124</description>
  <externalid>UK-CN-000017</externalid>
  <basecurr>GBP</basecurr>
  <currency>GBP</currency>
  <exchratedate><year>2026</year><month>03</month><day>16</day></exchratedate>
  <exchratetype>Intacct Daily Rate</exchratetype>
  <taxsolutionid>United Kingdom - VAT</taxsolutionid>
  <customfields><customfield><customfieldname>AIRBOOKS_NUMBER</customfieldname>
    <customfieldvalue>UK-CN-000017</customfieldvalue></customfield></customfields>
  <aradjustmentitems>
    <lineitem><glaccountno>4010</glaccountno><amount>-100.00</amount><memo>Air filter element, 2 C62 x 50</memo>
      <locationid>100</locationid><itemid>FLT-FIN-01</itemid>
      <taxentries><taxentry><detailid>UK Sales Standard</detailid><trx_tax>-20.00</trx_tax></taxentry></taxentries></lineitem>
  </aradjustmentitems>
</create_aradjustment>
"""


def test_a_full_invoice_becomes_create_invoice_in_the_vendors_order() -> None:
    document = full_invoice()
    assert document.gross_total == Decimal("2557.00") + Decimal("484.10")
    assert written(xml(document)) == expected(FULL)


def test_a_credit_note_becomes_an_adjustment_with_negative_amounts() -> None:
    preceding = (DocumentReference(number="UK-SI-000123"), DocumentReference(number="UK-SI-000124"))
    document = credit_note(line(item_code="FLT-FIN-01"), currency="GBP", buyer=BUYER, preceding_invoices=preceding, reason="Wrong model")
    assert written(xml(document)) == expected(CREDIT)


def test_a_draft_is_asked_for_by_its_option() -> None:
    assert xml(invoice(), draft=True).findtext("action") == "Draft"


def test_without_a_given_rate_the_platforms_own_rate_of_the_day_is_taken() -> None:
    call = xml(invoice(currency="USD"))
    assert (call.findtext("exchratetype"), call.findtext("exchratedate/day"), call.find("exchrate")) == ("Intacct Daily Rate", "16", None)


def test_a_company_with_one_currency_is_told_none() -> None:
    call = xml(invoice(currency="GBP"), {**SETTINGS, "multi_currency": "False"})
    assert [call.find(name) for name in ("basecurr", "currency", "exchratetype", "exchratedate")] == [None] * 4


def test_without_a_tax_solution_the_tax_is_a_line_of_its_own() -> None:
    call = xml(invoice(), {"base_currency": "GBP", "sales_tax_account": "2200"})
    lines = [(each.findtext("glaccountno"), each.findtext("amount"), each.find("taxentries")) for each in call.iter("lineitem")]
    assert lines == [("4010", "100.00", None), ("2200", "20.00", None)]
    assert call.find("taxsolutionid") is None


def test_comments_notes_and_attachments_stand_in_the_description() -> None:
    comment = Line(line_id="c", kind=LineKind.COMMENT, name="Ring before delivery")
    call = xml(invoice(line(), comment, attachments=("packing.pdf",), buyer_reference="AP-7"))
    assert call.findtext("description") == "Your reference AP-7; Ring before delivery; Attachments: packing.pdf"
    assert len(list(call.iter("lineitem"))) == 1


def test_texts_are_cut_where_the_platform_ends_and_lose_what_xml_cannot_carry() -> None:
    call = xml(invoice(line(name="Pump\x07 & <seal> 😀"), notes=("n" * 2000,)))
    description = call.findtext("description") or ""
    assert (len(description), description[-3:]) == (1000, "...")
    assert (call.findtext("invoiceitems/lineitem/memo") or "").startswith("Pump & <seal> 😀")


def test_the_lines_dimension_overrules_the_documents() -> None:
    document = invoice(line(dimensions={"department": "SERVICE"}), dimensions={"department": "WHOLESALE", "location": "200"})
    item = next(xml(document).iter("lineitem"))
    assert (item.findtext("departmentid"), item.findtext("locationid")) == ("SERVICE", "200")


def test_three_lines_share_the_tax_of_their_total_to_the_cent() -> None:
    lines = [line(number, "1", "25.43", "15") for number in (1, 2, 3)]  # 3.81 each by the line, 11.44 on the total
    taxes = mapping.spread_tax(invoice(*lines), [((each.tax_category, each.tax_rate), each.net_amount) for each in lines])
    assert sum(taxes) == Decimal("11.44")


@given(right_documents())
def test_amounts_and_taxes_of_the_lines_add_up_to_the_document(document: Invoice | CreditNote) -> None:
    settings = {**SETTINGS, "tax_solution_id": "United Kingdom - VAT"}
    found = mapping.entries(document, references(document, settings))
    assert sum(each.amount for each in found) == document.net_total
    assert sum(each.tax for each in found) == document.tax_total


@given(right_documents())
def test_what_is_sent_says_the_documents_total(document: Invoice | CreditNote) -> None:
    if document.currency == "KWD":
        assert [each.code for each in obstacles(document, SETTINGS)] != []
        return
    call = xml(document)
    numbers = [Decimal(each.text or "0") for tag in ("amount", "trx_tax") for each in call.iter(tag)]
    assert abs(sum(numbers)) == document.gross_total


# What cannot be sent


@pytest.mark.parametrize(
    ("change", "settings", "code"),
    [
        ({"number": "N" * 46}, {}, "number"),
        ({"rounding_amount": Decimal("0.01")}, {}, "rounding_amount"),
        ({"withholding_tax": Decimal("5")}, {}, "withholding_tax"),
        ({"currency": "USD"}, {"multi_currency": "False"}, "currency"),
        ({"currency": "KWD"}, {}, "decimals"),
        ({"currency": "EUR", "exchange_rate": ExchangeRate(base="USD", rate=Decimal("1.1"))}, {}, "rate"),
        ({"due_date": None, "terms": {}}, {}, "due"),
        ({"dimensions": {"brand": "X"}}, {}, "dimension"),
        ({"tax_total": Decimal("21")}, {}, "tax"),
        ({}, {"tax_solution_id": ""}, "tax"),
    ],
)
def test_what_the_platform_cannot_express_is_found_before_it_is_sent(change: dict[str, Any], settings: dict[str, str], code: str) -> None:
    document = Invoice.model_validate({**invoice(currency="GBP").model_dump(), **change})
    assert [each.code for each in obstacles(document, {**SETTINGS, **settings})] == [f"AB-UNSUPPORTED:{code}"]


@pytest.mark.parametrize("missing", [{"account_code": ""}, {"tax_code": ""}])
def test_a_line_without_account_or_tax_code_is_refused_in_words(missing: dict[str, str]) -> None:
    [finding] = obstacles(invoice(line(**missing), currency="GBP"), SETTINGS)
    assert finding.message


def test_a_right_document_meets_no_obstacle() -> None:
    assert obstacles(full_invoice(), SETTINGS) == ()


# What comes back

ROW = {
    "RECORDNO": "4774",
    "RECORDID": "UK-SI-000123",
    "AIRBOOKS_NUMBER": "",
    "DOCNUMBER": "",
    "STATE": "Posted",
    "CUSTOMERID": "C-UK-0042",
    "CURRENCY": "GBP",
    "WHENCREATED": "03/16/2026",
    "WHENPOSTED": "03/17/2026",
    "TRX_TOTALENTERED": "120",
    "TRX_TOTALDUE": "120",
    "TRX_TOTALPAID": "0",
    "WHENMODIFIED": "03/17/2026 09:05:00",
}
ITEM = {
    "RECORDNO": "1",
    "RECORDKEY": "4774",
    "LINE_NO": "1",
    "ACCOUNTNO": "4010",
    "TRX_AMOUNT": "100",
    "ENTRYDESCRIPTION": "Filter",
    "PARENTENTRY": "",
}


@pytest.mark.parametrize(
    ("state", "due", "status"),
    [
        ("Draft", "120", DocumentStatus.DRAFT),
        ("Posted", "120", DocumentStatus.OPEN),
        ("Selected", "120", DocumentStatus.OPEN),
        ("Partially Paid", "50", DocumentStatus.PARTIALLY_PAID),
        ("partiallyPaid", "50", DocumentStatus.PARTIALLY_PAID),
        ("Posted", "50", DocumentStatus.PARTIALLY_PAID),
        ("Paid", "0", DocumentStatus.PAID),
        ("No Value", "0", DocumentStatus.PAID),
        ("No Value", "120", DocumentStatus.OPEN),
        ("Reversed", "0", DocumentStatus.VOID),
        ("Reversal", "0", DocumentStatus.VOID),
    ],
)
def test_states_become_ours_and_amounts_decide_where_labels_do_not(state: str, due: str, status: DocumentStatus) -> None:
    row = {**ROW, "STATE": state, "TRX_TOTALDUE": due}
    assert reading.remote_document(DocumentKind.INVOICE, row, [ITEM], SETTINGS).status is status


def test_tax_is_the_total_less_the_lines_whether_or_not_taxes_are_listed() -> None:
    tax = {**ITEM, "RECORDNO": "2", "TRX_AMOUNT": "20", "PARENTENTRY": "1"}
    for items in ([ITEM], [ITEM, tax]):
        read = reading.remote_document(DocumentKind.INVOICE, ROW, items, SETTINGS)
        assert (read.net, read.tax, read.total, read.line_count) == (Decimal(100), Decimal(20), Decimal(120), 1)


def test_a_credit_memo_reads_as_positive_amounts() -> None:
    row = {**ROW, "TRX_TOTALENTERED": "-120", "TRX_TOTALDUE": "-120"}
    read = reading.remote_document(DocumentKind.CREDIT_NOTE, row, [{**ITEM, "TRX_AMOUNT": "-100"}], SETTINGS)
    assert (read.net, read.tax, read.total, read.balance) == (Decimal(100), Decimal(20), Decimal(120), Decimal(120))


def test_our_number_is_read_from_the_custom_field_where_the_platform_numbers() -> None:
    read = reading.remote_document(DocumentKind.INVOICE, {**ROW, "RECORDID": "RI-1001", "AIRBOOKS_NUMBER": "UK-SI-9"}, [ITEM], SETTINGS)
    assert (read.number, read.our_number) == ("RI-1001", "UK-SI-9")


def test_a_sales_tax_line_counts_as_tax_and_a_document_discount_as_no_line() -> None:
    items = [
        ITEM,
        {**ITEM, "RECORDNO": "2", "ACCOUNTNO": "2200", "TRX_AMOUNT": "20"},
        {**ITEM, "RECORDNO": "3", "ACCOUNTNO": "4800", "TRX_AMOUNT": "-10", "ENTRYDESCRIPTION": "Document discount: Volume"},
    ]
    row = {**ROW, "TRX_TOTALENTERED": "110", "TRX_TOTALDUE": "110"}
    read = reading.remote_document(DocumentKind.INVOICE, row, items, {"sales_tax_account": "2200"})
    assert (read.net, read.tax, read.line_count) == (Decimal(90), Decimal(20), 1)


@pytest.mark.parametrize(
    ("state", "amount", "expected"), [("C", "120", True), ("Draft", "120", False), ("V", "-120", False), ("C", "0", False)]
)
def test_only_money_in_the_books_is_a_receipt(state: str, amount: str, expected: bool) -> None:
    assert reading.is_receipt({"STATE": state, "TRX_TOTALENTERED": amount}) is expected
