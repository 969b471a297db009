"""Logging in: user name and password first, then the three letters of the memorable word that KashFlow asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.kashflow.spec import ERRORS, SPEC

Body = dict[str, Any]

_LOCKED = next(rule for rule in ERRORS if "AccountLocked" in rule.codes)
_ENDED = next(rule for rule in ERRORS if "SubscriptionExpired" in rule.codes)
_PASSWORD = next(rule for rule in ERRORS if "PasswordExpired" in rule.codes)
_WORD_TOO_SHORT = ErrorRule(
    name="memorable word too short",
    action=Action.STOP,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="KashFlow asks for a letter that the connection's memorable word does not have.",
    fix="Correct memorable_word of the connection.",
)


def credentials(user: str, password: str) -> Body:
    """The body of `POST /sessiontoken`."""
    return {"UserName": user, "Password": password}


def check_begun(begun: Mapping[str, Any]) -> None:
    """The first step may succeed and still say that there is nothing to log in to. Raises PlatformError (STOP)."""
    for flag, rule in (("IsLockedOut", _LOCKED), ("HasTemporaryPassword", _PASSWORD), ("SubscriptionExpired", _ENDED)):
        if begun.get(flag):
            raise PlatformError(rule.says, platform=SPEC.slug, rule=rule)


def completion(begun: Mapping[str, Any], memorable_word: str) -> Body:
    """The body of `PUT /sessiontoken`: the letters at the positions (from 1) that were asked for."""
    words = letters([int(each["Position"]) for each in begun["MemorableWordList"]], memorable_word)
    return {"TemporaryToken": begun["TemporaryToken"], "MemorableWordList": words, "KeepUserLoggedIn": False}


def letters(positions: Sequence[int], memorable_word: str) -> list[Body]:
    if not all(1 <= position <= len(memorable_word) for position in positions):
        raise PlatformError(_WORD_TOO_SHORT.says, platform=SPEC.slug, rule=_WORD_TOO_SHORT)
    return [{"Position": position, "Value": memorable_word[position - 1]} for position in positions]
