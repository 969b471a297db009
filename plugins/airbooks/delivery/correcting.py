"""How a document that a connection has already is made to say what its newest revision says: a pure choice, by what the platform can
do and by the state its document is in."""

from __future__ import annotations

from enum import StrEnum

from airbooks.canonical import DocumentStatus, Finding, RemoteDocument, Severity
from airbooks.delivery.verdicts import Place, Ready, title_of
from airbooks.platforms.spec import Capability, PlatformSpec


class Way(StrEnum):
    """Change the document; void it and issue it anew; or ask a person, because there is money on it."""

    UPDATE = "update"
    REPLACE = "replace"
    ASK = "ask"


def way(spec: PlatformSpec, remote: RemoteDocument) -> Way:
    """An update where the platform allows one in this state; else void and reissue, unless payments are on it.

    Where a voided number cannot be issued again the update is tried, and the connector's own refusal names the remedy.
    """
    if remote.status is DocumentStatus.DRAFT and (spec.can(Capability.UPDATE_DRAFT) or spec.can(Capability.UPDATE_POSTED)):
        return Way.UPDATE
    if remote.status is not DocumentStatus.DRAFT and spec.can(Capability.UPDATE_POSTED):
        return Way.UPDATE
    if not spec.can(Capability.REISSUE):
        return Way.UPDATE
    return Way.ASK if has_payments(remote) else Way.REPLACE


def has_payments(remote: RemoteDocument) -> bool:
    """Whether something was paid or credited on it, as far as the platform tells."""
    if remote.status in {DocumentStatus.PARTIALLY_PAID, DocumentStatus.PAID}:
        return True
    return remote.balance is not None and remote.total is not None and remote.balance != remote.total


def paid_already(ready: Ready, remote: RemoteDocument, place: Place) -> Finding:
    """What a person is told where a correction would tear a payment off its document."""
    return Finding(
        code="AB-PAID",
        severity=Severity.ERROR,
        field="status",
        value=remote.status.value,
        says=(
            f"{title_of(ready.document)} was changed in the sales system, but {place.title} ({place.connection}) cannot change a booked"
            f" document, and {remote.number or remote.remote_id} has payments or credits on it, so it was not voided."
        ),
        fix="Take the payment off the document there and answer Retry, or issue a credit note and answer Reject.",
        connection=place.connection,
    )
