"""XML-RPC on the server's side: calls in, answers and faults out. `None` cannot be answered, as on the vendor's server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring


class NoneAnswerError(TypeError):
    """The answer holds None, and `allow_none` is off."""


def parsed_call(body: bytes) -> tuple[str, list[Any]]:
    """The method name and the parameters of a `methodCall`."""
    root = fromstring(body)
    return str(root.findtext("methodName")), [_value(found) for found in root.iterfind("params/param/value")]


def _value(node: Element | None) -> Any:
    if node is None or len(node) == 0:
        return (node.text if node is not None else "") or ""
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
            return [_value(item) for item in typed.iterfind("data/value")]
        case "struct":
            return {str(member.findtext("name")): _value(member.find("value")) for member in typed.iterfind("member")}
        case "nil":
            return None
        case _:
            return text


def answer(result: Any) -> bytes:
    return f"<?xml version='1.0'?>\n<methodResponse><params><param>{_dumped(result)}</param></params></methodResponse>\n".encode()


def fault(code: int, text: str) -> bytes:
    body = _dumped({"faultCode": code, "faultString": text})
    return f"<?xml version='1.0'?>\n<methodResponse><fault>{body}</fault></methodResponse>\n".encode()


def _dumped(value: Any) -> str:
    if value is None:
        raise NoneAnswerError("cannot marshal None unless allow_none is enabled")
    if isinstance(value, bool):
        return f"<value><boolean>{int(value)}</boolean></value>"
    if isinstance(value, int):
        return f"<value><int>{value}</int></value>"
    if isinstance(value, Decimal | float):
        return f"<value><double>{float(value)!r}</double></value>"
    if isinstance(value, dict):
        members = "".join(f"<member><name>{escape(_key(k))}</name>{_dumped(v)}</member>" for k, v in value.items())
        return f"<value><struct>{members}</struct></value>"
    if isinstance(value, list | tuple):
        return f"<value><array><data>{''.join(map(_dumped, value))}</data></array></value>"
    return f"<value><string>{escape(str(value))}</string></value>"


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError("dictionary key must be string")
    return key
