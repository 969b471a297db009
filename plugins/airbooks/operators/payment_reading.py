"""Reading what the platforms hold: the payments that changed there, and the balances of what is open."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from airbooks.canonical import RemotePayment
from airbooks.config import Config
from airbooks.delivery.lanes import giving_way
from airbooks.delivery.preparing import Workplace
from airbooks.operators.delivering import visit, workplace
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.spec import PaymentFeature, Urgency
from airbooks.staging import platform_payments
from airbooks.staging.database import STAGING
from airbooks.staging.documents import read_watermark

log = logging.getLogger("airflow.task.airbooks.payments")


@dataclass(frozen=True, slots=True)
class _Lister:
    """Lists a platform's payments in one of its places, which others get between two of them."""

    work: Workplace

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        return giving_way(self.work, self.work.hook.list_payments(since))


def read_connection(config: Config, name: str, run_id: str, look_back: timedelta, *, whole: bool) -> Counter[str]:
    """Read the payments of a connection that changed; a platform that fails is told in the log and read by the next run.

    The first time, and where `whole` or the day wants it of a platform that does not tell what was taken back, everything of the last
    `look_back` is read.
    """
    now = datetime.now(UTC)
    try:
        with workplace(config, name, STAGING, {}, Urgency.DAILY) as work:
            last = read_watermark(work.database, platform_payments.watermark_name(name))
            told = PaymentFeature.REVERSALS_TOLD in registry.spec(config.connections[name].platform).payment_features
            all_again = last is not None and not told and (whole or last.date() < now.date())
            since = now - look_back
            return platform_payments.read_payments(
                work.database, _Lister(work), name, run_id, first=since, whole_from=since if all_again else None
            )
    except AirbooksError as error:
        log.warning("%s: its payments are read by the next run: %s", name, error)
        return Counter({"platforms not read": 1})


def balances_of(config: Config) -> Callable[[str], AbstractContextManager[PlatformHook]]:
    """Opens the hook of a connection, to ask what is open there."""

    @contextlib.contextmanager
    def opened(name: str) -> Iterator[PlatformHook]:
        with visit(config, name, STAGING, Urgency.DAILY) as work:
            yield work.hook

    return opened
