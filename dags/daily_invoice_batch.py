"""At 22:30 UTC: reads the last three days again, so that nothing that the hourly runs missed stays behind, and delivers what is new.

Then it compares what was delivered in those days (up to 500 documents of each connection) with what the platforms hold now: what somebody
has changed there becomes a question. Can be started by hand with a form.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from airbooks.config import load_config
from airbooks.operators.form import form_params
from airbooks.operators.review import open_reviews
from airbooks.operators.steps import choose_paths, confirm, deliver_everywhere, extract, report, stage

CONFIG = load_config()
LOOK_BACK_DAYS = 3


@dag(
    schedule="30 22 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": True},
    params=form_params(tuple(CONFIG.connections), CONFIG.divisions),
    tags=["airbooks"],
    doc_md=__doc__,
)
def daily_invoice_batch() -> None:
    paths = choose_paths()
    deliveries = deliver_everywhere(CONFIG, "daily")
    reviews = open_reviews()
    confirmed = confirm(reread_days=LOOK_BACK_DAYS)
    told = report()

    extract(look_back_days=LOOK_BACK_DAYS) >> stage() >> paths >> [deliveries, reviews]
    deliveries >> confirmed >> told
    reviews >> told


daily_invoice_batch()
