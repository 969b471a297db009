"""How Epicor is talked to: methods of business objects with the dataset in the caller's hands, and OData entity sets page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from airbooks.platforms.epicor.spec import SPEC
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.wire import Complaint, Reply

Row = dict[str, Any]
INVOICES, GROUPS = "Erp.BO.ARInvoiceSvc", "Erp.BO.InvcGrpSvc"
PAGE = 100  # without $top the server cuts a list at 100 rows and does not say so
OR_TERMS = 15  # of one filter, to keep URLs short
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class Call(Protocol):
    """`PlatformHook.call`."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        read: bool = False,
        scope: str = "call",
    ) -> Reply: ...


def refusal(name: str, message: str, *, fix: str = "", field: str = "", action: Action = Action.REVIEW) -> PlatformError:
    """An error of our own making: nothing (more) was sent."""
    rule = ErrorRule(name=name, action=action, outcome=Outcome.DID_NOT_HAPPEN, fix=fix)
    return PlatformError(message, platform=SPEC.slug, rule=rule, field=field)


def unproven(name: str, message: str) -> PlatformError:
    """An error that leaves open what happened."""
    return PlatformError(message, platform=SPEC.slug, rule=ErrorRule(name=name, action=Action.LOOK_UP, outcome=Outcome.UNKNOWN))


@contextmanager
def before_sending() -> Iterator[None]:
    """What fails in here fails before the document was sent: its outcome is certain."""
    try:
        yield
    except PlatformError as error:
        raise error.as_not_happened() from None


def quoted(value: str) -> str:
    """A text literal of a filter."""
    return "'" + value.replace("'", "''") + "'"


def any_of(name: str, literals: Iterable[str]) -> str:
    return "(" + " or ".join(f"{name} eq {each}" for each in literals) + ")"


def chunks(values: Sequence[str], size: int = OR_TERMS) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


class Company:
    """One company of one instance; `name` is its id in the URL."""

    def __init__(self, call: Call, name: Callable[[], str]) -> None:
        self._call, self._name = call, name

    @property
    def name(self) -> str:
        return self._name()

    def path(self, place: str) -> str:
        return f"/api/v2/odata/{self.name}/{place}"

    # -- methods --------------------------------------------------------------------------------------------------------------

    def do(self, service: str, method: str, body: Row) -> Row:
        """A method that may write: never repeated by itself. The answer's `parameters`, or its `returnObj`."""
        return _content(self._call("POST", self.path(f"{service}/{method}"), headers=_JSON, json=body))

    def ask(self, service: str, method: str, body: Row) -> Row:
        """A method that keeps nothing (GetNew..., OnChange..., PreUpdate): safe to repeat."""
        return _content(self._call("POST", self.path(f"{service}/{method}"), headers=_JSON, json=body, read=True))

    def get(self, service: str, method: str, **params: str) -> Row:
        """A method that only reads."""
        return _content(self._call("GET", self.path(f"{service}/{method}"), params=params, headers=_JSON, read=True))

    def function(self, library: str, function: str, body: Row) -> Row:
        """An Epicor Function; its answer is the object of its response parameters."""
        found: Row = self._call("POST", self.function_path(library, function), headers=_JSON, json=body).json()
        return found

    def function_path(self, library: str, function: str) -> str:
        return f"/api/v2/efx/{self.name}/{library}/{function}"

    # -- entity sets ----------------------------------------------------------------------------------------------------------

    def rows(self, place: str, *, where: str = "", select: str = "", order: str) -> Iterator[Row]:
        """Every row of an entity set that fits; `order` must tell rows apart, or pages overlap."""
        query = {"$filter": where, "$select": select, "$orderby": order, "$top": str(PAGE)}
        skip = 0
        while True:
            params = {name: value for name, value in {**query, "$skip": str(skip)}.items() if value}
            page = self._call("GET", self.path(place), params=params, headers=_JSON, read=True).json()["value"]
            yield from page
            if len(page) < PAGE:
                return
            skip += PAGE

    def create(self, place: str, body: Row) -> Row:
        made: Row = self._call("POST", self.path(place), headers=_JSON, json=body).json()
        return made

    def patch_invoice(self, number: str, body: Row) -> None:
        self._call("PATCH", self.path(f"{INVOICES}/ARInvoices({quoted(self.name)},{number})"), headers=_JSON, json=body)


def _content(reply: Reply) -> Row:
    answer = reply.json()
    found = answer.get("parameters") or answer.get("returnObj") or {}
    return found if isinstance(found, dict) else {"returnObj": found}


def changed_row(ds: Row, table: str) -> Row:
    """The row of a dataset that the conversation is about: the one with a RowMod. Raises PlatformError where the server lost it."""
    found: Row | None = next((row for row in ds.get(table, []) if row.get("RowMod")), None)
    if found is None:
        raise PlatformError(f"the answer has no changed {table} row", platform=SPEC.slug, rule=UNREADABLE_ANSWER)
    return found


def complaint_in(answer: Any) -> Complaint | None:
    """What went wrong in an answer with HTTP 200: a question that only the screen can answer, or nothing saved."""
    said = answer.get("parameters") if isinstance(answer, dict) else None
    if not isinstance(said, dict):
        return None
    for name in ("needsUserInput", "requiresUserInput"):
        if said.get(name) is True:
            return Complaint(code=name, message="Epicor asks for input that only a person can give.")
    if said.get("responseMessage"):
        return Complaint(code="responseMessage", message=str(said["responseMessage"]))
    if said.get("lUpdateRan") is False:
        return Complaint(code="lUpdateRan", message="Nothing was saved.")
    if said.get("errorsOccurred") is True:
        errors = (answer.get("returnObj") or {}).get("BOUpdError", [])
        return Complaint(code="BOUpdError", message="; ".join(str(each.get("ErrorText", "")) for each in errors))
    return None
