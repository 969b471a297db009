"""The month-end part of the payment form: what it means, and what it refuses in words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airbooks.operators.payment_steps import payment_params, read_period
from airbooks.platforms.errors import ConfigurationError

TODAY = date(2026, 3, 31)


def test_an_unattended_run_reconciles_sixty_days_and_locks_nothing() -> None:
    period = read_period({name: param.value for name, param in payment_params().items()}, TODAY)
    assert (period.starts_on, period.ends_on, period.tolerance, period.lock) == (date(2026, 1, 30), TODAY, Decimal("0.01"), False)


def test_a_month_is_locked_up_to_its_cut_off() -> None:
    filled = {"starts_on": "2026-02-01", "ends_on": "2026-02-28", "tolerance": "0.05", "lock": True, "reason": "February"}
    period = read_period(filled, TODAY)
    assert (period.starts_on, period.ends_on, period.lock, period.reason) == (date(2026, 2, 1), date(2026, 2, 28), True, "February")


def test_a_dry_run_locks_nothing_and_checks_the_form_all_the_same() -> None:
    filled = {"ends_on": "2026-02-28", "lock": True, "reason": "February", "dry_run": True}
    assert read_period(filled, TODAY).lock is False
    with pytest.raises(ConfigurationError, match="needs a cut-off and a reason"):
        read_period({"lock": True, "dry_run": True}, TODAY)


@pytest.mark.parametrize(
    ("filled", "says"),
    [
        ({"lock": True}, "needs a cut-off and a reason"),
        ({"lock": True, "ends_on": "2026-02-28"}, "needs a cut-off and a reason"),
        ({"starts_on": "2026-03-01", "ends_on": "2026-02-28"}, "must not be after Cut-off"),
        ({"tolerance": "a cent"}, "is no amount"),
        ({"tolerance": "-1"}, "is no amount"),
        ({"tolerance": "NaN"}, "is no amount"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(filled: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_period(filled, TODAY)
