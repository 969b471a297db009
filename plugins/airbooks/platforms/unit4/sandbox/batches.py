"""The transaction-import tables: what a POST must look like, and how a batch is staged, changed and removed. Nothing is posted here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.unit4.sandbox.answers import Refusal, Row
from airbooks.platforms.unit4.sandbox.tenant import INTERFACE, Tenant

ROWS_A_CALL, ROWS_A_BATCH, INT32 = 10_000, 200_000, 2_147_483_647
BATCH, CODE, LONG = "batch", "code", "long"
LIMITS = {CODE: 25, LONG: 255, "number": 100, "two": 2, "one": 1, "four": 4, "currency": 3}
# The kind of each property; a mapping is a group, `!` marks what must be there.
SCHEMA: Mapping[str, Any] = {
    "batchInformation!": {"interface!": CODE, "batchId!": CODE},
    "transactionInformation!": {
        "companyId!": CODE,
        "period!": "int",
        "transactionDate!": "time",
        "transactionType!": CODE,
        "registeredDate": "time",
        "transactionNumber!": "int",
        "invoice": {
            "customerOrSupplierId": CODE,
            "ledgerType": CODE,
            "invoiceNumber": "number",
            "externalReference": LONG,
            "dueDate": "time",
            "discountDate": "time",
            "currencyAmountDiscount": "decimal",
            "kid": LONG,
            "orderNumber": "int",
            "invoiceReference": "int",
            "contractId": CODE,
            "paymentMethod": "two",
            "paymentCurrency": "currency",
            "payRecipient": CODE,
            "paymentOnAccount": "bool",
            "paymentTransfer": CODE,
            "companyReference": CODE,
            "responsible": CODE,
        },
        "transactionDetailInformation!": {
            "sequenceNumber!": "int",
            "lineType!": "line",
            "description": LONG,
            "status": "one",
            "valueDate": "time",
            "accountingInformation!": {"account!": CODE, **{f"accountingDimension{number}": CODE for number in range(1, 8)}},
            "amounts!": {
                "debitCreditFlag!": "flag",
                "amount!": "decimal",
                "currencyAmount!": "decimal",
                "currencyCode!": "currency",
                "exchangeRate": "decimal",
                **{f"{name}{number}": "decimal" for name in ("amount", "exchangeRate") for number in (3, 4)},
                "vatAmount": "decimal",
            },
            "taxInformation": {
                "taxCode": CODE,
                "taxSystem": CODE,
                "vatPercentage": "decimal",
                "taxDetails": {"taxBaseAccount": CODE, "baseAmount": "decimal", "baseCurrencyAmount": "decimal"},
            },
            "statisticalInformation": {"number": "decimal", "value": "decimal"},
        },
        "additionalInformation": {
            "distributionKey": "int",
            "periodNumber": "int",
            "commitmentId": CODE,
            "paymentPlanTemplateCode": "four",
            "sequenceReference": "int",
            "transactionNumberReference": "int",
            "reminderLevel": "int",
            "taxId": CODE,
            "externalArchiveReference": LONG,
        },
    },
}


def _complaint(kind: str, value: Any) -> str:
    if kind in LIMITS:
        if not isinstance(value, str):
            return f"Error converting value {value} to type 'System.String'"
        if kind == "number" and value.isdigit() and int(value) > INT32:
            return f"Error converting value {value} to type 'System.Int32'"
        return f"The value is longer than {LIMITS[kind]} characters" if len(value) > LIMITS[kind] else ""
    if kind == "time":
        return "" if isinstance(value, str) and _is_time(value) else f"Error converting value {value} to type 'System.DateTime'"
    if kind == "line":
        return "" if value in {"GL", "AR", "AP", "TX"} else f"Line type {value} is not valid"
    if kind == "flag":
        return "" if value in {1, -1} else "debitCreditFlag must be 1 or -1"
    if kind == "bool":
        return "" if isinstance(value, bool) else f"Error converting value {value} to type 'System.Boolean'"
    if kind == "int":
        return "" if isinstance(value, int) and abs(value) <= INT32 else f"Error converting value {value} to type 'System.Int32'"
    return (
        ""
        if isinstance(value, int | Decimal) and not isinstance(value, bool)
        else f"Error converting value {value} to type 'System.Decimal'"
    )


def _is_time(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check(node: Any, schema: Mapping[str, Any]) -> None:
    """Marks the first offending node of a row with its message and raises Refusal."""
    if not isinstance(node, dict):
        raise Refusal("The JSON value could not be converted to an object.")
    known = {name.rstrip("!"): kind for name, kind in schema.items()}
    missing = [name[:-1] for name in schema if name.endswith("!") and node.get(name[:-1]) is None]
    unknown = [name for name in node if name not in known and name != "notificationMessages"]
    if missing or unknown:
        _mark(node, f"The field {missing[0]} is required" if missing else f"Could not find member '{unknown[0]}'")
    for name, value in node.items():
        if isinstance(known.get(name), Mapping):
            if value is not None:
                _check(value, known[name])
        elif name in known and value is not None and (says := _complaint(known[name], value)):
            _mark(node, f"{says} ({name})")


def _mark(node: Row, message: str) -> None:
    if "System." in message:
        raise Refusal(message.rpartition(" (")[0])
    node["notificationMessages"] = {"errors": [message]}
    raise Refusal(message, body=[])


def checked(body: Any) -> tuple[str, list[Row]]:
    """The key and the rows of a posted array; raises Refusal."""
    if not isinstance(body, list) or not body:
        raise Refusal("The request body must be a JSON array of transactions.")
    if len(body) > ROWS_A_CALL:
        raise Refusal(f"At most {ROWS_A_CALL} rows are allowed in one call.")
    rows = deepcopy(body)
    for row in rows:
        try:
            _check(row, SCHEMA)
        except Refusal as refusal:
            raise Refusal(refusal.message, body=rows if refusal.body is not None else None) from None
    keys = {(row["batchInformation"]["interface"], row["batchInformation"]["batchId"]) for row in rows}
    if len(keys) > 1:
        raise Refusal("All rows must belong to the same batch and interface.")
    ((interface, batch_id),) = keys
    if interface != INTERFACE:
        raise Refusal(f"Interface {interface} is not valid.")
    return f"{batch_id}/{interface}", rows


def stage(tenant: Tenant, body: Any) -> None:
    """POST: a new batch."""
    key, rows = checked(body)
    if key in tenant.batches:
        batch_id, interface = key.split("/")
        raise Refusal(f"Batch {batch_id} for interface {interface} already exists.")
    tenant.batches[key] = {"rows": rows, "staged": tenant.clock.now()}


def change(tenant: Tenant, body: Any) -> None:
    """PUT: rows of a batch that is there, changed or added by voucher and sequence."""
    key, rows = checked(body)
    if key not in tenant.batches:
        raise Refusal(f"Batch {key.split('/')[0]} was not found.", 404)
    held = {_place(row): row for row in tenant.batches[key]["rows"]} | {_place(row): row for row in rows}
    if len(held) > ROWS_A_BATCH:
        raise Refusal(f"At most {ROWS_A_BATCH} rows are allowed in one batch.")
    tenant.batches[key] = {**tenant.batches[key], "rows": [held[place] for place in sorted(held)]}


def _place(row: Row) -> tuple[int, int]:
    voucher = row["transactionInformation"]
    return voucher["transactionNumber"], voucher["transactionDetailInformation"]["sequenceNumber"]


def remove(tenant: Tenant, batch_id: str, interface: str) -> None:
    """DELETE: by the two parts of its key."""
    if f"{batch_id}/{interface}" not in tenant.batches:
        raise Refusal(f"Batch {batch_id} was not found.", 404)
    del tenant.batches[f"{batch_id}/{interface}"]
