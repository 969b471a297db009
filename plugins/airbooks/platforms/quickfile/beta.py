"""The REST beta (v2) for what v1.2 does not publish: balances, payments and what they settle. By a personal token, which a person makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from airbooks.canonical import DocumentKind, Payment, PaymentKind, RemotePayment
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.quickfile import mapping, reading
from airbooks.platforms.quickfile.spec import CHANGED_THERE, INEXPRESSIBLE_PAYMENT, NO_REST, REST_PAGE
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
        """Book a receipt once: replies show no note of ours, so one of this client, day, amount, currency and invoice is taken for it."""
        allocations = payment.allocations
        whole = not allocations or (len(allocations) == 1 and not payment.unapplied)
        if payment.kind is not PaymentKind.RECEIPT or not whole or any(each.discount or each.write_off for each in allocations):
            raise self.hook.error(INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id} ({payment.kind.value})")
        found = self._find(payment, customer_id)
        if found is not None:
            return found
        self._check_invoices(payment)
        self.hook.require_live(f"payment {payment.source_id}")
        body = mapping.payment_body(payment, customer_id, references)
        return self.call("POST", "/client_payments", reading.rest_payment, body=body)

    def _check_invoices(self, payment: Payment) -> None:
        """Raises PlatformError (REVIEW) unless each is an invoice in the payment's currency: what becomes of another is not documented."""
        for each in payment.allocations:
            invoice = self.hook.get_invoice(each.remote_id, DocumentKind.INVOICE)
            if invoice is None:
                raise self.hook.error(CHANGED_THERE, f"id {each.remote_id} was deleted")
            if (invoice.kind, invoice.currency) != (DocumentKind.INVOICE, payment.currency):
                what = f"{invoice.kind.value.replace('_', ' ')} {invoice.number} in {invoice.currency}"
                raise self.hook.error(INEXPRESSIBLE_PAYMENT, f"{payment.currency} was received for {what}")

    def _find(self, payment: Payment, customer_id: str) -> RemotePayment | None:
        """The payment as booked before; one that is listed and cannot be read may be it, and is an error."""
        day = payment.received_on.isoformat()
        wanted = (customer_id, payment.amount, payment.currency)
        invoices = [each.remote_id for each in payment.allocations]
        rows = list(self._listed(date_from=day, date_to=day))
        equal = self.hook.sound(lambda: [int(row["id"]) for row in rows if _facts(row) == wanted])
        held = map(self._read, equal)
        return next((each for each in held if [part.remote_id for part in each.allocations] == invoices), None)


def _facts(row: Mapping[str, Any]) -> tuple[str, Decimal, str]:
    return str(row["client_id"]), Decimal(row["amount_in_currency"]), row["currency"]
