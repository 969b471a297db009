"""What Reckon One is sent for a document, a customer and a payment; the expected bodies are written by hand from the vendor's contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from tests.documents import credit_note, invoice, line, right_documents

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Contact,
    CreditNote,
    Delivery,
    Invoice,
    Line,
    LineKind,
    Party,
    Payment,
    PaymentTerms,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.reckon_one import mapping
from airbooks.platforms.reckon_one.lines import cents, parts, priced
from airbooks.platforms.reckon_one.refusals import refusals
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

Kind = ReferenceKind
HOME = {"home_currency": "AUD", "amount_tax_status": "Exclusive", "tax_amounts": "ours", "po_field": "purchaseOrderNumber"}
NAME = "Outback Drilling Supplies"


def entry(kind: Kind, code: str, remote_id: str, **details: str) -> ReferenceItem:
    return ReferenceItem(kind=kind, code=code, remote_id=remote_id, details=details)


ENTRIES = {
    (Kind.ITEM, "CMP-RS-22"): entry(Kind.ITEM, "CMP-RS-22", "item-22", account="acc-4000", account_name="Income:Equipment sales"),
    (Kind.ITEM, "FLT-PRE-30"): entry(Kind.ITEM, "FLT-PRE-30", "item-30", account="acc-4010", account_name="Income:Parts sales"),
    (Kind.ACCOUNT, "EQUIPMENT"): entry(Kind.ACCOUNT, "4000", "acc-4000"),
    (Kind.ACCOUNT, "PARTS"): entry(Kind.ACCOUNT, "4010", "acc-4010"),
    (Kind.ACCOUNT, "FREIGHT"): entry(Kind.ACCOUNT, "4900", "acc-4900"),
    (Kind.TAX_CODE, "AU-GST10"): entry(Kind.TAX_CODE, "GST", "tax-gst", rate="10"),
    (Kind.TAX_CODE, "AU-FREE"): entry(Kind.TAX_CODE, "GST Free", "tax-free", rate="0"),
    (Kind.TERMS, "Net 30"): entry(Kind.TERMS, "30 days net", "terms-30"),
    (Kind.DIMENSION, "department:WHOLESALE"): entry(Kind.DIMENSION, "Classification:WHOLESALE", "class-w", type="Classification"),
    (Kind.DIMENSION, "department:SERVICE"): entry(Kind.DIMENSION, "Classification:SERVICE", "class-s", type="Classification"),
    (Kind.DIMENSION, "warehouse:MAIN"): entry(Kind.DIMENSION, "Project:Warehouses:MAIN", "proj-main", type="Project"),
    (Kind.PAYMENT_METHOD, "Wire"): entry(Kind.PAYMENT_METHOD, "EFT", "method-eft"),
}
BUYER = Party(
    code="C-AU-0042",
    name=NAME,
    address=Address(line1="12 Bore Road", city="Kalgoorlie", region="WA", postal_code="6430", country="AU"),
    contact=Contact(name="Accounts", phone="08 9021 0000", email="ap@outback.example"),
    tax_registration="51824753556",
)


def refs(**settings: str) -> References:
    return References(customer="customer-1", entries=ENTRIES, settings={**HOME, **settings})


def ours(number: int, item: str = "FLT-PRE-30", price: str = "100", quantity: str = "1", **fields: Any) -> Line:
    head = {"tax_code": "AU-GST10", "rate": "10", "currency": "AUD"}
    return line(number, quantity, price, item_code=item, **{**head, **fields})


def head(**fields: Any) -> dict[str, Any]:
    made = {
        "division": "AU",
        "number": "AU-SI-000123",
        "issue_date": date(2026, 1, 15),
        "due_date": date(2026, 2, 14),
        "currency": "AUD",
        "buyer": BUYER,
    }
    return {**made, **fields}


def off(amount: str, **fields: Any) -> AllowanceCharge:
    return AllowanceCharge(amount=Decimal(amount), tax_rate=Decimal(10), tax_code="AU-GST10", **fields)


def full_invoice() -> Invoice:
    """Line discount, document discount, freight, two tax rates, dimensions."""
    compressor = ours(
        1,
        "CMP-RS-22",
        "4150",
        "2",
        name="AC-250 rotary screw compressor",
        account_code="EQUIPMENT",
        dimensions={"department": "WHOLESALE"},
        warehouse="MAIN",
        serial_numbers=("SN-1", "SN-2"),
        allowances_charges=(AllowanceCharge(amount=Decimal("415.00"), percent=Decimal(5), reason="Line discount"),),
    )
    filters = ours(2, price="38.50", quantity="10", name="Inline filter kit", unit="SET", tax_code="AU-FREE", rate="0", category="Z")
    freight = ours(3, "", "60", "2", name="Freight", account_code="FREIGHT", kind=LineKind.FREIGHT)
    comment = Line(line_id="4", kind=LineKind.COMMENT, name="Two pallets.", unit="", quantity=Decimal(0))
    lines = (compressor, filters, freight, comment)
    place = Address(line1="Mine Site", city="Kambalda", region="WA", postal_code="6442", country="AU")
    return invoice(
        *lines,
        charges=[off("80.05", reason="Volume discount")],
        **head(
            terms=PaymentTerms(code="Net 30", net_days=30),
            purchase_order="PO-88213",
            notes=("Deliver to rear dock.",),
            delivery=Delivery(name="Pit 4", address=place),
        ),
    )


def body(document: Invoice | CreditNote, references: References | None = None, **options: Any) -> dict[str, Any]:
    return mapping.document_body(document, references or refs(), options, NAME)


FULL = {
    "customer": "Outback Drilling Supplies",
    "invoiceDate": "2026-01-15T00:00:00Z",
    "dueDate": "2026-02-14T00:00:00Z",
    "amountTaxStatus": "Exclusive",
    "paymentTerms": "terms-30",
    "reference": "AU-SI-000123",
    "classification": "class-w",
    "template": "Professional Invoice",
    "purchaseOrderNumber": "PO-88213",
    "notes": "Deliver to rear dock.\nTwo pallets.\nShip to: Pit 4, Mine Site, Kambalda, WA, 6442, AU",
    "paymentDetails": "BSB 066-123 Account 10203040",
    "lineItems": [
        {
            "lineNumber": 1,
            "itemDetails": {"item": "item-22", "quantity": Decimal(2), "price": Decimal("4150"), "discountAmount": Decimal("493.85")},
            "description": (
                "AC-250 rotary screw compressor\nLine discount 5 %: -415.00\n"
                "Share of the document's discount: -78.85\nSerial numbers: SN-1, SN-2"
            ),
            "project": "proj-main",
            "taxRate": "tax-gst",
            "taxAmount": Decimal("780.62"),
        },
        {
            "lineNumber": 2,
            "itemDetails": {"item": "item-30", "quantity": Decimal(10), "price": Decimal("38.50")},
            "description": "Inline filter kit\nUnit: SET",
            "taxRate": "tax-free",
            "taxAmount": Decimal("0.00"),
        },
        {
            "lineNumber": 3,
            "accountDetails": {"ledgerAccount": "acc-4900", "quantity": Decimal(1), "amount": Decimal("118.80")},
            "description": "Freight\nQuantity: 2 at 60\nShare of the document's discount: -1.20",
            "taxRate": "tax-gst",
            "taxAmount": Decimal("11.88"),
        },
    ],
}


def test_a_full_invoice_becomes_the_documented_body() -> None:
    document = full_invoice()
    assert refusals(document, HOME) == ()
    sent = body(document, template="Professional Invoice", payment_details="BSB 066-123 Account 10203040")
    assert sent == FULL


def test_a_credit_note_has_no_due_date_terms_discounts_or_order_field() -> None:
    returned = ours(1, price="100", quantity="3", allowances_charges=(AllowanceCharge(amount=Decimal(30), percent=Decimal(10)),))
    document = credit_note(
        returned, **head(number="AU-CN-000017", reason="Returned goods", purchase_order="PO-88213", terms=PaymentTerms(code="Net 30"))
    )
    assert refusals(document, HOME) == ()
    assert body(document, template="Professional Invoice") == {
        "customer": "Outback Drilling Supplies",
        "creditNoteDate": "2026-01-15T00:00:00Z",
        "amountTaxStatus": "Exclusive",
        "reference": "AU-CN-000017",
        "notes": "Returned goods\nCorrects: UK-SI-000123\nPurchase order: PO-88213\nDue: 2026-02-14\nTerms: Net 30",
        "lineItems": [
            {
                "lineNumber": 1,
                "itemDetails": {"item": "item-30", "quantity": Decimal(3), "price": Decimal("90.00")},
                "description": "Air filter element\nQuantity: 3 at 100\nDiscount 10 %: -30",
                "taxRate": "tax-gst",
                "taxAmount": Decimal("27.00"),
            }
        ],
    }


def test_one_percentage_on_a_line_is_said_as_such() -> None:
    discounted = ours(1, quantity="2", allowances_charges=(AllowanceCharge(amount=Decimal(10), percent=Decimal(5)),))
    (sent,) = body(invoice(discounted, **head()))["lineItems"]
    assert sent["itemDetails"] == {"item": "item-30", "quantity": Decimal(2), "price": Decimal(100), "discountPercent": Decimal(5)}


def test_without_tax_amounts_of_ours_reckon_computes_them() -> None:
    sent = body(full_invoice(), refs(tax_amounts="computed"))
    assert [each.get("taxAmount") for each in sent["lineItems"]] == [None, None, None]


def test_where_the_book_wants_prices_with_tax_they_have_it() -> None:
    sent = body(invoice(ours(1, price="33.33", quantity="3"), **head()), refs(amount_tax_status="Inclusive"))
    assert sent["amountTaxStatus"] == "Inclusive"
    (item,) = sent["lineItems"]
    assert cents(item["itemDetails"]["quantity"] * item["itemDetails"]["price"]) == Decimal("109.99")


def test_without_a_due_date_our_terms_make_it_and_not_the_customers() -> None:
    document = invoice(ours(1), **head(due_date=None, terms=PaymentTerms(text="Forty days", net_days=40), posting_date=date(2026, 1, 20)))
    assert body(document)["dueDate"] == "2026-02-24T00:00:00Z"


def test_an_order_number_stands_in_the_notes_where_the_book_has_no_field() -> None:
    sent = body(invoice(ours(1), **head(purchase_order="PO-88213")), refs(po_field="notes"))
    assert "purchaseOrderNumber" not in sent
    assert sent["notes"] == "Purchase order: PO-88213"


def test_a_charge_of_the_document_is_a_line_of_its_own() -> None:
    charge = AllowanceCharge(is_charge=True, amount=Decimal(10), tax_rate=Decimal(10), tax_code="AU-GST10", reason="Packing")
    with pytest.raises(ReferenceMissing):
        body(invoice(ours(1), charges=[charge], **head()))
    sent = body(invoice(ours(1), charges=[charge], **head()), refs(default_income_account="Income:Freight"))["lineItems"][1]
    assert sent["accountDetails"] == {"ledgerAccount": "Income:Freight", "quantity": Decimal(1), "amount": Decimal(10)}
    assert sent["description"] == "Document charge: Packing"


def test_what_an_item_books_to_must_be_what_the_account_is_mapped_to() -> None:
    with pytest.raises(mapping.Inexpressible, match=r"FLT-PRE-30 books to Income:Parts sales.*EQUIPMENT is mapped to 4000"):
        body(invoice(ours(1, account_code="EQUIPMENT"), **head()))


def test_a_tax_code_mapped_to_another_rate_is_not_sent() -> None:
    wrong = {**ENTRIES, (Kind.TAX_CODE, "AU-GST10"): entry(Kind.TAX_CODE, "GST", "tax-gst", rate="12.5")}
    with pytest.raises(mapping.Inexpressible, match=r"is 10 %, but is mapped to GST, which is 12.5 %"):
        body(invoice(ours(1), **head()), References(entries=wrong, settings=HOME))


def test_a_document_has_one_classification() -> None:
    one, other = ours(1, dimensions={"department": "WHOLESALE"}), ours(2, dimensions={"department": "SERVICE"})
    with pytest.raises(mapping.Inexpressible, match="one classification"):
        body(invoice(one, other, **head()))
    assert body(invoice(one, ours(2), **head(dimensions={"department": "WHOLESALE"})))["classification"] == "class-w"


def test_control_characters_are_not_sent() -> None:
    sent = body(invoice(ours(1, name="Air\x0b filter\x00"), **head(notes=("Ring\x07 twice",))))
    assert (sent["lineItems"][0]["description"], sent["notes"]) == ("Air  filter", "Ring  twice")


# -- refusals --------------------------------------------------------------------------------------------------------------------------


REFUSED = {
    "another currency": (invoice(ours(1), **head(currency="USD")), "currency"),
    "a number too long": (invoice(ours(1), **head(number="N" * 51)), "number"),
    "a number with a quote": (invoice(ours(1), **head(number="O'1")), "number"),
    "a rounding amount": (invoice(ours(1), **head(rounding_amount=Decimal("0.02"))), "rounding_amount"),
    "something prepaid": (invoice(ours(1), **head(prepaid_amount=Decimal("5"))), "prepaid_amount"),
    "withheld tax": (invoice(ours(1), **head(withholding_tax=Decimal("5"))), "withholding_tax"),
    "no tax code": (invoice(ours(1, tax_code=""), **head()), "lines[0].tax_code"),
    "neither item nor account": (invoice(ours(1, "", account_code=""), **head()), "lines[0].account_code"),
    "an internal note": (invoice(ours(1), **head(internal_note="Called on Monday.")), "internal_note"),
    "a line below zero": (invoice(ours(1), ours(2, quantity="-1"), **head()), "lines[1].net_amount"),
    "a discount larger than its lines": (invoice(ours(1), charges=[off("101")], **head()), "allowances_charges"),
    "a tax total that no line bears": (invoice(ours(1), **head(tax_total=Decimal("11"), tax_breakdown=())), "tax_total"),
    "a customer code too long": (invoice(ours(1), **head(buyer=BUYER.model_copy(update={"code": "C" * 21}))), "buyer.code"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_reckon_cannot_express_is_told_before_anything_is_sent(what: str) -> None:
    document, field = REFUSED[what]
    found = refusals(document, HOME, "reckon_one_au")
    assert field in [each.field for each in found]
    assert all(each.says and each.fix and each.connection == "reckon_one_au" for each in found)


def test_the_refusal_of_a_currency_names_both_and_the_way_out() -> None:
    (finding,) = refusals(REFUSED["another currency"][0], HOME)
    assert "this one is kept in AUD, the document is in USD" in finding.says
    assert "Route it to a connection" in finding.fix


# -- customers and payments ------------------------------------------------------------------------------------------------------------


def test_a_customer_becomes_the_documented_body_with_the_books_own_types() -> None:
    sent = mapping.customer_body(BUYER, {"address": "Billing", "phone": "Work", "email": "Email"})
    assert sent == {
        "name": "Outback Drilling Supplies",
        "organisationName": "Outback Drilling Supplies",
        "businessNumber1": "51824753556",
        "businessNumber2": "C-AU-0042",
        "notes": "Contact: Accounts",
        "addresses": [
            {
                "type": "Billing",
                "line1": "12 Bore Road",
                "suburb": "Kalgoorlie",
                "state": "WA",
                "postcode": "6430",
                "country": "Australia",
            }
        ],
        "phoneNumbers": [{"type": "Work", "number": "08 9021 0000"}],
        "electronicAddresses": [{"type": "Email", "address": "ap@outback.example"}],
    }
    assert mapping.customer_body(BUYER, {"address": "", "phone": "", "email": ""}, coded=True)["name"] == f"{NAME} (C-AU-0042)"


def test_a_city_is_a_town_in_the_united_kingdom() -> None:
    assert mapping.address_fields(Address(city="Leeds", country="GB"))["town"] == "Leeds"


def test_a_payment_becomes_one_receipt_linked_to_its_invoices() -> None:
    payment = Payment(
        source="bank",
        source_id="pay-7",
        customer_code="C-AU-0042",
        received_on=date(2026, 2, 10),
        amount=Decimal("5000.00"),
        currency="AUD",
        method="Wire",
        reference="EFT 55121",
        allocations=(
            Allocation(document_number="AU-SI-1", remote_id="inv-1", amount=Decimal("3000.00")),
            Allocation(document_number="AU-SI-2", remote_id="inv-2", amount=Decimal("1500.00")),
        ),
    )
    assert mapping.receipt_body(payment, refs(bank_account="Main bank account"), NAME) == {
        "customer": "Outback Drilling Supplies",
        "receiptDate": "2026-02-10T00:00:00Z",
        "totalAmount": Decimal("5000.00"),
        "ledgerAccount": "Main bank account",
        "paymentMethod": "method-eft",
        "reference": "EFT 55121 [bank pay-7]",
        "notes": "Wire",
        "transactionLinks": [
            {"transactionId": "inv-1", "transactionAmount": Decimal("3000.00"), "transactionType": "Invoice"},
            {"transactionId": "inv-2", "transactionAmount": Decimal("1500.00"), "transactionType": "Invoice"},
        ],
    }


@settings(max_examples=40)
@given(document=right_documents())
def test_lines_carry_the_documents_net_and_tax_to_the_cent(document: Invoice | CreditNote) -> None:
    """For every document that is not refused, whatever its currency: what is booked is what was sold."""
    currency: Mapping[str, str] = {**HOME, "home_currency": document.currency, "default_income_account": "Income"}
    if refusals(document, currency):
        return
    booked = parts(document)
    assert sum(part.net for part in booked) == document.net_total
    assert sum(part.tax for part in booked) == document.tax_total
    for part in booked:
        if isinstance(part.bearer, Line):
            prices = priced(part.bearer, part, discounts=isinstance(document, Invoice))
            gross = prices.quantity * prices.price
            taken = prices.discount_amount or gross * (prices.discount_percent or 0) / 100
            assert cents(gross - taken) == part.net
