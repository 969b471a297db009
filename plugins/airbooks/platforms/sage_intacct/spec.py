"""Sage Intacct as plain data.

Facts from the vendor's XML API reference (DTD 3.0) and its SDKs; what those do not settle stands in `unverified`.
"""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

GATEWAY = "/ia/xml/xmlgw.phtml"
SCHEMA = "request does not fit the schema"
DUPLICATES = ("number already used", "value already used")

NO, UNKNOWN = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN

ERRORS = (
    ErrorRule(name="service off-line", action=Action.RETRY, outcome=NO, text=r"temporarily off-?line"),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=NO, codes=("GW-0010",)),
    ErrorRule(name="cut off at the edge", action=Action.LOOK_UP, outcome=UNKNOWN, status=(524,)),
    ErrorRule(name="session ended", action=Action.RENEW, outcome=NO, codes=("XL03000006",), text=r"^authentication: "),
    ErrorRule(name="session not accepted", action=Action.RENEW, outcome=NO, status=(400,), codes=("invalidRequest",)),
    ErrorRule(
        name="sign-in refused",
        action=Action.STOP,
        outcome=NO,
        codes=("XL03000006",),
        says="Sage Intacct does not accept the sender or the user of this connection.",
        fix="Check sender id, sender password, company id, user and password in the connection.",
    ),
    ErrorRule(
        name="sender not authorised",
        action=Action.STOP,
        outcome=NO,
        codes=("XMLGW_JPP0002",),
        says="The sender id is not authorised in this company.",
        fix="Add it in Sage Intacct under Company > Security > Web services authorisations.",
    ),
    ErrorRule(
        name="company expired",
        action=Action.STOP,
        outcome=NO,
        codes=("PL04000055",),
        says="The demo company has expired.",
        fix="Name another company id in the connection, or have the licence renewed.",
    ),
    ErrorRule(
        name="permission missing",
        action=Action.STOP,
        outcome=NO,
        text=r"do not have permission",
        says="The user of this connection lacks a permission.",
        fix="Grant it to the web-services user in Sage Intacct.",
    ),
    ErrorRule(
        name=SCHEMA,
        action=Action.REVIEW,
        outcome=NO,
        codes=("XL03000003", "GW-0011"),
        says="Sage Intacct cannot read the request: an element is not allowed, missing, or in the wrong place.",
        fix="Look for the element that is named; leave the field out of the document, or report it as a fault of the connector.",
    ),
    ErrorRule(name="rolled back with its batch", action=Action.RETRY, outcome=NO, codes=("XL03000009",)),
    ErrorRule(
        name=PERIOD_CLOSED,
        shared=True,
        action=Action.REVIEW,
        outcome=NO,
        text=r"periods? (are|is|that's been) closed|closed period",
        says="The accounting period of this document is closed in Sage Intacct.",
        fix="Give another posting date, or have the period opened again, then answer Retry.",
    ),
    ErrorRule(
        name=DUPLICATES[0],
        action=Action.LOOK_UP,
        outcome=NO,
        codes=("BL34000061",),
        says="Sage Intacct already has a record with this number.",
        fix="Compare the two; reverse the wrong one, or give ours another number.",
    ),
    ErrorRule(
        name=DUPLICATES[1],
        action=Action.LOOK_UP,
        outcome=NO,
        text=r"already exists|use a unique value",
        says="Sage Intacct already has a record with this number or name.",
        fix="Compare the two; reverse the wrong one, or give ours another number.",
    ),
    ErrorRule(name="error while processing", action=Action.LOOK_UP, outcome=UNKNOWN, codes=("DL02000001",)),
    ErrorRule(
        name="unknown reference",
        action=Action.REVIEW,
        outcome=NO,
        text=r"Invalid .+ specified",
        says="The document names a customer, account, item, term or dimension that Sage Intacct does not have or that is inactive.",
        fix="Correct the mapping, or make the record active in Sage Intacct, then answer Retry.",
    ),
    ErrorRule(
        name="field missing",
        action=Action.REVIEW,
        outcome=NO,
        text=r"Required field",
        says="The company requires a field that the document does not have.",
        fix="Fill the field that is named in the sales system or in the connection, or make it optional in Sage Intacct.",
    ),
    ErrorRule(
        name="bad format",
        action=Action.REVIEW,
        outcome=NO,
        codes=("BL03000018",),
        says="A number, date or text is not in the form that Sage Intacct takes, or is too long.",
        fix="Correct the field that is named.",
    ),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=NO,
        status=(200,),
        says="Sage Intacct does not take the document as it is.",
        fix="Do what Sage Intacct's words say, in the document or there, then answer Retry.",
    ),
)

FORM = (
    FormField(name="company_id", label="Company id", help="A sandbox is a company of its own, for example acme-sandbox.", required=True),
    FormField(name="sender_id", label="Sender id", help="Of your web-services developer licence.", required=True),
    FormField(name="sender_password", label="Sender password", help="Of the sender id, not of the user.", required=True, secret=True),
    FormField(name="entity_id", label="Entity", help="Location id of the entity to work in; empty means the top level."),
    FormField(name="base_currency", label="Base currency", help="Of the entity, for example GBP.", required=True),
    FormField(name="multi_currency", label="Multi-currency is on", kind="boolean", default=True),
    FormField(name="exchange_rate_type", label="Exchange rate type", default="Intacct Daily Rate"),
    FormField(name="tax_solution_id", label="Tax solution", help="For example: United Kingdom - VAT. Empty where VAT is not used."),
    FormField(name="sales_tax_account", label="Sales tax account", help="Without a tax solution, tax is a line on this account."),
    FormField(name="default_gl_account", label="Default revenue account", help="For lines without a revenue group."),
    FormField(name="discount_account", label="Discount account", help="For document discounts without an account of their own."),
    FormField(name="freight_account", label="Freight account", help="For document charges without an account of their own."),
    FormField(name="default_location", label="Location of lines", help="Needed at the top level of a multi-entity company."),
    FormField(name="bank_account_id", label="Bank account", help="Checking account id that receives payments."),
    FormField(name="undeposited_account_no", label="Undeposited funds account", help="Instead of a bank account."),
    FormField(
        name="custom_number_field",
        label="Custom field for our number",
        help="A text field on AR invoices and adjustments; needed where Sage Intacct numbers documents itself.",
    ),
)

SPEC = PlatformSpec(
    slug="sage_intacct",
    title="Sage Intacct",
    class_prefix="SageIntacct",
    docs="developer.intacct.com",
    blueprint_endpoint="create_invoice (XML gateway)",
    real_endpoint="POST /ia/xml/xmlgw.phtml with create_invoice and create_aradjustment functions",
    endpoint_note=(
        "create_invoice is real and current. Credit notes are adjustments with negative lines (create_aradjustment). "
        "The REST twin (/ia/api/v1) exists at the vendor and is not built here."
    ),
    limits=Limits(concurrent=2, batch=40, per_app=frozenset({"concurrent"}), app_named_by=("company_id",)),
    idempotency=Idempotency.CONTROL_ID,
    capabilities=frozenset(
        {
            Capability.BATCH,
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
    standard_fields=(
        StandardField(name="host", label="Host", placeholder="api.intacct.com"),
        StandardField(name="login", label="User id"),
        StandardField(name="password", label="User password"),
    ),
    form=FORM,
    reference_kinds=(
        ReferenceKind.ACCOUNT,
        ReferenceKind.ITEM,
        ReferenceKind.TAX_CODE,
        ReferenceKind.TERMS,
        ReferenceKind.CURRENCY,
        ReferenceKind.DIMENSION,
        ReferenceKind.PAYMENT_METHOD,
    ),
    errors=ERRORS,
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.DISCOUNT,  # its account is set in Sage Intacct
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="bank_account_id",
    settle_seconds=360,
    read_timeout_seconds=120.0,
    number_max=45,
    verified_against=("simulator", "sageintacctsdk on the simulator"),
    unverified=(
        "How long a control id is remembered, and the error that refuses a repeated one.",
        "The error numbers of a duplicate invoice number and of a closed period (told by their text as well).",
        "How many functions one request may hold (40 are sent) and how many requests may run at once (2).",
        "The labels of STATE in XML, and the states of ARPYMT; amounts decide where a label is unknown.",
        "Whether tax entries are listed among ARINVOICEITEM; tax is the total less the lines either way.",
        "Whether the number of a reversed invoice may be used again (assumed not).",
        "Country names in MAILADDRESS; CUSTOMERID <= 20, NAME <= 100 and invoice numbers <= 45 are from memory.",
    ),
)
