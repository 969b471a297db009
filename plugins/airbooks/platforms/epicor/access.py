"""Who we are to Epicor: API key and log-in on every call, tokens of its own service or of an OAuth server, and kept sessions."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from airbooks.platforms.epicor.spec import SPEC
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Request

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
LOGIN_REFUSED = ErrorRule(
    name="log-in refused",
    action=Action.STOP,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="Epicor does not accept the user and password (or the OAuth client) of the connection.",
    fix="Correct the log-in of the connection; the user must be enabled and its password not expired.",
)


def log_in_refused(error: PlatformError) -> PlatformError:
    """The same refusal as what it is at the door: nothing to renew, a person must mend the connection."""
    return PlatformError(error.message, platform=SPEC.slug, rule=LOGIN_REFUSED, status=error.status, code=error.code, body=error.body)


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def call_headers(api_key: str, company: str, plant: str) -> dict[str, str]:
    """The API key, and the site that a call works in (the company of the URL wins over that of the settings)."""
    settings = {"Company": company, "Plant": plant, "Language": "", "FormatCulture": ""}
    return {"x-api-key": api_key, **({"CallSettings": json.dumps(settings)} if plant else {})}


def licence_header(claimed: str, session: str) -> dict[str, str]:
    return {"License": json.dumps({"ClaimedLicense": claimed, "SessionID": session})} if claimed or session else {}


def own_token_request(root: str, user: str, password: str) -> Request:
    """Epicor's own token service takes user and password in headers."""
    headers = {"username": user, "password": password, "Accept": "application/json"}
    return Request(method="POST", url=f"{root}/TokenResource.svc/", headers=headers, read=True)


def oauth_request(url: str, client_id: str, secret: str, scope: str) -> Request:
    """Client-credentials grant at an OAuth server of the customer's."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **({"scope": scope} if scope else {})}
    return Request(method="POST", url=url, headers=_FORM, content=urlencode(form).encode(), read=True)


def token_in(answer: dict[str, Any]) -> Token:
    """The token of either service; there is no refresh token in it."""
    access = answer.get("AccessToken") or answer["access_token"]
    seconds = int(answer.get("ExpiresIn") or answer["expires_in"])
    return Token(access=str(access), expires_at=datetime.now(UTC) + timedelta(seconds=seconds))
