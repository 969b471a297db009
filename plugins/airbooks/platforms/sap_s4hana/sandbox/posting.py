"""Journal Entry - Post (Synchronous): what is checked, what is booked, and in which words it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from lxml import etree

from airbooks.platforms.sap_s4hana.sandbox import company
from airbooks.platforms.sap_s4hana.sandbox.company import COMPANY, HOME, plain
from airbooks.platforms.sap_s4hana.sandbox.journal import ZERO, Journal, clear, debts
from airbooks.sandbox.kit import Row

MOST_ITEMS = 999  # from memory
Struck = Callable[[str], Row | None]
Element = etree._Element
Notes = list[tuple[str, str]]


class RefusedEntry(Exception):  # noqa: N818 the vendor's answer, not a fault
    """An entry that is not booked; each note is a message number and its text."""

    def __init__(self, *notes: tuple[str, str]) -> None:
        super().__init__(notes)
        self.notes = notes


class Posting:
    """Posts and reverses journal entries."""

    def __init__(self, journal: Journal, struck: Struck) -> None:
        self.journal, self.struck = journal, struck
        self.store, self.clock = journal.context.store, journal.context.clock

    def book(self, entry: Element) -> Row:
        """The document that an entry becomes; raises RefusedEntry."""
        self._check_head(entry)
        if entry.findtext("ReversalReason") or entry.findtext("ReversalReferenceDocument"):
            return self._reverse(entry)
        notes = [*self._faults_of_items(entry), *self._faults_of_sum(entry)]
        if notes:
            raise RefusedEntry(*notes)
        return self._post(entry)

    # -- checks ---------------------------------------------------------------------------------------------------------------

    def _check_head(self, entry: Element) -> None:
        fixed = (entry.findtext("OriginalReferenceDocumentType"), entry.findtext("BusinessTransactionType"))
        if fixed != ("BKPFF", "RFBU"):
            raise RefusedEntry(("000(RW)", f"Business transaction {fixed[1]} of object type {fixed[0]} is not supported"))
        if entry.findtext("CompanyCode") != COMPANY:
            raise RefusedEntry(("165(F5)", f"Company code {entry.findtext('CompanyCode')} does not exist"))
        if entry.findtext("AccountingDocumentType") not in company.NUMBERS:
            raise RefusedEntry(("814(F5)", f"Document type {entry.findtext('AccountingDocumentType')} is not defined"))
        posting = date.fromisoformat(entry.findtext("PostingDate", ""))
        locked = self.struck("lock_period")
        if locked is not None and posting <= date.fromisoformat(str(locked.get("through", "9999-12-31"))):
            raise RefusedEntry(("201(F5)", f"Posting period {posting.month:03d} {posting.year} is not open"))
        if self.struck("lock_customer"):
            customer = plain(entry.findtext("DebtorItem/Debtor", ""))
            raise RefusedEntry(("042(F5)", f"Account {customer} is currently being processed by user MUELLER"))

    def _faults_of_items(self, entry: Element) -> Notes:
        notes: Notes = []
        numbers = [each.findtext("ReferenceDocumentItem") for each in entry if each.tag in ("Item", "DebtorItem", "ProductTaxItem")]
        if len(numbers) != len(set(numbers)):
            notes.append(("000(RW)", "Item numbers in the interface are not unique"))
        if len(numbers) > MOST_ITEMS:
            notes.append(("727(F5)", "Maximum number of items in FI reached"))
        for item in entry.iterfind("DebtorItem"):
            notes += self._faults_of_debtor(plain(item.findtext("Debtor", "")))
        for item in entry.iterfind("Item"):
            notes += self._faults_of_account(item)
        return notes + self._faults_of_tax(entry)

    def _faults_of_debtor(self, customer: str) -> Notes:
        for partner in self.store.table("partners").values():
            if partner["Customer"] == customer and COMPANY in partner["companies"]:
                return []
        return [("102(F5)", f"Customer {customer} is not defined in company code {COMPANY}")]

    def _faults_of_account(self, item: Element) -> Notes:
        number = plain(item.findtext("GLAccount", ""))
        account = self.store.table("accounts").get(number)
        if account is None:
            return [("507(F5)", f"G/L account {number} is not defined in chart of accounts {company.CHART}")]
        if account["blocked"]:
            return [("351(F5)", f"G/L account {number} {company.CHART} is blocked for posting")]
        notes = self._faults_of_assignment(item, number)
        material, unit = item.findtext("Material"), item.find("QuantityInEntryUnit")
        if material and material not in self.store.table("materials"):
            notes.append(("305(M3)", f"Material {material} does not exist or is not activated"))
        if unit is not None and unit.get("unitCode") not in company.UNITS:
            notes.append(("404(BM)", f"ISO unit of measure {unit.get('unitCode')} is not assigned to a unit of measure"))
        return notes

    def _faults_of_assignment(self, item: Element, number: str) -> Notes:
        given = {str(each.tag): each.text or "" for each in item.iterfind("AccountAssignment/*")}
        notes = [
            ("151(KE)", f"{name} {value} does not exist for {item.findtext('GLAccount')}")
            for name, value in given.items()
            if value not in company.ASSIGNMENTS.get(name, ())
        ]
        if "ProfitCenter" not in given and number.startswith("4") and self.struck("require_profit_center"):
            notes.append(("808(F5)", f"Field Profit Ctr is a required field for G/L account {COMPANY} {number}"))
        return notes

    def _faults_of_tax(self, entry: Element) -> Notes:
        """Lines and tax items are tied by code and group; a code that does not exist is refused on either."""
        lines: dict[tuple[str, str], Decimal] = {}
        for item in entry.iterfind("Item"):
            if item.find("Tax") is not None:
                key = (item.findtext("Tax/TaxCode", ""), item.findtext("Tax/TaxItemGroup", ""))
                lines[key] = lines.get(key, ZERO) + _amount(item)
        items = {(each.findtext("TaxCode", ""), each.findtext("TaxItemGroup", "")): each for each in entry.iterfind("ProductTaxItem")}
        unknown = sorted({code for code, _ in (*lines, *items) if code not in company.TAX_CODES})
        notes = [("011(FF)", f"Tax code {code} in procedure TAXDE is invalid") for code in unknown]
        notes += [("805(FF)", f"Tax statement item missing for tax code {code}") for code, group in lines if (code, group) not in items]
        if entry.findtext("DoTaxAmountCheck") == "true":
            notes += [fault for (code, _), each in items.items() if code in company.TAX_CODES for fault in _wrong_tax(code, each)]
        return notes

    def _faults_of_sum(self, entry: Element) -> Notes:
        amounts = list(entry.iterdescendants("AmountInTransactionCurrency"))
        currencies = {each.get("currencyCode", "") for each in entry.iterdescendants() if each.get("currencyCode")}
        if len(currencies) != 1:
            return [("000(RW)", f"Different transaction currencies in one document: {', '.join(sorted(currencies))}")]
        currency = currencies.pop()
        if currency != HOME and currency not in company.RATES and company.DECIMALS.get(currency) != 0:
            return [("299(E!)", f"Currency {currency} is not defined")]
        values = [Decimal(each.text or "0") for each in amounts]
        if any(-int(value.as_tuple().exponent) > company.decimals(currency) for value in values):
            return [("023(RW)", f"Amounts in currency {currency} have too many decimals")]
        if sum(values, ZERO):
            return [("702(RW)", "Balance in transaction currency")]
        return self._faults_of_rate(entry, currency)

    def _faults_of_rate(self, entry: Element, currency: str) -> Notes:
        gap = self.struck("missing_rate")
        if currency == HOME or entry.findtext("ExchangeRate") or (currency in company.RATES and gap is None):
            return []
        return [("701(SG)", f"Enter rate {currency} / {HOME} rate type M for {entry.findtext('PostingDate')} in the system settings")]

    # -- booking --------------------------------------------------------------------------------------------------------------

    def _post(self, entry: Element) -> Row:
        row = self._head(entry)
        row["currency"] = next(each.get("currencyCode", "") for each in entry.iterdescendants("AmountInTransactionCurrency"))
        rate = Decimal(entry.findtext("ExchangeRate") or company.RATES.get(row["currency"], Decimal(1)))
        made = [_item(each, row) for each in entry if each.tag in ("Item", "DebtorItem", "ProductTaxItem")]
        for number, item in enumerate(sorted(made, key=lambda each: int(each["reference_item"])), start=1):
            item["item"], item["local"] = number, (item["amount"] * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
            row["items"].append(item)
        return self.journal.save(row)

    def _head(self, entry: Element) -> Row:
        posting = date.fromisoformat(entry.findtext("PostingDate", ""))
        shifted = self.struck("shifted_fiscal_year")
        year = str(posting.year + (1 if shifted is not None else 0))
        kind = entry.findtext("AccountingDocumentType", "")
        now = self.clock.now()
        lag = self.struck("cube_lag")
        seconds = float(lag.get("seconds", 60.0)) if lag is not None else 0.4 / self.journal.context.time_scale
        return {
            "number": self.journal.next_number(kind, year),
            "company": COMPANY,
            "year": year,
            "type": kind,
            "reference": (entry.findtext("DocumentReferenceID") or "").upper(),
            "header_text": entry.findtext("DocumentHeaderText") or "",
            "document_date": date.fromisoformat(entry.findtext("DocumentDate", "")),
            "posting_date": posting,
            "currency": "",
            "reversal": False,
            "reversed": False,
            "reverse_document": "",
            "reverse_year": "",
            "created": now,
            "visible": now + timedelta(seconds=seconds),
            "items": [],
        }

    def _reverse(self, entry: Element) -> Row:
        reference = entry.findtext("ReversalReferenceDocument") or ""
        original = self.journal.find(reference)
        if original is None or any(entry.iterfind("Item")) or any(entry.iterfind("DebtorItem")):
            raise RefusedEntry(("301(F5A)", f"Document {reference[:10]} {reference[10:14]} {reference[14:]} does not exist or has items"))
        if original["reversed"] or original["reversal"]:
            raise RefusedEntry(("361(F5A)", f"Document {original['number']} has already been reversed"))
        if any(item["cleared"] for item in debts(original)):
            raise RefusedEntry(("353(F5A)", f"Document {original['number']} contains cleared items; reversal is not possible"))
        row = {**self._head(entry), "currency": original["currency"], "reversal": True, "reference": original["reference"]}
        row["items"] = [{**item, "amount": -item["amount"], "local": -item["local"]} for item in original["items"]]
        self._tie(row, original)
        self._tie(original, row)
        original["reversed"] = True
        self.journal.save(original)
        return self.journal.save(row)

    def _tie(self, row: Row, other: Row) -> None:
        """A document and its reversal name each other, and clear each other."""
        row["reverse_document"], row["reverse_year"] = other["number"], other["year"]
        clearing = row if row["reversal"] else other
        for item in debts(row):
            clear(item, clearing["number"], clearing["year"], clearing["posting_date"], self.clock.today())


def _amount(item: Element, tag: str = "AmountInTransactionCurrency") -> Decimal:
    return Decimal(item.findtext(tag) or "0")


def _wrong_tax(code: str, item: Element) -> Iterable[tuple[str, str]]:
    """Only with DoTaxAmountCheck: the tax of the base, within a cent."""
    right = (_amount(item, "TaxBaseAmountInTransCrcy") * company.TAX_CODES[code] / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(right - _amount(item)) > Decimal("0.01"):
        yield "707(FF)", f"Tax entered incorrect (code {code}, amount {_amount(item)}), correct {right}"


def _item(element: Element, row: Row) -> Row:
    kind = "D" if element.tag == "DebtorItem" else "S"
    account = {
        "Item": plain(element.findtext("GLAccount") or ""),
        "ProductTaxItem": company.TAX_ACCOUNT,
        "DebtorItem": company.RECONCILIATION,
    }
    due = element.findtext("CashDiscountTerms/NetPaymentDays")
    base = element.findtext("CashDiscountTerms/DueCalculationBaseDate")
    return {
        "reference_item": element.findtext("ReferenceDocumentItem") or "0",
        "kind": kind,
        "tax_item": element.tag == "ProductTaxItem",
        "account": account[str(element.tag)],
        "customer": plain(element.findtext("Debtor") or ""),
        "amount": _amount(element),
        "tax_code": element.findtext("TaxCode") or element.findtext("Tax/TaxCode") or "",
        "text": element.findtext("DocumentItemText") or "",
        "assignment": element.findtext("AssignmentReference") or "",
        "due": date.fromisoformat(base) + timedelta(days=int(due.strip("PD"))) if due and base else row["document_date"],
        "cleared": False,
        "clearing_document": "",
        "clearing_year": "",
        "clearing_date": None,
        "clearing_created": None,
        "invoice_reference": "",
        "invoice_year": "",
        "invoice_item": "",
        "follow_on": "",
        "applied": {},
        **{name: element.findtext(f"AccountAssignment/{name}") or "" for name in ("ProfitCenter", "Segment")},
    }
