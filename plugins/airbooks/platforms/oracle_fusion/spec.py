"""Oracle Fusion Cloud Financials, Receivables, REST 11.13.18.05, as plain data (docs.oracle.com, book farfa, 23D to 26D)."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

RESOURCES = "/fscmRestApi/resources/11.13.18.05"
FRAMEWORK_VERSION = "4"
BATCH = 20  # parts of one request; the vendor names no ceiling and advises small ones
PAGE = 500

# Longest texts; the last five are from memory.
NUMBER, ACCOUNT_NUMBER = 20, 30
PURCHASE_ORDER, DESCRIPTION, COMMENTS, INTERNAL_NOTES, RECEIPT_NUMBER = 50, 240, 1760, 240, 30

BASIC, OAUTH2, JWT = "basic", "oauth2", "jwt"
CALCULATED, MANUAL = "calculated", "manual"
BY_MAP, BY_NUMBER, BY_NAME = "map", "number", "name"
AT_ONCE, AUTOMATCH = "at once", "automatch"

# The code that the connector gives to HTTP 401 where nothing can be renewed.
NOT_RENEWABLE = "CREDENTIALS"
# The code that the connector gives to HTTP 404 in Oracle's own form: a gateway's 404 does not prove that something is gone.
GONE = "NOT_FOUND"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN


def _refused(name: str, *codes: str, text: str = "", says: str = "", fix: str = "") -> ErrorRule:
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, codes=codes, text=text, says=says, fix=fix)


def _stop(name: str, *codes: str, status: tuple[int, ...] = (), says: str, fix: str) -> ErrorRule:
    return ErrorRule(name=name, action=Action.STOP, outcome=_NO, codes=codes, status=status, says=says, fix=fix)


_ACCESS = (
    _stop(
        "client refused",
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "invalid_request",
        "invalid_grant",
        "unsupported_grant_type",
        says="The identity domain does not accept the client id, its secret or the scope.",
        fix="Correct login, password and scope of the connection; the scope stands in the registered Fusion application.",
    ),
    _stop(
        "user or password refused",
        NOT_RENEWABLE,
        says="Oracle does not accept the integration user's name and password.",
        fix="Correct login and password of the connection, or unlock the user in the Security Console.",
    ),
    ErrorRule(name="token refused", action=Action.RENEW, outcome=_NO, status=(401,)),
    _stop(
        "privilege missing",
        status=(403,),
        says="The user may not do this in Receivables.",
        fix="Give the user's role AR_CREATE_RECEIVABLES_INVOICE_PRIV, AR_CREATE_RECEIVABLES_TRANSACTION_PRIV and a receipts privilege.",
    ),
    _stop(
        "business unit unknown",
        "AR_BU_NOT_FOUND",
        says="The business unit does not exist, or the user has no data access to it.",
        fix="Correct business_unit in the connection, or give the user data access to it (Manage Data Access for Users).",
    ),
    _stop(
        "transaction source unknown",
        "AR_BATCH_SOURCE_NOT_FOUND",
        says="The transaction source does not exist in this business unit.",
        fix="Correct transaction_source in the connection; it must be a manual source without automatic numbering.",
    ),
)
_PASSING = (
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(name="stale version", action=Action.REREAD, outcome=_NO, status=(412,)),
    ErrorRule(name="server or gateway failure", action=Action.LOOK_UP, outcome=_MAYBE, status=(408, 500, 502, 503, 504)),
)
_DOCUMENT = (
    # Text and code of the next two are UNVERIFIED.
    ErrorRule(
        name="duplicate transaction number",
        action=Action.LOOK_UP,
        outcome=_NO,
        text=r"transaction number .* already exists",
        says="The transaction source already has a document with this number.",
        fix="Compare the two; credit the wrong one, or give ours another number.",
    ),
    ErrorRule(
        name=PERIOD_CLOSED,
        action=Action.REVIEW,
        outcome=_NO,
        text=r"accounting date.*(open|period)",
        says="The accounting date is not in an open receivables period.",
        fix="Give it a later posting date, or open the period (Manage Accounting Periods).",
        shared=True,
    ),
    _refused(
        "customer account not found",
        "AR_BILL_TO_CUST_NOT_FOUND",
        "AR_SHIP_TO_CUST_NOT_FOUND",
        "AR_SHIP_TO_CUST_NUM_REQ",
        says="Oracle has no customer account with this number.",
        fix="Create the account (FBDI customer import or CustomerAccountService) or correct customer_accounts in the connection.",
    ),
    _refused(
        "customer site not found",
        "AR_BILL_TO_SITE_NOT_FOUND",
        "AR_BILL_TO_SITE_DUPLICATE",
        "AR_SHIP_TO_SITE_NOT_FOUND",
        says="The customer account has no such site, none that is the primary bill-to site, or several of this name.",
        fix="Make one bill-to site primary in Oracle, or name the site under bill_to_sites in the connection.",
    ),
    _refused(
        "conversion data",
        "AR_FUNC_CURRENCY_REQ",
        says="Conversion rate, type and date are missing, or given for the ledger's own currency.",
        fix="Correct ledger_currency in the connection, or give the document an exchange rate.",
    ),
    _refused(
        "item not found",
        "AR_ITEM_NOT_FOUND",
        "AR_INVALID_INVENTORY_ITEM_CODE",
        "AR_NO_ITEM_NO_WH",
        "AR_ITEM_INVENTORYORG_WS",
        says="The item does not exist in the inventory organization of the line.",
        fix="Correct the item's mapping, or assign the item to the organization in Oracle.",
    ),
    _refused(
        "warehouse not found",
        "AR_WH_NOT_FOUND",
        says="Oracle has no such warehouse (inventory organization).",
        fix="Correct the mapping of the warehouse.",
    ),
    _refused(
        "line without item, memo line or description",
        "AR_LINE_ATTR_OPT_REQ",
        says="A line says neither by an item, nor by a memo line, nor in words what is sold.",
        fix="Give the line an item or a description.",
    ),
    _refused(
        "attribute unknown or not allowed",
        text=r"cannot be used|unknown attribute|is not (updat|quer)able|invalid attribute",
        says="This release of Oracle does not know an attribute, or does not let it be given or searched here.",
        fix=(
            "Where a query is refused, set number_search to finder or receipts_changed_by to CreationDate in the connection; "
            "otherwise the pod runs another release than the connector expects."
        ),
    ),
    # The number in the place of a name is from memory.
    _refused(
        "attribute value refused",
        "27024",
        says="Oracle refused the value of an attribute.",
        fix="Correct the value that its words name, in the document or in its mapping.",
    ),
    _refused(
        "gone",
        GONE,
        says="Oracle does not have it (any more), or does not show it to this user.",
        fix="See whether somebody deleted it there; answer Retry to have it made anew, or Reject.",
    ),
)
# A 404 that is not in Oracle's own form comes from whatever stands before it.
_NO_POD = _stop(
    "address not there",
    status=(404,),
    says="Something answers under the pod's address, but it is not Oracle's REST API.",
    fix="Correct the pod URL of the connection.",
)
ERRORS = (*_ACCESS, *_PASSING, *_DOCUMENT, _NO_POD)

# What the connector itself finds out before or between requests.
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
NO_ACCOUNT = ErrorRule(
    name="customer account unknown",
    action=Action.REVIEW,
    outcome=_NO,
    says="This customer has no account number, and Oracle creates customer accounts by no REST call.",
    fix=(
        "Create the account and its bill-to site in Oracle (FBDI customer import, the SOAP CustomerAccountService or the page Manage "
        "Customers), add our customer code and the account number to customer_accounts in the connection, then answer Retry."
    ),
)
NOT_CHANGEABLE = ErrorRule(
    name="cannot be changed",
    action=Action.REVIEW,
    outcome=_NO,
    says="Of a receivables transaction only payment terms and transaction date can be changed.",
    fix="Credit it in Receivables and send the corrected document under a new number, or answer Reject.",
)
CHANGED_THERE = ErrorRule(
    name="changed in Oracle",
    action=Action.REVIEW,
    outcome=_NO,
    says="Somebody changed, paid or completed it in Oracle in the meantime.",
    fix="Compare the two, then answer Retry or Reject.",
)
LEFT_INCOMPLETE = ErrorRule(
    name="left incomplete",
    action=Action.REVIEW,
    outcome=_NO,
    says="Oracle has taken it in and left it incomplete: it is not in the books.",
    fix="See there what its completion waits for (an approval, a setting), and answer Retry when it is complete; delete it before Reject.",
)
CREDIT_BY_HAND = ErrorRule(
    name="manual credit needed",
    action=Action.REVIEW,
    outcome=_NO,
    says="Oracle has no void, and this transaction cannot be reopened and deleted.",
    fix="Credit it by hand in Receivables (Credit Transaction); where the business unit may delete transactions, set allow_delete.",
)
OVERPAID = ErrorRule(
    name="more than is open",
    action=Action.REVIEW,
    outcome=_NO,
    says="The payment settles more of a transaction than is open, or one in another currency or of another customer.",
    fix="Allocate the payment anew.",
)
PAYMENT_DIFFERS = ErrorRule(
    name="receipt differs",
    action=Action.REVIEW,
    outcome=_NO,
    says="Oracle has a receipt of this payment with another amount, currency or customer.",
    fix="Compare the two; reverse the receipt in Receivables where it is wrong, then answer Retry.",
)
NO_ACTION = ErrorRule(
    name="action applyReceipt missing",
    action=Action.REVIEW,
    outcome=_NO,
    says="The pod does not know the action applyReceipt (26C and later).",
    fix="Set apply_receipts to automatch in the connection; the receipt bears its remittance references already.",
)
# The receipt and the activities of its account do not agree yet; nothing is applied until they do.
NOT_TOLD = ErrorRule(name="applications not known", action=Action.RETRY, outcome=_MAYBE)

SPEC = PlatformSpec(
    slug="oracle_fusion",
    title="Oracle Fusion Cloud ERP",
    class_prefix="OracleFusion",
    docs="docs.oracle.com",
    blueprint_endpoint="/fscmRestApi/resources/11.13.18.05/invoices",
    real_endpoint=f"POST {RESOURCES}/receivablesInvoices (and receivablesCreditMemos, standardReceipts)",
    endpoint_note=(
        "/invoices is the Payables resource for supplier invoices: a sale pushed there would be booked as a debt. Sales invoices are "
        "receivablesInvoices. Customer accounts cannot be created by REST; ours are mapped to existing account numbers."
    ),
    limits=Limits(concurrent=4, batch=BATCH, throttle_seconds=10.0),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.VOID,
            Capability.REISSUE,
            Capability.CREDIT_NOTES,
            Capability.OWN_NUMBER,
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
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="remittance_bank_account",
    standard_fields=(
        StandardField(name="host", label="Pod URL", placeholder="https://acme.fa.us2.oraclecloud.com"),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="User, or client id"),
        StandardField(name="password", label="Password, or client secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(
            name="auth",
            label="Authentication",
            help="basic: an integration user; oauth2: client credentials of the identity domain; jwt: a self-signed token.",
            default=BASIC,
            choices=(BASIC, OAUTH2, JWT),
        ),
        FormField(name="token_url", label="Token URL", help="oauth2: https://{domain}.identity.oraclecloud.com/oauth2/v1/token"),
        FormField(name="scope", label="Scope", help="oauth2: the scope of the registered Fusion application."),
        FormField(name="username", label="Fusion user", help="jwt: the user for whom the token speaks (prn)."),
        FormField(name="jwt_issuer", label="Trusted issuer", help="jwt: as registered in Security Console, API Authentication."),
        FormField(name="jwt_private_key", label="Private key (PEM)", help="jwt: RSA, signs the token.", secret=True),
        FormField(name="jwt_cert_thumbprint", label="Certificate thumbprint", help="jwt: base64 of the certificate's SHA-1 (x5t)."),
        FormField(name="framework_version", label="REST framework version", default=FRAMEWORK_VERSION, choices=tuple("456789")),
        FormField(name="business_unit", label="Business unit", help="Its name, as in Receivables.", required=True),
        FormField(
            name="transaction_source",
            label="Transaction source",
            help="A manual source for airbooks alone: automatic numbering off, no duplicate numbers.",
            required=True,
        ),
        FormField(name="transaction_type", label="Transaction type of invoices", default="Invoice"),
        FormField(name="credit_memo_type", label="Transaction type of credit memos", default="Credit Memo"),
        FormField(name="ledger_currency", label="Ledger currency", help="ISO 4217, of the business unit's ledger.", default="USD"),
        FormField(
            name="conversion_rate_type",
            label="Conversion rate type without a rate",
            help="For example Corporate, for foreign documents that bring no rate. Empty: they are held back.",
        ),
        FormField(
            name="find_customers",
            label="Customer accounts are found",
            help="map: only by customer_accounts; number: our codes are account numbers; name: where one account alone has the name.",
            default=BY_MAP,
            choices=(BY_MAP, BY_NUMBER, BY_NAME),
        ),
        FormField(name="customer_accounts", label="Customer accounts", help='JSON, our code to account number: {"C-US-0042": "10042"}'),
        FormField(
            name="bill_to_sites", label="Bill-to sites", help='JSON, account number to site: {"10042": "1042-BILL"}. Else the primary.'
        ),
        FormField(
            name="payment_terms",
            label="Payment terms",
            help="Their names in Receivables, separated by commas (no REST resource lists them), for example 30 Net, IMMEDIATE.",
        ),
        FormField(
            name="memo_lines", label="Standard memo lines", help="Names, separated by commas; items may be mapped to them as memo:NAME."
        ),
        FormField(name="discount_memo_line", label="Memo line of document discounts", help="Empty: such documents are held back."),
        FormField(name="charge_memo_line", label="Memo line of document charges", help="Empty: such documents are held back."),
        FormField(
            name="item_organization",
            label="Item organization",
            help="Code of the inventory organization whose items are listed. Empty: all the user sees.",
        ),
        FormField(
            name="line_segments",
            label="Flexfield segments of lines",
            help="dimension=segment:value set, separated by blanks, for example department=department:AR_DEPARTMENT",
        ),
        FormField(
            name="tax_lines",
            label="Tax",
            help="calculated: Oracle Tax computes it; manual: our amounts are sent (manual tax lines must be allowed).",
            default=CALCULATED,
            choices=(CALCULATED, MANUAL),
        ),
        FormField(name="tax_regime", label="Tax regime of manual tax lines", help="Its rate codes are those of the tax classifications."),
        FormField(
            name="number_search",
            label="Find transactions by",
            help="q: a query on TransactionNumber; finder: the finder invoiceSearch, where the pod refuses that query.",
            default="q",
            choices=("q", "finder"),
        ),
        FormField(
            name="allow_delete",
            label="Cancelled invoices are deleted",
            help="Needs the system option that allows deletion of transactions. Off: they must be credited by hand.",
            kind="boolean",
            default=False,
        ),
        FormField(name="receipt_method", label="Receipt method", help="For payments whose method has no mapping."),
        FormField(name="remittance_bank_account", label="Remittance bank account", help="Its number. Empty: the receipt method's."),
        FormField(
            name="apply_receipts",
            label="Receipts are applied",
            help="at once: by the action applyReceipt (26C and later); automatch: by the process Apply Receipts Using AutoMatch.",
            default=AT_ONCE,
            choices=(AT_ONCE, AUTOMATCH),
        ),
        FormField(
            name="receipts_changed_by",
            label="Receipts are listed by",
            help="CreationDate where the pod refuses a query on LastUpdateDate: later changes are not seen then.",
            default="LastUpdateDate",
            choices=("LastUpdateDate", "CreationDate"),
        ),
    ),
    reference_kinds=(ReferenceKind.ITEM, ReferenceKind.TAX_CODE, ReferenceKind.TERMS, ReferenceKind.UNIT, ReferenceKind.DIMENSION),
    errors=ERRORS,
    settle_seconds=360,
    read_timeout_seconds=310.0,
    number_max=NUMBER,
    unverified=(
        "The scope string of OAuth client credentials, and the token's life of an hour.",
        "That TransactionNumber, ReceiptNumber, LastUpdateDate and StandardReceiptId can stand in q, and the finder's TransactionNumber.",
        "That a transaction source refuses a number twice; text and code of that refusal and of a closed period.",
        "Lengths of number (20), purchase order (50), line description (240), comments (1760), internal notes (240), receipt number (30).",
        "DueDate is not sent: whether it can be written is not documented; the due date follows from the terms.",
        "Body form of the action applyReceipt; that the state of a reversed receipt starts with Reversed.",
        "CreditMemoStatus, receivablesCreditMemoLineDFF and AllowCompletion on credit memos.",
        "Which attributes itemsV2, unitsOfMeasure, inventoryOrganizations, valueSets and the lists of values have, beyond their paths.",
        "That a customer account without activity may be missing from receivablesCustomerAccountActivities.",
        "That manual tax lines are taken on lines with a tax classification, and that the tax rate codes are the classifications' codes.",
        "DELETE of an incomplete invoice, and that reopening needs no activity.",
        "Which part an error of a batch means: after a refused batch every part is sent alone.",
    ),
)
