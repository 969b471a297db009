"""A dry run shows what would be sent also where the customer is not there yet: it neither finds nor creates one."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.company import Company

from airbooks.platforms.base import PlatformHook


def test_a_document_whose_customer_is_new_is_shown(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    unknown = f"(customer {document.buyer.code}, to be found or created)"
    shown = hook.preview([replace(sending, references=replace(sending.references, customer=unknown))])
    assert any(document.number in each.body for each in shown)
