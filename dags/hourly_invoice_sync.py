"""Every hour: what changed in the sales systems, into the books. Can be started by hand with a form."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import dag

from airbooks.config import load_config
from airbooks.operators.form import form_params
from airbooks.operators.review import open_reviews
from airbooks.operators.steps import choose_paths, confirm, deliver_everywhere, extract, report, stage

CONFIG = load_config()


@dag(
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": True},
    params=form_params(tuple(CONFIG.connections), CONFIG.divisions),
    tags=["airbooks"],
    doc_md=__doc__,
)
def hourly_invoice_sync() -> None:
    paths = choose_paths()
    deliveries = deliver_everywhere(CONFIG, "hourly")
    reviews = open_reviews()
    confirmed = confirm()
    told = report()

    extract() >> stage() >> paths >> [deliveries, reviews]
    deliveries >> confirmed >> told
    reviews >> told


hourly_invoice_sync()
