"""MYOB Business API v2 as plain data (developer.myob.com; the vendor's .NET SDK; help articles of apisupport.myob.com)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://api.myob.com"
TOKEN_URL = "https://secure.myob.com/oauth2/v1/authorize"  # noqa: S105 an address; MYOB's token end point is called so
ITEM, SERVICE = "Item", "Service"
LAYOUTS = (ITEM, SERVICE)
DELIVERY = ("Nothing", "Print", "Email", "PrintAndEmail")
FREIGHT_LINE, FREIGHT_HEADER = "line", "header"

# Longest texts. DESCRIPTION is from memory, and that prices and quantities have six decimals, percentages two.
NUMBER, CARD_ID, CARD_NAME, NOTES, SHIP_TO, MEMO, DESCRIPTION = 13, 15, 50, 255, 255, 255, 1000
EMAIL, PHONE, POSTCODE = 255, 21, 11
UNIT_DECIMALS = QUANTITY_DECIMALS = 6
PERCENT_DECIMALS = 2
MOST_DAYS = 999

_NO = Outcome.DID_NOT_HAPPEN
# Where words decide: a time-out or a failure of MYOB proves nothing, whatever it says.
_REFUSING = tuple(status for status in range(400, 500) if status != 408)


def _refused(name: str, text: str, *, says: str, fix: str, shared: bool = False) -> ErrorRule:
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, status=_REFUSING, text=text, says=says, fix=fix, shared=shared)


DAY_IS_FULL = r"RateLimitError.*(daily|per.day)"
CONFLICT = "changed in MYOB meanwhile"
MUST_BE_REVERSED = "must be reversed"
WRONG_LAYOUT = "another layout"
ABSENT = "not found"
CARD_TAKEN = "card identifier taken"

IS_PAID = _refused(
    "paid or settled",
    r"^InvoicePaid",
    says="Payments or credits are applied to it, and MYOB deletes no such document.",
    fix="Delete the payment in MYOB first, or correct with a credit note.",
)

# MYOB names its errors (`Errors[].Name`): the name is the code, and stands before the message, so that a rule can ask for part of it.
ERRORS = (
    ErrorRule(
        name="consent withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_grant",),
        says="The refresh token is not valid any more: it was used elsewhere, is older than about a week, or the consent was withdrawn.",
        fix="Let an administrator of the business consent again and put the new refresh token into the connection.",
    ),
    ErrorRule(
        name="wrong API key or secret",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope"),
        says="MYOB does not know this API key and secret, or they may not use this kind of grant.",
        fix="Correct login (API key) and password (API secret) of the connection.",
    ),
    ErrorRule(
        name="daily limit reached",
        action=Action.WAIT,
        outcome=_NO,
        status=(403, 429),
        text=DAY_IS_FULL,
        says="The API key has made all the calls it may make in a day.",
        fix="Let the runs of tomorrow go on; MYOB raises the limit on request.",
    ),
    ErrorRule(name="too many calls a second", action=Action.WAIT, outcome=_NO, codes=("RateLimitError",)),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(
        name="API key switched off",
        action=Action.STOP,
        outcome=_NO,
        status=(401, 403),
        text=r"^DeveloperInactive",
        says="The developer account of the API key is not active.",
        fix="Renew the developer account at MYOB.",
    ),
    ErrorRule(
        name="access denied",
        action=Action.STOP,
        outcome=_NO,
        status=(401, 403),
        text=r"access ?denied",
        says="The user may not open this company file, its own log-in is missing or wrong, or the API key has no scope for this.",
        fix="Check business_id, the company file's user and password, and the scopes that were consented to.",
    ),
    ErrorRule(name="access token not valid", action=Action.RENEW, outcome=_NO, status=(401,)),
    ErrorRule(
        name="forbidden",
        action=Action.STOP,
        outcome=_NO,
        status=(403,),
        says="MYOB does not allow this to the user or API key of the connection.",
        fix="Check business_id and the scopes, and consent again with an administrator of the business.",
    ),
    ErrorRule(name=CONFLICT, action=Action.REREAD, outcome=_NO, status=_REFUSING, text=r"^IncorrectRowVersionSupplied"),
    _refused(
        "read-only in this file",
        r"^ReadOnly\b",
        says="MYOB does not let this document be changed here (a foreign currency document in a file of one currency).",
        fix="Correct with a credit note.",
    ),
    _refused(
        PERIOD_CLOSED,
        r"InLockPeriod|^DatePriorToBeginningOfFinancialYear|^AsOfDateBeforeConversionPeriod",
        says="The books are closed for the date of this document.",
        fix="Give it a later posting date, or change the lock date in MYOB (Setup, Preferences, Security).",
        shared=True,
    ),
    IS_PAID,
    _refused(
        MUST_BE_REVERSED,
        r"^TransactionsCannotBe",
        says="The company file is set to: transactions can't be changed or deleted, they must be reversed.",
        fix="Correct with a credit note, or change the preference in MYOB (Setup, Preferences, Security).",
    ),
    _refused(
        WRONG_LAYOUT,
        r"^LayoutTypeMismatch",
        says="The document has another layout in MYOB.",
        fix="Correct with a credit note, or delete it in MYOB and answer Retry.",
    ),
    _refused(
        "converted twice",
        r"^OrderConvertedToInvoice",
        says="The order has been converted to an invoice already.",
        fix="Find that invoice in MYOB, and delete it or reject ours.",
    ),
    # Numbers of sales need not be unique; where a file refuses one twice, the look-up tells whose it is.
    _refused(
        CARD_TAKEN,
        r"DuplicateIdentifier",
        says="Another card has this identifier.",
        fix="Give one of the two cards in MYOB another identifier (Card ID), then answer Retry.",
    ),
    ErrorRule(
        name="number already used",
        action=Action.LOOK_UP,
        outcome=_NO,
        status=_REFUSING,
        text=r"^Duplicate\b",
        says="MYOB already has a document with this number.",
        fix="Compare the two, or give ours another number.",
    ),
    _refused(
        "credit limit exceeded",
        r"^CreditLimitExceeded",
        says="The customer's credit limit in MYOB is exceeded.",
        fix="Raise it there, or switch off warnings_as_errors.",
    ),
    _refused(
        "account refused",
        r"^AccountHeaderNotAllowed|^IncorrectAccountType|^AccountNotAllowed",
        says="The account cannot be used here.",
        fix="Correct the mapping of the account.",
    ),
    _refused("job refused", r"JobHeaderNotAllowed", says="A header job takes no lines.", fix="Correct the mapping of the dimension."),
    _refused(
        "tax code refused",
        r"^ConsolidatedTaxCodesNotAllowed",
        says="A consolidated tax code cannot be used here.",
        fix="Correct the mapping of the tax code.",
    ),
    _refused(
        "freight refused",
        r"^Freight",
        says="Freight of the whole document cannot be booked in this file, or it has no tax code.",
        fix="Set the operator's option freight to line.",
    ),
    _refused(
        "terms refused", r"^Term_Out_Of_Range", says="The due date is before the date, or too far from it.", fix="Correct the due date."
    ),
    _refused(
        "customer's currency",
        r"ForeignCurrency",
        says="The customer's card in MYOB has another currency than the document.",
        fix="Correct the currency of the card, or its identifier.",
    ),
    ErrorRule(
        name="unknown in MYOB",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400,),
        codes=("NotFound",),
        says="Something that the document refers to is not in the company file any more.",
        fix="Correct the mapping, then answer Retry.",
    ),
    ErrorRule(
        name="change not allowed",
        action=Action.REVIEW,
        outcome=_NO,
        status=(405,),
        says="MYOB does not let it be changed.",
        fix="Correct with a credit note.",
    ),
    ErrorRule(
        name=ABSENT,
        action=Action.REVIEW,
        outcome=_NO,
        status=(404, 410),
        says="MYOB does not have it (any more).",
        fix="See there what became of it, then answer Retry or Reject.",
    ),
    ErrorRule(name="time-out at MYOB", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN, status=(408, 504)),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        status=_REFUSING,
        says="MYOB does not take it as it is.",
        fix="Do what MYOB's words say, in the document or there, then answer Retry.",
    ),
)

# What the connector itself finds out before or between requests.
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
INEXPRESSIBLE = ErrorRule(name="cannot be expressed", action=Action.REVIEW, outcome=_NO, fix="Correct the mapping or the document.")
CHANGED_THERE = ErrorRule(
    name="changed in MYOB",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid or deleted it in MYOB in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
NO_SUCH_CODE = ErrorRule(
    name="the connection's code is unknown",
    action=Action.STOP,
    outcome=_NO,
    says="The connection names a tax code, an item or an account that the company file does not have.",
    fix="Correct default_tax_code, freight_tax_code, adjustment_item or deposit_account of the connection.",
)
NO_CURRENCY = ErrorRule(
    name="currency unknown",
    action=Action.REVIEW,
    outcome=_NO,
    says="The company file does not have this currency.",
    fix="Add it in MYOB (Lists, Currencies), or route the document elsewhere.",
    shared=True,
)
INACTIVE_CARD = ErrorRule(
    name="card is inactive",
    action=Action.REVIEW,
    outcome=_NO,
    says="The customer's card is inactive in MYOB, or has another currency.",
    fix="Correct the card in MYOB, then answer Retry.",
)
SPEC = PlatformSpec(
    slug="myob",
    title="MYOB",
    class_prefix="Myob",
    docs="developer.myob.com",
    blueprint_endpoint="/accountright/{companyId}/Sale/Invoice/Item",
    real_endpoint=(
        "POST /accountright/{businessId}/Sale/Invoice/Item (or /Service); PUT and DELETE /{UID}; /Contact/Customer, /Sale/CustomerPayment"
    ),
    endpoint_note=(
        "The endpoint is the real one; Item is one of MYOB's layouts, which an operator option chooses. "
        "Credit notes are negative invoices of the same endpoint."
    ),
    # The limits are the API key's, for all its businesses together; `concurrent` is ours, to stay below eight a second.
    limits=Limits(
        per_second=8, per_day=1_000_000, concurrent=4, throttle_seconds=1.0, per_app=frozenset({"second", "day"}), app_named_by=("login",)
    ),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.OWN_NUMBER,
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
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="deposit_account",
    standard_fields=(
        StandardField(name="host", label="Base URL", placeholder=PRODUCTION),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="API key"),
        StandardField(name="password", label="API secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(
            name="business_id",
            label="Business id",
            help="businessId of the redirect after the consent (prompt=consent), or Id in GET /accountright/ for older API keys.",
            required=True,
        ),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="From the administrator's consent; it works once, and the live one is kept, encrypted, in the staging database.",
            required=True,
            secret=True,
        ),
        FormField(name="token_url", label="Token URL", default=TOKEN_URL),
        FormField(
            name="cf_username", label="Company file user", help="Only for users who are not linked to the file; often Administrator."
        ),
        FormField(name="cf_password", label="Company file password", help="Of that user; may be empty.", secret=True),
        FormField(
            name="home_currency",
            label="Currency of the books",
            help="MYOB does not tell it: documents in this currency are sent without naming one.",
            default="AUD",
            choices=("AUD", "NZD"),
        ),
        FormField(
            name="multi_currency",
            label="Several currencies",
            help="The file deals in foreign currencies (AccountRight Premier, preference switched on).",
            kind="boolean",
            default=False,
        ),
        FormField(name="default_tax_code", label="Tax code of new cards", help="Code of a tax code, for customers.", default="GST"),
        FormField(name="freight_tax_code", label="Tax code of freight", help="MYOB wants one on every sale. Empty: that of new cards."),
        FormField(
            name="adjustment_item",
            label="Item number for charges of the whole document",
            help="An item used for nothing else.",
        ),
        FormField(
            name="line_accounts",
            label="Accounts on item lines",
            help="Newer files take an income account on each item line; older ones always use the item's own.",
            kind="boolean",
            default=True,
        ),
        FormField(
            name="purchase_order_max",
            label="Longest purchase order number",
            help="Older desktop files take 20 characters; a longer number stands whole in the text of the sale.",
            kind="integer",
            default=255,
        ),
        FormField(
            name="deposit_account",
            label="Account that payments go to",
            help="Account number (1-1110), used where the payment's bank account has no mapping. Empty: Undeposited Funds.",
        ),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE, ReferenceKind.DIMENSION),
    errors=ERRORS,
    # A sale whose request timed out (30 s at MYOB) may still be booked within a minute.
    settle_seconds=120,
    read_timeout_seconds=75.0,
    number_max=NUMBER,
    customer_per_currency=True,
    verified_against=("simulator", "pymyob on the simulator"),
    secret_headers=("x-myobapi-cftoken",),
    unverified=(
        "Life of the refresh token (about a week); whether expires_in is a number or a text.",
        "Length of CustomerPurchaseOrderNumber per product (255, older files 20), and of a line's Description (1000).",
        "Decimals of UnitPrice and ShipQuantity (six) and of DiscountPercent (two).",
        "Whether sale numbers must be unique: they are looked up before a sale is made.",
        "What MYOB does with a line total that is not quantity x price less discount: it is always computed exactly.",
        "Whether tax is rounded per line or per document: a cent of difference becomes an exception.",
        "That the amounts of a payment's sales must add up to the amount received; what an unknown payment method does.",
        "Direction of CurrencyExchangeRate (foreign units for one of the file's currency); confirm it with the file.",
        "PUT /Contact/Customer/{UID}, GET /Company/Preferences (from the vendor's SDK); status of LayoutTypeMismatch (400 or 404).",
        "The fields that name jobs (Number), locations (Identifier) and categories (DisplayID).",
        "That service sales take text-only lines; which refusal comes first where a settled sale may not be deleted.",
        "Exact names of validation errors, and which name for a locked period a product uses.",
        "Whether LastModified of a payment follows all its changes: payments are listed by it or by their date.",
        "When the daily limit starts anew (taken to be midnight UTC).",
    ),
)
