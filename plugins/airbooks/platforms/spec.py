"""What a platform is, as plain data: no I/O, no Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from airbooks.platforms.errors import ErrorRule
from airbooks.platforms.references import ReferenceKind


class Capability(StrEnum):
    """What a platform's API offers and its connector does."""

    BATCH = "batch"  # several documents in one request, answered item by item
    POST_STEP = "post_step"  # create makes a draft; posting is a request of its own
    ANSWERS_LATER = "answers_later"  # a request may be taken on with a ticket, and answered later
    UPDATE_DRAFT = "update_draft"
    UPDATE_POSTED = "update_posted"
    VOID = "void"
    REISSUE = "reissue"  # the number of a voided document may be issued again
    CREDIT_NOTES = "credit_notes"
    OWN_NUMBER = "own_number"  # our document number becomes the platform's
    NATIVE_IDEMPOTENCY = "native_idempotency"
    VERSION_TOKEN = "version_token"  # noqa: S105 a concurrency token, not a secret
    MULTI_CURRENCY = "multi_currency"
    EXCHANGE_RATE = "exchange_rate"  # the rate can be given
    LINE_DISCOUNT = "line_discount"
    DOCUMENT_DISCOUNT = "document_discount"
    DIMENSIONS = "dimensions"
    TAX_GIVEN = "tax_given"  # the tax amount can be given, not only a code
    PAYMENTS_IN = "payments_in"  # payments can be listed
    PAYMENTS_OUT = "payments_out"  # payments can be applied


class PaymentFeature(StrEnum):
    """What a platform's connector can book of a payment, or tell of one; what is missing here is refused before anything is sent."""

    SEVERAL_DOCUMENTS = "several_documents"  # one payment settles several documents
    ON_ACCOUNT = "on_account"  # what no document claims stays on the customer's account
    DISCOUNT = "discount"  # an early-payment discount closes the rest of a document
    WRITE_OFF = "write_off"
    BANK_FEE = "bank_fee"  # what the bank kept is booked apart from what it credited
    BANK_ACCOUNT = "bank_account"  # any mapped account; without this only the connection's own
    BANK_ACCOUNT_NOTED = "bank_account_noted"  # payments have no account there: it is written into their words
    EXCHANGE_RATE = "exchange_rate"  # the rate can be given; without this the platform takes its own
    REFUND = "refund"
    CHARGE_BACK = "charge_back"
    ALLOCATIONS_TOLD = "allocations_told"  # listed payments name the documents that they settle
    REVERSALS_TOLD = "reversals_told"  # one that was taken back is listed as reversed; without this it is not listed any more


class Urgency(StrEnum):
    """How soon a delivery is wanted; who is more urgent goes first where calls are short."""

    REALTIME = "realtime"
    HOURLY = "hourly"
    DAILY = "daily"


class Idempotency(StrEnum):
    """Which mechanism of the platform keeps a repeated create from making a second document."""

    NONE = "none"  # only our own look-up
    QUERY = "query"
    HEADER = "header"
    CONTROL_ID = "control_id"
    EXTERNAL_ID = "external_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The vendor's ceilings, per connection; None means not published.

    `batch` is documents per request, `lines` lines per document; `throttle_seconds` how long to leave it alone after a refusal for too many
    calls that does not say how long itself. `per_app` names the limits (second, minute, day, batch, concurrent) that the vendor counts over
    all connections of one app, account or tenant, which `app_named_by` (fields of the connection, none of them secret) tells apart.
    """

    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    batches_per_minute: int | None = None
    app_per_minute: int | None = None  # besides per_minute, over all connections of the app
    concurrent: int | None = None
    per_app: frozenset[str] = frozenset()
    app_named_by: tuple[str, ...] = ()
    batch: int = 1
    batch_bytes: int | None = None
    lines: int | None = None
    throttle_seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of the connection form that Airflow stores in `extra`."""

    name: str
    label: str
    help: str = ""
    kind: Literal["string", "integer", "boolean"] = "string"
    default: str | int | bool | None = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardField:
    """How one of Airflow's own connection fields (host, schema, login, password, port) is called here; `label` empty hides it."""

    name: Literal["host", "schema", "login", "password", "port"]
    label: str
    placeholder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSpec:
    """Everything about a platform that is a fact and not code.

    `class_prefix` names the room's two classes (`QuickBooks`: QuickBooksHook, QuickBooksInvoiceOperator). `endpoint_note` says why the
    real endpoint differs from the one the blueprint named (empty where it does not). `settle_seconds` is how long after a lost answer the
    platform may still commit: its own server time-out plus margin. `poll_seconds` is the pause between two questions about a request that
    the platform took on, `overdue_seconds` when a person is told that it has not answered. `reference_kinds` are the codes that must be
    mapped before a document can be sent. `receipts_on` is the field of the form that names the account on which the connection books
    receipts (empty where no field does). `secret_headers` are the headers besides Authorization in which the vendor wants a secret.
    `unverified` lists what the vendor's documents do not settle; `verified_against` what the connector has been run against.
    """

    slug: str
    title: str
    class_prefix: str
    docs: str
    blueprint_endpoint: str
    real_endpoint: str
    endpoint_note: str = ""
    limits: Limits
    idempotency: Idempotency
    capabilities: frozenset[Capability]
    standard_fields: tuple[StandardField, ...]
    form: tuple[FormField, ...]
    reference_kinds: tuple[ReferenceKind, ...]
    errors: tuple[ErrorRule, ...]
    settle_seconds: int
    read_timeout_seconds: float = 60.0
    poll_seconds: float = 10.0
    overdue_seconds: float = 3600.0
    number_max: int | None = None
    payment_features: frozenset[PaymentFeature] = frozenset()
    receipts_on: str = ""
    customer_per_currency: bool = False
    secret_headers: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    verified_against: tuple[str, ...] = ("simulator",)

    @property
    def connection_type(self) -> str:
        return self.slug

    @property
    def hook_path(self) -> str:
        return f"airbooks.platforms.{self.slug}.hook.{self.class_prefix}Hook"

    @property
    def operator_path(self) -> str:
        return f"airbooks.platforms.{self.slug}.operator.{self.class_prefix}InvoiceOperator"

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities
