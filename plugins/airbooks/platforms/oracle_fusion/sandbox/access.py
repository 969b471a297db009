"""Who may call: an integration user (Basic), a client of the identity domain (OAuth 2), a self-signed token (JWT, RS256)."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode, urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from airbooks.platforms.oracle_fusion.sandbox.answers import Row, Unauthorised
from airbooks.sandbox.kit import Clock, Store

TOKEN_SECONDS = 3600
ISSUER = "airbooks.example"
SCOPE = "urn:opc:resource:fa:instanceid=574829103urn:opc:resource:consumer::all"


class TokenRefused(Exception):  # noqa: N818 an answer
    """The identity domain's own error: `error` and `error_description`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.status = error, status


class Access:
    """The pod's users, clients, tokens and trusted certificates."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.users, self.clients, self.tokens = store.table("users"), store.table("clients"), store.table("tokens")
        self.issuers, self.clock = store.table("issuers"), clock

    def seed(self) -> None:
        self.users["AIRBOOKS_INTEGRATION"] = {"password": f"Pw-{secrets.token_hex(12)}"}
        self.clients[secrets.token_hex(16)] = {"secret": secrets.token_hex(20), "user": "AIRBOOKS_INTEGRATION"}

    def trusted(self) -> Row:
        """The key, certificate thumbprint and user of the trusted issuer; registered when first asked for."""
        if ISSUER not in self.issuers:
            self.issuers[ISSUER] = _trusted_certificate()
        return self.issuers[ISSUER]

    def user(self, authorisation: str) -> str:
        """The Fusion user behind an Authorization header; raises Unauthorised."""
        scheme, _, value = authorisation.partition(" ")
        if scheme == "Basic":
            return self._by_password(value)
        if scheme == "Bearer":
            return self._by_token(value)
        raise Unauthorised('Basic realm="Fusion"')

    def issue(self, authorisation: str, form: str) -> Row:
        """POST /oauth2/v1/token of the identity domain."""
        fields = {name: values[0] for name, values in parse_qs(form).items()}
        client_id, secret = _pair(authorisation.removeprefix("Basic "))
        client = self.clients.get(client_id)
        if client is None or client["secret"] != secret:
            raise TokenRefused("invalid_client", "Client authentication failed.", 401)
        if fields.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "Only client_credentials is allowed for this client.")
        if fields.get("scope") != SCOPE:
            raise TokenRefused("invalid_scope", "The requested scope is invalid.")
        token = f"eyJ4NXQ.{secrets.token_urlsafe(48)}"
        self.tokens[token] = {"user": client["user"], "expires": self.clock.now() + timedelta(seconds=TOKEN_SECONDS)}
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    def _by_password(self, value: str) -> str:
        name, password = _pair(value)
        user = self.users.get(name)
        if user is None or user["password"] != password:
            raise Unauthorised('Basic realm="Fusion"')
        return name

    def _by_token(self, token: str) -> str:
        row = self.tokens.get(token)
        if row is not None and row["expires"] > self.clock.now():
            return str(row["user"])
        if token.count(".") == 2:
            return self._by_assertion(token)
        raise Unauthorised('Bearer error="invalid_token"')

    def _by_assertion(self, token: str) -> str:
        """A self-signed token: RS256, x5t of a trusted certificate, iss, prn, iat, exp."""
        try:
            claims = self._verified(token)
        except (ValueError, KeyError, InvalidSignature):
            raise Unauthorised('Bearer error="invalid_token"') from None
        now = self.clock.now().timestamp()
        if claims.get("prn") not in self.users or not claims.get("iat") or not claims.get("exp", 0) > now:
            raise Unauthorised('Bearer error="invalid_token"')
        return str(claims["prn"])

    def _verified(self, token: str) -> Row:
        header, claims = (json.loads(_decoded(part)) for part in token.split(".")[:2])
        issuer = self.issuers[claims["iss"]]
        if (header["alg"], header["typ"], header["x5t"]) != ("RS256", "JWT", issuer["x5t"]):
            raise ValueError("not signed with the trusted certificate")
        key = serialization.load_pem_public_key(issuer["public"].encode())
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101
        signed, _, signature = token.rpartition(".")
        key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return dict(claims)


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _pair(encoded: str) -> tuple[str, str]:
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret


def _trusted_certificate() -> Row:
    """A key pair and the thumbprint of its certificate, as an administrator would register them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    x5t = b64encode(certificate.fingerprint(hashes.SHA1())).decode()  # noqa: S303 the vendor's thumbprint is SHA-1
    return {"private": private.decode(), "public": public.decode(), "x5t": x5t}
