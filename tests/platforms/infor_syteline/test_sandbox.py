"""The simulator against the vendor's contract, over plain HTTP and with nothing of the connector."""

from __future__ import annotations

from itertools import count

import httpx
import pytest
from tests.platforms.infor_syteline.conftest import DIRECT, GATEWAY, SLUG, Client, Json, Site, change

pytestmark = pytest.mark.usefixtures("site")  # no fault outlives its test
SERIAL = count(1)
POST = "AirbooksPostDocument"


@pytest.fixture(scope="module", autouse=True)
def known_customer(client: Client) -> None:
    client.customer("42")


def number() -> str:
    return f"T-{next(SERIAL):06d}"


def booked(client: Client, **more: str | None) -> str:
    wanted = number()
    answer = client.invoice("42", wanted, **more)
    assert answer["Success"], answer
    return wanted


def distribute(client: Client, invoice: str, amount: str, **more: str | None) -> dict[str, object]:
    keys = {"CustNum": "42", "InvNum": invoice, "InvSeq": "0", "DistSeq": "1", "Acct": "4000", "Amount": amount}
    return client.update("SLArinvds", {**keys, **more})


def only(client: Client, ido: str, invoice: str, properties: str = "InvNum,RowPointer", **more: str) -> Json:
    (row,) = client.load(ido, properties, f"InvNum = N'{invoice.rjust(12)}'", **more)["Items"]
    return dict(row)


# -- doors ------------------------------------------------------------------------------------------------------------------------


def test_the_direct_door_takes_the_bare_token_and_no_bearer(site: Site) -> None:
    stored, root = site.simulator.direct_connection(), site.sandbox.base_url(SLUG) + DIRECT
    headers = {"username": stored["login"], "password": stored["password"]}
    told = httpx.get(f"{root}/token/{stored['extra']['config']}", headers=headers).json()
    assert told["Success"]
    place = f"{root}/load/SLTerms?properties=TermsCode"
    assert httpx.get(place, headers={"Authorization": told["Token"]}).json()["Success"]
    assert httpx.get(place, headers={"Authorization": f"Bearer {told['Token']}"}).json() == {"Success": False, "Message": "Invalid token"}


def test_a_wrong_log_in_is_answered_with_200_too(site: Site) -> None:
    answer = httpx.get(f"{site.sandbox.base_url(SLUG)}{DIRECT}/token/HARBOUR_TST_DALS", headers={"username": "a", "password": "b"})
    assert (answer.status_code, answer.json()["Success"], answer.json()["Token"]) == (200, False, None)


def test_the_gateway_wants_bearer_and_the_configuration(site: Site, client: Client) -> None:
    place = f"{site.sandbox.base_url(SLUG)}{GATEWAY}/load/SLTerms?properties=TermsCode"
    bearer = client.client.headers["Authorization"]
    assert httpx.get(place, headers={"Authorization": bearer}).status_code == 400
    assert httpx.get(place, headers={"Authorization": bearer.removeprefix("Bearer ")}).status_code == 401


def test_a_wrong_verb_is_405(client: Client) -> None:
    assert client.client.get("/update/SLArinvs").status_code == 405
    assert client.client.post("/load/SLArinvs").status_code == 405


# -- load -------------------------------------------------------------------------------------------------------------------------


def test_there_is_no_ido_called_slinvoice(client: Client) -> None:
    assert not client.load("SLInvoice", "InvNum")["Success"]
    assert not client.update("SLInvoice", {"InvNum": "1"})["Success"]
    assert "slterms" in client.load("slterms", "TermsCode")["Message"]


def test_values_are_text_with_padded_keys_and_eight_decimals(client: Client) -> None:
    row = only(client, "SLArinvs", booked(client), "CustNum,InvNum,InvSeq,Amount,InvDate,IncludeTaxInPrice,TermsCode,CadbtCurrCode")
    assert (row["CustNum"], len(row["InvNum"]), row["InvSeq"]) == ("     42", 12, "0")
    assert (row["Amount"], row["InvDate"], row["IncludeTaxInPrice"]) == ("100.00000000", "20260714 00:00:00.000", "0")
    assert row["TermsCode"] is None
    assert row["CadbtCurrCode"] == "USD"


def test_a_filter_matches_the_padded_form(client: Client) -> None:
    assert client.load("SLCustAddrs", "Name", "CustNum = N'     42'")["Items"]
    assert client.load("SLCustAddrs", "Name", "CustNum = N'42'")["Items"] == []


@pytest.mark.parametrize("condition", ['Name = "x"', "LEN(Name) > 3", "CustNum IN (SELECT 1)", "Name = ", "Name ~ N'x'"])
def test_a_filter_outside_the_subset_is_illegal(client: Client, condition: str) -> None:
    answer = client.load("SLCustAddrs", "Name", condition)
    assert (answer["Success"], "IllegalFilterException" in answer["Message"]) == (False, True)


def test_filters_know_and_or_in_like_and_null(client: Client) -> None:
    condition = "(TermsCode IN (N'N30', N'DUE') OR Description LIKE N'2%') AND DueDays <> 14 AND Description IS NOT NULL"
    assert {row["TermsCode"] for row in client.load("SLTerms", "TermsCode", condition)["Items"]} == {"N30", "DUE", "2TN"}


def test_a_load_without_record_cap_stops_at_200(site: Site, client: Client) -> None:
    client.customer("CAP")
    for each in range(205):
        client.invoice("CAP", f"CAP-{each}")
    asked = ("SLArinvs", "InvNum", "CustNum = N'    CAP'")
    page = client.load(*asked)
    assert (len(page["Items"]), page["MoreRowsExist"]) == (200, True)
    following = client.load(*asked, loadType="NEXT", bookmark=page["Bookmark"])
    assert (len(following["Items"]), following["MoreRowsExist"]) == (5, False)
    assert len(client.load(*asked, recordCap="0")["Items"]) == 205


def test_a_read_only_load_has_no_item_id(client: Client) -> None:
    invoice = booked(client)
    assert "_ItemId" in only(client, "SLArinvs", invoice)
    assert "_ItemId" not in only(client, "SLArinvs", invoice, readOnly="true")


# -- update -----------------------------------------------------------------------------------------------------------------------


def test_only_the_first_change_of_a_request_is_heard(client: Client) -> None:
    first, second = number(), number()
    shared = {"CustNum": "42", "InvSeq": "0", "Type": "I", "InvDate": "20260714", "Acct": "1100", "Amount": "1"}
    assert client.update("SLArinvs", {**shared, "InvNum": first}, 1, "PBT=[arinv]", change({**shared, "InvNum": second}))["Success"]
    assert only(client, "SLArinvs", first)
    assert client.load("SLArinvs", "InvNum", f"InvNum = N'{second.rjust(12)}'")["Items"] == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"CustNum": "NOBODY"}, "Customer: NOBODY"),
        ({"TermsCode": "N99"}, "Terms: N99"),
        ({"TaxCode1": "VAT"}, "Tax Code: VAT"),
        ({"Acct": "9999"}, "Account: 9999"),
        ({"InvNum": "US-SI-0001234"}, "too long"),
        ({"Description": "x" * 41}, "too long"),
        ({"Amount": "a lot"}, "not a number"),
        ({"InvDate": "2026-07-14"}, "not a date"),
        ({"AcctUnit3": "X"}, "Unit Code 3 is not allowed"),
        ({"DerAmtTotInv": "5"}, "read only"),
        ({"PONum": "5"}, "PONum does not exist"),
    ],
)
def test_an_insert_is_checked(client: Client, more: dict[str, str], says: str) -> None:
    answer = client.invoice("42", number(), **more)
    assert (answer["Success"], says in answer["Message"]) == (False, True), answer


def test_a_unit_code_can_be_required(client: Client) -> None:
    assert "required" in str(distribute(client, booked(client), "100", Acct="4020")["Message"])


def test_a_number_that_is_not_text_is_refused(client: Client) -> None:
    properties = [{"Name": "CustNum", "Value": 42, "Modified": True, "IsNull": False}]
    answer = client.client.post("/update/SLArinvs", json={"Changes": [{"Action": 1, "ItemId": "PBT=[arinv]", "Properties": properties}]})
    assert "must be text" in answer.json()["Message"]


def test_the_key_of_a_document_is_taken_until_it_is_posted(client: Client) -> None:
    invoice = booked(client)
    assert "already exists" in client.invoice("42", invoice)["Message"]
    distribute(client, invoice, "100")
    assert client.invoke(POST, "42", invoice, "0", None)["ReturnValue"] == "0"
    assert client.invoice("42", invoice)["Success"]


def test_an_item_id_is_stale_after_each_write(client: Client) -> None:
    invoice = booked(client)
    item_id = only(client, "SLArinvs", invoice)["_ItemId"]
    assert client.update("SLArinvs", {"Amount": "150"}, 2, item_id)["Success"]
    late = client.update("SLArinvs", {"Amount": "170"}, 2, item_id)
    assert (late["Success"], "another user" in late["Message"]) == (False, True)
    assert only(client, "SLArinvs", invoice, "Amount,DerAmtTotInv")["DerAmtTotInv"] == "150.00000000"


def test_deleting_a_document_takes_its_distributions_along(client: Client) -> None:
    invoice = booked(client)
    distribute(client, invoice, "100")
    assert client.update("SLArinvs", {}, 4, only(client, "SLArinvs", invoice)["_ItemId"])["Success"]
    assert client.load("SLArinvds", "InvNum", f"InvNum = N'{invoice.rjust(12)}'")["Items"] == []


def test_a_nested_update_is_one_transaction(client: Client) -> None:
    invoice = number()
    head = change({"CustNum": "42", "InvNum": invoice, "InvSeq": "0", "Type": "I", "InvDate": "20260714", "Acct": "1100", "Amount": "5"})
    links = [{"ParentProperty": key, "ChildProperty": key} for key in ("CustNum", "InvNum", "InvSeq")]
    rows = [change({"DistSeq": "1", "Acct": "4000", "Amount": "3"}), change({"DistSeq": "2", "Acct": "9999", "Amount": "2"})]
    nested = {"CollectionID": "SLArinvds", "Changes": rows, "Links": links}
    head["Properties"].append({"Name": "SLArinvds", "IsNestedCollection": True, "NestedCollection": nested})
    assert not client.client.post("/update/SLArinvs", json={"Changes": [head]}).json()["Success"]
    assert client.load("SLArinvs", "InvNum", f"InvNum = N'{invoice.rjust(12)}'")["Items"] == []
    rows[1] = change({"DistSeq": "2", "Acct": "4010", "Amount": "2"})
    assert client.client.post("/update/SLArinvs", json={"Changes": [head]}).json()["Success"]
    assert len(client.load("SLArinvds", "InvNum", f"InvNum = N'{invoice.rjust(12)}'")["Items"]) == 2


def test_without_a_number_the_site_gives_the_next_one(client: Client) -> None:
    answer = client.invoice("42", "", Ref="ANY-REF-1")
    assert answer["RefreshItems"][0]["InvNum"].strip().isdigit()


# -- posting ----------------------------------------------------------------------------------------------------------------------


def test_posting_moves_the_row_under_another_row_pointer(client: Client) -> None:
    invoice = booked(client)
    before = only(client, "SLArinvs", invoice)["RowPointer"]
    distribute(client, invoice, "100")
    assert client.invoke(POST, "42", invoice, "0", None) == {
        "Success": True,
        "Message": None,
        "Parameters": ["42", invoice, "0", None],
        "ReturnValue": "0",
    }
    assert client.load("SLArinvs", "InvNum", f"InvNum = N'{invoice.rjust(12)}'")["Items"] == []
    after = only(client, "SLArtrans", invoice, "Type,CheckSeq,Active,RowPointer")
    assert (after["Type"], after["CheckSeq"], after["Active"]) == ("I", "0", "1")
    assert after["RowPointer"] != before


def test_a_document_in_error_is_left_where_it_is_without_a_word(client: Client) -> None:
    invoice = booked(client)
    distribute(client, invoice, "99")
    assert client.invoke(POST, "42", invoice, "0", None)["ReturnValue"] == "0"
    assert only(client, "SLArinvs", invoice)


def test_a_failing_method_succeeds_with_return_value_16(site: Site, client: Client) -> None:
    site.sandbox.inject(SLUG, "posting_error", times=1)
    answer = client.invoke(POST, "42", booked(client), "0", None)
    assert (answer["Success"], answer["ReturnValue"]) == (True, "16")
    assert "journal" in answer["Parameters"][-1]


def test_a_method_may_end_the_session(site: Site) -> None:
    stored = site.simulator.direct_connection()
    root = site.sandbox.base_url(SLUG) + DIRECT
    headers = {"username": stored["login"], "password": stored["password"]}
    token = httpx.get(f"{root}/token/{stored['extra']['config']}", headers=headers).json()["Token"]
    direct = Client(site, DIRECT, {"Authorization": token})
    site.sandbox.inject(SLUG, "invoke_ends_session", times=1)
    direct.invoke(POST, "42", "NONE", "0", None)
    assert direct.load("SLTerms", "TermsCode")["Message"] == "Invalid token"


def test_a_payment_needs_a_posted_invoice_and_its_whole_amount(client: Client) -> None:
    invoice = booked(client)
    keys = {"BankCode": "B01", "CustNum": "42", "Type": "C", "CheckNum": "880123"}
    assert client.update("SLArpmts", {**keys, "ForCheckAmt": "100", "RecptDate": "20260801"})["Success"]
    part = {**keys, "InvNum": invoice, "Site": "DALS", "ForAmtApplied": "60"}
    assert "posted Invoice" in client.update("SLArpmtds", part)["Message"]
    distribute(client, invoice, "100")
    client.invoke(POST, "42", invoice, "0", None)
    assert client.update("SLArpmtds", part)["Success"]
    refused = client.invoke("AirbooksPostReceipt", "B01", "42", "C", "880123", None, ido="SLArpmts")
    assert (refused["ReturnValue"], "check amount" in refused["Parameters"][-1]) == ("16", True)
    assert "already exists" in client.update("SLArpmts", {**keys, "ForCheckAmt": "100"})["Message"]


def test_every_item_of_the_catalogue_is_there(client: Client) -> None:
    items = {row["Item"] for row in client.load("SLItems", "Item", recordCap="0")["Items"]}
    assert {"CMP-RS-22", "FLT-PRE-30", "SRV-MNT-A", "FRT-STD"} <= items
