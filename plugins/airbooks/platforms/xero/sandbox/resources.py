"""The operations of the API: lists with filters and pages, writes element by element, single resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

from airbooks.platforms.xero.sandbox.answers import Refused, Row, Whole, envelope, failed, malformed, not_found, validation
from airbooks.platforms.xero.sandbox.contacts import Contacts, refused_contact
from airbooks.platforms.xero.sandbox.documents import CREDIT_NOTES, FINAL, INVOICES, Documents, Kind
from airbooks.platforms.xero.sandbox.organisation import Organisation
from airbooks.platforms.xero.sandbox.payments import Payments
from airbooks.platforms.xero.sandbox.where import condition

Struck = Callable[[str], Row | None]
Reply = tuple[int, Row | None]
PAGE, LARGEST_PAGE = 100, 1000
# Every field that the contract's examples compare.
KNOWN = frozenset(
    (
        *("ContactID", "ContactNumber", "Name", "EmailAddress", "ContactStatus", "Contact"),
        *("InvoiceID", "InvoiceNumber", "CreditNoteID", "CreditNoteNumber", "Invoice", "Type", "Status", "Reference", "Date", "DueDate"),
        *("PaymentType", "PaymentID", "Amount", "Total", "AmountDue", "AmountPaid", "CurrencyCode", "Code", "AccountID", "TaxType"),
    )
)


class Asked(Protocol):
    """What an operation reads of a call."""

    @property
    def path(self) -> Mapping[str, str]: ...
    def asks(self, name: str) -> str: ...
    def header(self, name: str) -> str: ...
    def json(self) -> Any: ...


class Api:
    """Every operation of the organisation but those on documents, which have a desk per kind."""

    def __init__(self, organisation: Organisation, struck: Struck) -> None:
        self.organisation, self.struck = organisation, struck
        self.contacts, self.payments = Contacts(organisation), Payments(organisation)
        self.desks = {kind.plural: Desk(organisation, kind, struck) for kind in (INVOICES, CREDIT_NOTES)}

    def _list(self, name: str, rows: list[Row], call: Asked) -> Reply:
        rows = filtered(rows, call)
        return 200, envelope(name, rows, self.organisation.clock.now())

    # -- lists that people keep ---------------------------------------------------------------------------------------

    def organisation_shown(self, call: Asked) -> Reply:
        return self._list("Organisations", [self.organisation.shown()], call)

    def actions(self, call: Asked) -> Reply:
        allowed = [{"Name": name, "Status": "ALLOWED"} for name in ("CreateApprovedInvoice", "UseMulticurrency")]
        return self._list("Actions", allowed, call)

    def accounts(self, call: Asked) -> Reply:
        return self._list("Accounts", list(self.organisation.accounts.values()), call)

    def tax_rates(self, call: Asked) -> Reply:
        return self._list("TaxRates", list(self.organisation.taxes.values()), call)

    def currencies(self, call: Asked) -> Reply:
        return self._list("Currencies", list(self.organisation.currencies.values()), call)

    def tracking(self, call: Asked) -> Reply:
        return self._list("TrackingCategories", list(self.organisation.tracking.values()), call)

    def items(self, call: Asked) -> Reply:
        return self._list("Items", list(self.organisation.items.values()), call)

    def item(self, call: Asked) -> Reply:
        key = call.path["key"]
        found = [row for row in self.organisation.items.values() if key in (row["Code"], row["ItemID"])]
        if not found:
            raise not_found()
        return self._list("Items", found, call)

    # -- contacts -----------------------------------------------------------------------------------------------------

    def contacts_listed(self, call: Asked) -> Reply:
        archived = call.asks("includeArchived").lower() == "true"
        rows = [row for row in self.organisation.contacts.values() if archived or row["ContactStatus"] == "ACTIVE"]
        if call.asks("searchTerm"):
            rows = [row for row in rows if self.contacts.matches(row, call.asks("searchTerm"))]
        return paged("Contacts", [self.contacts.shown(row) for row in since(rows, call)], call, self.organisation)

    def contact(self, call: Asked) -> Reply:
        row = self.contacts.find(call.path["key"])
        if row is None:
            raise not_found()
        return 200, envelope("Contacts", [self.contacts.shown(row)], self.organisation.clock.now())

    def contacts_created(self, call: Asked) -> Reply:
        return self._contacts(call, self.contacts.create)

    def contacts_upserted(self, call: Asked) -> Reply:
        return self._contacts(call, self.contacts.upsert)

    def contact_updated(self, call: Asked) -> Reply:
        known = self.contacts.find(call.path["key"])
        if known is None:
            raise not_found()
        (raw,) = elements(call.json(), "Contacts")
        return self._single("Contacts", lambda: self.contacts.shown(self.contacts.upsert({**raw, "ContactID": known["ContactID"]})), raw)

    def _contacts(self, call: Asked, save: Callable[[Any], Row]) -> Reply:
        rows = [
            attempt(partial(self._contact_saved, save, raw, word(call)), raw, refused_contact(raw))
            for raw in elements(call.json(), "Contacts")
        ]
        return judged("Contacts", rows, call, self.organisation)

    def _contact_saved(self, save: Callable[[Any], Row], raw: Row, status: str) -> Row:
        return self.contacts.shown(save(raw), status=status)

    def _payment_booked(self, raw: Row, status: str) -> Row:
        return self.payments.shown(self.payments.create(raw), status=status)

    def _single(self, name: str, act: Callable[[], Row], raw: Row) -> Reply:
        """An operation on one resource: a failure is a plain 400."""
        row = attempt(act, raw, {})
        if row.get("HasErrors"):
            raise validation([_without_status(row)])
        return 200, envelope(name, [row], self.organisation.clock.now())

    # -- payments -----------------------------------------------------------------------------------------------------

    def payments_listed(self, call: Asked) -> Reply:
        rows = [self.payments.shown(row) for row in since(list(self.organisation.payments.values()), call)]
        if not rows and call.header("if-modified-since") and self.struck("not_modified"):
            raise Whole(304, None)
        return paged("Payments", rows, call, self.organisation)

    def payment(self, call: Asked) -> Reply:
        row = self.organisation.payments.get(call.path["key"])
        if row is None:
            raise not_found()
        return 200, envelope("Payments", [self.payments.shown(row)], self.organisation.clock.now())

    def payments_created(self, call: Asked) -> Reply:
        rows = [
            attempt(partial(self._payment_booked, raw, word(call)), raw, self.payments.identity(raw))
            for raw in elements(call.json(), "Payments")
        ]
        if self.struck("drop_element"):
            rows = rows[1:]
        return judged("Payments", rows, call, self.organisation)

    def payment_created(self, call: Asked) -> Reply:
        raw = call.json()
        if not isinstance(raw, dict) or "Payments" in raw:
            raise malformed("PostDataInvalidException", "A single payment is expected", 17)
        return self._single("Payments", lambda: self.payments.shown(self.payments.create(raw)), raw)

    def payment_deleted(self, call: Asked) -> Reply:
        key, raw = call.path["key"], call.json()
        if key not in self.organisation.payments:
            raise not_found()
        return self._single("Payments", lambda: self.payments.shown(self.payments.delete(key, raw)), raw)


class Desk:
    """The operations on one kind of document."""

    def __init__(self, organisation: Organisation, kind: Kind, struck: Struck) -> None:
        self.organisation, self.kind, self.struck = organisation, kind, struck
        self.documents = Documents(organisation, kind)

    def listed(self, call: Asked) -> Reply:
        rows = since(self.documents.all(), call)
        for name, field in ((f"{self.kind.number}s", "number"), ("IDs", "id"), ("ContactIDs", "contact"), ("Statuses", "Status")):
            wanted = call.asks(name).split(",") if call.asks(name) else []
            if wanted:
                rows = [row for row in rows if row[field].casefold() in {each.casefold() for each in wanted}]
        full = bool(call.asks("page")) and call.asks("summaryOnly").lower() != "true"
        return paged(self.kind.plural, [self.documents.shown(row, lines=full) for row in rows], call, self.organisation)

    def one(self, call: Asked) -> Reply:
        return 200, envelope(self.kind.plural, [self.documents.shown(self._known(call))], self.organisation.clock.now())

    def created(self, call: Asked) -> Reply:
        return self._save(call, self.documents.create)

    def upserted(self, call: Asked) -> Reply:
        return self._save(call, self.documents.upsert)

    def updated(self, call: Asked) -> Reply:
        known = self._known(call)
        if self.struck("edit_in_between"):
            known = self.documents.touch(known, Reference="Edited by hand")
        (raw,) = elements(call.json(), self.kind.plural)
        row = attempt(lambda: self.documents.shown(self.documents.update(known, raw, unitdp(call))), raw, {})
        if row.get("HasErrors"):
            raise validation([_without_status(row)])
        return 200, envelope(self.kind.plural, [row], self.organisation.clock.now())

    def _save(self, call: Asked, save: Callable[[Any, int], Row]) -> Reply:
        spoilt = (self.struck("partial_batch") or {"positions": []}).get("positions", [1])
        rows = []
        for position, raw in enumerate(elements(call.json(), self.kind.plural)):

            def act(raw: Row = raw, position: int = position) -> Row:
                if position in spoilt:
                    raise Refused("An error occurred with this element.")
                return self.documents.shown(self._taxed(save(raw, unitdp(call))), status=word(call))

            rows.append(attempt(act, raw, self.documents.identity(raw)))
        if self.struck("drop_element"):
            rows = rows[1:]
        if self.struck("shuffle_elements"):
            rows.reverse()
        return judged(self.kind.plural, rows, call, self.organisation)

    def _taxed(self, row: Row) -> Row:
        wrong = self.struck("wrong_tax")
        if wrong is None:
            return row
        more = Decimal(str(wrong.get("amount", "0.01")))
        return self.documents.touch(row, TotalTax=row["TotalTax"] + more, Total=row["Total"] + more)

    def noted(self, call: Asked) -> Reply:
        row = self._known(call)
        records = elements(call.json(), "HistoryRecords")
        notes = self.organisation.history.get(row["id"], {"records": []})["records"]
        self.organisation.history[row["id"]] = {"records": [*notes, *({"Details": str(each["Details"])} for each in records)]}
        return 200, envelope("HistoryRecords", records, self.organisation.clock.now())

    def notes(self, call: Asked) -> Reply:
        row = self._known(call)
        return 200, envelope(
            "HistoryRecords", self.organisation.history.get(row["id"], {"records": []})["records"], self.organisation.clock.now()
        )

    def mailed(self, call: Asked) -> Reply:
        """POST /Invoices/{id}/Email: an approved invoice of a contact with an address; no content."""
        row = self._known(call)
        address = self.organisation.contacts[row["contact"]].get("EmailAddress")
        if row["Status"] in {"DRAFT", *FINAL} or not address:
            raise validation([{"ValidationErrors": [{"Message": "The invoice cannot be emailed: it is not approved or has no address."}]}])
        self.organisation.mail[f"{row['id']}/{len(self.organisation.mail)}"] = {"to": address}
        self.documents.touch(row, SentToContact=True)
        return 204, None

    def _known(self, call: Asked) -> Row:
        row = self.documents.find(call.path["key"])
        if row is None:
            raise not_found()
        return row


def _without_status(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "StatusAttributeString"}


def attempt(act: Callable[[], Row], raw: Any, ids: Row) -> Row:
    try:
        return act()
    except Refused as refused:
        return failed(raw, refused.says, ids)


def elements(body: Any, name: str) -> list[Row]:
    """The list in a body; its key in any case, or one bare element."""
    if isinstance(body, dict):
        found = next((value for key, value in body.items() if key.lower() == name.lower()), [body])
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
    raise malformed("PostDataInvalidException", "JSON for post data was invalid", 17)


def judged(name: str, rows: list[Row], call: Asked, organisation: Organisation) -> Reply:
    """Only summarizeErrors=false answers element by element; else one failure makes the answer a 400, though the others are saved."""
    bad = [row for row in rows if row.get("HasErrors")]
    if bad and not _answers_each(call):
        raise validation([_without_status(row) for row in bad])
    return 200, envelope(name, rows, organisation.clock.now())


def _answers_each(call: Asked) -> bool:
    """summarizeErrors=false, in any case: Xero's own SDK writes False."""
    return call.asks("summarizeErrors").lower() == "false"


def word(call: Asked) -> str:
    """StatusAttributeString stands in good elements only with summarizeErrors=false."""
    return "OK" if _answers_each(call) else ""


def unitdp(call: Asked) -> int:
    return 4 if call.asks("unitdp") == "4" else 2


def since(rows: Iterable[Row], call: Asked) -> list[Row]:
    """If-Modified-Since, in UTC and without a zone; another form is no condition."""
    try:
        moment = datetime.fromisoformat(call.header("if-modified-since")).replace(tzinfo=UTC)
    except ValueError:
        return list(rows)
    return [row for row in rows if row["Updated"] >= moment]


def filtered(rows: list[Row], call: Asked) -> list[Row]:
    where = call.asks("where")
    return list(filter(condition(where, KNOWN), rows)) if where else rows


def paged(name: str, rows: list[Row], call: Asked, organisation: Organisation) -> Reply:
    rows = filtered(rows, call)
    if not call.asks("page"):
        return 200, envelope(name, rows, organisation.clock.now())
    page, size = int(call.asks("page")), int(call.asks("pageSize") or PAGE)
    if page < 1 or not 1 <= size <= LARGEST_PAGE:
        raise malformed("QueryParseException", "page or pageSize is out of range", 16)
    counted = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "itemCount": len(rows)}
    body = envelope(name, rows[(page - 1) * size : page * size], organisation.clock.now())
    return 200, {"pagination": counted, **body}
