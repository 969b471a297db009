"""The scenarios: what goes wrong, on which platforms, and how every document may end. Numbers group variants of one fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults import oddities, people, plays
from tests.faults.firm import Pace
from tests.faults.plays import Play

from airbooks.platforms.spec import Capability, Idempotency, PlatformSpec

DELIVERED = frozenset({"delivered"})
REVIEWED = frozenset({"in review", "waiting"})  # a credit note waits for the invoice that is in review
EITHER = DELIVERED | REVIEWED
WAITING = frozenset({"waiting"})

CREATE = "PO-88213"  # the purchase order stands in every create, and in no other call
BRISK = Pace(read_timeout=3.0)
PATIENT = Pace(read_timeout=60.0)
HANGS = Pace(read_timeout=0.3, settle=0.1)
LATE = Pace(read_timeout=0.3, settle=1.2, absence=0.05)
LATER_THAN_ONE_LOOK = Pace(read_timeout=0.3, settle=0.05, absence=2.5)

PLANTABLE = 10_000_000  # bytes of a batch that can be made in a moment; Odoo and NetSuite take more than 100 MB

Where = Callable[[PlatformSpec], bool]
Own = Mapping[str, tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault of the wire (see `airbooks.sandbox.faults`) and the calls it strikes."""

    kind: str
    filters: Mapping[str, Any] = field(default_factory=dict)


def at_create(kind: str, **filters: Any) -> Strike:
    return Strike(kind, {"body": CREATE, **filters})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that goes wrong. `own` are platforms' own faults by slug, which then are where it is played; `after` lets documents through
    before it; `heals`: once the fault is gone and a person has answered Retry, everything is delivered."""

    number: str
    name: str
    strikes: tuple[Strike, ...] = ()
    own: Own = field(default_factory=dict)
    play: Play = plays.send
    ends: frozenset[str] = DELIVERED
    pace: Pace = BRISK
    where: Where = lambda spec: True
    heals: bool = False

    def fits(self, spec: PlatformSpec) -> bool:
        return self.where(spec) and (not self.own or spec.slug in self.own)


def on(*slugs: str, fault: str, **parameters: Any) -> Own:
    return dict.fromkeys(slugs, (fault, parameters))


def can(*capabilities: Capability) -> Where:
    return lambda spec: all(spec.can(each) for each in capabilities)


def knows_repeats(spec: PlatformSpec) -> bool:
    return spec.idempotency is not Idempotency.NONE


def among(*slugs: str) -> Where:
    return lambda spec: spec.slug in slugs


def without(*slugs: str) -> Where:
    return lambda spec: spec.slug not in slugs


def changes(spec: PlatformSpec) -> bool:
    return spec.can(Capability.UPDATE_POSTED)


# Only our look-ups keep a number from being booked twice there; Unit4 answers later.
TAKE_A_NUMBER_TWICE = ("business_central", "myob", "sap_business_one", "sap_s4hana", "unit4")
# Their keys and log-ins are sent as they are, or are sessions that staging/sessions.py keeps.
TOKENLESS = ("acumatica", "odoo", "quickfile", "sap_business_one")
TOKENS = ("freshbooks", "myob", "quickbooks", "reckon_one", "wave", "xero")
LOCKED = {"until": "2999-12-31", "through": "2999-12-31"}

DELIVERY = (
    Scenario(number="1a", name="reset after the platform booked it", strikes=(at_create("reset_after_commit"),)),
    Scenario(
        number="1b", name="time-out after the platform booked it", strikes=(at_create("timeout_after_commit", seconds=0.8),), pace=HANGS
    ),
    Scenario(
        number="1c", name="any third answer lost after commit", strikes=(Strike("reset_after_commit", {"probability": 0.3, "times": 8}),)
    ),
    Scenario(number="2", name="commits after the client's time-out", strikes=(at_create("late_commit", seconds=0.8),), pace=LATE),
    Scenario(
        number="3",
        name="absent at the first look, there at the second",
        strikes=(at_create("late_commit", seconds=2.0),),
        play=plays.send_and_look_twice,
        pace=LATER_THAN_ONE_LOOK,
        where=without("unit4"),  # its connector settles a lost staging by itself, before GL07 is ordered
    ),
    Scenario(number="4a", name="502 in HTML, not booked", strikes=(at_create("error_before_commit", status=502, html=True),)),
    Scenario(number="4b", name="502 in HTML, booked", strikes=(at_create("error_after_commit", status=502, html=True),)),
    Scenario(number="4c", name="503, not booked", strikes=(at_create("error_before_commit", status=503),)),
    Scenario(number="4d", name="503, booked", strikes=(at_create("error_after_commit", status=503),)),
    Scenario(number="4e", name="504 in HTML, not booked", strikes=(at_create("error_before_commit", status=504, html=True),)),
    Scenario(number="4f", name="504 in HTML, booked", strikes=(at_create("error_after_commit", status=504, html=True),)),
    Scenario(number="4g", name="500, booked", strikes=(at_create("error_after_commit", status=500),)),
    Scenario(number="5a", name="200 with spoilt bytes", strikes=(at_create("malformed_body"),)),
    Scenario(number="5b", name="200 with no body", strikes=(at_create("empty_body"),)),
    Scenario(number="5c", name="200 with half a body", strikes=(at_create("truncated_body"),)),
    Scenario(
        number="5d",
        name="200 with an error inside",
        own={
            **on("freshbooks", "quickfile", fault="errors_under_200", times=1),
            **on("quickbooks", fault="fault_under_200", times=1),
            **on("zoho_books", fault="error_under_200", times=1),
        },
        ends=EITHER,
    ),
    Scenario(
        number="6",
        name="the platform numbers by itself",
        own={**on("quickbooks", fault="auto_number"), **on("sage_intacct", fault="number_documents")},
        ends=EITHER,
    ),
    Scenario(number="7", name="killed after the call, before the row", play=plays.killed_after_the_call),
    Scenario(number="8", name="killed after intent, before the call", play=plays.killed_before_the_call),
    Scenario(number="9", name="Postgres sessions cut before the commit", play=plays.database_lost),
    Scenario(number="10", name="lease over while the call hangs: two owners", play=plays.lease_expired),
    Scenario(number="10b", name="another worker comes between look-up and create", play=plays.met_by_another),
    Scenario(number="11", name="a run cleared while it works", play=plays.cleared_while_running),
    Scenario(number="12", name="hourly, daily, real-time and manual overlap", play=plays.overlapping),
    Scenario(number="13", name="event and poll in the same second", play=plays.the_same_second),
    Scenario(
        number="14",
        name="deleted there and sent again: no old answer",
        play=people.deleted_and_sent_again,
        ends=EITHER,
        where=knows_repeats,
    ),
    Scenario(
        number="14a",
        name="a stored failure is replayed for the same key",
        own=on("xero", fault="server_error", times=1),
        play=plays.send_while_keys_are_remembered,
    ),
    Scenario(number="14b", name="a failing server, before anything happens", own=on("brightpearl", fault="server_error", times=1)),
    Scenario(
        number="15",
        name="refused, then another posting date or a revision",
        play=people.refused_then_changed,
        where=among("brightpearl", "netsuite", "quickbooks", "sage_intacct", "xero", "zoho_books"),
    ),
    Scenario(
        number="16",
        name="the platform ignores the key",
        strikes=(at_create("reset_after_commit"),),
        own=on("quickbooks", fault="ignore_request_id"),
    ),
    Scenario(number="17", name="connections refused for eight turns", play=plays.unreachable),
    Scenario(number="18a", name="reset before the platform had it all", strikes=(at_create("reset_before_commit"),)),
    Scenario(
        number="18b",
        name="any third call reset before commit",
        strikes=(Strike("reset_before_commit", {"probability": 0.3, "times": 8}),),
    ),
    Scenario(number="18c", name="a proxy repeats the create", strikes=(at_create("duplicate_delivery"),), where=knows_repeats),
    Scenario(number="18d", name="the answer drips in", strikes=(at_create("slow_drip", seconds=0.001, chunk=400),)),
)

AUTHENTICATION = (
    Scenario(number="19a", name="all tokens expire between two turns", play=plays.tokens_expire),
    Scenario(
        number="19b",
        name="the token expires in the middle",
        own=on("acumatica", "brightpearl", "netsuite", "zoho_books", "infor_syteline", *TOKENS, fault="expire_tokens", times=1),
    ),
    Scenario(
        number="19c",
        name="all tokens end just before a create",
        play=plays.in_the_middle("expire_tokens"),
        where=among("business_central", "epicor", "netsuite", "infor_syteline"),
    ),
    Scenario(number="20", name="ten workers refresh at once", play=plays.ten_refresh),
    Scenario(
        number="20b", name="ten workers, rotating refresh token", play=plays.ten_refresh, own=on("quickbooks", fault="rotate_refresh_token")
    ),
    Scenario(
        number="21", name="killed between issue and save of a token", play=plays.killed_before_saving_a_token, where=without(*TOKENLESS)
    ),
    Scenario(
        number="22",
        name="invalid_grant",
        own={
            **on(*TOKENS, fault="revoke_refresh_token"),
            **on("brightpearl", "zoho_books", fault="revoke_refresh_tokens"),
            **on("business_central", fault="revoke_client"),
        },
        ends=DELIVERED | WAITING,
    ),
    Scenario(
        number="23",
        name="another log-in ends the session",
        own={
            **on("kashflow", "sage_intacct", fault="expire_sessions", times=1),
            **on("sap_s4hana", fault="stale_csrf", times=1),
        },
    ),
    Scenario(
        number="23b",
        name="all sessions end just before a create",
        play=plays.in_the_middle("end_sessions"),
        where=among("epicor", "sap_business_one"),
    ),
    Scenario(number="24a", name="401 to every call", play=plays.refused_for_ever, ends=DELIVERED | WAITING),
    Scenario(number="24b", name="one 401 at the create", strikes=(at_create("error_before_commit", status=401),), ends=DELIVERED | WAITING),
)

LIMITS = (
    Scenario(number="25a", name="429, Retry-After in seconds", strikes=(Strike("rate_limited", {"times": 3, "retry_after": "1"}),)),
    Scenario(
        number="25b",
        name="429, Retry-After as a date",
        strikes=(Strike("rate_limited", {"times": 3, "retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}),),
    ),
    Scenario(number="25c", name="429 without Retry-After", strikes=(Strike("rate_limited", {"times": 3}),)),
    Scenario(
        number="25d",
        name="429, Retry-After of a day",
        strikes=(at_create("rate_limited", retry_after="86400"),),
        play=plays.wait_at_most_an_hour,
        ends=DELIVERED | WAITING,
    ),
    Scenario(
        number="26",
        name="the day's quota ends in the middle",
        strikes=(at_create("rate_limited", retry_after="7200", after=1, times=4),),
        play=plays.many_wait_at_most_an_hour,
        ends=DELIVERED | WAITING,
    ),
    Scenario(
        number="27",
        name="too many at once, said as something else",
        own={**on("netsuite", fault="others_at_work", times=2), **on("acumatica", fault="login_limit", times=1)},
        ends=DELIVERED | WAITING,
    ),
    Scenario(number="28", name="six workers begin in the same second", play=plays.restarted_together),
    Scenario(number="29", name="an outage: 503 to forty calls", strikes=(Strike("error_before_commit", {"status": 503, "times": 40}),)),
)

BATCHES = (
    Scenario(
        number="30",
        name="one bad item of a batch",
        own={
            **on("business_central", fault="partial_batch", at=0, times=1),
            **on("quickbooks", "xero", fault="partial_batch", positions=[1], times=1),
            **on("sage_intacct", fault="partial_batch", position=2, times=1),
        },
        ends=EITHER,
        heals=True,
    ),
    Scenario(
        number="31a",
        name="items answered in another order",
        own={**on("quickbooks", fault="shuffle_batch"), **on("xero", fault="shuffle_elements")},
    ),
    Scenario(
        number="31c",
        name="one bad item of a job, whose tasks come in another order",
        own=on("netsuite", fault="shuffle_tasks"),
        play=plays.job_with_a_bad_one,
        ends=EITHER,
        heals=True,
    ),
    Scenario(
        number="31b",
        name="an item missing from the answer",
        own={**on("quickbooks", fault="drop_batch_item", times=1), **on("xero", fault="drop_element", times=1)},
    ),
    Scenario(
        number="32a",
        name="a batch's answer lost, booked",
        strikes=(at_create("timeout_after_commit", seconds=0.8),),
        play=plays.send_many,
        pace=HANGS,
        where=can(Capability.BATCH),
    ),
    Scenario(
        number="32b",
        name="a batch lost, not booked",
        strikes=(at_create("timeout_before_commit", seconds=0.8),),
        play=plays.send_many,
        pace=HANGS,
        where=can(Capability.BATCH),
    ),
    Scenario(
        number="33",
        name="a batch too heavy by its bytes",
        play=oddities.heavy_batch,
        pace=PATIENT,
        where=lambda spec: spec.can(Capability.BATCH) and 0 < (spec.limits.batch_bytes or 0) < PLANTABLE,
    ),
    Scenario(number="34", name="an invoice of 1,114 lines", play=oddities.long_invoice, ends=EITHER),
)

MONEY = (
    Scenario(number="35a", name="taxes round differently line by line", play=oddities.rounding, ends=EITHER),
    Scenario(
        number="35b",
        name="the platform rounds line by line",
        play=oddities.rounding,
        own={
            **on("epicor", "zoho_books", fault="tax_per_line"),
            **on("freshbooks", "wave", fault="round_tax_per_line"),
            **on("sap_business_one", fault="tax_per_row"),
            **on("odoo", fault="round_per_line"),
        },
        ends=EITHER,
    ),
    Scenario(
        number="36",
        name="the platform computes another tax",
        own={
            **on("acumatica", "business_central", "epicor", "freshbooks", "myob", "quickbooks", fault="wrong_tax"),
            **on("quickfile", "reckon_one", "sap_business_one", "wave", "xero", "zoho_books", "brightpearl", fault="wrong_tax"),
            **on("kashflow", fault="recompute_vat"),
        },
        play=oddities.wrong_taxes,
        ends=EITHER,
    ),
    Scenario(number="36b", name="our own total is a cent off", play=oddities.wrong_by_us, ends=EITHER),
    Scenario(number="37a", name="yen", play=oddities.yen, ends=EITHER),
    Scenario(number="37c", name="dinar, with three decimals", play=oddities.dinar, ends=EITHER),
    Scenario(number="37b", name="prices with five decimals", play=oddities.fine_prices, ends=EITHER),
    Scenario(
        number="38a", name="no exchange rate given", play=oddities.foreign_without_rate, ends=EITHER, where=can(Capability.MULTI_CURRENCY)
    ),
    Scenario(
        number="38b",
        name="the platform has no exchange rate",
        play=oddities.foreign_without_rate,
        own=on("business_central", "epicor", "sap_business_one", "sap_s4hana", fault="missing_rate"),
        ends=EITHER,
    ),
    Scenario(
        number="39",
        name="one customer in two currencies",
        play=oddities.two_currencies_of_one_customer,
        ends=EITHER,
        where=can(Capability.MULTI_CURRENCY),
    ),
    Scenario(number="40a", name="a line that costs nothing", play=oddities.free_of_charge, ends=EITHER),
    Scenario(number="40b", name="a total of zero", play=oddities.nothing_to_pay, ends=EITHER),
    Scenario(number="40c", name="a negative line", play=oddities.negative_line, ends=EITHER),
    Scenario(number="40d", name="discounts on lines and document", play=oddities.discounted, ends=EITHER),
    Scenario(
        number="41",
        name="prices are read with tax, or discounted again",
        own={
            **on("business_central", fault="prices_include_tax"),
            **on("epicor", fault="price_list", percent="5"),
            **on("wave", fault="tax_before_discount"),
            **on("kashflow", fault="apply_customer_discount"),
        },
        ends=EITHER,
    ),
    Scenario(
        number="42a", name="the credit note comes before its invoice", play=oddities.credit_note_first, where=can(Capability.CREDIT_NOTES)
    ),
    Scenario(number="42b", name="a credit above the invoice", play=oddities.credit_above_invoice, ends=EITHER),
    Scenario(number="43", name="12345678901234567.89", play=oddities.huge, ends=EITHER),
)

RULES = (
    Scenario(
        number="44",
        name="closed period",
        own={
            **on("business_central", "epicor", "kashflow", "myob", "netsuite", "odoo", "quickbooks", fault="lock_period", **LOCKED),
            **on("quickfile", "sage_intacct", "sap_business_one", "sap_s4hana", "xero", "zoho_books", fault="lock_period", **LOCKED),
            **on("brightpearl", fault="lock_period", until="2999-12-31T00:00:00+00:00"),
            **on("acumatica", fault="period_closed"),
        },
        play=plays.send_invoices,
        ends=EITHER,
        heals=True,
    ),
    Scenario(
        number="45",
        name="told that the number is taken, by ours",
        strikes=(at_create("reset_after_commit"),),
        play=people.refused_as_a_duplicate,
        where=without(*TAKE_A_NUMBER_TWICE),
    ),
    Scenario(number="46", name="our number is another system's", play=people.number_of_another, ends=EITHER),
    Scenario(number="47", name="two customers with one name", play=oddities.namesakes, ends=EITHER),
    Scenario(number="48", name="a tax code without a counterpart", play=oddities.unmapped, ends=EITHER, heals=True),
    Scenario(
        number="49",
        name="changed there just before our update",
        play=people.edited_in_between,
        own=on("brightpearl", "myob", "quickbooks", "xero", "zoho_books", fault="edit_in_between", times=1),
        ends=EITHER,
        where=changes,
    ),
    Scenario(number="50a", name="voided there, read back", play=people.voided_there_and_read_back, ends=EITHER, where=can(Capability.VOID)),
    Scenario(number="50b", name="edited there, read back", play=people.edited_there_and_read_back, ends=EITHER, where=changes),
    Scenario(number="50c", name="edited there, changed here", play=people.edited_there_and_changed_here, ends=REVIEWED, where=changes),
    Scenario(
        number="51",
        name="approval is needed",
        own={
            **on("netsuite", "sap_business_one", fault="approval", times=1),
            **on("acumatica", fault="needs_approval"),
            **on("business_central", fault="approval_pending", times=1),
            **on("reckon_one", fault="approval_ignored", times=1),
            **on("freshbooks", "zoho_books", fault="stays_draft", times=1),
        },
        play=plays.send_invoices,
        ends=EITHER,
    ),
    Scenario(number="52", name="dated on the last day of a month", play=oddities.month_end, ends=EITHER),
    Scenario(number="53", name="emoji, markup, 300 characters", play=oddities.odd_names, ends=EITHER),
    Scenario(number="58a", name="voided at the source", play=people.voided, ends=EITHER, where=can(Capability.VOID)),
    Scenario(
        number="58b", name="voided while a payment stands on it", play=people.voided_while_paid, ends=EITHER, where=can(Capability.VOID)
    ),
    Scenario(
        number="58c",
        name="deleted there, changed here",
        play=people.deleted_there_and_changed_here,
        ends=REVIEWED,
        where=can(Capability.VOID),
    ),
    Scenario(number="59", name="edited after it was posted", play=people.edited_late, ends=EITHER),
    Scenario(number="67", name="clocks five minutes apart", play=plays.clocks_differ),
)

SCENARIOS = (*DELIVERY, *AUTHENTICATION, *LIMITS, *BATCHES, *MONEY, *RULES)
