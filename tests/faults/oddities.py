"""Documents that are hard to book: odd amounts, names, dates, and many lines."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.faults import plays
from tests.faults.stage import Stage
from tests.platforms.company import Document, today

from airbooks.canonical import Invoice

LONGEST_INVOICE, LONG_INVOICE = 1_114, 90
CENT = Decimal("0.01")


def unmapped(stage: Stage) -> None:
    """A tax code has no counterpart: every document waits for one answer, which lets all of them go."""
    stage.firm.codes["tax_code", stage.papers.setting.tax_code] = None
    plays.send(stage)
    causes = stage.one("SELECT count(*) FROM airbooks.exception_cause WHERE state = 'open'")
    if causes != 1:
        stage.complaints.append(f"one missing mapping made {causes} causes")
    stage.firm.codes.clear()


def credit_note_first(stage: Stage) -> None:
    """The credit note is staged before the invoice that it corrects."""
    sale = stage.papers.sale(1)
    note = stage.papers.note(sale)
    stage.plant(note, sale)
    stage.deliver()


def credit_above_invoice(stage: Stage) -> None:
    """A credit note for more than the invoice."""
    sale = stage.papers.sale(1)
    note = stage.papers.credit_note(stage.papers.line(1, quantity="3", price="100"), corrects=sale, source="erp", source_id="above")
    stage.plant(sale, note)
    stage.deliver()


def _one(stage: Stage, document: Document) -> None:
    stage.plant(document)
    stage.deliver()


def long_invoice(stage: Stage) -> None:
    """1,114 lines: split by rule or before a person, never cut."""
    lines = [stage.papers.line(number, quantity="1", price="2.00") for number in range(1, LONGEST_INVOICE + 1)]
    _one(stage, stage.papers.invoice(*lines))


def heavy_batch(stage: Stage) -> None:
    """A batch of long invoices, a third heavier than what the platform takes in one request: no request is heavier than that."""
    most = stage.spec.limits.batch_bytes or 0
    lines = [stage.papers.line(number, quantity="1", price="2.00", name=900 * "x") for number in range(1, LONG_INVOICE + 1)]
    stage.plant(*(stage.papers.invoice(*lines) for _ in range(stage.spec.limits.batch)))
    stage.deliver()
    weights = [int(each["headers"].get("content-length", 0)) for each in stage.ledger.requests(stage.slug)]
    if sum(weights) < most * 4 // 3:
        stage.complaints.append(f"the batch weighed only {sum(weights):,} bytes")
    if max(weights) > most:
        stage.complaints.append(f"a request weighed {max(weights):,} bytes, and {most:,} are taken")


def rounding(stage: Stage) -> None:
    """Three lines whose taxes round differently one by one and together."""
    _one(stage, stage.papers.invoice(*(stage.papers.line(number, quantity="1", price="25.43") for number in (1, 2, 3))))


def wrong_taxes(stage: Stage) -> None:
    """Invoices on which the platform's own tax is another than ours."""
    stage.plant(*(stage.papers.sale(1) for _ in range(2)))
    rounding(stage)
    if not stage.one("SELECT count(*) FROM airbooks.exception"):
        stage.complaints.append("nobody noticed the platform's own tax")


def fine_prices(stage: Stage) -> None:
    """Prices with five decimals."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1000", price="0.12345")))


def yen(stage: Stage) -> None:
    """A currency without minor units, which the company does not keep."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="3", price="1003", currency="JPY"), currency="JPY"))


def dinar(stage: Stage) -> None:
    """A currency with three decimals, which no company of the harness keeps either: before a person, or to the fils."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="3", price="10.335", currency="KWD"), currency="KWD"))


def foreign_without_rate(stage: Stage) -> None:
    """A foreign invoice without an exchange rate: the platform's own, never 1:1 in the books."""
    _one(stage, stage.papers.sale(1, currency=stage.papers.setting.foreign))


def two_currencies_of_one_customer(stage: Stage) -> None:
    """The same customer in the home currency and in another one."""
    buyer = stage.papers.buyer(1)
    rate = stage.papers.exchange_rate()
    stage.plant(
        stage.papers.sale(1, buyer=buyer), stage.papers.sale(1, buyer=buyer, currency=stage.papers.setting.foreign, exchange_rate=rate)
    )
    stage.deliver()


def free_of_charge(stage: Stage) -> None:
    """A line that costs nothing next to one that does."""
    _one(stage, stage.papers.invoice(stage.papers.line(1), stage.papers.line(2, quantity="1", price="0.00")))


def nothing_to_pay(stage: Stage) -> None:
    """An invoice whose total is zero."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1", price="0.00")))


def negative_line(stage: Stage) -> None:
    """A returned unit on an invoice."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="5"), stage.papers.line(2, quantity="-1")))


def discounted(stage: Stage) -> None:
    """Discounts on lines and on the document."""
    lines = stage.papers.example_lines()
    _one(stage, stage.papers.invoice(*lines, charges=stage.papers.volume_discount(lines)))


def huge(stage: Stage) -> None:
    """Sixteen digits before the point."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1", price="12345678901234567.89")))


def month_end(stage: Stage) -> None:
    """The last day of a month is the date that arrives there."""
    last = today().replace(day=1) - timedelta(days=1)
    document = stage.papers.sale(1, issue_date=last, due_date=last + timedelta(days=30))
    _one(stage, document)
    with stage.hook() as hook:
        for remote in hook.find_invoice(document.number, document.kind):
            if remote.issue_date not in (None, last):
                stage.complaints.append(f"{document.number} is of {last} and dated {remote.issue_date} there")


def odd_names(stage: Stage) -> None:
    """Emoji, markup, control characters and 300 characters in a customer's and a line's name."""
    buyer = stage.papers.party(name='Müller & Söhne <GmbH> 🏭 "Nord" ' + "x" * 270)
    _one(stage, stage.papers.invoice(stage.papers.line(1, name="Hose <3/8> & \t🛠 'é'\u200b"), buyer=buyer))


def namesakes(stage: Stage) -> None:
    """Two customers of ours with one name stay two customers there."""
    documents = [stage.papers.sale(1, buyer=stage.papers.party(name="Harbour Foundry")) for _ in range(2)]
    stage.plant(*documents)
    stage.deliver()
    with stage.hook() as hook:
        customers = [remote.customer_id for each in documents for remote in hook.find_invoice(each.number, each.kind)]
    if len(customers) > len(set(customers)):
        stage.complaints.append(f"both invoices stand with the customer {customers[0]}")


def a_cent_off(stage: Stage) -> Invoice:
    """An invoice whose own total is a cent off."""
    document = stage.papers.sale(1)
    wrong = {name: getattr(document, name) + CENT for name in ("gross_total", "tax_total", "amount_due")}
    return document.model_copy(update=wrong)


def wrong_by_us(stage: Stage) -> None:
    """Our own total is a cent off: what the platform books is not what we sent."""
    _one(stage, a_cent_off(stage))
