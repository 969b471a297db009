"""The simulator's receipts and batches, asked with plain HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.oracle_fusion.conftest import ACTION, BATCH, BILL_TO, Client, Json, exact

from airbooks.platforms.oracle_fusion.sandbox import receipts

D = Decimal


# -- receipts ----------------------------------------------------------------------------------------------------------------------


def first_installment(client: Client, invoice: Json) -> int:
    path = f"/receivablesInvoices/{invoice['CustomerTransactionId']}/child/receivablesInvoiceInstallments"
    return int(exact(client.ask("GET", path))["items"][0]["InstallmentId"])


def apply(client: Client, receipt: Json, body: Json, kind: str = ACTION) -> httpx.Response:
    return client.ask("POST", f"/standardReceipts/{receipt['StandardReceiptId']}/action/applyReceipt", body, kind)


def reference(invoice: Json, amount: str) -> list[Json]:
    return [{"ReceiptMatchBy": "Transaction Number", "ReferenceNumber": invoice["TransactionNumber"], "ReferenceAmount": amount}]


def test_a_receipt_is_not_applied_by_its_references_until_automatch_runs(client: Client) -> None:
    invoice = client.invoice()
    receipt = client.receipt(remittanceReferences=reference(invoice, "108.25"))
    assert (receipt["Amount"], receipt["UnappliedAmount"], receipt["State"]) == ("108.25", "108.25", "Unapplied")
    assert client.balance(invoice) == D("108.25")
    assert receipts.automatch(client.simulator.pod) == 1
    assert client.balance(invoice) == 0
    assert receipts.automatch(client.simulator.pod) == 0


def test_a_receipt_is_applied_at_once_by_the_action_and_never_too_far(client: Client) -> None:
    invoice, receipt = client.invoice(), client.receipt("100.00")
    part = {"appliedPaymentScheduleId": first_installment(client, invoice)}
    assert apply(client, receipt, {**part, "amountApplied": 100.01}).status_code == 400
    assert apply(client, receipt, {**part, "amountApplied": 100.00}, "application/json").status_code == 415
    done = apply(client, receipt, {**part, "amountApplied": 100.00})
    assert (done.status_code, exact(done)["result"]) == (200, "SUCCESS")
    assert client.balance(invoice) == D("8.25")
    assert apply(client, receipt, {**part, "amountApplied": 1}).status_code == 400
    assert apply(client, receipt, {"appliedPaymentScheduleId": 1}).status_code == 400


def test_a_receipt_is_applied_to_its_own_customers_transactions_in_its_currency(client: Client) -> None:
    other = client.invoice(BillToCustomerNumber="10042")
    receipt = client.receipt()
    assert apply(client, receipt, {"appliedPaymentScheduleId": first_installment(client, other)}).status_code == 400


def test_a_paid_invoice_is_neither_reopened_nor_retermed(client: Client) -> None:
    invoice, receipt = client.invoice(), client.receipt("10.00")
    apply(client, receipt, {"appliedPaymentScheduleId": first_installment(client, invoice), "amountApplied": 10})
    path = f"/receivablesInvoices/{invoice['CustomerTransactionId']}"
    assert client.ask("PATCH", path, {"InvoiceStatus": "Incomplete"}).status_code == 400
    assert client.ask("PATCH", path, {"PaymentTerms": "14 Net"}).status_code == 400


def test_the_activities_of_an_account_tell_what_a_receipt_settled_until_it_is_reversed(client: Client) -> None:
    invoice, receipt = client.invoice(), client.receipt()
    apply(client, receipt, {"appliedPaymentScheduleId": first_installment(client, invoice)})
    asked = {"q": f'AccountNumber="{BILL_TO}"'}
    (account,) = exact(client.ask("GET", "/receivablesCustomerAccountActivities", params=asked))["items"]
    path = f"/receivablesCustomerAccountActivities/{account['AccountId']}/child/standardReceiptApplications"
    told = {"q": f"StandardReceiptId={receipt['StandardReceiptId']}"}
    (row,) = exact(client.ask("GET", path, params=told))["items"]
    assert (row["ReferenceTransactionId"], row["ApplicationAmount"]) == (invoice["CustomerTransactionId"], D("108.25"))
    pod = client.simulator.pod
    receipts.reverse(pod, pod.receipts[str(receipt["StandardReceiptId"])])
    assert client.balance(invoice) == D("108.25")
    assert exact(client.ask("GET", path, params=told))["items"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"ReceiptMethod": "Cash"},
        {"Amount": "0"},
        {"Amount": "much"},
        {"Supplier": "x"},
        {"CustomerAccountNumber": "99999"},
        {"Currency": "EUR"},
        {"ReceiptNumber": "R" * 31},
        {"RemittanceBankAccountNumber": "0"},
        {"AccountingDate": "2025-12-31"},
        {"BusinessUnit": "Elsewhere"},
        {"remittanceReferences": [{"ReceiptMatchBy": "Luck", "ReferenceNumber": "1", "ReferenceAmount": 1}]},
    ],
)
def test_a_receipt_that_does_not_fit_is_refused(client: Client, fields: Json) -> None:
    body = {"ReceiptNumber": "R-1", "BusinessUnit": "Harbour Compressors US", "ReceiptMethod": "Check", "Amount": 5, "Currency": "USD"}
    reply = client.ask("POST", "/standardReceipts", {**body, "CustomerAccountNumber": BILL_TO, **fields})
    assert reply.status_code == 400


# -- batches -----------------------------------------------------------------------------------------------------------------------


def part(name: str, body: Any, operation: str = "create") -> Json:
    return {"id": name, "path": "/receivablesInvoices", "operation": operation, "payload": body}


def test_a_batch_books_all_its_parts(client: Client) -> None:
    bodies = [client.body(), client.body()]
    reply = client.ask("POST", "", {"parts": [part(f"p{n}", body) for n, body in enumerate(bodies)]}, BATCH)
    assert reply.status_code == 200
    done = exact(reply)["parts"]
    assert [each["id"] for each in done] == ["p0", "p1"]
    assert [each["payload"]["TransactionNumber"] for each in done] == [body["TransactionNumber"] for body in bodies]


def test_one_bad_part_undoes_the_whole_batch_and_only_it_is_told(client: Client) -> None:
    good, bad = client.body(), client.body(BillToCustomerNumber="99999")
    before = len(client.sandbox.books("oracle_fusion").documents)
    reply = client.ask("POST", "", {"parts": [part("good", good), part("bad", bad)]}, BATCH)
    assert reply.status_code == 400
    assert [each["o:errorCode"] for each in exact(reply)["o:errorDetails"]] == ["AR_BILL_TO_CUST_NOT_FOUND"]
    assert len(client.sandbox.books("oracle_fusion").documents) == before
    assert client.ask("POST", "/receivablesInvoices", good).status_code == 201


def test_a_batch_needs_its_own_media_type(client: Client) -> None:
    assert client.ask("POST", "", {"parts": [part("p", client.body())]}).status_code == 415
    assert client.ask("POST", "", {"parts": [part("p", client.body(), "explode")]}, BATCH).status_code == 400
