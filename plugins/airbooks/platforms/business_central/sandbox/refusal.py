"""How Business Central says no: `{"error": {"code", "message"}}`, the message ending in a correlation id."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 it is an answer, not a failure
    """A request that is answered with an error; `status` is HTTP, `code` the vendor's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def dialog(message: str) -> Refusal:
    """The code of nearly every business rule."""
    return Refusal(400, "Application_DialogException", message)


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def no_such_property(name: str, entity: str) -> Refusal:
    return bad_request(
        f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity}'. "
        "Make sure to only use property names that are defined by the type."
    )


def read_only(name: str) -> Refusal:
    return Refusal(400, "BadRequest_InvalidOperation", f"Control '{name}' is read-only.")


def too_long(value: str, size: int) -> Refusal:
    return Refusal(
        400,
        "Application_StringExceededLength",
        f"The length of the string is {len(value)}, but it must be less than or equal to {size} characters. Value: {value}",
    )


def not_in_table(field: str, value: str, table: str) -> Refusal:
    return Refusal(
        400,
        "Internal_InvalidTableRelation",
        f"The field {field} contains a value ({value}) that cannot be found in the related table ({table}).",
    )


def exists_already(table: str, field: str, value: str) -> Refusal:
    return Refusal(
        400,
        "Internal_EntityWithSameKeyExists",
        f"The record in table {table} already exists. Identification fields and values: {field}='{value}'",
    )


def set_up_missing(message: str) -> Refusal:
    return Refusal(400, "Application_FieldValidationException", message)


def record_not_found() -> Refusal:
    return Refusal(404, "Internal_RecordNotFound", "The requested record was not found.")


def resource_not_found(segment: str) -> Refusal:
    return Refusal(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{segment}'.")


def not_allowed(method: str) -> Refusal:
    return Refusal(405, "BadRequest_MethodNotAllowed", f"'{method}' requests are not supported for this resource.")
