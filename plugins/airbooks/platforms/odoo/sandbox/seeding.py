"""What stands in the database before the first invoice: two companies with journals, accounts, taxes, terms, items and log-ins."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel import Locale

from airbooks.sandbox.kit import Row

from .orm import Env

if TYPE_CHECKING:
    from .simulator import OdooSimulator

DATABASE = "supplier"
LOGIN, PASSWORD = "integration@supplier.example", "integration-password"
BILLING_LOGIN, BILLING_PASSWORD = "billing@supplier.example", "billing-password"
USD_RATES = {"USD": "1", "GBP": "0.79", "AUD": "1.52", "EUR": "0.92"}
COMPANIES = (("Supplier Australia Pty Ltd", "AUD", "AU"), ("Supplier UK Ltd", "GBP", "GB"))
ACCOUNTS = (
    ("1000", "Operating bank", "asset_cash"),
    ("1100", "Accounts receivable", "asset_receivable"),
    ("2200", "Sales tax payable", "liability_current"),
    ("4000", "Equipment sales", "income"),
    ("4010", "Parts sales", "income"),
    ("4100", "Service income", "income"),
    ("4800", "Discounts given", "income"),
    ("4900", "Freight income", "income"),
)
INCOME = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900"}
# The first of each company is its default; the one marked included is there to be chosen by mistake, and "GST 15%" for the demo's sales
# at a rate that nobody has mapped yet.
TAXES = {
    "AU": (
        ("GST 10%", "10", ""),
        ("GST Free", "0", ""),
        ("GST Export 0%", "0", ""),
        ("GST 10% Included", "10", "tax_included"),
        ("GST 15%", "15", ""),
    ),
    "GB": (("20% S", "20", ""), ("5% S", "5", ""), ("0% S", "0", ""), ("0% S RC", "0", ""), ("20% S Included", "20", "tax_included")),
}
EXPORT_TAX = {"AU": 2, "GB": 2}  # place in TAXES of the tax that "Foreign Trade" maps the default to
TERMS = (("Due on receipt", 0), ("Net 14", 14), ("Net 30", 30), ("2% 10 Net 30", 30))
ANALYTIC = {"Departments": ("WHOLESALE", "SERVICE"), "Warehouses": ("MAIN", "NORTH")}
STATES = {
    "AU": {"NSW": "New South Wales", "VIC": "Victoria", "QLD": "Queensland", "WA": "Western Australia", "SA": "South Australia"},
    "US": {"TX": "Texas", "CA": "California", "NV": "Nevada", "NY": "New York", "FL": "Florida", "IL": "Illinois", "WA": "Washington"},
}
ALL = ["read", "create", "write", "unlink"]
BILLING = dict.fromkeys(("account.move", "account.payment", "account.payment.register", "account.move.reversal"), ALL)


def api_key(login: str) -> str:
    """The seeded API key of a user: 40 hexadecimal characters."""
    return hashlib.sha1(f"api key of {login}".encode(), usedforsecurity=False).hexdigest()


def seed(odoo: OdooSimulator) -> None:
    root: Row = {"id": 1, "company_ids": [1, 2], "company_id": 1, "rights": {"*": ALL}}
    env = Env(odoo, root)
    with odoo.database.transaction():
        _world(env)
        for place, (name, currency, country) in enumerate(COMPANIES, start=1):
            _company(env, place, name, currency, country)
        _shared(env)
        _products(env, odoo.context.options.get("catalogue") or [])
        _users(env)


def _add(env: Env, model: str, **values: Any) -> int:
    return env.model(model).insert(env, values)


def _world(env: Env) -> None:
    for code, unit in {**dict.fromkeys(USD_RATES, "0.01"), "JPY": "1"}.items():
        active = code in USD_RATES
        _add(env, "res.currency", name=code, symbol=code, rounding=Decimal(unit), decimal_places=0 if unit == "1" else 2, active=active)
    territories = Locale("en").territories
    for code in sorted(filter(_is_country, map(str, territories))):
        country = _add(env, "res.country", name=territories[code], code=code)
        for state, name in STATES.get(code, {}).items():
            _add(env, "res.country.state", name=name, code=state, country_id=country)
    for name in sorted(env.odoo.models):
        env.model("ir.model").insert(env, {"name": name, "model": name})
    _add(env, "uom.uom", name="Units")
    for code, name in (("EXW", "EX WORKS"), ("FCA", "FREE CARRIER"), ("DAP", "DELIVERED AT PLACE")):
        _add(env, "account.incoterms", name=name, code=code)


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ")


def _id(env: Env, model: str, field: str, value: Any) -> int:
    return env.model(model).rows.having(field, value)[0]


def _company(env: Env, place: int, name: str, currency: str, country: str) -> None:
    home, land = _id(env, "res.currency", "name", currency), _id(env, "res.country", "code", country)
    made = _add(env, "res.company", name=name, currency_id=home, country_id=land, tax_calculation_rounding_method="round_globally")
    for foreign, per_usd in USD_RATES.items():
        rate = (Decimal(per_usd) / Decimal(USD_RATES[currency])).quantize(Decimal("1e-12"))
        _add(env, "res.currency.rate", name="2009-01-01", rate=rate, currency_id=_id(env, "res.currency", "name", foreign), company_id=made)
    accounts = {}
    for code, label, kind in ACCOUNTS:
        accounts[code] = _add(env, "account.account", code=code, name=label, account_type=kind, company_ids=[place])
    _journals(env, made, accounts)
    taxes = [_tax(env, made, land, *tax) for tax in TAXES[country]]
    _add(env, "account.fiscal.position", name="Domestic", auto_apply=True, country_id=land, company_id=made)
    mapped = {str(taxes[0]): taxes[EXPORT_TAX[country]]}
    _add(env, "account.fiscal.position", name="Foreign Trade", auto_apply=True, company_id=made, tax_map=mapped)


def _journals(env: Env, company: int, accounts: dict[str, int]) -> None:
    _add(env, "account.journal", name="Customer Invoices", code="INV", type="sale", default_account_id=accounts["4000"], company_id=company)
    bank = _add(env, "account.journal", name="Bank", code="BNK1", type="bank", default_account_id=accounts["1000"], company_id=company)
    _add(env, "account.journal", name="Miscellaneous Operations", code="MISC", type="general", company_id=company)
    for method in ("Wire", "Check", "Card"):
        _add(env, "account.payment.method.line", name=method, payment_type="inbound", journal_id=bank, company_id=company)


def _tax(env: Env, company: int, country: int, name: str, amount: str, included: str) -> int:
    return _add(
        env,
        "account.tax",
        name=name,
        type_tax_use="sale",
        amount_type="percent",
        amount=Decimal(amount),
        price_include_override=included or "tax_excluded",
        country_id=country,
        company_id=company,
    )


def _shared(env: Env) -> None:
    for name, days in TERMS:
        _add(env, "account.payment.term", name=name, days=days)
    for plan, codes in ANALYTIC.items():
        plan_id = _add(env, "account.analytic.plan", name=plan)
        for code in codes:
            _add(env, "account.analytic.account", name=code.capitalize(), code=code, plan_id=plan_id)


def _products(env: Env, catalogue: list[Row]) -> None:
    taxes = env.model("account.tax").rows
    defaults = [taxes.having("company_id", company)[0] for company in env.model("res.company").rows]
    general = {"code": "GOODS", "name": "Goods", "kind": "item", "revenue_group": "PARTS", "list_price_usd": "1"}
    for item in (*catalogue, general):
        _add(
            env,
            "product.product",
            name=item["name"],
            default_code=item["code"],
            type="consu" if item["kind"] == "item" else "service",
            list_price=Decimal(str(item["list_price_usd"])),
            taxes_id=defaults,
            income_account=INCOME.get(item["revenue_group"], "4000"),
        )


def _users(env: Env) -> None:
    _user(env, "OdooBot", "__system__", "", {"*": ALL})
    _user(env, "Integration", LOGIN, PASSWORD, {"*": ["read"], **BILLING, "res.partner": ALL, "ir.model.data": []})
    _user(env, "Billing", BILLING_LOGIN, BILLING_PASSWORD, {"*": ["read"], **BILLING, "ir.model.data": []})


def _user(env: Env, name: str, login: str, password: str, rights: Row) -> None:
    row = {"name": name, "login": login, "password": password, "key": api_key(login), "rights": rights}
    env.model("res.users").insert(env, {**row, "company_id": 1, "company_ids": [1, 2], "lang": "en_US", "tz": "Australia/Sydney"})
