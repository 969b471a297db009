"""Odoo as plain data: connection form, limits, capabilities, and what its errors mean (External JSON-2 API and External RPC API, 19.0).

Codes are exception names on JSON-2 and JSON-RPC ("odoo.exceptions.UserError") and fault codes on XML-RPC ("2"); the messages of both are
the same. IMPORT is our own code for the messages that `load` answers with HTTP 200.
"""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

IMPORT = "load"
NONE_ANSWER = "cannot marshal None unless allow_none is enabled"  # XML-RPC's fault after a change that IS committed
FIRST_JSON2 = 19  # JSON-2 does not exist before 19.0
PAGE = 200
DOCUMENTS = 50  # per call; a worker is cut off after limit_time_real, 120 s

_DENIED = ("3", "odoo.exceptions.AccessDenied", "werkzeug.exceptions.Unauthorized")
_NO_RIGHTS = ("4", "odoo.exceptions.AccessError")
_USER = ("2", "odoo.exceptions.UserError", "odoo.exceptions.ValidationError", IMPORT)


# Statuses of Odoo's own errors: XML-RPC faults come with 200; JSON-2 tells a refusal with its real status, some (ValueError) with 500,
# which are rolled back like the others. Their words tell which they are.
_ANSWERED = (200, 400, 401, 403, 404, 409, 422, 500)


def _rule(name: str, action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN, **parts: object) -> ErrorRule:
    if "text" in parts:
        parts = {"status": _ANSWERED, **parts}
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)  # type: ignore[arg-type]


_ACCESS = (
    _rule(
        "key refused",
        Action.STOP,
        codes=_DENIED,
        says="Odoo does not accept the API key: it is wrong, was removed, or has expired.",
        fix="Make a new key (Preferences, Account security, New API key) and store it as the connection's password.",
    ),
    _rule(
        "not let in",
        Action.STOP,
        status=(401,),
        says="Odoo, or a proxy before it, does not let this connection in.",
        fix="Store a valid API key as the connection's password, and check what stands between Airflow and Odoo.",
    ),
    _rule(
        "company not allowed",
        Action.STOP,
        text=r"unauthorized or invalid companies",
        says="The user may not work in this company.",
        fix="Correct company_id in the connection, or allow the company in the user's settings.",
    ),
    _rule(
        "no rights",
        Action.STOP,
        codes=_NO_RIGHTS,
        says="The user may not do this in Odoo.",
        fix="Give the user the rights Billing and Contact / Creation (and Analytic Accounting where dimensions are used).",
    ),
    _rule(
        "database unknown",
        Action.STOP,
        text=r'database ".*" does not exist|<!doctype html',
        status=(200, 404),
        says="The server does not have this database, or does not have the JSON-2 API (it came with Odoo 19).",
        fix="Correct the database (schema) of the connection, or set its version and transport.",
    ),
)
_PASSING = (
    _rule("concurrent writes", Action.RETRY, text=r"could not serialize access|deadlock detected|current transaction is aborted"),
    _rule("throttled", Action.WAIT, status=(429,)),
    _rule("gateway or worker time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(502, 503, 504)),
)
_DOCUMENT = (
    # What was asked for, posting or an import that repeats itself, has happened before.
    _rule("already posted", Action.LOOK_UP, Outcome.HAPPENED, text=r"must be in draft|readonly fields on a posted move"),
    _rule(
        "legal number taken",
        Action.REVIEW,
        text=r"another entry with the same name already exists",
        says="Another posted document of this journal has this number.",
        fix="Find out whose it is; give ours another number, or let Odoo number it (use_our_number off).",
    ),
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"prior to and inclusive of|Lock Date",
        says="The document's accounting date lies in a locked period.",
        fix="Move the lock date in Odoo, or send a credit note instead of a change.",
    ),
    _rule(
        "companies mixed",
        Action.REVIEW,
        text=r"company inconsistencies|from a different company",
        says="The customer, journal, tax, account or item belongs to another company of the database.",
        fix="Correct the mapping, or company_id of the connection.",
    ),
    _rule(
        "customer missing",
        Action.REVIEW,
        text=r"'Customer' field is required|field 'Customer' is required",
        says="The document has no customer in Odoo.",
        fix="Set the customer of the draft in Odoo, or void it there and answer Retry.",
    ),
    _rule(
        "negative total",
        Action.REVIEW,
        text=r"negative total amount",
        says="Odoo posts no document whose total is below zero.",
        fix="Send it as a credit note.",
    ),
    _rule(
        "nothing to post",
        Action.REVIEW,
        text=r"magicians can't post nothing",
        says="The document has no line that could be posted.",
        fix="Give the document a line with an amount.",
    ),
    _rule(
        "currency inactive",
        Action.REVIEW,
        text=r"inactive currency",
        says="The document's currency is switched off in Odoo.",
        fix="Activate the currency in Odoo (Accounting, Currencies).",
    ),
    _rule(
        "account archived",
        Action.REVIEW,
        text=r"archived account|archived journal",
        says="An account or journal that the document needs is archived in Odoo.",
        fix="Correct the mapping, or restore it in Odoo.",
    ),
    _rule(
        "line without account",
        Action.REVIEW,
        text=r"Missing required account",
        says="A line has no income account, and its item has none either.",
        fix="Map the line's account.",
    ),
    _rule(
        "nothing left to pay",
        Action.REVIEW,
        text=r"nothing left to pay",
        says="The documents are paid already.",
        fix="Find the payment in Odoo that settled them, and allocate this one to others or leave it unapplied.",
    ),
    _rule(
        "posted entry",
        Action.REVIEW,
        text=r"linked to a posted entry",
        says="A posted entry hangs on it, so Odoo neither changes nor deletes it.",
        fix="Correct it by a credit note, or reset the entry to draft in Odoo first.",
    ),
    _rule(
        "record gone",
        Action.REVIEW,
        text=r"does not exist or has been deleted|No matching record found",
        says="Something the document names was deleted in Odoo, or its mapping is wrong.",
        fix="Correct the mapping; the platform's lists are read anew.",
    ),
)
_CALL = (
    _rule(
        "field unknown",
        Action.STOP,
        text=r"Invalid field",
        says="This Odoo does not have a field that its version should have.",
        fix="Correct the version of the connection, or install the missing module.",
    ),
    _rule(
        "model or method unknown",
        Action.STOP,
        text=r"Object .* doesn't exist|The method .* does not exist|the model .* does not exist",
        says="This Odoo lacks a part that the connection needs.",
        fix="Install the Invoicing app, or correct the version of the connection.",
    ),
    _rule(
        "wrong arguments",
        Action.STOP,
        codes=("werkzeug.exceptions.UnprocessableEntity", "builtins.TypeError"),
        says="Odoo's methods take other arguments than its version should.",
        fix="Correct the version of the connection.",
    ),
    _rule(
        "external id unknown",
        Action.REVIEW,
        text=r"No record found for unique ID",
        says="Odoo has no record under the external id.",
        fix="See whether somebody deleted the record in Odoo, then answer Retry.",
    ),
    _rule(
        "too large",
        Action.REVIEW,
        status=(413,),
        says="The request is larger than the server takes (128 MiB unless set otherwise).",
        fix="Shorten the document, or raise the limit of the server or of the proxy before it.",
    ),
    _rule(
        "refused by Odoo",
        Action.REVIEW,
        codes=_USER,
        says="Odoo does not take the document as it is.",
        fix="Do what Odoo's words say, in the document or in Odoo, then answer Retry.",
    ),
    _rule(
        "record missing",
        Action.REVIEW,
        codes=("odoo.exceptions.MissingError",),
        says="A record that the document names is not there any more.",
        fix="Correct the mapping; the platform's lists are read anew.",
    ),
    # A Python error inside the server usually rolls back; but an answer that cannot be written fails after the commit.
    _rule("application error", Action.LOOK_UP, Outcome.UNKNOWN, codes=("1",)),
    _rule("error inside Odoo", Action.LOOK_UP, Outcome.UNKNOWN, status=(500,)),
)

SPEC = PlatformSpec(
    slug="odoo",
    title="Odoo",
    class_prefix="Odoo",
    docs="odoo.com/documentation/19.0: External JSON-2 API, External RPC API",
    blueprint_endpoint="account.move via XML-RPC/REST",
    real_endpoint="POST /json/2/account.move/load and /action_post (or the same methods through /xmlrpc/2/object)",
    endpoint_note=(
        "The model account.move is right (move_type out_invoice), but Odoo has no REST resources: JSON-2 (from 19.0) is the HTTP form "
        "of model methods. XML-RPC is deprecated and stays as the transport for 18 and older."
    ),
    limits=Limits(batch=DOCUMENTS, concurrent=2, batch_bytes=128 * 1024 * 1024),
    idempotency=Idempotency.EXTERNAL_ID,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.UPDATE_POSTED,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.NATIVE_IDEMPOTENCY,
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
            PaymentFeature.DISCOUNT,  # on the discount account of the connection, one document at a time
            PaymentFeature.WRITE_OFF,  # on the same account
            PaymentFeature.BANK_ACCOUNT,  # the bank journal of the mapped account
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    standard_fields=(
        StandardField(name="host", label="Base URL", placeholder="https://mycompany.odoo.com"),
        StandardField(name="schema", label="Database", placeholder="mycompany"),
        StandardField(name="login", label="User (for XML-RPC)", placeholder="integration@mycompany.example"),
        StandardField(name="password", label="API key"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(name="version", label="Odoo version", help="The major version of the server.", kind="integer", default=19),
        FormField(
            name="transport",
            label="Transport",
            help="json2 needs Odoo 19; empty chooses by version.",
            default="",
            choices=("", "json2", "xmlrpc"),
        ),
        FormField(name="company_id", label="Company", help="The database id of the company.", kind="integer", default=1, required=True),
        FormField(name="sale_journal_id", label="Sales journal", help="Database id; empty takes the company's first.", kind="integer"),
        FormField(name="bank_journal_id", label="Bank journal for payments", help="Database id; empty takes the first.", kind="integer"),
        FormField(name="payment_method_line_id", label="Payment method line", help="Where a payment's own is not mapped.", kind="integer"),
        FormField(
            name="xmlid_module",
            label="Prefix of external ids",
            help="Documents are named by external ids of this module: letters, digits and underscores.",
            default="acd",
        ),
        FormField(
            name="fiscal_position_id",
            label="Fiscal position",
            help="Database id; empty sends none, so that Odoo does not choose one by the delivery address.",
            kind="integer",
        ),
        FormField(name="default_income_account", label="Income account (code)", help="For lines without item and without account."),
        FormField(name="discount_account", label="Discount account (code)", help="For early-payment discounts and write-offs."),
        FormField(
            name="freight_product_id", label="Item for charges", help="Database id; empty writes charges as text lines.", kind="integer"
        ),
        FormField(
            name="quantity_decimals",
            label="Decimals of quantities",
            help="The database's decimal accuracy 'Product Unit'; Odoo rounds quantities to it.",
            kind="integer",
            default=2,
        ),
        FormField(
            name="void_with",
            label="How posted documents are voided",
            help="cancel keeps the number and takes the entry out of the books; reversal books a credit note.",
            default="cancel",
            choices=("cancel", "reversal"),
        ),
        FormField(name="allow_http", label="Allow plain http", kind="boolean", default=False),
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
    errors=(*_ACCESS, *_PASSING, *_DOCUMENT, *_CALL),
    settle_seconds=150,
    read_timeout_seconds=130.0,
    verified_against=("simulator", "odoorpc on the simulator"),
    unverified=(
        "Everything on versions 17 and 18 (draft names, rounding of prices, memo of payments, cancelling) is from memory.",
        "Odoo Online: about one call per second by fair use, HTTP 429 possible, external API only on the Custom plan.",
        "Enterprise keeps paid invoices in_payment until the bank line is matched (from memory); both count as paid here.",
        "Setting reversed_entry_id on a credit note settles it with its invoice when it is posted (read in the source).",
        "That a payment's own write_date moves when it is applied (seen for invoices); payments are also found through their invoices.",
    ),
)
