"""What is wrong with a document, in words that help the person who must act."""

from dataclasses import dataclass

from airbooks.canonical.codes import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule on one document.

    `field` is a path such as `lines[3].tax_code`; `value` what stands there; `says` names the rule's complaint, `fix` the way out.
    `subject` is what many documents can have in common (a tax code without mapping): findings with the same code, connection and
    subject share one cause; where it is empty every document is a cause of its own.
    """

    code: str
    severity: Severity
    field: str
    value: str
    says: str
    fix: str
    connection: str = ""
    subject: str = ""

    @property
    def message(self) -> str:
        return f"{self.says} {self.fix}".strip()
