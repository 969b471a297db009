"""A few lines of XML over HTTP: how the tests talk to the simulated gateway without the connector."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
from lxml import etree

_serial = count(1)
TODAY = "<datecreated><year>2026</year><month>02</month><day>10</day></datecreated>"
GBP = "<basecurr>GBP</basecurr><currency>GBP</currency><exchratetype>Intacct Daily Rate</exchratetype>"
LOGIN = (
    "<login><userid>{user}</userid><companyid>{company}</companyid><password>{password}</password><locationid>{entity}</locationid></login>"
)
CUSTOMER = (
    "<create><CUSTOMER><CUSTOMERID>{code}</CUSTOMERID><NAME>Northside Fabrication Ltd</NAME><DISPLAYCONTACT>"
    "<PRINTAS>Northside Fabrication Ltd</PRINTAS><EMAIL1>ap@northside.example</EMAIL1><MAILADDRESS><CITY>Leeds</CITY>"
    "<COUNTRY>United Kingdom</COUNTRY></MAILADDRESS></DISPLAYCONTACT><TERMNAME>Net 30</TERMNAME></CUSTOMER></create>"
)


class Gateway:
    """One company of the simulator. `call` sends functions and gives back the results; `ask` the whole response."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self.connection, self.extra = connection, connection["extra"]
        self.url = f"{connection['host']}/ia/xml/xmlgw.phtml"
        self.session = ""

    def login(self, entity: str = "100", password: str = "") -> str:
        given = {"user": self.connection["login"], "company": self.extra["company_id"], "entity": entity}
        return LOGIN.format(password=password or self.connection["password"], **given)

    def request(self, *functions: str, **settings: Any) -> bytes:
        control = {"control_id": f"test-{next(_serial)}", "unique": "false", "transaction": "false", "sender_password": ""} | settings
        sign_in = settings.get("sign_in") or (f"<sessionid>{self.session}</sessionid>" if self.session else self.login())
        numbered = (f'<function controlid="f{position}">{each}</function>' for position, each in enumerate(functions, 1))
        calls = "".join(given if given.startswith("<function") else made for given, made in zip(functions, numbered, strict=True))
        password = control["sender_password"] or self.extra["sender_password"]
        return (
            f"<request><control><senderid>{self.extra['sender_id']}</senderid><password>{password}</password>"
            f"<controlid>{control['control_id']}</controlid><uniqueid>{control['unique']}</uniqueid><dtdversion>3.0</dtdversion>"
            f'</control><operation transaction="{control["transaction"]}"><authentication>{sign_in}</authentication>'
            f"<content>{calls}</content></operation></request>"
        ).encode()

    def post(self, body: bytes, url: str = "", content_type: str = "application/xml") -> httpx.Response:
        return httpx.post(url or self.url, content=body, headers={"content-type": content_type}, timeout=30)

    def ask(self, *functions: str, **settings: Any) -> etree._Element:
        return etree.fromstring(self.post(self.request(*functions, **settings)).content)

    def call(self, *functions: str, **settings: Any) -> list[etree._Element]:
        return self.ask(*functions, **settings).findall("operation/result")

    def one(self, function: str, **settings: Any) -> etree._Element:
        return self.call(function, **settings)[0]

    def customer(self, code: str = "C-UK-0042") -> None:
        assert self.one(CUSTOMER.format(code=code)).findtext("status") == "success"

    def query(self, name: str, fields: str, condition: str = "", more: str = "") -> list[dict[str, str]]:
        select = "".join(f"<field>{each}</field>" for each in fields.split())
        wanted = f"<filter>{condition}</filter>" if condition else ""
        result = self.one(f"<query><object>{name}</object><select>{select}</select>{wanted}{more}</query>")
        assert result.findtext("status") == "success", etree.tostring(result)
        return [{str(field.tag): field.text or "" for field in row} for row in result.iterfind(f"data/{name}")]

    def invoice(self, key: str) -> dict[str, str]:
        fields = "RECORDNO RECORDID STATE TRX_TOTALENTERED TRX_TOTALDUE TRX_TOTALPAID TOTALENTERED CURRENCY WHENDUE WHENCREATED"
        return self.query("ARINVOICE", fields, f"<equalto><field>RECORDNO</field><value>{key}</value></equalto>")[0]


def line(amount: str, tax: str = "UK Sales Standard", given: str = "", account: str = "4000", more: str = "") -> str:
    trx_tax = f"<trx_tax>{given}</trx_tax>" if given else ""
    entries = f"<taxentries><taxentry><detailid>{tax}</detailid>{trx_tax}</taxentry></taxentries>" if tax else ""
    return f"<lineitem><glaccountno>{account}</glaccountno><amount>{amount}</amount>{more}{entries}</lineitem>"


def invoice(number: str = "UK-SI-000001", lines: str = "", head: str = "", money: str = GBP, customer: str = "C-UK-0042") -> str:
    number_element = f"<invoiceno>{number}</invoiceno>" if number else ""
    return (
        f"<create_invoice><customerid>{customer}</customerid>{TODAY}<termname>Net 30</termname>{head}{number_element}{money}"
        f"<invoiceitems>{lines or line('2499.00')}</invoiceitems></create_invoice>"
    )


def credit(number: str = "UK-CN-000001", amount: str = "-100.00", reference: str = "UK-SI-000001") -> str:
    return (
        f"<create_aradjustment><customerid>C-UK-0042</customerid>{TODAY}<adjustmentno>{number}</adjustmentno>"
        f"<invoiceno>{reference}</invoiceno>{GBP}<aradjustmentitems>{line(amount)}</aradjustmentitems></create_aradjustment>"
    )


def payment(invoice_key: str, amount: str, more: str = "", currency: str = "GBP", detail: str = "") -> str:
    return (
        "<create><ARPYMT><FINANCIALENTITY>BARC-OPERATING</FINANCIALENTITY><PAYMENTMETHOD>EFT</PAYMENTMETHOD>"
        "<CUSTOMERID>C-UK-0042</CUSTOMERID><DOCNUMBER>ACH-5531</DOCNUMBER><RECEIPTDATE>03/01/2026</RECEIPTDATE>"
        f"<CURRENCY>{currency}</CURRENCY>{more}<ARPYMTDETAILS><ARPYMTDETAIL><RECORDKEY>{invoice_key}</RECORDKEY>"
        f"<TRX_PAYMENTAMOUNT>{amount}</TRX_PAYMENTAMOUNT>{detail}</ARPYMTDETAIL></ARPYMTDETAILS></ARPYMT></create>"
    )


def errors(result: etree._Element) -> list[str]:
    return [each.text or "" for each in result.iterfind(".//errorno")]


def texts(result: etree._Element) -> str:
    return " ".join(each.text or "" for each in result.iterfind(".//description2"))
