"""The models without rules of their own, and the few with one."""

from __future__ import annotations

from typing import Any, ClassVar

from airbooks.sandbox.kit import Row

from .orm import Env, Model, of_model
from .refusals import AccessRefusal, ServerFailure, ValidationRefusal


class Company(Model):
    name = "res.company"


class Currency(Model):
    name = "res.currency"
    indexed = ("name",)


class CurrencyRate(Model):
    name = "res.currency.rate"
    indexed = ("company_id", "currency_id")


class Country(Model):
    name = "res.country"
    indexed = ("code", "name")


class State(Model):
    name = "res.country.state"
    indexed = ("code", "country_id")


class User(Model):
    name = "res.users"
    indexed = ("login", "key")

    @of_model
    def context_get(self, env: Env) -> Row:
        return {"lang": env.user["lang"], "tz": env.user["tz"], "uid": env.uid}


class Partner(Model):
    """`res.partner`: customers and their delivery addresses; `ref` is not unique."""

    name = "res.partner"
    indexed = ("ref", "email", "name", "parent_id")

    def make(self, env: Env, vals: Row) -> int:
        if not vals.get("name") and vals.get("type", "contact") == "contact":
            raise ValidationRefusal("Contacts require a name")
        return self.insert(env, {"type": "contact", "is_company": False, **self.cleaned(env, {"name": False, **vals})})


class Product(Model):
    name = "product.product"
    indexed = ("default_code",)

    def naming(self, row: Row) -> str:
        return f"[{row['default_code']}] {row['name']}" if row.get("default_code") else str(row["name"])


class Account(Model):
    name = "account.account"
    indexed = ("code",)

    def naming(self, row: Row) -> str:
        return f"{row['code']} {row['name']}"

    def visible(self, env: Env, row: Row) -> bool:
        return not row["company_ids"] or bool(set(row["company_ids"]) & set(env.companies))


class Tax(Model):
    name = "account.tax"
    indexed = ("name", "company_id")


class Journal(Model):
    name = "account.journal"
    indexed = ("company_id",)

    def value(self, env: Env, row: Row, name: str) -> Any:
        if name == "inbound_payment_method_line_ids":
            return self.odoo.method_lines(row["id"])
        return super().value(env, row, name)


class PaymentMethodLine(Model):
    name = "account.payment.method.line"
    indexed = ("journal_id",)


class PaymentTerm(Model):
    name = "account.payment.term"
    indexed = ("name",)


class FiscalPosition(Model):
    name = "account.fiscal.position"
    indexed = ("company_id",)


class AnalyticPlan(Model):
    name = "account.analytic.plan"


class AnalyticAccount(Model):
    name = "account.analytic.account"
    indexed = ("code",)


class Incoterms(Model):
    name = "account.incoterms"
    indexed = ("code",)


class Unit(Model):
    name = "uom.uom"


class ModelName(Model):
    name = "ir.model"
    indexed = ("model",)


class ExternalNames(Model):
    """`ir.model.data`: external ids, unique by module and name; a Billing user may resolve them but not read them."""

    name = "ir.model.data"
    indexed: ClassVar[tuple[str, ...]] = ("complete", "target")

    def named(self, xid: str, model: str) -> int | None:
        row = self._row(*self._split(xid))
        if row is None:
            return None
        if row["model"] != model:
            raise ServerFailure(f"Invalid external ID {xid}: expected model {model!r}, found {row['model']!r}")
        return int(row["res_id"])

    def give(self, xid: str, model: str, record_id: int) -> None:
        module, name = self._split(xid)
        row = {"module": module, "name": name, "complete": f"{module}.{name}", "model": model, "res_id": record_id}
        self.rows.put(key := self.odoo.database.allocate(self.name), {"id": key, **row, "target": f"{model},{record_id}"})

    def forget(self, model: str, record_id: int) -> None:
        for key in self.rows.having("target", f"{model},{record_id}"):
            self.rows.delete(key)

    def _split(self, xid: str) -> tuple[str, str]:
        module, dot, name = xid.partition(".")
        return (module, name) if dot else ("__import__", module)

    def _row(self, module: str, name: str) -> Row | None:
        complete = f"{module}.{name}"
        return next((self.rows[key] for key in self.rows.having("complete", complete) if self.rows[key]["complete"] == complete), None)

    @of_model
    def check_object_reference(self, env: Env, module: str, xml_id: str, raise_on_access_error: bool = False) -> list[Any]:
        row = self._row(module, xml_id)
        if row is None or row["res_id"] not in env.model(row["model"]).rows:
            raise ServerFailure(f"No record found for unique ID {module}.{xml_id}. It may have been deleted.")
        if not env.model(row["model"]).visible(env, env.model(row["model"]).rows[row["res_id"]]):
            if raise_on_access_error:
                raise AccessRefusal(f"Not enough access rights on the external ID {module}.{xml_id}")
            return [row["model"], False]
        return [row["model"], row["res_id"]]


SIMPLE = (
    Company,
    Currency,
    CurrencyRate,
    Country,
    State,
    User,
    Partner,
    Product,
    Account,
    Tax,
    Journal,
    PaymentMethodLine,
    PaymentTerm,
    FiscalPosition,
    AnalyticPlan,
    AnalyticAccount,
    Incoterms,
    Unit,
    ModelName,
    ExternalNames,
)
