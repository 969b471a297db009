"""What a rule is: a function that a document keeps or breaks, with its code, its words and the way out beside it.

`@rule` looks at the document, `@each_rule(LINES, ...)` at each line of it (or TAXES, CHARGES): they decorate functions that say whether
the rule is kept. `@amount` and `@each_amount` decorate functions that say what an amount should be. `@fact_rule` decorates functions that
look at the document's surroundings, or at several parts of it together, and yield what is wrong.

In `says`, `{name}` is a property of the line (or subtotal, or allowance), else of the document; `{stated}` is the value that stands in the
field, `{expected}` the right amount, `{buyer.name}` goes one level down. The document's own name is put in front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from airbooks.canonical import AllowanceCharge, CreditNote, Document, Finding, Line, Severity, TaxSubtotal
from airbooks.canonical.money import minor_units
from airbooks.validation.facts import Facts

Part = TypeVar("Part")
ERROR, WARNING = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a rule is broken: the path in front of the rule's field, what it is called, and the words its message needs."""

    subject: Any
    path: str = ""
    called: str = ""
    words: Mapping[str, object] | None = None
    connection: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with everything a person is told when it is broken."""

    code: str
    severity: Severity
    field: str
    says: str
    fix: str
    name: str
    breaches: Callable[[Document, Facts], Iterable[Breach]]

    def findings(self, document: Document, facts: Facts) -> Iterator[Finding]:
        for breach in self.breaches(document, facts):
            yield self._finding(document, breach)

    def _finding(self, document: Document, breach: Breach) -> Finding:
        words = _Words(document, breach, self.field)
        return Finding(
            code=self.code,
            severity=self.severity,
            field=f"{breach.path}{self.field}",
            value=_plain(words.value("stated")),
            says=f"{title(document)}{breach.called}: {self.says.format_map(words)}",
            fix=self.fix.format_map(words),
            connection=breach.connection,
            subject=breach.cause,
        )


def title(document: Document) -> str:
    """What people call the document: `Invoice UK-SI-000123`."""
    kind = "Credit note" if isinstance(document, CreditNote) else "Invoice"
    return f"{kind} {document.number or f'without a number ({document.source_id})'}"


def _plain(value: object) -> str:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def money(value: Decimal, currency: str) -> str:
    """An amount for people: grouped, with the currency's decimals or the more that it has."""
    exponent = value.as_tuple().exponent
    decimals = max(minor_units(currency), -exponent if isinstance(exponent, int) else 0)
    return f"{value:,.{decimals}f}"


class _Words(dict[str, object]):
    """The words of one message, looked up when the template names them."""

    def __init__(self, document: Document, breach: Breach, field: str) -> None:
        super().__init__(breach.words or {})
        self.document, self.breach, self.field = document, breach, field

    def value(self, name: str) -> object:
        if name in self:
            return self[name]
        if name == "stated":
            return _attribute(self.breach.subject, self.field)
        holder = self.breach.subject if hasattr(self.breach.subject, name) else self.document
        return getattr(holder, name)

    def __missing__(self, name: str) -> object:
        value = self.value(name)
        if isinstance(value, Decimal):
            return (
                money(value, self.document.currency) if name == "stated" or name.endswith(("_total", "_amount", "amount")) else f"{value:f}"
            )
        return "nothing" if value is None or value == "" else value


def _attribute(subject: object, path: str) -> object:
    for name in path.split("."):
        subject = getattr(subject, name, None)
    return subject


# -- the parts of a document ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parts(Generic[Part]):
    """What a document has several of: the field that holds them, and what people call one."""

    field: str
    called: Callable[[int, Part], str]

    def of(self, document: Document) -> tuple[Part, ...]:
        found: tuple[Part, ...] = getattr(document, self.field)
        return found

    def breach(self, index: int, part: Part, words: Mapping[str, object] | None = None) -> Breach:
        return Breach(part, path=f"{self.field}[{index}].", called=f", {self.called(index, part)}", words=words)


LINES: Parts[Line] = Parts("lines", lambda index, line: f"line {line.line_id or index + 1}")
TAXES: Parts[TaxSubtotal] = Parts("tax_breakdown", lambda _, tax: f"tax {tax.category} {tax.rate:f} %")
CHARGES: Parts[AllowanceCharge] = Parts(
    "allowances_charges", lambda index, each: f"{'charge' if each.is_charge else 'allowance'} {index + 1}"
)


# -- decorators -----------------------------------------------------------------------------------------------------------------------


def rule(code: str, *, field: str, says: str, fix: str, severity: Severity = ERROR) -> Callable[[Callable[[Document], bool]], Rule]:
    """A rule about the document as a whole."""

    def make(keeps: Callable[[Document], bool]) -> Rule:
        def breaches(document: Document, _: Facts) -> Iterable[Breach]:
            return () if keeps(document) else (Breach(document),)

        return Rule(code=code, severity=severity, field=field, says=says, fix=fix, name=keeps.__name__, breaches=breaches)

    return make


def each_rule(
    parts: Parts[Part], code: str, *, field: str, says: str, fix: str, severity: Severity = ERROR
) -> Callable[[Callable[[Part], bool]], Rule]:
    """A rule about each line, tax subtotal, or allowance or charge."""

    def make(keeps: Callable[[Part], bool]) -> Rule:
        def breaches(document: Document, _: Facts) -> Iterable[Breach]:
            return [parts.breach(index, part) for index, part in enumerate(parts.of(document)) if not keeps(part)]

        return Rule(code=code, severity=severity, field=field, says=says, fix=fix, name=keeps.__name__, breaches=breaches)

    return make


def amount(code: str, *, field: str, says: str, fix: str) -> Callable[[Callable[[Document], Decimal]], Rule]:
    """A total of the document, which must equal what the function returns."""

    def make(expects: Callable[[Document], Decimal]) -> Rule:
        def breaches(document: Document, _: Facts) -> Iterable[Breach]:
            expected = expects(document)
            if getattr(document, field) == expected:
                return ()
            return (Breach(document, words={"expected": money(expected, document.currency)}),)

        return Rule(code=code, severity=ERROR, field=field, says=says, fix=fix, name=expects.__name__, breaches=breaches)

    return make


def each_amount(
    parts: Parts[Part], code: str, *, field: str, says: str, fix: str
) -> Callable[[Callable[[Part, Document], Decimal | None]], Rule]:
    """An amount of each line, subtotal or allowance, which must equal what the function returns (None: anything goes)."""

    def make(expects: Callable[[Part, Document], Decimal | None]) -> Rule:
        def breaches(document: Document, _: Facts) -> Iterator[Breach]:
            for index, part in enumerate(parts.of(document)):
                expected = expects(part, document)
                if expected is not None and getattr(part, field) != expected:
                    yield parts.breach(index, part, {"expected": money(expected, document.currency)})

        return Rule(code=code, severity=ERROR, field=field, says=says, fix=fix, name=expects.__name__, breaches=breaches)

    return make


def fact_rule(
    code: str, *, field: str, says: str, fix: str, severity: Severity = ERROR
) -> Callable[[Callable[[Document, Facts], Iterable[Breach]]], Rule]:
    """A rule about the document's surroundings, or about several parts together."""

    def make(breaches: Callable[[Document, Facts], Iterable[Breach]]) -> Rule:
        return Rule(code=code, severity=severity, field=field, says=says, fix=fix, name=breaches.__name__, breaches=breaches)

    return make
