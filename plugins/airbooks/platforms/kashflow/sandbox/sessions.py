"""Log-ins: password, then three letters of the memorable word, then a session that ends after an hour without use."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import uuid4

from airbooks.platforms.kashflow.sandbox.answers import Refusal, Row
from airbooks.sandbox.kit import Clock, Store

IDLE = timedelta(minutes=60)
LETTERS = 3
MOST_FAILURES = 5  # the vendor's count is UNVERIFIED

INVALID_SESSION = "Session token provided is invalid."


class Sessions:
    """The one user of the company, her half-done log-ins and her sessions."""

    def __init__(self, store: Store, clock: Clock, user: str, password: str, memorable_word: str) -> None:
        self.clock = clock
        self.user, self.password, self.memorable_word = user, password, memorable_word
        self.begun = store.table("begun_logins")
        self.open = store.table("sessions")
        self.failures = store.table("failures")

    def begin(self, user: Any, password: Any) -> Row:
        """The first step: a temporary token and the positions (from 1) of the letters to give."""
        self._check_not_locked()
        if (user, password) != (self.user, self.password):
            raise self._failed()
        length = len(self.memorable_word)
        positions = sorted(secrets.SystemRandom().sample(range(1, length + 1), LETTERS))
        token = uuid4().hex
        self.begun[token] = {"positions": positions}
        return {
            "TemporaryToken": token,
            "MemorableWordList": [{"Position": position, "Value": ""} for position in positions],
            "IsLockedOut": False,
            "HasTemporaryPassword": False,
            "SubscriptionExpired": False,
            "PackageName": "Business",
            "TenantId": 1,
        }

    def complete(self, token: Any, words: Any) -> str:
        """The second step: the session's token. Letters are compared without regard to case; a temporary token serves once."""
        self._check_not_locked()
        begun = self.begun.pop(str(token), None)
        if begun is None or not isinstance(words, list):
            raise self._failed()
        wanted = {position: self.memorable_word[position - 1].casefold() for position in begun["positions"]}
        given = {each.get("Position"): str(each.get("Value", "")).casefold() for each in words if isinstance(each, dict)}
        if given != wanted:
            raise self._failed()
        self.failures.clear()
        session = str(uuid4())
        self.open[session] = {"used": self.clock.now()}
        return session

    def admit(self, authorization: str) -> None:
        """Let a session in and start its hour anew. Raises the one refusal for every kind of bad session."""
        scheme, _, session = authorization.partition(" ")
        row = self.open.get(session) if scheme == "KfToken" else None
        if row is None or self.clock.now() - row["used"] > IDLE:
            raise Refusal("InvalidSessionToken", INVALID_SESSION, 401)
        self.open[session] = {"used": self.clock.now()}

    def end(self, session: str) -> None:
        self.open.pop(session, None)

    def end_all(self) -> None:
        self.open.clear()

    def lock(self) -> None:
        self.failures["count"] = {"failed": MOST_FAILURES}

    def _check_not_locked(self) -> None:
        if self.failures.get("count", {"failed": 0})["failed"] >= MOST_FAILURES:
            raise Refusal("AccountLocked", "The account is locked after too many failed log-ins.")

    def _failed(self) -> Refusal:
        self.failures["count"] = {"failed": self.failures.get("count", {"failed": 0})["failed"] + 1}
        return Refusal("InvalidCredentials", "The user name, password or memorable word is not correct.")
