"""How the gateway says no: one or several `<error>` elements."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_urlsafe


@dataclass(frozen=True)
class Error:
    """One `<error>` of an `<errormessage>`."""

    number: str
    description2: str
    correction: str = ""
    description: str = ""


def support_id() -> str:
    """The suffix of the first error's text, percent-encoded as the gateway writes it."""
    return f"[Support ID: {token_urlsafe(5)}%7E{token_urlsafe(15)}]"


class RefusalError(Exception):
    """A function failed: these errors, in this order."""

    def __init__(self, *errors: Error) -> None:
        super().__init__("; ".join(f"{each.number} {each.description2}" for each in errors))
        self.errors = errors

    @classmethod
    def of(cls, number: str, text: str, correction: str = "") -> RefusalError:
        return cls(Error(number, text, correction))

    def concluding(self, text: str) -> RefusalError:
        """The same refusal with the gateway's closing sentence (BL01001973 "Could not create ... record!")."""
        return RefusalError(*self.errors, Error("BL01001973", text))
