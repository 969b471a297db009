"""The staging database: one connection per task, through Airflow's Postgres connection."""

from __future__ import annotations

import psycopg

from airbooks.platforms.errors import ConfigurationError

STAGING = "airbooks_staging"
# Functions of this package take a connection and leave the transaction to their caller; each says so where it commits itself.
Connection = psycopg.Connection[tuple[object, ...]]


def connect(conn_id: str = STAGING) -> psycopg.Connection[tuple[object, ...]]:
    """A psycopg 3 connection to the staging database; raises ConfigurationError when it does not hold the schema."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    connection: psycopg.Connection[tuple[object, ...]] = PostgresHook(postgres_conn_id=conn_id).get_conn()
    if not isinstance(connection, psycopg.Connection):
        raise ConfigurationError(f"Airflow opened connection {conn_id!r} without psycopg 3; install psycopg[binary] and SQLAlchemy 2.")
    found = connection.execute("SELECT to_regclass('airbooks.delivery') IS NOT NULL").fetchone()
    connection.commit()
    if not (found and found[0]):
        raise ConfigurationError(f"The database of connection {conn_id!r} has no airbooks schema. Run `airbooks db migrate`.")
    return connection
