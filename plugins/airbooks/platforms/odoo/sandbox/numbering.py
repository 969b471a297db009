"""Legal numbers: gapless per journal and document kind, following the pattern of the last number given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airbooks.sandbox.kit import Row

if TYPE_CHECKING:
    from .simulator import OdooSimulator

_YEARLY = re.compile(r"(?P<prefix>.*?)(?P<year>(?:19|20)\d\d)(?P<between>/)(?P<digits>\d+)")
_FIXED = re.compile(r"(?P<prefix>.*?)(?P<digits>\d+)")


def next_name(odoo: OdooSimulator, move: Row, taken: str | None = None) -> str:
    """The journal's next number; with `taken`, the number just given, whose pattern the next ones follow."""
    rows = odoo.database.rows("$sequences")
    kind = {"out_invoice": 1, "out_refund": 2, "entry": 3}[move["move_type"]]
    key = move["journal_id"] * 10 + kind
    code = odoo.models["account.journal"].rows[move["journal_id"]]["code"]
    start = {1: code, 2: f"R{code}", 3: f"P{code}"}[kind]
    kept = rows.get(key) or {"last": {}, "pattern": f"{start}/{{year}}/"}
    if taken is not None:
        rows.put(key, _following(kept, taken))
        return taken
    year = str(move["date"])[:4]
    prefix = kept["pattern"].replace("{year}", year)
    last, width = kept["last"].get(prefix, (0, 5))
    return f"{prefix}{last + 1:0{width}d}"


def _following(kept: Row, taken: str) -> Row:
    yearly = _YEARLY.fullmatch(taken)
    found = yearly or _FIXED.fullmatch(taken)
    if found is None:
        return kept
    digits = found["digits"]
    prefix = taken[: -len(digits)]
    pattern = f"{found['prefix']}{{year}}/" if yearly else prefix
    last = max(int(digits), kept["last"].get(prefix, (0, 5))[0])
    return {"pattern": pattern, "last": {**kept["last"], prefix: [last, len(digits)]}}
