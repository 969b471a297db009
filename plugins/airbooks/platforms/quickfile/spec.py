"""QuickFile API v1.2 and the readings of its REST beta, as plain data (api.quickfile.co.uk; the vendor's Swagger of REST v2).

Most error texts are UNVERIFIED: the vendor publishes none. They are matched by the words that such a refusal must contain.
"""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

PRODUCTION = "https://api.quickfile.co.uk"
REST_BETA = "https://api-beta.quickfile.co.uk"
VERSION = "1_2"

# Longest texts and largest counts the API takes; PURCHASE_REFERENCE is the search filter's length.
NUMBER, ITEM_NAME, LINE_TEXT, PURCHASE_REFERENCE = 20, 20, 20_000, 25
TITLE, COMPANY_NAME, CUSTOMER_CODE, PAYMENT_NOTES = 35, 100, 30, 100
PAYMENT_NAME = 40  # of the notes, for what a payment of ours is known by
LINES, TAGS, TAG = 500, 5, 30
PAGE = 200
REST_PAGE = 100

# QuickFile has no tax codes on lines: a rate (United Kingdom, since 2011), or a treatment of the whole invoice.
RATES = ("20", "5", "0")
TREATMENTS = {
    "exempt": "Exempt from VAT",
    "oos": "Outside the scope of VAT",
    "cisrc": "Domestic reverse charge (CIS)",
    "nisogs": "Northern Ireland: supplies of goods",
    "niserv": "Northern Ireland: services",
}
# The entry of the item list that stands for a line without an inventory item (ItemID 0).
ONE_OFF = "one-off"
# What lines for discounts and charges of the whole document are called.
DISCOUNT_LINE, CHARGE_LINE = "Discount", "Charge"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN
NOT_FOUND = "not found"
# Words of the refusal at the day's limit (UNVERIFIED), and the pause in seconds after which it is asked again.
DAILY_LIMIT = r"(daily|per day|24 hour).*(limit|quota|allowance)|(limit|quota|allowance).*(daily|per day|today)"
DAILY_PAUSE = 3600.0

ERRORS = (
    # Each attempt has a number of its own: one that is known already means that this very request arrived before.
    ErrorRule(name="arrived before", action=Action.LOOK_UP, outcome=_MAYBE, text=r"submission\s?number.*(already|used|duplicate|unique)"),
    ErrorRule(
        name="daily limit reached",
        action=Action.WAIT,
        outcome=_NO,
        text=DAILY_LIMIT,
        says="The account has made all the calls that QuickFile allows a day.",
        fix="It starts again about midnight UK time; QuickFile's support raises the limit on request.",
    ),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(
        name="method not enabled",
        action=Action.STOP,
        outcome=_NO,
        text=r"not (enabled|permitted|authori[sz]ed).*(method|app|application)|method.*not (enabled|permitted|authori[sz]ed)|permission",
        says="The app of this connection may not call one of the methods that airbooks needs.",
        fix="Tick every Client, Invoice, Item, Report and System method for the app (Account Settings, 3rd Party Integrations, My Apps).",
    ),
    ErrorRule(
        name="not authorised",
        action=Action.STOP,
        outcome=_NO,
        text=r"MD5|authenticat|application\s?id|account number",
        says="QuickFile does not accept the account number, API key or application id of this connection.",
        fix="Correct login, password and application_id (Account Settings, 3rd Party Integrations).",
    ),
    ErrorRule(
        name="not let in",
        action=Action.STOP,
        outcome=_NO,
        status=(401, 403),
        says="QuickFile does not accept the credentials of this connection.",
        fix="Correct login, password and application_id; make a new REST token where that has expired, or leave the field empty.",
    ),
    ErrorRule(
        name="no such address",
        action=Action.STOP,
        outcome=_NO,
        status=(404,),
        says="QuickFile has nothing at this address (a missing document is HTTP 400 there).",
        fix="Correct host and rest_url of the connection, or leave the host empty.",
    ),
    ErrorRule(
        name=PERIOD_CLOSED,
        action=Action.REVIEW,
        outcome=_NO,
        text=r"period.*(locked|closed|filed|submitted)|(locked|closed).*(period|year|date)|VAT return|year[ -]?end",
        says="The books are locked for the date of this document (a filed VAT return or a closed year).",
        fix="Give it a later posting date, or unlock the period in QuickFile.",
        shared=True,
    ),
    ErrorRule(
        name="duplicate document number",
        action=Action.LOOK_UP,
        outcome=_NO,
        text=r"invoice number.*(already|exists|in use|duplicate|unique)",
        says="QuickFile already has a document with this number.",
        fix="Compare the two; delete the wrong one, or give ours another number.",
    ),
    ErrorRule(
        name="paid already",
        action=Action.REVIEW,
        outcome=_NO,
        text=r"\bpaid\b|payment.*allocated",
        says="The document has been paid, and QuickFile does not let it be changed.",
        fix="Delete the payment in QuickFile first, or correct it with a credit note.",
    ),
    ErrorRule(
        name=NOT_FOUND,
        action=Action.REVIEW,
        outcome=_NO,
        status=(200, 400),
        text=r"cannot find|could not find|does not exist|not found",
        says="It names a client, item, nominal account or invoice that QuickFile does not have.",
        fix="Correct the mapping.",
    ),
    ErrorRule(
        name="does not fit the schema",
        action=Action.REVIEW,
        outcome=_NO,
        text=r"element.*(invalid|unexpected|incomplete|missing)|MaxLength|MinLength|enumeration",
        says="QuickFile does not take the document in this form.",
        fix="Look at the element that is named: shorten the text, or fill what is missing.",
    ),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        status=(200, 400),
        says="QuickFile does not take it as it is.",
        fix="Do what QuickFile's words say, in the document or there, then answer Retry.",
    ),
)

# What the connector itself finds out before or between requests.
DUPLICATE = next(rule for rule in ERRORS if rule.name == "duplicate document number")
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
CODES_DISAGREE = ErrorRule(
    name="tax codes disagree",
    action=Action.REVIEW,
    outcome=_NO,
    says="The VAT rates and treatments that our tax codes are mapped to do not fit the document.",
    fix="Correct the tax code mapping, or split the document: a VAT treatment is one of the whole invoice.",
)
PARENT_MISSING = ErrorRule(
    name="corrected invoice missing",
    action=Action.REVIEW,
    outcome=_NO,
    says="The invoice that this credit note corrects is not in QuickFile, or is there twice.",
    fix="Deliver the invoice first, then answer Retry.",
)
CHANGED_THERE = ErrorRule(
    name="changed in QuickFile",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid, credited or deleted it in QuickFile in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
CREDITED_ALREADY = ErrorRule(
    name="credited already",
    action=Action.REVIEW,
    outcome=_NO,
    says="A credit note of ours takes this invoice back, and QuickFile does not show the invoice as credited.",
    fix="Allocate the credit note to the invoice in QuickFile; a second one is not made.",
)
NOT_SENT = ErrorRule(
    name="still a draft",
    action=Action.REVIEW,
    outcome=_NO,
    says="QuickFile took the order to send the invoice, and shows it as a draft still.",
    fix="Send or mark it as sent in QuickFile, then answer Retry.",
)
TEST_MODE = ErrorRule(
    name="test mode",
    action=Action.REVIEW,
    outcome=_NO,
    says="QuickFile found the document good and booked nothing, because the connection is in test mode.",
    fix="Switch test_mode off in the connection, then answer Retry.",
    shared=True,
)
NO_REST = ErrorRule(
    name="no REST token",
    action=Action.STOP,
    outcome=_NO,
    says="Payments are read and booked through QuickFile's REST API, for which this connection has no token.",
    fix="Make a token (Account Settings, Third Party Integration, API) and put it into the connection's rest_token.",
)
INEXPRESSIBLE_PAYMENT = ErrorRule(
    name="payment cannot be expressed",
    action=Action.REVIEW,
    outcome=_NO,
    says="QuickFile books receipts on invoices, in their currency and up to what is open of them.",
    fix="Correct the allocations, or book it in QuickFile by hand.",
)

SPEC = PlatformSpec(
    slug="quickfile",
    title="QuickFile",
    class_prefix="QuickFile",
    docs="api.quickfile.co.uk",
    blueprint_endpoint="/invoice/create",
    real_endpoint="POST /1_2/invoice/create (method Invoice_Create of API v1.2)",
    endpoint_note=(
        "/invoice/create is real; it stands under the version, updates where the body has an InvoiceID, and takes one invoice. Its twin in "
        "the REST beta (POST /invoices), which not every account has, is not built. "
        "Payments and balances come from the REST beta (api-beta.quickfile.co.uk): the replies of v1.2 about them are not published."
    ),
    limits=Limits(per_day=1_000, concurrent=2, lines=LINES, throttle_seconds=30.0),
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
            Capability.DIMENSIONS,
            Capability.TAX_GIVEN,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    standard_fields=(
        StandardField(name="host", label="Base URL", placeholder=PRODUCTION),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Account number", placeholder="6131400000"),
        StandardField(name="password", label="API key", placeholder="000AA000-AAAA-0000-A"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(
            name="application_id",
            label="Application id",
            help="The GUID of your app (Account Settings, My Apps); every method that is called must be ticked for it.",
            required=True,
        ),
        FormField(name="currency", label="Home currency", help="ISO 4217, as in the account.", default="GBP"),
        FormField(name="sales_nominal_code", label="Sales nominal code", help="For lines without a revenue group.", default="4000"),
        FormField(name="term_days", label="Days to pay", help="For documents without due date and terms.", kind="integer", default=30),
        FormField(name="bank_nominal_code", label="Bank nominal code", help="The account that receives payments.", default="1200"),
        FormField(
            name="rest_token",
            label="REST token",
            help="Of the REST beta, for payments and balances; empty: invoices only. Mind its expiry date and IP list.",
            secret=True,
        ),
        FormField(name="rest_url", label="REST base URL", default=REST_BETA),
        FormField(
            name="payment_look_back_days",
            label="Days to look back for payments",
            help="Payments carry no time of change: those dated so many days before the last run are read again, one call each.",
            kind="integer",
            default=3,
        ),
        FormField(
            name="test_mode", label="Test mode", help="QuickFile checks each document and books none.", kind="boolean", default=False
        ),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE),
    errors=ERRORS,
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,  # one payment of QuickFile for each
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="bank_nominal_code",
    settle_seconds=180,
    read_timeout_seconds=100.0,
    number_max=NUMBER,
    unverified=(
        "Which methods honour TestMode: only invoice/create is sent in it, and looked up afterwards.",
        "All error texts and most of their statuses; among them the refusal at the daily limit, of a used number, of a locked period.",
        "Whether QuickFile refuses an InvoiceNumber twice: assumed not, so it is looked up first and after every lost answer.",
        "Whether drafts are in the ledger already; posting is invoice/send, and that it marks as sent without sending anything.",
        "That credit notes are found by invoice/search as InvoiceType INVOICE, and where the CreditNote node stands in the sequence.",
        "CreditNoteType HOLD: the credit stays on the client's account (used for credit notes; VOID for taking an invoice back).",
        "VAT per line is rounded to 2 places; it is given with each line, so that it does not matter.",
        "LineTotal of invoice/get is without VAT: net and VAT are told by it.",
        "Lines left out of an update are dropped: all are sent, and the total is compared.",
        "Reply fields of item/search (ItemID, ItemName) and report/chartofaccounts (Nominals.Nominal).",
        "Whether client/search shows AccountReference without being asked; client/get is read where it does not.",
        "The REST status of a payment; deleted payments are not listed and so not seen.",
        "REST replies show no notes: a payment is known by client, date, amount, currency and invoice, two equal ones are taken for one.",
        "No method that changes a client is used: one that a person made is taken over by name and e-mail address, unmarked.",
        "Whether REST calls count against the daily limit of v1.2 (assumed they do).",
    ),
)
