"""The three ways to prove who calls: Basic, OAuth 2 client credentials, a self-signed JWT."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Request

JWT_LIFE = timedelta(minutes=30)
DEFAULT_LIFE = 3600


def basic(login: str, password: str) -> str:
    return "Basic " + b64encode(f"{login}:{password}".encode()).decode()


def token_request(url: str, login: str, password: str, scope: str) -> Request:
    """`POST /oauth2/v1/token` of the identity domain."""
    headers = {"Authorization": basic(login, password), "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    form = {"grant_type": "client_credentials", "scope": scope}
    return Request(method="POST", url=url, headers=headers, content=urlencode(form).encode(), read=True)


def token(body: Mapping[str, Any], now: datetime) -> Token:
    """There is no refresh token; the life of an hour where none is told is from memory."""
    return Token(access=body["access_token"], expires_at=now + timedelta(seconds=int(body.get("expires_in", DEFAULT_LIFE))))


def self_signed(*, issuer: str, user: str, private_key: str, thumbprint: str, now: datetime | None = None) -> Token:
    """A token signed by us (RS256): `x5t` names the certificate, `iss` the trusted issuer, `prn` the Fusion user.

    Raises ValueError when the key is no RSA key in PEM.
    """
    now = now or datetime.now(UTC)
    expires = now + JWT_LIFE
    header = {"alg": "RS256", "typ": "JWT", "x5t": thumbprint}
    claims = {"iss": issuer, "prn": user, "iat": int(now.timestamp()), "exp": int(expires.timestamp())}
    return Token(access=jwt.encode(header, claims, RSAKey.import_key(private_key)), expires_at=expires)
