"""The REST beta (v2) for what v1.2 does not publish: balances, payments and what they settle. By a personal token, which a person makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from airbooks.canonical import DocumentKind, Payment, RemotePayment
from airbooks.platforms.errors import Outcome, PlatformError
from airbooks.platforms.payments import Obstacle, by_document, together
from airbooks.platforms.quickfile import payments, reading
from airbooks.platforms.quickfile.spec import CHANGED_THERE, INEXPRESSIBLE_PAYMENT, NO_REST, PAYMENT_NOTES, REST_PAGE
from airbooks.platforms.references import References
from airbooks.platforms.wire import Request, base_url, to_json

if TYPE_CHECKING:
    from airbooks.platforms.quickfile.hook import QuickFileHook

Read = TypeVar("Read")


class Beta:
    """Calls of the beta over the hook's wire, so that budget, errors and redaction are the same."""

    def __init__(self, hook: QuickFileHook) -> None:
        self.hook = hook

    def call(self, method: str, path: str, read_answer: Callable[[Any], Read], *, body: Any = None, **params: str) -> Read:
        """What `read_answer` makes of an answer; raises PlatformError (STOP) where the connection has no token."""
        hook = self.hook
        token = str(hook.setting("rest_token") or "")
        if not token:
            raise hook.error(NO_REST, "the connection has no rest_token")
        root = base_url(str(hook.setting("rest_url")), "", None, allow_http=bool(hook.account.extra.get("allow_http")))
        request = Request(
            method=method,
            url=f"{root}{path}",
            params=params or None,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            content=None if body is None else to_json(body),
            read=method == "GET",
        )
        reply = hook.wire.send(request, lambda: {"Authorization": f"Bearer {token}"}, lambda: None)
        return hook.understood(reply, read_answer)

    def probe(self) -> None:
        """Raises PlatformError where there is no token or it is not accepted."""
        self.call("GET", "/account/me", dict)

    def balance(self, invoice_id: str) -> Decimal:
        return self.call("GET", f"/invoices/{invoice_id}", lambda row: Decimal(row["balance"]))

    def payments(self, since: datetime) -> Iterator[RemotePayment]:
        """Payments dated from some days before `since`, each read singly: the list does not say what they settle."""
        if since > datetime.now(UTC):
            return
        days = int(self.hook.setting("payment_look_back_days"))
        first = (since - timedelta(days=days)).date().isoformat()
        rows = list(self._listed(date_from=first))
        for each in self.hook.sound(lambda: [int(row["id"]) for row in rows]):
            payment = self._payment(each)
            if payment is not None:
                yield payment

    def _listed(self, **dates: str) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            asked = {**dates, "order_column": "pay_date", "order_direction": "asc", "offset": str(offset), "limit": str(REST_PAGE)}
            rows, total = self.call("GET", "/client_payments", lambda body: (list(body["data"]), int(body["paging"]["total"])), **asked)
            yield from rows
            offset += len(rows)
            if not rows or offset >= total:
                return

    def _payment(self, payment_id: int) -> RemotePayment | None:
        """One payment, or None where it was deleted since it was listed."""
        try:
            return self._read(payment_id)
        except PlatformError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _read(self, payment_id: int) -> RemotePayment:
        return self.call("GET", f"/client_payments/{payment_id}", reading.rest_payment)

    def apply(self, payment: Payment, customer_id: str, references: References) -> RemotePayment:
        """Book a receipt once, one payment of QuickFile for each invoice and one for what no invoice claims.

        Replies show no note of ours: one of this client, day, amount, currency and invoice is taken for a part that was booked before.
        Raises PlatformError, of unknown outcome where a part is booked.
        """
        parts = _parts(payment)
        booked = self._booked(payment, parts, customer_id)
        try:
            missing = {invoice: amount for invoice, amount in parts.items() if invoice not in booked}
            self._check_invoices(payment, missing, customer_id)
            self.hook.require_live(f"payment {payment.source_id}")
            for invoice, amount in missing.items():
                body = payments.payment_body(payment, invoice, amount, customer_id, references)
                booked[invoice] = self.call("POST", "/client_payments", reading.rest_payment, body=body)
        except PlatformError as error:
            if booked and error.outcome is Outcome.DID_NOT_HAPPEN:
                raise error.as_unknown(f"{len(booked)} of its {len(parts)} parts are booked") from None
            raise
        return together([booked[each] for each in parts])

    def _check_invoices(self, payment: Payment, parts: Mapping[str, Decimal], customer_id: str) -> None:
        """Raises PlatformError (REVIEW) unless each is the client's invoice in the payment's currency with that much open on it: what
        becomes of another is not documented."""
        for remote_id, amount in parts.items():
            if not remote_id:
                continue
            invoice = self.hook.get_invoice(remote_id, DocumentKind.INVOICE)
            if invoice is None:
                raise self.hook.error(CHANGED_THERE, f"id {remote_id} was deleted")
            if (invoice.kind, invoice.currency, invoice.customer_id) != (DocumentKind.INVOICE, payment.currency, customer_id):
                what = f"{invoice.kind.value.replace('_', ' ')} {invoice.number} of client {invoice.customer_id} in {invoice.currency}"
                raise self.hook.error(INEXPRESSIBLE_PAYMENT, f"{payment.currency} was received for {what}")
            if invoice.balance is not None and amount > invoice.balance:
                says = f"{amount} {payment.currency} for {invoice.number}, on which {invoice.balance} is open"
                raise self.hook.error(INEXPRESSIBLE_PAYMENT, says)

    def _booked(self, payment: Payment, parts: Mapping[str, Decimal], customer_id: str) -> dict[str, RemotePayment]:
        """The parts that were booked before; a payment that is listed and cannot be read may be one, and is an error."""
        day = payment.received_on.isoformat()
        wanted = {(customer_id, amount, payment.currency) for amount in parts.values()}
        rows = list(self._listed(date_from=day, date_to=day))
        alike = self.hook.sound(lambda: [int(row["id"]) for row in rows if _facts(row) in wanted])
        found: dict[str, RemotePayment] = {}
        for held in map(self._read, alike):
            on = [each.remote_id for each in held.allocations] or [""]
            if len(on) == 1 and parts.get(on[0]) == held.amount and not held.reversed:
                found.setdefault(on[0], held)
        return found


def obstacles(payment: Payment) -> Iterator[Obstacle]:
    """The notes must hold what a payment is known by; QuickFile refuses longer ones."""
    length = len(payments.payment_notes(payment))
    if length > PAYMENT_NOTES:
        says = f"Its reference and memo make {length} characters, and QuickFile's notes take {PAYMENT_NOTES}."
        yield Obstacle("REFERENCE", "reference", payment.reference, says, "Shorten the memo or the reference.")


def _parts(payment: Payment) -> dict[str, Decimal]:
    """What each invoice gets, by its id, and under no id what none of them claims."""
    shares = by_document(payment)
    return {**shares, "": payment.unapplied} if payment.unapplied else shares


def _facts(row: Mapping[str, Any]) -> tuple[str, Decimal, str]:
    return str(row["client_id"]), Decimal(row["amount_in_currency"]), row["currency"]
