"""One line of a receivable: its account, amount, dimensions and tax entries."""

from __future__ import annotations

from decimal import Decimal

from lxml import etree

from airbooks.platforms.sage_intacct.sandbox.company import Company, amount_of, bad_reference, missing, rounded
from airbooks.platforms.sage_intacct.sandbox.refusals import RefusalError
from airbooks.sandbox.kit import Row

TEXT_MAX = 1000
# A line's dimension elements: where each is listed and what the gateway calls it.
DIMENSIONS = {
    "locationid": ("LOCATION", "LOCATIONID", "Location"),
    "departmentid": ("DEPARTMENT", "DEPARTMENTID", "Department"),
    "projectid": ("PROJECT", "PROJECTID", "Project"),
    "itemid": ("ITEM", "ITEMID", "Item"),
    "classid": ("CLASS", "CLASSID", "Class"),
    "warehouseid": ("WAREHOUSE", "WAREHOUSEID", "Warehouse"),
}


class Lines:
    """Reads line elements into item rows, checking every reference."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def row(self, line: etree._Element, header: Row, entity: str, kept: Row | None = None) -> Row:
        """The item row of one line, with its tax entries under "taxes"; `kept` is what an update leaves as it was."""
        before = kept or {}
        account = self.company.account(self._account(line, before))
        amount = self._line_amount(line, before)
        dimensions = self._dimensions(line, entity, before)
        taxes = self._taxes(line, header, amount, before)
        return {
            **dimensions,
            "ACCOUNTNO": account["ACCOUNTNO"],
            "ACCOUNTTITLE": account["TITLE"],
            "TRX_AMOUNT": amount,
            "AMOUNT": rounded(amount * header["EXCHANGE_RATE"]),
            "ENTRYDESCRIPTION": _text(line, "memo", before, "ENTRYDESCRIPTION"),
            "CURRENCY": header["CURRENCY"],
            "BASECURR": header["BASECURR"],
            "LINEITEM": "T",
            "taxes": taxes,
        }

    def _account(self, line: etree._Element, before: Row) -> str:
        if line.find("accountlabel") is not None:
            raise bad_reference("Account Label", line.findtext("accountlabel") or "")
        return line.findtext("glaccountno") or before.get("ACCOUNTNO") or ""

    def _line_amount(self, line: etree._Element, before: Row) -> Decimal:
        text = line.findtext("amount")
        if not text and "TRX_AMOUNT" in before:
            return Decimal(before["TRX_AMOUNT"])
        if not text:
            raise missing("Amount")
        return amount_of(text, "amount")

    def _dimensions(self, line: etree._Element, entity: str, before: Row) -> Row:
        found: Row = {}
        for element, (name, field, word) in DIMENSIONS.items():
            value = line.findtext(element) or before.get(field) or (entity if element == "locationid" else "")
            if value:
                self.company.reference(name, field, value, word)
                found[field] = value
        if not found.get("LOCATIONID"):
            raise RefusalError.of("BL01001973", "Use of empty Location is invalid. A valid Multi-Entity Location must be specified.")
        if entity and found["LOCATIONID"] != entity:
            raise bad_reference("Location", found["LOCATIONID"])
        if code := line.findtext("customerid"):
            found["CUSTOMERID"] = self.company.customer(code, entity)["CUSTOMERID"]
        return found

    def _taxes(self, line: etree._Element, header: Row, amount: Decimal, before: Row) -> list[Row]:
        entries = line.findall("taxentries/taxentry")
        if not entries and "taxes" in before:
            return list(before["taxes"])
        if header["TAXSOLUTIONID"] and not entries:
            raise RefusalError.of("BL01001973", "A tax detail is required for each line of a transaction that is subject to tax.")
        if entries and not header["TAXSOLUTIONID"]:
            raise missing("Tax Solution")
        return [self._tax(each, amount) for each in entries]

    def _tax(self, entry: etree._Element, amount: Decimal) -> Row:
        detail = self.company.reference("TAXDETAIL", "DETAILID", entry.findtext("detailid") or "", "Tax Detail")
        given = entry.findtext("trx_tax")
        computed = rounded(amount * detail["VALUE"] / 100)
        return {"DETAILID": detail["DETAILID"], "TRX_AMOUNT": amount_of(given, "trx_tax") if given else computed}


def _text(line: etree._Element, element: str, before: Row, field: str) -> str:
    found = line.find(element)
    text = str(before.get(field, "")) if found is None else found.text or ""
    if len(text) > TEXT_MAX:
        raise RefusalError.of("BL03000018", f"The {element} is longer than {TEXT_MAX} characters")
    return text
