"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.sage_intacct import SageIntacctHook
from airbooks.platforms.sage_intacct.envelope import Function

if TYPE_CHECKING:
    from tests.platforms.company import Company


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Reverse it on the day it was received."""
    assert payment.received_on is not None
    day = f"<datereversed><year>{payment.received_on:%Y}</year><month>{payment.received_on:%m}</month><day>{payment.received_on:%d}</day>"
    call = etree.fromstring(f'<reverse_arpayment key="{payment.remote_id}">{day}</datereversed></reverse_arpayment>')
    with company.hook() as hook:
        assert isinstance(hook, SageIntacctHook)
        [result], reply = hook.run([Function("reverse", call)])
        hook.good(result, reply)


SETTING = Setting.demo(
    "sage_intacct_uk",
    country="GB",
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="999999",
    reverse_payment=reverse_payment,
    bank_account="BARC-OPERATING",
)
