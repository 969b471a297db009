"""Models and their public methods: search, read, create, write, unlink, as every Odoo model has them.

A method marked `@of_model` takes named arguments; one marked `@of_records` takes record ids first. Both transports call through `call`,
which is one transaction: it commits as a whole or leaves no trace.
"""

# ruff: noqa: ARG002  overriding methods share one signature
from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airbooks.sandbox.kit import Row

from .database import Rows
from .domain import leaf_of, matches, must_hold
from .loading import load as load_rows
from .refusals import AccessRefusal, Missing, NotFound, SerializationFailure, ServerFailure, UserRefusal, WrongArguments
from .schema import SCHEMA, Field
from .values import CLEAN, TEXT_FIELD

if TYPE_CHECKING:
    from .simulator import OdooSimulator

Method = TypeVar("Method", bound=Callable[..., Any])
X2MANY = ("one2many", "many2many")
CONCURRENT = "could not serialize access due to concurrent update"
COLLIDING = {("account.move", "create"), ("account.move", "write"), ("account.move", "action_post")}
NUMBERS = ("float", "monetary", "integer")


def of_model(method: Method) -> Method:
    """Public, without record ids."""
    method.rpc = "model"  # type: ignore[attr-defined]
    return method


def of_records(method: Method) -> Method:
    """Public, its first argument the record ids."""
    method.rpc = "records"  # type: ignore[attr-defined]
    return method


@dataclass(frozen=True)
class Env:
    """Who calls, and in which context."""

    odoo: OdooSimulator
    user: Row
    context: Row = field(default_factory=dict)

    @property
    def uid(self) -> int:
        return int(self.user["id"])

    @property
    def companies(self) -> list[int]:
        """The companies the call may see: those of the context, else all of the user's."""
        asked: list[int] = self.context.get("allowed_company_ids") or self.user["company_ids"]
        return asked

    def check_companies(self) -> None:
        if not set(self.companies) <= set(self.user["company_ids"]):
            raise AccessRefusal("Access to unauthorized or invalid companies.")

    @property
    def company(self) -> int:
        """The current company."""
        asked = self.context.get("allowed_company_ids")
        return int(self.companies[0]) if asked else int(self.user["company_id"])

    def model(self, name: str) -> Model:
        return self.odoo.models[name]

    def may(self, model: str, action: str) -> bool:
        return action in self.user["rights"].get(model, self.user["rights"].get("*", ""))

    def demand(self, model: str, action: str) -> None:
        if not self.may(model, action):
            raise AccessRefusal(
                f"You are not allowed to {action} {model!r} records.\n\nContact your administrator to request access if necessary."
            )

    def now(self) -> str:
        return self.odoo.clock.now().strftime("%Y-%m-%d %H:%M:%S")

    def today(self) -> str:
        return self.odoo.clock.today().isoformat()


class Model:
    """One model of the database."""

    name: ClassVar[str]
    indexed: ClassVar[tuple[str, ...]] = ()
    label: ClassVar[str] = "name"  # the field that names a record

    def __init__(self, odoo: OdooSimulator) -> None:
        self.odoo = odoo
        self.fields = SCHEMA[self.name]
        self.rows: Rows = odoo.database.rows(self.name, self.indexed)

    # Reading

    def value(self, env: Env, row: Row, name: str) -> Any:
        """The stored or computed value of a field; relations as ids."""
        if name == "display_name":
            return self.naming(row)
        found = row.get(name)
        if found is None:
            kind = self.fields[name].type
            return [] if kind in X2MANY else Decimal(0) if kind in NUMBERS else False
        return found

    def naming(self, row: Row) -> str:
        return str(row.get(self.label) or f"{self.name},{row['id']}")

    def path(self, env: Env, row: Row, path: str) -> Any:
        """The value at a dotted path, as domains use it."""
        name, _, rest = path.partition(".")
        if name not in self.fields:
            raise ServerFailure(f"Invalid field {self.name}.{name} in leaf")
        found = self.value(env, row, name)
        if not rest:
            return found
        related = env.model(self.fields[name].relation)
        ids = found if isinstance(found, list) else [found] if found else []
        reached = [related.path(env, related.existing(one), rest) for one in ids]
        return reached if isinstance(found, list) else (reached[0] if reached else False)

    def found(self, record_id: int) -> Row | None:
        return self.rows.get(record_id)

    def existing(self, record_id: int) -> Row:
        row = self.found(record_id)
        if row is None:
            raise Missing.record(self.name, record_id, 2)
        return row

    def visible(self, env: Env, row: Row) -> bool:
        """The multi-company rule: records of no company, or of a company the call may see."""
        company = row.get("company_id")
        return not company or company in env.companies

    def candidates(self, env: Env, domain: list[Any]) -> Iterable[int]:
        """The smallest set of ids that an index offers for a domain; every record when none does."""
        for name, operator, wanted in must_hold(domain):
            if operator in ("=", "in") and (name == "id" or self.rows.indexes(name)) and wanted not in (False, None, ""):
                values = wanted if isinstance(wanted, list) else [wanted]
                return [key for value in values for key in ([value] if name == "id" else self.rows.having(name, value))]
            if operator == "=ilike" and self.rows.indexes(name) and not set(str(wanted)) & {"%", "_"}:
                return self.rows.having(name, wanted)
            if name == "write_date" and operator in (">", ">="):
                return self.rows.changed_since(str(wanted), inclusive=operator == ">=")
        return self.rows

    def find(self, env: Env, domain: list[Any]) -> list[Row]:
        domain = self.with_active(env, domain)
        for term in domain:
            if not isinstance(term, str):
                self.check_path(env, leaf_of(term)[0])
        found = []
        for record_id in dict.fromkeys(self.candidates(env, domain)):
            row = self.rows.get(record_id) if isinstance(record_id, int) else None
            if row is not None and self.visible(env, row) and matches(domain, lambda path, row=row: self.path(env, row, path)):  # type: ignore[misc]
                found.append(row)
        return found

    def check_path(self, env: Env, path: str) -> None:
        name, _, rest = path.partition(".")
        if name not in self.fields:
            raise ServerFailure(f"Invalid field {self.name}.{name} in leaf")
        if rest:
            env.model(self.fields[name].relation).check_path(env, rest)

    def with_active(self, env: Env, domain: list[Any]) -> list[Any]:
        """Archived records stay out of searches that do not ask for them."""
        named = {term[0] for term in domain if isinstance(term, list) and term}
        if "active" not in self.fields or "active" in named or env.context.get("active_test") is False:
            return domain
        return [["active", "=", True], *domain]

    def ordered(self, env: Env, rows: list[Row], order: str | None) -> list[Row]:
        for term in reversed((order or "id").split(",")):
            name, *way = term.split()
            if name not in self.fields:
                raise ServerFailure(f"Invalid field {name!r} on model {self.name!r}")
            rows = sorted(rows, key=lambda row, name=name: _sort_key(self.value(env, row, name)), reverse=way[:1] in (["desc"], ["DESC"]))  # type: ignore[misc]
        return rows

    def selected(self, env: Env, domain: list[Any], offset: int, limit: int | None, order: str | None) -> list[Row]:
        env.demand(self.name, "read")
        rows = self.ordered(env, self.find(env, domain), order)[offset:]
        return rows[:limit] if limit else rows

    def shown(self, env: Env, row: Row, names: Iterable[str], load: str) -> Row:
        return {name: self.out(env, self.fields[name], self.value(env, row, name), load) for name in names}

    def out(self, env: Env, told: Field, found: Any, load: str) -> Any:
        """A value as `read` answers it: a many2one as `[id, label]`, an empty value as false."""
        if told.type == "many2one" and found and load == "_classic_read":
            related = env.model(told.relation)
            return [found, related.naming(related.existing(found))]
        if told.type == "integer":
            return int(found)
        return found

    def names_to_read(self, fields: list[str] | None) -> list[str]:
        for name in fields or ():
            if name not in self.fields:
                raise ServerFailure(f"Invalid field {name!r} on model {self.name!r}")
        return list(dict.fromkeys(["id", *(fields or self.fields)]))

    @of_model
    def search(self, env: Env, domain: list[Any], offset: int = 0, limit: int | None = None, order: str | None = None) -> list[int]:
        return [int(row["id"]) for row in self.selected(env, domain, offset, limit, order)]

    @of_model
    def search_count(self, env: Env, domain: list[Any], limit: int | None = None) -> int:
        return len(self.selected(env, domain, 0, limit, None))

    @of_model
    def search_read(
        self,
        env: Env,
        domain: list[Any] | None = None,
        fields: list[str] | None = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: str = "_classic_read",
    ) -> list[Row]:
        names = self.names_to_read(fields)
        return [self.shown(env, row, names, load) for row in self.selected(env, domain or [], offset, limit, order)]

    @of_records
    def read(self, env: Env, ids: list[int], fields: list[str] | None = None, load: str = "_classic_read") -> list[Row]:
        env.demand(self.name, "read")
        names = self.names_to_read(fields)
        rows = [row for record_id in ids if (row := self.found(record_id)) is not None]
        for row in rows:
            if not self.visible(env, row):
                raise AccessRefusal("Uh-oh! Looks like you have stumbled upon some top-secret records.")
        return [self.shown(env, row, names, load) for row in rows]

    @of_model
    def fields_get(self, env: Env, allfields: list[str] | None = None, attributes: list[str] | None = None) -> Row:
        told = {name: one.described() for name, one in self.fields.items() if not allfields or name in allfields}
        return {name: {k: v for k, v in one.items() if not attributes or k in attributes} for name, one in told.items()}

    # Writing

    @of_model
    def create(self, env: Env, vals_list: Row | list[Row]) -> int | list[int]:
        env.demand(self.name, "create")
        if isinstance(vals_list, dict):
            return self.make(env, vals_list)
        return [self.make(env, vals) for vals in vals_list]

    @of_records
    def write(self, env: Env, ids: list[int], vals: Row) -> bool:
        env.demand(self.name, "write")
        for record_id in ids:
            self.change(env, self.existing(record_id), vals)
        return True

    @of_records
    def unlink(self, env: Env, ids: list[int]) -> bool:
        env.demand(self.name, "unlink")
        for record_id in ids:
            self.remove(env, self.existing(record_id))
        return True

    @of_model
    def load(self, env: Env, fields: list[str], data: list[list[str]]) -> Row:
        if self.name == "account.move" and self.odoo.struck("serialization_failure") is not None:
            return {"ids": False, "messages": [{"type": "error", "message": CONCURRENT}], "nextrow": 0}
        return load_rows(self, env, fields, data)

    def make(self, env: Env, vals: Row) -> int:
        """Create one record; models with rules of their own override this."""
        values = self.cleaned(env, vals)
        for name, told in self.fields.items():
            if told.required and not values.get(name):
                raise ServerFailure(f"Missing required value for the field '{told.label}' ({name}).")
        return self.insert(env, values)

    def change(self, env: Env, row: Row, vals: Row) -> None:
        self.store(env, {**row, **self.cleaned(env, vals)})

    def remove(self, env: Env, row: Row) -> None:
        self.rows.delete(row["id"])
        self.odoo.names.forget(self.name, row["id"])

    def insert(self, env: Env, values: Row) -> int:
        record_id = self.odoo.database.allocate(self.name)
        if "active" in self.fields:
            values.setdefault("active", True)
        self.store(env, {"id": record_id, **values, "create_date": env.now()})
        return record_id

    def store(self, env: Env, row: Row) -> None:
        kept = {name: value for name, value in row.items() if value is not False or self.fields.get(name, TEXT_FIELD).type == "boolean"}
        self.rows.put(row["id"], {**kept, "write_date": env.now()})

    def cleaned(self, env: Env, vals: Row) -> Row:
        """The values of a create or write, checked against the fields; names that do not exist are refused."""
        clean: Row = {}
        for name, value in vals.items():
            told = self.fields.get(name)
            if told is None:
                raise ServerFailure(f"Invalid field {name!r} in {self.name!r}")
            if told.readonly:
                raise UserRefusal(f"The field {told.label!r} ({name}) of {self.name!r} is computed by the server.")
            if told.type != "one2many":
                clean[name] = self.clean(env, told, value)
        return clean

    def clean(self, env: Env, told: Field, value: Any) -> Any:
        if told.type == "many2one":
            return self.reference(env, told, value)
        if told.type == "many2many":
            return self.references(env, told, value)
        if value is False or value is None:
            return Decimal(0) if told.type in NUMBERS else False
        return CLEAN[told.type](told, value)

    def reference(self, env: Env, told: Field, value: Any) -> int | bool:
        if value is False or value is None:
            return False
        if isinstance(value, bool) or not isinstance(value, int) or value not in env.model(told.relation).rows:
            raise Missing.record(told.relation, value, env.uid)
        return value

    def references(self, env: Env, told: Field, value: Any) -> list[int]:
        """The ids that a list of many2many commands sets: (6, 0, ids), (4, id), (5,)."""
        ids: list[int] = []
        for command in value or []:
            if not isinstance(command, list):
                ids.append(command)
            elif command[0] == 6:
                ids = list(command[2])
            elif command[0] == 4:
                ids.append(command[1])
            elif command[0] == 5:
                ids = []
            else:
                raise ServerFailure(f"Wrong value for {self.name}.{told.name}: {command!r}")
        return [one for one in ids if self.reference(env, told, one)]


def _sort_key(value: Any) -> tuple[int, Any]:
    empty = value is None or value is False
    return (0, "") if empty else (1, value)


def public_method(env: Env, model: str, method: str) -> tuple[Callable[..., Any], str]:
    """The callable and whether it wants ids; refuses unknown models, unknown and private methods."""
    if model not in env.odoo.models:
        raise NotFound(f"the model {model!r} does not exist")
    found = getattr(env.odoo.models[model], method, None)
    if method.startswith("_"):
        raise AccessRefusal(f"Private methods (such as '{model}.{method}') cannot be called remotely.")
    kind = getattr(found, "rpc", None)
    if found is None or kind is None:
        raise NotFound(f"The method '{model}.{method}' does not exist")
    return found, kind


def call(env: Env, model: str, method: str, args: list[Any], kwargs: Row) -> Any:
    """Run one public method as one transaction."""
    function, _ = public_method(env, model, method)
    if (model, method) in COLLIDING and env.odoo.struck("serialization_failure") is not None:
        raise SerializationFailure(CONCURRENT)
    try:
        bound = inspect.signature(function).bind(env, *args, **kwargs)
    except TypeError as wrong:
        raise WrongArguments(str(wrong)) from None
    env.check_companies()
    with env.odoo.database.transaction():
        return function(*bound.args, **bound.kwargs)
