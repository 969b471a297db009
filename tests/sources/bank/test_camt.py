"""camt.053 and camt.054: every payment once, exact, with what its payer wrote; what is wrong is named and holds nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.bank.statements import IBAN, PAYER, READING, balance, camt, detail, entry, parted, statement, taken

from airbooks.canonical import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.camt import read_camt
from airbooks.sources.bank.movement import Batches, Debits, Reading, StatementError

ALL = Reading(source="eu_bank", debits=Debits.ALL)


def only(data: bytes, reading: Reading = READING) -> IncomingPayment:
    (movement,) = taken(read_camt(data, "eu.xml", reading))
    return movement


def test_a_payment_keeps_who_paid_when_how_much_and_what_was_written() -> None:
    paid = detail(e2e="NW-2026-118", text="Invoice EU-SI-000123")
    found = only(camt(statement([entry("1190.50", paid, ref="2026110200017")], closing="2190.50")))
    assert (found.kind, found.amount, found.currency, found.fee) == (PaymentKind.RECEIPT, Decimal("1190.50"), "EUR", Decimal(0))
    assert (found.account, found.booked_on, found.bank_reference) == (IBAN, date(2026, 11, 2), "2026110200017")
    assert (found.payer_name, found.payer_account) == ("Northwind Tools Ltd", PAYER)
    assert (found.references, found.text) == (("NW-2026-118",), "Invoice EU-SI-000123")
    assert found.source_id == "statement STMT-306, entry 1"


@pytest.mark.parametrize("version", [f"{n:02}" for n in range(1, 14)])
@pytest.mark.parametrize("message", ["053", "054"])
def test_every_version_of_both_messages_is_read(version: str, message: str) -> None:
    data = camt(statement([entry("10.00", detail(), ref="R1")]), version=version, message=message)
    if int(version) < 8:
        data = (
            data.replace(b"<Sts><Cd>BOOK</Cd></Sts>", b"<Sts>BOOK</Sts>").replace(b"<Pty><Nm>", b"<Nm>").replace(b"</Nm></Pty>", b"</Nm>")
        )
    assert (only(data).amount, only(data).payer_name) == (Decimal("10.00"), "Northwind Tools Ltd")


def test_an_end_to_end_id_that_says_not_provided_is_nothing() -> None:
    assert only(camt(statement([entry("10.00", detail(e2e="NOTPROVIDED"))]))).references == ()


def test_what_is_not_booked_yet_is_left_for_the_statement_that_books_it() -> None:
    data = camt(statement([entry("10.00", status="PDNG"), entry("20.00", status="INFO"), entry("30.00")]))
    assert only(data).amount == Decimal("30.00")


def test_our_own_payments_are_left_out_unless_debits_are_wanted_as_refunds() -> None:
    creditor = "<TxDtls><RltdPties><Cdtr><Pty><Nm>Harbour Air GmbH</Nm></Pty></Cdtr></RltdPties></TxDtls>"
    data = camt(statement([entry("50.00", creditor, side="DBIT")], closing="950.00"))
    assert taken(read_camt(data, "eu.xml", READING)) == []
    refund = only(data, ALL)
    assert (refund.kind, refund.amount, refund.payer_name, refund.reverses) == (
        PaymentKind.REFUND,
        Decimal("50.00"),
        "Harbour Air GmbH",
        "",
    )


def test_a_returned_direct_debit_is_a_charge_back_of_the_payment_it_names() -> None:
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    found = only(camt(statement([entry("100.00", detail(reason, e2e="DD-77"), side="DBIT")])))
    assert (found.kind, found.reverses, found.payer_name) == (PaymentKind.CHARGE_BACK, "DD-77", "Northwind Tools Ltd")


def test_what_the_bank_charges_for_a_return_is_not_taken_from_the_customer() -> None:
    inner = '<RtrInf/><AmtDtls><InstdAmt><Amt Ccy="EUR">100.00</Amt></InstdAmt></AmtDtls>'
    assert only(camt(statement([entry("105.00", detail(inner, e2e="DD-77"), side="DBIT")], closing="895.00"))).amount == Decimal("100.00")


def test_a_reversed_credit_takes_back_and_a_reversed_debit_comes_back() -> None:
    taken_back = only(camt(statement([entry("10.00", detail(e2e="E1"), side="DBIT", more="RVSL")], closing="990.00")))
    come_back = only(camt(statement([entry("10.00", detail(e2e="E2"), side="CRDT", more="RVSL")], closing="1010.00")))
    assert (taken_back.kind, taken_back.reverses) == (PaymentKind.CHARGE_BACK, "E1")
    assert (come_back.kind, come_back.reverses) == (PaymentKind.RECEIPT, "E2")


AMOUNT = '<Amt Ccy="EUR">{0}</Amt>'


def test_each_payment_of_a_batch_is_a_movement_of_its_own() -> None:
    details = "".join(detail(AMOUNT.format(amount), e2e=e2e) for amount, e2e in (("10.00", "A"), ("20.50", "B"), ("10.00", "C")))
    found = taken(read_camt(camt(statement([entry("40.50", details, ref="BATCH-1")], closing="1040.50")), "eu.xml", READING))
    assert [(each.amount, each.references) for each in found] == [
        (Decimal("10.00"), ("A",)),
        (Decimal("20.50"), ("B",)),
        (Decimal("10.00"), ("C",)),
    ]
    assert len({each.fingerprint for each in found}) == 3


def test_the_order_of_the_payments_in_a_batch_does_not_matter() -> None:
    details = [detail(AMOUNT.format("10.00"), e2e=e2e) for e2e in "ABC"]
    there, back = (
        {each.fingerprint for each in taken(read_camt(camt(statement([entry("30.00", "".join(order), ref="B")])), "eu.xml", READING))}
        for order in (details, details[::-1])
    )
    assert there == back


def test_a_batch_whose_payments_do_not_sum_to_it_is_named_and_the_rest_goes_on() -> None:
    wrong = "".join(detail(AMOUNT.format("10.00")) for _ in range(2))
    good, bad = parted(read_camt(camt(statement([entry("21.00", wrong), entry("5.00")])), "eu.xml", READING))
    assert [each.amount for each in good] == [Decimal("5.00")]
    assert "eu.xml, statement STMT-306, entry 1: the payments of this batch do not sum to the entry's 21.00 EUR" in bad[0].message


def test_a_batch_that_lists_nothing_asks_once_what_it_is() -> None:
    data = camt(statement([entry("300.00", "<Btch><NbOfTxs>3</NbOfTxs></Btch>", ref="B")], closing="1300.00"))
    good, bad = parted(read_camt(data, "eu.xml", READING))
    assert good == []
    assert "sum of 3 payments" in bad[0].rule
    assert "batches: notification" in bad[0].fix
    assert taken(read_camt(data, "eu.xml", Reading(source="eu_bank", batches=Batches.NOTIFICATION))) == []
    assert only(data, Reading(source="eu_bank", batches=Batches.ONE)).amount == Decimal("300.00")


CHARGES = '<Chrgs><Rcrd><Amt Ccy="EUR">{0}</Amt><CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>{1}</ChrgInclInd></Rcrd></Chrgs>'


def test_charges_that_the_bank_kept_are_a_fee_and_those_it_books_apart_are_not() -> None:
    kept = only(camt(statement([entry("98.50", detail(CHARGES.format("1.50", "true")))], closing="1098.50")))
    apart = only(camt(statement([entry("100.00", detail(CHARGES.format("1.50", "false")))], closing="1100.00")))
    assert (kept.amount, kept.fee, kept.gross) == (Decimal("98.50"), Decimal("1.50"), Decimal("100.00"))
    assert (apart.amount, apart.fee) == (Decimal("100.00"), Decimal(0))


def test_charges_of_the_oldest_version_are_within_the_amount() -> None:
    charges = '<Chrgs><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Chrgs>'
    assert only(camt(statement([entry("98.50", detail(charges))]), version="02")).fee == Decimal("1.50")


def test_what_is_missing_of_an_order_in_the_same_currency_was_kept_on_the_way() -> None:
    ordered = '<AmtDtls><InstdAmt><Amt Ccy="EUR">100.00</Amt></InstdAmt></AmtDtls>'
    found = only(camt(statement([entry("92.00", detail(ordered))])))
    assert (found.amount, found.fee, found.gross) == (Decimal("92.00"), Decimal("8.00"), Decimal("100.00"))


def test_one_charge_for_a_batch_is_spread_to_the_cent() -> None:
    charge = CHARGES.format("1.00", "true")
    details = "".join(detail(AMOUNT.format("100.00"), e2e=e2e) for e2e in "ABC")
    found = taken(read_camt(camt(statement([entry("299.00", details, more=charge)], closing="1299.00")), "eu.xml", READING))
    assert [each.gross for each in found] == [Decimal("100.00")] * 3
    assert sum(each.amount for each in found) == Decimal("299.00")


def test_an_order_in_another_currency_is_kept_beside_what_was_credited() -> None:
    ordered = (
        '<AmtDtls><InstdAmt><Amt Ccy="USD">1087.00</Amt><CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>0.92</XchgRate>'
        '</CcyXchg></InstdAmt><TxAmt><Amt Ccy="EUR">1000.04</Amt></TxAmt></AmtDtls>'
    )
    found = only(camt(statement([entry("1000.04", detail(ordered))])))
    assert (found.amount, found.instructed_amount, found.instructed_currency) == (Decimal("1000.04"), Decimal("1087.00"), "USD")


STRD = """<RmtInf>
<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>
<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>EU-SI-000123</Nb></RfrdDocInf>
<RfrdDocAmt><DuePyblAmt Ccy="EUR">100.00</DuePyblAmt><DscntApldAmt><Amt Ccy="EUR">2.00</Amt></DscntApldAmt></RfrdDocAmt></Strd>
<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CREN</Cd></CdOrPrtry></Tp><Nb>EU-CN-000007</Nb></RfrdDocInf>
<RfrdDocAmt><CdtNoteAmt Ccy="EUR">30.00</CdtNoteAmt></RfrdDocAmt></Strd>
<Strd><RfrdDocInf><Nb>EU-SI-000124</Nb></RfrdDocInf><RfrdDocAmt><RmtdAmt Ccy="USD">9.00</RmtdAmt></RfrdDocAmt></Strd>
</RmtInf>"""


def test_structured_remittance_becomes_references_and_advice() -> None:
    data = camt(statement([entry("68.00", detail().replace("</TxDtls>", f"{STRD}</TxDtls>"))]))
    found = only(data)
    assert found.references == ("RF18539007547034", "EU-SI-000123", "EU-CN-000007", "EU-SI-000124")
    assert [(line.document_number, line.amount, line.discount) for line in found.advice] == [
        ("EU-SI-000123", Decimal("98.00"), Decimal("2.00")),
        ("EU-CN-000007", Decimal("-30.00"), 0),
    ]
    assert sum(line.amount for line in found.advice) == found.amount


def test_the_discount_of_the_oldest_version_is_read_too() -> None:
    old = STRD.replace('<DscntApldAmt><Amt Ccy="EUR">2.00</Amt></DscntApldAmt>', '<DscntApldAmt Ccy="EUR">2.00</DscntApldAmt>')
    data = camt(statement([entry("68.00", detail().replace("</TxDtls>", f"{old}</TxDtls>"))]), version="02")
    assert only(data).advice[0].discount == Decimal("2.00")


def test_a_statement_whose_balances_do_not_agree_is_not_taken_over_and_the_next_one_is() -> None:
    data = camt(statement([entry("10.00")], closing="1011.00"), statement([entry("20.00")], closing="1020.00", id_="STMT-307"))
    good, bad = parted(read_camt(data, "eu.xml", READING))
    assert [each.amount for each in good] == [Decimal("20.00")]
    assert bad[0].entry == "statement STMT-306"
    assert "opening balance 1000.00 and the entries' 10.00 make 1010.00 EUR, the closing balance says 1011.00" in bad[0].message


def test_a_page_of_a_statement_is_checked_by_its_interim_balances() -> None:
    page = statement([entry("10.00")], page=2).replace(
        "<Ntry>", balance("ITBD", Decimal("5")) + balance("ITBD", Decimal("15")) + "<Ntry>", 1
    )
    assert only(camt(page)).amount == Decimal("10.00")
    assert parted(read_camt(camt(page.replace(">15<", ">16<")), "eu.xml", READING))[0] == []


def test_an_account_in_the_red_is_checked_with_its_sign() -> None:
    assert only(camt(statement([entry("10.00")], opening="-25.00", closing="-15.00"))).amount == Decimal("10.00")


@pytest.mark.parametrize(
    ("broken", "field", "rule"),
    [
        (entry("12,50x"), "Amt", "this is not an amount"),
        (entry("12.505"), "Amt", "fewer decimals"),
        (entry("10", currency="ZZZ"), "Amt.currency", "not a currency"),
        (entry("10", side="BOTH"), "CdtDbtInd", "CRDT or DBIT"),
        (entry("10", day="02.11.2026"), "BookgDt", "not a date"),
        (entry("NaN"), "Amt", "positive number"),
        (entry("1" + "0" * 30), "Amt", "no more than 18 digits"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_and_holds_no_other(broken: str, field: str, rule: str) -> None:
    good, bad = parted(read_camt(camt(statement([entry("1.00"), broken, entry("2.00")], closing="1.00")), "eu.xml", READING))
    assert [each.amount for each in good] == [Decimal("1.00"), Decimal("2.00")]
    assert (bad[0].entry, bad[0].field) == ("statement STMT-306, entry 2", field)
    assert rule in bad[0].rule


def test_an_account_that_nobody_listed_is_not_taken_for_ours() -> None:
    good, bad = parted(read_camt(camt(statement([entry("1.00")])), "eu.xml", Reading(source="eu_bank", accounts={"OTHER": "us"})))
    assert good == []
    assert "this account is not known" in bad[0].rule
    listed = Reading(source="eu_bank", accounts={IBAN: "eu_giro"})
    assert only(camt(statement([entry("1.00")])), listed).account == "eu_giro"


BOMB = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><Document><Stmt>&b;</Stmt></Document>'
FILE_READER = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><Document><Stmt>&x;</Stmt></Document>'


@pytest.mark.parametrize("data", [BOMB, FILE_READER], ids=["expands", "reads a file"])
def test_a_document_type_declaration_is_refused(data: bytes) -> None:
    with pytest.raises(StatementError, match=r"eu\.xml has a document type declaration"):
        taken(read_camt(data, "eu.xml", READING))


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(StatementError, match=r"eu\.xml has 1 MB; the limit `max_megabytes` is 0"):
        taken(read_camt(b"x" * 1_000_001, "eu.xml", Reading(source="eu_bank", max_megabytes=0)))


@pytest.mark.parametrize(
    "data", [b"", b"not XML", camt(statement([entry("1.00")]))[:-20], b"<Document/>", b'<?xml version="1.0" encoding="x"?><a/>']
)
def test_a_file_that_is_no_complete_statement_is_refused(data: bytes) -> None:
    with pytest.raises(StatementError, match=r"eu\.xml"):
        taken(read_camt(data, "eu.xml", READING))


_cents = st.integers(1, 10**13).map(lambda cents: Decimal(cents).scaleb(-2))


@given(
    amounts=st.lists(_cents, min_size=1, max_size=8), opening=st.integers(-(10**12), 10**12).map(lambda cents: Decimal(cents).scaleb(-2))
)
def test_every_amount_comes_back_to_the_cent(amounts: list[Decimal], opening: Decimal) -> None:
    data = camt(statement([entry(str(each)) for each in amounts], opening=str(opening), closing=str(opening + sum(amounts))))
    found = taken(read_camt(data, "eu.xml", READING))
    assert [each.amount for each in found] == amounts
    assert len({each.fingerprint for each in found}) == len(amounts)
