"""What a platform says it holds, in canonical words."""

from __future__ import annotations

from datetime import date, datetime

from airbooks.canonical.codes import DocumentKind, DocumentStatus
from airbooks.canonical.money import Number
from airbooks.canonical.party import Frozen


class RemoteDocument(Frozen):
    """A document as read back from a platform; None means the platform does not say.

    `our_number` is our document number wherever the platform keeps it (its own number field or a reference). `version` is the platform's
    concurrency token. Amounts are in `currency`, positive also for credit notes.
    """

    remote_id: str
    kind: DocumentKind
    number: str = ""
    our_number: str = ""
    status: DocumentStatus
    customer_id: str = ""
    currency: str = ""
    net: Number | None = None
    tax: Number | None = None
    total: Number | None = None
    balance: Number | None = None
    line_count: int | None = None
    issue_date: date | None = None
    posting_date: date | None = None
    version: str = ""
    modified_at: datetime | None = None


class RemoteAllocation(Frozen):
    """How much of a payment settles which document, in the payment's currency."""

    remote_id: str
    amount: Number


class RemotePayment(Frozen):
    """A customer payment as read back from a platform; `reversed` covers void, deleted and bounced."""

    remote_id: str
    customer_id: str = ""
    received_on: date | None = None
    amount: Number
    currency: str = ""
    reference: str = ""
    allocations: tuple[RemoteAllocation, ...] = ()
    reversed: bool = False
    version: str = ""
    modified_at: datetime | None = None
