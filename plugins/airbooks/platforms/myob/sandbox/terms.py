"""Payment terms of a card or a sale, and the due date they make, which nobody can set."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Row, refused
from airbooks.platforms.myob.sandbox.fields import choice, number

KINDS = (
    "CashOnDelivery",
    "Prepaid",
    "InAGivenNumberOfDays",
    "OnADayOfTheMonth",
    "NumberOfDaysAfterEOM",
    "DayOfMonthAfterEOM",
)
MOST_DAYS = 999


def terms(body: Any) -> Row:
    kind = choice(body, "PaymentIsDue", KINDS, "CashOnDelivery")
    days = {name: _days(body, name) for name in ("BalanceDueDate", "DiscountDate")}
    percents = {name: number(body, name, default=Decimal(0)) for name in ("DiscountForEarlyPayment", "MonthlyChargeForLatePayment")}
    return {"PaymentIsDue": kind, **days, **percents}


def _days(body: Row, name: str) -> int:
    value = body.get(name) or 0
    if value != int(value) or not 0 <= value <= MOST_DAYS:
        raise refused("Term_Out_Of_Range", f"{name} is out of range", details=str(value))
    return int(value)


def due(day: datetime, agreed: Row) -> datetime:
    days = agreed["BalanceDueDate"]
    if agreed["PaymentIsDue"] == "InAGivenNumberOfDays":
        return day + timedelta(days=days)
    end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    if agreed["PaymentIsDue"] == "NumberOfDaysAfterEOM":
        return end + timedelta(days=days)
    if agreed["PaymentIsDue"] == "DayOfMonthAfterEOM":
        return end + timedelta(days=min(days, 28))
    if agreed["PaymentIsDue"] == "OnADayOfTheMonth":
        this_month = day.replace(day=max(1, min(days, 28)))
        return this_month if this_month >= day else end + timedelta(days=min(days, 28))
    return day
