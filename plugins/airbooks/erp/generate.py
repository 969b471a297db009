"""Fills the demo ERP: creates its schema if it is missing and writes one seeded business into it, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from airbooks.erp import company
from airbooks.erp.business import list_price, trade
from airbooks.erp.damage import Planted, plant
from airbooks.erp.sale import Address, Customer, Sale
from airbooks.paths import CATALOGUE, INCLUDE

LOCK = 7_260_411  # advisory lock of the filling: two starters, one business
Row = Sequence[Any]


def fill(dsn: str, *, seed: int = 7, documents: int = 600, anchor: date | None = None) -> dict[str, int]:
    """Fill the ERP behind `dsn` with `documents` sales of the 60 days before `anchor` (default: today, UTC); do nothing if it has any.

    Returns counts: `documents`, `invoices`, `credit_notes`, `customers`, and one `damage:<kind>` per kind of planted damage.
    """
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        create_schema(connection)
        if not is_filled(connection):
            write_business(connection, seed, documents, anchor or datetime.now(UTC).date())
        return counts(connection)


def create_schema(connection: psycopg.Connection) -> None:
    """Run the SQL files of include/sql/erp in order, unless the schema is there."""
    found = connection.execute("SELECT to_regclass('erp.sales_document')").fetchone()
    if found and found[0]:
        return
    for file in sorted((INCLUDE / "sql" / "erp").glob("*.sql")):
        connection.execute(file.read_bytes())


def is_filled(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT 1 FROM erp.sales_document LIMIT 1").fetchone() is not None


def counts(connection: psycopg.Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT 'documents', count(*) FROM erp.sales_document"
        " UNION ALL SELECT document_type || 's', count(*) FROM erp.sales_document GROUP BY document_type"
        " UNION ALL SELECT 'customers', count(*) FROM erp.customer"
        " UNION ALL SELECT 'damage:' || kind, count(*) FROM erp.planted_damage GROUP BY kind"
    )
    return dict(rows.fetchall())


def write_business(connection: psycopg.Connection, seed: int, documents: int, anchor: date) -> None:
    """Draw the business and copy it table by table, parents first."""
    rng = Random(seed)  # noqa: S311 a demo must be repeatable
    catalogue = company.read_catalogue(CATALOGUE)
    business, sales = trade(rng, catalogue, anchor, documents)
    sales, planted = plant(rng, sales)
    pool = {each.customer_id: each for customers in business.customers.values() for each in customers}
    pool |= {sale.customer.customer_id: sale.customer for sale in sales if sale.customer}
    copy_code_lists(connection, catalogue)
    copy_customers(connection, sorted(pool.values(), key=lambda each: each.customer_id))
    copy_sales(connection, sales)
    copy(connection, "planted_damage", "document_number kind document_id ends_in", damage_rows(sales, planted))


def copy(connection: psycopg.Connection, table: str, columns: str, rows: Iterable[Row]) -> None:
    """COPY `rows` into erp.`table`; `columns` are separated by blanks."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier("erp", table), sql.SQL(", ").join(sql.Identifier(name) for name in columns.split())
    )
    with connection.cursor().copy(statement) as stream:
        for row in rows:
            stream.write_row(row)


def copy_code_lists(connection: psycopg.Connection, catalogue: tuple[company.Item, ...]) -> None:
    divisions = [*company.DIVISIONS.values(), company.NEW_DIVISION]
    columns = "code name line1 city region postal_code country currency vat_id tax_registration"
    copy(connection, "division", columns, ([getattr(each, name) for name in columns.split()] for each in divisions))
    copy(connection, "currency", "code per_usd", company.PER_USD.items())
    columns = "code country category rate exemption_reason"
    copy(connection, "tax_code", columns, ([getattr(each, name) for name in columns.split()] for each in company.TAX_CODES.values()))
    columns = "code net_days discount_percent discount_days"
    copy(connection, "payment_terms", columns, ([getattr(each, name) for name in columns.split()] for each in company.TERMS.values()))
    columns = "code name kind revenue_group unit serial_tracked"
    copy(connection, "item", columns, ([getattr(each, name) for name in columns.split()] for each in catalogue))
    prices = ((item.code, currency, list_price(item, currency)) for item in catalogue for currency in company.PER_USD)
    copy(connection, "price", "item_code currency unit_price", prices)


def copy_customers(connection: psycopg.Connection, customers: list[Customer]) -> None:
    columns = "customer_id code division name class vat_id currency terms tax_code discount email"
    fields = columns.replace("class", "customer_class").split()
    copy(connection, "customer", columns, ([getattr(each, name) for name in fields] for each in customers))
    columns = "customer_id purpose sequence line1 city region postal_code country"
    copy(connection, "customer_address", columns, address_rows(customers))


def address_rows(customers: list[Customer]) -> Iterator[Row]:
    for customer in customers:
        yield customer.customer_id, "billing", 1, *address_fields(customer.billing)
        for sequence, place in enumerate(customer.shipping, start=1):
            yield customer.customer_id, "shipping", sequence, *address_fields(place)


def address_fields(address: Address) -> Row:
    return address.line1, address.city, address.region, address.postal_code, address.country


def copy_sales(connection: psycopg.Connection, sales: list[Sale]) -> None:
    """Orders and shipments come from the invoices; document ids are the order of the sales."""
    invoices = [sale for sale in sales if sale.document_type == "invoice"]
    copy(connection, "sales_order", "order_number division customer_id order_date customer_po", map(order_row, invoices))
    columns = "shipment_number order_number shipped_on warehouse carrier tracking_number line1 city region postal_code country"
    copy(connection, "shipment", columns, (shipment_row(sale) for sale in invoices if sale.ship_to))
    fields = (
        "division issue_date due_date terms currency exchange_rate order_number shipment_number preceding_number preceding_date"
        " reason note line_total allowance_total net_total tax_total gross_total changed_at document_type"
    )
    rows = (
        (n, sale.number, customer_id(sale), sale.changed_at, *(getattr(sale, name) for name in fields.split()))
        for n, sale in numbered(sales)
    )
    copy(connection, "sales_document", f"document_id document_number customer_id created_at {fields}", rows)
    connection.execute("SELECT setval(pg_get_serial_sequence('erp.sales_document', 'document_id'), %s)", (len(sales),))
    copy_parts(connection, sales)


def numbered(sales: list[Sale]) -> Iterator[tuple[int, Sale]]:
    return iter(enumerate(sales, start=1))


def customer_id(sale: Sale) -> int | None:
    return sale.customer.customer_id if sale.customer else None


def order_row(sale: Sale) -> Row:
    return sale.order_number, sale.division, customer_id(sale), sale.changed_at.date(), sale.customer_po


def shipment_row(sale: Sale) -> Row:
    place = sale.ship_to or Address(line1="", city="", region="", postal_code="", country="")
    warehouse = next((line.warehouse for line in sale.lines if line.warehouse), "MAIN")
    carrier = company.CARRIERS[len(sale.lines) % len(company.CARRIERS)]
    tracking = f"TRK{sale.shipment_number}"
    return sale.shipment_number, sale.order_number, sale.changed_at.date(), warehouse, carrier, tracking, *address_fields(place)


def copy_parts(connection: psycopg.Connection, sales: list[Sale]) -> None:
    columns = (
        "item_code description kind revenue_group quantity unit unit_price discount_percent discount_amount line_net department warehouse"
    )
    lines = [(n, position, line) for n, sale in numbered(sales) for position, line in enumerate(sale.lines, start=1)]
    rows = ((n, position, *tax_fields(line.tax_code), *(getattr(line, name) for name in columns.split())) for n, position, line in lines)
    copy(connection, "sales_document_line", f"document_id line_number tax_code tax_category tax_rate {columns}", rows)
    serials = ((serial, line.item_code, n, position) for n, position, line in lines for serial in line.serials)
    copy(connection, "serial_number", "serial_number item_code document_id line_number", serials)
    columns = "document_id sequence reason base_amount percent amount tax_code tax_category tax_rate"
    copy(connection, "sales_document_allowance", columns, allowance_rows(sales))
    columns = "document_id sequence tax_code tax_category tax_rate taxable_amount tax_amount exemption_reason"
    copy(connection, "sales_document_tax", columns, tax_rows(sales))


def tax_fields(code: str) -> Row:
    tax = company.TAX_CODES[code]
    return tax.code, tax.category, tax.rate


def allowance_rows(sales: list[Sale]) -> Iterator[Row]:
    for number, sale in numbered(sales):
        for position, each in enumerate(sale.allowances, start=1):
            yield number, position, each.reason, each.base_amount, each.percent, each.amount, *tax_fields(each.tax_code)


def tax_rows(sales: list[Sale]) -> Iterator[Row]:
    for number, sale in numbered(sales):
        for position, each in enumerate(sale.taxes, start=1):
            reason = company.TAX_CODES[each.tax_code].exemption_reason
            yield number, position, *tax_fields(each.tax_code), each.taxable_amount, each.tax_amount, reason


def damage_rows(sales: list[Sale], planted: list[Planted]) -> Iterator[Row]:
    for each in planted:
        yield sales[each.index].number, each.kind, each.index + 1, each.ends_in
