"""Routes and code mappings: read once, right or refused with file and line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from airbooks.config import Config, ConfigError, load_config
from airbooks.platforms import registry

SOURCES = """shop:
  type: file
  path: sales.csv
  key: number
  mapping: { fields: { number: number } }
"""
ROUTES = """connections:
  books_us: { platform: PLATFORM, division: US, currency: USD, open_from: 2026-01-01, options: { approve: true, tries: 3 } }
  books_uk: { platform: PLATFORM, division: UK, currency: GBP }
routes:
  - { match: { division: US, kind: credit_note, customer_class: SERVICE }, to: [books_us, books_uk] }
  - { match: { division: [US, CA] }, to: books_us }
  - match: { currency: GBP, customer: C-1 }
    to: [books_uk]
"""
MAPPINGS = """books_us:
  item: { "*": "=", OLD-1: NEW-1 }
  account: { EQUIPMENT: 4000 }
  tax_code: { US-TX: NO }
"""


@dataclass(frozen=True)
class Buyer:
    code: str = "C-9"
    customer_class: str = "WHOLESALE"


@dataclass(frozen=True)
class Sale:
    division: str = "US"
    currency: str = "USD"
    kind: str = "invoice"
    buyer: Buyer = Buyer()


def write(folder: Path, **files: str) -> Path:
    for name, text in {"sources": SOURCES, "routes": ROUTES, "mappings": MAPPINGS, **files}.items():
        (folder / f"{name}.yaml").write_text(text.replace("PLATFORM", registry.slugs()[0]), "utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_config(folder)
    return [line.removeprefix(f"{folder}/") for line in str(error.value).splitlines()]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(write(tmp_path))


def test_the_first_rule_that_matches_wins(config: Config) -> None:
    assert config.route(Sale()) == ("books_us",)
    assert config.route(Sale(division="CA")) == ("books_us",)
    assert config.route(Sale(kind="credit_note", buyer=Buyer(customer_class="SERVICE"))) == ("books_us", "books_uk")
    assert config.route(Sale(division="UK", currency="GBP", buyer=Buyer(code="C-1"))) == ("books_uk",)


def test_a_document_that_no_rule_takes_has_no_route(config: Config) -> None:
    assert config.route(Sale(division="NZ")) == ()


def test_a_code_is_mapped_listed_first_then_by_default_and_else_not_at_all(config: Config) -> None:
    assert config.mapping("books_us", "item", "OLD-1") == "NEW-1"
    assert config.mapping("books_us", "item", "CMP-1") == "CMP-1"
    assert config.mapping("books_us", "account", "SERVICE") is None
    assert config.mapping("books_uk", "item", "CMP-1") is None


def test_codes_are_text_whatever_yaml_takes_them_for(config: Config) -> None:
    assert config.mapping("books_us", "account", "EQUIPMENT") == "4000"
    assert config.mapping("books_us", "tax_code", "US-TX") == "NO"


def test_a_connection_says_when_its_books_open_and_what_its_operator_is_told(config: Config) -> None:
    books = config.connections["books_us"]
    assert (books.division, books.currency, books.options) == ("US", "USD", {"approve": True, "tries": 3})
    assert config.is_closed("books_us", date(2025, 12, 31))
    assert not config.is_closed("books_us", date(2026, 1, 1))
    assert not config.is_closed("books_uk", date(1999, 1, 1))


def test_the_files_are_read_again_when_they_change_and_only_then(tmp_path: Path) -> None:
    first = load_config(write(tmp_path))
    assert load_config(tmp_path) is first
    write(tmp_path, mappings=MAPPINGS.replace("NEW-1", "NEW-2222"))
    assert load_config(tmp_path).mapping("books_us", "item", "OLD-1") == "NEW-2222"


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("routes", "to: books_us", "to: book_us", "routes.yaml:6: no connection 'book_us' under `connections` (did you mean 'books_us'?)"),
        ("routes", "division: [US, CA]", "devision: US", "routes.yaml:6: unknown key 'devision' (did you mean 'division'?)"),
        ("routes", "2026-01-01", "1/1/2026", "routes.yaml:2: '1/1/2026' is not a date; write it as 2026-01-31"),
        ("routes", "currency: GBP }", "}", "routes.yaml:3: 'currency' is missing"),
        ("routes", "platform: PLATFORM, division: UK", "platform: quickboks, division: UK", "routes.yaml:3: unknown platform 'quickboks'"),
        ("routes", "to: [books_uk]", "", "routes.yaml:7: 'to' is missing"),
        ("routes", "routes:", "routs:", "routes.yaml:5: unknown key 'routs' (did you mean 'routes'?)"),
        ("routes", "match: { currency: GBP, ", "match: { currency: GBP, , ", "routes.yaml:7: not valid YAML"),
        ("mappings", "books_us:", "books_us_old:", "mappings.yaml:2: no connection 'books_us_old' in routes.yaml"),
        ("mappings", "tax_code:", "taxcode:", "mappings.yaml:4: unknown key 'taxcode' (did you mean 'tax_code'?)"),
        ("mappings", "EQUIPMENT: 4000", "EQUIPMENT: ", "mappings.yaml:3: the platform's code is empty"),
        ("mappings", "OLD-1: NEW-1", "OLD-1: NEW-1, OLD-1: NEW-2", "mappings.yaml:2: 'OLD-1' stands twice"),
        ("sources", "type: file", "type: fax", "sources.yaml:2: `type` of source 'shop' must be one of sql, file, not 'fax'"),
        ("sources", "  key: number\n", "", "sources.yaml:2: 'key' is missing"),
        ("sources", "path:", "pth:", "sources.yaml:3: unknown key 'pth' (did you mean 'path'?)"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, file: str, old: str, new: str, problem: str) -> None:
    text = {"routes": ROUTES, "mappings": MAPPINGS, "sources": SOURCES}[file]
    assert old in text
    found = problems(write(tmp_path, **{file: text.replace(old, new)}))
    assert [line for line in found if line.startswith(problem)], found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, routes=ROUTES.replace("2026-01-01", "soon"), mappings=MAPPINGS.replace("tax_code", "tax"))
    assert {line.split(":")[0] for line in problems(tmp_path)} == {"routes.yaml", "mappings.yaml"}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "mappings.yaml").unlink()
    assert problems(tmp_path) == ["mappings.yaml:1: the file is missing"]


def test_a_dag_file_can_ask_without_importing_airflow_pandas_or_a_database_driver() -> None:
    code = "import sys, airbooks.config; print([each for each in ('airflow', 'pandas', 'psycopg') if each in sys.modules])"
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path})
    assert done.stdout.strip() == "[]"
