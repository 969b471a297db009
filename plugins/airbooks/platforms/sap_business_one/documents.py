"""Documents as Business One holds them: posted ones and drafts, found by our number or key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from airbooks.canonical import DocumentKind, RemoteDocument
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.sap_business_one.client import Client, Row, any_of, chunks, quoted
from airbooks.platforms.sap_business_one.mapping import OBJECT_NAMES, SETS
from airbooks.platforms.sap_business_one.reading import FIELDS, Currencies, is_reversal, remote_document
from airbooks.platforms.sap_business_one.spec import SPEC

Wanted = tuple[str, DocumentKind]
# Of the drafts that bear our number only those of approval procedures count: pending, granted or refused.
UNDER_APPROVAL = frozenset({"dasPending", "dasApproved", "dasRejected"})


class Documents:
    """The invoices and credit memos of one company."""

    def __init__(self, client: Client, field: str, currencies: Callable[[], Currencies]) -> None:
        self.client, self.field, self._currencies = client, field, currencies

    def read(self, row: Row, kind: DocumentKind) -> RemoteDocument:
        try:
            return remote_document(row, kind, self.field, self._currencies())
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            says = f"a document does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(says, platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None

    # -- posted ---------------------------------------------------------------------------------------------------------------

    def by_numbers(self, wanted: Iterable[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        """The live documents of each number. A cancelled one and its cancellation document bear the number, too: they do not count."""
        found: dict[Wanted, list[RemoteDocument]] = {each: [] for each in wanted}
        for kind, name in SETS.items():
            for row in self._with_numbers(name, [number for number, each in found if each is kind], f"{FIELDS},{self.field}", live=True):
                remote = self.read(row, kind).model_copy(update={"version": ""})  # the etag of a selected read is good for nothing
                if (remote.our_number, kind) in found:
                    found[remote.our_number, kind].append(remote)
        return found

    def _with_numbers(self, name: str, numbers: Sequence[str], select: str, *, live: bool) -> Iterable[Row]:
        for chunk in chunks(numbers):
            condition = any_of(self.field, map(quoted, chunk))
            condition = f"({condition}) and CancelStatus eq 'csNo'" if live else condition
            yield from self.client.rows(name, filter=condition, select=select, orderby="DocEntry")

    def row(self, remote_id: str, kind: DocumentKind) -> Row | None:
        """The whole entity: only its etag is good for a change."""
        return self.client.row(place(remote_id, kind))

    def by_id(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        row = self.row(remote_id, kind)
        return None if row is None or is_reversal(row) else self.read(row, kind)

    def cancellation_number(self, remote: RemoteDocument) -> str:
        """The number of the document that a cancellation left behind, or nothing."""
        rows = self._with_numbers(SETS[remote.kind], [remote.our_number], f"DocNum,CardCode,CancelStatus,{self.field}", live=False)
        return ", ".join(str(row["DocNum"]) for row in rows if is_reversal(row) and row[self.field] == remote.our_number)

    # -- drafts ---------------------------------------------------------------------------------------------------------------

    def under_approval(self, wanted: Sequence[Wanted]) -> dict[Wanted, Row]:
        """The newest draft of each number that an approval procedure made."""
        names = {object_name: kind for kind, object_name in OBJECT_NAMES.items()}
        numbers = list(dict.fromkeys(number for number, _ in wanted))
        select = f"DocEntry,DocNum,DocObjectCode,AuthorizationStatus,{self.field}"
        found: dict[Wanted, Row] = {}
        for row in self._with_numbers("Drafts", numbers, select, live=False):
            key = (str(row[self.field]), names.get(row["DocObjectCode"], DocumentKind.INVOICE))
            if key in wanted and row["AuthorizationStatus"] in UNDER_APPROVAL:
                found[key] = row
        return found

    def release(self, draft: Row) -> None:
        """Make the document of a draft that was approved."""
        self.client.act("DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": str(draft["DocEntry"])}})


def place(remote_id: str, kind: DocumentKind) -> str:
    """The path of a document from its remote id (object type and key)."""
    return f"{SETS[kind]}({remote_id.partition('-')[2]})"
