"""A/R documents as SyteLine holds them: looked up in SLArinvs and in SLArtrans, because posting moves the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.infor_syteline import reading
from airbooks.platforms.infor_syteline.ido import Idos, Row, any_of, chunks, padded, text
from airbooks.platforms.infor_syteline.mapping import DISTRIBUTION, KEYS, TYPES
from airbooks.platforms.infor_syteline.spec import BY_INV_NUM, CUST_NUM, INV_NUM, REF, SPEC

Wanted = tuple[str, DocumentKind]
_SHARED = (
    *(*KEYS, "Type", "InvDate", "Ref", "Description", *reading.SUMS, "TaxCode1", "TaxCode2", "ExchRate", "Acct"),
    *("AcctUnit1", "AcctUnit2", "AcctUnit3", "AcctUnit4", "ApplyToInvNum", "RecordDate"),
)
UNPOSTED = (*_SHARED, "DueDate", "TermsCode", "ApprovalStatus", "DerAmtTotInv", "CadbtCurrCode")
POSTED = (*_SHARED, "CheckSeq", "Active")
APPLIED = (*KEYS, "Type", *reading.SUMS, "DiscAmt", "ApplyToInvNum")
_OURS = "0"  # InvSeq of the documents of ours; the credit memo of a void has the next one


class Documents:
    """The invoices and credit memos of one site."""

    def __init__(self, idos: Idos, settings: Mapping[str, str], zone: tzinfo) -> None:
        self.idos, self.settings, self.zone = idos, settings, zone
        self._in_number = settings.get("number_field", BY_INV_NUM) == BY_INV_NUM
        self._currencies: dict[str, str] = {}

    # -- looking up -----------------------------------------------------------------------------------------------------------

    def by_our_numbers(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        """The live documents under each of our numbers, of whichever customer: the key alone does not forbid two."""
        found: dict[Wanted, list[RemoteDocument]] = {each: [] for each in wanted}
        numbers = [number for number in dict.fromkeys(number for number, _ in wanted) if self._may_be_there(number)]
        for chunk in chunks(numbers):
            for remote in self._read(self._numbered(chunk)):
                key = (remote.our_number, remote.kind)
                if key in found and remote.status is not DocumentStatus.VOID:
                    found[key].append(remote)
        return found

    def _may_be_there(self, number: str) -> bool:
        """Whether a filter can ask for it."""
        return '"' not in number and 0 < len(number) <= (INV_NUM if self._in_number else REF)

    def _numbered(self, numbers: Sequence[str]) -> str:
        condition = any_of("InvNum", [padded(each, INV_NUM) for each in numbers]) if self._in_number else any_of("Ref", numbers)
        return f"{condition} AND InvSeq = {_OURS} AND {any_of('Type', TYPES.values())}"

    def by_id(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        keys = reading.keys_of(remote_id)
        return None if keys is None else next(iter(self._read(f"{key_condition(keys)} AND Type = {text(TYPES[kind.value])}")), None)

    def _read(self, condition: str) -> list[RemoteDocument]:
        """Unposted first: a document that is posted between the two loads is then seen twice, which the keys undo."""
        unposted = list(self.idos.rows("SLArinvs", UNPOSTED, condition, locking=True))
        moved = list(self.idos.rows("SLArtrans", POSTED, condition))
        gone = {reading.document_id(row) for row in moved}
        drafts = [row for row in unposted if reading.document_id(row) not in gone]
        applied = self._applied(moved)
        return [
            *(self.draft(row, self.distributions(row)) for row in drafts),
            *(self._posted(row, applied) for row in moved),
        ]

    def posted_row(self, remote_id: str) -> Row | None:
        keys = reading.keys_of(remote_id)
        return None if keys is None else self.idos.first("SLArtrans", POSTED, f"{key_condition(keys)} AND {any_of('Type', TYPES.values())}")

    def unposted_row(self, keys: Mapping[str, str]) -> Row | None:
        """The row with its `_ItemId`, or None."""
        return self.idos.first("SLArinvs", UNPOSTED, key_condition(keys), locking=True)

    def unposted_by_reference(self, number: str, customer: str) -> Row | None:
        """The row that carries our number as its reference, where SyteLine gives the invoice number."""
        condition = f"Ref = {text(number)} AND CustNum = {text(padded(customer, CUST_NUM))} AND InvSeq = {_OURS}"
        return self.idos.first("SLArinvs", UNPOSTED, condition, locking=True)

    def distributions(self, keys: Mapping[str, str]) -> list[Row]:
        return list(self.idos.rows("SLArinvds", (*KEYS, *DISTRIBUTION), key_condition(keys), locking=True))

    def draft(self, row: Row, distributions: Sequence[Row]) -> RemoteDocument:
        """Raises PlatformError where a row is not of the documented form."""
        try:
            return reading.draft(row, distributions, self.settings, self.zone)
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            raise _unreadable(error) from None

    def posted(self, row: Row) -> RemoteDocument:
        """A posted document with what is left of it."""
        return self._posted(row, self._applied([row]))

    # -- posted documents -----------------------------------------------------------------------------------------------------

    def _posted(self, row: Row, applied: Sequence[Row]) -> RemoteDocument:
        try:
            key = (row["CustNum"], row["InvNum"])
            ours = [each for each in applied if (each["CustNum"], each["ApplyToInvNum"]) == key and not _is_same(each, row)]
            currency = self.currency(row["CustNum"].strip()) or ""
            return reading.posted(row, ours if row["Type"] == "I" else [], currency, self.settings, self.zone)
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            raise _unreadable(error) from None

    def _applied(self, moved: Iterable[Row]) -> list[Row]:
        """Payments and credits that apply to these documents."""
        rows = [row for row in moved if row["Type"] == "I"]
        if not rows:
            return []
        customers = any_of("CustNum", sorted({row["CustNum"] for row in rows}))
        numbers = any_of("ApplyToInvNum", sorted({row["InvNum"] for row in rows}))
        return list(self.idos.rows("SLArtrans", APPLIED, f"{customers} AND {numbers} AND {any_of('Type', ('P', 'C'))}"))

    def currency(self, customer: str) -> str | None:
        """The one currency of a customer, or None for a customer that is not there."""
        if customer not in self._currencies:
            condition = f"CustNum = {text(padded(customer, CUST_NUM))} AND CustSeq = 0"
            row = self.idos.first("SLCustAddrs", ("CustNum", "CurrCode"), condition)
            if row is None:
                return None
            self._currencies[customer] = (row["CurrCode"] or "").strip()
        return self._currencies[customer]

    def applies_to(self, sending: Sending) -> str:
        """The InvNum of the posted invoice that a credit note can reduce, or "".

        Only where it corrects exactly one that is open for at least its amount, of the same customer; otherwise it is an open credit, and
        the number it corrects stands in its description.
        """
        document = sending.document
        if not isinstance(document, CreditNote) or len(document.preceding_invoices) != 1:
            return ""
        wanted = (document.preceding_invoices[0].number, DocumentKind.INVOICE)
        hits = self.by_our_numbers([wanted])[wanted]
        if len(hits) != 1 or hits[0].status not in {DocumentStatus.OPEN, DocumentStatus.PARTIALLY_PAID}:
            return ""
        fits = hits[0].customer_id == sending.references.customer and (hits[0].balance or 0) >= document.gross_total
        return padded(hits[0].number, INV_NUM) if fits else ""


def key_condition(keys: Mapping[str, str]) -> str:
    return f"CustNum = {text(keys['CustNum'])} AND InvNum = {text(keys['InvNum'])} AND InvSeq = {int(keys['InvSeq'])}"


def _is_same(one: Row, other: Row) -> bool:
    return (one["Type"], one["InvSeq"]) == (other["Type"], other["InvSeq"])


def _unreadable(error: Exception) -> PlatformError:
    return PlatformError(f"a row lacks or misspells {error}", platform=SPEC.slug, rule=UNREADABLE_ANSWER)
