"""XML-RPC with exact decimals: calls out, answers in (the standard library's goes through binary floating point)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal: 1 application error, 2 user or validation error, 3 access denied, 4 access error."""

    code: int
    text: str


def call_body(method: str, parameters: Iterable[Any]) -> bytes:
    params = "".join(f"<param>{_dumped(each)}</param>" for each in parameters)
    return f"<?xml version='1.0'?><methodCall><methodName>{escape(method)}</methodName><params>{params}</params></methodCall>".encode()


def _dumped(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return f"<value><boolean>{int(bool(value))}</boolean></value>"
    if isinstance(value, int):
        return f"<value><int>{value}</int></value>"
    if isinstance(value, Decimal):
        return f"<value><double>{value:f}</double></value>"
    if isinstance(value, dict):
        members = "".join(f"<member><name>{escape(name)}</name>{_dumped(each)}</member>" for name, each in value.items())
        return f"<value><struct>{members}</struct></value>"
    if isinstance(value, list | tuple):
        return f"<value><array><data>{''.join(map(_dumped, value))}</data></array></value>"
    return f"<value><string>{escape(str(value))}</string></value>"


def read_answer(content: bytes) -> Any:
    """The answer's value, or a Fault; raises ValueError when it is no XML-RPC answer."""
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException) as wrong:
        raise ValueError(f"not XML-RPC: {wrong}") from None
    found = root.find("fault/value")
    if found is not None:
        told = _value(found)
        return Fault(int(told["faultCode"]), str(told["faultString"]))
    value = root.find("params/param/value")
    if value is None:
        raise ValueError("not XML-RPC: neither a value nor a fault")
    return _value(value)


def _value(node: Element) -> Any:
    if len(node) == 0:
        return node.text or ""
    typed = node[0]
    text = typed.text or ""
    match typed.tag:
        case "int" | "i4" | "i8":
            return int(text)
        case "double":
            return Decimal(text.strip())
        case "boolean":
            return text.strip() == "1"
        case "array":
            return [_value(each) for each in typed.iterfind("data/value")]
        case "struct":
            return {str(each.findtext("name")): _value(each[1]) for each in typed.iterfind("member")}
        case _:
            return text
