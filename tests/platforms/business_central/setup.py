"""The simulated company that the conformance suite books in."""

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Unapply and reverse its entries in the client: the API has no action for it."""
    company.sandbox.inject(company.slug, "reverse_payment", reference=payment.reference)


SETTING = Setting.demo(
    "business_central_eu",
    country="DE",
    tax_code="DE-S19",
    tax_rate="19",
    second_tax=("DE-R7", "S", "7"),
    foreign="USD",
    reverse_payment=reverse_payment,
    bank_account="BANK",
    absent_id="00000000-0000-4000-8000-000000000000",
)
