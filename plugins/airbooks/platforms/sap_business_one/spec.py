"""SAP Business One as plain data: connection form, limits, capabilities, and what the Service Layer's errors mean."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

NUMBER_FIELD = "U_ExtInvNo"
MAX_NUMBER = 50  # the size that the user-defined field is to be made with
OLDEST_VERSION = 1_000_000  # 10.0; before it documents do not tell what is paid, and there are no stored queries
NOT_FOUND = "not found"
CHANGED_THERE = "changed by another user"
EXISTS, ENTRY_EXISTS = "exists already", "entry exists already"


def _rule(name: str, action: Action, outcome: Outcome = Outcome.DID_NOT_HAPPEN, **parts: Any) -> ErrorRule:
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)


_ACCESS = (
    _rule("session ended", Action.RENEW, status=(401,), codes=("301",)),
    _rule(
        "log-in refused",
        Action.STOP,
        status=(401,),
        codes=("-304", "100000027"),  # from memory
        says="Business One does not accept the company database, the user or the password.",
        fix="Correct company_db, login and password of the connection; a user that was locked must be unlocked in Business One.",
    ),
    _rule(
        "not permitted",
        Action.STOP,
        status=(401, 403),
        says="The user may not do this over the Service Layer.",
        fix="Give the user a licence that covers the Service Layer, and authorisations for A/R invoices, credit memos and payments.",
    ),
)
_PASSING = (
    _rule(CHANGED_THERE, Action.REREAD, codes=("-2039",)),
    _rule("changed by another operation", Action.REREAD, text=r"another user or another operation modified data"),
    _rule("stale version token", Action.REREAD, status=(412,)),
    _rule("overloaded", Action.LOOK_UP, Outcome.UNKNOWN, codes=("-1102",)),  # from memory
    _rule("server or gateway time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(408, 500, 502, 503, 504)),
)
_RATE_MISSING: dict[str, Any] = {
    "says": "Business One has no exchange rate for the currency on the posting date.",
    "fix": "Enter the rate of the posting date under Administration > Exchange Rates and Indexes, or send the document's own rate.",
}
_POSTING = (
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"posting period|period (is )?locked|permissible range",
        says="The posting date lies in a posting period that is locked, or outside of all.",
        fix="Unlock the period under Administration > System Initialization > Posting Periods, or give the document another posting date.",
    ),
    _rule("no exchange rate", Action.REVIEW, text=r"update the exchange rate", **_RATE_MISSING),
    _rule("exchange rate missing", Action.REVIEW, codes=("-4006",), **_RATE_MISSING),  # from memory
    _rule(
        "out of stock",
        Action.REVIEW,
        text=r"negative inventory",
        says="The invoice itself issues the goods, and there are not enough.",
        fix="Receive the goods in Business One, or make the item one that is not kept in stock there.",
    ),
    # That such items and customers are refused is documented, the words of the next three are not.
    _rule(
        "serial or batch number missing",
        Action.REVIEW,
        text=r"\b(serial|batch) numbers?\b",
        says="An item is managed by serial or batch numbers there, and the document names none.",
        fix="Book it in Business One by hand, or make the item one that is not kept in stock there.",
    ),
    _rule(
        "customer in another currency",
        Action.REVIEW,
        text=r"currency\b.*\b(customer|business partner)|(customer|business partner)\b.*\bcurrency",
        says="The customer is kept in one currency in Business One, and the document is in another.",
        fix="Set the customer's currency to All Currencies there (##), or map the customer to one in the document's currency.",
    ),
    _rule(
        "inactive master data",
        Action.REVIEW,
        text=r"\b(inactive|frozen|on hold)\b",
        says="A customer, item or account of the document is inactive, frozen or on hold in Business One.",
        fix="Activate the customer, item or account in Business One.",
    ),
    _rule(
        "paid or credited",
        Action.REVIEW,
        text=r"(payment|credit).*(applied|exists)|partially or fully paid",
        says="Payments or credit memos are applied to it.",
        fix="Cancel the payment in Business One first, or send a credit note instead.",
    ),
    _rule("void already", Action.LOOK_UP, Outcome.HAPPENED, text=r"already (been )?cancel"),
)
# Of documents nothing exists already: their numbers are Business One's own, and ours may be there twice.
_THERE: dict[str, Any] = {
    "says": "Business One already has an entry with this code.",
    "fix": "Compare the two in Business One; give ours another code if they are not the same.",
}
_DATA = (
    _rule(EXISTS, Action.REVIEW, text=r"already (exists|assigned)|1320000140", **_THERE),
    _rule(ENTRY_EXISTS, Action.REVIEW, codes=("-2035",), **_THERE),  # from memory
    _rule(
        NOT_FOUND,
        Action.REVIEW,
        status=(404,),
        codes=("-2028",),
        says="Business One does not have it (any more).",
        fix="See whether somebody removed it there; answer Retry to have it made anew, or Reject.",
    ),
    _rule(
        "address unknown",
        Action.STOP,
        status=(404,),
        says="What answers at this address is not the Service Layer, or not in this version.",
        fix="Correct host, port and API version of the connection.",
    ),
    _rule(
        "code unknown there",
        Action.REVIEW,
        text=r"no matching records found",
        says="A customer, item, account or code of the document is not in Business One.",
        fix="Correct the mapping, or add the code there.",
    ),
    _rule(
        "not supported",
        Action.REVIEW,
        codes=("-5006",),
        says="Business One does not offer this for such a document.",
        fix="Do it in Business One by hand, or correct it by a credit note.",
    ),
    _rule(
        "property refused",
        Action.REVIEW,
        codes=("-1000",),
        says="Business One does not know a property of the document, or cannot read its value.",
        fix="Correct what it names. A property that begins with U_ is a user-defined field that the company must have.",
    ),
    _rule(
        "query refused",
        Action.REVIEW,
        codes=("701", "702", "703", "704"),
        says="The company does not let the connector's stored query run.",
        fix="Allow stored SQL queries on the table ORCT.",
    ),
    _rule("too large", Action.REVIEW, status=(413,), says="The document is larger than the server takes.", fix="Send fewer lines."),
    _rule(
        "refused",
        Action.REVIEW,
        status=(400,),
        says="Business One does not take the document as it is.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
)

SPEC = PlatformSpec(
    slug="sap_business_one",
    title="SAP Business One",
    class_prefix="SapBusinessOne",
    docs="help.sap.com/docs/SAP_BUSINESS_ONE",
    blueprint_endpoint="Service Layer: /Invoices",
    real_endpoint="POST https://{host}:50000/b1s/v2/$batch with change sets of POST Invoices and POST CreditNotes",
    endpoint_note="POST Invoices is right and posts at once; it is sent inside a $batch, each document in a change set of its own.",
    limits=Limits(concurrent=2, batch=10),  # nothing published; each session takes a licence and a worker of the server
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.BATCH,
            Capability.VOID,
            Capability.REISSUE,
            Capability.CREDIT_NOTES,
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
        StandardField(name="host", label="Service Layer (load balancer)", placeholder="https://b1.example.com:50000"),
        StandardField(name="port", label="Port", placeholder="50000"),
        StandardField(name="login", label="User"),
        StandardField(name="password", label="Password"),
    ),
    form=(
        FormField(name="company_db", label="Company database", required=True, help="For example SBODEMODE; a test company is another one."),
        FormField(name="api_version", label="API", default="v2", choices=("v2", "v1"), help="v2 is OData 4, v1 OData 3."),
        FormField(name="language", label="Language", kind="integer", default=3, help="Of messages: 3 is English (United States)."),
        FormField(name="ca_file", label="CA bundle", help="Path of a PEM file, where the server's certificate is the firm's own."),
        FormField(
            name="number_field",
            label="Field of our number",
            default=NUMBER_FIELD,
            help="A user-defined field of marketing documents (alphanumeric, 50), or NumAtCard.",
        ),
        FormField(
            name="tax_field",
            label="Tax codes in",
            default="VatGroup",
            choices=("VatGroup", "TaxCode"),
            help="VatGroup in countries with value-added tax, TaxCode with sales tax (United States, Canada, Latin America).",
        ),
        FormField(
            name="dimensions",
            label="Dimensions",
            default="department=CostingCode warehouse=WarehouseCode",
            help="Our dimension = CostingCode, CostingCode2 to CostingCode5, ProjectCode or WarehouseCode.",
        ),
        FormField(name="branch", label="Branch", kind="integer", help="BPL id, if the company has several branches."),
        FormField(
            name="expense_code",
            label="Freight code of charges",
            kind="integer",
            help="Number of the freight (additional expense) that charges of a document or line are booked as; empty: they are refused.",
        ),
        FormField(
            name="free_item",
            label="Item of lines without one",
            help="A non-inventory item; empty: a document with and without items on its lines is refused.",
        ),
        FormField(name="price_decimals", label="Decimals of prices", kind="integer", default=4, help="As in the company's set-up."),
        FormField(name="quantity_decimals", label="Decimals of quantities", kind="integer", default=3, help="As in the set-up."),
        FormField(name="percent_decimals", label="Decimals of percentages", kind="integer", default=2, help="As in the set-up."),
        FormField(
            name="exchange_rates",
            label="Exchange rates",
            default="direct",
            choices=("direct", "indirect"),
            help="direct: local units for one foreign unit; indirect: the other way round (company details).",
        ),
        FormField(
            name="cut_texts",
            label="Cut long texts",
            kind="boolean",
            default=False,
            help="Cut texts that are too long, with a warning, instead of holding the document back.",
        ),
        FormField(name="transfer_account", label="Bank account", help="Account code of the bank that receipts go to; needed for payments."),
        FormField(name="time_zone", label="Time zone of the server", help="Changes have a day and no time; empty: one more day is read."),
    ),
    reference_kinds=(
        ReferenceKind.ITEM,
        ReferenceKind.ACCOUNT,
        ReferenceKind.TAX_CODE,
        ReferenceKind.TERMS,
        ReferenceKind.CURRENCY,
        ReferenceKind.DIMENSION,
    ),
    errors=(*_ACCESS, *_PASSING, *_POSTING, *_DATA),
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.DISCOUNT,  # in local currency; its account is set in Business One
            PaymentFeature.BANK_ACCOUNT,
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="transfer_account",
    settle_seconds=330,
    read_timeout_seconds=180.0,
    number_max=MAX_NUMBER,
    verified_against=("simulator", "b1sl-python on the simulator"),
    unverified=(
        "What POST Invoices answers when an approval procedure makes a draft of it (a draft, or -2028: both are understood).",
        "Whether a draft of an approval procedure outlives the change set that failed over it.",
        "That a failed change set is answered without a Content-ID (one with it is understood, too).",
        "The codes of a locked period, a missing rate (-4006), an existing entry (-2035) and a refused log-in (-304).",
        "Lengths of CardCode, NumAtCard, ItemDescription, FreeText, CostingCode and ProjectCode (from memory).",
        "The form in which SBOBobService_GetLocalCurrency answers.",
        "That DocumentsCode of Currencies is the ISO code.",
        "The property names of DistributionRules, Projects, AdditionalExpenses and VatGroups.",
        "That the header's discount leaves additional expenses alone.",
        "Whether TotalDiscount of a payment row is an amount on top of SumApplied.",
        "How the Service Layer rounds tax: per tax code or per line.",
        "Whether LineTotal of a foreign document's row or expense is in its currency (taken so; what is booked is compared).",
        "Time-out of the server behind the load balancer (taken to be 5 minutes).",
    ),
)
