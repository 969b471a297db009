"""Orders as they are read: state and amounts from /order, our number from /sales-order or the search, credits by their parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.brightpearl import reading
from airbooks.platforms.brightpearl.reading import Row, documented

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook

ZERO = Decimal(0)


class Orders:
    """The sales orders and sales credits of one account."""

    def __init__(self, hook: BrightpearlHook) -> None:
        self._hook, self._client = hook, hook.client

    # -- finding ----------------------------------------------------------------------------------------------------------

    def numbered(self, number: str, kind: DocumentKind) -> list[str]:
        """The ids of the orders with exactly this external reference, void ones included; of our integration where it is known."""
        asked = {"externalRef": number, "orderTypeId": reading.TYPE_ID[kind]}
        rows = list(self._client.search("order-service/order-search", **asked))
        return documented(lambda: [str(row["orderId"]) for row in rows if row["externalRef"] == number and self._is_ours(row)])

    def _is_ours(self, row: Row) -> bool:
        ours, theirs = str(self._hook.setting("instance_id") or ""), str(row["installedIntegrationInstanceId"] or "")
        return not ours or not theirs or ours == theirs

    # -- reading ----------------------------------------------------------------------------------------------------------

    def rows(self, ids: Iterable[str]) -> list[Row]:
        """Orders in the words of /order; an unknown id is missing from the answer, and an empty answer is a good one."""
        wanted = [each for each in ids if each.isdigit()]
        return self._client.by_ids("order-service/order", wanted) if wanted else []

    def read(self, ids: Iterable[str]) -> dict[str, RemoteDocument]:
        """What exists of the ids, as remote documents by id, with as few requests for all of them as for one."""
        return documented(lambda: self._read(self.rows(ids)))

    def _read(self, rows: Sequence[Row]) -> dict[str, RemoteDocument]:
        numbers, cancelled = self._numbers(rows)
        credited = self.credited([row for row in rows if row["orderTypeCode"] == "SO" and reading.is_invoiced(row)])
        paid = self._paid([row for row in rows if row["orderPaymentStatus"] == "PARTIALLY_PAID"])

        def document(row: Row) -> RemoteDocument:
            key = str(row["id"])
            return reading.remote_document(
                row, numbers.get(key, ""), cancelled=key in cancelled, credited=credited.get(key, ZERO), paid=paid.get(key)
            )

        return {str(row["id"]): document(row) for row in rows if row["orderTypeCode"] in ("SO", "SC")}

    def one(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None:
        found = self.read([remote_id]).get(remote_id)
        return found if found is not None and found.kind is kind else None

    def live(self, wanted: Iterable[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        """The documents under each number that are not void: a search for each, and one reading of all."""
        ids = {each: self.numbered(*each) for each in dict.fromkeys(wanted)}
        held = {
            key: each
            for key, each in self.read(key for keys in ids.values() for key in keys).items()
            if each.status is not DocumentStatus.VOID
        }
        return {each: [held[key] for key in keys if key in held] for each, keys in ids.items()}

    def _numbers(self, rows: Sequence[Row]) -> tuple[dict[str, str], set[str]]:
        """Our number of each order, which /order does not tell, and the ids of those that are cancelled."""
        sales = [str(row["id"]) for row in rows if row["orderTypeCode"] == "SO"]
        others = [str(row["id"]) for row in rows if row["orderTypeCode"] == "SC"]
        found: dict[str, str] = {}
        cancelled = set(self._cancelled_credits(rows))
        for row in self._client.by_ids("order-service/sales-order", sales) if sales else ():
            found[str(row["id"])] = str(row.get("externalRef") or "")
            cancelled |= {str(row["id"])} if row.get("isCanceled") else set()
        for listed in self._client.search("order-service/order-search", orderId=",".join(others)) if others else ():
            found[str(listed["orderId"])] = str(listed["externalRef"] or "")
        return found, cancelled

    def _cancelled_credits(self, rows: Sequence[Row]) -> Iterable[str]:
        """Credits say nothing of being cancelled but by their status."""
        status = str(self._hook.setting("cancelled_credit_status_id") or "")
        return (str(row["id"]) for row in rows if row["orderTypeCode"] == "SC" and str(row["orderStatus"]["orderStatusId"]) == status)

    def credited(self, invoiced: Sequence[Row]) -> dict[str, Decimal]:
        """What closed sales credits take off each invoiced order."""
        if not invoiced:
            return {}
        parents = ",".join(str(row["id"]) for row in invoiced)
        listed = self._client.search(
            "order-service/order-search", parentOrderId=parents, orderTypeId=reading.TYPE_ID[DocumentKind.CREDIT_NOTE]
        )
        found: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for row in self.rows([str(each["orderId"]) for each in listed]):
            if reading.is_invoiced(row):
                found[str(row["parentOrderId"])] += Decimal(row["totalValue"]["total"])
        return found

    def _paid(self, rows: Sequence[Row]) -> dict[str, Decimal]:
        """What is paid on each order: payments that were deleted are listed nowhere, but are missing here."""
        if not rows:
            return {}
        totals = self._client.by_ids("accounting-service/sale-payment-total", [str(row["id"]) for row in rows])
        return documented(lambda: {str(each["orderId"]): Decimal(each["amountPaid"]) for each in totals})
