"""What a payment of ours must be for QuickBooks to book it as meant, and whether a booked one is it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.payments import Obstacle


def obstacles(payment: Payment, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """Why its currency or rate would be booked as another one."""
    home, rate = settings.get("home_currency", "USD"), payment.exchange_rate
    if payment.currency == home:
        return
    if settings.get("multicurrency", "True").lower() == "false":
        says = f"The payment is in {payment.currency}, multicurrency is off, and QuickBooks would book it in {home}."
        yield Obstacle("CURRENCY", "currency", payment.currency, says, "Switch multicurrency on, there and in the connection.")
    if rate is not None and rate.base != home:
        says = f"The payment's exchange rate is to {rate.base}, the company's currency is {home}."
        yield Obstacle("RATE", "exchange_rate", rate.base, says, f"Give the rate in {home}, or correct home_currency of the connection.")


def applied_amounts(payment: Payment) -> dict[str, Decimal]:
    """What it takes off each invoice in all, by the invoice's id: QuickBooks has one line for each."""
    amounts: dict[str, Decimal] = {}
    for each in payment.allocations:
        amounts[each.remote_id] = amounts.get(each.remote_id, Decimal(0)) + each.amount
    return amounts


def difference(payment: Payment, booked: RemotePayment) -> str:
    """In what a booked payment is not ours, in words; empty where it is ours."""
    if (booked.amount, booked.currency or payment.currency) != (payment.amount, payment.currency):
        return f"over {booked.amount} {booked.currency} instead of {payment.amount} {payment.currency}"
    applied = {each.remote_id: each.amount for each in booked.allocations}
    wrong = [
        f"{applied.get(remote_id, 0)} instead of {amount} on id {remote_id}"
        for remote_id, amount in applied_amounts(payment).items()
        if applied.get(remote_id) != amount
    ]
    return "with " + ", ".join(wrong) if wrong else ""
