"""What a document can hold and Receivables cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, Line, LineKind, Severity, round_amount
from airbooks.platforms.oracle_fusion.lines import bearers
from airbooks.platforms.oracle_fusion.mapping import comments, line_text, plain
from airbooks.platforms.oracle_fusion.settings import Settings, segments
from airbooks.platforms.oracle_fusion.spec import COMMENTS, DESCRIPTION, INTERNAL_NOTES, MANUAL, NUMBER, PURCHASE_ORDER
from airbooks.platforms.references import dimension_codes

Document = Invoice | CreditNote
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent, and (as warnings) what is only told in its comments; empty when neither."""
    errors = tuple(
        Finding(
            code=f"ORA-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection
        )
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )
    return (*errors, *_due_date(document, connection))


def _due_date(document: Document, connection: str) -> Iterator[Finding]:
    if isinstance(document, Invoice) and document.due_date and not document.terms.code:
        yield Finding(
            code="ORA-DUE",
            severity=Severity.WARNING,
            field="due_date",
            value=document.due_date.isoformat(),
            says="Oracle derives the due date from the customer's payment terms; ours stands in the comments.",
            fix="Give the document payment terms.",
            connection=connection,
        )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER or '"' in document.number:
        yield "number", document.number, f"Oracle takes transaction numbers of 1 to {NUMBER} characters without quotes", "Change the number"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != round_amount(amount, document.currency):
            yield field, str(amount), f"Oracle rounds amounts to the precision of {document.currency}", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"Receivables has no place for a {field.replace('_', ' ')} on a transaction", way
    if isinstance(document, CreditNote) and document.gross_total <= 0:
        yield "gross_total", str(document.gross_total), "A credit memo takes an amount off; this one does not", "Send it as an invoice"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    ledger, rate = settings.get("ledger_currency", "USD"), document.exchange_rate
    if document.currency == ledger:
        return
    if rate is None and not settings.get("conversion_rate_type"):
        says = f"A document in {document.currency} needs a rate to {ledger}, or a conversion rate type to look one up"
        yield "exchange_rate", "", says, "Give the rate in the sales system or in the run, or set conversion_rate_type in the connection"
    elif rate is not None and rate.base != ledger:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the ledger's currency is {ledger}", "Correct the rate"


def _taxes(document: Document, settings: Settings) -> Iterator[Obstacle]:
    for each in bearers(document):
        if not each.tax_code:
            name = f"lines[{each.line_id}]" if isinstance(each, Line) else "allowances_charges"
            yield f"{name}.tax_code", "", "Without a tax classification Oracle would choose the tax itself", "Give it a tax code"
    if settings.get("tax_lines") == MANUAL and not settings.get("tax_regime"):
        yield "tax_breakdown", "", "Manual tax lines need a tax regime", "Set tax_regime in the connection"


def _memo_lines(document: Document, settings: Settings) -> Iterator[Obstacle]:
    for i, each in enumerate(document.allowances_charges):
        kind = "charge" if each.is_charge else "discount"
        if not settings.get(f"{kind}_memo_line"):
            says = f"A {kind} of the whole document becomes a line of a standard memo line, and the connection names none"
            yield f"allowances_charges[{i}]", str(each.amount), says, f"Set {kind}_memo_line in the connection"


def _dimensions(document: Document, settings: Settings) -> Iterator[Obstacle]:
    known = {"warehouse", *segments(settings)}
    codes = {code for holder in (None, *document.amount_lines) for code in dimension_codes(document, holder)}
    for code in sorted(codes):
        if code.partition(":")[0] not in known:
            says = "No segment of the lines' descriptive flexfield takes this dimension"
            yield "dimensions", code, says, "Name one under line_segments in the connection"


def _texts(document: Document, _: Settings) -> Iterator[Obstacle]:
    texts = {
        "notes": (comments(document), COMMENTS),
        "internal_note": (plain(document.internal_note) if isinstance(document, Invoice) else "", INTERNAL_NOTES),
        "purchase_order": (document.purchase_order if isinstance(document, Invoice) else "", PURCHASE_ORDER),
        **{
            f"lines[{i}].description": (line_text(line, whole=True, warehouse=line.warehouse), DESCRIPTION)
            for i, line in enumerate(document.lines)
            if line.kind is not LineKind.COMMENT
        },
    }
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            yield field, f"{text[:40]}...", f"Oracle takes {limit} characters here, and this would be {len(text)}", "Shorten the text"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "TAX": _taxes,
    "MEMO": _memo_lines,
    "DIMENSION": _dimensions,
    "TEXT": _texts,
}
