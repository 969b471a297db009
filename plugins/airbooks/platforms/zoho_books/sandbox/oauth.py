"""OAuth 2.0 as Zoho's accounts server does it: errors under HTTP 200, refresh tokens that neither rotate nor expire, at most 20 of them."""

from __future__ import annotations

import secrets
from datetime import timedelta

from airbooks.platforms.zoho_books.sandbox.answers import Row
from airbooks.sandbox.kit import Context, RateWindow

ACCESS_SECONDS = 3600
REFRESH_TOKENS = 20
ISSUES, ISSUE_SECONDS = 10, 600.0


class Accounts:
    """The accounts server of one data centre."""

    def __init__(self, context: Context) -> None:
        self.context, self.clock = context, context.clock
        self.client = context.store.table("oauth/client")
        self.codes = context.store.table("oauth/code")
        self.access = context.store.table("oauth/access")
        self.refresh = context.store.table("oauth/refresh")
        self._windows: dict[str, RateWindow] = {}

    def register(self, client_id: str, client_secret: str) -> str:
        """Make the one client, and a refresh token of it."""
        self.client["app"] = {"id": client_id, "secret": client_secret}
        return self.new_refresh_token()

    def new_code(self, redirect_uri: str) -> str:
        code = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        self.codes[code] = {"redirect_uri": redirect_uri}
        return code

    def new_refresh_token(self) -> str:
        """One more refresh token; with the 21st the oldest stops working, and nobody is told."""
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        self.refresh[token] = {}
        for oldest in list(self.refresh)[:-REFRESH_TOKENS]:
            del self.refresh[oldest]
        return token

    def opens(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and row["expires"] > self.clock.now()

    def exchange(self, asked: Row) -> tuple[int, Row]:
        """One POST on the token end point: bad credentials are an `error` under HTTP 200."""
        app = self.client["app"]
        if asked.get("client_id") != app["id"]:
            return 200, {"error": "invalid_client"}
        if asked.get("client_secret") != app["secret"]:
            return 200, {"error": "invalid_client_secret"}
        if asked.get("grant_type") == "authorization_code":
            return self._first(asked)
        if asked.get("grant_type") == "refresh_token" and asked.get("refresh_token") in self.refresh:
            return self._again(str(asked["refresh_token"]))
        return 200, {"error": "invalid_code"}

    def _first(self, asked: Row) -> tuple[int, Row]:
        code = self.codes.get(asked.get("code", ""))
        if code is None or code["redirect_uri"] != asked.get("redirect_uri"):
            return 200, {"error": "invalid_code"}
        del self.codes[asked["code"]]
        return 200, {"refresh_token": self.new_refresh_token(), **self._issue()}

    def _again(self, refresh: str) -> tuple[int, Row]:
        window = self._windows.setdefault(refresh, RateWindow(self.clock, ISSUES, ISSUE_SECONDS, self.context.time_scale))
        if not window.admit():
            says = "You have made too many requests continuously. Please try again after some time."
            return 400, {"error": "Access Denied", "error_description": says, "status": "failure"}
        return 200, self._issue()

    def _issue(self) -> Row:
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        self.access[token] = {"expires": self.clock.now() + timedelta(seconds=ACCESS_SECONDS)}
        return {"access_token": token, "api_domain": self.context.base_url, "token_type": "Bearer", "expires_in": ACCESS_SECONDS}
