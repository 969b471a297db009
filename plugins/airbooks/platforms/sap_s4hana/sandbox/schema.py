"""The messages' XML schema: names, order and lengths of the vendor's WSDL (Journal Entry - Post), for the parts that a sales document uses.

The order of the clearing message is UNVERIFIED: it is that of a message that a tenant accepted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lxml import etree

SFIN: Final = "http://sap.com/xi/SAPSCORE/SFIN"
# Elements in their order, "?" optional, "*" any number of times. A type is tokenN or textN (at most N characters) or a name below.
MESSAGES: Final = {
    "MessageHeader": "ID?:token35 UUID?:token36 ReferenceID?:token35 CreationDateTime:Moment TestDataIndicator?:boolean",
    "JournalEntryBulkCreateRequest": "MessageHeader:MessageHeader JournalEntryCreateRequest*:JournalEntryCreateRequest",
    "JournalEntryCreateRequest": "MessageHeader:MessageHeader JournalEntry:JournalEntry",
    "JournalEntry": (
        "OriginalReferenceDocumentType:token5 OriginalReferenceDocument?:token20 OriginalReferenceDocumentLogicalSystem?:token10 "
        "BusinessTransactionType:token4 AccountingDocumentType:token5 AccountingDocument?:token10 DocumentReferenceID?:token16 "
        "OriginalPredecessorRefDocument?:token20 DocumentHeaderText?:text25 ReversalReason?:token2 ReversalReferenceDocument?:token20 "
        "ReversalDate?:Day DoTaxAmountCheck?:boolean TaxFulfillmentDate?:Day CreatedByUser:token12 CompanyCode:token4 DocumentDate:Day "
        "PostingDate:Day PostingFiscalPeriod?:token3 TaxReportingDate?:Day TaxDeterminationDate?:Day InvoiceReceiptDate?:Day "
        "ExchangeRateDate?:Day ECSEnvironment?:token10 ExchangeRate?:Rate IndirectQuotedExchangeRate?:Rate "
        "SourceSystemCompanyCode?:token20 SourceSystemAccountingDocument?:token35 Reference1InDocumentHeader?:token20 "
        "Reference2InDocumentHeader?:token20 Item*?:Item DebtorItem*?:DebtorItem ProductTaxItem*?:ProductTaxItem"
    ),
    "Item": (
        "ReferenceDocumentItem?:token10 ItemGroup?:token6 CompanyCode?:token4 GLAccount:token10 AmountInTransactionCurrency:Amount "
        "AmountInCompanyCodeCurrency?:Amount DebitCreditCode?:token1 DocumentItemText?:text50 ReasonCode?:token3 "
        "AssignmentReference?:token18 FinancialTransactionType?:token3 Tax?:Tax Plant?:token4 Material?:token60 "
        "QuantityInEntryUnit?:Quantity IsNotCashDiscountLiable?:boolean TradingPartner?:token6 ValueDate?:Day BusinessPlace?:token4 "
        "HouseBank?:token5 HouseBankAccount?:token5 Reference1IDByBusinessPartner?:token12 Reference2IDByBusinessPartner?:token12 "
        "Reference3IDByBusinessPartner?:token20 AccountAssignment?:AccountAssignment ProfitabilitySupplement?:ProfitabilitySupplement"
    ),
    "Tax": "TaxCode:token4 TaxJurisdiction?:token15 TaxItemGroup?:token6 TaxCountry?:token3",
    "AccountAssignment": (
        "AccountAssignmentType?:token2 OrderID?:token12 ProfitCenter?:token10 PartnerProfitCenter?:token10 Segment?:token10 "
        "PartnerSegment?:token10 CostCenter?:token10 CostCtrActivityType?:token6 WBSElement?:token24 SalesOrder?:token10 "
        "SalesOrderItem?:token6 FunctionalArea?:token16"
    ),
    "ProfitabilitySupplement": (
        "Customer?:token10 SoldMaterial?:token18 SalesOrganization?:token4 DistributionChannel?:token2 Division?:token2"
    ),
    "DebtorItem": (
        "ReferenceDocumentItem:token10 Debtor:token10 AmountInTransactionCurrency:Amount AmountInCompanyCodeCurrency?:Amount "
        "DebitCreditCode?:token1 AltvRecnclnAccts?:token10 DocumentItemText?:text50 AssignmentReference?:token18 "
        "Reference1IDByBusinessPartner?:token12 Reference2IDByBusinessPartner?:token12 Reference3IDByBusinessPartner?:token20 "
        "CashDiscountTerms?:CashDiscountTerms ReportingCountry?:token3 VATRegistration?:token20 BusinessPlace?:token4 HouseBank?:token5 "
        "HouseBankAccount?:token5"
    ),
    "CashDiscountTerms": (
        "CashDiscountBaseAmount?:Amount DueCalculationBaseDate:Day CashDiscount1Days?:Days CashDiscount1Percent?:Percent "
        "CashDiscount2Days?:Days CashDiscount2Percent?:Percent NetPaymentDays:Days"
    ),
    "ProductTaxItem": (
        "ReferenceDocumentItem?:token10 TaxCode:token4 TaxItemClassification?:token3 ConditionType?:token4 TaxJurisdiction?:token15 "
        "TaxJurisdictionLevel?:token1 LowestLevelTaxJurisdiction?:token15 TaxItemGroup?:token6 TaxRate?:Percent TaxDeterminationDate?:Day "
        "IsDirectTaxPosting?:boolean TaxCountry?:token3 AmountInTransactionCurrency:Amount AmountInCompanyCodeCurrency?:Amount "
        "DebitCreditCode?:token1 ProductiveTaxText?:text50 TaxBaseAmountInTransCrcy:Amount TaxBaseAmountInCoCodeCrcy?:Amount"
    ),
    "JournalEntryBulkClearingRequest": "MessageHeader:MessageHeader JournalEntryClearingRequest*:JournalEntryClearingRequest",
    "JournalEntryClearingRequest": "MessageHeader:MessageHeader JournalEntry:Clearing",
    "Clearing": (
        "CompanyCode:token4 AccountingDocumentType:token5 DocumentDate:Day PostingDate:Day CurrencyCode:token3 DocumentHeaderText?:text25 "
        "CreatedByUser:token12 APARItems*:APARItems"
    ),
    "APARItems": (
        "ReferenceDocumentItem:token10 AccountType:token1 APARAccount:token10 FiscalYear:token4 AccountingDocument:token10 "
        "AccountingDocumentItem:token6 PartialPaymentAmtInDspCrcy?:Amount CashDiscountAmountInDspCrcy?:Amount "
        "OtherDeductionAmountInDspCrcy?:Amount PaymentDifferenceReason?:token3"
    ),
}
ROOTS: Final = ("JournalEntryBulkCreateRequest", "JournalEntryBulkClearingRequest")
TYPES: Final = """
 <xsd:simpleType name="Moment"><xsd:restriction base="xsd:dateTime">
  <xsd:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(.[0-9]{1,7})?Z"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Day"><xsd:restriction base="xsd:date">
  <xsd:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Days"><xsd:restriction base="xsd:duration"><xsd:pattern value="[-P0-9D]{1,20}"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Rate"><xsd:restriction base="xsd:decimal">
  <xsd:totalDigits value="28"/><xsd:fractionDigits value="14"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Percent"><xsd:restriction base="xsd:decimal">
  <xsd:totalDigits value="16"/><xsd:fractionDigits value="6"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Number"><xsd:restriction base="xsd:decimal">
  <xsd:totalDigits value="28"/><xsd:fractionDigits value="6"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Currency"><xsd:restriction base="xsd:token"><xsd:length value="3"/></xsd:restriction></xsd:simpleType>
 <xsd:simpleType name="Unit"><xsd:restriction base="xsd:token">
  <xsd:minLength value="1"/><xsd:maxLength value="3"/></xsd:restriction></xsd:simpleType>
 <xsd:complexType name="Amount"><xsd:simpleContent><xsd:extension base="Number">
  <xsd:attribute name="currencyCode" use="required" type="Currency"/></xsd:extension></xsd:simpleContent></xsd:complexType>
 <xsd:complexType name="Quantity"><xsd:simpleContent><xsd:extension base="xsd:decimal">
  <xsd:attribute name="unitCode" type="Unit"/></xsd:extension></xsd:simpleContent></xsd:complexType>
"""


def document() -> str:
    """The schema as an XSD document; only the messages' roots are qualified."""
    sizes = sorted(
        {kind for content in MESSAGES.values() for each in content.split() if (kind := each.split(":")[1]) and kind[-1].isdigit()}
    )
    complex_types = (f'<xsd:complexType name="{name}">{_sequence(content)}</xsd:complexType>' for name, content in MESSAGES.items())
    roots = (f'<xsd:element name="{name}" type="{name}"/>' for name in ROOTS)
    start = f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="{SFIN}" targetNamespace="{SFIN}">'
    return "\n".join((start, *roots, *map(_sized, sizes), *complex_types, TYPES, "</xsd:schema>"))


def _sequence(content: str) -> str:
    return f"<xsd:sequence>{''.join(map(_element, content.split()))}</xsd:sequence>"


def _element(text: str) -> str:
    name, kind = text.split(":")
    kind = f"xsd:{kind}" if kind == "boolean" else kind
    least = ' minOccurs="0"' if "?" in name else ""
    most = ' maxOccurs="unbounded"' if "*" in name else ""
    return f'<xsd:element name="{name.rstrip("?*")}" type="{kind}"{least}{most}/>'


def _sized(kind: str) -> str:
    """Tokens may not be empty, texts may."""
    base, size = ("token", kind[5:]) if kind.startswith("token") else ("string", kind[4:])
    least = '<xsd:minLength value="1"/>' if base == "token" else ""
    limits = f'{least}<xsd:maxLength value="{size}"/>'
    return f'<xsd:simpleType name="{kind}"><xsd:restriction base="xsd:{base}">{limits}</xsd:restriction></xsd:simpleType>'


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(document()))


def faults_of(message: etree._Element) -> str:
    """Why a message does not fit the schema; empty when it does."""
    try:
        # A copy: the message must be judged without the envelope around it.
        schema().assertValid(etree.fromstring(etree.tostring(message)))
    except etree.DocumentInvalid as error:
        return str(error)
    return ""
