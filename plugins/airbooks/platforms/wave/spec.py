"""Wave's public GraphQL API as plain data (developer.waveapps.com; the introspected public schema of spring 2026)."""

from __future__ import annotations

from airbooks.platforms.errors import Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://gql.waveapps.com/graphql/public"
ENDPOINT = "/graphql/public"
TOKEN_URL = "https://api.waveapps.com/oauth2/token/"  # noqa: S105 an address

# Quantities and unit prices are rounded to 8 decimals, half away from zero (schema).
DECIMALS = 8
# A sales tax code that stands for none: Wave has no exempt tax, a line simply has no taxes.
NO_TAX = "NONE"
PAYMENT_METHODS = ("BANK_TRANSFER", "CASH", "CHEQUE", "CREDIT_CARD", "OTHER", "PAYPAL", "UNSPECIFIED")
REFUSE, PRINT, LEAVE_OUT = "refuse", "print", "leave_out"
HEADER, LINES = "header", "lines"

# Codes that the connector gives to answers that have none of their own.
PARTIAL_ANSWER, INPUT_ERROR = "PARTIAL_ANSWER", "INPUT_ERROR"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN

# Three layers, in the order in which they are read: HTTP status, top-level errors[], didSucceed and inputErrors. Business refusals come
# with HTTP 200; their messages end in "(inputErrors)", because the vendor does not publish their codes.
ERRORS = (
    ErrorRule(
        name="connection withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_grant",),
        says="The refresh token is not valid any more: it was used elsewhere (each is good for one use), or the connection was revoked.",
        fix="Connect the business again and put the new refresh token into the connection.",
    ),
    ErrorRule(
        name="wrong client id or secret",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope"),
        says="Wave does not know this client id and secret.",
        fix="Correct login, client_secret and redirect_uri of the connection.",
    ),
    ErrorRule(name="answered in part", action=Action.LOOK_UP, outcome=_MAYBE, codes=(PARTIAL_ANSWER,)),
    ErrorRule(
        name="duplicate invoice number",
        action=Action.LOOK_UP,
        outcome=_NO,
        text=r"input\.invoiceNumber: .*(already|in use|taken|exists|unique|duplicate).*\(inputErrors\)$",
        says="Wave already has an invoice with this number.",
        fix="Compare the two; delete the wrong one, or give ours another number.",
    ),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        text=r"\(inputErrors\)$",
        says="Wave refused it.",
        fix="Correct the document, its customer or the mapping, then answer Retry.",
    ),
    ErrorRule(name="access token expired", action=Action.RENEW, outcome=_NO, codes=("UNAUTHENTICATED",)),
    ErrorRule(
        name="not allowed",
        action=Action.STOP,
        outcome=_NO,
        codes=("FORBIDDEN", "UNAUTHORIZED", "INSUFFICIENT_SCOPE"),  # UNVERIFIED codes
        says="The connection lacks a scope, or the business's plan does not include the API (Wave Pro or Advisor is needed).",
        fix="Connect the business again with the scopes business, customer, invoice, product, account and sales_tax.",
    ),
    ErrorRule(
        name="schema changed",
        action=Action.STOP,
        outcome=_NO,
        codes=("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"),
        says="Wave's schema no longer has a field that the connector asks for; nothing was booked.",
        fix="Update airbooks to a version that knows the new schema.",
    ),
    ErrorRule(
        name="business not found",
        action=Action.STOP,
        outcome=_NO,
        codes=("NOT_FOUND",),
        text=r"^Business ",
        says="The token does not open this business.",
        fix="Correct business_id of the connection, or connect with a user who sees the business.",
    ),
    ErrorRule(
        name="not found",
        action=Action.REVIEW,
        outcome=_NO,
        codes=("NOT_FOUND",),
        says="It names something that Wave does not have.",
        fix="Correct the mapping, or see in Wave what became of the record.",
    ),
    ErrorRule(
        name="bad value",
        action=Action.REVIEW,
        outcome=_NO,
        codes=("BAD_USER_INPUT",),
        says="A field has a value of another type or form than Wave takes.",
        fix="Correct the value that is named.",
    ),
    ErrorRule(
        name="not let in",
        action=Action.STOP,
        outcome=_NO,
        status=(403,),
        says="Wave does not let this connection in.",
        fix="Connect the business again with all scopes, and see that its plan includes the API (Wave Pro or Advisor).",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(name="platform failure", action=Action.LOOK_UP, outcome=_MAYBE, codes=("INTERNAL_SERVER_ERROR",)),
)


def _found_out(name: str, says: str, fix: str) -> ErrorRule:
    """Something the connector finds out by itself, before anything is written."""
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, says=says, fix=fix)


DUPLICATE = next(rule for rule in ERRORS if rule.name == "duplicate invoice number")
NO_MAPPING = _found_out("code without mapping", "A code has no counterpart in Wave.", "Map it, then answer Retry.")
CHANGED_THERE = _found_out(
    "changed in Wave",
    "Somebody changed, paid or deleted it in Wave in the meantime.",
    "Compare the two, then answer Retry or Reject.",
)
NUMBER_TAKEN = _found_out(
    "number of another invoice",
    "Another invoice in Wave has the number that this one is to get.",
    "Compare the two; delete the wrong one, or give ours another number.",
)
ARCHIVED_CUSTOMER = _found_out("customer is archived", "The customer was archived in Wave.", "Restore it there, then answer Retry.")
PAID = _found_out(
    "paid",
    "Wave deletes only invoices without payments.",
    "Delete or refund the payments in Wave, or set void_deletes_payments in the connection; then answer Retry.",
)
INEXPRESSIBLE_PAYMENT = _found_out(
    "payment cannot be expressed",
    "Wave books money received on approved invoices, in their currency, and nothing else.",
    "Book it in Wave by hand, or correct the allocations.",
)
BOOKED_OTHERWISE = ErrorRule(
    name="payment is booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.HAPPENED,
    says="Wave has this payment, with another amount.",
    fix="Compare the two and correct the one that is wrong.",
)
TOKEN_REFUSED = ErrorRule(
    name="access token refused",
    action=Action.STOP,
    outcome=_NO,
    says="Wave does not accept the full access token in the connection's password.",
    fix="Make a new token in Wave's developer portal, or leave the password empty and connect by OAuth.",
)

SPEC = PlatformSpec(
    slug="wave",
    title="Wave",
    class_prefix="Wave",
    docs="developer.waveapps.com",
    blueprint_endpoint="POST /businesses/{businessId}/invoices",
    real_endpoint="POST https://gql.waveapps.com/graphql/public, mutation invoiceCreate",
    endpoint_note=(
        "A REST path of that kind belonged to Wave's retired classic API (UNVERIFIED). The public API is GraphQL with one end point: "
        "businessId is an input of the mutation, and there is no batch mutation for invoices."
    ),
    limits=Limits(concurrent=1, throttle_seconds=1.0),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.OWN_NUMBER,
            Capability.MULTI_CURRENCY,
            Capability.EXCHANGE_RATE,
            Capability.LINE_DISCOUNT,
            Capability.DOCUMENT_DISCOUNT,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    standard_fields=(
        StandardField(name="host", label="GraphQL URL", placeholder=PRODUCTION),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Client id (OAuth)"),
        StandardField(name="password", label="Full access token (instead of OAuth)"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(name="business_id", label="Business id", help="The whole opaque id, for example QnVzaW5lc3M6...", required=True),
        FormField(name="client_secret", label="Client secret", help="For OAuth.", secret=True),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="From connecting the business; the live one is kept, encrypted, in the staging database.",
            secret=True,
        ),
        FormField(name="redirect_uri", label="Redirect URI", help="The one that the OAuth app was registered with."),
        FormField(name="token_url", label="Token URL", default=TOKEN_URL),
        FormField(name="home_currency", label="Home currency", help="ISO 4217, as in the business's settings.", required=True),
        FormField(
            name="default_product_id",
            label="Product id for lines without an item",
            help="Wave has no free-text lines. Empty: every line needs an item.",
        ),
        FormField(
            name="freight_product_id",
            label="Product id for charges of the whole document",
            help="A product used for nothing else. Empty: documents with such charges are refused.",
        ),
        FormField(
            name="deposit_account_id",
            label="Account id that payments are deposited to",
            help="A cash and bank account, for payments whose bank account is not mapped.",
        ),
        FormField(
            name="discounts",
            label="Discounts of the whole document",
            help="header: Wave's own discount, where all lines are taxed alike; lines: always folded into the unit prices.",
            default=HEADER,
            choices=(HEADER, LINES),
        ),
        FormField(
            name="internal_facts",
            label="Dimensions, warehouses and internal notes",
            help="Wave has no place for them, and customers read all of an invoice. refuse, print, or leave_out.",
            default=REFUSE,
            choices=(REFUSE, PRINT, LEAVE_OUT),
        ),
        FormField(
            name="void_deletes_payments",
            label="A void deletes the payments of the invoice as well",
            help="Wave deletes only invoices without payments. Off: a paid invoice is left to a person.",
            kind="boolean",
            default=False,
        ),
        FormField(
            name="sweep_days",
            label="Days whose invoices are searched for payments once a day",
            help="In case that a payment does not change its invoice's modification time (UNVERIFIED). 0: never.",
            kind="integer",
            default=45,
        ),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.TAX_CODE),
    errors=ERRORS,
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,  # one payment of Wave for each
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="deposit_account_id",
    settle_seconds=120,
    read_timeout_seconds=60.0,
    unverified=(
        "Whether an invoice number can be used twice: it is looked up before each create, and a refusal is understood as well.",
        "The codes of inputErrors and of a missing scope; HTTP statuses of GraphQL errors.",
        "Whether a discount lowers the tax, and whether tax is rounded per line: drafts are compared to the cent before they are approved.",
        "Which states can be patched, and whether a paid invoice can be deleted: payments are deleted first.",
        "Whether a payment changes its invoice's modifiedAt: invoices of the last weeks are searched once a day.",
        "A payment that was deleted leaves no trace in the API, and invoices on which nothing is paid are not searched for refunds: "
        "only the balance shows either.",
        "Rates per minute (about two parallel calls were observed): one call at a time.",
        "Largest page size (200 is asked for) and thousands separators in amounts (minor units are read instead).",
        "How long a number may be, and whether quantities may be negative.",
    ),
    verified_against=("simulator", "gql on the simulator"),
)
