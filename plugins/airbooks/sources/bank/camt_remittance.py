"""What the payer wrote (RmtInf): references with check digits, documents with amounts, and plain words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element

from airbooks.canonical.document import ZERO
from airbooks.canonical.incoming import AdviceLine
from airbooks.sources.bank.movement import amount_of, given

CREDIT_NOTE = "CREN"


def structured_references(detail: Element) -> Iterator[str]:
    """Creditor references: ISO 11649 (SCOR) and national ones (QRR and ISR in Switzerland)."""
    for strd in detail.findall("RmtInf/Strd"):
        yield strd.findtext("CdtrRefInf/Ref", "")


def document_numbers(detail: Element) -> Iterator[str]:
    for document in detail.findall("RmtInf/Strd/RfrdDocInf"):
        yield document.findtext("Nb", "")


def advice_of(detail: Element, currency: str) -> tuple[AdviceLine, ...]:
    """A line for each document that is told with an amount in the payment's currency; a credit note's amount is negative."""
    lines = (_line(strd, currency) for strd in detail.findall("RmtInf/Strd"))
    return tuple(line for line in lines if line)


def _line(strd: Element, currency: str) -> AdviceLine | None:
    """One Strd with one document. Amounts that stand beside several documents are nobody's."""
    documents, amounts = strd.findall("RfrdDocInf"), strd.find("RfrdDocAmt")
    number = given(documents[0].findtext("Nb")) if len(documents) == 1 else ""
    if not number or amounts is None:
        return None
    discount = _amount(amounts, ("DscntApldAmt/Amt", "DscntApldAmt"), currency) or ZERO
    remitted = _amount(amounts, ("RmtdAmt",), currency)
    credited = _amount(amounts, ("CdtNoteAmt/Amt", "CdtNoteAmt"), currency)
    due = _amount(amounts, ("DuePyblAmt/Amt", "DuePyblAmt"), currency)
    if (documents[0].findtext("Tp/CdOrPrtry/Cd") or "").strip() == CREDIT_NOTE:
        taken = next((each for each in (credited, remitted, due) if each is not None), None)
        return None if taken is None else AdviceLine(document_number=number, amount=-taken)
    if remitted is None and due is not None:
        remitted = due - discount
    return None if remitted is None else AdviceLine(document_number=number, amount=remitted, discount=discount)


def _amount(amounts: Element, paths: tuple[str, ...], currency: str) -> Decimal | None:
    """The sum of the amounts at the first of `paths` that there is; an amount in another currency is none."""
    for path in paths:
        found = [each for each in amounts.findall(path) if each.get("Ccy") == currency]
        if found:
            return sum((amount_of(each.text, path, currency) for each in found), ZERO)
    return None


def words(detail: Element) -> str:
    """The unstructured lines, and what was added to structured ones."""
    lines = [each.text or "" for path in ("RmtInf/Ustrd", "RmtInf/Strd/AddtlRmtInf") for each in detail.findall(path)]
    return " ".join(line.strip() for line in lines if given(line))
