"""The calls: SOAP posts, OData reads page by page, OData writes under a CSRF token."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lxml import etree

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import UNREADABLE_ANSWER, UNREADABLE_LOG_IN, ConfigurationError, ErrorRule, PlatformError
from airbooks.platforms.sap_s4hana import odata, reading, soap
from airbooks.platforms.sap_s4hana.odata import Row
from airbooks.platforms.sap_s4hana.soap import Posted
from airbooks.platforms.sap_s4hana.spec import SPEC
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Reply, Request, to_json

T = TypeVar("T")
JSON = {"Accept": "application/json", "Accept-Language": "en"}
XML = {"Content-Type": "text/xml; charset=utf-8", "Accept": "text/xml", "Accept-Language": "en"}
_COOKIE = re.compile(r"(?:^|,)\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+=[^;,]*)")
_ATTRIBUTES = ("expires=", "path=", "domain=", "max-age=", "samesite=")


class Client:
    """One system, as its hook calls it."""

    def __init__(self, hook: PlatformHook) -> None:
        self.hook = hook

    # -- requests -------------------------------------------------------------------------------------------------------------

    def basic(self) -> Mapping[str, str]:
        """Basic authentication of the communication user. (A client certificate instead is not built.)"""
        account = self.hook.account
        credentials = b64encode(f"{account.login}:{account.password}".encode()).decode()
        return {"Authorization": f"Basic {credentials}"}

    def system(self) -> dict[str, str]:
        """The client of an on-premise system; cloud tenants have none."""
        client = str(self.hook.setting("sap_client") or "")
        return {"sap-client": client} if client else {}

    def post(self, entry: etree._Element, message: str) -> Posted:
        """Post one journal entry; its number stands in the answer. Raises PlatformError, also for refusals inside HTTP 200."""
        content = soap.post_body(entry, message, datetime.now(UTC))
        reply = self._soap("je_post_path", soap.POST_ACTION, content)
        return self.understood(lambda: soap.posted(reply.content, message))

    def clear(self, entry: etree._Element, message: str) -> None:
        """Ask for a clearing; 202 says only that it was taken on. Repeated freely, for the same message id is ignored over there."""
        content = soap.clearing_body(entry, message, datetime.now(UTC))
        self._soap("je_clearing_path", soap.CLEARING_ACTION, content, read=True)

    def _soap(self, path: str, action: str, content: bytes, *, read: bool = False) -> Reply:
        headers = {**XML, "SOAPAction": f'"{action}"'}
        where = str(self.hook.setting(path))
        return self.hook.call("POST", where, params=self.system() or None, headers=headers, content=content, read=read)

    def rows(self, path: str, where: str, fields: tuple[str, ...], order: str, top: int = 0) -> Iterator[Row]:
        """All rows of a collection that meet a condition, page by page (or the first `top` ones)."""
        query = {"$filter": where, "$select": ",".join(fields), "$orderby": order, "$format": "json"}
        params = {**query, **({"$top": str(top)} if top else {}), **self.system()}
        reply = self.hook.call("GET", path, params=params, headers=JSON, read=True)
        while True:
            page, following = self.understood(lambda reply=reply: odata.page_of(reply.json(), fields))  # type: ignore[misc]
            yield from page
            if not following:
                return
            reply = self.hook.call("GET", following, headers=JSON, read=True)

    def items(self, *conditions: str) -> list[Row]:
        """Items of the open-item service that meet all conditions, in the connection's company code."""
        company = odata.equal("CompanyCode", str(self.hook.setting("company_code")))
        return list(self.rows(odata.CUBE, odata.both(company, *conditions), reading.FIELDS, reading.ORDER))

    def create(self, path: str, body: Mapping[str, Any]) -> Row:
        """Create an entity; a stale CSRF token is fetched anew once."""
        url = f"{self.hook.root()}{path}"
        headers = {**JSON, "Content-Type": "application/json"}
        request = Request(method="POST", url=url, params=self.system() or None, headers=headers, content=to_json(body))
        reply = self.hook.wire.send(request, self._write_authorisation, self.hook.renew_token)
        return self.understood(lambda: _entity(reply.json()))

    # -- CSRF -----------------------------------------------------------------------------------------------------------------

    def _write_authorisation(self) -> Mapping[str, str]:
        token = self.hook.token()
        return {**self.basic(), "X-CSRF-Token": token.access, "Cookie": token.extra["cookies"]}

    def fetch_csrf(self) -> Token:
        """A CSRF token, which is good only together with the cookies that came with it. How long is not documented."""
        headers = {**JSON, "X-CSRF-Token": "Fetch"}
        url = f"{self.hook.root()}{odata.PARTNERS}/"
        request = Request(method="GET", url=url, params=self.system() or None, headers=headers, read=True)
        reply = self.hook.wire.send(request, self.basic, lambda: None)
        token = reply.headers.get("x-csrf-token", "")
        if not token:
            raise self.error(UNREADABLE_LOG_IN, "no CSRF token was given")
        return Token(access=token, extra={"cookies": cookies(reply.headers.get("set-cookie", ""))})

    def zone(self) -> ZoneInfo:
        """The time zone that the system's dates of change are in; raises ConfigurationError for an unknown one."""
        name = str(self.hook.setting("time_zone"))
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigurationError(f"The time zone {name!r} of the connection is unknown; use a name like Europe/Berlin.") from None

    # -- answers --------------------------------------------------------------------------------------------------------------

    def understood(self, read: Callable[[], T]) -> T:
        """What `read` makes of an answer; an answer that is not as documented leaves the outcome open."""
        try:
            return read()
        except (ValueError, KeyError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
            raise self.error(UNREADABLE_ANSWER, f"the answer is not as documented ({type(error).__name__}: {error})") from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)


def cookies(header: str) -> str:
    """A Cookie header out of Set-Cookie headers (joined by commas)."""
    found = [match[1].strip() for match in _COOKIE.finditer(header)]
    return "; ".join(each for each in found if not each.lower().startswith(_ATTRIBUTES))


def _entity(body: Any) -> Row:
    entity = body["d"]
    if not isinstance(entity, dict):
        raise TypeError("no entity")
    return entity
