"""The operator for NetSuite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from airbooks.operators.invoice import InvoiceOperator
from airbooks.platforms.netsuite.spec import MODES


class NetSuiteInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to a NetSuite account.

    :param mode: "single" sends one record per request and has its answer at once; "batch" hands up to 20 records over as one asynchronous
        job, whose answers are collected later. Single is the default because it is the safer one: each document's own refusal comes back
        with it, a record that exists is refused there and then, and nothing depends on how long the account keeps its jobs. Batch spares
        requests where the account's concurrency limit is the bottleneck.
    :param override_tax: book our tax amounts (SuiteTax, `taxDetailsOverride`); False lets the account's tax engine compute them, and a
        difference to ours is reported.
    :param approve: send new documents as approved, for accounts with invoice approval; False leaves that to the account's workflow.
    """

    platform: ClassVar[str] = "netsuite"

    def __init__(
        self, *, mode: Literal["single", "batch"] = "single", override_tax: bool = True, approve: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        self.mode = mode
        self.override_tax = override_tax
        self.approve = approve

    def platform_options(self) -> Mapping[str, Any]:
        return {"mode": self.mode, "override_tax": self.override_tax, "approve": self.approve}
