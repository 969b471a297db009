"""The steps of the payment DAG, as tasks. Each imports what it needs when it runs, so that DAG files stay cheap to parse."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, get_current_context, task

from airbooks.config import load_config
from airbooks.operators.steps import run_id, staging

if TYPE_CHECKING:
    import psycopg
    from airflow.sdk import Param

    from airbooks.payments.reconciling import Stored
    from airbooks.payments.sales_ledger import LedgerConfig
    from airbooks.payments.settings import StatusWriter
    from airbooks.payments.writing_back import StatusWriter as Writer

log = logging.getLogger("airflow.task.airbooks.payments")

REPORTS = Asset("airbooks_reconciliation", uri="airbooks://reconciliation")
LOOK_BACK = timedelta(days=60)  # of a run without a period, and of a platform's payments the first time


# -- the form -----------------------------------------------------------------------------------------------------------------------------


def payment_params() -> dict[str, Param]:
    """What only this DAG's form has: its dry run, and the month-end. An unattended run reconciles the last sixty days, locks nothing."""
    from airflow.sdk import Param

    dry_run = Param(
        False,
        type=["null", "boolean"],
        title="Dry run",
        description_md="Take in, match and compare as in any run, and show in the logs of *match* and of the deliver tasks what would be"
        " decided and applied. No decision is kept, nothing is applied, the sales system is told nothing and nothing is locked.",
        section="How, and overrides",
    )
    return {"dry_run": dry_run} | _month_end_params()


def _month_end_params() -> dict[str, Param]:
    from airflow.sdk import Param

    section = "Month-end"

    def day(title: str, text: str) -> Param:
        return Param(None, type=["null", "string"], format="date", title=title, description_md=text, section=section)

    return {
        "starts_on": day("Period from", "The first day of the period. Empty: sixty days before its end."),
        "ends_on": day("Cut-off", "The last day of the period: what is dated later does not count. Empty: today."),
        "tolerance": Param(
            "0.01",
            type=["null", "string"],
            title="Tolerance",
            description_md="A difference up to this, in the currency of the documents, counts as rounding.",
            section=section,
        ),
        "lock": Param(
            False,
            type=["null", "boolean"],
            title="Lock the period after success",
            description_md="When nothing is unexplained, documents dated up to the cut-off become exceptions if they still change."
            " Needs a cut-off and a reason.",
            section=section,
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a run reconciles, and whether it locks that."""

    starts_on: date
    ends_on: date
    tolerance: Decimal
    lock: bool
    reason: str


def read_period(params: Mapping[str, Any], today: date) -> Period:
    """The month-end part of the form; raises ConfigurationError in words for what the form cannot check by itself.

    A dry run locks nothing.
    """
    from airbooks.platforms.errors import ConfigurationError

    ends_on = date.fromisoformat(params["ends_on"]) if params.get("ends_on") else today
    starts_on = date.fromisoformat(params["starts_on"]) if params.get("starts_on") else ends_on - LOOK_BACK
    try:
        tolerance = Decimal(params.get("tolerance") or "0.01")
    except InvalidOperation:
        raise ConfigurationError(f"Tolerance: {params['tolerance']!r} is no amount. Write it like 0.05.") from None
    lock, reason = bool(params.get("lock")), str(params.get("reason") or "")
    if not tolerance.is_finite() or tolerance < 0:
        raise ConfigurationError(f"Tolerance: {tolerance} is no amount that a difference may have.")
    if starts_on > ends_on:
        raise ConfigurationError(f"Nothing lies between {starts_on} and {ends_on}: Period from must not be after Cut-off.")
    if lock and not (params.get("ends_on") and reason):
        raise ConfigurationError("Locking a period needs a cut-off and a reason: they go into the audit trail.")
    return Period(starts_on=starts_on, ends_on=ends_on, tolerance=tolerance, lock=lock and not params.get("dry_run"), reason=reason)


def _period() -> Period:
    from airflow.sdk.exceptions import AirflowFailException

    from airbooks.platforms.errors import ConfigurationError

    try:
        return read_period(get_current_context()["params"], _today())
    except ConfigurationError as wrong:
        raise AirflowFailException(str(wrong)) from None


def _is_dry() -> bool:
    return bool(get_current_context()["params"].get("dry_run"))


def _today() -> date:
    return datetime.now(UTC).date()


# -- in and match -------------------------------------------------------------------------------------------------------------------------


@task
def take_in() -> dict[str, int]:
    """Read what is new in statements, databases and the inbox into incoming_payment."""
    from airbooks.operators.payment_intake import take_in as take
    from airbooks.payments.settings import load_payments_config

    with staging() as database:
        return dict(take(database, load_payments_config(), run_id()))


@task(trigger_rule="all_done")
def match() -> dict[str, int]:
    """Decide what each new payment pays; open a question for each that is not sure. A source that cannot be read keeps nothing back that
    came from the others."""
    from airbooks.operators.payment_matching import match_all
    from airbooks.payments.settings import load_payments_config

    dry = _is_dry()
    if dry:
        log.info("A dry run: nothing of what follows is kept.")
    with staging() as database:
        return dict(match_all(database, load_payments_config(), _today(), run_id(), keep=not dry))


# -- read back, reconcile, tell ------------------------------------------------------------------------------------------------------------


@task(trigger_rule="all_done")
def read_back() -> dict[str, int]:
    """Read the payments that changed on every platform, whoever booked them; a platform that fails is read by the next run.

    What a platform does not tell of payments that were taken back is found once a day, and at month-end, by reading all of them again.
    """
    from collections import Counter

    from airbooks.operators.payment_reading import read_connection

    config = load_config()
    tally: Counter[str] = Counter()
    for name in config.connections:
        tally += read_connection(config, name, run_id(), LOOK_BACK, whole=bool(get_current_context()["params"].get("ends_on")))
    log.info("payments on the platforms: %s", ", ".join(f"{count} {what}" for what, count in sorted(tally.items())) or "nothing new")
    return dict(tally)


@task(trigger_rule="all_done")
def tell_sales() -> dict[str, int]:
    """Tell the sales system what is paid and what is open, where payments.yaml says how; a dry run tells it nothing."""
    from airbooks.payments.settings import load_payments_config
    from airbooks.payments.writing_back import write_back

    status = load_payments_config().status
    if status is None or _is_dry():
        return {}
    with staging() as database:
        return {"told": write_back(database, _writer(status), run_id(), _today())}


def _writer(status: StatusWriter) -> Writer:
    from airbooks.payments.sales_ledger import airflow_hook
    from airbooks.payments.writing_back import RestStatusWriter, SqlStatusWriter, endpoint_of

    if status.type == "sql":
        return SqlStatusWriter(name=status.source, hook=airflow_hook(status.connection), statement=status.statement)
    endpoint = endpoint_of(status.connection, status.path, status.method, status.body)
    return RestStatusWriter(name=status.source, endpoint=endpoint)


@task(trigger_rule="all_done", outlets=[REPORTS])
def reconcile() -> dict[str, int]:
    """Reconcile every division three ways, write the report, lock the period if the form says so.

    Fails where something is unexplained and the period was to be locked; a difference without a cause is an error line in any case.
    """
    from airbooks.payments.sales_ledger import load_sales_ledgers

    config, period = load_config(), _period()
    ledgers: list[LedgerConfig | None] = [*load_sales_ledgers().values()]
    unreconciled = 0
    with staging() as database:
        for division in config.divisions:
            for ledger in ledgers or [None]:
                unreconciled += _reconcile(database, division, ledger, period)
        for division in config.divisions if period.lock else ():
            _lock(database, division, period)
    return {"divisions": len(config.divisions), "unreconciled": unreconciled}


def _reconcile(database: psycopg.Connection, division: str, ledger: LedgerConfig | None, period: Period) -> int:
    from airbooks.operators.payment_reading import balances_of
    from airbooks.payments.differences import Setting
    from airbooks.payments.reconciling import reconcile_division

    setting = Setting(division=division, starts_on=period.starts_on, ends_on=period.ends_on, tolerance=period.tolerance)
    asks = balances_of(load_config()) if period.lock else None  # a balance that only the platform knows is asked for before a lock
    stored = reconcile_division(database, setting, ledger.open() if ledger else None, run_id(), open_hook=asks)
    _report(database, division, stored)
    return len(stored.found.unreconciled)


def _report(database: psycopg.Connection, division: str, stored: Stored) -> None:
    from airbooks.payments.settings import load_payments_config
    from airbooks.payments.workbook import text_table, write_csv, write_workbook
    from airbooks.sources.bank.feed import location
    from airbooks.staging.balances import still_open

    for line in text_table(stored.found).splitlines():
        log.info("%s", line)
    for each in stored.found.unreconciled:
        log.error("%s | %s %s | %s | unexplained: %s", each.number or division, f"{each.amount:,}", each.currency, each.leg, each.says)
    folder = location(load_payments_config().reports)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{division}-{stored.reconciliation_id}"
    write_workbook(folder / f"{name}.xlsx", stored.found, still_open(database, _today(), divisions=[division]))
    write_csv(folder / f"{name}.csv", stored.found)
    log.info("The report of %s: %s.xlsx and .csv in %s", division, name, folder)
    database.commit()


def _lock(database: psycopg.Connection, division: str, period: Period) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from airbooks.staging import periods

    try:
        periods.lock(database, division, period.ends_on, by=run_id(), reason=period.reason)
    except periods.PeriodError as refused:
        database.rollback()
        raise AirflowFailException(str(refused)) from None
    database.commit()
