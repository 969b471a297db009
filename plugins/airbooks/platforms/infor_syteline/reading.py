"""What SyteLine answers, in canonical words. Pure.

Unposted documents stand in SLArinvs, posted ones in SLArtrans: the same keys, other row pointers. There is no status column; it follows
from the table and from the payments and credits that apply to the document (all amounts positive, the type gives the direction: from
memory).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteAllocation, RemoteDocument, RemotePayment
from airbooks.platforms.infor_syteline.ido import Row, padded
from airbooks.platforms.infor_syteline.mapping import FIRST_CHARGE, ZERO
from airbooks.platforms.infor_syteline.spec import BY_INV_NUM, CUST_NUM, INV_NUM

CENT = Decimal("0.01")
KINDS = {"I": DocumentKind.INVOICE, "C": DocumentKind.CREDIT_NOTE}
SUMS = ("Amount", "Freight", "MiscCharges", "SalesTax", "SalesTax2")
REVERSAL_SEQ = 1  # InvSeq of the credit memo by which this connector voids a posted invoice
_OPEN_MONEY = {"", "0", "-1"}


def document_id(row: Row) -> str:
    """CustNum, InvNum and InvSeq: what a document keeps when posting moves it to the other table."""
    return f"{row['CustNum'].strip()}|{row['InvNum'].strip()}|{int(Decimal(row['InvSeq']))}"


def keys_of(remote_id: str) -> dict[str, str] | None:
    """The padded keys of an id, or None for one that is not of this form."""
    customer, _, rest = remote_id.partition("|")
    number, _, sequence = rest.rpartition("|")
    if not (customer and number and sequence.isdigit()):
        return None
    return {"CustNum": padded(customer, CUST_NUM), "InvNum": padded(number, INV_NUM), "InvSeq": sequence}


def cents(value: str | None) -> Decimal:
    """An amount of eight decimals with two, if it is one; null is zero."""
    exact = Decimal(value or "0")
    rounded = exact.quantize(CENT)
    return rounded if rounded == exact else exact.normalize()


def total(row: Row) -> Decimal:
    return sum((cents(row.get(name)) for name in SUMS), ZERO)


def day(value: str | None) -> date | None:
    return datetime.strptime(value[:8], "%Y%m%d").replace(tzinfo=UTC).date() if value else None


def moment(value: str | None, zone: tzinfo) -> datetime | None:
    """RecordDate: the server's local time without a zone."""
    return datetime.strptime(value, "%Y%m%d %H:%M:%S.%f").replace(tzinfo=zone).astimezone(UTC) if value else None


def _shared(row: Row, settings: Mapping[str, str], zone: tzinfo) -> dict[str, object]:
    in_number = settings.get("number_field", BY_INV_NUM) == BY_INV_NUM
    number = row["InvNum"].strip()
    return {
        "remote_id": document_id(row),
        "kind": KINDS[row["Type"]],
        "number": number,
        "our_number": number if in_number else (row["Ref"] or "").strip(),
        "customer_id": row["CustNum"].strip(),
        "net": sum((cents(row[name]) for name in SUMS[:3]), ZERO),
        "tax": sum((cents(row[name]) for name in SUMS[3:]), ZERO),
        "issue_date": day(row["InvDate"]),
        "posting_date": day(row["InvDate"]),
        "modified_at": moment(row["RecordDate"], zone),
    }


def draft(row: Row, rows: Sequence[Row], settings: Mapping[str, str], zone: tzinfo) -> RemoteDocument:
    """An unposted document and its distributions; its version is the `_ItemId`. An incomplete one does not tell how many lines it has."""
    told = cents(row["DerAmtTotInv"])
    whole = bool(rows) and sum((cents(each["Amount"]) for each in rows), ZERO) == told
    lines = sum(1 for each in rows if int(Decimal(each["DistSeq"])) < FIRST_CHARGE)
    fields = {
        **_shared(row, settings, zone),
        "status": DocumentStatus.DRAFT,
        "currency": (row["CadbtCurrCode"] or "").strip(),
        "total": told,
        "balance": told,
        "line_count": lines if whole else None,
        "version": row.get("_ItemId", ""),
    }
    return RemoteDocument.model_validate(fields)


def posted(row: Row, applied: Sequence[Row], currency: str, settings: Mapping[str, str], zone: tzinfo) -> RemoteDocument:
    """A posted document, with the payments and credits that apply to it."""
    due = total(row)
    balance = due - sum((total(each) + cents(each.get("DiscAmt")) for each in applied), ZERO)
    is_credit = row["Type"] == "C"
    if is_credit and (row["ApplyToInvNum"] or "").strip() not in _OPEN_MONEY:
        balance = ZERO
    fields = {
        **_shared(row, settings, zone),
        "status": _status(row, applied, due, balance),
        "currency": currency,
        "total": due,
        "balance": balance,
    }
    return RemoteDocument.model_validate(fields)


def _status(row: Row, applied: Sequence[Row], due: Decimal, balance: Decimal) -> DocumentStatus:
    if balance == due and due:
        return DocumentStatus.OPEN
    if balance > 0:
        return DocumentStatus.PARTIALLY_PAID
    return DocumentStatus.VOID if any(is_reversal(each, row) for each in applied) else DocumentStatus.PAID


def is_reversal(credit: Row, row: Row) -> bool:
    """Whether a credit memo is the one by which this connector voids that document."""
    same_key = credit["InvNum"].strip() == row["InvNum"].strip() and credit["CustNum"].strip() == row["CustNum"].strip()
    return credit["Type"] == "C" and same_key and int(Decimal(credit["InvSeq"])) == REVERSAL_SEQ


# -- payments ---------------------------------------------------------------------------------------------------------------------


def receipt_id(row: Row) -> str:
    """One check of one customer: its rows in SLArtrans share customer, bank and reference; without a reference each row stands alone."""
    reference = (row["Ref"] or "").strip()
    return f"{row['CustNum'].strip()}|{(row['BankCode'] or '').strip()}|{reference or row['RowPointer']}"


def receipts(rows: Iterable[Row], currencies: Mapping[str, str], zone: tzinfo) -> list[RemotePayment]:
    """Posted payments from their SLArtrans rows of type P (one row per document that a payment settles).

    A person takes one back with a negative payment; that it bears the reference of the first is UNVERIFIED.
    """
    groups: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        groups[receipt_id(row)][row["RowPointer"]] = row
    return [_receipt(key, list(group.values()), currencies, zone) for key, group in groups.items()]


def _receipt(key: str, rows: Sequence[Row], currencies: Mapping[str, str], zone: tzinfo) -> RemotePayment:
    customer = rows[0]["CustNum"].strip()
    amounts = [cents(row["Amount"]) for row in rows]
    received, left = sum((each for each in amounts if each > 0), ZERO), sum(amounts, ZERO)
    parts: dict[str, Decimal] = {}
    for row in rows:
        number = (row["ApplyToInvNum"] or "").strip()
        parts[number] = parts.get(number, ZERO) + cents(row["Amount"])
    return RemotePayment(
        remote_id=key,
        customer_id=customer,
        received_on=day(rows[0]["InvDate"]),
        amount=received if left <= 0 < received else left,  # one that was taken back says what it was
        currency=currencies.get(customer, ""),
        reference=(rows[0]["Description"] or rows[0]["Ref"] or "").strip(),
        allocations=tuple(
            RemoteAllocation(remote_id=f"{customer}|{number}|0", amount=part)
            for number, part in sorted(parts.items())
            if part and number not in _OPEN_MONEY
        ),
        reversed=left <= 0,
        modified_at=max(filter(None, (moment(row["RecordDate"], zone) for row in rows)), default=None),
    )
