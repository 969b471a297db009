"""OData V2 as S/4HANA's gateway speaks it: conditions out; pages, dates and decimals in."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]

ROOT = "/sap/opu/odata/sap"
CUBE = f"{ROOT}/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
PARTNERS = f"{ROOT}/API_BUSINESS_PARTNER"
ACCOUNTS = f"{ROOT}/API_GLACCOUNTINCHARTOFACCOUNTS_SRV"
_MILLISECONDS = re.compile(r"/Date\((-?\d+)(?:[+-]\d+)?\)/")
_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quoted(value: str) -> str:
    """A text literal; quotes inside are doubled."""
    return "'" + value.replace("'", "''") + "'"


def equal(name: str, value: str) -> str:
    return f"{name} eq {quoted(value)}"


def one_of(name: str, values: Collection[str]) -> str:
    """OData V2 has no `in`."""
    return f"({' or '.join(equal(name, each) for each in sorted(values))})"


def since(name: str, day: date) -> str:
    return f"{name} ge datetime'{day.isoformat()}T00:00:00'"


def both(*conditions: str) -> str:
    return " and ".join(conditions)


def either(*conditions: str) -> str:
    return f"({' or '.join(conditions)})"


def to_day(value: str | None) -> date | None:
    """A date, which V2 writes as milliseconds since 1970; raises ValueError for anything else."""
    if value is None:
        return None
    found = _MILLISECONDS.fullmatch(value)
    if found is None:
        raise ValueError(f"not a date: {value[:40]!r}")
    return (_EPOCH + timedelta(milliseconds=int(found[1]))).date()


def to_time(value: str | None) -> timedelta:
    """A time of day (PT14H05M00S) as the time since midnight."""
    found = _TIME.fullmatch(value or "PT0S")
    if found is None:
        raise ValueError(f"not a time: {value!r}")
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def stripped(number: str) -> str:
    """A customer or account number as OData shows it: numeric ones without leading zeros."""
    return number.lstrip("0") if number.isdecimal() else number


def page_of(body: Any, fields: Collection[str]) -> tuple[list[Row], str]:
    """The rows of a page and the path of the next one (empty on the last); raises KeyError where a row lacks one of the fields."""
    content = body["d"]
    rows = content["results"]
    if not isinstance(rows, list):
        raise TypeError("results are no list")
    for row in rows:
        if missing := [name for name in fields if name not in row]:
            raise KeyError(", ".join(missing))
    following = str(content.get("__next") or "")
    return rows, following[following.index("/sap/opu/") :] if following else ""
