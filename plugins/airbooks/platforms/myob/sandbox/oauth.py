"""OAuth 2.0 as MYOB does it: access tokens for twenty minutes, refresh tokens that work once, the client's secret in the form."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

from airbooks.platforms.myob.sandbox.answers import Row
from airbooks.sandbox.kit import Clock, Store

ACCESS_SECONDS = 1200
REFRESH_LIFE = timedelta(days=7)  # from memory, unverified
CODE_LIFE = timedelta(minutes=5)
SCOPES = "sme-company-file sme-sales sme-contacts-customer sme-inventory sme-general-ledger sme-banking sme-company-settings"


class TokenRefused(Exception):  # noqa: N818 - the token end point's own words
    """What the token end point refuses: an OAuth error code, always HTTP 400."""


class Authority:
    """Issues and checks tokens of one API key for one business."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.clients = store.table("oauth/client")
        self.codes = store.table("oauth/code")
        self.access = store.table("oauth/access")
        self.refresh = store.table("oauth/refresh")

    def register(self, client_id: str, secret: str) -> None:
        self.clients[client_id] = {"secret": secret}

    def authorise(self, redirect_uri: str, business: Row) -> str:
        """The address the browser is sent back to; the business is named only when consent was prompted for."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"redirect_uri": redirect_uri, "until": self.clock.now() + CODE_LIFE}
        return f"{redirect_uri}?{urlencode({'code': code, **business})}"

    def exchange(self, form: str) -> Row:
        """The reply to one POST on the token end point."""
        fields = {key: values[0] for key, values in parse_qs(form).items()}
        self._check_client(fields)
        grant = fields.get("grant_type", "")
        if grant == "authorization_code":
            code = self.codes.pop(fields.get("code", ""), None)
            if code is None or code["redirect_uri"] != fields.get("redirect_uri") or code["until"] <= self.clock.now():
                raise TokenRefused("invalid_grant")
        elif grant == "refresh_token":
            row = self.refresh.pop(fields.get("refresh_token", ""), None)
            if row is None or row["until"] <= self.clock.now():
                raise TokenRefused("invalid_grant")
        else:
            raise TokenRefused("unsupported_grant_type")
        return self._issue()

    def _check_client(self, fields: dict[str, str]) -> None:
        client = self.clients.get(fields.get("client_id", ""))
        if client is None or not hmac.compare_digest(fields.get("client_secret", "").encode(), str(client["secret"]).encode()):
            raise TokenRefused("invalid_client")

    def new_refresh_token(self) -> str:
        token = secrets.token_urlsafe(32)
        self.refresh[token] = {"until": self.clock.now() + REFRESH_LIFE}
        return token

    def current_refresh_token(self) -> str:
        return next(reversed(list(self.refresh)), "")

    def is_good(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and bool(row["until"] > self.clock.now())

    def expire(self, token: str) -> None:
        self.access.pop(token, None)

    def revoke_all(self) -> None:
        """An administrator of the business withdrew the consent."""
        for table in (self.refresh, self.access):
            for key in list(table):
                del table[key]

    def _issue(self) -> Row:
        token = secrets.token_urlsafe(48)
        self.access[token] = {"until": self.clock.now() + timedelta(seconds=ACCESS_SECONDS)}
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": str(ACCESS_SECONDS),  # a string, from memory
            "refresh_token": self.new_refresh_token(),
            "scope": SCOPES,
            "user": {"uid": "6c0c4f1e-55f0-4b5c-9f57-0d9b8e3a1c77", "username": "books@harbour.example"},
        }
