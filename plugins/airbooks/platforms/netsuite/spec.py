"""NetSuite as plain data: connection form, limits, capabilities, and what its errors mean (SuiteTalk REST web services, 2026.1)."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 an address
RECORD_PATH = "/services/rest/record/v1"
QUERY_PATH = "/services/rest/query/v1/suiteql"
JOB_PATH = "/services/rest/async/v1/job"

OAUTH2, TBA = "oauth2_m2m", "tba"
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")  # RS256 is not accepted
MODES = ("single", "batch")
CREDIT_MEMO, DELETE = "credit_memo", "delete"

NUMBER = 45  # characters of tranId and of otherRefNum (from memory)
MEMO = 999  # of memo and message (from memory)
DESCRIPTION = 4000  # of a line's description (from memory)
NAME = 83  # of companyName (from memory)
RATE_DECIMALS, QUANTITY_DECIMALS = 8, 5  # (from memory)

# A refused log-in of credentials that have just been accepted: the account's concurrency limit speaks.
BUSY_LOGIN = "INVALID_LOGIN (just accepted)"
DUPLICATE = "exists already"
GONE = "not there"


def _rule(name: str, action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN, **parts: Any) -> ErrorRule:
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)


_ACCESS = (
    _rule(
        "concurrency limit",
        Action.WAIT,
        codes=("CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "EXCEEDED_CONCURRENCY_LIMIT"),
        says="The account's concurrency limit is used up (it is shared by all its integrations).",
    ),
    _rule("throttled", Action.WAIT, status=(429,)),
    _rule("concurrency limit, in words", Action.WAIT, status=(400, 401, 403), text=r"concurren\w+ (request )?limit|request blocked"),
    _rule(
        "throttled, in the words of a refused log-in",
        Action.WAIT,
        codes=(BUSY_LOGIN,),
        says="The account refused credentials that it had just accepted: that is what its concurrency limit may look like.",
        fix="If it lasts, look at the Login Audit Trail and the concurrency monitor of the account.",
    ),
    _rule(
        "client refused",
        Action.STOP,
        codes=("invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_grant_type"),
        says="NetSuite does not accept the signed assertion: client id, certificate id, private key, algorithm or scope is wrong.",
        fix="Compare the connection with Setup > Integration > OAuth 2.0 Client Credentials (M2M) Setup; mappings are lost on a sandbox"
        " refresh and end with their certificate.",
    ),
    _rule(
        "log-in refused",
        Action.RENEW,
        status=(401,),
        says="NetSuite does not let the connection in.",
        fix="Look at the Login Audit Trail: is the token revoked, the role or the integration switched off, the account id right? If other"
        " integrations were at work, it may have been the concurrency limit: run the task again.",
    ),
    _rule(
        "not permitted",
        Action.STOP,
        status=(403,),
        says="The role of the connection may not do this.",
        fix="Give the role REST Web Services, Log in using OAuth 2.0 Access Tokens, SuiteAnalytics Workbook, and full permission on"
        " invoices, credit memos, customer payments, customers and items.",
    ),
)
_PASSING = (
    _rule("replayed key", Action.LOOK_UP, Outcome.UNKNOWN, codes=("IDEMPOTENCY_ERROR",)),
    _rule("server trouble", Action.LOOK_UP, Outcome.UNKNOWN, codes=("UNEXPECTED_ERROR",)),
    _rule("server or gateway time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(408, 500, 502, 503, 504)),
)
_DATA = (
    _rule(
        DUPLICATE,
        Action.LOOK_UP,
        status=(400,),
        text=r"already exists",
        says="NetSuite has a record under this external id already; an invoice that was voided by a credit memo keeps its own.",
        fix="Compare the record there; number the document anew, or delete the old one there (the connection may void by deletion).",
    ),
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"not within the date range of your accounting period|period is (closed|locked)|period closed",
        says="The date falls into a closed or locked accounting period.",
        fix="Open the period in NetSuite, or give the document another posting date.",
    ),
    _rule(
        "paid or credited",
        Action.REVIEW,
        text=r"(payments?|credits?) (is|are|has been|have been) applied",
        says="Payments or credits are applied to it.",
        fix="Un-apply the payment or credit in NetSuite first.",
    ),
    _rule(
        "applied too much",
        Action.REVIEW,
        text=r"exceeds? the (amount )?(due|remaining)",
        says="More is applied than is still due.",
        fix="Compare the amounts with what is still due in NetSuite.",
    ),
    _rule(
        "field unknown there",
        Action.REVIEW,
        codes=("INVALID_CONTENT",),
        text=r"unknown (field|property|reference)|does not exist",
        says="The account does not know a field that was sent: without SuiteTax there are no tax details.",
        fix="Switch the feature on, or change the connection's settings; airbooks check tells what is missing.",
    ),
    _rule(
        "content refused",
        Action.REVIEW,
        codes=("INVALID_CONTENT", "INVALID_REQUEST", "INVALID_PARAMETER", "INVALID_ID"),
        says="NetSuite does not take the content of a field.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
    _rule(
        GONE,
        Action.REVIEW,
        status=(404,),
        codes=("NONEXISTENT_ID",),
        says="NetSuite does not have the record (any more).",
        fix="See whether somebody deleted it there; answer Retry to have it made anew, or Reject.",
    ),
    _rule(
        "address not there",
        Action.STOP,
        status=(404,),
        says="What answered is not the record: a gateway, or another host than the account's. It says nothing about the document.",
        fix="Compare the connection's host with Setup > Company > Company Information > Company URLs.",
    ),
    _rule(
        "currency not the customer's",
        Action.REVIEW,
        codes=("USER_ERROR",),
        text=r"invalid field value .*field: currency",
        says="The customer is not kept in the document's currency in NetSuite.",
        fix="Add the currency to the customer in NetSuite (Financial, Currencies), then answer Retry.",
    ),
    _rule(
        "field value refused",
        Action.REVIEW,
        codes=("USER_ERROR",),
        text=r"invalid field value",
        says="NetSuite does not know the value of a field, or it is inactive or not allowed in this subsidiary.",
        fix="Correct the mapping of the field that its words name, or make the record active there.",
    ),
    _rule(
        "refused",
        Action.REVIEW,
        status=(400,),
        says="NetSuite, or a rule of the account, does not take the document as it is.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
)

NO_MAPPING = _rule("code not usable", Action.REVIEW, fix="Correct the mapping of the code.")
CHANGED_THERE = _rule("changed there", Action.REVIEW, fix="Compare both sides; somebody changed the document in NetSuite.")
NOT_SETTLED = _rule(
    "void credit memo not applied", Action.REVIEW, fix="Apply the credit memo to the invoice in NetSuite by hand, then retry the void."
)
IS_PAID = _rule("paid or credited", Action.REVIEW, fix="Un-apply the payments or credits in NetSuite first, or send a credit note instead.")
INACTIVE_CUSTOMER = _rule("customer inactive", Action.REVIEW, fix="Make the customer active in NetSuite, then retry.")
OTHER_PAYMENT = _rule("payment id used", Action.REVIEW, fix="Compare the payment there with ours; correct one of them.")
BAD_KEY = _rule(
    "private key not usable",
    Action.STOP,
    says="The connection's password is no private key for the algorithm.",
    fix="Store the PEM of the certificate's private key (RSA 3072/4096 for PS..., the EC curve of ES...) as the connection's password.",
)
NOT_READ_BACK = _rule("done, but not read back", Action.LOOK_UP, Outcome.UNKNOWN)
JOB_FORGOTTEN = _rule("job forgotten", Action.LOOK_UP, Outcome.UNKNOWN)
JOB_REFUSED = _rule("refused in a batch", Action.REVIEW, fix="Correct what it complains about, then answer Retry.")

SPEC = PlatformSpec(
    slug="netsuite",
    title="Oracle NetSuite",
    class_prefix="NetSuite",
    docs="docs.oracle.com/en/cloud/saas/netsuite",
    blueprint_endpoint="SuiteTalk SOAP/REST: customerInvoice",
    real_endpoint="/services/rest/record/v1/invoice (and creditMemo, customerPayment, customer); SuiteQL: /services/rest/query/v1/suiteql",
    endpoint_note="No record is called customerInvoice; it is invoice. SOAP ends with 2028.2, 2025.2 is its last end point: REST.",
    # 5 requests at once in the smallest accounts, shared by all integrations: one is left to the others. 100 records a batch by the vendor;
    # 20, because sent one by one (some 6 seconds each with the reading back) a batch must be done well within a claim's lease.
    limits=Limits(
        concurrent=4, batch=20, batch_bytes=104_000_000, throttle_seconds=15.0, per_app=frozenset({"concurrent"}), app_named_by=("host",)
    ),
    idempotency=Idempotency.EXTERNAL_ID,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.ANSWERS_LATER,
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
            Capability.TAX_GIVEN,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
        }
    ),
    receipts_on="bank_account_id",
    standard_fields=(
        StandardField(name="host", label="Account host", placeholder="1234567-sb1.suitetalk.api.netsuite.com"),
        StandardField(name="login", label="Client id (TBA: consumer key)"),
        StandardField(name="password", label="Private key, PEM (TBA: consumer secret)"),
    ),
    form=(
        FormField(
            name="auth",
            label="Authentication",
            default=OAUTH2,
            choices=(OAUTH2, TBA),
            help="OAuth 2.0 client credentials, or token-based authentication (no new TBA integrations from 2027.1).",
        ),
        FormField(name="certificate_id", label="Certificate id", help="OAuth 2.0: as the M2M set-up lists it."),
        FormField(name="jwt_alg", label="Algorithm of the assertion", default="PS256", choices=ALGORITHMS),
        FormField(name="account_id", label="Account id", help="TBA: upper case with underscore, for example 1234567_SB1."),
        FormField(name="token_id", label="Token id", help="TBA only.", secret=True),
        FormField(name="token_secret", label="Token secret", help="TBA only.", secret=True),
        FormField(name="base_currency", label="Base currency", required=True, help="ISO code of the subsidiary's books, for example USD."),
        FormField(name="subsidiary_id", label="Subsidiary id", help="Internal id; required in OneWorld accounts."),
        FormField(name="ar_account_id", label="A/R account id", help="Empty: the account's default receivables account."),
        FormField(name="bank_account_id", label="Bank account id", help="Where payments are booked that airbooks sends."),
        FormField(name="discount_item_id", label="Discount item id", help="A discount item that nobody else uses on lines."),
        FormField(name="charge_item_id", label="Charge item id", help="An other-charge item that nobody else uses on lines."),
        FormField(
            name="dimensions",
            label="Dimensions",
            default="department=department warehouse=location",
            help="Our dimension = department, class or location.",
        ),
        FormField(
            name="void_with",
            label="Void by",
            default=CREDIT_MEMO,
            choices=(CREDIT_MEMO, DELETE),
            help="REST has no void: a credit memo over the whole invoice (the trail stays), or deletion (the number is free again).",
        ),
        FormField(
            name="auto_customer_ids",
            label="Auto-generated customer ids",
            kind="boolean",
            default=False,
            help="The account numbers customers itself: our code goes into the external id only.",
        ),
        FormField(
            name="time_zone",
            label="Time zone",
            help="IANA name of the zone in which SuiteQL compares times for this role; empty: payments of 12 hours more are looked at.",
        ),
    ),
    reference_kinds=(
        ReferenceKind.ITEM,
        ReferenceKind.TAX_CODE,
        ReferenceKind.TERMS,
        ReferenceKind.CURRENCY,
        ReferenceKind.DIMENSION,
    ),
    errors=(*_ACCESS, *_PASSING, *_DATA),
    settle_seconds=960,  # a synchronous request may run for 15 minutes
    read_timeout_seconds=180.0,
    poll_seconds=10.0,
    overdue_seconds=3600.0,
    number_max=NUMBER,
    customer_per_currency=True,  # a second currency must be added to the customer before it is used
    unverified=(
        "The status and wording of the refusal of an external id that exists (taken: 400, 'already exists').",
        "Whether a transform to a credit memo applies it by itself (the application is sent, and read back).",
        "The id of the answer to a refused log-in at the concurrency limit; whether it differs from a wrong one.",
        "How the tasks of a batch job are ordered (documents are found by their external ids, errors are not assigned by position).",
        "The life of an idempotency key and of a finished job.",
        "Any other taxDetailsReference than NEW_ITEM_n; tax details of discount lines (each line has its own here).",
        "Several sublists in ?replace=, and null as the way to clear a field.",
        "The time zone in which SuiteQL compares lastmodifieddate; columns of salestaxitem, account, paymentmethod, subsidiary.",
        "Lengths marked from memory; the status letters' meaning; that price level -1 keeps a rate.",
        "Whether deleting an applied credit memo takes its application off.",
    ),
)
