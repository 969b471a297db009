"""What the gateway writes back: the envelope with its three levels of status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Response
from lxml import etree

from airbooks.platforms.sage_intacct.sandbox.refusals import Error, RefusalError, support_id


@dataclass(frozen=True)
class SignedIn:
    """Who is asking, in which entity ("" is the top level), and the life of the session."""

    user: str
    company: str
    entity: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Answer:
    """What a function gives back: a key, a `<data>` element, or neither."""

    key: str = ""
    data: etree._Element | None = None


ROLLED_BACK = Error("XL03000009", "The entire transaction in this operation has been rolled back due to an error.")


def is_unique(request: etree._Element) -> bool:
    """Whether the request may not be repeated; the vendor's default is yes."""
    return request.findtext("control/uniqueid", "true") == "true"


def xml_response(element: etree._Element, status: int) -> Response:
    return Response(etree.tostring(element, xml_declaration=True, encoding="UTF-8"), status, media_type="text/xml")


def control_block(asked: etree._Element | None, status: str) -> etree._Element:
    """The first level, which echoes the request's control block."""
    answer = etree.Element("control")
    etree.SubElement(answer, "status").text = status
    if asked is not None:
        for name, default in (("senderid", ""), ("controlid", ""), ("uniqueid", "true"), ("dtdversion", "3.0")):
            etree.SubElement(answer, name).text = asked.findtext(name, default)
    return answer


def refused_request(asked: etree._Element | None, error: Error) -> etree._Element:
    """A failure of the first level: there is no operation."""
    response = etree.Element("response")
    response.append(control_block(asked, "failure"))
    response.append(error_message([error]))
    return response


def authentication_block(who: SignedIn | None) -> etree._Element:
    """The second level: success with the life of the session, or failure."""
    answer = etree.Element("authentication")
    texts = {"status": "failure", "userid": "", "companyid": "", "locationid": ""}
    if who is not None:
        life = {"sessiontimestamp": who.since.isoformat(timespec="seconds"), "sessiontimeout": who.until.isoformat(timespec="seconds")}
        texts = {"status": "success", "userid": who.user, "companyid": who.company, "locationid": who.entity, **life}
    for name, text in texts.items():
        etree.SubElement(answer, name).text = text
    return answer


def result_block(function: etree._Element, outcome: Answer | RefusalError | None) -> etree._Element:
    """The third level, for one function; None: rolled back because of another one."""
    status = {Answer: "success", RefusalError: "failure"}.get(type(outcome), "aborted")
    answer = etree.Element("result")
    texts = {"status": status, "function": str(function[0].tag), "controlid": function.get("controlid")}
    for name, text in texts.items():
        etree.SubElement(answer, name).text = text
    if outcome is None:
        answer.append(error_message([ROLLED_BACK]))
    elif isinstance(outcome, RefusalError):
        _refuse(answer, function, outcome)
    else:
        _fill(answer, outcome)
    return answer


def _refuse(answer: etree._Element, function: etree._Element, refused: RefusalError) -> None:
    if function[0].tag == "create":
        etree.SubElement(answer, "data", listtype="objects", count="0")
    answer.append(error_message(list(refused.errors)))


def _fill(result: etree._Element, answer: Answer) -> None:
    if answer.key:
        etree.SubElement(result, "key").text = answer.key
    if answer.data is not None:
        result.append(answer.data)


def error_message(errors: list[Error]) -> etree._Element:
    message = etree.Element("errormessage")
    for position, each in enumerate(errors):
        text = each.description2
        if position == 0 and text and "Support ID" not in text:
            text = f"{text} {support_id()}"
        error = etree.SubElement(message, "error")
        parts = {"errorno": each.number, "description": each.description, "description2": text, "correction": each.correction}
        for name, value in parts.items():
            etree.SubElement(error, name).text = value
    return message
