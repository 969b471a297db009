"""Unposted documents on their way into SLArinvs: entered with their distributions, completed, changed, taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.infor_syteline import mapping, reading, settling
from airbooks.platforms.infor_syteline.documents import Documents
from airbooks.platforms.infor_syteline.ido import DELETE, UPDATE, Change, Row, Values
from airbooks.platforms.infor_syteline.mapping import KEYS, Document
from airbooks.platforms.infor_syteline.spec import BROKEN_OFF, CHANGED_THERE, NESTED, NOT_BEGUN, SEPARATE, SPEC, UNFIT
from airbooks.platforms.references import References

_NUMBERS = {*reading.SUMS, "InvSeq", "ExchRate"}
_WRITE_ONLY = {"UseExchRate", "FixedRate", "IncludeTaxInPrice"}


class Entering:
    """Writes the unposted documents of one site."""

    def __init__(self, documents: Documents, settings: Mapping[str, str]) -> None:
        self.documents, self.idos = documents, documents.idos
        self._nests = settings.get("distributions", SEPARATE) == NESTED

    def enter(self, head: Values, rows: Sequence[Values]) -> Row:
        """A new document, or the one that an earlier try has left; answers its row.

        Raises PlatformError: did not happen where nothing is left of it there, else unknown.
        """
        try:
            self.idos.change(self.requests(head, rows)[0])
        except PlatformError as error:
            row = self._there(head) if error.rule.name == "exists already" else None
            if row is None or not _is_ours(row, head):
                raise
            with _after_the_head():
                self.complete(row, rows)
            return row
        row = self._read_back(head)
        if not self._nests:
            self._distribute(row, rows)
        return row

    def requests(self, head: Values, rows: Sequence[Values]) -> list[Change]:
        """The changes that enter a document: one with nested distributions, or its head and then each distribution."""
        change = mapping.insert_head(head)
        if self._nests:
            return [mapping.nested(change, [mapping.insert_distribution({}, row) for row in rows])]
        keys = {name: head.get(name, "") for name in KEYS}
        return [change, *(mapping.insert_distribution(keys, row) for row in rows)]

    def _there(self, head: Values) -> Row | None:
        if "InvNum" in head:
            return self.documents.unposted_row(head)
        return self.documents.unposted_by_reference(head["Ref"], head["CustNum"].strip())

    def _read_back(self, head: Values) -> Row:
        """The row just made: an answer's RefreshItems may be empty, and SyteLine may have given the number."""
        with _after_the_head():
            row = self._there(head)
        if row is None:
            raise error_of(BROKEN_OFF, "the document was entered and is not in SLArinvs")
        return row

    def _distribute(self, row: Row, rows: Sequence[Values]) -> None:
        """A distribution that is refused takes the document along; any other failure leaves it to be completed before it is posted."""
        try:
            for change in settling.changes(_keys(row), rows, []):
                self.idos.change(change)
        except PlatformError as error:
            if error.action is not Action.REVIEW or error.outcome is not Outcome.DID_NOT_HAPPEN:
                raise broken_off(error) from None
            self._take_back(row, error)
            raise

    def _take_back(self, row: Row, because: PlatformError) -> None:
        try:
            self.delete(row["_ItemId"])
        except PlatformError:
            raise broken_off(because) from None

    def complete(self, row: Row, rows: Sequence[Values]) -> None:
        """Add what is missing of the distributions; a document whose distributions are whole is left as it is, whoever changed them."""
        found = self.documents.distributions(row)
        if found and sum((Decimal(each["Amount"]) for each in found), Decimal(0)) == reading.cents(row["DerAmtTotInv"]):
            return
        for change in settling.changes(_keys(row), rows, found):
            self.idos.change(change)

    def change(self, row: Row, version: str, head: Values, rows: Sequence[Values]) -> None:
        """Make an unposted document equal to ours. Its version is compared first; the head, which holds the total, is written last.

        Until then distributions and total disagree, so that nobody can post what is half changed.
        """
        if row["_ItemId"] != version:
            raise error_of(CHANGED_THERE, "somebody changed the document in SyteLine meanwhile")
        settled = settling.changes(_keys(row), rows, self.documents.distributions(row))
        changed = Change(ido="SLArinvs", action=UPDATE, values=head_changes(row, head), item_id=version)
        due = [*settled, changed] if changed.values else settled
        if self._nests and due:
            due = [mapping.nested(changed, [_as_child(each) for each in settled])]
        for each in due:
            self.idos.change(each)

    def redate(self, row: Row, head: Values) -> None:
        """Give an unposted document the date that a person has chosen since (after a closed period)."""
        if row["InvDate"] == head["InvDate"]:
            return
        dates = {name: head[name] for name in ("InvDate", "DueDate", "Description") if name in head}
        self.idos.change(Change(ido="SLArinvs", action=UPDATE, values=dates, item_id=row["_ItemId"]))

    def delete(self, item_id: str) -> None:
        """Take an unposted document away; its distributions go with it (from memory)."""
        self.idos.change(Change(ido="SLArinvs", action=DELETE, values={}, item_id=item_id))


def head_changes(row: Row, head: Values) -> dict[str, str]:
    """The properties of the head that differ, and those that ours no longer has, to be cleared."""
    clearable = ("DueDate", "TermsCode", "TaxCode1", "TaxCode2", "AcctUnit1", "AcctUnit2", "AcctUnit3", "AcctUnit4")
    wanted = dict.fromkeys(clearable, "") | dict(head)
    compared = {name: value for name, value in wanted.items() if name not in _WRITE_ONLY}
    changed = {name: value for name, value in compared.items() if not settling.same(name in _NUMBERS, row.get(name), value)}
    pinned = {name: head[name] for name in ("UseExchRate", "FixedRate") if name in head and "ExchRate" in changed}
    return {**changed, **pinned}


def _keys(row: Row) -> dict[str, str]:
    return {name: row[name] for name in KEYS}


def _as_child(change: Change) -> Change:
    """A nested change gets its keys over the links."""
    values = {name: value for name, value in change.values.items() if name not in KEYS}
    return Change(ido=change.ido, action=change.action, values=values, item_id=change.item_id)


def _is_ours(row: Row, head: Values) -> bool:
    """Whether the document under this key is what we meant to enter: type, reference and total."""
    ours = sum((Decimal(head[name]) for name in reading.SUMS if name in head), Decimal(0))
    return (row["Type"], (row["Ref"] or "").strip()) == (head["Type"], head["Ref"]) and reading.cents(row["DerAmtTotInv"]) == ours


def error_of(rule: ErrorRule, message: str, field: str = "") -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=rule, field=field)


def broken_off(error: PlatformError) -> PlatformError:
    """The same failure after something had been entered: only a look-up tells what is there."""
    return error if error.outcome is Outcome.UNKNOWN else error.as_unknown("the document is entered in part")


def planned(document: Document, refs: References, options: Mapping[str, object], applies_to: str) -> tuple[Values, list[dict[str, str]]]:
    """Head and distributions of a document; raises PlatformError where a code cannot be used."""
    try:
        return mapping.head_values(document, refs, options, applies_to), mapping.distributions(document, refs)
    except (ReferenceMissing, mapping.ConflictError) as error:
        raise error_of(UNFIT, str(error), getattr(error, "kind", "")) from None


@contextmanager
def _after_the_head() -> Iterator[None]:
    """What fails in here fails after the head was entered."""
    try:
        yield
    except PlatformError as error:
        raise broken_off(error) from None


@contextmanager
def before_sending() -> Iterator[None]:
    """What fails in here fails before anything was entered: the document's outcome is certain, and what was left open can be repeated."""
    try:
        yield
    except PlatformError as error:
        if error.action is Action.LOOK_UP:
            raise error_of(NOT_BEGUN, str(error)) from None
        raise error.as_not_happened() from None
