"""What the tests of the connector do again and again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.platforms.company import Company
from tests.platforms.freshbooks.conftest import Account

from airbooks.canonical import DocumentKind
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError

INVOICE = DocumentKind.INVOICE


def inject(company: Company, fault: str, **parameters: Any) -> None:
    company.sandbox.inject("freshbooks", fault, **parameters)


def pass_time(company: Company, **span: int) -> None:
    company.sandbox.simulators["freshbooks"].clock.offset += timedelta(**span)


def table(company: Company, kind: str) -> dict[str, Any]:
    """The simulator's own rows."""
    return dict(company.sandbox.simulators["freshbooks"].store.table(f"xZNQ1X/{kind}"))


def person(company: Company, hook: PlatformHook) -> Account:
    """Somebody who works in FreshBooks by hand; lends the connector's access token, because a second log-in would end it."""
    return Account(company.sandbox, hook.token().access)


def kind_of(error: PlatformError) -> tuple[Action, Outcome]:
    return error.action, error.outcome


REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def pay(company: Company, hook: PlatformHook, payment: Any) -> Any:
    references = company.payment_references(hook, payment, "")
    return hook.apply_payment(payment, customer_id="", key=str(uuid4()), references=references)
