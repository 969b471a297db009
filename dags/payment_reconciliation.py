"""Money in: statements, webhooks and payments in databases are matched with what is open, applied, and all books compared.

Runs at minute 30 of every hour, and when a payment provider tells of a payment. Started by hand, its form closes a month.

**Dry run.** Takes in, matches and compares as ever, and shows in the logs what would be decided and applied. Keeps no decision, applies
nothing, tells the sales system nothing and locks nothing.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable, dag

from airbooks.config import load_config
from airbooks.operators.form import form_params
from airbooks.operators.inbox_trigger import InboxTrigger
from airbooks.operators.payment_steps import match, payment_params, read_back, reconcile, take_in, tell_sales
from airbooks.operators.review import open_reviews
from airbooks.operators.steps import choose_paths, deliver_everywhere, report

CONFIG = load_config()
FORM = form_params(tuple(CONFIG.connections), CONFIG.divisions)
TOLD = Asset("airbooks_inbox", uri="airbooks://inbox", watchers=[AssetWatcher(name="inbox", trigger=InboxTrigger())])


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("30 * * * *", timezone="UTC"), assets=TOLD),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": True},
    params={name: FORM[name] for name in ("connections", "reason")} | payment_params(),
    tags=["airbooks"],
    doc_md=__doc__,
)
def payment_reconciliation() -> None:
    paths = choose_paths()
    applied = deliver_everywhere(CONFIG, "hourly")
    reviews = open_reviews()
    read, told, compared, said = read_back(), tell_sales(), reconcile(), report()

    take_in() >> match() >> paths >> [applied, reviews]
    applied >> read >> told >> compared >> said
    reviews >> said


payment_reconciliation()
