"""The identity server, cookie log-ins, and the sessions that the licence counts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from airbooks.platforms.acumatica.sandbox.answers import Refused, Row, exception
from airbooks.sandbox.kit import Clock, Store

ACCESS_SECONDS, REFRESH_DAYS = 3600, 30
IDLE_SECONDS = 1200.0  # from memory
COOKIES = ("ASP.NET_SessionId", ".ASPXAUTH")
LIMIT = "Error: API Login Limit. The number of concurrent API logins is limited by the licence."


@dataclass
class Session:
    """One session; ids of records are given out per session."""

    id: str
    used: datetime


class Sessions:
    """Tokens outlive a restart of the server, sessions do not. `limit` is how many sessions the licence allows at once."""

    def __init__(self, store: Store, clock: Clock, scale: float, limit: int) -> None:
        self.clock, self.limit = clock, limit
        self.idle = timedelta(seconds=max(IDLE_SECONDS / scale, 30.0))
        self.users, self.apps = store.table("$users"), store.table("$apps")
        self.access, self.refresh = store.table("$access"), store.table("$refresh")
        self.live: dict[str, Session] = {}  # by access token, or by session cookie and its twin

    # -- OAuth ------------------------------------------------------------------------------------------------------------

    def exchange(self, form: Row) -> Row:
        """The reply to `POST /identity/connect/token`; an OAuth error is a Refused of status 400."""
        app = self.apps.get(str(form.get("client_id", "")))
        if app is None or not secrets.compare_digest(app["secret"].encode(), str(form.get("client_secret", "")).encode()):
            raise Refused(400, {"error": "invalid_client"})
        if form.get("grant_type") == "password":
            self._check_user(form.get("username"), form.get("password"))
            return self._issued(str(form.get("scope", "")))
        if form.get("grant_type") != "refresh_token":
            raise Refused(400, {"error": "unsupported_grant_type"})
        spent = self.refresh.pop(str(form.get("refresh_token", "")), None)
        if spent is None or spent["until"] < self.clock.now():
            raise Refused(400, {"error": "invalid_grant"})
        return self._issued("api offline_access", spent["until"])

    def _check_user(self, name: object, password: object) -> None:
        user = self.users.get(str(name))
        if user is None or not secrets.compare_digest(user["password"].encode(), str(password).encode()):
            raise Refused(400, {"error": "invalid_grant", "error_description": "invalid_username_or_password"})

    def _issued(self, scope: str, until: datetime | None = None) -> Row:
        if "api" not in scope.split():
            raise Refused(400, {"error": "invalid_scope"})
        token = secrets.token_hex(32)
        self.access[token] = {"until": self.clock.now() + timedelta(seconds=ACCESS_SECONDS)}
        reply: Row = {"access_token": token, "expires_in": ACCESS_SECONDS, "token_type": "Bearer", "scope": scope}
        return {**reply, "refresh_token": self.new_refresh_token(until)} if "offline_access" in scope.split() else reply

    def new_refresh_token(self, until: datetime | None = None) -> str:
        """Good for one use; its absolute life is handed on to the next one."""
        token = secrets.token_hex(32)
        self.refresh[token] = {"until": until or self.clock.now() + timedelta(days=REFRESH_DAYS)}
        return token

    # -- cookies ----------------------------------------------------------------------------------------------------------

    def log_in(self, sent: Row) -> list[tuple[str, str]]:
        """The cookies of a new session."""
        user = self.users.get(str(sent.get("name")))
        if user is None or user["password"] != sent.get("password") or sent.get("tenant", user["tenant"]) != user["tenant"]:
            raise exception("Error: Invalid credentials. Please try again.", "PX.Data.PXException")
        cookies = [(name, secrets.token_hex(16)) for name in COOKIES]
        self._open(_cookie_key(dict(cookies)))
        return cookies

    # -- sessions ---------------------------------------------------------------------------------------------------------

    def of(self, authorization: str, cookies: dict[str, str]) -> Session:
        """The session of a request; an access token opens one with its first request. Raises Refused 401."""
        token = authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else ""
        key = token or _cookie_key(cookies)
        self._forget_idle()
        if token and not self._is_good(token):
            self.live.pop(token, None)
            raise Refused(401, {"message": "Authorization has been denied for this request."})
        if key not in self.live:
            if not token:
                raise Refused(401, {"message": "Authorization has been denied for this request."})
            self._open(key)
        session = self.live[key]
        session.used = self.clock.now()
        return session

    def log_out(self, authorization: str, cookies: dict[str, str]) -> Session:
        """The session ends at once; the token with it (the strict reading: whether it is good for another is UNVERIFIED)."""
        session = self.of(authorization, cookies)
        token = authorization.removeprefix("Bearer ")
        self.live.pop(token if token else _cookie_key(cookies), None)
        self.access.pop(token, None)
        return session

    def end_all(self) -> None:
        for token in list(self.access):
            del self.access[token]
        self.live.clear()

    def _is_good(self, token: str) -> bool:
        row = self.access.get(token)
        return row is not None and row["until"] > self.clock.now()

    def _open(self, key: str) -> None:
        self._forget_idle()
        if len(self.live) >= self.limit:
            raise exception(LIMIT, "PX.Data.PXException", status=429)
        self.live[key] = Session(str(uuid4()), self.clock.now())

    def _forget_idle(self) -> None:
        now = self.clock.now()
        for key in [key for key, session in self.live.items() if now - session.used > self.idle]:
            del self.live[key]


def _cookie_key(cookies: dict[str, str]) -> str:
    """All cookies of a log-in are needed."""
    return "/".join(cookies.get(name, "") for name in COOKIES)
