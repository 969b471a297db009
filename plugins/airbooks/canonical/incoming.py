"""Money as a bank, a payment provider or a person told us of it, before anybody knows what it pays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import Field

from airbooks.canonical.document import ZERO
from airbooks.canonical.money import CurrencyCode, Number
from airbooks.canonical.party import Frozen
from airbooks.canonical.payment import PaymentKind


class AdviceLine(Frozen):
    """One line of a remittance advice: what the payer says that he pays, in the payment's currency. The number is as he wrote it."""

    document_number: str
    amount: Number
    discount: Number = ZERO


class IncomingPayment(Frozen):
    """One movement of money between a customer and us.

    (`source`, `source_id`) is who told us and the name there; (`account`, `fingerprint`) is the movement itself, the same whoever tells it
    and how often. `amount` is what the account was credited (or debited, for a refund or charge-back) in `currency`; `fee` is what the bank
    or provider kept before that, so the customer gave `gross`. `instructed_amount` is what the payer ordered in `instructed_currency`,
    where that is another one. `references` are structured ones (ISO 11649, end-to-end id, document numbers told in fields of their own);
    `text` is whatever else was written. `reverses` is the source id of the movement that this one takes back.
    """

    source: str
    source_id: str
    kind: PaymentKind = PaymentKind.RECEIPT
    account: str
    fingerprint: str = ""
    booked_on: date
    value_on: date | None = None
    amount: Number = Field(gt=0)
    currency: CurrencyCode
    fee: Number = Field(default=ZERO, ge=0)
    instructed_amount: Number | None = None
    instructed_currency: str = ""
    payer_name: str = ""
    payer_account: str = ""
    customer_code: str = ""
    method: str = ""
    bank_reference: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    advice: tuple[AdviceLine, ...] = ()
    reverses: str = ""

    @property
    def gross(self) -> Decimal:
        """What the customer gave, in `currency`."""
        return self.amount + self.fee
