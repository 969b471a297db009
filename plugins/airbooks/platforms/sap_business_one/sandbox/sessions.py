"""Log-ins: a session is known to one worker node, and two cookies say which session and which node."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import MutableMapping
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

from airbooks.platforms.sap_business_one.sandbox.refusal import Refusal, bad, session_ended
from airbooks.sandbox.kit import Clock

Row = dict[str, Any]
COMPANY_DB, USER = "SBODEMODE", "airbooks"
PASSWORD = "sandbox-only-b1-password"  # noqa: S105 of this simulator alone
VERSION = "1000180"
TIMEOUT_MINUTES = 30
NODES = (".node1", ".node2", ".node3")


class Sessions:
    """The live sessions; each holds a licence slot until it is logged out or idle for too long.

    `root` is the path below which this simulator answers: a cookie's path has to lie there to come back.
    """

    def __init__(self, table: MutableMapping[str, Row], clock: Clock, root: str = "") -> None:
        self._table, self._clock, self._root = table, clock, root

    def log_in(self, body: Row) -> tuple[Row, list[str]]:
        """The answer to Login, and its Set-Cookie lines."""
        unknown = set(body) - {"CompanyDB", "UserName", "Password", "Language"}
        if unknown:
            raise bad(f"Property '{min(unknown)}' of 'B1Session' is invalid", -1000)
        if body.get("CompanyDB") != COMPANY_DB:
            raise Refusal(401, 100000027, "Database server type not supported or company not found")
        if body.get("UserName") != USER or body.get("Password") != PASSWORD:
            raise Refusal(401, -304, "Fail to get DB Credentials: wrong user name or password")
        session, node = str(uuid.uuid4()), secrets.choice(NODES)
        self._table[session] = {"node": node, "used": self._clock.now()}
        cookies = [f"B1SESSION={session}; HttpOnly; ;SameSite=None", f"ROUTEID={node}; path={self._root}/b1s"]
        return {"SessionId": session, "Version": VERSION, "SessionTimeout": TIMEOUT_MINUTES}, cookies

    def admit(self, cookie: str) -> str:
        """The session of a request. Without its ROUTEID the balancer may choose a node that does not know it: here it always does."""
        jar = SimpleCookie(cookie)
        session = jar["B1SESSION"].value if "B1SESSION" in jar else ""
        known = self._table.get(session)
        if known is None:
            raise session_ended()
        if self._clock.now() - known["used"] > timedelta(minutes=TIMEOUT_MINUTES):
            del self._table[session]
            raise session_ended()
        if "ROUTEID" not in jar or jar["ROUTEID"].value != known["node"]:
            raise session_ended()
        self._table[session] = {**known, "used": self._clock.now()}
        return session

    def log_out(self, session: str) -> None:
        del self._table[session]

    def end_all(self) -> None:
        for session in list(self._table):
            del self._table[session]

    def live(self) -> int:
        """How many licence slots are taken now."""
        limit = self._clock.now() - timedelta(minutes=TIMEOUT_MINUTES)
        return sum(1 for each in self._table.values() if each["used"] >= limit)
