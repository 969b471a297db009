"""The server process GL07: checks staged vouchers, posts the good ones and reports the bad ones, which stay staged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from airbooks.platforms.unit4.sandbox.answers import Row
from airbooks.platforms.unit4.sandbox.tenant import (
    ATTRIBUTES,
    COMPANY,
    CREDITS,
    CURRENCIES,
    FIRST_PERIOD,
    HOME,
    RECEIVABLES,
    RULES,
    SALES,
    SERIES,
    TAX_ACCOUNT,
    TAX_SYSTEM,
    Tenant,
)

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the tenant has set GL07 up."""

    closed_periods: frozenset[int] = frozenset()
    checks_numbers: bool = True
    matches: bool = True
    rejects_whole_batch: bool = False
    lag: timedelta = timedelta()  # from posting until the ObjectAPI shows it


def run(tenant: Tenant, key: str, switches: Switches) -> list[str]:
    """Post a staged batch; returns what the report complains about. A batch that is not there is no error: nothing is done."""
    batch = tenant.batches.get(key)
    if batch is None:
        return []
    vouchers: dict[int, list[Row]] = defaultdict(list)
    for row in batch["rows"]:
        vouchers[row["transactionInformation"]["transactionNumber"]].append(row["transactionInformation"])
    faults = {number: list(_faults(tenant, rows, switches)) for number, rows in vouchers.items()}
    bad = {number for number, found in faults.items() if found}
    if bad and switches.rejects_whole_batch:
        bad = set(vouchers)
    for number, rows in vouchers.items():
        if number not in bad:
            _post(tenant, rows, switches)
    left = [row for row in batch["rows"] if row["transactionInformation"]["transactionNumber"] in bad]
    if left:
        tenant.batches[key] = {**batch, "rows": left}
    else:
        del tenant.batches[key]
    return [f"Batch {key.split('/')[0]}, transaction {number}: {text}" for number, found in faults.items() for text in found]


# -- checks -----------------------------------------------------------------------------------------------------------------------


def _faults(tenant: Tenant, rows: Sequence[Row], switches: Switches) -> Iterator[str]:
    yield from _head_faults(rows, switches)
    yield from _balance_faults(rows)
    if not any(_line(row) == "AR" for row in rows):
        yield "A customer row is missing"
    for row in rows:
        yield from _row_faults(tenant, row)
        if _line(row) == "AR":
            yield from _customer_faults(tenant, row, switches)


def _head_faults(rows: Sequence[Row], switches: Switches) -> Iterator[str]:
    heads = {(row["companyId"], row["period"], row["transactionDate"], row["transactionType"]) for row in rows}
    if len(heads) > 1:
        yield "The rows of a transaction must have one company, period, date and type"
    company, period, _, voucher_type = sorted(heads)[0]
    if company != COMPANY:
        yield f"Company {company} is not valid"
    if voucher_type not in SERIES:
        yield f"Voucher type {voucher_type} is not valid"
    if period < FIRST_PERIOD or not 1 <= period % 100 <= 12:
        yield f"Period {period} is not valid"
    elif period in switches.closed_periods:
        yield f"Period {period} is closed"


def _balance_faults(rows: Sequence[Row]) -> Iterator[str]:
    in_currency: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        in_currency[_amounts(row)["currencyCode"]] += Decimal(_amounts(row)["currencyAmount"])
    for currency, rest in in_currency.items():
        if rest:
            yield f"The transaction does not balance in {currency}: {rest}"
    rest = sum((Decimal(_amounts(row)["amount"]) for row in rows), ZERO)
    if rest:
        yield f"The transaction does not balance in company currency: {rest}"


def _row_faults(tenant: Tenant, row: Row) -> Iterator[str]:
    detail, amounts = row["transactionDetailInformation"], _amounts(row)
    account = detail["accountingInformation"]["account"]
    if account not in tenant.accounts:
        yield f"Account {account} is not valid"
    elif (account == RECEIVABLES) != (_line(row) == "AR") or (account == TAX_ACCOUNT) != (_line(row) == "TX"):
        yield f"Account {account} is not valid for line type {_line(row)}"
    yield from _dimension_faults(tenant, account, detail["accountingInformation"])
    if amounts["currencyCode"] not in CURRENCIES:
        yield f"Currency {amounts['currencyCode']} is not valid"
    if amounts["currencyCode"] == HOME and amounts["amount"] != amounts["currencyAmount"]:
        yield "Amount and currency amount differ in company currency"
    if (amounts["currencyAmount"] or amounts["amount"]) * amounts["debitCreditFlag"] < 0:
        yield "The sign of the amount does not agree with debitCreditFlag"
    yield from _tax_faults(tenant, row)


def _dimension_faults(tenant: Tenant, account: str, given: Row) -> Iterator[str]:
    allowed, mandatory = RULES.get(account, ((), ()))
    values = {number: given[f"accountingDimension{number}"] for number in range(1, 8) if given.get(f"accountingDimension{number}")}
    for number, value in values.items():
        if number not in allowed:
            yield f"Dimension {number} is not allowed on account {account}"
        elif f"{ATTRIBUTES[number]}:{value}" not in tenant.values:
            yield f"Attribute value {value} is not valid for {ATTRIBUTES[number]}"
    for number in mandatory:
        if number not in values:
            yield f"Dimension {number} ({ATTRIBUTES[number]}) is mandatory on account {account}"


def _tax_faults(tenant: Tenant, row: Row) -> Iterator[str]:
    tax = row["transactionDetailInformation"].get("taxInformation")
    if _line(row) == "TX" and not (tax or {}).get("taxDetails"):
        yield "A tax row must state its tax base (tax code and taxDetails)"
    if not tax:
        return
    known = tenant.tax_codes.get(tax.get("taxCode", ""))
    if known is None:
        yield f"Tax code {tax.get('taxCode')} is not valid"
        return
    if tax.get("taxSystem", TAX_SYSTEM) != TAX_SYSTEM:
        yield f"Tax system {tax['taxSystem']} is not valid"
    if Decimal(tax.get("vatPercentage", known["vatPercentage"])) != known["vatPercentage"]:
        yield f"Tax code {tax['taxCode']} has {known['vatPercentage']} per cent"
    base = (tax.get("taxDetails") or {}).get("taxBaseAccount")
    if base is not None and base not in tenant.accounts:
        yield f"Account {base} is not valid as tax base"


def _customer_faults(tenant: Tenant, row: Row, switches: Switches) -> Iterator[str]:
    invoice = row.get("invoice") or {}
    customer = invoice.get("customerOrSupplierId", "")
    if invoice.get("ledgerType") != "R":
        yield "Ledger type is not valid for a customer row"
    if not tenant.is_open(customer):
        yield f"Customer {customer} is not valid"
    if row["transactionType"] not in (SALES, CREDITS):
        return
    if not invoice.get("dueDate"):
        yield "Due date is missing"
    number = invoice.get("invoiceNumber", "")
    if switches.checks_numbers and any(_is_numbered(item, customer, number) for item in tenant.items.where("invoiceNumber", number)):
        yield f"Invoice number {number} is already used for customer {customer}"


def _is_numbered(item: Row, customer: str, number: str) -> bool:
    return (item["customerId"], item["invoiceNumber"]) == (customer, number) and item["transactionType"] in (SALES, CREDITS)


def _line(row: Row) -> str:
    return str(row["transactionDetailInformation"]["lineType"])


def _amounts(row: Row) -> Row:
    found: Row = row["transactionDetailInformation"]["amounts"]
    return found


# -- posting ------------------------------------------------------------------------------------------------------------------------


def _post(tenant: Tenant, rows: Sequence[Row], switches: Switches) -> None:
    voucher_type = rows[0]["transactionType"]
    voucher = tenant.store.next_number(f"voucher {voucher_type}", SERIES[voucher_type])
    now = tenant.clock.now()
    for row in rows:
        sequence = row["transactionDetailInformation"]["sequenceNumber"]
        tenant.ledger[f"{voucher}/{sequence}"] = _ledger_row(voucher, row, now, switches)
        if _line(row) == "AR":
            item = _item(voucher, row, now, switches)
            tenant.items[f"{voucher}/{sequence}"] = item
            if switches.matches:
                _match(tenant, f"{voucher}/{sequence}", row.get("additionalInformation") or {}, now)


def _ledger_row(voucher: int, row: Row, now: datetime, switches: Switches) -> Row:
    detail, tax = row["transactionDetailInformation"], row["transactionDetailInformation"].get("taxInformation") or {}
    return {
        "companyId": row["companyId"],
        "transactionNumber": voucher,
        "sequenceNumber": detail["sequenceNumber"],
        "transactionType": row["transactionType"],
        "period": row["period"],
        "transactionDate": row["transactionDate"],
        "lineType": detail["lineType"],
        "description": detail.get("description", ""),
        **{f"accountingDimension{number}": detail["accountingInformation"].get(f"accountingDimension{number}") for number in range(1, 8)},
        "account": detail["accountingInformation"]["account"],
        "currencyCode": _amounts(row)["currencyCode"],
        "currencyAmount": Decimal(_amounts(row)["currencyAmount"]),
        "amount": Decimal(_amounts(row)["amount"]),
        "taxCode": tax.get("taxCode"),
        "taxSystem": tax.get("taxSystem"),
        "vatPercentage": tax.get("vatPercentage"),
        "_tax_base": tax.get("taxDetails"),
        "_visible": now + switches.lag,
    }


def _item(voucher: int, row: Row, now: datetime, switches: Switches) -> Row:
    invoice, detail = row["invoice"], row["transactionDetailInformation"]
    value, amount = Decimal(_amounts(row)["currencyAmount"]), Decimal(_amounts(row)["amount"])
    reference = row.get("additionalInformation") or {}
    return {
        "companyId": row["companyId"],
        "customerId": invoice["customerOrSupplierId"],
        "transactionNumber": voucher,
        "sequenceNumber": detail["sequenceNumber"],
        "transactionType": row["transactionType"],
        "period": row["period"],
        "transactionDate": row["transactionDate"],
        "invoiceNumber": invoice.get("invoiceNumber", ""),
        "externalReference": invoice.get("externalReference", ""),
        "description": detail.get("description", ""),
        "dueDate": invoice.get("dueDate"),
        "currencyCode": _amounts(row)["currencyCode"],
        "currencyAmount": value,
        "amount": amount,
        "restCurrencyAmount": value,
        "restAmount": amount,
        "status": "B",
        "lastUpdated": now,
        "_visible": now + switches.lag,
        "_reference": f"{reference.get('transactionNumberReference')}/{reference.get('sequenceReference')}",
        "_applied": {},
    }


def _match(tenant: Tenant, key: str, reference: Mapping[str, object], now: datetime) -> None:
    """A row that refers to another of the opposite amount settles it; a payment settles the invoice whose number it bears."""
    item = tenant.items[key]
    other = _counterpart(tenant, item)
    if other is None:
        return
    target = tenant.items[other]
    share = min(abs(item["restCurrencyAmount"]), abs(target["restCurrencyAmount"]))
    if reference and abs(target["restCurrencyAmount"]) != abs(item["restCurrencyAmount"]):
        return
    for each, at, opposite in ((item, key, target), (target, other, item)):
        tenant.items[at] = _settled(each, share, opposite, now)


def _counterpart(tenant: Tenant, item: Row) -> str | None:
    def fits(other: Row) -> bool:
        if (other["customerId"], other["currencyCode"]) != (item["customerId"], item["currencyCode"]):
            return False
        if other["restCurrencyAmount"] * item["restCurrencyAmount"] >= 0:
            return False
        return by_key or bool(item["invoiceNumber"] and other["invoiceNumber"] == item["invoiceNumber"])

    by_key = item["transactionType"] in (SALES, CREDITS)
    if by_key:
        key = str(item["_reference"])
        return key if key in tenant.items and fits(tenant.items[key]) else None
    return next((at for at, other in tenant.items.items() if fits(other)), None)


def _settled(item: Row, share: Decimal, opposite: Row, now: datetime) -> Row:
    rest = item["restCurrencyAmount"] - share * (1 if item["restCurrencyAmount"] > 0 else -1)
    in_home = (item["amount"] * rest / item["currencyAmount"]).quantize(Decimal("0.01")) if rest else ZERO
    applied = {**item["_applied"], str(opposite["transactionNumber"]): share}
    return {
        **item,
        "restCurrencyAmount": rest,
        "restAmount": in_home,
        "status": "B" if rest else "C",
        "lastUpdated": now,
        "_applied": applied,
    }
