"""FreshBooks' answers in canonical words: documents, clients, payments, reference lists, errors in all their forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from airbooks.canonical import DocumentKind, DocumentStatus, Party, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.freshbooks.mapping import CHARGE, WRAPPER
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Complaint

Row = Mapping[str, Any]
EASTERN = ZoneInfo("America/New_York")
ACTIVE, DELETED = 0, 1

_MARKER = re.compile(r";?\s*\[[^\[\]]+\]$")
_DRAFT, _PAID = {"draft", "created"}, {"paid", "autopaid"}


def amount(value: Row) -> Decimal:
    """`{"amount": "41215.96", "code": "CAD"}` as a number."""
    return Decimal(str(value["amount"]))


def result(body: Any) -> Row:
    """What an accounting end point answers; raises KeyError where it is not the documented envelope."""
    found: Row = body["response"]["result"]
    return found


def wrapped(body: Any, kind: DocumentKind) -> Row:
    """The document in an answer. The official SDKs disagree on the wrapper of a credit note (`credit_note`, `credit_notes`)."""
    found, wrapper = result(body), WRAPPER[kind]
    document: Row = found[wrapper] if wrapper in found else found[f"{wrapper}s"]
    return document


def is_live(row: Row) -> bool:
    return int(row.get("vis_state") or 0) != DELETED


def is_active(row: Row) -> bool:
    """Neither deleted nor archived."""
    return int(row.get("vis_state") or 0) == ACTIVE


def is_unclaimed(client: Row, party: Party) -> bool:
    """An active client of this name that carries nobody's code and has no other e-mail address than ours."""
    email, ours = (client.get("email") or "").casefold(), party.contact.email.casefold()
    same_name = (client.get("organization") or "").casefold() == party.name.casefold()
    return same_name and is_active(client) and "[ext:" not in (client.get("note") or "") and email in ("", ours)


# -- documents ------------------------------------------------------------------------------------------------------------------


def remote_document(row: Row, kind: DocumentKind) -> RemoteDocument:
    """A document as read back with its lines. There is no tax total: net is the lines less the discount, tax the rest.

    The discount's sign is UNVERIFIED, so its size is taken.
    """
    total = amount(row["amount"])
    net = sum((amount(line["amount"]) for line in row["lines"]), Decimal(0)) - abs(_given(row, "discount_total"))
    is_invoice = kind is DocumentKind.INVOICE
    our_number = str(row["invoice_number" if is_invoice else "credit_number"] or "")
    paid = _given(row, "paid")
    return RemoteDocument(
        remote_id=str(row["id"]),
        kind=kind,
        number=our_number,
        our_number=our_number,
        status=invoice_status(row) if is_invoice else credit_status(row),
        customer_id=str(row["customerid" if is_invoice else "clientid"]),
        currency=row["amount"]["code"],
        net=net,
        tax=total - net,
        total=total,
        balance=amount(row["outstanding"]) if is_invoice else total - paid,
        line_count=sum(line.get("name") != CHARGE for line in row["lines"]),
        issue_date=date.fromisoformat(row["create_date"]),
        posting_date=date.fromisoformat(row["create_date"]),
        version=row.get("updated") or "",
        modified_at=changed_at(row),
    )


def _given(row: Row, name: str) -> Decimal:
    return amount(row[name]) if row.get(name) else Decimal(0)


def invoice_status(row: Row) -> DocumentStatus:
    """From vis_state, v3_status and the amounts: `overdue`, for one, may carry a part payment."""
    if not is_live(row):
        return DocumentStatus.VOID
    paid, outstanding = _given(row, "paid"), amount(row["outstanding"])
    if outstanding <= 0 and (paid > 0 or row["v3_status"] in _PAID):
        return DocumentStatus.PAID
    if paid > 0:
        return DocumentStatus.PARTIALLY_PAID
    return DocumentStatus.DRAFT if row["v3_status"] in _DRAFT else DocumentStatus.OPEN


def credit_status(row: Row) -> DocumentStatus:
    """A credit note has no step of posting: it counts from its creation (UNVERIFIED)."""
    if not is_live(row):
        return DocumentStatus.VOID
    used, total = _given(row, "paid"), amount(row["amount"])
    if used <= 0:
        return DocumentStatus.OPEN
    return DocumentStatus.PAID if used >= total else DocumentStatus.PARTIALLY_PAID


def changed_at(row: Row) -> datetime | None:
    """`updated` is local time of the US East; of an hour that comes twice, the later one is meant, so that no change is missed."""
    stamp = row.get("updated")
    return datetime.fromisoformat(stamp).replace(tzinfo=EASTERN, fold=1).astimezone(UTC) if stamp else None


# -- payments -------------------------------------------------------------------------------------------------------------------


def remote_payment(row: Row) -> RemotePayment:
    """A payment as read back: it settles one invoice. Client credit that is used brings no money: amount 0, and the credit note it
    came from as a negative allocation."""
    paid = amount(row["amount"])
    settled = [RemoteAllocation(remote_id=str(row["invoiceid"]), amount=paid)]
    if row.get("from_credit") and row.get("creditid"):
        settled.append(RemoteAllocation(remote_id=str(row["creditid"]), amount=-paid))
    return RemotePayment(
        remote_id=str(row["id"]),
        customer_id=str(row.get("clientid") or ""),
        received_on=date.fromisoformat(row["date"]),
        amount=sum((each.amount for each in settled), Decimal(0)),
        currency=row["amount"]["code"],
        reference=_MARKER.sub("", row.get("note") or ""),
        allocations=tuple(settled),
        reversed=not is_live(row),
        version=row.get("updated") or "",
        modified_at=changed_at(row),
    )


# -- reference lists ------------------------------------------------------------------------------------------------------------


def tax_item(row: Row) -> ReferenceItem:
    """A tax of the account; its code is the name that lines carry."""
    return ReferenceItem(
        kind=ReferenceKind.TAX_CODE,
        code=row["name"],
        name=f"{row['name']} {row['amount']} %",
        remote_id=str(row["taxid"]),
        active=is_live(row),
        details={"percent": str(row["amount"])},
    )


def item(row: Row) -> ReferenceItem:
    return ReferenceItem(
        kind=ReferenceKind.ITEM,
        code=row.get("sku") or row["name"],
        name=row.get("description") or row["name"],
        remote_id=str(row["id"]),
        active=is_live(row),
    )


# -- errors and tokens ----------------------------------------------------------------------------------------------------------


def complaint(body: Any) -> Complaint | None:
    """The error in an answer, whatever its status: OAuth's, the old form (`errors` a list or one object, or `error`), the new form."""
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 the wire reads ValueError as "not the documented form"
    if "error" in body:
        return Complaint(code=str(body["error"]), message=str(body.get("error_description") or body["error"]))
    if "code" in body and "message" in body and "details" in body:
        return _new_form(body)
    response = body.get("response")
    errors = (response.get("errors") or response.get("error")) if isinstance(response, dict) else None
    if not errors:
        return None
    first = errors[0] if isinstance(errors, list) else errors
    return _complaint(str(first.get("errno", "")), first)


def _new_form(body: Row) -> Complaint:
    details = body["details"]
    if not details:
        return Complaint(code=str(body["code"]), message=str(body["message"]))
    return _complaint(str(details[0].get("reason", "")), details[0].get("metadata") or body)


def _complaint(code: str, told: Row) -> Complaint:
    field = str(told.get("field") or "")
    message = str(told.get("message") or "")
    return Complaint(code=code, message=f"{field}: {message}" if field else message, field=field)


def token(body: Row) -> Token:
    """A reply of the token end point."""
    expires = datetime.now(UTC) + timedelta(seconds=int(body["expires_in"]))
    return Token(access=body["access_token"], refresh=body["refresh_token"], expires_at=expires)
