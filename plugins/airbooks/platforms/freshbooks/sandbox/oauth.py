"""OAuth 2.0 as FreshBooks does it: codes for five minutes, access tokens for twelve hours, one living refresh token that works once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import urlencode

from airbooks.platforms.freshbooks.sandbox.answers import Row
from airbooks.sandbox.kit import Clock, Store

ACCESS_SECONDS, CODE_SECONDS = 43_200, 300
SCOPES = (
    "user:profile:read user:clients:read user:clients:write user:invoices:read user:invoices:write user:credit_notes:read "
    "user:credit_notes:write user:payments:read user:payments:write user:taxes:read user:billable_items:read"
)


class TokenRefused(Exception):  # noqa: N818 - the token end point's own words
    """What the token end point refuses: an OAuth error code with its HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status

    def body(self) -> Row:
        return {"error": self.error, "error_description": self.description}


class Authority:
    """The tokens of one user and one app."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.apps, self.codes = store.table("oauth/app"), store.table("oauth/code")
        self.access, self.refresh = store.table("oauth/access"), store.table("oauth/refresh")

    def register(self, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.apps[client_id] = {"secret": client_secret, "redirect_uri": redirect_uri}
        self._new_refresh_token()

    def authorise(self, client_id: str, redirect_uri: str, state: str) -> str:
        """Where the browser is sent back to after the user agreed."""
        if self.apps.get(client_id, {}).get("redirect_uri") != redirect_uri:
            raise TokenRefused("invalid_request", "The requested redirect uri is malformed or doesn't match client redirect URI.")
        code = secrets.token_hex(32)
        self.codes[code] = {"until": self.clock.now() + timedelta(seconds=CODE_SECONDS)}
        return f"{redirect_uri}?{urlencode({'code': code, **({'state': state} if state else {})})}"

    def exchange(self, fields: Row) -> Row:
        """The reply to one POST on the token end point; the client is checked before a token is spent."""
        app = self.apps.get(str(fields.get("client_id", "")))
        if app is None or not secrets.compare_digest(app["secret"].encode(), str(fields.get("client_secret", "")).encode()):
            raise TokenRefused("invalid_client", "Client authentication failed.", 401)
        if fields.get("redirect_uri") != app["redirect_uri"]:
            raise TokenRefused("invalid_grant", "The redirect URI included is not valid.")
        grants = {"authorization_code": ("code", self.codes), "refresh_token": ("refresh_token", self.refresh)}
        if fields.get("grant_type") not in grants:
            raise TokenRefused("unsupported_grant_type", "The authorization grant type is not supported.")
        name, known = grants[fields["grant_type"]]
        spent = known.get(str(fields.get(name, "")))
        if spent is None or ("until" in spent and spent["until"] < self.clock.now()):
            raise TokenRefused("invalid_grant", "The provided authorization grant is invalid, expired, or revoked.")
        self.codes.pop(str(fields.get(name)), None)
        return self._issue()

    def current_refresh_token(self) -> str:
        return next(iter(self.refresh), "")

    def is_valid(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and row["until"] > self.clock.now()

    def forget_refresh_tokens(self) -> None:
        for key in list(self.refresh):
            del self.refresh[key]

    def revoke(self, token: str) -> None:
        """The user took the app off: nothing of it works any more."""
        if token in self.refresh or token in self.access:
            self.forget_refresh_tokens()
            for key in list(self.access):
                del self.access[key]

    def _new_refresh_token(self) -> str:
        self.forget_refresh_tokens()
        token = secrets.token_hex(32)
        self.refresh[token] = {}
        return token

    def _issue(self) -> Row:
        access = secrets.token_hex(32)
        now = self.clock.now()
        self.access[access] = {"until": now + timedelta(seconds=ACCESS_SECONDS)}
        return {
            "access_token": access,
            "refresh_token": self._new_refresh_token(),
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "scope": SCOPES,
            "created_at": int(now.timestamp()),
        }
