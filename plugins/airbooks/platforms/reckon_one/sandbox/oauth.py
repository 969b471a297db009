"""Reckon's identity server: codes, access tokens of three hours, a refresh token that is replaced by each refresh."""

from __future__ import annotations

import secrets
from base64 import b64decode
from datetime import timedelta
from urllib.parse import urlencode

from airbooks.platforms.reckon_one.sandbox.answers import Row
from airbooks.sandbox.kit import Clock, Store

ACCESS_SECONDS, CODE_SECONDS = 10_800, 300
IDLE = timedelta(days=45)  # UNVERIFIED


class TokenRefused(Exception):  # noqa: N818 - the token end point's own words
    """What the token end point refuses: an OAuth error code."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error

    def body(self) -> Row:
        return {"error": self.error}


class Identity:
    """The tokens of one user and one app."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.apps, self.codes = store.table("identity/app"), store.table("identity/code")
        self.access, self.refresh = store.table("identity/access"), store.table("identity/refresh")

    def register(self, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.apps[client_id] = {"secret": client_secret, "redirect_uri": redirect_uri}
        self._new_refresh_token()

    def authorise(self, client_id: str, redirect_uri: str, scope: str, state: str) -> str:
        """Where the browser is sent back to after the user agreed."""
        if self.apps.get(client_id, {}).get("redirect_uri") != redirect_uri:
            raise TokenRefused("invalid_request")
        code = secrets.token_urlsafe(32)
        self.codes[code] = {"until": self.clock.now() + timedelta(seconds=CODE_SECONDS), "offline": "offline_access" in scope.split()}
        return f"{redirect_uri}?{urlencode({'code': code, **({'state': state} if state else {})})}"

    def exchange(self, authorization: str, form: Row, *, rotates: bool) -> Row:
        """The reply to one POST; the client is known by Basic authorisation alone. There is no grant of client credentials."""
        app = self._app(authorization)
        if form.get("redirect_uri") != app["redirect_uri"]:
            raise TokenRefused("invalid_grant")
        grants = {"authorization_code": ("code", self.codes), "refresh_token": ("refresh_token", self.refresh)}
        if form.get("grant_type") not in grants:
            raise TokenRefused("unsupported_grant_type")
        name, known = grants[form["grant_type"]]
        given = str(form.get(name, ""))
        spent = known.get(given)
        if spent is None or spent["until"] < self.clock.now():
            raise TokenRefused("invalid_grant")
        if name == "code":
            del self.codes[given]
        return self._issue(new_refresh=spent["offline"] if name == "code" else rotates)

    def _app(self, authorization: str) -> Row:
        scheme, _, credentials = authorization.partition(" ")
        try:
            client_id, _, secret = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            raise TokenRefused("invalid_client") from None
        app = self.apps.get(client_id)
        if scheme != "Basic" or app is None or not secrets.compare_digest(app["secret"].encode(), secret.encode()):
            raise TokenRefused("invalid_client")
        return app

    def is_valid(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and row["until"] > self.clock.now()

    def current_refresh_token(self) -> str:
        return next(iter(self.refresh), "")

    def forget_refresh_tokens(self) -> None:
        for key in list(self.refresh):
            del self.refresh[key]

    def _new_refresh_token(self) -> str:
        """The one before it is dead (the strict reading: whether it is, is UNVERIFIED)."""
        self.forget_refresh_tokens()
        token = secrets.token_hex(32)
        self.refresh[token] = {"until": self.clock.now() + IDLE}
        return token

    def _issue(self, *, new_refresh: bool) -> Row:
        access = secrets.token_urlsafe(48)
        self.access[access] = {"until": self.clock.now() + timedelta(seconds=ACCESS_SECONDS)}
        reply = {"access_token": access, "expires_in": ACCESS_SECONDS, "token_type": "Bearer", "id_token": secrets.token_urlsafe(48)}
        return {**reply, **({"refresh_token": self._new_refresh_token()} if new_refresh else {})}
