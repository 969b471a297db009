"""The vendor's own examples of messages, and the schema that ours are held against."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("journal_entry.xsd")))
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"

# An invoice as the contract writes it (two taxes, freight, terms, a rate, assignments).
VENDORS = """<sfin:JournalEntryBulkCreateRequest xmlns:sfin="http://sap.com/xi/SAPSCORE/SFIN">
 <MessageHeader><ID>AF-INV-10023-1</ID><CreationDateTime>2026-03-02T10:15:00.0000000Z</CreationDateTime></MessageHeader>
 <JournalEntryCreateRequest>
  <MessageHeader><ID>AF-INV-10023-1</ID><CreationDateTime>2026-03-02T10:15:00.0000000Z</CreationDateTime></MessageHeader>
  <JournalEntry>
   <OriginalReferenceDocumentType>BKPFF</OriginalReferenceDocumentType>
   <BusinessTransactionType>RFBU</BusinessTransactionType>
   <AccountingDocumentType>DR</AccountingDocumentType>
   <DocumentReferenceID>INV-10023</DocumentReferenceID>
   <DocumentHeaderText>Delta yard 3 order 5512</DocumentHeaderText>
   <CreatedByUser>AIRFLOW</CreatedByUser><CompanyCode>1710</CompanyCode>
   <DocumentDate>2026-03-02</DocumentDate><PostingDate>2026-03-02</PostingDate>
   <TaxReportingDate>2026-03-02</TaxReportingDate><TaxDeterminationDate>2026-03-02</TaxDeterminationDate>
   <ExchangeRateDate>2026-03-02</ExchangeRateDate><ExchangeRate>1.08340</ExchangeRate>
   <Reference1InDocumentHeader>PO-88121</Reference1InDocumentHeader><Reference2InDocumentHeader>ORD-5512</Reference2InDocumentHeader>
   <Item><ReferenceDocumentItem>2</ReferenceDocumentItem><GLAccount>0041000000</GLAccount>
    <AmountInTransactionCurrency currencyCode="EUR">-36980.00</AmountInTransactionCurrency><DebitCreditCode>H</DebitCreditCode>
    <DocumentItemText>2 x rotary screw compressor 50 HP</DocumentItemText><AssignmentReference>INV-10023</AssignmentReference>
    <Tax><TaxCode>A1</TaxCode><TaxItemGroup>1</TaxItemGroup></Tax>
    <Material>RSC-50HP</Material><QuantityInEntryUnit unitCode="PCE">2</QuantityInEntryUnit>
    <AccountAssignment><ProfitCenter>YB110</ProfitCenter><Segment>1000_A</Segment></AccountAssignment></Item>
   <Item><ReferenceDocumentItem>3</ReferenceDocumentItem><GLAccount>0041400000</GLAccount>
    <AmountInTransactionCurrency currencyCode="EUR">-320.00</AmountInTransactionCurrency><DebitCreditCode>H</DebitCreditCode>
    <DocumentItemText>Freight</DocumentItemText><Tax><TaxCode>A0</TaxCode><TaxItemGroup>2</TaxItemGroup></Tax>
    <AccountAssignment><ProfitCenter>YB110</ProfitCenter></AccountAssignment></Item>
   <DebtorItem><ReferenceDocumentItem>1</ReferenceDocumentItem><Debtor>0017100042</Debtor>
    <AmountInTransactionCurrency currencyCode="EUR">44326.20</AmountInTransactionCurrency><DebitCreditCode>S</DebitCreditCode>
    <DocumentItemText>INV-10023 PO-88121</DocumentItemText><AssignmentReference>INV-10023</AssignmentReference>
    <Reference1IDByBusinessPartner>PO-88121</Reference1IDByBusinessPartner>
    <CashDiscountTerms><DueCalculationBaseDate>2026-03-02</DueCalculationBaseDate><NetPaymentDays>P30D</NetPaymentDays></CashDiscountTerms>
   </DebtorItem>
   <ProductTaxItem><ReferenceDocumentItem>4</ReferenceDocumentItem><TaxCode>A1</TaxCode><TaxItemClassification>MWS</TaxItemClassification>
    <ConditionType>MWAS</ConditionType><TaxItemGroup>1</TaxItemGroup>
    <AmountInTransactionCurrency currencyCode="EUR">-7026.20</AmountInTransactionCurrency><DebitCreditCode>H</DebitCreditCode>
    <TaxBaseAmountInTransCrcy currencyCode="EUR">-36980.00</TaxBaseAmountInTransCrcy></ProductTaxItem>
   <ProductTaxItem><ReferenceDocumentItem>5</ReferenceDocumentItem><TaxCode>A0</TaxCode><TaxItemClassification>MWS</TaxItemClassification>
    <ConditionType>MWAS</ConditionType><TaxItemGroup>2</TaxItemGroup>
    <AmountInTransactionCurrency currencyCode="EUR">0.00</AmountInTransactionCurrency><DebitCreditCode>H</DebitCreditCode>
    <TaxBaseAmountInTransCrcy currencyCode="EUR">-320.00</TaxBaseAmountInTransCrcy></ProductTaxItem>
  </JournalEntry></JournalEntryCreateRequest></sfin:JournalEntryBulkCreateRequest>"""


def message_of(body: bytes) -> etree._Element:
    """The message of a SOAP request, by itself."""
    found = etree.fromstring(body).find(f"{SOAP}Body")
    assert found is not None
    return etree.fromstring(etree.tostring(found[0]))


def facts(entry: etree._Element) -> list[str]:
    """An element as lines `path=text`, with the currency or unit of a number behind it."""
    return list(_facts(entry, ""))


def _facts(element: etree._Element, path: str) -> list[str]:
    if len(element) == 0:
        attribute = "".join(f" {value!s}" for value in map(element.get, ("currencyCode", "unitCode")) if value)
        return [f"{path}={element.text}{attribute}"]
    return [fact for child in element for fact in _facts(child, f"{path}/{child.tag}" if path else str(child.tag))]
