"""Who may send us events: one Airflow connection `webhook_<source>` each.

    Password                    the secret that events are signed with
    Extra, previous_secret      the secret before it, valid until this is removed: so a secret is rotated without losing an event
    Extra, scheme               `standard` (default) or `plain` (see inbox_signatures)
    Extra, signature_header     plain: the header's name; default `X-Signature`
    Extra, event_id_field       plain: the field of the body that holds the event's id, on its first level; default `id`
    Extra, varying_fields       fields on the first level of the body that may differ between two tries of one event (a counter of tries)

The connection may stand wherever Airflow looks for connections in its API server: a secrets back-end, the environment
(`AIRFLOW_CONN_WEBHOOK_<SOURCE>`), or Airflow's own database. It is read for every event, so a changed secret counts at once. Airflow does
not tell a connection that is not there from one that cannot be read just now; both are an unknown source here.
"""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airbooks.ui.inbox_signatures import Plain, Scheme, Standard, UnusableSecretError

log = logging.getLogger("airbooks.webhooks")

_NAME = re.compile(r"[a-z0-9_]{1,64}")


class _Settings(BaseModel):
    """What the connection says. A misspelt field must not silently change what is checked, and no message may show a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret: str = Field(min_length=1)
    previous_secret: str = ""
    scheme: Literal["standard", "plain"] = "standard"
    signature_header: str = Field(default="X-Signature", pattern=r"^[A-Za-z0-9-]+$")
    event_id_field: str = Field(default="id", min_length=1)
    varying_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A sender: how it signs, the keys it may use, where it says an event's id, and what of a body may vary."""

    name: str
    scheme: Scheme
    keys: tuple[bytes, bytes] = field(repr=False)
    event_id_field: str = "id"
    varying_fields: tuple[str, ...] = ()


def read_source(name: str) -> Source:
    """The sender of that name. Nobody can sign for one that is unknown, or whose connection is not in order (the log says how).

    Such a sender gets keys that nobody knows, so that an answer for it takes the same steps as one to a wrong signature.
    """
    extra = _connection(name) if _NAME.fullmatch(name) else None
    if extra is None:
        log.warning("An event came for source %r, but there is no connection webhook_<source> for it.", name[:64])
        return _nobody(name)
    try:
        return _source(name, _Settings(**extra))
    except ValidationError as wrong:
        fields = ", ".join(".".join(map(str, each["loc"])) + f" ({each['type']})" for each in wrong.errors(include_input=False))
        log.error("Connection webhook_%s cannot be used: %s.", name, fields)  # noqa: TRY400 a traceback could show values
    except UnusableSecretError as wrong:
        log.error("Connection webhook_%s has a secret that cannot be used: %s.", name, wrong)  # noqa: TRY400 as above
    return _nobody(name)


def _connection(name: str) -> dict[str, Any] | None:
    """The fields of a sender's connection; None where Airflow finds none."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSecretsBackendAccessDenied
    from airflow.sdk.log import mask_secret

    try:
        found = Connection.get(f"webhook_{name}")
    except (AirflowNotFoundException, AirflowSecretsBackendAccessDenied):
        return None
    given = {**found.extra_dejson, "secret": found.password or ""}
    for secret in (given["secret"], given.get("previous_secret")):
        if secret:
            mask_secret(secret)
    return given


def _source(name: str, given: _Settings) -> Source:
    scheme: Scheme = Plain(given.signature_header) if given.scheme == "plain" else Standard()
    previous = scheme.key(given.previous_secret) if given.previous_secret else _unknown_key()
    return Source(
        name=name,
        scheme=scheme,
        keys=(scheme.key(given.secret), previous),
        event_id_field=given.event_id_field,
        varying_fields=given.varying_fields,
    )


def _nobody(name: str) -> Source:
    return Source(name=name, scheme=Standard(), keys=(_unknown_key(), _unknown_key()))


def _unknown_key() -> bytes:
    return secrets.token_bytes(32)
