"""The smallest platform there is: a paper journal behind HTTP. Tests of the server use it; it knows one fault of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from fastapi import Request
from fastapi.responses import JSONResponse

from airbooks.sandbox.kit import Booked, Books, Row, Simulator


class PaperJournal(Simulator):
    slug = "paper"
    faults: ClassVar[dict[str, str]] = {"journal_full": "refuses every further invoice"}

    def routes(self) -> None:
        self.router.add_api_route("/invoices", self.create, methods=["POST"])
        self.router.add_api_route("/invoices", self.listed, methods=["GET"])

    def seed(self) -> None:
        for item in self.context.options["catalogue"]:
            self.store.table("items")[item["code"]] = item

    async def create(self, request: Request) -> JSONResponse:
        if self.struck("journal_full"):
            return JSONResponse({"error": "journal full"}, 409)
        body = await request.json()
        remote_id = f"P{self.store.next_number('invoice')}"
        self.store.table("invoices")[remote_id] = {"number": body["number"], "total": Decimal(body["total"])}
        return JSONResponse({"id": remote_id, "number": body["number"]}, 201)

    async def listed(self) -> list[str]:
        return list(self.store.table("invoices"))

    def books(self) -> Books:
        return Books(documents=[_booked(remote_id, row) for remote_id, row in self.store.table("invoices").items()], payments=[])

    def connection(self) -> Row:
        return {
            "conn_type": "paper",
            "host": self.context.base_url,
            "password": "ink-and-quill",
            "extra": {"client_secret": "blotting-paper"},
        }


def _booked(remote_id: str, row: Row) -> Booked:
    total = row["total"]
    return Booked(
        remote_id=remote_id,
        kind="invoice",
        number=remote_id,
        our_number=row["number"],
        status="open",
        customer="C-US-0001",
        currency="USD",
        net=total,
        tax=Decimal(0),
        total=total,
        balance=total,
        lines=1,
    )


SIMULATOR = PaperJournal
