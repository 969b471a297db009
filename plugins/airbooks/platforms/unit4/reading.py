"""What ERPx answers, read: ledger rows by the connection's property names, report jobs, complaints, lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.unit4.settings import DIMENSIONS, Lookup, Settings, table
from airbooks.platforms.wire import Complaint, from_json

Json = Mapping[str, Any]
ZERO = Decimal(0)

# Our word: the property of the object. All of it is UNVERIFIED (from memory), and can be named otherwise in the connection.
STATUS_FIELDS: Mapping[str, str] = {
    "voucher": "transactionNumber",
    "sequence": "sequenceNumber",
    "type": "transactionType",
    "customer": "customerId",
    "number": "invoiceNumber",
    "reference": "externalReference",
    "text": "description",
    "date": "transactionDate",
    "currency": "currencyCode",
    "value": "currencyAmount",
    "amount": "amount",
    "rest": "restCurrencyAmount",
    "updated": "lastUpdated",
}
LEDGER_FIELDS: Mapping[str, str] = {
    "voucher": "transactionNumber",
    "sequence": "sequenceNumber",
    "line_type": "lineType",
    "account": "account",
    "dimension": "accountingDimension",  # followed by its number
    "text": "description",
    "value": "currencyAmount",
    "amount": "amount",
    "tax_code": "taxCode",
    "tax_system": "taxSystem",
    "tax_rate": "vatPercentage",
}
JOB_OPEN, JOB_FAILED = frozenset("NWPK"), frozenset("CE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A customer transaction: `value` in its currency, `amount` in company currency, `rest` what is open of the value; debit positive."""

    voucher: str
    sequence: int
    voucher_type: str
    customer: str
    number: str
    reference: str
    text: str
    dated: date
    currency: str
    value: Decimal
    amount: Decimal
    rest: Decimal
    updated: datetime | None

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind.CREDIT_NOTE if self.value < 0 else DocumentKind.INVOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a posted voucher; debit positive."""

    sequence: int
    line_type: str
    account: str
    dimensions: Mapping[int, str]
    text: str
    value: Decimal
    amount: Decimal
    tax_code: str
    tax_system: str
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class Job:
    """A report job: whether it still works, whether it failed or was cancelled, and what its report complains about.

    A letter that is not documented says neither: then the ledger alone tells.
    """

    is_open: bool
    has_failed: bool
    errors: tuple[str, ...] = ()


def status_fields(settings: Settings) -> Mapping[str, str]:
    return {**STATUS_FIELDS, **table(settings, "status_fields")}


def ledger_fields(settings: Settings) -> Mapping[str, str]:
    return {**LEDGER_FIELDS, **table(settings, "ledger_fields")}


def posted(row: Json, fields: Mapping[str, str]) -> Posted:
    """A row of the status object; raises KeyError or ValueError where it is not as the connection says."""
    return Posted(
        voucher=str(_at(row, fields["voucher"])),
        sequence=int(_at(row, fields["sequence"])),
        voucher_type=str(_at(row, fields["type"])),
        customer=str(_at(row, fields["customer"])),
        number=_text(row, fields["number"]),
        reference=_text(row, fields["reference"]),
        text=_text(row, fields["text"]),
        dated=date.fromisoformat(str(_at(row, fields["date"]))[:10]),
        currency=str(_at(row, fields["currency"])),
        value=_decimal(_at(row, fields["value"])),
        amount=_decimal(_at(row, fields["amount"])),
        rest=_decimal(_at(row, fields["rest"])),
        updated=_moment(_text(row, fields["updated"])),
    )


def ledger_row(row: Json, fields: Mapping[str, str]) -> Row:
    """A row of the ledger object; raises KeyError or ValueError where it is not as the connection says."""
    found = {number: _text(row, f"{fields['dimension']}{number}") for number in DIMENSIONS}
    return Row(
        sequence=int(_at(row, fields["sequence"])),
        line_type=str(_at(row, fields["line_type"])),
        account=str(_at(row, fields["account"])),
        dimensions={number: value for number, value in found.items() if value},
        text=_text(row, fields["text"]),
        value=_decimal(_at(row, fields["value"])),
        amount=_decimal(_at(row, fields["amount"])),
        tax_code=_text(row, fields["tax_code"]),
        tax_system=_text(row, fields["tax_system"]),
        tax_rate=_decimal(_text(row, fields["tax_rate"]) or "0"),
    )


def _at(row: Json, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value[name]
    if value is None:
        raise KeyError(path)
    return value


def _text(row: Json, path: str) -> str:
    """A text that may be missing; an empty path is never there."""
    try:
        return str(_at(row, path))
    except KeyError:
        return ""


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# -- documents and payments --------------------------------------------------------------------------------------------------------


def reversed_vouchers(documents: Sequence[Posted], reversals: Iterable[Posted]) -> frozenset[str]:
    """The vouchers that a reversal takes back: each one the earliest of the opposite value, whether it was matched or not."""
    left = sorted(documents, key=lambda each: (len(each.voucher), each.voucher))
    taken: list[Posted] = []
    for reversal in reversals:
        opposite = (each for each in left if (each.customer, each.currency, each.value) == _opposite(reversal))
        hit = next(opposite, None)
        if hit is not None:
            left.remove(hit)
            taken.append(hit)
    return frozenset(each.voucher for each in taken)


def _opposite(reversal: Posted) -> tuple[str, str, Decimal]:
    return reversal.customer, reversal.currency, -reversal.value


def remote_document(found: Posted, rows: Sequence[Row], *, is_void: bool) -> RemoteDocument:
    """A document as the ledger has it; without ledger rows its tax is not told."""
    sign = -1 if found.value < 0 else 1
    tax = sum((-sign * each.value for each in rows if each.line_type == "TX"), ZERO) if rows else None
    total = sign * found.value
    return RemoteDocument(
        remote_id=found.voucher,
        kind=found.kind,
        number=found.voucher,
        our_number=found.number,
        status=DocumentStatus.VOID if is_void else status(found),
        customer_id=found.customer,
        currency=found.currency,
        net=None if tax is None else total - tax,
        tax=tax,
        total=total,
        balance=sign * found.rest,
        issue_date=found.dated,
        modified_at=found.updated,
    )


def status(found: Posted) -> DocumentStatus:
    if found.rest == 0:
        return DocumentStatus.PAID
    return DocumentStatus.OPEN if found.rest == found.value else DocumentStatus.PARTIALLY_PAID


def remote_payment(rows: Sequence[Posted], vouchers: Mapping[tuple[str, str], str], *, is_reversed: bool) -> RemotePayment:
    """The rows of one payment voucher; `vouchers` names the invoice behind (customer, invoice number). What is matched is allocated,
    unless it was taken back; a voucher that takes money back is reversed itself."""
    total = -sum((each.value for each in rows), ZERO)
    settled = [(vouchers.get((each.customer, each.number)), abs(each.value) - abs(each.rest)) for each in rows]
    first, gone = rows[0], is_reversed or total < 0
    return RemotePayment(
        remote_id=first.voucher,
        customer_id=first.customer,
        received_on=first.dated,
        amount=abs(total),
        currency=first.currency,
        reference=first.text,
        allocations=() if gone else tuple(RemoteAllocation(remote_id=to, amount=amount) for to, amount in settled if to and amount),
        reversed=gone,
        modified_at=max((each.updated for each in rows if each.updated), default=None),
    )


# -- jobs and complaints -----------------------------------------------------------------------------------------------------------


def job(body: Json) -> Job:
    """A report job (UNVERIFIED: the letters of batch operations, errors as notification messages)."""
    letter = str(body["status"])
    return Job(letter in JOB_OPEN, letter in JOB_FAILED, tuple(text for _, text in notifications(body)))


def complaint(code: int, content: bytes) -> Complaint | None:
    """The vendor's error: `message` (in any case of letters), the notification messages within a posted structure, or OAuth's `error`."""
    if code < 400:
        return None
    body = from_json(content)
    found = list(notifications(body))
    head = {str(name).lower(): str(value) for name, value in body.items() if value} if isinstance(body, dict) else {}
    texts = [head.get("message") or head.get("error_description") or "", *(text for _, text in found)]
    return Complaint(
        code=head.get("error", ""),
        message="; ".join(text for text in texts if text) or head.get("error", "") or "no message",
        field=found[0][0] if found else "",
    )


def messages(content: bytes) -> list[str]:
    """The errors within a good answer; one that is empty or no JSON has none."""
    try:
        return [text for _, text in notifications(from_json(content))] if content else []
    except ValueError:
        return []


def notifications(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every error within a structure, with the path of its node (the inner shape is UNVERIFIED)."""
    if isinstance(node, list):
        for position, each in enumerate(node):
            yield from notifications(each, f"{path}[{position}]")
    elif isinstance(node, dict):
        for name, value in node.items():
            if name.lower() == "notificationmessages":
                yield from ((path, text) for text in _errors(value))
            else:
                yield from notifications(value, f"{path}.{name}".lstrip("."))


def _errors(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, texts in value.items():
            if name.lower() == "errors":
                yield from (str(text) for text in (texts if isinstance(texts, list) else [texts]))


# -- lists ---------------------------------------------------------------------------------------------------------------------------


def reference_item(kind: ReferenceKind, row: Json, lookup: Lookup) -> ReferenceItem:
    """An entry of a looked-up object: code, name, status, then what the kind has besides."""
    code, name, state, *more = (*(_text(row, each) for each in lookup.properties), "", "", "")[: max(3, len(lookup.properties))]
    active = state in ("", "N")
    if kind is ReferenceKind.DIMENSION:
        attribute = more[0] if more else ""
        return ReferenceItem(
            kind=kind, code=f"{attribute}:{code}", name=name, remote_id=code, active=active, details={"attribute": attribute}
        )
    details = dict(zip(("rate", "system"), more, strict=False)) if kind is ReferenceKind.TAX_CODE else {}
    return ReferenceItem(kind=kind, code=code, name=name, remote_id=code, active=active, details=details)
