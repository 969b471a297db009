"""What a payment can hold and a platform cannot book: read from its spec, told before anything is sent. And what a payment is known by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Literal, NamedTuple

from airbooks.canonical import Finding, Payment, PaymentKind, RemotePayment, Severity
from airbooks.platforms.errors import Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.spec import PaymentFeature, PlatformSpec

INEXPRESSIBLE = ErrorRule(name="payment cannot be expressed", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
UNMAPPED = "AB-MAPPING"  # a person is asked what our code is called there
KINDS: Mapping[PaymentKind, PaymentFeature] = {
    PaymentKind.REFUND: PaymentFeature.REFUND,
    PaymentKind.CHARGE_BACK: PaymentFeature.CHARGE_BACK,
}


def name_of(payment: Payment, longest: int) -> str:
    """What a payment is known by on a platform, in at most `longest` characters (12 or more): source and id, or a digest of them."""
    whole = f"{payment.source} {payment.source_id}"
    return whole if len(whole) <= longest else blake2b(whole.encode(), digest_size=min(16, longest // 2)).hexdigest()


def by_document(payment: Payment, of: Literal["amount", "discount", "write_off"] = "amount") -> dict[str, Decimal]:
    """What each document gets of a payment by its remote id: several allocations to one are one share."""
    shares: dict[str, Decimal] = {}
    for each in payment.allocations:
        shares[each.remote_id] = shares.get(each.remote_id, Decimal(0)) + getattr(each, of)
    return shares


class Obstacle(NamedTuple):
    """A field of the payment with what stands there, what is wrong with it, and the way out; `subject` where many may have it in common."""

    name: str
    field: str
    value: str
    says: str
    fix: str
    severity: Severity = Severity.ERROR
    subject: str = ""


def obstacles(payment: Payment, references: References, spec: PlatformSpec, own_account: str) -> Iterator[Obstacle]:
    """What the spec has against the payment as it is; `own_account` is where the connection books receipts (empty: it names none)."""
    yield from _contradictions(payment)
    yield from _missing_features(payment, spec)
    yield from _account(payment, references, spec, own_account)


def finding(obstacle: Obstacle, connection: str) -> Finding:
    """What a person is told of an obstacle."""
    return Finding(
        code=obstacle.name if obstacle.name == UNMAPPED else f"PAYMENT-{obstacle.name}",
        severity=obstacle.severity,
        field=obstacle.field,
        value=obstacle.value,
        says=obstacle.says,
        fix=obstacle.fix,
        connection=connection,
        subject=obstacle.subject,
    )


def _contradictions(payment: Payment) -> Iterator[Obstacle]:
    if payment.unapplied < 0:
        says = f"The documents get {-payment.unapplied} {payment.currency} more than the payment of {payment.amount}."
        yield Obstacle("ALLOCATIONS", "allocations", str(payment.unapplied), says, "Take that much off the allocations.")
    for at, each in enumerate(payment.allocations):
        if not each.remote_id:
            says = f"Document {each.document_number} is not known on the platform."
            yield Obstacle(
                "DOCUMENT", f"allocations[{at}].remote_id", each.document_number, says, "Deliver the document before its payment."
            )


def _missing_features(payment: Payment, spec: PlatformSpec) -> Iterator[Obstacle]:
    for feature, obstacle in _wanted(payment, spec.title):
        if feature not in spec.payment_features:
            yield obstacle


def _wanted(payment: Payment, title: str) -> Iterator[tuple[PaymentFeature, Obstacle]]:
    """What the payment needs of a platform, each with what to say where it lacks that."""
    if payment.kind in KINDS:
        kind = payment.kind.value.replace("_", "-")
        says = f"A {kind} cannot be booked in {title} from here."
        yield KINDS[payment.kind], Obstacle("KIND", "kind", payment.kind.value, says, f"Book it in {title} by hand.")
    if len({each.remote_id for each in payment.allocations}) > 1:
        says = f"{title} takes one document per payment; this one settles {len(payment.allocations)}."
        yield PaymentFeature.SEVERAL_DOCUMENTS, Obstacle("DOCUMENTS", "allocations", "", says, "Give each document a payment of its own.")
    if payment.unapplied > 0 or not payment.allocations:
        says = f"{title} keeps no money that belongs to no document: {payment.unapplied} {payment.currency} of this payment are unapplied."
        fix = f"Name a document for the rest, or book it on the customer's account in {title} by hand."
        yield PaymentFeature.ON_ACCOUNT, Obstacle("UNAPPLIED", "unapplied", str(payment.unapplied), says, fix)
    yield from _taken_off(payment, title)
    rate = payment.exchange_rate
    if rate is not None and rate.base != payment.currency:
        says = f"{title} takes its own exchange rate, not the {rate.rate} of this payment."
        fix = "Exchange differences are booked there."
        warned = Obstacle("RATE", "exchange_rate", str(rate.rate), says, fix, Severity.WARNING)
        yield PaymentFeature.EXCHANGE_RATE, warned


def _taken_off(payment: Payment, title: str) -> Iterator[tuple[PaymentFeature, Obstacle]]:
    """Money that is in the payment's arithmetic and not in its amount received."""
    fields = {
        "discount": (PaymentFeature.DISCOUNT, "An early-payment discount", "a credit note"),
        "write_off": (PaymentFeature.WRITE_OFF, "A write-off", "an adjustment"),
    }
    for at, each in enumerate(payment.allocations):
        for name, (feature, what, way) in fields.items():
            if value := getattr(each, name):
                says = f"{what} ({value} {payment.currency} on {each.document_number}) cannot be booked with a payment in {title}."
                fix = f"Book it there as {way}, and send the payment without it."
                yield feature, Obstacle(name.upper(), f"allocations[{at}].{name}", str(value), says, fix)
    if payment.bank_fee:
        says = f"A bank fee ({payment.bank_fee} {payment.currency}) cannot be booked with a payment in {title}."
        fix = "Book the fee there as a bank charge, and send the payment without it."
        yield PaymentFeature.BANK_FEE, Obstacle("FEE", "bank_fee", str(payment.bank_fee), says, fix)


def _account(payment: Payment, references: References, spec: PlatformSpec, own: str) -> Iterator[Obstacle]:
    """The account that the money came in on must be the one it is booked on."""
    named, key = payment.bank_account, (ReferenceKind.ACCOUNT, payment.bank_account)
    if not named or named == own or PaymentFeature.BANK_ACCOUNT_NOTED in spec.payment_features:
        return
    entry = references.entries.get(key)
    if entry is not None and (PaymentFeature.BANK_ACCOUNT in spec.payment_features or own in (entry.code, entry.remote_id)):
        return
    where = f"the connection books receipts on {own}" if own else "the connection names no account of receipts"
    says = f"The payment came in on bank account {named}, and {where}."
    if PaymentFeature.BANK_ACCOUNT in spec.payment_features:
        fix = "Answer Map under Required Actions, or add it to include/config/mappings.yaml."
        yield Obstacle(UNMAPPED, "bank_account", named, says, fix, subject=f"{ReferenceKind.ACCOUNT}:{named}")
    else:
        fix = "Send it over a connection with that bank account, or leave the account out."
        yield Obstacle("ACCOUNT", "bank_account", named, says, fix)


def rate_of_another_ledger(payment: Payment, home: str) -> Iterator[Obstacle]:
    """A foreign payment's rate must be that to the currency in which the books are kept (`home`)."""
    rate = payment.exchange_rate
    if rate is not None and payment.currency != home and rate.base != home:
        says = f"The payment's exchange rate is to {rate.base}, and the books are kept in {home}."
        yield Obstacle(
            "RATE", "exchange_rate.base", rate.base, says, f"Give the rate in {home}, or correct the connection's home currency."
        )


def together(parts: Sequence[RemotePayment]) -> RemotePayment:
    """One payment of ours that a platform holds as several, one for each document: their ids are joined by commas."""
    if len(parts) == 1:
        return parts[0]
    return parts[0].model_copy(
        update={
            "remote_id": ",".join(each.remote_id for each in parts),
            "amount": sum((each.amount for each in parts), Decimal(0)),
            "allocations": tuple(allocation for each in parts for allocation in each.allocations),
        }
    )
