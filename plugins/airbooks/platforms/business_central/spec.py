"""Business Central as plain data: connection form, limits, capabilities, and what its errors mean (API v2.0)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

HOST = "https://api.businesscentral.dynamics.com"
TOKEN_URL = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"  # noqa: S105 an address
SCOPE = "https://api.businesscentral.dynamics.com/.default"
MAIN_GROUP = "v2.0"
FINANCE_GROUP = "microsoft/reportsFinance/beta"
AUTOMATE_GROUP = "microsoft/automate/v1.0"
OPERATIONS = 100  # of one $batch
MAX_NUMBER = 35  # characters of externalDocumentNumber


def _rule(name: str, action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN, **parts: object) -> ErrorRule:
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)  # type: ignore[arg-type]


_ACCESS = (
    _rule(
        "client refused",
        Action.STOP,
        codes=("invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type"),
        says="Entra ID does not accept the client id, its secret, or the tenant.",
        fix="Renew the client secret in Entra ID and store it as the connection's password.",
    ),
    _rule("token refused", Action.RENEW, status=(401,)),
    _rule(
        "not permitted",
        Action.STOP,
        status=(403,),
        says="The app registration may not do this in Business Central.",
        fix="Give it permission sets on the page Microsoft Entra Applications (SUPER is not allowed for apps).",
    ),
    _rule(
        "permission missing",
        Action.STOP,
        status=(400,),
        text=r"\bpermissions?\b",
        says="The app lacks a permission inside Business Central.",
        fix="Give the app the permission that the message names, on the page Microsoft Entra Applications.",
    ),
    _rule(
        "company or environment unknown",
        Action.STOP,
        codes=("Internal_CompanyNotFound", "NoEnvironment"),
        says="Business Central does not have this environment or company, or it was renamed or deleted.",
        fix="Correct the environment or the company id in the connection.",
    ),
    _rule(
        "API switched off",
        Action.STOP,
        status=(405,),
        says="The server does not take this kind of request.",
        fix="Switch the API services on in the server's set-up (on-premises).",
    ),
)
_PASSING = (
    _rule("throttled", Action.WAIT, status=(429,)),
    _rule("stale version", Action.REREAD, codes=("Request_EntityChanged",)),
    _rule("locked by another user", Action.RETRY, status=(400, 409), text=r"locked by another user|deadlock"),
    _rule("database trouble", Action.LOOK_UP, Outcome.UNKNOWN, codes=("Internal_ServerError",)),
    _rule("server or gateway time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(408, 500, 502, 503, 504)),
)
_POSTING = (
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"range of allowed posting dates",
        says="The posting date is outside the allowed posting range.",
        fix="Widen Allow Posting From/To in the General Ledger Setup (or the user's own), or give the document another posting date.",
    ),
    _rule(
        "blocked",
        Action.REVIEW,
        text=r"\bblocked\b",
        says="The customer, an item or an account of the document is blocked.",
        fix="Unblock the customer, item or account in Business Central.",
    ),
    _rule(
        "waits for approval",
        Action.REVIEW,
        text=r"approved and released|approval process",
        says="The document needs an approval in Business Central before it can be posted.",
        fix="Approve the document in Business Central, then retry.",
    ),
    _rule("posted already", Action.LOOK_UP, Outcome.HAPPENED, text=r"to a draft (invoice|credit memo) only"),
    _rule(
        "posting groups missing",
        Action.REVIEW,
        codes=("Application_FieldValidationException",),
        says="The posting set-up of the customer or of a line is incomplete.",
        fix="Complete the posting groups of the customer card (they come from its template), or the VAT Posting Setup.",
    ),
    _rule(
        "no exchange rate",
        Action.REVIEW,
        text=r"Currency Exchange Rate",
        says="Business Central has no exchange rate for the document's currency on its posting date.",
        fix="Enter a rate for the posting date in the Currency Exchange Rates.",
    ),
    _rule(
        "posted document is fixed",
        Action.REVIEW,
        text=r"has been posted and can no longer be modified",
        says="The document is posted, and a posted one takes no change but of its due date.",
        fix="Void it and send a new one, or correct it by a credit note.",
    ),
)
_VOIDING = (
    _rule(
        "cancelled half-way",
        Action.REVIEW,
        text=r"Canceling the (invoice|credit memo) failed.*(credit memo|invoice) is (created|posted)",
        says="A corrective document was made, but the cancellation did not finish.",
        fix="Post or delete the corrective credit memo in Business Central by hand; do not cancel again before.",
    ),
    _rule(
        "paid",
        Action.REVIEW,
        text=r"fully or partially paid",
        says="The document is paid, wholly or in part, and cannot be cancelled.",
        fix="Unapply the payment in Business Central first, or send a credit note instead.",
    ),
    _rule("void already", Action.LOOK_UP, Outcome.HAPPENED, text=r"already been cancell?ed"),
    _rule(
        "credit memo cannot be void",
        Action.REVIEW,
        text=r"not a corrective document",
        says="Business Central cancels only credit memos that correct an invoice.",
        fix="Send an invoice instead.",
    ),
)
_DATA = (
    _rule("exists already", Action.LOOK_UP, codes=("Internal_EntityWithSameKeyExists",)),
    _rule(
        "numbers by hand not allowed",
        Action.REVIEW,
        text=r"enter numbers manually",
        says="The customers' number series gives out numbers by itself and takes none of ours.",
        fix="Switch on Manual Nos. for the customers' number series, or create the customer in Business Central under our code.",
    ),
    _rule(
        "too long",
        Action.REVIEW,
        codes=("Application_StringExceededLength",),
        says="A text is longer than its field in Business Central.",
        fix="Shorten the text that is named.",
    ),
    _rule(
        "code unknown there",
        Action.REVIEW,
        codes=("Internal_InvalidTableRelation",),
        says="The document names a code (item, account, currency, terms, dimension) that Business Central does not have.",
        fix="Correct the mapping, or add the code there.",
    ),
    _rule(
        "nothing to post",
        Action.REVIEW,
        text=r"nothing to post",
        says="The document or journal has no line with a quantity or an amount.",
        fix="Give the document a line with a quantity, or delete the empty draft in Business Central, then answer Retry.",
    ),
    _rule(
        "gone",
        Action.REVIEW,
        status=(404,),
        says="Business Central does not have the record: it was deleted, or it is another one's.",
        fix="See there what became of it, then answer Retry or Reject.",
    ),
    _rule(
        "refused request",
        Action.REVIEW,
        codes=("BadRequest", "BadRequest_InvalidOperation", "BadRequest_InvalidToken", "Application_InvalidGUID", "Unknown"),
        says="Business Central does not understand the request, or a field that it names may not be written.",
        fix="Look at the field that is named; correct the mapping, or report it as a fault of the connector.",
    ),
    _rule(
        "refused",
        Action.REVIEW,
        codes=("Application_DialogException",),
        says="Business Central does not take the document as it is.",
        fix="Do what Business Central's words say, in the document or there, then answer Retry.",
    ),
)

SPEC = PlatformSpec(
    slug="business_central",
    title="Microsoft Dynamics 365 Business Central",
    class_prefix="BusinessCentral",
    docs="learn.microsoft.com/dynamics365/business-central",
    blueprint_endpoint="/companies({companyId})/salesInvoices",
    real_endpoint="/v2.0/{tenant}/{environment}/api/v2.0/companies({id})/salesInvoices, then Microsoft.NAV.post",
    endpoint_note="POST makes a draft; the bound action Microsoft.NAV.post makes it a posted invoice.",
    limits=Limits(
        per_minute=1_200,
        concurrent=4,
        batch=20,
        per_app=frozenset({"minute", "concurrent"}),
        app_named_by=("host", "tenant_id", "environment", "login"),
    ),  # 6,000 in 5 minutes; 5 at once; 100 operations a batch, posting is slow
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.VOID,
            Capability.REISSUE,
            Capability.CREDIT_NOTES,
            Capability.VERSION_TOKEN,
            Capability.MULTI_CURRENCY,
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
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="balancing_account_id",
    standard_fields=(
        StandardField(name="host", label="API root (empty: Business Central online)", placeholder=HOST),
        StandardField(name="login", label="Client id (on-premises: user)"),
        StandardField(name="password", label="Client secret (on-premises: web-service access key)"),
    ),
    form=(
        FormField(name="tenant_id", label="Tenant id", help="GUID or domain of the Entra tenant (not needed on-premises)."),
        FormField(name="environment", label="Environment", default="Production", help="Production, or the name of a sandbox environment."),
        FormField(name="company_id", label="Company id", required=True, help="GUID, as GET companies lists it."),
        FormField(name="auth", label="Authentication", default="oauth", choices=("oauth", "basic"), help="basic is for on-premises only."),
        FormField(name="token_url", label="Token end point", help="Empty: Entra ID's own for the tenant."),
        FormField(
            name="payment_journal_code", label="Payment journal", default="AIRBOOKS", help="A cash-receipt journal that nobody else uses."
        ),
        FormField(
            name="balancing_account_id", label="Balancing account id", help="GUID of the bank or G/L account of a new payment journal."
        ),
        FormField(
            name="dimensions",
            label="Dimensions",
            default="department=DEPARTMENT warehouse=location",
            help="Our dimension = the dimension's code there, or 'location' for the location of the line.",
        ),
        FormField(name="shortcut_dimension_1", label="Global dimension 1", default="DEPARTMENT", help="Code of shortcut dimension 1."),
        FormField(name="shortcut_dimension_2", label="Global dimension 2", help="Code of shortcut dimension 2, if documents carry it."),
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
    errors=(*_ACCESS, *_PASSING, *_POSTING, *_VOIDING, *_DATA),
    settle_seconds=660,  # the gateway gives up after 10 minutes
    read_timeout_seconds=180.0,
    number_max=MAX_NUMBER,
    verified_against=("simulator", "pybusinesscentral on the simulator"),
    unverified=(
        "The error code and a Retry-After of HTTP 429.",
        "Whether each part of a $batch counts as a request of the rate limit.",
        "What a $batch does behind a failed part without Prefer: odata.continue-on-error.",
        "The currency of a payment journal line (taken to be the customer card's).",
        "The error code of a lock or deadlock.",
        "The life of an access token (expires_in is used).",
        "That lines of a credit memo, and its invoiceId, behave as those of the invoice.",
    ),
)
