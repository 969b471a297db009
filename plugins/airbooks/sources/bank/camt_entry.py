"""One entry (Ntry) of a camt statement: the payments in it, what each credited and what the bank kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element

from airbooks.canonical.document import ZERO
from airbooks.canonical.money import round_amount
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.camt_remittance import advice_of, document_numbers, structured_references, words
from airbooks.sources.bank.fingerprint import Draft
from airbooks.sources.bank.movement import Batches, EntryError, Reading, account_name, amount_of, day_of, given, movement_of, unique

METHODS = {"RCDT": "Wire", "RRCT": "Wire", "RCHQ": "Check", "LBOX": "Check", "MCRD": "Card", "IDDT": "Direct debit", "CNTR": "Cash"}
FAMILY = "BkTxCd/Domn/Fmly/Cd"
NO_DETAILS = "this is the sum of {0} payments, which the statement does not list"
FIX_NO_DETAILS = (
    "If the bank sends them as camt.054, load those and set `batches: notification` for these statements in payments.yaml;"
    " else set `batches: one` to take the sum as one movement."
)


@dataclass(frozen=True, slots=True)
class Share:
    """A payment's part of its entry, in the account's currency: signed, and the charges that the bank kept of it."""

    amount: Decimal
    fee: Decimal = ZERO


def is_booked(entry: Element) -> bool:
    """Whether the entry is booked; pending and informational ones are told again when they are. Up to version 001.07 `Sts` is the code."""
    return (entry.findtext("Sts/Cd") or entry.findtext("Sts") or "").strip() == "BOOK"


def signed_amount(element: Element) -> Decimal:
    """`Amt` of an entry, a detail or a balance with the sign of its CdtDbtInd; raises EntryError."""
    amount, _ = _money(element, "Amt")
    return amount if _is_credit(element) else -amount


def drafts(entry: Element, account: str, place: str, reading: Reading) -> list[Draft]:
    """The movements of one entry without their fingerprints; none for an entry of nothing. Raises EntryError."""
    total, currency = _money(entry, "Amt")
    if not total:
        return []
    details = entry.findall("NtryDtls/TxDtls")
    announced = _announced(entry)
    if not details and announced > 1:
        if reading.batches is Batches.NOTIFICATION:
            return []
        if reading.batches is Batches.ASK:
            raise EntryError("NtryDtls", "", NO_DETAILS.format(announced), FIX_NO_DETAILS)
    shares = _shares(entry, details, currency)
    payments: Sequence[Element] = details or [Element("TxDtls")]
    numbered = enumerate(zip(payments, shares, strict=True), start=1)
    several = len(payments) > 1
    return [_draft(Payment(entry, detail, share, currency, several), account, place, n, reading) for n, (detail, share) in numbered]


def _announced(entry: Element) -> int:
    """How many payments the entry says it holds."""
    numbers = [text.strip() for text in (each.findtext("NbOfTxs", "") for each in entry.findall("NtryDtls/Btch"))]
    return sum(int(number) for number in numbers if number.isdigit())


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment: its entry, its own details (an empty element where the bank gives none), its share and the account's currency."""

    entry: Element
    detail: Element
    share: Share
    currency: str
    in_batch: bool

    def text(self, path: str) -> str:
        """The first that says something: of the payment, else of the entry where it is the only payment there."""
        own = given(self.detail.findtext(path))
        return own or ("" if self.in_batch else given(self.entry.findtext(path)))

    @property
    def end_to_end(self) -> str:
        return given(self.detail.findtext("Refs/EndToEndId"))

    @property
    def is_reversal(self) -> bool:
        return self.entry.findtext("RvslInd", "").strip() in ("true", "1")

    @property
    def is_return(self) -> bool:
        return self.is_reversal or self.detail.find("RtrInf") is not None

    @property
    def kind(self) -> PaymentKind:
        if self.share.amount > 0:
            return PaymentKind.RECEIPT
        return PaymentKind.CHARGE_BACK if self.is_return else PaymentKind.REFUND

    @property
    def bank_reference(self) -> str:
        """One payment of a batch has a reference of its own, or shares the entry's; the entry's is the same in camt.053 and camt.054."""
        own, entry = given(self.detail.findtext("Refs/AcctSvcrRef")), given(self.entry.findtext("AcctSvcrRef"))
        return (own or entry) if self.in_batch else (entry or own)

    @property
    def part(self) -> str:
        """What tells it apart from other payments with the same bank reference."""
        if not self.in_batch or given(self.detail.findtext("Refs/AcctSvcrRef")) not in ("", given(self.entry.findtext("AcctSvcrRef"))):
            return ""
        return self.end_to_end or words(self.detail)

    @property
    def original(self) -> str:
        """What a return or reversal says of the payment that it takes back."""
        own = (self.end_to_end, given(self.detail.findtext("Refs/TxId")), given(self.detail.findtext("Refs/ChqNb")))
        return next((each for each in own if each), self.bank_reference) if self.is_return else ""


def _draft(payment: Payment, account: str, place: str, n: int, reading: Reading) -> Draft:
    entry, detail = payment.entry, payment.detail
    instructed, instructed_currency = _instructed(payment)
    name, party_account = _counterparty(payment, account, reading)
    movement = movement_of(
        {
            "source": reading.source,
            "source_id": f"{place}, payment {n}" if payment.in_batch else place,
            "kind": payment.kind,
            "account": account,
            "booked_on": day_of(entry.findtext("BookgDt/Dt") or entry.findtext("BookgDt/DtTm") or _value_day(entry), "BookgDt"),
            "value_on": day_of(_value_day(entry), "ValDt") if _value_day(entry) else None,
            "amount": abs(payment.share.amount),
            "currency": payment.currency,
            "fee": payment.share.fee,
            "instructed_amount": instructed,
            "instructed_currency": instructed_currency,
            "payer_name": name,
            "payer_account": party_account,
            "method": METHODS.get(detail.findtext(FAMILY) or entry.findtext(FAMILY) or "", ""),
            "bank_reference": payment.bank_reference,
            "references": _references(payment),
            "text": words(detail) or payment.text("AddtlTxInf") or payment.text("AddtlNtryInf"),
            "advice": advice_of(detail, payment.currency),
            "reverses": payment.original,
        }
    )
    return Draft(movement, payment.end_to_end, payment.part)


def _value_day(entry: Element) -> str:
    return entry.findtext("ValDt/Dt") or entry.findtext("ValDt/DtTm") or ""


def _references(payment: Payment) -> tuple[str, ...]:
    detail = payment.detail
    cheque = detail.findtext("Refs/ChqNb", "")
    return unique([payment.end_to_end, *structured_references(detail), *document_numbers(detail), cheque])


def _counterparty(payment: Payment, account: str, reading: Reading) -> tuple[str, str]:
    """Name and account of the customer: the debtor of what came in, the creditor of what went out; a return keeps the original's roles."""
    first = "Dbtr" if (payment.kind is PaymentKind.RECEIPT) != payment.is_return else "Cdtr"
    parties = payment.detail.find("RltdPties")
    if parties is None:
        return "", ""
    for role in (first, "Cdtr" if first == "Dbtr" else "Dbtr"):
        name = given(parties.findtext(f"{role}/Pty/Nm")) or given(parties.findtext(f"{role}/Nm"))
        written = given(parties.findtext(f"{role}Acct/Id/IBAN")) or given(parties.findtext(f"{role}Acct/Id/Othr/Id"))
        number = account_name(written)
        if (name or number) and reading.accounts.get(number, number) != account:
            return name, number
    return "", ""


def _instructed(payment: Payment) -> tuple[Decimal | None, str]:
    """What the payer ordered, where that is in another currency than the account's."""
    for holder in (payment.detail, *(() if payment.in_batch else (payment.entry,))):
        amount = holder.find("AmtDtls/InstdAmt/Amt")
        if amount is not None and amount.get("Ccy") != payment.currency:
            return amount_of(amount.text, "AmtDtls/InstdAmt", amount.get("Ccy", "")), amount.get("Ccy", "")
    return None, ""


# -- what each payment credited ----------------------------------------------------------------------------------------------------------


def _shares(entry: Element, details: Sequence[Element], currency: str) -> list[Share]:
    if len(details) <= 1:
        return [_only_share(entry, [entry, *details], currency)]
    total = signed_amount(entry)
    told = [_told(detail, entry, currency) for detail in details]
    fees = [_charges(detail, currency) for detail in details]
    if sum(told) == total:
        return [Share(amount, fee if amount > 0 else ZERO) for amount, fee in zip(told, fees, strict=True)]
    if sum(told) - sum(fees) == total:
        return [_net(amount, fee) for amount, fee in zip(told, fees, strict=True)]
    if sum(told) and sum(told) - _charges(entry, currency) == total:
        spread = _spread(_charges(entry, currency), told, currency)
        return [_net(amount, fee) for amount, fee in zip(told, spread, strict=True)]
    raise EntryError("NtryDtls", sum(told), f"the payments of this batch do not sum to the entry's {total} {currency}")


def _net(amount: Decimal, fee: Decimal) -> Share:
    return Share(amount - fee, fee) if amount > fee else Share(amount)


def _only_share(entry: Element, holders: Sequence[Element], currency: str) -> Share:
    """An entry of one payment. Charges that are included were kept of a credit; of a debit they are the bank's own, not the customer's.

    Where no charges are told but the order is in the account's currency, what is missing of it was kept on the way.
    """
    total = signed_amount(entry)
    ordered = next((amount for holder in holders for amount in _ordered(holder, currency)), None)
    charges = next((charge for holder in holders if (charge := _charges(holder, currency))), ZERO)
    if total > 0:
        if ordered == total:  # the charges were booked by themselves
            return Share(total)
        return Share(total, charges or max(ZERO, (ordered or total) - total))
    taken = ordered if ordered and ordered < -total else -total - charges
    return Share(-taken) if taken > 0 else Share(total)


def _told(detail: Element, entry: Element, currency: str) -> Decimal:
    """What the bank says of one payment of several, in the account's currency: signed, by its own CdtDbtInd or its entry's."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt"):
        amount = detail.find(path)
        if amount is not None and amount.get("Ccy") == currency:
            value = amount_of(amount.text, path, currency)
            return value if _is_credit(detail if detail.find("CdtDbtInd") is not None else entry) else -value
    raise EntryError("TxDtls/Amt", "", f"one of several payments has no amount in {currency}")


def _ordered(holder: Element, currency: str) -> Iterator[Decimal]:
    for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt"):
        amount = holder.find(path)
        if amount is not None and amount.get("Ccy") == currency:
            yield amount_of(amount.text, path, currency)


def _charges(holder: Element, currency: str) -> Decimal:
    """The charges within the amount: those without ChrgInclInd (it came with version 001.04) are, those with `false` are booked apart."""
    records = [*holder.findall("Chrgs/Rcrd"), *(each for each in holder.findall("Chrgs") if each.find("Rcrd") is None)]
    included = [each for each in records if each.findtext("ChrgInclInd", "true").strip() in ("true", "1")]
    paid = [each for each in included if each.findtext("CdtDbtInd", "DBIT").strip() == "DBIT"]
    amounts = [amount for each in paid if (amount := each.find("Amt")) is not None and amount.get("Ccy") == currency]
    return sum((amount_of(amount.text, "Chrgs/Amt", currency) for amount in amounts), ZERO)


def _spread(charges: Decimal, amounts: Sequence[Decimal], currency: str) -> list[Decimal]:
    """One charge of a batch over its payments by their amounts; the last one takes what rounding leaves."""
    whole = sum(amounts, ZERO)
    parts = [round_amount(charges * amount / whole, currency) for amount in amounts[:-1]]
    return [*parts, charges - sum(parts, ZERO)]


def _money(element: Element, path: str) -> tuple[Decimal, str]:
    amount = element.find(path)
    if amount is None:
        raise EntryError(path, "", "the amount is missing")
    currency = amount.get("Ccy", "")
    return amount_of(amount.text, path, currency), currency


def _is_credit(element: Element) -> bool:
    word = element.findtext("CdtDbtInd", "").strip()
    if word not in ("CRDT", "DBIT"):
        raise EntryError("CdtDbtInd", word, "it must say CRDT or DBIT")
    return word == "CRDT"
