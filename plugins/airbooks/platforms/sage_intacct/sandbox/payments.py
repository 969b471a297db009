"""Money received: ARPYMT, the legacy payment functions, and credit memos applied to invoices.

States of ARPYMT are one letter: C complete, V reversed (from memory); a reversal adds a second record with negative totals.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from lxml import etree

from airbooks.platforms.sage_intacct.sandbox.company import BASE_CURRENCY, amount_of, bad_reference, missing, rounded
from airbooks.platforms.sage_intacct.sandbox.objects import value_of, words
from airbooks.platforms.sage_intacct.sandbox.receivables import ADJUSTMENT, INVOICE, ZERO, Receivables, day_in
from airbooks.platforms.sage_intacct.sandbox.refusals import RefusalError
from airbooks.sandbox.kit import Row

METHODS = ("Printed Check", "Cash", "EFT", "Credit Card", "Online Charge Card", "Online ACH Debit")
HEADER = words(
    "FINANCIALENTITY PAYMENTMETHOD CUSTOMERID DOCNUMBER DESCRIPTION EXCH_RATE_TYPE_ID EXCHANGE_RATE RECEIPTDATE PAYMENTDATE PAYERNAME "
    "AMOUNTOPAY AMOUNTTOPAY ACTION TRX_AMOUNTTOPAY PRBATCH WHENPAID CURRENCY BASECURR UNDEPOSITEDACCOUNTNO OVERPAYMENTAMOUNT "
    "OVERPAYMENTLOCATIONID OVERPAYMENTDEPARTMENTID BILLTOPAYTONAME ARPYMTDETAILS"
)
DETAIL = words("RECORDKEY ENTRYKEY TRX_PAYMENTAMOUNT ADJUSTMENTKEY ADJUSTMENTENTRYKEY TRX_ADJUSTMENTAMOUNT TRX_TOTALDISCOUNTTOAPPLY")


class Payments:
    """The functions on payments; invoices and their periods are the receivables' business."""

    def __init__(self, receivables: Receivables) -> None:
        self.receivables = receivables
        self.tables, self.clock, self.company = receivables.tables, receivables.clock, receivables.company

    def create(self, call: etree._Element, entity: str) -> Row:
        """Generic create of ARPYMT: money and credits applied to invoices of one customer."""
        unknown = [str(each.tag) for each in call if each.tag not in HEADER]
        unknown += [str(each.tag) for each in call.iterfind("ARPYMTDETAILS/ARPYMTDETAIL/*") if each.tag not in DETAIL]
        if unknown:
            raise RefusalError.of("DL02000001", f"There was an error processing the request. The field {unknown[0]} is not valid.")
        header = self._header(call, entity)
        details = [self._detail(each, header, entity) for each in call.iterfind("ARPYMTDETAILS/ARPYMTDETAIL")]
        if not details:
            raise missing("ARPYMTDETAILS")
        extra = self._overpayment(call)
        payment = self._book(header, sum((each["TRX_PAYMENTAMOUNT"] for each in details), ZERO), extra)
        for detail in details:
            self._apply(payment, detail, entity)
        return payment

    def _header(self, call: etree._Element, entity: str) -> Row:
        texts = {str(each.tag): each.text or "" for each in call if len(each) == 0}
        if texts.get("PAYMENTMETHOD") not in METHODS:
            raise bad_reference("Payment Method", texts.get("PAYMENTMETHOD", ""))
        if not texts.get("RECEIPTDATE"):
            raise missing("Receipt Date")
        if not texts.get("CURRENCY"):
            raise missing("Currency")
        received = value_of("RECEIPTDATE", texts["RECEIPTDATE"])
        return {
            **self._account(texts.get("FINANCIALENTITY"), texts.get("UNDEPOSITEDACCOUNTNO"), texts.get("PRBATCH")),
            **self._money(texts["CURRENCY"], texts.get("BASECURR"), texts.get("EXCHANGE_RATE")),
            **self._who(texts.get("CUSTOMERID", ""), entity),
            "PAYMENTMETHOD": texts["PAYMENTMETHOD"],
            "DOCNUMBER": texts.get("DOCNUMBER", ""),
            "DESCRIPTION": texts.get("DESCRIPTION", ""),
            "RECEIPTDATE": received,
            "MEGAENTITYID": entity,
        }

    def _who(self, code: str, entity: str) -> Row:
        customer = self.company.customer(code, entity)
        return {"CUSTOMERID": customer["CUSTOMERID"], "CUSTOMERNAME": customer["NAME"]}

    def _account(self, bank: str | None, undeposited: str | None, batch: str | None) -> Row:
        if sum(bool(each) for each in (bank, undeposited, batch)) != 1:
            raise missing("FINANCIALENTITY, UNDEPOSITEDACCOUNTNO or PRBATCH")
        if batch:
            raise bad_reference("Summary", batch)
        if undeposited:
            return {"UNDEPOSITEDACCOUNTNO": self.company.account(undeposited)["ACCOUNTNO"]}
        found = self.company.reference("CHECKINGACCOUNT", "BANKACCOUNTID", bank or "", "Bank Account")
        return {"FINANCIALENTITY": bank, "FINANCIALACCOUNTNAME": found["BANKNAME"], "FINANCIALACCOUNTCURRENCY": found["CURRENCY"]}

    def _money(self, currency: str, base: str | None, rate: str | None) -> Row:
        if base not in (None, "", BASE_CURRENCY):
            raise RefusalError.of("BL01001973", f"The base currency '{base}' does not match the base currency of the entity.")
        known = self.company.currency(currency)
        return {"CURRENCY": known, "BASECURR": BASE_CURRENCY, "EXCHANGE_RATE": self.company.rate(known, rate or None)}

    def _detail(self, detail: etree._Element, header: Row, entity: str) -> Row:
        invoice = self.receivables.record(INVOICE, detail.findtext("RECORDKEY") or "", entity)
        parts = {
            "TRX_PAYMENTAMOUNT": _amount(detail, "TRX_PAYMENTAMOUNT"),
            "TRX_DISCOUNTAMOUNT": _amount(detail, "TRX_TOTALDISCOUNTTOAPPLY"),
            "TRX_ADJUSTMENTAMOUNT": _amount(detail, "TRX_ADJUSTMENTAMOUNT"),
        }
        self._payable(invoice, header, sum(parts.values(), ZERO))
        credit = detail.findtext("ADJUSTMENTKEY")
        if bool(credit) != bool(parts["TRX_ADJUSTMENTAMOUNT"]):
            raise missing("ADJUSTMENTKEY")
        if credit:
            self._creditable(self.receivables.record(ADJUSTMENT, credit, entity), header, parts["TRX_ADJUSTMENTAMOUNT"])
        return {**parts, "RECORDKEY": invoice["RECORDNO"], "ADJUSTMENTKEY": int(credit) if credit else None}

    def _payable(self, invoice: Row, header: Row, amount: Decimal) -> None:
        if invoice["CUSTOMERID"] != header["CUSTOMERID"]:
            raise bad_reference("invoice for the customer", str(invoice["RECORDNO"]))
        if invoice["CURRENCY"] != header["CURRENCY"]:
            raise RefusalError.of("BL01001973", "The currency of the payment does not match the currency of the invoice.")
        if invoice["STATE"] not in ("Posted", "Partially Paid", "Selected"):
            raise RefusalError.of("BL01001973", f"The invoice cannot be paid because it is {invoice['STATE']}.")
        if amount <= 0 or amount > invoice["TRX_TOTALDUE"]:
            raise RefusalError.of("BL01001973", f"The payment amount {amount} exceeds the amount due {invoice['TRX_TOTALDUE']}.")

    def _creditable(self, memo: Row, header: Row, amount: Decimal) -> None:
        same = memo["CUSTOMERID"] == header["CUSTOMERID"] and memo["CURRENCY"] == header["CURRENCY"]
        if not same or memo["STATE"] not in ("Posted", "Partially Paid") or amount > -memo["TRX_TOTALDUE"]:
            raise RefusalError.of("BL01001973", f"The credit memo {memo['RECORDID']} cannot be applied with {amount}.")

    def _overpayment(self, call: etree._Element) -> Decimal:
        amount = _amount(call, "OVERPAYMENTAMOUNT")
        if amount:
            place = call.findtext("OVERPAYMENTLOCATIONID") or ""
            self.company.reference("LOCATION", "LOCATIONID", place, "Location")
        return amount

    def _book(self, header: Row, applied: Decimal, extra: Decimal, record_type: str = "rp") -> Row:
        self.receivables.open_period(header["RECEIPTDATE"])
        total, now = applied + extra, self.clock.now()
        base = rounded(total * header["EXCHANGE_RATE"])
        payment = {
            **header,
            "RECORDNO": self.tables.next_key("ARPYMT"),
            "RECORDTYPE": record_type,
            "STATE": "C",
            "TRX_TOTALENTERED": total,
            "TRX_TOTALPAID": applied,
            "TRX_TOTALDUE": extra,
            "TOTALENTERED": base,
            "WHENCREATED": header["RECEIPTDATE"],
            "WHENPAID": header["RECEIPTDATE"],
            "AUWHENCREATED": now,
            "WHENMODIFIED": now,
        }
        self.tables.put("ARPYMT", payment)
        return payment

    def _apply(self, payment: Row, detail: Row, entity: str) -> None:
        settled = detail["TRX_PAYMENTAMOUNT"] + detail["TRX_DISCOUNTAMOUNT"] + detail["TRX_ADJUSTMENTAMOUNT"]
        invoice = self.receivables.record(INVOICE, str(detail["RECORDKEY"]), entity)
        self._payable(invoice, payment, settled)
        self._settle("ARINVOICE", invoice, settled, payment["RECEIPTDATE"])
        if detail["ADJUSTMENTKEY"]:
            memo = self.receivables.record(ADJUSTMENT, str(detail["ADJUSTMENTKEY"]), entity)
            self._settle("ARADJUSTMENT", memo, -detail["TRX_ADJUSTMENTAMOUNT"], payment["RECEIPTDATE"])
        own = {"PAYMENTKEY": payment["RECORDNO"], "CURRENCY": payment["CURRENCY"], "STATE": payment["STATE"], "MEGAENTITYID": entity}
        day = {"PAYMENTDATE": payment["RECEIPTDATE"], "WHENMODIFIED": self.clock.now()}
        self.tables.put("ARPYMTDETAIL", {**detail, **own, **day, "RECORDNO": self.tables.next_key("ARPYMTDETAIL")})

    def _settle(self, name: str, record: Row, amount: Decimal, day: date) -> None:
        """Move what is paid on an invoice or a credit memo by `amount` (negative: back, or the credit side)."""
        paid = record["TRX_TOTALPAID"] + amount
        due = record["TRX_TOTALENTERED"] - paid
        base_paid = record["TOTALENTERED"] if not due else rounded(paid * record["EXCHANGE_RATE"])
        base = {"TOTALPAID": base_paid, "TOTALDUE": record["TOTALENTERED"] - base_paid, "WHENMODIFIED": self.clock.now()}
        state = "Posted" if not paid else "Partially Paid" if due else "Paid"
        paid_on = day if state == "Paid" else None
        self.tables.put(name, {**record, **base, "TRX_TOTALPAID": paid, "TRX_TOTALDUE": due, "STATE": state, "WHENPAID": paid_on})

    # Legacy functions

    def create_legacy(self, call: etree._Element, entity: str) -> str:
        """create_arpayment: without items the money becomes an advance (RECORDTYPE rr) that is applied later."""
        amount = amount_of(call.findtext("paymentamount") or "", "paymentamount")
        method = call.findtext("paymentmethod") or "Printed Check"
        if method not in METHODS:
            raise bad_reference("Payment Method", method)
        header = {
            **self._account(call.findtext("bankaccountid"), call.findtext("undepfundsacct"), call.findtext("batchkey")),
            **self._money(call.findtext("currency") or BASE_CURRENCY, call.findtext("basecurr"), call.findtext("exchrate")),
            **self._who(call.findtext("customerid") or "", entity),
            "PAYMENTMETHOD": method,
            "DOCNUMBER": call.findtext("refid") or "",
            "RECEIPTDATE": day_in(call, "datereceived") or self.clock.today(),
            "MEGAENTITYID": entity,
        }
        details = [self._legacy_detail(each, header, entity) for each in call.iterfind("arpaymentitem")]
        applied = sum((each["TRX_PAYMENTAMOUNT"] for each in details), ZERO)
        if amount <= 0 or applied > amount:
            raise RefusalError.of("BL01001973", f"The amount applied {applied} exceeds the payment amount {amount}.")
        payment = self._book(header, applied, amount - applied, "rp" if details else "rr")
        for detail in details:
            self._apply(payment, detail, entity)
        return str(payment["RECORDNO"])

    def _legacy_detail(self, item: etree._Element, header: Row, entity: str) -> Row:
        invoice = self.receivables.record(INVOICE, item.findtext("invoicekey") or "", entity)
        amount = amount_of(item.findtext("amount") or "", "amount")
        self._payable(invoice, header, amount)
        none = {"TRX_DISCOUNTAMOUNT": ZERO, "TRX_ADJUSTMENTAMOUNT": ZERO, "ADJUSTMENTKEY": None}
        return {"TRX_PAYMENTAMOUNT": amount, "RECORDKEY": invoice["RECORDNO"], **none}

    def apply(self, call: etree._Element, entity: str) -> str:
        """apply_arpayment: an advance, an overpayment or a credit memo settles invoices."""
        key = call.findtext("arpaymentkey") or ""
        day = day_in(call, "paymentdate") or self.clock.today()
        self.receivables.open_period(day)
        if self.tables.get("ARADJUSTMENT", key):
            return self._apply_credit(call, self.receivables.record(ADJUSTMENT, key, entity), day, entity)
        payment = self._payment(key, entity)
        for item in call.iterfind("arpaymentitems/arpaymentitem"):
            payment = self._apply_open_money(payment, self._legacy_detail(item, payment, entity), entity)
        return str(payment["RECORDNO"])

    def _apply_open_money(self, payment: Row, detail: Row, entity: str) -> Row:
        amount = detail["TRX_PAYMENTAMOUNT"]
        if amount > payment["TRX_TOTALDUE"]:
            raise RefusalError.of("BL01001973", f"The amount applied {amount} exceeds the open amount {payment['TRX_TOTALDUE']}.")
        rest = {"TRX_TOTALPAID": payment["TRX_TOTALPAID"] + amount, "TRX_TOTALDUE": payment["TRX_TOTALDUE"] - amount}
        after = {**payment, **rest, "WHENMODIFIED": self.clock.now()}
        self.tables.put("ARPYMT", after)
        self._apply(after, detail, entity)
        return after

    def _apply_credit(self, call: etree._Element, memo: Row, day: date, entity: str) -> str:
        rate = {"EXCHANGE_RATE": memo["EXCHANGE_RATE"], "CURRENCY": memo["CURRENCY"], "BASECURR": BASE_CURRENCY}
        who = {"CUSTOMERID": memo["CUSTOMERID"], "CUSTOMERNAME": memo["CUSTOMERNAME"], "MEGAENTITYID": entity}
        header = {**rate, **who, "RECEIPTDATE": day, "PAYMENTMETHOD": "", "DOCNUMBER": ""}
        details = [self._credit_detail(each, header, memo, entity) for each in call.iterfind("arpaymentitems/arpaymentitem")]
        payment = self._book(header, ZERO, ZERO)
        for detail in details:
            self._apply(payment, detail, entity)
        return str(payment["RECORDNO"])

    def _credit_detail(self, item: etree._Element, header: Row, memo: Row, entity: str) -> Row:
        detail = self._legacy_detail(item, header, entity)
        amount = detail["TRX_PAYMENTAMOUNT"]
        self._creditable(memo, header, amount)
        return {**detail, "TRX_PAYMENTAMOUNT": ZERO, "TRX_ADJUSTMENTAMOUNT": amount, "ADJUSTMENTKEY": memo["RECORDNO"]}

    def reverse(self, call: etree._Element, entity: str) -> str:
        payment = self._payment(call.get("key", ""), entity)
        if payment["STATE"] != "C":
            raise RefusalError.of("BL01001973", "The payment is already reversed.")
        day = day_in(call, "datereversed") or self.clock.today()
        self.receivables.open_period(day)
        for detail in self.tables.find("ARPYMTDETAIL", "PAYMENTKEY", [payment["RECORDNO"]]):
            self._take_back(detail, entity, day)
        now = self.clock.now()
        self.tables.put("ARPYMT", {**payment, "STATE": "V", "WHENMODIFIED": now})
        negative = {"TRX_TOTALENTERED": -payment["TRX_TOTALENTERED"], "TOTALENTERED": -payment["TOTALENTERED"], "STATE": "V"}
        second = {"RECORDNO": self.tables.next_key("ARPYMT"), "PARENTPAYMENTKEY": payment["RECORDNO"], "WHENMODIFIED": now}
        self.tables.put("ARPYMT", {**payment, **negative, **second, "RECEIPTDATE": day, "WHENCREATED": day})
        return str(payment["RECORDNO"])

    def _take_back(self, detail: Row, entity: str, day: date) -> None:
        settled = detail["TRX_PAYMENTAMOUNT"] + detail["TRX_DISCOUNTAMOUNT"] + detail["TRX_ADJUSTMENTAMOUNT"]
        invoice = self.receivables.record(INVOICE, str(detail["RECORDKEY"]), entity)
        self._settle("ARINVOICE", invoice, -settled, day)
        if detail["ADJUSTMENTKEY"]:
            memo = self.receivables.record(ADJUSTMENT, str(detail["ADJUSTMENTKEY"]), entity)
            self._settle("ARADJUSTMENT", memo, detail["TRX_ADJUSTMENTAMOUNT"], day)
        self.tables.put("ARPYMTDETAIL", {**detail, "STATE": "V", "WHENMODIFIED": self.clock.now()})

    def _payment(self, key: str, entity: str) -> Row:
        found = self.tables.get("ARPYMT", key)
        if found is None or (entity and found["MEGAENTITYID"] not in ("", entity)):
            raise RefusalError.of("BL01001973", f"Cannot find AR Payment with key '{key}'.")
        return found


def _amount(element: etree._Element, name: str) -> Decimal:
    text = element.findtext(name)
    return amount_of(text, name) if text else ZERO
