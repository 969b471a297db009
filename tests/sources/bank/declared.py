"""Declared mappings for tests, written as they stand in payments.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from airbooks.sources.bank.declared import MovementMapping, compile_movements
from airbooks.sources.bank.table import Table
from airbooks.yaml_file import Problems, Setting


def mapping(text: str, *defaults: str) -> MovementMapping:
    problems = Problems()
    compiled = compile_movements(Setting(yaml.compose(text), Path("payments.yaml"), problems), defaults)
    problems.raise_if_any()
    return compiled


def table(text: str, **settings: Any) -> Table:
    defaults = {"account": "giro", "currency": "EUR"}
    return Table(mapping=mapping(text, *defaults), defaults=defaults, **settings)
