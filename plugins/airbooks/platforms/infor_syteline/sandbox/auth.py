"""The two doors: Mongoose tokens for the direct service, OAuth tokens of the ION gateway; both end after two hours."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import timedelta

from airbooks.platforms.infor_syteline.sandbox.schema import Row
from airbooks.sandbox.kit import Clock, Store

CONFIG, TENANT = "HARBOUR_TST_DALS", "HARBOUR_TST"
USER, PASSWORD = "airbooks", "sandbox-syteline-mongoose-user"
CLIENT_ID, CLIENT_SECRET = f"{TENANT}~airbooks", "sandbox-syteline-client-secret"
SAAK, SASK = f"{TENANT}#airbooks-saak", "sandbox-syteline-service-secret"
LIFE = timedelta(seconds=7200)


class Doors:
    """Tokens by door: `direct` or `ion`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.tokens, self.clock = store.table("tokens"), clock

    def log_in(self, config: str, headers: Mapping[str, str]) -> Row:
        """`GET /token/{config}`: also a refusal is HTTP 200."""
        if (headers.get("username"), headers.get("password"), config) != (USER, PASSWORD, CONFIG):
            return {"Message": "The user name, password or configuration is not valid.", "Success": False, "Token": None}
        token = base64.b64encode(b"\xfb\xff" + secrets.token_bytes(46)).decode()
        return {"Message": None, "Success": True, "Token": self._open(token, "direct")}

    def grant(self, form: Mapping[str, str]) -> tuple[int, Row]:
        """The resource-owner grant of the gateway's log-in."""
        if form.get("grant_type") != "password":
            return 400, {"error": "unsupported_grant_type", "error_description": "The grant type is not supported."}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client", "error_description": "Invalid client or client credentials."}
        if (form.get("username"), form.get("password")) != (SAAK, SASK):
            return 400, {"error": "invalid_grant", "error_description": "The service account is not valid."}
        token = self._open(secrets.token_urlsafe(32), "ion")
        return 200, {"access_token": token, "expires_in": int(LIFE.total_seconds()), "token_type": "Bearer"}

    def _open(self, token: str, door: str) -> str:
        self.tokens[token] = {"door": door, "until": self.clock.now() + LIFE}
        return token

    def admits(self, door: str, authorization: str) -> bool:
        """The gateway wants the word Bearer, the direct service the bare token."""
        token = authorization.removeprefix("Bearer ") if door == "ion" else authorization
        row = self.tokens.get(token)
        has_word = authorization.startswith("Bearer ")
        return row is not None and row["door"] == door and has_word is (door == "ion") and self.clock.now() < row["until"]

    def end(self, authorization: str) -> None:
        self.tokens.pop(authorization.removeprefix("Bearer "), None)

    def end_all(self) -> None:
        self.tokens.clear()
