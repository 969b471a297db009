"""A client of MYOB that others wrote (pymyob) and our hook in one simulated business: each reads what the other wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from myob import credentials, managers
from myob.api import Myob
from myob.constants import AuthScope
from myob.credentials import PartnerCredentials
from myob.exceptions import MyobBadRequest, MyobNotFound, MyobUnauthorized
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from tests.platforms.company import Company, today

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import PlatformHook

SLUG = "myob"
Json = dict[str, Any]


@pytest.fixture
def consent(company: Company, monkeypatch: pytest.MonkeyPatch) -> PartnerCredentials:
    """An administrator agrees for one business; only the client's addresses are changed."""
    base = company.sandbox.base_url(SLUG)
    monkeypatch.setattr(managers, "MYOB_BASE_URL", f"{base}/accountright/")
    monkeypatch.setattr(credentials, "MYOB_PARTNER_BASE_URL", f"{base}/oauth2/")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no TLS
    stored = company.connection()
    given = PartnerCredentials(stored["login"], stored["password"], "https://app.example/back", scopes=(AuthScope.SALES,))
    sent_back = parse_qs(urlsplit(httpx.get(given.url).headers["location"]).query)
    given.verify(sent_back["code"][0], sent_back["businessId"][0])
    return given


class Business:
    """The business as the client sees it."""

    def __init__(self, given: PartnerCredentials) -> None:
        self.myob: Any = Myob(given)  # Any: the client makes its methods as it starts

    def invoice(self, number: str) -> Json:
        (found,) = self.myob.invoices.item(Number=number)["Items"]
        return dict(found)

    def uid(self, of: str, kind: str, **wanted: str) -> Json:
        """A link to one entry of a list."""
        (found,) = getattr(getattr(self.myob, of), kind)(**wanted)["Items"]
        return {"UID": found["UID"]}

    def customer(self, number: str) -> Json:
        gst = self.uid("general_ledger", "taxcode", Code="GST")
        card = {"CompanyName": f"Harbour {number}", "IsIndividual": False, "DisplayID": f"C-{number}"}
        made = self.myob.contacts.post_customer(data={**card, "SellingDetails": {"TaxCode": gst, "FreightTaxCode": gst}})
        return {"UID": made["UID"]}

    def write(self, number: str, **fields: Any) -> Json:
        """An invoice of 200.00 and 20.00 GST."""
        gst = self.uid("general_ledger", "taxcode", Code="GST")
        line = {"Type": "Transaction", "Description": "Filter", "ShipQuantity": 2, "UnitPrice": 100, "DiscountPercent": 0, "Total": 200}
        lines = [{**line, "Item": self.uid("inventory", "item", Number="FLT-PRE-30"), "TaxCode": gst}]
        head = {"Number": number, "Date": f"{today()}T00:00:00", "IsTaxInclusive": False, "FreightTaxCode": gst, "Lines": lines}
        if "Customer" not in fields:
            head["Customer"] = self.customer(number)
        return dict(self.myob.invoices.post_item(data={**head, **fields}))


@pytest.fixture
def business(consent: PartnerCredentials) -> Business:
    return Business(consent)


def exact(value: Any) -> Decimal:
    return Decimal(str(value))


def test_a_refresh_token_works_once(consent: PartnerCredentials) -> None:
    spent = consent.refresh_token
    consent.refresh()
    assert Business(consent).myob.company.preferences()
    consent.refresh_token = spent
    with pytest.raises(InvalidGrantError):
        consent.refresh()


def test_it_reads_the_invoice_that_we_booked(business: Business, company: Company, hook: PlatformHook) -> None:
    document = company.invoice()
    remote = company.book(hook, document)
    read = business.invoice(document.number)
    assert (read["UID"], read["Status"], read["CustomerPurchaseOrderNumber"]) == (remote.remote_id, "Open", document.purchase_order)
    assert read["Date"].startswith(document.issue_date.isoformat())
    assert (exact(read["TotalTax"]), exact(read["TotalAmount"])) == (document.tax_total, document.gross_total)
    assert exact(read["BalanceDueAmount"]) == document.gross_total
    who = business.myob.contacts.get_customer(uid=read["Customer"]["UID"])
    assert (who["DisplayID"], who["CompanyName"]) == (document.buyer.code, document.buyer.name)
    sold = [each for each in read["Lines"] if each["Type"] == "Transaction"]
    booked = [(each["Item"]["Number"], exact(each["ShipQuantity"]), exact(each["Total"])) for each in sold]
    assert booked == [(each.item_code, each.quantity, each.net_amount) for each in document.lines]


def test_it_reads_the_payment_that_we_booked(business: Business, company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40"))
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="key-1", references=references)
    assert exact(business.invoice(document.number)["BalanceDueAmount"]) == document.gross_total - 40
    paid = business.myob.customer_payments.get(uid=booked.remote_id)
    assert [(each["UID"], exact(each["AmountApplied"])) for each in paid["Invoices"]] == [(remote.remote_id, Decimal(40))]


def test_we_read_its_invoice_from_open_to_paid_and_gone(business: Business, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = business.write(number)
    (found,) = hook.find_invoice(number, DocumentKind.INVOICE)
    assert (found.remote_id, found.our_number, found.status) == (written["UID"], number, DocumentStatus.OPEN)
    assert (found.customer_id, found.currency) == (written["Customer"]["UID"], "AUD")
    assert (found.net, found.tax, found.total, found.balance) == tuple(map(Decimal, ("200", "20", "220", "220")))
    receipt = {"DepositTo": "Account", "Account": business.uid("general_ledger", "account", DisplayID="1-1000"), "AmountReceived": 220}
    applied = [{"UID": written["UID"], "AmountApplied": 220, "Type": "Invoice"}]
    head = {"Customer": {"UID": written["Customer"]["UID"]}, "Date": f"{today()}T00:00:00", "PaymentMethod": "EFT", "Memo": "WIRE-7"}
    paid = business.myob.customer_payments.post(data={**receipt, **head, "Invoices": applied})
    assert hook.find_invoice(number, DocumentKind.INVOICE)[0].status is DocumentStatus.PAID
    (payment,) = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(hours=1)) if each.remote_id == paid["UID"]]
    assert (payment.amount, payment.currency, payment.allocations[0].remote_id) == (Decimal(220), "AUD", written["UID"])
    business.myob.customer_payments.delete(uid=paid["UID"])
    business.myob.invoices.delete_item(uid=written["UID"])
    assert hook.find_invoice(number, DocumentKind.INVOICE) == []


def test_we_find_its_customer_by_our_code(business: Business, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    card = business.customer(number)
    assert hook.ensure_customer(company.party(code=f"C-{number}", name=f"Harbour {number}"), "AUD") == card["UID"]


def test_it_changes_its_own_invoice_by_the_row_version(business: Business, company: Company, hook: PlatformHook) -> None:
    number = company.number()
    written = business.write(number)
    changed = business.myob.invoices.put_item(uid=written["UID"], data={**written, "JournalMemo": "seen"})
    assert (changed["UID"], changed["JournalMemo"]) == (written["UID"], "seen")
    assert changed["RowVersion"] != written["RowVersion"]


def test_it_recognises_refusals(business: Business, consent: PartnerCredentials, company: Company) -> None:
    with pytest.raises(MyobBadRequest, match="NotFound"):
        business.write(company.number(), Customer={"UID": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"})
    with pytest.raises(MyobNotFound):
        business.myob.invoices.get_item(uid="7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6")
    consent.oauth_token = "nobody"
    with pytest.raises(MyobUnauthorized):
        business.invoice("X")
