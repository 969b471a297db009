"""The GraphQL documents that the connector sends, each asking only for what is kept."""

from __future__ import annotations

from dataclasses import dataclass

PAGE_SIZE = 200
_PAGES = "pageInfo{currentPage totalPages totalCount}"
_INVOICE = (
    "id invoiceNumber poNumber status invoiceDate dueDate createdAt modifiedAt lastSentAt exchangeRate currency{code exponent} customer{id}"
    " subtotal{minorUnitValue} discountTotal{minorUnitValue} taxTotal{minorUnitValue} total{minorUnitValue} amountDue{minorUnitValue}"
    " amountPaid{minorUnitValue} items{product{id} quantity unitPrice}"
)
_PAYMENT = (
    "id amount paymentDate paymentMethod memo origin transactionType active modifiedAt account{id} customer{id} invoiceCurrency{code}"
)
_CUSTOMER = "id name displayId email isArchived modifiedAt currency{code}"
_OUTCOME = "didSucceed inputErrors{path message code}"


@dataclass(frozen=True, slots=True)
class Query:
    """One document; `name` is its operation name."""

    name: str
    text: str

    @property
    def is_read(self) -> bool:
        return self.text.startswith("query")


BUSINESS = Query(
    "Business",
    "query Business($b:ID!){business(id:$b){id name isArchived isPersonal currency{code}"
    " customers(page:1,pageSize:1){pageInfo{totalCount}} invoices(page:1,pageSize:1){pageInfo{totalCount}}"
    " products(page:1,pageSize:1){pageInfo{totalCount}} accounts(page:1,pageSize:1){pageInfo{totalCount}}"
    " salesTaxes(page:1,pageSize:1){pageInfo{totalCount}}}}",
)
ACCOUNT = Query("Account", "query Account($b:ID!,$id:ID!){business(id:$b){account(id:$id){id currency{code}}}}")
CUSTOMERS_WITH_EMAIL = Query(
    "CustomersWithEmail",
    "query CustomersWithEmail($b:ID!,$email:String,$page:Int,$size:Int){business(id:$b){customers(email:$email,page:$page,pageSize:$size,"
    f"sort:[CREATED_AT_ASC]){{{_PAGES} edges{{node{{{_CUSTOMER}}}}}}}}}}}",
)
CUSTOMERS = Query(
    "Customers",
    "query Customers($b:ID!,$after:DateTime,$page:Int,$size:Int){business(id:$b){customers(modifiedAtAfter:$after,page:$page,"
    f"pageSize:$size,sort:[CREATED_AT_ASC]){{{_PAGES} edges{{node{{{_CUSTOMER}}}}}}}}}}}",
)
INVOICES_NUMBERED = Query(
    "InvoicesNumbered",
    "query InvoicesNumbered($b:ID!,$number:String,$page:Int,$size:Int){business(id:$b){invoices(invoiceNumber:$number,page:$page,"
    f"pageSize:$size,sort:[CREATED_AT_DESC]){{{_PAGES} edges{{node{{{_INVOICE}}}}}}}}}}}",
)
# Not by modification time: an invoice that changes while the pages are read would move, and push another one over a page's edge.
INVOICES_CHANGED = Query(
    "InvoicesChanged",
    "query InvoicesChanged($b:ID!,$after:DateTime,$page:Int,$size:Int){business(id:$b){invoices(modifiedAtAfter:$after,page:$page,"
    f"pageSize:$size,sort:[CREATED_AT_ASC]){{{_PAGES} edges{{node{{id amountPaid{{minorUnitValue}}}}}}}}}}}}",
)
INVOICES_DATED = Query(
    "InvoicesDated",
    "query InvoicesDated($b:ID!,$start:Date,$page:Int,$size:Int){business(id:$b){invoices(invoiceDateStart:$start,page:$page,"
    f"pageSize:$size,sort:[CREATED_AT_ASC]){{{_PAGES} edges{{node{{id amountPaid{{minorUnitValue}}}}}}}}}}}}",
)
# Payments are there only when one invoice is read by its id, never in a list.
INVOICE = Query("Invoice", f"query Invoice($b:ID!,$id:ID!){{business(id:$b){{invoice(id:$id){{{_INVOICE} payments{{{_PAYMENT}}}}}}}}}")
PRODUCTS = Query(
    "Products",
    "query Products($b:ID!,$page:Int,$size:Int){business(id:$b){products(isSold:true,isArchived:null,page:$page,pageSize:$size,"
    f"sort:[CREATED_AT_ASC]){{{_PAGES} edges{{node{{id name description isArchived}}}}}}}}}}",
)
SALES_TAXES = Query(
    "SalesTaxes",
    "query SalesTaxes($b:ID!,$page:Int,$size:Int){business(id:$b){salesTaxes(isArchived:null,page:$page,pageSize:$size)"
    f"{{{_PAGES} edges{{node{{id name abbreviation rate isCompound isArchived}}}}}}}}}}",
)
ACCOUNTS = Query(
    "Accounts",
    "query Accounts($b:ID!,$page:Int,$size:Int){business(id:$b){accounts(isArchived:null,page:$page,pageSize:$size)"
    f"{{{_PAGES} edges{{node{{id name displayId isArchived currency{{code}} subtype{{value}}}}}}}}}}}}",
)
CURRENCIES = Query("Currencies", "query Currencies{currencies{code name}}")


def _mutation(field: str, answers: str = "") -> Query:
    name = f"{field[0].upper()}{field[1:]}"
    return Query(name, f"mutation {name}($input:{name}Input!){{{field}(input:$input){{{_OUTCOME}{answers}}}}}")


CUSTOMER_CREATE = _mutation("customerCreate", f" customer{{{_CUSTOMER}}}")
CUSTOMER_PATCH = _mutation("customerPatch", f" customer{{{_CUSTOMER}}}")
INVOICE_CREATE = _mutation("invoiceCreate", f" invoice{{{_INVOICE}}}")
INVOICE_PATCH = _mutation("invoicePatch", f" invoice{{{_INVOICE}}}")
INVOICE_APPROVE = _mutation("invoiceApprove", f" invoice{{{_INVOICE}}}")
INVOICE_MARK_SENT = _mutation("invoiceMarkSent", f" invoice{{{_INVOICE}}}")
INVOICE_SEND = _mutation("invoiceSend", f" invoice{{{_INVOICE}}}")
INVOICE_DELETE = _mutation("invoiceDelete")
PAYMENT_CREATE = _mutation("invoicePaymentCreateManual", f" invoicePayment{{{_PAYMENT} invoice{{id}}}}")
PAYMENT_DELETE = _mutation("invoicePaymentDelete")
