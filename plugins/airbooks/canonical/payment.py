"""Money received from a customer, and which documents it settles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from airbooks.canonical.document import ZERO, ExchangeRate
from airbooks.canonical.money import CurrencyCode, Number
from airbooks.canonical.party import Frozen


class PaymentKind(StrEnum):
    """RECEIPT is money in; REFUND and CHARGE_BACK take it back."""

    RECEIPT = "receipt"
    REFUND = "refund"
    CHARGE_BACK = "charge_back"


class Allocation(Frozen):
    """`amount` of the payment applied to one document, in the payment's currency; `discount` is for early payment."""

    document_number: str
    remote_id: str = ""
    amount: Number = Field(ge=0)
    discount: Number = ZERO
    write_off: Number = ZERO


class Payment(Frozen):
    """One customer payment, as it is applied on one platform.

    Allocations plus `unapplied` always equal `amount`, which is what the customer gave: `bank_fee` is the part of it that the bank kept.
    """

    source: str
    source_id: str
    kind: PaymentKind = PaymentKind.RECEIPT
    customer_code: str
    received_on: date
    amount: Number = Field(gt=0)
    currency: CurrencyCode
    exchange_rate: ExchangeRate | None = None
    method: str = ""
    reference: str = ""
    bank_account: str = ""
    bank_fee: Number = ZERO
    memo: str = ""
    allocations: tuple[Allocation, ...] = ()

    @property
    def number(self) -> str:
        """Our own number of the payment."""
        return self.source_id

    @property
    def unapplied(self) -> Decimal:
        """What no document has claimed yet, in the payment's currency."""
        return self.amount - sum((each.amount for each in self.allocations), ZERO)
