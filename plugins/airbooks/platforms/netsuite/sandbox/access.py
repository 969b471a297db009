"""Who may come in: OAuth 2.0 client credentials with a signed assertion, and token-based authentication (OAuth 1.0a, HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, quote, unquote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from airbooks.platforms.netsuite.sandbox.refusal import no_login
from airbooks.sandbox.kit import Clock, Row, Store

CLIENT_ID = "9c1f6f0e3b7d4a52netsuitesandboxclient"
CERTIFICATE_ID = "kQx8sandboxCertificate01"
REALM = "1234567_SB1"
CONSUMER_SECRET, TOKEN_ID, TOKEN_SECRET = "sandbox-consumer-secret", "sandbox-token-id-4711", "sandbox-token-secret"
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
LIFE = 3600
MOST_SKEW = 300
_FIELD = re.compile(r'(\w+)="([^"]*)"')
_NONCE = re.compile(r"[A-Za-z0-9]{6,64}")


class Access:
    """The certificates, access tokens and TBA tokens of the account."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.certificates, self.tokens, self.nonces = store.table("certificates"), store.table("tokens"), store.table("nonces")

    def seed(self) -> None:
        """An EC key: made quickly, and as good as RSA to the vendor."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.certificates[CERTIFICATE_ID] = {"public": public.decode(), "private": private.decode()}

    @property
    def private_key(self) -> str:
        return str(self.certificates[CERTIFICATE_ID]["private"])

    # -- OAuth 2.0 ------------------------------------------------------------------------------------------------------------

    def grant(self, form: str, token_url: str) -> Row:
        """The answer of the token end point; raises PermissionError where the vendor says invalid_grant."""
        fields = {name: values[0] for name, values in parse_qs(form).items()}
        wanted = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }
        if any(fields.get(name) != value for name, value in wanted.items()):
            raise PermissionError
        self._check_assertion(fields.get("client_assertion", ""), token_url)
        token = f"eyJ{secrets.token_urlsafe(60)}"
        self.tokens[token] = {"expires": self.clock.now() + timedelta(seconds=LIFE)}
        return {"access_token": token, "expires_in": str(LIFE), "token_type": "bearer"}

    def _check_assertion(self, assertion: str, token_url: str) -> None:
        """Signature, algorithm, certificate and claims. Its times are compared with the real time, not with a moved clock."""
        try:
            header, claims = self._decoded(assertion)
        except (JoseError, ValueError, KeyError, TypeError):
            raise PermissionError from None
        now = datetime.now(UTC).timestamp()
        scope = claims.get("scope")
        good = (
            header.get("typ") == "JWT"
            and claims.get("iss") == CLIENT_ID
            and claims.get("aud") == token_url
            and "rest_webservices" in (scope.split(",") if isinstance(scope, str) else scope or [])
            and claims["iat"] <= now + 60
            and now < claims["exp"] < claims["iat"] + 3600
        )
        if not good:
            raise PermissionError

    def _decoded(self, assertion: str) -> tuple[Row, Row]:
        padded = assertion.split(".")[0] + "=="
        kid = re.search(rb'"kid"\s*:\s*"([^"]+)"', base64.urlsafe_b64decode(padded))
        public = self.certificates[kid[1].decode() if kid else ""]["public"]
        is_rsa = isinstance(serialization.load_pem_public_key(public.encode()), rsa.RSAPublicKey)
        key = RSAKey.import_key(public) if is_rsa else ECKey.import_key(public)
        token = jwt.decode(assertion, key, algorithms=ALGORITHMS)
        return dict(token.header), dict(token.claims)

    def expire_tokens(self) -> None:
        for token in list(self.tokens):
            del self.tokens[token]

    # -- every request --------------------------------------------------------------------------------------------------------

    def check(self, header: str, method: str, url: str, query: str) -> None:
        """Lets a request in or raises INVALID_LOGIN; `url` is without the query."""
        if header.startswith("Bearer "):
            row = self.tokens.get(header.removeprefix("Bearer "))
            if row is None or row["expires"] <= self.clock.now():
                raise no_login()
        elif header.startswith("OAuth "):
            self._check_signature(header, method, url, query)
        else:
            raise no_login()

    def _check_signature(self, header: str, method: str, url: str, query: str) -> None:
        given = {name: unquote(value) for name, value in _FIELD.findall(header)}
        now = datetime.now(UTC).timestamp()
        known = (
            given.get("realm") == REALM
            and given.get("oauth_consumer_key") == CLIENT_ID
            and given.get("oauth_token") == TOKEN_ID
            and given.get("oauth_signature_method") == "HMAC-SHA256"
            and given.get("oauth_version", "1.0") == "1.0"
            and _NONCE.fullmatch(given.get("oauth_nonce", "")) is not None
            and given["oauth_nonce"] not in self.nonces
            and abs(int(given.get("oauth_timestamp", "0")) - now) <= MOST_SKEW
        )
        signed = [(name, value) for name, value in given.items() if name.startswith("oauth_") and name != "oauth_signature"]
        expected = signature(method, url, [*signed, *parse_qsl(query, keep_blank_values=True)], CONSUMER_SECRET, TOKEN_SECRET)
        if not known or not hmac.compare_digest(expected, given.get("oauth_signature", "")):
            raise no_login()
        self.nonces[given["oauth_nonce"]] = {"at": given["oauth_timestamp"]}


def signature(method: str, url: str, parameters: list[tuple[str, str]], consumer_secret: str, token_secret: str) -> str:
    """RFC 5849, section 3.4, with HMAC-SHA256."""
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _escaped(url), _escaped(joined)))
    key = f"{_escaped(consumer_secret)}&{_escaped(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
