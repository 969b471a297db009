"""MT940 in the dialects of several banks: amounts with their sign, payers, references, and text without glued words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.bank.statements import READING, parted, taken

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.movement import Debits, Reading, StatementError
from airbooks.sources.bank.mt940 import read_mt940

GERMAN = """\
:86:166?00GUTSCHRIFT?109075?20EREF+NW-2026-118?21SVWZ+Rechnung EU-SI-000123?22EU-SI-000124 abzgl. Skonto?3037040044?31DE893704004405
32013000?32Northwind Tools?33 GmbH"""
DUTCH = """\
:86:/EREF/NW-2026-118/ORDP//NAME/Northwind Tools Ltd/REMI/USTD//Invoice EU-SI-000123/
CNTP/NL91ABNA0417164300/ABNANL2A/Northwind Tools Ltd///"""
FREE = ":86:NORTHWIND TOOLS LTD PAYMENT UK-SI-000123 THANK YOU"


def mt940(
    *lines: str, opening: str = "C261101EUR1000,00", closing: str = "", number: str = "306/1", account: str = "37040044/0532013000"
) -> bytes:
    """One statement; without `closing` the entries' amounts make it."""
    closing = closing or f"C261102EUR{1000 + sum(_amount(line) for line in lines):.2f}".replace(".", ",")
    head = f":20:STARTUMSE\n:25:{account}\n:28C:{number}\n:60F:{opening}\n"
    return (head + "\n".join(lines) + f"\n:62F:{closing}\n-\n").replace("\n", "\r\n").encode()


def _amount(line: str) -> Decimal:
    if not line.startswith(":61:"):
        return Decimal(0)
    mark, digits = line[14:].partition("N")[0].rstrip("0123456789,"), line[14:].partition("N")[0].lstrip("RCD")
    return Decimal(digits.replace(",", ".")) * (-1 if mark in ("D", "RC") else 1)


def line(amount: str, mark: str = "C", kind: str = "NTRF", reference: str = "NONREF", bank: str = "") -> str:
    return f":61:2611021102{mark}{amount}{kind}{reference}{f'//{bank}' if bank else ''}"


def read(data: bytes, reading: Reading = READING) -> list[IncomingPayment]:
    return taken(read_mt940(data, "eu.sta", reading))


def test_a_structured_entry_gives_payer_reference_and_text() -> None:
    (found,) = read(mt940(line("1190,50", bank="2026110200017"), GERMAN))
    assert (found.amount, found.currency, found.kind) == (Decimal("1190.50"), "EUR", PaymentKind.RECEIPT)
    assert (found.booked_on, found.account, found.bank_reference) == (date(2026, 11, 2), "37040044/0532013000", "2026110200017")
    assert (found.payer_name, found.payer_account) == ("Northwind Tools GmbH", "DE89370400440532013000")
    assert found.references == ("NW-2026-118",)
    assert found.text == "Rechnung EU-SI-000123 EU-SI-000124 abzgl. Skonto"


def test_an_entry_with_code_words_gives_payer_reference_and_text() -> None:
    (found,) = read(mt940(line("10,00"), DUTCH))
    assert (found.payer_name, found.payer_account) == ("Northwind Tools Ltd", "NL91ABNA0417164300")
    assert (found.references, found.text) == (("NW-2026-118",), "Invoice EU-SI-000123")


def test_a_creditor_reference_among_code_words_is_a_reference() -> None:
    (found,) = read(mt940(line("10,00"), ":86:/EREF/NOTPROVIDED/REMI/STRD/ISO/RF18539007547034/"))
    assert found.references == ("RF18539007547034",)


def test_a_free_entry_keeps_its_words() -> None:
    (found,) = read(mt940(line("10,00", reference="INV 123"), FREE))
    assert (found.text, found.references) == ("NORTHWIND TOOLS LTD PAYMENT UK-SI-000123 THANK YOU", ("INV 123",))


def test_a_word_that_was_cut_at_the_width_of_a_subfield_is_whole_again() -> None:
    full, rest = "SVWZ+Payment of EU-SI-00012", "3 and EU-SI-000124"
    assert len(full) == 27
    (found,) = read(mt940(line("10,00"), f":86:166?20{full}?21{rest}"))
    assert found.text == "Payment of EU-SI-000123 and EU-SI-000124"


def test_text_about_the_statement_is_of_no_entry() -> None:
    data = mt940(line("10,00"), FREE).replace(b"-\r\n", b":86:Interest rates have changed\r\n-\r\n")
    assert read(data)[0].text == FREE.removeprefix(":86:")


@pytest.mark.parametrize(
    ("mark", "kind", "words", "expected"),
    [
        ("RC", "NTRF", FREE, PaymentKind.CHARGE_BACK),
        ("D", "NRTI", FREE, PaymentKind.CHARGE_BACK),
        ("D", "NDDT", ":86:109?20EREF+DD-77", PaymentKind.CHARGE_BACK),
        ("RD", "NTRF", FREE, PaymentKind.RECEIPT),
        ("D", "NTRF", FREE, PaymentKind.REFUND),
    ],
)
def test_debits_and_reversals_have_their_kind_and_sign(mark: str, kind: str, words: str, expected: PaymentKind) -> None:
    data = mt940(line("10,00", mark=mark, kind=kind, reference="REF1"), words)
    (found,) = read(data, Reading(source="eu_bank", debits=Debits.ALL))
    assert (found.kind, found.amount) == (expected, Decimal("10.00"))
    assert bool(found.reverses) == (expected is PaymentKind.CHARGE_BACK or mark == "RD")


def test_charges_and_the_order_in_another_currency_are_kept() -> None:
    (found,) = read(mt940(line("900,00") + "\n/OCMT/USD1000,00/CHGS/EUR20,00/", FREE))
    assert (found.fee, found.instructed_amount, found.instructed_currency) == (Decimal("20.00"), Decimal("1000.00"), "USD")


def test_the_booking_day_may_lie_in_the_next_year() -> None:
    (found,) = read(mt940(":61:2612310102C10,00NTRFNONREF", FREE, closing="C270102EUR1010,00"))
    assert (found.booked_on, found.value_on) == (date(2027, 1, 2), date(2026, 12, 31))


def test_an_iban_with_its_currency_is_the_iban() -> None:
    (found,) = read(mt940(line("10,00"), account="NL91ABNA0417164300EUR"))
    assert found.account == "NL91ABNA0417164300"


def test_swift_envelopes_and_several_statements_are_read() -> None:
    wrapped = b"{1:F01BANKDEFFAXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\r\n" + mt940(line("10,00")).replace(b"-\r\n", b"-}\r\n")
    assert [each.amount for each in read(wrapped + mt940(line("20,00"), number="307/1"))] == [Decimal("10.00"), Decimal("20.00")]


def test_a_file_in_latin_1_is_read() -> None:
    data = mt940(line("10,00"), ":86:Überweisung").decode().encode("latin-1")
    assert read(data)[0].text == "Überweisung"


def test_a_line_that_cannot_be_read_is_named_and_holds_no_other() -> None:
    data = mt940(line("1,00"), ":61:26110X1102C2,00NTRFNONREF", line("3,00"), closing="C261102EUR1006,00")
    good, bad = parted(read_mt940(data, "eu.sta", READING))
    assert [each.amount for each in good] == [Decimal("1.00"), Decimal("3.00")]
    assert bad[0].message.startswith("eu.sta, statement 306/1 of 2026-11-01, entry 2: this is not a field of an MT940 statement")


@pytest.mark.parametrize("amount", ["1,2,3", "1,005", ","])
def test_an_amount_that_is_none_is_named(amount: str) -> None:
    good, bad = parted(read_mt940(mt940(line("1,00"), line(amount), closing="C261102EUR0,00"), "eu.sta", READING))
    assert (len(good), [each.entry for each in bad]) == (1, ["statement 306/1 of 2026-11-01, entry 2"])


def test_a_statement_whose_balances_do_not_agree_is_not_taken_over_and_the_next_one_is() -> None:
    data = mt940(line("10,00"), closing="C261102EUR1011,00") + mt940(line("20,00"), number="307/1")
    good, bad = parted(read_mt940(data, "eu.sta", READING))
    assert [each.amount for each in good] == [Decimal("20.00")]
    assert "opening balance 1000.00 and the entries' 10.00 make 1010.00 EUR, the closing balance says 1011.00" in bad[0].message


@pytest.mark.parametrize("data", [b"", b"01,SENDER/", b"<Document/>"])
def test_a_file_that_is_no_mt940_is_refused(data: bytes) -> None:
    with pytest.raises(StatementError, match=r"eu\.sta has no statement"):
        read(data)


def test_a_statement_without_balance_is_named() -> None:
    _, bad = parted(read_mt940(b":20:X\n:25:1\n:28C:1\n:61:2611021102C1,00NTRFNONREF\n", "eu.sta", READING))
    assert bad[0].field == "opening balance"


@given(cents=st.lists(st.integers(1, 10**11), min_size=1, max_size=6))
def test_every_amount_comes_back_to_the_cent(cents: list[int]) -> None:
    amounts = [Decimal(each).scaleb(-2) for each in cents]
    found = read(mt940(*(line(str(each).replace(".", ",")) for each in amounts)))
    assert [each.amount for each in found] == amounts


@given(words=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_whatever_words_stand_in_an_entry_its_amount_is_read(words: str) -> None:
    (found,) = read(mt940(line("10,00"), f":86:x{words}"))
    assert found.amount == Decimal("10.00")
