"""OAuth 2.0 as Intuit does it: authorisation code, access tokens for an hour, refresh tokens that change and expire, revocation."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

from airbooks.platforms.quickbooks.sandbox.answers import Row
from airbooks.sandbox.kit import Clock, Store

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_726_400
HARD_SECONDS = 5 * 365 * 86_400
ROTATE_AFTER = timedelta(hours=24)


class Refused(Exception):  # noqa: N818 - the token end point's own words
    """What the token end point refuses: an OAuth error code with its HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status

    def body(self) -> Row:
        return {"error": self.error, "error_description": self.description}


class Authority:
    """Issues and checks tokens; each pair belongs to one realm, as each OAuth connection does."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.client = store.table("oauth/client")
        self.codes = store.table("oauth/code")
        self.access = store.table("oauth/access")
        self.refresh = store.table("oauth/refresh")

    def register(self, client_id: str, client_secret: str) -> None:
        self.client["app"] = {"id": client_id, "secret": client_secret}

    def check_client(self, authorization: str) -> None:
        """Basic authentication of the app, or `invalid_client`."""
        app = self.client["app"]
        try:
            given = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        if not hmac.compare_digest(given.encode(), f"{app['id']}:{app['secret']}".encode()):
            raise Refused("invalid_client", "Client authentication failed", 401)

    def authorise(self, realm_id: str, redirect_uri: str, state: str) -> str:
        """The address the browser is sent back to after the user agreed."""
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"realm": realm_id, "redirect_uri": redirect_uri}
        return f"{redirect_uri}?{urlencode({'code': code, 'state': state, 'realmId': realm_id})}"

    def exchange(self, form: str, *, rotate: bool, with_hard_end: bool) -> Row:
        """The reply to one POST on the token end point."""
        fields = {name: values[0] for name, values in parse_qs(form).items()}
        grant = fields.get("grant_type", "")
        if grant == "authorization_code":
            reply = self._from_code(fields)
        elif grant == "refresh_token":
            reply = self._from_refresh(fields.get("refresh_token", ""), rotate=rotate)
        else:
            raise Refused("unsupported_grant_type", f"grant_type {grant!r} is not supported")
        return reply | ({"x_refresh_token_hard_expires_in": HARD_SECONDS} if with_hard_end else {})

    def new_refresh_token(self, realm_id: str) -> str:
        token = f"RT1-{secrets.token_urlsafe(24)}"
        now = self.clock.now()
        self.refresh[token] = {"realm": realm_id, "issued": now, "expires": now + timedelta(seconds=REFRESH_SECONDS)}
        return token

    def current_refresh_token(self, realm_id: str) -> str:
        return next((token for token, row in reversed(list(self.refresh.items())) if row["realm"] == realm_id), "")

    def realm_of(self, token: str) -> str | None:
        """The realm an access token opens, or None when it is unknown or expired."""
        row = self.access.get(token)
        return str(row["realm"]) if row and row["expires"] > self.clock.now() else None

    def revoke(self, token: str) -> None:
        """End the connection that a token belongs to: all its tokens stop working."""
        row = self.refresh.get(token) or self.access.get(token)
        if row is None:
            raise Refused("invalid_request", "Token is not valid")
        for table in (self.refresh, self.access):
            for key in [key for key, each in table.items() if each["realm"] == row["realm"]]:
                del table[key]

    def forget_refresh_tokens(self) -> None:
        """The user took the app off: every refresh token is invalid."""
        for key in list(self.refresh):
            del self.refresh[key]

    def _from_code(self, fields: dict[str, str]) -> Row:
        code = self.codes.get(fields.get("code", ""))
        if code is None or code["redirect_uri"] != fields.get("redirect_uri"):
            raise Refused("invalid_grant", "Incorrect or missing authorization code or redirect_uri")
        del self.codes[fields["code"]]
        return self._issue(code["realm"], self.new_refresh_token(code["realm"]))

    def _from_refresh(self, token: str, *, rotate: bool) -> Row:
        row = self.refresh.get(token)
        if row is None or row["expires"] <= self.clock.now():
            raise Refused("invalid_grant", "Incorrect or invalid refresh token")
        if rotate or self.clock.now() - row["issued"] >= ROTATE_AFTER:
            del self.refresh[token]
            token = self.new_refresh_token(row["realm"])
        else:
            self.refresh[token] = {**row, "expires": self.clock.now() + timedelta(seconds=REFRESH_SECONDS)}
        return self._issue(row["realm"], token)

    def _issue(self, realm_id: str, refresh_token: str) -> Row:
        token = f"eyJ.{secrets.token_urlsafe(48)}"
        self.access[token] = {"realm": realm_id, "expires": self.clock.now() + timedelta(seconds=ACCESS_SECONDS), "fresh": True}
        return {
            "token_type": "bearer",
            "access_token": token,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": refresh_token,
            "x_refresh_token_expires_in": REFRESH_SECONDS,
        }
