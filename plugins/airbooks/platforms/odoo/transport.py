"""Calling model methods: JSON-2 (from Odoo 19) or XML-RPC; the same methods, arguments and answers through both."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airbooks.platforms.odoo.spec import NONE_ANSWER
from airbooks.platforms.odoo.xmlrpc import Fault, call_body, read_answer
from airbooks.platforms.wire import Complaint, Reply, to_json

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook

_EXCEPTION = re.compile(r"^([\w.]+(?:Error|Exception|Warning|Failure)\w*): (.*)", re.MULTILINE)


class Transport(ABC):
    """Runs public methods of models in one company, with English messages."""

    def __init__(self, hook: OdooHook) -> None:
        self.hook = hook

    def context(self, more: Mapping[str, Any]) -> dict[str, Any]:
        return {"lang": "en_US", "allowed_company_ids": [self.hook.company_id], **more}

    @abstractmethod
    def run(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        read: bool = False,
        **named: Any,
    ) -> Any:
        """The method's answer; `ids` for methods of records, everything else by name. Raises PlatformError."""

    @abstractmethod
    def server_version(self) -> str:
        """The server's version, such as "19.0" or "saas~18.2"; told without a key."""

    @abstractmethod
    def shown(self, model: str, method: str, **named: Any) -> tuple[str, str]:
        """Path and body of a call as a dry run shows it, without credentials."""

    @abstractmethod
    def complaint(self, reply: Reply) -> Complaint | None:
        """What the server says went wrong, or None."""


class Json2(Transport):
    """`POST /json/2/<model>/<method>` with an API key as bearer token."""

    def run(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        read: bool = False,
        **named: Any,
    ) -> Any:
        body = {**named, **({"ids": list(ids)} if ids is not None else {}), "context": self.context(context or {})}
        headers = {"Content-Type": "application/json"}
        return self.hook.call("POST", f"/json/2/{model}/{method}", content=to_json(body), headers=headers, read=read).json()

    def server_version(self) -> str:
        return str(self.hook.call("GET", "/web/version", read=True).json()["version"])

    def shown(self, model: str, method: str, **named: Any) -> tuple[str, str]:
        return f"/json/2/{model}/{method}", to_json({**named, "context": self.context({})}).decode()

    def complaint(self, reply: Reply) -> Complaint | None:
        if reply.status < 400:
            reply.json()
            return None
        if not reply.headers.get("content-type", "").startswith("application/json"):
            return Complaint(message=reply.text[:500])
        told = reply.json()
        return Complaint(code=str(told["name"]), message=str(told["message"]))


class XmlRpc(Transport):
    """`execute_kw` on `/xmlrpc/2/object`; the user's id is asked for once."""

    def __init__(self, hook: OdooHook) -> None:
        super().__init__(hook)
        self._uid: int | None = None

    def run(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        read: bool = False,
        **named: Any,
    ) -> Any:
        account = self.hook.account
        keywords = {**named, "context": self.context(context or {})}
        positional = [list(ids)] if ids is not None else []
        parameters = [account.schema, self.uid(), account.password, model, method, positional, keywords]
        return self._post("object", "execute_kw", parameters, read=read)

    def server_version(self) -> str:
        return str(self._post("common", "version", [], read=True)["server_version"])

    def uid(self) -> int:
        """The user's id; false instead of a fault means that user or password are wrong."""
        if self._uid is None:
            account = self.hook.account
            found = self._post("common", "authenticate", [account.schema, account.login, account.password, {}], read=True)
            if not found:
                raise self.hook.refused(Complaint(code="3", message=f"Odoo does not know the user {account.login!r} with this key"))
            self._uid = int(found)
        return self._uid

    def _post(self, service: str, method: str, parameters: list[Any], *, read: bool) -> Any:
        content = call_body(method, parameters)
        reply = self.hook.call("POST", f"/xmlrpc/2/{service}", content=content, headers={"Content-Type": "text/xml"}, read=read)
        answer = read_answer(reply.content)
        return None if isinstance(answer, Fault) else answer

    def shown(self, model: str, method: str, **named: Any) -> tuple[str, str]:
        arguments = [self.hook.account.schema, "(user)", "(key)", model, method, [], {**named, "context": self.context({})}]
        return "/xmlrpc/2/object", to_json({"execute_kw": arguments}).decode()

    def complaint(self, reply: Reply) -> Complaint | None:
        """A fault; the one about None comes after a change that is committed, and is no complaint."""
        if reply.status >= 400:
            return Complaint(message=reply.text[:500])
        answer = read_answer(reply.content)
        if not isinstance(answer, Fault) or NONE_ANSWER in answer.text:
            return None
        return Complaint(code=str(answer.code), message=essence(answer.text))


def essence(text: str) -> str:
    """The last exception of a traceback, or the text itself."""
    found = _EXCEPTION.findall(text) if text.startswith("Traceback") else []
    return f"{found[-1][0]}: {found[-1][1]}" if found else text
