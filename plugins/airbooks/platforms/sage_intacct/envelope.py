"""The XML gateway's envelope: requests out, three levels of status in (control, authentication, each function)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from lxml import etree

from airbooks.platforms.wire import Complaint

_SUPPORT_ID = re.compile(r"\[(?:Support|Request) ID: ([^\]]+)\]")
NOT_CREATED = "BL01001973"  # stands beside the error that says why
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Content = str | Sequence[etree._Element] | None


def element(tag: str, content: Content = None, **attributes: str) -> etree._Element:
    """An element with text or children; characters that XML cannot carry are left out."""
    made = etree.Element(tag, attributes)
    if isinstance(content, str):
        made.text = _NOT_XML.sub("", content)
    elif content is not None:
        made.extend(content)
    return made


def present(tag: str, text: str) -> list[etree._Element]:
    """The element, or nothing for an empty text."""
    return [element(tag, text)] if text else []


@dataclass(frozen=True, slots=True)
class Function:
    """One call inside a request; its `control_id` finds the result again."""

    control_id: str
    call: etree._Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The partner's credentials, which every request repeats."""

    sender_id: str
    password: str = field(repr=False)


def login(user: str, company: str, password: str, entity: str) -> etree._Element:
    """Authentication by user and password, at the top level or in one entity."""
    who = [element("userid", user), element("companyid", company), element("password", password), *present("locationid", entity)]
    return element("authentication", [element("login", who)])


def session(session_id: str) -> etree._Element:
    return element("authentication", [element("sessionid", session_id)])


def body(sender: Sender, authentication: etree._Element, functions: Iterable[Function], *, control_id: str, unique: bool) -> bytes:
    """A whole request; the order of all elements is the vendor's."""
    control = [
        element("senderid", sender.sender_id),
        element("password", sender.password),
        element("controlid", control_id),
        element("uniqueid", "true" if unique else "false"),
        element("dtdversion", "3.0"),
        element("includewhitespace", "false"),
    ]
    operation = element("operation", [authentication, content(functions)], transaction="false")
    request = element("request", [element("control", control), operation])
    return etree.tostring(request, xml_declaration=True, encoding="UTF-8")


def content(functions: Iterable[Function]) -> etree._Element:
    """The part of a request that holds no credentials."""
    return element("content", [element("function", [each.call], controlid=each.control_id) for each in functions])


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one function: a key, a `<data>` element, or a complaint."""

    control_id: str
    key: str = ""
    data: etree._Element | None = None
    complaint: Complaint | None = None

    @property
    def rows(self) -> list[Mapping[str, str]]:
        """The records of `<data>`, field by field."""
        records = list(self.data) if self.data is not None else []
        return [{str(each.tag): each.text or "" for each in record} for record in records]

    @property
    def remaining(self) -> int:
        """How many records of a query are left for further pages."""
        return int(self.data.get("numremaining", "0")) if self.data is not None else 0


def parse(answer: bytes) -> etree._Element:
    """The `<response>`; raises ValueError for anything else (an HTML page, half a document)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        response = etree.fromstring(answer, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not XML: {error.msg}") from error
    if response.tag != "response" or response.find("control/status") is None:
        raise ValueError("not a response of the gateway")
    return response


def complaint_of(response: etree._Element) -> Complaint | None:
    """What is wrong with the request as a whole: refused, not signed in, or not served at all."""
    if response.findtext("control/status") != "success":
        return _complaint(response.find("errormessage"))
    if response.findtext("operation/authentication/status") != "success":
        return _complaint(response.find("operation/errormessage"), "authentication: ")
    found = results(response)
    if not found:
        raise ValueError("a response without results")
    return _not_served(found)


def _not_served(found: Sequence[Result]) -> Complaint | None:
    """The complaint of an answer whose functions all failed for a reason that is none of theirs (off-line, rate limit)."""
    complaints = [each.complaint for each in found]
    first = complaints[0]
    if first is None or any(each is None or each.code != first.code for each in complaints):
        return None
    return first if first.code == "GW-0010" or re.search("temporarily off-?line", first.message, re.IGNORECASE) else None


def results(response: etree._Element) -> list[Result]:
    return [_result(each) for each in response.iterfind("operation/result")]


def _result(result: etree._Element) -> Result:
    control_id = result.findtext("controlid") or ""
    if result.findtext("status") == "success":
        return Result(control_id, result.findtext("key") or "", result.find("data"))
    return Result(control_id, complaint=_complaint(result.find("errormessage")))


def _complaint(message: etree._Element | None, level: str = "") -> Complaint:
    """All errors of a message joined; the code is the first number that says more than that the record could not be created."""
    errors = message.findall("error") if message is not None else []
    words = "; ".join(filter(None, (_words(each) for each in errors)))
    numbers = [each.findtext("errorno") or "" for each in errors]
    code = next((each for each in numbers if each != NOT_CREATED), NOT_CREATED if numbers else "")
    return Complaint(code=code, message=f"{level}{words or 'the gateway gives no reason'}")


def _words(error: etree._Element) -> str:
    parts = [error.findtext(name) or "" for name in ("description", "description2", "correction")]
    return " ".join(_SUPPORT_ID.sub("", part).strip() for part in parts if part).strip()


def support_id(text: str) -> str:
    """The id that the vendor's support asks for; empty where the answer has none."""
    found = _SUPPORT_ID.search(text)
    return unquote(found[1]) if found else ""
