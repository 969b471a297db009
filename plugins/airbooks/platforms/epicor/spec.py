"""Epicor Kinetic as plain data: connection form, limits, capabilities, and what its errors mean (REST API v2)."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

MAX_NUMBER = 20  # of XRefInvoiceNum; 20 to 50 by release (UNVERIFIED), the shortest is safe
GROUP_DOCUMENTS = 10  # documents of one invoice group, posted together


def _rule(name: str, action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN, **parts: Any) -> ErrorRule:
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)


_ACCESS = (
    _rule(
        "API key refused",
        Action.STOP,
        status=(401,),
        text=r"api.?key",
        says="Epicor does not accept the API key, or it has expired.",
        fix="Make a new key in API Key Maintenance of this environment and store it in the connection.",
    ),
    _rule("session gone", Action.RENEW, status=(410,)),
    _rule("token refused", Action.RENEW, status=(401,)),
    _rule(
        "not permitted",
        Action.STOP,
        status=(403,),
        says="The API key's access scope, or the user's menu security, does not allow this service.",
        fix="Add the service that the message names to the access scope of the API key, or give the user the right.",
    ),
    _rule(
        "company unknown",
        Action.STOP,
        status=(404,),
        text=r"\bcompany\b",
        says="Epicor has no such company, or the user is not allowed in it.",
        fix="Correct the company in the connection; the user must be allowed in it.",
    ),
)
_PASSING = (
    _rule("throttled", Action.WAIT, status=(429,)),
    _rule("server is updating", Action.WAIT, status=(503,), codes=("Ice.Common.ConversionsPendingException",)),
    _rule(
        "gone",
        Action.REVIEW,
        codes=("Ice.Common.RecordNotFoundException",),  # older builds send it with HTTP 500
        says="Epicor does not have it (any more).",
        fix="See whether somebody deleted it there; answer Retry to have it made anew, or Reject.",
    ),
    _rule("stale version", Action.REREAD, text=r"modified by another user"),
    _rule("group locked", Action.RETRY, text=r"(locked|in use) by (another )?user"),
    _rule("server or gateway time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(408, 500, 502, 503, 504)),
)
_POSTING = (
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"period.*closed|Earliest Apply Date",
        says="The apply date lies in a closed fiscal period, or before the Earliest Apply Date.",
        fix="Open the period (Earliest Apply Date, Fiscal Period Close), or give the document another posting date.",
    ),
    _rule(
        "invoice without lines",
        Action.REVIEW,
        text=r"Invoice with no detail",
        says="An invoice of the group has no lines, and holds the group back.",
        fix="Delete the empty invoice in Epicor, then retry.",
    ),
    _rule(
        "account not valid",
        Action.REVIEW,
        text=r"Invalid G/?L account",
        says="Epicor cannot post to an account that the document comes to.",
        fix="Correct the account or segment mapping, or complete the GL controls; then clear the review journal and unlock the group.",
    ),
    _rule(
        "asks a question",
        Action.REVIEW,
        codes=("needsUserInput", "requiresUserInput", "responseMessage"),
        says="Epicor asks a question that only a person can answer (a legal number by hand, a warning to confirm).",
        fix="Enter or post this document in the AR Invoice Entry, or change the set-up so that nothing is asked.",
    ),
    _rule("group gone", Action.RETRY, text=r"Group ID is invalid"),
    _rule(
        "on credit hold",
        Action.REVIEW,
        text=r"credit hold",
        says="The customer is on credit hold in Epicor.",
        fix="Release the customer's credit hold in Epicor, then retry.",
    ),
    _rule(
        "posted already",
        Action.REVIEW,
        text=r"has been posted|already posted",
        says="The invoice is posted in Epicor, and a posted one cannot be changed.",
        fix="Void it and send a new one, or a credit note.",
    ),
    _rule(
        "paid",
        Action.REVIEW,
        text=r"payments? (applied|against)",
        says="Cash receipts are applied to it.",
        fix="Reverse the cash receipt first, or send a credit note instead.",
    ),
    _rule(
        "one-time ship-to not allowed",
        Action.REVIEW,
        text=r"one.time ship.?to",
        says="The customer takes no delivery address of one time.",
        fix="Allow One Time Ship To on the customer, or switch one_time_ship_to off.",
    ),
    _rule(
        "no exchange rate",
        Action.REVIEW,
        text=r"exchange rate",
        says="Epicor has no exchange rate for the document's currency and date.",
        fix="Enter a rate for the date, or give the document one.",
    ),
    _rule(
        "not posted",
        Action.REVIEW,
        codes=("errorMessage",),
        says="Epicor did not book it.",
        fix="Mend what its words name in Epicor, then answer Retry.",
    ),
    _rule(
        "not saved",
        Action.REVIEW,
        codes=("lUpdateRan",),
        says="Epicor answered 200 and saved nothing.",
        fix="See whether a data directive (BPM) of the site holds it back, then answer Retry.",
    ),
    _rule("saved with errors", Action.LOOK_UP, Outcome.UNKNOWN, codes=("BOUpdError",)),
)
_DATA = (
    _rule(
        "exists already",
        Action.LOOK_UP,
        status=(409,),
        says="Epicor already has a record with this key.",
        fix="Compare the two in Epicor; delete the wrong one, or give ours another number.",
    ),
    _rule(
        "malformed query",
        Action.REVIEW,
        codes=("ODataException", "Microsoft.OData.ODataException"),
        says="Epicor does not understand a question of the connector.",
        fix="Report the message: a value cannot be put into a filter.",
    ),
    _rule(
        "not there",
        Action.REVIEW,
        status=(404,),
        says="Epicor does not have it (any more), or not under this path.",
        fix="See whether it was deleted in Epicor; if nothing is found at all, correct the host of the connection.",
    ),
    _rule(
        "refused",
        Action.REVIEW,
        status=(400,),
        says="Epicor, or a rule of the site (BPM), does not take the document as it is.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
)

SPEC = PlatformSpec(
    slug="epicor",
    title="Epicor Kinetic",
    class_prefix="Epicor",
    docs="epicor.com (Epicor REST Implementation Guide, Epicor Functions Guide; REST Help of the site)",
    blueprint_endpoint="REST v2 API: Invoices endpoint, initiate on sales approval",
    real_endpoint="/api/v2/odata/{company}/Erp.BO.ARInvoiceSvc (GetNewInvcHeadType, OnChangeof..., Update), then Erp.BO.InvcGrpSvc",
    endpoint_note=(
        "There is no Invoices end point: A/R invoices are the business object Erp.BO.ARInvoiceSvc, entered in a conversation of methods "
        "and posted by invoice group (Erp.BO.InvcGrpSvc). Sales approval is no feature of the API: the sales system's starts the delivery."
    ),
    limits=Limits(concurrent=4, batch=GROUP_DOCUMENTS),  # nothing is published; cloud guidance is to stay modest
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.BATCH,  # the posting of a group, told invoice by invoice
            Capability.POST_STEP,
            Capability.ANSWERS_LATER,  # with the posting mode agent
            Capability.UPDATE_DRAFT,
            Capability.VOID,
            Capability.REISSUE,
            Capability.CREDIT_NOTES,
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
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="bank_acct_id",
    standard_fields=(
        StandardField(name="host", label="Server and instance", placeholder="https://SERVER/INSTANCE"),
        StandardField(name="login", label="User"),
        StandardField(name="password", label="Password"),
    ),
    form=(
        FormField(
            name="api_key",
            label="API key",
            required=True,
            secret=True,
            help="From API Key Maintenance of this environment; shown once.",
        ),
        FormField(name="company", label="Company", required=True, help="The company id in the URL, for example EPIC06."),
        FormField(name="plant", label="Site", help="Plant of the call settings, for example MfgSys; empty: the user's own."),
        FormField(
            name="auth",
            label="Authentication",
            default="basic",
            choices=("basic", "token", "oauth"),
            help="basic: user and password; token: Epicor's own token service; oauth: client credentials at the token end point.",
        ),
        FormField(name="token_url", label="Token end point", help="Of oauth only; token uses TokenResource.svc of the instance."),
        FormField(name="client_id", label="OAuth client id", help="Of oauth only."),
        FormField(name="client_secret", label="OAuth client secret", secret=True, help="Of oauth only."),
        FormField(name="scope", label="OAuth scope", help="Of oauth only; empty: none is asked for."),
        FormField(
            name="keep_session",
            label="Keep one session",
            kind="boolean",
            default=False,
            help="Log in once and log out at the end, instead of one licence claim per call.",
        ),
        FormField(name="license_guid", label="Licence", help="GUID of the licence to claim; empty: the user's default."),
        FormField(
            name="group_prefix",
            label="Group prefix",
            default="AB",
            help="At most two characters that our invoice and cash groups begin with.",
        ),
        FormField(
            name="post_mode",
            label="Posting",
            default="sync",
            choices=("sync", "agent", "none"),
            help="sync: PostInvoices; agent: a task of the task agent; none: a person posts the groups.",
        ),
        FormField(name="agent_id", label="Task agent", default="SystemTaskAgent", help="Of the posting mode agent."),
        FormField(name="efx_library", label="Function library", help="With efx_function: invoices are created by an Epicor Function."),
        FormField(name="efx_function", label="Function", help="Takes and gives what the connector's module `functions` says."),
        FormField(
            name="freight_misc_code",
            label="Miscellaneous charge",
            help="MiscCode of charges (and of freight lines without dimensions); empty: charges are refused.",
        ),
        FormField(name="sales_cat_id", label="Sales category", help="Of lines without an item (SalesCatID)."),
        FormField(name="prod_code", label="Product group", help="Of lines without an item (ProdCode); empty: such lines are refused."),
        FormField(
            name="dimensions",
            label="Dimensions",
            default="department=2",
            help="Our dimension = number of the GL account's segment, or ProjectID. Segment 1 is the account itself.",
        ),
        FormField(name="bank_acct_id", label="Bank account", help="BankAcctID of cash groups; needed for payments."),
        FormField(name="territory_id", label="Territory", help="TerritoryID of customers that are created."),
        FormField(name="sales_rep_code", label="Sales rep", help="SalesRepCode of customers that are created."),
        FormField(name="customer_terms", label="Customer terms", help="TermsCode of customers that are created."),
        FormField(name="customer_tax_region", label="Customer tax region", help="TaxRegionCode of customers that are created."),
        FormField(name="time_zone", label="Time zone", help="Of the application server (IANA name); empty: one more day is read."),
    ),
    reference_kinds=(
        ReferenceKind.ITEM,
        ReferenceKind.ACCOUNT,
        ReferenceKind.TAX_CODE,
        ReferenceKind.TERMS,
        ReferenceKind.CURRENCY,
        ReferenceKind.DIMENSION,
        ReferenceKind.UNIT,
    ),
    errors=(*_ACCESS, *_PASSING, *_POSTING, *_DATA),
    settle_seconds=300,
    read_timeout_seconds=120.0,
    number_max=MAX_NUMBER,
    secret_headers=("x-api-key", "username", "password"),
    unverified=(
        "Field lengths (XRefInvoiceNum 20 to 50) and decimals (prices 5, quantities 8) where the schema does not say them.",
        "The HTTP status for a missing API key (401 is reported), and all message texts.",
        "Whether cancellation credit memos copy XRefInvoiceNum; they are left out of look-ups either way.",
        "Whether GetCancellationInvoice is there in every localization.",
        "The letter case of a stored InvoiceType.",
        "The sign of a credit memo's amounts (both are read).",
        "Whether ReadyToCalc can be set in the row (SetReadyToCalc is called where that did not take).",
        "Names of the list services (PartSvc, TermsSvc, CurrencySvc, TaxCatSvc, TaxRgnSvc, COASegValuesSvc, UOMSvc, PayMethodSvc, "
        "CountrySvc, ProjectSvc) and of their fields (from memory).",
        "That miscellaneous charges can be edited in the row after GetNewInvcMisc, and that line quantities may be negative.",
        "Whether the id of a posted group can be used again (the connector takes the next one where it cannot).",
        "The argument of UnlockGroup, and TaskNote as the mark of our posting tasks (from memory).",
        "That CurrencyCode and ExternalID of a cash head can be set in the row.",
        "The client-credentials variant of Epicor's own token service (oauth uses a token end point of the customer's).",
        "Form of a GL account with blank segments (4000||MAIN).",
        "Fields from memory: PhoneNum, TaxPayerID, AllowOTS and Address3 of customers, SalesRepCode1 and TaxRegionCode set in the row of "
        "an invoice head, TranType and ReverseRef of a cash head.",
        "The form of the date in OnChangeDueDate (ISO; the head is compared with the document before it is saved).",
    ),
)
