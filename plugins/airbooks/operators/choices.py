"""The platform's own codes, read when a person is about to be asked which of them one of ours is."""

from __future__ import annotations

import logging
from itertools import islice

from airflow.sdk.exceptions import AirflowException

from airbooks.config import load_config
from airbooks.operators.delivering import visit
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.references import ReferenceKind
from airbooks.staging import references
from airbooks.staging.causes import Cause

log = logging.getLogger("airflow.task.airbooks.review")

MOST_ENTRIES = 5_000  # of a longer list the form offers the first; it takes any code


def learn_choices(cause: Cause, staging_conn_id: str) -> None:
    """Keep the platform's list of what a cause lacks. A platform that does not answer leaves the question with what is known already."""
    connections = load_config().connections
    if cause.missing_code is None or cause.connection not in connections:
        return
    kind = ReferenceKind(cause.missing_code[0])
    try:
        with visit(load_config(), cause.connection, staging_conn_id) as work:
            entries = list(islice(work.hook.list_reference(kind), MOST_ENTRIES))
            references.keep_entries(work.database, cause.connection, entries)
            work.database.commit()
    except (AirbooksError, AirflowException) as error:
        log.warning("The list of %s on %s could not be read: %s", kind.value.replace("_", " "), cause.connection, error)
    else:
        log.info("%s has %d entries of the kind %s.", cause.connection, len(entries), kind.value.replace("_", " "))
