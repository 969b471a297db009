"""Customers, and the contact that each brings with it."""

from __future__ import annotations

from babel import Locale
from lxml import etree

from airbooks.platforms.sage_intacct.sandbox.company import Company, bad_reference, missing
from airbooks.platforms.sage_intacct.sandbox.objects import words
from airbooks.platforms.sage_intacct.sandbox.refusals import Error, RefusalError
from airbooks.sandbox.kit import Clock, Row

CODE_MAX, NAME_MAX = 20, 100
FIELDS = words(
    "CUSTOMERID NAME DISPLAYCONTACT STATUS TERMNAME CURRENCY TAXID RESALENO CREDITLIMIT COMMENTS ONETIME ONHOLD CUSTTYPE TERRITORYID "
    "PARENTID GLGROUP DELIVERYOPTIONS"
)
CONTACT = words(
    "CONTACTNAME PRINTAS COMPANYNAME TAXABLE TAXGROUP PREFIX FIRSTNAME LASTNAME INITIAL PHONE1 PHONE2 CELLPHONE PAGER FAX EMAIL1 EMAIL2 "
    "URL1 URL2 MAILADDRESS"
)
ADDRESS = words("ADDRESS1 ADDRESS2 ADDRESS3 CITY STATE ZIP COUNTRY COUNTRYCODE")
COUNTRIES = frozenset(Locale("en").territories.values())


def create(company: Company, clock: Clock, element: etree._Element, entity: str) -> Row:
    """Generic create of CUSTOMER: the customer and its display contact, or a RefusalError."""
    _known(element, FIELDS)
    texts = {str(each.tag): each.text or "" for each in element if len(each) == 0}
    row = _customer(company, texts)
    try:
        contact = _contact(company, element.find("DISPLAYCONTACT"), row["CUSTOMERID"])
    except RefusalError as refused:
        raise refused.concluding("Could not create Contact record!").concluding("Could not create Customer record!") from refused
    tables, now = company.tables, clock.now()
    audit = {"MEGAENTITYID": entity, "WHENMODIFIED": now, "AUWHENCREATED": now, "WHENCREATED": now.date()}
    tables.put("CONTACT", {"RECORDNO": tables.next_key("CONTACT"), **contact, **audit, "STATUS": "active"})
    shown = {f"DISPLAYCONTACT.{field}": value for field, value in contact.items()}
    customer = {"RECORDNO": tables.next_key("CUSTOMER"), **row, **shown, **audit}
    tables.put("CUSTOMER", customer)
    return customer


def _known(element: etree._Element, fields: frozenset[str]) -> None:
    for each in element:
        if each.tag not in fields:
            raise RefusalError.of("DL02000001", f"There was an error processing the request. The field {each.tag} is not valid.")


def _customer(company: Company, texts: dict[str, str]) -> Row:
    code, name = texts.get("CUSTOMERID", ""), texts.get("NAME", "")
    if not code or not name:
        raise missing("Customer ID" if not code else "Customer Name").concluding("Could not create Customer record!")
    if len(code) > CODE_MAX or len(name) > NAME_MAX:
        raise RefusalError.of("BL03000018", "A text is longer than its field").concluding("Could not create Customer record!")
    if company.tables.one("CUSTOMER", "CUSTOMERID", code):
        text = f"Another Customer with the given value(s) {code}  already exists"
        raise RefusalError.of("BL34000061", text, "Use a unique value instead.").concluding("Could not create Customer record!")
    if texts.get("TERMNAME"):
        company.reference("ARTERM", "NAME", texts["TERMNAME"], "Term")
    if texts.get("CURRENCY"):
        company.currency(texts["CURRENCY"])
    if texts.get("STATUS", "active") not in ("active", "inactive"):
        raise bad_reference("status", texts["STATUS"])
    return {"STATUS": "active", **texts}


def _contact(company: Company, element: etree._Element | None, code: str) -> Row:
    if element is None or not element.findtext("PRINTAS"):
        raise missing("Print As")
    _known(element, CONTACT)
    address = element.find("MAILADDRESS")
    texts = {str(each.tag): each.text or "" for each in element if len(each) == 0}
    name = texts.get("CONTACTNAME") or f"{texts['PRINTAS']}({code})"
    if company.tables.one("CONTACT", "CONTACTNAME", name):
        text = f"Another Contact with the given value(s) {name}  already exists"
        raise RefusalError(Error("BL34000061", text, "Use a unique value instead."))
    return {**texts, "CONTACTNAME": name, **_address(address)}


def _address(element: etree._Element | None) -> Row:
    if element is None:
        return {}
    _known(element, ADDRESS)
    texts = {str(each.tag): each.text or "" for each in element}
    if texts.get("COUNTRY") and texts["COUNTRY"] not in COUNTRIES:
        raise bad_reference("Country", texts["COUNTRY"])
    return {f"MAILADDRESS.{name}": text for name, text in texts.items()}
