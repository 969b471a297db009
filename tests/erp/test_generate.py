"""The demo ERP: a repeatable business, arithmetically perfect but for the damage that was planted and written down."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random
from typing import Any

import psycopg
import pytest
from tests.sources.databases import PostgresDatabase

from airbooks.canonical import Document, Finding, Severity
from airbooks.config import Config, load_config
from airbooks.erp.business import trade
from airbooks.erp.company import read_catalogue
from airbooks.erp.damage import DAMAGES, plant
from airbooks.erp.generate import fill
from airbooks.paths import CATALOGUE, INCLUDE
from airbooks.platforms import registry
from airbooks.platforms.references import ReferenceKind, required_codes
from airbooks.sources import MappingFailure, Selection, compile_mapping, open_source, to_canonical
from airbooks.validation import Facts, validate

ANCHOR = date(2026, 6, 30)


@pytest.fixture(scope="module")
def erp(postgres_server: Any) -> str:
    postgres_server.ensure_database("test_erp")
    url: str = postgres_server.url("test_erp")
    fill(url, anchor=ANCHOR)
    return url


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(INCLUDE / "config")


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def outcome(erp: str, config: Config) -> dict[str, tuple[Document | MappingFailure, list[Finding]]]:
    """Every document by its source id, as the pipeline's steps see it: mapped, routed, validated."""
    mapping = compile_mapping(config.sources["erp"])
    seen: dict[tuple[str, str], str] = {}
    result: dict[str, tuple[Document | MappingFailure, list[Finding]]] = {}
    for chunk in open_source(config.sources["erp"], PostgresDatabase(erp)).read(Selection()):
        for raw in chunk:
            made = to_canonical(mapping, raw)
            if isinstance(made, MappingFailure):
                result[raw.source_id] = made, list(made.findings)
            else:
                first = seen.setdefault((made.division, made.number), raw.source_id)
                result[raw.source_id] = made, errors(config, made, "" if first == raw.source_id else first)
    return result


def kinds_of(config: Config, connection: str) -> tuple[ReferenceKind, ...]:
    return registry.spec(config.connections[connection].platform).reference_kinds


def errors(config: Config, document: Any, number_used_by: str) -> list[Finding]:
    route = config.route(document)
    wanted = [(name, kind.value, code) for name in route for kind, code in required_codes(document, kinds_of(config, name))]
    facts = Facts(
        route=route,
        open_from={name: day for name in route if (day := config.connections[name].open_from)},
        unmapped=tuple(each for each in wanted if config.mapping(*each) is None),
        number_used_by=number_used_by,
    )
    return [each for each in validate(document, facts) if each.severity is Severity.ERROR]


def test_the_same_seed_and_day_make_the_same_business(erp: str, empty_postgres_url: str) -> None:
    fill(empty_postgres_url, anchor=ANCHOR)
    for table in ("sales_document", "sales_document_line", "customer", "serial_number", "planted_damage"):
        query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM erp.{table} t"
        if table == "sales_document":
            query = query.replace("t::text", "(to_jsonb(t) - 'created_at')::text")
        assert rows(erp, query) == rows(empty_postgres_url, query), table


@pytest.mark.parametrize("seed", range(8))
def test_any_seed_and_size_makes_a_business(seed: int) -> None:
    _, sales = trade(Random(seed), read_catalogue(CATALOGUE), ANCHOR, 40 + 60 * seed)
    damaged, planted = plant(Random(seed), sales)
    assert len(damaged) == len(sales) == 40 + 60 * seed
    assert len({each.index for each in planted}) == len(planted)
    assert all(sale.gross_total == sale.net_total + sale.tax_total for sale in sales)


def test_filling_twice_changes_nothing(erp: str) -> None:
    before = rows(erp, "SELECT max(document_id), count(*), max(changed_at) FROM erp.sales_document")
    again = fill(erp, seed=99, documents=50)
    assert again["documents"] == 600
    assert again["documents"] == again["invoices"] + again["credit_notes"]
    assert rows(erp, "SELECT max(document_id), count(*), max(changed_at) FROM erp.sales_document") == before


def test_four_divisions_sell_in_four_currencies_a_tenth_of_it_abroad(erp: str) -> None:
    sold = rows(
        erp,
        "SELECT d.division, d.currency, v.currency, count(*)"
        " FROM erp.sales_document d JOIN erp.division v ON v.code = d.division GROUP BY 1, 2, 3",
    )
    divisions, currencies = {each[0] for each in sold}, {each[1] for each in sold}
    assert divisions >= {"US", "UK", "AU", "EU"}
    assert currencies >= {"USD", "GBP", "AUD", "EUR"}
    assert 0.04 < sum(n for _, currency, home, n in sold if currency != home) / 600 < 0.18


def test_documents_lie_in_the_sixty_days_before_the_anchor(erp: str) -> None:
    ((first, last),) = rows(erp, "SELECT min(changed_at)::date, max(changed_at)::date FROM erp.sales_document")
    assert date(2026, 5, 1) <= first < last < ANCHOR


def test_a_credit_note_takes_back_part_of_an_earlier_good_invoice_of_the_same_customer(erp: str) -> None:
    found = rows(
        erp,
        "SELECT c.gross_total > 0 AND c.gross_total <= i.gross_total, c.currency = i.currency, c.issue_date >= i.issue_date,"
        " i.document_id NOT IN (SELECT document_id FROM erp.planted_damage)"
        " FROM erp.sales_document c"
        " LEFT JOIN erp.sales_document i ON i.document_number = c.preceding_number AND i.customer_id = c.customer_id"
        " WHERE c.document_type = 'credit_note'",
    )
    assert len(found) > 20
    assert set(found) == {(True, True, True, True)}


def test_an_us_invoice_charges_one_sales_tax_and_may_have_exempt_lines(erp: str) -> None:
    query = "SELECT count(*) FROM erp.sales_document_tax WHERE tax_code IN ('US-TX', 'US-CA') GROUP BY document_id"
    assert {n for (n,) in rows(erp, query)} == {1}


def test_every_document_that_is_not_damaged_keeps_every_rule(outcome: dict[str, Any], erp: str) -> None:
    damaged = {str(number) for (number,) in rows(erp, "SELECT document_id FROM erp.planted_damage WHERE ends_in = 'exception'")}
    assert len(outcome) == 600
    assert [(made.number, findings) for source_id, (made, findings) in outcome.items() if findings and source_id not in damaged] == []


def test_every_damaged_document_has_one_finding_with_a_way_out(outcome: dict[str, Any], erp: str) -> None:
    for document_id, kind in rows(erp, "SELECT document_id, kind FROM erp.planted_damage WHERE ends_in = 'exception'"):
        made, findings = outcome[str(document_id)]
        assert len(findings) == 1, (kind, findings)
        assert made.number in findings[0].says
        assert findings[0].fix


def test_a_few_per_cent_are_damaged_and_every_kind_occurs(erp: str) -> None:
    planted = Counter(kind for (kind,) in rows(erp, "SELECT kind FROM erp.planted_damage WHERE ends_in = 'exception'"))
    assert 0.02 < planted.total() / 600 < 0.06
    kinds = {kind for (kind,) in rows(erp, "SELECT kind FROM erp.planted_damage")}
    assert kinds == {damage.kind for damage in DAMAGES} | {"duplicate_number"}


def test_oddities_that_are_no_damage_survive(outcome: dict[str, Any], erp: str) -> None:
    made = {
        kind: outcome[str(number)][0]
        for number, kind in rows(erp, "SELECT document_id, kind FROM erp.planted_damage WHERE ends_in = 'delivered'")
    }
    assert len(made["thousand_lines"].lines) == 1000
    assert made["emoji_name"].buyer.name == "Kältewerk Ünal 🛠️ GmbH"
    assert made["xml_characters"].buyer.name == 'Tanks & "Pipes" <Valves> ]]> Ltd'
    assert "\x0b" in made["control_characters"].buyer.name
    assert str(made["five_decimal_price"].lines[0].net_price) == "12.33515"


def test_compressors_carry_their_serial_numbers(outcome: dict[str, Any]) -> None:
    for made, findings in outcome.values():
        if findings or made.kind == "credit_note":
            continue
        for line in made.lines:
            if line.item_code.startswith(("CMP-", "DRY-")) and line.net_price:
                assert len(line.serial_numbers) == line.quantity


def test_a_change_of_a_line_changes_the_document(erp: str, empty_postgres_url: str) -> None:
    fill(empty_postgres_url, documents=60, anchor=ANCHOR)
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("UPDATE erp.sales_document_line SET description = 'Other' WHERE document_id = 3 AND line_number = 1")
    assert rows(empty_postgres_url, "SELECT document_id FROM erp.sales_document WHERE changed_at > now() - interval '1 hour'") == [(3,)]
