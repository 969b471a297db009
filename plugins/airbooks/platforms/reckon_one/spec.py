"""Reckon One API v2 as plain data (developer.reckon.com; the vendor's OpenAPI file; help.reckon.com)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://api.reckon.com"
BASE_PATH = "/r1/v2"
TOKEN_URL = "https://identity.reckon.com/connect/token"  # noqa: S105 an address

# The vendor publishes no length for the reference of an invoice (receipts: 200): one of this length is certainly kept whole (UNVERIFIED).
NUMBER = 50
CUSTOMER_NAME, BUSINESS_NUMBER, EMAIL, ADDRESS, POSTCODE, COUNTRY, PHONE = 100, 20, 100, 80, 30, 30, 30
RECEIPT_REFERENCE, RECEIPT_NOTES = 200, 255
RECEIPT_NAME = 100  # of the reference, for what a payment of ours is known by
PRICE_DECIMALS, QUANTITY_DECIMALS = 8, 4  # of a quantity: UNVERIFIED

CURRENCIES = {"AU": "AUD", "NZ": "NZD", "GB": "GBP", "UK": "GBP"}
EXCLUSIVE, INCLUSIVE = "Exclusive", "Inclusive"
OURS, COMPUTED = "ours", "computed"  # whose tax amounts stand on the lines
PO_FIELD, PO_IN_NOTES = "purchaseOrderNumber", "notes"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN
# Where words decide: a time-out or a failure of Reckon proves nothing, whatever it says ("deadlocked" is no locked period).
_REFUSING = tuple(status for status in range(400, 500) if status not in (401, 403, 408, 415, 429))


def _refused(name: str, text: str = "", *, says: str = "", fix: str = "", shared: bool = False) -> ErrorRule:
    status = _REFUSING if text else ()
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, status=status, text=text, says=says, fix=fix, shared=shared)


def _stops(name: str, *, says: str, fix: str, status: tuple[int, ...] = (), codes: tuple[str, ...] = (), text: str = "") -> ErrorRule:
    return ErrorRule(name=name, action=Action.STOP, outcome=_NO, status=status, codes=codes, text=text, says=says, fix=fix)


# A refusal has no code of its own but a `location` and words, which are UNVERIFIED: both are matched loosely, as "location: words".
ERRORS = (
    _stops(
        "connection withdrawn",
        codes=("invalid_grant",),
        says="The refresh token is spent, expired or revoked.",
        fix="Sign in again (scope offline_access included) and put the new refresh token into the connection.",
    ),
    _stops(
        "wrong client id or secret",
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope"),
        says="Reckon does not know this client id and secret, or the redirect URI is not the app's.",
        fix="Correct login, password and redirect_uri of the connection.",
    ),
    _stops(
        "subscription key refused",
        status=(401,),
        text=r"subscription key",
        says="The gateway does not take the subscription key.",
        fix="Correct subscription_key: the primary or secondary key of the product at developer.reckon.com.",
    ),
    ErrorRule(name="access token expired", action=Action.RENEW, outcome=_NO, status=(401,)),
    # The gateway's quota (from memory of Azure API Management): calls fit again when it is replenished.
    ErrorRule(name="quota exceeded", action=Action.WAIT, outcome=_NO, status=(403,), text=r"quota"),
    _stops(
        "not allowed",
        status=(403,),
        says="The role of the user who signed in does not allow this in the book.",
        fix="Give the user a role that may view, create, edit, approve and delete invoices, credit notes, receipts and customers.",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    _stops(
        "content type refused",
        status=(415,),
        says="Reckon One did not get the content type that it wants.",
        fix="Look for a proxy that changes Content-Type (a PATCH is application/merge-patch+json).",
    ),
    _refused(
        PERIOD_CLOSED,
        r"lock.?off|locked",
        says="The book is locked for the date of this document.",
        fix="Give it a later posting date, or move the lock-off date in Reckon One (Settings, Book).",
        shared=True,
    ),
    _refused(
        "tax amount refused",
        r"tax for line|taxAmount:",
        says="The tax amount of a line is not what Reckon One computes, and the book does not let tax be edited.",
        fix="Let tax amounts be edited in Reckon One (Settings, Tax), or set tax_amounts of the connection to computed.",
        shared=True,
    ),
    _refused(
        "tax status refused",
        r"amountTaxStatus:",
        says="The book does not take amounts in this form (with or without tax).",
        fix="Let users choose it in Reckon One (Settings, Tax), or correct amount_tax_status of the connection.",
        shared=True,
    ),
    _refused("tax rate refused", r"taxRate:", says="The tax rate cannot be used here.", fix="Correct the mapping of the tax code."),
    _refused(
        "item refused",
        r"\bitem:",
        says="Reckon One does not have this item, or it is inactive.",
        fix="Correct the mapping of the item, or make it active there.",
    ),
    _refused("account refused", r"ledgerAccount:", says="The account cannot be used here.", fix="Correct the mapping of the account."),
    _refused(
        "terms refused",
        r"paymentTerms:",
        says="Reckon One does not have these payment terms.",
        fix="Correct the mapping of the payment terms.",
    ),
    _refused(
        "dimension refused",
        r"(classification|project):",
        says="Reckon One does not have this classification or project.",
        fix="Correct the mapping of the dimension.",
    ),
    _refused(
        "payment method refused",
        r"paymentMethod:",
        says="Reckon One does not have this payment method.",
        fix="Correct the mapping of the payment method, or payment_method of the connection.",
    ),
    _refused(
        "template refused",
        r"template:",
        says="The book has no such template, or wants one to be named.",
        fix="Set template of the operator to a template of the book.",
        shared=True,
    ),
    _refused(
        "duplicate customer name",
        r"already exists|duplicate|must be unique|^name:",
        says="Another contact of the book has this name.",
        fix="Rename that contact in Reckon One, or put our customer code into its second business number if it is the same firm.",
    ),
    _refused("customer refused", r"customer:", says="Reckon One does not take the customer.", fix="Compare the customer there."),
    _refused("reconciled", r"reconcil", says="It is reconciled with the bank and cannot be changed.", fix="Undo the reconciliation first."),
    _refused("pays too much", r"exceeds", says="It is more than is still to be paid, or than the receipt.", fix="Correct the allocation."),
    _refused(
        "linked",
        r"\blink|not approved",
        says="Receipts or credit notes are linked to it, or it is not approved yet.",
        fix="Remove the links in Reckon One, or approve it there, then answer Retry.",
    ),
    ErrorRule(
        name="not found",
        action=Action.REVIEW,
        outcome=_NO,
        status=(404,),
        says="Reckon One does not have it (any more).",
        fix="See whether somebody deleted it there; answer Retry to have it made anew, or Reject.",
    ),
)

# What the connector itself finds out before or between requests.
WITHDRAWN = ERRORS[0]
DUPLICATE_NAME = "duplicate customer name"
WRONG_BOOK = _stops(
    "no such book",
    says="Reckon One has no such book, or the user who signed in has no access to it.",
    fix="Correct book_id of the connection (the airbooks check lists the books of this user) and base_path.",
)
DUPLICATE = ErrorRule(
    name="document exists already",
    action=Action.LOOK_UP,
    outcome=_NO,
    says="Reckon One already has a document with our number as its reference.",
    fix="Compare the two; delete the wrong one, or give ours another number.",
)
UNREAD = ErrorRule(name="booked, but not read back", action=Action.LOOK_UP, outcome=_MAYBE)
NO_MAPPING = _refused("code without mapping")
INEXPRESSIBLE = _refused("cannot be expressed", fix="Correct the mapping or the document.")
CHANGED_THERE = _refused(
    "changed in Reckon One",
    says="Somebody changed, paid or deleted it in Reckon One in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
NOT_APPROVED = _refused(
    "not approved",
    says="Reckon One took the approval and left the document a draft.",
    fix="See whether the user who signed in may approve in Reckon One, or approve it there, then answer Retry.",
)
HAS_PAYMENTS = _refused(
    "payments block the change",
    says="Receipts or credit notes are linked to it, and Reckon One changes and deletes no such document.",
    fix="Remove the links in Reckon One first, then answer Retry; or issue a credit note.",
)
INACTIVE_CUSTOMER = _refused(
    "customer is inactive", says="The customer is inactive in Reckon One.", fix="Make it active there, then answer Retry."
)
NO_TYPES = _refused("no contact types", says="The book lists no types for addresses, phones or e-mail.", fix="Add one in Reckon One.")
INEXPRESSIBLE_PAYMENT = _refused(
    "payment cannot be expressed",
    says="A receipt of Reckon One settles approved invoices of its customer.",
    fix="Correct the allocations, or book it in Reckon One by hand.",
)
BOOKED_OTHERWISE = ErrorRule(
    name="payment is booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.HAPPENED,
    says="Reckon One has a receipt with our reference, over another amount or on other invoices.",
    fix="Compare the two and correct the one that is wrong.",
)
OVERPAYMENT = _refused(
    "more than is outstanding", says="The payment is more than is still to be paid.", fix="Correct the allocation to what is outstanding."
)

SPEC = PlatformSpec(
    slug="reckon_one",
    title="Reckon One",
    class_prefix="ReckonOne",
    docs="developer.reckon.com",
    blueprint_endpoint="/invoices",
    real_endpoint="POST /r1/v2/{bookId}/invoices; PUT, PATCH, DELETE .../invoices/{id}; .../creditNotes, .../customers, .../receipts",
    endpoint_note=(
        "A bare /invoices never existed: the book's id is part of every path. The older /R1/{bookId} is not used. "
        "There is no void: the nearest is to delete the document."
    ),
    # The gateway's numbers are not published: what is sent is moderate, and creates are made one after the other.
    limits=Limits(per_second=10, concurrent=1, throttle_seconds=10.0),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
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
        FormField(name="book_id", label="Book id", help="GUID; GET /books lists those of the user who signed in.", required=True),
        FormField(
            name="subscription_key",
            label="Subscription key",
            help="Of the API product at developer.reckon.com; sent with every call.",
            required=True,
            secret=True,
        ),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="From signing in with scope offline_access; the live one is kept, encrypted, in the staging database.",
            required=True,
            secret=True,
        ),
        FormField(name="redirect_uri", label="Redirect URI", help="The app's own; wanted on every refresh.", required=True),
        FormField(
            name="home_currency",
            label="Currency of the book",
            help="Given by its country (AU: AUD, NZ: NZD, UK: GBP). Documents in other currencies are refused.",
            required=True,
        ),
        FormField(name="base_path", label="Base path", help="Empty for api-v2.reckonone.com (enter /).", default=BASE_PATH),
        FormField(name="token_url", label="Token URL", default=TOKEN_URL),
        FormField(
            name="amount_tax_status",
            label="Prices with or without tax",
            help="What the book wants where it does not let a document choose.",
            default=EXCLUSIVE,
            choices=(EXCLUSIVE, INCLUSIVE),
        ),
        FormField(
            name="tax_amounts",
            label="Whose tax amounts",
            help="computed: Reckon One computes the tax of each line; ours: it is sent, which the book must allow (Settings, Tax).",
            default=COMPUTED,
            choices=(COMPUTED, OURS),
        ),
        FormField(
            name="default_income_account",
            label="Income account for lines without item and account",
            help="Full name or id, for example Income:Freight recovered. Empty: each such line needs an account.",
        ),
        FormField(
            name="po_field",
            label="Where the purchase order number goes",
            help="purchaseOrderNumber is in newer deployments only.",
            default=PO_FIELD,
            choices=(PO_FIELD, PO_IN_NOTES),
        ),
        FormField(name="bank_account", label="Bank account of receipts", help="Full name or id; empty: the book's default."),
        FormField(name="payment_method", label="Payment method for methods without mapping", help="Name or id; empty: none."),
        FormField(
            name="payment_lookback_days",
            label="Days back in which receipts are read again",
            help="Receipts have no time of change: late entries with an earlier date are found within these days.",
            kind="integer",
            default=14,
        ),
    ),
    reference_kinds=(
        ReferenceKind.ITEM,
        ReferenceKind.ACCOUNT,
        ReferenceKind.TAX_CODE,
        ReferenceKind.TERMS,
        ReferenceKind.DIMENSION,
    ),
    errors=ERRORS,
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="bank_account",
    settle_seconds=180,
    read_timeout_seconds=60.0,
    number_max=NUMBER,
    secret_headers=("ocp-apim-subscription-key",),
    unverified=(
        "Lifetime of the refresh token (45 days idle, 12 months at most); whether a used one still works.",
        "That there is no sandbox host: a trial book is used.",
        "Rate limits and quota of the gateway, and the words of its refusals (429, 403; from memory of Azure API Management).",
        "Whether `customer` takes an id: the name, unique among contacts, is sent.",
        "Whether an invoice is Approved at once in a book without approval: its status is read back, and a Draft is approved.",
        "That credit notes are drafts where invoices are; that PUT leaves the status as it is.",
        "Length of an invoice's reference (50 are used), notes and line descriptions; decimals of a quantity (4 are used).",
        "Whether accountDetails.amount is of one piece or of the line: such lines are always one piece.",
        "Rounding of tax per line and of header discounts: discounts stand on the lines, and drafts are compared to the cent.",
        "Lines below zero: refused.",
        "Words of refusals (400); that a document with linked receipts cannot be changed or deleted; that a draft takes no receipt.",
        "purchaseOrderNumber is in newer deployments only: po_field puts the order number into the notes instead.",
        "External* parameters of newer deployments: not used.",
    ),
)
