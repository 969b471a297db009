"""The demo without its side businesses: four books instead of one per platform. All of them are run by tests/e2e/test_scheduler.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from airbooks.paths import INCLUDE

MAIN = ("quickbooks_us", "sage_intacct_uk", "odoo_au", "business_central_eu")


def main_business(folder: Path) -> Path:
    """The configuration without the side businesses' connections and routes."""
    shutil.copytree(INCLUDE / "config", folder)
    routes = yaml.safe_load((folder / "routes.yaml").read_text("utf-8"))
    routes["connections"] = {name: routes["connections"][name] for name in MAIN}
    routes["routes"] = [each for each in routes["routes"] if set(each["to"]) <= set(MAIN)]
    (folder / "routes.yaml").write_text(yaml.safe_dump(routes), "utf-8")
    mappings = yaml.safe_load((folder / "mappings.yaml").read_text("utf-8"))
    (folder / "mappings.yaml").write_text(yaml.safe_dump({name: mappings[name] for name in MAIN}), "utf-8")
    payments = yaml.safe_load((folder / "payments.yaml").read_text("utf-8"))
    for account in payments["accounts"].values():
        account["ledger"] = {name: each for name, each in account.get("ledger", {}).items() if name in MAIN}
    (folder / "payments.yaml").write_text(yaml.safe_dump(payments), "utf-8")
    return folder
