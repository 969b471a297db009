"""SOAP 1.1 as SAP S/4HANA speaks it: envelopes out, confirmations and faults in. Only the message's root bears the name space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from airbooks.platforms.sap_s4hana.spec import EMPTY_NUMBERS, FAULT, NO_NUMBER, NUMBER_AND_ERRORS
from airbooks.platforms.wire import Complaint

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SFIN = "http://sap.com/xi/SAPSCORE/SFIN"
WSA = "http://www.w3.org/2005/08/addressing"
POST_ACTION = f"{SFIN}/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest"
CLEARING_ACTION = f"{SFIN}/JournalEntryBulkClearingRequest_In/JournalEntryBulkClearingRequest_InRequest"
ERROR_SEVERITY = "3"
SUMMARY = ("605(RW)", "609(RW)")  # "posted" and "error in document": the reason stands in the items after them
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Content = str | Sequence[etree._Element]


def clean(text: str) -> str:
    """Text on one line, without the characters that XML cannot carry."""
    return " ".join(_NOT_XML.sub("", text).split())


def element(tag: str, content: Content, **attributes: str) -> etree._Element:
    """An element with text or children."""
    made = etree.Element(tag, attributes)
    if isinstance(content, str):
        made.text = _NOT_XML.sub("", content)
    else:
        made.extend(content)
    return made


def present(tag: str, text: str, limit: int) -> list[etree._Element]:
    """The element with at most `limit` characters, or nothing: an empty element does not fit the schema."""
    kept = clean(text)[:limit].strip()
    return [element(tag, kept)] if kept else []


def message_id(key: str, prefix: str = "AB-") -> str:
    """A message id (at most 35 characters) that is the same for the same key."""
    return f"{prefix}{key.replace('-', '')}"[:35]


def post_body(entry: etree._Element, message: str, now: datetime) -> bytes:
    """`JournalEntryBulkCreateRequest` with one entry; whether several in one request are rolled back together is not documented."""
    request = element("JournalEntryCreateRequest", [_header(message, now), entry])
    return _envelope("JournalEntryBulkCreateRequest", [_header(message, now), request], ())


def clearing_body(entry: etree._Element, message: str, now: datetime) -> bytes:
    """`JournalEntryBulkClearingRequest` with its WS-Addressing headers; the same `message` again is ignored as a duplicate."""
    request = element("JournalEntryClearingRequest", [_header(message, now), entry])
    addressing = (_addressed("Action", CLEARING_ACTION), _addressed("MessageID", f"urn:airbooks:{message}"))
    return _envelope("JournalEntryBulkClearingRequest", [_header(message, now), request], addressing)


def _addressed(tag: str, text: str) -> etree._Element:
    made = etree.Element(f"{{{WSA}}}{tag}", nsmap={"wsa": WSA})
    made.text = text
    return made


def _header(message: str, now: datetime) -> etree._Element:
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return element("MessageHeader", [element("ID", message), element("CreationDateTime", moment)])


def _envelope(root: str, content: Sequence[etree._Element], headers: Sequence[etree._Element]) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "sfin": SFIN})
    etree.SubElement(envelope, f"{{{SOAP}}}Header").extend(headers)
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    etree.SubElement(body, f"{{{SFIN}}}{root}").extend(content)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A journal entry that was posted; the three numbers together are its key."""

    number: str
    company_code: str
    fiscal_year: str

    @property
    def key(self) -> str:
        """The key as SAP glues it: number, company code, fiscal year."""
        return f"{self.number}{self.company_code}{self.fiscal_year}"


def parse(answer: bytes) -> etree._Element:
    """The first element of the SOAP body; raises ValueError for anything that is no SOAP envelope."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        envelope = etree.fromstring(answer, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error.msg}") from error
    body = envelope.find(f"{{{SOAP}}}Body")
    if body is None or not len(body):
        raise ValueError("no SOAP envelope")
    return body[0]


def complaint(answer: bytes) -> Complaint | None:
    """What a SOAP answer complains about. HTTP 200 says nothing: only a document number without errors is a success, warnings or not."""
    content = parse(answer)
    if content.tag == f"{{{SOAP}}}Fault":
        return Complaint(code=FAULT, message=f"{content.findtext('faultcode') or ''}: {content.findtext('faultstring') or ''}".strip(": "))
    notes = _notes(content)
    number = (content.findtext(".//AccountingDocument") or "").strip()
    severe = [code for code, severity, _ in notes if severity >= ERROR_SEVERITY] or _severe_log(content)
    said = "; ".join(dict.fromkeys(note for _, _, note in notes)) or "SAP S/4HANA gives no reason"
    if number not in EMPTY_NUMBERS:
        return Complaint(code=NUMBER_AND_ERRORS, message=f"{number}: {said}") if severe else None
    reasons = [code for code in severe if code not in SUMMARY]
    return Complaint(code=(reasons or severe or [NO_NUMBER])[0], message=said)


def _notes(content: etree._Element) -> list[tuple[str, str, str]]:
    """Code, severity and text of every item of every log."""
    items = content.iterfind(".//Log/Item")
    return [(each.findtext("TypeID") or "", each.findtext("SeverityCode") or "", each.findtext("Note") or "") for each in items]


def _severe_log(content: etree._Element) -> list[str]:
    severities = [each.text or "" for each in content.iterfind(".//Log/MaximumLogItemSeverityCode")]
    return ["error without items"] if any(each >= ERROR_SEVERITY for each in severities) else []


def posted(answer: bytes, message: str) -> Posted:
    """The confirmation of a message that was not complained about; raises ValueError when it answers another one."""
    for confirmation in parse(answer).iterfind("JournalEntryCreateConfirmation"):
        if confirmation.findtext("MessageHeader/ReferenceID") == message:
            entry = "JournalEntryCreateConfirmation"
            parts = [(confirmation.findtext(f"{entry}/{tag}") or "").strip() for tag in ("AccountingDocument", "CompanyCode", "FiscalYear")]
            return Posted(number=parts[0].zfill(10), company_code=parts[1], fiscal_year=parts[2])
    raise ValueError("the answer is not about this request")
