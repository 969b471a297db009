"""Airflow operator for Oracle Fusion Cloud ERP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class OracleFusionInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one business unit of Oracle Receivables.

    :param transaction_type: transaction type of invoices, instead of the connection's.
    :param receipt_method: receipt method of invoices that are to be collected automatically.
    :param special_instructions: text for the special instructions of every invoice.
    :param leave_incomplete: documents stay incomplete until somebody completes them in Receivables.
    """

    platform: ClassVar[str] = "oracle_fusion"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "transaction_type", "special_instructions")

    def __init__(
        self,
        *,
        transaction_type: str = "",
        receipt_method: str = "",
        special_instructions: str = "",
        leave_incomplete: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.transaction_type = transaction_type
        self.receipt_method = receipt_method
        self.special_instructions = special_instructions
        self.leave_incomplete = leave_incomplete

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "transaction_type": self.transaction_type,
            "receipt_method": self.receipt_method,
            "special_instructions": self.special_instructions,
            "leave_incomplete": self.leave_incomplete,
        }
