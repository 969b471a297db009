"""What the tests of the connector do again and again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.platforms.company import Company

from airbooks.canonical import (
    RemoteDocument,
)
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Outcome, PlatformError
from airbooks.platforms.myob.hook import MyobHook
from airbooks.platforms.myob.sandbox import MyobSimulator

D = Decimal


def simulator(company: Company) -> MyobSimulator:
    found = company.sandbox.simulators["myob"]
    assert isinstance(found, MyobSimulator)
    return found


def created(company: Company, hook: MyobHook, sending: Sending) -> RemoteDocument:
    sent = company.create(hook, sending)[sending.key]
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def refused(company: Company, hook: MyobHook, sending: Sending) -> PlatformError:
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert error.outcome is Outcome.DID_NOT_HAPPEN
    assert company.booked(sending.document.number) == []
    return error


def pay(company: Company, hook: MyobHook, document: Any, remote: RemoteDocument, amount: str, **fields: Any) -> Any:
    payment = company.payment(document, remote, D(amount), **fields)
    references = company.payment_references(hook, payment, remote.customer_id)
    return hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
