"""Xero Accounting API 2.0 as plain data (developer.xero.com; Xero's OpenAPI file; recorded replies of a demo company)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://api.xero.com"
TOKEN_URL = "https://identity.xero.com/connect/token"  # noqa: S105 an address
API = "/api.xro/2.0"
CUSTOM_CONNECTION, AUTHORISED_APP = "client_credentials", "refresh_token"
SCOPES = "accounting.invoices accounting.payments accounting.contacts accounting.settings.read"

# Longest texts the API takes; REFERENCE is from memory.
NUMBER, REFERENCE, DESCRIPTION, ITEM_CODE = 255, 255, 4000, 30
CONTACT_NAME, CONTACT_NUMBER, EMAIL = 255, 50, 255
QUANTITY_DECIMALS = UNIT_DECIMALS = 4
TRACKING_PER_LINE = 2
OURS, XEROS = "ours", "xero"  # whose rounding of tax counts

_NO = Outcome.DID_NOT_HAPPEN


def _refused(name: str, text: str, *, says: str, fix: str, shared: bool = False) -> ErrorRule:
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, text=text, says=says, fix=fix, shared=shared)


# Validation errors have no code of their own: they are told apart by their words, matched loosely.
# The words of a server failure refuse nothing.
ERRORS = (
    ErrorRule(name="platform failure", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN, status=tuple(range(500, 600))),
    ErrorRule(
        name="connection withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_grant",),
        says="The refresh token is not valid any more: the organisation was disconnected, or it was not used for 60 days.",
        fix="Connect the organisation again and put the new refresh token into the connection.",
    ),
    ErrorRule(
        name="wrong client id or secret",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type"),
        says="Xero does not know this client id and secret, or the app may not use this kind of grant.",
        fix="Correct login, password and grant of the connection.",
    ),
    ErrorRule(
        name="scope not granted",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_scope", "AuthorizationUnsuccessful"),
        says="The app was not given a scope that this call needs.",
        fix="Correct the connection's scopes, and connect the organisation again with them.",
    ),
    ErrorRule(
        name="organisation not connected",
        action=Action.STOP,
        outcome=_NO,
        status=(403,),
        codes=("AuthenticationUnsuccessful",),
        says="The token does not open this organisation.",
        fix="Correct tenant_id of the connection, or connect the organisation to the app again.",
    ),
    ErrorRule(name="access token expired", action=Action.RENEW, outcome=_NO, codes=("TokenExpired",)),
    ErrorRule(name="access token not valid", action=Action.RENEW, outcome=_NO, status=(401,)),
    ErrorRule(
        name="forbidden",
        action=Action.STOP,
        outcome=_NO,
        status=(403,),
        says="Xero does not allow this to the user or app of the connection.",
        fix="Connect the organisation again with a user who may do this, and check tenant_id and scopes.",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    # Not an error: nothing changed since If-Modified-Since.
    ErrorRule(
        name="not modified",
        action=Action.REVIEW,
        outcome=_NO,
        status=(304,),
        says="Xero has nothing newer than what was asked for.",
        fix="Answer Retry.",
    ),
    # A document with this number exists: ours from an earlier try, somebody else's, or a voided one. The look-up tells.
    ErrorRule(
        name="number already used",
        action=Action.LOOK_UP,
        outcome=_NO,
        text=r"(invoice|credit note) # must be unique",
        says="Xero already has a document with this number; the number of a voided or deleted one stays taken.",
        fix="Compare the two, or give ours another number.",
    ),
    _refused(
        "idempotency key used for another request",
        r"idempotency.key",
        says="The same key was sent with another content within six minutes.",
        fix="Answer Retry in some minutes.",
    ),
    _refused(
        PERIOD_CLOSED,
        r"lock date",
        says="The books are locked for the date of this document.",
        fix="Give it a later posting date, or move the lock date in Xero (Advanced accounting, Lock dates).",
        shared=True,
    ),
    _refused(
        "paid or credited",
        r"payment or credit note allocated|payments? (or|and) credit",
        says="A payment or credit note is allocated to it, and Xero changes or voids no such document.",
        fix="Remove the allocation in Xero first, or correct with a credit note.",
    ),
    _refused(
        "not of valid status",
        r"not of valid status",
        says="Its status in Xero does not allow this; voided and deleted documents are final.",
        fix="Compare the two, then answer Retry or Reject.",
    ),
    _refused(
        "not approved",
        r"only be made against Authorised",
        says="A document must be approved in Xero before it can be paid.",
        fix="Approve it there, then answer Retry.",
    ),
    _refused(
        "pays too much",
        r"exceeds the amount outstanding",
        says="The payment is larger than what is still due on the document.",
        fix="See in Xero which payment came before, and correct the allocation.",
    ),
    _refused(
        "currency not subscribed",
        r"not subscribed to currency",
        says="The organisation does not use this currency.",
        fix="Add the currency in Xero (this depends on the plan), or route the document elsewhere.",
        shared=True,
    ),
    _refused("tax rate refused", r"tax ?type", says="The tax rate cannot be used here.", fix="Correct the mapping of the tax code."),
    _refused("account refused", r"account code", says="The account cannot be used here.", fix="Correct the mapping of the account."),
    _refused("item refused", r"item code", says="Xero does not have this item.", fix="Correct the mapping of the item, or add it in Xero."),
    _refused(
        "tracking refused",
        r"tracking",
        says="A tracking category or option cannot be used here.",
        fix="Correct the mapping of the dimension.",
    ),
    _refused(
        "contact archived",
        r"contact .*archived|archived contact",
        says="The contact was archived in Xero.",
        fix="Restore it there, then answer Retry.",
    ),
    _refused(
        "duplicate contact name",
        r"contact name .* already assigned",
        says="Another active contact has this name.",
        fix="Give one of the two another name, or our code as its account number, then answer Retry.",
    ),
    _refused(
        "line total",
        r"line total",
        says="Quantity, price, discount and amount of a line do not agree.",
        fix="Correct the line in the sales system.",
    ),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        codes=("ValidationException", "PostDataInvalidException"),
        says="Xero does not take the document as it is.",
        fix="Do what Xero's words say, in the document or in Xero, then answer Retry.",
    ),
    ErrorRule(
        name="not found",
        action=Action.REVIEW,
        outcome=_NO,
        status=(404,),
        says="Xero does not have it.",
        fix="See in Xero what became of it, then answer Retry or Reject.",
    ),
)

# What the connector itself finds out before or between requests.
DUPLICATE = next(rule for rule in ERRORS if rule.name == "number already used")
DUPLICATE_NAME = "duplicate contact name"
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
INEXPRESSIBLE = ErrorRule(name="cannot be expressed", action=Action.REVIEW, outcome=_NO, fix="Correct the mapping or the document.")
CHANGED_THERE = ErrorRule(
    name="changed in Xero",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid or voided it in Xero in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
ARCHIVED_CONTACT = ErrorRule(
    name="contact is archived",
    action=Action.REVIEW,
    outcome=_NO,
    says="The contact was archived in Xero.",
    fix="Restore it there, then answer Retry.",
)
PAYS_TOO_MUCH = next(rule for rule in ERRORS if rule.name == "pays too much")
BOOKED_OTHERWISE = ErrorRule(
    name="payment is booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.HAPPENED,
    says="Xero has this payment, with another amount.",
    fix="Compare the two and correct the one that is wrong.",
)
INEXPRESSIBLE_PAYMENT = ErrorRule(
    name="payment cannot be expressed",
    action=Action.REVIEW,
    outcome=_NO,
    says="A Xero payment is money received for one invoice; overpayments, refunds, discounts and write-offs are documents of their own.",
    fix="Book it in Xero by hand, or leave the discount to a credit note.",
)

SPEC = PlatformSpec(
    slug="xero",
    title="Xero",
    class_prefix="Xero",
    docs="developer.xero.com",
    blueprint_endpoint="/api.xro/2.0/Invoices",
    real_endpoint="PUT /api.xro/2.0/Invoices (create), POST /api.xro/2.0/Invoices/{InvoiceID} (change); /CreditNotes, /Contacts, /Payments",
    endpoint_note="The endpoint is the real one; create is PUT, because a POST with a known number silently edits the existing invoice.",
    limits=Limits(
        per_minute=60,
        per_day=5_000,
        app_per_minute=10_000,
        per_app=frozenset({"app minute"}),
        app_named_by=("login",),
        concurrent=5,
        batch=50,
        batch_bytes=3_500_000,
        throttle_seconds=60.0,
    ),
    idempotency=Idempotency.HEADER,  # Idempotency-Key, 128 characters, remembered for six minutes
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.UPDATE_DRAFT,
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.OWN_NUMBER,
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
    standard_fields=(
        StandardField(name="host", label="Base URL", placeholder=PRODUCTION),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Client id"),
        StandardField(name="password", label="Client secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(
            name="grant",
            label="Kind of connection",
            help="client_credentials: a Custom Connection, of one organisation; refresh_token: an app that a user authorised.",
            default=CUSTOM_CONNECTION,
            choices=(CUSTOM_CONNECTION, AUTHORISED_APP),
        ),
        FormField(name="tenant_id", label="Tenant id", help="tenantId from GET /connections; a Custom Connection needs none."),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="From authorising the app; the live one is kept, encrypted, in the staging database.",
            secret=True,
        ),
        FormField(name="token_url", label="Token URL", default=TOKEN_URL),
        FormField(name="scopes", label="OAuth scopes", help="Asked for by a Custom Connection; separated by blanks.", default=SCOPES),
        FormField(name="home_currency", label="Base currency", help="ISO 4217, as the organisation keeps its books.", required=True),
        FormField(name="sales_account_code", label="Account code for lines without an account", help="Empty: every line needs one."),
        FormField(name="charge_item_code", label="Item code for charges of the whole document", help="An item used for nothing else."),
        FormField(
            name="payment_account_code",
            label="Account code that payments go to",
            help="A bank account, or one with payments enabled; used where the payment's own bank account has no mapping.",
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
    # Longer than an Idempotency-Key is remembered: a stored 5xx answer is never replayed to the next attempt.
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,  # one payment of Xero for each
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="payment_account_code",
    settle_seconds=420,
    read_timeout_seconds=90.0,
    number_max=NUMBER,
    verified_against=("simulator", "xero-python on the simulator"),
    unverified=(
        "Length of Reference (255, also of a payment's, at whose end our words for it stand); that an empty one clears it.",
        "Direction of CurrencyRate (foreign units per unit of the base currency; from memory).",
        "How /CreditNotes behaves beyond its form in Xero's SDK; taken to be as /Invoices, without discounts on lines.",
        "Whether credit note numbers must be unique: they are looked up before one is created.",
        "Which refusals POST /Invoices/{InvoiceID}/Email has.",
        "That a `where` over credit note numbers counts as optimised in organisations with more than 100 000 of them.",
        "Status of AuthorizationUnsuccessful (401 or 403); re-use of a deleted draft's number.",
        "Which fields of a part-paid invoice can still be edited: an update of one is left to Xero to refuse.",
        "What a line that is sent with its LineItemID keeps of fields that are left out: the echo check tells amounts only.",
    ),
)
