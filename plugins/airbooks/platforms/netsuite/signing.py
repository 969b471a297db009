"""How requests prove who sends them: a signed assertion for an access token (OAuth 2.0), or a signature on each request (TBA)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from authlib.oauth1.rfc5849.signature import construct_base_string
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from airbooks.platforms.errors import PlatformError
from airbooks.platforms.netsuite.spec import BAD_KEY, SPEC

SCOPE = "rest_webservices"
ASSERTION_LIFE = timedelta(minutes=5)  # the vendor takes less than an hour
BEARER_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def assertion(*, client_id: str, certificate_id: str, audience: str, algorithm: str, pem: str) -> str:
    """The JWT that asks for an access token; raises PlatformError where the key does not fit the algorithm.

    `pem` may have its line ends written as backslash and n, as one-line forms make of it.
    """
    now = datetime.now(UTC)
    claims = {
        "iss": client_id,
        "scope": SCOPE,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_LIFE).timestamp()),
        "jti": str(uuid4()),
    }
    kind: type[RSAKey] | type[ECKey] = RSAKey if algorithm.startswith("PS") else ECKey
    try:
        key = kind.import_key(pem.replace("\\n", "\n").strip() + "\n")
        return jwt.encode({"typ": "JWT", "alg": algorithm, "kid": certificate_id}, claims, key, algorithms=[algorithm])
    except (ValueError, TypeError, AttributeError, JoseError) as error:
        # Its own text may quote the key.
        raise PlatformError(
            f"the private key cannot sign with {algorithm} ({type(error).__name__})", platform=SPEC.slug, rule=BAD_KEY
        ) from None


def token_form(signed: str) -> dict[str, str]:
    """The form that the token end point takes."""
    return {"grant_type": "client_credentials", "client_assertion_type": BEARER_TYPE, "client_assertion": signed}


def tba_header(
    *,
    method: str,
    url: str,
    params: Mapping[str, str] | None,
    realm: str,
    consumer: tuple[str, str],
    token: tuple[str, str],
    nonce: str,
    timestamp: int,
) -> str:
    """The Authorization header of OAuth 1.0a with HMAC-SHA256; `consumer` and `token` are pairs of key and secret.

    Query parameters are signed, a JSON body is not.
    """
    own = {
        "oauth_consumer_key": consumer[0],
        "oauth_token": token[0],
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp),
        "oauth_nonce": nonce,
        "oauth_version": "1.0",
    }
    signed = [*own.items(), *parse_qsl(urlsplit(url).query, keep_blank_values=True), *(params or {}).items()]
    text = construct_base_string(method, url.partition("?")[0], signed)
    key = f"{quote(consumer[1], safe='~')}&{quote(token[1], safe='~')}"
    signature = base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()
    fields = {"realm": realm, **own, "oauth_signature": signature}
    return "OAuth " + ", ".join(f'{name}="{quote(value, safe="~")}"' for name, value in fields.items())
