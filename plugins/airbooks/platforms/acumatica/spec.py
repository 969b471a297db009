"""Acumatica as plain data: connection form, limits, capabilities, and what its errors mean (contract-based REST API, version 4)."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

SALES_INVOICE, INVOICE = "SalesInvoice", "Invoice"
OAUTH, COOKIE = "oauth", "cookie"
MAX_NUMBER = 40  # characters of ExternalRef and CustomerOrder (from memory)
MAX_CUSTOMER = 30  # characters of CustomerID (from memory)
MAX_DESCRIPTION = 512  # characters of a document's description (from memory)
MAX_LINE_TEXT = 256  # characters of a line's description (from memory)
GIVE_UP_SECONDS = 900.0  # a release that is neither seen done nor failed by then needs a person; the vendor's requests end after 600

LOGIN_LIMIT, LOGIN_LIMIT_TEXT = "login limit reached", r"API Login Limit|concurrent API logins"
NO_ENTITY = "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"
GONE, EXISTS, IN_PROCESS, RELEASED_ALREADY = "no such record", "exists already", "release is running already", "released already"


# Statuses of Acumatica's own errors: screens refuse with 422 or with 500, and the words tell which refusal it is.
_TOLD = (400, 409, 422, 500)
_AT_THE_DOOR = (400, 401, 403, 404, 422, 429, 500)


def _rule(name: str, action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN, **parts: Any) -> ErrorRule:
    if "text" in parts:
        parts = {"status": _TOLD, **parts}
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)


_ACCESS = (
    _rule(
        LOGIN_LIMIT,
        Action.WAIT,
        status=_AT_THE_DOOR,
        text=LOGIN_LIMIT_TEXT,
        says="All API sessions of the licence are used.",
        fix="If it lasts, log out stale API sessions (License Monitoring Console, SM604000).",
    ),
    _rule(
        "log-in refused",
        Action.STOP,
        status=_AT_THE_DOOR,
        text=r"Invalid credentials",
        says="Acumatica does not accept the user, the password, or the tenant.",
        fix="Correct user and password of the connection, and the tenant (Tenants, SM203520).",
    ),
    _rule(
        "sign-in refused",
        Action.STOP,
        codes=("invalid_grant",),
        says="Acumatica does not accept the user and password, or the refresh token was used, revoked or is older than its absolute life.",
        fix="Correct user and password, or sign in again and store the new refresh token in the connection.",
    ),
    _rule(
        "client refused",
        Action.STOP,
        codes=("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_request"),
        says="Acumatica does not accept the client id, its secret, the flow, or the scope.",
        fix="Compare the connection with Connected Applications (SM303010): client id with @tenant, secret, flow, scope.",
    ),
    _rule("session ended", Action.RENEW, status=(401,)),
    _rule(
        "not permitted",
        Action.STOP,
        status=(403,),
        says="The API user may not do this, or the licence has no API access.",
        fix="Give the user's role access to the screen that the message names (Access Rights by Screen), or see License Monitoring.",
    ),
    _rule(
        "set-up missing",
        Action.STOP,
        codes=("PX.Data.PXSetupNotEnteredException",),
        says="A module of Acumatica is not set up for this tenant.",
        fix="Complete the preferences that the message names.",
    ),
    _rule(
        "end point not installed",
        Action.STOP,
        status=(404,),
        says="The site does not have this end point, version or entity.",
        fix="Correct endpoint and version in the connection; the connection test lists the installed ones.",
    ),
    _rule(
        "wrong method",
        Action.STOP,
        status=(405,),
        says="The end point does not let this entity be written.",
        fix="Correct endpoint and version in the connection: this entity cannot be written.",
    ),
)
_PASSING = (
    _rule("throttled", Action.WAIT, status=(429,)),
    _rule("changed at the same time", Action.REREAD, text=r"Another process has (updated|added|deleted)"),
    _rule(IN_PROCESS, Action.LOOK_UP, Outcome.UNKNOWN, text=r"previous operation has not been completed"),
    _rule("server or gateway time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(408, 502, 503, 504)),
)
_RECORDS = (
    _rule(
        GONE,
        Action.REVIEW,
        codes=(NO_ENTITY,),
        says="Acumatica does not have the record (any more).",
        fix="Look for the record in Acumatica; it may have been deleted.",
    ),
    # The condition of the request was not met (insert only, or update only), and nothing was written.
    _rule(
        EXISTS,
        Action.LOOK_UP,
        status=(412,),
        says="Acumatica has a record of this number already, or the one to be changed is gone.",
        fix="Compare the two in Acumatica; delete the wrong one, or give ours another number.",
    ),
)
_BOOKING = (
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"financial period is (inactive|closed|locked)|period .* (is closed|is locked|does not exist)",
        says="The financial period of the document is not open.",
        fix="Open the period (Manage Financial Periods, GL503000), or give the document another posting date.",
    ),
    _rule(
        "waits for approval",
        Action.REVIEW,
        text=r"pending approval",
        says="The document waits for an approval in Acumatica.",
        fix="Approve it there, then answer Retry: it is released as it stands.",
    ),
    _rule(
        "on hold",
        Action.REVIEW,
        text=r"is on (credit )?hold",
        says="The document, or its customer, is on hold in Acumatica.",
        fix="Take the document or its customer off hold, then answer Retry.",
    ),
    _rule(
        "inactive master data",
        Action.REVIEW,
        text=r"\binactive\b",  # that a period is told with this word is documented
        says="A customer, item or account of the document is inactive in Acumatica.",
        fix="Make it active there, or correct the mapping, then answer Retry.",
    ),
    _rule(RELEASED_ALREADY, Action.LOOK_UP, Outcome.UNKNOWN, text=r"already (been )?released"),
    _rule(
        "released document is fixed",
        Action.REVIEW,
        text=r"released.*cannot be (changed|deleted)|cannot be (changed|deleted).*released",
        says="A released document can be neither changed nor deleted.",
        fix="Void it and send a new one, or correct it by a credit note.",
    ),
    _rule(
        "currency not allowed",
        Action.REVIEW,
        text=r"currency.*(override|different)",
        says="The customer is kept in one currency in Acumatica, and the document is in another.",
        fix="Switch on Enable Currency Override for the customer (Customers, AR303000).",
    ),
    _rule(
        "code unknown there",
        Action.REVIEW,
        status=(422,),
        text=r"cannot be found in the system",
        says="A code of the document is not in Acumatica.",
        fix="Correct the mapping, or add the code there.",
    ),
    _rule(
        "refused",
        Action.REVIEW,
        status=(422,),
        says="Acumatica does not take the document as it is; nothing was saved.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
    _rule(
        "malformed request",
        Action.REVIEW,
        status=(400,),
        says="Acumatica does not understand the request.",
        fix="Compare endpoint and version of the connection with the site's; else report the message.",
    ),
    _rule(
        "refused by the screen",
        Action.REVIEW,
        status=(500,),
        text=r"\(PX\.[\w.]+\)$",
        says="A rule of the screen in Acumatica refused the document.",
        fix="Correct what its words name, in the document or in Acumatica, then answer Retry.",
    ),
    _rule("server failure", Action.LOOK_UP, Outcome.UNKNOWN, status=(500,)),
)

# What the connector finds out itself.
UNFIT = _rule("code not usable", Action.REVIEW)
FIXED = _rule("released document is fixed", Action.REVIEW, fix="Void it and send a new one, or correct it by a credit note.")
CHANGED_THERE = _rule("changed there meanwhile", Action.REREAD, fix="See what was changed in Acumatica; then answer Retry.")
IGNORED = _rule(
    "fields ignored",
    Action.REVIEW,
    says="Acumatica answered 200 and did not take over everything it was sent; the draft was taken back.",
    fix="Add the fields to the web service end point, correct the mapping, or send with strict=False.",
)
NOT_BALANCED = _rule("not ready for release", Action.REVIEW, fix="Clear in Acumatica what holds the document back, then answer Retry.")
NEVER_RELEASED = _rule(
    "release did not finish",
    Action.REVIEW,
    says="Acumatica took the release on, and the document is still not released. Why, it tells only the session that asked.",
    fix="Release the document in Acumatica to see the reason, clear it, then answer Retry.",
)
LOST = _rule("released and not to be found", Action.LOOK_UP, Outcome.UNKNOWN)
PAID = _rule("paid", Action.REVIEW, fix="Take the payment off the invoice in Acumatica first, or send a credit note instead.")
NO_REVERSAL = _rule("credit memo cannot be void", Action.REVIEW, fix="Reverse it in Acumatica by hand, or send an invoice instead.")
OTHER_REVERSAL = _rule(
    "reversal differs",
    Action.REVIEW,
    says="The credit memo that would reverse the invoice comes to another amount; it was taken back.",
    fix="Reverse the invoice in Acumatica by hand (Reverse and Apply to Memo).",
)
PAYMENT_UNFIT = _rule("payment cannot be expressed", Action.REVIEW, fix="Book it in Acumatica by hand.")
PAYMENT_DIFFERS = _rule("payment reference used", Action.REVIEW, fix="Compare the payment there with ours; correct one of them.")
PAYMENT_NOT_APPLIED = _rule(
    "payment not applied", Action.REVIEW, says="Acumatica did not apply the payment as asked; it was taken back.", fix="Book it by hand."
)
PAYMENT_OPEN = _rule("payment is not released yet", Action.LOOK_UP, Outcome.UNKNOWN)

SPEC = PlatformSpec(
    slug="acumatica",
    title="Acumatica Cloud ERP",
    class_prefix="Acumatica",
    docs="help.acumatica.com",
    blueprint_endpoint="/entity/default/6.00.001/Invoices",
    real_endpoint="PUT /entity/Default/24.200.001/SalesInvoice (or Invoice), then POST .../ReleaseSalesInvoice",
    endpoint_note=(
        "Entities are singular and are written by PUT; Default/6.00.001 belongs to a release of 2016 and is no longer shipped. "
        "End point, version and entity are fields of the connection."
    ),
    limits=Limits(
        concurrent=2, per_app=frozenset({"concurrent"}), app_named_by=("host",)
    ),  # sessions, requests and calls a minute come from the licence; a trial has two sessions
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.POST_STEP,
            Capability.ANSWERS_LATER,
            Capability.UPDATE_DRAFT,
            Capability.VOID,
            Capability.REISSUE,
            Capability.CREDIT_NOTES,
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
            PaymentFeature.DISCOUNT,  # CashDiscountTaken; its account is set in Acumatica
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="cash_account",
    standard_fields=(
        StandardField(name="host", label="Site", placeholder="https://company.acumatica.com"),
        StandardField(name="login", label="API user"),
        StandardField(name="password", label="Password"),
    ),
    form=(
        FormField(
            name="auth",
            label="Log-in",
            default=OAUTH,
            choices=(OAUTH, COOKIE),
            help="OAuth 2.0, or user, password and a session cookie.",
        ),
        FormField(name="client_id", label="Client id", help="Connected Applications (SM303010): GUID@Tenant. Needed for OAuth."),
        FormField(name="client_secret", label="Client secret", secret=True, help="Needed for OAuth."),
        FormField(
            name="refresh_token",
            label="Refresh token",
            secret=True,
            help="Of the authorisation-code flow; empty: user and password (resource owner flow). It rotates at each use.",
        ),
        FormField(name="scope", label="Scope", default="api", help="With a refresh token also offline_access."),
        FormField(name="tenant", label="Tenant", help="Log-in name of the tenant; with OAuth it is part of the client id."),
        FormField(
            name="sessions",
            label="API sessions",
            kind="integer",
            help="How many the licence allows at once (SM604000), for all connections to the site; empty: found out by being refused.",
        ),
        FormField(name="branch", label="Branch", help="Branch of the documents; empty: the user's own."),
        FormField(name="endpoint", label="End point", default="Default", help="Web service end point (SM207060)."),
        FormField(name="version", label="Version", default="24.200.001", help="The connection test lists the installed ones."),
        FormField(
            name="invoice_entity",
            label="Documents as",
            default=SALES_INVOICE,
            choices=(SALES_INVOICE, INVOICE),
            help="SalesInvoice (SO303000, release issues stock) or Invoice (AR301000, non-stock items and accounts only).",
        ),
        FormField(name="home_currency", label="Base currency", default="USD", help="Of the company; Invoice documents are booked in it."),
        FormField(name="terms", label="Credit terms", help="Ids of the credit terms, separated by commas: the end point cannot list them."),
        FormField(name="customer_class", label="Customer class", help="Of customers that are made here; empty: Acumatica's default."),
        FormField(
            name="customer_numbering",
            label="Customer ids",
            default="manual",
            choices=("manual", "auto"),
            help="manual: our code becomes the id; auto: the numbering sequence gives it, our code is the account reference.",
        ),
        FormField(
            name="cash_account", label="Cash account", help="For payments: one account, or one for each currency (USD:10200 EUR:10210)."
        ),
        FormField(name="payment_method", label="Payment method", help="For payments whose own method has no mapping."),
        FormField(name="freight_item", label="Freight item", help="Non-stock item for freight lines that name none."),
        FormField(name="price_decimals", label="Decimals of prices", kind="integer", default=6, help="Price/Cost decimals of the company."),
        FormField(name="quantity_decimals", label="Decimals of quantities", kind="integer", default=6, help="Of the company."),
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
    errors=(*_ACCESS, *_PASSING, *_RECORDS, *_BOOKING),
    settle_seconds=660,  # requests end after 600 seconds over there
    read_timeout_seconds=180.0,
    number_max=MAX_NUMBER,
    secret_headers=("cookie",),  # of a cookie session
    unverified=(
        "custom.CurrentDocument.TermsID and TaxZoneID on documents: the contract has no such fields; what is not taken over is noticed.",
        "Whether a release goes on when the session that started it logs out; if not, the document stays Balanced and becomes a review.",
        "Whether an access token is good for another session after its log-out; a refusal is answered by a new token.",
        "PUT with $filter and If-None-Match together when several records match.",
        "Whether changing a released document is refused with 422 or 500 (treated alike).",
        "That a line on an account takes a negative price (discounts of the document).",
        "That a credit memo of stock items is taken without a return order (void of a released invoice).",
        "Largest lengths of texts, decimals of prices and quantities, HTTP 405 for POST on an entity (from memory).",
        "The status of a refused log-in at the session limit; the message tells.",
        "The text of the error for a release that is running already.",
    ),
)
