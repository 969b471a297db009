"""Payments as batches of posting rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from airbooks.canonical import Payment
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.unit4 import postings
from airbooks.platforms.unit4.mapping import PAY, Batch, batch_id, code_of, plain
from airbooks.platforms.unit4.postings import Body, Conversion, Posting
from airbooks.platforms.unit4.reading import Posted
from airbooks.platforms.unit4.settings import Settings
from airbooks.platforms.unit4.spec import COMPANY_UNITS, TEXT

ZERO = Decimal(0)


def payment_marker(payment: Payment, company: str) -> str:
    """What a payment's rows bear as external reference (and its batch as id), so that it is found again and booked once."""
    return batch_id(PAY, company, f"{payment.source}:{payment.source_id}")


def payment_batch(payment: Payment, customer: str, settled: Sequence[Posted], rate: Decimal | None, refs: References) -> Batch:
    """A payment: the bank on the debit side, the customer's items on the credit side, what settles none of them on account.

    `settled` are the posted invoices in the order of the allocations; `rate` company units for one, None in company currency.
    """
    settings = refs.settings
    marker = payment_marker(payment, settings["company_id"])
    top = postings.head(
        settings,
        batch_id=marker,
        voucher_type=settings.get("payment_voucher_type", "CP"),
        dated=payment.received_on,
        booked=payment.received_on,
    )
    exchange = Conversion(
        currency=payment.currency,
        home=settings.get("home_currency", "GBP"),
        rate=rate,
        direction=settings.get("rate_direction", COMPANY_UNITS),
    )
    rows = [*_bank_postings(payment, refs, exchange), *_credits(payment, customer, settled, refs, exchange)]
    rows += postings.rounding(rows, settings.get("rounding_account", "") or bank_account(payment, refs))
    return Batch(top.interface, marker, payment.reference, postings.batch_rows(top, rows, exchange))


def _bank_postings(payment: Payment, refs: References, exchange: Conversion) -> Iterator[Posting]:
    """What the bank credited, on the account that the money came in on, and what it kept, on that of fees."""
    unlisted = "" if refs.has(ReferenceKind.PAYMENT_METHOD, payment.method) else payment.method
    text = plain(f"{payment_text(payment)} {unlisted}").strip()[:TEXT]
    parts = (
        (bank_account(payment, refs), payment.amount - payment.bank_fee),
        (refs.settings.get("bank_fee_account", ""), payment.bank_fee),
    )
    for account, value in parts:
        if value:
            yield Posting(line_type="GL", text=text, account=account, value=value, amount=exchange.amount(value))


def bank_account(payment: Payment, refs: References) -> str:
    """The account that ours is mapped to, else the connection's."""
    account = ReferenceKind.ACCOUNT, payment.bank_account
    return code_of(refs.get(*account)) if refs.has(*account) else refs.settings["bank_account"]


def payment_text(payment: Payment) -> str:
    return plain(payment.reference or f"Payment {payment.source_id}")[:TEXT]


def _credits(payment: Payment, customer: str, settled: Sequence[Posted], refs: References, exchange: Conversion) -> Iterator[Posting]:
    item: Body = {
        "customerOrSupplierId": customer,
        "ledgerType": refs.settings.get("customer_ledger_type", "R"),
        "externalReference": payment_marker(payment, refs.settings["company_id"]),
        **_method(payment, refs),
        "paymentCurrency": payment.currency,
    }
    for allocation, posted in zip(payment.allocations, settled, strict=True):
        yield _credit(payment, refs.settings, exchange, allocation.amount, {**item, "invoiceNumber": posted.number})
    if payment.unapplied:
        yield _credit(payment, refs.settings, exchange, payment.unapplied, {**item, "paymentOnAccount": True})


def _credit(payment: Payment, settings: Settings, exchange: Conversion, value: Decimal, item: Body) -> Posting:
    return Posting(
        line_type="AR",
        text=payment_text(payment),
        account=settings["ar_account"],
        value=-value,
        amount=exchange.amount(-value),
        invoice=item,
        detail={"status": "N", "valueDate": postings.moment(payment.received_on)},
    )


def _method(payment: Payment, refs: References) -> Body:
    """The payment method where ours is mapped; ERPx takes it from the customer otherwise."""
    if not refs.has(ReferenceKind.PAYMENT_METHOD, payment.method):
        return {}
    return {"paymentMethod": code_of(refs.get(ReferenceKind.PAYMENT_METHOD, payment.method))}
