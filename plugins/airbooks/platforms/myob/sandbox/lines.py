"""The lines of a sale: what each layout takes, whether quantity, price and discount make the total, and the tax that MYOB computes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Row, refused, required
from airbooks.platforms.myob.sandbox.company_file import CompanyFile, new_version
from airbooks.platforms.myob.sandbox.fields import cents, choice, number, text

ITEM, SERVICE = "Item", "Service"
DESCRIPTION = 1000  # from memory
UNIT_DECIMALS = QUANTITY_DECIMALS = 6  # from memory
HUNDRED, ZERO = Decimal(100), Decimal(0)
TYPES = ("Transaction", "Header", "SubTotal")
OF_ITEMS = ("Item", "ShipQuantity", "UnitPrice", "UnitPriceForeign", "DiscountPercent", "Location")


class Lines:
    """Checks the lines of one body and makes what is read back of them."""

    def __init__(self, company: CompanyFile, layout: str, *, foreign: bool, rate: Decimal, inclusive: bool) -> None:
        self.company, self.layout, self.foreign, self.rate, self.inclusive = company, layout, foreign, rate, inclusive

    def read(self, bodies: Any, kept: list[Row]) -> list[Row]:
        """The lines of a body; `kept` are those of the document that is updated (none for a new one)."""
        if not isinstance(bodies, list) or not bodies:
            raise required("Lines")
        by_id = {row["RowID"]: row for row in kept}
        following = max(by_id, default=0)
        rows = []
        for body in bodies:
            row_id = self._row_id(body, by_id)
            following += row_id is None
            rows.append({"RowID": row_id or following, **self._line(body), "RowVersion": new_version()})
        return rows

    @staticmethod
    def _row_id(body: Row, kept: dict[int, Row]) -> int | None:
        row_id = body.get("RowID")
        if row_id is None:
            if body.get("RowVersion") is not None:
                raise refused("InvalidRow", "A new line has no RowVersion")
            return None
        line = kept.get(int(row_id))
        if line is None:
            raise refused("InvalidRow", "The document has no line with this RowID", details=str(row_id))
        if body.get("RowVersion") != line["RowVersion"]:
            raise refused("IncorrectRowVersionSupplied", "The RowVersion of a line is not the current one", 111, status=409)
        return int(row_id)

    def _line(self, body: Row) -> Row:
        kind = choice(body, "Type", TYPES, "Transaction")
        described = {"Type": kind, "Description": text(body, "Description", DESCRIPTION) or None}
        if kind != "Transaction":
            return {**described, "Total": ZERO, "tax": ZERO, "net": ZERO}
        row = {**described, **(self._item_part(body) if self.layout == ITEM else self._service_part(body))}
        tax = self._tax(body)
        row["TaxCode"] = self.company.tax_link(tax)
        row["Job"] = self._job(body)
        return {**row, **self._amounts(body, tax["Rate"])}

    def _item_part(self, body: Row) -> Row:
        item = self.company.named(self.company.items, body.get("Item"), "Item")
        if not item["IsActive"] or not item["IsSold"]:
            raise refused("ItemIsNotSold", f"Item {item['Number']} cannot be sold")
        self._check_total(body)
        return {
            "Item": self.company.item_link(item),
            "ShipQuantity": body["ShipQuantity"],
            "UnitPrice": self._local(body[self._field("UnitPrice")]),
            **({"UnitPriceForeign": body["UnitPriceForeign"]} if self.foreign else {}),
            "DiscountPercent": number(body, "DiscountPercent", default=ZERO),
            "Location": self.company.location_link(
                self.company.find(self.company.locations, body.get("Location"), "Location", needed=False)
            ),
            "Account": self._override(body),
        }

    def _check_total(self, body: Row) -> None:
        """What MYOB does with a total that disagrees is not known: here it is refused."""
        quantity = number(body, "ShipQuantity", QUANTITY_DECIMALS)
        price = number(body, self._field("UnitPrice"), UNIT_DECIMALS)
        discount = number(body, "DiscountPercent", default=ZERO)
        total = number(body, self._field("Total"))
        if cents(quantity * price * (HUNDRED - discount) / HUNDRED) != total:
            raise refused(
                "LineTotalMismatch", "Total is not quantity x price less discount", details=f"{quantity} x {price} - {discount} %"
            )

    def _override(self, body: Row) -> Row | None:
        if body.get("Account") and not self.company.settings["line_accounts"]:
            raise refused("AccountNotAllowed", "This company file takes no account on an item line")
        return self._account(body, needed=False)

    def _service_part(self, body: Row) -> Row:
        foreign_to_layout = [name for name in OF_ITEMS if name in body]
        if foreign_to_layout:
            raise refused("InvalidField", "A service line has no such field", details=", ".join(foreign_to_layout))
        return {"Account": self._account(body, needed=True)}

    def _account(self, body: Row, *, needed: bool) -> Row | None:
        account = self.company.find(self.company.accounts, body.get("Account"), "Account", needed=needed)
        if account is None:
            return None
        if account["IsHeader"]:
            raise refused("AccountHeaderNotAllowed", f"Account {account['DisplayID']} is a header account")
        return self.company.account_link(account)

    def _job(self, body: Row) -> Row | None:
        job = self.company.find(self.company.jobs, body.get("Job"), "Job", needed=False)
        if job is not None and job["IsHeader"]:
            raise refused("Line_JobHeaderNotAllowed", f"Job {job['Number']} is a header job")
        return self.company.job_link(job)

    def _tax(self, body: Row) -> Row:
        return tax_code(self.company, body.get("TaxCode"), "TaxCode")

    def _field(self, name: str) -> str:
        return f"{name}Foreign" if self.foreign else name

    def _local(self, amount: Decimal) -> Decimal:
        return round(amount / self.rate, UNIT_DECIMALS) if self.foreign else amount

    def _amounts(self, body: Row, rate: Decimal) -> Row:
        """`net` and `tax` in the sale's currency stay inside; a reader sees the totals."""
        total = number(body, self._field("Total"))
        tax, net = split(total, rate, inclusive=self.inclusive)
        if not self.foreign:
            return {"Total": total, "tax": tax, "net": net}
        return {"Total": cents(total / self.rate), "TotalForeign": total, "tax": tax, "net": net}


def tax_code(company: CompanyFile, link: Any, what: str) -> Row:
    row = company.named(company.taxes, link, what)
    if row["Type"] == "Consolidated":
        raise refused("ConsolidatedTaxCodesNotAllowed", f"{row['Code']} is a consolidated tax code")
    return row


def split(total: Decimal, rate: Decimal, *, inclusive: bool) -> tuple[Decimal, Decimal]:
    """Tax and net of one amount, rounded by itself."""
    if inclusive:
        tax = total - cents(total / (1 + rate / HUNDRED))
        return tax, total - tax
    return cents(total * rate / HUNDRED), total
