"""OAuth 2.0 as Wave does it: form-encoded client credentials, access tokens that expire, refresh tokens that are good for one use."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

from airbooks.sandbox.kit import Clock, Row, Store, Table

ACCESS_SECONDS = 7200
SCOPES = (
    "business:read customer:read customer:write invoice:read invoice:write invoice:send product:read product:write account:read "
    "sales_tax:read transaction:read transaction:write user:read"
)


class Refused(Exception):  # noqa: N818 the token end point's own words
    """What the token end point refuses: an OAuth error code with its HTTP status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


class Authority:
    """Issues and checks tokens; there is one app and one user, who sees every business."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.clock = clock
        self.app = store.table("oauth/app")
        self.codes = store.table("oauth/code")
        self.access = store.table("oauth/access")
        self.refresh = store.table("oauth/refresh")

    def register(self, client_id: str, client_secret: str, redirect_uri: str) -> None:
        self.app["app"] = {"id": client_id, "secret": client_secret, "redirect_uri": redirect_uri}

    def authorise(self, asked: dict[str, str]) -> str:
        """Where the browser is sent after the user agreed; raises Refused."""
        app = self.app["app"]
        if asked.get("client_id") != app["id"] or asked.get("response_type") != "code":
            raise Refused("invalid_request")
        if asked.get("redirect_uri") != app["redirect_uri"]:
            raise Refused("invalid_request")
        if any(scope.endswith(":create") for scope in asked.get("scope", "").split()):
            raise Refused("invalid_scope")
        code = secrets.token_urlsafe(24)
        self.codes[code] = {"used": False}
        return f"{app['redirect_uri']}?{urlencode({'code': code, 'state': asked.get('state', '')})}"

    def exchange(self, form: str, *, rotate: bool = True) -> Row:
        """The reply to one POST on the token end point; raises Refused."""
        fields = {name: values[0] for name, values in parse_qs(form).items()}
        self._check_client(fields)
        grant = fields.get("grant_type", "")
        if grant == "authorization_code":
            self._take(self.codes, fields.get("code", ""))
            return self._issue(self.new_refresh_token())
        if grant != "refresh_token":
            raise Refused("unsupported_grant_type")
        token = fields.get("refresh_token", "")
        if not rotate and token in self.refresh:
            return self._issue("")
        self._take(self.refresh, token)
        return self._issue(self.new_refresh_token())

    def new_refresh_token(self) -> str:
        token = f"rt-{secrets.token_urlsafe(24)}"
        self.refresh[token] = {"issued": self.clock.now()}
        return token

    def current_refresh_token(self) -> str:
        return next(reversed(list(self.refresh)), "")

    def forget(self) -> None:
        """The user took the app off: no refresh token is valid any more."""
        for token in list(self.refresh):
            del self.refresh[token]

    def add_full_access_token(self, token: str) -> None:
        """A token from the developer portal: it acts as the user and does not expire."""
        self.access[token] = {"expires": None}

    def opens(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and (row["expires"] is None or row["expires"] > self.clock.now())

    def expire(self, token: str) -> None:
        if token in self.access:
            del self.access[token]

    def _check_client(self, fields: dict[str, str]) -> None:
        app = self.app["app"]
        if not hmac.compare_digest(
            f"{fields.get('client_id')}:{fields.get('client_secret')}".encode(), f"{app['id']}:{app['secret']}".encode()
        ):
            raise Refused("invalid_client", 401)
        if fields.get("redirect_uri") != app["redirect_uri"]:
            raise Refused("invalid_grant")

    @staticmethod
    def _take(table: Table, key: str) -> None:
        if table.pop(key, None) is None:
            raise Refused("invalid_grant")

    def _issue(self, refresh_token: str) -> Row:
        token = secrets.token_urlsafe(32)
        self.access[token] = {"expires": self.clock.now() + timedelta(seconds=ACCESS_SECONDS)}
        reply = {"access_token": token, "token_type": "Bearer", "expires_in": ACCESS_SECONDS, "scope": SCOPES}
        return reply | ({"refresh_token": refresh_token} if refresh_token else {})
