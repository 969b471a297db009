"""The part of Wave's public schema that invoicing needs, and its scalars: Decimal as text, dates, times in UTC with milliseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Any

from graphql import GraphQLEnumType, GraphQLError, GraphQLScalarType, GraphQLSchema, build_schema

CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYR BZD CAD CDF CHF CLP CNY COP CRC CUP "
    "CVE CZK DJF DKK DOP DZD EEK EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GWP GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR "
    "ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD SSP STD "
    "SVC SYP SZL THB TJS TMM TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VEF VND VUV WST XAF XCD XOF XPF YER ZAR ZMK ZMW ZWD"
)
COUNTRIES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI "
    "CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ "
    "GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG "
    "PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK "
    "TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)

_DEFINITIONS = """
scalar Date
scalar DateTime
scalar Decimal

type Query {
  business(id: ID): Business
  businesses(isArchived: Boolean, page: Int = 1, pageSize: Int = 10): BusinessConnection
  currencies: [Currency!]!
}

type Mutation {
  customerCreate(input: CustomerCreateInput!): CustomerCreateOutput
  customerPatch(input: CustomerPatchInput!): CustomerPatchOutput
  customerDelete(input: CustomerDeleteInput!): CustomerDeleteOutput
  productCreate(input: ProductCreateInput!): ProductCreateOutput
  productArchive(input: ProductArchiveInput!): ProductArchiveOutput
  invoiceCreate(input: InvoiceCreateInput!): InvoiceCreateOutput
  invoicePatch(input: InvoicePatchInput!): InvoicePatchOutput
  invoiceApprove(input: InvoiceApproveInput!): InvoiceApproveOutput
  invoiceMarkSent(input: InvoiceMarkSentInput!): InvoiceMarkSentOutput
  invoiceSend(input: InvoiceSendInput!): InvoiceSendOutput
  invoiceDelete(input: InvoiceDeleteInput!): InvoiceDeleteOutput
  invoicePaymentCreateManual(input: InvoicePaymentCreateManualInput!): InvoicePaymentCreateManualOutput
  invoicePaymentDelete(input: InvoicePaymentDeleteInput!): InvoicePaymentDeleteOutput
}

type Business {
  id: ID! name: String! currency: Currency! address: Address isArchived: Boolean! isPersonal: Boolean! emailSendEnabled: Boolean!
  timezone: String createdAt: DateTime! modifiedAt: DateTime!
  account(id: ID!): Account
  accounts(isArchived: Boolean = false, page: Int = 1, pageSize: Int = 45, subtypes: [AccountSubtypeValue!]): AccountConnection
  customer(id: ID!): Customer
  customers(email: String, modifiedAtAfter: DateTime, modifiedAtBefore: DateTime, page: Int = 1, pageSize: Int = 45,
            sort: [CustomerSort!]! = [CREATED_AT_DESC]): CustomerConnection
  invoice(id: ID!): Invoice
  invoicePayment(id: ID!): InvoicePayment
  invoices(amountDue: Decimal, currency: CurrencyCode, customerId: ID, invoiceDateEnd: Date, invoiceDateStart: Date,
           invoiceNumber: String, modifiedAtAfter: DateTime, modifiedAtBefore: DateTime, page: Int = 1, pageSize: Int = 45,
           sort: [InvoiceSort!]! = [CREATED_AT_DESC], status: InvoiceStatus): InvoiceConnection
  product(id: ID!): Product
  products(isArchived: Boolean = false, isBought: Boolean, isSold: Boolean, modifiedAtAfter: DateTime, modifiedAtBefore: DateTime,
           page: Int = 1, pageSize: Int = 45, sort: [ProductSort!]! = [CREATED_AT_DESC]): ProductConnection
  salesTax(id: ID!): SalesTax
  salesTaxes(isArchived: Boolean = false, page: Int = 1, pageSize: Int = 45): SalesTaxConnection
}

type OffsetPageInfo { currentPage: Int! totalCount: Int totalPages: Int }
type BusinessConnection { edges: [BusinessEdge!]! pageInfo: OffsetPageInfo! }
type BusinessEdge { node: Business }
type AccountConnection { edges: [AccountEdge!]! pageInfo: OffsetPageInfo! }
type AccountEdge { node: Account }
type CustomerConnection { edges: [CustomerEdge!]! pageInfo: OffsetPageInfo! }
type CustomerEdge { node: Customer }
type InvoiceConnection { edges: [InvoiceEdge!]! pageInfo: OffsetPageInfo! }
type InvoiceEdge { node: Invoice! }
type ProductConnection { edges: [ProductEdge!]! pageInfo: OffsetPageInfo! }
type ProductEdge { node: Product! }
type SalesTaxConnection { edges: [SalesTaxEdge!]! pageInfo: OffsetPageInfo! }
type SalesTaxEdge { node: SalesTax }

type Currency { code: CurrencyCode! exponent: Int! name: String! symbol: String! }
type Money { currency: Currency! minorUnitValue: Decimal! raw: Int! value: String! }
type Country { code: CountryCode! name: String! }
type Province { code: String! name: String! }
type Address { addressLine1: String addressLine2: String city: String country: Country postalCode: String province: Province }
type AccountSubtype { name: String! value: AccountSubtypeValue! }
type Account {
  id: ID! name: String! displayId: String description: String currency: Currency! isArchived: Boolean! sequence: Int!
  subtype: AccountSubtype!
}
type CustomerShippingDetails { address: Address instructions: String name: String phone: String }
type Customer {
  id: ID! name: String! displayId: String email: String firstName: String lastName: String phone: String mobile: String
  internalNotes: String currency: Currency address: Address shippingDetails: CustomerShippingDetails isArchived: Boolean
  createdAt: DateTime! modifiedAt: DateTime!
}
type Product {
  id: ID! name: String! description: String unitPrice: Decimal! isSold: Boolean! isBought: Boolean! isArchived: Boolean!
  incomeAccount: Account defaultSalesTaxes: [SalesTax!]! createdAt: DateTime! modifiedAt: DateTime!
}
type SalesTax {
  id: ID! name: String! abbreviation: String! description: String rate(for: Date): Decimal! isCompound: Boolean! isRecoverable: Boolean!
  isArchived: Boolean! createdAt: DateTime! modifiedAt: DateTime!
}
interface InvoiceDiscount { createdAt: DateTime! modifiedAt: DateTime! name: String }
type FixedInvoiceDiscount implements InvoiceDiscount { amount: Decimal createdAt: DateTime! modifiedAt: DateTime! name: String }
type PercentageInvoiceDiscount implements InvoiceDiscount { createdAt: DateTime! modifiedAt: DateTime! name: String percentage: Decimal }
type InvoiceItemTax { amount: Money salesTax: SalesTax! }
type InvoiceItem {
  id: ID! account: Account! description: String product: Product! quantity: Decimal! unitPrice: Decimal! subtotal: Money! total: Money!
  taxes: [InvoiceItemTax!]!
}
type Invoice {
  id: ID! invoiceNumber: String! poNumber: String status: InvoiceStatus! title: String! subhead: String memo: String footer: String
  invoiceDate: Date! dueDate: Date! createdAt: DateTime! modifiedAt: DateTime! lastSentAt: DateTime lastSentVia: InvoiceSendMethod
  lastViewedAt: DateTime currency: Currency! exchangeRate: Decimal! customer: Customer! business: Business!
  subtotal: Money! discountTotal: Money! taxTotal: Money! total: Money! amountDue: Money! amountPaid: Money!
  discounts: [InvoiceDiscount!] items: [InvoiceItem!] payments: [InvoicePayment] viewUrl: String! pdfUrl: String!
  disableAmexPayments: Boolean! disableBankPayments: Boolean! disableCreditCardPayments: Boolean!
}
type InvoicePayment {
  id: ID! account: Account! active: Boolean amount: String customer: Customer exchangeRate: Decimal! invoice: Invoice
  invoiceCurrency: Currency memo: String origin: String paymentDate: Date paymentMethod: String state: String transactionType: String
  createdAt: DateTime! modifiedAt: DateTime!
}
type InputError { code: String message: String path: [String!] }

input AddressInput {
  addressLine1: String addressLine2: String city: String countryCode: CountryCode postalCode: String provinceCode: String
}
input CustomerShippingDetailsInput { address: AddressInput instructions: String name: String phone: String }
input CustomerCreateInput {
  businessId: ID! name: String! displayId: String email: String firstName: String lastName: String phone: String mobile: String fax: String
  tollFree: String website: String internalNotes: String currency: CurrencyCode address: AddressInput
  shippingDetails: CustomerShippingDetailsInput
}
input CustomerPatchInput {
  id: ID! name: String displayId: String email: String firstName: String lastName: String phone: String mobile: String
  internalNotes: String currency: CurrencyCode address: AddressInput shippingDetails: CustomerShippingDetailsInput
}
input CustomerDeleteInput { id: ID! }
input ProductCreateInput {
  businessId: ID! name: String! description: String unitPrice: Decimal! incomeAccountId: ID expenseAccountId: ID defaultSalesTaxIds: [ID!]
}
input ProductArchiveInput { id: ID! }
input InvoiceDiscountInput { discountType: InvoiceDiscountType! amount: Decimal percentage: Decimal name: String }
input InvoiceCreateItemTaxInput { salesTaxId: ID! amount: Decimal }
input InvoiceCreateItemInput {
  productId: ID! description: String quantity: Decimal unitPrice: Decimal taxes: [InvoiceCreateItemTaxInput!]
}
input InvoiceCreateInput {
  businessId: ID! customerId: ID! status: InvoiceCreateStatus = DRAFT currency: CurrencyCode exchangeRate: Decimal invoiceNumber: String
  INVOICE_FIELDS
}
input InvoicePatchInput {
  id: ID! customerId: ID status: InvoiceCreateStatus currency: CurrencyCode exchangeRate: Decimal invoiceNumber: String
  INVOICE_FIELDS
}
input InvoiceApproveInput { invoiceId: ID! }
input InvoiceMarkSentInput { invoiceId: ID! sendMethod: InvoiceSendMethod! sentAt: DateTime }
input InvoiceSendInput {
  invoiceId: ID! to: [String!]! subject: String message: String attachPDF: Boolean! = false ccMyself: Boolean fromAddress: String
}
input InvoiceDeleteInput { invoiceId: ID! }
input InvoicePaymentCreateManualInput {
  invoiceId: ID! paymentAccountId: ID! amount: Decimal! paymentDate: Date! paymentMethod: InvoicePaymentMethod! exchangeRate: Decimal!
  memo: String
}
input InvoicePaymentDeleteInput { id: ID! }

type CustomerCreateOutput { didSucceed: Boolean! inputErrors: [InputError!] customer: Customer }
type CustomerPatchOutput { didSucceed: Boolean! inputErrors: [InputError!] customer: Customer }
type CustomerDeleteOutput { didSucceed: Boolean! inputErrors: [InputError!] }
type ProductCreateOutput { didSucceed: Boolean! inputErrors: [InputError!] product: Product }
type ProductArchiveOutput { didSucceed: Boolean! inputErrors: [InputError!] product: Product }
type InvoiceCreateOutput { didSucceed: Boolean! inputErrors: [InputError!] invoice: Invoice }
type InvoicePatchOutput { didSucceed: Boolean! inputErrors: [InputError!] invoice: Invoice }
type InvoiceApproveOutput { didSucceed: Boolean! inputErrors: [InputError!] invoice: Invoice }
type InvoiceMarkSentOutput { didSucceed: Boolean! inputErrors: [InputError!] invoice: Invoice }
type InvoiceSendOutput { didSucceed: Boolean! inputErrors: [InputError!] invoice: Invoice }
type InvoiceDeleteOutput { didSucceed: Boolean! inputErrors: [InputError!] }
type InvoicePaymentCreateManualOutput { didSucceed: Boolean! inputErrors: [InputError!] invoicePayment: InvoicePayment }
type InvoicePaymentDeleteOutput { didSucceed: Boolean! inputErrors: [InputError!] }

enum AccountSubtypeValue {
  CASH_AND_BANK DISCOUNTS EXPENSE INCOME MONEY_IN_TRANSIT OTHER_INCOME RECEIVABLE_INVOICES SALES_TAX UNCATEGORIZED_INCOME
}
enum CustomerSort { CREATED_AT_ASC CREATED_AT_DESC MODIFIED_AT_ASC MODIFIED_AT_DESC NAME_ASC NAME_DESC }
enum ProductSort { CREATED_AT_ASC CREATED_AT_DESC MODIFIED_AT_ASC MODIFIED_AT_DESC NAME_ASC NAME_DESC }
enum InvoiceSort {
  CREATED_AT_ASC CREATED_AT_DESC INVOICE_DATE_ASC INVOICE_DATE_DESC INVOICE_NUMBER_ASC INVOICE_NUMBER_DESC MODIFIED_AT_ASC MODIFIED_AT_DESC
}
enum InvoiceCreateStatus { DRAFT SAVED }
enum InvoiceDiscountType { FIXED PERCENTAGE }
enum InvoicePaymentMethod { BANK_TRANSFER CASH CHEQUE CREDIT_CARD OTHER PAYPAL UNSPECIFIED }
enum InvoiceSendMethod { EXPORT_PDF GMAIL MARKED_SENT NOT_SENT OUTLOOK SHARED_LINK SKIPPED WAVE YAHOO }
enum InvoiceStatus { DRAFT OVERDUE OVERPAID PAID PARTIAL SAVED SENT UNPAID VIEWED }
"""
_INVOICE_FIELDS = """
  poNumber: String invoiceDate: Date dueDate: Date title: String subhead: String memo: String footer: String
  discounts: [InvoiceDiscountInput!] items: [InvoiceCreateItemInput!]
  disableAmexPayments: Boolean disableBankPayments: Boolean disableCreditCardPayments: Boolean requireTermsOfServiceAgreement: Boolean
  itemTitle: String unitTitle: String priceTitle: String amountTitle: String
  hideName: Boolean hideDescription: Boolean hideUnit: Boolean hidePrice: Boolean hideAmount: Boolean
"""


@cache
def schema() -> GraphQLSchema:
    """The schema with its scalars; enum values are their own names."""
    text = _DEFINITIONS.replace("INVOICE_FIELDS", _INVOICE_FIELDS)
    made = build_schema(f"{text}\nenum CurrencyCode {{ {CURRENCIES} }}\nenum CountryCode {{ {COUNTRIES} }}")
    for name, (write, read) in {
        "Decimal": (_write_decimal, _read_decimal),
        "Date": (_write_date, _read_date),
        "DateTime": (stamp, _read_time),
    }.items():
        scalar = made.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)  # noqa: S101
        vars(scalar).update(serialize=write, parse_value=read)  # what the constructor would take
    return made


def enum_names(name: str) -> list[str]:
    """The values of one enum."""
    found = schema().type_map[name]
    assert isinstance(found, GraphQLEnumType)  # noqa: S101
    return list(found.values)


def _write_decimal(value: Any) -> str:
    return f"{Decimal(value):f}"


def _read_decimal(value: Any) -> Decimal:
    try:
        if isinstance(value, bool):
            raise GraphQLError(f"Decimal cannot represent value: {value!r}")
        read = Decimal(str(value))
    except InvalidOperation:
        raise GraphQLError(f"Decimal cannot represent value: {value!r}") from None
    if not read.is_finite():
        raise GraphQLError(f"Decimal cannot represent value: {value!r}")
    return read


def _write_date(value: date) -> str:
    return value.isoformat()


def _read_date(value: Any) -> date:
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise GraphQLError(f"Date cannot represent value: {value!r}") from None


def stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_time(value: Any) -> datetime:
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        raise GraphQLError(f"DateTime cannot represent an invalid date-time-string {value!r}.") from None


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Half away from zero, as the schema says of quantities (8), unit prices (8 on lines, 5 on products) and rates (6)."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
