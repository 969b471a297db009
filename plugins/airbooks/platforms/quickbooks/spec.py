"""QuickBooks Online Accounting API v3, minor version 75, as plain data (developer.intuit.com; the XSDs of Intuit's PHP and Java SDKs)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://quickbooks.api.intuit.com"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 an address
MINOR_VERSION = "75"

# Longest texts the API takes; PRIVATE_NOTE, PAYMENT_REFERENCE and CUSTOM_FIELD are from memory.
NUMBER, DESCRIPTION, CUSTOMER_MEMO, EMAIL = 21, 4000, 1000, 100
PRIVATE_NOTE, PAYMENT_REFERENCE, CUSTOM_FIELD, DISPLAY_NAME = 4000, 21, 31, 500

US, US_AUTOMATED, GLOBAL = "us", "us_automated", "global"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN


def _refused(name: str, *codes: str, says: str, fix: str, text: str = "") -> ErrorRule:
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, codes=codes, text=text, says=says, fix=fix)


# Matched by code alone: a fault may come with any status, HTTP 200 included, and batch items have none of their own.
ERRORS = (
    ErrorRule(
        name="connection withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_grant",),
        says="The refresh token is not valid any more: the connection was revoked, or expired after 101 days without use.",
        fix="Connect the company again and put the new refresh token into the connection.",
    ),
    ErrorRule(
        name="wrong client id or secret",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type"),
        says="Intuit does not know this client id and secret, or they belong to the other environment (sandbox or production).",
        fix="Correct login and password of the connection.",
    ),
    ErrorRule(name="access token expired", action=Action.RENEW, outcome=_NO, codes=("3200",)),
    ErrorRule(
        name="not authorised for this company",
        action=Action.STOP,
        outcome=_NO,
        codes=("3100",),
        says="The token does not open this company: wrong realm id, wrong environment, or the app was disconnected.",
        fix="Correct realm_id and host of the connection, or connect the company again.",
    ),
    ErrorRule(
        name="permission denied",
        action=Action.STOP,
        outcome=_NO,
        codes=("5020",),
        says="The user who connected the company may not do this.",
        fix="Connect with a user who has the rights of a company administrator.",
    ),
    ErrorRule(
        name="subscription ended",
        action=Action.STOP,
        outcome=_NO,
        codes=("6190",),
        says="The company's QuickBooks subscription has ended or was not paid.",
        fix="Renew the subscription.",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, codes=("3001",)),
    ErrorRule(name="same request still running", action=Action.LOOK_UP, outcome=_MAYBE, codes=("600",)),
    # A document with this number exists: ours from an earlier try, or somebody else's. The look-up tells.
    ErrorRule(
        name="duplicate document number",
        action=Action.LOOK_UP,
        outcome=_NO,
        codes=("6140",),
        says="QuickBooks already has a document with this number.",
        fix="Compare the two; void the wrong one, or give ours another number.",
    ),
    ErrorRule(name="stale version", action=Action.REREAD, outcome=_NO, codes=("5010",)),
    ErrorRule(name="system failure", action=Action.LOOK_UP, outcome=_MAYBE, codes=("10000",)),
    ErrorRule(
        name=PERIOD_CLOSED,
        action=Action.REVIEW,
        outcome=_NO,
        codes=("6200", "6210"),
        says="The books are closed for the date of this document.",
        fix="Give it a later posting date, or move the closing date in QuickBooks (Account and settings, Advanced).",
        shared=True,
    ),
    _refused(
        "deposited",
        "6450",
        "6540",
        says="A payment of this document has been deposited.",
        fix="Remove the payment from its bank deposit in QuickBooks first.",
    ),
    _refused(
        "invalid reference",
        "2500",
        says="It names a customer, item, account, tax code, class, location or term that QuickBooks does not have.",
        fix="Correct the mapping.",
    ),
    _refused(
        "not found or inactive",
        "610",
        says="Something it names was deleted or made inactive in QuickBooks.",
        fix="Make it active again, or correct the mapping.",
    ),
    _refused("unusable linked transaction", "620", says="The document to be paid was voided or deleted.", fix="Allocate the payment anew."),
    _refused("duplicate name", "6240", says="Another customer, vendor or employee has this name.", fix="Rename one of them in QuickBooks."),
    _refused(
        "amount is not quantity times price",
        "6070",
        says="The amount of a line is not its quantity times its price.",
        fix="Correct quantity, price or amount of the line.",
    ),
    _refused(
        "invalid tax code",
        "6100",
        says="The tax code does not fit the company's tax regime (in the US a line takes TAX or NON only).",
        fix="Set the connection's tax_mode to the company's tax regime and correct the tax code mapping.",
    ),
    _refused(
        "text too long",
        "2050",
        says="A text is longer than QuickBooks takes (numbers 21, descriptions 4000 characters).",
        fix="Shorten it in the sales system.",
    ),
    _refused(
        "missing or unsupported property",
        "2010",
        "2020",
        says="It has a field that QuickBooks does not know, or lacks one that it needs.",
        fix="Look at the field that is named, then correct the document or the connection's settings.",
    ),
    # QuickBooks has one code for all rules of the company; only the words tell this one.
    _refused(
        "wrong currency",
        "6000",
        text="currenc",
        says="The customer is kept in another currency, or multicurrency is off in the company.",
        fix="Bill the customer in its own currency, or make a second customer in this one; or switch multicurrency on.",
    ),
    _refused(
        "business rule",
        "6000",
        says="The document breaks a rule of the company in QuickBooks.",
        fix="Do what QuickBooks' words say, in the document or in QuickBooks, then answer Retry.",
    ),
    _refused(
        "malformed request",
        "1040",
        "2130",
        "4000",
        "4001",
        says="QuickBooks does not understand the request.",
        fix="Keep the request and QuickBooks' words, and report them as a fault of the connector.",
    ),
    ErrorRule(name="system fault", action=Action.LOOK_UP, outcome=_MAYBE, text=r"\(SystemFault\)$"),
    ErrorRule(
        name="not authorised",
        action=Action.STOP,
        outcome=_NO,
        text=r"\((Authori[sz]ati?onFault|AuthenticationFault)\)$",
        says="QuickBooks does not let this user or app in.",
        fix="Connect the company again with a user who may use the API.",
    ),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        text=r"\(ValidationFault\)$",
        says="QuickBooks does not take the document as it is.",
        fix="Do what QuickBooks' words say, then answer Retry.",
    ),
)

# What the connector itself finds out before or between requests.
DUPLICATE = next(rule for rule in ERRORS if "6140" in rule.codes)
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
CHANGED_THERE = ErrorRule(
    name="changed in QuickBooks",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid or voided it in QuickBooks in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
INACTIVE_CUSTOMER = ErrorRule(
    name="customer is inactive",
    action=Action.REVIEW,
    outcome=_NO,
    says="The customer was made inactive in QuickBooks.",
    fix="Make it active again there, then answer Retry.",
)
BOOKED_OTHERWISE = ErrorRule(
    name="payment is booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.HAPPENED,
    says="QuickBooks has this payment, with another amount or on other invoices.",
    fix="Compare the two and correct the one that is wrong.",
)

SPEC = PlatformSpec(
    slug="quickbooks",
    title="QuickBooks Online",
    class_prefix="QuickBooks",
    docs="developer.intuit.com",
    blueprint_endpoint="/v3/company/{companyId}/invoice (POST/PUT)",
    real_endpoint="POST /v3/company/{realmId}/invoice (and /batch)",
    endpoint_note="PUT does not exist: create, update, void and delete are all POST; an update is a POST with Id and SyncToken.",
    limits=Limits(per_second=10, per_minute=500, batches_per_minute=40, batch=30, throttle_seconds=60.0),
    idempotency=Idempotency.QUERY,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.OWN_NUMBER,
            Capability.NATIVE_IDEMPOTENCY,
            Capability.VERSION_TOKEN,
            Capability.MULTI_CURRENCY,
            Capability.EXCHANGE_RATE,
            Capability.LINE_DISCOUNT,
            Capability.DOCUMENT_DISCOUNT,
            Capability.DIMENSIONS,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    standard_fields=(
        StandardField(name="host", label="Base URL", placeholder=PRODUCTION),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Client id"),
        StandardField(name="password", label="Client secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(name="realm_id", label="Company (realm) id", help="The realmId of the OAuth callback.", required=True),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="From connecting the company; the live one is kept, encrypted, in the staging database.",
            required=True,
            secret=True,
        ),
        FormField(name="token_url", label="Token URL", default=TOKEN_URL),
        FormField(name="home_currency", label="Home currency", help="ISO 4217, as in the company's settings.", default="USD"),
        FormField(name="multicurrency", label="Multicurrency is on", kind="boolean", default=True),
        FormField(
            name="tax_mode",
            label="Tax regime",
            help="us: one sales tax code per document; us_automated: Automated Sales Tax; global: a tax code on each line.",
            default=US,
            choices=(US, US_AUTOMATED, GLOBAL),
        ),
        FormField(name="default_income_item_id", label="Item id for lines without an item", help="Empty: every line needs an item."),
        FormField(
            name="charge_item_id",
            label="Item id for charges of the whole document",
            help="An item used for nothing else, or SHIPPING_ITEM_ID for the built-in shipping line (from memory).",
        ),
        FormField(name="discount_account_id", label="Account id for document discounts", help="Empty: the company's default."),
        FormField(name="deposit_account_id", label="Account id that payments are deposited to", help="Empty: Undeposited Funds."),
        FormField(name="po_custom_field_id", label="Custom field (DefinitionId) for purchase orders", help="Empty: the private note."),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.TAX_CODE, ReferenceKind.TERMS, ReferenceKind.DIMENSION),
    errors=ERRORS,
    settle_seconds=180,
    read_timeout_seconds=130.0,
    number_max=NUMBER,
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="deposit_account_id",
    customer_per_currency=True,
    verified_against=("simulator", "python-quickbooks and intuit-oauth on the simulator"),
    unverified=(
        "How long a requestid is remembered, and that a reused one with another body replays the first answer.",
        "How a document discount is apportioned when lines have different tax codes: it is spread over our lines instead.",
        "Lengths of PrivateNote (4000), PaymentRefNum (21) and custom field values (31).",
        "Which properties a credit memo takes; due date and shipping are left out of it. It cannot be voided, only deleted.",
        "How many decimals UnitPrice takes: at most 7 are sent.",
        "That queries can lag behind writes; a read by id does not.",
    ),
)
