"""The OAuth 2.0 server of Brightpearl: a week's access tokens, and a refresh token that is another one each time."""

from __future__ import annotations

import secrets
from datetime import timedelta

from airbooks.platforms.brightpearl.sandbox.answers import Row
from airbooks.sandbox.kit import Context

ACCESS_SECONDS = 604_800
INSTANCE = 50


class OAuth:
    """The tokens of one account. Whether the vendor's refresh tokens rotate is UNVERIFIED: here each works once."""

    def __init__(self, context: Context) -> None:
        self.context, self.clock = context, context.clock
        self.client = context.store.table("oauth/client")
        self.codes = context.store.table("oauth/code")
        self.access = context.store.table("oauth/access")
        self.refresh = context.store.table("oauth/refresh")

    def register(self, client_id: str, client_secret: str) -> None:
        self.client["app"] = {"id": client_id, "secret": client_secret}
        self.new_refresh_token()

    def new_code(self, redirect_uri: str) -> str:
        code = f"{secrets.token_hex(12)}+{secrets.token_hex(4)}="  # + and = must be encoded in a form
        self.codes[code] = {"redirect_uri": redirect_uri}
        return code

    def new_refresh_token(self) -> str:
        token = secrets.token_hex(24)
        self.refresh[token] = {}
        return token

    def newest(self) -> str:
        return next(reversed(list(self.refresh)), "")

    def opens(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and row["expires"] > self.clock.now()

    def exchange(self, asked: Row) -> tuple[int, Row]:
        app = self.client["app"]
        if asked.get("client_id") != app["id"] or asked.get("client_secret") != app["secret"]:
            return 400, {"error": "invalid_client"}
        if asked.get("grant_type") == "authorization_code":
            code = self.codes.pop(asked.get("code", ""), None)
            if code is None or code["redirect_uri"] != asked.get("redirect_uri"):
                return 400, {"error": "invalid_grant", "error_description": "Invalid authorization code"}
            return 200, {**self._issue(), "installation_instance_id": str(INSTANCE)}
        if asked.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        if self.refresh.pop(asked.get("refresh_token", ""), None) is None:
            return 400, {"error": "invalid_grant", "error_description": "Invalid refresh token"}
        return 200, self._issue()

    def _issue(self) -> Row:
        token = secrets.token_hex(24)
        self.access[token] = {"expires": self.clock.now() + timedelta(seconds=ACCESS_SECONDS)}
        return {
            "access_token": token,
            "refresh_token": self.new_refresh_token(),
            "api_domain": self.context.base_url.partition("://")[2],
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }
