"""What the system writes back: confirmations and faults in SOAP, errors in JSON, plain pages at the door."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime

from fastapi import Response
from lxml import etree

from airbooks.platforms.sap_s4hana.sandbox.schema import SFIN
from airbooks.sandbox.kit import Row

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
Note = tuple[str, str, str]  # message number, severity, text


def soap(content: etree._Element, status: int = 200) -> Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap-env": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Header")
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return Response(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"), status, media_type="text/xml")


def fault(reason: str) -> Response:
    """What cannot be processed as a message at all; the detail is for the log of the system."""
    content = etree.Element(f"{{{SOAP}}}Fault")
    etree.SubElement(content, "faultcode").text = "soap-env:Server"
    words = etree.SubElement(content, "faultstring")
    words.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    words.text = "Web service processing error; more details in the web service error log on provider side"
    etree.SubElement(content, "detail").text = reason[:500]
    return soap(content, 500)


def confirmation(message: str, entries: Sequence[tuple[str, Row | None, Sequence[Note]]], now: datetime) -> Response:
    """One confirmation per entry (its message id, the document, its notes); a refused one has the number zero."""
    content = etree.Element(f"{{{SFIN}}}JournalEntryBulkCreateConfirmation", nsmap={"n0": SFIN})
    content.append(_header(message, now))
    etree.SubElement(content, "ConfirmationInterfaceOrignName").text = "JournalEntryCreateConfirmation_In"
    for each, document, notes in entries:
        made = etree.SubElement(content, "JournalEntryCreateConfirmation")
        made.append(_header(each, now))
        made.append(_numbers(document))
        made.append(_log(notes))
    content.append(_log(()))
    return soap(content)


def _header(message: str, now: datetime) -> etree._Element:
    header = etree.Element("MessageHeader")
    etree.SubElement(header, "UUID").text = str(uuid.uuid4())
    if message:
        etree.SubElement(header, "ReferenceID").text = message
    etree.SubElement(header, "CreationDateTime").text = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return header


def _numbers(document: Row | None) -> etree._Element:
    made = etree.Element("JournalEntryCreateConfirmation")
    number, code, year = (document["number"], document["company"], document["year"]) if document else ("0000000000", "", "0000")
    etree.SubElement(made, "AccountingDocument").text = number
    etree.SubElement(made, "CompanyCode").text = code
    etree.SubElement(made, "FiscalYear").text = year
    return made


def _log(notes: Sequence[Note]) -> etree._Element:
    log = etree.Element("Log")
    if notes:
        etree.SubElement(log, "MaximumLogItemSeverityCode").text = max(severity for _, severity, _ in notes)
    for code, severity, text in notes:
        item = etree.SubElement(log, "Item")
        etree.SubElement(item, "TypeID").text = code
        etree.SubElement(item, "SeverityCode").text = severity
        etree.SubElement(item, "Note").text = text[:200]
        etree.SubElement(item, "WebURI").text = "http://host/sap/public/messages"
    return log


def odata(body: Row, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, media_type="application/json")


def odata_error(status: int, code: str, message: str, prop: str = "") -> Response:
    detail = {"code": code, "message": message, "propertyref": prop, "severity": "error"}
    inner = {"transactionid": uuid.uuid4().hex.upper(), "timestamp": "20260302101500.0000000", "errordetails": [detail]}
    return odata({"error": {"code": code, "message": {"lang": "en", "value": message}, "innererror": inner}}, status)


def page(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    """A page of the web server, in front of every service."""
    return Response(
        f"<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>", status, headers, media_type="text/html"
    )
