"""The simulator is as strict as the vendor: each fact of the contract is a behaviour here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from lxml import etree
from tests.platforms.sap_s4hana.messages import VENDORS

from airbooks.sandbox.server import Sandbox, running

SLUG = "sap_s4hana"
SFIN = "http://sap.com/xi/SAPSCORE/SFIN"
POST = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
CLEAR = "/sap/bc/srt/scs_ext/sap/journalentrybulkclearingreques"
POST_ACTION = f'"{SFIN}/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest"'
CLEAR_ACTION = f'"{SFIN}/JournalEntryBulkClearingRequest_In/JournalEntryBulkClearingRequest_InRequest"'
CUBE = "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
PARTNERS = "/sap/opu/odata/sap/API_BUSINESS_PARTNER"
ENTRY = """<sfin:JournalEntryBulkCreateRequest xmlns:sfin="http://sap.com/xi/SAPSCORE/SFIN">
<MessageHeader><ID>M-1</ID><CreationDateTime>2026-03-02T10:15:00Z</CreationDateTime></MessageHeader>
<JournalEntryCreateRequest><MessageHeader><ID>M-1</ID><CreationDateTime>2026-03-02T10:15:00Z</CreationDateTime></MessageHeader><JournalEntry>
<OriginalReferenceDocumentType>BKPFF</OriginalReferenceDocumentType><BusinessTransactionType>RFBU</BusinessTransactionType>
<AccountingDocumentType>DR</AccountingDocumentType><DocumentReferenceID>INV-10024</DocumentReferenceID><CreatedByUser>AIRFLOW</CreatedByUser>
<CompanyCode>1710</CompanyCode><DocumentDate>2026-03-02</DocumentDate><PostingDate>2026-03-02</PostingDate>
<Item><ReferenceDocumentItem>2</ReferenceDocumentItem><GLAccount>0000004000</GLAccount>
<AmountInTransactionCurrency currencyCode="USD">-1849.50</AmountInTransactionCurrency></Item>
<DebtorItem><ReferenceDocumentItem>1</ReferenceDocumentItem><Debtor>DEBTOR</Debtor>
<AmountInTransactionCurrency currencyCode="USD">1849.50</AmountInTransactionCurrency></DebtorItem>
</JournalEntry></JournalEntryCreateRequest></sfin:JournalEntryBulkCreateRequest>"""


class System:
    """The simulated system, as any client sees it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        simulator: Any = sandbox.simulators[SLUG]
        self.simulator = simulator
        stored = simulator.connection()
        self.http = httpx.Client(base_url=sandbox.base_url(SLUG), auth=(stored["login"], stored["password"]))
        partner = {"BusinessPartnerCategory": "2", "BusinessPartnerGrouping": "BP02", "OrganizationBPName1": "Delta"}
        roles = {"to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU00"}]}
        company = {"to_Customer": {"to_CustomerCompany": [{"CompanyCode": "1710", "ReconciliationAccount": "12100000"}]}}
        self.customer = str(simulator.partners.create({**partner, **roles, **company})["Customer"])

    def soap(self, message: str, path: str = POST, action: str = POST_ACTION, **headers: str) -> httpx.Response:
        body = f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>{message}</e:Body></e:Envelope>'
        sent = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action, **headers}
        return self.http.post(path, content=body.encode(), headers=sent)

    def entry(self, *changes: tuple[str, str]) -> str:
        message = ENTRY.replace("DEBTOR", f"00{self.customer}")
        for old, new in changes:
            assert old in message
            message = message.replace(old, new)
        return message

    def post(self, *changes: tuple[str, str]) -> tuple[str, list[str]]:
        """The number that an entry gets, and the message numbers of its log."""
        answer = self.soap(self.entry(*changes))
        assert answer.status_code == 200
        found = etree.fromstring(answer.content)
        return found.findtext(".//AccountingDocument") or "", [each.text or "" for each in found.iterfind(".//Log/Item/TypeID")]

    def get(self, path: str, **query: str) -> httpx.Response:
        params = {f"${name}": value for name, value in query.items()}
        return self.http.get(path, params=params, headers={"Accept": "application/json"})

    def items(self, where: str, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(CUBE, filter=where, **query).json()["d"]["results"]
        return rows

    def session(self) -> dict[str, str]:
        answer = self.http.get(f"{PARTNERS}/", headers={"X-CSRF-Token": "Fetch", "Accept": "application/json"})
        return {"X-CSRF-Token": answer.headers["x-csrf-token"], "Cookie": answer.headers["set-cookie"].partition(";")[0]}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with running([SLUG], time_scale=1000) as sandbox:
        made = System(sandbox)
        yield made
        made.http.close()


@pytest.fixture(autouse=True)
def calm(system: System) -> Iterator[None]:
    yield
    system.sandbox.clear_faults()


# -- SOAP ----------------------------------------------------------------------------------------------------------------------------


def test_the_door_wants_basic_authentication(system: System) -> None:
    answer = httpx.post(f"{system.sandbox.base_url(SLUG)}{POST}", content=b"", auth=("AIRBOOKS_COMM", "wrong"))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert "html" in answer.headers["content-type"]


def test_an_entry_gets_a_number_of_its_types_range_and_our_id_back(system: System) -> None:
    answer = etree.fromstring(system.soap(system.entry()).content)
    assert re.fullmatch("18000000[0-9]{2}", answer.findtext(".//AccountingDocument") or "")
    assert [each.text for each in answer.iterfind(".//ReferenceID")] == ["M-1", "M-1"]
    assert answer.findtext(".//FiscalYear") == "2026"
    assert answer.findtext(".//Log/Item/TypeID") == "605(RW)"


def test_each_document_type_numbers_for_itself(system: System) -> None:
    numbers = [system.post((">DR<", f">{kind}<"))[0] for kind in ("DG", "DZ")]
    assert [each[:2] for each in numbers] == ["16", "14"]


@pytest.mark.parametrize(
    "change",
    [
        ("<BusinessTransactionType>RFBU</BusinessTransactionType>\n<AccountingDocumentType>DR</AccountingDocumentType>",
         "<AccountingDocumentType>DR</AccountingDocumentType>\n<BusinessTransactionType>RFBU</BusinessTransactionType>"),
        ("<DocumentReferenceID>INV-10024</DocumentReferenceID>", "<DocumentReferenceID></DocumentReferenceID>"),
        ("INV-10024", "INV-1002400000000"),
        ("-1849.50", "-1.849,50"),
        (' currencyCode="USD">-', ">-"),
        ("<CreatedByUser>AIRFLOW</CreatedByUser>", ""),
        ("<CompanyCode>", "<PaymentTerms>NT30</PaymentTerms><CompanyCode>"),
    ],
    ids=["order", "empty element", "too long", "number", "no currency", "missing", "payment terms"],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_a_fault_and_no_message(system: System, change: tuple[str, str]) -> None:
    answer = system.soap(system.entry(change))
    assert answer.status_code == 500
    assert "soap-env:Server" in answer.text
    assert "Web service processing error" in answer.text


def test_another_action_or_content_type_is_a_fault(system: System) -> None:
    assert system.soap(system.entry(), action=CLEAR_ACTION).status_code == 500
    assert system.soap(system.entry(), **{"Content-Type": "application/xml"}).status_code == 500


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("-1849.50", "-1849.49"), "702(RW)"),
        (("-1849.50", "1849.50"), "702(RW)"),
        (("0000004000", "0000009999"), "507(F5)"),
        (('currencyCode="USD">-', 'currencyCode="EUR">-'), "000(RW)"),
        (("<ReferenceDocumentItem>2<", "<ReferenceDocumentItem>1<"), "000(RW)"),
        (("</GLAccount>", "</GLAccount>"), "605(RW)"),
        (("<CompanyCode>1710", "<CompanyCode>9999"), "165(F5)"),
        ((">DR<", ">ZZ<"), "814(F5)"),
        (("USD", "SEK"), "299(E!)"),
        (("-1849.50</AmountInTransactionCurrency>", "-1849.50</AmountInTransactionCurrency><Tax><TaxCode>A1</TaxCode></Tax>"), "805(FF)"),
    ],
)
def test_business_errors_stand_inside_http_200(system: System, change: tuple[str, str], code: str) -> None:
    number, codes = system.post(change)
    assert (number == "0000000000") is (code != "605(RW)")
    assert code in codes
    assert codes[0] == ("605(RW)" if number != "0000000000" else "609(RW)")


def test_a_customer_that_is_not_there_is_refused(system: System) -> None:
    assert system.post((f"00{system.customer}", "0017199999")) == ("0000000000", ["609(RW)", "102(F5)"])


def test_the_same_message_twice_is_booked_twice(system: System) -> None:
    once, twice = (system.post(("INV-10024", "INV-TWICE"))[0] for _ in range(2))
    assert once != twice
    assert len(system.items("DocumentReferenceID eq 'INV-TWICE' and FinancialAccountType eq 'D'")) == 2


def test_a_zero_decimal_currency_has_no_decimals(system: System) -> None:
    number, codes = system.post(("USD", "JPY"))
    assert (number, codes[1]) == ("0000000000", "023(RW)")


def test_a_reversal_takes_back_once_and_clears_the_pair(system: System) -> None:
    number, _ = system.post(("INV-10024", "INV-REV"))
    items = re.compile("<Item>.*</DebtorItem>", re.DOTALL)
    key = f"{number}17102026"
    block = f"<ReversalReason>01</ReversalReason><ReversalReferenceDocument>{key}</ReversalReferenceDocument>"
    reversal = items.sub("", system.entry(("<CreatedByUser>", f"{block}<ReversalDate>2026-03-02</ReversalDate><CreatedByUser>")))
    first = etree.fromstring(system.soap(reversal).content)
    assert (first.findtext(".//AccountingDocument") or "")[:2] == "18"
    (debt,) = system.items(f"AccountingDocument eq '{number}' and FinancialAccountType eq 'D'")
    assert (debt["IsReversed"], debt["IsCleared"], debt["ReverseDocument"]) == (True, True, first.findtext(".//AccountingDocument"))
    again = etree.fromstring(system.soap(reversal).content)
    assert again.findtext(".//AccountingDocument") == "0000000000"
    assert "already been reversed" in (again.findtext(".//Log/Item[2]/Note") or "")


# -- clearing ------------------------------------------------------------------------------------------------------------------------


def clearing(system: System, message: str, *rows: tuple[str, str, str]) -> httpx.Response:
    """Ask for a clearing of items (document, item, partial amount)."""
    header = f"<MessageHeader><ID>{message}</ID><CreationDateTime>2026-03-20T09:00:05Z</CreationDateTime></MessageHeader>"
    items = "".join(
        f"<APARItems><ReferenceDocumentItem>{place}</ReferenceDocumentItem><AccountType>D</AccountType>"
        f"<APARAccount>00{system.customer}</APARAccount><FiscalYear>2026</FiscalYear><AccountingDocument>{number}</AccountingDocument>"
        f"<AccountingDocumentItem>{item}</AccountingDocumentItem>{partial}</APARItems>"
        for place, (number, item, partial) in enumerate(rows, start=1)
    )
    entry = (
        "<CompanyCode>1710</CompanyCode><AccountingDocumentType>AB</AccountingDocumentType><DocumentDate>2026-03-20</DocumentDate>"
        "<PostingDate>2026-03-20</PostingDate><CurrencyCode>USD</CurrencyCode><CreatedByUser>AIRFLOW</CreatedByUser>"
    )
    request = f"{header}<JournalEntryClearingRequest>{header}<JournalEntry>{entry}{items}</JournalEntry></JournalEntryClearingRequest>"
    root = "sfin:JournalEntryBulkClearingRequest"
    return system.soap(f'<{root} xmlns:sfin="{SFIN}">{request}</{root}>', CLEAR, CLEAR_ACTION)


def pair(system: System) -> tuple[str, str]:
    """An invoice and a payment of the same amount."""
    invoice, _ = system.post()
    swapped = (("-1849.50", "+1849.50"), (">1849.50", ">-1849.50"), ("+1849.50", "1849.50"), (">DR<", ">DZ<"), ("4000<", "1000<"))
    return invoice, system.post(*swapped)[0]


def is_cleared(system: System, number: str) -> bool:
    return bool(system.items(f"AccountingDocument eq '{number}' and FinancialAccountType eq 'D'")[0]["IsCleared"])


def later(system: System) -> None:
    system.simulator.clock.offset += timedelta(seconds=61)


def test_a_clearing_is_taken_on_at_once_and_done_later_with_one_document_for_both(system: System) -> None:
    invoice, payment = pair(system)
    system.sandbox.inject(SLUG, "slow_clearing", seconds=60, times=1)
    answer = clearing(system, "C-1", (invoice, "1", ""), (payment, "1", ""))
    assert (answer.status_code, answer.content) == (202, b"")
    assert not is_cleared(system, invoice)
    later(system)
    assert is_cleared(system, invoice)
    numbers = {each["ClearingAccountingDocument"] for number in (invoice, payment) for each in debts(system, number)}
    assert len(numbers) == 1
    assert numbers.pop().startswith("1000000")


def debts(system: System, number: str) -> list[dict[str, Any]]:
    return system.items(f"AccountingDocument eq '{number}' and FinancialAccountType eq 'D'")


def test_a_clearing_with_an_id_that_was_used_is_ignored(system: System) -> None:
    first, second = pair(system), pair(system)
    clearing(system, "C-2", (first[0], "1", ""), (first[1], "1", ""))
    later(system)
    assert clearing(system, "C-2", (second[0], "1", ""), (second[1], "1", "")).status_code == 202
    later(system)
    assert (is_cleared(system, first[0]), is_cleared(system, second[0])) == (True, False)


@pytest.mark.parametrize("which", ["wrong item", "unbalanced", "cleared already"])
def test_a_clearing_that_is_wrong_has_no_effect_and_no_answer(system: System, which: str) -> None:
    invoice, payment = pair(system)
    rows = {"wrong item": [(invoice, "7", ""), (payment, "1", "")], "unbalanced": [(invoice, "1", "")], "cleared already": []}[which]
    if which == "cleared already":
        rows = [(invoice, "1", ""), (payment, "1", "")]
        clearing(system, "C-first", *rows)
        later(system)
    before = [row for row in system.simulator.clearing.requests.values() if row["state"] == "failed"]
    assert clearing(system, f"C-{which}", *rows).status_code == 202
    later(system)
    assert is_cleared(system, invoice) is (which == "cleared already")
    failed = [row for row in system.simulator.clearing.requests.values() if row["state"] == "failed"]
    assert len(failed) == len(before) + 1


# -- OData ---------------------------------------------------------------------------------------------------------------------------


def test_rows_are_written_as_the_gateway_writes_them(system: System) -> None:
    system.post(("INV-10024", "INV-SHAPE"))
    rows = system.items("DocumentReferenceID eq 'INV-SHAPE'", orderby="AccountingDocumentItem")
    debt = rows[0]
    assert debt["AmountInTransactionCurrency"] == "1849.50"
    assert debt["AmountInCompanyCodeCurrency"] == "1701.54"
    assert debt["DocumentDate"] == "/Date(1772409600000)/"
    assert (debt["ClearingDate"], debt["IsCleared"], debt["ClearingAccountingDocument"]) == (None, False, "")
    assert debt["Customer"] == system.customer
    assert [row["GLAccount"] for row in rows] == ["12100000", "4000"]


def test_an_item_shows_only_a_moment_after_its_posting(system: System) -> None:
    system.sandbox.inject(SLUG, "cube_lag", seconds=60, times=1)
    system.post(("INV-10024", "INV-LATE"))
    assert system.items("DocumentReferenceID eq 'INV-LATE'") == []
    later(system)
    assert len(system.items("DocumentReferenceID eq 'INV-LATE'")) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"filter": "Nothing eq 'x'"}, 400),
        ({"select": "CompanyCode,Nothing"}, 400),
        ({"orderby": "Nothing"}, 400),
        ({"filter": "CompanyCode eq 1710"}, 400),
        ({"filter": "IsCleared eq 'true'"}, 400),
        ({"filter": "PostingDate ge '2026-01-01'"}, 400),
        ({"filter": "CompanyCode eq '1710' and"}, 400),
        ({"filter": "(CompanyCode eq '1710'"}, 400),
        ({"filter": "CompanyCode in ('1710')"}, 400),
        ({"filter": "DocumentReferenceID eq 'it''s' or not (IsCleared eq true)"}, 200),
        ({"filter": "PostingDate ge datetime'2026-01-01T00:00:00' and PostingDate lt datetime'2030-01-01T00:00:00'"}, 200),
    ],
)
def test_filters_are_typed_and_unknown_properties_refused(system: System, query: dict[str, str], status: int) -> None:
    answer = system.get(CUBE, **query)
    assert answer.status_code == status
    if status == 400:
        assert set(answer.json()["error"]) == {"code", "message", "innererror"}


def test_long_answers_come_in_pages(system: System) -> None:
    for _ in range(3):
        system.post(("INV-10024", "INV-PAGES"))
    system.sandbox.inject(SLUG, "small_pages", rows=4)
    first = system.get(CUBE, filter="DocumentReferenceID eq 'INV-PAGES'", inlinecount="allpages").json()["d"]
    assert (len(first["results"]), first["__count"]) == (4, "6")
    rest = system.http.get(
        urlsplit(first["__next"])._replace(scheme="", netloc="", path=CUBE).geturl(), headers={"Accept": "application/json"}
    )
    assert len(rest.json()["d"]["results"]) == 2
    assert "__next" not in rest.json()["d"]


def test_an_unknown_service_or_entity_is_not_found_and_xml_is_the_default(system: System) -> None:
    assert system.get("/sap/opu/odata/sap/API_SALES_INVOICE_SRV/A_SalesInvoice").status_code == 404
    assert system.get(f"{PARTNERS}/A_Nothing").json()["error"]["code"] == "/IWBEP/CM_MGW_RT/020"
    assert "atom+xml" in system.http.get(CUBE).headers["content-type"]


# -- business partners -----------------------------------------------------------------------------------------------------------------

PARTNER = {"BusinessPartnerCategory": "2", "BusinessPartnerGrouping": "BP02", "OrganizationBPName1": "Delta Compressed Air"}


def create(system: System, headers: dict[str, str], **fields: Any) -> httpx.Response:
    with httpx.Client(base_url=system.sandbox.base_url(SLUG), auth=system.http.auth) as client:
        return client.post(f"{PARTNERS}/A_BusinessPartner", json={**PARTNER, **fields}, headers={"Accept": "application/json", **headers})


def test_a_write_needs_the_csrf_token_and_the_cookies_it_came_with(system: System) -> None:
    session = system.session()
    assert create(system, session).status_code == 201
    for headers in ({}, {"X-CSRF-Token": session["X-CSRF-Token"]}, {**session, "X-CSRF-Token": "made-up"}):
        answer = create(system, headers)
        assert (answer.status_code, answer.text) == (403, "CSRF token validation failed")
        assert answer.headers["x-csrf-token"] == "Required"
    system.simulator.clock.offset += timedelta(minutes=31)
    assert create(system, session).status_code == 403


@pytest.mark.parametrize(
    ("fields", "prop"),
    [
        ({"Name": "x"}, "Name"),
        ({"OrganizationBPName1": "x" * 41}, "OrganizationBPName1"),
        ({"BusinessPartnerIDByExtSystem": "C" * 21}, "BusinessPartnerIDByExtSystem"),
        ({"BusinessPartnerGrouping": "ZZ"}, "BusinessPartnerGrouping"),
        ({"to_BusinessPartnerAddress": {"results": [{"CityName": "Bremen"}]}}, "Country"),
        ({"SearchTerm1": 7}, "SearchTerm1"),
    ],
)
def test_a_partner_is_checked_property_by_property(system: System, fields: dict[str, Any], prop: str) -> None:
    answer = create(system, system.session(), **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["errordetails"][0]["propertyref"] == prop


def test_a_change_needs_the_version_it_was_made_from(system: System) -> None:
    session = system.session()
    number = create(system, session).json()["d"]["BusinessPartner"]
    path = f"{PARTNERS}/A_BusinessPartner('{number}')"
    etag = system.get(path).headers["etag"]

    def change(**headers: str) -> int:
        sent = {"Accept": "application/json", **session, **headers}
        return system.http.patch(path, json={"SearchTerm1": "DELTA"}, headers=sent).status_code

    assert [change(), change(**{"If-Match": etag}), change(**{"If-Match": etag})] == [428, 204, 412]


def test_the_vendors_own_example_is_taken_as_a_message(system: System) -> None:
    answer = system.soap(VENDORS)
    assert answer.status_code == 200
    assert "102(F5)" in answer.text
