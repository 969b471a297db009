"""Sales invoices and credit memos as drafts: create, change, delete, and their lines."""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airbooks.platforms.business_central.sandbox.bodies import accept
from airbooks.platforms.business_central.sandbox.company import GLOBAL_DIMENSIONS, HOME, SALESPEOPLE, Company
from airbooks.platforms.business_central.sandbox.lines import change_line, compute, new_line
from airbooks.platforms.business_central.sandbox.refusal import Refusal, dialog, not_in_table, record_not_found
from airbooks.platforms.business_central.sandbox.shapes import (
    CREDIT_MEMO,
    CREDIT_MEMO_LINE,
    INVOICE,
    INVOICE_LINE,
    ZERO_GUID,
    Entity,
)
from airbooks.sandbox.kit import Row

_AFTER_POSTING = {"dueDate", "promisedPayDate", "disputeStatus", "disputeStatusId"}
_HOME_ADDRESS = {
    "AddressLine1": "addressLine1",
    "AddressLine2": "addressLine2",
    "City": "city",
    "Country": "country",
    "State": "state",
    "PostCode": "postalCode",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What tells invoices from credit memos: entity sets, shapes, number series, words."""

    set_name: str
    lines_name: str
    entity: Entity
    line_entity: Entity
    date_name: str
    draft_series: int
    posted_series: int
    word: str


INVOICES = Kind(
    set_name="salesInvoices",
    lines_name="salesInvoiceLines",
    entity=INVOICE,
    line_entity=INVOICE_LINE,
    date_name="invoiceDate",
    draft_series=102201,
    posted_series=103201,
    word="invoice",
)
CREDIT_MEMOS = Kind(
    set_name="salesCreditMemos",
    lines_name="salesCreditMemoLines",
    entity=CREDIT_MEMO,
    line_entity=CREDIT_MEMO_LINE,
    date_name="creditMemoDate",
    draft_series=104001,
    posted_series=105001,
    word="credit memo",
)
KINDS = {kind.set_name: kind for kind in (INVOICES, CREDIT_MEMOS)}


class Documents:
    """The drafts of one company."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def create(self, kind: Kind, body: dict[str, Any]) -> Row:
        """A draft from a posted body, lines included; nothing is kept when any of it is refused."""
        self.company.require_unlocked_tables()
        fields, parts = accept(kind.entity, body, (kind.lines_name,))
        row: Row = {**kind.entity.blank(), "id": str(uuid.uuid4()), "_lines": [], "_dims": {}, "_posted": False, "status": "Draft"}
        self._set_customer(row, fields, required=True)
        row[kind.date_name] = row["postingDate"] = self.company.today()
        self._set_fields(kind, row, fields)
        if "dueDate" not in fields:
            row["dueDate"] = self.company.due_date(row["paymentTermsId"], row[kind.date_name])
        row["_lines"] = [self._line(kind, row, each) for each in parts.get(kind.lines_name, [])]
        compute(self.company, row)
        row["number"] = self.company.next_number(f"{kind.set_name} drafts", kind.draft_series)
        row["status"] = self._first_status()
        self._own_lines(kind, row, row["_lines"])
        return self.company.insert(kind.set_name, row, row["id"])

    def _first_status(self) -> str:
        if self.company.struck("approval_pending"):
            return "In_x0020_Review"
        return "Open" if self.company.struck("release_drafts") else "Draft"

    def _own_lines(self, kind: Kind, row: Row, lines: list[Row]) -> None:
        for line in lines:
            self.company.table("$lines")[line["id"]] = {"set": kind.set_name, "document": row["id"]}

    def _line(self, kind: Kind, row: Row, body: dict[str, Any]) -> Row:
        if "sequence" in body:
            raise dialog('The value for "sequence" cannot be modified. Delete and insert the line again.')
        fields, _ = accept(kind.line_entity, {name: value for name, value in body.items() if name != "documentId"})
        line = new_line(self.company, row, kind.line_entity, fields)
        number = 10_000 + max((int(each["sequence"]) for each in row["_lines"]), default=0)
        return {**line, "id": str(uuid.uuid4()), "sequence": Decimal(number)}

    # -- the head -------------------------------------------------------------------------------------------------------------

    def _set_customer(self, row: Row, fields: Row, *, required: bool) -> None:
        customer = self.company.chosen(
            "customers",
            fields,
            "customerId",
            "customerNumber",
            code="number",
            missing="The sell-to customer cannot be found.",
            mismatch="The sell-to customer values do not match to a specific Customer.",
        )
        if customer is None:
            if required:
                raise dialog('A "customerNumber" or a "customerId" must be provided.')
            return
        row.update({"customerId": customer["id"], "customerNumber": customer["number"], "customerName": customer["displayName"]})
        self._set_bill_to(row, customer)
        row.update({f"sellTo{ours}": customer[theirs] for ours, theirs in _HOME_ADDRESS.items()})
        row.update(
            {name: customer[name] for name in ("currencyCode", "currencyId", "paymentTermsId", "shipmentMethodId", "phoneNumber", "email")}
        )
        row["pricesIncludeTax"] = bool(customer["_prices_include_tax"] or self.company.struck("prices_include_tax"))

    def _set_bill_to(self, row: Row, customer: Row) -> None:
        row.update({"billToCustomerId": customer["id"], "billToCustomerNumber": customer["number"], "billToName": customer["displayName"]})
        row.update({f"billTo{ours}": customer[theirs] for ours, theirs in _HOME_ADDRESS.items()})

    def _set_fields(self, kind: Kind, row: Row, fields: Row) -> None:
        """Write the head's properties, checked against the set-up."""
        self._check_codes(fields)
        bill_to = self.company.chosen(
            "customers",
            fields,
            "billToCustomerId",
            "billToCustomerNumber",
            code="number",
            missing="The bill-to customer cannot be found.",
            mismatch="The bill-to customer values do not match to a specific Customer.",
        )
        if bill_to:
            self._set_bill_to(row, bill_to)
        done = {
            "customerId",
            "customerNumber",
            "billToCustomerId",
            "billToCustomerNumber",
            "currencyId",
            "currencyCode",
            "invoiceId",
            "invoiceNumber",
        }
        row.update({name: value for name, value in fields.items() if name not in done})
        self._set_currency(row, fields)
        self._set_dimensions(row, fields)
        if kind is CREDIT_MEMOS:
            self._set_corrected(row, fields)
        self.company.rate(row["currencyCode"], row["postingDate"])

    def _check_codes(self, fields: Row) -> None:
        company = self.company
        company.require_id(
            "paymentTerms", fields.get("paymentTermsId", ZERO_GUID), 'The "paymentTermsId" does not match to a Payment Terms.'
        )
        company.require_id(
            "shipmentMethods", fields.get("shipmentMethodId", ZERO_GUID), 'The "shipmentMethodId" does not match to a Shipment Method.'
        )
        company.require_country("Sell-to Country/Region Code", fields.get("sellToCountry", ""))
        company.require_country("Ship-to Country/Region Code", fields.get("shipToCountry", ""))
        if fields.get("salesperson", "") not in ("", *SALESPEOPLE):
            raise not_in_table("Salesperson Code", fields["salesperson"], "Salesperson/Purchaser")

    def _set_currency(self, row: Row, fields: Row) -> None:
        """The home currency is kept blank and answered by its code, its id as the zero guid."""
        code = fields.get("currencyCode", "")
        if code == HOME and fields.get("currencyId", ZERO_GUID) == ZERO_GUID:
            row.update({"currencyCode": HOME, "currencyId": ZERO_GUID})
            return
        currency = self.company.chosen(
            "currencies",
            fields,
            "currencyId",
            "currencyCode",
            code="code",
            missing='The "currencyCode" does not match to a Currency.',
            mismatch="The currency values do not match to a specific Currency.",
        )
        if currency:
            row.update({"currencyCode": currency["code"], "currencyId": currency["id"]})

    def _set_dimensions(self, row: Row, fields: Row) -> None:
        for name, dimension in zip(("shortcutDimension1Code", "shortcutDimension2Code"), GLOBAL_DIMENSIONS, strict=True):
            if fields.get(name):
                self.company.dimension_value(dimension, fields[name])
                row["_dims"][dimension] = fields[name]

    def _set_corrected(self, row: Row, fields: Row) -> None:
        """The posted invoice that a credit memo is applied to; an unknown *number* is kept as it is."""
        invoice_id, number = fields.get("invoiceId", ZERO_GUID), fields.get("invoiceNumber", "")
        invoice = self.company.table("salesInvoices").get(invoice_id)
        if invoice_id != ZERO_GUID and (invoice is None or not invoice["_posted"]):
            raise dialog('The "invoiceId" does not match to an Invoice.')
        if invoice and number and invoice["number"] != number:
            raise dialog('The "invoiceId" and "invoiceNumber" do not match to a specific Invoice.')
        if invoice:
            row.update({"invoiceId": invoice["id"], "invoiceNumber": invoice["number"]})
        elif number:
            row["invoiceNumber"] = number

    # -- changes --------------------------------------------------------------------------------------------------------------

    def modify(self, kind: Kind, row: Row, body: dict[str, Any]) -> Row:
        self.company.require_unlocked_tables()
        fields, _ = accept(kind.entity, body)
        if row["_posted"]:
            return self._modify_posted(kind, row, fields)
        if (
            fields.get("customerId", row["customerId"]) != row["customerId"]
            or fields.get("customerNumber", row["customerNumber"]) != row["customerNumber"]
        ):
            self._set_customer(row, fields, required=False)
        moved = {kind.date_name, "paymentTermsId"} & fields.keys()
        self._set_fields(kind, row, fields)
        if moved and "dueDate" not in fields:
            row["dueDate"] = self.company.due_date(row["paymentTermsId"], row[kind.date_name])
        compute(self.company, row)
        return self.company.save(kind.set_name, row)

    def _modify_posted(self, kind: Kind, row: Row, fields: Row) -> Row:
        if not fields.keys() <= _AFTER_POSTING:
            raise dialog(f"The {kind.word} has been posted and can no longer be modified. You are only allowed to change the due date.")
        row.update(fields)
        return self.company.save(kind.set_name, row)

    def remove(self, kind: Kind, row: Row) -> None:
        if row["_posted"]:
            raise dialog(f"You cannot delete the posted {kind.word} {row['number']}.")
        for line in row["_lines"]:
            del self.company.table("$lines")[line["id"]]
        del self.company.table(kind.set_name)[row["id"]]

    # -- lines ----------------------------------------------------------------------------------------------------------------

    def owner(self, line_id: str) -> tuple[Kind, Row, Row]:
        """The kind of a line, its document (a copy, to be saved) and the line in it; raises Refusal (404) where it is gone."""
        place = self.company.table("$lines").get(line_id)
        if place is None:
            raise record_not_found()
        row = copy.deepcopy(self.company.table(place["set"])[place["document"]])
        return KINDS[place["set"]], row, next(line for line in row["_lines"] if line["id"] == line_id)

    def add_line(self, kind: Kind, row: Row, body: dict[str, Any]) -> Row:
        self._require_draft(kind, row)
        line = self._line(kind, row, body)
        row["_lines"].append(line)
        self._own_lines(kind, row, [line])
        self._changed(kind, row)
        return line

    def change_line(self, line_id: str, body: dict[str, Any]) -> Row:
        kind, row, line = self.owner(line_id)
        self._require_draft(kind, row)
        fields, _ = accept(kind.line_entity, body)
        change_line(self.company, line, fields)
        self._changed(kind, row)
        return line

    def remove_line(self, line_id: str) -> None:
        kind, row, line = self.owner(line_id)
        self._require_draft(kind, row)
        row["_lines"].remove(line)
        del self.company.table("$lines")[line_id]
        self._changed(kind, row)

    def _changed(self, kind: Kind, row: Row) -> None:
        compute(self.company, row)
        self.company.save(kind.set_name, row)

    def _require_draft(self, kind: Kind, row: Row) -> None:
        self.company.require_unlocked_tables()
        if row["_posted"]:
            raise dialog(f"The {kind.word} has been posted and can no longer be modified. You are only allowed to change the due date.")

    # -- dimensions -----------------------------------------------------------------------------------------------------------

    def dimensions(self, parent: Row) -> list[Row]:
        """The dimension set of a document or line, as rows."""
        return [self._dimension(parent["id"], code, value) for code, value in parent["_dims"].items()]

    def _dimension(self, parent_id: str, code: str, value: str) -> Row:
        head = self.company.find("dimensions", "code", code)
        found = self.company.dimension_value(code, value)
        if head is None:
            raise record_not_found()
        return {
            "id": head["id"],
            "code": code,
            "parentId": parent_id,
            "displayName": head["displayName"],
            "valueId": found["id"],
            "valueCode": value,
            "valueDisplayName": found["displayName"],
            "_rev": 1,
        }

    def add_dimension(self, kind: Kind, row: Row, parent: Row, fields: Row) -> Row:
        """A new dimension of a document or line; one that is there already (a default dimension) is refused."""
        self._require_draft(kind, row)
        code = fields.get("code") or self._code_of("dimensions", fields.get("id", ZERO_GUID))
        if code in parent["_dims"]:
            raise Refusal(400, "Internal_EntityWithSameKeyExists", f"The dimension {code} already exists in the dimension set.")
        return self._set_dimension(kind, row, parent, code, fields)

    def change_dimension(self, kind: Kind, row: Row, parent: Row, dimension_id: str, fields: Row) -> Row:
        self._require_draft(kind, row)
        code = self._code_of("dimensions", dimension_id)
        if code not in parent["_dims"]:
            raise record_not_found()
        return self._set_dimension(kind, row, parent, code, fields)

    def _set_dimension(self, kind: Kind, row: Row, parent: Row, code: str, fields: Row) -> Row:
        value = fields.get("valueCode") or self._code_of("dimensionValues", fields.get("valueId", ZERO_GUID))
        self.company.dimension_value(code, value)
        parent["_dims"][code] = value
        if parent is row and code in GLOBAL_DIMENSIONS:
            row[f"shortcutDimension{GLOBAL_DIMENSIONS.index(code) + 1}Code"] = value
        self.company.save(kind.set_name, row)
        return self._dimension(parent["id"], code, value)

    def _code_of(self, table: str, key: str) -> str:
        row = self.company.table(table).get(key)
        if row is None:
            raise dialog("The dimension or its value does not exist.")
        return str(row["code"])
