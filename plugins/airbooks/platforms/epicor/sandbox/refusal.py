"""How Epicor says no: `{"HttpStatus", "ReasonPhrase", "ErrorMessage", "ErrorType", "ErrorDetails", "CorrelationId"}`."""

from __future__ import annotations

import uuid

from airbooks.sandbox.kit import Row


class Refusal(Exception):  # noqa: N818 it is an answer, not a failure
    """A request that is answered with an error; `kind` is the vendor's ErrorType."""

    def __init__(self, status: int, kind: str, message: str, table: str = "", field: str = "") -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.table, self.field = status, kind, message, table, field

    def body(self) -> Row:
        details = [{"Message": self.message, "Type": "Error", "Table": self.table, "Field": self.field}] if self.table else []
        shown = "Internal error. See the server log." if self.status == 500 and self.kind == "" else self.message
        return {
            "HttpStatus": self.status,
            "ReasonPhrase": "REST API Exception",
            "ErrorMessage": shown,
            "ErrorType": self.kind,
            "ErrorDetails": details,
            "CorrelationId": str(uuid.uuid4()),
        }


def rule_broken(message: str, table: str = "", field: str = "") -> Refusal:
    """The error type of nearly every business rule."""
    return Refusal(400, "Ice.Common.BusinessObjectException", message, table, field)


def duplicate(message: str) -> Refusal:
    return Refusal(409, "Ice.Common.DuplicateRecordException", message)


def not_found(as_500: bool = False) -> Refusal:
    return Refusal(500 if as_500 else 404, "Ice.Common.RecordNotFoundException", "Record not found.")


def odata_error(message: str) -> Refusal:
    return Refusal(400, "Microsoft.OData.ODataException", message)


def unauthorised(message: str) -> Refusal:
    return Refusal(401, "System.UnauthorizedAccessException", message)
