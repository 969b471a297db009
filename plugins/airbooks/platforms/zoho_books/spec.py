"""Zoho Books API v3 as plain data (zoho.com/books/api; the vendor's OpenAPI files; recorded live answers)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

API_VERSION = "v3"
# API host and accounts (OAuth) host of each data centre: an account works on its own pair only. The cn pair is from memory.
DATA_CENTRES = {
    "us": ("https://www.zohoapis.com", "https://accounts.zoho.com"),
    "eu": ("https://www.zohoapis.eu", "https://accounts.zoho.eu"),
    "in": ("https://www.zohoapis.in", "https://accounts.zoho.in"),
    "au": ("https://www.zohoapis.com.au", "https://accounts.zoho.com.au"),
    "jp": ("https://www.zohoapis.jp", "https://accounts.zoho.jp"),
    "ca": ("https://www.zohoapis.ca", "https://accounts.zohocloud.ca"),
    "sa": ("https://www.zohoapis.sa", "https://accounts.zoho.sa"),
    "cn": ("https://www.zohoapis.com.cn", "https://accounts.zoho.com.cn"),
}

# Longest texts the API takes; REFERENCE, DESCRIPTION, NOTES and CONTACT_NAME are from memory.
NUMBER, REFERENCE, LINE_NAME, DESCRIPTION, NOTES, CONTACT_NAME, TERMS_LABEL = 100, 100, 100, 2000, 5000, 200, 100
MOST_NET_DAYS = 100
PAYMENT_MODES = ("check", "cash", "creditcard", "banktransfer", "bankremittance", "autotransaction", "others")

# The refusal of the day's last call. When the day starts anew is not documented: it is asked again after this pause, in seconds.
DAILY_LIMIT, DAILY_PAUSE = "45", 3600.0

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN

# Zoho's numbers differ from module to module and not all are known, so that words decide where a number does not.
ERRORS = (
    ErrorRule(
        name="wrong client id or secret",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_client", "invalid_client_secret", "unauthorized_client", "invalid_request"),
        says="Zoho's accounts server does not know this client id and secret, or they belong to another data centre.",
        fix="Correct login, password and data centre of the connection.",
    ),
    ErrorRule(
        name="connection withdrawn",
        action=Action.STOP,
        outcome=_NO,
        codes=("invalid_code", "invalid_grant"),
        says="The refresh token is not valid any more: it was revoked, or dropped because a 21st one was made for this user and client.",
        fix="Make a new refresh token (Self Client in the API console) and put it into the connection.",
    ),
    ErrorRule(name="too many access tokens", action=Action.WAIT, outcome=_NO, codes=("Access Denied",)),
    ErrorRule(
        name="daily limit reached",
        action=Action.WAIT,
        outcome=_NO,
        status=(429,),
        codes=(DAILY_LIMIT,),
        says="The organisation has used up the API calls of its plan for today.",
        fix="Let the runs of tomorrow go on, or take a larger plan.",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(
        name="not authorised",
        action=Action.RENEW,
        outcome=_NO,
        status=(401,),
        says="Zoho Books refuses the token even after renewing it: wrong organisation, wrong data centre or a missing scope.",
        fix="Check organization_id, data_center and the scopes of the refresh token.",
    ),
    ErrorRule(
        name=PERIOD_CLOSED,
        action=Action.REVIEW,
        outcome=_NO,
        status=(400,),
        text=r"transaction.?lock|have been locked|is locked",
        says="Transactions of this date are locked.",
        fix="Give it a later posting date, or unlock the period in Zoho Books (Accountant, Transaction Locking).",
        shared=True,
    ),
    ErrorRule(
        name="duplicate name",
        action=Action.REVIEW,
        outcome=_NO,
        codes=("3062",),
        says="Another contact has this name.",
        fix="Rename one of them in Zoho Books.",
    ),
    # A document with this number exists: ours from an earlier try, or somebody else's. The look-up tells. Code 1001 is UNVERIFIED.
    ErrorRule(
        name="duplicate document number",
        action=Action.LOOK_UP,
        outcome=_NO,
        status=(400,),
        text=r"number.*already (exists|been created)|already been created",
        says="Zoho Books already has a document with this number.",
        fix="Compare the two; void and delete the wrong one, or give ours another number.",
    ),
    ErrorRule(
        name="number outside the series",
        action=Action.REVIEW,
        outcome=_NO,
        codes=("4097",),
        says="Zoho Books takes only numbers of its own series here.",
        fix="Allow manual numbers in the organisation's transaction number preferences.",
    ),
    ErrorRule(
        name="payments applied",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400,),
        text=r"payments? or credits?|payments? applied",
        says="Payments or credits are applied to it.",
        fix="Remove them from the document in Zoho Books first.",
    ),
    ErrorRule(
        name="wrong currency",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400,),
        text=r"currenc",
        says="The customer is kept in another currency, or the organisation does not have this one (from memory).",
        fix="Bill the customer in its own currency, or make a second contact in this one; or add the currency in Zoho Books.",
    ),
    ErrorRule(
        name="text too long",
        action=Action.REVIEW,
        outcome=_NO,
        status=(200, 400),
        codes=("15",),
        says="A text is longer than its field in Zoho Books.",
        fix="Shorten the text that is named.",
    ),
    ErrorRule(
        name="invalid value",
        action=Action.REVIEW,
        outcome=_NO,
        status=(200, 400),
        codes=("2", "4"),
        says="It names a customer, item, tax, tag or location that Zoho Books does not have, or a value it does not take.",
        fix="Correct the mapping.",
    ),
    ErrorRule(
        name="not found",
        action=Action.REVIEW,
        outcome=_NO,
        status=(404,),
        codes=("1002", "2"),
        says="Zoho Books does not have it (any more).",
        fix="See there what became of it, then answer Retry or Reject.",
    ),
    ErrorRule(
        name="wrong address",
        action=Action.STOP,
        outcome=_NO,
        status=(404,),
        codes=("5",),
        says="The server does not know the address that was called.",
        fix="Correct host and api_version of the connection.",
    ),
    ErrorRule(name="internal error", action=Action.LOOK_UP, outcome=_MAYBE, codes=("1000",)),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        status=(200, 201, 400, 405),
        says="Zoho Books does not take it as it is.",
        fix="Do what Zoho Books' words say, in the document or there, then answer Retry.",
    ),
)

# What the connector itself finds out before or between requests.
DUPLICATE = next(rule for rule in ERRORS if rule.name == "duplicate document number")
NUMBER_OF_A_VOID = ErrorRule(
    name="number of a void document",
    action=Action.REVIEW,
    outcome=_NO,
    says="A void document keeps its number in Zoho Books.",
    fix="Delete the void one in Zoho Books, or give ours another number.",
)
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
CHANGED_THERE = ErrorRule(
    name="changed in Zoho Books",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid, voided or deleted it in Zoho Books in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
INACTIVE_CUSTOMER = ErrorRule(
    name="customer is inactive",
    action=Action.REVIEW,
    outcome=_NO,
    says="The customer was made inactive in Zoho Books.",
    fix="Make it active again there, then answer Retry.",
)
UNKNOWN_CURRENCY = ErrorRule(
    name="currency is not set up",
    action=Action.REVIEW,
    outcome=_NO,
    says="The organisation does not have this currency.",
    fix="Add it in Zoho Books (Settings, Currencies).",
    shared=True,
)
STILL_DRAFT = ErrorRule(
    name="still a draft",
    action=Action.REVIEW,
    outcome=_NO,
    says="Zoho Books took the order to mark it as sent, and shows it as a draft still (an approval may be switched on).",
    fix="Approve it and mark it as sent in Zoho Books, then answer Retry.",
)
MARKED_UNSEEN = ErrorRule(name="perhaps marked as sent", action=Action.LOOK_UP, outcome=_MAYBE)
WRONG_CURRENCY = ErrorRule(
    name="payment in another currency",
    action=Action.REVIEW,
    outcome=_NO,
    says="Zoho Books books a payment in the currency of its customer, and this one is in another.",
    fix="Allocate it to documents in its own currency, or book it in Zoho Books by hand.",
)
BOOKED_OTHERWISE = ErrorRule(
    name="payment is booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.HAPPENED,
    says="Zoho Books has this payment, with another amount or on other invoices.",
    fix="Compare the two and correct the one that is wrong.",
)

SPEC = PlatformSpec(
    slug="zoho_books",
    title="Zoho Books",
    class_prefix="ZohoBooks",
    docs="zoho.com/books/api",
    blueprint_endpoint="/salesinvoices - sync invoice line items and status changes",
    real_endpoint="POST, PUT /books/v3/invoices",
    endpoint_note="Zoho Books has no /salesinvoices: sales invoices are /invoices. A status is not a field but a POST of its own"
    " (/invoices/{id}/status/sent, /void), and line items are replaced by PUT /invoices/{id}.",
    # Calls per day depend on the plan (1,000 to 10,000): the platform's refusal tells. Five at once is the free plan's (from memory).
    limits=Limits(per_minute=100, concurrent=5, throttle_seconds=60.0),
    idempotency=Idempotency.EXTERNAL_ID,
    capabilities=frozenset(
        {
            Capability.POST_STEP,
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
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    standard_fields=(
        StandardField(name="host", label="Base URL (empty: the data centre's)", placeholder=DATA_CENTRES["us"][0]),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Client id"),
        StandardField(name="password", label="Client secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(name="organization_id", label="Organisation id", help="Settings, Organisations; one per legal entity.", required=True),
        FormField(
            name="refresh_token",
            label="Refresh token",
            help="It neither rotates nor expires, but only the newest 20 of a user and client are valid.",
            required=True,
            secret=True,
        ),
        FormField(
            name="data_center",
            label="Data centre",
            help="Where the account lives: an account works on its own data centre only.",
            default="us",
            choices=tuple(DATA_CENTRES),
        ),
        FormField(name="accounts_url", label="Accounts URL", help="Empty: the data centre's."),
        FormField(name="api_version", label="API version", default=API_VERSION),
        FormField(name="home_currency", label="Base currency", help="ISO 4217, as in the organisation's profile.", required=True),
        FormField(
            name="external_id_field",
            label="Unique custom field (API name)",
            help="A text field that refuses duplicates, made under this name for invoices, credit notes and payments, such as cf_acd_id."
            " Empty: our document number alone keeps a document from being booked twice.",
        ),
        FormField(name="default_item_id", label="Item id for lines without an item", help="Empty: every line needs an item."),
        FormField(name="deposit_account_id", label="Account id that payments are deposited to", help="Empty: Undeposited Funds."),
        FormField(
            name="default_payment_mode", label="Payment mode of payments whose method has no mapping", default="others", help="Free text."
        ),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.TAX_CODE, ReferenceKind.CURRENCY, ReferenceKind.DIMENSION),
    errors=ERRORS,
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.BANK_FEE,  # bank_charges
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="deposit_account_id",
    settle_seconds=180,
    read_timeout_seconds=60.0,
    number_max=NUMBER,
    customer_per_currency=True,
    verified_against=("simulator", "zohopy on the simulator"),
    unverified=(
        "The code of a duplicate invoice number (1001) and of a locked period: both are known by their words.",
        "The status of an upsert that creates (200 or 201), and what two of them with one key do at the same time.",
        "That custom fields can be given by api_name in every module.",
        "How many decimals a rate keeps: the fewest that give the line's amount are sent.",
        "How a discount of the whole document is apportioned over several taxes: it is spread over our lines instead.",
        "Fields of credit notes: those of invoices without due date, terms and shipping charge; is_draft, status/open and status/void.",
        "Reporting tags and their options are read from /reportingtags and /reportingtags/{id}/options/all.",
        "That payments can be sorted by last_modified_time: pages in another order, or whose page_context.sort_column (from memory)"
        " is another, are all read. Deleted payments are not listed.",
        "That an update leaves the invoice's own shipping address as it is.",
        "The VAT treatment of the UK edition: it is left to the contact.",
    ),
)
