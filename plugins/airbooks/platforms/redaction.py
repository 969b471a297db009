"""Keeping secrets out of what people and machines read: one place, used for every message, body and header that leaves a hook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

HIDDEN = "***"
BODY_LIMIT = 2_000

_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization", "x-ia-api-param-token", "ocp-apim-subscription-key"}
)
_HIDDEN_FIELDS = (
    r"access_token|refresh_token|id_token|client_secret|client_assertion|assertion|api_?key|secret|password|passwd|pwd|sessionid|session_id"
    r"|authorization|signature|sender_password|subscription[-_]?key"
)
_JSON_FIELD = re.compile(rf'("(?:[\w.-]*(?:{_HIDDEN_FIELDS}))"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_FORM_FIELD = re.compile(rf"((?:^|[?&\s])(?:[\w.-]*(?:{_HIDDEN_FIELDS}))=)[^&\s]+", re.IGNORECASE)
_XML_FIELD = re.compile(rf"(<((?:\w*(?:{_HIDDEN_FIELDS})))\b[^>]*>)[^<]*(</\2>)", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)


def _spellings(secret: str) -> set[str]:
    """A secret as JSON, a URL, a form and XML write it."""
    as_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, quote(secret, safe=""), quote_plus(secret), escape(secret), escape(secret, {'"': "&quot;"}), *as_json}


def redact(text: str, secrets: Iterable[str] = (), *, limit: int = BODY_LIMIT) -> str:
    """`text` without the given secrets and without the values of fields that usually hold one, cut to `limit` characters."""
    for secret in secrets:
        if len(secret) >= 4:
            for spelling in sorted(_spellings(secret), key=len, reverse=True):
                text = text.replace(spelling, HIDDEN)
    text = _JSON_FIELD.sub(rf'\1"{HIDDEN}"', text)
    text = _XML_FIELD.sub(rf"\1{HIDDEN}\3", text)
    text = _FORM_FIELD.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be logged."""
    return {name: HIDDEN if name.lower() in _SECRET_HEADERS or "token" in name.lower() else value for name, value in headers.items()}
