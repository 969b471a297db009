"""Journal Entry - Clearing (Asynchronous): taken on at once, done some seconds later, and silent about what fails.

A clearing of whole items sets them cleared by a new document. One in which an invoice's row has a partial amount leaves all items open
and notes the invoice on the payment's item (InvoiceReference, FollowOnDocumentType Z). UNVERIFIED: a real system may clear the payment and
post a new item instead, which the fault `partial_posts_items` does.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from lxml import etree

from airbooks.platforms.sap_s4hana.sandbox.company import COMPANY, plain
from airbooks.platforms.sap_s4hana.sandbox.journal import ZERO, Journal, clear, debts, key_of
from airbooks.platforms.sap_s4hana.sandbox.posting import Struck
from airbooks.sandbox.kit import Row

SECONDS = 3.0
Pair = tuple[Row, Row]


class ClearingFailed(Exception):  # noqa: N818 told to the dashboard only
    """Why a clearing had no effect."""


class Clearing:
    """Requests on their way, by message id."""

    def __init__(self, journal: Journal, struck: Struck) -> None:
        self.journal, self.struck = journal, struck
        self.requests = journal.context.store.table("clearings")
        self._waiting = {key for key, row in self.requests.items() if row["state"] == "waiting"}

    def take_on(self, message: str, entry: etree._Element) -> None:
        """Remember a request; one with an id that was seen before is a duplicate and changes nothing."""
        if message in self.requests:
            return
        slow = self.struck("slow_clearing")
        seconds = float(slow.get("seconds", 60.0)) if slow is not None else SECONDS / self.journal.context.time_scale
        self.requests[message] = {
            "state": "waiting",
            "due": self.journal.context.clock.now() + timedelta(seconds=seconds),
            "company": entry.findtext("CompanyCode"),
            "currency": entry.findtext("CurrencyCode"),
            "on": date.fromisoformat(entry.findtext("PostingDate", "")),
            "rows": [_row(each) for each in entry.iterfind("APARItems")],
            "error": "",
        }
        self._waiting.add(message)

    def settle(self) -> None:
        """Do what is due; what cannot be done is told to the Message Dashboard alone."""
        now = self.journal.context.clock.now()
        for message in sorted(self._waiting):
            request = self.requests[message]
            if request["due"] <= now:
                self._waiting.discard(message)
                self.requests[message] = {**request, **self._done(request)}

    def reset(self, payment: str) -> None:
        """What a person does before a payment can be reversed: its clearings are taken back, and all their items are open again."""
        row = self.journal.find(payment)
        groups = {_clearing(item) for item in debts(row) if item["cleared"]} if row else set()
        for each in list(self.journal.documents.values()):
            for item in (found := [item for item in debts(each) if item["cleared"] and _clearing(item) in groups]):
                item.update({"cleared": False, "clearing_document": "", "clearing_year": "", "applied": {}})
            if found:
                self.journal.save(each)

    def _done(self, request: Row) -> Row:
        try:
            self._clear(request)
        except ClearingFailed as failed:
            return {"state": "failed", "error": str(failed)}
        return {"state": "done"}

    def _clear(self, request: Row) -> None:
        if self.struck("clearing_fails"):
            raise ClearingFailed("Account is currently blocked by user MUELLER")
        pairs = [self._item(request, each) for each in request["rows"]]
        used = [_used(item, each["partial"]) for (_, item), each in zip(pairs, request["rows"], strict=True)]
        if len(pairs) < 2 or sum(used, ZERO):
            raise ClearingFailed(f"The items do not balance: {sum(used, ZERO)} {request['currency']}")
        partly = [pair for pair, each in zip(pairs, request["rows"], strict=True) if each["partial"] is not None]
        if partly:
            self._pay_in_part(pairs, partly, request)
        else:
            self._clear_all(pairs, request)

    def _item(self, request: Row, wanted: Row) -> Pair:
        found = self.journal.item(wanted["number"], wanted["year"], wanted["item"]) if request["company"] == COMPANY else None
        if found is None or found[1]["customer"] != wanted["customer"] or found[0]["currency"] != request["currency"]:
            raise ClearingFailed(f"Item {wanted['number']} {wanted['item']} is not an open item of account {wanted['customer']}")
        if found[1]["cleared"]:
            raise ClearingFailed(f"Item {wanted['number']} {wanted['item']} is cleared already")
        return found

    def _pay_in_part(self, pairs: list[Pair], partly: list[Pair], request: Row) -> None:
        if len(partly) != 1:
            raise ClearingFailed("More than one partial payment in one request")
        invoice, debt = partly[0]
        names = {"invoice_reference": invoice["number"], "invoice_year": invoice["year"], "invoice_item": str(debt["item"])}
        for row, item in pairs:
            if item is debt:
                continue
            item["applied"] = {key_of(invoice): -item["amount"]}
            if self.struck("partial_posts_items"):
                self._post_instead(row, item, {**names, "follow_on": "Z"}, request)
            else:
                item.update({**names, "follow_on": "Z"})
            self.journal.save(row)

    def _post_instead(self, row: Row, item: Row, names: Row, request: Row) -> None:
        """The payment's item is cleared by a document that has the same item again, with the invoice's name on it."""
        year = str(request["on"].year)
        number = self.journal.next_number("AB", year)
        again = {**item, **names, "item": 1, "applied": {}}
        self.journal.save({**row, "number": number, "year": year, "type": "AB", "reference": "", "items": [again]})
        clear(item, number, year, request["on"], self.journal.context.clock.today())

    def _clear_all(self, pairs: list[Pair], request: Row) -> None:
        year = str(request["on"].year)
        number = self.journal.next_number("AB", year)
        owed = {key_of(row): item["amount"] for row, item in pairs if item["amount"] > 0}
        payers = sorted((pair for pair in pairs if pair[1]["amount"] < 0), key=lambda pair: not pair[1]["invoice_reference"])
        for _, item in payers:
            item["applied"] = item["applied"] or _pour(-item["amount"], owed)
            for key, part in item["applied"].items():
                owed[key] -= part if item["invoice_reference"] else ZERO
        for row, item in pairs:
            clear(item, number, year, request["on"], self.journal.context.clock.today())
            self.journal.save(row)


def _clearing(item: Row) -> tuple[str, str]:
    return item["clearing_document"], item["clearing_year"]


def _pour(amount: Decimal, owed: dict[str, Decimal]) -> dict[str, Decimal]:
    """Spend an amount on what is owed, the lowest number first."""
    given: dict[str, Decimal] = {}
    for key in sorted(owed):
        part = min(amount, owed[key])
        if part > 0:
            given[key] = part
            owed[key] -= part
            amount -= part
    return given


def _row(element: etree._Element) -> Row:
    partial = element.findtext("PartialPaymentAmtInDspCrcy")
    return {
        "customer": plain(element.findtext("APARAccount", "")),
        "number": element.findtext("AccountingDocument", ""),
        "year": element.findtext("FiscalYear", ""),
        "item": int(element.findtext("AccountingDocumentItem", "0")),
        "partial": Decimal(partial) if partial else None,
    }


def _used(item: Row, partial: Decimal | None) -> Decimal:
    if partial is None:
        return Decimal(item["amount"])
    if not 0 < partial / item["amount"] < 1:
        raise ClearingFailed(f"The partial amount {partial} does not fit the item of {item['amount']}")
    return partial
