"""The pod over HTTP: resources, children, actions, batches, and the identity domain's token end point."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from airbooks.platforms.oracle_fusion.sandbox import lists, query, receipts, transactions
from airbooks.platforms.oracle_fusion.sandbox.access import ISSUER, SCOPE, Access, TokenRefused
from airbooks.platforms.oracle_fusion.sandbox.answers import Refusal, Row, Unauthorised, answer, gateway_page, refused, unauthorised
from airbooks.platforms.oracle_fusion.sandbox.pod import BANK_ACCOUNT, BUSINESS_UNIT, MEMO_LINES, REGIME, SOURCE, TERMS, Pod
from airbooks.platforms.oracle_fusion.sandbox.transactions import CREDIT_MEMO, INVOICE
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Simulator

_NUMBER = re.compile(r'(?:^|;)\s*TransactionNumber\s*=\s*"([^"]*)"')
ROOT = "/fscmRestApi/resources/11.13.18.05"
ADF = "application/vnd.oracle.adf."
ITEM_TYPES = (f"{ADF}resourceitem+json", "application/json")
PAYABLES = {"InvoiceNumber", "InvoiceCurrency", "InvoiceAmount", "InvoiceDate", "BusinessUnit", "Supplier", "SupplierSite", "InvoiceGroup"}


@dataclass(frozen=True)
class Call:
    """One request after its body was read."""

    method: str
    path: tuple[str, ...]  # below the collection root
    asked: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def version(self) -> int:
        text = self.headers.get("rest-framework-version", "1")
        return int(text) if text.isdigit() else 1

    def json(self, *types: str) -> Row:
        """The body; its media type must be one of `types`."""
        if self.headers.get("content-type", "").partition(";")[0] not in types:
            raise Refusal("The media type of the request is not supported.", status=415)
        try:
            value = json.loads(self.body, parse_float=Decimal)
        except ValueError:
            raise Refusal("The request body is not JSON.") from None
        if not isinstance(value, dict):
            raise Refusal("The request body is not a JSON object.")
        return value

    def expand(self) -> set[str]:
        return {part for part in self.asked.get("expand", "").split(",") if part}


class OracleFusionSimulator(Simulator):
    slug = "oracle_fusion"
    faults: ClassVar[dict[str, str]] = {
        "lost_in_gateway": "What is asked is done, and a gateway answers 504 with an HTML page.",
        "no_data_access": "The user has lost data access to the business unit: lists are empty, creates are refused.",
        "privilege_missing": "The user's role has lost its privileges: HTTP 403.",
        "not_queryable": "The attribute `attribute` cannot stand in a q.",
        "schema_drift": "The attribute `attribute` is missing from every row that is shown.",
        "change_ignored": "A change is answered as done, and nothing is changed.",
        "sign_on_page": "A sign-on page in HTML with HTTP 200, as a misrouted vanity host answers.",
    }

    def seed(self) -> None:
        self.access.seed()
        self.pod.seed(self.context.options.get("catalogue", []))

    def routes(self) -> None:
        self.access, self.pod = Access(self.store, self.clock), Pod(self.store, self.clock)
        self.router.add_api_route("/oauth2/v1/token", self._token, methods=["POST"])
        self.router.add_api_route(ROOT, self._adf, methods=["POST"])
        self.router.add_api_route(ROOT + "/{path:path}", self._adf, methods=["GET", "POST", "PATCH", "DELETE"])

    def connection(self, auth: str = "oauth2") -> Row:
        """The connection of the integration user (`basic`), the registered client (`oauth2`) or the trusted issuer (`jwt`)."""
        ((user, known),) = self.access.users.items()
        ((client, registered),) = self.access.clients.items()
        extra: Row = {
            "auth": auth,
            "business_unit": BUSINESS_UNIT,
            "transaction_source": SOURCE,
            "find_customers": "number",
            "payment_terms": ", ".join(TERMS),
            "memo_lines": ", ".join(MEMO_LINES),
            "discount_memo_line": "Document Discount",
            "charge_memo_line": "Document Charge",
            "line_segments": "department=department:AR_DEPARTMENT",
            "tax_regime": REGIME,
            "allow_delete": True,
            "receipt_method": "Wire Transfer",
            "remittance_bank_account": BANK_ACCOUNT,
        }
        if auth == "oauth2":
            extra |= {"token_url": f"{self.context.base_url}/oauth2/v1/token", "scope": SCOPE}
        if auth == "jwt":
            trusted = self.access.trusted()
            extra |= {
                "jwt_issuer": ISSUER,
                "username": user,
                "jwt_private_key": trusted["private"],
                "jwt_cert_thumbprint": trusted["x5t"],
            }
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "login": {"oauth2": client, "basic": user}.get(auth, ""),
            "password": {"oauth2": registered["secret"], "basic": known["password"]}.get(auth, ""),
            "extra": extra,
        }

    # -- books ------------------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        return Books(
            documents=[_booked(row) for row in self.pod.transactions.values()],
            payments=[
                BookedPayment(
                    remote_id=str(row["StandardReceiptId"]),
                    reference=row["ReceiptNumber"],
                    currency=row["Currency"],
                    amount=row["_amount"],
                    applied=self._applied(row),
                    status="void" if row["Status"] == "Reversed" else "posted",
                )
                for row in self.pod.receipts.values()
            ],
        )

    def _applied(self, receipt: Row) -> dict[str, Decimal]:
        applied: dict[str, Decimal] = {}
        for each in receipts.applications_of(self.pod, receipt):
            document = str(each["ReferenceTransactionId"])
            applied[document] = applied.get(document, Decimal(0)) + each["ApplicationAmount"]
        return applied

    # -- HTTP -------------------------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        body = (await request.body()).decode()
        try:
            return JSONResponse(self.access.issue(request.headers.get("authorization", ""), body))
        except TokenRefused as refusal:
            return JSONResponse({"error": refusal.error, "error_description": str(refusal)}, refusal.status)

    async def _adf(self, request: Request) -> Response:
        body = await request.body()
        below = request.path_params.get("path", "")
        call = Call(request.method, tuple(below.split("/")) if below else (), dict(request.query_params), request.headers, body)
        try:
            self.access.user(request.headers.get("authorization", ""))
            return self._answer(call)
        except Unauthorised as missing:
            return unauthorised(missing.scheme)
        except Refusal as refusal:
            return refused([refusal], call.version)

    def _answer(self, call: Call) -> Response:
        if self.struck("privilege_missing") is not None:
            raise Refusal("You don't have the required privilege.", status=403)
        if self.struck("sign_on_page") is not None:
            return Response("<html><body>Sign in</body></html>", 200, media_type="text/html")
        done = self._batch(call) if not call.path else self._resource(call)
        return gateway_page(504) if call.method != "GET" and self.struck("lost_in_gateway") is not None else done

    def _resource(self, call: Call) -> Response:
        match call.method, call.path:
            case "GET", (name,):
                return answer(200, self._collection(call, name, self._rows(name, call)), "resourcecollection")
            case "POST", (name,):
                return answer(201, self._linked(self._create(name, call.json(*ITEM_TYPES)), name))
            case _, (name, key):
                return self._one(call, name, key)
            case "GET", (name, key, "child", child):
                return answer(200, self._collection(call, child, self._children(name, key, child)), "resourcecollection")
            case "POST", ("standardReceipts", key, "action", "applyReceipt"):
                receipts.apply(self.pod, _found(self.pod.receipts, key), call.json(f"{ADF}action+json"))
                return answer(200, {"result": "SUCCESS"}, "actionresult")
        raise Refusal("", status=404)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _rows(self, name: str, call: Call) -> list[Row]:
        if self.armed.get("no_data_access") and name in {INVOICE, CREDIT_MEMO, "standardReceipts"}:
            return []
        if name in {INVOICE, CREDIT_MEMO}:
            number = _asked_number(call)
            everything = self.pod.transactions.values() if number is None else self.pod.transactions.where("TransactionNumber", number)
            held = [row for row in everything if row["_resource"] == name]
            return [transactions.shown(row, children=call.expand()) for row in held]
        if name == "standardReceipts":
            return [receipts.shown(self.pod, row, children=call.expand()) for row in self.pod.receipts.values()]
        if name == "receivablesCustomerAccountActivities":
            return lists.accounts(self.pod)
        if name not in lists.QUERYABLE or name == "standardReceiptApplications":
            raise Refusal("", status=404)
        return lists.rows(self.pod, name)

    def _children(self, name: str, key: str, child: str) -> list[Row]:
        if (name, child) == ("receivablesCustomerAccountActivities", "standardReceiptApplications"):
            found = lists.applications(self.pod, key)
            if found is not None:
                return found
        if (name, child) == (INVOICE, "receivablesInvoiceInstallments"):
            return list(_found(self.pod.transactions, key)["_installments"])
        raise Refusal("", status=404)

    def _collection(self, call: Call, name: str, rows: list[Row]) -> Row:
        queryable = set(lists.QUERYABLE.get(name, ())) - {str((self.armed.get("not_queryable") or {}).get("attribute"))}
        wanted = query.conditions(call.asked["q"], queryable, call.version) if call.asked.get("q") else []
        if call.asked.get("finder"):
            wanted += query.finder(call.asked["finder"], lists.FINDERS.get(name, {}))
        chosen, about = query.page([row for row in rows if query.matches(row, wanted)], call.asked)
        is_bare = call.asked.get("onlyData") == "true"
        chosen = [self._drifted(row) if is_bare else self._linked(row, name) for row in chosen]
        if call.asked.get("fields"):
            names = set(call.asked["fields"].split(","))
            chosen = [{key: value for key, value in row.items() if key in names or key == "links"} for row in chosen]
        return {"items": chosen, **about, "links": [{"rel": "self", "href": f"{self.context.base_url}{ROOT}/{name}", "name": name}]}

    def _drifted(self, row: Row) -> Row:
        gone = (self.armed.get("schema_drift") or {}).get("attribute")
        return {name: value for name, value in row.items() if name != gone}

    def _linked(self, row: Row, name: str) -> Row:
        """A row with its link, which carries the change indicator of a transaction."""
        key = str(row.get("CustomerTransactionId", row.get("StandardReceiptId", "")))
        held = self.pod.transactions.get(key, {})
        link = {"rel": "self", "href": f"{self.context.base_url}{ROOT}/{name}/{key}", "name": name, "kind": "item"}
        if "_change" in held:
            link["properties"] = {"changeIndicator": _indicator(held)}  # type: ignore[assignment]
        return {**self._drifted(row), "links": [link]}

    # -- writing ----------------------------------------------------------------------------------------------------------

    def _create(self, name: str, body: Row) -> Row:
        no_access = bool(self.armed.get("no_data_access"))
        if name in {INVOICE, CREDIT_MEMO}:
            return transactions.shown(transactions.create(self.pod, name, body, no_access), children={"all"})
        if name == "standardReceipts":
            return receipts.shown(self.pod, receipts.create(self.pod, body, no_access), children={"all"})
        if name == "invoices":
            return self._supplier_invoice(body)
        raise Refusal("", status=404)

    def _supplier_invoice(self, body: Row) -> Row:
        """Payables: a debt to a supplier, which is not what a sale is."""
        unknown = [each for each in body if each not in PAYABLES]
        if unknown:
            raise Refusal(f"Unknown attribute {unknown[0]} in the payload.", path=f"/{unknown[0]}")
        row = {"InvoiceId": self.pod.new_id(), **body}
        self.pod.payables[str(row["InvoiceId"])] = row
        return row

    def _one(self, call: Call, name: str, key: str) -> Response:
        if name == "standardReceipts" and call.method == "GET":
            row = receipts.shown(self.pod, _found(self.pod.receipts, key), children=call.expand())
            return answer(200, self._linked(row, name))
        if name not in {INVOICE, CREDIT_MEMO}:
            raise Refusal("", status=404)
        held = _found(self.pod.transactions, key)
        if held["_resource"] != name:
            raise Refusal("", status=404)
        if call.method == "GET":
            return answer(200, self._linked(transactions.shown(held, children=call.expand()), name))
        if name == CREDIT_MEMO:
            raise Refusal("The operation is not supported on credit memos.", status=400)
        if call.headers.get("if-match") not in (None, _indicator(held)):
            raise Refusal("The resource was changed by another user.", status=412)
        return self._write(call, held)

    def _write(self, call: Call, held: Row) -> Response:
        if call.method == "DELETE":
            transactions.delete(self.pod, held)
            return Response(status_code=204)
        if call.method == "PATCH":
            changed = held if self.struck("change_ignored") is not None else transactions.change(self.pod, held, call.json(*ITEM_TYPES))
            return answer(200, self._linked(transactions.shown(changed, children={"all"}), INVOICE))
        raise Refusal("", status=404)

    def _batch(self, call: Call) -> Response:
        """All parts or none: one refused part undoes the others, and the error tells only of the refused ones."""
        parts = call.json(f"{ADF}batch+json").get("parts") or []
        before = [dict(table) for table in self.pod.tables()]
        done, wrong = [], []
        for part in parts:
            try:
                done.append(self._part(part))
            except Refusal as refusal:
                wrong.append(refusal)
        if not wrong:
            return answer(200, {"parts": done}, "batch")
        for table, rows in zip(self.pod.tables(), before, strict=True):
            for key in [key for key in table if key not in rows]:
                del table[key]
        return refused(wrong, call.version)

    def _part(self, part: Row) -> Row:
        name = str(part.get("path", "")).removeprefix("/")
        if part.get("operation") != "create":
            raise Refusal(f"The operation {part.get('operation')} is not supported here.")
        payload = self._linked(self._create(name, part.get("payload") or {}), name)
        return {"id": part.get("id"), "path": part["path"], "operation": "create", "payload": payload}


def _found(table: Mapping[str, Row], key: str) -> Row:
    if key not in table:
        raise Refusal("", status=404)
    return table[key]


def _indicator(row: Row) -> str:
    return f"ACED0005737200{int(row['_change']):06X}"


def _booked(row: Row) -> Booked:
    resource, sign = row["_resource"], -1 if row["_resource"] == CREDIT_MEMO else 1
    tax = transactions.tax_of(resource, row["_lines"])
    total: Any = row["EnteredAmount"]
    return Booked(
        remote_id=str(row["CustomerTransactionId"]),
        kind="credit_note" if resource == CREDIT_MEMO else "invoice",
        number=row["TransactionNumber"],
        our_number=row["TransactionNumber"],
        status=_status(row),
        customer=row["BillToCustomerNumber"],
        currency=row.get("InvoiceCurrencyCode") or row["CreditMemoCurrency"],
        net=sign * (total - tax),
        tax=sign * tax,
        total=sign * total,
        balance=sign * row["InvoiceBalanceAmount"],
        lines=len(row["_lines"]),
    )


def _status(row: Row) -> str:
    if (row.get("InvoiceStatus") or row.get("CreditMemoStatus")) == "Incomplete":
        return "draft"
    if row.get("_credited"):
        return "void"
    if row["InvoiceBalanceAmount"] == 0:
        return "paid" if row["EnteredAmount"] else "open"
    return "open" if row["InvoiceBalanceAmount"] == row["EnteredAmount"] else "partially_paid"


def _asked_number(call: Call) -> str | None:
    """The transaction number that a `q` asks for, among other things or alone."""
    found = _NUMBER.search(call.asked.get("q", ""))
    return found[1] if found else None
