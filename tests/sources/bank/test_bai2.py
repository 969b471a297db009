"""BAI2: credits and returns by their type codes, text over several records, totals that must agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from bai2 import bai2, constants, models
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.bank.statements import parted, taken

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.bai2 import read_bai2
from airbooks.sources.bank.movement import BadMovement, Debits, Reading, StatementError

READING = Reading(source="us_bank")


def report(
    *records: str, head: str = "03,0012345678,USD,010,100000,,", total: int | None = None, modifier: str = "2", status: str = "1"
) -> bytes:
    """One account of one day. Without `total` the control total is what the records sum to."""
    sum_ = sum(int(each.split(",")[2]) for each in records if each.startswith("16,") and each.split(",")[2].isdigit())
    opening = sum(int(each) for each in head.split(",")[4::4] if each)
    trailer = total if total is not None else sum_ + opening
    lines = [
        "01,122099999,123456789,261103,0600,1,80,1,2/",
        f"02,123456789,122099999,{status},261102,2359,USD,{modifier}/",
        f"{head}/",
        *records,
        f"49,{trailer},{len(records) + 2}/",
        f"98,{trailer},1,{len(records) + 4}/",
        f"99,{trailer},1,{len(records) + 6}/",
    ]
    return "\n".join(lines).encode()


def read(data: bytes, reading: Reading = READING) -> list[IncomingPayment]:
    return taken(read_bai2(data, "us.bai", reading))


def both(data: bytes) -> tuple[list[IncomingPayment], list[BadMovement]]:
    return parted(read_bai2(data, "us.bai", READING))


def test_a_credit_is_in_cents_and_its_text_goes_on_in_further_records() -> None:
    (found,) = read(report("16,142,119050,0,BANKREF17,CUST-9,NORTHWIND TOOLS LTD", "88,INVOICE US-SI-000123", "88,US-SI-000124"))
    assert (found.amount, found.currency, found.kind) == (Decimal("1190.50"), "USD", PaymentKind.RECEIPT)
    assert (found.account, found.booked_on, found.bank_reference) == ("0012345678", date(2026, 11, 2), "BANKREF17")
    assert (found.references, found.method) == (("CUST-9",), "Wire")
    assert found.text == "NORTHWIND TOOLS LTD INVOICE US-SI-000123 US-SI-000124"


def test_the_value_date_is_read_and_a_yen_has_no_cents() -> None:
    (found,) = read(report("16,195,5000,V,261104,,R1,,TEXT", head="03,0012345678,JPY,010,0,,"))
    assert (found.amount, found.value_on) == (Decimal(5000), date(2026, 11, 4))


@pytest.mark.parametrize(
    ("code", "kind"),
    [("195", PaymentKind.RECEIPT), ("495", PaymentKind.REFUND), ("555", PaymentKind.CHARGE_BACK), ("257", PaymentKind.RECEIPT)],
)
def test_the_type_code_says_what_a_record_is(code: str, kind: PaymentKind) -> None:
    (found,) = read(report(f"16,{code},1000,0,R1,C1,TEXT/"), Reading(source="us_bank", debits=Debits.ALL))
    assert found.kind is kind
    assert bool(found.reverses) == (code in ("555", "257"))


def test_codes_that_the_bank_made_up_are_credits_and_debits_by_their_range() -> None:
    found = read(report("16,925,1000,0,R1,,A/", "16,975,2000,0,R2,,B/"), Reading(source="us_bank", debits=Debits.ALL))
    assert [each.kind for each in found] == [PaymentKind.RECEIPT, PaymentKind.REFUND]


def test_of_a_lockbox_deposit_the_cheques_are_the_payments() -> None:
    head = "03,0012345678,USD,010,100000,,,015,103000,,"
    found = read(report("16,115,3000,0,LB1,,DEPOSIT/", "16,116,1000,0,LB1,1001,A/", "16,116,2000,0,LB1,1002,B/", head=head))
    assert [each.amount for each in found] == [Decimal("10.00"), Decimal("20.00")]


def test_a_record_that_cannot_be_read_is_named_and_holds_no_other() -> None:
    good, bad = both(report("16,142,1000,0,R1,,A/", "16,142,12.50,0,R2,,B/", "16,399,3000,0,R3,,C/", total=0))
    assert [each.amount for each in good] == [Decimal("10.00"), Decimal("30.00")]
    assert "account 0012345678, record 2" in bad[0].message
    assert "12.50" in bad[0].value


def test_an_amount_that_no_account_ever_held_is_named() -> None:
    _, bad = both(report(f"16,142,1{'0' * 30},0,R1,,A/"))
    assert "no more than 18 digits" in bad[0].rule


def test_an_account_whose_control_total_does_not_agree_is_not_taken_over() -> None:
    good, bad = both(report("16,142,1000,0,R1,,A/", total=5))
    assert good == []
    assert "amounts sum to 101000, its control total (record 49) says 5" in bad[0].message


def test_a_bank_whose_totals_are_never_right_can_be_taken_as_it_is() -> None:
    unchecked = Reading(source="us_bank", check_totals=False)
    assert [each.amount for each in read(report("16,142,1000,0,R1,,A/", total=5), unchecked)] == [Decimal("10.00")]


def test_an_account_whose_ledger_balances_do_not_agree_is_not_taken_over() -> None:
    good, bad = both(report("16,142,1000,0,R1,,A/", head="03,0012345678,USD,010,100000,,,015,102000,,"))
    assert good == []
    assert "opening balance 1000.00 and the entries' 10.00 make 1010.00 USD, the closing balance says 1020.00" in bad[0].message


def test_interim_data_waits_for_the_final_report_and_tests_are_refused() -> None:
    assert read(report("16,142,1000,0,R1,,A/", modifier="3")) == []
    good, bad = both(report("16,142,1000,0,R1,,A/", status="4"))
    assert (good, bad[0].rule) == ([], "the bank marks it as a test")


WHOLE = report("16,142,1000,0,R1,,A/")


@pytest.mark.parametrize(
    "data", [b"", b"<Document/>", b":20:X\n:25:1\n", *(WHOLE[: WHOLE.rindex(code)] for code in (b"49,", b"98,", b"99,"))]
)
def test_a_file_that_is_no_complete_bai2_is_refused(data: bytes) -> None:
    with pytest.raises(StatementError, match=r"us\.bai is not a complete BAI2 file"):
        read(data)


@given(amounts=st.lists(st.integers(1, 10**12), min_size=1, max_size=6), text=st.text("ABC 123", max_size=200))
def test_what_the_librarys_own_writer_writes_comes_back_to_the_cent(amounts: list[int], text: str) -> None:
    code = constants.TypeCodes["142"]
    details = [
        models.TransactionDetail([], type_code=code, amount=each, funds_type=constants.FundsType.immediate_availability, text=f"X{text}")
        for each in amounts
    ]
    account = models.Account(models.AccountIdentifier([], customer_account_number="1", currency="USD"), None, details)
    day = date(2026, 11, 2)
    header = models.GroupHeader([], group_status=constants.GroupStatus.update, as_of_date=day, currency="USD")
    file = models.Bai2File(models.Bai2FileHeader([], creation_date=day), None, [models.Group(header, None, [account])])
    found = read(bai2.write(file).encode())
    assert [each.amount for each in found] == [Decimal(each).scaleb(-2) for each in amounts]
