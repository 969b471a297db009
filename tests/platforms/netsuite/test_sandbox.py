"""The simulator refuses what the vendor refuses, and answers in the vendor's forms."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from airbooks.platforms.netsuite.sandbox.access import signature
from airbooks.sandbox.server import Sandbox, running

SLUG = "netsuite"
_serial = count(1)


class Client:
    """A plain HTTP client of the simulated account."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.connection = sandbox.simulators[SLUG].connection()
        self.root = self.connection["host"]
        self.http = httpx.Client(timeout=10)
        self.bearer = self.token().json()["access_token"]

    def token(self, *, header: dict[str, Any] | None = None, form: dict[str, str] | None = None, **claims: Any) -> httpx.Response:
        now = int(time.time())
        given = {"iss": self.connection["login"], "scope": "rest_webservices", "aud": self.token_url, "iat": now, "exp": now + 300}
        key = ECKey.import_key(self.connection["password"])
        signed = jwt.encode(
            {"typ": "JWT", "alg": "ES256", "kid": self.connection["extra"]["certificate_id"], **(header or {})}, {**given, **claims}, key
        )
        body = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": signed,
        }
        return self.http.post(self.token_url, data={**body, **(form or {})})

    @property
    def token_url(self) -> str:
        return f"{self.root}/services/rest/auth/oauth2/v1/token"

    def ask(self, method: str, path: str, body: Any = None, *, params: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.bearer}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        url = path if path.startswith("http") else f"{self.root}/services/rest/{path}"
        return self.http.request(method, url, json=body, params=params, headers=sent)

    def get(self, path: str, **params: str) -> Any:
        answer = self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def made(self, kind: str, body: Any, *, key: str = "") -> str:
        answer = self.ask("POST", f"record/v1/{kind}", body, X_NetSuite_Idempotency_Key=key)
        assert (answer.status_code, answer.content) == (204, b""), answer.text
        return answer.headers["location"].rpartition("/")[2]

    def refused(self, answer: httpx.Response) -> tuple[int, str, str]:
        detail = answer.json()["o:errorDetails"][0]
        return answer.status_code, detail["o:errorCode"], detail["detail"]

    def customer(self, **fields: Any) -> str:
        code = f"CUST-{next(_serial)}"
        body = {"companyName": code, "entityId": code, "externalId": code, "subsidiary": {"id": "1"}}
        return self.made("customer", {**body, **fields})

    def invoice(self, customer: str = "", **fields: Any) -> str:
        return self.made("invoice", self.body(customer, **fields))

    def body(self, customer: str = "", **fields: Any) -> dict[str, Any]:
        line = {"item": {"id": "98"}, "quantity": 2, "rate": 100.5, "price": {"id": "-1"}}
        return {
            "externalId": f"INV-{next(_serial)}",
            "entity": {"id": customer or self.customer()},
            "taxDetailsOverride": True,
            "item": {"items": [line]},
            **fields,
        }


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Client(sandbox)


@pytest.fixture(autouse=True)
def calm(client: Client) -> Iterator[None]:
    yield
    client.sandbox.clear_faults()


# -- log-in -------------------------------------------------------------------------------------------------------------------


def test_a_token_lives_for_an_hour_and_there_is_no_refresh_token(client: Client) -> None:
    answer = client.token()
    assert (answer.status_code, set(answer.json())) == (200, {"access_token", "expires_in", "token_type"})
    assert int(answer.json()["expires_in"]) == 3600


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "https://elsewhere/token"},
        {"scope": "restlets"},
        {"exp": int(time.time()) + 7200},
        {"exp": int(time.time()) - 10},
        {"header": {"kid": "unknown"}},
        {"form": {"grant_type": "password"}},
        {"form": {"client_assertion": "a.b.c"}},
    ],
    ids=lambda value: "-".join(map(str, value)),
)
def test_an_assertion_must_be_right_in_every_part(client: Client, changes: dict[str, Any]) -> None:
    answer = client.token(**changes)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_without_or_with_another_token_nobody_gets_in(client: Client) -> None:
    answer = client.ask("GET", "record/v1/invoice/1", Authorization="Bearer eyJwrong")
    assert client.refused(answer)[:2] == (401, "INVALID_LOGIN")
    assert answer.json()["title"] == "Unauthorized"


def test_a_signed_request_is_checked_with_its_query_and_taken_once(client: Client) -> None:
    url = f"{client.root}/services/rest/record/v1/metadata-catalog"
    own = [
        ("oauth_consumer_key", client.connection["login"]),
        ("oauth_token", "sandbox-token-id-4711"),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", str(int(time.time()))),
        ("oauth_nonce", uuid4().hex[:20]),
    ]

    def ask(signed: str) -> int:
        fields = "".join(f', {name}="{value}"' for name, value in own)
        header = f'OAuth realm="1234567_SB1"{fields}, oauth_signature="{httpx.QueryParams({"s": signed})}"'.replace('"s=', '"')
        return client.ask("GET", url, params={"select": "invoice"}, Authorization=header, Accept="application/swagger+json").status_code

    right = signature("GET", url, [*own, ("select", "invoice")], "sandbox-consumer-secret", "sandbox-token-secret")
    without_query = signature("GET", url, own, "sandbox-consumer-secret", "sandbox-token-secret")
    assert ask(without_query) == 401
    assert ask(right) == 200
    assert ask(right) == 401  # the nonce was used


# -- records ------------------------------------------------------------------------------------------------------------------


def test_a_create_answers_204_with_a_location_and_the_server_adds_up(client: Client) -> None:
    detail = {
        "taxDetailsReference": "NEW_ITEM_0",
        "taxCode": {"id": "11"},
        "taxType": {"id": "3"},
        "taxBasis": 201,
        "taxRate": 8.25,
        "taxAmount": 16.58,
    }
    line = {"item": {"id": "98"}, "quantity": 2, "rate": 100.5, "amount": 7, "price": {"id": "-1"}, "taxDetailsReference": "NEW_ITEM_0"}
    key = client.invoice(item={"items": [line]}, taxDetails={"items": [detail]}, terms={"id": "2"}, tranDate="2026-02-10")
    row = client.get(f"record/v1/invoice/{key}")
    assert (row["subtotal"], row["taxTotal"], row["total"], row["amountRemaining"]) == (
        Decimal("201"),
        Decimal("16.58"),
        Decimal("217.58"),
        Decimal("217.58"),
    )
    assert (row["id"], row["dueDate"], row["status"]) == (key, "2026-03-12", {"id": "A", "refName": "Open"})
    assert set(row["item"]) == {"links"}  # a link, unless it is expanded
    assert len(client.get(f"record/v1/invoice/{key}", expandSubResources="true")["item"]["items"]) == 1


def test_an_unknown_name_is_dropped_with_a_warning_or_refused_as_asked(client: Client) -> None:
    body = client.body(purchaseOrder="PO-1")
    refused = client.ask("POST", "record/v1/invoice", body, X_NetSuite_PropertyNameValidation="Error")
    assert client.refused(refused) == (400, "INVALID_CONTENT", "Unknown property name: purchaseOrder.")
    dropped = client.ask("POST", "record/v1/invoice", body)
    assert dropped.status_code == 204
    assert "purchaseOrder" in dropped.headers["x-netsuite-warning"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"entity": {"id": "999999"}}, "USER_ERROR"),
        ({"entity": "220"}, "INVALID_CONTENT"),
        ({"tranDate": "2/10/2026"}, "INVALID_CONTENT"),
        ({"item": {"items": []}}, "USER_ERROR"),
        ({"item": [{"item": {"id": "98"}}]}, "INVALID_CONTENT"),
        ({"item": {"items": [{"item": {"id": "98"}, "quantity": "2"}]}}, "INVALID_CONTENT"),
        ({"currency": {"id": "4"}}, "USER_ERROR"),
        ({"subsidiary": {"id": "2"}}, "USER_ERROR"),
        ({"externalId": "INV|1"}, "INVALID_CONTENT"),
        ({"memo": "x" * 1000}, "INVALID_CONTENT"),
        ({"taxDetails": {"items": [{"taxDetailsReference": "NEW_ITEM_5"}]}}, "USER_ERROR"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_a_wrong_value_is_refused(client: Client, fields: dict[str, Any], code: str) -> None:
    answer = client.ask("POST", "record/v1/invoice", client.body(**fields))
    assert client.refused(answer)[:2] == (400, code)


def test_a_sale_without_the_custom_price_level_is_priced_by_the_list(client: Client) -> None:
    key = client.invoice(item={"items": [{"item": {"id": "98"}, "quantity": 1, "rate": 1}]})
    assert client.get(f"record/v1/invoice/{key}")["subtotal"] != 1


def test_external_ids_are_unique_over_all_transactions_without_case(client: Client) -> None:
    customer = client.customer()
    client.invoice(customer, externalId="Shared-1")
    again = client.ask("POST", "record/v1/invoice", client.body(customer, externalId="SHARED-1"))
    payment = {"externalId": "shared-1", "customer": {"id": customer}, "payment": 5, "account": {"id": "101"}}
    assert client.refused(again)[0] == 400
    assert "already exists" in client.refused(again)[2]
    assert "already exists" in client.refused(client.ask("POST", "record/v1/customerPayment", payment))[2]
    assert client.get("record/v1/invoice/eid:SHARED-1")["externalId"] == "Shared-1"
    assert client.refused(client.ask("GET", "record/v1/invoice/eid:NOBODY"))[:2] == (404, "NONEXISTENT_ID")


def test_a_patch_adds_lines_unless_the_sublist_is_replaced(client: Client) -> None:
    key = client.invoice()
    line = {"items": [{"item": {"id": "99"}, "quantity": 1, "rate": 10, "price": {"id": "-1"}}]}

    def lines(**params: str) -> list[Any]:
        assert client.ask("PATCH", f"record/v1/invoice/{key}", {"item": line}, params=params).status_code == 204
        return [each["item"]["id"] for each in client.get(f"record/v1/invoice/{key}", expandSubResources="true")["item"]["items"]]

    assert lines() == ["98", "99"]
    assert lines(replace="item") == ["99"]
    client.ask("PATCH", f"record/v1/invoice/{key}", {"item": {"items": [{"line": 1, "quantity": 3}]}})
    assert client.get(f"record/v1/invoice/{key}")["subtotal"] == 30


def test_an_upsert_by_external_id_creates_once_and_then_adds_lines(client: Client) -> None:
    body = client.body()
    external_id = body.pop("externalId")
    for total in (201, 402):
        assert client.ask("PUT", f"record/v1/invoice/eid:{external_id}", body).status_code == 204
        assert client.get(f"record/v1/invoice/eid:{external_id}")["total"] == total
    assert client.ask("PUT", "record/v1/invoice/647", body).status_code == 400


def test_locked_periods_and_applied_payments_stand_in_the_way_of_a_deletion(client: Client) -> None:
    customer = client.customer()
    key = client.invoice(customer)
    apply = {"items": [{"doc": {"id": key}, "apply": True}]}
    payment = client.made("customerPayment", {"customer": {"id": customer}, "payment": 300, "account": {"id": "101"}, "apply": apply})
    row = client.get(f"record/v1/customerPayment/{payment}", expandSubResources="true")
    assert [each["amount"] for each in row["apply"]["items"]] == [Decimal("201")]  # all that is due
    assert client.get(f"record/v1/invoice/{key}")["status"]["id"] == "B"
    assert client.refused(client.ask("DELETE", f"record/v1/invoice/{key}"))[1] == "USER_ERROR"
    off = {"apply": {"items": [{"doc": {"id": key}, "apply": False}]}}
    assert client.ask("PATCH", f"record/v1/customerPayment/{payment}", off).status_code == 204
    client.sandbox.inject(SLUG, "lock_period", through="2999-12-31")
    assert "accounting period" in client.refused(client.ask("DELETE", f"record/v1/invoice/{key}"))[2]
    client.sandbox.clear_faults()
    assert client.ask("DELETE", f"record/v1/invoice/{key}").status_code == 204
    assert client.ask("GET", f"record/v1/invoice/{key}").status_code == 404


def test_a_payment_needs_an_account_and_the_invoice_of_its_customer(client: Client) -> None:
    key, other = client.invoice(), client.customer()
    body = {"customer": {"id": other}, "payment": 5, "apply": {"items": [{"doc": {"id": key}, "apply": True}]}}
    assert client.refused(client.ask("POST", "record/v1/customerPayment", body))[2].endswith("account.")
    assert client.ask("POST", "record/v1/customerPayment", {**body, "account": {"id": "101"}}).status_code == 400


def test_a_transform_copies_the_invoice_and_is_applied_as_far_as_it_says(client: Client) -> None:
    key = client.invoice()
    unapplied = client.ask("POST", f"record/v1/invoice/{key}/!transform/creditMemo", {"externalId": f"VOID-{key}"})
    memo = client.get(unapplied.headers["location"].partition("/services/rest/")[2])
    assert (memo["total"], memo["unapplied"], memo["createdFrom"]) == (201, 201, {"id": key})
    assert client.get(f"record/v1/invoice/{key}")["amountRemaining"] == 201


def test_a_customer_needs_a_name_a_subsidiary_and_an_entity_id_of_its_own(client: Client) -> None:
    body = {"companyName": "Acme", "entityId": "ACME", "subsidiary": {"id": "1"}}
    assert client.refused(client.ask("POST", "record/v1/customer", {"entityId": "X", "subsidiary": {"id": "1"}}))[0] == 400
    assert client.refused(client.ask("POST", "record/v1/customer", {"companyName": "X"}))[0] == 400
    client.made("customer", body)
    assert "already exists" in client.refused(client.ask("POST", "record/v1/customer", body))[2]


# -- SuiteQL ------------------------------------------------------------------------------------------------------------------


def test_a_query_needs_its_preference_and_pages_that_divide(client: Client) -> None:
    body = {"q": "SELECT id, symbol FROM currency ORDER BY id"}
    path = "query/v1/suiteql"
    assert client.ask("POST", path, body).status_code == 400
    assert client.ask("POST", path, body, params={"limit": "2", "offset": "3"}, Prefer="transient").status_code == 400
    assert client.ask("POST", path, body, params={"limit": "1001"}, Prefer="transient").status_code == 400
    page = client.ask("POST", path, body, params={"limit": "2", "offset": "2"}, Prefer="transient").json()
    assert [each["symbol"] for each in page["items"]] == ["AUD", "EUR"]
    assert (page["count"], page["hasMore"], page["totalResults"]) == (2, False, 4)


def test_values_are_text_and_nulls_are_left_out(client: Client) -> None:
    key = client.invoice(externalId=None)
    query = {"q": "SELECT id, externalid, foreigntotal FROM transaction WHERE id = ?", "params": [key]}
    (row,) = client.ask("POST", "query/v1/suiteql", query, Prefer="transient").json()["items"]
    assert row == {"links": [], "id": key, "foreigntotal": "201.00"}


@pytest.mark.parametrize("query", ["SELECT id FROM nothing", "SELECT nothing FROM item", "DELETE FROM item", ""])
def test_what_is_no_query_is_refused(client: Client, query: str) -> None:
    answer = client.ask("POST", "query/v1/suiteql", {"q": query}, Prefer="transient")
    assert client.refused(answer)[:2] == (400, "INVALID_PARAMETER")


# -- jobs ---------------------------------------------------------------------------------------------------------------------


def submit(client: Client, *bodies: Any, key: str = "") -> httpx.Response:
    return client.ask(
        "POST",
        "record/v1/invoice",
        {"items": list(bodies)},
        Prefer="respond-async",
        Content_Type="application/vnd.oracle.resource+json; type=collection",
        X_NetSuite_Idempotency_Key=key,
    )


def test_a_job_is_pending_first_and_then_answers_task_by_task() -> None:
    with running([SLUG], time_scale=0.01) as sandbox:
        client = Client(sandbox)
        taken = submit(client, client.body(), client.body(entity={"id": "999999"}))
        assert (taken.status_code, taken.content) == (202, b"")
        job = client.ask("GET", taken.headers["location"]).json()
        assert (job["completed"], job["progress"]) == (False, "pending")
        for key, row in list(sandbox.simulators[SLUG].jobs.table.items()):  # type: ignore[attr-defined]
            sandbox.simulators[SLUG].jobs.table[key] = {**row, "due": row["due"].replace(year=2020)}  # type: ignore[attr-defined]
        job = client.ask("GET", taken.headers["location"]).json()
        assert (job["completed"], job["progress"]) == (True, "failed")
        tasks = client.ask("GET", f"{taken.headers['location']}/task").json()["items"]
        results = [client.ask("GET", f"{taken.headers['location']}/task/{each['id']}/result") for each in tasks]
        assert [each.status_code for each in results] == [204, 400]
        assert "/record/v1/invoice/" in results[0].headers["location"]


def test_an_idempotency_key_counts_for_jobs_only_and_must_be_a_uuid(client: Client) -> None:
    key = str(uuid4())
    first, again = submit(client, client.body(), key=key), submit(client, client.body(), key=key)
    assert (again.status_code, again.json()["title"]) == (400, "Conflict")
    assert client.refused(again)[1] == "IDEMPOTENCY_ERROR"
    assert again.headers["location"] == first.headers["location"]
    assert submit(client, client.body(), key="not-a-uuid").status_code == 400
    for _ in range(2):  # ignored on a synchronous request
        client.made("invoice", client.body(), key=key)


def test_a_job_takes_a_hundred_records_and_an_unknown_one_is_404(client: Client) -> None:
    assert submit(client, *[client.body(customer="220")] * 101).status_code == 400
    assert client.refused(client.ask("GET", "async/v1/job/99999"))[:2] == (404, "NONEXISTENT_ID")


# -- limits -------------------------------------------------------------------------------------------------------------------


def test_more_than_five_requests_at_once_are_refused(client: Client) -> None:
    client.sandbox.inject(SLUG, "slow", seconds=0.3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: client.ask("GET", "record/v1/invoice/1").status_code, range(8)))
    assert found.count(429) >= 1
    assert set(found) == {404, 429}


def test_the_catalogue_tells_whether_the_account_has_suitetax(client: Client) -> None:
    def names() -> set[str]:
        answer = client.ask("GET", "record/v1/metadata-catalog", params={"select": "invoice"}, Accept="application/swagger+json")
        return set(answer.json()["components"]["schemas"]["invoice"]["properties"])

    assert {"externalId", "taxDetails"} <= names()
    client.sandbox.inject(SLUG, "no_suitetax")
    assert "taxDetails" not in names()


def test_what_is_booked_survives_a_restart(tmp_path: Path) -> None:
    with running([SLUG], folder=tmp_path) as sandbox:
        client = Client(sandbox)
        key = client.invoice()
        password = client.connection["password"]
    with running([SLUG], folder=tmp_path) as sandbox:
        assert [each.remote_id for each in sandbox.books(SLUG).documents] == [key]
        assert sandbox.simulators[SLUG].connection()["password"] == password
