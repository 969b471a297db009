"""The demo's documents through reading and staging: nothing is dropped, and every damaged one waits for a person with one cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from tests.sources.databases import PostgresDatabase

from airbooks.config import load_config
from airbooks.erp.generate import fill
from airbooks.operators import intake
from airbooks.operators.form import RunForm
from airbooks.paths import INCLUDE
from airbooks.sources import open_source

EXCEPTIONS = """
    SELECT r.source_id, array_agg(e.code), array_agg(e.cause_id) FROM airbooks.exception e
    LEFT JOIN airbooks.document d USING (document_id) JOIN airbooks.raw_document r ON r.raw_id = coalesce(e.raw_id, d.raw_id)
    WHERE e.state = 'open' GROUP BY 1
"""
VALID = "SELECT source_id FROM airbooks.document WHERE is_current AND state = 'valid'"


@pytest.fixture(scope="module")
def sold(postgres_server: Any) -> str:
    postgres_server.ensure_database("test_erp_intake")
    url: str = postgres_server.url("test_erp_intake")
    fill(url, anchor=date(2026, 6, 30))
    return url


@pytest.fixture(scope="module")
def staged(sold: str, module_postgres_url: str) -> Iterator[psycopg.Connection]:
    """The staging database after two runs over the same documents."""
    config = load_config(INCLUDE / "config")
    with psycopg.connect(module_postgres_url) as database:
        for run in ("first", "second"):
            intake.extract(database, open_source(config.sources["erp"], PostgresDatabase(sold)), RunForm(), run)
            intake.stage(database, config, RunForm(), run)
        yield database


def damaged(url: str) -> dict[str, str]:
    with psycopg.connect(url) as erp:
        return dict(erp.execute("SELECT document_id::text, kind FROM erp.planted_damage WHERE ends_in = 'exception'").fetchall())


def test_every_document_is_valid_or_waits_for_a_person(staged: psycopg.Connection) -> None:
    valid = {number for (number,) in staged.execute(VALID)}
    waiting = {number for number, _, _ in staged.execute(EXCEPTIONS)}
    assert valid & waiting == set()
    assert valid | waiting == {str(n) for n in range(1, 601)}


def test_each_damaged_document_is_one_exception_and_no_other_is(staged: psycopg.Connection, sold: str) -> None:
    found = {number: codes for number, codes, _ in staged.execute(EXCEPTIONS)}
    assert {number: len(codes) for number, codes in found.items()} == dict.fromkeys(damaged(sold), 1)


def test_documents_with_one_cause_are_one_question(staged: psycopg.Connection, sold: str) -> None:
    kinds = damaged(sold)
    causes: dict[str, set[str]] = {}
    for number, _, (cause,) in staged.execute(EXCEPTIONS):
        causes.setdefault(kinds[number], set()).add(cause)
    several = Counter(kinds.values())
    for kind in ("unmapped_tax_code", "unmapped_item", "missing_customer"):
        assert several[kind] > 1
        assert len(causes[kind]) == 1


def test_a_second_run_over_unchanged_documents_stages_nothing(staged: psycopg.Connection) -> None:
    assert staged.execute("SELECT count(*), max(revision) FROM airbooks.document").fetchall() == [(598, 1)]
    assert staged.execute("SELECT count(*) FROM airbooks.raw_document").fetchall() == [(600,)]
