"""What a document becomes in Epicor's words; the expected rows are written by hand from the vendor's contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import documents
from tests.platforms.epicor.setup import CODES

from airbooks.canonical import (
    Address,
    AllowanceCharge,
    Contact,
    Delivery,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    Party,
    Payment,
    PaymentTerms,
)
from airbooks.platforms.epicor import mapping
from airbooks.platforms.epicor.lines import discounts, extended, part_lines
from airbooks.platforms.epicor.reading import is_unfinished, remote_document
from airbooks.platforms.epicor.refusals import refusals
from airbooks.platforms.errors import PlatformError, ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

SETTINGS = {"dimensions": "department=2 warehouse=3", "freight_misc_code": "FRT", "prod_code": "SERV", "sales_cat_id": "SERV"}
BUYER = Party(
    code="C-US-0042",
    name="Maple Air Systems Ltd",
    address=Address(line1="200 Bay St", city="Toronto", region="ON", postal_code="M5J 2J2", country="CA"),
    contact=Contact(email="ap@mapleair.example"),
)
DOCK = Delivery(
    delivery_date=date(2026, 3, 15),
    name="Maple Air - Hamilton",
    address=Address(line1="55 Burlington St", city="Hamilton", region="ON", postal_code="L8L 7V7", country="CA"),
    tracking_number="TRK-1",
)


def references(**changed: str) -> References:
    items = [(ReferenceKind.ITEM, code, code) for code in ("CMP-RS-22", "HOS-38-15", "FRT-STD")]
    items += [(ReferenceKind.CURRENCY, code, code) for code in ("USD", "EUR")]
    items += [(ReferenceKind(kind), ours, theirs) for kind, codes in CODES.items() for ours, theirs in codes.items()]
    entries = {(kind, ours): ReferenceItem(kind=kind, code=theirs, remote_id=theirs) for kind, ours, theirs in items}
    return References(customer="MAPLEAIR", entries=entries, settings={**SETTINGS, **changed})


def line(number: int, quantity: str, price: str, rate: str = "8.25", code: str = "US-TX", **fields: Any) -> Line:
    made = {"item_code": "CMP-RS-22", "name": "Rotary screw compressor 22 kW", "tax_code": code, "account_code": "EQUIPMENT", "unit": "C62"}
    return documents.line(number, quantity, price, rate, **{**made, **fields})


def off(amount: str, code: str = "US-TX", **fields: Any) -> AllowanceCharge:
    given = {"reason": "Volume discount", "tax_code": code, "tax_rate": Decimal("8.25"), "account_code": "DISCOUNT"}
    return AllowanceCharge(amount=Decimal(amount), **{**given, **fields})


def invoice(*lines: Line, **fields: Any) -> Invoice:
    made = {"number": "US-SI-000123", "division": "US", "buyer": BUYER, "seller": None, "purchase_order": "PO-88213", "currency": "USD"}
    return documents.invoice(*(lines or (line(1, "2", "9875.00"),)), **{**made, **fields})


def full_invoice() -> Invoice:
    """Line discount, document discount, a charge, freight, two tax rates, foreign currency, dimensions, a comment, a delivery."""
    goods = line(1, "3", "1249.90", allowances_charges=(off("187.49"),), dimensions={"department": "WHOLESALE"}, warehouse="MAIN")
    hose = line(
        2,
        "12.5",
        "3.465",
        "7.25",
        "US-CA",
        item_code="HOS-38-15",
        name="Rubber hose",
        unit="MTR",
        account_code="PARTS",
        dimensions={"department": "WHOLESALE"},
    )
    freight = line(3, "1", "320", item_code="FRT-STD", name="Freight", kind=LineKind.FREIGHT, account_code="FREIGHT")
    comment = line(4, "1", "0", kind=LineKind.COMMENT, name="Deliver before noon", item_code="", net_amount=Decimal(0))
    return invoice(
        goods,
        hose,
        freight,
        comment,
        currency="EUR",
        exchange_rate=ExchangeRate(base="USD", rate=Decimal("1.086957")),
        posting_date=date(2026, 3, 17),
        charges=(off("50.00"), off("15.00", is_charge=True, reason="Packing")),
        delivery=DOCK,
        sales_order="SO-5512",
        notes=("Forklift on site",),
    )


SHIP_TO = {
    "UseOTS": True,
    "OTSName": "Maple Air - Hamilton",
    "OTSAddress1": "55 Burlington St",
    "OTSAddress2": "",
    "OTSAddress3": "",
    "OTSCity": "Hamilton",
    "OTSState": "ON",
    "OTSZIP": "L8L 7V7",
    "OTSCountryNum": 2,
}
FULL = {
    "xRefInvoiceNum": "US-SI-000123",
    "creditMemo": False,
    "groupID": "AB6317ABC",
    "invoiceDate": "2026-03-16T00:00:00",
    "applyDate": "2026-03-17T00:00:00",
    "ds": {
        "InvcHead": [
            {
                "SoldToCustID": "MAPLEAIR",
                "CurrencyCode": "EUR",
                "XRefInvoiceNum": "US-SI-000123",
                "ExternalID": "US-SI-000123",
                "InvoiceHeld": True,
                "PONum": "PO-88213",
                "TaxRegionCode": "TX",
                "InvoiceComment": (
                    "Sales order: SO-5512\nShipment: TRK-1, 2026-03-15\nVolume discount: 50.00 EUR, spread over the lines\nForklift on site"
                ),
                "ReadyToCalc": True,
                "TermsCode": "N30",
                "DueDate": "2026-04-15T00:00:00",
                "ExchangeRate": Decimal("1.086957"),
                "LockRate": True,
            }
        ],
        "InvcDtl": [
            {
                "LineType": "PART",
                "PartNum": "CMP-RS-22",
                "LineDesc": "Rotary screw compressor 22 kW",
                "SellingShipQty": Decimal(3),
                "DocUnitPrice": Decimal("1249.9"),
                "PricePerCode": "E",
                "TaxCatID": "TAXABLE",
                "TaxRegionCode": "",
                "SalesUM": "EA",
                **SHIP_TO,
                "DocDiscount": Decimal("233.37"),  # 187.49 of its own, 45.88 of the document's 50.00
                "DiscountPercent": Decimal(0),
                "InvoiceComment": "",
                "InvoiceLine": 1,
                "RowMod": "A",
            },
            {
                "LineType": "PART",
                "PartNum": "HOS-38-15",
                "LineDesc": "Rubber hose",
                "SellingShipQty": Decimal("12.5"),
                "DocUnitPrice": Decimal("3.465"),
                "PricePerCode": "E",
                "TaxCatID": "TAXABLE",
                "TaxRegionCode": "CA",
                "SalesUM": "M",
                **SHIP_TO,
                "DocDiscount": Decimal(0),
                "DiscountPercent": Decimal(0),
                "InvoiceComment": "",
                "InvoiceLine": 2,
                "RowMod": "A",
            },
            {
                "LineType": "PART",
                "PartNum": "FRT-STD",
                "LineDesc": "Freight",
                "SellingShipQty": Decimal(1),
                "DocUnitPrice": Decimal(320),
                "PricePerCode": "E",
                "TaxCatID": "TAXABLE",
                "TaxRegionCode": "",
                "SalesUM": "EA",
                **SHIP_TO,
                "DocDiscount": Decimal("4.12"),
                "DiscountPercent": Decimal(0),
                "InvoiceComment": "Deliver before noon",
                "InvoiceLine": 3,
                "RowMod": "A",
            },
        ],
        "InvcMisc": [
            {
                "InvoiceLine": 0,
                "MiscCode": "FRT",
                "Description": "Charge: Packing",
                "DocMiscAmt": Decimal("15.00"),
                "TaxCatID": "TAXABLE",
                "RowMod": "A",
            }
        ],
        "InvcDtlTGLC": [
            {"InvoiceLine": 1, "GLAcctContext": "Sales", "GLAccount": "4000|WHOLESALE|MAIN", "RowMod": "A"},
            {"InvoiceLine": 2, "GLAcctContext": "Sales", "GLAccount": "4010|WHOLESALE", "RowMod": "A"},
            {"InvoiceLine": 3, "GLAcctContext": "Sales", "GLAccount": "4900", "RowMod": "A"},
        ],
    },
}


def planned(document: Any, refs: References | None = None, **options: Any) -> mapping.Plan:
    return mapping.plan(document, refs or references(), options, {"CA": 2, "US": 1})


def test_a_full_invoice_in_epicors_words() -> None:
    assert mapping.function_body(planned(full_invoice()), "AB6317ABC") == FULL


def test_a_credit_note_in_epicors_words() -> None:
    preceding = (DocumentReference(number="US-SI-000123", issue_date=date(2026, 3, 16)),)
    note = documents.credit_note(
        line(1, "1", "100.00"),
        number="US-CN-000017",
        buyer=BUYER,
        seller=None,
        currency="USD",
        due_date=None,
        terms=PaymentTerms(),
        preceding_invoices=preceding,
        reason="Returned goods",
    )
    plan = planned(note, post=False)
    assert (plan.invoice_type, plan.due_date, plan.terms, plan.rate) == ("CREDIT-MEMO", None, "", None)
    assert plan.marks == {"XRefInvoiceNum": "US-CN-000017", "ExternalID": "US-CN-000017", "InvoiceHeld": False}
    assert plan.details["InvoiceComment"] == "Corrects invoice: US-SI-000123 of 2026-03-16\nReason: Returned goods"
    assert [(row["SellingShipQty"], row["DocUnitPrice"]) for row in plan.lines] == [(Decimal(1), Decimal(100))]


def test_freight_without_dimensions_becomes_a_miscellaneous_charge_that_counts_as_a_line() -> None:
    freight = line(2, "1", "320", item_code="FRT-STD", name="Freight", kind=LineKind.FREIGHT, account_code="FREIGHT")
    plan = planned(invoice(line(1, "2", "50"), freight))
    assert plan.misc == [{"InvoiceLine": 0, "MiscCode": "FRT", "Description": "Freight", "DocMiscAmt": Decimal(320), "TaxCatID": "TAXABLE"}]
    assert [row["PartNum"] for row in plan.lines] == ["CMP-RS-22"]
    assert planned(invoice(line(1, "2", "50"), freight), references(freight_misc_code="")).misc == []


@pytest.mark.parametrize(("base", "price", "per"), [("100", "199.5", "C"), ("1000", "199.5", "M"), ("50", "3.99", "E")])
def test_prices_per_hundred_and_thousand_keep_their_base(base: str, price: str, per: str) -> None:
    row = planned(invoice(line(1, "250", "199.50", base_quantity=Decimal(base), net_amount=Decimal("498.75")))).lines[0]
    assert (row["DocUnitPrice"], row["PricePerCode"]) == (Decimal(price), per)


def test_a_line_without_an_item_needs_a_product_group() -> None:
    document = invoice(line(1, "1", "75", item_code="", name="Consulting", account_code="SERVICE"))
    row = planned(document).lines[0]
    assert (row["PartNum"], row["ProdCode"], row["SalesCatID"]) == ("SERVICE", "SERV", "SERV")
    assert [each.code for each in refusals(document, {**SETTINGS, "prod_code": ""})] == ["AB-UNSUPPORTED:line target"]


def test_a_charge_of_another_tax_region_than_the_invoices_is_refused() -> None:
    first, second = off("5", is_charge=True), off("5", "US-CA", is_charge=True)
    with pytest.raises(PlatformError, match="region CA"):
        planned(invoice(charges=(first, second)))


def test_a_tax_code_that_names_no_region_is_told_as_missing() -> None:
    refs = references()
    entries = {**refs.entries, (ReferenceKind.TAX_CODE, "US-TX"): ReferenceItem(kind=ReferenceKind.TAX_CODE, code="TAXABLE")}
    with pytest.raises(ReferenceMissing):
        planned(invoice(), References(customer="X", entries=entries, settings=SETTINGS))


def test_without_a_one_time_ship_to_the_delivery_stands_in_the_comment() -> None:
    plan = planned(invoice(delivery=DOCK), one_time_ship_to=False)
    assert "UseOTS" not in plan.lines[0]
    assert "55 Burlington St" in plan.details["InvoiceComment"]


@given(
    amounts=st.lists(st.integers(1, 90_000), min_size=1, max_size=6),
    share=st.integers(1, 100),
)
@settings(max_examples=40)
def test_a_discount_of_the_document_is_spread_to_the_cent_and_never_beyond_a_line(amounts: list[int], share: int) -> None:
    lines = [line(number, "1", str(Decimal(amount) / 100)) for number, amount in enumerate(amounts, start=1)]
    whole = sum((each.net_amount for each in lines), Decimal(0))
    amount = (whole * share / 100).quantize(Decimal("0.01"))
    document = invoice(*lines, charges=(off(str(amount)),))
    found = discounts(document, {})
    assert sum(found.values()) == amount
    assert all(Decimal(0) <= found[each.line_id] <= extended(each, "USD") for each in part_lines(document, {}))


def test_a_discount_above_its_lines_is_refused_beforehand() -> None:
    document = invoice(charges=(off("50", "US-CA"),))
    assert [each.code for each in refusals(document, SETTINGS)] == ["AB-UNSUPPORTED:document discount"]


def test_dimensions_need_a_segment_and_an_account() -> None:
    unknown = invoice(line(1, "1", "10", dimensions={"shoe size": "44"}))
    assert "segment" in refusals(unknown, SETTINGS)[0].says
    bare = invoice(line(1, "1", "10", dimensions={"department": "WHOLESALE"}, account_code=""))
    assert [each.field for each in refusals(bare, SETTINGS)] == ["lines[0].account_code"]


# -- groups, customers, payments --------------------------------------------------------------------------------------------------


def test_group_ids_are_repeatable_and_fit() -> None:
    one = mapping.invoice_group("AB", date(2026, 12, 4), "seed")
    assert one == mapping.invoice_group("AB", date(2026, 12, 4), "seed")
    assert one.startswith("AB6C04")
    assert len(one) == len(mapping.cash_group("AB", "seed")) == 9


def test_a_long_customer_code_is_shortened_and_kept_whole_beside_it() -> None:
    body = mapping.customer_body(Party(code="C-US-0042-HAMILTON", name="Maple"), "USD", 2, {"customer_terms": "N30"})
    assert len(body["CustID"]) == 10
    assert body["CustID"] != mapping.customer_id("C-US-0042-TORONTO")
    assert body["ExternalID"] == "C-US-0042-HAMILTON"


def test_a_customer_in_epicors_words() -> None:
    given = {"customer_terms": "N30", "territory_id": "NORTH", "sales_rep_code": "HOUSE", "customer_tax_region": "TX"}
    assert mapping.customer_body(BUYER, "CAD", 2, given) == {
        "CustID": "C-US-0042",
        "Name": "Maple Air Systems Ltd",
        "Address1": "200 Bay St",
        "City": "Toronto",
        "State": "ON",
        "Zip": "M5J 2J2",
        "CountryNum": 2,
        "EMailAddress": "ap@mapleair.example",
        "CurrencyCode": "CAD",
        "TermsCode": "N30",
        "TerritoryID": "NORTH",
        "SalesRepCode": "HOUSE",
        "TaxRegionCode": "TX",
        "CustomerType": "CUS",
        "ExternalID": "C-US-0042",
        "AllowOTS": True,
    }


def test_a_receipt_always_has_a_check_reference() -> None:
    payment = Payment(
        source="bank", source_id="pay-1", customer_code="C", received_on=date(2026, 8, 1), amount=Decimal("47.55"), currency="USD"
    )
    row = mapping.receipt_fields(payment, references())
    assert row == {"CheckRef": "pay-1", "ExternalID": "bank pay-1", "CurrencyCode": "USD", "DocTranAmt": Decimal("47.55")}


# -- reading ------------------------------------------------------------------------------------------------------------------------

HEAD = {
    "InvoiceNum": 10482,
    "XRefInvoiceNum": "US-SI-000123",
    "CreditMemo": False,
    "Posted": True,
    "OpenInvoice": True,
    "ReadyToCalc": True,
    "RefCancelledBy": 0,
    "SoldToCustID": "MAPLEAIR",
    "CurrencyCode": "USD",
    "InvoiceDate": "2026-07-14T00:00:00",
    "ApplyDate": "2026-07-15T00:00:00",
    "DocInvoiceAmt": Decimal("108.25"),
    "DocTaxAmt": Decimal("8.25"),
    "DocInvoiceBal": Decimal("108.25"),
    "SysRevID": 81263,
}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Posted": False}, DocumentStatus.DRAFT),
        ({}, DocumentStatus.OPEN),
        ({"DocInvoiceBal": Decimal("50.00")}, DocumentStatus.PARTIALLY_PAID),
        ({"DocInvoiceBal": Decimal(0), "OpenInvoice": False}, DocumentStatus.PAID),
        ({"DocInvoiceBal": Decimal(0), "OpenInvoice": False, "RefCancelledBy": 10483}, DocumentStatus.VOID),
    ],
)
def test_what_epicor_shows_is_one_of_our_states(changed: dict[str, Any], status: DocumentStatus) -> None:
    ds = {"InvcHead": [{**HEAD, **changed}], "InvcDtl": [{}], "InvcMisc": [{"Description": "Charge: Packing"}, {"Description": "Freight"}]}
    remote = remote_document(ds)
    assert remote.status is status
    assert (remote.net, remote.tax, remote.total) == (Decimal("100.00"), Decimal("8.25"), Decimal("108.25"))
    assert (remote.line_count, remote.version, remote.posting_date) == (2, "81263", date(2026, 7, 15))


@pytest.mark.parametrize("sign", [1, -1])
def test_amounts_of_a_credit_memo_are_positive_whatever_sign_epicor_gives_them(sign: int) -> None:
    amounts = {name: sign * HEAD[name] for name in ("DocInvoiceAmt", "DocTaxAmt", "DocInvoiceBal")}  # type: ignore[operator]
    remote = remote_document({"InvcHead": [{**HEAD, **amounts, "CreditMemo": True}], "InvcDtl": [{}], "InvcMisc": []})
    assert (remote.net, remote.total, remote.balance) == (Decimal("100.00"), Decimal("108.25"), Decimal("108.25"))


@pytest.mark.parametrize(
    ("head", "lines", "unfinished"),
    [
        ({"Posted": False}, [], True),
        ({"Posted": False, "ReadyToCalc": False}, [{}], True),
        ({"Posted": False}, [{}], False),
        ({"Posted": True}, [], False),
    ],
)
def test_an_unposted_head_without_lines_or_taxes_is_unfinished(head: dict[str, Any], lines: list[Any], unfinished: bool) -> None:
    assert is_unfinished({"InvcHead": [{**HEAD, **head}], "InvcDtl": lines}) is unfinished
