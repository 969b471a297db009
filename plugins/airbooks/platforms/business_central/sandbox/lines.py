"""Sales lines: what a line points to, what the cards fill in, and the amounts of a document."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from airbooks.platforms.business_central.sandbox.company import Company, cents
from airbooks.platforms.business_central.sandbox.refusal import dialog, not_in_table
from airbooks.platforms.business_central.sandbox.shapes import ZERO_GUID, Entity
from airbooks.sandbox.kit import Row

PRECISION = Decimal("0.00001")  # of quantities and unit prices
HUNDRED = Decimal(100)
_AMOUNT_FIELDS = ("quantity", "unitPrice", "discountAmount", "discountPercent", "taxCode")


def new_line(company: Company, document: Row, entity: Entity, fields: Row) -> Row:
    """A line from its posted properties; raises Refusal for what the platform does not take."""
    line = {**entity.blank(), "documentId": document["id"], "_dims": dict(document["_dims"])}
    line["lineType"] = fields.get("lineType") or ("Comment" if _points_nowhere(fields) else "")
    if line["lineType"] == "Comment":
        return _comment(line, fields)
    card = _target(company, line, fields)
    _fill_from_card(line, card)
    _fill_from_price_list(company, line, fields)
    change_line(company, line, fields)
    return line


def _points_nowhere(fields: Row) -> bool:
    return not any(fields.get(name) not in (None, "", ZERO_GUID) for name in ("itemId", "accountId", "lineObjectNumber"))


def _comment(line: Row, fields: Row) -> Row:
    if any(fields.get(name) for name in _AMOUNT_FIELDS) or not _points_nowhere(fields):
        raise dialog("Type must not be Comment in Sales Line.")
    return {**line, **fields, "lineType": "Comment", "lineObjectNumber": "", "itemId": ZERO_GUID, "accountId": ZERO_GUID}


def _target(company: Company, line: Row, fields: Row) -> Row:
    """The item or account that the line sells, noted on the line."""
    item_id, account_id = fields.get("itemId", ZERO_GUID), fields.get("accountId", ZERO_GUID)
    if item_id != ZERO_GUID and account_id != ZERO_GUID:
        raise dialog('Both "itemId" and "accountId" are specified. Specify only one of them.')
    kind = line["lineType"] or ("Account" if account_id != ZERO_GUID else "Item")
    if kind not in {"Item", "Account"}:
        raise dialog(f"{kind.replace('_x0020_', ' ')} does not exist.")
    table, key, column = ("items", item_id, "itemId") if kind == "Item" else ("accounts", account_id, "accountId")
    card = company.table(table).get(key) if key != ZERO_GUID else company.find(table, "number", fields.get("lineObjectNumber", ""))
    if card is None:
        raise dialog(f"{kind} does not exist.")
    line.update({"lineType": kind, column: card["id"], "lineObjectNumber": card["number"]})
    _require_usable(kind, card)
    return card


def _require_usable(kind: str, card: Row) -> None:
    if card["blocked"]:
        raise dialog(f"Blocked must be equal to 'No' in {kind}: No.={card['number']}. Current value is 'Yes'.")
    if kind == "Account" and not card["directPosting"]:
        raise dialog(f"Direct Posting must be equal to 'Yes' in G/L Account: No.={card['number']}. Current value is 'No'.")


def _fill_from_card(line: Row, card: Row) -> None:
    line["description"] = card["displayName"]
    if line["lineType"] == "Item":
        line.update({"unitPrice": card["unitPrice"], "unitOfMeasureCode": card["baseUnitOfMeasureCode"], "taxCode": card["taxGroupCode"]})


def _fill_from_price_list(company: Company, line: Row, fields: Row) -> None:
    """A price list fills in the discount of an item line that leaves it out."""
    if line["lineType"] != "Item" or "discountAmount" in fields or "discountPercent" in fields:
        return
    offer = company.struck("price_list")
    if offer:
        line["discountPercent"] = Decimal(str(offer.get("percent", 3)))


def change_line(company: Company, line: Row, fields: Row) -> None:
    """Write properties onto a line, checked; the target of a line cannot change."""
    for name in ("itemId", "accountId", "lineObjectNumber"):
        if fields.get(name, line[name]) not in (line[name], "", ZERO_GUID):
            raise dialog(f'The value for "{name}" cannot be modified.')
    if fields.get("discountPercent") and fields.get("discountAmount"):
        raise dialog("Specify either discountPercent or discountAmount, not both.")
    _require_codes(company, line, fields)
    line.update({name: value for name, value in fields.items() if name not in {"itemId", "accountId", "lineObjectNumber", "lineType"}})
    for name in ("quantity", "unitPrice"):
        line[name] = line[name].quantize(PRECISION, ROUND_HALF_UP)
    if "discountAmount" in fields and "discountPercent" not in fields:
        line["discountPercent"] = Decimal(0)
    if not 0 <= line["discountPercent"] <= HUNDRED:
        raise dialog("Line Discount % must be between 0 and 100.")


def _require_codes(company: Company, line: Row, fields: Row) -> None:
    company.require_code("taxGroups", "VAT Prod. Posting Group", fields.get("taxCode", ""), "VAT Product Posting Group")
    company.require_id("locations", fields.get("locationId", ZERO_GUID), 'The "locationId" does not match to a Location.')
    unit_id = fields.get("unitOfMeasureId", ZERO_GUID)
    company.require_id("unitsOfMeasure", unit_id, 'The "unitOfMeasureId" does not match to a Unit of Measure.')
    unit = fields.get("unitOfMeasureCode", "") or (company.table("unitsOfMeasure")[unit_id]["code"] if unit_id != ZERO_GUID else "")
    if not unit:
        return
    if line["lineType"] != "Item":
        raise dialog("Unit of Measure Code can only be specified on lines of type Item.")
    item = company.table("items")[line["itemId"]]
    if unit != item["baseUnitOfMeasureCode"]:
        raise not_in_table("Unit of Measure Code", unit, "Item Unit of Measure")
    fields["unitOfMeasureCode"] = unit


def compute(company: Company, document: Row) -> None:
    """The amounts of all lines and of the document: discounts, tax per tax group, totals."""
    charged = [line for line in document["_lines"] if line["lineType"] != "Comment"]
    for line in charged:
        _line_amount(company, line)
    _share_discount(charged, document["discountAmount"])
    for line in charged:
        _line_tax(line, gross=document["pricesIncludeTax"])
    net = sum((line["netAmount"] for line in charged), Decimal(0))
    tax = _document_tax(charged, gross=document["pricesIncludeTax"])
    document.update({"totalAmountExcludingTax": net, "totalTaxAmount": tax, "totalAmountIncludingTax": net + tax})
    if document["pricesIncludeTax"]:
        _restate_gross(document, charged, tax)
    if "remainingAmount" in document:
        document["remainingAmount"] = document["totalAmountIncludingTax"]


def _line_amount(company: Company, line: Row) -> None:
    full = cents(line["quantity"] * line["unitPrice"])
    if line["discountPercent"]:
        line["discountAmount"] = cents(full * line["discountPercent"] / HUNDRED)
    line["_amount"] = full - cents(line["discountAmount"])
    line["taxPercent"] = company.tax_percent(line["taxCode"]) or Decimal(0)


def _share_discount(lines: list[Row], discount: Decimal) -> None:
    """Spread the invoice discount over the lines by their amounts; the last line takes the odd cents."""
    total = sum((line["_amount"] for line in lines), Decimal(0))
    if discount and not 0 <= discount <= total:
        raise dialog("The invoice discount amount must be between 0 and the total of the lines.")
    left = cents(discount)
    for index, line in enumerate(lines):
        last = index == len(lines) - 1
        share = left if last else cents(discount * line["_amount"] / total) if total else Decimal(0)
        line["invoiceDiscountAllocation"] = share
        left -= share


def _line_tax(line: Row, *, gross: bool) -> None:
    after = line["_amount"] - line["invoiceDiscountAllocation"]
    percent = line["taxPercent"]
    net = cents(after * HUNDRED / (HUNDRED + percent)) if gross else after
    tax = after - net if gross else cents(net * percent / HUNDRED)
    line.update({"netAmount": net, "netTaxAmount": tax, "netAmountIncludingTax": net + tax})
    before = cents(line["_amount"] * HUNDRED / (HUNDRED + percent)) if gross else line["_amount"]
    before_tax = line["_amount"] - before if gross else cents(before * percent / HUNDRED)
    line.update({"amountExcludingTax": before, "totalTaxAmount": before_tax, "amountIncludingTax": before + before_tax})


def _document_tax(lines: list[Row], *, gross: bool) -> Decimal:
    """Tax is rounded per tax group, so that the sum of the lines' taxes may differ by a cent (from memory)."""
    bases: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for line in lines:
        bases[(line["taxCode"], line["taxPercent"])] += line["netAmountIncludingTax"] if gross else line["netAmount"]
    if gross:
        return sum((base - cents(base * HUNDRED / (HUNDRED + percent)) for (_, percent), base in bases.items()), Decimal(0))
    return sum((cents(base * percent / HUNDRED) for (_, percent), base in bases.items()), Decimal(0))


def _restate_gross(document: Row, lines: list[Row], tax: Decimal) -> None:
    total = sum((line["netAmountIncludingTax"] for line in lines), Decimal(0))
    document.update({"totalAmountIncludingTax": total, "totalAmountExcludingTax": total - tax})
