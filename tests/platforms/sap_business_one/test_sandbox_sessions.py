"""The simulator's front door: log-in, two cookies, idle time-out, errors of both versions, batches."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from tests.platforms.sap_business_one.conftest import Caller

from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator


def error(answer: httpx.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_log_in_sets_both_cookies_and_tells_its_idle_minutes(caller: Caller) -> None:
    answer = caller.log_in()
    assert set(caller.cookies) == {"B1SESSION", "ROUTEID"}
    assert (answer.json()["SessionId"], answer.json()["SessionTimeout"]) == (caller.cookies["B1SESSION"], 30)


@pytest.mark.parametrize("lost", ["B1SESSION", "ROUTEID"])
def test_a_call_without_either_cookie_meets_no_session(caller: Caller, lost: str) -> None:
    del caller.cookies[lost]
    assert error(caller.call("GET", "Items")) == (401, 301)


def test_a_session_ends_after_thirty_idle_minutes_and_not_before(caller: Caller, simulator: SapBusinessOneSimulator) -> None:
    for _ in range(3):
        simulator.clock.offset += timedelta(minutes=29)
        assert caller.call("GET", "Items").status_code == 200
    simulator.clock.offset += timedelta(minutes=31)
    assert error(caller.call("GET", "Items")) == (401, 301)


def test_a_log_out_gives_the_licence_back(caller: Caller, simulator: SapBusinessOneSimulator) -> None:
    before = simulator.sessions.live()
    assert caller.call("POST", "Logout").status_code == 204
    assert simulator.sessions.live() == before - 1
    assert error(caller.call("GET", "Items")) == (401, 301)


def test_wrong_credentials_are_not_an_ended_session(caller: Caller) -> None:
    assert error(caller.log_in(Password="wrong")) == (401, "-304")
    assert error(caller.log_in(CompanyDB="OTHER")) == (401, "100000027")


def test_error_codes_are_text_in_v2_and_numbers_in_v1(caller: Caller) -> None:
    newer, older = caller.call("GET", "Items('NO')"), Caller(caller.root, "v1", caller.cookies).call("GET", "Items('NO')")
    assert newer.json()["error"]["code"] == "-2028"
    assert isinstance(newer.json()["error"]["message"], str)
    assert older.json()["error"]["code"] == -2028
    assert older.json()["error"]["message"]["lang"] == "en-us"


# -- batches -------------------------------------------------------------------------------------------------------------------------


def change_set(name: str, *requests: tuple[str, str], content_id: bool = True) -> str:
    parts = ""
    for position, (line, body) in enumerate(requests, start=1):
        head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        head += f"Content-ID: {position}\r\n" if content_id else ""
        parts += f"--{name}\r\n{head}\r\n{line} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
    return f"Content-Type: multipart/mixed; boundary={name}\r\n\r\n{parts}--{name}--\r\n"


def batch(caller: Caller, *parts: str) -> httpx.Response:
    body = "".join(f"--b\r\n{each}" for each in parts) + "--b--\r\n"
    return caller.call("POST", "$batch", body.encode(), Content_Type="multipart/mixed; boundary=b")


def invoice_json(customer: str, number: str, item: str = "FLT-PRE-30") -> tuple[str, str]:
    line = f'{{"ItemCode":"{item}","UnitPrice":50,"VatGroup":"A19"}}'
    return "POST /sap_business_one/b1s/v2/Invoices", f'{{"CardCode":"{customer}","U_ExtInvNo":"{number}","DocumentLines":[{line}]}}'


def there(caller: Caller, number: str) -> int:
    answer = caller.call("GET", f"Invoices?$filter=U_ExtInvNo eq '{number}'&$select=DocEntry")
    return len(answer.json()["value"])


def test_a_change_set_is_all_or_nothing(caller: Caller) -> None:
    customer = caller.customer()
    answer = batch(caller, change_set("c", invoice_json(customer, "ATOM-1"), invoice_json(customer, "ATOM-2", "NO-SUCH")))
    assert answer.status_code == 200
    assert answer.text.count("HTTP/1.1 400") == 1
    assert "HTTP/1.1 201" not in answer.text
    assert (there(caller, "ATOM-1"), there(caller, "ATOM-2")) == (0, 0)


def test_parts_run_in_order_until_the_first_failure(caller: Caller) -> None:
    customer = caller.customer()
    wanted = [("RUN-1", "FLT-PRE-30"), ("RUN-2", "NO-SUCH"), ("RUN-3", "FLT-PRE-30")]
    answer = batch(caller, *(change_set(f"c{number}", invoice_json(customer, number, item)) for number, item in wanted))
    assert (answer.text.count("HTTP/1.1 201"), answer.text.count("HTTP/1.1 400")) == (1, 1)
    assert [there(caller, number) for number, _ in wanted] == [1, 0, 0]


def test_a_change_set_holds_no_get_and_wants_content_ids(caller: Caller) -> None:
    assert error(batch(caller, change_set("c", ("GET Items", "")))) == (400, "-1000")
    assert error(batch(caller, change_set("c", invoice_json("X", "Y"), content_id=False))) == (400, "-1000")


def test_a_malformed_batch_is_refused(caller: Caller) -> None:
    assert error(caller.call("POST", "$batch", b"--b\r\nnothing", Content_Type="multipart/mixed; boundary=b")) == (400, "-1000")
    assert error(caller.call("POST", "$batch", b"{}", Content_Type="application/json")) == (400, "-1000")
