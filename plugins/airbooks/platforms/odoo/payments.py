"""Customer payments: booked once under an external id, applied to documents, and listed with what they settle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Allocation, Payment, RemoteAllocation, RemotePayment
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.odoo.mapping import ImportRows, cell, external_name
from airbooks.platforms.odoo.reading import PAYMENT_FIELDS, amount, label, record_id, remote_payment, stamp
from airbooks.platforms.odoo.spec import FIRST_JSON2
from airbooks.platforms.payments import Obstacle, by_document
from airbooks.platforms.references import ReferenceKind, References

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook

Row = dict[str, Any]
BATCH = 200
UNEQUAL = ErrorRule(name="cannot be applied like that", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
NOT_POSTED = ErrorRule(name="entered and not posted", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
BOOKED_OTHERWISE = ErrorRule(name="booked otherwise", action=Action.REVIEW, outcome=Outcome.HAPPENED)
NOT_APPLIED = ErrorRule(name="booked and not fully applied", action=Action.REVIEW, outcome=Outcome.HAPPENED)
SETTLED_STATES = ["in_payment", "paid", "partial", "reversed"]


# Refusing


def obstacles(payment: Payment, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """What of a payment Odoo's wizard for payment differences cannot book."""
    if not _takes_off(payment):
        return
    if not settings.get("discount_account"):
        says, fix = "The connection names no account for discounts.", "Fill the field discount_account of the connection."
        yield Obstacle("DISCOUNT", "allocations[].discount", "", says, fix)
    if len(by_document(payment)) != 1 or payment.unapplied:
        says = "A discount or write-off is possible on a payment of one document only."
        yield Obstacle("DISCOUNT", "allocations", "", says, "Give each document a payment of its own.")


def _takes_off(payment: Payment) -> bool:
    return any(each.discount or each.write_off for each in payment.allocations)


# Booking


@dataclass(frozen=True)
class Desk:
    """The bank journal that a payment is booked in, and its method line there (empty: the journal's first)."""

    journal: int
    method: str


def _desk(hook: OdooHook, payment: Payment, references: References) -> Desk:
    """The journal of the account that the money came in on, or the connection's. Raises PlatformError where no journal has the account."""
    account, usual = (ReferenceKind.ACCOUNT, payment.bank_account), hook.bank_journal()
    if not payment.bank_account:
        return Desk(int(usual["id"]), _method(hook, payment, references))
    entry = references.get(*account)
    if record_id(usual["default_account_id"]) == int(entry.remote_id):
        return Desk(int(usual["id"]), _method(hook, payment, references))
    domain = [["default_account_id", "=", int(entry.remote_id)], ["type", "in", ["bank", "cash"]], ["company_id", "=", hook.company_id]]
    found = hook.odoo.run("account.journal", "search", domain=domain, limit=1, read=True)
    if not found:
        raise _unequal(hook, payment, f"no bank journal has account {entry.code}")
    return Desk(int(found[0]), "")


def apply_payment(hook: OdooHook, payment: Payment, *, customer_id: str, references: References) -> RemotePayment:
    """Book one payment and apply it. It is known by its source and id there: repeated, it goes on where an earlier try ended."""
    payment = _merged(payment)
    documents = _documents(hook, payment)
    desk = _desk(hook, payment, references)
    if _takes_off(payment):
        return _with_write_off(hook, payment, documents, desk)
    known = hook.by_external_id(_name(hook, payment), model="account.payment")
    if known is None:
        _require_payable(hook, payment, documents)
    ordered = _in_order(hook, payment, documents)
    payment_id = _posted(hook, known or _entered(hook, payment, customer_id, desk))
    try:
        _apply(hook, payment_id, ordered)
        return _result(hook, payment, payment_id)
    except PlatformError as error:
        raise _booked_all_the_same(error, payment_id) from None


def _merged(payment: Payment) -> Payment:
    """With one allocation for each document: Odoo knows only what a payment takes off it in all."""
    parts: dict[str, Allocation] = {}
    for each in payment.allocations:
        before = parts.get(each.remote_id)
        parts[each.remote_id] = each if before is None else _sum(before, each)
    return payment.model_copy(update={"allocations": tuple(parts.values())})


def _sum(one: Allocation, other: Allocation) -> Allocation:
    names = ("amount", "discount", "write_off")
    return one.model_copy(update={name: getattr(one, name) + getattr(other, name) for name in names})


def _booked_all_the_same(error: PlatformError, payment_id: int) -> PlatformError:
    """A refusal to apply a payment does not undo its booking."""
    if error.outcome is not Outcome.DID_NOT_HAPPEN:
        return error
    return error.as_happened(f"the payment is booked (id {payment_id}) and not fully applied")


def _documents(hook: OdooHook, payment: Payment) -> dict[str, Row]:
    """The documents that the payment names, by remote id, with what they have open."""
    ids = [int(each.remote_id) for each in payment.allocations]
    fields = ["id", "name", "state", "amount_residual", "currency_id", "partner_id"]
    rows = hook.odoo.run("account.move", "read", ids=ids, fields=fields, read=True) if ids else []
    found = {str(row["id"]): row for row in rows}
    for each in payment.allocations:
        row = found.get(each.remote_id)
        if row is None or row["state"] != "posted":
            raise _unequal(
                hook, payment, f"{each.document_number} is {'not in Odoo' if row is None else row['state']}, so nothing can be paid on it"
            )
    return found


def _require_payable(hook: OdooHook, payment: Payment, documents: Mapping[str, Row]) -> None:
    """Asked before a payment is entered: Odoo itself would apply what is open, at its own rate, and keep the rest on account."""
    for each in payment.allocations:
        row = documents[each.remote_id]
        if label(row["currency_id"]) != payment.currency:
            raise _unequal(hook, payment, f"{each.document_number} is in {label(row['currency_id'])}")
        if _open(row) < each.amount:
            raise _unequal(hook, payment, f"{each.amount} is to be paid on {each.document_number}, of which {_open(row)} is open")


def _in_order(hook: OdooHook, payment: Payment, documents: Mapping[str, Row]) -> list[Allocation]:
    """The allocations in the order that gives each its amount: Odoo applies as much as is open, so a part payment has to be the last.

    Documents that an earlier try of the same payment has settled count as closed.
    """
    closing = [each for each in payment.allocations if _open(documents[each.remote_id]) <= each.amount]
    partial = [each for each in payment.allocations if each not in closing]
    if len(partial) > 1 or (partial and payment.unapplied):
        told = ", ".join(each.document_number for each in partial)
        raise _unequal(hook, payment, f"Odoo applies as much of a payment as is open, so it cannot leave part of {told} unpaid")
    return [*closing, *partial]


def _open(document: Row) -> Decimal:
    return amount(document["amount_residual"], label(document["currency_id"]))


def _name(hook: OdooHook, payment: Payment) -> str:
    return external_name(f"pay_{hook.company_id}", payment.source, payment.source_id)


def _entered(hook: OdooHook, payment: Payment, customer_id: str, desk: Desk) -> int:
    name = f"{hook.module}.{_name(hook, payment)}"
    return hook.imported("account.payment", [_payment_rows(hook, payment, customer_id, name, desk)])[0]


def _posted(hook: OdooHook, payment_id: int) -> int:
    state = hook.odoo.run("account.payment", "read", ids=[payment_id], fields=["state"], read=True)[0]["state"]
    if state == "draft":
        hook.odoo.run("account.payment", "action_post", ids=[payment_id])
    return payment_id


def _payment_rows(hook: OdooHook, payment: Payment, customer_id: str, name: str, desk: Desk) -> ImportRows:
    values: Row = {
        "payment_type": "inbound",
        "partner_type": "customer",
        "partner_id/.id": customer_id,
        "amount": payment.amount,
        "date": payment.received_on.isoformat(),
        memo_field(hook): payment.reference or payment.source_id,
        "currency_id/.id": hook.currency_id(payment.currency),
        "journal_id/.id": desk.journal,
    }
    if desk.method:
        values["payment_method_line_id/.id"] = desk.method
    return ImportRows(name, ("id", *values), [[name, *(cell(value) for value in values.values())]])


def memo_field(hook: OdooHook) -> str:
    """`memo`; before 18 it was `ref` (from memory)."""
    return "memo" if hook.version >= FIRST_JSON2 - 1 else "ref"


def _method(hook: OdooHook, payment: Payment, references: References) -> str:
    if payment.method and references.has(ReferenceKind.PAYMENT_METHOD, payment.method):
        return references.get(ReferenceKind.PAYMENT_METHOD, payment.method).remote_id
    return str(hook.number_setting("payment_method_line_id") or "")


def _apply(hook: OdooHook, payment_id: int, allocations: Sequence[Allocation]) -> None:
    """Settle each document with the receivable item of the payment's entry; those that are settled with it already are left alone."""
    payment = hook.odoo.run("account.payment", "read", ids=[payment_id], fields=["move_id", "reconciled_invoice_ids"], read=True)[0]
    entry = record_id(payment["move_id"])
    if entry is None or not allocations:
        return
    domain = [["move_id", "=", entry], ["account_type", "=", "asset_receivable"]]
    line = hook.odoo.run("account.move.line", "search", domain=domain, limit=1, read=True)[0]
    for each in allocations:
        if int(each.remote_id) not in payment["reconciled_invoice_ids"]:
            hook.odoo.run("account.move", "js_assign_outstanding_line", ids=[int(each.remote_id)], line_id=line)


def _result(hook: OdooHook, payment: Payment, payment_id: int) -> RemotePayment:
    """What is booked, after checking that every document got its amount."""
    remote = _read_one(hook, payment_id)
    if (remote.amount, remote.currency) != (payment.amount, payment.currency):
        told = f"payment {payment.source_id} is booked (id {payment_id}) with {remote.amount} {remote.currency}"
        raise hook.failed(BOOKED_OTHERWISE, f"{told} instead of {payment.amount} {payment.currency}")
    applied = {each.remote_id: each.amount for each in remote.allocations}
    wrong = [each for each in payment.allocations if applied.get(each.remote_id) != each.amount]
    if wrong:
        told = ", ".join(f"{each.document_number}: {applied.get(each.remote_id, 0)} instead of {each.amount}" for each in wrong)
        raise hook.failed(
            NOT_APPLIED, f"payment {payment.reference or payment.source_id} is booked (id {payment_id}), but applied as {told}"
        )
    return remote


def _read_one(hook: OdooHook, payment_id: int) -> RemotePayment:
    """A payment that was just booked."""
    remote = next(read_payments(hook, [payment_id]), None)
    if remote is None:
        raise hook.failed(NOT_POSTED, f"payment {payment_id} was entered and is no posted payment")
    return remote


def _unequal(hook: OdooHook, payment: Payment, why: str) -> PlatformError:
    return hook.failed(UNEQUAL, f"Payment {payment.reference or payment.source_id} of {payment.amount} {payment.currency}: {why}.")


# Early-payment discounts and write-offs


def _with_write_off(hook: OdooHook, payment: Payment, documents: Mapping[str, Row], desk: Desk) -> RemotePayment:
    """Through the wizard, which closes one document and books the difference. It has no key: an equal payment counts as this one."""
    [allocation] = payment.allocations
    booked = _equal_payment(hook, payment, allocation)
    if booked is None:
        row = documents[allocation.remote_id]
        if label(row["currency_id"]) != payment.currency:
            raise _unequal(hook, payment, f"{allocation.document_number} is in {label(row['currency_id'])}, and so must be its discount")
        expected = allocation.amount + allocation.discount + allocation.write_off
        if _open(row) != expected:
            raise _unequal(hook, payment, f"{allocation.document_number} has {_open(row)} open, payment and discount make {expected}")
        booked = _registered(hook, payment, allocation, desk)
    return _read_one(hook, booked)


def _equal_payment(hook: OdooHook, payment: Payment, allocation: Allocation) -> int | None:
    """A payment with the same reference, day and amount that settles this document."""
    domain = [
        [memo_field(hook), "=", payment.reference or payment.source_id],
        ["date", "=", payment.received_on.isoformat()],
        ["company_id", "=", hook.company_id],
    ]
    fields = ["id", "amount", "currency_id", "reconciled_invoice_ids"]
    for row in hook.pages("account.payment", domain, fields):
        same_amount = amount(row["amount"], payment.currency) == payment.amount and label(row["currency_id"]) == payment.currency
        if same_amount and int(allocation.remote_id) in row["reconciled_invoice_ids"]:
            return int(row["id"])
    return None


def _registered(hook: OdooHook, payment: Payment, allocation: Allocation, desk: Desk) -> int:
    context = {"active_model": "account.move", "active_ids": [int(allocation.remote_id)]}
    vals: Row = {
        "payment_date": payment.received_on.isoformat(),
        "journal_id": desk.journal,
        "amount": payment.amount,
        "currency_id": hook.currency_id(payment.currency),
        "communication": payment.reference or payment.source_id,
        "payment_difference_handling": "reconcile",
        "writeoff_account_id": hook.account_id(hook.required("discount_account")),
    }
    if desk.method:
        vals["payment_method_line_id"] = int(desk.method)
    wizard = hook.odoo.run("account.payment.register", "create", vals_list=[vals], context=context)
    return int(hook.odoo.run("account.payment.register", "action_create_payments", ids=wizard, context=context)["res_id"])


# Listing


def list_payments(hook: OdooHook, since: datetime) -> Iterator[RemotePayment]:
    """Payments that changed since, and those on documents that did: applying a payment moves the document's `write_date`."""
    seen: set[int] = set()
    for ids in _batches(_changed(hook, since)):
        fresh = [each for each in dict.fromkeys(ids) if each not in seen]
        seen.update(fresh)
        yield from read_payments(hook, fresh)


def _changed(hook: OdooHook, since: datetime) -> Iterator[int]:
    mine = [["payment_type", "=", "inbound"], ["partner_type", "=", "customer"], ["company_id", "=", hook.company_id]]
    for row in hook.pages("account.payment", [["write_date", ">=", stamp(since)], *mine], ["id"]):
        yield int(row["id"])
    documents = [
        ["write_date", ">=", stamp(since)],
        ["move_type", "in", ["out_invoice", "out_refund"]],
        ["company_id", "=", hook.company_id],
        ["payment_state", "in", SETTLED_STATES],
    ]
    for ids in _batches(int(row["id"]) for row in hook.pages("account.move", documents, ["id"])):
        yield from _paying(hook, ids)


def _paying(hook: OdooHook, documents: Sequence[int]) -> Iterator[int]:
    """The payments that settle some documents."""
    partials = hook.pages("account.partial.reconcile", [["debit_move_id.move_id", "in", list(documents)]], ["credit_move_id"])
    entries = {entry for ids in _batches(int(row["credit_move_id"][0]) for row in partials) for entry in _moves_of(hook, ids).values()}
    for ids in _batches(entries):
        domain = [["move_id", "in", list(ids)], ["payment_type", "=", "inbound"]]
        yield from (int(row["id"]) for row in hook.pages("account.payment", domain, ["id"]))


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for each in ids:
        batch.append(each)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _moves_of(hook: OdooHook, lines: Sequence[int]) -> dict[int, int]:
    """The entry of each journal item."""
    rows = hook.odoo.run("account.move.line", "read", ids=list(lines), fields=["move_id"], read=True) if lines else []
    return {int(row["id"]): int(row["move_id"][0]) for row in rows}


def read_payments(hook: OdooHook, ids: Sequence[int]) -> Iterator[RemotePayment]:
    """Payments by id with what they settle; drafts are no payments yet."""
    if not ids:
        return
    fields = [memo_field(hook) if name == "memo" else name for name in PAYMENT_FIELDS]
    rows = hook.odoo.run("account.payment", "read", ids=list(ids), fields=fields, read=True)
    posted = [{**row, "memo": row[memo_field(hook)]} for row in rows if row["state"] != "draft"]
    applied = _applied(hook, [entry for row in posted if (entry := record_id(row["move_id"]))])
    for row in posted:
        yield remote_payment(row, applied.get(record_id(row["move_id"]) or 0, []))


def _applied(hook: OdooHook, entries: Sequence[int]) -> dict[int, list[RemoteAllocation]]:
    """Per payment entry: what it settles, in the payment's currency."""
    if not entries:
        return {}
    fields = ["debit_move_id", "credit_move_id", "credit_amount_currency"]
    partials = list(hook.pages("account.partial.reconcile", [["credit_move_id.move_id", "in", list(entries)]], fields))
    lines = {int(row[side][0]) for row in partials for side in ("debit_move_id", "credit_move_id")}
    moves = {line: move for ids in _batches(sorted(lines)) for line, move in _moves_of(hook, ids).items()}
    sums: dict[tuple[int, int], Decimal] = {}
    for row in partials:
        place = moves[int(row["credit_move_id"][0])], moves[int(row["debit_move_id"][0])]
        sums[place] = sums.get(place, Decimal(0)) + Decimal(row["credit_amount_currency"])
    applied: dict[int, list[RemoteAllocation]] = {}
    for (entry, document), total in sums.items():
        applied.setdefault(entry, []).append(RemoteAllocation(remote_id=str(document), amount=round(total, 2)))
    return applied
