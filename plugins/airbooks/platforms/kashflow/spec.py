"""IRIS KashFlow REST API v2 as plain data (kashflow.com/developers, its Swagger description, and clients seen working).

The vendor calls v2 a pre-release; its own web application runs on it. Paths under /internal belong to that application and are not used.
"""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://api.kashflow.com"
BASE_PATH = "/v2"

# CustomerReference: its length is not published; what is longer than this is refused or told elsewhere.
REFERENCE = 50
# What stands between our number and the purchase order in CustomerReference.
BETWEEN = " / "
LARGEST_NUMBER = 2_147_483_647

SERVER, CLIENT = "server", "client"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN

# The code of a time-out of the vendor's database: it comes as HTTP 400, and the row may be stored.
DATABASE_TIMEOUT = "-2146232060"


def _stopped(name: str, *codes: str, says: str, fix: str, status: tuple[int, ...] = ()) -> ErrorRule:
    return ErrorRule(name=name, action=Action.STOP, outcome=_NO, codes=codes, status=status, says=says, fix=fix)


# A 400 is told apart by its status and by the few codes that are documented; all other codes and words are UNVERIFIED.
ERRORS = (
    ErrorRule(name="database time-out at KashFlow", action=Action.LOOK_UP, outcome=_MAYBE, codes=(DATABASE_TIMEOUT,)),
    ErrorRule(name="session ended", action=Action.RENEW, outcome=_NO, codes=("InvalidSessionToken",)),
    _stopped(
        "wrong user name, password or memorable word",
        "InvalidCredentials",
        says="KashFlow does not accept the user name, the password or the letters of the memorable word.",
        fix="Correct login, password and memorable_word of the connection; repeated bad log-ins lock the user.",
    ),
    _stopped(
        "user locked",
        "AccountLocked",
        says="Too many bad log-ins have locked this user in KashFlow.",
        fix="Unlock the user in KashFlow, then correct the connection.",
    ),
    _stopped(
        "password expired",
        "PasswordExpired",
        says="The user's password has expired, or is a temporary one.",
        fix="Set a new password in KashFlow and put it into the connection.",
    ),
    _stopped(
        "subscription ended",
        "SubscriptionExpired",
        says="The company's KashFlow subscription has ended.",
        fix="Renew the subscription.",
    ),
    _stopped(
        "no more invoices this month",
        "InvoiceLimitReached",
        says="The package's number of invoices for this month is used up.",
        fix="Take a larger package in KashFlow, or wait for the next month.",
    ),
    _stopped(
        "not allowed",
        status=(403,),
        says="The user of the connection may not do this in KashFlow.",
        fix="Give the user the rights to sales, customers and bank in KashFlow.",
    ),
    ErrorRule(
        name=PERIOD_CLOSED,
        action=Action.REVIEW,
        outcome=_NO,
        status=(400,),
        text=r"\block(ed)?\b|VAT return",
        says="The date, or the document, is locked in KashFlow (a VAT return was filed, or a lock date is set).",
        fix="Give it a later posting date, correct it by a credit note, or move the lock date in KashFlow.",
        shared=True,
    ),
    # KashFlow's own words for a number or reference that is taken are UNVERIFIED; the look-up tells whose it is.
    ErrorRule(
        name="number already used",
        action=Action.LOOK_UP,
        outcome=_NO,
        status=(400,),
        text=r"(invoice number|reference).*(already|in use|duplicate)",
        says="KashFlow already has a document with this number or reference.",
        fix="Compare the two; delete the wrong one, or give ours another number.",
    ),
    ErrorRule(
        name="gone",
        action=Action.REVIEW,
        outcome=_NO,
        status=(404,),
        says="It does not exist in KashFlow (any more).",
        fix="See there what became of it, then answer Retry or Reject.",
    ),
    ErrorRule(name="session not accepted", action=Action.RENEW, outcome=_NO, status=(401,)),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 405, 409, 415, 422),
        says="KashFlow does not take it as it is.",
        fix="Do what KashFlow's words say, in the document or there, then answer Retry.",
    ),
)

# What the connector itself finds out before or between requests.
DUPLICATE = ErrorRule(
    name="booked already",
    action=Action.LOOK_UP,
    outcome=_NO,
    says="KashFlow already has a document with this reference.",
    fix="Compare the two; delete the wrong one, or give ours another number.",
)
NUMBER_TAKEN = ErrorRule(
    name="number taken",
    action=Action.REVIEW,
    outcome=_NO,
    says="Another document in KashFlow has the number that ours should get.",
    fix="Renumber that one, or change the number offset of the connection.",
)
RENUMBERED = ErrorRule(
    name="booked under another number",
    action=Action.LOOK_UP,
    outcome=Outcome.HAPPENED,
    says="KashFlow gave the document another number than the one asked for.",
)
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
WRONG_RATE = ErrorRule(
    name="tax code with another rate",
    action=Action.REVIEW,
    outcome=_NO,
    says="The document's tax rate is not the one that its tax code has in KashFlow.",
    fix="Correct the mapping of the tax code.",
)
CHANGED_THERE = ErrorRule(
    name="changed in KashFlow",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid or deleted it in KashFlow in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
OVERPAYMENT = ErrorRule(
    name="more than is outstanding", action=Action.REVIEW, outcome=_NO, fix="Correct the allocation to what is outstanding."
)

SPEC = PlatformSpec(
    slug="kashflow",
    title="KashFlow",
    class_prefix="KashFlow",
    docs="kashflow.com/developers",
    blueprint_endpoint="/invoices",
    real_endpoint="POST /v2/invoices",
    endpoint_note="The blueprint's end point is the real one, under the version's prefix; an invoice is posted when it is created.",
    limits=Limits(concurrent=1, throttle_seconds=10.0),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
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
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="bank_account_id",
    standard_fields=(
        StandardField(name="host", label="Base URL", placeholder=PRODUCTION),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="User name"),
        StandardField(name="password", label="Password"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(
            name="memorable_word",
            label="Memorable word",
            help="The user's memorable word; each log-in asks for three of its letters.",
            required=True,
            secret=True,
        ),
        FormField(name="base_path", label="Path of the API's version", default=BASE_PATH),
        FormField(name="home_currency", label="Home currency", help="ISO 4217, as in the company's settings.", default="GBP"),
        FormField(
            name="default_nominal_code",
            label="Sales nominal code for lines without an account",
            kind="integer",
            help="Also of text lines. Numbers differ from account to account.",
            required=True,
        ),
        FormField(name="carriage_nominal_code", label="Nominal code of freight", kind="integer", help="Empty: the sales nominal."),
        FormField(name="discount_nominal_code", label="Nominal code of discounts", kind="integer", help="Empty: the sales nominal."),
        FormField(name="bank_account_id", label="Id of the bank account that payments go to", kind="integer", help="From /bankaccounts."),
        FormField(
            name="payment_method_id", label="Id of the payment method", kind="integer", help="For payments without a method of their own."
        ),
        FormField(
            name="payment_lookback_days",
            label="Days that payments may be dated back",
            kind="integer",
            help="KashFlow lists payments by date, not by change: those entered with an older date are missed.",
            default=7,
        ),
        FormField(
            name="project_dimension",
            label="Dimension that is the project",
            help="Of a line's dimensions this one becomes its project; the others stand in its description.",
            default="department",
        ),
        FormField(
            name="number_mode",
            label="Who numbers invoices",
            help="client: the digits at the end of our number plus an offset, so that a repeated request cannot make a second document.",
            default=SERVER,
            choices=(SERVER, CLIENT),
        ),
        FormField(name="invoice_number_offset", label="Offset of invoice numbers (client)", kind="integer", default=0),
        FormField(name="credit_number_offset", label="Offset of credit note numbers (client)", kind="integer", default=1_000_000),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE, ReferenceKind.DIMENSION),
    errors=ERRORS,
    settle_seconds=150,
    read_timeout_seconds=100.0,
    number_max=REFERENCE,
    unverified=(
        "Codes and words of errors beyond the few quoted by the vendor: a 400 is sorted by its status.",
        "What happens when a chosen Number is taken: refusal is expected, another number is noticed.",
        "How long CustomerReference may be: at most 50 characters are sent.",
        "That VATAmount is stored as sent; a recalculated one shows in the echo check.",
        "That a customer's own discount is not applied by itself; if it is, the echo check shows it.",
        "That a line of quantity 0 is taken (texts, for want of a memo field).",
        "That a PUT without PaymentLines keeps them: they are always sent back.",
        "Shapes of /nominals, /projects, /paymentmethods and of bank transactions; how ExchangeRate is rounded (six decimals are sent).",
        "What the list parameter `archived` selects: lists are read with and without it.",
        "Deleted payments are not listed anywhere; only the invoice's balance tells.",
        "Unpublished rate limits: one request at a time.",
    ),
)
