"""OAuth 2.0 as Xero does it: codes, half-hour access tokens, refresh tokens that change at every use (with a grace), Custom Connections."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

from airbooks.platforms.xero.sandbox.answers import Row
from airbooks.sandbox.kit import Clock, Store

ACCESS = timedelta(minutes=30)
REFRESH = timedelta(days=60)
GRACE = timedelta(minutes=30)
CODE = timedelta(minutes=5)
SCOPES = {
    "accounting.invoices",
    "accounting.payments",
    "accounting.contacts",
    "accounting.settings.read",
    "accounting.transactions",
    "offline_access",
}
# Which of these scopes opens a resource; the older, wider one opens what it is named after.
_SETTINGS, _DOCUMENTS = {"accounting.settings.read"}, {"accounting.invoices", "accounting.transactions"}
OPENED_BY = {
    **dict.fromkeys(("Organisation", "Accounts", "TaxRates", "Currencies", "TrackingCategories", "Items"), _SETTINGS),
    "Contacts": {"accounting.contacts"},
    "Invoices": _DOCUMENTS,
    "CreditNotes": _DOCUMENTS,
    "Payments": {"accounting.payments", "accounting.transactions"},
}


class TokenRefused(Exception):  # noqa: N818 - the token end point's own words
    """What the token end point refuses: an OAuth error code, always HTTP 400."""


class Authority:
    """Issues and checks tokens. The app is used by a person who authorised it; the Custom Connection is a client of its own."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.clients = store.table("oauth/client")
        self.codes = store.table("oauth/code")
        self.access = store.table("oauth/access")
        self.refresh = store.table("oauth/refresh")

    def register(self, client_id: str, secret: str, *, custom: bool) -> None:
        self.clients[client_id] = {"secret": secret, "custom": custom}

    def client(self, authorization: str, fields: Mapping[str, str]) -> Row:
        """The client that Basic authentication names, or the form's `client_id` and `client_secret` (as the vendor's own client for Python
        sends them), or `invalid_client`."""
        name, secret = _basic(authorization) if authorization else (fields.get("client_id", ""), fields.get("client_secret", ""))
        row = self.clients.get(name)
        if row is None or not hmac.compare_digest(secret.encode(), str(row["secret"]).encode()):
            raise TokenRefused("invalid_client")
        return row

    def revoke(self, authorization: str, form: str) -> None:
        """One POST on the revocation end point."""
        self.client(authorization, _fields(form))
        self.revoke_all()

    def authorise(self, redirect_uri: str, state: str) -> str:
        """The address the browser is sent back to after the user agreed."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"redirect_uri": redirect_uri, "until": self.clock.now() + CODE}
        return f"{redirect_uri}?{urlencode({'code': code, 'state': state})}"

    def exchange(self, authorization: str, form: str) -> Row:
        """The reply to one POST on the token end point."""
        fields = _fields(form)
        client = self.client(authorization, fields)
        grant = fields.get("grant_type", "")
        if grant == "client_credentials":
            return self._custom(client, fields.get("scope", ""))
        if client["custom"]:
            raise TokenRefused("unauthorized_client")
        if grant == "authorization_code":
            return self._from_code(fields)
        if grant == "refresh_token":
            return self._from_refresh(fields.get("refresh_token", ""))
        raise TokenRefused("unsupported_grant_type")

    def new_refresh_token(self) -> str:
        token = secrets.token_urlsafe(32)
        self.refresh[token] = {"until": self.clock.now() + REFRESH}
        return token

    def current_refresh_token(self) -> str:
        return next(reversed(list(self.refresh)), "")

    def opened_by(self, token: str) -> Row | None:
        """What an access token is, or None when it is unknown; whether it has expired is the caller's question."""
        return self.access.get(token)

    def expire(self, token: str) -> None:
        if token in self.access:
            self.access[token] = {**self.access[token], "until": self.clock.now() - timedelta(seconds=1)}

    def revoke_all(self) -> None:
        """The user disconnected the organisation."""
        for table in (self.refresh, self.access):
            for key in list(table):
                del table[key]

    def _custom(self, client: Row, scope: str) -> Row:
        if not client["custom"]:
            raise TokenRefused("unauthorized_client")
        allowed = SCOPES - {"offline_access"}
        # Nothing asked for is everything the connection was given: the vendor's own client for Python never names a scope here.
        asked = set(scope.split()) or allowed
        if not asked <= allowed:
            raise TokenRefused("invalid_scope")
        return self._issue(scope or " ".join(sorted(allowed)), custom=True)

    def _from_code(self, fields: dict[str, str]) -> Row:
        code = self.codes.pop(fields.get("code", ""), None)
        if code is None or code["redirect_uri"] != fields.get("redirect_uri") or code["until"] <= self.clock.now():
            raise TokenRefused("invalid_grant")
        return {**self._issue(" ".join(sorted(SCOPES)), custom=False), "refresh_token": self.new_refresh_token()}

    def _from_refresh(self, token: str) -> Row:
        row = self.refresh.get(token)
        if row is None or row["until"] <= self.clock.now():
            raise TokenRefused("invalid_grant")
        # Single use, with a grace for a reply that was lost.
        self.refresh[token] = {"until": min(row["until"], self.clock.now() + GRACE)}
        return {**self._issue(" ".join(sorted(SCOPES)), custom=False), "refresh_token": self.new_refresh_token()}

    def _issue(self, scope: str, *, custom: bool) -> Row:
        token = f"eyJ.{secrets.token_urlsafe(48)}"
        self.access[token] = {"until": self.clock.now() + ACCESS, "custom": custom, "scope": scope}
        return {"access_token": token, "expires_in": int(ACCESS.total_seconds()), "token_type": "Bearer", "scope": scope}


def _fields(form: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(form).items()}


def _basic(authorization: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise TokenRefused("invalid_client") from None
    return name, secret
