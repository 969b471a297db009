"""A dry run: everything is prepared as for a delivery, shown in the log, and neither sent nor kept."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from airbooks.delivery import paying, verdicts
from airbooks.delivery.engine import Run
from airbooks.delivery.paying import ReadyPayment
from airbooks.delivery.preparing import Workplace, prepare
from airbooks.delivery.verdicts import Ready, Verdict
from airbooks.platforms.base import Preview
from airbooks.platforms.errors import PlatformError
from airbooks.staging import outbox

log = logging.getLogger("airflow.task.airbooks.delivery")

EVERYTHING = 1_000_000


def preview(run: Run, span: tuple[int, int]) -> Counter[str]:
    """Show the exact request of each document, and what each payment would settle; returns how many would go and how many would not.

    Raises PlatformError where the platform's lists cannot be read.
    """
    documents, payments = _claims(run, span, payments=False), _claims(run, span, payments=True)
    run.work.database.rollback()
    held = [*_documents(run.work, documents), *_payments(run.work, payments)]
    for verdict in held:
        log.warning("%s | %s | would be held back: %s", verdict.document.number, run.work.connection, verdict.says)
    return Counter({"would be sent": len(documents) + len(payments) - len(held), "would be held back": len(held)})


def _claims(run: Run, span: tuple[int, int], *, payments: bool) -> list[outbox.Claimed]:
    work = run.work
    return [
        claimed
        for suspects in (False, True)
        for claimed in outbox.claim(
            work.database, work.connection, span, EVERYTHING, run.worker, run.run_id, run.numbers, suspects=suspects, payments=payments
        )
    ]


def _documents(work: Workplace, claims: Sequence[outbox.Claimed]) -> list[Verdict]:
    ready, held = prepare(work, claims, dry_run=True)
    for each in ready:
        try:
            _show(each, work.hook.preview([each.sending]))
        except PlatformError as error:
            held.append(verdicts.failed(each, error.as_not_happened(), work.place))
    return held


def _show(ready: Ready, requests: Sequence[Preview]) -> None:
    document = ready.document
    log.info(
        "%s | %s %s | %s %s | would be sent:",
        document.number,
        document.buyer.code,
        document.buyer.name,
        f"{document.gross_total:,}",
        document.currency,
    )
    for request in requests:
        log.info("%s %s\n%s", request.method, request.path, request.body)


def _payments(work: Workplace, claims: Sequence[outbox.Claimed]) -> list[Verdict]:
    ready, held = paying.prepare(work, claims)
    for each in ready:
        _show_payment(work, each)
    return held


def _show_payment(work: Workplace, ready: ReadyPayment) -> None:
    payment = ready.document
    settles = ", ".join(f"{each.document_number} {each.amount:,}" for each in payment.allocations) or "nothing: on account"
    log.info(
        "%s | %s | %s %s | %s | would be applied to %s",
        payment.number,
        payment.customer_code,
        f"{payment.amount:,}",
        payment.currency,
        work.connection,
        settles,
    )
