"""How the connector proves who calls, and what it says when that fails."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.platforms.company import Company
from tests.platforms.oracle_fusion.conftest import ROOT, connected, refused

from airbooks.canonical import (
    DocumentKind,
    DocumentStatus,
)
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, ConfigurationError, Outcome
from airbooks.platforms.oracle_fusion import access
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator
from airbooks.platforms.tokens import MemoryTokens

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


@pytest.mark.parametrize("auth", ["basic", "oauth2", "jwt"])
def test_each_kind_of_authentication_books_an_invoice(company: Company, auth: str) -> None:
    with connected(company, auth) as hook:
        document = company.small_invoice()
        assert company.book(hook, document).status is DocumentStatus.OPEN


def test_a_self_signed_token_names_certificate_issuer_user_and_its_end(simulator: OracleFusionSimulator) -> None:
    trusted = simulator.access.trusted()
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    made = access.self_signed(issuer="iss", user="USER", private_key=trusted["private"], thumbprint="AbC=", now=now)
    assert made.expires_at == now + timedelta(minutes=30)
    read = jwt.decode(made.access, RSAKey.import_key(trusted["public"]), algorithms=["RS256"])
    assert read.header == {"alg": "RS256", "typ": "JWT", "x5t": "AbC="}
    assert read.claims == {"iss": "iss", "prn": "USER", "iat": 1772366400, "exp": 1772368200}
    assert b'"alg":"RS256"' in urlsafe_b64decode(made.access.split(".")[0] + "==").replace(b" ", b"")


@pytest.mark.parametrize(
    ("auth", "change", "words"),
    [
        ("basic", {"password": "wr0ng-password"}, "user or password refused"),
        ("oauth2", {"password": "wr0ng-secret"}, "client refused"),
        ("oauth2", {"extra": {"scope": "urn:else"}}, "client refused"),
        ("oauth2", {"extra": {"token_url": "", "scope": ""}}, "has no token_url, scope"),
        ("jwt", {"extra": {"username": "NOBODY"}}, "token refused"),
        ("jwt", {"extra": {"jwt_issuer": ""}}, "has no jwt_issuer"),
        ("jwt", {"extra": {"jwt_cert_thumbprint": "AAAA"}}, "token refused"),
        ("jwt", {"extra": {"jwt_private_key": "no key"}}, "jwt_private_key is not an RSA private key"),
        ("basic", {"extra": {"business_unit": ""}}, "Business unit"),
        ("basic", {"extra": {"customer_accounts": "no table"}}, "customer_accounts"),
        ("basic", {"extra": {"line_segments": "department"}}, "line_segments"),
    ],
)
def test_a_connection_that_cannot_work_says_what_is_wrong(
    company: Company, simulator: OracleFusionSimulator, auth: str, change: dict[str, Any], words: str
) -> None:
    stored = simulator.connection(auth)
    extra = {**stored.pop("extra"), **change.get("extra", {})}
    made = {**stored, **{name: value for name, value in change.items() if name != "extra"}}
    with company.hook(tokens=MemoryTokens(), extra=extra, **made) as hook:
        works, says = hook.test_connection()
        secrets = hook.secrets()
    assert not works
    assert words in says
    assert [secret for secret in secrets if len(secret) > 8 and secret in says] == []


def test_a_missing_privilege_is_named_with_what_to_grant(company: Company, hook: PlatformHook) -> None:
    company.sandbox.inject("oracle_fusion", "privilege_missing")
    works, says = hook.test_connection()
    assert not works
    assert "AR_CREATE_RECEIVABLES_INVOICE_PRIV" in says


def test_a_sign_on_page_is_not_taken_for_an_answer(company: Company, hook: PlatformHook) -> None:
    company.sandbox.inject("oracle_fusion", "sign_on_page")
    works, says = hook.test_connection()
    assert not works
    assert "documented form" in says


def test_every_request_names_its_framework_version(company: Company, hook: PlatformHook) -> None:
    before = len(company.sandbox.requests("oracle_fusion"))
    company.book(hook, company.small_invoice())
    calls = [each for each in company.sandbox.requests("oracle_fusion")[before:] if ROOT in each.path]
    assert {each.headers.get("rest-framework-version") for each in calls} == {"4"}


def test_without_the_framework_version_errors_are_text_and_still_understood(company: Company) -> None:
    document = company.small_invoice()
    with connected(company, framework_version="1") as hook:
        company.book(hook, document)
        error = refused(company, hook, document)
    assert (error.rule.name, error.action, error.code) == ("duplicate transaction number", Action.LOOK_UP, "")


def test_a_key_that_is_no_key_is_an_error_of_the_configuration(company: Company) -> None:
    with connected(company, "jwt", jwt_private_key="-----BEGIN NONSENSE-----") as hook:
        hook.tokens = MemoryTokens()
        with pytest.raises(ConfigurationError) as caught:
            hook.get_invoice("1", INVOICE)
    assert "NONSENSE" not in str(caught.value)


@pytest.mark.parametrize("fault", ["error_before_commit", "malformed_body"])
def test_a_token_that_cannot_be_had_means_that_nothing_was_sent(company: Company, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with connected(company) as hook:
        sending = company.sending(hook, company.small_invoice())
    with connected(company) as hook:
        hook.tokens = MemoryTokens()
        company.sandbox.inject("oracle_fusion", fault, path="/oauth2/v1/token", times=None)
        (sent,) = hook.create_invoices([sending])
    company.sandbox.clear_faults()
    assert sent.error is not None
    assert (sent.error.action, sent.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
    assert company.booked(sending.document.number) == []
