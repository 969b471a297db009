"""Customers: seven characters and one currency each; found, recognised or created, never twice and never somebody else's."""

from __future__ import annotations

import pytest
from tests.platforms.infor_syteline.conftest import SLUG, Client, Site

from airbooks.canonical import Contact
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.infor_syteline import InforSyteLineHook
from airbooks.platforms.infor_syteline.customers import computed_number, numbers


def test_our_code_without_punctuation_is_the_number_where_it_fits() -> None:
    assert numbers("C-US-0042", "USD") == ["CUS0042", computed_number("C-US-0042", "USD")]
    assert numbers("CUSTOMER-0042", "USD") == [computed_number("CUSTOMER-0042", "USD")]
    assert len(computed_number("CUSTOMER-0042", "USD")) == 7
    assert computed_number("CUSTOMER-0042", "USD") != computed_number("CUSTOMER-0042", "EUR")


def test_a_second_currency_is_a_second_customer_found_again(site: Site, hook: InforSyteLineHook) -> None:
    party = site.party()
    dollars, euros = hook.ensure_customer(party, "USD"), hook.ensure_customer(party, "EUR")
    assert dollars == party.code.replace("-", "")
    assert euros == computed_number(party.code, "EUR")
    assert (hook.ensure_customer(party, "USD"), hook.ensure_customer(party, "EUR")) == (dollars, euros)


def test_a_customer_of_another_currency_gets_the_readable_number(site: Site, hook: InforSyteLineHook) -> None:
    party = site.party(currency="GBP")
    assert hook.ensure_customer(party, "GBP") == party.code.replace("-", "")


def test_a_customer_that_people_made_is_recognised_by_name_and_mail(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    party = site.party()
    client.customer("MAPLE", Name=party.name, BillToEmail=party.contact.email.upper())
    assert hook.ensure_customer(party, "USD") == "MAPLE"


def test_a_name_alone_is_not_enough(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    party = site.party(contact=Contact())
    client.customer("ALONE", Name=party.name)
    assert hook.ensure_customer(party, "USD") != "ALONE"


def test_a_number_that_is_somebody_elses_is_not_billed(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    party = site.party()
    client.customer(party.code.replace("-", ""), Name="Somebody Else Inc")
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "USD")
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "Somebody Else Inc" in caught.value.message


def test_our_very_code_is_trusted_under_any_name(site: Site, hook: InforSyteLineHook, client: Client) -> None:
    client.customer("OURS042", Name="Renamed since")
    assert hook.ensure_customer(site.party(code="OURS042"), "USD") == "OURS042"


def test_a_quote_in_a_name_does_no_harm(site: Site, hook: InforSyteLineHook) -> None:
    party = site.party(name='O\'Brien "Pipes" & Sons', code="TOO-LONG-A-CODE-1")
    assert hook.ensure_customer(party, "USD") == hook.ensure_customer(party, "USD")


def test_a_site_that_lets_no_customer_be_written_says_the_way_out(site: Site, hook: InforSyteLineHook) -> None:
    site.sandbox.inject(SLUG, "fixed_customers")
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(site.party(), "USD")
    assert (caught.value.rule.name, caught.value.outcome) == ("customers cannot be made here", Outcome.DID_NOT_HAPPEN)
    assert "Create the customer in SyteLine" in caught.value.rule.fix


def test_two_customers_of_one_name_and_mail_are_two_customers(site: Site, hook: InforSyteLineHook) -> None:
    party = site.party()
    branch = site.party(name=party.name, contact=party.contact)
    long_code = site.party(name=party.name, contact=party.contact, code="BRANCH-WITH-A-LONG-CODE")
    numbers_of = [hook.ensure_customer(each, "USD") for each in (party, branch, long_code, branch, long_code)]
    assert len(set(numbers_of)) == 3
    assert numbers_of[1:3] == numbers_of[3:]
