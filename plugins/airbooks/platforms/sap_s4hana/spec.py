"""SAP S/4HANA as plain data: connection form, limits, capabilities, and what its errors mean.

Facts from the vendor's WSDL of "Journal Entry - Post (Synchronous)" and the metadata of its OData V2 services; what those do not settle
stands in `unverified`.
"""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

POST_PATH = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
CLEARING_PATH = "/sap/bc/srt/scs_ext/sap/journalentrybulkclearingreques"
NUMBER_MAX = 16  # DocumentReferenceID
CUSTOMER_CODE_MAX = 20  # BusinessPartnerIDByExtSystem
ITEMS_MAX = 999  # of one accounting document (from memory)

# Codes of ours for what an answer is, beside the vendor's own message numbers.
CSRF = "CSRF"
FAULT = "SOAP fault"
NO_NUMBER = "no document number"
NUMBER_AND_ERRORS = "document number and errors"
EMPTY_NUMBERS = frozenset({"", "0000000000"})

NO, UNKNOWN = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN

_ACCESS = (
    ErrorRule(name="CSRF token stale", action=Action.RENEW, outcome=NO, codes=(CSRF,)),
    ErrorRule(
        name="log-on refused",
        action=Action.STOP,
        outcome=NO,
        status=(401,),
        says="SAP S/4HANA does not accept the user of this connection.",
        fix="Check user and password of the communication user (it is locked after failed log-ons, and its password may have expired).",
    ),
    ErrorRule(
        name="not authorised",
        action=Action.STOP,
        outcome=NO,
        status=(403,),
        says="The user may not call this service.",
        fix="Add the communication scenario to the user's arrangement: SAP_COM_0002 posting, SAP_COM_0303 open items, SAP_COM_0008 "
        "business partners (on-premise: its authorisation role).",
    ),
    ErrorRule(
        name="service not found",
        action=Action.STOP,
        outcome=NO,
        status=(404,),
        says="There is no service at this address.",
        fix="Activate the service (communication arrangement, or SOAMANAGER and /IWFND/MAINT_SERVICE on-premise) and correct the paths "
        "in the connection.",
    ),
)
_PASSING = (
    # Before all rules that go by words: whatever the log says, the document may be booked.
    ErrorRule(name="posted with errors", action=Action.LOOK_UP, outcome=UNKNOWN, codes=(NUMBER_AND_ERRORS, NO_NUMBER)),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=NO, status=(429,)),
    ErrorRule(name="locked by a user", action=Action.RETRY, outcome=NO, status=(200,), text=r"being processed|blocked by user|locked by"),
    ErrorRule(name="entity changed meanwhile", action=Action.REREAD, outcome=NO, status=(412,)),
    ErrorRule(name="version token missing", action=Action.REREAD, outcome=NO, status=(428,)),
)
_POSTING = (
    ErrorRule(
        name="message refused",
        action=Action.REVIEW,
        outcome=NO,
        status=(500,),
        codes=(FAULT,),
        says="SAP S/4HANA could not process the SOAP message at all.",
        fix="See the web service error log (SRT_UTIL) there.",
    ),
    ErrorRule(
        name=PERIOD_CLOSED,
        shared=True,
        action=Action.REVIEW,
        outcome=NO,
        codes=("201(F5)",),
        says="The posting period of this document is not open in SAP S/4HANA.",
        fix="Give another posting date, or have the period opened (Manage Posting Periods), then answer Retry.",
    ),
    ErrorRule(
        name="customer not in company code",
        action=Action.REVIEW,
        outcome=NO,
        codes=("102(F5)",),
        says="The customer is not there, or not extended to this company code.",
        fix="Extend the business partner by the role FLCU00 in this company code, then answer Retry.",
    ),
    ErrorRule(
        name="account unknown",
        action=Action.REVIEW,
        outcome=NO,
        codes=("507(F5)",),
        says="The G/L account is not there, or not in this company code.",
        fix="Create the G/L account in the company code, or correct the mapping.",
    ),
    ErrorRule(
        name="field required",
        action=Action.REVIEW,
        outcome=NO,
        codes=("808(F5)",),
        says="The account wants a field that the document does not fill (a profit center, a cost center).",
        fix="Give the line a dimension that is mapped to this field, or change the account's field status.",
    ),
    ErrorRule(
        name="not balanced",
        action=Action.REVIEW,
        outcome=NO,
        codes=("702(RW)",),  # from memory
        says="Debit and credit of the journal entry differ, mostly because SAP S/4HANA rounds the tax otherwise.",
        fix="Compare the tax of the document with the rate of its tax code there; correct one of them, then answer Retry.",
    ),
    ErrorRule(
        name="no exchange rate",
        action=Action.REVIEW,
        outcome=NO,
        status=(200,),
        text=r"exchange rate|enter rate",
        says="SAP S/4HANA has no exchange rate for the document's currency and date.",
        fix="Enter the rate there (type M), or give the document one.",
    ),
    ErrorRule(
        name="cleared",
        action=Action.REVIEW,
        outcome=NO,
        status=(200,),
        text=r"contains cleared items|cleared item",
        says="The document is paid or settled, and a cleared document cannot be reversed.",
        fix="Reset the clearing in SAP S/4HANA first (FBRA), or send a credit note.",
    ),
    ErrorRule(name="reversed already", action=Action.LOOK_UP, outcome=Outcome.HAPPENED, status=(200,), text=r"already (been )?reversed"),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=NO,
        status=(200, 400),
        says="SAP S/4HANA does not take the document as it is; nothing was booked.",
        fix="Correct what its words name, in the document, its mapping or there, then answer Retry.",
    ),
)

FORM = (
    FormField(name="company_code", label="Company code", help="For example 1710.", required=True),
    FormField(name="home_currency", label="Company code currency", help="For example EUR.", required=True),
    FormField(name="chart_of_accounts", label="Chart of accounts", default="YCOA"),
    FormField(name="sap_client", label="Client", help="On-premise and private cloud only, for example 100."),
    FormField(
        name="je_post_path", label="Path of Journal Entry - Post", default=POST_PATH, help="On-premise: the binding made in SOAMANAGER."
    ),
    FormField(name="je_clearing_path", label="Path of Journal Entry - Clearing", default=CLEARING_PATH),
    FormField(name="created_by_user", label="Created by", default="AIRFLOW", help="At most 12 characters."),
    FormField(name="doc_type_invoice", label="Document type of invoices", default="DR"),
    FormField(name="doc_type_credit", label="Document type of credit notes", default="DG"),
    FormField(name="doc_type_payment", label="Document type of payments", default="DZ"),
    FormField(name="doc_type_clearing", label="Document type of clearings", default="AB"),
    FormField(name="reversal_reason", label="Reversal reason", default="01", help="02 where reversals are dated in another period."),
    FormField(
        name="tax_codes",
        label="Tax codes",
        required=True,
        help="Output tax codes, with blanks between (A1 A2 A0): no API of S/4HANA lists them.",
    ),
    FormField(name="tax_class", label="Tax transaction key", default="MWS", help="TaxItemClassification of output tax."),
    FormField(name="condition_type", label="Tax condition type", default="MWAS"),
    FormField(
        name="account_assignments",
        label="Account assignments",
        help="What dimensions may be mapped to, with blanks between: ProfitCenter:YB110 Segment:1000_A (also CostCenter, WBSElement, "
        "FunctionalArea).",
    ),
    FormField(name="revenue_gl", label="Default revenue account", help="For lines without a revenue group."),
    FormField(name="discount_gl", label="Discount account", help="For document discounts without an account of their own."),
    FormField(name="freight_gl", label="Freight account", help="For document charges without an account of their own."),
    FormField(
        name="send_material", label="Send item code and quantity", kind="boolean", default=False, help="Our item codes must be materials."
    ),
    FormField(name="bank_gl", label="Bank account for payments", help="G/L account of the bank (clearing) account, for example 11001060."),
    FormField(name="bank_fee_gl", label="Account for bank fees", help="Takes the fee of a payment; without it such payments are refused."),
    FormField(name="house_bank", label="House bank", help="Of the bank account, for example USBK1."),
    FormField(name="house_bank_account", label="House bank account", help="For example USAC1."),
    FormField(name="bp_grouping", label="Grouping of new customers", default="BP02"),
    FormField(name="reconciliation_account", label="Reconciliation account of new customers", help="For example 12100000."),
    FormField(name="customer_terms", label="Payment terms of new customers", help="For example NT30."),
    FormField(name="language", label="Language", default="EN"),
    FormField(name="time_zone", label="Time zone of the system", default="UTC", help="Its dates of change carry none."),
)

SPEC = PlatformSpec(
    slug="sap_s4hana",
    title="SAP S/4HANA",
    class_prefix="SapS4Hana",
    docs="api.sap.com",
    blueprint_endpoint="API_SALES_INVOICE_SRV",
    real_endpoint=f"POST {POST_PATH} (SOAP: JournalEntryCreateRequestConfirmation_In)",
    endpoint_note=(
        "API_SALES_INVOICE_SRV has never existed, and the billing document services of S/4HANA only read and cancel. An invoice of another "
        "sales system is booked by Journal Entry - Post (SOAP) and read back with API_OPLACCTGDOCITEMCUBE_SRV (OData V2). Billing orders "
        "that live in S/4HANA itself (sales order, delivery, billing document) is not built."
    ),
    limits=Limits(concurrent=4, lines=ITEMS_MAX),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.ANSWERS_LATER,
            Capability.VOID,
            Capability.REISSUE,
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
    standard_fields=(
        StandardField(name="host", label="Host", placeholder="my300000-api.s4hana.cloud.sap"),
        StandardField(name="port", label="Port (on-premise)", placeholder="44300"),
        StandardField(name="login", label="Communication user"),
        StandardField(name="password", label="Password"),
    ),
    form=FORM,
    reference_kinds=(ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE, ReferenceKind.DIMENSION),
    errors=(*_ACCESS, *_PASSING, *_POSTING),
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.BANK_FEE,
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="bank_gl",
    settle_seconds=600,
    read_timeout_seconds=150.0,
    poll_seconds=5.0,
    overdue_seconds=900.0,
    number_max=NUMBER_MAX,
    secret_headers=("x-csrf-token", "cookie"),
    unverified=(
        "The element order of the clearing request, the sign of its partial amounts, and when its result shows.",
        "Whether a partial payment fills the payment item's InvoiceReference, or clears it and posts a new item with one (both are read).",
        "The sign of ProductTaxItem's base amount (the same as its amount's, from memory).",
        "Whether DocumentReferenceID is stored in capitals (small letters are refused) and whether a duplicate one is checked.",
        "HTTP 429 and its Retry-After; the message numbers 201(F5) and 702(RW), which are from memory.",
        "That a line of zero may be posted (it is left out), and the most items of one document (999, from memory).",
        "That tax items of the open-item service bear the item type T or the connection's tax transaction key (from memory).",
        "The unit codes that QuantityInEntryUnit takes beside PCE.",
        "That FollowOnDocumentType V marks a residual item (from memory).",
    ),
)
