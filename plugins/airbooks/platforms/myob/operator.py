"""Airflow operator for MYOB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator
from airbooks.platforms.myob.spec import DELIVERY, FREIGHT_HEADER, FREIGHT_LINE, ITEM, LAYOUTS


class MyobInvoiceOperator(InvoiceOperator):
    """Delivers one chunk of the outbox to one MYOB company file.

    :param layout: of new sales. `Item`: goods by item, quantity and price; `Service`: an account and an amount a line, quantities in words.
        A sale keeps its layout: an update is sent in the one it has.
    :param delivery_status: what MYOB is to do with the sale: `Nothing`, `Print`, `Email` or `PrintAndEmail` (it marks the sale; a person
        or MYOB's own job sends it).
    :param freight: `line`: freight is a line with its own item and account; `header`: the only freight line of a document becomes the
        sale's freight, which has the file's own account and no job. Files with the hybrid layout (MYOB Business) take `line` only.
    :param warnings_as_errors: what MYOB warns of (a credit limit, a number that is in use) refuses the document instead.
    """

    platform: ClassVar[str] = "myob"
    template_fields: Sequence[str] = (*InvoiceOperator.template_fields, "delivery_status")

    def __init__(
        self,
        *,
        layout: str = ITEM,
        delivery_status: str = "Nothing",
        freight: str = FREIGHT_LINE,
        warnings_as_errors: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value, known in (
            ("layout", layout, LAYOUTS),
            ("delivery_status", delivery_status, DELIVERY),
            ("freight", freight, (FREIGHT_LINE, FREIGHT_HEADER)),
        ):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; it is one of {', '.join(known)}")
        self.layout = layout
        self.delivery_status = delivery_status
        self.freight = freight
        self.warnings_as_errors = warnings_as_errors

    def platform_options(self) -> Mapping[str, Any]:
        return {
            "layout": self.layout,
            "delivery_status": self.delivery_status,
            "freight": self.freight,
            "warnings_as_errors": self.warnings_as_errors,
        }
