"""Signatures, whatever somebody sends: proven or not, never an accident."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.sandbox.provider import Signer
from airbooks.ui.inbox_signatures import TOLERANCE, NotProvenError, Plain, Scheme, Standard, UnusableSecretError, recent

KEY = b"a key of thirty-two bytes, or so"
SECRETS = {"standard": base64.b64encode(KEY).decode(), "plain": KEY.decode()}
SCHEMES: dict[str, Scheme] = {"standard": Standard(), "plain": Plain("X-Signature")}
FORMATS = pytest.mark.parametrize("name", SCHEMES)
VALUES = st.text(st.characters(max_codepoint=255), max_size=80) | st.from_regex(r"t=\d{1,12},v1=[0-9a-f]*|v1,[A-Za-z0-9=]*|\d{1,20}")
HEADERS = st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "x-signature"]), VALUES)


def signed(name: str, body: bytes) -> dict[str, str]:
    signer = Signer(secret=SECRETS[name], scheme="plain" if name == "plain" else "standard")
    return {header.lower(): value for header, value in signer.headers("evt_1", body, datetime.now(UTC)).items()}


@FORMATS
@given(text=st.text())
def test_whatever_is_signed_is_proven(name: str, text: str) -> None:
    body = text.encode("utf-8", "replace")
    proof = SCHEMES[name].prove(signed(name, body), body, [b"another key, quite useless", KEY])
    assert abs(datetime.now(UTC) - proof.signed_at) < TOLERANCE
    assert proof.event_id == ("evt_1" if name == "standard" else "")


@FORMATS
@given(body=st.binary(min_size=1), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_one_changed_bit_is_enough_to_be_refused(name: str, body: bytes, place: int, bit: int) -> None:
    changed = bytearray(body)
    changed[place % len(body)] ^= 1 << bit
    with pytest.raises(NotProvenError):
        SCHEMES[name].prove(signed(name, body), bytes(changed), [KEY])


@FORMATS
@given(headers=HEADERS, body=st.binary())
def test_nobody_gets_in_or_breaks_anything_with_made_up_headers(name: str, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(NotProvenError):
        SCHEMES[name].prove(headers, body, [KEY, KEY])


@pytest.mark.parametrize("seconds", ["", "-1", "1e9", "1760000000.5", "0x10", "١٢٣", "9" * 30, " 1", "nan"])
def test_a_time_is_whole_seconds_since_1970(seconds: str) -> None:
    with pytest.raises(NotProvenError, match="seconds since 1970"):
        recent(seconds)


@pytest.mark.parametrize("way", [-1, 1])
def test_five_minutes_either_way_are_near_enough_and_more_are_not(way: int) -> None:
    now = datetime.now(UTC)
    assert recent(str(int((now + way * (TOLERANCE - timedelta(minutes=1))).timestamp())))
    with pytest.raises(NotProvenError, match="too old, or from the future"):
        recent(str(int((now + way * (TOLERANCE + timedelta(minutes=1))).timestamp())))


def test_a_secret_of_standard_webhooks_may_come_with_its_prefix_and_without_its_padding() -> None:
    scheme = Standard()
    assert scheme.key("whsec_" + SECRETS["standard"].rstrip("=")) == scheme.key(SECRETS["standard"]) == KEY


@FORMATS
@pytest.mark.parametrize("secret", ["", "whsec_", "short", "c2hvcnQ="])
def test_a_secret_that_could_be_guessed_is_unusable_and_not_quoted(name: str, secret: str) -> None:
    with pytest.raises(UnusableSecretError) as refused:
        SCHEMES[name].key(secret)
    assert not secret or secret not in str(refused.value)
