"""FreshBooks accounting API (the new FreshBooks, not Classic) as plain data (www.freshbooks.com/api and the official SDKs)."""

from __future__ import annotations

from airbooks.platforms.errors import Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://api.freshbooks.com"

# The vendor does not publish how long a document number may be: a number of this length is certainly kept whole (UNVERIFIED beyond).
NUMBER = 20

# What the list of taxes has no entry for: a line without tax.
NO_TAX = "No tax"

PAYMENT_TYPES = (
    "Check",
    "Credit",
    "Cash",
    "Bank Transfer",
    "Credit Card",
    "Debit",
    "PayPal",
    "2Checkout",
    "VISA",
    "MASTERCARD",
    "DISCOVER",
    "AMEX",
    "DINERS",
    "JCB",
    "ACH",
    "Other",
)
SOFT_DELETE, REFUSE = "soft_delete", "refuse"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN


def _refused(name: str, *codes: str, says: str = "", fix: str = "") -> ErrorRule:
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, codes=codes, says=says, fix=fix)


# A document number that is refused may be one that an earlier try of ours has taken; the hook looks it up at once.
NUMBER_REFUSED = ErrorRule(name="document number refused", action=Action.LOOK_UP, outcome=_NO, text=r"^(invoice|credit)_number: ")
NUMBER_COLLISION = ErrorRule(name="document number collision", action=Action.LOOK_UP, outcome=_NO, status=(409,))

# Matched by errno before status: errors may come under HTTP 200 as well.
ERRORS = (
    ErrorRule(
        name="connection withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_grant",),
        says="The refresh token is spent or revoked. Each refresh kills the token before it, also one made by another program.",
        fix="Authorise the app again and put the new refresh token into the connection; let nothing else use the same user and app.",
    ),
    ErrorRule(
        name="wrong client id or secret",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type"),
        says="FreshBooks does not know this client id and secret, or the redirect URI is not the app's.",
        fix="Correct login, password and redirect_uri of the connection.",
    ),
    ErrorRule(name="access token expired", action=Action.RENEW, outcome=_NO, codes=("unauthenticated",)),
    _refused(
        "field cannot be written",
        "1038",
        says="FreshBooks does not let this field be written.",
        fix="Leave the field that is named empty, or report it as a fault of the connector.",
    ),
    ErrorRule(
        name="access denied",
        action=Action.STOP,
        outcome=_NO,
        codes=("1003",),
        says="The user who authorised the app may not do this, or the app lacks a scope.",
        fix="Authorise the app again with the scopes for clients, invoices, credit notes, payments and taxes, as an owner or admin.",
    ),
    ErrorRule(
        name="not allowed",
        action=Action.STOP,
        outcome=_NO,
        status=(403,),
        says="The token does not open this account, or a scope is missing.",
        fix="Correct account_id (the account_id of users/me, not the business id), or authorise the app again with all scopes.",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    _refused("deleted in FreshBooks", "1011", says="Something it names was deleted in FreshBooks.", fix="Restore it there, then retry."),
    _refused("not found", "1012", says="It names a client, invoice or payment that FreshBooks does not have.", fix="Correct the link."),
    _refused("text too long", "1017", says="A text is longer than its field in FreshBooks.", fix="Shorten the text that is named."),
    NUMBER_COLLISION,
    NUMBER_REFUSED,
    _refused(
        "required field missing",
        "1001",
        says="The document or client lacks a field that FreshBooks needs.",
        fix="Fill the field that is named in the sales system.",
    ),
    _refused(
        "invalid value",
        "1004",
        "1005",
        "1015",
        "1018",
        says="A field has a value that FreshBooks does not take.",
        fix="Correct the field that is named, or its mapping.",
    ),
    _refused("invalid date", "1016", "1033", says="A date is not one that FreshBooks takes.", fix="Correct the date that is named."),
    _refused(
        "invalid paging",
        "1013",
        "1014",
        says="FreshBooks does not take the page that was asked for.",
        fix="Answer Retry; report it as a fault of the connector where it comes again.",
    ),
    _refused("tax name in use", "13002", says="The account has another tax with this name.", fix="Rename one of them in FreshBooks."),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 404, 422),
        says="FreshBooks does not take it as it is.",
        fix="Do what FreshBooks' words say, in the document or there, then answer Retry.",
    ),
)

# What the connector itself finds out before or between requests.
DUPLICATE = ErrorRule(
    name="duplicate document number",
    action=Action.LOOK_UP,
    outcome=_NO,
    says="FreshBooks already has a document with this number.",
    fix="Compare the two; delete the wrong one, or give ours another number.",
)
NUMBER_NOT_TAKEN = _refused("document number refused", says="FreshBooks does not take this document number.", fix="Give it another one.")
NUMBER_OF_DELETED = _refused(
    "number of a deleted document",
    says="A document that was deleted in FreshBooks has this number.",
    fix="Give ours another number, or restore the deleted one in FreshBooks and reject ours.",
)
NOTHING_BOOKED = ErrorRule(name="number collision, nothing booked", action=Action.RETRY, outcome=_NO)
NO_MAPPING = _refused("code without mapping")
STILL_DRAFT = _refused(
    "still a draft",
    says="FreshBooks took the order to mark it as sent or to mail it, and shows it as a draft still.",
    fix="Mark it as sent in FreshBooks, then answer Retry.",
)
CHANGED_THERE = _refused(
    "changed in FreshBooks",
    says="Somebody changed, paid or deleted it in FreshBooks in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
HAS_PAYMENTS = _refused(
    "payments block the void",
    says="It has payments. FreshBooks does not document what becomes of them when the document is deleted.",
    fix="Delete the payments in FreshBooks first, then answer Retry; or issue a credit note.",
)
VOID_REFUSED = _refused(
    "void is switched off",
    says="This connection does not delete documents (void_mode).",
    fix="Issue a credit note in the sales system, or set void_mode to soft_delete.",
)
INACTIVE_CUSTOMER = _refused(
    "client is deleted or archived", says="The client was deleted or archived in FreshBooks.", fix="Restore it there, then answer Retry."
)
OVERPAYMENT = _refused(
    "more than is outstanding",
    says="FreshBooks would turn the surplus into client credit without asking.",
    fix="Correct the allocation to what is outstanding.",
)

SPEC = PlatformSpec(
    slug="freshbooks",
    title="FreshBooks",
    class_prefix="FreshBooks",
    docs="www.freshbooks.com/api",
    blueprint_endpoint="/invoices",
    real_endpoint="POST /accounting/account/{accountId}/invoices/invoices",
    endpoint_note=(
        "A bare /invoices belongs to the retired FreshBooks Classic; the doubled invoices/invoices is right. There is no void: the nearest "
        "is the soft delete (vis_state 1), which a person can undo."
    ),
    # The vendor publishes no numbers and asks for moderation; over the limit is HTTP 429 without Retry-After.
    limits=Limits(per_second=4, concurrent=1, throttle_seconds=1.0),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.OWN_NUMBER,
            Capability.MULTI_CURRENCY,
            Capability.LINE_DISCOUNT,
            Capability.DOCUMENT_DISCOUNT,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.BANK_ACCOUNT_NOTED,  # payments have no account there
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
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
        FormField(name="account_id", label="Account id", help="Short, letters and digits (users/me shows it).", required=True),
        FormField(name="redirect_uri", label="Redirect URI", help="The app's own, https; wanted on every refresh.", required=True),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help=(
                "From authorising the app. One is alive per user and app, and each works once: every connection needs a user or an app of "
                "its own. The live one is kept, encrypted, in the staging database."
            ),
            required=True,
            secret=True,
        ),
        FormField(
            name="void_mode",
            label="What a void does",
            help="soft_delete: the document is deleted (a person can restore it); refuse: a person issues a credit note.",
            default=SOFT_DELETE,
            choices=(SOFT_DELETE, REFUSE),
        ),
        FormField(
            name="default_payment_type",
            label="Payment type for methods without mapping",
            default="Other",
            choices=PAYMENT_TYPES,
        ),
    ),
    reference_kinds=(ReferenceKind.TAX_CODE,),
    errors=ERRORS,
    settle_seconds=180,
    read_timeout_seconds=60.0,
    number_max=NUMBER,
    verified_against=("simulator", "freshbooks-sdk on the simulator"),
    unverified=(
        "The answer to a document number that is taken, and whether a deleted document keeps its number: both are looked up.",
        "Lengths of document number and purchase order.",
        "Decimals of quantity and unit cost beyond two: other lines are booked as one piece at their amount.",
        "Negative lines: refused.",
        "Whether lines in an update replace all lines (every line is sent), and whether payments block the soft delete (they do here).",
        "Whether a deleted document can still be read; both answers are understood.",
        "The sign of discount_total, and that there is no tax total: net is the lines less the discount, tax the rest.",
        "Rounding of discount and tax: the echo is compared to the cent before a draft is marked as sent.",
        "Credit notes: search by number, uniqueness of numbers, discounts, status after creation, the name of the answer's wrapper.",
        "That a client is changed by PUT with the changed fields, as an invoice is.",
        "Locked periods: none known. The body of HTTP 429. Which currencies the plan allows.",
    ),
)
