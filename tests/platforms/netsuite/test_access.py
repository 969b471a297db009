"""Logging in: signed assertions, signed requests, and a concurrency limit that speaks like a refused log-in."""

from __future__ import annotations

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.platforms.company import Company
from tests.platforms.netsuite.conftest import SLUG

from airbooks.canonical import DocumentKind
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.netsuite import NetSuiteHook
from airbooks.platforms.netsuite.signing import assertion, tba_header
from airbooks.platforms.tokens import MemoryTokens

TBA = {"auth": "tba", "account_id": "1234567_SB1", "token_id": "sandbox-token-id-4711", "token_secret": "sandbox-token-secret"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def pem(key: Any) -> str:
    return str(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode())


def public_pem(key: Any) -> str:
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode())


def register(company: Company, certificate: str, key: Any) -> str:
    """Upload a certificate as an administrator does; its private key."""
    company.sandbox.simulators[SLUG].access.certificates[certificate] = {"public": public_pem(key)}  # type: ignore[attr-defined]
    return pem(key)


def look(hook: Any) -> list[Any]:
    return hook.find_invoice("US-SI-999999", DocumentKind.INVOICE)  # type: ignore[no-any-return]


# -- OAuth 2.0 ----------------------------------------------------------------------------------------------------------------


def test_an_rsa_key_signs_with_ps256_and_an_ec_key_with_es256(company: Company) -> None:
    private = register(company, "rsa-certificate", rsa.generate_private_key(public_exponent=65537, key_size=3072))
    with company.hook(tokens=MemoryTokens(), password=private, extra={"certificate_id": "rsa-certificate", "jwt_alg": "PS256"}) as hook:
        assert look(hook) == []
    with company.hook(tokens=MemoryTokens()) as hook:
        assert hook.setting("jwt_alg") == "ES256"
        assert look(hook) == []


def test_a_key_pasted_into_one_line_works(company: Company) -> None:
    one_line = company.connection()["password"].strip().replace("\n", "\\n")
    with company.hook(tokens=MemoryTokens(), password=one_line) as hook:
        assert look(hook) == []


@pytest.mark.parametrize("change", ["unknown certificate", "another key", "another client"])
def test_an_assertion_that_is_not_accepted_stops_the_connection_and_names_the_set_up(company: Company, change: str) -> None:
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    changes: dict[str, dict[str, Any]] = {
        "unknown certificate": {"extra": {"certificate_id": "gone-with-the-refresh"}},
        "another key": {"password": other},
        "another client": {"login": "somebody-else"},
    }
    with company.hook(tokens=MemoryTokens(), **changes[change]) as hook:
        with pytest.raises(PlatformError) as caught:
            look(hook)
        assert (caught.value.action, caught.value.outcome, caught.value.code) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_grant")
        assert "M2M" in caught.value.rule.fix
        assert other not in f"{caught.value!r}{caught.value.body}"


@pytest.mark.parametrize(("algorithm", "secret"), [("PS256", "not a key"), ("PS256", "ec"), ("ES384", "ec")])
def test_a_key_that_does_not_fit_the_algorithm_is_told_without_showing_it(algorithm: str, secret: str) -> None:
    key = pem(ec.generate_private_key(ec.SECP256R1())) if secret == "ec" else secret
    with pytest.raises(PlatformError) as caught:
        assertion(client_id="c", certificate_id="k", audience="https://x", algorithm=algorithm, pem=key)
    assert (caught.value.rule.name, caught.value.action) == ("private key not usable", Action.STOP)
    assert key not in str(caught.value)


def test_a_token_that_the_account_dropped_is_replaced_once_and_unnoticed(company: Company) -> None:
    with company.hook(tokens=MemoryTokens()) as hook:
        look(hook)
        company.sandbox.inject(SLUG, "expire_tokens", times=1)
        assert look(hook) == []
    company.sandbox.clear_faults()


# -- TBA ----------------------------------------------------------------------------------------------------------------------


def test_the_vendors_published_signature() -> None:
    header = tba_header(
        method="GET",
        url="https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
        params=None,
        realm="123456",
        consumer=(
            "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
            "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        ),
        token=(
            "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
            "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
        ),
        nonce="fjaLirsIcCGVZWzBX0pg",
        timestamp=1508242306,
    )
    assert 'oauth_signature="B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"' in header
    assert 'realm="123456"' in header
    assert 'oauth_signature_method="HMAC-SHA256"' in header


def test_signed_requests_do_everything_with_query_parameters_and_all(company: Company) -> None:
    with company.hook(tokens=MemoryTokens(), password="sandbox-consumer-secret", extra=TBA) as hook:
        works, says = hook.test_connection()
        assert works, says
        document = company.small_invoice()
        remote = company.book(hook, document)
        assert company.void(hook, company.sending(hook, document), remote).error is None


@pytest.mark.parametrize("wrong", ["password", "token_id", "token_secret", "account_id"])
def test_a_wrong_part_of_a_signature_is_a_refused_log_in(company: Company, wrong: str) -> None:
    extra = {**TBA, wrong: "wr0ng-c0ffee"} if wrong != "password" else TBA
    password = "wr0ng-c0ffee" if wrong == "password" else "sandbox-consumer-secret"
    with company.hook(tokens=MemoryTokens(), password=password, extra=extra) as hook:
        with pytest.raises(PlatformError) as caught:
            look(hook)
        assert (caught.value.code, caught.value.action) == (
            "INVALID_LOGIN",
            Action.RENEW,
        )  # which the engine takes for a stop: it was tried
        assert "Login Audit Trail" in caught.value.rule.fix
        assert "wr0ng" not in f"{caught.value} {caught.value.body}"


# -- concurrency --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_login", [False, True], ids=["429", "as a refused log-in"])
def test_the_concurrency_limit_is_waited_out_whatever_it_looks_like(company: Company, hook: NetSuiteHook, as_login: bool) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "others_at_work", slots=5, as_login=as_login, times=2)
    sent = hook.create_invoices([sending])[0]
    assert sent.error is None, str(sent.error)
    assert len(company.booked(sending.document.number)) == 1


@pytest.mark.parametrize("auth", ["oauth2_m2m", "tba"])
def test_a_limit_that_lasts_is_a_pause_and_never_bad_credentials(company: Company, auth: str) -> None:
    changes: dict[str, Any] = {"password": "sandbox-consumer-secret", "extra": TBA} if auth == "tba" else {}
    with company.hook(tokens=MemoryTokens(), **changes) as hook:
        look(hook)
        company.sandbox.inject(SLUG, "others_at_work", slots=5, as_login=True)
        with pytest.raises(PlatformError) as caught:
            look(hook)
        assert (caught.value.action, caught.value.outcome) == (Action.WAIT, Outcome.DID_NOT_HAPPEN)
        company.sandbox.clear_faults()
        assert look(hook) == []
