"""A/R invoices and credit memos as Epicor holds them: found by our number or by theirs, finished or broken off."""

from __future__ import annotations

from collections.abc import Sequence

from airbooks.canonical import DocumentKind, RemoteDocument
from airbooks.platforms.epicor.client import INVOICES, Company, Row, any_of, chunks, quoted
from airbooks.platforms.epicor.reading import is_unfinished, remote_document
from airbooks.platforms.epicor.spec import SPEC
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError

Wanted = tuple[str, DocumentKind]
_SELECT = "InvoiceNum,XRefInvoiceNum,CreditMemo,RefCancelled,RefCancelledBy"


class Documents:
    """The sales documents of one company."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def datasets(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[Row]]:
        """The live documents under each of our numbers, whole, those that were broken off among them.

        The platform allows several with one number. Credit memos that cancel an invoice may copy its number (UNVERIFIED): they are
        left out.
        """
        found: dict[Wanted, list[Row]] = {each: [] for each in wanted}
        for chunk in chunks(sorted({number for number, _ in wanted})):
            where = any_of("XRefInvoiceNum", map(quoted, chunk))
            for row in self.company.rows(f"{INVOICES}/ARInvoices", where=where, select=_SELECT, order="InvoiceNum"):
                key = (row["XRefInvoiceNum"], DocumentKind.CREDIT_NOTE if row["CreditMemo"] else DocumentKind.INVOICE)
                if key in found and not row["RefCancelled"] and not row["RefCancelledBy"]:
                    ds = self.dataset(str(row["InvoiceNum"]))
                    found[key] += [ds] if ds is not None else []
        return found

    def by_our_numbers(self, wanted: Sequence[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        """The live documents under each of our numbers; a head without lines is not yet one of them: the next create completes it."""
        return {key: [self.read(ds) for ds in each if not is_unfinished(ds)] for key, each in self.datasets(wanted).items()}

    def dataset(self, number: str) -> Row | None:
        """An invoice with its lines, charges and taxes, or None when it is gone."""
        if not number.isdigit():
            return None
        try:
            return self.company.get(INVOICES, "GetByID", invoiceNum=number)
        except PlatformError as error:
            if error.rule.name in {"gone", "not there"}:
                return None
            raise

    def expect(self, number: str) -> Row:
        """An invoice that was there a moment ago; raises PlatformError when it is gone."""
        return self.company.get(INVOICES, "GetByID", invoiceNum=number)

    def cancelling(self, number: str) -> Row | None:
        """The credit memo, posted or not, that cancels an invoice."""
        select = "InvoiceNum,GroupID,Posted"
        rows = self.company.rows(f"{INVOICES}/ARInvoices", where=f"RefCancelled eq {number}", select=select, order="InvoiceNum")
        return next(iter(rows), None)

    @staticmethod
    def read(ds: Row) -> RemoteDocument:
        """A dataset in canonical words; raises PlatformError where it is not of the documented form."""
        try:
            return remote_document(ds)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise PlatformError(f"the invoice lacks or misspells {error}", platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None
