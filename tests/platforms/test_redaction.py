"""No secret leaves a hook: neither one we know nor one that stands in a field that usually holds one."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.platforms.redaction import BODY_LIMIT, HIDDEN, redact, redact_headers

secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=6, max_size=40).filter(
    lambda text: text.strip() == text
)


@given(secrets, st.text(max_size=50), st.text(max_size=50))
def test_a_known_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in redact(f"{before}{secret}{after}", [secret]).replace(HIDDEN, "")


@given(secrets)
def test_a_known_secret_is_hidden_however_it_is_written(secret: str) -> None:
    as_json = json.dumps({"note": secret})
    for text in (as_json, urlencode({"note": secret}), f"<note>{escape(secret)}</note>", json.dumps({"note": secret}, ensure_ascii=False)):
        hidden = redact(text, [secret])
        assert hidden != text
        assert HIDDEN in hidden
    assert json.loads(redact(as_json, [secret])) == {"note": HIDDEN}


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "abc123xyz", "token_type": "bearer"}',
        '{"refresh_token":"abc123xyz"}',
        '{"client_secret" : "abc123xyz"}',
        '{"params": {"password": "abc\\"123xyz"}}',
        "grant_type=password&password=abc123xyz&scope=all",
        "GET /token?api_key=abc123xyz",
        "client_secret=abc123xyz",
        "<password>abc123xyz</password>",
        '<sessionid xsi:type="string">abc123xyz</sessionid>',
        "<sender_password>abc123xyz</sender_password>",
        "Authorization: Bearer abc123xyz",
        "Authorization: Basic YWJjMTIzeHl6",
        "sent with Bearer abc123xyz.def-456_ghi",
    ],
)
def test_a_field_that_usually_holds_a_secret_is_hidden_unasked(text: str) -> None:
    hidden = redact(text)
    assert HIDDEN in hidden
    assert "123xyz" not in hidden
    assert base64.b64encode(b"abc123xyz").decode() not in hidden


def test_what_is_no_secret_stays_readable() -> None:
    text = '{"DocNumber": "US-SI-000123", "TotalAmt": 120.01, "error": "Invalid tax code GST10"}'
    assert redact(text, ["", "abc"]) == text


def test_a_long_body_is_cut_and_says_so() -> None:
    cut = redact("x" * 5_000)
    assert cut.startswith("x" * BODY_LIMIT)
    assert cut.endswith("(5000 characters)")


def test_a_secret_at_the_cut_is_hidden_before_the_cut() -> None:
    assert "half-a-secret"[:6] not in redact("x" * (BODY_LIMIT - 6) + "half-a-secret", ["half-a-secret"])


def test_headers_lose_what_authorises_and_keep_the_rest() -> None:
    headers = {"Authorization": "Bearer x", "X-API-KEY": "k", "Set-Cookie": "s", "X-Auth-Token": "t", "Content-Type": "application/json"}
    assert redact_headers(headers) == {**dict.fromkeys(headers, HIDDEN), "Content-Type": "application/json"}
