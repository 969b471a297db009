"""The simulated company that the conformance suite books in."""

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.odoo import OdooHook


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Set it back to draft and cancel it."""
    with company.hook() as person:
        assert isinstance(person, OdooHook)
        for action in ("action_draft", "action_cancel"):
            person.odoo.run("account.payment", action, ids=[int(payment.remote_id)])


SETTING = Setting.demo(
    "odoo_au",
    country="AU",
    tax_code="AU-GST10",
    tax_rate="10",
    second_tax=("AU-FREE", "Z", "0"),
    foreign="USD",
    absent_id="999999",
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
