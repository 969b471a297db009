"""Whatever the lines, discounts and tax rates: what is let through is booked to the cent."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.platforms.business_central.conftest import SLUG, Desk, good
from tests.platforms.business_central.documents import credit_note, discount, invoice, line, line_discount

from airbooks.canonical import CreditNote, Invoice, Line
from airbooks.sandbox.server import running

TAXES = st.sampled_from([("DE-S19", "19", "S"), ("DE-R7", "7", "S"), ("DE-IC", "0", "K"), ("DE-EXP", "0", "G")])
ITEMS = st.sampled_from([("HOS-38-15", "MTR"), ("SRV-INST", "HUR"), ("TNK-V-0270", "C62")])


@st.composite
def lines(draw: st.DrawFn, number: int) -> Line:
    code, rate, category = draw(TAXES)
    item, unit = draw(ITEMS)
    quantity, price = draw(st.decimals("0.001", "500", places=3)), draw(st.decimals("1", "20000", places=3))
    most = int(quantity * price * 50)  # half of the amount, in cents
    reduction = (line_discount(str(Decimal(draw(st.integers(0, most))).scaleb(-2))),) if most and draw(st.booleans()) else ()
    return line(number, str(quantity), str(price), rate, code, category=category, item_code=item, unit=unit, allowances_charges=reduction)


@st.composite
def documents(draw: st.DrawFn) -> Invoice | CreditNote:
    own = [draw(lines(number)) for number in range(1, draw(st.integers(1, 4)) + 1)]
    own.append(line(9, "1", "1000"))
    reduction = [discount(str(Decimal(draw(st.integers(1, 90_000))).scaleb(-2)))] if draw(st.booleans()) else []
    make = invoice if draw(st.booleans()) else credit_note
    return make(*own, charges=reduction, terms=invoice().terms)


def test_every_document_is_booked_to_the_cent() -> None:
    with running([SLUG]) as sandbox:
        desk, serial = Desk(sandbox), count(1)

        @settings(max_examples=40, deadline=None)
        @given(documents())
        def is_booked_to_the_cent(document: Invoice | CreditNote) -> None:
            assert desk.hook.refusals(document) == ()
            sending, draft = desk.created(document.model_copy(update={"number": f"EU-{next(serial):06}"}))
            posted = good(desk.hook.post_invoices([(sending, draft)])[0])
            assert (posted.net, posted.tax, posted.total) == (document.net_total, document.tax_total, document.gross_total)
            assert posted.line_count == len(document.amount_lines)

        is_booked_to_the_cent()
        desk.hook.close()
