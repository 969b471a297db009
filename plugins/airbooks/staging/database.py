"""The staging database: one connection per task, through Airflow's Postgres connection.

The functions of this package take that connection and leave the transaction to their caller, unless they say otherwise.
"""

from __future__ import annotations

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from airbooks.platforms.errors import ConfigurationError

STAGING = "airbooks_staging"


def connect(conn_id: str = STAGING) -> psycopg.Connection:
    """A psycopg 3 connection to the staging database; raises ConfigurationError when it does not hold the schema."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection = PostgresHook(postgres_conn_id=conn_id).get_conn()
    if not isinstance(connection, psycopg.Connection):
        raise ConfigurationError(f"Airflow opened connection {conn_id!r} without psycopg 3; install psycopg[binary] and SQLAlchemy 2.")
    found = connection.execute("SELECT to_regclass('airbooks.delivery') IS NOT NULL").fetchone()
    connection.commit()
    if not (found and found[0]):
        raise ConfigurationError(f"The database of connection {conn_id!r} has no airbooks schema. Run `airbooks db migrate`.")
    return connection


def attempts() -> Retrying:
    """Five tries of a transaction that another one may stand in the way of: `for attempt in attempts(): with attempt: ...`."""
    return Retrying(
        retry=retry_if_exception_type((DeadlockDetected, SerializationFailure)),
        stop=stop_after_attempt(5),
        wait=wait_random_exponential(max=5),
        reraise=True,
    )
