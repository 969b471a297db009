"""The simulated gateway keeps the vendor's contract: schema, sign-in, transactions, documents, payments, queries, refusals."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests.platforms.sage_intacct.gateway_client import GBP, Gateway, credit, errors, invoice, line, payment, texts

from airbooks.sandbox.server import Sandbox

SLUG = "sage_intacct"


@pytest.fixture
def server(sandbox: Any) -> Sandbox:
    started: Sandbox = sandbox(SLUG)
    return started


@pytest.fixture
def gateway(server: Sandbox) -> Gateway:
    made = Gateway(server.simulators[SLUG].connection())
    made.customer()
    return made


def _created(gateway: Gateway, **given: Any) -> str:
    result = gateway.one(invoice(**given))
    assert result.findtext("status") == "success", etree.tostring(result)
    return result.findtext("key") or ""


# The envelope


def test_elements_in_another_order_are_refused_before_anything_is_looked_at(gateway: Gateway) -> None:
    wrong = invoice().replace("<termname>Net 30</termname>", "").replace("<invoiceitems>", "<termname>Net 30</termname><invoiceitems>")
    answer = gateway.ask(wrong)
    assert (answer.findtext("control/status"), errors(answer)) == ("failure", ["XL03000003"])
    assert answer.find("operation") is None


@pytest.mark.parametrize(
    "body",
    [
        "<request><control>",
        "<request/>",
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><request>&x;</request>',
    ],
)
def test_what_is_not_a_request_is_refused(gateway: Gateway, body: str) -> None:
    assert errors(etree.fromstring(gateway.post(body.encode()).content)) == ["XL03000003"]


def test_an_unknown_function_is_refused(gateway: Gateway) -> None:
    assert errors(gateway.ask("<create_everything/>")) == ["XL03000003"]


def test_only_posted_xml_is_taken(gateway: Gateway) -> None:
    import httpx

    assert httpx.get(gateway.url).status_code == 405
    answer = gateway.post(gateway.request("<getAPISession/>"), content_type="application/json")
    assert (answer.status_code, "GW-0011" in answer.text) == (400, True)


def test_control_and_function_ids_come_back(gateway: Gateway) -> None:
    answer = gateway.ask('<function controlid="my-7"><getAPISession/></function>', control_id="batch-1")
    assert answer.findtext("control/controlid") == "batch-1"
    assert answer.findtext("operation/result/controlid") == "my-7"
    assert answer.findtext("operation/result/function") == "getAPISession"


# Sign-in and sessions


def test_a_wrong_sender_password_is_a_control_failure(gateway: Gateway) -> None:
    answer = gateway.ask("<getAPISession/>", sender_password="nothing")
    assert (answer.findtext("control/status"), errors(answer)) == ("failure", ["XL03000006"])


def test_a_wrong_user_password_is_an_authentication_failure(gateway: Gateway) -> None:
    answer = gateway.ask("<getAPISession/>", sign_in=gateway.login(password="nothing"))
    assert answer.findtext("control/status") == "success"
    assert answer.findtext("operation/authentication/status") == "failure"
    assert answer.find("operation/result") is None
    assert errors(answer) == ["XL03000006"]


def test_a_session_lives_until_its_time_out(server: Sandbox, gateway: Gateway) -> None:
    answer = gateway.ask("<getAPISession/>")
    gateway.session = answer.findtext("operation/result/data/api/sessionid") or ""
    assert answer.findtext("operation/result/data/api/endpoint") == gateway.url
    assert answer.findtext("operation/authentication/sessiontimeout")
    assert gateway.invoice(_created(gateway))["RECORDID"] == "UK-SI-000001"
    server.simulators[SLUG].clock.offset = timedelta(hours=9)
    assert gateway.ask("<getAPISession/>").findtext("operation/authentication/status") == "failure"


def test_a_session_may_be_good_at_its_own_end_point_only(server: Sandbox, gateway: Gateway) -> None:
    server.inject(SLUG, "moved_endpoint")
    api = gateway.one("<getAPISession/>").find("data/api")
    assert api is not None
    gateway.session, moved = api.findtext("sessionid") or "", api.findtext("endpoint") or ""
    assert moved != gateway.url
    assert gateway.ask("<getAPISession/>").findtext("operation/authentication/status") == "failure"
    gateway.url = moved
    assert gateway.one("<getAPISession/>").findtext("status") == "success"


# Documents


def test_a_posted_invoice_gives_back_its_key_and_nothing_else(gateway: Gateway) -> None:
    result = gateway.one(invoice())
    assert [str(each.tag) for each in result] == ["status", "function", "controlid", "key"]
    assert (result.findtext("key") or "").isdigit()


def test_the_server_adds_up_totals_tax_and_due_date(server: Sandbox, gateway: Gateway) -> None:
    key = _created(gateway, lines=line("2499.00") + line("182.00", tax="UK Sales Reduced", account="4010") + line("95", given="19.01"))
    read = gateway.invoice(key)
    assert read["TRX_TOTALENTERED"] == "3303.91"  # 2776.00 net, 499.80 + 9.10 computed, 19.01 given
    assert (read["STATE"], read["WHENDUE"], read["WHENCREATED"]) == ("Posted", "03/12/2026", "02/10/2026")
    booked = server.books(SLUG).documents[0]
    assert (booked.net, booked.tax, booked.total, booked.lines) == (Decimal("2776.00"), Decimal("527.91"), Decimal("3303.91"), 3)


def test_amounts_come_back_without_needless_decimals(gateway: Gateway) -> None:
    assert gateway.invoice(_created(gateway, lines=line("100.00", tax="UK Sales Zero")))["TRX_TOTALENTERED"] == "100"


def test_a_foreign_invoice_is_translated_at_the_given_rate(gateway: Gateway) -> None:
    money = "<basecurr>GBP</basecurr><currency>EUR</currency><exchrate>0.8500</exchrate>"
    read = gateway.invoice(_created(gateway, money=money))
    assert (read["CURRENCY"], read["TRX_TOTALENTERED"], read["TOTALENTERED"]) == ("EUR", "2998.8", "2548.98")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"customer": "C-NONE"}, "Invalid Customer 'C-NONE' specified."),
        ({"lines": line("10", account="9999")}, "Invalid GL Account '9999' specified."),
        ({"lines": line("10", tax="Nothing")}, "Invalid Tax Detail 'Nothing' specified."),
        ({"lines": line("10", tax="")}, "A tax detail is required"),
        ({"lines": line("ten")}, "bad format"),
        ({"lines": line("10", more="<departmentid>NONE</departmentid>")}, "Invalid Department 'NONE' specified."),
        ({"lines": line("10", more="<locationid>200</locationid>")}, "Invalid Location '200' specified."),
        ({"money": ""}, "Required field Currency is missing"),
        ({"money": GBP.replace("<basecurr>GBP", "<basecurr>USD")}, "base currency 'USD'"),
        ({"money": GBP.replace("<currency>GBP", "<currency>JPY")}, "Invalid Currency 'JPY' specified."),
        ({"number": ""}, "Required field AR Invoice Number is missing"),
        ({"number": "N" * 46}, "is not valid"),
        ({"head": "<action>Approve</action>"}, "Invalid action 'Approve' specified."),
    ],
)
def test_what_the_company_does_not_know_is_refused_in_words(gateway: Gateway, given: dict[str, str], text: str) -> None:
    result = gateway.one(invoice(**given))
    assert result.findtext("status") == "failure"
    assert text in texts(result)
    assert errors(result)[-1] == "BL01001973"
    assert "Could not create invoice record!" in texts(result)
    assert "Support ID" in texts(result)


def test_at_top_level_lines_need_a_location_and_taxes_a_solution(gateway: Gateway) -> None:
    top = gateway.login(entity="")
    assert "empty Location" in texts(gateway.one(invoice(lines=line("10", tax="")), sign_in=top))
    placed = line("10", more="<locationid>100</locationid>")
    assert "Tax Solution is missing" in texts(gateway.one(invoice(lines=placed), sign_in=top))


def test_what_one_entity_owns_the_top_level_sees_only_when_it_asks(gateway: Gateway) -> None:
    _created(gateway)
    query = "<query><object>ARINVOICE</object><select><field>RECORDID</field></select>{}</query>"
    top = gateway.login(entity="")
    plain = gateway.one(query.format(""), sign_in=top).find("data")
    private = gateway.one(query.format("<options><showprivate>true</showprivate></options>"), sign_in=top).find("data")
    assert plain is not None
    assert private is not None
    assert (plain.get("count"), private.get("count")) == ("0", "1")


def test_a_number_is_taken_once(gateway: Gateway) -> None:
    _created(gateway)
    result = gateway.one(invoice())
    assert errors(result) == ["BL34000061", "BL01001973"]
    assert "UK-SI-000001" in texts(result)
    assert result.findtext(".//correction") == "Use a unique value instead."


def test_a_credit_memo_is_an_adjustment_with_negative_lines(server: Sandbox, gateway: Gateway) -> None:
    key = gateway.one(credit()).findtext("key")
    read = gateway.query("ARADJUSTMENT", "RECORDNO RECORDID DOCNUMBER TRX_TOTALENTERED STATE")
    assert read == [
        {"RECORDNO": key, "RECORDID": "UK-CN-000001", "DOCNUMBER": "UK-SI-000001", "TRX_TOTALENTERED": "-120", "STATE": "Posted"}
    ]
    booked = server.books(SLUG).documents[0]
    assert (booked.kind, booked.total, booked.tax) == ("credit_note", Decimal("120.00"), Decimal("20.00"))


def test_a_draft_is_posted_by_an_update_and_may_be_deleted_before(gateway: Gateway) -> None:
    draft = _created(gateway, head="<action>Draft</action>")
    assert gateway.invoice(draft)["STATE"] == "Draft"
    update = (
        '<update_invoice key="{}"><action>Submit</action><updateinvoiceitems><updatelineitem line_num="1"><memo>m</memo>'
        "</updatelineitem></updateinvoiceitems></update_invoice>"
    )
    assert gateway.one(update.format(draft)).findtext("status") == "success"
    assert gateway.invoice(draft)["STATE"] == "Posted"
    assert gateway.one(f'<delete_invoice key="{draft}"/>').findtext("status") == "success"
    assert gateway.query("ARINVOICE", "RECORDNO") == []


def test_an_update_changes_lines_by_their_position_and_adds_new_ones(gateway: Gateway) -> None:
    key = _created(gateway, lines=line("100") + line("50"), number="UK-SI-000009")
    changes = (
        '<updatelineitem line_num="2"><amount>60</amount><taxentries><taxentry><detailid>UK Sales Zero</detailid></taxentry></taxentries>'
        f"</updatelineitem>{line('10')}"
    )
    result = gateway.one(f'<update_invoice key="{key}"><updateinvoiceitems>{changes}</updateinvoiceitems></update_invoice>')
    assert result.findtext("status") == "success"
    assert gateway.invoice(key)["TRX_TOTALENTERED"] == "192"  # 120 + 60 + 12


def test_an_invoice_can_be_addressed_by_its_external_id(gateway: Gateway) -> None:
    head = "<description>d</description><externalid>wh-1</externalid>"
    body = invoice().replace(GBP, head + GBP)
    key = gateway.one(body).findtext("key") or ""
    assert gateway.one('<delete_invoice key="wh-1" externalkey="true"/>').findtext("status") == "success"
    assert "Cannot find" in texts(gateway.one(f'<delete_invoice key="{key}"/>'))


REVERSE = '<reverse_invoice key="{}"><datereversed><year>2026</year><month>02</month><day>{}</day></datereversed></reverse_invoice>'


def test_a_reversal_is_a_second_record_with_negative_totals(server: Sandbox, gateway: Gateway) -> None:
    key = _created(gateway)
    assert gateway.one(REVERSE.format(key, 11)).findtext("status") == "success"
    rows = gateway.query("ARINVOICE", "RECORDID STATE TRX_TOTALENTERED TRX_TOTALDUE")
    assert [(row["STATE"], row["TRX_TOTALENTERED"], row["TRX_TOTALDUE"]) for row in rows] == [
        ("Reversed", "2998.8", "0"),
        ("Reversal", "-2998.8", "0"),
    ]
    assert [document.status for document in server.books(SLUG).documents] == ["void"]
    assert gateway.one(REVERSE.format(key, 11)).findtext("status") == "failure"


def test_a_closed_period_takes_neither_invoices_nor_reversals(server: Sandbox, gateway: Gateway) -> None:
    key = _created(gateway)
    server.inject(SLUG, "lock_period", through="2026-02-28")
    assert "Periods are closed" in texts(gateway.one(invoice(number="UK-SI-000002")))
    assert "Periods are closed" in texts(gateway.one(REVERSE.format(key, 11)))


# Payments


def test_a_payment_in_full_closes_the_invoice_and_locks_it(server: Sandbox, gateway: Gateway) -> None:
    key = _created(gateway)
    result = gateway.one(payment(key, "2998.80"))
    assert [str(each.tag) for each in result.findall("data/*")] == ["arpymt"]
    read = gateway.invoice(key)
    assert (read["STATE"], read["TRX_TOTALDUE"], read["TRX_TOTALPAID"]) == ("Paid", "0", "2998.8")
    for function in (REVERSE.format(key, 11), f'<delete_invoice key="{key}"/>'):
        assert gateway.one(function).findtext("status") == "failure"
    booked = server.books(SLUG).payments[0]
    assert (booked.amount, booked.applied, booked.reference) == (Decimal("2998.80"), {key: Decimal("2998.80")}, "ACH-5531")


def test_a_payment_cannot_exceed_what_is_due(gateway: Gateway) -> None:
    key = _created(gateway)
    assert "exceeds the amount due" in texts(gateway.one(payment(key, "2998.81")))


def test_a_payment_in_another_currency_than_the_invoice_is_refused(gateway: Gateway) -> None:
    assert "does not match" in texts(gateway.one(payment(_created(gateway), "10", currency="EUR")))


def test_a_part_payment_with_a_discount_leaves_the_rest(gateway: Gateway) -> None:
    key = _created(gateway, lines=line("100", tax="UK Sales Zero"))
    detail = "<TRX_TOTALDISCOUNTTOAPPLY>2.00</TRX_TOTALDISCOUNTTOAPPLY>"
    assert gateway.one(payment(key, "48", detail=detail)).findtext("status") == "success"
    read = gateway.invoice(key)
    assert (read["STATE"], read["TRX_TOTALDUE"]) == ("Partially Paid", "50")


def test_a_reversed_payment_opens_its_invoices_again(server: Sandbox, gateway: Gateway) -> None:
    key = _created(gateway)
    paid = gateway.one(payment(key, "2998.80")).findtext("data/arpymt/RECORDNO")
    day = "<datereversed><year>2026</year><month>03</month><day>02</day></datereversed>"
    assert gateway.one(f'<reverse_arpayment key="{paid}">{day}</reverse_arpayment>').findtext("status") == "success"
    assert gateway.invoice(key)["STATE"] == "Posted"
    assert [each.status for each in server.books(SLUG).payments] == ["void"]


def test_money_without_invoices_becomes_an_advance_that_can_be_applied(gateway: Gateway) -> None:
    day = "<datereceived><year>2026</year><month>03</month><day>01</day></datereceived>"
    advance = (
        "<create_arpayment><customerid>C-UK-0042</customerid><paymentamount>500</paymentamount><bankaccountid>BARC-OPERATING"
        f"</bankaccountid><refid>ACH-1</refid>{day}<paymentmethod>EFT</paymentmethod>{GBP}</create_arpayment>"
    )
    key = gateway.one(advance).findtext("key")
    owed = _created(gateway)
    apply = (
        f"<apply_arpayment><arpaymentkey>{key}</arpaymentkey>{day.replace('datereceived', 'paymentdate')}<arpaymentitems><arpaymentitem>"
        f"<invoicekey>{owed}</invoicekey><amount>500</amount></arpaymentitem></arpaymentitems></apply_arpayment>"
    )
    assert gateway.one(apply).findtext("status") == "success"
    assert gateway.invoice(owed)["TRX_TOTALDUE"] == "2498.8"
    assert "exceeds the open amount" in texts(gateway.one(apply))


def test_a_credit_memo_settles_an_invoice(gateway: Gateway) -> None:
    owed, memo = _created(gateway), gateway.one(credit()).findtext("key")
    result = gateway.one(
        "<create><ARPYMT><UNDEPOSITEDACCOUNTNO>1050</UNDEPOSITEDACCOUNTNO><PAYMENTMETHOD>Cash</PAYMENTMETHOD><CUSTOMERID>C-UK-0042</CUSTOMERID>"
        "<RECEIPTDATE>03/01/2026</RECEIPTDATE><CURRENCY>GBP</CURRENCY><ARPYMTDETAILS><ARPYMTDETAIL>"
        f"<RECORDKEY>{owed}</RECORDKEY><ADJUSTMENTKEY>{memo}</ADJUSTMENTKEY><TRX_ADJUSTMENTAMOUNT>120</TRX_ADJUSTMENTAMOUNT>"
        "</ARPYMTDETAIL></ARPYMTDETAILS></ARPYMT></create>"
    )
    assert result.findtext("status") == "success"
    assert gateway.invoice(owed)["TRX_TOTALDUE"] == "2878.8"
    assert gateway.query("ARADJUSTMENT", "STATE TRX_TOTALDUE") == [{"STATE": "Paid", "TRX_TOTALDUE": "0"}]


# Batches


def test_without_a_transaction_each_function_stands_alone(gateway: Gateway) -> None:
    results = gateway.call(invoice(number="A"), invoice(number="B", customer="C-NONE"), invoice(number="C"))
    assert [each.findtext("status") for each in results] == ["success", "failure", "success"]
    assert {row["RECORDID"] for row in gateway.query("ARINVOICE", "RECORDID")} == {"A", "C"}


def test_in_a_transaction_one_failure_takes_everything_back(gateway: Gateway) -> None:
    results = gateway.call(invoice(number="A"), invoice(number="B", customer="C-NONE"), invoice(number="C"), transaction="true")
    assert [each.findtext("status") for each in results] == ["aborted", "failure", "aborted"]
    assert errors(results[0]) == ["XL03000009"]
    assert gateway.query("ARINVOICE", "RECORDID") == []
    assert gateway.query("ARINVOICEITEM", "RECORDNO") == []


def test_a_used_control_id_is_refused_and_nothing_is_replayed(gateway: Gateway) -> None:
    first = gateway.ask(invoice(number="A"), control_id="once", unique="true")
    again = gateway.ask(invoice(number="B"), control_id="once", unique="true")
    assert first.findtext("operation/result/status") == "success"
    assert again.findtext("control/status") == "failure"
    assert [row["RECORDID"] for row in gateway.query("ARINVOICE", "RECORDID")] == ["A"]


def test_a_completed_function_id_is_refused_in_another_request(gateway: Gateway) -> None:
    function = f'<function controlid="doc-1">{invoice(number="A")}</function>'
    gateway.ask(function, control_id="one", unique="true")
    assert gateway.one(function.replace("<invoiceno>A", "<invoiceno>B"), control_id="two", unique="true").findtext("status") == "failure"


# Queries


def test_a_query_that_finds_nothing_succeeds(gateway: Gateway) -> None:
    result = gateway.one(
        "<query><object>ARINVOICE</object><select><field>RECORDNO</field></select>"
        "<filter><equalto><field>RECORDID</field><value>NONE</value></equalto></filter></query>"
    )
    data = result.find("data")
    assert data is not None
    assert (result.findtext("status"), data.get("count"), data.get("totalcount"), data.get("numremaining")) == ("success", "0", "0", "0")


@pytest.mark.parametrize(
    "query",
    [
        "<query><object>ARINVOICE</object><select><field>NUMBER</field></select></query>",
        "<query><object>ARTHING</object><select><field>RECORDNO</field></select></query>",
        "<query><object>ARINVOICE</object><select><field>RECORDNO</field></select><pagesize>2001</pagesize></query>",
        "<readByQuery><object>ARINVOICE</object><fields>RECORDNO</fields><query>NUMBER = 'x'</query></readByQuery>",
        "<readByQuery><object>ARINVOICE</object><fields>RECORDNO</fields><query></query><pagesize>1001</pagesize></readByQuery>",
        "<query><object>ARINVOICE</object><select><field>RECORDNO</field></select>"
        "<filter><equalto><field>WHENCREATED</field><value>2026-02-10</value></equalto></filter></query>",
    ],
)
def test_a_query_for_what_does_not_exist_fails(gateway: Gateway, query: str) -> None:
    assert gateway.one(query).findtext("status") == "failure"


def test_queries_come_in_pages_with_what_remains(gateway: Gateway) -> None:
    gateway.call(*(invoice(number=f"UK-SI-{n:06}") for n in range(5)))
    page = (
        "<query><object>ARINVOICE</object><select><field>RECORDID</field></select><orderby><order><field>RECORDID</field><descending/>"
        "</order></orderby><pagesize>2</pagesize><offset>{}</offset></query>"
    )
    first, last = (gateway.one(page.format(offset)).find("data") for offset in (0, 4))
    assert first is not None
    assert last is not None
    assert [each.findtext("RECORDID") for each in first] == ["UK-SI-000004", "UK-SI-000003"]
    assert (first.get("totalcount"), first.get("numremaining"), last.get("numremaining")) == ("5", "3", "0")


def test_read_by_query_goes_on_with_read_more(gateway: Gateway) -> None:
    gateway.call(*(invoice(number=f"UK-SI-{n:06}") for n in range(3)))
    text = (
        "<readByQuery><object>ARINVOICE</object><fields>RECORDID</fields>"
        "<query>CUSTOMERID = 'C-UK-0042'</query><pagesize>2</pagesize></readByQuery>"
    )
    first = gateway.one(text).find("data")
    assert first is not None
    assert [str(each.tag) for each in first] == ["arinvoice", "arinvoice"]
    rest = gateway.one(f"<readMore><resultId>{first.get('resultId')}</resultId></readMore>").find("data")
    assert rest is not None
    assert [each.findtext("RECORDID") for each in rest] == ["UK-SI-000002"]
    assert rest.get("resultId") == ""


def test_changes_since_a_moment_are_found_by_whenmodified(server: Sandbox, gateway: Gateway) -> None:
    _created(gateway)
    server.simulators[SLUG].clock.offset = timedelta(hours=1)
    key = _created(gateway, number="UK-SI-000002")
    since = (server.simulators[SLUG].clock.now() - timedelta(minutes=5)).strftime("%m/%d/%Y %H:%M:%S")
    condition = f"<greaterthanorequalto><field>WHENMODIFIED</field><value>{since}</value></greaterthanorequalto>"
    assert [row["RECORDNO"] for row in gateway.query("ARINVOICE", "RECORDNO", condition)] == [key]


def test_conditions_join_with_and_or_and_in(gateway: Gateway) -> None:
    gateway.call(invoice(number="A", lines=line("10")), invoice(number="B", lines=line("20")), invoice(number="C", lines=line("30")))
    condition = (
        "<and><in><field>RECORDID</field><value>A</value><value>B</value></in>"
        "<or><greaterthan><field>TRX_TOTALENTERED</field><value>20</value></greaterthan><isnull><field>RECORDID</field></isnull></or></and>"
    )
    assert gateway.query("ARINVOICE", "RECORDID", condition) == [{"RECORDID": "B"}]


def test_the_company_is_set_up_with_what_documents_refer_to(gateway: Gateway) -> None:
    codes = {
        "GLACCOUNT": "ACCOUNTNO", "ARTERM": "NAME", "TAXDETAIL": "DETAILID", "ITEM": "ITEMID", "DEPARTMENT": "DEPARTMENTID",
        "WAREHOUSE": "WAREHOUSEID", "LOCATION": "LOCATIONID", "TRXCURRENCIES": "CODE", "TAXSOLUTION": "SOLUTIONID",
    }  # fmt: skip
    found = {name: {row[field] for row in gateway.query(name, field)} for name, field in codes.items()}
    assert {"4000", "4010", "4100", "4900", "4800", "1000", "1100", "2200"} <= found["GLACCOUNT"]
    assert found["ARTERM"] == {"Net 30", "Net 14", "2% 10 Net 30", "Due on receipt"}
    assert "CMP-RS-11" in found["ITEM"]
    assert found["LOCATION"] == {"100", "200"}
    assert found["TRXCURRENCIES"] == {"USD", "GBP", "AUD", "EUR"}
    assert found["TAXSOLUTION"] == {"United Kingdom - VAT"}


# Customers


def test_a_customer_brings_a_contact_and_exists_once(gateway: Gateway) -> None:
    assert gateway.query("CONTACT", "CONTACTNAME") == [{"CONTACTNAME": "Northside Fabrication Ltd(C-UK-0042)"}]
    again = gateway.one(
        "<create><CUSTOMER><CUSTOMERID>C-UK-0042</CUSTOMERID><NAME>N</NAME><DISPLAYCONTACT><PRINTAS>N</PRINTAS></DISPLAYCONTACT></CUSTOMER></create>"
    )
    assert errors(again) == ["BL34000061", "BL01001973"]


def test_a_contact_name_that_is_taken_refuses_the_customer(gateway: Gateway) -> None:
    taken = "<CONTACTNAME>Northside Fabrication Ltd(C-UK-0042)</CONTACTNAME>"
    result = gateway.one(
        f"<create><CUSTOMER><CUSTOMERID>C-2</CUSTOMERID><NAME>N</NAME><DISPLAYCONTACT><PRINTAS>N</PRINTAS>{taken}</DISPLAYCONTACT></CUSTOMER></create>"
    )
    assert errors(result)[0] == "BL34000061"
    assert "Another Contact" in texts(result)
    assert [row["CUSTOMERID"] for row in gateway.query("CUSTOMER", "CUSTOMERID")] == ["C-UK-0042"]


@pytest.mark.parametrize("change", [("C-UK-0043", "X" * 21), ("Northside", "N" * 101), ("United Kingdom", "Utopia"), ("Net 30", "Net 31")])
def test_a_customer_with_bad_fields_is_refused(gateway: Gateway, change: tuple[str, str]) -> None:
    from tests.platforms.sage_intacct.gateway_client import CUSTOMER

    assert gateway.one(CUSTOMER.format(code="C-UK-0043").replace(*change)).findtext("status") == "failure"


# Faults of its own


def test_edge_cut_commits_and_answers_with_a_page(server: Sandbox, gateway: Gateway) -> None:
    server.inject(SLUG, "edge_cut", times=1)
    answer = gateway.post(gateway.request(invoice()))
    assert (answer.status_code, "<html>" in answer.text) == (524, True)
    assert [document.number for document in server.books(SLUG).documents] == ["UK-SI-000001"]


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"fault": "gateway_busy"}, 429, "GW-0010"),
        ({"fault": "gateway_busy", "status": 200}, 200, "GW-0010"),
        ({"fault": "offline"}, 200, "Temporarily Off-line"),
        ({"fault": "deny_sender"}, 401, "XMLGW_JPP0002"),
        ({"fault": "demo_expired"}, 200, "PL04000055"),
    ],
)
def test_faults_answer_as_the_vendor_does_and_book_nothing(
    server: Sandbox, gateway: Gateway, fault: dict[str, Any], status: int, text: str
) -> None:
    server.inject(SLUG, **fault, times=1)
    answer = gateway.post(gateway.request(invoice()))
    assert (answer.status_code, text in answer.text) == (status, True)
    assert server.books(SLUG).documents == []
    assert _created(gateway)


def test_a_third_request_at_once_is_throttled(server: Sandbox, gateway: Gateway) -> None:
    simulator: Any = server.simulators[SLUG]
    simulator.in_flight = 2
    answer = gateway.post(gateway.request(invoice()))
    simulator.in_flight = 0
    assert (answer.status_code, "GW-0010" in answer.text) == (429, True)
    assert _created(gateway)


def test_document_numbering_replaces_our_number(server: Sandbox, gateway: Gateway) -> None:
    server.inject(SLUG, "number_documents")
    field = (
        "<customfields><customfield><customfieldname>AIRBOOKS_NUMBER</customfieldname><customfieldvalue>UK-SI-000001</customfieldvalue>"
        "</customfield></customfields>"
    )
    gateway.one(invoice().replace("<invoiceitems>", f"{field}<invoiceitems>"))
    booked = server.books(SLUG).documents[0]
    assert booked.number != "UK-SI-000001"
    assert booked.our_number == "UK-SI-000001"


def test_the_books_survive_a_restart(sandbox: Any, tmp_path: Path) -> None:
    first = sandbox(SLUG, folder=tmp_path)
    gateway = Gateway(first.simulators[SLUG].connection())
    gateway.customer()
    _created(gateway)
    before = first.books(SLUG)
    first.stop()
    second = sandbox(SLUG, folder=tmp_path)
    assert second.books(SLUG) == before
    gateway = Gateway(second.simulators[SLUG].connection())
    assert errors(gateway.one(invoice()))[0] == "BL34000061"
