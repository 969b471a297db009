"""What a payment of ours must be for QuickBooks to book it as meant, and whether a booked one is it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.payments import Obstacle, by_document, rate_of_another_ledger


def obstacles(payment: Payment, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """Why its currency or rate would be booked as another one."""
    home = settings.get("home_currency", "USD")
    yield from rate_of_another_ledger(payment, home)
    if payment.currency != home and settings.get("multicurrency", "True").lower() == "false":
        says = f"The payment is in {payment.currency}, multicurrency is off, and QuickBooks would book it in {home}."
        yield Obstacle("CURRENCY", "currency", payment.currency, says, "Switch multicurrency on, there and in the connection.")


def difference(payment: Payment, booked: RemotePayment) -> str:
    """In what a booked payment is not ours, in words; empty where it is ours."""
    if (booked.amount, booked.currency or payment.currency) != (payment.amount, payment.currency):
        return f"over {booked.amount} {booked.currency} instead of {payment.amount} {payment.currency}"
    applied = {each.remote_id: each.amount for each in booked.allocations}
    wrong = [
        f"{applied.get(remote_id, 0)} instead of {amount} on id {remote_id}"
        for remote_id, amount in by_document(payment).items()
        if applied.get(remote_id) != amount
    ]
    return "with " + ", ".join(wrong) if wrong else ""
