"""Payments received: booked through a customer payment journal, read back from the customer ledger (API v2.0 and reportsFinance).

The journal is posted as a whole, so it must be nobody else's. The currency of a journal line is taken to be the customer card's
(UNVERIFIED by the vendor's documents): a payment in another one is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from airbooks.canonical import Payment, RemoteAllocation, RemotePayment
from airbooks.platforms.business_central.client import Company, Part, Row, any_of, chunks, quoted
from airbooks.platforms.business_central.lines import Body
from airbooks.platforms.business_central.mapping import payment_bodies, payment_reference
from airbooks.platforms.business_central.reading import payments
from airbooks.platforms.business_central.spec import FINANCE_GROUP, OPERATIONS, SPEC
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.payments import by_document
from airbooks.platforms.wire import Reply

ENTRIES, JOURNALS, LINES = "customerLedgerEntries", "customerPaymentJournals", "customerPayments"
_NOT_BOOKED = Outcome.DID_NOT_HAPPEN
CANNOT = ErrorRule(
    name="payment cannot be expressed", action=Action.REVIEW, outcome=_NOT_BOOKED, fix="Book it in Business Central by hand."
)
OTHER_AMOUNT = ErrorRule(
    name="payment reference used",
    action=Action.REVIEW,
    outcome=_NOT_BOOKED,
    fix="Compare the payment there with ours; correct one of them.",
)
OCCUPIED = ErrorRule(
    name="payment journal occupied", action=Action.RETRY, outcome=_NOT_BOOKED, fix="Empty the journal in Business Central."
)
UNCONFIRMED = ErrorRule(name="journal lines not confirmed", action=Action.RETRY, outcome=_NOT_BOOKED)
NOT_SEEN = ErrorRule(name="posted, but not in the ledger", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Journal:
    """The payment journal of a connection: its code, and the GUID of the balancing account for making it."""

    code: str
    balancing_account: str


def _error(rule: ErrorRule, message: str) -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=rule)


def changed_since(company: Company, since: datetime, home_currency: str) -> Iterator[RemotePayment]:
    """Payments with an entry that changed; all entries of each are read, so that its amount is whole."""
    moment = since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    changed = company.rows(ENTRIES, FINANCE_GROUP, filter=f"documentType eq 'Payment' and lastModifiedDateTime gt {moment}")
    for chunk in chunks(sorted({row["documentNumber"] for row in changed})):
        condition = f"documentType eq 'Payment' and ({any_of('documentNumber', map(quoted, chunk))})"
        yield from payments(company.rows(ENTRIES, FINANCE_GROUP, filter=condition), home_currency)


class Receipts:
    """Books payments through one journal."""

    def __init__(self, company: Company, journal: Journal, home_currency: str, good: Callable[[Reply], Reply]) -> None:
        self.company, self.journal, self.home_currency, self.good = company, journal, home_currency, good

    def book(self, payment: Payment, customer: str, key: str) -> RemotePayment:
        """Book a payment once: what the ledger has under its reference already is answered, not booked again."""
        self._require_customers_currency(payment, customer)
        reference = payment_reference(payment)
        there = self._in_ledger(payment, reference, customer)
        if there is not None:
            return there
        self._require_payable(payment)
        journal_id = self._journal_id(payment)
        self._make_room(journal_id, reference)
        self._add(journal_id, payment_bodies(payment, customer, key))
        self._post(journal_id, reference)
        return self._posted(payment, reference, customer)

    def _posted(self, payment: Payment, reference: str, customer: str) -> RemotePayment:
        """The payment as the ledger has it now; what keeps us from seeing it does not say that it was not booked."""
        try:
            there = self._in_ledger(payment, reference, customer)
        except PlatformError as error:
            raise _error(NOT_SEEN, f"payment {reference} was posted, and the ledger does not confirm it: {error.message}") from None
        if there is None:
            raise _error(NOT_SEEN, f"payment {reference} was posted and is not in the ledger yet")
        return there

    def _require_customers_currency(self, payment: Payment, customer: str) -> None:
        card = next(iter(self.company.rows("customers", filter=f"number eq {quoted(customer)}", select="number,currencyCode")), None)
        if card is None:
            raise _error(CANNOT, f"there is no customer {customer}")
        if (card["currencyCode"] or self.home_currency) != payment.currency:
            raise _error(CANNOT, f"payments of customer {customer} are booked in {card['currencyCode']}, this one is in {payment.currency}")

    def _require_payable(self, payment: Payment) -> None:
        """A journal line has no rate: an invoice in another currency would be settled at one that nobody gave. What is more than is open
        would stay on account without a word."""
        shares = by_document(payment)
        for chunk in chunks(sorted(shares)):
            for row in self.company.rows("salesInvoices", filter=any_of("id", chunk), select="id,number,currencyCode,remainingAmount"):
                if (row["currencyCode"] or self.home_currency) != payment.currency:
                    says = f"invoice {row['number']} is in {row['currencyCode']}, the payment in {payment.currency}"
                    raise _error(CANNOT, says)
                if shares[row["id"]] > Decimal(row["remainingAmount"]):
                    says = f"{shares[row['id']]} is to be paid on invoice {row['number']}, of which {row['remainingAmount']} is open"
                    raise _error(CANNOT, says)

    def _in_ledger(self, payment: Payment, reference: str, customer: str) -> RemotePayment | None:
        condition = f"documentType eq 'Payment' and externalDocumentNumber eq {quoted(reference)} and customerNumber eq {quoted(customer)}"
        found = payments(self.company.rows(ENTRIES, FINANCE_GROUP, filter=condition), self.home_currency)
        live = [each for each in found if not each.reversed]
        if found and (len(live) != 1 or live[0].amount != payment.amount):
            says = ", ".join(f"{each.amount} {each.currency}{' (reversed)' if each.reversed else ''}" for each in found)
            raise _error(OTHER_AMOUNT, f"the ledger has {reference} of customer {customer} with {says}, ours is {payment.amount}")
        allocations = tuple(RemoteAllocation(remote_id=each.remote_id, amount=each.amount) for each in payment.allocations if each.amount)
        return live[0].model_copy(update={"allocations": allocations}) if live else None

    # -- the journal ----------------------------------------------------------------------------------------------------------

    def _require_account(self, journal: Row, payment: Payment) -> None:
        """A journal that was there already may book on another account than the connection names."""
        if payment.bank_account and journal["balancingAccountId"] != self.journal.balancing_account:
            booked = journal["balancingAccountNumber"]
            raise _error(CANNOT, f"it came in on {payment.bank_account}, and journal {self.journal.code} books on {booked}")

    def _journal_id(self, payment: Payment) -> str:
        rows = self.company.rows(JOURNALS, filter=f"code eq {quoted(self.journal.code)}")
        known = next(iter(rows), None)
        if known is not None:
            self._require_account(known, payment)
            return str(known["id"])
        body = {"code": self.journal.code, "displayName": "Receipts by airbooks"}
        if self.journal.balancing_account:
            body["balancingAccountId"] = self.journal.balancing_account
        return str(self.company.create(JOURNALS, body)["id"])

    def _lines(self, journal_id: str) -> list[Row]:
        return list(self.company.rows(f"{JOURNALS}({journal_id})/{LINES}"))

    def _make_room(self, journal_id: str, reference: str) -> None:
        """The journal is posted as a whole: what an earlier try of this payment left is removed, and any other line is in the way."""
        lines = self._lines(journal_id)
        others = sorted(
            {row["externalDocumentNumber"] or row["documentNumber"] for row in lines if row["externalDocumentNumber"] != reference}
        )
        if others:
            raise _error(OCCUPIED, f"journal {self.journal.code} holds lines of others: {', '.join(others)}")
        self._remove(lines)

    def _remove(self, lines: Sequence[Row]) -> None:
        for row in lines:
            self.company.delete(f"{LINES}({row['id']})", row["@odata.etag"])

    def _add(self, journal_id: str, bodies: Sequence[Body]) -> None:
        """All lines of the payment in one transaction."""
        if len(bodies) > OPERATIONS:
            raise _error(CANNOT, f"the payment settles {len(bodies)} documents; one transaction holds {OPERATIONS}")
        place = f"{JOURNALS}({journal_id})/{LINES}"
        parts = [Part(id=str(index), method="POST", path=place, body=body) for index, body in enumerate(bodies)]
        answers = self.company.batch(parts, in_one_transaction=True)
        for reply in answers.values():
            self.good(reply)
        if len(answers) < len(parts):
            raise _error(UNCONFIRMED, f"only {len(answers)} of {len(parts)} journal lines were confirmed; nothing was posted")

    def _post(self, journal_id: str, reference: str) -> None:
        """Post the journal; a refusal leaves no line behind, or it would be in the way of every other payment."""
        try:
            self.company.act(f"journals({journal_id})/Microsoft.NAV.post")
        except PlatformError as error:
            if error.rule.name == "nothing to post":
                return  # another worker's post took our lines along: the ledger will tell
            if error.outcome is Outcome.DID_NOT_HAPPEN:
                with suppress(PlatformError):
                    self._remove([row for row in self._lines(journal_id) if row["externalDocumentNumber"] == reference])
            raise
