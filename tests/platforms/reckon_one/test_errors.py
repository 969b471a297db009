"""Every error that Reckon One documents: its own answer, and what it means for the document."""

from __future__ import annotations

import pytest
from tests.platforms.error_table import MAYBE, NOT, Row, assert_reading, each_row, log_in

from airbooks.platforms.errors import PERIOD_CLOSED, Action

ERRORS = "Errors"
SIMULATED = "Facts for the simulator"


def refusal(location: str, words: str) -> str:
    """A 400 of the application; the words are the vendor's only where the row's source says so."""
    return f'{{"message":"The request is invalid.","code":400,"errors":[{{"location":"{location}","message":"{words}"}}]}}'


def review(rule: str, body: str, source: str = ERRORS) -> Row:
    return Row(400, body, rule, Action.REVIEW, NOT, source)


def token_error(code: str, rule: str, status: int = 400) -> Row:
    return Row(status, f'{{"error":"{code}"}}', rule, Action.STOP, NOT, f"token end point, {code}", ask=log_in)


ROWS = (
    token_error("invalid_grant", "connection withdrawn"),
    token_error("invalid_client", "wrong client id or secret"),
    token_error("invalid_client", "wrong client id or secret", status=401),
    token_error("unauthorized_client", "wrong client id or secret"),
    Row(400, "<html>Bad Request</html>", "connection withdrawn", Action.STOP, NOT, "token end point without a code", ask=log_in),
    Row(
        401,
        '{"statusCode":401,"message":"Access denied due to missing subscription key. Make sure to include subscription key."}',
        "subscription key refused",
        Action.STOP,
        NOT,
        "Connection and auth, missing key",
    ),
    Row(
        401,
        '{"statusCode":401,"message":"Access denied due to invalid subscription key. Make sure to provide a valid key."}',
        "subscription key refused",
        Action.STOP,
        NOT,
        "Connection and auth, invalid key",
    ),
    Row(401, '{"message":"Authorization has been denied for this request.","code":401}', "access token expired", Action.RENEW, NOT, ERRORS),
    Row(
        403,
        '{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:12:34."}',
        "quota exceeded",
        Action.WAIT,
        NOT,
        "Batch, paging, rate limits",
    ),
    Row(403, '{"message":"User does not have permission to access this resource.","code":403}', "not allowed", Action.STOP, NOT, ERRORS),
    Row(
        429,
        '{"statusCode":429,"message":"Rate limit is exceeded. Try again in 7 seconds."}',
        "throttled",
        Action.WAIT,
        NOT,
        "Batch, paging, rate limits",
        headers={"Retry-After": "7"},
    ),
    Row(
        415,
        '{"message":"application/json is not supported. Please use content-type application/merge-patch+json.","code":415}',
        "content type refused",
        Action.STOP,
        NOT,
        ERRORS,
    ),
    review(PERIOD_CLOSED, '{"message":"The transaction date is on or before the lock-off date of the book.","code":400}'),
    review(PERIOD_CLOSED, refusal("invoiceDate", "Transactions up to 30 Jun 2026 are locked.")),
    review("tax amount refused", refusal("lineItems[0].taxAmount", "Tax for line 1 is incorrect"), "Items, accounts and taxes"),
    review("tax status refused", refusal("amountTaxStatus", "The amount tax status cannot be chosen."), "Items, accounts and taxes"),
    review("tax rate refused", refusal("lineItems[0].taxRate", "GST20 does not exist."), SIMULATED),
    review("item refused", refusal("lineItems[0].itemDetails.item", "Compressors:AC-999 does not exist."), SIMULATED),
    review("account refused", refusal("lineItems[2].accountDetails.ledgerAccount", "Income:Freight does not exist."), SIMULATED),
    review("terms refused", refusal("paymentTerms", "90 days net does not exist."), "Create invoice"),
    review("dimension refused", refusal("classification", "WA Depot does not exist."), "Create invoice"),
    review("dimension refused", refusal("lineItems[0].project", "Mine Site:Pit 9 does not exist."), "Create invoice, project"),
    review("payment method refused", refusal("paymentMethod", "Barter does not exist."), "Payments"),
    review("template refused", refusal("template", "The template field is required."), "Create invoice, newer schema"),
    review("duplicate customer name", refusal("name", "The name is in use."), "Customers"),
    review("duplicate customer name", '{"message":"A contact with this name already exists.","code":400}', "Customers, by words"),
    review("customer refused", refusal("customer", "Customer is required.")),
    review("reconciled", '{"message":"The receipt is reconciled.","code":400}', "Payments, delete"),
    review("pays too much", refusal("transactionLinks[0].transactionAmount", "The amount exceeds the balance."), SIMULATED),
    review("linked", '{"message":"The invoice has linked receipts.","code":400}', "Update, void, delete"),
    review("linked", '{"message":"The invoice is not approved.","code":400}', "Payments, of a draft"),
    review("refused", '{"message":"The request is invalid.","code":400}'),
    review("refused", "<html>Bad Request</html>", "a proxy on the way"),
    Row(404, '{"message":"Resource not found.","code":404}', "not found", Action.REVIEW, NOT, ERRORS),
    Row(408, "", "request time-out at the platform", Action.LOOK_UP, MAYBE, ERRORS),
    Row(500, '{"message":"An error has occurred.","code":500}', "platform failure", Action.LOOK_UP, MAYBE, ERRORS),
    Row(500, '{"message":"Transaction was deadlocked.","code":500}', "platform failure", Action.LOOK_UP, MAYBE, "no locked period"),
    *(
        Row(status, "<html>Bad Gateway</html>", "platform failure", Action.LOOK_UP, MAYBE, f"{status} of the gateway")
        for status in (502, 503, 504)
    ),
)


@each_row(ROWS)
def test_what_reckon_ones_answer_means(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("reckon_one", row, monkeypatch)
