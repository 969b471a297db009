"""Where things are: the checkout, what ships with it, and the state of a local run."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS = REPOSITORY / "dags"
PLUGINS = REPOSITORY / "plugins"
INCLUDE = REPOSITORY / "include" if (REPOSITORY / "include").is_dir() else Path(__file__).resolve().parent / "_include"
MIGRATIONS = INCLUDE / "sql" / "migrations"
CATALOGUE = Path(os.environ.get("AIRBOOKS_CATALOGUE") or INCLUDE / "data" / "catalogue.csv")  # what simulated companies sell


def state_dir() -> Path:
    """The folder of everything a local run writes (`AIRBOOKS_STATE`, default `.airbooks` in the checkout)."""
    return Path(os.environ.get("AIRBOOKS_STATE") or REPOSITORY / ".airbooks").resolve()


def config_dir() -> Path:
    """The folder of routes.yaml and mappings.yaml (`AIRBOOKS_CONFIG`, default include/config)."""
    return Path(os.environ.get("AIRBOOKS_CONFIG") or INCLUDE / "config").resolve()
