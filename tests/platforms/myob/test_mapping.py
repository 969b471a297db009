"""Documents, cards and payments as MYOB bodies: expected ones are written by hand from the vendor's contract."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.platforms.myob.documents import BUYER, FREE, IN_DOLLARS, OWN, bill, credit, in_dollars, off, refs, sold

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Delivery,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Line,
    LineKind,
    Payment,
    PaymentTerms,
)
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.myob import mapping, reading
from airbooks.platforms.myob.lines import Inexpressible
from airbooks.platforms.myob.pricing import Part, cents, parts, priced
from airbooks.platforms.myob.refusals import refusals
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.wire import Reply, to_json

D = Decimal
ITEM: dict[str, Any] = {"layout": "Item", "delivery_status": "Nothing"}


def body(document: Any, options: dict[str, Any] | None = None, own: mapping.OwnCodes = OWN, **changed: str) -> dict[str, Any]:
    return mapping.document_body(document, refs(**changed), options or ITEM, own)


def lines_of(document: Any, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body(document, **given)["Lines"]
    return found


# -- whole documents -----------------------------------------------------------------------------------------------------------


def full_invoice() -> Invoice:
    """A line discount, a document discount over one of two tax rates, freight, dimensions, a delivery."""
    ten_off = AllowanceCharge(amount=D("830.00"), base_amount=D("8300.00"), percent=D(10), reason="Line discount")
    goods = sold(
        1,
        "2",
        "4150.00",
        name="Rotary screw compressor",
        item_code="CMP-RS-75",
        account_code="EQUIPMENT",
        allowances_charges=(ten_off,),
        dimensions={"department": "WHOLESALE", "region": "EAST"},
        warehouse="MAIN",
    )
    free = sold(2, "10", "38.50", **FREE)
    freight = sold(3, "1", "120.00", name="Road freight", item_code="FRT-STD", account_code="FREIGHT", kind=LineKind.FREIGHT)
    place = Address(line1="12 Bore Road", city="Kalgoorlie", region="WA", postal_code="6430", country="AU")
    return bill(
        goods,
        free,
        freight,
        charges=[off("151.80")],
        delivery=Delivery(delivery_date=date(2026, 1, 22), name="Northgate depot", address=place, shipping_method="Road"),
        terms=PaymentTerms(code="2% 10 Net 30", net_days=30, discount_percent=D(2), discount_days=10),
        notes=("Handle with care.",),
        internal_note="Called on Monday.",
    )


def test_a_full_invoice_becomes_the_item_sale_of_the_contract() -> None:
    assert body(full_invoice()) == {
        "Number": "AU-SI-004711",
        "Date": "2026-01-15T00:00:00",
        "CustomerPurchaseOrderNumber": "PO-88213",
        "Customer": {"UID": "u-customer"},
        "PromisedDate": "2026-01-22T00:00:00",
        "ShipToAddress": "Northgate depot\n12 Bore Road\nKalgoorlie WA 6430\nAU",
        "Terms": {
            "PaymentIsDue": "InAGivenNumberOfDays",
            "BalanceDueDate": 30,
            "DiscountDate": 10,
            "DiscountForEarlyPayment": D(2),
            "MonthlyChargeForLatePayment": 0,
        },
        "IsTaxInclusive": False,
        "Lines": [
            {
                "Type": "Transaction",
                "Description": "Rotary screw compressor",
                "ShipQuantity": D(2),
                "UnitPrice": D("4150.00"),
                "DiscountPercent": D("11.80"),
                "Total": D("7320.60"),
                "Item": {"UID": "u-CMP-RS-75"},
                "Account": {"UID": "u-4000"},
                "Location": {"UID": "u-main"},
                "TaxCode": {"UID": "u-gst"},
                "Job": {"UID": "u-wholesale"},
            },
            {
                "Type": "Transaction",
                "Description": "Filter kit AF-75",
                "ShipQuantity": D(10),
                "UnitPrice": D("38.50"),
                "DiscountPercent": D(0),
                "Total": D("385.00"),
                "Item": {"UID": "u-FLT-KIT-75"},
                "Account": {"UID": "u-4010"},
                "TaxCode": {"UID": "u-fre"},
            },
            {
                "Type": "Transaction",
                "Description": "Road freight",
                "ShipQuantity": D(1),
                "UnitPrice": D("120.00"),
                "DiscountPercent": D("2.00"),
                "Total": D("117.60"),
                "Item": {"UID": "u-FRT-STD"},
                "Account": {"UID": "u-4900"},
                "TaxCode": {"UID": "u-gst"},
            },
            {"Type": "Header", "Description": "Shipped by: Road"},
        ],
        "FreightTaxCode": {"UID": "u-gst"},
        "Category": {"UID": "u-east"},
        "Comment": "Handle with care.",
        "JournalMemo": "Sale; AU-SI-004711; Called on Monday.",
        "InvoiceDeliveryStatus": "Nothing",
    }


def test_freight_goes_to_the_header_where_that_is_asked_for() -> None:
    made = body(full_invoice(), {**ITEM, "freight": "header"})
    assert (made["Freight"], made["FreightTaxCode"]) == (D("117.60"), {"UID": "u-gst"})
    assert [line["Description"] for line in made["Lines"]] == [
        "Rotary screw compressor",
        "Filter kit AF-75",
        "Freight: Road freight",
        "Shipped by: Road",
    ]


def test_two_freight_lines_stay_lines() -> None:
    two = [sold(number, "1", "10", item_code="FRT-STD", kind=LineKind.FREIGHT) for number in (2, 3)]
    made = body(bill(sold(), *two), {**ITEM, "freight": "header"})
    assert "Freight" not in made
    assert len(made["Lines"]) == 3


def test_a_document_in_dollars_uses_the_foreign_fields_instead_of_the_local_ones() -> None:
    made = body(bill(sold(), **in_dollars()), own=IN_DOLLARS)
    assert (made["ForeignCurrency"], made["CurrencyExchangeRate"]) == ({"UID": "u-usd"}, D("0.655099"))
    (line,) = made["Lines"]
    assert (line["UnitPriceForeign"], line["TotalForeign"]) == (D("84.50"), D("169.00"))
    assert not {"UnitPrice", "Total", "Freight"} & set(line) | {"Freight"} & set(made)
    freight = sold(2, "1", "20", item_code="FRT-STD", kind=LineKind.FREIGHT)
    assert body(bill(sold(), freight, **in_dollars()), {**ITEM, "freight": "header"}, IN_DOLLARS)["FreightForeign"] == D("20")


def test_a_credit_note_is_a_sale_of_negative_quantities() -> None:
    made = body(credit(sold(quantity="3", warehouse="MAIN"), charges=[off("25.35")]))
    assert made["Number"] == "AU-CN-000017"
    assert made["Lines"] == [
        {
            "Type": "Transaction",
            "Description": "Filter kit AF-75",
            "ShipQuantity": D(-3),
            "UnitPrice": D("84.50"),
            "DiscountPercent": D("10.00"),
            "Total": D("-228.15"),
            "Item": {"UID": "u-FLT-KIT-75"},
            "Account": {"UID": "u-4010"},
            "Location": {"UID": "u-main"},
            "TaxCode": {"UID": "u-gst"},
        },
        {"Type": "Header", "Description": "Reason: Returned goods"},
    ]


def test_a_free_line_of_a_credit_note_has_no_minus_zero() -> None:
    made = lines_of(credit(sold(), sold(2, "1", "0")))
    assert b"-0" not in to_json(made[1]["Total"])


def test_a_service_sale_has_accounts_and_amounts_and_says_the_rest_in_words() -> None:
    line = sold(1, "4", "84.50", unit="MTR", warehouse="MAIN", dimensions={"department": "SERVICE"})
    assert lines_of(bill(line), options={"layout": "Service"}) == [
        {
            "Type": "Transaction",
            "Description": "Filter kit AF-75\nItem: FLT-KIT-75\nQuantity: 4 at 84.50\nLocation: MAIN\nUnit: MTR",
            "Account": {"UID": "u-4010"},
            "Total": D("338.00"),
            "TaxCode": {"UID": "u-gst"},
            "Job": {"UID": "u-service"},
        }
    ]


def test_a_charge_of_the_document_is_a_line_of_the_item_kept_for_that() -> None:
    charged = bill(sold(), charges=[off("15.00", is_charge=True, reason="Packing", account_code="FREIGHT")])
    assert lines_of(charged)[1] == {
        "Type": "Transaction",
        "Description": "Packing",
        "ShipQuantity": D(1),
        "UnitPrice": D("15.00"),
        "DiscountPercent": D(0),
        "Item": {"UID": "u-adjustment"},
        "Account": {"UID": "u-4900"},
        "Total": D("15.00"),
        "TaxCode": {"UID": "u-gst"},
    }
    with pytest.raises(Inexpressible, match="adjustment_item"):
        body(charged, own=mapping.OwnCodes(freight_tax="u-gst"))


def test_nothing_that_myob_computes_is_sent() -> None:
    sent = body(full_invoice())
    computed = {"UID", "RowVersion", "RowID", "TotalTax", "TotalAmount", "Subtotal", "BalanceDueAmount", "Status"}
    assert computed & (set(sent) | {key for line in sent["Lines"] for key in line}) == set()
    assert "DueDate" not in sent["Terms"]


# -- parts of documents --------------------------------------------------------------------------------------------------------


def test_an_update_keeps_the_ids_of_lines_that_stay_what_they_are() -> None:
    held = {
        "UID": "u-1",
        "RowVersion": "-693",
        "Lines": [
            {"RowID": 11, "RowVersion": "-7", "Type": "Transaction"},
            {"RowID": 12, "RowVersion": "8", "Type": "Header"},
            {"RowID": 13, "RowVersion": "9", "Type": "Transaction"},
        ],
    }
    made = mapping.update_body(body(bill(sold(1), sold(2))), held)
    assert (made["UID"], made["RowVersion"], made["Number"]) == ("u-1", "-693", "AU-SI-004711")
    assert [(line.get("RowID"), line.get("RowVersion")) for line in made["Lines"]] == [(11, "-7"), (None, None)]


def test_a_long_purchase_order_is_cut_in_its_field_and_whole_in_the_text() -> None:
    number = "PO-" + "7" * 30
    made = body(bill(purchase_order=number), purchase_order_max="20")
    assert made["CustomerPurchaseOrderNumber"] == number[:20]
    assert made["Lines"][-1] == {"Type": "Header", "Description": f"Purchase order: {number}"}


def test_a_description_beyond_a_thousand_characters_goes_on_in_text_lines() -> None:
    first, *more = lines_of(bill(sold(description="Stainless. " * 200)))
    assert len(first["Description"]) == 1000
    assert [each["Type"] for each in more] == ["Header", "Header"]
    assert "".join([first["Description"], *(each["Description"] for each in more)]).startswith("Filter kit AF-75\nStainless.")


def test_a_comment_is_a_line_of_text_only() -> None:
    said = Line(line_id="2", kind=LineKind.COMMENT, name="Deliver to the rear gate.", unit="", quantity=D(0))
    assert lines_of(bill(sold(), said))[1] == {"Type": "Header", "Description": "Deliver to the rear gate."}


def test_an_older_file_books_to_the_items_own_account_or_not_at_all() -> None:
    assert "Account" not in lines_of(bill(sold()), line_accounts="False")[0]
    with pytest.raises(Inexpressible, match="does not book to account 4-4000"):
        body(bill(sold(account_code="EQUIPMENT")), line_accounts="False")


@pytest.mark.parametrize(
    ("document", "options", "says"),
    [
        (bill(sold(item_code="")), ITEM, "has no item"),
        (bill(sold(account_code="")), {"layout": "Service"}, "has no account"),
        (bill(sold(tax_code="AU-FREE")), ITEM, "AU-FREE is 10 %, but is mapped to FRE, which is 0 %"),
        (bill(sold(1, dimensions={"region": "EAST"}), sold(2, dimensions={"region": "WEST"})), ITEM, "Category:EAST, Category:WEST"),
    ],
)
def test_what_the_references_do_not_allow_is_said(document: Invoice, options: dict[str, Any], says: str) -> None:
    with pytest.raises(Inexpressible, match=says):
        body(document, options)


def test_a_code_without_an_entry_is_missing() -> None:
    with pytest.raises(ReferenceMissing, match="NO-SUCH"):
        body(bill(sold(item_code="NO-SUCH")))


def test_dimensions_of_the_head_stand_on_lines_that_name_none() -> None:
    made = lines_of(bill(sold(1), sold(2, dimensions={"department": "SERVICE"}), dimensions={"department": "WHOLESALE"}))
    assert [line["Job"]["UID"] for line in made] == ["u-wholesale", "u-service"]


# -- amounts -------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    quantity=st.decimals("0.001", "900", places=3),
    price=st.decimals("0.00001", "9000", places=5),
    percent=st.decimals("0", "60", places=1),
)
def test_quantity_price_and_percentage_always_make_the_lines_amount(quantity: Decimal, price: Decimal, percent: Decimal) -> None:
    gross = cents(quantity * price)
    taken = cents(gross * percent / 100)
    line = sold(1, str(quantity), str(price), net_amount=gross - taken, allowances_charges=(off(str(taken)),) if taken else ())
    made = priced(Part(line, D(0)))
    assert cents(made.quantity * made.unit * (100 - made.percent) / 100) == line.net_amount
    assert made.unit == round(made.unit, 6)
    assert 0 <= made.percent <= 100


@settings(max_examples=60)
@given(prices=st.lists(st.decimals("0.01", "900", places=2), min_size=1, max_size=6), discount=st.decimals("0.01", "500", places=2))
def test_a_discount_of_the_document_is_on_its_lines_to_the_cent(prices: list[Decimal], discount: Decimal) -> None:
    lines = [sold(number, "1", str(price)) for number, price in enumerate(prices, start=1)]
    taken = min(discount, sum(prices))
    document = bill(*lines, charges=[off(str(taken))])
    assert sum(part.amount for part in parts(document)) == document.net_total
    assert all(0 <= part.carried <= part.line.net_amount + D("0.01") for part in parts(document))


def test_no_percentage_is_made_of_prices_that_hold_the_tax() -> None:
    line = sold(1, "2", "55.00", net_amount=D("100.00"))
    assert priced(Part(line, D(0))) == priced(Part(sold(1, "2", "50.00"), D(0)))


def test_a_price_that_no_quantity_makes_is_one_piece_at_the_amount_and_said() -> None:
    (line,) = lines_of(bill(sold(1, "900000", "0.0000019", net_amount=D("1.71"))))
    assert (line["ShipQuantity"] * line["UnitPrice"]).quantize(D("0.01")) == D("1.71")
    (awkward,) = lines_of(bill(sold(1, "0.1234567", "10", net_amount=D("1.23"))))
    assert (awkward["ShipQuantity"], awkward["UnitPrice"]) == (D(1), D("1.23"))
    assert "Quantity: 0.1234567" in awkward["Description"]


# -- what cannot be expressed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (bill(number="AU-SI-00047110"), "number"),
        (bill(sold(net_amount=D("169.001"))), "lines[0].net_amount"),
        (bill(prepaid_amount=D(20)), "prepaid_amount"),
        (bill(sold(quantity="-2")), "gross_total"),
        (bill(due_date=date(2026, 1, 14)), "due_date"),
        (bill(due_date=None, terms=PaymentTerms()), "due_date"),
        (bill(currency="USD"), "exchange_rate"),
        (bill(sold(tax_code="")), "lines[0].tax_code"),
        (bill(charges=[off("10", tax_code="AU-FREE")]), "allowances_charges"),
        (bill(internal_note="n" * 250), "internal_note"),
        (bill(buyer=BUYER.model_copy(update={"code": "C" * 16})), "buyer.code"),
        (bill(buyer=BUYER.model_copy(update={"code": "C" * 12}), **in_dollars()), "buyer.code"),
        (credit(sold(price="0")), "gross_total"),
    ],
)
def test_what_myob_cannot_say_is_refused_with_its_field_and_a_way_out(document: Any, field: str) -> None:
    (finding,) = refusals(document, refs().settings)
    assert (finding.field, bool(finding.says), bool(finding.fix)) == (field, True, True)


def test_a_file_of_one_currency_takes_no_other() -> None:
    (finding,) = refusals(bill(**in_dollars()), {**refs().settings, "multi_currency": "False"})
    assert finding.field == "currency"
    assert "multi_currency" in finding.fix


def test_what_it_can_say_is_not_refused() -> None:
    for document in (full_invoice(), credit(due_date=None, terms=PaymentTerms()), bill(**in_dollars())):
        assert refusals(document, refs().settings) == ()


# -- cards and payments --------------------------------------------------------------------------------------------------------


def test_a_card_is_the_one_of_the_contract() -> None:
    assert mapping.customer_body(BUYER, "C-AU-0042", "u-gst", "u-gst", "") == {
        "CompanyName": "Northgate Air Pty Ltd",
        "IsIndividual": False,
        "DisplayID": "C-AU-0042",
        "IsActive": True,
        "Addresses": [
            {
                "Location": 1,
                "Street": "12 Bore Road",
                "City": "Kalgoorlie",
                "State": "WA",
                "PostCode": "6430",
                "Country": "AU",
                "Phone1": "0890210000",
                "Email": "ap@northgate.example",
            }
        ],
        "SellingDetails": {"TaxCode": {"UID": "u-gst"}, "FreightTaxCode": {"UID": "u-gst"}, "ABN": "51 824 753 556"},
        "Notes": "Tax number: 51824753556",
    }


def test_a_card_of_another_currency_has_an_identifier_of_its_own() -> None:
    assert mapping.card_id(BUYER, "AUD", "AUD") == "C-AU-0042"
    assert mapping.card_id(BUYER, "USD", "AUD") == "C-AU-0042-USD"
    assert mapping.customer_body(BUYER, "C-AU-0042-USD", "u-gst", "u-gst", "u-usd")["ForeignCurrency"] == {"UID": "u-usd"}


def test_a_long_name_is_cut_on_the_card_and_whole_in_its_notes() -> None:
    long = BUYER.model_copy(update={"name": "Northgate Pneumatic and Hydraulic Engineering Supplies Pty Ltd"})
    made = mapping.customer_body(long, "C-AU-0042", "u-gst", "u-gst", "")
    assert made["CompanyName"] == "Northgate Pneumatic and Hydraulic Engineering Supp"
    assert f"Full name: {long.name}" in made["Notes"]


def payment(**fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "t-77",
        "customer_code": "C-AU-0042",
        "received_on": date(2026, 2, 10),
        "amount": D("5000.00"),
        "currency": "AUD",
        "method": "Wire",
        "reference": "CR000881",
        "memo": "January",
        "allocations": (Allocation(document_number="AU-SI-004711", remote_id="u-1", amount=D("5000.00")),),
    }
    return Payment(**{**made, **fields})


def test_a_payment_is_the_one_of_the_contract() -> None:
    method = ReferenceItem(kind=ReferenceKind.PAYMENT_METHOD, code="EFT")
    known = refs()
    known = type(known)(entries={**known.entries, (ReferenceKind.PAYMENT_METHOD, "Wire"): method}, settings=known.settings)
    assert mapping.payment_body(payment(), known, "u-customer", "u-bank", "") == {
        "DepositTo": "Account",
        "Account": {"UID": "u-bank"},
        "Customer": {"UID": "u-customer"},
        "ReceiptNumber": "CR000881",
        "Date": "2026-02-10T00:00:00",
        "AmountReceived": D("5000.00"),
        "PaymentMethod": "EFT",
        "Memo": "January [bank t-77]",
        "Invoices": [{"UID": "u-1", "AmountApplied": D("5000.00"), "Type": "Invoice"}],
    }


def test_a_payment_in_dollars_without_account_or_known_method_says_so_in_its_memo() -> None:
    made = mapping.payment_body(payment(reference="TT 2026-02-10/000881", **in_dollars()), refs(), "u-customer", "", "u-usd")
    assert made["DepositTo"] == "UndepositedFunds"
    assert not {"Account", "ReceiptNumber", "PaymentMethod", "AmountReceived"} & set(made)
    assert made["AmountReceivedForeign"] == D("5000.00")
    assert made["Invoices"][0]["AmountAppliedForeign"] == D("5000.00")
    assert made["Memo"] == "TT 2026-02-10/000881 Wire January [bank t-77]"


def test_the_words_that_tell_a_payment_survive_any_memo() -> None:
    memo = mapping.payment_body(payment(memo="m" * 400), refs(), "u-customer", "", "")["Memo"]
    assert len(memo) <= 255
    assert memo.endswith("[bank t-77]")


# -- reading -------------------------------------------------------------------------------------------------------------------


def sale(**fields: Any) -> dict[str, Any]:
    row = {
        "UID": "u-1",
        "Number": "AU-SI-004711",
        "Date": "2026-01-15T00:00:00",
        "Customer": {"UID": "u-customer"},
        "Lines": [
            {"RowID": 1, "Type": "Transaction", "Item": {"Number": "FLT-KIT-75"}},
            {"RowID": 2, "Type": "Transaction", "Item": {"Number": "ADJUSTMENT"}},
            {"RowID": 3, "Type": "Header"},
        ],
        "Freight": D("10.00"),
        "TotalTax": D("17.90"),
        "TotalAmount": D("196.90"),
        "BalanceDueAmount": D("196.90"),
        "Status": "Open",
        "ForeignCurrency": None,
        "LastModified": "2026-01-15T03:12:44.127",
        "RowVersion": "-6933843581174022144",
    }
    return {**row, **fields}


def test_a_sale_is_read_with_freight_of_the_header_as_a_line_and_charges_as_none() -> None:
    found = reading.remote_document(sale(), refs().settings, "Item")
    assert (found.kind, found.our_number, found.currency) == (DocumentKind.INVOICE, "AU-SI-004711", "AUD")
    assert (found.net, found.tax, found.total, found.line_count) == (D("179.00"), D("17.90"), D("196.90"), 2)
    assert found.version == "-6933843581174022144"
    assert found.modified_at == datetime(2026, 1, 15, 3, 12, 44, 127000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "kind", "status"),
    [
        ({}, "invoice", DocumentStatus.OPEN),
        ({"BalanceDueAmount": D("96.90")}, "invoice", DocumentStatus.PARTIALLY_PAID),
        ({"BalanceDueAmount": 0, "Status": "Closed"}, "invoice", DocumentStatus.PAID),
        ({"BalanceDueAmount": D("-3.10"), "Status": "Credit"}, "invoice", DocumentStatus.PAID),
        ({"TotalAmount": D("-196.90"), "BalanceDueAmount": D("-196.90"), "Status": "Credit"}, "credit_note", DocumentStatus.OPEN),
        ({"TotalAmount": D("-196.90"), "BalanceDueAmount": D("-96.90"), "Status": "Credit"}, "credit_note", DocumentStatus.PARTIALLY_PAID),
        ({"TotalAmount": D("-196.90"), "BalanceDueAmount": 0, "Status": "Closed"}, "credit_note", DocumentStatus.PAID),
    ],
)
def test_status_and_kind_follow_total_and_balance(fields: dict[str, Any], kind: str, status: DocumentStatus) -> None:
    found = reading.remote_document(sale(**fields), refs().settings, "Item")
    assert (found.kind, found.status) == (kind, status)


def test_a_foreign_sale_is_read_in_its_own_currency() -> None:
    own = {"TotalTaxForeign": D("11.73"), "TotalAmountForeign": D("129.00"), "BalanceDueAmountForeign": D("129.00"), "FreightForeign": 0}
    found = reading.remote_document(sale(ForeignCurrency={"UID": "u-usd", "Code": "USD"}, **own), refs().settings, "Item")
    assert (found.currency, found.total, found.tax, found.line_count) == ("USD", D("129.00"), D("11.73"), 1)


# -- errors --------------------------------------------------------------------------------------------------------------------


def named(name: str, message: str = "", code: int | None = None) -> bytes:
    error = {"Name": name, "Message": message, "AdditionalDetails": "", "ErrorCode": code, "Severity": "Error", "LearnMore": None}
    return to_json({"Errors": [error], "Information": ""})


def test_an_error_counts_before_a_warning() -> None:
    errors = [
        {"Name": "CreditLimitExceeded", "Message": "", "Severity": "Warning"},
        {"Name": "Required", "Message": "Date", "Severity": "Error"},
    ]
    complaint = reading.complaint(Reply(400, {}, to_json({"Errors": errors})))
    assert complaint is not None
    assert complaint.code == "Required"


def test_a_good_answer_may_be_empty() -> None:
    assert reading.complaint(Reply(200, {}, b"")) is None


@pytest.mark.parametrize("seconds", [1200, "1200"])
def test_the_life_of_a_token_may_be_a_number_or_a_text(seconds: Any) -> None:
    token = reading.token({"access_token": "a", "refresh_token": "r", "expires_in": seconds})
    assert token.expires_at is not None
    assert 1190 < (token.expires_at - datetime.now(UTC)).total_seconds() <= 1200
