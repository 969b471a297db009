"""Code lists of the canonical documents."""

from enum import StrEnum


class DocumentKind(StrEnum):
    """Document type (BT-3), as words; the UNCL1001 code of each is `code`."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"

    @property
    def code(self) -> str:
        return {"invoice": "380", "credit_note": "381"}[self.value]


class TaxCategory(StrEnum):
    """VAT category codes (UNCL5305) of EN 16931; sales taxes use S for taxable and E or O for the rest."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"
    CANARY_IGIC = "L"
    CEUTA_MELILLA_IPSI = "M"
    SPLIT_PAYMENT = "B"


class LineKind(StrEnum):
    """What a line sells; a comment carries text and no amount."""

    ITEM = "item"
    SERVICE = "service"
    FREIGHT = "freight"
    COMMENT = "comment"


class DocumentStatus(StrEnum):
    """Where a document stands on a platform."""

    DRAFT = "draft"
    OPEN = "open"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    VOID = "void"


class Severity(StrEnum):
    """An error holds the document back; a warning is told and let through."""

    ERROR = "error"
    WARNING = "warning"
