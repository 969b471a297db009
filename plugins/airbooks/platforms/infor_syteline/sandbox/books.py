"""What the simulated site has booked, read from its own tables."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from airbooks.platforms.infor_syteline.sandbox.database import Database, number, total
from airbooks.platforms.infor_syteline.sandbox.schema import Row
from airbooks.sandbox.kit import Booked, BookedPayment

KINDS = {"I": "invoice", "C": "credit_note"}


def _key(row: Row) -> str:
    return f"{row['CustNum'].strip()}|{row['InvNum'].strip()}|{row['InvSeq']}"


def booked(database: Database) -> list[Booked]:
    """Invoices and credit memos, unposted and posted; a memo of the same number as a document voids it and is none itself."""
    moved = [row for row in database.rows("SLArtrans") if row["Type"] in KINDS]
    found = [_booked(database, row, is_posted=False) for row in database.rows("SLArinvs") if row["InvSeq"] == "0"]
    return found + [_booked(database, row, is_posted=True) for row in moved if row["InvSeq"] == "0"]


def _booked(database: Database, row: Row, *, is_posted: bool) -> Booked:
    lines = [each for each in _parts(database, row, is_posted=is_posted) if not each.get("TaxSystem")]
    applied = _applied(database, row) if is_posted and row["Type"] == "I" else []
    balance = total(row) - sum((total(each) + number(each, "DiscAmt") for each in applied), Decimal(0))
    voids = [each for each in applied if each["Type"] == "C" and each["InvNum"] == row["InvNum"]]
    return Booked(
        remote_id=_key(row),
        kind=KINDS[row["Type"]],
        number=row["InvNum"].strip(),
        our_number=row.get("Ref") or "",
        status=_status(is_posted, total(row), balance, is_void=bool(voids)),
        customer=row["CustNum"].strip(),
        currency=database.currency(row["CustNum"]) or "",
        net=sum((number(row, name) for name in ("Amount", "Freight", "MiscCharges")), Decimal(0)),
        tax=number(row, "SalesTax") + number(row, "SalesTax2"),
        total=total(row),
        balance=balance,
        lines=len(lines),
    )


def _parts(database: Database, row: Row, *, is_posted: bool) -> list[Row]:
    """The distributions: of an unposted document its own rows, of a posted one those in the journal."""
    if not is_posted:
        return [each for each in database.rows("SLArinvds") if _key(each) == _key(row)]
    found: list[Row] = database.store.table("journal")[f"{row['CustNum']}|{row['InvNum']}|{row['InvSeq']}"]["parts"]
    return found


def _applied(database: Database, row: Row) -> list[Row]:
    return [
        each
        for each in database.rows("SLArtrans")
        if each["Type"] in {"P", "C"} and (each["CustNum"], each["ApplyToInvNum"]) == (row["CustNum"], row["InvNum"])
    ]


def _status(is_posted: bool, due: Decimal, balance: Decimal, *, is_void: bool) -> str:
    if not is_posted:
        return "draft"
    if is_void and not balance:
        return "void"
    if balance == due and due:
        return "open"
    return "partially_paid" if balance > 0 else "paid"


def booked_payments(database: Database) -> list[BookedPayment]:
    """Posted payments: the rows of type P with one customer, bank and reference."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in database.rows("SLArtrans"):
        if row["Type"] == "P":
            groups[f"{row['CustNum'].strip()}|{row['BankCode']}|{row['Ref'] or row['RowPointer']}"].append(row)
    return [_payment(database, key, rows) for key, rows in groups.items()]


def _payment(database: Database, key: str, rows: list[Row]) -> BookedPayment:
    applied: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["ApplyToInvNum"].strip() != "0":
            applied[f"{row['CustNum'].strip()}|{row['ApplyToInvNum'].strip()}|0"] += number(row, "Amount")
    return BookedPayment(
        remote_id=key,
        reference=rows[0].get("Description") or "",
        currency=database.currency(rows[0]["CustNum"]) or "",
        amount=sum((number(row, "Amount") for row in rows), Decimal(0)),
        applied=dict(applied),
        status="posted",
    )
