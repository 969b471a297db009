"""Every code that the shipped mappings name exists on the platform it is named for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airbooks.config import ANY, SAME, Config, load_config
from airbooks.paths import CATALOGUE, INCLUDE
from airbooks.platforms import registry
from airbooks.platforms.base import Account
from airbooks.platforms.references import ReferenceKind

CONFIGS = {name: load_config(INCLUDE / "config" / folder) for name, folder in (("demo", ""), ("realdata", "realdata"))}
CASES = [(config, connection) for config, loaded in CONFIGS.items() for connection in loaded.connections]


def named_codes(config: Config, connection: str, kind: ReferenceKind) -> set[str]:
    """The platform's codes of one kind; where the platform uses ours for everything, the catalogue's items."""
    table = dict(config.codes.get((connection, kind.value), {}))
    if table.get(ANY) == SAME and kind is ReferenceKind.ITEM:
        table |= {line.split(",")[0]: SAME for line in CATALOGUE.read_text("utf-8").splitlines()[1:]}
    return {code if target == SAME else target for code, target in table.items() if (code, target) != (ANY, SAME)}


@pytest.mark.parametrize(("name", "connection"), CASES)
def test_every_mapped_code_exists_on_the_platform(
    name: str, connection: str, sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = CONFIGS[name]
    target = config.connections[connection]
    if name == "realdata":
        monkeypatch.setattr("airbooks.paths.CATALOGUE", config.directory / "catalogue.csv")
    started = sandbox(target.platform)
    row = started.simulators[target.platform].connection()
    extra = {**row["extra"], "allow_http": True, **({"company_id": target.options["company_id"]} if "company_id" in target.options else {})}
    account = Account(**{**{key: row.get(key) for key in ("host", "schema", "login", "password", "port")}, "extra": extra})
    with registry.hook_class(target.platform)(connection, account=account) as hook:
        for kind in registry.spec(target.platform).reference_kinds:
            wanted = named_codes(config, connection, kind)
            missing = wanted - {item.code for item in hook.find_reference(kind, wanted)}
            assert missing == set(), f"{kind} of {connection}"
