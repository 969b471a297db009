"""The operator for Acumatica."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airbooks.operators.invoice import InvoiceOperator


class AcumaticaInvoiceOperator(InvoiceOperator):
    """Delivers one chunk to a company of Acumatica: documents on hold, checked to the cent, then released.

    A release that Acumatica takes on and finishes later is waited for without a worker.

    :param release: take documents off hold and release them; False leaves them on hold for a person.
    :param send_terms: send the credit terms (an entity without a field for them takes them as a custom field); False sends the due date
        alone and tells the terms in the note.
    :param strict: refuse a document of which Acumatica ignored a field, and take its draft back; False tells it in the log only.
    """

    platform: ClassVar[str] = "acumatica"

    def __init__(self, *, release: bool = True, send_terms: bool = True, strict: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.release = release
        self.send_terms = send_terms
        self.strict = strict

    def platform_options(self) -> Mapping[str, Any]:
        return {"post": self.release, "send_terms": self.send_terms, "strict": self.strict}
