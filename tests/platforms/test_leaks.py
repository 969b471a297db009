"""What stands in a connection's `extra` stays out of URLs and headers, on the wire of every platform."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.listening import Listener, listening

from airbooks.canonical import DocumentKind
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.spec import Capability
from airbooks.sandbox.server import running

MARK = "m4rker-of-an-unknown-extra"
UNKNOWN = {
    "X-Unknown": MARK,
    "Authorization": f"Bearer {MARK}",
    "headers": {"X-Nested": MARK},
    "verify": MARK,
    "proxy": f"http://{MARK}.invalid",
    "params": {"leak": MARK},
    "note": f"{MARK}\r\nX-Injected: yes",
}


class Overheard:
    """A company whose hook talks to the sandbox through a listener, over a connection with extras that nobody knows."""

    def __init__(self, company: Company, listener: Listener) -> None:
        self.company, self.listener = company, listener
        # The simulator says where it is, in its connection and in its answers: at the listener.
        company.sandbox.simulators[company.slug].context.base_url = f"{listener.url}/{company.slug}"
        self.extra = company.connection()["extra"]
        self.hook: PlatformHook = company.hook(extra=UNKNOWN)

    def work(self) -> None:
        """Everything a day brings: test, customer, create, post, find, pay, list, void."""
        company, hook = self.company, self.hook
        works, says = hook.test_connection()
        assert works, says
        document = company.small_invoice()
        remote = company.book(hook, document)
        assert hook.find_invoice(document.number, DocumentKind.INVOICE)
        hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        if company.spec.can(Capability.PAYMENTS_OUT):
            payment = company.payment(document, remote, Decimal("1.00"))
            references = company.payment_references(hook, payment, remote.customer_id)
            hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)
        list(hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)))
        other = company.small_invoice()
        hook.void_invoice(company.book(hook, other), on=today(), reason="Entered twice", key=str(uuid4()))

    def secrets(self) -> list[str]:
        hidden = [str(self.extra[each.name]) for each in self.company.spec.form if each.secret and self.extra.get(each.name)]
        return [*hidden, *([self.company.connection()["password"]] if self.company.connection().get("password") else [])]


@pytest.fixture(scope="module", params=registry.slugs())
def overheard(request: pytest.FixtureRequest) -> Iterator[Overheard]:
    with running([request.param], time_scale=1000) as sandbox:
        address = urlsplit(sandbox.url)
        assert address.hostname is not None
        assert address.port is not None
        with listening(address.hostname, address.port) as listener:
            made = Overheard(Company(request.param, sandbox), listener)
            made.work()
            yield made
            made.hook.close()


def test_the_hook_was_overheard(overheard: Overheard) -> None:
    assert any(" HTTP/1.1" in head for head in overheard.listener.heads())


def test_an_extra_that_nobody_knows_goes_nowhere(overheard: Overheard) -> None:
    assert MARK.encode() not in overheard.listener.heard
    assert b"X-Injected" not in overheard.listener.heard


def test_a_secret_is_in_no_url(overheard: Overheard) -> None:
    urls = [head.split(" ")[1] for head in overheard.listener.heads() if head.endswith(" HTTP/1.1")]
    assert urls
    assert [url for url in urls for secret in overheard.secrets() if secret in url] == []


def test_a_secret_is_in_no_header_but_those_that_authorise(overheard: Overheard) -> None:
    authorise = tuple(f"{name}:" for name in ("authorization", *overheard.company.spec.secret_headers))
    headers = [head for head in overheard.listener.heads() if not head.endswith(" HTTP/1.1") and not head.lower().startswith(authorise)]
    assert [head for head in headers for secret in overheard.secrets() if secret in head] == []


def test_nothing_that_is_logged_or_shown_holds_a_secret(overheard: Overheard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        overheard.work()
    shown: list[Any] = [caplog.text, repr(overheard.hook.account), repr(overheard.hook.__dict__), overheard.hook.settings()]
    secrets = {*overheard.secrets(), *overheard.hook.secrets()}
    assert [secret for secret in secrets if len(secret) > 3 for text in shown if secret in str(text)] == []
