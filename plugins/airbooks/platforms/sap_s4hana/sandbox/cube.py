"""The open-item service (API_OPLACCTGDOCITEMCUBE_SRV): every item of every document as one flat row; it lags a moment behind a posting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.platforms.sap_s4hana.sandbox.journal import INDEXED, Journal
from airbooks.platforms.sap_s4hana.sandbox.query import Filter
from airbooks.sandbox.kit import Row

ENTITY = "A_OperationalAcctgDocItemCube"
KEY = ("CompanyCode", "FiscalYear", "AccountingDocument", "AccountingDocumentItem")
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("CompanyCode", "FiscalYear", "AccountingDocumentItem", "AccountingDocumentType"), "text"),
    **dict.fromkeys(("AccountingDocument", "Customer", "GLAccount", "ClearingAccountingDocument", "ReverseDocument"), "number"),
    "InvoiceReference": "number",
    "DocumentReferenceID": "text",
    **dict.fromkeys(("AccountingDocumentItemType", "FinancialAccountType", "TransactionTypeDetermination", "DebitCreditCode"), "text"),
    **dict.fromkeys(("AssignmentReference", "DocumentItemText", "TaxCode", "ProfitCenter", "Segment", "TransactionCurrency"), "text"),
    **dict.fromkeys(("ClearingDocFiscalYear", "InvoiceReferenceFiscalYear", "InvoiceItemReference", "FollowOnDocumentType"), "text"),
    **dict.fromkeys(("ReverseDocumentFiscalYear", "CreationTime", "AccountingDocumentHeaderText"), "text"),
    **dict.fromkeys(("AmountInTransactionCurrency", "AmountInCompanyCodeCurrency"), "decimal"),
    **dict.fromkeys(("IsCleared", "IsReversal", "IsReversed"), "bool"),
    **dict.fromkeys(("DocumentDate", "PostingDate", "NetDueDate", "ClearingDate", "ClearingCreationDate", "LastChangeDate"), "date"),
    "AccountingDocumentCreationDate": "date",
}


def rows(journal: Journal, wanted: Filter) -> Iterator[Row]:
    """The rows that a filter accepts; look-ups narrow the search where the filter names what it wants."""
    now = journal.context.clock.now()
    for key in _candidates(journal, wanted):
        document = journal.documents[key]
        if document["visible"] <= now:
            head = _head(document)
            yield from (row for item in document["items"] if wanted.accepts(row := {**head, **_item(item)}))


def _candidates(journal: Journal, wanted: Filter) -> list[str]:
    for name in INDEXED:
        values = wanted.wanted(name)
        if values is not None:
            return journal.keys(name, values)
    return list(journal.documents)


def _head(row: Row) -> Row:
    created = row["created"]
    return {
        "CompanyCode": row["company"],
        "FiscalYear": row["year"],
        "AccountingDocument": row["number"],
        "AccountingDocumentType": row["type"],
        "DocumentReferenceID": row["reference"],
        "AccountingDocumentHeaderText": row["header_text"],
        "DocumentDate": row["document_date"],
        "PostingDate": row["posting_date"],
        "TransactionCurrency": row["currency"],
        "IsReversal": row["reversal"],
        "IsReversed": row["reversed"],
        "ReverseDocument": row["reverse_document"],
        "ReverseDocumentFiscalYear": row["reverse_year"],
        "LastChangeDate": row["changed"],
        "AccountingDocumentCreationDate": created.date(),
        "CreationTime": f"PT{created.hour:02d}H{created.minute:02d}M{created.second:02d}S",
    }


def _item(item: Row) -> Row:
    return {
        "AccountingDocumentItem": f"{item['item']:03d}",
        "FinancialAccountType": item["kind"],
        "AccountingDocumentItemType": "T" if item["tax_item"] else "",
        "TransactionTypeDetermination": "MWS" if item["tax_item"] else "",
        "DebitCreditCode": "S" if item["amount"] > 0 else "H",
        "GLAccount": item["account"],
        "Customer": item["customer"],
        "TaxCode": item["tax_code"],
        "AmountInTransactionCurrency": item["amount"],
        "AmountInCompanyCodeCurrency": item["local"],
        "DocumentItemText": item["text"],
        "AssignmentReference": item["assignment"],
        "ProfitCenter": item["ProfitCenter"],
        "Segment": item["Segment"],
        "NetDueDate": item["due"] if item["kind"] == "D" else None,
        "IsCleared": item["cleared"],
        "ClearingAccountingDocument": item["clearing_document"],
        "ClearingDocFiscalYear": item["clearing_year"],
        "ClearingDate": item["clearing_date"],
        "ClearingCreationDate": item["clearing_created"],
        "InvoiceReference": item["invoice_reference"],
        "InvoiceReferenceFiscalYear": item["invoice_year"],
        "InvoiceItemReference": item["invoice_item"],
        "FollowOnDocumentType": item["follow_on"],
    }
