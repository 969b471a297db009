"""Payments: cash receipts entered in a cash group of their own, posted, and read back with what they settle.

The steps are many transactions; each is looked for before it is made, so that the same payment again goes on where a try broke off.
Change dates have the precision of a day, in the server's time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.epicor.client import Company, Row, any_of, changed_row, chunks, dataset_in, quoted, refusal, unproven
from airbooks.platforms.epicor.customers import CUSTOMERS, id_of
from airbooks.platforms.epicor.mapping import cash_group, moment, receipt_fields
from airbooks.platforms.epicor.reading import remote_payment
from airbooks.platforms.epicor.spec import SPEC
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import References

CASH_GROUPS, RECEIPTS, POSTING = "Erp.BO.CashGrpSvc", "Erp.BO.CashRecSvc", "Erp.PROC.CashRecPostSvc"
_HEADS, _LINES = f"{RECEIPTS}/CashRecs", f"{RECEIPTS}/CashDtls"
PAYMENTS = ("PayInv", "PrePay")  # not MisPay, Adjust and CMemo (a credit memo applied), which are no customer's money
_BY_HAND = "Book it in Epicor by hand."


def changed_since(company: Company, since: datetime, time_zone: str) -> Iterator[RemotePayment]:
    """Posted receipts whose lines changed on that day or later, and those of such a date that settle nothing yet; each one once."""
    first = _first_day(since, time_zone).isoformat()
    changed = company.rows(_LINES, where=f"ChangeDate ge {first} and Posted eq true", order="HeadNum,InvoiceNum")
    dated = company.rows(_HEADS, where=f"TranDate ge {first} and Posted eq true", select="HeadNum", order="HeadNum")
    numbers = sorted({int(row["HeadNum"]) for rows in (changed, dated) for row in rows})
    customers: dict[int, str] = {}
    for chunk in chunks([str(number) for number in numbers]):
        for head in company.rows(_HEADS, where=any_of("HeadNum", chunk), order="HeadNum"):
            if head["TranType"] in PAYMENTS and head["DocTranAmt"] >= 0:  # the counter-entry of a reversal is no payment
                yield _read(company, head, customers)


def _first_day(since: datetime, time_zone: str) -> date:
    """The server's day; where its time zone is not known, the day before in UTC, which no zone's day is before."""
    if not time_zone:
        return since.astimezone(UTC).date() - timedelta(days=1)
    with suppress(KeyError, ValueError):
        return since.astimezone(ZoneInfo(time_zone)).date()
    raise ConfigurationError(f"{SPEC.title}: time_zone {time_zone!r} is no time zone. Give one as America/Chicago, or leave it empty.")


def _read(company: Company, head: Row, customers: dict[int, str]) -> RemotePayment:
    number = int(head["CustNum"])
    if number not in customers:
        customers[number] = id_of(company, number)
    return remote_payment(head, _lines_of(company, head), customers[number])


def _lines_of(company: Company, head: Row) -> list[Row]:
    rows = company.rows(_LINES, where=f"HeadNum eq {head['HeadNum']}", order="HeadNum,InvoiceNum")
    return list({row["SysRowID"]: row for row in rows}.values())


@dataclass(frozen=True, slots=True)
class Desk:
    """What booking needs of the connection; `complain` makes the error of the platform's own words."""

    prefix: str
    bank_account: str
    complain: Callable[[str], PlatformError]


class Receipts:
    """Books payments."""

    def __init__(self, company: Company, desk: Desk) -> None:
        self.company, self.desk = company, desk

    def book(self, payment: Payment, customer: str, refs: References) -> RemotePayment:
        """Book a payment once: what is there under its reference is finished or answered, and not booked again."""
        self._require_account()
        fields = receipt_fields(payment, refs)
        number = self._customer_number(customer)
        head = self._there(payment, number, str(fields["ExternalID"]))
        group = cash_group(self.desk.prefix, f"{number}/{fields['ExternalID']}")
        if head is None:
            self._require_group(group, payment)
            head = self._enter_head(group, customer, fields)
        if not head["Posted"]:
            self._settle(head, payment)
            self._post(str(head["GroupID"]))
        return self._proven(head, customer)

    def _require_account(self) -> None:
        if not self.desk.bank_account:
            says = "the connection names no bank account for cash groups"
            raise refusal("no bank account", says, fix="Fill the field Bank account of the connection.")

    def _customer_number(self, customer: str) -> int:
        rows = list(self.company.rows(CUSTOMERS, where=f"CustID eq {quoted(customer)}", select="CustNum,CustID", order="CustNum"))
        if not rows:
            raise refusal("customer gone", f"there is no customer {customer}", fix=_BY_HAND)
        return int(rows[0]["CustNum"])

    def _there(self, payment: Payment, customer: int, external_id: str) -> Row | None:
        """The receipt of an earlier try, posted or not. Raises PlatformError where what is there is another one."""
        where = f"ExternalID eq {quoted(external_id)} and CustNum eq {customer}"
        found = list(self.company.rows(_HEADS, where=where, order="HeadNum"))
        if not found:
            return None
        ours = (payment.amount, payment.currency)
        if len(found) > 1 or found[0]["ReverseRef"] or (found[0]["DocTranAmt"], found[0]["CurrencyCode"]) != ours:
            told = ", ".join(_told(row) for row in found)
            says = f"Epicor has {external_id} of this customer as {told}; ours is {payment.amount} {payment.currency}"
            raise refusal("payment reference used", says, fix="Compare the receipts; correct one of them.")
        return found[0]

    # -- entering -------------------------------------------------------------------------------------------------------------

    def _require_group(self, group: str, payment: Payment) -> None:
        where = f"GroupID eq {quoted(group)}"
        if next(iter(self.company.rows(f"{CASH_GROUPS}/CashGrps", where=where, order="GroupID")), None) is not None:
            return
        ds = dataset_in(self.company.ask(CASH_GROUPS, "GetNewCashGrp", {"ds": {"CashGrp": []}}))
        row = {"GroupID": group, "TranDate": moment(payment.received_on), "BankAcctID": self.desk.bank_account}
        changed_row(ds, "CashGrp").update(row)
        self.company.do(CASH_GROUPS, "Update", {"ds": ds})

    def _ask(self, method: str, ds: Row, **arguments: object) -> Row:
        return dataset_in(self.company.ask(RECEIPTS, method, {"ds": ds, **arguments}))

    def _enter_head(self, group: str, customer: str, fields: Row) -> Row:
        ds = self._ask("GetNewCashHeadType", {}, groupID=group, tranType="PayInv")
        ds = self._ask("GetCustomerInfo", ds, custID=customer)
        changed_row(ds, "CashHead").update(fields)
        self._ask("PreUpdate", ds)
        arguments = {"ipGroupID": group, "ipTableName": "CashHead", "updGroupTotals": True, "ipIgnoreValidation": 0}
        saved = dataset_in(self.company.do(RECEIPTS, "UpdateMaster", {"ds": ds, **arguments}))
        head: Row = saved["CashHead"][0]
        return head

    def _settle(self, head: Row, payment: Payment) -> None:
        """Enter what is not entered yet. Raises PlatformError where an earlier try, of a payment that was changed since, entered more."""
        settled = {int(row["InvoiceNum"]): Decimal(row["DocTranAmt"]) for row in _lines_of(self.company, head)}
        wanted = _by_invoice(payment)
        if not settled.items() <= wanted.items():
            says = f"receipt {head['HeadNum']} is not posted yet and settles {settled}, the payment settles {wanted}"
            raise refusal("receipt has other lines", says, fix="Delete that receipt in Epicor, then retry.")
        for number in wanted.keys() - settled.keys():
            self._enter_line(head, number, wanted[number])

    def _enter_line(self, head: Row, invoice: int, amount: object) -> None:
        """Only posted invoices can be paid: anything else is refused by Epicor."""
        ds = self._ask("GetNewCashDtl", {}, groupID=head["GroupID"], headNum=head["HeadNum"], invoiceNum=invoice)
        ds = self._ask("GetDtlInvoiceInfo", ds, invoiceNum=invoice)
        ds = self._ask("GetDtlTranAmtInfo", ds, docTranAmt=amount, docWriteOffAmount=0)
        self.company.do(RECEIPTS, "Update", {"ds": ds})

    # -- posting --------------------------------------------------------------------------------------------------------------

    def _post(self, group: str) -> None:
        ds = self.company.ask(POSTING, "GetNewParameters", {})
        ds["CashRecPostParam"][0]["GroupID"] = group
        self.company.do(POSTING, "RunDirect", {"ds": ds})

    def _proven(self, head: Row, customer: str) -> RemotePayment:
        """The receipt read again; what was not posted has its reason in the error log of the group."""
        try:
            now = next(iter(self.company.rows(_HEADS, where=f"HeadNum eq {head['HeadNum']}", order="HeadNum")), None)
            if now is not None and now["Posted"]:
                return remote_payment(now, _lines_of(self.company, now), customer)
            log = self._error_log(str(head["GroupID"]))
        except PlatformError as error:
            raise error.as_unknown(f"receipt {head['HeadNum']} was entered, and was not read again") from None
        if log:
            raise self.desk.complain(log)
        raise unproven("posting not seen", f"receipt {head['HeadNum']} is not posted yet")

    def _error_log(self, group: str) -> str:
        rows = self.company.rows(
            f"{CASH_GROUPS}/CashGrps", where=f"GroupID eq {quoted(group)}", select="GroupID,PostErrorLog", order="GroupID"
        )
        return "".join(str(row["PostErrorLog"] or "") for row in rows)


def _by_invoice(payment: Payment) -> dict[int, Decimal]:
    """What a payment settles of each invoice; a receipt has one line per invoice."""
    return {int(invoice): amount for invoice, amount in by_document(payment).items() if amount}


def _told(head: Row) -> str:
    return f"{head['HeadNum']}: {head['DocTranAmt']} {head['CurrencyCode']}{' (reversed)' if head['ReverseRef'] else ''}"
