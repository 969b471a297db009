"""Unit4 Identity Services: client credentials, bearer tokens that expire."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import parse_qs

from airbooks.platforms.unit4.sandbox.answers import Refusal, Row
from airbooks.sandbox.kit import Clock, Store

TOKEN_SECONDS = 3600
SCOPE = "api"


class Identity:
    """The clients of the tenant and the tokens they hold."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clients, self.tokens, self.clock = store.table("clients"), store.table("tokens"), clock

    def seed(self) -> None:
        self.clients[f"airbooks-{secrets.token_hex(6)}"] = {"secret": secrets.token_hex(24)}

    def issue(self, form: str) -> Row:
        """POST /identity/connect/token."""
        asked = {name: values[0] for name, values in parse_qs(form).items()}
        client = self.clients.get(asked.get("client_id", ""))
        if client is None or client["secret"] != asked.get("client_secret"):
            raise Refusal("", body={"error": "invalid_client"})
        if asked.get("grant_type") != "client_credentials":
            raise Refusal("", body={"error": "unsupported_grant_type"})
        if asked.get("scope") != SCOPE:
            raise Refusal("", body={"error": "invalid_scope"})
        token = f"eyJhbGciOiJSUzI1NiJ9.{secrets.token_urlsafe(40)}.{secrets.token_urlsafe(20)}"
        self.tokens[token] = {"expires": self.clock.now() + timedelta(seconds=TOKEN_SECONDS)}
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": SCOPE}

    def admit(self, authorisation: str) -> None:
        """Raises Refusal (401) without a token that still lives."""
        scheme, _, token = authorisation.partition(" ")
        row = self.tokens.get(token) if scheme == "Bearer" else None
        if row is None or row["expires"] <= self.clock.now():
            raise Refusal("Authorization has been denied for this request: the token is invalid or expired.", 401)
