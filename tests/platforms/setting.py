"""What the conformance suite must be told about a platform's simulated company: each room's tests have a `setup.py` with its SETTING."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from airbooks.canonical import RemotePayment
from airbooks.config import load_config
from airbooks.paths import INCLUDE

if TYPE_CHECKING:
    from tests.platforms.company import Company


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The company that `Simulator.connection()` reaches.

    `codes(kind, code)` is what the company calls a code of ours. `tax_code` is one of our codes with `tax_rate` per cent, `second_tax`
    another one (code, category, rate), `foreign` a currency the books are not kept in. `absent_id` has the form of the platform's ids and
    belongs to nothing. `options` are arguments of the platform's operator. `reverse_payment(company, payment)` takes a payment
    back as a person at the vendor's screen would. `payment_settings` are fields of the connection that payments need and `connection()`
    leaves empty, `bank_account` a code of ours for an account that receipts may be booked on.
    """

    division: str
    currency: str
    country: str
    codes: Callable[[str, str], str | None]
    tax_code: str
    tax_rate: str
    second_tax: tuple[str, str, str]
    foreign: str
    absent_id: str
    options: dict[str, Any]
    reverse_payment: Callable[[Company, RemotePayment], None]
    payment_settings: dict[str, Any] = field(default_factory=dict)
    bank_account: str = ""

    @classmethod
    def demo(cls, connection: str, **fields: Any) -> Self:
        """The company of one of the demo's connections: division, currency, codes and options stand in include/config."""
        config = load_config(INCLUDE / "config")
        found = config.connections[connection]
        return cls(
            division=found.division,
            currency=found.currency,
            codes=lambda kind, code: config.mapping(connection, kind, code),
            options=dict(found.options),
            **fields,
        )


def setting(slug: str) -> Setting:
    found: Setting = import_module(f"tests.platforms.{slug}.setup").SETTING
    return found
