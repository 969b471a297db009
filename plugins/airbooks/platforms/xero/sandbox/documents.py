"""Sales invoices, bills and credit notes: what is saved, what is refused, the status machine, what is read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from airbooks.platforms.xero.sandbox.answers import NO_ID, Refused, Row, net_date
from airbooks.platforms.xero.sandbox.contacts import Contacts
from airbooks.platforms.xero.sandbox.fields import a_date, a_number, folded, rounded
from airbooks.platforms.xero.sandbox.lines import read_line
from airbooks.platforms.xero.sandbox.organisation import Organisation

ZERO = Decimal("0.00")
FINAL = {"VOIDED", "DELETED"}
NEEDS_ALL = {"SUBMITTED", "AUTHORISED"}
# What a status may become when a request asks for it; PAID comes and goes by itself.
TRANSITIONS = {
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": {"PAID"},
}
HAS_PAYMENT = "This document cannot be edited as it has a payment or credit note allocated to it."
NOT_VALID = "Invoice not of valid status for modification"


@dataclass(frozen=True)
class Kind:
    """A family of documents and what its elements call their fields."""

    plural: str
    id: str
    number: str
    types: tuple[str, ...]  # the first one is ours: sales
    prefix: str

    @property
    def sales(self) -> str:
        return self.types[0]

    @property
    def fields(self) -> tuple[str, ...]:
        own = ("DueDate", "ExpectedPaymentDate", "Url") if self.plural == "Invoices" else ()
        return (
            self.id,
            self.number,
            "Type",
            "Contact",
            "Reference",
            "Date",
            "Status",
            "LineAmountTypes",
            "LineItems",
            "CurrencyCode",
            "CurrencyRate",
            "BrandingThemeID",
            "SentToContact",
            *own,
        )


INVOICES = Kind("Invoices", "InvoiceID", "InvoiceNumber", ("ACCREC", "ACCPAY"), "INV-")
CREDIT_NOTES = Kind("CreditNotes", "CreditNoteID", "CreditNoteNumber", ("ACCRECCREDIT",), "CN-")


class Documents:
    """The documents of one kind."""

    def __init__(self, organisation: Organisation, kind: Kind) -> None:
        self.organisation, self.kind, self.contacts = organisation, kind, Contacts(organisation)

    def all(self) -> list[Row]:
        return [row for row in self.organisation.documents.values() if row["kind"] == self.kind.plural]

    def find(self, key: str) -> Row | None:
        """By id, else the sales document with this number."""
        row = self.organisation.documents.get(key.lower())
        if row is not None and row["kind"] == self.kind.plural:
            return row
        return self.numbered(key)

    def numbered(self, number: str) -> Row | None:
        rows = self.organisation.documents.where("number", number.casefold(), key=lambda row: row["number"].casefold())
        return next((row for row in rows if row["kind"] == self.kind.plural and row["Type"] == self.kind.sales), None)

    # -- writing ----------------------------------------------------------------------------------------------------

    def create(self, raw: Any, unitdp: int) -> Row:
        """PUT: a new document, never an existing one."""
        asked = folded(raw, self.kind.fields)
        number = str(asked.get(self.kind.number) or self._next_number())
        sales = asked.get("Type") == self.kind.sales
        # Whether credit note numbers must be unique is not known; here they need not be.
        if sales and self.kind is INVOICES and self.numbered(number) is not None:
            raise Refused("Invoice # must be unique.")
        if len(number) > 255:
            raise Refused(f"The field {self.kind.number} exceeds the maximum length of 255.")
        if asked.get("Type") not in self.kind.types:
            raise Refused("The Type field is mandatory.")
        if asked.get("Status", "DRAFT") not in {"DRAFT", *NEEDS_ALL}:
            raise Refused("Invoice status is not valid for creation.")
        blank = {
            "id": str(uuid4()),
            "kind": self.kind.plural,
            "number": number,
            "Type": asked["Type"],
            "Status": "DRAFT",
            "Reference": "",
            "LineAmountTypes": "Exclusive",
            "CurrencyCode": self.organisation.settings["base"],
            "Date": self.organisation.clock.today(),
            "DueDate": None,
            "LineItems": [],
            "SentToContact": False,
            "paid": ZERO,
            "credited": ZERO,
        }
        if "Contact" not in asked:
            raise Refused("A contact must be specified.")
        return self._save(blank, asked, unitdp)

    def upsert(self, raw: Any, unitdp: int) -> Row:
        """POST on the list: matches on the id, else on the number, and silently edits what it finds."""
        asked = folded(raw, self.kind.fields)
        known = self.find(str(asked.get(self.kind.id) or asked.get(self.kind.number) or ""))
        if known is None and asked.get(self.kind.id):
            raise Refused("The document could not be found.")
        return self.create(raw, unitdp) if known is None else self.update(known, raw, unitdp)

    def update(self, known: Row, raw: Any, unitdp: int) -> Row:
        """What is left out stays; LineItems is the whole set, and lines without their LineItemID are made anew."""
        if known["Status"] in FINAL:
            raise Refused(NOT_VALID)
        if known["paid"] or known["credited"]:
            raise Refused(HAS_PAYMENT)
        asked = folded(raw, self.kind.fields)
        wanted = asked.get("Status", known["Status"])
        if wanted not in TRANSITIONS[known["Status"]]:
            raise Refused(NOT_VALID)
        if wanted in FINAL:
            self._check_lock(known["Date"])
            return self._put({**known, "Status": wanted})
        self._check_lock(known["Date"])
        return self._save(known, asked, unitdp)

    def _save(self, known: Row, asked: Row, unitdp: int) -> Row:
        row = {**known, **{name: asked[name] for name in ("Status", "LineAmountTypes", "Url", "BrandingThemeID") if asked.get(name)}}
        if "Reference" in asked:
            row["Reference"] = str(asked["Reference"] or "")
        if len(row["Reference"]) > 255:
            raise Refused("The field Reference exceeds the maximum length of 255.")
        for name in ("Date", "DueDate", "ExpectedPaymentDate"):
            if asked.get(name):
                row[name] = a_date(asked[name], name)
        row |= self._currency(row, asked)
        if "Contact" in asked:
            row["contact"] = self.contacts.of_document(asked["Contact"])["ContactID"]
        if "LineItems" in asked:
            row["LineItems"] = self._lines(row, asked["LineItems"], unitdp)
        if "SentToContact" in asked:
            row["SentToContact"] = bool(asked["SentToContact"]) and row["Status"] in {"AUTHORISED", "PAID"}
        row |= _totals(row)
        self._check(row)
        if row["Status"] == "AUTHORISED" and row["Total"] == 0:
            row["Status"] = "PAID"  # by itself, as nothing is due
        return self._put(row)

    def _lines(self, row: Row, raw: Any, unitdp: int) -> list[Row]:
        known = {line["LineItemID"] for line in row["LineItems"]}
        discounts = row["Type"] == "ACCREC"
        return [
            read_line(each, self.organisation, unitdp=unitdp, mode=row["LineAmountTypes"], discounts=discounts, known_ids=known)
            for each in raw or []
        ]

    def _currency(self, row: Row, asked: Row) -> Row:
        currency = str(asked.get("CurrencyCode") or row["CurrencyCode"])
        if currency not in self.organisation.currencies:
            raise Refused(f"Organisation is not subscribed to currency {currency}")
        if currency == self.organisation.settings["base"]:
            return {"CurrencyCode": currency, "CurrencyRate": Decimal("1.000000")}
        given = asked.get("CurrencyRate") or row.get("CurrencyRate")
        rate = a_number(given, "CurrencyRate") if (given and currency == row["CurrencyCode"]) or asked.get("CurrencyRate") else None
        return {"CurrencyCode": currency, "CurrencyRate": rounded(rate, 6) if rate else self.organisation.day_rate(currency)}

    def _check(self, row: Row) -> None:
        if not row["LineItems"]:
            raise Refused("One or more line items must be specified.")
        if row["Total"] < 0:
            raise Refused("The document total must be greater than or equal to zero.")
        self._check_lock(row["Date"])
        if row["Status"] not in NEEDS_ALL:
            return
        if self.kind is INVOICES and row["DueDate"] is None:
            raise Refused("The DueDate must be specified.")
        if any("LineAmount" in line and "AccountCode" not in line for line in row["LineItems"]):
            raise Refused("Account code must be specified.")

    def _check_lock(self, day: date) -> None:
        locked = self.organisation.locked_until()
        if locked is not None and day <= locked:
            raise Refused(f"The document date cannot be before the period lock date {locked:%d %B %Y}")

    def settle(self, row: Row, *, paid: Decimal) -> Row:
        """Add to what is paid (or take away); the status follows."""
        row = {**row, "paid": row["paid"] + paid}
        due = row["Total"] - row["paid"] - row["credited"]
        return self._put({**row, "Status": "PAID" if due == 0 else "AUTHORISED"})

    def touch(self, row: Row, **changed: Any) -> Row:
        return self._put({**row, **changed})

    def _put(self, row: Row) -> Row:
        row = {**row, "Updated": self.organisation.clock.now()}
        self.organisation.documents[row["id"]] = row
        return row

    def _next_number(self) -> str:
        return f"{self.kind.prefix}{self.organisation.store.next_number(self.kind.plural):04d}"

    # -- reading ----------------------------------------------------------------------------------------------------

    def shown(self, row: Row, *, lines: bool = True, status: str = "") -> Row:
        due = row["Total"] - row["paid"] - row["credited"]
        contact = self.organisation.contacts[row["contact"]]
        final = row["Status"] in FINAL
        dates = {"Date": row["Date"], "DueDate": row["DueDate"]}
        own = {"AmountDue": ZERO if final else due, "AmountPaid": row["paid"], "AmountCredited": row["credited"]}
        if self.kind is CREDIT_NOTES:
            own = {"RemainingCredit": ZERO if final else due}
        return {
            "Type": row["Type"],
            self.kind.id: row["id"],
            self.kind.number: row["number"],
            "Reference": row["Reference"],
            "Payments": [_brief(each) for each in self._payments(row["id"])],
            **own,
            "CurrencyCode": row["CurrencyCode"],
            "CurrencyRate": row["CurrencyRate"],
            "HasErrors": False,
            "SentToContact": row["SentToContact"],
            "Contact": {"ContactID": contact["ContactID"], "Name": contact["Name"]},
            **{name: net_date(day) for name, day in dates.items() if day},
            **{f"{name}String": f"{day.isoformat()}T00:00:00" for name, day in dates.items() if day},
            "Status": row["Status"],
            "LineAmountTypes": row["LineAmountTypes"],
            "LineItems": [{**each, "Tracking": each.get("Tracking", [])} for each in row["LineItems"]] if lines else [],
            **{name: row[name] for name in ("SubTotal", "TotalTax", "Total")},
            **{name: row[name] for name in ("Url", "BrandingThemeID") if row.get(name)},
            "UpdatedDateUTC": net_date(row["Updated"]),
            **({"StatusAttributeString": status} if status else {}),
        }

    def _payments(self, document: str) -> list[Row]:
        return [each for each in self.organisation.payments.where("invoice", document) if each["Status"] != "DELETED"]

    def identity(self, raw: Any) -> Row:
        """What names an element that was refused: its own id, or none."""
        asked = folded(raw, self.kind.fields)
        known = self.find(str(asked.get(self.kind.id) or ""))
        return {self.kind.id: known["id"] if known else NO_ID}


def _brief(payment: Row) -> Row:
    return {
        "PaymentID": payment["PaymentID"],
        "Date": net_date(payment["Date"]),
        "Amount": payment["Amount"],
        "Reference": payment["Reference"],
        "CurrencyRate": payment["CurrencyRate"],
        "HasAccount": False,
        "HasValidationErrors": False,
    }


def _totals(row: Row) -> Row:
    lines = [line for line in row["LineItems"] if "LineAmount" in line]
    amounts = sum((line["LineAmount"] for line in lines), ZERO)
    tax = sum((line["TaxAmount"] for line in lines), ZERO)
    net = amounts - tax if row["LineAmountTypes"] == "Inclusive" else amounts
    return {"SubTotal": net, "TotalTax": tax, "Total": net + tax}
