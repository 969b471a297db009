"""Brightpearl's public API as plain data (api-docs.brightpearl.com; recorded live answers)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

ACCOUNT_TOKEN, STAFF_TOKEN, OAUTH = "account_token", "staff_token", "oauth"
TOKEN_URL = "https://oauth.brightpearl.com/token/{account}"  # noqa: S105 an address, not a secret

# The length of externalRef is not documented; 64 leaves room for the end that the credit of a void adds to our number.
CREDIT_SUFFIX = "-CR"
NUMBER, REFERENCE, TRANSACTION, JOURNAL, PERSON = 60, 64, 64, 255, 32
QUANTITY_DECIMALS = 4
# Rows of free text are stored under this product.
FREE_TEXT_PRODUCT = 1000
# Allowances and charges of the whole document are rows of their own, known by the beginning of their name.
DISCOUNT_ROW, CHARGE_ROW = "Document discount: ", "Document charge: "
MOST_MESSAGES, MOST_IDS, PAGE = 10, 200, 500

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN

ERRORS = (
    ErrorRule(
        name="wrong client",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type"),
        says="Brightpearl does not know this OAuth client, or its secret is wrong.",
        fix="Correct client_id and password (the client secret) of the connection.",
    ),
    ErrorRule(
        name="authorisation withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_grant",),
        says="The refresh token is not valid any more.",
        fix="Authorise the app again for this account and put the new refresh token into the connection.",
    ),
    # No Retry-After: the header brightpearl-next-throttle-period says how many milliseconds are left.
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(503,), text=r"too many requests"),
    ErrorRule(name="too many requests", action=Action.WAIT, outcome=_NO, status=(429,)),  # 429 is UNVERIFIED
    ErrorRule(
        name="token refused",
        action=Action.STOP,
        outcome=_NO,
        status=(401,),
        text=r"invalid\b.*\btoken",
        says="Brightpearl does not accept the token of the connection.",
        fix="Correct password (the account or staff token), app_ref and the account code.",
    ),
    ErrorRule(
        name="token expired",
        action=Action.RENEW,
        outcome=_NO,
        status=(401,),
        says="Brightpearl refuses the token even after renewing it.",
        fix="Authorise the app again for this account.",
    ),
    ErrorRule(
        name="not allowed",
        action=Action.STOP,
        outcome=_NO,
        status=(403,),
        says="The app may not use this part of the account.",
        fix="Give the app (or its staff member) access to orders, contacts, products and accounting.",
    ),
    # The codes of the next four are UNVERIFIED: words decide.
    ErrorRule(
        name=PERIOD_CLOSED,
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 409),
        text=r"accounting.period|period.*(lock|clos)|(lock|clos)ed.*period",
        says="The accounting period of this tax date is locked.",
        fix="Give it a later posting date, or unlock the period in Brightpearl.",
        shared=True,
    ),
    ErrorRule(
        name="already invoiced",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 409),
        text=r"already.*invoiced|has been invoiced",
        says="The order is invoiced, and an invoiced order can be changed no more.",
        fix="Take it back with a credit and send it anew under another number.",
    ),
    ErrorRule(
        name="duplicate payment",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 409),
        text=r"transaction.?(ref|code).*(already|duplicate|unique|exists)",
        says="Another payment has this transaction reference and method.",
        fix="Compare the two in Brightpearl; give ours another reference, or Reject it where it is the same.",
    ),
    ErrorRule(
        name="cannot be cancelled",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 409),
        text=r"cannot be cancel|can not be cancel",
        says="An order with goods-out notes or payments cannot be cancelled.",
        fix="Take them back in Brightpearl first.",
    ),
    ErrorRule(
        name="invalid order",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400,),
        codes=("ORDC-005", "ORDC-006", "ORDC-022", "ORDC-024", "CMNC-010"),
        says="It names a customer, product, tax code or account that Brightpearl does not have, or a value it does not take.",
        fix="Correct the mapping.",
    ),
    ErrorRule(
        name="not found",
        action=Action.REVIEW,
        outcome=_NO,
        status=(404,),
        says="Brightpearl does not have it (any more).",
        fix="See whether it was deleted there; answer Retry to have it made anew, or Reject.",
    ),
    # Mistakes of the client come back as HTTP 500; only codes that begin with CMNU are the server's own.
    ErrorRule(
        name="request not understood",
        action=Action.REVIEW,
        outcome=_NO,
        status=(500,),
        text=r"\(CMNC-\d+\)",
        says="Brightpearl does not understand a value of the document.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
    ErrorRule(name="server or gateway failure", action=Action.LOOK_UP, outcome=_MAYBE, status=(408, 500, 502, 503, 504)),
)

# What the connector itself finds out before, between and after requests.
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
INEXPRESSIBLE = ErrorRule(name="cannot be expressed", action=Action.REVIEW, outcome=_NO)
DUPLICATE = ErrorRule(
    name="duplicate document number",
    action=Action.LOOK_UP,
    outcome=_NO,
    says="Several orders in Brightpearl have this external reference.",
    fix="Cancel the wrong ones there, then answer Retry.",
)
NUMBER_OF_A_VOID = ErrorRule(
    name="number of a void document",
    action=Action.REVIEW,
    outcome=_NO,
    says="A cancelled or credited order keeps its external reference, and Brightpearl takes a second order under it for a repeat.",
    fix="Give ours another number.",
)
NOT_READ_BACK = ErrorRule(name="sent but not read back", action=Action.LOOK_UP, outcome=_MAYBE)
NOT_ANSWERED = ErrorRule(name="not answered", action=Action.LOOK_UP, outcome=_MAYBE)
NOT_PROCESSED = ErrorRule(name="not processed", action=Action.RETRY, outcome=_NO)
PENDING = ErrorRule(name="invoice is pending", action=Action.LOOK_UP, outcome=_MAYBE)
CHANGED_THERE = ErrorRule(
    name="changed in Brightpearl",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, invoiced, paid or cancelled it in Brightpearl in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
FIXED = ErrorRule(
    name="cannot be changed",
    action=Action.REVIEW,
    outcome=_NO,
    says="Brightpearl changes neither an invoiced order nor date, currency, addresses and dimensions of any order.",
    fix="Void it and send the new one under another number, or correct it with a credit note.",
)
CREDIT_IS_FINAL = ErrorRule(
    name="credit cannot be taken back",
    action=Action.REVIEW,
    outcome=_NO,
    says="A closed sales credit cannot be taken back.",
    fix="Invoice the amount again.",
)
PAID_THERE = ErrorRule(
    name="payments applied",
    action=Action.REVIEW,
    outcome=_NO,
    says="Payments are booked on it.",
    fix="Refund or delete the payments in Brightpearl first, then answer Retry.",
)
NO_CANCELLED_STATUS = ErrorRule(
    name="no cancelled status",
    action=Action.REVIEW,
    outcome=_NO,
    says="An order that is not invoiced is taken back by a status of the account that means cancelled, and the connection names none.",
    fix="Set cancelled_status_id and cancelled_credit_status_id in the connection.",
    shared=True,
)
AMBIGUOUS_CUSTOMER = ErrorRule(
    name="several contacts",
    action=Action.REVIEW,
    outcome=_NO,
    says="More than one contact fits this customer, and not exactly one of them is the company's primary contact.",
    fix="Write our customer code into the account reference of the right contact in Brightpearl.",
)
CREDITED_IN_PART = ErrorRule(
    name="credited in part",
    action=Action.REVIEW,
    outcome=_NO,
    says="Sales credits take a part off it already, and a credit of the whole would take that off twice.",
    fix="Credit the rest in Brightpearl by hand.",
)
NOT_PAYABLE = ErrorRule(
    name="order cannot take the payment",
    action=Action.REVIEW,
    outcome=_NO,
    says="An order takes money of its own contact, in its own currency, and no more than is open.",
    fix="Allocate the payment anew.",
)
PAYMENT_DIFFERS = ErrorRule(
    name="payment booked otherwise",
    action=Action.REVIEW,
    outcome=_NO,
    says="The payment is in Brightpearl already, with another amount or currency.",
    fix="Compare the two; delete the wrong one in Brightpearl.",
)
TOKEN_IS_FIXED = ErrorRule(
    name="token refused",
    action=Action.STOP,
    outcome=_NO,
    says="The account or staff token does not expire by itself: it was withdrawn.",
    fix="Make a new token in Brightpearl (App Store, Private apps) and put it into the connection.",
)

SPEC = PlatformSpec(
    slug="brightpearl",
    title="Brightpearl by Sage",
    class_prefix="Brightpearl",
    docs="api-docs.brightpearl.com",
    blueprint_endpoint="/invoice-service/invoices",
    real_endpoint="POST /order-service/sales-order, POST /order-service/sales-order/{id}/close",
    endpoint_note="Brightpearl has no invoice-service: an invoice is a state of a sales order. The order is created with its rows in one"
    " request, checked, and closed, which writes the journal and gives it an invoice reference (SI-...) a moment later.",
    limits=Limits(per_minute=200, batch=MOST_MESSAGES, throttle_seconds=60.0, per_app=frozenset({"minute"}), app_named_by=("login",)),
    idempotency=Idempotency.EXTERNAL_ID,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.NATIVE_IDEMPOTENCY,
            Capability.MULTI_CURRENCY,
            Capability.EXCHANGE_RATE,
            Capability.LINE_DISCOUNT,
            Capability.DOCUMENT_DISCOUNT,
            Capability.DIMENSIONS,
            Capability.TAX_GIVEN,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.BANK_ACCOUNT_NOTED,  # the method decides the account; ours is in journalRef
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    standard_fields=(
        StandardField(name="host", label="API domain (OAuth: empty takes the token's)", placeholder="https://euw1.brightpearlconnect.com"),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Account code"),
        StandardField(name="password", label="Account or staff token; OAuth: client secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(name="app_ref", label="App reference", help="Of the private app, or of the app that was authorised.", required=True),
        FormField(
            name="auth",
            label="Authorisation",
            help="A private app's account token or staff token, or OAuth.",
            default=ACCOUNT_TOKEN,
            choices=(ACCOUNT_TOKEN, STAFF_TOKEN, OAUTH),
        ),
        FormField(name="dev_ref", label="Developer reference", help="OAuth only."),
        FormField(name="client_id", label="Client id", help="OAuth only."),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="OAuth only: the first one; later ones are kept with the access tokens.",
            secret=True,
        ),
        FormField(name="token_url", label="Token URL", help="OAuth only; {account} stands for the account code.", default=TOKEN_URL),
        FormField(name="home_currency", label="Base currency", help="ISO 4217, as in the account's settings.", required=True),
        FormField(
            name="instance_id",
            label="Installed integration instance id",
            help="With it Brightpearl itself refuses a second order under our number; without it we look before we create."
            " OAuth: test the connection to be told; private apps: ask Brightpearl.",
        ),
        FormField(name="time_zone", label="Time zone of the account", default="Europe/London", help="Dates are sent as its midnight."),
        FormField(name="status_id", label="Status id of new sales orders", help="Empty: the account's own. Never the invoiced one."),
        FormField(name="cancelled_status_id", label="Status id of cancelled sales orders", help="To take back an order not yet invoiced."),
        FormField(name="cancelled_credit_status_id", label="Status id of cancelled sales credits", help="Likewise, for sales credits."),
        FormField(name="warehouse_id", label="Warehouse id", help="For documents that name no warehouse."),
        FormField(name="channel_id", label="Channel id", help="For documents that name no channel."),
        FormField(name="price_list_id", label="Price list id", help="Empty: the contact's."),
        FormField(name="freight_nominal", label="Nominal code of freight", default="4040", help="For freight without an account."),
        FormField(name="payment_method_code", label="Payment method", help="For payments whose method has no mapping; decides the bank."),
        FormField(
            name="credit_term_days",
            label="Credit days of new contacts",
            kind="integer",
            default=30,
            help="Brightpearl computes due dates from the contact.",
        ),
    ),
    reference_kinds=(
        ReferenceKind.ITEM,
        ReferenceKind.ACCOUNT,
        ReferenceKind.TAX_CODE,
        ReferenceKind.CURRENCY,
        ReferenceKind.DIMENSION,
    ),
    errors=ERRORS,
    settle_seconds=180,
    read_timeout_seconds=60.0,
    number_max=NUMBER,
    unverified=(
        "The id that a repeated POST of an order answers: presumed to be the existing one, and checked against our number.",
        "Where a contact's e-mail stands on POST: as it stands on GET. That a postal address takes a country of two letters.",
        "Whether refresh tokens rotate: whatever comes back is stored and used next.",
        "The direction of exchange rates: units of the order's currency for one unit of the base currency.",
        "Codes of a locked period, a duplicate payment and an order invoiced already: known by their words.",
        "The length of externalRef (60 characters of ours are sent) and of an order note.",
        "HTTP 429: handled like the documented 503.",
        "How the status that means cancelled is told apart: the connection names it.",
    ),
)
