"""What a connection lacks is told in words of the platform; customers are found or made once; the tenant's own names are used."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.platforms.company import Company
from tests.platforms.unit4.conftest import Desk

from airbooks.canonical import Contact, DocumentKind
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.unit4.hook import Unit4Hook, quoted

MakeHook = Callable[..., Unit4Hook]


def test_the_connection_says_what_it_reaches_and_who_runs_gl07(hook: Unit4Hook, make_hook: MakeHook) -> None:
    works, says = hook.test_connection()
    assert works, says
    assert "company EN" in says
    assert "GL07 is ordered" in says
    assert "schedule" in make_hook(run_gl07=False).test_connection()[1]


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"company_id": "XX"}, "company_id"),
        ({"tenant": "other"}, "tenant"),
        ({"tenant": ""}, "'tenant'"),
        ({"ar_account": ""}, "'ar_account'"),
        ({"gl07_user_id": ""}, "gl07_user_id"),
        ({"status_object": "ar-items"}, "ar-items"),
        ({"ledger_object": "gl-items"}, "gl-items"),
        ({"tax_code_lookup": "vat(code)"}, "'vat'"),
        ({"account_lookup": "accounts"}, "account_lookup"),
        ({"dimension_map": "department"}, "dimension_map"),
        ({"status_fields": "{"}, "status_fields"),
        ({"status_fields": '{"voucher": "voucherNo"}'}, "voucherNo"),
        ({"scope": "all"}, "scope"),
        ({"period_shift": "nine"}, "period_shift"),
        ({"payment_method": "WIRE"}, "WIRE"),
        ({"payment_methods": "IP, WIRE"}, "WIRE"),
    ],
)
def test_what_is_missing_is_named(make_hook: MakeHook, extra: dict[str, str], word: str) -> None:
    works, says = make_hook(**extra).test_connection()
    assert not works
    assert word in says


def test_a_role_that_is_missing_is_named_with_the_way_out(company: Company, hook: Unit4Hook) -> None:
    company.sandbox.inject("unit4", "role_missing", path="customer-transactions")
    works, says = hook.test_connection()
    assert not works
    assert "customer-transactions" in says
    assert "role" in says


def test_an_incomplete_connection_is_told_before_a_document_is_mapped(company: Company, make_hook: MakeHook) -> None:
    with pytest.raises(ConfigurationError, match="tax_account"):
        make_hook(tax_account="").refusals(company.small_invoice())


@pytest.mark.parametrize(
    ("renamed", "extra"),
    [
        ({"old": "restCurrencyAmount", "new": "openAmount"}, {"status_fields": '{"rest": "openAmount"}'}),
        ({"old": "invoiceNumber", "new": "invoiceNo"}, {"status_fields": '{"number": "invoiceNo"}'}),
        ({"old": "customer-transactions", "new": "ar-items"}, {"status_object": "ar-items"}),
        ({"old": "general-ledger-transactions", "new": "gl-items"}, {"ledger_object": "gl-items"}),
        ({"old": "vatPercentage", "new": "rate"}, {"ledger_fields": '{"tax_rate": "rate"}'}),
    ],
    ids=lambda value: value.get("old", "") if isinstance(value, dict) else "",
)
def test_the_names_that_no_document_settles_can_be_the_tenants_own(
    company: Company, make_hook: MakeHook, renamed: dict[str, str], extra: dict[str, str]
) -> None:
    hook = make_hook(**extra)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("unit4", "renamed", **renamed)
    sent = company.create(hook, sending)[sending.key]
    assert sent.remote is not None, str(sent.error)
    company.assert_echo(sending, sent.remote)


def test_a_property_that_the_tenant_does_not_have_proves_nothing(company: Company, hook: Unit4Hook) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    company.sandbox.inject("unit4", "renamed", old="restCurrencyAmount", new="openAmount")
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice(document.number, DocumentKind.INVOICE)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert "restCurrencyAmount" in caught.value.message


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_a_name_with_an_apostrophe_is_looked_for_whole(company: Company, hook: Unit4Hook) -> None:
    party = company.party(name="O'Brien & Sons' Compressors")
    first = hook.ensure_customer(party, "GBP")
    assert hook.ensure_customer(party, "GBP") == first == party.code
    assert quoted("O'Brien") == "'O''Brien'"


def test_a_customer_is_found_by_the_external_reference(company: Company, hook: Unit4Hook, desk: Desk) -> None:
    party = company.party()
    body = {"companyId": "EN", "customerName": party.name, "customerGroupId": "10", "externalReference": party.code}
    _, there = desk.ask("POST", "/v1/customers", body)
    assert hook.ensure_customer(party, "GBP") == there["customerId"]


def test_a_customer_of_our_name_and_address_is_found_and_of_our_name_alone_is_not(company: Company, hook: Unit4Hook, desk: Desk) -> None:
    party = company.party()
    point = {"contactPointType": "1", "additionalContactInfo": {"eMail": party.contact.email.upper()}}
    body = {"companyId": "EN", "customerName": party.name, "customerGroupId": "10", "contactPoints": [point]}
    _, there = desk.ask("POST", "/v1/customers", body)
    assert hook.ensure_customer(party, "GBP") == there["customerId"]
    namesake = company.party(name=party.name)
    assert hook.ensure_customer(namesake, "GBP") == namesake.code
    unreachable = company.party(name=party.name, contact=Contact())
    assert hook.ensure_customer(unreachable, "GBP") == unreachable.code


def test_a_group_that_numbers_its_customers_gives_the_id(company: Company, make_hook: MakeHook) -> None:
    hook = make_hook(customer_numbers="customer group")
    party = company.party()
    first = hook.ensure_customer(party, "GBP")
    assert first.isdigit()
    assert hook.ensure_customer(party, "GBP") == first


def test_where_customers_belong_to_erpx_an_unknown_one_is_for_a_person(company: Company, make_hook: MakeHook) -> None:
    party = company.party()
    with pytest.raises(PlatformError) as caught:
        make_hook(create_customers=False).ensure_customer(party, "GBP")
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert party.code in caught.value.message
    assert "create_customers" in caught.value.rule.fix


def test_a_closed_customer_is_for_a_person(company: Company, hook: Unit4Hook, desk: Desk) -> None:
    party = company.party()
    hook.ensure_customer(party, "GBP")
    assert desk.ask("DELETE", f"/v1/customers/{party.code}", companyId="EN")[0] == 204
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "GBP")
    assert caught.value.rule.name == "customer closed"


def test_an_id_that_is_too_long_and_a_missing_group_are_told(company: Company, hook: Unit4Hook, make_hook: MakeHook) -> None:
    with pytest.raises(PlatformError, match="25 characters"):
        hook.ensure_customer(company.party(code="C" * 26), "GBP")
    with pytest.raises(ConfigurationError, match="customer_group"):
        make_hook(customer_group="").ensure_customer(company.party(), "GBP")


# -- lists ------------------------------------------------------------------------------------------------------------------------


def test_lists_are_those_of_the_tenant(hook: Unit4Hook, make_hook: MakeHook) -> None:
    assert {each.code for each in hook.list_reference(ReferenceKind.DIMENSION)} == {"C1:WHOLESALE", "C1:SERVICE", "B0:MAIN", "B0:NORTH"}
    one = make_hook(dimension_map="department=1:C1")
    assert {each.code for each in one.list_reference(ReferenceKind.DIMENSION)} == {"C1:WHOLESALE", "C1:SERVICE"}
    assert {each.code for each in hook.list_reference(ReferenceKind.PAYMENT_METHOD)} == {"IP", "CH", "CA"}
    assert list(make_hook(account_lookup="").list_reference(ReferenceKind.ACCOUNT)) == []
    assert list(hook.list_reference(ReferenceKind.ITEM)) == []
