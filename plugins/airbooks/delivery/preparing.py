"""Making claimed deliveries ready: the document with its overrides, the platform's words for our codes, the customer's id there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import psycopg

from airbooks.canonical import CreditNote, Finding, Invoice, Payment, Severity, parse_document
from airbooks.delivery.verdicts import Place, Ready, Verdict, failed, held_back, title_of
from airbooks.platforms.base import PlatformHook, Sending
from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.spec import Urgency
from airbooks.staging import references as known
from airbooks.staging.outbox import Claimed

log = logging.getLogger("airflow.task.airbooks.delivery")

Code = tuple[ReferenceKind, str]
INCOMPLETE = ErrorRule(name="connection incomplete", action=Action.STOP, outcome=Outcome.DID_NOT_HAPPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What the steps of one delivery share: the hook, two database connections (`aside` is in autocommit), and the configuration.

    `turn` is held by whoever has a transaction on `database`: the lanes of a worker share it.
    """

    connection: str
    hook: PlatformHook
    database: psycopg.Connection
    aside: psycopg.Connection
    configured: Callable[[str, str], str | None]
    options: Mapping[str, Any]
    place: Place
    urgency: Urgency = Urgency.HOURLY
    turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction of its own on `database`, after those of other lanes."""
        with self.turn:
            try:
                yield self.database
                self.database.commit()
            except BaseException:
                with suppress(psycopg.OperationalError):  # what broke it is told, not that it cannot be rolled back
                    self.database.rollback()
                raise


def read_document(claimed: Claimed) -> Invoice | CreditNote:
    """The canonical document of a claim, with the overrides that a person or the run gave it."""
    document = parse_document(dict(claimed.body))
    override = claimed.options.get("posting_date")
    return document.model_copy(update={"posting_date": date.fromisoformat(override)}) if override else document


def prepare(work: Workplace, claims: Sequence[Claimed], *, dry_run: bool = False) -> tuple[list[Ready], list[Verdict]]:
    """Everything that can be sent, and a verdict for everything that cannot."""
    documents = {claimed.delivery_id: read_document(claimed) for claimed in claims}
    resolved, missing = resolve(work, _codes(work, documents.values()))
    verdicts: list[Verdict] = []
    fit: list[Claimed] = []
    for claimed in claims:
        findings = _obstacles(work, documents[claimed.delivery_id], missing)
        if findings:
            verdicts.append(held_back(claimed, documents[claimed.delivery_id], findings))
        else:
            fit.append(claimed)
    customers = _Customers(work, dry_run=dry_run)
    customers.know(documents[claimed.delivery_id] for claimed in fit)
    ready: list[Ready] = []
    for claimed in fit:
        made = _ready(work, claimed, documents[claimed.delivery_id], resolved, customers)
        (ready if isinstance(made, Ready) else verdicts).append(made)  # type: ignore[arg-type]
    return ready, verdicts


def _codes(work: Workplace, documents: Iterable[Invoice | CreditNote]) -> set[Code]:
    return {code for document in documents for code in required_codes(document, work.hook.spec.reference_kinds)}


def resolve(work: Workplace, wanted: Iterable[Code]) -> tuple[dict[Code, ReferenceItem], dict[Code, str]]:
    """Our codes with their entries on the platform, and those without one (each with what it was mapped to, or empty).

    The platform is asked between two transactions, for what is not known yet. Raises PlatformError.
    """
    with work.transaction() as database:
        codes = known.look_up(database, work.connection, wanted, work.configured)
    found = [item for kind, names in codes.unknown().items() for item in work.hook.find_reference(kind, names)]
    if found:
        with work.transaction() as database:
            known.keep_entries(database, work.connection, found)
    return codes.resolved(found)


def _obstacles(work: Workplace, document: Invoice | CreditNote, missing: Mapping[Code, str]) -> tuple[Finding, ...]:
    absent = sorted(code for code in required_codes(document, work.hook.spec.reference_kinds) if code in missing)
    refusals = work.hook.refusals(document)
    for each in refusals:
        if each.severity is Severity.WARNING:
            log.info("%s | %s | %s", document.number, work.connection, each.message)
    errors = (each for each in refusals if each.severity is Severity.ERROR)
    return (*(unmapped(work, document, code, missing[code]) for code in absent), *errors)


def unmapped(work: Workplace, document: Invoice | CreditNote | Payment, code: Code, target: str) -> Finding:
    kind, ours = code[0].value.replace("_", " "), code[1]
    if target:
        why = f"{kind} {ours} is mapped to {target!r}, which {work.place.title} does not have (or has switched off)"
    else:
        why = f"{kind} {ours} has no mapping for this connection"
    return Finding(
        code="AB-MAPPING",
        severity=Severity.ERROR,
        field=code[0].value,
        value=ours,
        says=f"{title_of(document)} was not sent to {work.place.title} ({work.connection}): {why}.",
        fix="Answer Map under Required Actions, or add it to mappings.yaml.",
        connection=work.connection,
        subject=f"{code[0].value}:{ours}",
    )


def unprepared(work: Workplace, claims: Sequence[Claimed], error: PlatformError | ConfigurationError) -> list[Verdict]:
    """Nothing of a claim could be prepared, because the platform's lists could not be read or the connection is incomplete."""
    made = []
    for claimed in claims:
        document = read_document(claimed)
        ready = Ready(claimed=claimed, document=document, sending=Sending(key="", document=document, references=References()))
        made.append(failed(ready, as_platform_error(work, error), work.place))
    return made


def as_platform_error(work: Workplace, error: PlatformError | ConfigurationError) -> PlatformError:
    if isinstance(error, PlatformError):
        return error.as_not_happened()
    return PlatformError(str(error), platform=work.hook.spec.slug, rule=INCOMPLETE)


class _Customers:
    """The customers of one claim: linked ones from the database at once, the others found or created one by one, under a lock."""

    def __init__(self, work: Workplace, *, dry_run: bool) -> None:
        self._work, self._dry_run = work, dry_run
        self._links: dict[tuple[str, str], str] = {}
        self._broken: PlatformError | None = None

    def _key(self, document: Invoice | CreditNote) -> tuple[str, str]:
        return document.buyer.code, document.currency if self._work.hook.spec.customer_per_currency else ""

    def know(self, documents: Iterable[Invoice | CreditNote]) -> None:
        with self._work.transaction() as database:
            self._links = known.customer_links(database, self._work.connection, map(self._key, documents))

    def remote_id(self, document: Invoice | CreditNote) -> str:
        key = self._key(document)
        if key not in self._links:
            self._links[key] = f"(customer {key[0]}, to be found or created)" if self._dry_run else self._ensure(document, *key)
        return self._links[key]

    def _ensure(self, document: Invoice | CreditNote, code: str, currency: str) -> str:
        """Raises PlatformError; what stands for all is not asked for a second time."""
        if self._broken is not None:
            raise self._broken
        try:
            return self._linked(document, code, currency)
        except PlatformError as error:
            self._broken = error if error.is_of_all else None
            raise

    def _linked(self, document: Invoice | CreditNote, code: str, currency: str) -> str:
        work = self._work
        with known.customer_lock(work.aside, work.connection, code):
            linked = known.customer_links(work.aside, work.connection, [(code, currency)])
            if (code, currency) in linked:
                return linked[code, currency]
            remote_id = work.hook.ensure_customer(document.buyer, document.currency)
            known.link_customer(work.aside, work.connection, code, currency, remote_id)
            return remote_id


def step_key(key: str, step: str) -> str:
    """The idempotency key of one half of a replacing update: the same whenever that half is tried, and never the other half's."""
    return str(uuid5(UUID(key), step)) if step else key


def at_step(ready: Ready, step: str) -> Ready:
    """The same delivery at one of its halves."""
    claimed = replace(ready.claimed, step=step)
    return replace(ready, claimed=claimed, sending=replace(ready.sending, key=step_key(claimed.idempotency_key, step)))


def _ready(
    work: Workplace, claimed: Claimed, document: Invoice | CreditNote, resolved: Mapping[Code, ReferenceItem], customers: _Customers
) -> Ready | Verdict:
    codes = required_codes(document, work.hook.spec.reference_kinds)
    entries = {code: resolved[code] for code in codes}

    def with_customer(customer: str) -> Ready:
        found = References(customer=customer, entries=entries, settings=work.hook.settings())
        sending = Sending(key=step_key(claimed.idempotency_key, claimed.step), document=document, references=found, options=work.options)
        return Ready(claimed=claimed, document=document, sending=sending, wants_draft=work.hook.wants_draft(work.options))

    try:
        return with_customer(customers.remote_id(document))
    except PlatformError as error:
        # A customer that was perhaps created is looked for again next time; the document itself was certainly not sent.
        return failed(with_customer(""), error.as_not_happened(), work.place)
