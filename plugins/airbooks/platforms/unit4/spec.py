"""Unit4 ERPx, REST v1 (develop.unit4cloud.com/erpx), as plain data."""

from __future__ import annotations

from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField
from airbooks.platforms.unit4.rules import ERRORS

# Longest texts and largest whole number of the vendor.
CODE, BATCH_ID, NUMBER, TEXT, PAYMENT_METHOD, INT32 = 25, 25, 100, 255, 2, 2_147_483_647
REVERSAL = "-CR"  # what a reversing voucher's number has more than the reversed one's
NUMBER_MAX = NUMBER - len(REVERSAL)
ROWS = 10_000  # of one POST
PAGE = 200

OURS, NUMBERED = "our code", "customer group"
COMPANY_UNITS, CURRENCY_UNITS = "company per currency", "currency per company"

SPEC = PlatformSpec(
    slug="unit4",
    title="Unit4 ERPx",
    class_prefix="Unit4",
    docs="develop.unit4cloud.com/erpx",
    blueprint_endpoint="REST /invoices",
    real_endpoint="POST /v1/financial-transaction-batch, then POST /v1/report-jobs/order for GL07",
    endpoint_note=(
        "ERPx has no resource that creates an invoice. A document is staged as a batch of balanced posting rows, which the server process "
        "GL07 checks and posts later: ordered by us, or scheduled in the tenant (run_gl07 off). What became of it is read from the report "
        "job and the ledger. Sales orders would let ERPx number and tax anew what is numbered and taxed already."
    ),
    # 480 system jobs an hour: eight orders of GL07 a minute.
    limits=Limits(
        per_minute=500,
        per_day=500_000,
        batches_per_minute=8,
        batch_bytes=5_000_000,
        lines=6_000,
        throttle_seconds=10.0,
        per_app=frozenset({"minute", "day", "batch"}),
        app_named_by=("tenant",),
    ),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.ANSWERS_LATER,
            Capability.VOID,
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
    standard_fields=(
        StandardField(name="host", label="API host", placeholder="https://no01-npe.erpx-api.unit4cloud.com"),
        StandardField(name="schema", label=""),
        StandardField(name="login", label="Client id"),
        StandardField(name="password", label="Client secret"),
        StandardField(name="port", label=""),
    ),
    form=(
        FormField(
            name="token_url",
            label="Token URL",
            help="Of Unit4 Identity Services: https://{ids host}/identity/connect/token",
            required=True,
        ),
        FormField(name="scope", label="Scope", default="api"),
        FormField(name="tenant", label="Tenant", help="The tenant's GUID; every call carries it.", required=True),
        FormField(name="company_id", label="Company", help="Company id inside the tenant, for example EN.", required=True),
        FormField(name="home_currency", label="Company currency", help="ISO 4217.", default="GBP"),
        FormField(
            name="interface",
            label="Interface",
            help="Interface code of the transaction batches (at most 25 characters, no slash); use one for airbooks alone.",
            default="BI",
        ),
        FormField(name="voucher_type", label="Voucher type of invoices", default="SI"),
        FormField(name="credit_voucher_type", label="Voucher type of credit notes and reversals", default="SC"),
        FormField(name="payment_voucher_type", label="Voucher type of payments that airbooks posts", default="CP"),
        FormField(
            name="payment_types",
            label="Voucher types of customer payments",
            help="Separated by commas, for reading payments; empty: the type that airbooks posts.",
        ),
        FormField(name="customer_ledger_type", label="Ledger type of customers", help="UNVERIFIED: R, or c.", default="R"),
        FormField(name="ar_account", label="Account of receivables", help="For the customer's row.", required=True),
        FormField(name="revenue_account", label="Account of revenue", help="For lines whose account has no mapping.", required=True),
        FormField(name="freight_account", label="Account of freight", help="For freight lines without an account; empty: revenue."),
        FormField(name="discount_account", label="Account of discounts", help="For discounts and charges without an account."),
        FormField(name="tax_account", label="Account of tax", help="For the tax rows.", required=True),
        FormField(
            name="rounding_account",
            label="Account of rounding differences",
            help="Takes the pence by which a foreign voucher would not balance in company currency.",
        ),
        FormField(name="bank_account", label="Account of the bank", help="For payments that airbooks posts."),
        FormField(
            name="bank_fee_account",
            label="Account of bank fees",
            help="Takes the fee of a payment; without it such payments are refused.",
        ),
        FormField(name="tax_system", label="Tax system", help="Where the tax code's own entry names none, for example UK."),
        FormField(
            name="dimension_map",
            label="Dimensions",
            help="Our dimension = number of the accounting dimension : its attribute id, for example department=1:C1 warehouse=2:B0.",
        ),
        FormField(
            name="period_shift",
            label="Months from calendar month to fiscal period",
            help="0: the fiscal year is the calendar year; 9: April 2025 is period 202601; -3: it is 202501.",
            kind="integer",
            default=0,
        ),
        FormField(
            name="rate_direction",
            label="Exchange rate means",
            help="UNVERIFIED: the vendor's example has company units per currency unit.",
            default=COMPANY_UNITS,
            choices=(COMPANY_UNITS, CURRENCY_UNITS),
        ),
        FormField(name="payment_method", label="Payment method", help="Of the open item, at most 2 characters; empty: the customer's."),
        FormField(name="payment_methods", label="Payment methods that ERPx knows", help="Separated by commas, for mapping ours."),
        FormField(
            name="run_gl07",
            label="Order GL07",
            help="Off: the tenant schedules GL07 for the interface itself. On: it must not be scheduled for it as well.",
            kind="boolean",
            default=True,
        ),
        FormField(name="gl07_report_name", label="GL07 report name", default="GL07"),
        FormField(name="gl07_variant", label="GL07 variant", kind="integer", default=1),
        FormField(name="gl07_user_id", label="GL07 user", help="The ERPx user that orders the report."),
        FormField(
            name="gl07_parameters",
            label="GL07 parameters",
            help='More parameters as JSON, id to value, for example {"post_back": "1"}; batch_id and interface are always given.',
        ),
        FormField(
            name="read_report_job",
            label="Read the report job",
            help="UNVERIFIED that tenants allow it. Off: what GL07 rejects is found out by its absence from the ledger alone.",
            kind="boolean",
            default=True,
        ),
        FormField(name="create_customers", label="Create customers", help="Off: customers belong to ERPx.", kind="boolean", default=False),
        FormField(name="customer_group", label="Customer group of new customers", help="For example 10."),
        FormField(
            name="customer_numbers",
            label="Ids of new customers",
            help="Our code, or the number series of the customer group (then our code is the external reference).",
            default=OURS,
            choices=(OURS, NUMBERED),
        ),
        FormField(
            name="customer_reference",
            label="Property of the external reference",
            help="UNVERIFIED; empty: customers are not looked for by it.",
            default="externalReference",
        ),
        FormField(name="status_object", label="Object of customer transactions", help="UNVERIFIED.", default="customer-transactions"),
        FormField(
            name="status_fields",
            label="Properties of customer transactions",
            help='Where the tenant\'s names differ, as JSON: {"rest": "restCurrencyAmount", "number": "invoiceNumber"}.',
        ),
        FormField(
            name="ledger_object",
            label="Object of ledger rows",
            help="UNVERIFIED; empty: no tax is read back, and nothing can be reversed.",
            default="general-ledger-transactions",
        ),
        FormField(name="ledger_fields", label="Properties of ledger rows", help='As JSON: {"account": "account"}.'),
        FormField(
            name="account_lookup",
            label="Object of accounts",
            help="UNVERIFIED: object(code,name,status).",
            default="accounts(account,description,status)",
        ),
        FormField(
            name="tax_code_lookup",
            label="Object of tax codes",
            help="UNVERIFIED: object(code,name,status,percentage,tax system).",
            default="tax-codes(taxCode,description,status,vatPercentage,taxSystem)",
        ),
        FormField(
            name="dimension_lookup",
            label="Object of dimension values",
            help="UNVERIFIED: object(value,name,status,attribute id).",
            default="attribute-values(attributeValue,description,status,attributeId)",
        ),
    ),
    reference_kinds=(ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE, ReferenceKind.DIMENSION),
    errors=ERRORS,
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
    receipts_on="bank_account",
    settle_seconds=300,  # a call may take 220 seconds there; then GL07 and the objects need a moment
    read_timeout_seconds=230.0,
    poll_seconds=10.0,
    overdue_seconds=26 * 3600.0,  # GL07 may be scheduled once a night
    number_max=NUMBER_MAX,
    unverified=(
        "letter of the customer ledger type",
        "how a payment looks that somebody took back: a voucher of its type with the opposite amount and the same numbers is taken for it",
        "object and property names of customer transactions, ledger rows, accounts, tax codes and dimension values",
        "how a ledger object filters numbers and times (in quotes here; 'ge' for times)",
        "reading a report job by its Location, its status letters and where its report tells errors",
        "status and words of a batch that exists already",
        "GL07 parameters other than batch_id",
        "body of a new customer beyond customerId, customerName, companyId and customerGroupId; externalReference",
        "direction of the exchange rate",
        "automatic matching of payments and reversals; whether invoice numbers are checked",
        "that a rate of zero needs no tax row",
        "quotes inside a filter's text (doubled here)",
    ),
)
